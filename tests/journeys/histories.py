"""What phones did and were told, line by line, and the checker that reads it, in the manner of Jepsen.

Every operation and what its phone was told goes into a history; the checker
knows nothing of the server. An acknowledged answer is there once, at its last
acknowledged revision or at one that was under way; one that was never sent is
not there; no revision goes back. Not here: what is done to the server or to the
way to it meanwhile.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import websocket

from tests.wire import Gone, Inside, Wire


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


def wait_for(phones: Sequence[Phone], operations: int) -> None:
    """Wait until the room has done so much."""
    deadline = time.monotonic() + 300
    while sum(len(phone.history) for phone in phones) < operations:
        assert time.monotonic() < deadline, "the phones are stuck"
        time.sleep(0.02)


def nothing_lost_or_doubled(phones: Sequence[Phone], cards: Sequence[str]) -> None:
    """Hold what every phone was told against the wall; nothing was refused but after the close, and no card is a stranger's."""
    wrong = {
        phone.name: problem
        for phone in phones
        if (problem := check(phone, [card for card in cards if card.startswith(f"{phone.name} ")]))
    }
    assert not wrong
    assert {code for phone in phones for code in phone.refused} <= {"closed"}
    assert len(cards) == len([card for card in cards if card.startswith("person ")]) > 0
