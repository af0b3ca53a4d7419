"""The present state of one live session: finding it, and changing it by compare-and-set.

Lives here: what every writer of live state needs. Not here: when it changes
(`live_sessions.py` by a facilitator's move, `seals.py` when a question closes).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Result, bindparam, select, update
from sqlalchemy.orm import Session

from .db import notify
from .errors import NotFound, Stale, WorkshopError
from .guides import schema
from .models import ActivityRun, LiveSession
from .words import _, spoken

NO_TIMER: dict[str, Any] = {"timer_ends_at": None, "timer_left": None, "timer_total": None, "timer_closes": False}


@lru_cache(maxsize=128)
def _parsed(source: str, language: str) -> schema.Guide:
    return schema.parse(source, "guide").localized(language)


def guide_of(live: LiveSession, language: str = "") -> schema.Guide:
    """Return the session's own frozen copy of its guide, in the session's language or in another that it has."""
    return _parsed(live.guide_source, language or live.language)


def language_of(live: LiveSession, wanted: object) -> str:
    """Return `wanted` if the session's guide speaks it and it is not the session's own; else nothing.

    Nothing stands for the session's own language wherever a language is chosen
    (a second stage, a phone), so that each has one name and no made-up one
    makes work.
    """
    if not isinstance(wanted, str) or not 0 < len(wanted) <= 16:
        return ""
    known = guide_of(live).languages
    found = next((name for name in (wanted, wanted.split("-")[0]) if name in known), "")
    return "" if found in ("", guide_of(live).language) else found


def readable(live: LiveSession) -> tuple[str, ...]:
    """Return the languages in which somebody can follow a session: ours, and those of its guide."""
    return tuple(dict.fromkeys((*spoken(), *guide_of(live).languages)))


def reading_language(live: LiveSession, wanted: object) -> str:
    """Return `wanted` if it can be read and is not the session's own; else nothing, which stands for that one.

    The words around a guide's texts then speak it, and the guide's texts too
    where it has them (`read_guide`).
    """
    return wanted if isinstance(wanted, str) and wanted in readable(live) and wanted != live.language else ""


def read_guide(live: LiveSession, language: str) -> schema.Guide:
    """Return the guide's texts for a reader: in their language, else in the session's own."""
    return guide_of(live, language_of(live, language))


def get(session: Session, live_id: str) -> LiveSession:
    """Return a live session or raise `NotFound`."""
    live = session.get(LiveSession, live_id)
    if live is None:
        raise NotFound(_("There is no such session. Check the link."))
    return live


_RUN_OF = select(ActivityRun).where(
    ActivityRun.live_id == bindparam("live_id"), ActivityRun.activity_id == bindparam("activity_id")
)
"""Made once: one screen asks it seven times, and making it costs more than asking."""


def run_of(session: Session, live: LiveSession, activity_id: str | None) -> ActivityRun | None:
    """Return the run of an activity in this session, None while it has not been asked."""
    if activity_id is None:
        return None
    return session.scalar(_RUN_OF, {"live_id": live.id, "activity_id": activity_id})


def change(session: Session, live: LiveSession, values: dict[str, Any]) -> None:
    """Write `values` and the next version if the version is still the one that was read; else raise `Stale`."""
    changed = session.execute(
        update(LiveSession)
        .where(LiveSession.id == live.id, LiveSession.version == live.version)
        .values(version=live.version + 1, **values)
        .execution_options(synchronize_session=False)
    )
    if hits(changed) != 1:
        raise Stale(_("Somebody else moved on. Here is the present state."))
    notify(session, live.id)


def require_running(live: LiveSession) -> None:
    """Raise unless the session has begun and not ended."""
    if live.phase != "running":
        raise WorkshopError(_("The session is not running."), status=409)


def require_no_break(live: LiveSession) -> None:
    """Raise while the room is on a break."""
    if live.break_until is not None:
        raise WorkshopError(_("The room is on a break. Press Go on first."), status=409)


def hits(result: Result[Any]) -> int:
    """Return how many rows a compare-and-set changed."""
    return int(result.rowcount)  # type: ignore[attr-defined]  # only a SELECT's result lacks it
