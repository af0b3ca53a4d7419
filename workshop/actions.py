"""What a group agreed to do: text, the role that sees to it, a day, a state.

Lives here: writing, changing and carrying actions from one session of a team to
the next, and their calendar file. Not here: how they look on the stage
(`activities/actions.py`) and in reports (`editions.py`). They are the
facilitator's words about what was said aloud; no answer is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import anonymity
from .anonymity import normalise
from .db import notify
from .errors import NotFound, WorkshopError
from .models import Action, LiveSession, SessionRole
from .words import _

STATES = ("open", "done", "dropped")
MOST = 20
LONGEST = 300
LONGEST_OWNER = 120


@dataclass(frozen=True)
class ActionLine:
    """One action as everybody may read it. `carried`: it comes from the team's session before."""

    id: str
    text: str
    owner: str
    due: date | None
    state: str
    carried: bool


def lines(session: Session, live_id: str) -> tuple[ActionLine, ...]:
    """Return the actions of a session in their order."""
    rows = session.scalars(select(Action).where(Action.live_id == live_id).order_by(Action.place, Action.id))
    return tuple(
        ActionLine(row.id, row.text, row.owner, row.due, row.state, row.carried_from is not None) for row in rows
    )


def add(session: Session, live: LiveSession, text: str, owner: str, due: date | None) -> str:
    """Write an action at the end of the list and return its id; raise WorkshopError with what does not fit."""
    text, owner = _checked(text, owner)
    count = session.scalar(select(func.count()).select_from(Action).where(Action.live_id == live.id)) or 0
    if count >= MOST:
        raise WorkshopError(_("%(most)s actions are a lot already. Take one out before you add another.", most=MOST))
    last = session.scalar(select(func.max(Action.place)).where(Action.live_id == live.id)) or 0
    action = Action(id=anonymity.new_id(), live_id=live.id, place=last + 1, text=text, owner=owner, due=due)
    session.add(action)
    session.flush()
    notify(session, live.id)
    return action.id


def change(
    session: Session, live: LiveSession, action_id: str, text: str, owner: str, due: date | None, state: str
) -> None:
    """Reword an action or set its state."""
    text, owner = _checked(text, owner)
    if state not in STATES:
        raise WorkshopError(_("An action is to do, done or dropped."))
    action = _find(session, live, action_id)
    action.text, action.owner, action.due, action.state = text, owner, due, state
    notify(session, live.id)


def remove(session: Session, live: LiveSession, action_id: str) -> None:
    """Take an action out of this session's list; where it was carried from it stays."""
    session.delete(_find(session, live, action_id))
    notify(session, live.id)


def carry(session: Session, live: LiveSession, account_id: str) -> int:
    """Bring what is still to do from the team's last session into a new one; return how many.

    Check-ins are no sessions of the team: nobody has a role in them. Only from a session in which this person has a role, and never into or from a
    rehearsal. A session without a team carries nothing.
    """
    before = _before(session, live, account_id)
    if before is None or live.rehearsal:
        return 0
    open_ones = [
        action
        for action in session.scalars(select(Action).where(Action.live_id == before.id).order_by(Action.place))
        if action.state == "open"
    ]
    for place, action in enumerate(open_ones, start=1):
        session.add(
            Action(
                id=anonymity.new_id(),
                live_id=live.id,
                place=place,
                text=action.text,
                owner=action.owner,
                due=action.due,
                carried_from=action.id,
            )
        )
    session.flush()
    return len(open_ones)


def _before(session: Session, live: LiveSession, account_id: str) -> LiveSession | None:
    team = live.team.strip().casefold()
    if not team:
        return None
    ended = session.scalars(
        select(LiveSession)
        .join(SessionRole, SessionRole.live_id == LiveSession.id)
        .where(
            SessionRole.account_id == account_id,
            LiveSession.ended_at.is_not(None),
            LiveSession.rehearsal.is_(False),
            LiveSession.id != live.id,
        )
        .order_by(LiveSession.ended_at.desc())
    )
    return next((one for one in ended if one.team.strip().casefold() == team), None)


def calendar(session: Session, live: LiveSession) -> bytes:
    """Return the dated actions that are still to do as an iCalendar file (RFC 5545), one whole day each.

    The same list gives the same bytes: the stamp is the session's own end.
    """
    book = Calendar()
    book.add("prodid", "-//Unstuck//Actions//EN")
    book.add("version", "2.0")
    stamp = live.ended_at or live.started_at or datetime.combine(live.created_on, time(), UTC)
    for line in lines(session, live.id):
        if line.due is None or line.state != "open":
            continue
        event = Event()
        event.add("uid", f"{line.id}@unstuck")
        event.add("dtstamp", stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC))
        event.add("dtstart", line.due)
        event.add("dtend", line.due + timedelta(days=1))
        event.add("summary", line.text)
        if line.owner:
            event.add("description", _("Sees to it: %(owner)s", owner=line.owner))
        event.add("transp", "TRANSPARENT")
        book.add_component(event)
    return bytes(book.to_ical())


def as_next_steps(
    session: Session, live: LiveSession, day_words: Callable[[date, str], str]
) -> tuple[tuple[str, str, str], ...]:
    """Return what is still to do as the report's next steps: what, who, by when in the session's language."""
    return tuple(
        (line.text, line.owner, day_words(line.due, live.language) if line.due else "")
        for line in lines(session, live.id)
        if line.state == "open"
    )


def _find(session: Session, live: LiveSession, action_id: str) -> Action:
    action = session.get(Action, action_id)
    if action is None or action.live_id != live.id:
        raise NotFound(_("This action is not in the list any more."))
    return action


def _checked(text: str, owner: str) -> tuple[str, str]:
    text, owner = " ".join(normalise(text).split()), " ".join(normalise(owner).split())
    if not text:
        raise WorkshopError(_("Write what will be done."))
    if len(text) > LONGEST:
        raise WorkshopError(
            _("This has %(length)s characters; %(limit)s fit. Shorten it.", length=len(text), limit=LONGEST)
        )
    if len(owner) > LONGEST_OWNER:
        raise WorkshopError(_("A role has at most %(limit)s characters.", limit=LONGEST_OWNER))
    return text, owner
