"""What changed between two versions of a guide, in the words of its form.

Lives here: comparing two states part by part, by their ids. Not here: where the
versions are kept (`drafts.py`) and drawing the comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..activities import KINDS
from ..words import _
from . import advice, edits, settings_form
from .edits import Data
from .settings_form import Control


@dataclass(frozen=True)
class Change:
    """One field: what it is called, what it held, what it holds now; empty: nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Part:
    """What became of a step, an activity or the guide itself. `state`: "new", "gone", "changed"; `moved`: elsewhere now.

    `where` is the step of an activity.
    """

    id: str
    title: str
    where: str
    kind: str
    state: str
    moved: bool
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Difference:
    """All that changed, in the order of the newer version; what is gone stands last."""

    parts: tuple[Part, ...]
    minutes_before: int
    minutes_after: int
    languages: tuple[tuple[str, int], ...]
    """Translations in which texts are new, other or gone, and how many."""

    @property
    def nothing(self) -> bool:
        """Return whether both versions say the same."""
        return not self.parts and not self.languages


def between(old: Data, new: Data) -> Difference:
    """Return what changed from one state of a guide to another; both must be whole, as versions are."""
    before, after = _parts(old), _parts(new)
    moved = _moved(list(before), list(after))
    found = []
    for part in after:
        if part not in before:
            found.append(_part(new, part, "new", False))
            continue
        changes = _changes(advice.controls_of(old, part), advice.controls_of(new, part))
        kind_before, kind_after = _kind(old, part), _kind(new, part)
        if kind_before != kind_after:
            changes = (Change(_("Kind"), kind_before, kind_after), *changes)
        elsewhere = part in moved or _where(old, part) != _where(new, part)
        if changes or elsewhere:
            found.append(_part(new, part, "changed", elsewhere, changes))
    found += [_part(old, part, "gone", False) for part in before if part not in after]
    return Difference(tuple(found), _minutes(old), _minutes(new), _languages(old, new))


def _parts(data: Data) -> dict[str, None]:
    found = {"": None}
    for step in edits.steps(data):
        found[step["id"]] = None
        found |= {one["id"]: None for one in step.get("activities", [])}
    return found


def _part(data: Data, part: str, state: str, moved: bool, changes: tuple[Change, ...] = ()) -> Part:
    where = _where(data, part)
    title = advice.title_of(data, where) if where else ""
    return Part(part, advice.title_of(data, part), title, _kind(data, part), state, moved, changes)


def _where(data: Data, part: str) -> str:
    for step, activity in edits.activities(data):
        if activity["id"] == part:
            return str(step["id"])
    return ""


def _kind(data: Data, part: str) -> str:
    for _step, activity in edits.activities(data):
        if activity["id"] == part:
            return _(KINDS[activity["kind"]].label) if activity["kind"] in KINDS else str(activity["kind"])
    return ""


def _minutes(data: Data) -> int:
    return sum(step["minutes"] for step in edits.steps(data) if isinstance(step.get("minutes"), int))


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Return what stands elsewhere among what both have: all but the longest row that kept its order."""
    kept = [part for part in new if part in set(old)]
    place = {part: n for n, part in enumerate(old)}
    row: list[tuple[int, tuple[str, ...]]] = []  # the longest increasing row that ends with each part
    for part in kept:
        best = max((one for one in row if place[one[1][-1]] < place[part]), default=(0, ()))
        row.append((best[0] + 1, (*best[1], part)))
    stayed = set(max(row, default=(0, ()))[1])
    return set(kept) - stayed


def _changes(old: list[Control], new: list[Control]) -> tuple[Change, ...]:
    before, after = _said(old), _said(new)
    found = []
    for path in dict.fromkeys((*after, *before)):
        (label, said, was), (name, says, now) = before.get(path, NOTHING), after.get(path, NOTHING)
        if was != now:
            found.append(Change(name or label, said, says))
    return tuple(found)


NOTHING = ("", "", "")


def _said(controls: list[Control], above: str = "") -> dict[str, tuple[str, str, str]]:
    """Return path -> (label, value in words, value) of every field, those in lists too.

    Compared are the values: what is chosen may have been reworded without being another thing.
    """
    found: dict[str, tuple[str, str, str]] = {}
    for control in controls:
        label = f"{above} · {control.label}" if above else control.label
        if control.type == "texts":
            lines = "\n".join(str(box.controls[0].value) for box in control.boxes)
            found[control.path] = (label, lines, lines)
        elif control.type == "entries":
            for box in control.boxes:
                found |= _said(list(box.controls), f"{label} {box.number}")
        else:
            found[control.path] = (label, _words(control), settings_form.text(control))
    return found


def _words(control: Control) -> str:
    value = control.value
    if control.type == "switch":
        return _("yes") if value else _("no")
    named: Mapping[str, str] = dict(control.choices)
    if control.type == "many":
        return "\n".join(named.get(str(one), str(one)) for one in value or ())
    if control.type == "select":
        return named.get(str(value), str(value or ""))
    return "" if value is None else str(value)


def _languages(old: Data, new: Data) -> tuple[tuple[str, int], ...]:
    found = []
    for language in dict.fromkeys((*new.get("translations", {}), *old.get("translations", {}))):
        before = dict(_leaves(old.get("translations", {}).get(language)))
        after = dict(_leaves(new.get("translations", {}).get(language)))
        count = sum(before.get(path) != after.get(path) for path in {*before, *after})
        if count or (language in old.get("translations", {})) != (language in new.get("translations", {})):
            found.append((language, count))
    return tuple(found)


def _leaves(words: Any, at: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(words, dict):
        return [leaf for key, inner in words.items() for leaf in _leaves(inner, (*at, str(key)))]
    return [(at, words)] if words is not None else []
