"""Who is linked to what: the best assignment that an attacker can find.

Lives here: the cheapest matching (Hungarian), the exact posterior where it can
be computed, and an attacker that learns from the assignments it has seen. Not
here: where its features come from (`evidence.py`, `season.py`).

The attacker knows the truth of earlier assignments and must find the next. That
is more than any real one has, and it needs no idea of the leak beforehand: an
order, an order upside down, a fixed permutation, a value that returns, or
several of them together, whatever helps is found and used.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .bounds import upper

Feature = Sequence[Any]
"""One value per item: numbers, or texts."""

BLOCKS = 10
"""The truth of a block is learnt after it was guessed; the first block is for learning alone."""
AUDITIONS = 40
"""Assignments of each block on which all ways to guess are compared."""

_LOTS = random.SystemRandom()


@dataclass(frozen=True)
class Case:
    """One assignment to find.

    `shown`: what is known of each item, by name of the feature. `truth`: for
    each item the index of its person. `known`: the same features of what each
    person did before, where the attacker links two answers rather than an
    answer and a moment; empty: person j is the one who was seen to send j-th.
    """

    shown: Mapping[str, Feature]
    truth: Sequence[int]
    known: Mapping[str, Feature] = field(default_factory=dict)
    people: int = 0  # 0: as many as items

    @property
    def size(self) -> int:
        """Return how many people there are."""
        return self.people or len(self.truth)

    @cached_property
    def telling(self) -> list[str]:
        """Return the features that tell any two items apart; asked for at each way to guess, so it is kept."""
        names = [name for name, values in self.shown.items() if len(set(map(str, values))) > 1]
        return [name for name in names if not self.known or len(self.known.get(name, ())) == self.size]


@dataclass
class Score:
    """What an attacker reached. `shares`: the part of right links of each assignment; `guess`: of a guesser."""

    guess: float
    shares: list[float] = field(default_factory=list)
    way: str = ""

    @property
    def advantage(self) -> float:
        """Return the share of right links beyond guessing."""
        return sum(self.shares) / len(self.shares) - self.guess if self.shares else 0.0

    @property
    def upper(self) -> float:
        """Return the bound of the advantage at 99 %."""
        return upper(self.shares, self.guess)


def ranks(values: Feature) -> list[int]:
    """Return the rank of each value among all; equal ones are drawn by lot, numbers stand before texts."""
    order = sorted(range(len(values)), key=lambda i: (*_key(values[i]), _LOTS.random()))
    result = [0] * len(values)
    for rank, index in enumerate(order):
        result[index] = rank
    return result


def _key(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return (1, 0.0, str(value))


def cheapest(cost: Sequence[Sequence[float]]) -> list[int]:
    """Return for each row its column in the cheapest matching of all (Hungarian, by shortest augmenting paths).

    There may be more columns than rows. Rows and columns are taken in an order
    drawn by lot, so that equal costs do not give away the order in which they lie.
    """
    rows, columns = len(cost), len(cost[0])
    row_lots, column_lots = _LOTS.sample(range(rows), rows), _LOTS.sample(range(columns), columns)
    table = [[cost[row][column] for column in column_lots] for row in row_lots]
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    owner, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], at = row, 0
        least, done = [math.inf] * (columns + 1), [False] * (columns + 1)
        while True:
            done[at] = True
            here, best, step = owner[at], 0, math.inf
            line, price = table[here - 1], row_price[here]
            for column in range(1, columns + 1):
                if not done[column]:
                    now = line[column - 1] - price - column_price[column]
                    if now < least[column]:
                        least[column], way[column] = now, at
                    if least[column] < step:
                        step, best = least[column], column
            for column in range(columns + 1):
                if done[column]:
                    row_price[owner[column]] += step
                    column_price[column] -= step
                else:
                    least[column] -= step
            at = best
            if owner[at] == 0:
                break
        while at:
            owner[at], at = owner[way[at]], way[at]
    result = [0] * rows
    for column in range(1, columns + 1):
        if owner[column]:
            result[row_lots[owner[column] - 1]] = column_lots[column - 1]
    return result


def posterior(weights: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the exact chance of each person (column) to belong to each item (row), over all matchings.

    `weights[i][j]`: how likely what was seen of item i is if it is person j's.
    The sum over all n! matchings is a permanent; over subsets it takes n 2^n
    steps, which is nothing at n = 12.
    """
    n = len(weights)
    ahead, behind = [0.0] * (1 << n), [0.0] * (1 << n)
    ahead[0] = behind[(1 << n) - 1] = 1.0
    for used in range(1 << n):
        if ahead[used]:
            line = weights[used.bit_count()] if used.bit_count() < n else ()
            for person, weight in enumerate(line):
                if not used >> person & 1:
                    ahead[used | 1 << person] += ahead[used] * weight
    for used in range((1 << n) - 2, -1, -1):
        line = weights[used.bit_count()]
        behind[used] = sum(
            weight * behind[used | 1 << person] for person, weight in enumerate(line) if not used >> person & 1
        )
    result = [[0.0] * n for _row in range(n)]
    for used in range(1 << n):
        item = used.bit_count()
        if item < n and ahead[used]:
            for person in range(n):
                if not used >> person & 1:
                    part = ahead[used] * weights[item][person] * behind[used | 1 << person]
                    result[item][person] += part
    total = behind[0]
    return [[value / total for value in row] for row in result] if total else [[1 / n] * n for _row in range(n)]


