"""How sure a figure is: the arithmetic under every verdict, with the standard library alone.

Lives here: the upper bound of an advantage, the test of an order, and the
binomial tail. Not here: who attacks (`linking.py`) and what a figure means
(`verdicts.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CONFIDENCE = 0.99
PASS = 0.02
"""An advantage whose upper bound is at most this is a pass."""
BROKEN = 0.6
"""An attack must reach this on the leaky control, or it proves nothing."""
ASSIGNMENTS = 4000
"""So many independent assignments an advantage needs; fewer is "inconclusive" whatever they show (ANONYMITY.md)."""
FALSE_ALARM = 1e-7
"""How often a product without any leak may fail one short test."""


def upper(shares: Sequence[float], guess: float, confidence: float = CONFIDENCE) -> float:
    """Return the upper bound of the mean of `shares`, less `guess`: the advantage that cannot be excluded.

    Each share is one independent assignment: the part of its links that were
    right. The links inside one assignment depend on each other (they are a
    permutation), so it counts once. The bound is that of betting against "the
    mean is m" (Waudby-Smith and Ramdas, Estimating means of bounded random
    variables by betting, JRSS B 86, 2024; Ville's inequality): it holds for any
    distribution on 0..1 and any number of assignments, with no normal
    approximation. It is tight because shares of a guesser vary little.
    """
    if not shares:
        return 1 - guess
    stakes, target = _stakes(shares, confidence), math.log(1 / (1 - confidence))
    low, high = sum(shares) / len(shares), 1.0
    for _halving in range(40):
        middle = (low + high) / 2
        if _excluded(shares, stakes, middle, target):
            high = middle
        else:
            low = middle
    return high - guess


def _stakes(shares: Sequence[float], confidence: float) -> list[float]:
    """Return the bet on each assignment, from those before it alone (predictable plug-in)."""
    wanted, stakes = 2 * math.log(1 / (1 - confidence)) / len(shares), []
    mean, spread = 0.5, 0.25
    for seen, share in enumerate(shares, start=1):
        stakes.append(math.sqrt(wanted / (spread / seen)))
        before, mean = mean, mean + (share - mean) / (seen + 1)
        spread += (share - before) * (share - mean)
    return stakes


def _excluded(shares: Sequence[float], stakes: Sequence[float], mean: float, target: float) -> bool:
    """Return whether somebody who bets that the mean is below this one has won enough to exclude it."""
    won = most = 0.0
    ceiling = 0.75 / (1 - mean) if mean < 1 else math.inf  # below 1/(1-m) nobody can go bankrupt on one share
    for share, stake in zip(shares, stakes, strict=True):
        won += math.log1p(min(stake, ceiling) * (mean - share))
        most = max(most, won)
    return most >= target


def tau(found: Sequence[float], truth: Sequence[float]) -> float:
    """Return Kendall's tau-b between two orders of the same things; 0 where one of them is no order."""
    agree = ties_found = ties_truth = 0
    pairs = len(found) * (len(found) - 1) // 2
    for i in range(len(found)):
        for j in range(i):
            a, b = _sign(found[i], found[j]), _sign(truth[i], truth[j])
            agree += a * b
            ties_found += a == 0
            ties_truth += b == 0
    room = math.sqrt((pairs - ties_found) * (pairs - ties_truth))
    return agree / room if room else 0.0


def _sign(a: float, b: float) -> int:
    return (a > b) - (a < b)


def order_p(taus: Sequence[float], size: int) -> float:
    """Return how often orders drawn by lot agree with the truth as much as the measured ones do.

    `taus`: one per seed, each between two orders of `size` things. Under lots
    tau has mean 0 and variance 2(2m+5) / 9m(m-1). Two questions, so the smaller
    p counts twice: do they lean to one side on the whole (a list in order of
    arrival), and are they larger than they should be (an order that is
    sometimes upside down)? The second treats tau as normal; its true tails are
    thinner, so the p is on the careful side.
    """
    variance = 2 * (2 * size + 5) / (9 * size * (size - 1))
    lean = sum(taus) / len(taus) / math.sqrt(variance / len(taus))
    spread = sum(value * value for value in taus) / variance
    return min(1.0, 2 * min(math.erfc(abs(lean) / math.sqrt(2)), chi_square_tail(spread, len(taus))))


def chi_square_tail(value: float, degrees: int) -> float:
    """Return P(chi square > value), the regularised upper incomplete gamma function Q(degrees/2, value/2)."""
    a, x = degrees / 2, value / 2
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:  # the series of the lower part
        term = total = 1 / a
        for n in range(1, 2000):
            term *= x / (a + n)
            total += term
            if term < total * 1e-15:
                break
        return max(0.0, 1 - total * scale)
    tiny = 1e-300  # the continued fraction of the upper part, by Lentz's method
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    fraction = d
    for n in range(1, 2000):
        step = -n * (n - a)
        b += 2
        d = 1 / (step * d + b or tiny)
        c = b + step / c or tiny
        fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return min(1.0, fraction * scale)


def binomial_tail(hits: int, throws: int, chance: float) -> float:
    """Return the probability of at least so many hits."""
    if hits <= 0:
        return 1.0
    return min(
        1.0,
        math.fsum(
            math.exp(
                math.lgamma(throws + 1)
                - math.lgamma(k + 1)
                - math.lgamma(throws - k + 1)
                + k * math.log(chance)
                + (throws - k) * math.log1p(-chance)
            )
            for k in range(hits, throws + 1)
        ),
    )
