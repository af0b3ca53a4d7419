"""Who tries to link answers to people, and with what in hand.

Lives here: one attacker for each adversary of the contract, over a season. Not
here: how a link is found (`linking.py`) and what was recorded (`season.py`).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from .bounds import FALSE_ALARM, binomial_tail, order_p, tau
from .linking import Case, Score, attack, posterior
from .season import PEOPLE, Asked, Season
from .verdicts import HOLDS, INCONCLUSIVE, LEAKS, Finding, advantage, count

COLLUDING = 4
"""So many of the twelve put their heads together: everybody but eight."""
ERROR = 3.0
"""Seconds by which somebody who watches the room is wrong about when a person tapped (ANONYMITY.md, fact 1)."""
SEEDS = 200
"""So many orders a test of an order needs."""

_LOTS = random.SystemRandom()


def verdicts(season: Season) -> Iterator[Finding]:
    """Yield what each adversary reached over a season."""
    yield count(
        "seen-early", 1, "everybody who watches", "a word of an open question reached somebody but its author",
        [text for asked in season.asked for text in asked.early], season.frames_before_close, "frames before the close",
    )  # fmt: skip
    yield _verdict(
        "facilitator", 1, "live facilitator", "who wrote which card, from all consoles, the stage and a perfect memory of who tapped when",
        attack([_observed(asked, ("run", "moderate", "watch", "stage")) for asked in season.asked]),
    )  # fmt: skip
    yield _watcher(season)
    yield _verdict(
        "participant", 1, "co-participant", "who wrote which of the other eleven cards, from a phone, the stage and a perfect memory",
        attack([_observed(asked, ("phone 0", "stage"), without=1) for asked in season.asked]),
    )  # fmt: skip
    yield _verdict(
        "colluders", 1, f"{COLLUDING} colluders", f"who wrote which of the other {PEOPLE - COLLUDING} cards, when {COLLUDING} of {PEOPLE} tell each other theirs",
        attack([_observed(asked, ("phone 0", "stage"), without=COLLUDING) for asked in season.asked]),
    )  # fmt: skip
    yield _verdict(
        "linker-rows", 4, "thief of the database", "which cards of two questions are of one person, from every column and hidden row number",
        attack(list(_pairs(season, lambda asked: asked.rows))),
    )  # fmt: skip
    yield _verdict(
        "linker-wire", 4, "live facilitator", "which cards of two questions are of one person, from all that is sent to consoles and stage",
        attack(list(_pairs(season, lambda asked: _merged(asked.seen, ("run", "stage"))))),
    )  # fmt: skip
    yield _verdict(
        "thief-rows", 5, "thief of the database", "who wrote which card, from all rows and a perfect memory of who tapped when",
        attack([Case(asked.rows, asked.order_of(asked.texts)) for asked in season.asked]),
    )  # fmt: skip
    yield from _orders(season)
    yield count(
        "box-at-rest", 5, "thief of files", "a word or a tag left in the ballot box or the log after the close",
        [name for asked in season.asked for name in asked.leftovers], season.copies, "copies of all files",
    )  # fmt: skip
    printed = [asked for asked in season.asked if asked.printed_texts]
    yield _verdict(
        "manager", 11, "manager", "who wrote which printed quote, from the report's page and a perfect memory of who tapped when",
        attack([Case(a.printed, a.order_of(a.printed_texts), people=PEOPLE) for a in printed], 1 / PEOPLE),
    )  # fmt: skip


def _verdict(key: str, promise: int, adversary: str, what: str, score: Score) -> Finding:
    return advantage(key, promise, adversary, what, score, chance=is_chance(score))


def is_chance(score: Score) -> bool:
    """Return whether a guesser would do as well as this at least once in ten million runs.

    Counted over half the links, because those of one question are a permutation
    and scatter a little more than throws do.
    """
    links = round(len(score.shares) / score.guess / 2)
    return binomial_tail(round(links * (score.advantage + score.guess)), links, score.guess * 1.05) > FALSE_ALARM


def _merged(seen: Mapping[str, Mapping[str, Any]], audiences: tuple[str, ...]) -> dict[str, Any]:
    return {f"{audience}: {name}": values for audience in audiences for name, values in seen[audience].items()}


def _observed(asked: Asked, audiences: tuple[str, ...], without: int = 0) -> Case:
    """Return the assignment of an observer; `without`: the first so many people know which cards are theirs and take them out."""
    shown, truth = _merged(asked.seen, audiences), asked.order_of(asked.texts)
    if not without:
        return Case(shown, truth)
    keep = [i for i, text in enumerate(asked.texts) if asked.wrote[text] >= without]
    order = sorted(truth[i] for i in keep)
    return Case(
        {name: [values[i] for i in keep] for name, values in shown.items()}, [order.index(truth[i]) for i in keep]
    )


def _pairs(season: Season, features: Callable[[Asked], Mapping[str, Any]]) -> Iterator[Case]:
    """Yield each question with the next of the same session: of which earlier card is the author of this one?"""
    for before, after in pairwise(season.asked):
        if before.session == after.session:
            people = [before.wrote[text] for text in before.texts]
            truth = [people.index(after.wrote[text]) for text in after.texts]
            yield Case(features(after), truth, features(before))


def _watcher(season: Season) -> Finding:
    """Return how well somebody does who sees everything at once, and is seconds wrong about who tapped when.

    The exact posterior: over all matchings, how likely is what was seen?
    """
    score, highest = Score(1 / PEOPLE), 0.0
    for asked in season.asked:
        if not asked.closely:
            continue
        guessed = [tapped + _LOTS.gauss(0, ERROR) for tapped in asked.tapped]
        came = [asked.first_seen.get(text, PEOPLE + 1) for text in asked.texts]
        # What appears at the close appears at once: its moment says nothing.
        moments = [asked.tapped[place - 1] if 1 <= place <= PEOPLE and len(set(came)) > 1 else None for place in came]
        weights = [
            [1.0 if at is None else math.exp(-((at - seen) ** 2) / (2 * ERROR**2)) + 1e-12 for seen in guessed]
            for at in moments
        ]
        chances, truth = posterior(weights), asked.order_of(asked.texts)
        right = 0.0
        for i, line in enumerate(chances):
            best = max(line)
            tied = [person for person, chance in enumerate(line) if chance > best - 1e-9]
            right += _LOTS.choice(tied) == truth[i]
            highest = max(highest, best)
        score.shares.append(right / PEOPLE)
    found = _verdict(
        "watcher", 1, "live facilitator",
        f"who wrote which card, by the exact posterior of somebody whose clock is {ERROR:.0f} s off", score,
    )  # fmt: skip
    if score.shares and found.verdict != LEAKS:  # exact, so no sample is needed: nobody is likelier than anybody else
        found.verdict = HOLDS if highest <= 1 / PEOPLE + 0.02 else INCONCLUSIVE
    found.figure = f"no chance above {highest:.1%} for any person and card (1 in {PEOPLE} is {1 / PEOPLE:.1%}); {found.figure.partition(', at most')[0]}"
    found.numbers["highest"] = highest
    # Seconds of error blur even a live wall: two thirds right, short of what a control must reach (fact 1).
    found.numbers.pop("advantage", None)
    return found


def _orders(season: Season) -> Iterator[Finding]:
    """Yield the permutation test of every place, number and byte against the order of sending."""
    for key, what, held in (
        ("order-rows", "a column, a row number or the place of a row", "rows"),
        ("order-files", "the place of a text in any file or write-ahead log", "files"),
    ):
        taus: dict[str, list[float]] = {}
        for asked in season.asked:
            truth = asked.order_of(asked.texts)
            for name, values in getattr(asked, held).items():
                if len(set(map(str, values))) == len(values):
                    numbers = values if all(isinstance(v, int | float) for v in values) else _as_ranks(values)
                    taus.setdefault(name, []).append(tau(numbers, truth))
        found = _judged(key, 5, "thief of files", f"{what} follows who sent first", taus, PEOPLE)
        if held == "files" and season.apart and not any(asked.on_disk for asked in season.asked):
            found.verdict = HOLDS if season.copies else INCONCLUSIVE
            found.figure = f"no text in any file beside the database's own, in {season.copies:,} copies"
            found.numbers = {"looked": season.copies}
        yield found


def ordered(
    key: str, promise: int, adversary: str, what: str, orders: Mapping[str, list[list[int]]], people: int
) -> Finding:
    """Return the finding of a test of orders: by name of the measure, for each time the true places in the order found.

    An empty one was not seen. For checks that look at one list several times.
    """
    taus = {
        name: [tau([float(place) for place in range(people)], order) for order in seen if order]
        for name, seen in orders.items()
    }
    return _judged(key, promise, adversary, what, taus, people, 1)


def _judged(
    key: str, promise: int, adversary: str, what: str, taus: Mapping[str, list[float]], people: int, fewest: int = 10
) -> Finding:
    """Return the finding of the permutation test over all measures; each counts from `fewest` times on."""
    tests = {name: order_p(found, people) for name, found in taus.items() if len(found) >= fewest}
    seeds = min((len(taus[name]) for name in tests), default=0)
    if not tests:
        most = max(map(len, taus.values()), default=0)
        figure = f"seen in {most} questions, which is too few to test" if most else "nothing could be looked at"
        return Finding(key, promise, adversary, what, INCONCLUSIVE, figure, {"seeds": most})
    worst = min(tests, key=lambda name: tests[name])
    mean = sum(taus[worst]) / len(taus[worst])
    verdict = LEAKS if tests[worst] < FALSE_ALARM else HOLDS if seeds >= SEEDS else INCONCLUSIVE
    figure = (
        f"{len(tests)} measures over {seeds} questions; the worst, {worst}: mean tau {mean:+.2f}, p {tests[worst]:.2g}"
    )
    if verdict == INCONCLUSIVE:
        figure += f" (a pass needs {SEEDS} questions)"
    return Finding(key, promise, adversary, what, verdict, figure, {"p": tests[worst], "tau": mean, "seeds": seeds})


def _as_ranks(values: list[Any]) -> list[float]:
    order = sorted(range(len(values)), key=lambda i: str(values[i]))
    return [float(order.index(i)) for i in range(len(values))]
