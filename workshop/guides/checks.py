"""Whether a file is a guide: every problem of it, in one pass.

Lives here: the rules that tie parts together (ids, kinds and their settings,
sources, translations) and the one function that makes an activity's config. Not
here: the fields (`file.py`), the sentences about them (`findings.py`), YAML
(`source.py`).

It reads the raw data beside pydantic, so that a slip in one place does not hide
those in others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..activities import KINDS, KindConfig
from ..words import _
from .file import FORMAT, MAX_ACTIVITIES, MAX_STEPS, ActivityWords, GuideFile, GuideWords, StepWords
from .findings import blame_errors, nearest
from .overlay import overlay
from .source import GuideError, Path, Reading, shown

Model = TypeVar("Model", bound=BaseModel)

NOT_SETTINGS = {"cards", "rolling", "for_manager"}
"""Fields of a config that an activity says beside its prompt."""

OWN_WORDS = {"title", "summary"}
"""Keys of a translation that are no ids; so no step or activity may be called that."""


def config_of(
    kind: str, settings: Mapping[str, Any], cards: int | None = None, release: str = "close", for_: str = "room"
) -> KindConfig:
    """Return the kind's own checked config; raise pydantic's ValidationError.

    By way of JSON, because there pydantic is strict about words and numbers
    and still takes a list where a config keeps a tuple.
    """
    model = KINDS[kind].Config
    data = {**settings, "for_manager": for_ == "manager", "rolling": release == "rolling"}
    if cards is not None:
        data["cards"] = cards
    return model.model_validate_json(json.dumps(data), strict=True)


def check(reading: Reading) -> GuideFile:
    """Return the checked file, or raise `GuideError` with everything that is wrong with it."""
    if not isinstance(reading.data, dict):
        reading.blame((), _("A guide begins with keys such as format, id and title; this file is something else."))
        raise GuideError(reading.problems)
    _refuse_newer(reading)
    _shorten(reading)
    guide = _fields(reading, GuideFile, reading.data, ())
    ids = _ids(reading)
    for place, activity in _activities(reading.data):
        _activity(reading, place, activity)
    _sources(reading)
    _rounds(reading)
    _offers(reading)
    _translations(reading, ids)
    if reading.problems or guide is None:
        raise GuideError(reading.problems)
    return guide


def _refuse_newer(reading: Reading) -> None:
    """Stop at a format of the future: its keys would all look like mistakes."""
    given = reading.data.get("format")
    if isinstance(given, int) and given > FORMAT:
        what = _(
            "This file has format %(given)s; this installation reads up to %(known)s. Update it to use the file.",
            given=given,
            known=FORMAT,
        )
        reading.problems.clear()
        reading.blame(("format",), what)
        raise GuideError(reading.problems)


def _shorten(reading: Reading) -> None:
    """Cut lists that are too long to what is allowed, so that ten thousand steps are one problem."""
    steps = reading.data.get("steps")
    if not isinstance(steps, list):
        return
    if len(steps) > MAX_STEPS:
        what = _("A guide may have up to %(most)s steps; this one has %(count)s.", most=MAX_STEPS, count=len(steps))
        reading.blame(("steps", MAX_STEPS), what)
        del steps[MAX_STEPS:]
    for at, step in enumerate(steps):
        activities = step.get("activities") if isinstance(step, dict) else None
        if isinstance(activities, list) and len(activities) > MAX_ACTIVITIES:
            what = _(
                "A step may have up to %(most)s activities; this one has %(count)s.",
                most=MAX_ACTIVITIES,
                count=len(activities),
            )
            reading.blame(("steps", at, "activities", MAX_ACTIVITIES), what)
            del activities[MAX_ACTIVITIES:]


def _fields(reading: Reading, model: type[Model], data: Any, at: Path) -> Model | None:
    try:
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        blame_errors(reading, error, model, at, set())
        return None


def _steps(data: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    steps = data.get("steps")
    for at, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            yield ("steps", at), step


def _activities(data: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for place, step in _steps(data):
        activities = step.get("activities")
        for at, activity in enumerate(activities if isinstance(activities, list) else ()):
            if isinstance(activity, dict):
                yield (*place, "activities", at), activity


def _ids(reading: Reading) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return id -> ("step" or "activity", its raw data), noting each id that is used twice."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    parts = [(place, "step", step) for place, step in _steps(reading.data)]
    parts += [(place, "activity", activity) for place, activity in _activities(reading.data)]
    first: dict[str, int] = {}
    for place, part, raw in sorted(parts, key=lambda part: reading.line(part[0])):
        name = raw.get("id")
        if not isinstance(name, str):
            continue
        if name in OWN_WORDS:
            what = _("“%(id)s” is a key of translations, so it cannot be an id. Choose another.", id=name)
            reading.blame((*place, "id"), what)
        if name in found:
            what = _(
                "The id “%(id)s” is used already in line %(line)s; each step and activity needs its own.",
                id=shown(name),
                line=first[name],
            )
            reading.blame((*place, "id"), what)
            continue
        first[name] = reading.line((*place, "id"))
        found[name] = (part, raw)
    return found


def _activity(reading: Reading, place: Path, activity: dict[str, Any]) -> None:
    """Note what is wrong with an activity's kind, its settings, and what its kind may not do."""
    name = activity.get("kind")
    if not isinstance(name, str):
        return
    if name not in KINDS:
        what = _("“%(kind)s” is not a kind of activity.", kind=shown(name)) + nearest(name, KINDS)
        reading.blame((*place, "kind"), what + " " + _("Kinds: %(kinds)s.", kinds=", ".join(KINDS)))
        return
    kind, cards, settings = KINDS[name], activity.get("cards"), activity.get("settings", {})
    if cards is not None and "cards" not in kind.Config.model_fields:
        what = _("“%(kind)s” has no cards; only kinds of text do. Take the line out.", kind=name)
        reading.blame((*place, "cards"), what)
        cards = None
    if activity.get("release") == "rolling" and not kind.may_roll:
        names = ", ".join(other.name for other in KINDS.values() if other.may_roll)
        what = _("“%(kind)s” may not be released while it is open. Rolling: %(names)s.", kind=name, names=names)
        reading.blame((*place, "release"), what)
    if activity.get("for") == "manager" and not kind.may_be_for_manager:
        names = ", ".join(other.name for other in KINDS.values() if other.may_be_for_manager)
        what = _("“%(kind)s” cannot be meant for the manager. Possible: %(names)s.", kind=name, names=names)
        reading.blame((*place, "for"), what)
    if not isinstance(settings, dict):
        return
    for key in sorted(NOT_SETTINGS & set(settings)):
        reading.blame((*place, "settings", key), _misplaced(key))
    settings = {key: value for key, value in settings.items() if key not in NOT_SETTINGS}
    cards = cards if isinstance(cards, int) and 1 <= cards <= 10 else None
    try:
        config_of(name, settings, cards)
    except ValidationError as error:
        blame_errors(reading, error, kind.Config, (*place, "settings"), NOT_SETTINGS)


