"""Promises 1, 5, 8 and 9 where people come in between: texts that are read before the room sees them, and texts that are asked back.

Lives here: moderation before release, the contract's declared exception, and
what somebody asks for their own card before the report is fixed. Not here: the
report itself (`papers.py`), every other door (`doors.py`).
"""

from __future__ import annotations

import html as escapes
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from ... import check_ins
from ...models import Card
from .. import evidence
from ..attackers import ordered
from ..cast import Room
from ..sorts import canary, fields_for, new_receipt
from ..verdicts import Finding, count
from ..wire import Browser, WireError
from . import World
from .sealed import clockless, shown

FEW = 4


def read_first(world: World) -> Iterator[Finding]:
    """Let texts be read before the room sees them, and look at every screen and page for them until they are let out."""
    questions = world.orders + 1
    room = world.room(["text"] * questions, 12, moderation=True)
    early: list[str] = []
    orders: list[list[int]] = []
    looked = 0
    for number in range(questions - 1):
        words = _answered(world, room, number)
        desk = _desk(room, "moderate", number)
        orders.append(_order(desk, words))
        if number == 0:
            early, looked = _early(world, room, words)
            yield from _hidden(room, words)
        else:
            _let_out(room, number)
        room.frames()  # whoever does not read what is sent to them is cut
    few = _answered(world, room, questions - 1, FEW)
    looks = [*_everywhere(world, room, questions - 1), ("the desk", _desk(room, "run", questions - 1))]
    low = [name for name, text in looks if any(word in text for word in few)]
    yield count(
        "read-first", 8, "everybody who does not moderate", "a text that is read before its release, on any screen or page before it was let out",
        early, looked, "screens and pages",
    )  # fmt: skip
    yield count(
        "read-below-floor", 8, "those who moderate", f"a text of a question that {FEW} people answered, before those who moderate or anybody",
        low, len(looks), "screens and pages",
    )  # fmt: skip
    yield ordered("read-order", 5, "those who moderate", "the order on the page of those who read texts first follows who sent first", {"place on the page": orders}, 12)  # fmt: skip
    world.done(room)


def _answered(world: World, room: Room, number: int, people: int = 0) -> list[str]:
    """Ask the next question; return what was written, in the order of sending."""
    if number:
        room.press("next")
    run_id, words = room.open(), []
    for phone in room.phones[: people or len(room.phones)]:
        words.append(canary())
        phone.send(run_id, fields_for("text", words[-1]))
    room.press("close")
    world.words += words
    return words


def _page(room: Room, number: int) -> str:
    return room.address(f"moderation/q{number}")


def _desk(room: Room, role: str, number: int) -> str:
    return room.staff.browsers[role].get(f"{_page(room, number)}/desk").text


def _decide(room: Room, number: int, **form: str) -> None:
    page = _page(room, number)
    room.staff.browsers["moderate"].post(page, form, page=page)


def _let_out(room: Room, number: int) -> None:
    """Approve what is left and show it; a build that shows everything at once has nothing to let out."""
    _decide(room, number, do="rest")
    with suppress(WireError):
        room.press("show_read")


def _order(text: str, words: Sequence[str]) -> list[int]:
    """Return for each word on a page, first to last, the place of whoever sent it; empty where one is missing."""
    places = {word: text.find(word) for word in words}
    return (
        [words.index(word) for word in sorted(words, key=lambda one: places[one])] if -1 not in places.values() else []
    )


def _everywhere(world: World, room: Room, number: int) -> Iterator[tuple[str, str]]:
    """Yield (who and where, text) of every screen and page on which a text could stand, but those of who moderates."""
    yield from shown(room).items()
    staff, outsider = world.staff.browsers, Browser(world.scratch.address)
    for name in ("watch", "staff", "admin"):
        for tail in ("", "report", f"themes/q{number}", f"moderation/q{number}", f"moderation/q{number}/desk"):
            yield f"{name} at {tail or 'the console'}", staff[name].get(room.address(tail)).text
    for name in ("run", "moderate"):
        for tail in ("", "report", f"themes/q{number}"):
            yield f"{name} at {tail or 'the console'}", staff[name].get(room.address(tail)).text
    yield "the stage's page", outsider.get(f"/stage/{room.live.stage_token}").text
    yield "the desk, for somebody without an account", outsider.get(f"{_page(room, number)}/desk").text
    for tail in ("", "sent"):
        yield f"a phone at {tail or 'its page'}", room.phones[1].browser.get(f"/s/{room.live_id}/{tail}").text


