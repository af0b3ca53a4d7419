"""What may be published of items that everybody places on two axes, and into which bands estimates are counted.

Lives here: promise 10 for the 2x2 and the estimate, with the reason each is safe. Not here: choices and scales
(`publication.py`), drawing.

Several items are several marginals of the same people. Everybody answers every item, each axis freely, so every set of
marginals that are possible one by one is possible together: n people can be dealt to the answers of one item without
regard to another. What is published of one item therefore says nothing about another, and each is judged alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from . import publication

Side = Literal["low", "high"]
Place = tuple[Side, Side]
"""The side of the axis across, and of the axis up."""

FEW_BANDS = 59
"""Estimates are never counted finer than a scale of 59 people: in five bands."""


def majority(n: int) -> int:
    """Return how many of `n` people make a side clear: two of three, and at most all but two."""
    return min(-(-2 * n // 3), n - 2)


def side(high: int, n: int) -> Side | None:
    """Return the side on which a clear majority stands when `high` of `n` chose the high one; None where none does.

    A clear side leaves the counts majority(n)..n, at least three of them. One's own answer takes away one end: to
    somebody on the other side n is impossible, and two counts remain, n-2 and n-1, or more. No clear side leaves
    counts from 3 to n-3 alone.
    """
    if n < publication.SMALLEST:
        return None
    if high >= majority(n):
        return "high"
    return "low" if n - high >= majority(n) else None


def place(answers: Sequence[Place]) -> Place | None:
    """Return the quarter whose two sides are both clear, None for an item that is spread.

    The two sides come from two counts that can take every value independently. Which side was clear where the other
    was not stays unsaid, so a spread item leaves more possible than either count would.
    """
    n = len(answers)
    across = side(sum(one[0] == "high" for one in answers), n)
    up = side(sum(one[1] == "high" for one in answers), n)
    return (across, up) if across and up else None


def bands(n: int, low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Return the bands in which `n` estimates are counted: three below 20 people, five from there on.

    They depend on n and the two ends alone, never on the answers.
    """
    return publication.scale_groups(min(n, FEW_BANDS), low, high)