def _misplaced(key: str) -> str:
    beside = {"cards": "cards", "rolling": "release: rolling", "for_manager": "for: manager"}
    return _("“%(key)s” is not a setting; write “%(beside)s” beside the prompt.", key=key, beside=beside[key])


def _sources(reading: Reading) -> None:
    earlier: list[str] = []
    for place, activity in _activities(reading.data):
        source, name = activity.get("source"), activity.get("id")
        for one in source if isinstance(source, list) else [source]:
            if not isinstance(one, str) or one in earlier:
                continue
            what = _("The source “%(id)s” is not an earlier activity.", id=shown(one)) + nearest(one, earlier)
            known = ", ".join(shown(name) for name in earlier) or _("none, this is the first")
            reading.blame((*place, "source"), what + " " + _("Earlier ones: %(names)s.", names=known))
        if isinstance(name, str):
            earlier.append(name)


def _rounds(reading: Reading) -> None:
    """Note each second round that is not one: of a later question, another kind, or other things to choose."""
    earlier: dict[str, dict[str, Any]] = {}
    for place, activity in _activities(reading.data):
        first, name, kind = activity.get("again"), activity.get("id"), activity.get("kind")
        at = (*place, "again")
        if isinstance(first, str) and isinstance(kind, str) and kind in KINDS:
            if not KINDS[kind].compares:
                what = _("“%(kind)s” cannot be asked again beside its first round.", kind=kind)
                known = ", ".join(one.name for one in KINDS.values() if one.compares)
                reading.blame(at, what + " " + _("Kinds that can: %(names)s.", names=known))
            elif first not in earlier:
                what = _("“%(id)s” is not an earlier activity.", id=shown(first)) + nearest(first, list(earlier))
                reading.blame(at, what)
            elif not _same_question(earlier[first], activity):
                reading.blame(at, _("“%(id)s” is another question: kind, ends and options must be the same.", id=first))
        if isinstance(name, str):
            earlier[name] = activity


