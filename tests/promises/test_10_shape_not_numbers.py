"""Promise 10: shape, not numbers, for small groups. The enumeration decides.

For every output, all count vectors that give that output are collected. With
the reader's own answer (any that occurs among them) no count may be certain
that is 1, 2, n-2, n-1 or n. The same checker must catch leaky rules.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workshop import publication
from workshop.activities import KINDS
from workshop.activities.choice import ChoiceConfig, Option
from workshop.activities.scale import ScaleConfig
from workshop.activities.word_cloud import WordCloudConfig
from workshop.publication import NOTHING, Shape, Word, telling

Counts = tuple[int, ...]
Leak = tuple[Hashable, int, int, int]  # output, own option, exposed option, its certain count


def vectors(n: int, options: int) -> Iterator[Counts]:
    """Yield every way in which n people can give one choice each."""
    if options == 1:
        yield (n,)
        return
    for first in range(n + 1):
        for rest in vectors(n - first, options - 1):
            yield (first, *rest)


def leaks(publish: Callable[[Counts], Hashable], results: Iterable[Counts], n: int) -> list[Leak]:
    """Return every certain telling count that somebody can deduce from an output and their own answer."""
    possible: defaultdict[tuple[Hashable, int, int], set[int]] = defaultdict(set)
    for counts in results:
        output = publish(counts)
        for own, mine in enumerate(counts):
            if mine:
                for option, count in enumerate(counts):
                    possible[output, own, option].add(count)
    return [
        (output, own, option, min(values))
        for (output, own, option), values in possible.items()
        if len(values) == 1 and values <= telling(n)
    ]


# The checker catches what it is for -----------------------------------------------------------------------------------


def test_the_checker_catches_exact_counts() -> None:
    found = leaks(lambda counts: counts, vectors(8, 4), 8)

    assert {count for *_rest, count in found} == {1, 2, 6, 7, 8}


def test_the_checker_catches_words_without_a_look_at_what_they_leave_possible() -> None:
    def words(counts: Counts) -> Hashable:
        return tuple(publication.word_for(c, sum(counts)) for c in counts)

    assert leaks(words, vectors(6, 3), 6)  # few, few, few is 2-2-2


def test_the_checker_catches_small_cells_whose_complement_stands_beside_them() -> None:
    def without_complement(counts: Counts) -> Hashable:
        return tuple("few" if c <= 2 else c for c in counts)

    assert leaks(without_complement, vectors(12, 3), 12)


def test_the_checker_catches_a_complement_chosen_by_its_size() -> None:
    def smallest_hidden(counts: Counts) -> Hashable:
        cells: list[Hashable] = ["few" if c <= 2 else c for c in counts]
        large = [i for i, c in enumerate(counts) if c > 2]
        if len(large) < len(counts) and large:
            cells[min(large, key=lambda i: counts[i])] = "hidden"
        return tuple(cells)

    assert leaks(smallest_hidden, vectors(11, 4), 11)


def test_the_checker_catches_a_mean_that_only_extremes_can_give() -> None:
    def exact_mean(counts: Counts) -> Hashable:
        return sum(i * c for i, c in enumerate(counts))

    assert leaks(exact_mean, vectors(6, 5), 6)


# One choice per person ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("n", range(1, 15))
def test_no_result_of_one_choice_each_gives_anybody_away(n: int, options: int) -> None:
    if n < 5:
        assert all(publication.shape_single(counts) == NOTHING for counts in vectors(n, options))
        return
    assert leaks(publication.shape_single, vectors(n, options), n) == []


@pytest.mark.parametrize("n", [5, 6, 7, 8, 9])
@pytest.mark.parametrize("options", [7, 8])
def test_many_options_for_a_small_group_give_nobody_away(n: int, options: int) -> None:
    assert leaks(publication.shape_single, vectors(n, options), n) == []


def test_for_three_or_four_people_even_more_or_fewer_than_some_number_would_give_somebody_away() -> None:
    for n in (3, 4):
        for cut in range(1, n + 1):
            assert leaks(lambda counts, cut=cut: counts[0] < cut, vectors(n, 2), n), (n, cut)


def test_small_groups_read_words_and_never_a_number() -> None:
    for n in range(5, 10):
        for counts in vectors(n, 4):
            assert all(isinstance(cell, Word) for cell in publication.shape_single(counts).cells)


def test_most_small_results_can_still_be_shown() -> None:
    for n, options in itertools.product(range(5, 15), range(2, 7)):
        if n == 6 and options == 3:
            continue  # 2-2-2 needs company to be silent
        results = list(vectors(n, options))
        silent = sum(publication.shape_single(counts) == NOTHING for counts in results)
        assert silent <= 0.2 * len(results), (n, options)


def test_everybody_agreeing_is_called_most() -> None:
    assert publication.shape_single((20, 0, 0)).cells == (Word.MOST, Word.FEW, Word.FEW)
    assert publication.shape_single((18, 2, 0)).cells == (Word.MOST, Word.FEW, Word.FEW)
    assert publication.shape_single((7, 0)).cells == (Word.MOST, Word.FEW)


def test_a_large_even_room_reads_all_its_numbers() -> None:
    assert publication.shape_single((30, 28, 25, 17)) == Shape("numbers", (30, 28, 25, 17))


def _others(counts: Counts) -> Iterator[Counts]:
    """Yield count vectors near this one, and those that the silent class always holds."""
    size, n = len(counts), sum(counts)
    for i, j in itertools.permutations(range(size), 2):
        for moved in (1, 2, 3):
            if counts[i] >= moved:
                near = list(counts)
                near[i] -= moved
                near[j] += moved
                yield tuple(near)
        far = [0] * size
        far[i], far[j] = 4, n - 4
        yield tuple(far)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=12).filter(lambda c: 10 <= sum(c) <= 300))
def test_no_result_of_a_large_room_gives_anybody_away(drawn: list[int]) -> None:
    counts = tuple(drawn)
    n, output = sum(counts), publication.shape_single(counts)
    same = [c for c in {counts, *_others(counts)} if publication.shape_single(c) == output]
    for own in (i for i, c in enumerate(counts) if c):
        members = [c for c in same if c[own]]
        for option, count in enumerate(counts):
            assert count not in telling(n) or len({c[option] for c in members}) > 1, (output, own, option)


# Any number of choices per person -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(5, 15))
def test_no_result_of_many_choices_gives_anybody_away(n: int) -> None:
    # The options are independent and no answer is impossible, so one option is the whole proof.
    possible: defaultdict[tuple[Shape, bool], set[int]] = defaultdict(set)
    for count in range(n + 1):
        shape = publication.shape_many((count,), n)
        for ticked in (True, False):
            if (count if ticked else n - count) >= 1:
                possible[shape, ticked].add(count)

    assert not [key for key, values in possible.items() if len(values) == 1 and values <= telling(n)]


def test_many_choices_of_three_or_four_people_stay_unseen() -> None:
    assert publication.shape_many((3, 1), 3) == NOTHING
    assert publication.shape_many((4, 0), 4) == NOTHING


# Scales ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [3, 4, 5, 7, 10, 11])
@pytest.mark.parametrize("n", [5, 6, 7, 8])
def test_the_lean_of_a_small_group_gives_nobody_away(n: int, points: int) -> None:
    assert leaks(_lean, vectors(n, points), n) == []


@pytest.mark.parametrize("points", [3, 5, 10])
def test_the_lean_of_nine_people_gives_nobody_away(points: int) -> None:
    assert leaks(_lean, vectors(9, points), 9) == []


def _lean(counts: Counts) -> str | None:
    values = [point for point, count in enumerate(counts, 1) for _person in range(count)]
    return publication.lean(values, 1, len(counts))


def test_the_lean_is_only_for_five_to_nine() -> None:
    assert publication.lean([1, 1, 1, 1], 1, 10) is None
    assert publication.lean([1] * 10, 1, 10) is None


def test_a_lean_and_numbers_never_stand_side_by_side() -> None:
    kind, config = KINDS["scale"], ScaleConfig()
    for n in range(3, 40):
        result = kind.aggregate(config, [{"value": 1 + (i * 7) % 10} for i in range(n)])
        assert result.lean is None or (result.shape == NOTHING and result.people == 0)


@given(st.integers(10, 400), st.integers(3, 11), st.integers(0, 5))
def test_the_groups_of_a_scale_cover_every_point_once_and_are_even(n: int, points: int, low: int) -> None:
    groups = publication.scale_groups(n, low, low + points - 1)
    widths = [last - first + 1 for first, last in groups]

    assert [point for first, last in groups for point in range(first, last + 1)] == list(range(low, low + points))
    assert widths == widths[::-1]
    assert max(widths) - min(widths) <= 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=3, max_size=6).filter(lambda c: sum(c) >= 10))
def test_the_centre_is_decided_by_published_cells_alone(counts: list[int]) -> None:
    n, shape = sum(counts), publication.shape_single(counts)
    place = publication.centre(shape, n)
    if place is not None:
        before, through = sum(counts[:place]), sum(counts[: place + 1])
        assert 2 * before < n <= 2 * through


# Words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(5, 13))
def test_the_sizes_of_words_give_nobody_away(n: int) -> None:
    for different in range(3, n):  # as many words as people is one each, as with cards
        results = (tuple(c + 1 for c in rest) for rest in vectors(n - different, different))
        assert leaks(lambda counts: publication.word_sizes(counts, n, 1), results, n) == []


@pytest.mark.parametrize("each", [2, 3])
@pytest.mark.parametrize("n", [5, 6])
def test_the_sizes_of_several_words_each_give_nobody_away(n: int, each: int) -> None:
    for different in (3, 4, 5):
        outputs: defaultdict[Hashable, list[Counts]] = defaultdict(list)
        for counts in itertools.product(range(1, n + 1), repeat=different):
            if n <= sum(counts) <= n * each:
                outputs[publication.word_sizes(counts, n, each)].append(counts)
        for output, members in outputs.items():
            for own in _answers(different, each):
                fits = [c for c in members if _could_be(c, own, n, each)]
                for word in range(different if fits else 0):
                    values = {c[word] for c in fits}
                    assert len(values) > 1 or not values <= telling(n), (output, own, word, values)


def _answers(different: int, each: int) -> Iterator[tuple[int, ...]]:
    for length in range(1, each + 1):
        yield from itertools.combinations(range(different), length)


def _could_be(counts: Counts, own: Sequence[int], n: int, each: int) -> bool:
    """Say whether n-1 others with 1..each different words can have given the rest."""
    rest = [c - (i in own) for i, c in enumerate(counts)]
    return max(rest) <= n - 1 and n - 1 <= sum(rest) <= (n - 1) * each


def test_a_room_that_wrote_one_or_two_words_does_not_see_them() -> None:
    kind, config = KINDS["word_cloud"], WordCloudConfig()

    assert kind.aggregate(config, [{"words": ["tired"]}] * 9).words == ()
    assert kind.aggregate(config, [{"words": ["tired"]}] * 5 + [{"words": ["calm"]}] * 4).words == ()


def test_a_rolling_cloud_has_one_size_for_all_words() -> None:
    kind, config = KINDS["word_cloud"], WordCloudConfig(rolling=True)
    bodies = [{"words": [w]} for w in ["tired"] * 9 + ["calm"] * 5 + ["open", "busy"]]

    assert {size for _word, size in kind.aggregate(config, bodies).words} == {Word.FEW}


def test_a_shown_word_does_not_tell_how_others_spelled_it() -> None:
    kind, config = KINDS["word_cloud"], WordCloudConfig()
    spellings = [["Tired", "tired", "TIRED"], ["tired", "tired", "tired"]]
    shown = set()
    for words in spellings:
        bodies = [kind.clean(config, {"word-0": [w]}) for w in [*words, "calm", "open"]]
        shown.add(kind.aggregate(config, bodies))

    assert len(shown) == 1


# What the kinds store -------------------------------------------------------------------------------------------------


def test_nothing_that_is_stored_of_a_small_choice_holds_a_number() -> None:
    kind = KINDS["choice"]
    config = ChoiceConfig(options=tuple(Option(id=f"o{i}", label=f"Option {i}") for i in range(4)))
    for counts in vectors(7, 4):
        bodies = [{"choice": [f"o{i}"]} for i, count in enumerate(counts) for _person in range(count)]
        stored = kind.dump(kind.aggregate(config, bodies))
        assert stored["people"] == 0
        assert all(isinstance(cell, str) for cell in stored["shape"]["cells"])
