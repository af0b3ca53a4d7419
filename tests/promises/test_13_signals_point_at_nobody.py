"""Promise 13, private signals: a wish for a word and the pace cannot be matched with a tap.

An observer knows to the second when everybody in the room touched their phone
and sees the console all the time. One of them asked for a word; who?
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from workshop.signals import LATEST, LEAST, SOONEST, TICK, Signals

from .attackers import BROKEN, PASS, Score

PEOPLE = 12
TRIALS = 12_000
MINUTE_OF_TAPS = 20.0  # seconds in which everybody answers a question, one tap each


class Clock:
    def __init__(self) -> None:
        self.now = 1000 * TICK

    def __call__(self) -> float:
        return self.now


def seat(number: int) -> bytes:
    return number.to_bytes(32, "big")


def noticed(signals: Signals, clock: Clock) -> float:
    """Return when the console shows the notice, looking every second."""
    while not signals.word_waits("live"):
        clock.now += 1
    return clock.now


def attack(draw: Callable[[float, float], float], low: float, high: float, error: float) -> Score:
    """Return how often the observer names the asker; all who tapped at a fitting time are equally likely."""
    lots, score = random.Random(7), Score(PEOPLE)
    for _trial in range(TRIALS):
        clock = Clock()
        taps = [clock.now + lots.uniform(0, MINUTE_OF_TAPS) for _person in range(PEOPLE)]
        asker = lots.randrange(PEOPLE)
        signals = Signals(clock, draw)
        clock.now = taps[asker]
        signals.word("live", seat(asker))
        seen = noticed(signals, clock)
        fitting = [person for person in range(PEOPLE) if low - error <= seen - taps[person] <= high + error]
        score.count(int(lots.choice(fitting) == asker), 1)
    return score


def test_the_notice_does_not_tell_whose_tap_it_was() -> None:
    found = attack(random.Random(1).uniform, SOONEST, LATEST, 1.0)
    assert found.upper <= PASS


def test_without_the_delay_the_observer_names_the_asker() -> None:
    assert attack(lambda _low, _high: 0.0, 0.0, 0.0, 0.01).advantage >= BROKEN


def test_several_wishes_are_one_and_one_phone_cannot_knock_on() -> None:
    clock = Clock()
    signals = Signals(clock)
    signals.word("live", seat(1))
    assert not signals.word_waits("live") and not signals.word_waits("other")
    signals.heard("live")  # nothing to put away yet: it comes all the same
    signals.word("live", seat(2))
    clock.now += LATEST
    assert signals.word_waits("live")
    signals.heard("live")
    assert not signals.word_waits("live")
    signals.word("live", seat(1))
    clock.now += LATEST
    assert not signals.word_waits("live"), "the same phone again, within ten minutes"
    signals.word("live", seat(3))
    clock.now += LATEST
    assert signals.word_waits("live")
    signals.forget("live")
    assert not signals.word_waits("live")


def test_the_pace_is_read_at_the_full_minute_from_five_phones_anew_each_time() -> None:
    clock = Clock()
    signals = Signals(clock)
    for one in range(LEAST - 1):
        signals.pace("live", seat(one), "slower")
        signals.pace("live", seat(one), "slower")  # the same phone counts once
    clock.now += TICK
    assert signals.dial("live", 3) == ""
    signals.pace("live", seat(9), "slower")
    assert signals.dial("live", 3) == "", "not before the full minute"
    clock.now += TICK
    assert signals.dial("live", 8) == "", "not below the room's floor"
    assert signals.dial("live", 3) == "slower"
    for one in range(LEAST - 1):
        signals.pace("live", seat(one), "faster")
    clock.now += TICK
    assert signals.dial("live", 3) == "slower", "four more change nothing"
    signals.pace("live", seat(8), "faster")
    clock.now += TICK
    assert signals.dial("live", 3) == "faster"
    clock.now += 700
    assert signals.dial("live", 3) == ""


@pytest.mark.parametrize("people", range(LEAST, 13))
def test_no_reading_tells_a_phone_what_the_others_pressed(people: int) -> None:
    """Even who knows how many pressed, and their own press, is left with several counts of the others."""
    left: dict[tuple[str, str], set[int]] = {}
    for slower, coin, own in product(range(people + 1), (0.0, 1.0), ("slower", "faster")):
        if (own == "slower" and slower == 0) or (own == "faster" and slower == people):
            continue
        clock = Clock()
        signals = Signals(clock, lambda _low, _high, lot=coin: lot)
        for one in range(people):
            signals.pace("live", seat(one), "slower" if one < slower else "faster")
        clock.now += TICK
        left.setdefault((signals.dial("live", LEAST), own), set()).add(slower - (own == "slower"))
    assert all(len(counts) >= 2 for counts in left.values()), left
