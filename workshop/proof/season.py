"""A season of sessions: twelve people who answer one question after the other, and what reaches everybody.

Lives here: playing it over the wire, and keeping for each question what each
adversary holds after it. Not here: what an attacker makes of it (`attackers.py`).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from . import evidence
from .cast import Room, Staff
from .evidence import Features
from .scratch import Scratch
from .sorts import canary
from .wire import Browser, Frame

PEOPLE = 12
PER_SESSION = 40
CLOSELY = 8
"""Of so many questions one is watched closely: every audience is asked for its screen after each answer."""
FEWEST = 12
"""So many questions are asked whatever the clock says: with fewer nothing could be learnt."""
PAUSE = 5.0
"""Seconds between two people on average, for the watcher who has only a clock: a room answers within a minute."""

AUDIENCES = ("stage", "run", "moderate", "watch", "phone 0")
"""Whose frames are kept; phone 0 is a participant who takes part like anybody."""

_LOTS = random.SystemRandom()


@dataclass
class Asked:
    """One question after its close.

    `sent`: the people in the order in which they sent, `tapped` when they did
    (seconds); `texts` and `wrote`: what each of them wrote. `seen`: what the
    frames of each audience tell of each text, `first_seen` how many had sent when it
    appeared, `early` what was out before the close.
    """

    session: int
    sent: list[int]
    tapped: list[float]
    texts: list[str]
    wrote: dict[str, int]
    quotable: set[str]
    closely: bool
    seen: dict[str, Features] = field(default_factory=dict)
    first_seen: dict[str, int] = field(default_factory=dict)
    early: list[str] = field(default_factory=list)
    rows: Features = field(default_factory=dict)
    files: Features = field(default_factory=dict)
    on_disk: int = 0  # of its texts, how many were found in how many files
    leftovers: list[str] = field(default_factory=list)
    printed: Features = field(default_factory=dict)
    printed_texts: list[str] = field(default_factory=list)

    def order_of(self, texts: list[str]) -> list[int]:
        """Return for each text when its author sent: 0 is first."""
        when = {person: place for place, person in enumerate(self.sent)}
        return [when[self.wrote[one]] for one in texts]


@dataclass
class Season:
    """All questions of all sessions, and what else was looked at on the way. `apart`: the database's own files lie elsewhere."""

    apart: bool = False
    asked: list[Asked] = field(default_factory=list)
    frames: int = 0
    frames_before_close: int = 0
    copies: int = 0
    marks: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)  # marks of phones in frames of others


def play(
    scratch: Scratch,
    staff: Staff,
    questions: int,
    *,
    reports: int = 1,
    closely: int = CLOSELY,
    seconds: float = math.inf,
    say: Callable[[str], None] = lambda line: None,
) -> Season:
    """Play so many questions; in each session the same twelve people, fast ones mostly first.

    That fast people stay fast is the worst case: any trace of the order of one
    question would be the same trace in the next. Of the first `reports`
    sessions the manager reads the report; one in `closely` questions is watched
    after each answer. It ends early when `seconds` are over: what is missing in
    the sample, the verdicts say.
    """
    apart = not scratch.settings.database_url.startswith("sqlite")
    season, session, end = Season(apart), 0, time.monotonic() + seconds
    while len(season.asked) < questions and (session == 0 or time.monotonic() < end):
        count = min(PER_SESSION, questions - len(season.asked))
        room = Room(scratch, staff, ["text"] * count, PEOPLE)
        room.watch()
        room.press("start")
        room.frames()
        habits = _LOTS.sample(range(PEOPLE), PEOPLE)
        mine: list[Asked] = []
        while len(mine) < count and (len(mine) < FEWEST or time.monotonic() < end):
            mine.append(_ask(season, room, session, len(mine), habits, closely))
        room.press("end")
        _from_rows(scratch, mine)
        season.marks += [mark for phone in room.phones for mark in phone.marks]
        if session < reports:
            _from_report(room, mine)
        season.asked += mine
        room.away()
        session += 1
        say(f"    {len(season.asked)} of {questions} questions asked")
    return season


