"""Promise 10 for rankings, points and dots: the enumeration decides.

All results of a group are collected by what is published of them. With the reader's own answer, whatever it was, no
count of people may be certain that is 1, 2, n-2, n-1 or n: not of those who gave an option something, not of those who
gave it all they could. The same checker must find the leak in exact means.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import pytest

from workshop import publication_votes as votes
from workshop.activities import KINDS
from workshop.activities.points import PointsConfig
from workshop.publication import NOTHING, Word, shape_single, telling

Totals = tuple[int, ...]


def answers(options: int, limit: int, least: int, most: int, step: int = 1) -> list[Totals]:
    """Return every answer that gives each option 0..limit in steps, and `least` to `most` in all."""
    values = range(0, limit + 1, step)
    return [one for one in itertools.product(values, repeat=options) if least <= sum(one) <= most]


def results(n: int, options: int, limit: int, least: int, most: int, step: int = 1) -> Iterator[Totals]:
    """Yield every vector of totals that n such answers can add up to.

    Totals of at most n * limit each whose sum n people can give can always be dealt out evenly.
    """
    for head in itertools.product(range(0, n * limit + 1, step), repeat=options - 1):
        for last in range(0, n * limit + 1, step):
            if n * least <= sum(head) + last <= n * most:
                yield (*head, last)


def leaks(
    publish: Callable[[Totals], Hashable],
    n: int,
    options: int,
    limit: int,
    least: int,
    most: int,
    step: int = 1,
) -> list[tuple[Hashable, Totals, int, str, int]]:
    """Return each (output, own answer, option, what, count) that somebody could be certain of.

    What is known of one option after taking one's own answer away is the range of what n-1 others gave it. From a
    total of others t, between t/limit (rounded up) and min(t/step, n-1) of them gave something, and between
    t - (n-1)(limit-step) in limits and t/limit gave their limit.
    """
    others, rest = n - 1, defaultdict(list)
    for totals in results(n, options, limit, least, most, step):
        rest[publish(totals)].append(totals)
    own_answers = answers(options, limit, least, most, step)
    found = []
    for output, members in rest.items():
        for own in own_answers:
            gave: list[set[int]] = [set() for _option in range(options)]
            for totals in members:
                left = [t - mine for t, mine in zip(totals, own, strict=True)]
                if min(left) < 0 or max(left) > others * limit or not others * least <= sum(left) <= others * most:
                    continue
                for option, t in enumerate(left):
                    mine = 1 if own[option] else 0
                    gave[option].add(-(-t // limit) + mine)
                    gave[option].add(min(t // step, others) + mine)
            for option, counts in enumerate(gave):
                if len(counts) == 1 and counts <= telling(n):
                    found.append((output, own, option, "gave", min(counts)))
    return found


# The checker catches what it is for ------------------------------------------------------------------------------------


def test_the_checker_catches_exact_totals_and_exact_means() -> None:
    assert leaks(lambda totals: totals, 10, 2, 1, 0, 2)
    assert leaks(lambda totals: tuple(round(t / 10, 1) for t in totals), 10, 2, 100, 100, 100, 20)


def test_the_checker_catches_dots_rounded_without_a_look_at_the_ends() -> None:
    assert leaks(lambda totals: tuple(votes.rounded(t) for t in totals), 13, 2, 1, 0, 2)


def test_the_checker_catches_means_whose_ends_are_narrower_than_two_people() -> None:
    assert leaks(lambda totals: tuple(10 * (t // 100) for t in totals), 10, 2, 100, 100, 100, 20)


def test_the_checker_catches_words_that_use_up_all_dots() -> None:
    def words(totals: Totals) -> Hashable:
        return tuple("most" if t > 4 else "some" if t > 2 else "few" for t in totals)

    assert leaks(words, 9, 3, 1, 0, 1)


# Words below ten --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "each"), [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2), (4, 3)])
@pytest.mark.parametrize("n", range(5, 10))
def test_words_about_supporters_give_nobody_away(n: int, options: int, each: int) -> None:
    assert leaks(lambda totals: votes.shape_supporters(totals, n, each), n, options, 1, 0, each) == []


@pytest.mark.parametrize("n", range(5, 10))
@pytest.mark.parametrize("each", range(1, 8))
@pytest.mark.parametrize("options", range(2, 13))
def test_published_words_leave_room_for_every_option(n: int, each: int, options: int) -> None:
    """Whatever the options: where words are shown, every count can still be another one, for every own answer."""
    reach = {Word.FEW: (0, 2), Word.SOME: (3, n // 2), Word.MOST: (n // 2 + 1, n)}
    for sizes in itertools.combinations_with_replacement([w for w in reach if reach[w][0] <= reach[w][1]], options):
        counts = [reach[word][0] for word in sizes]
        if votes.shape_supporters(counts, n, each) == NOTHING:
            continue
        number = Counter(sizes)
        low_sum = sum(counts)
        for mine in itertools.product(*(range(min(each, number[word]) + 1) for word in reach)):
            if sum(mine) > each:
                continue
            raised = dict(zip(reach, mine, strict=True))
            lows = low_sum + raised[Word.FEW]
            spare = (n - 1) * each + sum(mine) - lows
            for word in number:
                low, high = reach[word]
                for own in (0, 1):
                    if not (raised[word] if own else number[word] - raised[word]):
                        continue
                    bottom, top = max(low, own), min(high, n - 1 + own)
                    top = min(top, bottom + spare)
                    assert top > bottom or bottom not in telling(n), (n, each, sizes, mine, word)


def test_a_group_below_five_or_of_ten_gets_no_words() -> None:
    assert votes.shape_supporters((3, 1), 4, 2) == NOTHING
    assert votes.shape_supporters((3, 1), 10, 2) == NOTHING


def test_somebody_can_give_every_number_of_options_more_than_an_even_share() -> None:
    """What the words of points rest on: 0 to `each` options above, in every combination, and no other number."""
    for options, step in itertools.product(range(2, 9), (5, 10)):
        config = PointsConfig.model_validate(
            {"options": [{"id": f"o{i}", "label": "x"} for i in range(options)], "step": step}
        )
        assert config.even * options >= 100
        assert config.each * (config.even + step) <= 100 or config.each == 1
        assert config.each == options - 1 or (config.each + 1) * (config.even + step) > 100


# Numbers from ten on ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "limit", "each"), [(2, 1, 2), (3, 1, 2), (3, 1, 3), (2, 2, 2), (2, 2, 3), (2, 3, 3)]
)
@pytest.mark.parametrize("n", [10, 11, 12])
def test_dots_give_nobody_away(n: int, options: int, limit: int, each: int) -> None:
    assert leaks(lambda totals: votes.shape_dots(totals, n, limit, each), n, options, limit, 0, each) == []


@pytest.mark.parametrize("n", [10, 11, 12, 13, 16, 20, 27])
def test_points_over_two_options_give_nobody_away(n: int) -> None:
    assert leaks(lambda totals: votes.shape_points(totals, n), n, 2, 100, 100, 100, 10) == []


@pytest.mark.parametrize(("n", "step"), [(10, 10), (10, 20), (11, 20), (12, 20), (15, 20)])
def test_points_over_three_options_give_nobody_away(n: int, step: int) -> None:
    assert leaks(lambda totals: votes.shape_points(totals, n), n, 3, 100, 100, 100, step) == []


def test_points_always_have_a_picture_and_dots_nearly_always() -> None:
    for n, options in ((10, 3), (12, 3), (12, 4)):
        shapes = [votes.shape_points(totals, n) for totals in results(n, options, 100, 100, 100, 50)]
        assert NOTHING not in shapes
        assert sum(shape.precision == "numbers" for shape in shapes) > 0.3 * len(shapes), (n, options)
    dots = list(results(12, 4, 1, 0, 3))
    assert sum(votes.shape_dots(totals, 12, 1, 3) == NOTHING for totals in dots) < 0.2 * len(dots)


# Orders -----------------------------------------------------------------------------------------------------------------


def profiles(n: int, options: int) -> Iterator[Counter[Totals]]:
    """Yield every way in which n people can order the options, as how many chose which order."""
    orders = list(itertools.permutations(range(1, options + 1)))
    for chosen in itertools.combinations_with_replacement(orders, n):
        yield Counter(chosen)


def certain(publish: Callable[[Sequence[int], int], Hashable], n: int, options: int) -> list[Hashable]:
    """Return what a reader can be certain of: how many gave an option a place, or gave one whole order."""
    known: defaultdict[tuple[Hashable, Totals], dict[Hashable, set[int]]] = defaultdict(dict)
    orders = list(itertools.permutations(range(1, options + 1)))
    for profile in profiles(n, options):
        sums = [sum(order[i] * count for order, count in profile.items()) for i in range(options)]
        output = publish(sums, n)
        counts: dict[Hashable, int] = {order: profile[order] for order in orders}
        for i, place in itertools.product(range(options), range(1, options + 1)):
            counts[i, place] = sum(count for order, count in profile.items() if order[i] == place)
        for own in profile:
            kept = known[output, own]
            for what, count in counts.items():
                kept.setdefault(what, set()).add(count)
    return [
        (output, own, what, values)
        for (output, own), kept in known.items()
        for what, values in kept.items()
        if len(values) == 1 and values <= telling(n)
    ]


def test_the_checker_catches_exact_mean_places() -> None:
    assert certain(lambda sums, n: tuple(sums), 10, 3)
    assert certain(lambda sums, n: tuple(round(2 * total / n) for total in sums), 10, 3)


@pytest.mark.parametrize("n", [10, 11])
def test_the_order_of_a_group_gives_nobody_away(n: int) -> None:
    assert certain(votes.group_order, n, 3) == []


def test_the_order_holds_for_every_group_that_is_larger_or_has_more_options() -> None:
    """Each order of n people is also the order of others: everybody alike, or two of them anything at all."""
    for n, options in itertools.product((10, 12, 20), range(3, 9)):
        places = range(1, options + 1)
        alike = votes.group_order([n * place for place in places], n)
        for two in (places, places[::-1], [*places[1:], 1]):
            mixed = [(n - 2) * place + 2 * other for place, other in zip(places, two, strict=True)]
            assert votes.group_order(mixed, n)[0] == alike[0] == 1


def test_below_ten_there_is_no_order_and_from_ten_no_first_places() -> None:
    kind = KINDS["ranking"]
    config = kind.Config.model_validate({"options": [{"id": name, "label": name} for name in "abc"]})
    for n in range(1, 14):
        bodies = [{"order": ["a", "b", "c"] if i % 3 else ["c", "a", "b"]} for i in range(n)]
        result = kind.aggregate(config, bodies)
        assert bool(result.places) == (n >= 10)
        assert (result.first == NOTHING) or n < 10
        assert result.people == (n if n >= 10 else 0)
        if 5 <= n < 10:
            firsts = [sum(body["order"][0] == name for body in bodies) for name in "abc"]
            assert result.first == shape_single(firsts)


# What the kinds store ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ranking", "points", "dot_vote"])
def test_nothing_that_is_stored_of_a_small_group_holds_a_number(name: str) -> None:
    kind = KINDS[name]
    config = kind.Config.model_validate({"options": [{"id": f"o{i}", "label": f"O {i}"} for i in range(4)]})
    bodies = [kind.clean(config, fields) for fields in kind.examples(config)]
    for n in range(10):
        stored = kind.dump(kind.aggregate(config, bodies[:n]))
        assert stored.pop("people") == 0
        assert _no_number(stored)


def _no_number(data: object) -> bool:
    if isinstance(data, dict):
        return all(map(_no_number, data.values()))
    if isinstance(data, Iterable) and not isinstance(data, str):
        return all(map(_no_number, data))
    return isinstance(data, str)


def test_coarse_points_of_a_large_group_say_points_and_never_count_people() -> None:
    kind = KINDS["points"]
    config = kind.Config.model_validate({"options": [{"id": name, "label": name} for name in "abc"]})
    result = kind.aggregate(config, [{"points": {"a": 50, "b": 50}}] * 12)
    chart = kind.chart(config, result)

    assert chart is not None
    assert result.shape.cells == (Word.SOME, Word.SOME, Word.FEW)
    assert [bar.shown for bar in chart.bars] == ["20 to 80", "20 to 80", "under 20"]
    assert "people" not in chart.title
