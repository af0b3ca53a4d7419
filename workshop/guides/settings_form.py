"""The form of a guide's part: which fields it has, what each may hold, and what is in it now.

Lives here: controls as plain data, generated from each kind's `Config`, so that
a new kind needs no line here; and reading what a person entered. Not here:
drawing them (`templates/editor/`), changing the guide (`edits.py`).

What a kind's own models may add to their pydantic fields, all of it optional: a
field's `title` (else its description is the label); `said`, a class variable
that names values of a choice in words; `shows(given)`, a class method that
returns which settings mean something to an entry as it stands.

A module of this length, because drawing a field and reading it back have to agree.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ..activities import KINDS
from ..errors import WorkshopError
from ..words import N_, _
from . import edits
from .checks import NOT_SETTINGS, config_of
from .edits import Data
from .file import ActivityFile, GuideFile, StepFile
from .overlay import NAMES

LONG = 100
"""Characters from which a text gets several lines to be written in."""

PARAGRAPHS = 240
"""Characters above which a text may hold line breaks: a question, the longest that may not, has 240."""

GAP = "…"
"""Stands where a text is still to be written, so that the rest can be looked at meanwhile."""

OWN_NAMES = {"id", *NAMES}

WORDS: dict[str, tuple[str, str]] = {
    "g.title": (N_("Title"), ""),
    "g.summary": (N_("What it is for"), N_("Read in the library: for whom, how long, what comes out of it.")),
    "s.title": (N_("Title"), ""),
    "s.minutes": (N_("Minutes"), ""),
    "s.purpose": (N_("Purpose"), N_("What the step is for; it opens the step on the stage.")),
    "s.instruction": (N_("On the phones"), N_("A line above the questions of this step.")),
    "s.talk": (N_("What you say"), N_("Your words for the room. A blank line begins a new paragraph.")),
    "s.notes": (N_("Notes for you"), N_("Only you see them, never a phone or the stage.")),
    "a.prompt": (N_("What is asked"), N_("In large type, on the phones and the stage.")),
    "a.help": (N_("A sentence below it"), ""),
    "a.again": (N_("Asks once more"), N_("The room then sees both rounds beside each other, in words.")),
    "a.source": (N_("Builds on"), N_("Up to four earlier questions whose themes or answers are taken up here.")),
    "a.release": (
        N_("Show answers while it is open"),
        N_("They appear in mixed groups of several people. What is sent cannot be changed any more."),
    ),
    "a.for": (
        N_("For the manager’s report"),
        N_("Each person decides for each card whether it may go there. Nothing is chosen for them."),
    ),
}
"""The fields that every guide, step and activity has: what they are called, and what helps to fill them in."""


@dataclass(frozen=True)
class Control:
    """One field of the form. `type`: line, long, number, switch, select, many, texts or entries.

    `own` is the text in the guide's own language where a translation is being
    written; `most` counts characters, or entries of a list.
    """

    path: str
    type: str
    label: str
    help: str = ""
    value: Any = None
    default: Any = None
    required: bool = False
    low: int | None = None
    high: int | None = None
    fewest: int = 0
    most: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    boxes: tuple[Box, ...] = ()
    own: str = ""

    @property
    def name(self) -> str:
        """Return an id for the page, made of the path; no id of a part or an entry has an underscore."""
        return "f-" + self.path.replace(".", "_")


@dataclass(frozen=True)
class Box:
    """One entry of a list in the form."""

    path: str
    number: int
    controls: tuple[Control, ...]
    first: bool
    last: bool


# The parts ----------------------------------------------------------------------------------------------------------


def of_guide(data: Data) -> list[Control]:
    """Return the fields of the guide itself."""
    return [_top("g", "title", GuideFile, data, "g"), _top("g", "summary", GuideFile, data, "g")]


def of_step(data: Data, step_id: str) -> list[Control]:
    """Return the fields of a step; raise NotFound."""
    step = edits.step_of(data, step_id)
    names = ("title", "minutes", "purpose", "instruction", "talk", "notes")
    return [_top("s", name, StepFile, step, f"s.{step_id}") for name in names]


def of_activity(data: Data, activity_id: str) -> list[Control]:
    """Return the fields of an activity: what every one has, and what its kind lets an author set."""
    _step, activity = edits.activity_of(data, activity_id)
    at, kind = f"a.{activity_id}", KINDS.get(str(activity.get("kind")))
    found = [_top("a", name, ActivityFile, activity, at) for name in ("prompt", "help")]
    if kind is None:
        return found
    given = activity.get("settings")
    found += _controls(kind.Config, given if isinstance(given, dict) else {}, f"{at}.settings")
    if "cards" in kind.Config.model_fields:
        found.append(_control("cards", kind.Config.model_fields["cards"], activity, at))
    if kind.may_roll and not kind.always_rolls:
        found.append(_switch("a.release", f"{at}.release", activity.get("release") == "rolling"))
    if kind.may_be_for_manager:
        found.append(_switch("a.for", f"{at}.for", activity.get("for") == "manager"))
    earlier = [(one["id"], _called(one)) for one in _before(data, activity_id) if _asks(one)]
    if kind.compares:
        same = [(name, label) for name, label in earlier if edits.activity_of(data, name)[1].get("kind") == kind.name]
        if same or activity.get("again"):
            label, text = WORDS["a.again"]
            nothing = ("", _("No earlier question"))
            known = (nothing, *_with(same, activity.get("again")))
            found.append(
                Control(f"{at}.again", "select", _(label), _(text), value=activity.get("again") or "", choices=known)
            )
    sources = activity.get("source") or []
    sources = [sources] if isinstance(sources, str) else list(sources)
    if kind.asks and (earlier or sources):
        label, text = WORDS["a.source"]
        known = tuple(earlier)
        for one in sources:
            known = _with(known, one)
        found.append(Control(f"{at}.source", "many", _(label), _(text), value=sources, choices=known, most=4))
    return found


def _asks(activity: Data) -> bool:
    kind = KINDS.get(str(activity.get("kind")))
    return kind is not None and kind.asks


def _called(activity: Data) -> str:
    return str(activity.get("prompt") or activity["id"])


def _before(data: Data, activity_id: str) -> Iterator[Data]:
    for _step, activity in edits.activities(data):
        if activity["id"] == activity_id:
            return
        yield activity


def _with(known: Sequence[tuple[str, str]], value: object) -> tuple[tuple[str, str], ...]:
    """Return the choices, and what is chosen even where it is no longer one of them."""
    if value and value not in [name for name, _label in known]:
        return (*known, (str(value), str(value)))
    return tuple(known)


def _switch(words: str, path: str, value: bool) -> Control:
    label, text = WORDS[words]
    return Control(path, "switch", _(label), _(text), value=value, default=False)


def _top(part: str, name: str, model: type[BaseModel], given: Mapping[str, Any], at: str) -> Control:
    label, text = WORDS[f"{part}.{name}"]
    made = _control(name, model.model_fields[name], given, at)
    return Control(**{**vars(made), "label": _(label), "help": _(text) if text else ""})


# One field of a model -----------------------------------------------------------------------------------------------


def _controls(model: type[BaseModel], given: Mapping[str, Any], at: str) -> list[Control]:
    shows = getattr(model, "shows", None)
    shown = shows(given) if shows else None
    return [
        _control(name, field, given, at, getattr(model, "said", {}))
        for name, field in model.model_fields.items()
        if name not in NOT_SETTINGS and name != "id" and (shown is None or name in shown)
    ]


def _control(
    name: str, field: FieldInfo, given: Mapping[str, Any], at: str, said: Mapping[str, str] | None = None
) -> Control:
    kind, inner = shape(field.annotation)
    limits = _limits(field.metadata)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    value = given.get(name, default)
    text = _plain(_(field.description)) if field.description else ""
    title = _(field.title) if field.title else text or name.replace("_", " ").capitalize()
    path = f"{at}.{name}"
    common: dict[str, Any] = {
        "path": path,
        "label": title,
        "help": text if field.title else "",
        "value": value,
        "default": default,
        "required": field.is_required(),
    }
    if kind == "int":
        return Control(type="number", low=limits.get("ge"), high=limits.get("le"), **common)
    if kind == "bool":
        return Control(type="switch", **common)
    if kind == "choice":
        choices = tuple((str(one), _value_words(one, said or {})) for one in inner)
        return Control(
            type="select",
            choices=_with(choices, str(value or "")),
            **{**common, "value": str(value or ""), "help": ""},
        )
    if kind == "models":
        entries = [one for one in value or () if isinstance(one, dict)] if isinstance(value, list | tuple) else []
        boxes = tuple(
            _box(f"{path}.{one.get('id')}", n, len(entries), _controls(inner, one, f"{path}.{one.get('id')}"))
            for n, one in enumerate(entries)
        )
        return Control(type="entries", boxes=boxes, fewest=limits.get("least", 0), most=limits.get("most"), **common)
    if kind == "texts":
        texts = [str(one) for one in value or ()] if isinstance(value, list | tuple) else []
        most = _limits(getattr(inner, "__metadata__", ())).get("most", 200)
        lines = tuple(
            _box(
                f"{path}.{n}",
                n,
                len(texts),
                [
                    Control(
                        f"{path}.{n}", "line", _("Line %(number)s", number=n + 1), value=one, most=most, required=True
                    )
                ],
            )
            for n, one in enumerate(texts)
        )
        return Control(type="texts", boxes=lines, fewest=limits.get("least", 0), most=limits.get("most"), **common)
    most = limits.get("most", 200)
    several = most > LONG
    return Control(type="long" if several else "line", most=most, **common)


def _box(path: str, number: int, count: int, controls: Sequence[Control]) -> Box:
    return Box(path, number + 1, tuple(controls), number == 0, number == count - 1)


def shape(annotation: Any) -> tuple[str, Any]:
    """Return what a field holds: "int", "bool", "text", "choice" with its values, "models" or "texts" with theirs."""
    if annotation in (int, float):
        return "int", None
    if annotation is bool:
        return "bool", None
    if get_origin(annotation) is Literal:
        return "choice", get_args(annotation)
    if get_origin(annotation) in (tuple, list):
        inner = get_args(annotation)[0]
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return "models", inner
        return "texts", inner
    options = [one for one in get_args(annotation) if one is not NoneType]
    return shape(options[0]) if len(options) == 1 else ("text", None)


def _limits(metadata: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in metadata:
        for name, ours in (("ge", "ge"), ("le", "le"), ("max_length", "most"), ("min_length", "least")):
            value = getattr(one, name, None)
            if isinstance(value, int):
                found[ours] = value
    return found


def _plain(text: str) -> str:
    """Return a description without what only the author of a file needs: "true: any number" -> "Any number"."""
    said = re.sub(r"^[a-z][a-z, ]*: ", "", text)
    return said[:1].upper() + said[1:]


def _value_words(value: object, said: Mapping[str, str]) -> str:
    if value in said:
        return _(said[str(value)])
    return str(value).replace("-", " ").replace("_", " ").capitalize() or _("None")


# Starting values ----------------------------------------------------------------------------------------------------


def starter(kind: str) -> Data:
    """Return the settings of a new activity: as many empty entries as its kind needs, nothing else."""
    if kind not in KINDS:
        raise WorkshopError(_("There is no such kind of activity."))
    model = KINDS[kind].Config
    made = _start(model)
    lists = [name for name, value in made.items() if isinstance(value, list)]
    for _more in range(4):  # a dot vote needs as many options as its dots can lie on
        try:
            config_of(kind, with_gaps(model, made))
            break
        except ValidationError:
            for name in lists:
                what, inner = shape(model.model_fields[name].annotation)
                made[name].append(_entry(inner, name, len(made[name]) + 1) if what == "models" else "")
    return made


def with_gaps(model: type[BaseModel], settings: Data) -> Data:
    """Return settings with a gap in place of each text that is still empty."""
    filled = copy.deepcopy(settings)
    for name, field in model.model_fields.items():
        what, inner = shape(field.annotation)
        value = filled.get(name)
        if what == "text" and value == "":
            filled[name] = GAP
        elif what == "texts" and isinstance(value, list):
            filled[name] = [one or GAP for one in value]
        elif what == "models" and isinstance(value, list):
            filled[name] = [with_gaps(inner, one) if isinstance(one, dict) else one for one in value]
    return filled


def entry_for(data: Data, path: str) -> Any:
    """Return a new entry for the list at `path` of an activity's form; raise where the list is full."""
    control = list_at(data, path)
    if control.most and len(control.boxes) >= control.most:
        raise WorkshopError(_("There is room for %(most)s here.", most=control.most))
    inner = _model_at(data, path)
    return "" if inner is None else _entry(inner, path.rsplit(".", 1)[-1])


