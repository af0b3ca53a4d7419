"""Comparisons of rounds: nobody learns from two rounds beside each other what neither tells alone (promise 10).

Every result of both rounds is enumerated. What a reader has is the published
output of each round, the comparison, and their own answer in each; what is still
possible then must leave every count open that would give somebody away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest

from workshop import comparisons, publication
from workshop.comparisons import Standing
from workshop.publication import NOTHING, Shape, Word

LOW, HIGH = 1, 10

Output = object
Compare = Callable[[Output, Output, Sequence[int], Sequence[int]], object]
"""From both outputs and, for the leaky control alone, both true results to what is shown beside each other."""


def vectors(n: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield every way in which n people can be spread over some places."""
    if parts == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in vectors(n - first, parts - 1):
            yield (first, *rest)


class Round:
    """Every result that n people can give, grouped by what is published of it."""

    def __init__(
        self, n: int, results: Sequence[tuple[int, ...]], publish: Callable[[tuple[int, ...]], Output]
    ) -> None:
        self.n = n
        self.results = np.array(results)
        self.outputs: dict[Output, list[int]] = {}
        for index, result in enumerate(results):
            self.outputs.setdefault(publish(result), []).append(index)


@lru_cache
def numbers_on_a_scale(n: int) -> Round:
    """Return ten people or more on ten points: published by groups of points."""
    groups = publication.scale_groups(n, LOW, HIGH)
    return Round(n, list(vectors(n, len(groups))), publication.shape_single)


@lru_cache
def lean_on_a_scale(n: int, points: int) -> Round:
    """Return five to nine people on a scale: published as a lean."""

    def publish(counts: tuple[int, ...]) -> Output:
        values = [point for point, count in enumerate(counts, start=1) for _person in range(count)]
        return publication.lean(values, 1, points)

    return Round(n, list(vectors(n, points)), publish)


@lru_cache
def choice(n: int, options: int) -> Round:
    """Return people who chose one option each."""
    return Round(n, list(vectors(n, options)), publication.shape_single)


def stood(output: Output, n: int) -> Standing | None:
    """Return where a published round stood."""
    if isinstance(output, Shape):
        return comparisons.stood(None, output, publication.scale_groups(n, LOW, HIGH), n, LOW, HIGH)
    return comparisons.stood(output, NOTHING, (), 0, LOW, HIGH)  # type: ignore[arg-type]


def scales(first: Round, second: Round) -> Compare:
    """Return what is really shown of two rounds of a scale."""

    def compare(one: Output, other: Output, *_true: Sequence[int]) -> object:
        before, after = stood(one, first.n), stood(other, second.n)
        return (before and before.band, after and after.band, comparisons.step(before, after))

    return compare


def choices(first: Round, second: Round) -> Compare:
    """Return what is really shown of two rounds of a choice."""

    def compare(one: Output, other: Output, *_true: Sequence[int]) -> object:
        assert isinstance(one, Shape)
        assert isinstance(other, Shape)
        return (
            comparisons.amounts(one, first.n),
            comparisons.amounts(other, second.n),
            comparisons.steps(one, first.n, other, second.n),
        )

    return compare


def exact_pairs(_first: Round, _second: Round) -> Compare:
    """Return the leak: how many more people are in the first place than the time before."""

    def compare(_one: Output, _other: Output, true_one: Sequence[int], true_other: Sequence[int]) -> object:
        return int(true_other[0]) - int(true_one[0])

    return compare


def leaks(first: Round, second: Round, compare: Compare) -> int:
    """Return for how many readers some count, or everybody's answer, is certain in one of the rounds."""
    found = 0
    for (one, rows), (other, columns) in product(first.outputs.items(), second.outputs.items()):
        a, b = first.results[rows], second.results[columns]
        shown: dict[object, int] = {}
        said = np.array(
            [[shown.setdefault(compare(one, other, x, y), len(shown)) for y in b] for x in a]
            if compare.__qualname__.startswith("exact_pairs")
            else np.full((len(a), len(b)), shown.setdefault(compare(one, other, (), ()), 0))
        )
        for number in shown.values():
            here = said == number
            for mine, theirs, matrix, n in ((a, b, here, first.n), (b, a, here.T, second.n)):
                for own_there in range(theirs.shape[1]):
                    possible = (matrix & (theirs[:, own_there] >= 1)[None, :]).any(axis=1)
                    for own_here in range(mine.shape[1]):
                        left = mine[possible & (mine[:, own_here] >= 1)]
                        if len(left):
                            lowest, highest = left.min(axis=0), left.max(axis=0)
                            certain = lowest[lowest == highest]
                            found += sum(int(count) in publication.telling(n) for count in certain)
    return found


