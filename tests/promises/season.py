"""A long season of sessions, recorded for several attackers.

Lives here: twelve people who answer one question after the other, and what
somebody with everything (screens, database, files) could write down after each
close. Not here: what an attacker makes of it.
"""

from __future__ import annotations

import random
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from workshop import anonymity
from workshop.house import House
from workshop.proof.sorts import spellings as spellings

from .stagehands import LETTERS, Room, files_below, room

PEOPLE = 12
PER_SESSION = 40


@dataclass(frozen=True)
class Row:
    """A row of the cards table, with SQLite's hidden number of the row."""

    rowid: int
    id: str
    text: str
    quotable: bool
    author: str = ""  # the product has no such column; the leaky controls do


@dataclass
class Asked:
    """One question after its close. `sent`: the people in the order in which they sent; `wrote`: text -> person."""

    session: int
    sort: str
    sent: list[int]
    wrote: dict[str, int]
    first: set[str]  # of several cards of one person: the first ones
    shown: list[list[str]] = field(default_factory=list)  # texts as they stand on phones, stage, three consoles
    rows: list[Row] = field(default_factory=list)  # in the order in which the table gives them
    offsets: dict[str, list[list[int]]] = field(default_factory=dict)  # file -> per text all places in its bytes
    traces: list[str] = field(default_factory=list)  # files that still hold a tag or a secret
    box_texts: list[str] = field(default_factory=list)  # files of the ballot box that still hold a text

    def sending_rank(self, text: str) -> int:
        """Return when the author of a text sent: 0 is first."""
        return self.sent.index(self.wrote[text])


@dataclass
class Season:
    """All questions of all sessions."""

    asked: list[Asked]
    seconds: float


def play(house: House, folder: Path, runs: int, seed: int = 20261122) -> Season:
    """Play as many questions; in each session the same twelve people, fast ones mostly first.

    That fast people stay fast is the worst case: any trace of the order of one
    question would be the same trace in the next.
    """
    lots = random.Random(seed)
    began = time.monotonic()
    asked: list[Asked] = []
    number = 0
    while len(asked) < runs:
        count = min(PER_SESSION, runs - len(asked))
        sorts = ["cards" if i % 8 == 7 else "text" for i in range(count)]
        played = room(house, sorts, PEOPLE)
        habits = lots.sample(range(PEOPLE), PEOPLE)
        for index, sort in enumerate(sorts):
            if index:
                played.move("next")
            asked.append(_ask(played, folder, number, sort, habits, lots))
        played.move("end")
        number += 1
    return Season(asked, time.monotonic() - began)


def _text(lots: random.Random) -> str:
    """Return sixteen letters: style-free, all of one length, and nowhere else in the files by chance."""
    return "".join(lots.choice(LETTERS) for _ in range(16))


def _ask(played: Room, folder: Path, session: int, sort: str, habits: list[int], lots: random.Random) -> Asked:
    sent = sorted(habits, key=lambda person: habits.index(person) + lots.uniform(0, 2))
    wrote: dict[str, int] = {}
    first: set[str] = set()
    answers = []
    for person in sent:
        texts = [_text(lots) for _ in range(2 if sort == "cards" else 1)]
        wrote.update(dict.fromkeys(texts, person))
        first.add(texts[0])
        fields = {f"text-{i}": [text] for i, text in enumerate(texts)}
        for i in range(len(texts)):
            if lots.random() < 0.5:
                fields[f"quote-{i}"] = ["1"]
        answers.append((person, fields))
    run_id = played.open()
    for person, fields in answers:
        played.drop(person, run_id, fields)
    played.move("close")
    asked = Asked(session, sort, sent, wrote, first)
    asked.shown = [
        [card.text for card in (getattr(screen, "stage", screen).activity.cards)] for screen in played.seen()
    ]
    with sqlite3.connect(folder / "main.db") as database:
        asked.rows = [
            Row(*values[:3], bool(values[3]))
            for values in database.execute("select rowid, id, text, quotable from cards where run_id = ?", (run_id,))
        ]
    database.close()
    _read_files(asked, folder, [(secret, anonymity.tag(secret, run_id)) for secret in played.secrets])
    return asked


def _read_files(asked: Asked, folder: Path, hidden: list[tuple[bytes, bytes]]) -> None:
    needles = [form for pair in hidden for value in pair for form in spellings(value)]
    for name, data in files_below(folder).items():
        if any(needle in data for needle in needles):
            asked.traces.append(name)
        places = [_places(data, text.encode()) for text in asked.wrote]
        if any(places) and name.startswith("ballots"):
            asked.box_texts.append(name)
        if all(places):
            asked.offsets[name] = places


def _places(data: bytes, needle: bytes) -> list[int]:
    found, start = [], data.find(needle)
    while start >= 0:
        found.append(start)
        start = data.find(needle, start + 1)
    return found
