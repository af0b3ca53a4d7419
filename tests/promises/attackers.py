"""The attackers, and the arithmetic that says how good they are.

Lives here: who is linked to what, from which features, and the bounds. Not
here: how a session is played (`stagehands.py`) and what leaks in a control.

An attacker gets what its role can reach and guesses an author for each answer.
Its advantage is its share of right links minus 1/n, the share of a guesser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, binom

from workshop.proof.bounds import BROKEN, CONFIDENCE, FALSE_ALARM, PASS, order_p, tau
from workshop.proof.linking import cheapest, ranks

__all__ = ["BROKEN", "CONFIDENCE", "FALSE_ALARM", "PASS", "Score", "by_features", "by_order", "order_p", "ranks", "tau"]
"""What a customer's own run uses too is that of `workshop.proof`: one attacker, in one place."""


@dataclass
class Score:
    """How many links were right. `people` is the n of each session; all sessions count alike."""

    people: int
    right: int = 0
    links: int = 0

    def count(self, right: int, links: int) -> None:
        """Add the links of one session."""
        self.right += right
        self.links += links

    @property
    def advantage(self) -> float:
        """Return the share of right links beyond guessing."""
        return self.right / self.links - 1 / self.people

    @property
    def upper(self) -> float:
        """Return the exact (Clopper-Pearson) upper bound of the advantage at `CONFIDENCE`.

        The links of one session are a permutation, not independent throws; the
        number of hits of a random one has variance 1 where throws have 1 - 1/n,
        so the bound is honest to a twentieth of its width at n = 12.
        """
        if self.right == self.links:
            return 1 - 1 / self.people
        return float(beta.ppf(CONFIDENCE, self.right + 1, self.links - self.right)) - 1 / self.people

    def is_chance(self) -> bool:
        """Return whether a guesser would do as well as this at least once in `1 / FALSE_ALARM` tests.

        For short tests: at a few hundred links the bound of the contract would
        now and then fail a perfect product, this does not, and a real leak of a
        tenth is still seen. Counted over half the links, because a permutation
        scatters a little more than throws do.
        """
        return bool(binom.sf(self.right - 1, self.links, 1 / self.people * 1.05) > FALSE_ALARM)


def by_order(shown: Sequence[str], senders: Sequence[int]) -> dict[str, int]:
    """Link the i-th thing that was shown to the i-th person who was seen to send."""
    return dict(zip(shown, senders, strict=False))


def by_features(shown: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return for each row of `shown` the row of `known` in the cheapest matching of all (Hungarian).

    Rows are z-scored column by column, so that no feature drowns the others;
    columns that do not vary say nothing. Equal costs are drawn by lot: the
    solver must not profit from the order in which rows lie.
    """
    both = np.vstack([shown, known]).astype(float)
    spread = both.std(axis=0)
    keep = spread > 0
    scaled = (both[:, keep] - both[:, keep].mean(axis=0)) / spread[keep]
    left, right = scaled[: len(shown)], scaled[len(shown) :]
    return np.array(cheapest(np.abs(left[:, None, :] - right[None, :, :]).sum(axis=2).tolist()))