def _early(world: World, room: Room, words: list[str]) -> tuple[list[str], int]:
    """Return who saw a text before it was let out, and how many looks that was; none if nobody could read it at all."""
    seen = list(_everywhere(world, room, 0))
    found = [name for name, text in seen if any(word in text for word in words)]
    readable = all(word in _desk(room, role, 0) for role in ("run", "moderate") for word in words)
    return found, len(seen) if readable else 0


def _hidden(room: Room, words: list[str]) -> Iterator[Finding]:
    """Hide one text and let the others out: the same for everybody, in one order, and nothing of the hidden one."""
    database = room.scratch.house.database
    with database.transaction() as session:
        one = session.scalar(select(Card.id).where(Card.text == words[0]))
    _decide(room, 0, do=f"hide:{one}")
    _let_out(room, 0)
    screens = shown(room)
    wrong = [f"{name}: the hidden text" for name, text in screens.items() if words[0] in text]
    orders = {name: _order(text, words[1:]) for name, text in screens.items()}
    wrong += [f"{name}: another order" for name, order in orders.items() if order != orders["stage"]]
    there = any(orders.values())
    yield count(
        "read-hidden", 8, "every role", "a text that was hidden, or another choice or order of texts for one audience than for another",
        wrong, len(screens) if there else 0, "screens",
    )  # fmt: skip


# -- asked back before the report is fixed


def asked_back(world: World) -> Iterator[Finding]:
    """Take one card back and let another no longer be quoted: nothing may show it before the freeze, and all of it after."""
    room = world.room(["text"], 12)
    run_id, own = room.open(), {}
    for phone in room.phones:
        word = canary()
        own[word], kept = new_receipt()
        phone.send(run_id, {**fields_for("text", word, quotable=True), "receipt-0": [kept]})
    room.press("close")
    room.press("end")
    # Planned now, or the server's next round would change a page and look like a trace.
    room.plan_check_in(check_ins.local_day(world.scratch.house.clock()) + timedelta(days=14))
    taken, silent, wavering = list(own)[:3]
    before = dict(_before_the_freeze(room))
    asked = [
        room.phones[0].ask_for(own[word], act)
        for word, act in ((taken, "withdraw"), (silent, "unquote"), (wavering, "withdraw"), (wavering, "keep"))
    ]
    after = dict(_before_the_freeze(room))
    heard = all(asked[:2]) and any(word in text for text in before.values() for word in own)
    yield count(
        "asked-back-early", 9, "every role", "a screen, draft or page that changed before the freeze because somebody asked for a card back",
        [name for name in before if before[name] != after[name]], len(before) if heard else 0, "screens and pages",
    )  # fmt: skip
    page = Browser(world.scratch.address).get(room.hand_over()).text
    rows = repr(evidence.rows(world.scratch.house.database.engine))
    left = [f"{taken} in a row"] if taken in rows else []
    left += [f"{word} on the manager's page" for word in (taken, silent) if word in page]
    with world.scratch.house.database.transaction() as session:
        receipts = session.scalars(select(Card.receipt).where(Card.run_id == run_id)).all()
    left += [f"a receipt: {one}" for one in receipts if one]
    printed = sum(word in page for word in own)
    yield count(
        "asked-back-frozen", 9, "manager", "a card that was taken back, in any row or on the manager's page after the freeze, or a receipt that is still kept",
        left, len(own) if printed else 0, "cards",
    )  # fmt: skip
    world.words += list(own)
    world.done(room)


def _before_the_freeze(room: Room) -> Iterator[tuple[str, str]]:
    """Yield every screen, draft and page as it is before the report is fixed, without clocks and tokens."""
    for name, text in shown(room).items():
        yield name, clockless(text)
    run = room.staff.browsers["run"]
    for tail in (
        "",
        "report",
        "report/draft/manager",
        "report/draft/participant",
        "moderation/q0",
        "themes/q0",
        "follow-up",
    ):
        yield tail or "the console", _still(run.get(room.address(tail)).text)
    for tail in ("", "sent"):
        yield f"a phone at {tail or 'its page'}", _still(room.phones[1].browser.get(f"/s/{room.live_id}/{tail}").text)


def _still(page: str) -> str:
    """Return a page without what is new each time it is drawn: the token of its forms, and the time of day."""
    page = re.sub(r'(csrf[\w-]*"[^>]*?(?:value|content)="|data-csrf="|"csrf":\s*")[^"]+', r"\1", escapes.unescape(page))
    return clockless(page)


CHECKS: tuple[Any, ...] = (read_first, asked_back)
