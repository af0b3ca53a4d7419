"""How likely an order of the room's questions is, given the votes: exactly, for whoever knows how it is drawn.

Lives here: the chance of one refreshed order, and what an attacker who knows the
mechanism and every earlier order makes of it. Not here: the mechanism itself
(`workshop/publication_order.py`), of which nothing but its three numbers is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

from ..publication_order import RUNG, WOBBLE

Guess = TypeVar("Guess", bound=Hashable)

ABOVE = 40
"""Votes above the count at which the sum over rungs ends: a wobble of that size comes once in e^40 draws."""


@lru_cache(maxsize=4096)
def rungs(votes: int, top: int) -> tuple[float, ...]:
    """Return the chance of each rung from 0 to `top` for a question with so many votes."""
    edges = [below(RUNG * (rung + 0.5) - votes) for rung in range(top)]
    return tuple(high - low for low, high in zip([0.0, *edges], [*edges, 1.0], strict=True))


def below(size: float) -> float:
    """Return the chance that a wobble is smaller: the Laplace distribution."""
    half = math.exp(-abs(size) / WOBBLE) / 2
    return half if size < 0 else 1 - half


def chance(before: Sequence[str], after: Sequence[str], counts: Mapping[str, int]) -> float:
    """Return how likely a list that stood as `before` stands as `after` once it was refreshed with these votes.

    A question comes before another where its rung is higher, or the same and it
    stood before it; so the rungs along `after` never rise, and stay the same only
    from one that stood earlier to one that stood later. The sum runs over all of them.
    """
    top = (max([0, *counts.values()]) + ABOVE) // RUNG
    stood = {card: place for place, card in enumerate(before)}
    ways = list(rungs(counts.get(after[0], 0), top)) if after else [1.0]
    for last, card in pairwise(after):
        keeps, higher = stood[last] < stood[card], 0.0
        own, fresh = rungs(counts.get(card, 0), top), [0.0] * len(ways)
        for rung in range(top, -1, -1):
            fresh[rung] = own[rung] * (higher + (ways[rung] if keeps else 0.0))
            higher += ways[rung]
        ways = fresh
    return sum(ways)


def posterior(
    guesses: Mapping[Guess, float],
    seen: Iterable[tuple[Sequence[str], Sequence[str], Mapping[Guess, Mapping[str, int]]]],
    likely: Callable[[Sequence[str], Sequence[str], Mapping[str, int]], float] = chance,
) -> dict[Guess, float]:
    """Return how likely each guess is after some refreshes: by Bayes, from how likely it was before.

    `seen`: for each refresh the list before and after, and the votes that each
    guess says there were. `likely`: of another mechanism, for a control.
    """
    logs = {guess: math.log(prior) if prior else -math.inf for guess, prior in guesses.items()}
    for before, after, votes in seen:
        for guess, counts in votes.items():
            found = likely(before, after, counts)
            logs[guess] += math.log(found) if found else -math.inf
    most = max(logs.values())
    weights = {guess: math.exp(log - most) for guess, log in logs.items()}
    whole = sum(weights.values())
    return {guess: weight / whole for guess, weight in weights.items()}
