"""Promises 1, 2, 3 and 7: what is out before the close, in whose company, from how many on, and what was taken back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from ... import anonymity
from .. import evidence
from ..cast import Room
from ..sorts import canary, fields_for, spellings
from ..verdicts import HOLDS, INCONCLUSIVE, LEAKS, Finding, count
from ..wire import Browser
from . import World

ALL = ("stage", "run", "moderate", "watch", "phone 0")
TRIES = 3
TICK = 5.0
"""Seconds between two of the product's fixed ticks at which a pool may be let out."""
GONE_WITHIN = 60.0
"""Seconds after which an edited text must be in no file."""
LEAKY_PATIENCE = 25.0
"""Seconds for the leaky build, which never wipes: one round more than the product's own, and nobody waits in vain."""


def shown(room: Room, who: tuple[str, ...] = ALL) -> dict[str, str]:
    """Return what audiences are shown when they ask, without the counters of pushes."""
    room.frames()
    room.look(*who)
    frames = room.frames()
    latest: dict[str, dict[str, Any]] = {}
    for name in who:
        for frame in frames[name]:
            if isinstance(frame.data, dict) and "html" in frame.data and not _older(frame.data, latest.get(name)):
                latest[name] = frame.data
    return {name: str(data["html"]) for name, data in latest.items()}


def _older(screen: dict[str, Any], other: dict[str, Any] | None) -> bool:
    """Return whether a browser would leave out `screen` after the other one, by the rule of static/js/link.js."""
    if other is None or screen.get("boot") != other.get("boot"):
        return False
    return bool(screen["seq"] < other["seq"] or screen["version"] < other["version"])


def clockless(text: str) -> str:
    """Return a screen without the times of day and the minutes that move by themselves."""
    return re.sub(r"\b\d{1,2}:\d\d\b|\b\d+ min\w*", "*", text)


def unchanged(world: World) -> Iterator[Finding]:
    """Change every answer of an open question: no screen may follow, whatever number stands on it."""
    room, changed, looked = world.room(["text", "scale", "choice"], 6), [], 0
    for number, sort in enumerate(room.sorts):
        if number:
            room.press("next")
        run_id = room.open()
        for phone in room.phones:
            phone.send(run_id, fields_for(sort, "short"))
        differing = set(ALL)
        for revision in range(2, 2 + TRIES):  # a clock on a screen may move on between two looks, but not each time
            before = shown(room)
            for phone in room.phones:
                phone.send(run_id, fields_for(sort, canary() + canary()), revision=revision)
            after = shown(room)
            differing &= {name for name in ALL if before[name] != after[name]}
            looked += len(ALL)
            if not differing:
                break
        changed += [f"{name} while {sort} was open" for name in sorted(differing)]
        room.press("close")
    world.done(room)
    yield count(
        "numbers-early", 1, "everybody who watches", "a screen that changed because an answer of an open question did",
        changed, looked, "screens",
    )  # fmt: skip


