"""What the projector shows now; nothing private is on it.

Lives here: the stage's screen, and how many have answered. Not here: the
activity on it (`one_activity.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from .. import live_state
from ..house import House
from ..models import ActivityRun, LiveSession
from . import one_activity
from .one_activity import ActivityScreen, BreakScreen, TimerScreen, pause, timer


@dataclass(frozen=True)
class StageScreen:
    """What the projector shows; nothing private is on it."""

    live_id: str
    key: str
    phase: str
    title: str
    team: str
    language: str
    rehearsal: bool
    blank: bool = False
    code: str = ""
    join_url: str = ""  # what the QR holds
    join_host: str = ""  # what a person types
    tickets: bool = False  # each phone needs a slip
    door_open: bool = True
    joined: int = 0
    answered: int = 0
    step_title: str = ""
    step_number: int = 0
    step_count: int = 0
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None
    pause: BreakScreen | None = None


def stage(session: Session, live: LiveSession, house: House, language: str = "") -> StageScreen:
    """Return what the projector shows now; `language`: another one of the guide's, for a second stage."""
    guide = live_state.guide_of(live, language)
    joinable = live.door_open and live.code is not None and live.phase in ("lobby", "running")
    base = house.settings.public_url
    common: dict[str, Any] = {
        "live_id": live.id,
        "phase": live.phase,
        "title": live.title,
        "team": live.team,
        "language": language or live.language,
        "rehearsal": live.rehearsal,
        "blank": live.blank,
        "code": live.code if joinable else "",
        "join_url": f"{base}/j/{live.join_token}" if joinable else "",
        "join_host": base.split("://", 1)[1],
        "door_open": joinable,
        "tickets": live.tickets,
        "joined": live.joined,
        "step_count": len(guide.steps),
    }
    if live.phase != "running" or live.at is None:
        return StageScreen(key=f"{live.id}:{live.phase}", **common)
    step = guide.step_of(live.at)
    run = live_state.run_of(session, live, live.at)
    shown = one_activity.activity(session, live, guide.activity(live.at), run)
    return StageScreen(
        key=f"{live.id}:{shown.id}:{shown.phase}",
        answered=answered(house, live, run),
        step_title=step.title,
        step_number=[one.id for one in guide.steps].index(step.id) + 1,
        activity=shown,
        timer=timer(live, house.clock()),
        pause=pause(live, house.clock()),
        **common,
    )


def answered(house: House, live: LiveSession, run: ActivityRun | None) -> int:
    """Return how many phones have answered the open run; passing counts (promises 1, 12)."""
    return house.boxes.box(live.id).answered(run.id) if run is not None and run.state == "open" else 0
