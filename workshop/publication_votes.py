"""What may be published of votes with a weight: dots, shared points, whole orders (promise 10). Pure.

Lives here: the rules for answers in which one person gives several options something. Not here: one choice each, any
number of choices and scales (`publication.py`), whose meaning of "safe" holds here too: `telling` counts must never be
certain for anybody who knows the algorithm, the number of people and their own answer.

The rules are coarse on purpose. A small cell could be two people with all they have to give, a large one could be all
but two, and everything between is rounded to fives, so every cell leaves room. What could take that room away is the
sum: nobody can give more than they have. So a picture is drawn only where the cells together leave some of it over
(`SPARE`), and nothing at all elsewhere. Being silent tells no count, because the rule does not know one option from
another: whatever stood at one of them could have stood at any.
"""

from __future__ import annotations

from collections.abc import Sequence

from .publication import NOTHING, NUMBERS_FROM, SMALLEST, Cell, Shape, Word, word_for

ROUNDED_TO = 5
SPARE = 2
"""Of the votes of a group: as many must be left over when each cell is as low as it can be."""
SPARE_OF_FIVE = 4
"""The same for five people, of whom every count is telling, so that what is silent holds enough results."""


def shape_supporters(supporters: Sequence[int], n: int, each: int) -> Shape:
    """Publish in words how many of 5 to 9 people support each option, where one may support 0 to `each` of them.

    Nothing for any other number of people.
    """
    if not SMALLEST <= n < NUMBERS_FROM:
        return NOTHING
    words = tuple(word_for(count, n) for count in supporters)
    lowest = {Word.FEW: 0, Word.SOME: 3, Word.MOST: n // 2 + 1}
    spare = SPARE_OF_FIVE if n == SMALLEST else SPARE
    if (n - 1) * each - sum(lowest[word] for word in words) < spare:
        return NOTHING
    return Shape("words", words)


def shape_dots(totals: Sequence[int], n: int, limit: int, each: int) -> Shape:
    """Publish the dots of each option from ten people on, where one gives at most `limit` to one and `each` in all.

    `few`: two people could have given them alone. `most`: all but two could have given their limit, or more.
    Everything between is rounded to fives.
    """
    if n < NUMBERS_FROM:
        return NOTHING
    limit = min(limit, each)
    cells: list[Cell] = []
    lowest = 0
    for total in totals:
        if total <= 2 * limit:
            cells.append(Word.FEW)
        elif total >= (n - 2) * limit:
            cells.append(Word.MOST)
            lowest += (n - 2) * limit
        else:
            cell = rounded(total)
            cells.append(cell)
            lowest += max(cell - ROUNDED_TO // 2, 2 * limit + 1)
    if (n - 1) * each - lowest < SPARE:
        return NOTHING
    return Shape("numbers", tuple(cells))


WHOLE = 100
"""Points that each person shares out."""


def edge(n: int) -> float:
    """Return the mean up to which an option of `n` people counts as few, and as far from 100 as most.

    It lies where two people could have given it alone, moved up to the next middle between two fives.
    """
    return next(low for low in (2.5, 7.5, 12.5, 17.5, 22.5) if low * n >= 2 * WHOLE)


def shape_points(totals: Sequence[int], n: int) -> Shape:
    """Publish the mean share of each option from ten people on, rounded to fives, when everybody shared 100 points.

    Small and large means are words (`edge`). Where the cells as low as they can be leave about one and a half people's
    points or less, somebody who gave much to one option could know to be alone with it; then all means between the
    two ends are `some`. What is left is a multiple of one rounding for all n people together, so "or less" begins one
    rounding higher: those who read `some` must still think one and a half people's points possible.
    """
    if n < NUMBERS_FROM:
        return NOTHING
    low = edge(n)
    cells: list[Cell] = []
    lowest = 0.0
    for total in totals:
        mean = total / n
        if mean <= low:
            cells.append(Word.FEW)
        elif mean >= WHOLE - low:
            cells.append(Word.MOST)
            lowest += WHOLE - low
        else:
            cell = rounded(mean)
            cells.append(cell)
            lowest += cell - ROUNDED_TO / 2
    if (WHOLE - lowest) * n < 1.5 * WHOLE + ROUNDED_TO * n:
        return Shape("words", tuple(Word.SOME if isinstance(cell, int) else cell for cell in cells))
    return Shape("numbers", tuple(cells))


def rounded(value: float) -> int:
    """Return the nearest five; a value in the middle goes up."""
    return ROUNDED_TO * int((value + ROUNDED_TO / 2) // ROUNDED_TO)


def group_order(sums: Sequence[int], n: int) -> tuple[int, ...]:
    """Return the place of each option in the group's order, from the sum of the places that `n` people gave it.

    Mean places are rounded to halves, and options with the same one share a place: 1, 2, 2, 4. Empty below ten
    people and where all options share one place. The means are not published: an order that everybody agrees on
    looks like one that most people lean to.
    """
    if n < NUMBERS_FROM:
        return ()
    means = [(4 * total + n) // (2 * n) for total in sums]  # in halves
    return tuple(1 + sum(other < mean for other in means) for mean in means)