def list_at(data: Data, path: str) -> Control:
    """Return the control of a list of settings; raise NotFound where the form has none."""
    control = find(data, path)
    if control.type not in ("entries", "texts"):
        raise edits.gone()
    return control


def _start(model: type[BaseModel]) -> Data:
    made: Data = {}
    for name, field in model.model_fields.items():
        if name in NOT_SETTINGS or name == "id" or not field.is_required():
            continue
        kind, inner = shape(field.annotation)
        if kind == "models":
            least = max(1, _limits(field.metadata).get("least", 1))
            made[name] = [_entry(inner, name, n + 1) for n in range(least)]
        elif kind == "texts":
            made[name] = [""]
        elif kind == "choice":
            made[name] = inner[0]
        else:
            made[name] = _limits(field.metadata).get("ge", 0) if kind == "int" else "" if kind == "text" else False
    return made


def _entry(model: type[BaseModel], name: str, number: int = 1) -> Data:
    one = name.removesuffix("s") or "entry"
    return {"id": f"{one}-{number}", **_start(model)}


def _model_at(data: Data, path: str) -> type[BaseModel] | None:
    """Return what the entries of the list at `path` are made of; None: plain texts."""
    parts = path.split(".")
    kind = edits.activity_of(data, parts[1])[1].get("kind")
    model: Any = KINDS[str(kind)].Config
    for name in parts[3:]:
        if isinstance(model, type) and issubclass(model, BaseModel) and name in model.model_fields:
            _kind, model = shape(model.model_fields[name].annotation)
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def settle_type(data: Data, path: str) -> None:
    """After an entry has become another thing: take out of it what means nothing to it any more."""
    if not path.startswith("a.") or path.count(".") < 4:
        return
    above = path.rpartition(".")[0]
    model = _model_at(data, above)
    shows = getattr(model, "shows", None)
    entry = edits.value_of(data, above)
    if shows and isinstance(entry, dict):
        edits.forget(data, above, set(shows(entry)))


