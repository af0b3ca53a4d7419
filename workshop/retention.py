"""How long things are kept, and the purge that keeps to it.

Lives here: the terms, what is due, deleting it. Not here: what was never kept
at all: open answers go with their question, their box with the session
(`ballots.py`), and worksheets never come here.

Two terms. Released data (results, cards, the facilitator's texts) go
`LiveSession.keep_days` after the end; the frozen reports, which no longer hold
single answers beyond the printed words, go `KEEP_REPORTS_DAYS` after the end,
and with them what was agreed, also where nobody fixed a report.
The session itself stays as one line that says what went when.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from . import live_sessions, moderation, receipts, sources, themes
from .db import Database, erase
from .errors import WorkshopError
from .house import House
from .models import Action, ActivityRun, Card, Freeze, LiveSession, ParkedText, ReportText, StaffLink

log = logging.getLogger(__name__)

KEEP_DAYS = 90
"""Days after the end that released data stay, unless somebody chose otherwise."""

FORGOTTEN_DAYS = 3
"""Days without a step after which a running session is ended: a workshop lasts two at most."""


@dataclass(frozen=True)
class Kept:
    """Until when this session's data stay. `data_until` and `reports_until` are None before the end."""

    keep_days: int
    report_days: int
    data_until: date | None
    reports_until: date | None
    purged_on: date | None
    reports_gone: bool


def kept(session: Session, live: LiveSession, report_days: int) -> Kept:
    """Return what participants and staff are told about one session."""
    ended = _day(live.ended_at) if live.ended_at else None
    frozen = session.scalar(select(Freeze.id).where(Freeze.live_id == live.id)) is not None
    reports_until = ended + timedelta(days=max(report_days, live.keep_days)) if ended else None
    return Kept(
        keep_days=live.keep_days,
        report_days=max(report_days, live.keep_days),
        data_until=ended + timedelta(days=live.keep_days) if ended else None,
        reports_until=reports_until,
        purged_on=live.purged_on,
        reports_gone=live.purged_on is not None and not frozen,
    )


@dataclass(frozen=True)
class Purged:
    """What one purge deleted, in numbers of sessions."""

    data: int = 0
    reports: int = 0

    @property
    def nothing(self) -> bool:
        """Whether nothing was past its term."""
        return not (self.data or self.reports)


def purge(database: Database, report_days: int, today: date, *, dry_run: bool = False) -> Purged:
    """Delete what is past its term; return what was (or with `dry_run` would be) deleted.

    Each session is a transaction of its own, so that one that is busy keeps
    nothing else from going. On SQLite the file is rewritten and its log emptied
    (`Database.empty_log`), so that the texts are in no file.
    """
    with database.transaction() as session:
        data = _data_due(session, today)
        reports = _reports_due(session, Freeze, today, report_days)
        agreed = set(_reports_due(session, Action, today, report_days)) - set(reports)
    if dry_run:
        return Purged(len(data), len(reports))
    for live_id in data:
        with database.transaction() as session:
            _delete_data(session, live_id, today)
    for live_id in [*reports, *agreed]:
        with database.transaction() as session:
            erase(session)
            session.execute(delete(Freeze).where(Freeze.live_id == live_id))
            session.execute(delete(Action).where(Action.live_id == live_id))
    with database.transaction() as session:
        _forget_links(session, datetime(today.year, today.month, today.day, tzinfo=UTC))
    if data or reports:
        log.info("purge: results of %d sessions and reports of %d deleted", len(data), len(reports))
    return Purged(len(data), len(reports))


def keep_house(house: House) -> None:
    """Do what is due, as the running server does every hour: end what was forgotten, delete what is past its term."""
    end_forgotten(house)
    purge(house.database, house.settings.keep_reports_days, house.clock().date())


def end_forgotten(house: House) -> int:
    """End the sessions that nobody ended, so that nothing unreleased outlives them; return how many.

    An open question is closed as by hand: with its floors. Only the process that
    holds the ballot boxes can do this.
    """
    with house.database.transaction() as session:
        forgotten = _forgotten(session, house.clock())
    return sum(_end(house, live_id) for live_id in forgotten if house.keepers.may(live_id))


def _forget_links(session: Session, before: datetime) -> None:
    """Delete the links for staff that have run out, and with them the addresses of people who never took an invitation."""
    over = StaffLink.expires_at < before
    if session.scalar(select(StaffLink.token_hash).where(over).limit(1)):
        erase(session)
        session.execute(delete(StaffLink).where(over))


def _data_due(session: Session, today: date) -> list[str]:
    over = session.scalars(
        select(LiveSession).where(LiveSession.ended_at.is_not(None), LiveSession.purged_on.is_(None))
    )
    return [live.id for live in over if live.ended_at and _day(live.ended_at) + timedelta(days=live.keep_days) < today]


def _reports_due(session: Session, kept: type[Freeze | Action], today: date, report_days: int) -> list[str]:
    """Return the sessions that still have a report, or actions, past the term of reports."""
    theirs = session.scalars(select(LiveSession).where(LiveSession.id.in_(select(kept.live_id))))
    return [
        live.id
        for live in theirs
        if live.ended_at and _day(live.ended_at) + timedelta(days=max(report_days, live.keep_days)) < today
    ]


def _forgotten(session: Session, now: datetime) -> list[str]:
    """Return the running sessions in which nobody has taken a step for days."""
    latest = now - timedelta(days=FORGOTTEN_DAYS)
    running = session.scalars(
        select(LiveSession).where(LiveSession.phase == "running", LiveSession.at.is_not(None))
    ).all()
    return [live.id for live in running if _aware(live.step_started_at or live.started_at or now) < latest]


def _end(house: House, live_id: str) -> bool:
    """Close what is open and end the session as its facilitator would; False when it has to wait.

    What is still being read is shown as far as somebody approved it.
    """
    try:
        for command, state in (("close", "open"), ("show_read", "reading"), ("end", "")):
            with house.database.transaction() as session:
                live = live_sessions.get(session, live_id)
                version = live.version
                here = live_sessions.run_of(session, live, live.at)
            if command == "end" or (here is not None and here.state == state):
                live_sessions.move(house, "run", live_id, command, "", version)
    except WorkshopError as error:
        log.warning("a forgotten session could not be ended yet: %s", type(error).__name__)
        return False
    return True


def _delete_data(session: Session, live_id: str, today: date) -> None:
    erase(session)
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id)
    themes.forget(session, live_id)
    moderation.forget(session, live_id)
    session.execute(delete(Card).where(Card.run_id.in_(runs)))
    receipts.tidy(session)
    session.execute(delete(ActivityRun).where(ActivityRun.live_id == live_id))
    session.execute(delete(ParkedText).where(ParkedText.live_id == live_id))
    session.execute(delete(ReportText).where(ReportText.live_id == live_id))
    live = live_sessions.get(session, live_id)
    live.guide_source = sources.forget(live.guide_source)
    session.flush()
    session.execute(update(LiveSession).where(LiveSession.id == live_id).values(purged_on=today))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(moment: datetime) -> date:
    return _aware(moment).date()