@pytest.mark.parametrize(("n", "m"), [(10, 10), (11, 12), (12, 12), (10, 12)])
def test_two_rounds_of_ten_to_twelve_on_a_scale_tell_on_nobody(n: int, m: int) -> None:
    first, second = numbers_on_a_scale(n), numbers_on_a_scale(m)
    assert leaks(first, second, scales(first, second)) == 0
    assert leaks(first, second, exact_pairs(first, second)) > 100, "the leaky control must be caught"


@pytest.mark.parametrize(("n", "m"), [(5, 5), (6, 7), (5, 9)])
def test_two_small_rounds_on_a_scale_tell_on_nobody(n: int, m: int) -> None:
    first, second = lean_on_a_scale(n, 5), lean_on_a_scale(m, 5)
    assert leaks(first, second, scales(first, second)) == 0


def test_a_small_round_beside_a_larger_one_tells_on_nobody() -> None:
    first, second = lean_on_a_scale(7, 4), numbers_on_a_scale(11)
    assert leaks(first, second, scales(first, second)) == 0


@pytest.mark.parametrize(("n", "m", "options"), [(10, 10, 3), (11, 12, 3), (12, 10, 4), (6, 9, 4), (7, 12, 3)])
def test_two_rounds_of_a_choice_tell_on_nobody(n: int, m: int, options: int) -> None:
    first, second = choice(n, options), choice(m, options)
    assert leaks(first, second, choices(first, second)) == 0


def test_the_leak_of_a_choice_is_caught() -> None:
    first, second = choice(10, 3), choice(11, 3)
    assert leaks(first, second, exact_pairs(first, second)) > 100


@pytest.mark.parametrize("n", range(5, 10))
def test_below_ten_a_comparison_is_the_lean_that_was_published_and_nothing_else(n: int) -> None:
    """All ten points, every number of people: a small round adds its lean, never a direction."""
    for lean in ("low", "middle", "high"):
        assert comparisons.stood(lean, NOTHING, (), 0, LOW, HIGH) == Standing(lean)  # type: ignore[arg-type]
    assert comparisons.stood(None, NOTHING, (), n, LOW, HIGH) is None
    assert comparisons.step(Standing("low"), Standing("high", 0.9)) is None


# -- what it says is true


@pytest.mark.parametrize("n", [10, 12, 20, 60])
def test_a_clear_move_is_seen_and_a_small_one_is_not(n: int) -> None:
    def at(values: Sequence[int]) -> Standing | None:
        groups = publication.scale_groups(n, LOW, HIGH)
        counts = [sum(first <= value <= last for value in values) for first, last in groups]
        return comparisons.stood(None, publication.shape_single(counts), groups, n, LOW, HIGH)

    low = at([2 if i % 4 else 5 for i in range(n)])
    high = at([9 if i % 4 else 6 for i in range(n)])
    assert low
    assert high
    assert (low.band, high.band) == ("low", "high")
    assert comparisons.step(low, high) == "up"
    assert comparisons.step(high, low) == "down"
    assert comparisons.step(low, low) == "same"


def test_shares_move_by_more_than_a_tenth_or_not_at_all() -> None:
    before = Shape("numbers", (3, 9, Word.FEW))
    after = Shape("numbers", (6, 8, Word.HIDDEN))
    assert comparisons.steps(before, 14, after, 14) == ("up", "same", None)
    assert comparisons.steps(before, 14, NOTHING, 14) == ()
    assert comparisons.steps(Shape("words", (Word.SOME,)), 0, Shape("numbers", (5,)), 10) == (None,)
    assert comparisons.amounts(after, 14) == ("some", "most", "hidden")


def test_the_drawing_says_its_finding_and_shows_each_round() -> None:
    drawn = ElementTree.fromstring(
        comparisons.svg("Up & <on>", [("low", None), (None, None), ("high", None), ("high", "up")])
    )
    assert drawn[0].text == "Up & <on>"
    names = [one.tag.rpartition("}")[2] for one in drawn]
    assert (names.count("rect"), names.count("circle"), names.count("line")) == (3, 3, 1)
    heights = [float(str(one.get("cy"))) for one in drawn if one.tag.endswith("circle")]
    assert heights[0] > heights[1] > heights[2], "a step up inside a band is seen"
