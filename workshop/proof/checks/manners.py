"""Promises 12, 13, 14 and 17: silence, presence, the traces of a keyboard, and what every phone says."""

from __future__ import annotations

import html as escapes
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..cast import Phone, Room
from ..sorts import canary, fields_for
from ..verdicts import Finding, count
from . import World
from .sealed import ALL, clockless, shown

QUIET = 0.9
"""Seconds without a push after which none is on its way: more than three rounds of the product's own."""
LONGEST = 10.0
"""Seconds after which waiting for silence is given up."""


def silence(world: World) -> Iterator[Finding]:
    """Answer a question, and pass the same one in another room: acknowledgements, pushes and screens must be the same."""
    seen = []
    for fields in (fields_for("text"), None):
        room = world.room(["text"], 3)
        run_id = room.open()
        settle(room)
        ack = room.phones[0].send(run_id, fields)
        said = {name: len(frames) for name, frames in settle(room).items() if name != "phone 0"}
        page = room.phones[1].page()
        shapes = {name: _steady(room, text) for name, text in shown(room, ALL[:-1]).items()}
        seen.append((json.dumps(ack, sort_keys=True), said, shapes, "data-pass" in page and "data-send" in page))
        world.done(room)
    differing = [
        name
        for name, one, two in zip(("acknowledgement", "pushes", "screens", "buttons"), *seen, strict=True)
        if one != two
    ]
    yield count(
        "silence", 12, "everybody who watches", "a difference between passing and answering, on the wire or on a screen",
        differing, 4, "comparisons",
    )  # fmt: skip


def settle(room: Room) -> dict[str, list[Any]]:
    """Wait until nothing has been pushed for a while, and return the screens that were."""
    found: dict[str, list[Any]] = {}
    end = time.monotonic() + LONGEST
    quiet = time.monotonic() + QUIET
    while time.monotonic() < min(end, quiet):
        time.sleep(0.1)
        for name, frames in room.frames().items():
            fresh = [frame for frame in frames if frame.event == "screen"]
            found.setdefault(name, []).extend(fresh)
            if fresh:
                quiet = time.monotonic() + QUIET
    return found


def _steady(room: Room, text: str) -> str:
    """Return a screen without the ids and the code of its session."""
    for known in (room.live.code or "*", *_halves(room.live.code or "")):
        text = text.replace(known, "*")
    text = re.sub(r'(?s)<svg.*?</svg>|src="data:[^"]*"', "*", text)  # the QR code of the join link
    return clockless(re.sub(r"[\w-]{22}", "*", text))


def _halves(code: str) -> tuple[str, ...]:
    return tuple(f">{half}<" for half in (code[:3], code[3:]) if half)


def presence(world: World) -> Iterator[Finding]:
    """Leave, come back, reload, join twice and edit: nobody may notice, not even by a number."""
    room = world.room(["text"], 6)
    run_id = room.open()
    for phone in room.phones[:3]:
        phone.send(run_id, fields_for("text"))
    settle(room)
    watched = tuple(name for name in ALL if name != "phone 0")
    noticed, looked = [], 0
    for name, happening in _happenings(room, run_id):
        before = shown(room, watched)
        happening()
        pushed = settle(room)
        after = shown(room, watched)
        for who in watched:
            screens = [str((frame.data or {}).get("html", "")) for frame in pushed.get(who, ())]
            # A clock may move a console; a push that says nothing new would tell when something happened.
            if before[who] in screens or any(
                clockless(one) != clockless(before[who]) for one in [*screens, after[who]]
            ):
                noticed.append(f"{who} when phones {name}")
        looked += len(watched)
    everything = repr(shown(room, watched)).lower()
    noticed += [phone.seat for phone in room.phones if phone.seat and phone.seat.lower() in everything]
    world.done(room)
    yield count(
        "presence", 13, "everybody who watches", "somebody noticed who left, came back, reloaded, joined twice or edited",
        noticed, looked, "screens",
    )  # fmt: skip


