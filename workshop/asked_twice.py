"""A question whose numbers the room has seen, asked once more without being called so.

Lives here: finding it by its words, and what opening it makes of it. Not here:
asking the present question again on purpose (`run_of_show.py`), what a second
round shows (`rounds.py`).

Two exact pictures of the same question never stand side by side (promise 10):
their difference is what whoever came or left in between has said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from . import quoting, session_guide, sources
from .activities import KINDS
from .errors import WorkshopError
from .guides import schema
from .guides.schema import Activity, Guide
from .live_state import guide_of, run_of
from .models import ActivityRun, LiveSession
from .words import _


def opened(session: Session, live: LiveSession, activity: Activity, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else to write as a question opens: where the room has seen its numbers before, it is another round.

    A guide can hold a question twice, so can its plan: typed in twice before
    either was asked, a method put in twice, two rounds after one that too few
    answered. The difference of two exact pictures is what whoever came or left
    in between has said. `values`: what opening writes already. Raises
    `WorkshopError` where it cannot be compared in words.
    """
    guide = schema.parse(values["guide_source"], "guide") if "guide_source" in values else guide_of(live)
    item = guide.activity(activity.id)
    first = shown_before(session, live, guide, item)
    if first is None:
        return {}
    source = _another_round(live, guide, item, first)
    if source is None:
        raise WorkshopError(not_in_numbers_again(), status=409)
    return {"guide_source": source}


@dataclass(frozen=True)
class Twice:
    """What opening the present question would do, the room having seen its numbers before; `note` tells the facilitator."""

    opens: bool
    note: str


def twice(session: Session, live: LiveSession) -> Twice | None:
    """Return what `opened` would make of the present question, before anybody presses; None: it opens as it is.

    A question whose options come from another one's answers is not known before it opens.
    """
    guide = guide_of(live)
    item = guide.activity(live.at or "")
    first = shown_before(session, live, guide, item)
    if first is None:
        return None
    if _another_round(live, guide, item, first) is None:
        return Twice(False, not_in_numbers_again())
    return Twice(
        True, _("The room has seen this in numbers. This time it sees words beside the first time, no numbers.")
    )


def not_in_numbers_again() -> str:
    """Return why a question is not asked again."""
    return _("This one was shown in numbers. Shown twice, the difference could point at somebody. Ask something else.")


def _another_round(live: LiveSession, guide: Guide, item: Activity, first: Activity) -> str | None:
    """Return the session's guide with `item` as a round beside `first`; None where words cannot compare them."""
    if not KINDS[item.kind].compares or _labels(first) != _labels(item):
        return None
    data = session_guide.plain(guide)
    session_guide.entry(data, item.id)[2]["again"] = first.id
    try:
        return session_guide.written(live, data)
    except WorkshopError:
        return None  # other ends, or the first stands after it in the plan


def shown_before(session: Session, live: LiveSession, guide: Guide, item: Activity) -> Activity | None:
    """Return an earlier asking of the same question that showed its numbers; of words, and of a named round, none."""
    kind = KINDS[item.kind]
    if kind.texts or kind.own_words or not kind.asks or item.again:
        return None
    for one in guide.activities:
        if one.id == item.id or one.kind != item.kind or one.again or not _same_words(one, item):
            continue
        run = run_of(session, live, one.id)
        if run is not None and run.release and not showed_nothing(run):
            return one
    return None


def showed_nothing(run: ActivityRun) -> bool:
    """Return whether too few answered for anything to be shown."""
    return bool((run.release or {}).get("too_few"))


def _same_words(one: Activity, other: Activity) -> bool:
    """Say whether two questions of a kind ask for the same; signs and case do not matter, nor some other options."""
    if _words(one.prompt) != _words(other.prompt):
        return False
    mine, theirs = set(_labels(one)), set(_labels(other))
    return not (mine or theirs) or bool(mine & theirs)


def _labels(item: Activity) -> list[tuple[str, ...]]:
    """Return the words of what people choose between, in order; empty for kinds without."""
    part = sources.part_of(item.kind)
    return [_words(one.label) for one in getattr(item.config, part)] if part else []


def _words(text: str) -> tuple[str, ...]:
    return tuple(quoting.spoken(text)) or (text,)
