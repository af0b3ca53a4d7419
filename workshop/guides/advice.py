"""What is still to do before a draft can be published, said in the words of its form, with the place to do it.

Lives here: turning what the check of a file finds (`checks.py`) into the part and
the field of the editor, and keys of the file into what the form calls them. Not
here: the rules themselves, and drawing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NotFound
from ..words import _
from . import drafts, edits, settings_form
from .edits import Data
from .ids import all_ids
from .settings_form import Control
from .source import Path, Problem, shown


@dataclass(frozen=True)
class Advice:
    """One thing to do. `part`: an id, or empty for the guide itself; `field`: the control's path, empty where none
    is meant; `language`: of a translation; `empty`: something is not filled in yet, nothing is wrong."""

    what: str
    part: str
    title: str
    field: str
    language: str
    empty: bool


def of(data: Data) -> list[Advice]:
    """Return what is still to do, in the order of the guide."""
    return [_advice(data, problem) for problem in drafts.problems(data)]


def _advice(data: Data, problem: Problem) -> Advice:
    path, language = problem.path, ""
    if path[:1] == ("translations",) and len(path) > 1:
        language = str(path[1])
        part, rest = _translated_part(data, path[2:])
    else:
        part, rest = _part(data, path)
    controls = controls_of(data, part)
    field = _field(controls, part, data, rest)
    control = next((one for one in settings_form.flat(controls) if one.path == field), None)
    value = data_at(data, path)
    empty = not language and (value is None or (isinstance(value, str | list) and not value))
    return Advice(
        what=_said(problem.what, path, rest, control, controls),
        part=part,
        title=title_of(data, part),
        field=field,
        language=language,
        empty=empty,
    )


def _said(what: str, path: Path, rest: Path, control: Control | None, controls: Sequence[Control]) -> str:
    """Return the sentence with the form's word for the field in place of the file's."""
    if path in ((), ("steps",)):
        return _("There is no step yet. Add the first one.")
    if len(path) == 3 and path[2] == "activities":
        return _("There is nothing on the phones in this step yet. Add an activity, or delete the step.")
    keys = [one for one in rest if isinstance(one, str)]
    if control is None or not keys:
        return what
    return what.replace(_("“%(label)s”", label=shown(keys[-1])), _("“%(label)s”", label=_called(controls, control)), 1)


def _called(controls: Sequence[Control], control: Control) -> str:
    """Return a field's label, after the entry of the list that it lies in: Options 2 · What people read."""
    for one in controls:
        for box in one.boxes:
            if control in box.controls:
                return control.label if one.type == "texts" else f"{one.label} {box.number} · {control.label}"
            inner = _called(box.controls, control)
            if inner != control.label or control in settings_form.flat(box.controls):
                return f"{one.label} {box.number} · {inner}"
    return control.label


def _part(data: Data, path: Path) -> tuple[str, Path]:
    """Return the id of the step or activity that a path of the file lies in, and the rest of the path."""
    if len(path) >= 2 and path[0] == "steps" and isinstance(path[1], int):
        step = _at(data.get("steps"), path[1])
        if len(path) >= 4 and path[2] == "activities" and isinstance(path[3], int) and step:
            activity = _at(step.get("activities"), path[3])
            if activity:
                return str(activity.get("id")), path[4:]
        if step:
            return str(step.get("id")), path[2:]
    return "", path


def _translated_part(data: Data, path: Path) -> tuple[str, Path]:
    if path and path[0] in all_ids(data):
        return str(path[0]), path[1:]
    return "", path


def _at(entries: Any, number: int) -> Any:
    return entries[number] if isinstance(entries, list) and number < len(entries) else None


def data_at(data: Any, path: Path) -> Any:
    """Return what the file's data holds at a path, None where it holds nothing."""
    here = data
    for key in path:
        if isinstance(here, dict):
            here = here.get(str(key))
        elif isinstance(here, list) and isinstance(key, int) and key < len(here):
            here = here[key]
        else:
            return None
    return here


def controls_of(data: Data, part: str) -> list[Control]:
    """Return the form of a part: the guide itself, a step or an activity; raise NotFound."""
    if not part:
        return settings_form.of_guide(data)
    if any(step["id"] == part for step in edits.steps(data)):
        return settings_form.of_step(data, part)
    return settings_form.of_activity(data, part)


def title_of(data: Data, part: str) -> str:
    """Return what a part is called: its title, its prompt, or that it has none yet."""
    if not part:
        return _("The guide itself")
    try:
        return str(edits.step_of(data, part).get("title") or _("A step without a title"))
    except NotFound:
        return str(edits.activity_of(data, part)[1].get("prompt") or _("A question without words"))


def _field(controls: Sequence[Control], part: str, data: Data, rest: Path) -> str:
    """Return the path of the control that a place in the file belongs to: the nearest around it."""
    if not rest:
        return ""
    head = "g" if not part else f"s.{part}" if any(s["id"] == part for s in edits.steps(data)) else f"a.{part}"
    found, best = head, ""
    known = {control.path for control in settings_form.flat(controls)}
    here: Any = data if not part else _raw(data, part)
    for key in rest:
        value = _inside(here, key)
        if isinstance(key, int) and isinstance(value, dict):
            found += f".{value.get('id')}"
        else:
            found += f".{key}"
        best = found if found in known else best
        here = value
    return best


def _inside(here: Any, key: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(key)
    if isinstance(key, int):
        return _at(here, key)
    entries = here if isinstance(here, list) else ()
    return next((one for one in entries if isinstance(one, dict) and one.get("id") == key), None)


def _raw(data: Data, part: str) -> Data:
    try:
        return edits.step_of(data, part)
    except NotFound:
        return edits.activity_of(data, part)[1]
