"""The library of methods: short, proven pieces of a workshop, to drop into a guide.

Lives here: which methods there are, and putting one into a guide's data with ids
of its own and its words in the guide's languages. Not here: what they say (each
is a small guide in `toolbox/`, in the guide's own format, translations
included), who may change a guide (`library.py`, `drafts.py`).

Everything is plain data: `put_in` and `steps_of` give back what a guide's file
would hold, and touch nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from . import schema
from .ids import all_ids, free_id
from .overlay import NAMES, overlay

ORDER = (
    "check-in",
    "pulse",
    "one-two-four-all",
    "start-stop-continue",
    "dot-vote",
    "break",
    "parking-lot",
    "energy-before-after",
    "for-our-manager",
    "check-out",
)
"""As a workshop goes: beginnings first, endings last."""

AROUND = frozenset({"energy-before-after", "parking-lot"})
"""Methods whose last step belongs at the end of the guide, wherever the first one goes."""

STEP_WORDS = ("title", "purpose", "instruction", "talk", "notes")
ACTIVITY_WORDS = ("prompt", "help")


@dataclass(frozen=True)
class Method:
    """One method. `guide` is the whole of it; title and use are in its own language until `spoken`."""

    id: str
    guide: schema.Guide

    @property
    def title(self) -> str:
        """Return its name."""
        return self.guide.title

    @property
    def use(self) -> str:
        """Return when to use it, and what it brings."""
        return self.guide.summary

    @property
    def minutes(self) -> int:
        """Return how long it takes, all steps together."""
        return self.guide.minutes

    def spoken(self, language: str) -> Method:
        """Return the method in a language, or in the nearest it has."""
        return Method(self.id, self.guide.localized(language))


def _all() -> dict[str, Method]:
    folder = resources.files(__package__) / "toolbox"
    return {
        name: Method(name, schema.parse((folder / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"))
        for name in ORDER
    }


METHODS: dict[str, Method] = _all()
"""Id -> method, in the order in which they are offered."""


def steps_of(name: str, language: str, taken: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the steps of a method as a guide's file would hold them, in one language, with ids not in `taken`.

    Raises KeyError for a method that is not there.
    """
    steps, _renamed = _renew(METHODS[name], language, set(taken))
    return steps


def put_in(data: Mapping[str, Any], name: str, at: int | None = None) -> tuple[dict[str, Any], list[str]]:
    """Return a guide's data with a method's steps before step number `at` (None: at the end), and their ids.

    The words come in the guide's own language, and in each further language that
    both the guide and the method have. Nothing else of the guide changes.
    Raises KeyError for a method that is not there.
    """
    method = METHODS[name]
    own = str(data.get("language") or method.guide.file.language)
    steps, renamed = _renew(method, own, all_ids(data))
    guide: dict[str, Any] = copy.deepcopy(dict(data))
    kept = guide.setdefault("steps", [])
    place = len(kept) if at is None else max(0, min(at, len(kept)))
    if name in AROUND:
        kept[place:place] = steps[:-1]
        kept.append(steps[-1])
    else:
        kept[place:place] = steps
    translations = guide.get("translations")
    for language, words in translations.items() if isinstance(translations, dict) else ():
        if isinstance(words, dict) and _nearest(method.guide, language):
            words.update(_words(method, language, renamed))
    return guide, [step["id"] for step in steps]


def _nearest(guide: schema.Guide, language: str) -> str | None:
    return next((one for one in (language, language.split("-")[0]) if one in guide.languages), None)


def _renew(method: Method, language: str, taken: set[str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the steps in a language under fresh ids, and old id -> new id."""
    whole = method.guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    said = whole.get("translations", {}).get(_nearest(method.guide, language) or "", {})
    renamed: dict[str, str] = {}
    for old in sorted(all_ids(whole)):
        renamed[old] = free_id(old, taken | set(renamed.values()))
    steps: list[dict[str, Any]] = whole["steps"]
    for step in steps:
        step.update({key: text for key, text in said.get(step["id"], {}).items() if key in STEP_WORDS})
        for activity in step["activities"]:
            words = said.get(activity["id"], {})
            activity.update({key: text for key, text in words.items() if key in ACTIVITY_WORDS})
            if words.get("settings"):
                activity["settings"] = overlay(activity.get("settings", {}), words["settings"])
            rename(activity, renamed)
        step["id"] = renamed[step["id"]]
    return steps, renamed


def rename(activity: dict[str, Any], renamed: Mapping[str, str]) -> None:
    """Give an activity its new id, and what it refers to theirs."""
    activity["id"] = renamed.get(activity["id"], activity["id"])
    for key in ("again", "source"):
        value = activity.get(key)
        if isinstance(value, str):
            activity[key] = renamed.get(value, value)
        elif isinstance(value, list):
            activity[key] = [renamed.get(one, one) for one in value]


def _words(method: Method, language: str, renamed: Mapping[str, str]) -> dict[str, Any]:
    """Return the method's words in a language, under the new ids."""
    file = method.guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    found = _nearest(method.guide, language)
    if found != file["language"]:
        said = file.get("translations", {}).get(found, {})
        return {renamed[old]: words for old, words in said.items() if old in renamed}
    words: dict[str, Any] = {}
    for step in file["steps"]:
        words[renamed[step["id"]]] = {key: step[key] for key in STEP_WORDS if step.get(key)}
        for activity in step["activities"]:
            own = {key: activity[key] for key in ACTIVITY_WORDS if activity.get(key)}
            texts = spoken_settings(activity.get("settings", {}))
            words[renamed[activity["id"]]] = {**own, "settings": texts} if texts else own
    return words


def spoken_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts of settings in the shape that a translation has: entries by their id."""
    said: dict[str, Any] = {}
    for key, value in settings.items():
        if key in NAMES:
            continue
        if isinstance(value, str) and value:
            said[key] = value
        elif isinstance(value, list) and value and all(isinstance(one, str) for one in value):
            said[key] = list(value)
        elif isinstance(value, list) and value and all(isinstance(one, dict) and "id" in one for one in value):
            entries = {one["id"]: spoken_settings(one) for one in value}
            entries = {name: one["label"] if set(one) == {"label"} else one for name, one in entries.items() if one}
            if entries:
                said[key] = entries
    return said
