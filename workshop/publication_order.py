"""In which order a list may stand while its votes are still sealed. Pure.

Lives here: the one thing that is drawn from open votes, and why it is safe. Not
here: when it is drawn (`workshop/questions.py`: at full minutes, and only when
at least five ballots have changed, each phone's three times at most), numbers (`publication.py`, at the close).

An exact order is a set of sums in disguise: whoever knows the five who have
just voted sees what rose, and sometimes that all five voted for it; two orders
and the numbers at the close can be held against each other in the same way. So
the order is not computed but drawn: each count gets a wobble of its own, with no
upper end, before it is compared. From this follows, in the sense of
`publication.py`: whatever the votes are, every order of the list can come out,
each time anew. An order, or any number of them, excludes no votes at all, so
nobody can deduce a person's vote or a count from them, and what is published
at the close stands alone. What is left is likelihood: one ballot moves the chance of
any order by at most the factor e for each question in it, and reaches it. Both are
counted out over all votes of six people (`tests/promises/test_02_order_chances.py`).

Likelihood adds up from order to order. Five phones in one hand could turn the
list every minute for as long as it is open, and average the wobble away: whoever
also knows all other ballots names the vote of the last person, one of six
questions, in 34 % of cases after one order, 57 % after three, 97 % after twenty
(guessing: 17 %). So the changes of one phone count towards a refresh three times only: a
room of n phones sees at most 3n/5 orders, five phones alone bring about three.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import floor, log

WOBBLE = 1.0
"""Votes: the mean size of a wobble. A room of 30 hardly notices; between five voters it is what protects them."""

RUNG = 3
"""Votes that make a difference of place. Smaller ones leave two questions as they stood, which is also calmer to look at."""

TURNS_OF_ONE = 3
"""So often the changes of one phone count towards the five that a refresh needs: a vote, and changing one's mind twice."""

_SYSTEM = random.SystemRandom()


def wobble() -> float:
    """Return a draw from the Laplace distribution with mean size `WOBBLE`."""
    return WOBBLE * (log(1 - _SYSTEM.random()) - log(1 - _SYSTEM.random()))


def reordered(places: Sequence[str], counts: Mapping[str, int], draw: Callable[[], float] = wobble) -> list[str]:
    """Return the list in a new order: rung by rung by wobbled votes, as it stood within a rung."""
    rungs = {card: floor((max(0.0, counts.get(card, 0) + draw()) + RUNG / 2) / RUNG) for card in places}
    return sorted(places, key=lambda card: -rungs[card])