def pools(world: World) -> Iterator[Finding]:
    """Let people answer rolling questions in two bursts, and see in whose company words come out."""
    sizes, small, worst, releases = (9, 11, 16), [], 0.0, 0
    rooms = [world.room(["rolling-text"], people) for people in sizes]
    runs = [room.open() for room in rooms]
    sent: list[dict[str, int]] = [{} for _room in rooms]
    out: list[list[tuple[set[int], set[str]]]] = [[] for _room in rooms]

    def look(number: int) -> None:
        html, known = shown(rooms[number], ("stage",))["stage"], {text for _w, texts in out[number] for text in texts}
        fresh = {text for text in sent[number] if text in html} - known
        if fresh:
            out[number].append((set(sent[number].values()), fresh))

    for part in (0, 1):
        for number, room in enumerate(rooms):
            some = range(10) if part == 0 else range(10, sizes[number])
            for person in (one for one in some if one < sizes[number]):
                text = canary()
                room.phones[person].send(runs[number], fields_for("rolling-text", text))
                sent[number][text] = person
        end = time.monotonic() + TICK + 1
        while time.monotonic() < end:
            time.sleep(0.4)
            for number in range(len(rooms)):
                look(number)
    for number, room in enumerate(rooms):
        room.press("close")
        look(number)
        for _waited, texts in out[number]:
            releases += 1
            small += [f"{len(texts)} of {sizes[number]}"] if len(texts) < 5 else []
        worst = max([worst, *_posteriors(out[number])])
        world.words += list(sent[number])
        world.done(room)
    yield count(
        "pool-size", 2, "everybody who watches", f"a release of one to four people, among {', '.join(map(str, sizes))} people",
        small, releases, "releases",
    )  # fmt: skip
    verdict = LEAKS if worst > 1 / 5 + 1e-9 else HOLDS if releases else INCONCLUSIVE
    yield Finding(
        "pool-posterior", 2, "live facilitator", "the exact chance of the most exposed person to have written a given word",
        verdict, f"{worst:.1%} at most, over {releases} releases (the promise: 20 %)", {"highest": worst},
    )  # fmt: skip


def _posteriors(lettings: list[tuple[set[int], set[str]]]) -> Iterator[float]:
    """Yield each person's chance to have written one text of a release: all who wait are equally likely to be drawn."""
    still: dict[int, float] = {}
    for waited, texts in lettings:
        for person in waited:
            still.setdefault(person, 1.0)
        waiting = max(1, round(sum(still.values())))
        drawn = {person: chance * min(1.0, len(texts) / waiting) for person, chance in still.items()}
        yield from (chance / len(texts) for chance in drawn.values())
        still = {person: chance - drawn[person] for person, chance in still.items()}


def floors(world: World) -> Iterator[Finding]:
    """Let nobody to four people answer, then five, then nine, and look for their words everywhere."""
    sorts = ["text", "cards", "to-manager", "cloud", "text", "text", "text"]
    answering = [0, 1, 2, 3, 4, 5, 9]
    room, told = world.room(sorts, 12), ""
    hidden: list[str] = []
    at_floor: list[str] = []
    nine: list[str] = []
    for number, (sort, people) in enumerate(zip(sorts, answering, strict=True)):
        if number:
            room.press("next")
        run_id, words = room.open(), [canary() for _phone in room.phones]
        for phone, word in zip(room.phones, words, strict=True):
            phone.send(run_id, fields_for(sort, word, quotable=True))
        for phone in room.phones[people:]:
            phone.send(run_id, None, revision=2)
        room.press("close")
        told += repr(shown(room))
        if people < 5:
            hidden += [form for word in words for form in (word, word[::-1])]
        else:
            (at_floor if people == 5 else nine).extend(words[:people])
        world.words += words
    room.press("end")
    rows = repr(evidence.rows(world.scratch.house.database.engine))
    files = world.scratch.files()
    page = world.staff.browsers["run"].get(room.address("report")).text
    link = room.hand_over()
    manager = _reader(world, link)
    places = {
        "a screen": told,
        "a row of the database": rows,
        "the report's draft": page,
        "the manager's page": manager,
    }
    found = [f"{name}: {word}" for name, text in places.items() for word in hidden if word in text]
    found += [f"{name}: {word!s}" for name, word in evidence.holding(files, hidden) if not name.endswith(".log")]
    reached = all(word in told for word in at_floor)  # the search finds what is there
    yield count(
        "below-floor", 3, "every role", "a word of a question that fewer than five answered, in any output, row or file",
        found, len(hidden) * (len(places) + len(files)) if reached else 0, "places",
    )  # fmt: skip
    printed = [word for word in nine if word in manager]
    yield count(
        "words-floor", 3, "manager", "a word printed although fewer than ten answered", printed,
        len(nine) if "Proof" in manager else 0, "words on the manager's page",
    )  # fmt: skip
    world.done(room)


