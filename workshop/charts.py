"""Numbers -> accessible drawings with their table. Pure; the same on phone, stage and paper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """One row of a chart. `share` is 0..1 of the drawn length; `shown` is the words or number beside it."""

    label: str
    shown: str
    share: float
    lead: bool = False


@dataclass(frozen=True)
class Chart:
    """A drawing. `title` is the finding as a sentence; it is also the text alternative."""

    title: str
    bars: tuple[Bar, ...]
    note: str = ""
    vertical: bool = False
    """True: an ordered scale, drawn from left to right."""
