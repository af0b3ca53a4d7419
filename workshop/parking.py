"""The parking lot of a session: open on every step, looked at before people part.

Lives here: how it gets into a session's guide, which run of it is open, the
facilitator's own entries, and what becomes of each entry. Not here: what a phone
may park (`activities/parking.py`), how it leaves the box (`seals.py`: closed
once, all entries at the same moment, in random order, at the floor).

What people park is an answer like any other, under a one-time tag of a run of
its own. It carries no step, no time and no order; nothing computed from it is
shown before the room opens the lot, not even how many phones have used it,
unless the room is there and everybody is asked. What the facilitator parks at
the console is staff text: it is seen at once, and said to be theirs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from . import anonymity, moderation, questions, seals
from .activities import KINDS
from .errors import Stale, WorkshopError
from .guides import methods, schema
from .guides.file import GuideFile
from .guides.schema import Activity, Guide
from .house import House
from .live_state import get, guide_of, hits
from .models import ActivityRun, Card, LiveSession, ParkedText
from .words import _

METHOD = "parking-lot"
LONGEST = 200
MOST = 60
"""Entries of the facilitator's: more than a group can look at before it parts."""
MARKS = ("done", "action", "kept")
"""What the room made of an entry: it is settled, it becomes an action, it is kept for another day."""


@dataclass(frozen=True)
class Entry:
    """One parked thing as everybody may see it. `by`: "room" (nobody knows who), "staff", "question" (parked in a list)."""

    id: str
    text: str
    by: str
    mark: str = ""


# -- in the guide


def in_guide(guide: Guide) -> Activity | None:
    """Return the first parking lot of a guide."""
    return next((one for one in guide.activities if KINDS[one.kind].all_along), None)


def with_lot(source: str) -> str:
    """Return a guide's source with a step for the parking lot before its last one, in all its languages.

    A guide that has one, or asks nothing, stays as it is. The last step is where
    people say goodbye, so it stays the last.
    """
    guide = schema.parse(source, "guide")
    if in_guide(guide) is not None or not guide.asks:
        return source
    data: dict[str, Any] = copy.deepcopy(guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True))
    if len(data["steps"]) >= schema.MAX_STEPS:
        raise WorkshopError(_("This guide has no room for one more step. Switch the parking lot off."))
    filled, added = methods.put_in(data, METHOD)
    steps = {step["id"]: step for step in filled["steps"]}
    explains, looks = (steps[name] for name in added)
    gone = {explains["id"], *(one["id"] for one in explains["activities"])}
    for words in filled.get("translations", {}).values():
        for name in gone:
            words.pop(name, None)
    kept = [step for step in filled["steps"] if step["id"] not in added]
    kept.insert(max(1, len(kept) - 1), looks)
    filled["steps"] = kept
    return schema.dump(replace(guide, file=GuideFile.model_validate(filled)))


# -- its run


def open_runs(session: Session, live: LiveSession) -> list[ActivityRun]:
    """Return the runs that are open all along, whatever else the room does."""
    rows = session.scalars(select(ActivityRun).where(ActivityRun.live_id == live.id, ActivityRun.state == "open"))
    return [run for run in rows if KINDS[guide_of(live).activity(run.activity_id).kind].all_along]


def busy(session: Session, live: LiveSession) -> bool:
    """Return whether a question keeps the room where it is: anything unreleased but an open parking lot."""
    beside = [run.id for run in open_runs(session, live)]
    return bool(
        session.scalar(
            select(ActivityRun.id).where(
                ActivityRun.live_id == live.id, ActivityRun.state != "released", ActivityRun.id.not_in(beside)
            )
        )
    )


def begin(session: Session, live: LiveSession, run_id: str) -> None:
    """Open the parking lot as the session starts; its gate is open already."""
    lot = in_guide(guide_of(live))
    if lot is not None:
        session.add(ActivityRun(id=run_id, live_id=live.id, activity_id=lot.id, ordinal=0, state="open", batch=0))
        session.flush()


def close_all(house: House, live_id: str, version: int) -> int:
    """Close what is still open all along, before a session ends; return the version that then holds.

    What was parked is sealed like any answer and lies among the results. Raises
    `Stale` where `version` is not the present one, and leaves all as it is while
    anything else is open.
    """
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.version != version:
            raise Stale(_("Somebody else moved on. Here is the present state."))
        if live.phase != "running" or busy(session, live):
            return version
        closing = [run.id for run in open_runs(session, live)]
        for run_id in closing:
            changed = session.execute(
                update(ActivityRun)
                .where(ActivityRun.id == run_id, ActivityRun.state == "open")
                .values(state="closing")
                .execution_options(synchronize_session=False)
            )
            if hits(changed) != 1:
                raise Stale(_("Somebody else moved on. Here is the present state."))
    further = sum(seals.seal(house, live_id, run_id) for run_id in closing)  # a release is a version further
    for run_id in closing:
        moderation.pass_over(house, run_id)
    return version + further


