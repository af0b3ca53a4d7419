"""Check-ins: asking again two and six weeks after a session, by one link.

Lives here: when they open and close, and who comes in. Not here: the set in
which each one ends (`check_in_sets.py`), their pages (`web/check_ins.py`),
letters about them (`check_in_letters.py`).

A check-in that opens becomes a live session of its own, with all its questions
open at once: seats, ballot box, seal, floors and recovery are the ordinary ones.
Nobody has a role in it, so it stands in no list and has no console. Its freeze
is a set of its own beside that of the session, which it never touches.

A file of this length because the life of a check-in is one thought.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import anonymity, check_in_letters, check_in_sets, seals
from .activities import KINDS
from .db import notify
from .errors import NotFound, WorkshopError
from .guides import schema
from .guides.schema import Activity, Guide
from .house import House
from .live_state import guide_of, hits, read_guide
from .models import ActivityRun, CheckIn, FollowUp, Freeze, LiveSession
from .words import _

log = logging.getLogger(__name__)

AFTER = {1: 14, 2: 42}
"""Number of a check-in -> days after the end of its session."""
OPEN_DAYS = 7
LATEST = 365  # days after the end; later nobody remembers
SOON = 3  # days before it opens in which the dashboard says so
CODE_LENGTH = 8
EDITION = "check-in"
"""The name of its one edition in the freeze."""


@lru_cache(maxsize=1)
def source() -> str:
    """Return the built-in guide that every check-in asks."""
    return (resources.files("workshop.guides") / "built_in" / "check-in.yaml").read_text(encoding="utf-8")


def local_day(moment: datetime) -> date:
    """Return the day on which it is that moment where this server stands."""
    return moment.astimezone().date()


# -- the plan


def usual(guide: Guide) -> bool:
    """Return whether a session of this guide gets check-ins unless somebody says otherwise.

    It does where people took something with them: a private page, or a second look at their energy.
    """
    return any(KINDS[activity.kind].private or activity.id == check_in_sets.AFTERWARDS for activity in guide.activities)


def plan(session: Session, live: LiveSession, today: date) -> None:
    """Give a session that has ended its link and its two check-ins; again: nothing.

    A window that is over already stays off until somebody chooses another day.
    """
    if live.ended_at is None or live.rehearsal or session.get(FollowUp, live.id) is not None:
        return
    session.add(FollowUp(live_id=live.id, token=anonymity.new_id(), code=_new_code()))
    on = usual(guide_of(live))
    for number, days in AFTER.items():
        first = ended_on(live) + timedelta(days=days)
        last = first + timedelta(days=OPEN_DAYS - 1)
        state = "planned" if on and last >= today else "off"
        session.add(
            CheckIn(
                id=anonymity.new_id(), parent_id=live.id, number=number, state=state, first_day=first, last_day=last
            )
        )
    session.flush()
    notify(session, live.id)  # the phones' last screen names the day


def ended_on(live: LiveSession) -> date:
    """Return the day on which a session ended."""
    assert live.ended_at is not None
    moment = live.ended_at
    return local_day(moment) if moment.tzinfo else moment.date()


def _new_code() -> str:
    return "".join(secrets.choice(anonymity.CODE_ALPHABET) for _letter in range(CODE_LENGTH))


def of(session: Session, live_id: str) -> list[CheckIn]:
    """Return a session's check-ins, first one first; none before they are planned."""
    return list(session.scalars(select(CheckIn).where(CheckIn.parent_id == live_id).order_by(CheckIn.number)))


def change(session: Session, live: LiveSession, number: int, first_day: date | None, today: date) -> None:
    """Move a check-in to another day, or switch it off with None; raises WorkshopError with what is possible.

    One that is open or over stays as it is: people were told its days.
    """
    both = {one.number: one for one in of(session, live.id)}
    check_in = both.get(number)
    if check_in is None:
        raise NotFound(_("There is no such check-in."))
    if check_in.state in ("open", "closed"):
        raise WorkshopError(_("This check-in has begun. Its days stay as people were told."), status=409)
    if first_day is None:
        check_in.state = "off"
        return
    if first_day < today:
        raise WorkshopError(_("That day has passed. Choose today or a later day."), status=422)
    if first_day > ended_on(live) + timedelta(days=LATEST):
        raise WorkshopError(_("Choose a day within a year of the session."), status=422)
    last_day = first_day + timedelta(days=OPEN_DAYS - 1)
    for other in both.values():
        if other.number == number or other.state == "off":
            continue
        wrong = other.last_day >= first_day if other.number < number else other.first_day <= last_day
        if wrong:
            raise WorkshopError(
                _("The two check-ins need a week each, one after the other. Choose another day."), status=422
            )
    check_in.state, check_in.first_day, check_in.last_day = "planned", first_day, last_day


# -- the door


@dataclass(frozen=True)
class Door:
    """What stands behind the link on some day. One of `open` and `opens_on` is set, or none: nothing more comes."""

    parent: LiveSession
    open: CheckIn | None
    opens_on: date | None
    closed: tuple[CheckIn, ...]


