"""Promise 10 for the 2x2, the statements and estimates: the enumeration decides, and several items tell no more.

A world is the joint table of everybody's answers. All worlds with the same output are what a reader cannot tell
apart; with their own answer added, no count may be certain that is 1, 2, n-2, n-1 or n. Counts are those of each item
and those across items (how many people chose this here and that there).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import pytest

from workshop import publication, publication_places
from workshop.activities import KINDS, statements

World = tuple[int, ...]
"""How many people gave each possible whole answer."""


def tables(n: int, cells: int) -> Iterator[World]:
    if cells == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in tables(n - first, cells - 1):
            yield (first, *rest)


def leaks(n: int, answers: Sequence[Any], events: Sequence[frozenset[int]], output: Callable[[World], Any]) -> set[Any]:
    """Return the outputs from which somebody, knowing their own answer, learns a telling count for certain."""
    seen: defaultdict[tuple[Any, int], list[set[int]]] = defaultdict(lambda: [set() for _event in events])
    for world in tables(n, len(answers)):
        out = output(world)
        counts = [sum(world[i] for i in event) for event in events]
        for own, people in enumerate(world):
            if people:
                for values, count in zip(seen[out, own], counts, strict=True):
                    values.add(count)
    telling = publication.telling(n)
    return {out for (out, _own), each in seen.items() for values in each if len(values) == 1 and values <= telling}


QUARTERS = [("low", "low"), ("low", "high"), ("high", "low"), ("high", "high")]
SIDES = [frozenset({2, 3}), frozenset({1, 3})]


def placed(world: World) -> Any:
    return publication_places.place([QUARTERS[i] for i, people in enumerate(world) for _one in range(people)])  # type: ignore[misc]


@pytest.mark.parametrize("n", range(5, 13))
def test_the_place_of_an_item_tells_no_count_on_an_axis_or_in_a_quarter(n: int) -> None:
    events = [*SIDES, *(frozenset({i}) for i in range(4))]
    assert not leaks(n, QUARTERS, events, placed)


@pytest.mark.parametrize("n", range(5, 8))
def test_the_places_of_two_items_together_tell_no_count_across_them(n: int) -> None:
    """Sixteen whole answers; the two sides of each item and every pair of sides across the items."""
    both = list(product((0, 1), repeat=3))  # both axes of one item and one axis of another: the smallest joint picture

    def output(world: World) -> Any:
        counts = [sum(people for one, people in zip(both, world, strict=True) if one[axis]) for axis in range(3)]
        return tuple(publication_places.side(count, n) for count in counts)

    events = [
        frozenset(i for i, one in enumerate(both) if all(one[axis] == want for axis, want in wanted))
        for size in (1, 2)
        for axes in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
        if len(axes) == size
        for wanted in product(*(((axis, 0), (axis, 1)) for axis in axes))
    ]
    assert not leaks(n, both, events, output)


def test_the_control_with_exact_joint_counts_is_caught() -> None:
    events = [*SIDES, *(frozenset({i}) for i in range(4))]
    for n in (5, 8, 12):
        assert leaks(n, QUARTERS, events, lambda world: world)
        exact = leaks(n, QUARTERS, events, lambda world: (world[2] + world[3], world[1] + world[3]))
        assert exact, "exact counts on both axes tell as well"


def test_a_simple_majority_would_not_do() -> None:
    """The control for the threshold: all but one on a side, said aloud, gives the one away."""

    def output(world: World) -> Any:
        return world[2] + world[3] >= 4

    assert leaks(5, QUARTERS, SIDES, output)


# Statements: a choice of four without its last -------------------------------------------------------------------------


TWO = statements.StatementsConfig.model_validate({"statements": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]})


def stated(world: World) -> Any:
    """As the kind itself: the world holds agree, partly, disagree, cannot say."""
    given = [view for view, people in zip(statements.VIEWS, world, strict=True) for _one in range(people)]
    bodies = [{"views": {"a": view, "b": "agree"}} for view in given]
    return KINDS["statements"].aggregate(TWO, bodies).shapes[0].cells


@pytest.mark.parametrize("n", range(5, 17))
def test_a_statement_without_those_who_cannot_say_tells_no_count(n: int) -> None:
    assert not leaks(n, range(4), [frozenset({i}) for i in range(4)], stated)


def test_exact_counts_of_a_statement_are_caught() -> None:
    assert leaks(12, range(4), [frozenset({i}) for i in range(4)], lambda world: world[:3])


@pytest.mark.parametrize("n", [5, 6, 10])
def test_two_statements_together_tell_no_count_across_them(n: int) -> None:
    """Any two marginals can belong to the same people, so the joint count is bounded by both alone.

    The worlds of both statements are all pairs of their tables: for each pair the joint count of two views can be
    every number between the two bounds (Fréchet). One's own answer is taken out first.
    """
    worlds: defaultdict[Any, list[World]] = defaultdict(list)
    for world in tables(n, 4):
        worlds[stated(world)].append(world)
    telling = publication.telling(n)
    reach: dict[tuple[Any, int, int], set[int]] = {}
    for out, group in worlds.items():
        for own in range(4):
            for view in range(4):
                others = {world[view] - (own == view) for world in group if world[own]}
                if others:
                    reach[out, own, view] = others
    cases = {(own == view, frozenset(others)) for (_out, own, view), others in reach.items()}
    for (own_a, a), (own_b, b) in product(cases, repeat=2):
        both = own_a and own_b
        lowest = min(max(0, x + y - (n - 1)) for x in a for y in b) + both
        highest = max(min(x, y) for x in a for y in b) + both
        certainly_none_else = max(a) == 0 or max(b) == 0  # nobody else is there: known from one statement alone
        assert lowest < highest or lowest not in telling or certainly_none_else


def test_what_a_statement_shows_depends_on_nobody_elses_statement() -> None:
    """The independence that the proofs rest on: change the second statement in every way, the first stays."""
    kind = KINDS["statements"]
    views = statements.VIEWS
    for n in (5, 9, 10, 12):
        first = [views[i % 3] for i in range(n)]
        shown = {
            kind.aggregate(
                TWO, [{"views": {"a": a, "b": views[(i * step + start) % 4]}} for i, a in enumerate(first)]
            ).shapes[0]
            for step in range(4)
            for start in range(4)
        }
        assert len(shown) == 1


# Estimates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(0, 2), (0, 4), (10, 15)])
@pytest.mark.parametrize("n", [5, 6, 7])
def test_the_lean_of_estimates_tells_no_count_of_any_number(n: int, low: int, high: int) -> None:
    points = range(low, high + 1)

    def output(world: World) -> Any:
        return publication.lean(
            [point for point, people in zip(points, world, strict=True) for _i in range(people)], low, high
        )

    assert not leaks(n, points, [frozenset({i}) for i in range(len(points))], output)


@pytest.mark.parametrize("n", range(10, 20))
def test_the_bands_of_estimates_tell_no_count(n: int) -> None:
    bands = publication_places.bands(n, 0, 1_000_000)
    assert len(bands) == 3
    assert bands[0][0] == 0
    assert bands[-1][1] == 1_000_000
    assert all(a[1] + 1 == b[0] for a, b in pairwise(bands))
    assert not leaks(n, bands, [frozenset({i}) for i in range(3)], lambda world: publication.shape_single(world).cells)


def test_an_estimate_says_its_lean_or_its_bands_never_both_nor_a_number_that_somebody_gave() -> None:
    kind = KINDS["estimate"]
    config = kind.Config.model_validate({"low": 0, "high": 1_000_000})
    for n in range(70):
        told = kind.dump(kind.aggregate(config, [{"value": 123_457 + i} for i in range(n)]))
        assert not (told["lean"] and told["shape"]["cells"])
        assert "12345" not in str(told).replace(",", "")
        assert (told["people"] >= 10) == (n >= 10)
