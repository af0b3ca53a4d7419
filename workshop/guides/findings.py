"""What a person reads when a field of a file is wrong: pydantic's findings in plain sentences.

Lives here: the sentence for each kind of mistake, the list of what is allowed,
and the nearest guess for a slip of the keys. Not here: which rules there are
(`file.py`, `checks.py`) and where a line number comes from (`source.py`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from ..words import _
from .source import MAX_PROBLEMS, Path, Reading, shown


def nearest(word: object, allowed: Iterable[str]) -> str:
    """Return " Did you mean “x”?" when one of `allowed` is close to `word`, else nothing."""
    close = difflib.get_close_matches(str(word)[:60], list(allowed), n=1, cutoff=0.6)
    return " " + _("Did you mean “%(word)s”?", word=shown(close[0])) if close else ""


def unknown_key(key: object, allowed: Iterable[str]) -> str:
    """Return the sentence about a key that means nothing here."""
    names = list(allowed)
    return (
        _("The key “%(key)s” is not known here.", key=shown(key))
        + nearest(key, names)
        + " "
        + (
            _("Allowed: %(names)s.", names=", ".join(shown(one) for one in names))
            if names
            else _("Nothing can be set here.")
        )
    )


def blame_errors(reading: Reading, error: ValidationError, model: type[BaseModel], at: Path, hidden: set[str]) -> None:
    """Note every finding of `error`, whose places are below `at`; `hidden` keys are never offered as allowed."""
    for finding in error.errors(include_url=False)[: MAX_PROBLEMS * 2]:
        if finding["type"] == "too_short" and len(finding["input"]) >= finding["ctx"]["min_length"]:
            continue  # long enough, but for entries that are wrong themselves and have their own finding
        place = tuple(part for part in finding["loc"] if part != "[key]")
        reading.blame((*at, *place), sentence(finding, model, place, hidden))


def sentence(finding: Any, model: type[BaseModel], place: Path, hidden: set[str]) -> str:
    """Return what is wrong and what would be right, for one pydantic finding."""
    kind, given, limits = finding["type"], finding.get("input"), finding.get("ctx") or {}
    name = _name(place)
    if kind == "missing":
        return _("%(name)s is missing.", name=name)
    if kind == "extra_forbidden":
        return unknown_key(place[-1], [key for key in _allowed(model, place[:-1]) if key not in hidden])
    if given is None and kind.endswith(("_type", "_parsing")):
        return _("%(name)s is empty. Fill it in, or take the line out.", name=name)
    if kind == "string_too_short" and not str(given).strip():
        return _("%(name)s is empty. Fill it in.", name=name)
    if kind == "string_too_long":
        return _(
            "%(name)s has %(count)s characters; at most %(most)s fit.",
            name=name,
            count=len(str(given)),
            most=limits["max_length"],
        )
    if kind == "too_long":
        return _("%(name)s has too many entries; at most %(most)s are allowed.", name=name, most=limits["max_length"])
    if kind == "too_short":
        return _("%(name)s has too few entries; at least %(least)s needed.", name=name, least=limits["min_length"])
    if kind == "greater_than_equal":
        return _("%(name)s is %(given)s; it must be at least %(least)s.", name=name, given=given, least=limits["ge"])
    if kind == "less_than_equal":
        return _("%(name)s is %(given)s; it must be at most %(most)s.", name=name, given=given, most=limits["le"])
    if kind == "string_pattern_mismatch":
        return _("%(name)s is “%(given)s”.", name=name, given=shown(given)) + " " + _pattern(place)
    if kind in ("literal_error", "enum"):
        # pydantic writes its own English "or" between the last two.
        allowed = str(limits.get("expected", "")).replace("'", "").replace(" or ", ", ").split(", ")
        return (
            _("%(name)s is “%(given)s”.", name=name, given=shown(given))
            + nearest(given, allowed)
            + " "
            + _("Allowed: %(names)s.", names=", ".join(allowed))
        )
    if kind in ("value_error", "assertion_error"):
        return _("%(name)s: %(reason)s", name=name, reason=str(limits.get("error") or finding["msg"]))
    expected = _types().get(kind)
    if expected:
        return _("%(name)s is “%(given)s”; it must be %(expected)s.", name=name, given=shown(given), expected=expected)
    return _("%(name)s: %(reason)s.", name=name, reason=finding["msg"])


def _types() -> dict[str, str]:
    mapping, several = _("a group of keys with their values"), _("a list, each entry after a hyphen")
    return {
        "string_type": _("text; put it in quotes"),
        "int_type": _("a whole number"),
        "int_from_float": _("a whole number"),
        "int_parsing": _("a whole number"),
        "float_type": _("a number"),
        "bool_type": _("true or false"),
        "bool_parsing": _("true or false"),
        "list_type": several,
        "tuple_type": several,
        "dict_type": mapping,
        "model_type": mapping,
        "model_attributes_type": mapping,
    }


def _pattern(place: Path) -> str:
    if place[:1] in (("language",), ("translations",)):
        return _("A language is written like en, de or pt-BR.")
    return _("Use small letters, digits and hyphens, beginning with a letter, at most 60 in all.")


def _name(place: Path) -> str:
    keys = [part for part in place if isinstance(part, str)]
    if not keys:
        return _("This")
    if isinstance(place[-1], int):
        return _("Entry %(number)s of “%(key)s”", number=place[-1] + 1, key=shown(keys[-1]))
    return _("“%(label)s”", label=shown(keys[-1]))


def _allowed(model: type[BaseModel], place: Path) -> list[str]:
    """Return the keys that the part of `model` at `place` knows, as an author writes them."""
    inner: type[BaseModel] | None = model
    for part in place:
        if isinstance(part, str) and inner is not None:
            known = {field.alias or name: field for name, field in inner.model_fields.items()}
            inner = _model_in(known[part].annotation) if part in known else None
    return [field.alias or name for name, field in inner.model_fields.items()] if inner else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found:
            return found
    return None
