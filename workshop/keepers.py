"""Who keeps which live session, where several processes serve one installation.

Lives here: the one rule that makes many processes safe: a live session belongs to
one of them, because its ballot box is a file there (ANONYMITY.md, "The ballot
box"). Not here: how requests find that process (`web/keeping.py`, `deploy/nginx`),
and what is in a box (`ballots.py`).

Every process says in PostgreSQL, every `BEAT`, that it is there, and which sessions
it keeps. One that could not say so for `LEASE` seconds stops touching boxes by
itself; after `GONE` seconds another may take its sessions over. The second is the
longer one, so that never two serve one box: the takeover begins with an empty box,
and the phones send again what they keep. A process that comes back within `GONE`
has kept its name and its boxes, and nobody has lost anything.

With SQLite there is one process, and `Alone` lets it keep everything.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from .db import Database
from .errors import WorkshopError
from .lasting import write_new
from .live_state import hits
from .models import Keeper, Keeping, LiveSession
from .words import _

log = logging.getLogger(__name__)

BEAT = 2.0  # seconds
LEASE = 6.0  # seconds: three beats may be missed
GONE = 9.0  # seconds: longer than LEASE by what a slow transaction may take

NAME = "keeper"
"""The file in the data folder with this process's name: whoever has the boxes has the name."""


class KeptElsewhere(WorkshopError):
    """Another process serves this session; whoever passes requests on asks the next one (502 means just that)."""

    code = "kept_elsewhere"
    status = 502

    def __init__(self) -> None:
        super().__init__(_("This session is just moving to another server. Reload the page in a moment."))


class Unsure(WorkshopError):
    """This process has not been able to say that it is there; until it can, it touches no box."""

    code = "not_stored"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            _("The server could not store this just now. Your answer is still on your phone; it will be sent again.")
        )


class Alone:
    """The only process: it keeps every session."""

    several = False

    def hold(self, live_id: str) -> None:
        """Make sure that this process keeps the session; raises KeptElsewhere or Unsure."""

    def may(self, live_id: str) -> bool:
        """Return whether this process keeps the session, or could take it."""
        return True

    def keeps(self, live_id: str) -> bool:
        """Return whether this process keeps the session now, without asking anybody."""
        return True

    def welcome(self, live_id: str) -> None:
        """Make sure that a request about the session may be served here; raises KeptElsewhere or Unsure."""

    def fence(self, session: Session, live_id: str) -> None:
        """Make sure, until this transaction ends, that this process keeps the session; raises KeptElsewhere."""

    def gave_up(self, live_id: str) -> bool:
        """Return whether the session was this process's and is another's now."""
        return False


