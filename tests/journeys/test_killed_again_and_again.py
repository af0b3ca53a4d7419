"""Fault R1: phones send, edit, withdraw and reconnect while the server is killed at random points, again and again.

Their histories are checked afterwards (`histories.py`). Some kills hit the seal
itself.

The short form runs in CI. `FAULTS=full` plays 200 phones, 10,000 operations and
100 kills.
"""

from __future__ import annotations

import os
import random
import threading
import time

import pytest
from sqlalchemy import select

from tests.conftest import LiveServer
from tests.journeys.histories import Operation, Phone, check, nothing_lost_or_doubled, wait_for
from tests.wire import Inside, Wire
from workshop.models import ActivityRun, Card

FULL = os.environ.get("FAULTS") == "full"
PHONES, QUESTIONS, KILLS, OPERATIONS = (200, 20, 5, 500) if FULL else (30, 2, 3, 300)
"""Kills and at least so many operations per question; the last kill of each hits its close."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("history", "cards"),
    [
        ([("send", 1, "a", 1)], []),
        ([("send", 1, "a", 1)], ["a", "a"]),
        ([("send", 1, "a", 1), ("send", 2, "b", 2)], ["a"]),
        ([("send", 1, "a", 1), ("send", 2, None, 2)], ["a"]),
        ([("send", 1, "a", 1)], ["never sent"]),
        ([("send", 1, "a", 1), ("mine", 0, None, 0)], ["a"]),
    ],
    ids=["lost", "double", "old", "withdrawn", "invented", "forgotten"],
)
def test_the_checker_finds_what_it_looks_for(history: list[tuple[str, int, str | None, int]], cards: list[str]) -> None:
    assert check(Phone("somebody", "", random.Random(1), [Operation(*one) for one in history]), cards)


def test_what_was_acknowledged_is_there_once_whatever_was_killed(live_server: LiveServer) -> None:
    lots = random.Random(20261127)
    first = Inside.of(live_server)
    operations = 0
    for number in range(QUESTIONS):
        inside = first.another() if number else first
        operations += play(inside, lots)
    first.close()
    assert operations >= QUESTIONS * OPERATIONS


def play(inside: Inside, lots: random.Random) -> int:
    """Ask one question of a room of phones, kill the server again and again, check; return the operations."""
    server = inside.server
    phones = [Phone(f"person {n}", inside.seat(), random.Random(lots.random())) for n in range(PHONES)]
    console = inside.console()
    run = inside.ask(console, "stuck")
    closing, stopped = threading.Event(), threading.Event()
    threads = [threading.Thread(target=phone.take_part, args=(inside, run, closing, stopped)) for phone in phones]
    for thread in threads:
        thread.start()
    try:
        for kill in range(1, KILLS):
            wait_for(phones, OPERATIONS * kill // KILLS)
            time.sleep(lots.uniform(0, 0.2))
            server.kill()
            server.start()
        wait_for(phones, OPERATIONS)
        console.close()
        console = inside.console()
        closing.set()
        console.send("move", {"command": "close", "argument": "", "version": version_of(console)})
        time.sleep(lots.uniform(0, 0.08))  # somewhere before, inside or after the seal
        server.kill()
        console.close()
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    server.start()
    if state_of(inside, run) == "open":  # it died before the seal had begun: nothing is shown, all is still there
        assert not cards_of(inside, run)
        console = inside.console()
        assert inside.press(console, "close")["ok"]
        console.close()
    assert state_of(inside, run) == "released"
    cards = cards_of(inside, run)
    nothing_lost_or_doubled(phones, cards)
    return sum(len(phone.history) for phone in phones)


def version_of(console: Wire) -> int:
    return int(console.call("screen", {})["version"])


def state_of(inside: Inside, run: str) -> str:
    with inside.house.database.transaction() as session:
        found = session.get(ActivityRun, run)
        assert found is not None
        return found.state


def cards_of(inside: Inside, run: str) -> list[str]:
    with inside.house.database.transaction() as session:
        return list(session.scalars(select(Card.text).where(Card.run_id == run)))
