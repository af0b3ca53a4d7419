"""Promises 15 and 16: papers of one's own, and slips that let one phone in each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .. import evidence
from ..cast import Phone
from ..sorts import canary, fields_for
from ..verdicts import Finding, count, unprotected
from ..wire import Reply
from . import World

SLIPS = 8


def private_paper(world: World) -> Iterator[Finding]:
    """Have a private paper printed, well and badly; then look for its words in every file and row."""
    room = world.room(["text"], 2, watched=False)
    words: list[str] = []
    phone = room.phones[0].browser
    address = f"/s/{room.live_id}/notes/paper"
    told = phone.get(f"/s/{room.live_id}/notes/token")
    csrf = str(json.loads(told.text)["csrf"])

    def ask(body: str, kind: str = "application/json", token: str = csrf) -> Reply:
        words.append(canary())
        return phone.ask("POST", address, (body % words[-1]).encode(), kind, **{"X-CSRFToken": token})

    paper = {
        "paper": "talk", "size": "A4",
        "sections": [{"heading": "What I want to say", "items": [{"label": "", "part": "concern", "lines": ["%s"]}]}],
    }  # fmt: skip
    made = ask(json.dumps(paper))
    for broken in ('{"broken %s', '{"paper": "%s"}'):
        ask(broken)
    ask("%s", kind="text/plain")
    ask("%s", token="foreign")  # noqa: S106 - a token that must be refused
    pages = {re.sub(r'"csrf":\s*"[^"]+"', "", one.browser.get(f"/s/{room.live_id}/notes/").text) for one in room.phones}
    rows = repr(evidence.rows(world.scratch.house.database.engine))
    found = [name for name, _word in evidence.holding(world.scratch.files(), words)]
    found += [word for word in words if word in rows]
    found += ["the page of My notes differs between phones"] if len(pages) > 1 else []
    world.words += words
    world.done(room)
    yield count(
        "paper", 15, "thief of files and logs", "a word of a private paper in any file, log or row, or a page that differs",
        found, len(words) if made.status in (200, 400, 503) else 0, "papers" + ("" if made.status == 200 else " (refused)"),
    )  # fmt: skip


def slips(world: World) -> Iterator[Finding]:
    """Make slips, use each, use them again, come without one; then look for their codes in every file."""
    room = world.room([*("text",)], 0, start=False, tickets=True)
    page = room.address("slips")
    printed = world.staff.browsers["run"].post(
        page, {"number": str(SLIPS), "version": str(room.live.version)}, page=page
    )
    codes = sorted({a + b for a, b in re.findall(r"\b([A-Z2-9]{4}) ([A-Z2-9]{4})\b", printed.text)})
    wrong: list[str] = []
    used = codes[: len(codes) // 2]
    for number, code in enumerate(used):
        phone = Phone.marked(world.scratch, number)
        if phone.join(room.live, code).status != 303 or not phone.seat:
            wrong.append("a good slip did not open the door")
        world.marks += phone.marks
        again = Phone.marked(world.scratch, number + 50)
        again.join(room.live, code)
        wrong += ["a slip let a second phone in"] if again.seat else []
    without = Phone.marked(world.scratch, 99)
    without.join(room.live)
    wrong += ["a phone came in without a slip"] if without.seat else []
    wrong += [f"a code in {name}" for name, _code in evidence.holding(world.scratch.files(), codes)]
    world.done(room)
    yield count(
        "slips", 16, "sybil", "a phone without a slip of its own in the room, or a code in a file", wrong, 2 * len(used) + len(codes),
        "slips and doors",
    )  # fmt: skip


def one_device(world: World) -> Iterator[Finding]:
    """Send from one device again and again; then let a sybil bring phones of their own, which nothing but slips stops."""
    room = world.room(["text", "text"], 5)
    run_id = room.open()
    words = [canary() for _time in range(4)]
    for revision, word in enumerate(words, start=1):
        room.phones[0].send(run_id, fields_for("text", word), revision=revision)
    again = Phone(room.phones[0].browser, room.live_id)
    again.connect()
    again.send(run_id, fields_for("text", words[-1]), revision=len(words))
    for phone in room.phones[1:]:
        phone.send(run_id, fields_for("text"))
    room.press("close")
    again.leave()
    seen = room.show("stage").get("html", "")
    counted = [word for word in words[:-1] if word in seen]
    yield count(
        "one-device", 16, "somebody with one phone", "a second answer of one device in what the room saw", counted,
        len(words) - 1 if words[-1] in seen else 0, "answers",
    )  # fmt: skip
    room.press("next")
    run_id, victim = room.open(), canary()
    room.phones[0].send(run_id, fields_for("text", victim))
    own = [canary() for _phone in room.phones[1:]]
    for phone, word in zip(room.phones[1:], own, strict=True):
        phone.send(run_id, fields_for("text", word))
    room.press("close")
    alone = victim in room.show("stage").get("html", "")
    world.words += [*words, *own, victim]
    world.done(room)
    yield unprotected(
        "sybil", 16, "sybil", "one person among four phones of somebody else's, without slips: floors count phones, not people",
        f"the one card that was not the sybil's was {'seen and known as theirs' if alone else 'not seen'}; with slips no phone came in",
    )  # fmt: skip
    yield unprotected(
        "everybody-else",
        1,
        "11 colluders",
        "the last person's card when everybody else tells theirs",
        "1 of 1: what is left is theirs",
    )
    yield unprotected(
        "style",
        17,
        "everybody who reads",
        "one's own wording and style",
        "not measured: simulated texts have none; writing for people who know you does",
    )


CHECKS: tuple[Any, ...] = (private_paper, slips, one_device)
