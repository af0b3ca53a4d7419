"""What a paper for a participant consists of: the page for a talk, or the workbook.

Lives here: the dataclasses, their strict reading from JSON, and the page made of
them. Not here: which words stand in it (`workshop/papers.py`) and how it becomes
a PDF (`render.py`). Nothing here is ever written to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .document import Essay, MalformedReport, read
from .layout import HERE, PAPERS, RIGHT_TO_LEFT, environment
from .layout import Paper as Size

KINDS = ("talk", "workbook")

Density = Literal["", "close"]
DENSITIES: tuple[Density, ...] = ("", "close")

MOST_PAGES = 2
"""Pages that a person's own words may fill in a talk: more is not a conversation."""

MM = 96 / 25.4  # CSS pixels
FOOT: dict[Size, float] = {"A4": 22.5, "Letter": 20.5}
"""Millimetres from where writing ends to the edge of the page: the lower margin of paper.css and a hair."""
ROW, ROOM_HEAD = 8.2, 10.0
"""Millimetres of a ruled line, and of the heading above the lines, as in paper.css."""
FEWEST_ROWS, MOST_ROWS, APART_ROWS = 5, 12, 22
"""Ruled lines in all: below the words at least and at most, and on a page of their own."""


class TooLong(ValueError):
    """A talk that fills more than `MOST_PAGES`, however close it is set."""


@dataclass(frozen=True)
class PaperItem:
    """What somebody wrote, under its label; without a label it follows what stands before it."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class PaperSection:
    """A heading over items. `voice` "opening": one sentence to be said aloud, set apart and large."""

    heading: str
    items: tuple[PaperItem, ...]
    voice: str = ""


@dataclass(frozen=True)
class Advice:
    """The last page of a talk: how to hold it, for each of its two sides."""

    heading: str
    lead: str
    sides: tuple[Essay, ...]


@dataclass(frozen=True)
class Paper:
    """One paper, complete: every word of it is final.

    `title` is the title of the file; it says nothing about a person, a session or
    a day. `room`: headings of the ruled space to write on, if there is any.
    """

    kind: str
    language: str
    title: str
    heading: str
    lead: str
    sections: tuple[PaperSection, ...]
    room: tuple[str, ...] = ()
    advice: Advice | None = None


@dataclass(frozen=True)
class Setting:
    """How a paper is set: how close, and how the ruled space is laid out.

    `rows`: ruled lines under each heading of `Paper.room`; none: no ruled space.
    `push`: millimetres of white above it; None: it starts a new page.
    """

    density: Density = ""
    rows: tuple[int, ...] = ()
    push: float | None = 0


def from_json(data: Mapping[str, Any]) -> Paper:
    """Return the paper that `data` describes; raise `MalformedReport` naming the field that is wrong."""
    built = read(Paper, data, "paper")
    if built.kind not in KINDS:
        raise MalformedReport("paper.kind: unknown")
    return built


def fit(paper: Paper, size: Size, measure: Callable[[Density], tuple[int, float]]) -> Setting:
    """Return how a talk is best set; raise `TooLong`.

    `measure` lays the words out at a density and returns on how many pages they
    stand and how many CSS pixels are left from their end to the edge of the last.
    One page with room to write is best, closer letters are better than a second
    page, and on two pages the room is left out rather than a third begun.
    """
    if not paper.room:
        return Setting()
    found: dict[Density, tuple[int, float]] = {}
    for density in DENSITIES:
        pages, pixels = measure(density)
        found[density] = pages, pixels / MM - FOOT[size]
        if pages == 1 and _rows_in(paper, found[density][1]) >= FEWEST_ROWS:
            return _below(paper, density, found[density][1])
    for density, (pages, left) in found.items():
        if pages < MOST_PAGES:
            return Setting(density, _shared(paper, APART_ROWS), push=None)
        if pages == MOST_PAGES and _rows_in(paper, left) >= FEWEST_ROWS:
            return _below(paper, density, left)
    if found[DENSITIES[-1]][0] > MOST_PAGES:
        raise TooLong("the talk fills more pages than it may")
    return Setting(DENSITIES[-1])


def _rows_in(paper: Paper, left: float) -> int:
    return int((left - ROOM_HEAD * len(paper.room)) // ROW)


def _below(paper: Paper, density: Density, left: float) -> Setting:
    """Return the room at the foot of the page on which the words end."""
    rows = min(_rows_in(paper, left), MOST_ROWS)
    return Setting(density, _shared(paper, rows), push=round(left - ROOM_HEAD * len(paper.room) - ROW * rows, 1))


def _shared(paper: Paper, rows: int) -> tuple[int, ...]:
    """Share lines out among the headings, the first ones getting what is left over."""
    each, over = divmod(rows, len(paper.room))
    return tuple(each + (place < over) for place in range(len(paper.room)))


def page(paper: Paper, *, size: Size = "A4", setting: Setting | None = None) -> str:
    """Return the whole paper as one HTML document, for `render.py` alone."""
    if size not in PAPERS:
        raise ValueError(f"unknown paper {size!r}")
    language = paper.language or "en"
    return environment.get_template(f"{paper.kind}.html").render(
        paper=paper,
        size=size,
        setting=setting or Setting(),
        language=language,
        base_direction="rtl" if language.split("-")[0].split("_")[0] in RIGHT_TO_LEFT else "ltr",
    )


def stylesheet() -> str:
    """Return the style of both papers."""
    return (HERE / "paper.css").read_text("utf-8")
