"""The clock of a live session: timers and breaks.

Lives here: how much is left, and the moves that start, stop and stretch it.
`timer_ends_at` stands while a timer runs, `timer_left` while it is paused. Not
here: the plan beside the clock (`screens/agenda.py`), what happens when time is
up (`seals.py` closes, `breakout_moves.py` goes on).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from . import breakout_moves
from .errors import WorkshopError
from .house import House
from .live_state import NO_TIMER, require_no_break, require_running
from .models import LiveSession
from .words import _

LONGEST_TIMER = 8 * 3600
LONGEST_BREAK = 4 * 60


def timer_left(live: LiveSession, now: datetime) -> int | None:
    """Return the seconds left on the timer, 0 when it is over, None when there is none."""
    if live.timer_ends_at is not None:
        ends = live.timer_ends_at if live.timer_ends_at.tzinfo else live.timer_ends_at.replace(tzinfo=now.tzinfo)
        return max(0, round((ends - now).total_seconds()))
    return live.timer_left


def break_left(live: LiveSession, now: datetime) -> int | None:
    """Return the seconds until the room comes back, 0 when it is time, None without a break."""
    return None if live.break_until is None else max(0, round((_aware(live.break_until) - now).total_seconds()))


def rested(live: LiveSession, now: datetime) -> float:
    """Return how many seconds of this session were breaks, a running one included."""
    if live.break_started_at is None:
        return live.break_seconds
    return live.break_seconds + max(0.0, (now - _aware(live.break_started_at)).total_seconds())


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(argument: str) -> int:
    try:
        seconds = int(argument)
    except ValueError:
        raise WorkshopError(_("Enter the time in whole seconds.")) from None
    if not 1 <= seconds <= LONGEST_TIMER:
        raise WorkshopError(_("A timer runs from one second to eight hours."))
    return seconds


def _timer_start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    require_no_break(live)
    seconds = _seconds(argument)
    ends = house.clock() + timedelta(seconds=seconds)
    return {"timer_ends_at": ends, "timer_left": None, "timer_total": seconds}


def _timer_add(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    require_no_break(live)
    seconds, now = _seconds(argument), house.clock()
    left = timer_left(live, now)
    if left is None:
        return _timer_start(house, session, live, argument)
    total = min((live.timer_total or 0) + seconds, LONGEST_TIMER)
    if live.timer_ends_at is None:
        return {"timer_left": min(left + seconds, LONGEST_TIMER), "timer_total": total}
    return {"timer_ends_at": now + timedelta(seconds=min(left + seconds, LONGEST_TIMER)), "timer_total": total}


def _timer_pause(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    left = timer_left(live, house.clock())
    if left is None:
        raise WorkshopError(_("No timer is running."), status=409)
    return {"timer_ends_at": None, "timer_left": left}


def _timer_resume(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    left = timer_left(live, house.clock())
    if left is None:
        raise WorkshopError(_("There is no timer to go on with."), status=409)
    return {"timer_ends_at": house.clock() + timedelta(seconds=left), "timer_left": None}


def _timer_reset(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return dict(NO_TIMER)


def _timer_closes(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if argument == "on" and breakout_moves.more_to_come(session, live):
        raise WorkshopError(_("When the time is up the groups go on to their next part."), status=409)
    return {"timer_closes": argument == "on"}


def _break_start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Let the room rest: the question stays as it is and a running timer waits."""
    require_running(live)
    require_no_break(live)
    if not argument.isdecimal() or not 1 <= int(argument[:6]) <= LONGEST_BREAK:
        raise WorkshopError(_("A break lasts from one minute to four hours."))
    now = house.clock()
    running = live.timer_ends_at is not None and bool(timer_left(live, now))
    hold = {"timer_ends_at": None, "timer_left": timer_left(live, now)} if running else {}
    return {
        "break_started_at": now,
        "break_until": now + timedelta(minutes=int(argument)),
        "break_held_timer": running,
        "eyes_up": False,
        "blank": False,
        **hold,
    }


def _break_end(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    require_running(live)
    if live.break_until is None:
        raise WorkshopError(_("There is no break to end."), status=409)
    timer = _timer_resume(house, session, live, "") if live.break_held_timer and live.timer_left is not None else {}
    return {**no_break(house, live), **timer}


def no_break(house: House, live: LiveSession) -> dict[str, Any]:
    """Return the columns of a session that is on no break, what it rested so far kept."""
    return {
        "break_started_at": None,
        "break_until": None,
        "break_held_timer": False,
        "break_seconds": round(rested(live, house.clock())),
    }


MOVES: dict[str, Callable[..., dict[str, Any]]] = {
    "break_start": _break_start,
    "break_end": _break_end,
    "timer_start": _timer_start,
    "timer_add": _timer_add,
    "timer_pause": _timer_pause,
    "timer_resume": _timer_resume,
    "timer_reset": _timer_reset,
    "timer_closes": _timer_closes,
}
