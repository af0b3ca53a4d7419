"""Making a live session: planned, moved over to other floors, or rehearsed.

Lives here: what the create page asks for and what may be asked, and the session
that comes of it, in its lobby. Not here: its journey (`live_sessions.py`), who
comes in (`doors.py`), planning and invitations (`planning.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from . import actions, anonymity, parking, rehearsals, tickets
from .db import notify
from .errors import NotFound, WorkshopError
from .guides import schema
from .house import House
from .live_state import get, hits
from .models import Account, Guide, LiveSession, SessionRole
from .words import _

LARGEST_GROUP = 10_000


@dataclass(frozen=True)
class NewSession:
    """What the create page asks for. Floors may only be lowered to 3 (room) and 5 (words)."""

    guide_id: str
    title: str
    team: str
    language: str
    expected: int
    leader: str
    leader_is_manager: bool
    room_floor: int = anonymity.ROOM_FLOOR
    words_floor: int = anonymity.WORDS_FLOOR
    moderation: bool = False
    facilitator_words: bool = False
    freeze_after_minutes: int = 15
    keep_days: int = 90
    rehearsal: bool = False
    simulated: int = 0
    tickets: bool = False
    parking: bool = False  # a parking lot on every step, also where the guide has none
    planned_for: datetime | None = None


def create(house: House, actor: Account, new: NewSession) -> str:
    """Make a live session in its lobby, with a frozen copy of its guide; return its id."""
    _check(new)
    for attempt in range(20):
        try:
            with house.database.transaction() as session:
                guide = session.get(Guide, new.guide_id)
                if guide is None or guide.archived:
                    raise NotFound(_("This guide no longer exists. Choose another one."))
                if new.language not in schema.parse(guide.source, guide.slug).languages:
                    raise WorkshopError(_("This guide is not available in that language."))
                source = parking.with_lot(guide.source) if new.parking else guide.source
                live = _fresh(house, new, source, actor.id)
                session.add(live)
                session.flush()
                session.add(SessionRole(live_id=live.id, account_id=actor.id, role="run"))
                session.flush()
                actions.carry(session, live, actor.id)
                return live.id
        except IntegrityError:
            if attempt == 19:
                raise
    raise AssertionError("unreachable")


def _fresh(house: House, new: NewSession, source: str, creator: str | None) -> LiveSession:
    return LiveSession(
        id=anonymity.new_id(),
        code=anonymity.new_code(),
        join_token=anonymity.new_id(),
        stage_token=anonymity.new_id(),
        rehearsal=new.rehearsal,
        simulated=new.simulated if new.rehearsal else 0,
        tickets=new.tickets and not new.rehearsal,
        slips=0,
        guide_id=new.guide_id,
        guide_source=source,
        title=new.title,
        team=new.team,
        language=new.language,
        expected=new.expected,
        room_floor=new.room_floor,
        words_floor=new.words_floor,
        leader=new.leader,
        leader_is_manager=new.leader_is_manager,
        moderation=new.moderation,
        facilitator_words=new.facilitator_words,
        freeze_after_minutes=new.freeze_after_minutes,
        keep_days=new.keep_days,
        created_by=creator,
        created_on=house.clock().date(),
        planned_for=new.planned_for,
        phase="lobby",
        version=1,
        joined=0,
        door_open=True,
        blank=False,
        timer_closes=False,
    )


def _check(new: NewSession) -> None:
    low, words = anonymity.LOWEST_ROOM_FLOOR, anonymity.LOWEST_WORDS_FLOOR
    if not new.title.strip():
        raise WorkshopError(_("Enter a title."))
    if not new.leader.strip():
        raise WorkshopError(_("Enter who leads. Every phone says it."))
    if not low <= new.room_floor <= LARGEST_GROUP:
        raise WorkshopError(_("The room's floor is at least %(low)s people.", low=low))
    if not words <= new.words_floor <= LARGEST_GROUP:
        raise WorkshopError(_("The floor for printed words is at least %(low)s people.", low=words))
    if not 1 <= new.expected <= LARGEST_GROUP:
        raise WorkshopError(_("Enter how many people you expect, from 1 to %(most)s.", most=LARGEST_GROUP))
    if not 0 <= new.freeze_after_minutes <= 72 * 60:
        raise WorkshopError(_("The wait before the report is fixed is 0 to 72 hours."))
    if not 1 <= new.keep_days <= 365:
        raise WorkshopError(_("The results of a session are kept for 1 to 365 days."))


def _copy_of(live: LiveSession, **changes: Any) -> NewSession:
    new = NewSession(
        guide_id=live.guide_id or "",
        title=live.title,
        team=live.team,
        language=live.language,
        expected=live.expected,
        leader=live.leader,
        leader_is_manager=live.leader_is_manager,
        room_floor=live.room_floor,
        words_floor=live.words_floor,
        moderation=live.moderation,
        facilitator_words=live.facilitator_words,
        freeze_after_minutes=live.freeze_after_minutes,
        keep_days=live.keep_days,
        rehearsal=live.rehearsal,
        simulated=live.simulated,
        tickets=live.tickets,
        planned_for=live.planned_for,
    )
    new = replace(new, **changes)
    _check(new)
    return new


def restart_with_floors(
    house: House, actor: Account, live_id: str, room_floor: int, words_floor: int, read_first: bool | None = None
) -> str:
    """Move a lobby over to a new session with other floors, or (un)moderated; return its id.

    Floors never change under people who have joined (promise 3). The code, the
    QR and the stage link move along; every phone is shown the new sentence and
    asked again.
    """
    with house.database.transaction() as session:
        live = get(session, live_id)
        read_first = live.moderation if read_first is None else read_first
        new = _copy_of(live, room_floor=room_floor, words_floor=words_floor, moderation=read_first)
        code, join_token, stage_token = live.code, live.join_token, live.stage_token
        changed = session.execute(
            update(LiveSession)
            .where(LiveSession.id == live_id, LiveSession.phase == "lobby")
            .values(
                phase="moved",
                version=LiveSession.version + 1,
                code=None,
                join_token=anonymity.new_id(),
                stage_token=None,
                door_open=False,
            )
        )
        if hits(changed) != 1:
            raise WorkshopError(_("The session has started. Its floors stay as every phone was told."), status=409)
        fresh = _fresh(house, new, live.guide_source, live.created_by)
        fresh.guide_id = live.guide_id
        fresh.code, fresh.join_token, fresh.stage_token = code, join_token, stage_token
        session.add(fresh)
        session.flush()
        for role in session.scalars(select(SessionRole).where(SessionRole.live_id == live_id)):
            session.add(SessionRole(live_id=fresh.id, account_id=role.account_id, role=role.role))
        session.execute(update(LiveSession).where(LiveSession.id == live_id).values(moved_to=fresh.id))
        session.flush()
        actions.carry(session, fresh, actor.id)
        notify(session, live_id)
        fresh.slips = live.slips
        fresh_id = fresh.id
    tickets.carry(house, live_id, fresh_id)
    return fresh_id


def rehearse(house: House, actor: Account, live_id: str, simulated: int = 0) -> str:
    """Make a rehearsal of a session: same guide and settings, nothing of it shown, frozen or kept."""
    with house.database.transaction() as session:
        live = get(session, live_id)
        new = _copy_of(live, rehearsal=True, planned_for=None, simulated=rehearsals.checked(simulated))
        fresh = _fresh(house, new, live.guide_source, actor.id)
        fresh.guide_id = live.guide_id
        session.add(fresh)
        session.flush()
        session.add(SessionRole(live_id=fresh.id, account_id=actor.id, role="run"))
        return fresh.id