# Reading ------------------------------------------------------------------------------------------------------------


def find(data: Data, path: str) -> Control:
    """Return the control at `path`; raise NotFound where the form has none."""
    parts = path.split(".")
    if parts[0] == "g":
        controls = of_guide(data)
    elif parts[0] == "s" and len(parts) > 2:
        controls = of_step(data, parts[1])
    elif parts[0] == "a" and len(parts) > 2:
        controls = of_activity(data, parts[1])
    else:
        controls = []
    for control in flat(controls):
        if control.path == path:
            return control
    raise edits.gone()


def text(control: Control) -> str:
    """Return what a field holds, as the text that its form would send."""
    value = control.value
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def flat(controls: Sequence[Control]) -> Iterator[Control]:
    """Yield controls with those inside their entries."""
    for control in controls:
        yield control
        for box in control.boxes:
            yield from flat(box.controls)


def enter(data: Data, path: str, texts: Sequence[str]) -> None:
    """Put what a person entered into the field at `path`; a value that means nothing stays, and is found wrong."""
    control = find(data, path)
    last = path.rsplit(".", 1)[-1]
    text = texts[-1] if texts else ""
    if path.startswith("a.") and path.count(".") == 2 and last in ("release", "for"):
        edits.put(data, path, {"release": "rolling", "for": "manager"}[last] if text else None)
    elif control.type == "many":
        known = [name for name, _label in control.choices]
        edits.set_sources(
            edits.activity_of(data, path.split(".")[1])[1], [name for name in dict.fromkeys(texts) if name in known][:4]
        )
    elif control.type in ("entries", "texts"):
        raise WorkshopError(_("This field holds a list. Change its entries one by one."))
    else:
        edits.put(data, path, _value(control, text))
        if control.type == "select":
            settle_type(data, path)


