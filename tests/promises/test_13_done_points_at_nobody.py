"""Promise 13, "I'm done": the count never tells who was quick and who was slow.

An observer knows to the second when everybody in the room touched their phone,
and reads the console all the time. Whenever the count goes up, they name the
phone that was touched last: was that touch "I'm done"?
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

import pytest

from tests.promises.stagehands import fields_for, room
from workshop import live_sessions, screens
from workshop.done import Done
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.signals import LEAST, TICK

PEOPLE = 12
SECONDS = 480
TOUCHES = 8
SESSIONS = 250


class Clock:
    def __init__(self) -> None:
        self.now = 1000 * TICK

    def __call__(self) -> float:
        return self.now


class Counter(Protocol):
    def say(self, live_id: str, activity_id: str, secret: bytes) -> None: ...

    def count(self, live_id: str, activity_id: str, floor: int) -> int: ...


class Live:
    """The leaky control: every tap moves the count at once."""

    def __init__(self, _clock: Clock) -> None:
        self.said: set[bytes] = set()

    def say(self, live_id: str, activity_id: str, secret: bytes) -> None:
        self.said.add(secret)

    def count(self, live_id: str, activity_id: str, floor: int) -> int:
        return len(self.said)


def seat(number: int) -> bytes:
    return number.to_bytes(32, "big")


def attack(make: Callable[[Clock], Counter]) -> float:
    """Return how often the phone that the observer names had just said it was done."""
    lots, right, named = random.Random(11), 0, 0
    for _session in range(SESSIONS):
        clock = Clock()
        counter, begin, shown = make(clock), clock.now, 0
        touched = {person: sorted(lots.sample(range(SECONDS), TOUCHES)) for person in range(PEOPLE)}
        said = {person: lots.choice(times) for person, times in touched.items() if lots.random() < 0.9}
        for second in range(SECONDS + 120):
            clock.now = begin + second
            for person, when in said.items():
                if when == second:
                    counter.say("live", "a", seat(person))
            count = counter.count("live", "a", 5)
            if count > shown:
                shown = count
                touches = [(time, person) for person, times in touched.items() for time in times if time <= second]
                last = max(time for time, _person in touches)
                guess = lots.choice([person for time, person in touches if time == last])
                named, right = named + 1, right + (said.get(guess) == last)
    assert named > SESSIONS // 2
    return right / named


def test_no_step_of_the_count_points_at_a_tap() -> None:
    by_chance = 1 / TOUCHES
    assert attack(Done) <= by_chance + 0.1
    assert attack(Live) >= 0.6, "the harness sees a leak where there is one"


@pytest.mark.parametrize("people", range(1, 25))
def test_the_count_moves_by_at_least_five_phones_and_at_full_minutes_only(people: int) -> None:
    lots, clock = random.Random(people), Clock()
    done, shown = Done(clock), 0
    begin = clock.now
    taps = {person: lots.randrange(SECONDS) for person in range(people)}
    for second in range(SECONDS + 120):
        clock.now = begin + second
        for person, when in taps.items():
            if when <= second and lots.random() < 0.3:
                done.say("live", "a", seat(person))  # again and again: it counts once
        count = done.count("live", "a", 3)
        if count != shown:
            assert count - shown >= LEAST
            assert second % TICK == 0
            shown = count
    assert shown <= people
    assert shown > people - LEAST


def test_a_tap_alone_changes_nothing_ever() -> None:
    clock = Clock()
    done = Done(clock)
    for person in range(LEAST):
        done.say("live", "a", seat(person))
    clock.now += TICK
    assert done.count("live", "a", 5) == LEAST
    done.say("live", "a", seat(99))
    clock.now += 100 * TICK
    assert done.count("live", "a", 5) == LEAST
    assert done.count("live", "another", 5) == 0


def test_a_higher_floor_of_the_room_holds_here_too() -> None:
    clock = Clock()
    done = Done(clock)
    for person in range(7):
        done.say("live", "a", seat(person))
    clock.now += TICK
    assert done.count("live", "a", 8) == 0
    assert done.count("live", "a", 7) == 7


def signal(played: object, phone: int) -> str:
    return live_sessions.signal(played.house, played.live_id, played.secrets[phone], "done")  # type: ignore[attr-defined]


def test_passing_writing_and_neither_say_it_alike_and_no_screen_follows(hall: House) -> None:
    """The same sentence for all; nothing is woken, nothing is written, no answer is looked at."""
    played = room(hall, ["text", "scale"], 8)
    run_id = played.open()
    for phone in range(4):
        played.send(phone, run_id, fields_for("text") if phone % 2 else None)
    before, woken = played.seen(), []
    hall.database.on_notice(woken.append)
    assert len({signal(played, phone) for phone in range(8)}) == 1
    assert woken == []
    assert played.seen() == before


def test_it_can_be_said_while_people_read_or_write_and_not_at_a_vote(hall: House) -> None:
    played = room(hall, ["text", "scale"], 6)
    with pytest.raises(WorkshopError, match="nothing to finish"):
        signal(played, 0)
    played.open()
    signal(played, 0)
    played.move("close")
    with pytest.raises(WorkshopError, match="nothing to finish"):
        signal(played, 0)
    played.move("next")
    played.open()
    with pytest.raises(WorkshopError, match="nothing to finish"):
        signal(played, 0)


def test_only_the_console_of_whoever_runs_reads_the_count(hall: House) -> None:
    played = room(hall, ["text"], 12)
    played.open()
    clock = Clock()
    object.__setattr__(hall, "done", Done(clock))
    for phone in range(7):
        signal(played, phone)
    clock.now += TICK
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        counts = {role: screens.console(session, live, role, hall).done for role in ("run", "moderate", "watch")}
        assert counts == {"run": 7, "moderate": 0, "watch": 0}
        assert not hasattr(screens.phone(session, live, hall), "done")
        assert not hasattr(screens.stage(session, live, hall), "done")
    played.move("close")
    played.move("end")
    assert hall.done.count(played.live_id, "q0", 5) == 0, "forgotten with the session"