# -- the attacker that learns


class Learner:
    """Counts how each feature went with the truth, and guesses by what it has counted."""

    def __init__(self) -> None:
        self._places: dict[str, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))
        self._same: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
        self._logs: dict[str, dict[tuple[int, int], float]] = {}  # of what is counted, until more is learnt

    def learn(self, case: Case) -> None:
        """Take in an assignment with its truth."""
        self._logs.clear()
        for name in case.telling:
            left, right = self._sides(case, name)
            places = self._places[name]
            for item, person in enumerate(case.truth):
                places[left[item], right[person]] += 1
            if case.known:
                for item, mine in enumerate(case.truth):
                    for person in range(case.size):
                        equal = case.shown[name][item] == case.known[name][person]
                        self._same[name][equal, person == mine] += 1

    def ways(self, case: Case) -> list[str]:
        """Return every way to guess: each feature as an order, upside down, as learnt, and all as learnt together."""
        names = case.telling
        return [f"{way}:{name}" for name in names for way in ("order", "upside down", "learnt")] + ["all:"]

    def guess(self, case: Case, way: str) -> list[int]:
        """Return a person for each item."""
        if not way:
            return _LOTS.sample(range(case.size), len(case.truth))
        how, _colon, name = way.partition(":")
        names = case.telling if how == "all" else [name]
        if not names or (name and name not in case.telling):
            return _LOTS.sample(range(case.size), len(case.truth))
        if how in ("order", "upside down"):
            left, right = self._sides(case, name)
            by_place = {place: person for person, place in enumerate(right)}
            most = case.size - 1
            return [by_place.get(place if how == "order" else most - place, 0) for place in left]
        cost = [[0.0] * case.size for _item in case.truth]
        for one in names:
            self._add(cost, case, one)
        return cheapest(cost)

    def _sides(self, case: Case, name: str) -> tuple[list[int], list[int]]:
        left = ranks(case.shown[name])
        return left, ranks(case.known[name]) if case.known else list(range(case.size))

    def _add(self, cost: list[list[float]], case: Case, name: str) -> None:
        left, right = self._sides(case, name)
        logs = self._logs.get(name)
        if logs is None:
            # A pinch of every possibility, so that what was never seen is unlikely rather than impossible.
            logs = {pair: math.log(count + 0.5) for pair, count in self._places[name].items()}
            self._logs[name] = logs
        nothing = math.log(0.5)
        ratio = {equal: self._ratio(name, equal) for equal in (True, False)} if case.known else {}
        for item in range(len(case.truth)):
            line = cost[item]
            for person in range(case.size):
                line[person] -= logs.get((left[item], right[person]), nothing)
                if ratio:
                    line[person] -= ratio[case.shown[name][item] == case.known[name][person]]

    def _ratio(self, name: str, equal: bool) -> float:
        """Return how much more often two values are equal (or not) when they are of one person."""
        same = self._same[name]
        mine, others = ((same[equal, own] + 0.5, same[not equal, own] + 0.5) for own in (True, False))
        return math.log(mine[0] / sum(mine)) - math.log(others[0] / sum(others))


def attack(cases: Sequence[Case], guess: float | None = None) -> Score:
    """Guess block by block, each by the way that did best before it, and learn the truth of a block after it.

    No assignment is guessed by anybody who has seen its truth, so every share
    counts; of the first block none does. With few cases the first quarter is for learning.
    """
    if not cases:
        return Score(guess or 0.0)
    score = Score(guess if guess is not None else 1 / cases[0].size)
    learner, marks = Learner(), Counter[str]()
    blocks = _blocks(cases)
    for number, block in enumerate(blocks):
        best = max(marks, key=lambda way: marks[way]) if marks else ""
        if number:
            score.way = best
            score.shares += [_share(learner.guess(case, best), case) for case in block]
        tried = block[:AUDITIONS]
        if not number:  # nothing was learnt yet: the first half teaches, the second half compares
            for case in block[: len(block) // 2]:
                learner.learn(case)
            tried = block[len(block) // 2 :][:AUDITIONS]
        for case in tried:
            for way in learner.ways(case):
                marks[way] += _share(learner.guess(case, way), case)  # type: ignore[assignment]
        for case in block if number else block[len(block) // 2 :]:
            learner.learn(case)
    return score


def _blocks(cases: Sequence[Case]) -> list[Sequence[Case]]:
    size = max(1, math.ceil(len(cases) / (BLOCKS if len(cases) >= 100 else 4)))
    return [cases[start : start + size] for start in range(0, len(cases), size)]


def _share(guessed: Sequence[int], case: Case) -> float:
    return sum(a == b for a, b in zip(guessed, case.truth, strict=True)) / len(case.truth)