def _has_paragraphs(control: Control) -> bool:
    """Return whether a text may hold several lines; a title or a question is one, however long."""
    return control.type == "long" and (control.most or 0) > PARAGRAPHS


def _value(control: Control, text: str) -> Any:
    value: Any = edits.tidy(text[:20000], lines=_has_paragraphs(control))
    if control.type == "switch":
        value = bool(text)
    elif control.type == "number" and re.fullmatch(r"[-+]?[0-9]{1,9}", value):
        value = int(value)
    elif control.type == "select":
        if value not in [name for name, _label in control.choices]:
            raise WorkshopError(_("That is not one of the choices."))
        if isinstance(control.default, int):
            value = int(value)
    if control.type == "number" and value == "" and not control.required:
        return None
    if not control.required and (value == control.default or (value == "" and control.default in ("", None))):
        return None
    return value


# Translations -------------------------------------------------------------------------------------------------------


def translated(data: Data, language: str, controls: Sequence[Control]) -> list[Control]:
    """Return the controls that hold words, each with the translation in it and its own text beside it."""
    found = []
    for control in controls:
        if control.type in ("line", "long") and control.path.rsplit(".", 1)[-1] not in OWN_NAMES:
            own = str(control.value or "")
            said = edits.word_of(data, language, control.path)
            if own or said:
                found.append(Control(**{**vars(control), "own": own, "value": said, "required": False, "default": ""}))
        elif control.boxes and control.path.rsplit(".", 1)[-1] not in OWN_NAMES:
            boxes = []
            for box in control.boxes:
                inner = tuple(translated(data, language, box.controls))
                if inner:
                    boxes.append(Box(**{**vars(box), "controls": inner}))
            if boxes:
                found.append(Control(**{**vars(control), "boxes": tuple(boxes)}))
    return found


def enter_word(data: Data, language: str, path: str, texts: Sequence[str]) -> None:
    """Put a translation into the field at `path`; an empty one gives way to the guide's own words."""
    control = find(data, path)
    if control.type not in ("line", "long") or path.rsplit(".", 1)[-1] in OWN_NAMES:
        raise WorkshopError(_("This field is the same in every language."))
    edits.put_word(
        data, language, path, edits.tidy((texts[-1] if texts else "")[:20000], lines=_has_paragraphs(control))
    )


def missing(data: Data, language: str) -> list[str]:
    """Return the paths of texts that a translation lacks."""
    found = []
    for controls in _all_parts(data):
        for control in flat(translated(data, language, controls)):
            if control.type in ("line", "long") and control.own and not control.value:
                found.append(control.path)
    return found


def _all_parts(data: Data) -> Iterator[list[Control]]:
    yield of_guide(data)
    for step in edits.steps(data):
        yield of_step(data, step["id"])
        for activity in step.get("activities", []):
            yield of_activity(data, activity["id"])