class Keepers(Alone):
    """One process among several on one PostgreSQL."""

    several = True

    def __init__(self, database: Database, me: str) -> None:
        self._database = database
        self.me = me
        self._mine: set[str] = set()
        self._lost: set[str] = set()
        self._sure_until = 0.0
        self.on_taken: Callable[[str, bool], None] = lambda _live_id, _from_another: None
        self.on_lost: Callable[[str], None] = lambda _live_id: None

    # -- being there

    def beat(self) -> None:
        """Say that this process is there, and learn what is still its own; raises SQLAlchemyError when it cannot."""
        began, before = monotonic(), set(self._mine)
        with self._database.transaction() as session:
            now = _now(session)
            if not hits(session.execute(update(Keeper).where(Keeper.id == self.me).values(seen_at=now))):
                session.add(Keeper(id=self.me, seen_at=now))
            mine = set(session.scalars(select(Keeping.live_id).where(Keeping.keeper_id == self.me)))
        self._sure_until = began + LEASE
        for live_id in before - mine:
            self._mine.discard(live_id)
            self._lost.add(live_id)
            self.on_lost(live_id)
        for live_id in mine - self._mine:
            self._mine.add(live_id)
            self._lost.discard(live_id)

    def pulse(self) -> None:
        """Beat; a database that is away for a moment is waited for."""
        try:
            self.beat()
        except SQLAlchemyError as error:
            log.warning("this process could not say that it is there: %s", type(error).__name__)

    def tidy(self) -> None:
        """Forget who kept sessions that are over or gone, and processes that have been away for a day."""
        with self._database.transaction() as session:
            running = select(LiveSession.id).where(LiveSession.phase.in_(("lobby", "running")))
            session.execute(delete(Keeping).where(Keeping.keeper_id == self.me, Keeping.live_id.not_in(running)))
            session.execute(
                delete(Keeper).where(
                    Keeper.seen_at < func.now() - func.make_interval(0, 0, 0, 1),
                    Keeper.id.not_in(select(Keeping.keeper_id)),
                )
            )

    def strays(self, live_ids: list[str]) -> list[str]:
        """Return those of these sessions that another process keeps: a box of one is left from an earlier time."""
        with self._database.transaction() as session:
            others = select(Keeping.live_id).where(Keeping.live_id.in_(live_ids), Keeping.keeper_id != self.me)
            return list(session.scalars(others))

    # -- keeping

    def hold(self, live_id: str) -> None:
        """Make sure that this process keeps the session, taking it where nobody is there who does."""
        if monotonic() >= self._sure_until:
            raise Unsure
        if live_id in self._mine:
            return
        from_another = self._take(live_id)
        self._mine.add(live_id)
        self._lost.discard(live_id)
        if from_another:
            log.info("a session was taken over from a process that is gone")
        self.on_taken(live_id, from_another)

    def may(self, live_id: str) -> bool:
        """Return whether this process keeps the session, or could take it."""
        try:
            self.hold(live_id)
        except (KeptElsewhere, Unsure):
            return False
        return True

    def keeps(self, live_id: str) -> bool:
        """Return whether this process keeps the session now."""
        return live_id in self._mine and monotonic() < self._sure_until

    def gave_up(self, live_id: str) -> bool:
        """Return whether the session was this process's and is another's now."""
        return live_id in self._lost

    def welcome(self, live_id: str) -> None:
        """Make sure that a request about the session may be served here; one that is over has no box, and may anywhere."""
        if self.keeps(live_id):
            return
        with self._database.transaction() as session:
            phase = session.scalar(select(LiveSession.phase).where(LiveSession.id == live_id))
        if phase in ("lobby", "running"):
            self.hold(live_id)

    def fence(self, session: Session, live_id: str) -> None:
        """Make sure, until this transaction ends, that this process keeps the session; raises KeptElsewhere.

        For the one write that counts: a process that was held up must not seal with
        its old box what another one serves by now.
        """
        keeper = session.scalar(select(Keeping.keeper_id).where(Keeping.live_id == live_id).with_for_update())
        if keeper != self.me:
            raise KeptElsewhere

    def _take(self, live_id: str) -> bool:
        """Write ourselves down as the keeper; return whether somebody else was before. Raises KeptElsewhere."""
        try:
            with self._database.transaction() as session:
                kept = session.get(Keeping, live_id)
                if kept is None:
                    session.add(Keeping(live_id=live_id, keeper_id=self.me))
                    return False
                if kept.keeper_id == self.me:
                    return False
                seen = session.scalar(select(Keeper.seen_at).where(Keeper.id == kept.keeper_id))
                if seen is not None and (_now(session) - seen).total_seconds() < GONE:
                    raise KeptElsewhere
                taken = session.execute(
                    update(Keeping)
                    .where(Keeping.live_id == live_id, Keeping.keeper_id == kept.keeper_id)
                    .values(keeper_id=self.me)
                    .execution_options(synchronize_session=False)
                )
                if hits(taken) != 1:
                    raise KeptElsewhere
                return True
        except IntegrityError as faster:
            raise KeptElsewhere from faster


def _now(session: Session) -> datetime:
    """Return the database's time: the only clock that all processes share."""
    now: datetime = session.scalar(select(func.now()))  # type: ignore[assignment]
    return now


def name_in(folder: Path) -> str:
    """Return the name of the process that has this data folder, made at its first start."""
    path = folder / NAME
    if not path.exists():
        with suppress(FileExistsError):
            write_new(path, secrets.token_urlsafe(16).encode())
    return path.read_text().strip()
