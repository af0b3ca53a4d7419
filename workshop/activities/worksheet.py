"""Worksheet: a private page that stays on the phone (promise 15).

Lives here: what a worksheet is made of. Not here: filling it in, which happens
on the phone alone (`static/js/notes.js`), and the papers that its owner may
have printed (`workshop/papers.py`). The server never holds an entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..words import N_, _
from ._silent import Silent
from .choice import Option
from .kind import KindConfig

ENTRY_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"
SOURCE = r"^[a-z0-9][a-z0-9-]{0,79}(\.[a-z0-9][a-z0-9-]{0,39})?$"

CellType = Literal["text", "long", "choice", "scale", "date", "time", "pick"]
EntryType = Literal["text", "long", "choice", "scale", "date", "time", "pick", "rows", "focus"]
Paper = Literal["", "talk", "retreat", "decision", "next-step"]

PARTS: dict[str, tuple[str, ...]] = {
    "": (),
    "talk": ("concern", "example", "effect", "ask", "options", "offer", "opening", "day", "time"),
    "retreat": ("day", "place", "off", "questions", "agenda", "goals"),
    "decision": ("decision", "action", "by"),
    "next-step": ("step", "by", "follow-up"),
}
"""Paper -> what an entry can be on it. The talk becomes a PDF; the others become calendar files on the phone."""

_OWN: dict[str, set[str]] = {
    "text": set(),
    "long": set(),
    "date": set(),
    "time": set(),
    "choice": {"options", "many"},
    "scale": {"low", "high", "low_label", "high_label"},
    "pick": {"sources", "most"},
    "rows": {"cells", "most", "sort"},
    "focus": {"sources"},
}
"""Type of entry -> the settings that mean something to it."""

_SHARED = {"id", "type", "label", "help", "part"}


class Cell(BaseModel):
    """One thing to fill in, alone or in each row of a list.

    `sources` (of a pick or a focus) name what is offered: the id of a choice
    earlier in the guide (its options), or `worksheet.entry` (what was entered
    there). `most` bounds how many may be picked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=ENTRY_ID, description=N_("Small letters, digits and hyphens"))
    type: CellType = Field(description=N_("What is filled in"))
    label: str = Field(min_length=1, max_length=160, description=N_("What people read"))
    help: str = Field(default="", max_length=240, description=N_("A sentence below the label"))
    options: tuple[Option, ...] = Field(
        default=(), max_length=12, title=N_("Options"), description=N_("choice: 2 to 12 options")
    )
    many: bool = Field(
        default=False, title=N_("Several can be chosen"), description=N_("choice: true for any number of options")
    )
    low: int = Field(default=1, ge=0, le=10, description=N_("scale: its lowest number"))
    high: int = Field(default=10, ge=1, le=10, description=N_("scale: its highest number"))
    low_label: str = Field(default="", max_length=60, description=N_("scale: what the lowest number means"))
    high_label: str = Field(default="", max_length=60, description=N_("scale: what the highest number means"))
    sources: tuple[str, ...] = Field(
        default=(), max_length=8, title=N_("Offers from"), description=N_("pick, focus: where its offers come from")
    )
    most: int = Field(default=5, ge=1, le=12, title=N_("At most"), description=N_("rows, pick: how many at most"))

    said: ClassVar[dict[str, str]] = {
        "text": N_("One line"),
        "long": N_("Several lines"),
        "choice": N_("A choice"),
        "scale": N_("A scale"),
        "date": N_("A day"),
        "time": N_("A time"),
        "pick": N_("Picked from earlier"),
        "rows": N_("A list of rows"),
        "focus": N_("One thing in focus"),
    }

    @classmethod
    def shows(cls, given: Mapping[str, Any]) -> set[str]:
        """Return which settings mean something to an entry of this type."""
        return _SHARED | _OWN.get(str(given.get("type")), set())

    @model_validator(mode="after")
    def _fits(self) -> Cell:
        for name in sorted(self.model_fields_set - _SHARED - _OWN[self.type]):
            raise ValueError(f"an entry of type “{self.type}” has no “{name}”; take the line out")
        if self.type == "choice":
            if len(self.options) < 2:
                raise ValueError("a choice needs at least two options")
            if len({option.id for option in self.options}) < len(self.options):
                raise ValueError("every option needs an id of its own")
        if self.type == "scale" and self.high <= self.low:
            raise ValueError("the highest number of a scale must be above its lowest")
        if self.type in ("pick", "focus") and not self.sources:
            raise ValueError("say in “sources” where its offers come from")
        for source in self.sources:
            if not re.fullmatch(SOURCE, source):
                raise ValueError(f"“{source}” is no source; write the id of a choice, or worksheet.entry")
        return self


