"""Promises 1, 3, 4 and 16 for answers that come another way: on paper, weeks later, or as votes on questions from the room.

Lives here: paper that somebody types in, check-ins after a session, "me too" on
a list of questions. Not here: answers to the question a room is at (`sealed.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from ... import anonymity, check_ins, questions
from ...models import ActivityRun, CheckIn
from .. import evidence
from ..cast import Phone, Room
from ..sorts import canary, fields_for, spellings
from ..verdicts import Finding, count
from ..wire import Browser
from . import World
from .asides import anywhere
from .manners import settle
from .sealed import ALL, TICK, clockless, shown

PHONES, SHEETS, FEW = 5, 6, 4
BATCHES = (("red", 2), ("blue", 5), ("grey", 0))
"""What the phones of a room of five say: so many for this option, the others for green."""


# -- paper


def paper(world: World) -> Iterator[Finding]:
    """Type paper in beside phones: each part has to meet the floor by itself, and neither may move the other's result."""
    room = world.room(["text", "text", *("choice",) * (2 * len(BATCHES))], PHONES)
    found: list[str] = []
    looked = 0
    for number, (phones, sheets) in enumerate(((PHONES, FEW), (FEW, PHONES))):
        if number:
            room.press("next")
        room.open()
        sent, typed = ([canary() for _one in range(many)] for many in (phones, sheets))
        for phone, word in zip(room.phones, sent, strict=False):
            phone.send(room.run_id, fields_for("text", word))
        page = _type(room, lines="\n".join(typed))
        found += [f"the typist's page: {word}" for word in sent if word in page]
        room.press("close")
        few, enough = (typed, sent) if sheets < PHONES else (sent, typed)
        found += anywhere(world, room, few)
        looked += len(few) if all(word in text for text in shown(room).values() for word in enough) else 0
        world.words += [*sent, *typed]
    yield count(
        "paper-floor", 3, "everybody, and whoever types", f"a word of {FEW} sheets beside {PHONES} phones, or of {FEW} phones beside {PHONES} sheets, anywhere",
        found, looked, "words",
    )  # fmt: skip
    moved: list[str] = []
    compared = 0
    for option, many in BATCHES:
        drawn = []
        for sheets in (0, SHEETS):
            room.press("next")
            run_id = room.open()
            for place, phone in enumerate(room.phones):
                phone.send(run_id, {"choice": [option if place < many else "green"]})
            if sheets:
                _type(room, choice=option, alike=str(sheets))
            room.press("close")
            drawn.append({name: _figures(text) for name, text in shown(room).items()})
        alone, beside = drawn
        moved += [f"{name}, {many} of {PHONES}" for name in alone if beside[name][:1] != alone[name][:1]]
        compared += sum(len(beside[name]) > len(alone[name]) > 0 for name in alone)
    world.done(room)
    yield count(
        "paper-beside", 16, "whoever types", "a result of the phones that looks otherwise because paper lies beside it: a typist could take their own batch off",
        moved, compared, "screens",
    )  # fmt: skip


def _type(room: Room, **fields: str) -> str:
    """Type sheets in by the page for it; return the page as the typist sees it then."""
    page, run = room.address("paper"), room.staff.browsers["run"]
    run.post(page, {"run": room.run_id, **fields}, page=page)
    return run.get(page).text


def _figures(text: str) -> list[str]:
    """Return the drawings on a screen, without ids: that of the phones stands first."""
    return [
        re.sub(r"[\w-]{22}|Question \d+\?|\bq\d+\b", "*", one) for one in re.findall(r"(?s)<figure.*?</figure>", text)
    ]


# -- check-ins


@dataclass
class Later:
    """A session whose people are asked again, and who came back; `live_id` and `runs` are those of the check-in that is open."""

    room: Room
    token: str
    live_id: str = ""
    runs: Sequence[str] = ()
    secrets: list[bytes] = field(default_factory=list)
    seats: list[str] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)


def plan_check_ins(world: World) -> Iterator[Finding]:
    """End two sessions whose check-in opens at the server's next round; by the time they are looked at, it is open."""
    world.later, world.week = _planned(world), _planned(world)
    yield from ()


def _planned(world: World) -> Later | None:
    room = world.room(["text"], 1)
    room.press("end")
    planned = room.plan_check_in(check_ins.local_day(world.scratch.house.clock()))
    link = re.search(r"/f/([\w-]{22})", planned)
    room.away()  # nobody sits there until then
    return Later(room, link[1]) if link else None