def _reader(world: World, link: str) -> str:
    return Browser(world.scratch.address).get(link).text


def taken_back(world: World) -> Iterator[Finding]:
    """Edit and withdraw, then look for what was taken back in every file, after a while and at the close."""
    room, gone, kept = world.room(["cards"], 6), [], []
    run_id = room.open()
    for number, phone in enumerate(room.phones):
        for revision in (1, 2):
            gone.append(canary())
            phone.send(run_id, fields_for("cards", gone[-1]), revision=revision)
        if number % 2:
            phone.send(run_id, None, revision=3)
        else:
            kept.append(canary())
            phone.send(run_id, fields_for("cards", kept[-1]), revision=3)
    began, left = time.monotonic(), _left(world, gone)
    patience = LEAKY_PATIENCE if world.leaky else GONE_WITHIN
    while left and time.monotonic() - began < patience:
        time.sleep(1)
        room.frames()
        left = _left(world, gone)
    seconds = time.monotonic() - began
    finding = count(
        "edited", 7, "thief of files", "a changed or withdrawn text in a file a minute later, while the question is open",
        left, len(gone) if _left(world, kept) else 0, "texts",
    )  # fmt: skip
    finding.figure += f"; gone after {seconds:.0f} s" if not left else ""
    yield finding
    last = canary()
    for phone in room.phones[:1]:
        phone.send(run_id, fields_for("cards", last), revision=4)
        phone.send(run_id, fields_for("cards", canary()), revision=5)
    for phone in room.phones[1:]:
        phone.send(run_id, fields_for("cards", canary()), revision=5)
    room.press("close")
    yield count(
        "edited-sealed", 7, "thief of files", "a changed text in a file right after the close", _left(world, [*gone, last]),
        len(gone) + 1, "texts",
    )  # fmt: skip
    world.words += [*gone, *kept, last]
    world.done(room)


def _left(world: World, texts: list[str]) -> list[str]:
    files = {name: data for name, data in world.scratch.files().items() if not name.endswith(".log")}
    return sorted({str(word) for _name, word in evidence.holding(files, [f for t in texts for f in (t, t[::-1])])})


def copy_in_the_middle(world: World) -> Iterator[Finding]:
    """Copy everything while a question is open: it may show one-time tags, but nothing that leads on."""
    room = world.room(["text", "text"], 8)
    tags: list[bytes] = []
    for number in (0, 1):
        if number:
            room.press("next")
        run_id = room.open()
        for phone in room.phones:
            phone.send(run_id, fields_for("text"))
        tags = tags or [anonymity.tag(room.secret(one), run_id) for one in range(8)]
        if number == 0:
            room.press("close")
    files = world.scratch.files()
    here = [anonymity.tag(room.secret(one), run_id) for one in range(8)]
    secrets = [form for one in range(8) for form in spellings(room.secret(one))]
    old = [form for tag in tags for form in spellings(tag)]
    seats = [phone.seat for phone in room.phones]
    looked = len(files) if evidence.holding(files, here) else 0
    finding = count(
        "copy-open", 5, "thief of files", "a phone's secret, or its tag of an earlier question, in a copy taken in the middle of one",
        evidence.holding(files, [*secrets, *old, *seats]), looked, "files",
    )  # fmt: skip
    yield finding
    if world.scratch.settings.database_url.startswith("sqlite"):
        order = [min((data.find(tag) for data in files.values() if tag in data), default=-1) for tag in here]
        seen = sum(a < b for i, b in enumerate(order) for a in order[:i]) / 28
        yield Finding(
            "copy-order", 5, "thief of files", "the order of arrival, in a copy of the machine taken in the middle of a question",
            "not protected", f"{max(seen, 1 - seen):.0%} of pairs of tags lie in an order; against one-time tags, without names",
        )  # fmt: skip
    room.press("close")
    world.done(room)


CHECKS: tuple[Any, ...] = (unchanged, pools, floors, taken_back, copy_in_the_middle)