def _ask(season: Season, room: Room, session: int, number: int, habits: list[int], closely: int) -> Asked:
    if number:
        room.press("next")
    run_id = room.open()
    sent = sorted(habits, key=lambda person: habits.index(person) + _LOTS.uniform(0, 2))
    moments = sorted(_LOTS.uniform(0, PEOPLE * PAUSE) for _person in sent)
    wrote = {canary(): person for person in sent}
    texts = _LOTS.sample(list(wrote), PEOPLE)  # an order of no meaning: features must not lie in that of sending
    asked = Asked(session, sent, moments, texts, wrote, set(), closely=number % closely == 0)
    frames: dict[str, list[Frame]] = {name: [] for name in AUDIENCES}
    _gather(season, room, frames, asked, 0)
    for count, (text, person) in enumerate(wrote.items(), start=1):
        fields = {"text-0": [text]}
        if _LOTS.random() < 0.6:
            fields["quote-0"] = ["1"]
            asked.quotable.add(text)
        if not room.phones[person].send(run_id, fields).get("ok"):
            raise AssertionError("an answer was refused")
        if asked.closely:
            _look(room)
            _gather(season, room, frames, asked, count)
    _gather(season, room, frames, asked, PEOPLE)
    asked.early = [text for name, mine in frames.items() for frame in mine for text in _others(frame, asked, name)]
    season.frames_before_close += sum(map(len, frames.values()))
    room.press("close")
    _look(room, all_of_them=asked.closely)
    _gather(season, room, frames, asked, PEOPLE + 1)
    for name in AUDIENCES:
        # A console that was not asked and not yet pushed to saw nothing: then it tells nothing here.
        asked.seen[name] = evidence.of_frames(frames[name], texts)
        season.frames += len(frames[name])
    # Each time: a write-ahead log is there for a moment only, and a test of its order needs 200 that hold all texts.
    files = room.scratch.files()
    asked.files = evidence.table_of(evidence.places(files, texts), texts)
    held = evidence.holding(files, texts)
    asked.on_disk = len(held)
    asked.leftovers = [name for name, _text in held if "ballots" in name or "log" in name]
    season.copies += 1
    season.words += texts
    return asked


def _look(room: Room, *, all_of_them: bool = True) -> None:
    """Let the audiences ask for their screens, all at once; the consoles differ by role alone."""
    room.look("stage", "run", *(("moderate", "watch") if all_of_them else ()), "phone 0")


def _gather(season: Season, room: Room, frames: dict[str, list[Frame]], asked: Asked, count: int) -> None:
    """Put what has come to its audience, and note after how many answers each text was first seen by anybody."""
    for name, fresh in room.frames().items():
        # What a phone is told of its own answer is its own.
        others = [
            frame
            for frame in fresh
            if not (name.startswith("phone") and frame.event.startswith("ack") and "html" not in (frame.data or {}))
        ]
        if name in frames:
            frames[name] += others
        for frame in others:
            for text in evidence.holds(frame.data, [one for one in asked.texts if one not in asked.first_seen]):
                asked.first_seen[text] = count


def _others(frame: Frame, asked: Asked, name: str) -> list[str]:
    mine = {text for text, person in asked.wrote.items() if name == f"phone {person}"}
    return [text for text in evidence.holds(frame.data, asked.texts) if text not in mine]


def _from_rows(scratch: Scratch, asked: list[Asked]) -> None:
    """Keep what the main database holds beside each text of a session."""
    tables = evidence.rows(scratch.house.database.engine)
    found = evidence.of_rows(tables, [text for one in asked for text in one.texts])
    for one in asked:
        one.rows = evidence.table_of(found, one.texts)


def _from_report(room: Room, asked: list[Asked]) -> None:
    """Keep what the manager's page tells of each text that is printed on it."""
    page = Browser(room.scratch.address).get(room.hand_over()).text
    for one in asked:
        one.printed_texts = [text for text in one.texts if text in page]
        one.printed = evidence.of_page(page, one.printed_texts) if one.printed_texts else {}