def check_in(world: World) -> Iterator[Finding]:
    """Let people answer the first check-in and change their minds; look at every page that others can open."""
    later = opened(world, world.later, 1)
    phones = [_return(world, later, number) for number in range(PHONES)]
    for phone in phones:
        answer_check_in(later, phone, "2")
    before = _outside(world, later)
    for phone in phones:
        answer_check_in(later, phone, "9")
    after = _outside(world, later)
    changed = [name for name in before if before[name] != after[name]]
    _close(world, later, 1)
    said, kept = phones[0].browser.get(f"/f/{later.token}").text, _results(world, 1)
    yield count(
        "check-in-early", 1, "everybody, and whoever led", "a page that followed what somebody answered in a check-in that is open",
        changed, len(before) if kept and "<figure" in said else 0, "pages",
    )  # fmt: skip
    with world.scratch.house.database.transaction() as session:  # the second one's day has come
        today = check_ins.local_day(world.scratch.house.clock())
        values = {"state": "planned", "first_day": today, "last_day": today + timedelta(days=6)}
        session.execute(
            update(CheckIn).where(CheckIn.parent_id == later.room.live_id, CheckIn.number == 2).values(**values)
        )


def check_in_again(world: World) -> Iterator[Finding]:
    """Let too few of the same people answer the second one; then look for anything that ties one check-in to the other."""
    later = opened(world, world.later, 2)
    phones = [_return(world, later, number) for number in range(FEW)]
    for phone in phones:
        answer_check_in(later, phone, "9")
    _close(world, later, 2)
    enough, few = _results(world, 1), _results(world, 2)
    yield count(
        "check-in-floor", 3, "every role", f"a result of a check-in that {FEW} people answered", few, len(enough), "questions"
    )  # fmt: skip
    rows = repr(evidence.rows(world.scratch.house.database.engine))
    files = {name: data for name, data in world.scratch.files().items() if not name.endswith(".log")}
    forms = [form for one in (*later.secrets, *later.tags) for form in spellings(one)] + [
        seat.encode() for seat in later.seats
    ]
    found = [name for name, _form in evidence.holding(files, forms)]
    found += [form.decode("latin-1") for form in forms if form.decode("latin-1") in rows]
    found += ["a phone kept its seat from one check-in to the next"] * (len(later.seats) - len(set(later.seats)))
    yield count(
        "check-in-thread", 4, "thief of the database and files", "a phone's seat, secret or one-time name of a check-in in any row or file, or one that is used twice",
        found, len(forms), "names",
    )  # fmt: skip
    world.done(later.room)


def opened(world: World, later: Later | None, number: int) -> Later:
    """Wait until the server has opened a check-in by itself; it looks every twenty seconds."""
    assert later is not None, "no check-in was planned"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with world.scratch.house.database.transaction() as session:
            planned = session.scalars(_of(later, number)).one_or_none()
            if planned is not None and planned.state == "open":
                later.live_id = str(planned.live_id)
                asked = select(ActivityRun.id).where(ActivityRun.live_id == planned.live_id)
                later.runs = session.scalars(asked).all()
                return later
        time.sleep(0.3)
    raise AssertionError(f"check-in {number} did not open")


def _of(later: Later, number: int) -> Any:
    return select(CheckIn).where(CheckIn.parent_id == later.room.live_id, CheckIn.number == number)


def _return(world: World, later: Later, number: int) -> Phone:
    """Let one of the same people come back, and remember all that could tie one check-in to the other."""
    phone = later.room.phones[0] if number == 0 else Phone.marked(world.scratch, 120 + number)
    secret = come_back(world, later, phone)
    later.secrets.append(secret)
    later.tags += [anonymity.tag(secret, run) for run in later.runs]
    return phone


def come_back(world: World, later: Later, phone: Phone) -> bytes:
    """Let somebody follow the link and take a seat in the check-in that is open; return the seat's secret."""
    page = f"/f/{later.token}"
    phone.browser.post(f"{page}/begin", {}, page=page)
    seat = next(value for name, value in phone.browser.cookies.items() if name.endswith(f"seat-{later.live_id}"))
    secret = anonymity.read_seat(world.scratch.house.seat_key, later.live_id, seat)
    assert secret is not None
    later.seats.append(seat)
    world.marks += phone.marks
    return secret