def _same_question(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two activities ask for the same answers; labels and words may differ."""
    if one.get("kind") != other.get("kind"):
        return False
    mine, theirs = (_answers_to(activity.get("settings")) for activity in (one, other))
    return mine == theirs


def _answers_to(settings: object) -> dict[str, Any]:
    given = settings if isinstance(settings, dict) else {}
    same = {key: value for key, value in given.items() if key not in ("low_label", "high_label")}
    if isinstance(same.get("options"), list):
        same["options"] = [one.get("id") if isinstance(one, dict) else one for one in same["options"]]
    return {"low": 1, "high": 10, "many": False, "words": "mood", **same}


OFFERED = {"text", "long", "choice", "pick", "focus"}
"""Types of entry whose content a later page can offer again; rows can by their first cell, if that is words."""


OFFERING = ("choice", "ranking", "points", "dot_vote")
"""Kinds whose options a worksheet can offer again; a tuple, because a file may hold a list where a name belongs."""


def _offers(reading: Reading) -> None:
    """Note each source of a worksheet that is neither an earlier vote nor an entry that can be offered there."""
    known: list[str] = []
    for place, activity in _activities(reading.data):
        name, settings = activity.get("id"), activity.get("settings")
        if not isinstance(name, str) or not isinstance(settings, dict):
            continue
        if activity.get("kind") in OFFERING:
            known.append(name)
        if activity.get("kind") != "worksheet":
            continue
        entries = list(_entries(settings, "fields"))
        own = [f"{name}.{entry.get('id')}" for _at, entry in entries if _can_be_offered(entry)]
        for at, entry in entries:
            here = [*known, *(one for one in own if one != f"{name}.{entry.get('id')}")]
            for below, part in ((at, entry), *(((*at, *inner), cell) for inner, cell in _entries(entry, "cells"))):
                sources = part.get("sources")
                for which, source in enumerate(sources if isinstance(sources, list) else ()):
                    if isinstance(source, str) and source not in here:
                        _blame_offer(reading, (*place, "settings", *below, "sources", which), source, here)
        known += own


def _blame_offer(reading: Reading, at: Path, source: str, known: list[str]) -> None:
    what = _(
        "“%(id)s” has nothing to offer here: name an earlier choice, or worksheet.field of a page that is earlier or this one.",
        id=shown(source),
    )
    names = ", ".join(shown(one) for one in known[-12:]) or _("none so far")
    reading.blame(at, what + nearest(source, known) + " " + _("Possible: %(names)s.", names=names))


def _entries(raw: Mapping[str, Any], key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    entries = raw.get(key)
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield (key, at), entry


def _can_be_offered(entry: Mapping[str, Any]) -> bool:
    if entry.get("type") == "rows":
        cells = [cell for _at, cell in _entries(entry, "cells")]
        return bool(cells) and cells[0].get("type") in ("text", "long", "pick")
    return entry.get("type") in OFFERED


def _translations(reading: Reading, ids: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    translations = reading.data.get("translations")
    if not isinstance(translations, dict):
        return
    for language, words in translations.items():
        at: Path = ("translations", language)
        if language == reading.data.get("language"):
            reading.blame(at, _("“%(language)s” is the guide's own language.", language=shown(language)))
        if not isinstance(words, dict):
            continue  # said by the fields
        _fields(reading, GuideWords, {key: value for key, value in words.items() if key in OWN_WORDS}, at)
        for name, said in words.items():
            if name in OWN_WORDS:
                continue
            if name not in ids:
                what = _("There is no step or activity “%(id)s” in this guide.", id=shown(name))
                reading.blame((*at, name), what + nearest(name, [*sorted(OWN_WORDS), *ids]))
                continue
            part, raw = ids[name]
            if part == "step":
                _fields(reading, StepWords, said, (*at, name))
            elif _fields(reading, ActivityWords, said, (*at, name)) is not None:
                _translated_settings(reading, (*at, name, "settings"), raw, said.get("settings", {}))


def _translated_settings(reading: Reading, at: Path, activity: dict[str, Any], words: dict[str, Any]) -> None:
    settings, kind = activity.get("settings", {}), activity.get("kind")
    if not isinstance(settings, dict) or not isinstance(kind, str) or kind not in KINDS:
        return
    before = len(reading.problems)
    said = overlay(settings, words, lambda place, what: reading.blame((*at, *place), what))
    if len(reading.problems) > before or NOT_SETTINGS & set(said):
        return
    try:
        config_of(kind, settings)
    except ValidationError:
        return  # wrong in the guide's own language, and said there
    try:
        config_of(kind, said)
    except ValidationError as error:
        blame_errors(reading, error, KINDS[kind].Config, at, NOT_SETTINGS)
