"""The breakouts from the console: their size, the deal, the timed parts, and what to know before the close.

Lives here: the facilitator's moves, what goes on by itself when a part's time is
up, and the sentences beside them. Not here: numbers and writers, and how the
groups stand (`breakouts.py`).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .activities import KINDS
from .activities.breakout import ALL_MINUTES, BreakoutConfig
from .anonymity import FEWEST_GROUPS
from .breakouts import SIZES, SMALLEST_ROOM, BreakoutScreen, groups_of, screen
from .errors import Stale, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import change, get, guide_of, run_of
from .models import Breakout, LiveSession
from .words import _

log = logging.getLogger(__name__)

LANDING = 15
"""Seconds between the end of a part and the next one: time to finish a sentence, and for "one more minute" on the console."""


def before(shown: BreakoutScreen) -> str:
    """Return what to know before the deal."""
    if not shown.possible:
        return _(
            "%(people)s have joined. Groups need at least six phones: two groups of three. Skip this, or wait for more.",
            people=shown.people,
        )
    if shown.people < SMALLEST_ROOM:
        return _("In a rehearsal groups can be small.")
    if shown.smallest == shown.largest:
        return _(
            "%(people)s have joined: %(groups)s groups of %(size)s.",
            people=shown.people,
            groups=shown.groups,
            size=shown.largest,
        )
    return _(
        "%(people)s have joined: %(groups)s groups of %(smallest)s or %(largest)s.",
        people=shown.people,
        groups=shown.groups,
        smallest=shown.smallest,
        largest=shown.largest,
    )


def lacking(house: House, live: LiveSession, run_id: str) -> str:
    """Return why nothing would be shown if the question closed now; empty where something would."""
    groups, people, _small = house.boxes.box(live.id).standing(run_id)
    if groups < FEWEST_GROUPS:
        return _("%(groups)s of the 2 groups needed so far. Closed now, nothing would be shown.", groups=groups)
    if people < live.room_floor:
        return _(
            "The groups that have sent are %(people)s people; %(floor)s are needed. Closed now, nothing would be shown.",
            people=people,
            floor=live.room_floor,
        )
    return ""


def small(house: House, live: LiveSession, run_id: str) -> int:
    """Return how many groups have fewer than three people, whose card would not count."""
    return house.boxes.box(live.id).standing(run_id)[2]


# -- the facilitator's moves


def _kept(session: Session, live: LiveSession) -> tuple[Breakout, BreakoutConfig]:
    item = guide_of(live).activity(live.at) if live.phase == "running" and live.at else None
    if item is None or not KINDS[item.kind].in_groups:
        raise WorkshopError(_("There are no groups here."), status=409)
    kept = session.get(Breakout, (live.id, item.id))
    if kept is None:
        kept = Breakout(live_id=live.id, activity_id=item.id, size=item.config.wanted, groups=0, part=0, gathered=False)
        session.add(kept)
    return kept, item.config


def opened(house: House, session: Session, live: LiveSession, item: Activity) -> dict[str, Any]:
    """Fix the groups at the deal and start their timer; nothing for a kind without groups.

    Raises `WorkshopError` where the room is too small for two groups of three.
    """
    if not KINDS[item.kind].in_groups:
        return {}
    kept, config = _kept(session, live)
    shown = screen(session, live, item)
    if shown is None or not shown.possible:
        raise WorkshopError(before(shown) if shown else "", status=409)
    kept.groups, kept.part = groups_of(live.joined, kept.size), 0
    session.flush()
    return _timer(house, config.parts[0][1])


def _timer(house: House, minutes: int) -> dict[str, Any]:
    ends = house.clock() + timedelta(minutes=minutes)
    return {"timer_ends_at": ends, "timer_left": None, "timer_total": 60 * minutes, "timer_closes": False}


def _size(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    kept, config = _kept(session, live)
    if run_of(session, live, live.at) is not None:
        raise WorkshopError(_("The groups are dealt and stay as they are."), status=409)
    if config.one_two_four_all or argument not in {str(size) for size in SIZES}:
        raise WorkshopError(_("Groups of this size are not possible here."))
    kept.size = int(argument)
    session.flush()
    return {}


def _part(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    kept, config = _kept(session, live)
    run = run_of(session, live, live.at)
    if run is None or run.state != "open" or live.break_until is not None:
        raise WorkshopError(_("The groups are not at work now."), status=409)
    if argument != str(kept.part + 1) or kept.part + 1 >= len(config.parts):
        raise WorkshopError(_("This part does not come next."), status=409)
    kept.part += 1
    session.flush()
    return _timer(house, config.parts[kept.part][1])


def _next_part(session: Session, live: LiveSession) -> tuple[Breakout, tuple[str, int]] | None:
    """Return how the groups at work stand and which part follows; None where none does."""
    item = guide_of(live).activity(live.at) if live.phase == "running" and live.at else None
    run = run_of(session, live, live.at)
    if item is None or not KINDS[item.kind].in_groups or run is None or run.state != "open":
        return None
    kept = session.get(Breakout, (live.id, item.id))
    parts = item.config.parts
    return (kept, parts[kept.part + 1]) if kept is not None and kept.part + 1 < len(parts) else None


def more_to_come(session: Session, live: LiveSession) -> bool:
    """Return whether the end of the timer leads to a further part rather than to the close."""
    return _next_part(session, live) is not None


def tick(house: House) -> None:
    """Lead groups whose time is up to their next part, softly: a moment after the end, and never while phones rest.

    A timer that is paused, removed or given more time keeps them where they are; the last part is closed by hand.
    """
    now = house.clock()
    with house.database.transaction() as session:
        due = session.scalars(
            select(LiveSession.id).where(
                LiveSession.timer_ends_at.is_not(None),
                LiveSession.phase == "running",
                LiveSession.eyes_up.is_(False),
                LiveSession.break_until.is_(None),
            )
        ).all()
    for live_id in due:
        try:
            _land(house, live_id, now)
        except Stale:  # somebody pressed in this very moment; the next tick looks again
            continue
        except Exception as error:  # one session's trouble is its own
            log.error("groups could not be led on: %s", type(error).__name__)


def _land(house: House, live_id: str, now: datetime) -> None:
    with house.database.transaction() as session:
        live = get(session, live_id)
        ends = live.timer_ends_at
        if ends is None or now < (ends if ends.tzinfo else ends.replace(tzinfo=UTC)) + timedelta(seconds=LANDING):
            return
        found = _next_part(session, live)
        if found is None:
            return
        kept, (_name, minutes) = found
        kept.part += 1
        session.flush()
        change(session, live, _timer(house, minutes))


def _gather(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    kept, _config = _kept(session, live)
    run = run_of(session, live, live.at)
    if run is None or run.state != "open":
        raise WorkshopError(_("The groups are not at work now."), status=409)
    kept.gathered = True
    session.flush()
    return {}


def _all(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _kept(session, live)
    return _timer(house, ALL_MINUTES)


MOVES = {
    "breakout_size": _size,
    "breakout_part": _part,
    "breakout_gather": _gather,
    "breakout_all": _all,
}
