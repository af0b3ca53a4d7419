"""Breakouts: numbers for phones, one writer for each group, and the timed parts.

Lives here: how many groups there are, dealing, who writes, and what all
audiences may know of it. Not here: what the person who leads does with them
(`breakout_moves.py`), where it lies (`ballot_breakouts.py`), the card itself (`activities/breakout.py`), the floor at
the close (`releases.py`).

A group is a tag that the server's key and the run's own random bits make; what a
phone was dealt is masked with the phone's secret. So nothing stored says which
phone or which card belongs to which number, and a phone that reloads is told its
number again instead of getting another (docs/decisions/0008-breakouts.md).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from . import anonymity
from .activities import KINDS
from .activities.breakout import BreakoutConfig
from .anonymity import FEWEST_GROUPS, FEWEST_IN_A_GROUP
from .ballots import BallotBox
from .errors import AnswerRefused, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import get, guide_of
from .models import ActivityRun, Breakout, LiveSession
from .words import _

SIZES = (3, 4, 5, 6)
"""What the console offers; a guide may say up to 8."""

SMALLEST_ROOM = FEWEST_GROUPS * FEWEST_IN_A_GROUP

SILENT = 40.0
"""Seconds without a word from the writer's phone, which asks every ten, until somebody else may write instead."""

ASKS = ("look", "take", "write", "instead", "hand_on")


@dataclass(frozen=True)
class Place:
    """Where one phone is. `half` of a group of four: "a" or "b", empty in smaller ones.

    `writing`: "you", "somebody", "silent" (their phone is gone, another may
    take over) or "nobody". Only this phone is told.
    """

    number: int
    half: str
    people: int
    writing: str


@dataclass(frozen=True)
class BreakoutScreen:
    """How the groups stand, for every audience alike. `groups` is what would be dealt until it has been."""

    size: int
    groups: int
    smallest: int
    largest: int
    people: int
    parts: tuple[tuple[str, int], ...]
    part: int
    writes: bool
    gathered: bool
    possible: bool

    @property
    def now(self) -> str:
        """Return the name of the present part."""
        return self.parts[self.part][0]

    @property
    def follows(self) -> tuple[str, int] | None:
        """Return the next part with its minutes, None in the last."""
        return self.parts[self.part + 1] if self.part + 1 < len(self.parts) else None


# -- how many groups


