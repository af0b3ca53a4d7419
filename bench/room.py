"""`make bench ARGS=room`: one room of phones joins, answers and sees the result, as its people feel it.

    make bench ARGS="room"                   300 phones
    make bench ARGS="room --short"           40 phones, for CI
    make bench ARGS="room --phones 120"

Server and phones share this machine, so every figure is an upper bound. Lives
here: the measurements. Not here: the people (`workshop.demo.people`).
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # hundreds of simulated phones are greenlets, not threads

import argparse  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402

import gevent  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from workshop.demo.people import DemoFailed, Phone  # noqa: E402
from workshop.demo.play import Play, answers_to  # noqa: E402
from workshop.demo.server import ScratchServer  # noqa: E402

JOIN_WITHIN = 10.0
"""Seconds in which the whole room joins: the QR code has just come up."""
ANSWER_WITHIN = 3.0
"""Seconds in which the whole room answers: the end of a countdown."""
QUESTION = "energy-before"
"""The first question of the guide: a scale, the smallest answer there is."""


def main(arguments: Sequence[str]) -> int:
    """Measure once and print a table; return 1 when an answer was lost."""
    parser = argparse.ArgumentParser(prog="bench room", description=__doc__)
    parser.add_argument("--phones", type=int, default=300)
    parser.add_argument("--short", action="store_true", help="40 phones")
    chosen = parser.parse_args(arguments)
    phones = 40 if chosen.short else chosen.phones
    try:
        with ScratchServer() as server:
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
    show(f"join ({count} within {JOIN_WITHIN:.0f} s)", took)

    play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
    activity = play.guide.activity(QUESTION)
    opened = time.monotonic()
    play.facilitator.press(play.facilitator.next_move())
    show("question seen after opening", [waited(phone, "data-answer", opened) for phone in phones])

    answers = [fields for fields in answers_to(activity) if fields]
    took = together(count, ANSWER_WITHIN, lambda number: phones[number].answer(answers[number % len(answers)]))
    show(f"answer saved ({count} within {ANSWER_WITHIN:.0f} s)", took)

    closed = time.monotonic()
    play.facilitator.press("close")
    show("result seen after closing", [waited(phone, 'data-state="released"', closed) for phone in phones])

    print(f"\nserver's memory after it: {server.memory() / 1e6:.0f} MB")
    shown = f"{count} people answered" in phones[0].socket.html
    print(f"answers kept: {'all' if shown else 'NOT ALL'}")
    return 0 if shown else 1


def together(count: int, within: float, work: Callable[[int], object]) -> list[float]:
    """Do `work` for each number at a random moment of `within` seconds; return how long each took."""
    took: list[float] = []

    def one(number: int) -> None:
        gevent.sleep(random.uniform(0, within))
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


def show(what: str, seconds: Sequence[float]) -> None:
    """Print one row, in milliseconds."""
    ordered = sorted(seconds)
    middle, late = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{what:34}{middle * 1000:8.0f} {late * 1000:8.0f} {ordered[-1] * 1000:8.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
