"""Which cards say nearly the same: a measure over letters, so that people need not search for doubles.

Lives here: the measure and the pairs it finds, pure. Not here: what is done
with them; a person decides each (`boards.py`).

The measure is the trigram similarity of PostgreSQL's `pg_trgm`: each word in
small letters with two blanks before and one behind is cut into runs of three
letters; the runs two texts share, divided by all runs they have. It finds the
same thing written twice, not the same thought: sorting short texts into themes
by such measures does no better than chance, so that is left to people. The
threshold lies far above what one person's way of writing alone would reach.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil

from .quoting import spoken

NEAR = 0.6
"""From here on two cards are shown side by side; pg_trgm's own limit for a search is 0.3."""

MOST_PAIRS = 30
MOST_COMPARED = 50_000
"""Comparisons at most, a fifth of a second: the server's loop stands still meanwhile, and with it every phone."""


def runs(text: str) -> frozenset[str]:
    """Return the runs of three letters of a text."""
    found: set[str] = set()
    for word in spoken(text):
        padded = f"  {word} "
        found.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return frozenset(found)


def similarity(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1."""
    first, second = runs(one), runs(other)
    every = len(first | second)
    return len(first & second) / every if every else 0.0


def pairs(cards: Sequence[tuple[str, str]], apart: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Return the pairs of ids of (id, text) that say nearly the same, the nearest first, but for those in `apart`."""
    known = set(apart)
    return [pair for pair in _pairs(tuple(cards)) if pair not in known][:MOST_PAIRS]


@lru_cache(maxsize=16)
def _pairs(cards: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Compare only cards that share one of their rarest runs.

    Two texts that are as near as `NEAR` share so many runs that, in one order of all runs, the first few of each
    must have one in common. With the rarest first hardly any others meet. Where nearly all are alike the work ends
    once there is far more than anybody is shown.
    """
    cut = [(card_id, runs(text)) for card_id, text in sorted(cards)]
    often = Counter(run for _card_id, own in cut for run in own)
    index: defaultdict[str, list[int]] = defaultdict(list)
    near: list[tuple[float, str, str]] = []
    left = MOST_COMPARED
    for at, (card_id, own) in enumerate(cut):
        must_share = ceil(NEAR * len(own) - 1e-9)
        met: set[int] = set()
        for run in sorted(own, key=lambda run: (often[run], run))[: len(own) - must_share + 1]:
            met.update(index[run])
            index[run].append(at)
        for other in sorted(met)[:left]:
            other_id, theirs = cut[other]
            count = len(own & theirs)
            value = count / (len(own) + len(theirs) - count)
            if value >= NEAR:
                near.append((-value, other_id, card_id))
        left -= len(met)
        if left <= 0:
            break
    return [(first, second) for _value, first, second in sorted(near)]
