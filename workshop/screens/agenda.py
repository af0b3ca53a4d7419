"""The plan beside the clock: the console's agenda, how late the room is, and how to catch up.

Not here: the screen it stands on (`on_console.py`), moving on (`live_sessions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import run_of_show, timers
from ..activities import KINDS
from ..guides.schema import Activity, Guide, Step
from ..models import ActivityRun, LiveSession
from ..words import _
from .one_activity import local_clock, phase_of


@dataclass(frozen=True)
class AgendaStop:
    """One activity in the console's agenda. `state`: "to come", "open", "done", "too few"."""

    id: str
    kind: str
    label: str
    prompt: str
    state: str
    here: bool
    added: bool = False  # put in while the session ran


@dataclass(frozen=True)
class AgendaStep:
    """One step in the console's agenda; `starts` is the planned clock time as HH:MM."""

    id: str
    title: str
    minutes: int
    starts: str
    here: bool
    stops: tuple[AgendaStop, ...]


LATE = 5  # minutes behind the plan that a step takes up by itself


def agenda(session: Session, live: LiveSession, guide: Guide, now: datetime) -> tuple[AgendaStep, ...]:
    runs = {run.activity_id: run for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live.id))}
    starts = live.started_at or now
    here = guide.step_of(live.at).id if live.at else None
    ids = [item.id for item in guide.activities]
    passed = set(ids if live.phase == "ended" else ids[: ids.index(live.at)] if live.at else ())
    steps = []
    for step in guide.steps:
        stops = tuple(
            AgendaStop(
                id=item.id,
                kind=item.kind,
                label=_(KINDS[item.kind].label),
                prompt=item.prompt,
                state=_STOP_STATES[phase_of(runs.get(item.id), KINDS[item.kind].asks)]
                if KINDS[item.kind].asks
                else "done"
                if item.id in passed
                else "to come",
                here=item.id == live.at,
                added=run_of_show.is_added(item.id),
            )
            for item in step.activities
        )
        steps.append(AgendaStep(step.id, step.title, step.minutes, local_clock(starts), step.id == here, stops))
        starts += timedelta(minutes=step.minutes)
        if step.id == here:  # what comes after a break begins later by it
            starts += timedelta(seconds=_rest(live, now))
    return tuple(steps)


_STOP_STATES = {
    "waiting": "to come",
    "open": "open",
    "closing": "open",
    "reading": "being read",
    "released": "done",
    "too_few": "too few",
}


def behind(live: LiveSession, guide: Guide, now: datetime) -> int | None:
    """Return the minutes behind the plan (negative: ahead), None while not running.

    Inside a step nobody is late before its planned end has passed, nor early
    before its planned start. A break is a break and makes nobody late.
    """
    if live.phase != "running" or live.started_at is None or live.at is None:
        return None
    started = live.started_at if live.started_at.tzinfo else live.started_at.replace(tzinfo=UTC)
    gone = ((now - started).total_seconds() - timers.rested(live, now)) / 60
    before = 0
    here = guide.step_of(live.at).id
    for step in guide.steps:
        if step.id == here:
            late = gone - (before + step.minutes)
            early = gone - before
            return round(late) if late > 0 else round(early) if early < 0 else 0
        before += step.minutes
    return None


def _rest(live: LiveSession, now: datetime) -> float:
    """Return the seconds of all breaks as they are planned now: a running one lasts until its end or longer."""
    left = timers.break_left(live, now)
    return timers.rested(live, now) + (left or 0)


def ends(live: LiveSession, guide: Guide, now: datetime, late: int | None) -> str:
    """Return when the session ends if the rest goes as planned, HH:MM; empty while it is not running."""
    if late is None or live.started_at is None:
        return ""
    planned = timedelta(minutes=sum(step.minutes for step in guide.steps) + late, seconds=_rest(live, now))
    return local_clock(live.started_at + planned)


def shorten(live: LiveSession, guide: Guide, late: int | None) -> str:
    """Return what could be left out of the coming steps; empty up to five minutes behind the plan.

    An activity can be left out when no later one builds on it, when it is not
    for the manager, and when something else remains of its step.
    """
    if late is None or late <= LATE or live.at is None:
        return ""
    ids = [item.id for item in guide.activities]
    coming = set(ids[ids.index(live.at) + 1 :])
    needed = {source for item in guide.activities for source in item.sources}
    spare: list[tuple[int, int, Activity, Step]] = []
    for step in guide.steps:
        ahead = [item for item in step.activities if item.id in coming]
        free = [item for item in ahead if item.id not in needed and item.for_ != "manager" and KINDS[item.kind].asks]
        count = len(free) - (len(free) == len(step.activities))
        if count > 0:
            spare.append((-count, len(spare), free[-1], step))
    if not spare:
        return ""
    names = [
        _("“%(prompt)s” in %(step)s", prompt=item.prompt, step=step.title) for _n, _i, item, step in sorted(spare)[:2]
    ]
    return _("To catch up, you could skip %(what)s.", what=_(" or ").join(names))
