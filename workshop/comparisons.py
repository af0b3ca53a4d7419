"""Rounds, sessions and check-ins beside each other, without an exact pair (promise 10). Pure.

Lives here: where a round stood, in bands; which way the next one moved; the
drawing of it. Not here: which rounds there are (`check_ins.py`, `teams.py`).

Why it is safe: everything here is computed from what `publication.py` let out of
each round, never from the answers. What can be computed from published numbers
adds nothing to them, so whoever reads a comparison can exclude no answers that
they could not have excluded before; and two rounds tell nothing about each other,
since nobody's answer in one follows from their answer in another. The tests
enumerate it all the same, and find the leak in a comparison of exact means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markupsafe import Markup

from .publication import NUMBERS_FROM, Cell, Lean, Shape, Word

Band = Lean
Step = Literal["up", "same", "down"]
Amount = Literal["few", "some", "most", "hidden"]

SAME = 1 / 12
"""Of the scale: a smaller difference is "about the same". On 1 to 10 that is three quarters of a point."""
SAME_SHARE = 1 / 10
"""Of the people: the same for a share. Below, one person more or less could be all that moved."""


@dataclass(frozen=True)
class Standing:
    """Where a round stood on a scale. `place`: from ten answers on, 0 (low end) to 1, as its published cells tell."""

    band: Band
    place: float | None = None


def stood(
    lean: Lean | None, shape: Shape, groups: Sequence[tuple[int, int]], people: int, low: int, high: int
) -> Standing | None:
    """Return where a published round stood; None where no picture of it could be shown."""
    if lean is not None:
        return Standing(lean)
    if shape.precision != "numbers" or people < NUMBERS_FROM or not groups:
        return None
    weights = _likely(shape.cells, people)
    total = sum(weights)
    middles = [(first + last) / 2 for first, last in groups]
    mean = sum(weight * middle for weight, middle in zip(weights, middles, strict=True)) / total
    place = (mean - low) / (high - low)
    return Standing("low" if place < 1 / 3 else "high" if place > 2 / 3 else "middle", place)


def _likely(cells: Sequence[Cell], people: int) -> list[float]:
    """Return how many people stand in each cell, as a reader of the cells would guess."""
    guess = [float(cell) if isinstance(cell, int) else 1.0 if cell is Word.FEW else 0.0 for cell in cells]
    unknown = [i for i, cell in enumerate(cells) if cell in (Word.MOST, Word.HIDDEN, Word.SOME)]
    left = max(0.0, people - sum(guess))
    for i in unknown:
        guess[i] = left / len(unknown)
    return guess


def step(before: Standing | None, after: Standing | None) -> Step | None:
    """Return which way it went; None unless both rounds had ten answers or more."""
    if before is None or after is None or before.place is None or after.place is None:
        return None
    return _moved(after.place - before.place, SAME)


def amounts(shape: Shape, people: int) -> tuple[Amount, ...]:
    """Return each option of a published choice as a word; nothing where no picture could be shown."""
    return tuple(_amount(cell, people) for cell in shape.cells)


def _amount(cell: Cell, people: int) -> Amount:
    if isinstance(cell, int):
        return "few" if cell <= 2 else "most" if cell > people // 2 else "some"
    return {Word.FEW: "few", Word.SOME: "some", Word.MOST: "most"}.get(cell, "hidden")  # type: ignore[return-value]


def steps(before: Shape, people_before: int, after: Shape, people_after: int) -> tuple[Step | None, ...]:
    """Return which way each option's share went; None where one of the two is hidden or had fewer than ten."""
    if "nothing" in (before.precision, after.precision) or len(before.cells) != len(after.cells):
        return ()
    return tuple(
        None if was is None or now is None else _moved(now - was, SAME_SHARE)
        for was, now in zip(_shares(before, people_before), _shares(after, people_after), strict=True)
    )


def _shares(shape: Shape, people: int) -> list[float | None]:
    if shape.precision != "numbers" or people < NUMBERS_FROM:
        return [None] * len(shape.cells)
    known: dict[Word, float | None] = {Word.FEW: 1 / people, Word.MOST: (people - 1) / people}
    return [cell / people if isinstance(cell, int) else known.get(cell) for cell in shape.cells]


def _moved(difference: float, same: float) -> Step:
    if abs(difference) < same - 1e-9:
        return "same"
    return "up" if difference > 0 else "down"


# The drawing ----------------------------------------------------------------------------------------------------

LANES: tuple[Band, ...] = ("high", "middle", "low")
WIDE, TALL = 100, 36
"""Units of one round's column and of one lane's height."""


NUDGE = 8
"""Units by which a mark moves inside its lane where a round went up or down and the lane does not show it."""


def svg(title: str, rounds: Sequence[tuple[Band | None, Step | None]]) -> Markup:
    """Return rounds from left to right in three lanes, high end on top; a round without a picture stays empty.

    Each round is its band and its step from the one before; a mark's height says nothing more than these two.
    `title` is the finding, the drawing's text alternative.
    """
    width, height = WIDE * max(1, len(rounds)), TALL * len(LANES)
    marks = [
        Markup('<rect class="lanes__lane" x="0" y="{}" width="{}" height="{}" rx="4"/>').format(
            row * TALL + 2, width, TALL - 4
        )
        for row in range(len(LANES))
    ]
    places = _places(rounds)
    for start, end in pairwise(places):
        if start and end:
            marks.append(Markup('<line class="lanes__way" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(*start, *end))
    for i, place in enumerate(places):
        if place:
            paint, size = ("lanes__dot lanes__dot--last", 9) if i == len(places) - 1 else ("lanes__dot", 7)
            marks.append(Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(paint, *place, size))
    return Markup(
        '<svg class="lanes" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {} {}"'
        ' focusable="false"><title>{}</title>{}</svg>'
    ).format(width, height, title, Markup("").join(marks))


def _places(rounds: Sequence[tuple[Band | None, Step | None]]) -> list[tuple[float, float] | None]:
    places: list[tuple[float, float] | None] = []
    before: Band | None = None
    shift = 0
    for i, (band, moved) in enumerate(rounds):
        if band is None:
            places.append(None)
            continue
        if band != before:
            shift = 0
        elif moved in ("up", "down"):
            shift = max(-NUDGE, min(NUDGE, shift + (-NUDGE if moved == "up" else NUDGE)))
        before = band
        places.append((i * WIDE + WIDE / 2, LANES.index(band) * TALL + TALL / 2 + shift))
    return places
