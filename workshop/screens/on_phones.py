"""What every phone of a live session sees now; nothing in it differs between phones.

Lives here: the phone's screen from the lobby to the end. Not here: the activity
on it (`one_activity.py`), and what one phone alone knows (`answers.mine`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import live_state, moderation, parking, who_sees
from ..house import House
from ..models import CheckIn, FollowUp, LiveSession
from . import one_activity
from .one_activity import ActivityScreen, BreakScreen, TimerScreen, local_clock, pause, timer


@dataclass(frozen=True)
class PhoneScreen:
    """What every phone of a live session sees; nothing in it differs between phones.

    `key` names the place: a phone replaces its field only when it changes, so
    nothing typed is ever lost to a push.
    """

    live_id: str
    key: str
    phase: str  # lobby | running | ended | moved
    title: str
    language: str
    rehearsal: bool
    step_title: str = ""
    instruction: str = ""
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None
    eyes_up: bool = False  # the phone rests over what is typed on it
    pause: BreakScreen | None = None
    promise: tuple[str, ...] = ()  # who sees what and when, one sentence each
    unprotected: tuple[str, ...] = ()  # what is not protected
    moved_url: str = ""
    freeze_at: str = ""  # ended: when the report is fixed, as a local time
    asks: bool = True  # False: the guide has private pages alone, so there are no results and no report
    again_url: str = ""  # ended: where the check-ins are asked, weeks later
    again_on: date | None = None  # the first day of the next one
    notes: bool = False  # the guide has pages that each phone keeps for itself
    lot: ActivityScreen | None = None  # the parking lot, as long as the session has one to come
    lot_open: bool = False  # it takes thoughts now, beside whatever else is on


def phone(session: Session, live: LiveSession, house: House, language: str = "") -> PhoneScreen:
    """Return what every phone of this session that reads `language` shows now; empty: the session's own."""
    guide = live_state.read_guide(live, language)
    common: dict[str, Any] = {
        "live_id": live.id,
        "phase": live.phase,
        "title": live.title,
        "language": language or live.language,
        "rehearsal": live.rehearsal,
        "promise": who_sees.promise(live),
        "unprotected": who_sees.unprotected(live.tickets),
        "asks": guide.asks,
        "notes": bool(guide.pages),
    }
    if live.phase == "moved":
        moved = session.get(LiveSession, live.moved_to) if live.moved_to else None
        if moved is not None:  # the sentences that hold from now on, not those that were left
            common["promise"] = who_sees.promise(moved)
        return PhoneScreen(key=f"{live.id}:moved", moved_url=f"/j/{moved.join_token}" if moved else "", **common)
    if live.phase != "running" or live.at is None:
        lot = parking.in_guide(guide) if live.phase == "lobby" else None
        common["lot"] = one_activity.activity(session, live, lot, None) if lot else None
        freeze_at, again = "", None
        if live.ended_at is not None and not live.rehearsal:
            moment = live.ended_at + timedelta(minutes=live.freeze_after_minutes)
            freeze_at = local_clock(moment)
            again = _again(session, live.id)
        link, day = again or ("", None)
        return PhoneScreen(key=f"{live.id}:{live.phase}", freeze_at=freeze_at, again_url=link, again_on=day, **common)
    step = guide.step_of(live.at)
    run = live_state.run_of(session, live, live.at)
    shown = one_activity.activity(session, live, guide.activity(live.at), run)
    beside = next(iter(parking.open_runs(session, live)), None)
    lot = guide.activity(beside.activity_id) if beside else parking.in_guide(guide)
    return PhoneScreen(
        lot=one_activity.activity(session, live, lot, beside) if lot else None,
        lot_open=beside is not None and beside.activity_id != live.at,
        key=f"{live.id}:{shown.id}:{shown.phase}:{moderation.turn(session, run)}",
        step_title=step.title,
        instruction=step.instruction,
        activity=shown,
        timer=timer(live, house.clock()),
        eyes_up=live.eyes_up,
        pause=pause(live, house.clock()),
        **common,
    )


def _again(session: Session, live_id: str) -> tuple[str, date] | None:
    """Return the link and the first day of the next check-in of a session; None where there is none."""
    found = session.execute(
        select(FollowUp.token, CheckIn.first_day)
        .join(CheckIn, CheckIn.parent_id == FollowUp.live_id)
        .where(FollowUp.live_id == live_id, CheckIn.state.in_(("open", "planned")))
        .order_by(CheckIn.number)
        .limit(1)
    ).first()
    return (f"/f/{found.token}", found.first_day) if found else None
