"""Promises 4 and 5 where people do several things one after the other, and what they did lies there for long.

Lives here: cards that are asked back before the report is fixed, and the four
questions of a check-in, which are open together for a week. What is looked at
is the order in which all of that lies in rows and files. Not here: a question
that is open for minutes (`sealed.py`), what becomes of cards (`read_first.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ... import anonymity
from .. import evidence
from ..attackers import ordered
from ..cast import Phone, Room
from ..sorts import canary, fields_for, new_receipt
from ..verdicts import Finding
from . import World
from .beside import answer_check_in, come_back, opened
from .sealed import LEAKY_PATIENCE

PEOPLE = 12
REST = 60.0
"""Seconds within which the product lays down anew what lies for long, and empties its logs."""

Orders = dict[str, list[list[int]]]


# -- cards that are asked back


def asked_in_turn(world: World) -> Iterator[Finding]:
    """Let one person after the other ask for a card; look for that order in every row and file, question by question."""
    room, orders = world.room(["text"] * world.orders, PEOPLE), Orders()
    for number in range(world.orders):
        if number:
            room.press("next")
        own = _cards(world, room)
        asking = anonymity.shuffled(list(own))  # not in the order of sending, which another check looks at
        for phone in asking:
            room.phones[phone].ask_for(own[phone][0], "withdraw")
        for name, order in _at_rest(world, [own[phone][1] for phone in asking]).items():
            orders.setdefault(name, []).append(order)
        room.frames()
    world.done(room)
    yield ordered(
        "asked-back-order", 5, "thief of the database and files", "the place of a row, its transaction, or the place in a file of what is asked for a card follows who asked first",
        orders, PEOPLE,
    )  # fmt: skip


def _cards(world: World, room: Room) -> dict[int, tuple[str, str]]:
    """Ask a question and close it; return the receipt of each phone's card, and what is kept of it."""
    run_id, own = room.open(), {}
    for number, phone in enumerate(room.phones):
        own[number], word = new_receipt(), canary()
        world.words.append(word)
        phone.send(run_id, {**fields_for("text", word), "receipt-0": [own[number][1]]})
    room.press("close")
    return own


def _at_rest(world: World, marks: Sequence[str]) -> Mapping[str, list[int]]:
    """Return for each measure the order in which it puts these marks, once the main database's log is empty."""
    engine = world.scratch.house.database.engine
    rows = evidence.of_rows(evidence.rows(engine), marks)
    engine.dispose()  # our own connections would keep the log
    end, files = time.monotonic() + REST, world.scratch.files()
    while files.get("data/main.db-wal") and time.monotonic() < end:
        time.sleep(0.05)
        files = world.scratch.files()
    found = evidence.table_of(rows, marks) | evidence.table_of(evidence.places(files, marks), marks)
    return {
        name: sorted(range(len(marks)), key=values.__getitem__)
        for name, values in found.items()
        if len(set(values)) == len(values)
    }


# -- the box of a check-in


def check_in_box(world: World) -> Iterator[Finding]:
    """Let wave after wave answer a check-in, and copy its box when it has come to rest: may one order be seen in another?"""
    later = opened(world, world.week, 1)
    waves: list[list[dict[bytes, int]]] = []
    for wave in range(-(-world.orders // 3)):  # four questions, so three times one beside the next
        secrets: list[bytes] = []
        for person in range(PEOPLE):
            phone = Phone.marked(world.scratch, wave * PEOPLE + person)
            secrets.append(come_back(world, later, phone))
            answer_check_in(later, phone, "6")
            phone.browser.hang_up()
        waves.append(
            [{anonymity.tag(secret, run): n for n, secret in enumerate(secrets)} for run in later.runs]
        )  # fmt: skip
    copy = _copied(world, later.live_id)
    orders: Orders = {"against who came first": [], "one question against the next": []}
    for told in waves:
        lying = [[tags[tag] for tag in sorted(tags, key=copy.rfind)] for tags in told if all(t in copy for t in tags)]
        orders["against who came first"] += lying
        orders["one question against the next"] += [[one.index(n) for n in other] for one, other in pairwise(lying)]
    world.done(later.room)
    yield ordered(
        "check-in-box", 4, "thief of files", "the order of a check-in's answers in a copy of its box is that of another question, or of who came first",
        orders, PEOPLE,
    )  # fmt: skip


def _copied(world: World, live_id: str) -> bytes:
    """Return the bytes of a box and its log once the log is empty; a build that never empties it is not waited for."""
    end = time.monotonic() + (LEAKY_PATIENCE if world.leaky else REST)
    while True:
        files = world.scratch.files()
        box, log = (files.get(f"data/ballots/{live_id}.sqlite{tail}", b"") for tail in ("", "-wal"))
        if not log or time.monotonic() > end:
            return box + log
        time.sleep(0.2)


CHECKS: tuple[Any, ...] = (asked_in_turn, check_in_box)
