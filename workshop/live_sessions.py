"""One live session from the lobby to its end: the only writer of live state.

Lives here: the moves of a facilitator. Every move is a compare-and-set on the
session's version (`live_state.py`): of two people who press at once one wins,
and the other sees the new state. Everything that the rest of the house does
with a live session can be called from here; making one (`new_sessions.py`),
joining it (`doors.py`), its clock (`timers.py`) and what phones say beside
their answers (`asides.py`) are rooms of their own. Not here: what closing does
to the answers (`seals.py`), what an audience sees (`screens/`), what an answer
is (`answers.py`), who may press (the caller passes the role).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import (
    anonymity,
    asides,
    asked_twice,
    breakout_moves,
    moderation,
    parking,
    questions,
    rehearsals,
    run_of_show,
    seals,
    sources,
    tickets,
    timers,
)
from .activities import KINDS
from .asides import may_be_done as may_be_done
from .asides import signal as signal
from .doors import find_by_code as find_by_code
from .doors import find_by_join_token as find_by_join_token
from .doors import join as join
from .errors import Forbidden, Stale, WorkshopError
from .house import House
from .live_state import NO_TIMER, change, require_no_break, require_running
from .live_state import get as get
from .live_state import guide_of as guide_of
from .live_state import language_of as language_of
from .live_state import run_of as run_of
from .models import ActivityRun, LiveSession
from .new_sessions import LARGEST_GROUP as LARGEST_GROUP
from .new_sessions import NewSession as NewSession
from .new_sessions import create as create
from .new_sessions import rehearse as rehearse
from .new_sessions import restart_with_floors as restart_with_floors
from .timers import break_left as break_left
from .timers import rested as rested
from .timers import timer_left as timer_left
from .words import _


def move(house: House, role: str, live_id: str, command: str, argument: str, version: int) -> int:
    """Carry out one move of a facilitator and return the new version.

    `role` is the presser's role in this session, `version` the one their screen
    showed; a move in the parking lot holds whatever it was. Raises `Forbidden` for
    any role but "run", `Stale` when somebody was faster, `WorkshopError` for a move that does not fit the present state.
    """
    if role != "run":
        raise Forbidden(_("You watch this session. Only those who run it can do that."))
    handler = _MOVES.get(command)
    if handler is None:
        raise WorkshopError(_("There is no such move."), code="unknown_move")
    admits = command == "open" or (command == "start" and _has_a_lot(house, live_id))
    if command == "open":
        _check_version(house, live_id, version)
    if admits:
        # The gate first: a phone must never be told of a question that refuses its answer.
        argument = anonymity.new_id()
        house.boxes.box(live_id).admit(argument)
    try:
        if command == "end":
            version = parking.close_all(house, live_id, version)
        if command == "close":
            return _close_by_hand(house, live_id, version)
        with house.database.transaction() as session:
            live = get(session, live_id)
            if live.version != version and command not in parking.MOVES:  # two entries are marked in one second
                raise Stale(_("Somebody else moved on. Here is the present state."))
            version = live.version
            change(session, live, handler(house, session, live, argument))
    except (IntegrityError, WorkshopError) as error:
        if admits:
            house.boxes.box(live_id).forget(argument)
        if isinstance(error, WorkshopError) and not _has_moved(house, live_id, version):
            raise
        # Whoever was faster may have done so between two looks: the loser is shown the new state, not told off.
        raise Stale(_("Somebody else moved on. Here is the present state.")) from error
    if command == "end":
        house.boxes.discard(live_id)
        with house.database.transaction() as session:
            if get(session, live_id).rehearsal:
                rehearsals.forget(session, live_id)
        house.signals.forget(live_id)
        house.done.forget(live_id)
        house.desks.forget(live_id)
    return version + 1


def _has_a_lot(house: House, live_id: str) -> bool:
    with house.database.transaction() as session:
        return parking.in_guide(guide_of(get(session, live_id))) is not None


def _has_moved(house: House, live_id: str, version: int) -> bool:
    with house.database.transaction() as session:
        return get(session, live_id).version != version


def _check_version(house: House, live_id: str, version: int) -> None:
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.version != version:
            raise Stale(_("Somebody else moved on. Here is the present state."))
        require_running(live)


def _require_nothing_open(session: Session, live: LiveSession) -> None:
    moderation.require_read(session, live)
    if parking.busy(session, live):
        raise WorkshopError(_("A question is still open. Close it first, then move on."), status=409)


def _go(house: House, session: Session, live: LiveSession, activity_id: str) -> dict[str, Any]:
    require_no_break(live)
    _require_nothing_open(session, live)
    guide = guide_of(live)
    values: dict[str, Any] = {"at": activity_id, "blank": False, **NO_TIMER}
    if live.at is None or guide.step_of(live.at).id != guide.step_of(activity_id).id:
        values["step_started_at"] = house.clock()
    return values


def _start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase != "lobby":
        raise WorkshopError(_("The session has started already."), status=409)
    first = guide_of(live).activities[0].id
    now = house.clock()
    parking.begin(session, live, argument)
    return {"phase": "running", "at": first, "started_at": now, "step_started_at": now}


def _open(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    require_no_break(live)
    activity = guide_of(live).activity(live.at or "")
    if not KINDS[activity.kind].asks:
        raise WorkshopError(_("There is nothing to open here. Go to the next one."), status=409)
    if run_of(session, live, live.at) is not None:
        raise WorkshopError(_("This question was asked already and stays closed."), status=409)
    ordinal = session.scalar(select(func.count()).select_from(ActivityRun).where(ActivityRun.live_id == live.id))
    run = ActivityRun(
        id=argument, live_id=live.id, activity_id=activity.id, ordinal=int(ordinal or 0), state="open", batch=0
    )
    session.add(run)
    session.flush()
    values = {
        "blank": False,
        **breakout_moves.opened(house, session, live, activity),
        **sources.take(session, live, activity),
    }
    return {**values, **asked_twice.opened(session, live, activity, values)}


def _beside(live: LiveSession, step: int) -> str:
    ids = [activity.id for activity in guide_of(live).activities]
    index = ids.index(live.at or ids[0]) + step
    if index < 0:
        raise WorkshopError(_("This is the first one."), status=409)
    if index >= len(ids):
        raise WorkshopError(_("This is the last one. You can end the session."), status=409)
    return ids[index]


def _next(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    return _go(house, session, live, _beside(live, +1))


def _back(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    return _go(house, session, live, _beside(live, -1))


def _jump(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    if argument not in {activity.id for activity in guide_of(live).activities}:
        raise WorkshopError(_("There is no such place in this guide."))
    return _go(house, session, live, argument)


def _end(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase not in ("lobby", "running"):
        raise WorkshopError(_("The session has ended already."), status=409)
    _require_nothing_open(session, live)
    return {
        "phase": "ended",
        "ended_at": house.clock(),
        "door_open": False,
        "code": None,
        "blank": False,
        "eyes_up": False,
        **timers.no_break(house, live),
        **NO_TIMER,
    }


def _door(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase not in ("lobby", "running"):
        raise WorkshopError(_("The session has ended."), status=409)
    if argument == "open":
        return {"door_open": True, "code": live.code or anonymity.new_code()}
    return {"door_open": False, "code": None}


def _stage_link(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"stage_token": None if argument == "revoke" else anonymity.new_id()}


def _blank(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"blank": argument == "on"}


def _eyes_up(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    return {"eyes_up": argument == "on"}


def _never(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    raise AssertionError("close conducts two databases and has a path of its own")


_MOVES = {
    "start": _start,
    "open": _open,
    "close": _never,
    "next": _next,
    "back": _back,
    "jump": _jump,
    "end": _end,
    "door": _door,
    "stage_link": _stage_link,
    "blank": _blank,
    "eyes_up": _eyes_up,
    **timers.MOVES,
    **asides.MOVES,
    **questions.MOVES,
    **parking.MOVES,
    **breakout_moves.MOVES,
    **tickets.MOVES,
    **run_of_show.MOVES,
    **moderation.MOVES,
}


# -- closing


def _close_by_hand(house: House, live_id: str, version: int) -> int:
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.version != version:
            raise Stale(_("Somebody else moved on. Here is the present state."))
        require_no_break(live)
        run = run_of(session, live, live.at)
        if run is None or run.state != "open":
            raise WorkshopError(_("No question is open here."), status=409)
        seals.begin_closing(session, live, run)
        run_id = run.id
    seals.seal(house, live_id, run_id)
    with house.database.transaction() as session:
        return get(session, live_id).version