def door(session: Session, token: str) -> Door:
    """Return what stands behind the link; raises NotFound for a link of nobody's."""
    found = session.scalar(select(FollowUp).where(FollowUp.token == token))
    if found is None:
        raise NotFound(_("This link does not open a check-in. Look at the invitation again."), code="no_check_in")
    parent = session.get_one(LiveSession, found.live_id)
    all_ = of(session, parent.id)
    opened = next((one for one in all_ if one.state == "open"), None)
    days = [one.first_day for one in all_ if one.state == "planned"]
    closed = tuple(one for one in all_ if one.state == "closed")
    return Door(parent, opened, min(days) if days and opened is None else None, closed)


def link_of(session: Session, join_token: str) -> str | None:
    """Return the link of a session by the one its phones once joined by, while a check-in is open or still to come."""
    return session.scalar(
        select(FollowUp.token)
        .join(LiveSession, LiveSession.id == FollowUp.live_id)
        .join(CheckIn, CheckIn.parent_id == FollowUp.live_id)
        .where(LiveSession.join_token == join_token, CheckIn.state.in_(("open", "planned")))
        .limit(1)
    )


def find_by_code(session: Session, code: str) -> str:
    """Return the link behind a return code while a check-in is open; one message for everything else."""
    wanted = "".join(code.split()).replace("-", "").upper()
    found = session.scalar(
        select(FollowUp.token)
        .join(CheckIn, CheckIn.parent_id == FollowUp.live_id)
        .where(FollowUp.code == wanted, CheckIn.state == "open")
    )
    if found is None:
        raise NotFound(_("This code does not open a session. Check it with the person who leads."), code="no_session")
    return found


def runs_of(session: Session, live_id: str, language: str = "") -> list[tuple[Activity, ActivityRun]]:
    """Return a check-in's questions with their runs, in the order in which they are asked, for a reader's language."""
    live = session.get_one(LiveSession, live_id)
    runs = {run.activity_id: run for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live_id))}
    return [(item, runs[item.id]) for item in read_guide(live, language).activities if item.id in runs]


# -- what happens by itself


def tick(house: House) -> None:
    """Plan, open and close what is due; what was missed while no server ran is caught up."""
    today = local_day(house.clock())
    with house.database.transaction() as session:
        mine = select(CheckIn.live_id).where(CheckIn.live_id.is_not(None))
        unplanned = list(
            session.scalars(
                select(LiveSession.id).where(
                    LiveSession.ended_at.is_not(None),
                    LiveSession.rehearsal.is_(False),
                    LiveSession.id.not_in(mine),
                    LiveSession.id.not_in(select(FollowUp.live_id)),
                )
            )
        )
    for live_id in unplanned:
        with _alone("planned"), house.database.transaction() as session:
            plan(session, session.get_one(LiveSession, live_id), today)
    with house.database.transaction() as session:
        check_ins = list(
            session.scalars(select(CheckIn).where(CheckIn.state.in_(("open", "planned"))).order_by(CheckIn.number))
        )  # in their order: the first has to close before the second can open
        closing = set(
            session.scalars(
                mine.join(ActivityRun, ActivityRun.live_id == CheckIn.live_id).where(
                    CheckIn.state == "open", ActivityRun.state != "open"
                )
            )
        )
        over = list(session.scalars(mine.where(CheckIn.state == "closed")))
    for check_in in check_ins:
        if check_in.live_id and not house.keepers.may(check_in.live_id):
            continue
        if check_in.state == "open" and (check_in.last_day < today or check_in.live_id in closing):
            with _alone("closed"):
                close(house, check_in.id)
        elif check_in.state == "planned" and check_in.first_day <= today:
            with _alone("opened"):
                open_now(house, check_in.id)
    for closed_id in over:  # a server that died right after the freeze has left an empty box behind
        if closed_id and (house.boxes.folder / f"{closed_id}.sqlite").exists():
            house.boxes.discard(closed_id)


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Let one broken box or guide be its own trouble: it must not keep the others' windows shut."""
    try:
        yield
    except Exception as error:
        log.error("a check-in could not be %s yet: %s", what, type(error).__name__)


def open_now(house: House, check_in_id: str) -> bool:
    """Open a planned check-in with all its questions; return whether this call did.

    It is open for a whole week, even where the server was away on its first day.
    """
    today = local_day(house.clock())
    live_id = anonymity.new_id()
    guide = schema.parse(source(), "check-in.yaml")
    asked = {activity.id: anonymity.new_id() for activity in guide.activities}
    box = house.boxes.box(live_id)
    for run_id in asked.values():  # the gates first: nobody may be shown a question that refuses their answer
        box.admit(run_id)
    try:
        with house.database.transaction() as session:
            check_in = session.get_one(CheckIn, check_in_id)
            others = session.scalars(
                select(CheckIn.id).where(CheckIn.parent_id == check_in.parent_id, CheckIn.state == "open")
            ).first()
            done = False
            if others is None:
                parent = session.get_one(LiveSession, check_in.parent_id)
                session.add(_session_of(parent, live_id, house.clock()))
                session.flush()
                for ordinal, (activity_id, run_id) in enumerate(asked.items()):
                    session.add(
                        ActivityRun(
                            id=run_id, live_id=live_id, activity_id=activity_id, ordinal=ordinal, state="open", batch=0
                        )
                    )
                session.flush()
                last = max(check_in.last_day, today + timedelta(days=OPEN_DAYS - 1))
                done = (
                    hits(
                        session.execute(
                            update(CheckIn)
                            .where(CheckIn.id == check_in_id, CheckIn.state == "planned")
                            .values(state="open", live_id=live_id, last_day=last)
                            .execution_options(synchronize_session=False)
                        )
                    )
                    == 1
                )
                if done:
                    check_in_letters.remind(session, house, parent, check_in.number, last)
                else:
                    session.rollback()
    except BaseException:
        house.boxes.discard(live_id)
        raise
    if not done:
        house.boxes.discard(live_id)
    return done


