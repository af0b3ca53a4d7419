"""Promises 1, 3 and 5 beside the questions: what is parked all along, and groups that speak through one card.

Lives here: the parking lot and breakouts. Not here: questions that the room is at (`sealed.py`).
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ... import anonymity, live_sessions, parking
from .. import evidence
from ..attackers import ordered
from ..cast import Room
from ..sorts import canary, fields_for, spellings
from ..verdicts import Finding, count
from . import World
from .manners import settle
from .sealed import ALL, clockless, shown

PARKING = 12
FEW = 4
GROUPS, IN_EACH = 6, 3
FEWEST_TURNS = 6
"""Breakouts at least: an order of six cards says less than one of twelve."""

_LOTS = random.SystemRandom()


# -- the parking lot


def parked(world: World) -> Iterator[Finding]:
    """Let everybody park something while the room is elsewhere: nobody may see that, until the room opens the lot."""
    noticed: list[str] = []
    orders: list[list[int]] = []
    looked = 0
    for turn in range(world.orders):
        room = world.room(["text", "lot"], PARKING)
        words = [canary() for _phone in room.phones]
        if turn == 0:
            settle(room)
        before, lot = _still(room), _lot(room)
        for number, word in enumerate(words):
            room.phones[number].send(lot, fields_for("lot", word))
        if turn == 0:
            pushed = settle(room)
            noticed += [f"{name} was told" for name, frames in pushed.items() if name in ALL[:-1] and frames]
            after = _still(room)
            noticed += [f"{name} changed" for name in ALL if before[name] != after[name]]
        whole = _rows(world)
        room.press("next")
        room.press("close")
        after = shown(room)
        if turn == 0:
            looked = 2 * len(ALL) if all(word in text for text in after.values() for word in words) else 0
            noticed += [f"{word} in a row" for word in words if word in whole]
        orders.append(_places(after["stage"], words))
        world.words += words
        world.done(room)
    yield count(
        "parked-early", 1, "everybody who watches", "a screen, a push or a row that followed what somebody parked, before the room opened the lot",
        noticed, looked, "screens",
    )  # fmt: skip
    room = world.room(["text", "lot"], PARKING)
    lot, words = _lot(room), [canary() for _phone in range(FEW)]
    for number, word in enumerate(words):
        room.phones[number].send(lot, fields_for("lot", word))
    room.press("next")
    room.press("close")
    found = anywhere(world, room, words)
    world.words += words
    world.done(room)
    yield count(
        "parked-below-floor", 3, "every role", f"a word of a parking lot that {FEW} people used, on any screen, in any row or file",
        found, len(words) if looked else 0, "words",
    )  # fmt: skip
    yield ordered("parked-order", 5, "everybody who watches", "the order of what was parked follows who pressed first", {"place on the stage": orders}, PARKING)  # fmt: skip


def _lot(room: Room) -> str:
    with room.scratch.house.database.transaction() as session:
        return parking.open_runs(session, live_sessions.get(session, room.live_id))[0].id


def _still(room: Room) -> dict[str, str]:
    return {name: clockless(text) for name, text in shown(room).items()}


def _rows(world: World) -> str:
    return repr(evidence.rows(world.scratch.house.database.engine))


def _places(text: str, words: Sequence[str]) -> list[int]:
    """Return for each word of a screen, first to last, its place among `words`; empty where one is missing."""
    if not all(word in text for word in words):
        return []
    return [words.index(word) for word in sorted(words, key=text.find)]


def anywhere(world: World, room: Room, words: Sequence[str]) -> list[str]:
    """Return where any of these words is after a close: on a screen, in a row, in a file."""
    places = {**shown(room), "a row of the database": _rows(world)}
    found = [f"{name}: {word}" for name, text in places.items() for word in words if word in text]
    files = {name: data for name, data in world.scratch.files().items() if not name.endswith(".log")}
    return found + [f"{name}: {word!s}" for name, word in evidence.holding(files, words)]


# -- breakouts


def breakouts(world: World) -> Iterator[Finding]:
    """Let groups write one card each; look for the group of a card, and for groups that are too few or too small."""
    yield from _too_small(world)
    turns = max(FEWEST_TURNS, world.orders)
    orders: defaultdict[str, list[list[int]]] = defaultdict(list)
    alike: list[str] = []
    left: list[str] = []
    pairs = sealed = 0
    while turns:
        some = min(turns, 20)
        room = _room(world, some, GROUPS * IN_EACH)
        for turn in range(some):
            groups = _dealt(room, turn)
            names = _names(room)
            if turn == 0:
                alike, pairs = _together(world, room, groups, names)
            cards = {number: _write(room, groups[number][0]) for number in sorted(groups)}
            room.press("close")
            words = list(cards.values())
            orders["place on the stage"].append(_places(shown(room, ("stage",))["stage"], words))
            rows = evidence.of_rows(evidence.rows(world.scratch.house.database.engine), words)
            for name, values in evidence.table_of(rows, words).items():
                if len(set(map(str, values))) == len(words):
                    orders[name].append(_sorted(values))
            if turn == 0:
                files = {name: data for name, data in world.scratch.files().items() if not name.endswith(".log")}
                whole = [form for tags in names.values() for tag in tags for form in spellings(tag)]
                left = [name for name, _tag in evidence.holding(files, whole)]
                sealed = len(whole)
            world.words += words
        world.done(room)
        turns -= some
    yield ordered(
        "group-number", 3, "thief of the database", "the number of the group that a card speaks for, from the stage, every column and hidden row number",
        orders, GROUPS,
    )  # fmt: skip
    yield count(
        "group-together", 3, "thief of files", "two phones that a copy taken while groups write shows to be of one group", alike, pairs, "pairs of phones"
    )  # fmt: skip
    yield count("group-left", 5, "thief of files", "the one-time name of a phone or of a writer, in any file after the close", left, sealed, "names")  # fmt: skip


def _sorted(values: Sequence[Any]) -> list[int]:
    """Return the places of values in their order; numbers stand before texts."""
    return sorted(range(len(values)), key=lambda at: (isinstance(values[at], str), values[at]))


def _room(world: World, turns: int, phones: int) -> Room:
    """Return a room whose guide sends people into groups of three so many times."""
    items = [
        {"id": f"q{n}", "kind": "breakout", "prompt": f"Talk {n}?", "settings": {"size": IN_EACH}} for n in range(turns)
    ]
    step = {"id": "s0", "title": "Groups", "minutes": 10, "activities": items}
    guide = {"format": 1, "id": "proof", "title": "Proof", "language": "en", "steps": [step]}
    return world.room([], phones, guide=yaml.safe_dump(guide, sort_keys=False))


def _dealt(room: Room, turn: int, phones: int = 0) -> dict[int, list[int]]:
    """Open the next breakout and let phones take their numbers in an order of no meaning; return who is in which group."""
    if turn:
        room.press("next")
    run_id, groups = room.open(), defaultdict(list)
    for number in _LOTS.sample(range(phones or len(room.phones)), phones or len(room.phones)):
        socket = room.phones[number].socket
        assert socket is not None
        groups[socket.call("breakout", {"run": run_id, "what": "take"})["place"]["number"]].append(number)
    return dict(groups)


def _write(room: Room, phone: int) -> str:
    word = canary()
    room.phones[phone].send(room.run_id, fields_for("text", word))
    return word


def _too_small(world: World) -> Iterator[Finding]:
    """One group alone; then a group of two beside one of three; then two that are enough, so that the search finds something."""
    room = _room(world, 3, 9)
    groups = _dealt(room, 0)
    hidden = [_write(room, groups[1][0])]
    room.press("close")
    found = anywhere(world, room, hidden)
    groups = _dealt(room, 1, 8)
    small = min(groups, key=lambda number: len(groups[number]))
    large = next(number for number in groups if number != small)
    pair = [_write(room, groups[number][0]) for number in (small, large)]
    room.press("close")
    found += anywhere(world, room, pair)
    groups = _dealt(room, 2)
    enough = [_write(room, groups[number][0]) for number in (1, 2)]
    room.press("close")
    screens = shown(room)
    reached = all(word in text for text in screens.values() for word in enough)
    world.words += [*hidden, *pair, *enough]
    world.done(room)
    yield count(
        "group-floor", 3, "every role", "a card of one group alone, or of a group of two beside one of three, on any screen, in any row or file",
        found, len(hidden) + len(pair) if reached else 0, "cards",
    )  # fmt: skip


def _names(room: Room) -> dict[int, tuple[bytes, ...]]:
    """Return the one-time names of each phone in the breakout that is open: as it was dealt, and as it writes."""
    run_id = room.run_id
    return {
        number: tuple(anonymity.tag(room.secret(number), f"{run_id}\0{what}") for what in ("seat", "writer"))
        for number in range(len(room.phones))
    }


def _together(
    world: World, room: Room, groups: Mapping[int, Sequence[int]], names: Mapping[int, tuple[bytes, ...]]
) -> tuple[list[str], int]:
    """Return the pairs of phones whose rows in a copy of the box hold the same, if those of one group do so more than others.

    Masks of sixteen bits are the same by chance now and then: two such pairs in a room come once in many thousand rooms.
    """
    owner = {tags[0]: number for number, tags in names.items()}
    group = {phone: number for number, phones in groups.items() for phone in phones}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in world.scratch.files().items():
            if room.live_id in name and ".sqlite" in name:
                (Path(folder) / f"copy{name.partition(room.live_id)[2]}").write_bytes(data)
        thief = sqlite3.connect(Path(folder) / "copy.sqlite")
        rows = thief.execute("select tag, mask from dealt").fetchall()
        thief.close()
    same: defaultdict[bytes, list[int]] = defaultdict(list)
    for tag, mask in rows:
        if bytes(tag) in owner:
            same[bytes(mask)[:2]].append(owner[bytes(tag)])
    found = [
        f"phones {one} and {other}"
        for phones in same.values()
        for at, one in enumerate(phones)
        for other in phones[:at]
        if group[one] == group[other]
    ]
    known = Counter(group.values())
    pairs = sum(size * (size - 1) // 2 for size in known.values()) if len(rows) == len(owner) else 0
    return (found if len(found) > 2 else []), pairs


CHECKS: tuple[Any, ...] = (parked, breakouts)
