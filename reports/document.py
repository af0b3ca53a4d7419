"""What a report consists of: plain, frozen data, every word of it already final.

Lives here: the dataclasses and their strict reading from JSON. Not here: where
the words come from (`workshop/freezes.py`) and how they look (`layout.py`).
The only field that holds markup is `Block.html`: a drawing made by the product's
own print partials; everything else is text and is escaped when laid out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class MalformedReport(ValueError):
    """The data is not a report; the message names the field."""


@dataclass(frozen=True)
class Listing:
    """A heading over sentences; `empty` is the calm line printed when there are none."""

    heading: str
    items: tuple[str, ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class NextStep:
    """One thing that will happen: what, who sees to it, by when."""

    what: str
    owner: str = ""
    when: str = ""


@dataclass(frozen=True)
class NextSteps:
    """The agreed steps, as a table under its heading."""

    heading: str
    columns: tuple[str, ...]  # the names of the three columns
    rows: tuple[NextStep, ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class Quote:
    """One text in its author's own words, printed with the author's consent; `theme`: the group it stands in."""

    text: str
    theme: str = ""


@dataclass(frozen=True)
class Block:
    """One activity on paper.

    `html` is the drawing (chart and table), `note` the line that stands there
    when nothing may be shown; `heard` is written by the facilitator, `quotes`
    and `words` are people's own texts.
    """

    heading: str
    people: str = ""
    html: str = ""
    note: str = ""
    heard: Listing | None = None
    quotes_heading: str = ""
    quotes: tuple[Quote, ...] = ()
    words_heading: str = ""
    words: tuple[Quote, ...] = ()
    themes: Listing | None = None  # the names that the facilitator gave to groups of cards
    parked: Listing | None = None  # what the facilitator noted in the parking lot
    activity: str = ""  # its id, by which a later version finds the place of its summary


@dataclass(frozen=True)
class Section:
    """One step of the guide."""

    label: str
    heading: str
    lead: str = ""
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A few paragraphs and points under a small heading."""

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Essay:
    """A page of prose: how to hold the conversation, or the method."""

    heading: str
    lead: str = ""
    passages: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class Brand:
    """Whose paper it is: a name, an accent as #rrggbb, a picture as base64 with its media type; all may be empty."""

    name: str = ""
    accent: str = ""
    logo: str = ""
    logo_type: str = ""


@dataclass(frozen=True)
class Report:
    """One edition, complete. `identifier` is derived from the freeze and fixes the file's own id."""

    identifier: str
    edition: str
    language: str
    day: str  # ISO date of the freeze, for the file's metadata
    title: str
    label: str
    facts: tuple[str, ...]
    findings: Listing
    asks: Listing
    next_steps: NextSteps
    sections: tuple[Section, ...]
    conversation: Essay | None
    method: Essay
    running: str
    draft_word: str
    version: str = ""  # the line on a later version of the staff's texts; empty: the first
    rules: Essay | None = None
    brand: Brand = Brand()
    attachment: str = ""  # the same results as JSON, inside the file


def from_json(data: Mapping[str, Any]) -> Report:
    """Return the report that `data` describes; raise `MalformedReport` naming the field that is wrong."""
    return read(Report, data, "report")


def read(kind: type[T], data: Mapping[str, Any], path: str) -> T:
    """Return the dataclass `kind` that `data` describes, read strictly; raise `MalformedReport`.

    The message names a field by its `path` and never holds a value.
    """
    built = _build(kind, data, path)
    assert isinstance(built, kind)
    return built


def _build(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise MalformedReport(f"{path}: expected a list")
        inner = get_args(kind)[0]
        return tuple(_build(inner, item, f"{path}[{number}]") for number, item in enumerate(value))
    if type(None) in get_args(kind):
        if value is None:
            return None
        inner = next(argument for argument in get_args(kind) if argument is not type(None))
        return _build(inner, value, path)
    if is_dataclass(kind) and isinstance(kind, type):
        return _build_dataclass(kind, value, path)
    if not isinstance(value, kind):
        raise MalformedReport(f"{path}: expected {kind.__name__}")
    return value


def _build_dataclass(kind: type, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise MalformedReport(f"{path}: expected an object")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    if unknown := set(value) - known:
        raise MalformedReport(f"{path}: unknown field {sorted(unknown)[0]}")
    try:
        return kind(**{name: _build(hints[name], item, f"{path}.{name}") for name, item in value.items()})
    except TypeError as error:
        raise MalformedReport(f"{path}: {error}") from error
