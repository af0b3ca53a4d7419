"""From exact counts to what may be published: shape, not numbers, for small groups.

Lives here: promise 10 as pure functions, each with the reason it is safe. Not
here: floors (a result below the room's floor never reaches this module), cards,
and drawing (`charts.py`).

What "safe" means is decided by enumeration, not by the recipe. Take everything
an output leaves possible: all count vectors that would have given the very same
output. Add what a reader knows: the algorithm, the number of people `n`, and
their own answer (so its count is at least 1). If then some count can only be
1, 2, n-2, n-1 or n, the output gives somebody away: a 1 or 2 is one or two
people who can be named by elimination, n-1 and n-2 are the same seen from the
other side, n is everybody. No function here has such an output. The tests
enumerate every vector for small n; the comments prove the rest.

A count that can only be 0 is not a leak: nobody chose it, nobody is exposed.

A file of this length because the comments are the proofs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import factorial
from typing import Any, Literal

SMALLEST = 5
"""Below five people nothing is published: of 3 or 4, even "more or fewer than x" gives somebody away."""

NUMBERS_FROM = 10
"""From ten people on, exact numbers are possible; below, words only (promise 10)."""


class Word(StrEnum):
    """A count as a word. `few` is 0 to 2, `most` more than half (from ten people: all but two, or more)."""

    FEW = "few"
    SOME = "some"
    MOST = "most"
    HIDDEN = "hidden"


Cell = int | Word
"""What is published of one option: an exact count or a word."""

Lean = Literal["low", "middle", "high"]
Precision = Literal["nothing", "words", "numbers"]


@dataclass(frozen=True)
class Shape:
    """What may be published of a set of counts, in the order of the options.

    `nothing`: no picture of these answers can be shown without giving somebody
    away; then there are no cells.
    """

    precision: Precision
    cells: tuple[Cell, ...] = ()

    def dump(self) -> dict[str, Any]:
        """Return the shape as JSON-able data."""
        return {
            "precision": self.precision,
            "cells": [str(c) if isinstance(c, Word) else c for c in self.cells],
        }

    @classmethod
    def load(cls, data: Any) -> Shape:
        """Return the shape that `dump` wrote."""
        return cls(data["precision"], tuple(Word(c) if isinstance(c, str) else int(c) for c in data["cells"]))


NOTHING = Shape("nothing")


def telling(n: int) -> frozenset[int]:
    """Return the counts that must never be certain in a group of `n`."""
    return frozenset({1, 2, n - 2, n - 1, n})


def word_for(count: int, n: int) -> Word:
    """Return the word for `count` of `n` people, 5 <= n <= 9."""
    if count <= 2:
        return Word.FEW
    return Word.MOST if count > n // 2 else Word.SOME


def _reach(word: Word, n: int) -> tuple[int, int]:
    """Return the lowest and highest count that `word_for` calls `word`."""
    half = n // 2
    return {Word.FEW: (0, 2), Word.SOME: (3, half), Word.MOST: (half + 1, n)}[word]


def _nails(lows: Sequence[int], highs: Sequence[int], least: int, greatest: int, n: int) -> bool:
    """Say whether box and total pin some count to a telling value.

    The whole numbers inside a box whose sum lies in [least, greatest] take, per
    cell, every value between the two bounds below and no other.
    """
    low_sum, high_sum = sum(lows), sum(highs)
    if low_sum > greatest or high_sum < least:
        return False  # nobody can be in this position
    for low, high in zip(lows, highs, strict=True):
        bottom = max(low, least - (high_sum - high))
        top = min(high, greatest - (low_sum - low))
        if bottom == top and bottom in telling(n):
            return True
    return False


# One choice per person ------------------------------------------------------------------------


def shape_single(counts: Sequence[int]) -> Shape:
    """Publish how many people gave each option, when everybody gave exactly one.

    Below five: nothing. Five to nine: words. From ten: numbers, with small cells
    as `few` and the complement hidden where the total would give them away.
    """
    n = sum(counts)
    if n < SMALLEST or len(counts) < 2:
        return NOTHING
    return _words_single(tuple(counts), n) if n < NUMBERS_FROM else _numbers_single(tuple(counts), n)


def _words_single(counts: tuple[int, ...], n: int) -> Shape:
    words = tuple(word_for(c, n) for c in counts)
    how = _small_plan(n, len(counts)).get(tuple(sorted(counts, reverse=True)), "nothing")
    if how == "words":
        return Shape("words", words)
    if how == "majority":
        return Shape("words", tuple(w if w is Word.MOST else Word.HIDDEN for w in words))
    return NOTHING


@lru_cache(maxsize=256)
def _words_safe(words: tuple[Word, ...], n: int) -> bool:
    """Say whether these words (in any order) pin no count, for every possible own answer."""
    lows, highs = zip(*(_reach(w, n) for w in words), strict=True)
    for own in range(len(words)):
        raised = list(lows)
        raised[own] = max(1, raised[own])
        if _nails(raised, highs, n, n, n):
            return False
    return True


@lru_cache(maxsize=128)
def _small_plan(n: int, options: int) -> dict[tuple[int, ...], str]:
    """Decide for every result of 5..9 people how it is published: words, majority or nothing.

    All rules are symmetric in the options, so a result stands for all its
    orders and the at most 30 partitions of n are a complete enumeration.
    Words come first. Where they would pin a count, only the option with more
    than half is named; where that would too, nothing. The results with nothing
    are an output like any other: where they are so few that "nothing" gives
    them away (n=6 with three options: 2-2-2 alone), the rarest sets of words
    fall silent with them until it does not.
    """
    results = list(_partitions(n, options))
    spoken: defaultdict[tuple[Word, ...], list[tuple[int, ...]]] = defaultdict(list)
    for result in results:
        spoken[tuple(word_for(c, n) for c in result)].append(result)
    unsafe = [r for words, group in spoken.items() if not _words_safe(words, n) for r in group]
    how = {r: "nothing" if r in unsafe else "words" for r in results}
    bare = [r for r in unsafe if r[0] > n // 2]
    if bare and not _class_nails(bare, n, top_known=True):
        how.update(dict.fromkeys(bare, "majority"))

    silent = [r for r in results if how[r] == "nothing"]
    left = sorted(
        (group for group in spoken.values() if how[group[0]] == "words"), key=lambda g: (sum(map(_ways, g)), g)
    )
    while silent and _class_nails(silent, n, top_known=False):
        if not left:
            return {}
        enough = (g for g in left if not _class_nails([*silent, *g], n, top_known=False))
        group = next(enough, left[0])
        left.remove(group)
        silent += group
        how.update(dict.fromkeys(group, "nothing"))
    return how


def _ways(result: tuple[int, ...]) -> int:
    """Return in how many ways people could have chosen to give this result, in any order of options."""
    orders = factorial(len(result))
    for same in Counter(result).values():
        orders //= factorial(same)
    people = factorial(sum(result))
    for count in result:
        people //= factorial(count)
    return orders * people


def _partitions(n: int, parts: int, cap: int | None = None) -> Iterator[tuple[int, ...]]:
    """Yield every way to write n as `parts` falling counts, zeros included."""
    if parts == 0:
        if n == 0:
            yield ()
        return
    for first in range(min(n, n if cap is None else cap), -1, -1):
        if first * parts < n:
            return
        for rest in _partitions(n - first, parts - 1, first):
            yield (first, *rest)


def _class_nails(results: Iterable[tuple[int, ...]], n: int, *, top_known: bool) -> bool:
    """Say whether the output shared by these results, in all their orders, pins a count.

    With `top_known` the output names the option with the largest count, so only
    the others may change places.
    """
    possible: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for result in results:
        roles = ["top" if top_known and i == 0 else "rest" for i in range(len(result))]
        for own, mine in enumerate(result):
            if mine == 0:
                continue
            possible[roles[own], "own"].add(mine)
            for other, count in enumerate(result):
                if other != own:
                    possible[roles[own], roles[other]].add(count)
    return any(len(values) == 1 and values <= telling(n) for values in possible.values())


def _numbers_single(counts: tuple[int, ...], n: int) -> Shape:
    """Publish numbers for ten people or more.

    Counts of 3..n-3 are exact. F are the options with 0..2, f their number, s
    their sum, which the total gives away.
    - No F: everything is exact and at least 3.
    - An option with n-2 or more is `most`, all others `few`: 0 to 2 people are
      somewhere among them.
    - f >= 2 and 3 <= s <= 2f-2: each F option can be 0, 1 or 2 (one's own: 1 or 2).
    - Otherwise s itself would tell, so one exact count is hidden as well. Which
      one must not depend on the counts ("the smallest" would tell where it
      lies): it is the next option in the listed order that is not in F. Only the
      hidden sum S = s + c is then known, and s can be any of `_telling_sums`.
      Where even S pins an F option, nothing is published: at S = 4 (s is 0 or 1,
      so an own answer in F is the only one), or without a partner (all options
      have 2, or all but one). The silent class then holds, for every pair of
      options, "4 and n-4" in one order, so no count is pinned to a telling value
      for any n >= 10 (two options never get here).
    """
    few = [i for i, c in enumerate(counts) if c <= 2]
    cells: list[Cell] = [Word.FEW if c <= 2 else Word.MOST if c >= n - 2 else c for c in counts]
    small = sum(counts[i] for i in few)
    if few and Word.MOST not in cells and small in _telling_sums(len(few)):
        order = [*range(few[0] + 1, len(counts)), *range(few[0])]
        partner = next((i for i in order if counts[i] > 2), None)
        if partner is None or _partner_nails(n, len(few), small + counts[partner]):
            return NOTHING
        cells[partner] = Word.HIDDEN
    return Shape("numbers", tuple(cells))


def _telling_sums(f: int) -> frozenset[int]:
    """Return the sums of `f` options with 0..2 each that are not safe to know."""
    return frozenset({0, 1, 2, 2 * f - 1, 2 * f})


@lru_cache(maxsize=4096)
def _partner_nails(n: int, f: int, hidden: int) -> bool:
    """Say whether knowing the hidden sum of `f` small options and one partner pins a small one."""
    sums = [s for s in _telling_sums(f) if s <= 2 * f and 3 <= hidden - s <= n - 3]
    others: set[int] = set()  # a small option that is not one's own, own answer elsewhere
    own: set[int] = set()  # one's own small option
    beside: set[int] = set()  # another small option, when one's own is small
    for s in sums:
        others.update(range(max(0, s - 2 * (f - 1)), min(2, s) + 1))
        if s >= 1:
            own.update(range(max(1, s - 2 * (f - 1)), min(2, s) + 1))
            if f > 1:
                beside.update(range(max(0, s - 2 * (f - 1)), min(2, s - 1) + 1))
    return any(len(values) == 1 and values <= telling(n) for values in (others, own, beside))


# Any number of choices per person ---------------------------------------------------------------


def shape_many(counts: Sequence[int], people: int) -> Shape:
    """Publish how many people ticked each option, when everybody may tick any number, also none.

    The options are then independent: nothing about one follows from another, so
    each is judged alone. Few leaves 0, 1, 2 (or 1, 2 for somebody who ticked
    it); most leaves at least two counts for everybody; exact counts lie in
    3..n-3, and `some` is never a telling count, so it may be certain.
    """
    if people < SMALLEST:
        return NOTHING
    if people < NUMBERS_FROM:
        return Shape("words", tuple(word_for(c, people) for c in counts))
    return Shape("numbers", tuple(Word.FEW if c <= 2 else Word.MOST if c >= people - 2 else c for c in counts))


# Scales -----------------------------------------------------------------------------------------


def lean(values: Sequence[int], low: int, high: int) -> Lean | None:
    """Return where 5 to 9 answers on a scale lean by their mean; None for any other number.

    The ends are the outer thirds, widened for five people to two fifths: "low"
    must leave room for two people at the very top, or somebody who chose the top
    would know to be alone there. That takes a sum (counted from `low`) of twice
    the span; a third of n spans is that much from six people on.
    """
    n = len(values)
    if not SMALLEST <= n < NUMBERS_FROM:
        return None
    span = high - low
    total = sum(v - low for v in values)
    room = max(n * span, 6 * span)  # three times the sum that still counts as low
    if 3 * total <= room:
        return "low"
    if 3 * (n * span - total) <= room:
        return "high"
    return "middle"


def scale_groups(n: int, low: int, high: int) -> tuple[tuple[int, int], ...]:
    """Return the groups of neighbouring points in which `n` answers are counted, as (first, last).

    Three groups below 20 people, five below 60, then each point: about twelve
    people per bar, so that few bars fall below three. It depends on n and the
    scale alone, never on the answers; otherwise the choice itself would tell.
    """
    points = high - low + 1
    wanted = 3 if n < 20 else 5 if n < 60 else points
    groups = min(points, wanted)
    size, extra = divmod(points, groups)
    sizes = [size] * groups
    middle = groups // 2
    if extra % 2:
        sizes[middle] += 1
    for step in range(1, extra // 2 + 1):  # groups is odd whenever there is an extra pair
        sizes[middle - step] += 1
        sizes[middle + step] += 1
    out, first = [], low
    for width in sizes:
        out.append((first, first + width - 1))
        first += width
    return tuple(out)


def centre(shape: Shape, n: int) -> int | None:
    """Return the group that holds the median, as far as the published cells alone decide it."""
    if shape.precision != "numbers":
        return None
    bounds = [_bounds(cell, n) for cell in shape.cells]
    low_sum, high_sum = sum(b[0] for b in bounds), sum(b[1] for b in bounds)
    before_low = before_high = 0
    for i, (low, high) in enumerate(bounds):
        most_before = min(before_high, n - (low_sum - before_low))
        least_through = max(before_low + low, n - (high_sum - before_high - high))
        if 2 * most_before < n <= 2 * least_through:
            return i
        before_low, before_high = before_low + low, before_high + high
    return None


def _bounds(cell: Cell, n: int) -> tuple[int, int]:
    if isinstance(cell, int):
        return cell, cell
    return {Word.FEW: (0, 2), Word.MOST: (n - 2, n)}.get(cell, (3, n - 3))


# Words in a cloud -------------------------------------------------------------------------------


def word_sizes(counts: Sequence[int], people: int, each: int) -> tuple[Word, ...] | None:
    """Return a size class for every different word, or None when the cloud cannot be shown.

    `each` is how many words a person may give (at least one, no word twice).
    One or two different words are not shown: a single word means that everybody
    wrote it. With three or more, the words themselves are shown like cards, so a
    shown word has at least one author; that as many different words as people
    means one author each is the nature of a cloud, as of cards. The sizes must
    not add to it: they are used only where they pin no count, else all words
    are drawn alike, which is also how a cloud without any repetition looks.
    """
    if len(counts) < 3:
        return None
    flat = (Word.FEW,) * len(counts)
    if people < SMALLEST:
        return flat
    sizes = tuple(word_for(c, people) for c in counts)
    if each > 1 and _sizes_nail((len(counts), 0, 0), people, each):
        return flat
    numbers = (sizes.count(Word.FEW), sizes.count(Word.SOME), sizes.count(Word.MOST))
    return flat if _sizes_nail(numbers, people, each) else sizes


@lru_cache(maxsize=4096)
def _sizes_nail(numbers: tuple[int, int, int], n: int, each: int) -> bool:
    """Say whether so many few, some and most words pin a count, for every own answer of 1..each words."""
    reaches = [(1, 2), _reach(Word.SOME, n), _reach(Word.MOST, n)]
    for mine in _own_words(numbers, each):
        kinds = []  # (low, high, how many such words)
        for (low, high), number, own in zip(reaches, numbers, mine, strict=True):
            kinds += [(low, high, own), (low, min(high, n - 1), number - own)]
        kinds = [k for k in kinds if k[2]]
        least, greatest = n - 1 + sum(mine), (n - 1) * each + sum(mine)
        low_sum = sum(low * number for low, _, number in kinds)
        high_sum = sum(high * number for _, high, number in kinds)
        if low_sum > greatest or high_sum < least:
            continue
        for low, high, _ in kinds:
            bottom = max(low, least - (high_sum - high))
            top = min(high, greatest - (low_sum - low))
            if bottom == top and bottom in telling(n):
                return True
    return False


def _own_words(numbers: tuple[int, int, int], each: int) -> Iterator[tuple[int, int, int]]:
    """Yield how many few, some and most words one person's answer may hold."""
    few, some, most = numbers
    for a in range(min(few, each) + 1):
        for b in range(min(some, each - a) + 1):
            for c in range(min(most, each - a - b) + 1):
                if a + b + c:
                    yield a, b, c
