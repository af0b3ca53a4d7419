"""A guide's settings in another language: the author's texts laid over what the activity sets.

Lives here: one function for every kind, present and future: a text is replaced
by a text, a list of texts by as many, entries that have an id by that id: their
label by a text, or several of their texts by a mapping. Names of things are no words: they stay as they are.
Not here: which of them a kind has (`workshop/activities/`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..words import _
from .findings import nearest, unknown_key
from .source import Path, shown

Blame = Callable[[Path, str], None]

NAMES = frozenset({"id", "type", "part", "sort", "sources", "paper", "best"})
"""Settings that are texts and yet no words for people: by them one part of a guide finds another."""


def _nothing(_place: Path, _what: str) -> None:
    """Checked before; nobody to tell."""


def overlay(settings: Mapping[str, Any], words: Mapping[str, Any], blame: Blame = _nothing) -> dict[str, Any]:
    """Return `settings` with the texts of `words`; tell `blame` of each that does not fit and leave it out."""
    result = dict(settings)
    for key, said in words.items():
        if key not in settings:
            blame((key,), unknown_key(key, settings))
            continue
        own = settings[key]
        if key in NAMES:
            blame((key,), _("“%(key)s” is no word but a name, the same in every language. Take the line out.", key=key))
        elif isinstance(own, str) and isinstance(said, str):
            result[key] = said
        elif _texts(own) and _texts(said) and len(own) == len(said):
            result[key] = list(said)
        elif _entries(own) and isinstance(said, Mapping):
            result[key] = _by_id(key, own, said, blame)
        else:
            blame((key,), _("“%(key)s” does not have the shape that it has in the activity.", key=shown(key)))
    return result


def _by_id(key: str, own: list[dict[str, Any]], said: Mapping[str, Any], blame: Blame) -> list[dict[str, Any]]:
    ids = [entry["id"] for entry in own]
    for name, label in said.items():
        if name not in ids:
            what = _("There is no entry “%(name)s” in the activity.", name=shown(name)) + nearest(name, ids)
            blame((key, name), what + " " + _("Its entries: %(names)s.", names=", ".join(shown(one) for one in ids)))
        elif not isinstance(label, str | Mapping):
            blame((key, name), _("“%(name)s” must be text; put it in quotes.", name=shown(name)))

    def spoken(entry: dict[str, Any]) -> dict[str, Any]:
        words = said.get(entry["id"])
        if isinstance(words, str):
            return {**entry, "label": words}
        if isinstance(words, Mapping):
            return overlay(entry, words, lambda place, what: blame((key, entry["id"], *place), what))
        return entry

    return [spoken(entry) for entry in own]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _entries(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in value)
    )