# -- what lies in it


def entries(session: Session, live: LiveSession, run: ActivityRun | None) -> tuple[Entry, ...]:
    """Return what may be seen of the lot: the facilitator's entries, parked questions, and the room's once it is released."""
    asked = [Entry(card, text, "question") for card, text in questions.parked_cards(session, live)]
    theirs: list[Entry] = []
    if run is not None and run.state == "released":
        theirs = [Entry(card, text, "room") for card, text in moderation.cards(session, run.id)]
    rows = session.execute(select(Card.id, Card.mark).where(Card.id.in_([one.id for one in (*asked, *theirs)])))
    marks = {row.id: row.mark for row in rows}
    found = (replace(one, mark=marks.get(one.id, "")) for one in (*asked, *theirs))
    return (*staff_entries(session, live), *found)


def staff_entries(session: Session, live: LiveSession) -> tuple[Entry, ...]:
    """Return what was parked at the console, in the order of writing."""
    rows = session.scalars(select(ParkedText).where(ParkedText.live_id == live.id).order_by(ParkedText.place))
    return tuple(Entry(row.id, row.text, "staff", row.mark) for row in rows)


def mark_words(mark: str) -> str:
    """Return what the room made of an entry, in words."""
    return {"done": _("Done"), "action": _("Becomes an action"), "kept": _("Kept for another day")}.get(mark, "")


def printed(guide: Guide, asked: Container[str], noted: Sequence[Entry], activity: Activity) -> list[str]:
    """Return the facilitator's entries as a report prints them below the last lot that was open; else none."""
    lots = [one.id for one in guide.activities if KINDS[one.kind].all_along and one.id in asked]
    if not lots or activity.id != lots[-1]:
        return []
    return [f"{one.text} ({mark_words(one.mark)})" if one.mark else one.text for one in noted]


# -- the facilitator's moves


def _require_lot(live: LiveSession) -> None:
    if live.phase != "running" or in_guide(guide_of(live)) is None:
        raise WorkshopError(_("There is no parking lot in this session."), status=409)


def _park(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Park something that was said aloud."""
    _require_lot(live)
    text = " ".join(anonymity.normalise(argument).split())
    if not text:
        raise WorkshopError(_("Write what you want to park."))
    if len(text) > LONGEST:
        raise WorkshopError(_("A parked thought has at most %(most)s characters.", most=LONGEST))
    count, last = session.execute(
        select(func.count(), func.max(ParkedText.place)).where(ParkedText.live_id == live.id)
    ).one()
    if count >= MOST:
        raise WorkshopError(_("%(most)s entries are a lot already. Take one out before you park another.", most=MOST))
    session.add(ParkedText(id=anonymity.new_id(), live_id=live.id, place=(last or 0) + 1, text=text, mark=""))
    session.flush()
    return {}


def _unpark(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Take an entry of the facilitator's out again."""
    _require_lot(live)
    row = session.get(ParkedText, argument)
    if row is None or row.live_id != live.id:
        raise WorkshopError(_("This entry is not in the parking lot any more."), status=409)
    session.delete(row)
    session.flush()
    return {}


def _mark(mark: str, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_lot(live)
    runs = session.scalars(
        select(ActivityRun).where(ActivityRun.live_id == live.id, ActivityRun.state == "released")
    ).all()
    lots = [run for run in runs if KINDS[guide_of(live).activity(run.activity_id).kind].all_along]
    known = {one.id for run in (None, *lots) for one in entries(session, live, run)}
    if argument not in known:
        raise WorkshopError(_("This entry is not in the parking lot any more."), status=409)
    for table in (ParkedText, Card):
        now = session.scalar(select(table.mark).where(table.id == argument))
        if mark and now and now != mark:  # somebody else has made something of it meanwhile
            raise Stale(_("Somebody else moved on. Here is the present state."))
    for table in (ParkedText, Card):
        session.execute(update(table).where(table.id == argument).values(mark=mark))
    session.flush()
    return {}


def _marking(mark: str) -> Callable[[House, Session, LiveSession, str], dict[str, Any]]:
    return lambda house, session, live, argument: _mark(mark, session, live, argument)


MOVES = {
    "park": _park,
    "unpark": _unpark,
    "parked_done": _marking("done"),
    "parked_action": _marking("action"),
    "parked_kept": _marking("kept"),
    "parked_open": _marking(""),
}
"""The facilitator's moves of this room, for `live_sessions`. None depends on where the room is: each names what it changes."""