class Entry(Cell):
    """One thing to fill in on a worksheet. `part`: what it is on the worksheet's paper (`PARTS`)."""

    type: EntryType = Field(description=N_("What is filled in"))  # type: ignore[assignment]
    part: str = Field(
        default="",
        max_length=20,
        title=N_("Place on the paper"),
        description=N_("What this is on the worksheet's paper"),
    )
    cells: tuple[Cell, ...] = Field(default=(), max_length=6, description=N_("rows: what each row holds"))
    sort: str = Field(default="", max_length=40, description=N_("rows: the id of a scale; the highest row comes first"))

    @model_validator(mode="after")
    def _rows(self) -> Entry:
        if self.type == "rows":
            ids = [cell.id for cell in self.cells]
            if not ids:
                raise ValueError("a list of rows needs at least one cell")
            if len(set(ids)) < len(ids):
                raise ValueError("every cell needs an id of its own")
            if self.sort and self.sort not in [cell.id for cell in self.cells if cell.type == "scale"]:
                raise ValueError("rows are sorted by one of their scales; name its id")
        return self


class WorksheetConfig(KindConfig):
    """What the page holds, whether it lies folded, and which paper it can become."""

    said: ClassVar[dict[str, str]] = {
        "talk": N_("A page for a talk"),
        "retreat": N_("A retreat in the calendar"),
        "decision": N_("A decision in the calendar"),
        "next-step": N_("A next step in the calendar"),
    }

    fields: tuple[Entry, ...] = Field(
        min_length=1, max_length=16, title=N_("Things to fill in"), description=N_("1 to 16 things to fill in")
    )
    folded: bool = Field(
        default=False,
        title=N_("Folded until somebody opens it"),
        description=N_("true: opened by a deliberate tap only"),
    )
    paper: Paper = Field(
        default="", title=N_("What it becomes"), description=N_("What it becomes: talk, retreat, decision or next-step")
    )

    @model_validator(mode="after")
    def _whole(self) -> WorksheetConfig:
        ids = [entry.id for entry in self.fields]
        if len(set(ids)) < len(ids):
            raise ValueError("every field needs an id of its own")
        if sum(entry.type == "focus" for entry in self.fields) > 1:
            raise ValueError("a worksheet has one focus at most")
        parts = [entry.part for entry in self.fields if entry.part]
        if len(set(parts)) < len(parts):
            raise ValueError("every part of a paper comes from one field")
        for part in parts:
            if part not in PARTS[self.paper]:
                known = ", ".join(PARTS[self.paper]) or "none, because no paper is set"
                raise ValueError(f"“{part}” is no part of this paper; parts: {known}")
        return self


class Worksheet(Silent):
    """A page for oneself: it is filled in on the phone and never sent."""

    name: ClassVar[str] = "worksheet"
    label = N_("Worksheet")
    use = N_("A private page that stays on the phone and is never sent.")
    Config = WorksheetConfig
    private = True

    def refusal(self) -> str:
        """Return why nothing can be sent here."""
        return _("This page is for you alone and stays on your phone. Nothing of it is sent.")
