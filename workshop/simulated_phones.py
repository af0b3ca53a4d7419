"""Phones that take part in a rehearsal by themselves: they come in, think, answer, pass, change their mind.

Lives here: when each of them does what, and doing it through the same services
as a real phone. Not here: what becomes of it (`rehearsals.py`: the kind's
examples stand in at the close), the clock that calls `tick`.

All of it follows from the server's key, the session and the run, so a server
that restarts goes on where it was: the same phone sends the same answer under
the same revision, which is no second one. Nothing here may touch a session
that is not a rehearsal; the first query asks for nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import random
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from . import answers, breakouts, live_sessions, rehearsals
from .activities import KINDS
from .errors import WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import guide_of, run_of
from .models import Account, LiveSession

log = logging.getLogger(__name__)

ARRIVING = 25.0  # seconds within which all have come in
TAPPING = (3.0, 22.0)  # seconds until a tap
WRITING = (9.0, 50.0)  # seconds until a text
LATE = (50.0, 80.0)  # seconds until one of those who take their time


@dataclass(frozen=True)
class Deed:
    """One thing a phone does, so many seconds after the question opened. `fields` None: a pass."""

    after: float
    phone: int
    revision: int
    example: int | None


@dataclass(frozen=True)
class _Look:
    """What one session looks like at one moment."""

    live_id: str
    language: str
    phones: int
    joined: int
    door_open: bool
    resting: bool
    run_id: str
    activity: Activity | None


def plan(run_id: str, phones: int, *, texts: bool, final: bool) -> list[Deed]:
    """Return what so many phones do with one question, in the order in which they do it.

    About one in ten passes, one in eight is late, one in eight changes an answer
    (never a final one), and in a larger room one does not answer at all.
    """
    deeds = []
    for phone in range(phones):
        luck = random.Random(f"{run_id}:{phone}")  # noqa: S311 - a play, not a secret
        low, high = WRITING if texts else TAPPING
        after = luck.triangular(low, high, low + (high - low) / 3)
        passes, late, edits = luck.random() < 0.1, luck.random() < 0.125, luck.random() < 0.125
        if late:
            after = luck.uniform(*LATE)
        if phones > rehearsals.FEWEST + 2 and phone == sum(run_id.encode()) % phones:
            continue
        # With just enough for the floor nobody passes: a rehearsal of five has to show something.
        passes = passes and phones > rehearsals.FEWEST + 2
        deeds.append(Deed(after, phone, 1, None if passes else phone))
        if edits and not passes and not final:
            deeds.append(Deed(after + luck.uniform(4, 12), phone, 2, phone + 1))
    return sorted(deeds, key=lambda deed: deed.after)


class SimulatedPhones:
    """The phones of every rehearsal that this process serves.

    `speaking` puts a language in force while answers are made up, where there is
    an app to do so.
    """

    def __init__(
        self, house: House, speaking: Callable[[str], AbstractContextManager[object]] = lambda _language: nullcontext()
    ) -> None:
        self._house = house
        self._speaking = speaking
        self._since: dict[str, datetime] = {}
        self._inside: dict[str, int] = {}
        self._done: dict[str, int] = {}

    def tick(self) -> None:
        """Let every phone do what is due by now."""
        looks = self._looks()
        known = {key for look in looks for key in (look.live_id, look.run_id)}
        for memory in (self._since, self._inside, self._done):
            for key in set(memory) - known:
                del memory[key]
        for look in looks:
            try:
                self._arrive(look)
                if look.activity is not None and not look.resting:
                    self._answer(look, look.activity)
            except WorkshopError as error:  # the door was closed, the question was: a real phone would be told so
                log.debug("a simulated phone was refused: %s", error.code)

    def _looks(self) -> list[_Look]:
        with self._house.database.transaction() as session:
            found = session.scalars(
                select(LiveSession).where(
                    LiveSession.rehearsal, LiveSession.simulated > 0, LiveSession.phase.in_(("lobby", "running"))
                )
            ).all()
            looks = []
            for live in found:
                if not self._house.keepers.keeps(live.id):
                    continue
                run = run_of(session, live, live.at)
                is_open = run is not None and run.state == "open"
                looks.append(
                    _Look(
                        live_id=live.id,
                        language=live.language,
                        phones=live.simulated,
                        joined=live.joined,
                        door_open=live.door_open,
                        resting=live.eyes_up or live.break_until is not None,
                        run_id=run.id if run is not None and is_open else "",
                        activity=guide_of(live).activity(live.at) if is_open and live.at else None,
                    )
                )
            return looks

    def _arrive(self, look: _Look) -> None:
        gone = self._seconds_since(look.live_id)
        inside = self._inside.setdefault(look.live_id, min(look.joined, look.phones))
        wanted = min(look.phones, int(look.phones * min(1.0, (gone + 1) / ARRIVING)) or 1)
        while inside < wanted and look.door_open:
            live_sessions.join(self._house, look.live_id, None)  # its cookie is not needed: see `_secret`
            inside += 1
            self._inside[look.live_id] = inside

    def _answer(self, look: _Look, activity: Activity) -> None:
        kind = KINDS[activity.kind]
        if kind.in_groups and not breakouts.writing_now(self._house, look.live_id):
            return
        gone = self._seconds_since(look.run_id)
        deeds = plan(look.run_id, look.phones, texts=kind.texts, final=activity.release == "rolling")
        while (done := self._done.get(look.run_id, 0)) < len(deeds) and deeds[done].after <= gone:
            deed = deeds[done]
            self._done[look.run_id] = done + 1
            if deed.phone >= self._inside.get(look.live_id, 0):
                continue
            fields = None
            if deed.example is not None:
                with self._speaking(look.language):
                    fields = rehearsals.example(kind, activity.config, deed.example)
            secret = self._secret(look.live_id, deed.phone)
            if kind.in_groups and not breakouts.sends(self._house, look.live_id, secret, look.run_id):
                continue
            answers.cast(self._house, look.live_id, secret, look.run_id, deed.revision, fields)

    def _seconds_since(self, key: str) -> float:
        now = self._house.clock()
        return (now - self._since.setdefault(key, now)).total_seconds()

    def _secret(self, live_id: str, phone: int) -> bytes:
        """Return what stands for a phone's secret; it can be made again, because there is nobody to protect."""
        return hmac.new(self._house.seat_key, f"simulated\0{live_id}\0{phone}".encode(), hashlib.sha256).digest()


def of_guide(house: House, actor: Account, guide_id: str, title: str, language: str, phones: int) -> str:
    """Make a rehearsal straight from a guide and return its id."""
    return live_sessions.create(
        house,
        actor,
        live_sessions.NewSession(
            guide_id=guide_id,
            title=title,
            team="",
            language=language,
            expected=max(1, rehearsals.checked(phones)),
            leader=actor.name,
            leader_is_manager=False,
            rehearsal=True,
            simulated=rehearsals.checked(phones),
        ),
    )
