"""Promise 10 for a question that is asked twice: nothing of the first round can be taken from the second.

The room has the first round's published cells, in numbers from ten people on. What it
gets of the second is words and a direction. Here every result of the second round
is counted out, for every way in which the first may have been published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from workshop import publication, rounds
from workshop.activities import KINDS
from workshop.activities.choice import ChoiceAggregate, ChoiceConfig
from workshop.activities.scale import ScaleAggregate, ScaleConfig
from workshop.guides.schema import Activity

OPTIONS = [{"id": name, "label": name.title()} for name in ("a", "b", "c")]
CHOICE = ChoiceConfig.model_validate({"options": OPTIONS})
SCALE = ScaleConfig()
TEN = publication.NUMBERS_FROM


def activity(kind: str, config: Any) -> Activity:
    return Activity("now", kind, "?", "", "close", "room", None, None, config, again="first")


def splits(people: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (people,)
        return
    for first in range(people + 1):
        for rest in splits(people - first, cells - 1):
            yield (first, *rest)


def choice(counts: tuple[int, ...]) -> ChoiceAggregate:
    people = sum(counts)
    return ChoiceAggregate(publication.shape_single(counts), people if people >= TEN else 0)


def scale(counts: tuple[int, ...]) -> ScaleAggregate:
    people = sum(counts)
    groups = publication.scale_groups(people, SCALE.low, SCALE.high)
    return ScaleAggregate(shape=publication.shape_single(counts), groups=groups, people=people)


def second(kind: str, config: Any, first: Any, now: Any) -> object:
    """Return all that is kept of a second round."""
    item = activity(kind, config)
    moved = rounds.moved(item, {"result": KINDS[kind].dump(first)}, now)
    return tuple(moved), repr(KINDS[kind].dump(KINDS[kind].coarse(config, now)))


def exact(kind: str, config: Any, first: Any, now: Any) -> object:
    """The leaky control: the difference between the rounds' true counts."""
    return repr(now)


def leaks(
    first: Any, results: list[tuple[tuple[int, ...], Any]], publish: Callable[[Any, Any], object]
) -> list[object]:
    """Return the outputs from which somebody is sure of a telling count of the second round."""
    possible: defaultdict[tuple[object, int], set[tuple[int, ...]]] = defaultdict(set)
    for counts, aggregate in results:
        for own, mine in enumerate(counts):
            if mine:
                possible[publish(first, aggregate), own].add(counts)
    people = sum(results[0][0])
    return [
        key
        for key, vectors in possible.items()
        for cell in range(len(results[0][0]))
        if len(values := {vector[cell] for vector in vectors}) == 1 and values <= publication.telling(people)
    ]


@pytest.mark.parametrize("people", [5, 8, 10, 12])
def test_no_second_round_of_a_choice_gives_a_count_away_whatever_the_first_was(people: int) -> None:
    results = [(counts, choice(counts)) for counts in splits(people, 3)]
    firsts = {repr(one.shape): one for size in (7, 11) for one in map(choice, splits(size, 3))}
    for first in firsts.values():
        assert leaks(first, results, lambda f, n: second("choice", CHOICE, f, n)) == []


@pytest.mark.parametrize("people", [10, 11, 12])
def test_no_second_round_of_a_scale_gives_a_count_away_whatever_the_first_was(people: int) -> None:
    results = [(counts, scale(counts)) for counts in splits(people, 3)]
    firsts = {repr(one.shape): one for one in map(scale, splits(11, 3))}
    for first in firsts.values():
        assert leaks(first, results, lambda f, n: second("scale", SCALE, f, n)) == []


def test_the_same_count_finds_the_leak_where_the_true_counts_are_said() -> None:
    results = [(counts, counts) for counts in splits(11, 3)]
    assert leaks(choice((4, 4, 3)), results, lambda f, n: exact("choice", CHOICE, f, n))


def pair(before: tuple[int, ...], after: tuple[int, ...]) -> str:
    """Return what is kept and shown of both rounds, with the second round's numbers taken out of what the room knew."""
    first, now = choice(before), choice(after)
    item = activity("choice", CHOICE)
    kind = KINDS["choice"]
    release = {
        "result": kind.dump(kind.coarse(CHOICE, now)),
        "moved": rounds.moved(item, {"result": kind.dump(first)}, now),
    }
    return repr((release, rounds.compare(activity("choice", CHOICE), {"result": kind.dump(first)}, item, release)))


def test_one_person_who_left_cannot_be_found_by_the_difference() -> None:
    """Everybody answers as before but one, who has gone: whose answer is missing is not to be seen."""
    before = (5, 4, 3)
    left = {pair(before, tuple(n - (i == gone) for i, n in enumerate(before))) for gone in (0, 1)}
    assert len(left) == 1


def test_no_number_of_a_second_round_is_kept_or_shown() -> None:
    kind = KINDS["scale"]
    for counts in splits(12, 3):
        kept = kind.dump(kind.coarse(SCALE, scale(counts)))
        assert set(kept) == {"lean", "again", "place"}
        assert kept["place"] is None or (2 * 9 * kept["place"]).is_integer()
        assert "12" not in repr(kind.chart(SCALE, kind.load(kept)))
    for counts in splits(12, 3):
        assert not any(isinstance(cell, int) for cell in KINDS["choice"].coarse(CHOICE, choice(counts)).shape.cells)
