"""`python -m workshop bench`: one room of phones joins, answers and sees the result, as its people feel it.

Server and phones share this machine, so every figure is an upper bound. Lives
here: the measurements. Not here: the people (`people.py`), this engine beside
others (`bench/`). Hundreds of simulated phones are greenlets, not threads:
whoever starts this lets gevent patch first.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Sequence

import gevent
from gevent.pool import Pool

from . import pages
from .people import DemoFailed, Phone
from .play import Play, answers_to
from .server import ScratchServer

chance = secrets.SystemRandom()
JOIN_WITHIN = 10.0
"""Seconds in which the whole room joins: the QR code has just come up."""
ANSWER_WITHIN = 3.0
"""Seconds in which the whole room answers: the end of a countdown."""
HARDLY_NOTICED = 1.0
"""Seconds that somebody waits without losing the thread (Nielsen, Usability Engineering, 1993)."""
QUESTION = "energy-before"
"""The first question of the guide: a scale, the smallest answer there is."""


def main(phones: int, transport: str) -> int:
    """Measure once and print a table; return 1 when an answer was lost or somebody did not get through."""
    try:
        with ScratchServer(TRANSPORT=transport) as server:
            return measure(server, phones)
    except DemoFailed as reason:
        print(f"The measurement failed. {reason}", file=sys.stderr)
        return 1


def measure(server: ScratchServer, count: int) -> int:
    """Play one question with `count` phones."""
    play = Play(server, say=lambda _line: None, people=0)
    play.prepare()
    code = play.code
    phones: list[Phone] = []
    print(f"{count} phones, server and phones on one machine\n\n{'':34}  median     95 %      max")

    took = together(count, JOIN_WITHIN, lambda _number: phones.append(Phone(code, server.url)))
    late = [show(f"join ({count} within {JOIN_WITHIN:.0f} s)", took)]

    play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
    activity = play.guide.activity(QUESTION)
    opened = time.monotonic()
    play.facilitator.press(play.facilitator.next_move())
    late.append(show("question seen after opening", [waited(phone, "data-answer", opened) for phone in phones]))

    answers = [fields for fields in answers_to(activity) if fields]
    took = together(count, ANSWER_WITHIN, lambda number: phones[number].answer(answers[number % len(answers)]))
    late.append(show(f"answer saved ({count} within {ANSWER_WITHIN:.0f} s)", took))

    run = pages.attribute(phones[0].socket.html, "data-run")
    kept = sum(phone.socket.call("mine", {"run": run}).get("revision") == 1 for phone in phones)

    closed = time.monotonic()
    play.facilitator.press("close")
    late.append(show("result seen after closing", [waited(phone, 'data-state="released"', closed) for phone in phones]))

    print(f"\nserver's memory after it: {server.memory() / 1e6:.0f} MB")
    print(f"answers kept: {kept} of {count}")
    print(verdict(max(late)))
    return 0 if kept == count else 1


def together(count: int, within: float, work: Callable[[int], object]) -> list[float]:
    """Do `work` for each number at a random moment of `within` seconds; return how long each took."""
    took: list[float] = []

    def one(number: int) -> None:
        gevent.sleep(chance.uniform(0, within))
        began = time.monotonic()
        work(number)
        took.append(time.monotonic() - began)

    pool = Pool(count)
    for greenlet in [pool.spawn(one, number) for number in range(count)]:
        greenlet.get()
    return took


def waited(phone: Phone, part: str, since: float) -> float:
    """Return how long after `since` the phone had a screen with `part`."""
    phone.socket.wait_for(part, lambda html: part in html)
    return phone.socket.changed_at - since


def show(what: str, seconds: Sequence[float]) -> float:
    """Print one row, in milliseconds; return after how many seconds 95 of 100 had it."""
    ordered = sorted(seconds)
    middle, late = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what:34}{middle * 1000:8.0f} {late * 1000:8.0f} {ordered[-1] * 1000:8.0f}", flush=True)
    return late


def verdict(late: float) -> str:
    """Return in words what the slowest row means for a room, from what 95 of 100 people waited, in seconds."""
    if late <= HARDLY_NOTICED:
        return "For 95 of 100 people nothing took longer than a second: a room of this size runs well here."
    return (
        f"Some waits were {late:.1f} s for 5 of 100 people. Answers wait on the phone and nothing gets lost, but a room\n"
        "of this size feels slow here: close other programs, or take a faster machine. Phones and server shared this one."
    )
