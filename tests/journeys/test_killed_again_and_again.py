"""Fault R1: phones send, edit, withdraw and reconnect while the server is killed at random points, again and again.

In the manner of Jepsen: every operation and what its phone was told goes into a
history, and a checker that knows nothing of the server reads it afterwards. An
acknowledged answer is there once, at its last acknowledged revision or at one
that was under way; one that was never sent is not there; no revision goes back.
Some kills hit the seal itself.

The short form runs in CI. `FAULTS=full` plays 200 phones, 10,000 operations and
100 kills.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field

import pytest
import websocket
from sqlalchemy import select

from tests.conftest import LiveServer
from tests.wire import Gone, Inside, Wire
from workshop.models import ActivityRun, Card

FULL = os.environ.get("FAULTS") == "full"
PHONES, QUESTIONS, KILLS, OPERATIONS = (200, 20, 5, 500) if FULL else (30, 2, 3, 300)
"""Kills and at least so many operations per question; the last kill of each hits its close."""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Operation:
    """One line of a history: "send" (text None: a pass) or "mine". `told`: the acknowledged revision, None: none came."""

    what: str
    revision: int
    text: str | None
    told: int | None


@dataclass
class Phone:
    """One person who goes through a question with a will of their own."""

    name: str
    cookie: str
    lots: random.Random
    history: list[Operation] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def take_part(self, inside: Inside, run: str, closing: threading.Event, stopped: threading.Event) -> None:
        """Send, edit, withdraw, come and go until told to stop."""
        wire: Wire | None = None
        while not stopped.is_set():
            stopped.wait(self.lots.uniform(0.06, 0.2))  # below what the server lets one phone say in a second
            try:
                if wire is None:
                    wire = inside.phone(self.cookie)
                    given = wire.call("mine", {"run": run})["revision"]
                    if given or not closing.is_set():  # a closed question gives nobody anything back; the wall has it
                        self.history.append(Operation("mine", 0, None, given))
                elif self.lots.random() < 0.04:
                    wire.close()
                    wire = None
                else:
                    self.send(wire, run)
            except (Gone, OSError, AssertionError, websocket.WebSocketException):  # nobody listens just now
                if wire is not None:
                    wire.close()
                wire = None
        if wire is not None:
            wire.close()

    def send(self, wire: Wire, run: str) -> None:
        """Say something new, or repeat what is not known to have arrived."""
        sent = [one for one in self.history if one.what == "send"]
        if sent and sent[-1].told is None:
            revision, text = sent[-1].revision, sent[-1].text
        else:
            revision = len({one.revision for one in sent}) + 1
            text = None if self.lots.random() < 0.2 else f"{self.name} says this for the {revision}. time"
        told: int | None = None
        try:
            ack = wire.answer(run, revision, text)
            if ack["ok"]:
                told = int(ack["revision"])
            else:
                self.refused.append(ack["code"])
        finally:
            self.history.append(Operation("send", revision, text, told))


def check(phone: Phone, cards: list[str]) -> str:
    """Return what is wrong between what one phone was told and what is on the wall; empty: nothing."""
    acknowledged = attempted = 0
    for one in phone.history:
        if one.what == "mine":
            if not acknowledged <= (one.told or 0) <= attempted:
                return f"was given revision {one.told} back between {acknowledged} and {attempted}"
            continue
        attempted = max(attempted, one.revision)
        if one.told is not None:
            if one.told != one.revision:
                return f"sent {one.revision} and was told {one.told}"
            acknowledged = one.told
    possible = [one.text for one in phone.history if one.what == "send" and one.revision >= max(acknowledged, 1)]
    if len(cards) > 1:
        return f"stands there {len(cards)} times: {cards}"
    if cards and cards[0] not in possible:
        return f"{cards[0]!r} stands there, possible was {possible}"
    if not cards and acknowledged and None not in possible:
        return f"revision {acknowledged} was acknowledged and is not there"
    return ""


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
    wrong = {
        phone.name: problem
        for phone in phones
        if (problem := check(phone, [card for card in cards if card.startswith(f"{phone.name} ")]))
    }
    assert not wrong
    assert {code for phone in phones for code in phone.refused} <= {"closed"}
    assert len(cards) == len([card for card in cards if card.startswith("person ")]) > 0
    return sum(len(phone.history) for phone in phones)


def wait_for(phones: list[Phone], operations: int) -> None:
    """Wait until the room has done so much."""
    deadline = time.monotonic() + 300
    while sum(len(phone.history) for phone in phones) < operations:
        assert time.monotonic() < deadline, "the phones are stuck"
        time.sleep(0.02)


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