def groups_of(people: int, size: int) -> int:
    """Return into how many groups so many people go: none larger than `size` unless one would be smaller than three."""
    return max(1, min(-(-people // size), people // FEWEST_IN_A_GROUP))


def choose(people: Sequence[int], gathered: bool = False) -> int:
    """Return the group of the next card: by lot among the smallest, as from a deck that is shuffled round by round.

    `gathered`: small groups take nobody in any more, as long as there is one large enough.
    """
    open_to = list(range(len(people)))
    if gathered:
        open_to = [at for at in open_to if people[at] >= FEWEST_IN_A_GROUP] or open_to
    least = min(people[at] for at in open_to)
    return secrets.choice([at for at in open_to if people[at] == least])


# -- a phone


@dataclass(frozen=True)
class _Asker:
    """One phone in one run: its three one-time names and the groups' tags."""

    box: BallotBox
    run_id: str
    secret: bytes
    groups: tuple[bytes, ...]

    def _name(self, what: str) -> bytes:
        return anonymity.tag(self.secret, f"{self.run_id}\0{what}")

    def _pad(self, nonce: bytes) -> bytes:
        return hmac.new(self._name("number"), nonce, hashlib.sha256).digest()

    def _mask(self, group: int, place: int) -> tuple[bytes, bytes]:
        nonce = secrets.token_bytes(16)
        plain = group.to_bytes(2) + min(place, 255).to_bytes(1)
        return nonce, bytes(a ^ b for a, b in zip(plain, self._pad(nonce), strict=False))

    def _read(self) -> tuple[int, int] | None:
        lying = self.box.dealt(self.run_id, self._name("seat"))
        if lying is None:
            return None
        plain = bytes(a ^ b for a, b in zip(lying[1], self._pad(lying[0]), strict=False))
        group = int.from_bytes(plain[:2])
        return (group, plain[2]) if group < len(self.groups) else None

    def take(self, gathered: bool) -> None:
        """Take a card; who has one keeps it, unless small groups were gathered and theirs is one."""
        have = self._read()
        if have is not None and not gathered:
            return
        move = None
        if have is not None:
            people, _writer = self.box.group(self.run_id, self.groups[have[0]])
            if people >= FEWEST_IN_A_GROUP:
                return
            move = have[0]
        pick = partial(choose, gathered=gathered)
        self.box.deal(self.run_id, self._name("seat"), self.groups, pick, self._mask, move)

    @property
    def group(self) -> bytes | None:
        """Return the tag of this phone's group."""
        have = self._read()
        return self.groups[have[0]] if have else None

    def writes(self) -> bool:
        """Return whether this phone writes for its group."""
        group = self.group
        return group is not None and self.box.group(self.run_id, group)[1] == self._name("writer")

    def ask(self, what: str) -> None:
        """Claim the place of the writer, take it over from a silent phone, or hand it on."""
        group, me = self.group, self._name("writer")
        if group is None:
            return
        if what == "hand_on":
            self.box.let_go(self.run_id, group, me)
            return
        writer = self.box.group(self.run_id, group)[1]
        gone = what == "instead" and writer is not None and self.box.silence(self.run_id, group) >= SILENT
        if self.box.claim(self.run_id, group, me, writer if gone else None):
            self.box.hear(self.run_id, group)

    def place(self) -> Place | None:
        """Return where this phone is now."""
        have = self._read()
        if have is None:
            return None
        group = self.groups[have[0]]
        people, writer = self.box.group(self.run_id, group)
        half = ("ab"[have[1] // 2 % 2] if have[1] < 4 else "ab"[have[1] % 2]) if people >= 4 else ""
        if writer is None:
            writing = "nobody"
        elif writer == self._name("writer"):
            self.box.hear(self.run_id, group)
            writing = "you"
        else:
            writing = "silent" if self.box.silence(self.run_id, group) >= SILENT else "somebody"
        return Place(have[0] + 1, half, people, writing)


def _asker(house: House, live_id: str, secret: bytes, run_id: str) -> tuple[_Asker, Breakout, BreakoutConfig] | None:
    with house.database.transaction() as session:
        run = session.get(ActivityRun, run_id)
        if run is None or run.live_id != live_id or run.state != "open":
            return None
        item = guide_of(get(session, live_id)).activity(run.activity_id)
        kept = session.get(Breakout, (live_id, item.id))
    if kept is None or not KINDS[item.kind].in_groups:
        return None
    box = house.boxes.box(live_id)
    key = hmac.new(house.seat_key, b"breakout\0" + run_id.encode() + b"\0" + box.salt(run_id), hashlib.sha256).digest()
    return _Asker(box, run_id, secret, _tags(key, kept.groups)), kept, item.config


def _tags(key: bytes, groups: int) -> tuple[bytes, ...]:
    """Return the groups' names in the box, by number; without the key they say nothing."""
    return tuple(hmac.new(key, at.to_bytes(2), hashlib.sha256).digest() for at in range(groups))


def ask(house: House, live_id: str, secret: bytes, run_id: str, what: str) -> Place | None:
    """Do what a phone asks for and return where it is then; None while it has no number here.

    "look" changes nothing. Raises `WorkshopError` for anything that is not in `ASKS`.
    """
    if what not in ASKS:
        raise WorkshopError(_("This could not be read. Reload the page and try again."), code="invalid", status=400)
    found = _asker(house, live_id, secret, run_id)
    if found is None:
        return None
    phone, kept, config = found
    if what == "take":
        phone.take(kept.gathered)
    elif what != "look" and config.writes(kept.part):
        phone.ask(what)
    return phone.place()


def tag_to_write(house: House, live_id: str, secret: bytes, run_id: str) -> bytes:
    """Return the tag under which a group's card lies, for the phone that writes; the first to send writes.

    Raises `AnswerRefused` for every other phone.
    """
    found = _asker(house, live_id, secret, run_id)
    if found is None or found[0].group is None:
        raise AnswerRefused(_("Take the number of your group first. Your text is still here."))
    phone, kept, config = found
    if not config.writes(kept.part):
        raise AnswerRefused(_("Groups write in the next part. Your text is still here."))
    phone.ask("write")
    if not phone.writes():
        raise AnswerRefused(_("Somebody else in your group writes now. Your text is still here; read it to them."))
    return phone.group or b""


def tag_to_read(house: House, live_id: str, secret: bytes, run_id: str) -> bytes | None:
    """Return the tag of the group's card for the phone that writes; None for every other."""
    found = _asker(house, live_id, secret, run_id)
    return found[0].group if found is not None and found[0].writes() else None


def sends(house: House, live_id: str, secret: bytes, run_id: str) -> bool:
    """Take a number and the place of the writer for a phone without a person; return whether it sends for its group."""
    ask(house, live_id, secret, run_id, "take")
    place = ask(house, live_id, secret, run_id, "write")
    return place is not None and place.writing == "you"


def writing_now(house: House, live_id: str) -> bool:
    """Return whether the groups of a session write in the part they are in."""
    with house.database.transaction() as session:
        live = get(session, live_id)
        shown = screen(session, live, guide_of(live).activity(live.at)) if live.at else None
    return shown is not None and shown.writes


# -- what everybody may know


def screen(session: Session, live: LiveSession, item: Activity) -> BreakoutScreen | None:
    """Return how the groups of an activity stand; None for a kind without groups."""
    if not KINDS[item.kind].in_groups:
        return None
    config: BreakoutConfig = item.config
    kept = session.get(Breakout, (live.id, item.id))
    size = kept.size if kept else config.wanted
    groups = (kept.groups if kept else 0) or groups_of(live.joined, size)
    part = min(kept.part if kept else 0, len(config.parts) - 1)
    return BreakoutScreen(
        size=size,
        groups=groups,
        smallest=live.joined // groups,
        largest=-(-live.joined // groups),
        people=live.joined,
        parts=config.parts,
        part=part,
        writes=config.writes(part),
        gathered=bool(kept and kept.gathered),
        possible=live.rehearsal or live.joined >= SMALLEST_ROOM,
    )
