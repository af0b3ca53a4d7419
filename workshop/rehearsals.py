"""What sets a rehearsal apart: made-up answers stand in, and nothing of it stays.

Lives here: how many phones answer by themselves, what stands in for answers,
and forgetting. Not here: the phones themselves (`simulated_phones.py`), making
one (`live_sessions.rehearse`), and that no report, figure, team, action, mail
or check-in ever takes a rehearsal up (each of those says so itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .db import Base, erase, notify
from .models import LiveSession, SessionRole

if TYPE_CHECKING:
    from .activities import Fields, Kind
    from .house import House

FEWEST, USUAL, MOST = 5, 12, 30
"""Phones that answer by themselves: the floor, enough for numbers instead of shapes, and a full room."""

PEOPLE = 12
"""Made-up answers where no phone answers by itself: enough for numbers instead of shape."""

OVER = timedelta(hours=1)
"""How long the page that says "over" can still be opened."""

AT_MOST = timedelta(days=1)
"""How long a rehearsal may take, ended or not."""


def checked(simulated: int) -> int:
    """Return a number of simulated phones that is offered; 0 for none."""
    return 0 if simulated <= 0 else max(FEWEST, min(MOST, simulated))


def example(kind: Kind, config: Any, number: int) -> Fields:
    """Return the made-up answer of one simulated phone."""
    examples = kind.examples(config)
    return examples[number % len(examples)]


def stand_ins(live: LiveSession, kind: Kind, config: Any, bodies: Sequence[str]) -> list[Any]:
    """Return the made-up answers that stand in for what phones sent; of that only the number counts.

    With simulated phones as many as have answered, so that closing too early
    shows too few here too.
    """
    number = min(len(bodies), live.simulated) if live.simulated else PEOPLE
    return [kind.clean(config, example(kind, config, i)) for i in range(number)]


def forget(session: Session, live_id: str) -> None:
    """Delete all that hangs on a rehearsal but the page that says it is over, and who may open that."""
    erase(session)
    for table in reversed(Base.metadata.sorted_tables):
        if table.name == SessionRole.__tablename__:
            continue
        for column in table.columns:
            owned = [key for key in column.foreign_keys if key.ondelete == "CASCADE"]
            if any(key.column is LiveSession.__table__.c.id for key in owned):
                session.execute(delete(table).where(column == live_id))
    notify(session, live_id)


def sweep(house: House) -> int:
    """Delete the rehearsals that are over, and those that have gone on for a day; return how many."""
    now = house.clock()
    with house.database.transaction() as session:
        due = [
            live.id for live in session.scalars(select(LiveSession).where(LiveSession.rehearsal)) if _is_due(live, now)
        ]
    due = [live_id for live_id in due if house.keepers.may(live_id)]
    for live_id in due:
        house.boxes.discard(live_id)
        house.signals.forget(live_id)
        with house.database.transaction() as session:
            forget(session, live_id)
            session.execute(delete(SessionRole).where(SessionRole.live_id == live_id))
            session.execute(delete(LiveSession).where(LiveSession.id == live_id))
    return len(due)


def _is_due(live: LiveSession, now: datetime) -> bool:
    if live.ended_at is not None:
        return _aware(live.ended_at) + OVER <= now
    if live.started_at is not None:
        return _aware(live.started_at) + AT_MOST <= now
    return live.created_on + AT_MOST < now.date()  # a lobby holds settings alone


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