def _happenings(room: Room, run_id: str) -> Iterator[tuple[str, Callable[[], object]]]:
    leaving, editing = room.phones[4], room.phones[1]
    yield "leave", leaving.leave
    yield "come back", leaving.connect
    yield "reload", leaving.page
    yield "join twice", lambda: leaving.join(room.live)
    yield "edit", lambda: editing.send(run_id, fields_for("text", canary() * 2), revision=2)
    yield "withdraw", lambda: editing.send(run_id, None, revision=3)


TYPED = "\u201cNo\u00a0\u2014 it\u2019s\u2026\u201d e\u0301"
PLAIN = '"No - it\'s..." \u00e9'
"""What two keyboards make of the same words."""


def keyboard(world: World) -> Iterator[Finding]:
    """Type one text as five keyboards would; then look whether a phone's own card is marked as its own."""
    room = world.room(["text"], 6)
    run_id, words = room.open(), [canary() for _phone in room.phones]
    for phone, word in zip(room.phones[:5], words, strict=False):
        phone.send(run_id, {"text-0": [f"{word} {TYPED}"]})
    room.phones[5].send(run_id, None)
    room.press("close")
    screens = {name: escapes.unescape(text) for name, text in shown(room).items()}
    traces = [name for name, text in screens.items() for word in words[:5] if f"{word} {PLAIN}" not in text]
    yield count(
        "keyboard",
        14,
        "co-participant",
        "a trace of the keyboard that a text was typed on",
        traces,
        5 * len(screens),
        "cards",
    )
    pages = [_without_tokens(phone.page()) for phone in room.phones]
    marked = [f"phone {number}" for number, page in enumerate(pages) if page != pages[5]]
    world.words += words
    world.done(room)
    yield count(
        "own-card", 14, "somebody who looks over a shoulder", "a phone's page that differs from those of the others after the release",
        marked, len(pages) if words[0] in pages[5] else 0, "pages",
    )  # fmt: skip


def _without_tokens(page: str) -> str:
    return re.sub(r'(name="csrf_token"[^>]*value="|"csrf":\s*")[^"]+', r"\1", page)


def said(world: World) -> Iterator[Finding]:
    """Read what a phone says before the first answer and beside the field, and hold it against the settings."""
    settings: dict[str, Any] = {
        "room_floor": 4,
        "words_floor": 7,
        "leader": "Zo\u00eb Quistgaard",
        "leader_is_manager": True,
    }
    room = world.room(["text", "to-manager"], 0, **settings)
    visitor = Phone.marked(world.scratch, 0)
    welcome = _words(visitor.browser.get(f"/j/{room.live.join_token}").text)
    room.join(1)
    missing, looked = [], 0
    page = _words(room.phones[0].page())
    facts = {
        "the room's floor": "at least 4 people",
        "the floor of printed words": "from 7 answers on",
        "who leads": "Zo\u00eb Quistgaard leads this session",
        "that this is the manager": "is this team's manager",
        "your own wording": "way of writing",
        "people looking at your screen": "look at your screen",
        "managed phones and networks": "company manages",
        "plain http": "http, not https",
        "an operator who alters the server, and a copy in mid-question": "Whoever runs this server",
        "everybody else colluding": "everybody else",
        "somebody with several phones": "several phones",
    }
    for where, text in (("the welcome page", welcome), ("the phone", page)):
        looked += len(facts)
        missing += [f"{what} on {where}" for what, words in facts.items() if words not in text]
    for number, fact in enumerate(("after this question closes, if at least 4 answer", "only if you choose so")):
        if number:
            room.press("next")
        room.open()
        form = re.search(r"<form[^>]*data-answer.*?</form>", room.phones[0].page(), re.DOTALL)
        looked += 1
        if form is None or fact not in _words(form[0]):
            missing.append(f"beside field {number + 1}: {fact}")
        room.press("close")
    world.marks += visitor.marks
    world.done(room)
    yield count(
        "said", 17, "every participant", "a sentence missing: who will see it, when, who leads, and what is not protected",
        missing, looked, "sentences",
    )  # fmt: skip


def _words(page: str) -> str:
    return escapes.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


CHECKS: tuple[Any, ...] = (silence, presence, keyboard, said)