def _session_of(parent: LiveSession, live_id: str, now: datetime) -> LiveSession:
    """Return the live session of a check-in: floors, term and people as its parent's, and no way in but the link."""
    return LiveSession(
        id=live_id,
        code=None,
        join_token=anonymity.new_id(),
        stage_token=None,
        rehearsal=False,
        guide_id=None,
        guide_source=source(),
        title=parent.title,
        team=parent.team,
        language=parent.language,
        expected=parent.expected,
        room_floor=parent.room_floor,
        words_floor=parent.words_floor,
        leader=parent.leader,
        leader_is_manager=parent.leader_is_manager,
        moderation=False,
        facilitator_words=False,
        freeze_after_minutes=0,
        keep_days=parent.keep_days,
        created_by=None,
        created_on=now.date(),
        phase="running",
        version=1,
        joined=0,
        door_open=False,
        blank=False,
        timer_closes=False,
        started_at=now,
    )


def take_seat(house: House, live_id: str, seat: str | None) -> str:
    """Give a phone a seat in an open check-in and return its cookie value; a valid one is returned as it is."""
    if anonymity.read_seat(house.seat_key, live_id, seat) is not None:
        return str(seat)
    with house.database.transaction() as session:
        changed = session.execute(
            update(LiveSession)
            .where(
                LiveSession.id == live_id,
                LiveSession.phase == "running",
                LiveSession.joined < house.settings.max_phones,
            )
            .values(joined=LiveSession.joined + 1)
        )
        if hits(changed) != 1:
            raise WorkshopError(_("This check-in takes nobody more. Ask the person who led."), code="full", status=503)
    return anonymity.seat_value(house.seat_key, live_id, anonymity.new_secret())


def close(house: House, check_in_id: str) -> bool:
    """Close an open check-in for good: seal every question, freeze the set, empty the box.

    Every step may be taken twice: what was cut off goes on at the next tick.
    False: a box could not be emptied yet.
    """
    with house.database.transaction() as session:
        check_in = session.get_one(CheckIn, check_in_id)
        live_id = check_in.live_id
        if check_in.state != "open" or live_id is None:
            return check_in.state == "closed"
        session.execute(
            update(ActivityRun)
            .where(ActivityRun.live_id == live_id, ActivityRun.state == "open")
            .values(state="closing")
            .execution_options(synchronize_session=False)
        )
        unreleased = list(
            session.scalars(
                select(ActivityRun.id).where(ActivityRun.live_id == live_id, ActivityRun.state != "released")
            )
        )
    for run_id in anonymity.shuffled(unreleased):
        if not seals.seal(house, live_id, run_id):
            return False
    with house.database.transaction() as session:
        _freeze(session, check_in_id, house.clock())
    house.boxes.discard(live_id)
    return True


# -- the frozen set


def _freeze(session: Session, check_in_id: str, now: datetime) -> None:
    """Write the set once, with the end of the check-in; a second call changes nothing."""
    check_in = session.get_one(CheckIn, check_in_id)
    assert check_in.live_id is not None
    changed = session.execute(
        update(CheckIn).where(CheckIn.id == check_in_id, CheckIn.state == "open").values(state="closed")
    )
    if hits(changed) != 1:
        return
    live = session.get_one(LiveSession, check_in.live_id)
    live.phase, live.ended_at, live.version = "ended", now, live.version + 1
    parent = session.get_one(LiveSession, check_in.parent_id)
    identifier = anonymity.new_id()
    data = {EDITION: check_in_sets.build(session, parent, check_in, identifier, local_day(now))}
    try:
        with session.begin_nested():
            session.add(Freeze(id=identifier, live_id=live.id, frozen_at=now, editions=data))
    except IntegrityError:
        return
    notify(session, live.id)


def frozen(session: Session, check_in: CheckIn) -> dict[str, Any] | None:
    """Return the frozen set of a check-in that is over; None before, and after its term."""
    if check_in.live_id is None:
        return None
    freeze = session.scalar(select(Freeze).where(Freeze.live_id == check_in.live_id))
    found: dict[str, Any] | None = freeze.editions.get(EDITION) if freeze else None
    return found