def answer_check_in(later: Later, phone: Phone, value: str) -> None:
    """Answer all four questions, or change what was answered."""
    page = f"/f/{later.token}?change=1"
    based = dict(re.findall(r'name="(\w+-based-on)" value="(\d+)"', phone.browser.get(page).text))
    fields = {"energy-answer": value, "better-answer": value, "talk-answer": "done", "decision-answer": "open"}
    reply = phone.browser.post(f"/f/{later.token}/answers", {**fields, **based}, page=page)
    if reply.status != 303:
        raise AssertionError(f"an answer to a check-in was refused with {reply.status}")


def _outside(world: World, later: Later) -> Mapping[str, str]:
    """Return every page that shows something of a check-in to others: a stranger, and whoever led."""
    run, address = world.staff.browsers["run"], later.room.address
    pages = {
        f"the facilitator at {tail or 'the console'}": run.get(address(tail)).text
        for tail in ("", "follow-up", "report")
    }
    pages["a stranger behind the link"] = Browser(world.scratch.address).get(f"/f/{later.token}").text
    pages["the facilitator's start page"] = run.get("/staff/").text
    return {
        name: clockless(re.sub(r'(name="csrf_token"[^>]*value=")[^"]+', r"\1", text)) for name, text in pages.items()
    }


def _close(world: World, later: Later, number: int) -> None:
    page = later.room.address("follow-up")
    world.staff.browsers["run"].post(f"{page}/{number}/close", {}, page=page)


def _results(world: World, number: int) -> list[str]:
    """Return the questions of a check-in of which a result is kept."""
    assert world.later is not None
    with world.scratch.house.database.transaction() as session:
        live_id = session.scalar(_of(world.later, number).with_only_columns(CheckIn.live_id))
        runs = session.execute(
            select(ActivityRun.activity_id, ActivityRun.release).where(ActivityRun.live_id == live_id)
        ).all()
    return [name for name, release in runs if release and release.get("result") is not None]


# -- votes on questions from the room


def votes(world: World) -> Iterator[Finding]:
    """Let four of twelve vote on the room's questions: the list may not follow them, neither while it is open nor at the close."""
    room = world.room(["rolling-questions"], 12)
    run_id = room.open()
    for phone in room.phones:
        phone.send(run_id, fields_for("rolling-questions"))
    end = time.monotonic() + 3 * TICK
    while len(_list(room)) < PHONES and time.monotonic() < end:
        room.frames()
        time.sleep(0.2)
    settle(room)
    first, before = _list(room), _still(room)
    ballot = questions.ballot_of(run_id)
    for revision, chosen in enumerate((first[-1:], first[1:2], first[-1:]), start=1):
        for phone in room.phones[1 : 1 + FEW]:
            phone.send(ballot, {"vote": chosen}, revision=revision)
    pushed = {name: frames for name, frames in settle(room).items() if frames}
    after = _still(room)
    # Further questions may have come meanwhile: those the room had seen keep their places among each other.
    same_list = len(_list(room)) == len(first)
    noticed = [f"{name} was told" for name in pushed if same_list]
    noticed += [f"{name} changed" for name in ALL if same_list and before[name] != after[name]]
    noticed += ["the list moved"] if [one for one in _list(room) if one in first] != first else []
    yield count(
        "votes-early", 1, "everybody who watches", f"a list, a screen or a push that followed the votes of {FEW} phones",
        noticed, len(ALL) if first else 0, "screens",
    )  # fmt: skip
    room.press("close")
    last = _list(room)
    told = ["the list moved at the close"] if [one for one in last if one in first] != first else []
    with world.scratch.house.database.transaction() as session:
        told += [f"a number for {card}" for card in questions.voted(session.get_one(ActivityRun, run_id).release or {})]
    yield count(
        "votes-floor", 3, "everybody who watches", f"an order or a number at the close that follows the ballots of {FEW} phones",
        told, len(last) if len(last) == len(room.phones) else 0, "questions",
    )  # fmt: skip
    world.done(room)


def _still(room: Room) -> dict[str, str]:
    return {name: clockless(text) for name, text in shown(room).items()}


def _list(room: Room) -> list[str]:
    """Return the ids of the questions as a phone lists them, first to last."""
    text = shown(room, ("phone 0",))["phone 0"]
    return list(dict.fromkeys(re.findall(r'(?:question="|ask-|asked-)([\w-]{22})"', text)))


CHECKS: tuple[Any, ...] = (plan_check_ins, check_in, paper, votes, check_in_again)
