"""Changing the plan while it runs: ask again, put something in, take it out again.

Lives here: the moves that write into the session's own copy of its guide, in all
its languages. Not here: the library's guides, which a session never touches;
skipping and coming back (`live_sessions`: a place that was not asked stays
askable); what a second round shows (`rounds.py`).

What holds for an added activity:
- What was asked is never altered or reopened (promise 9): an added one is new,
  with an id and a run of its own, and every other entry of the guide stays as it
  is, byte for byte.
- Every phone was told who sees what, before the first answer. An addition that
  would make one of these sentences another is refused (promise 17).
- Two askings of one question never show an exact pair (promise 10): a second
  one is either compared in words (`again`), or of texts, or the first has shown
  nothing. Anything else is refused, also when somebody types it in once more;
  and what stands twice in the plan, however it came there, is looked at when it
  opens (`asked_twice.py`).
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import asked_twice, moderation, parking, session_guide
from .activities import KINDS
from .errors import WorkshopError
from .guides import methods
from .guides.ids import all_ids, free_id
from .guides.schema import Activity
from .house import House
from .live_state import NO_TIMER, guide_of, run_of
from .models import ActivityRun, LiveSession
from .words import _

ADDED = "added"
"""Added activities are called added, added-2, ...: the agenda offers to take out these, as long as they were not asked."""

QUICK = ("open_text", "choice", "scale")
"""Kinds that can be typed on the spot."""

MOST_OPTIONS = 12
LONGEST_OPTION = 80


@dataclass(frozen=True)
class Offer:
    """One thing to put in. `pick` names it: a whole method, or one activity of it."""

    pick: str
    label: str
    kind: str


@dataclass(frozen=True)
class Shelf:
    """A method with what it offers: itself as a step of its own, and its single activities."""

    title: str
    use: str
    minutes: int
    offers: tuple[Offer, ...]


def shelves(language: str) -> list[Shelf]:
    """Return the library of methods as the page of additions shows it."""
    found = []
    for name, method in methods.METHODS.items():
        spoken = method.spoken(language)
        whole = Offer(f"method:{name}", _("The whole method, as a step after this one"), "")
        single = tuple(
            Offer(f"activity:{name}:{one.id}", one.prompt, one.kind) for one in spoken.guide.activities if _alone(one)
        )
        found.append(Shelf(spoken.title, spoken.use, spoken.minutes, (whole, *single)))
    return found


def _alone(one: Activity) -> bool:
    """Return whether an activity can stand without the others of its method."""
    return not one.source and not one.again and not KINDS[one.kind].private and not KINDS[one.kind].lists_actions


# -- ask again


def may_repeat(session: Session, live: LiveSession) -> bool:
    """Return whether the present activity can be asked once more, as a new one."""
    return live.phase == "running" and live.at is not None and _repeatable(session, live) is not None


def _repeatable(session: Session, live: LiveSession) -> tuple[Activity, bool] | None:
    """Return the present activity and whether its next round stands beside it; None where it cannot be asked again."""
    item = guide_of(live).activity(live.at or "")
    run = run_of(session, live, item.id)
    if run is None or run.state != "released":
        return None
    kind = KINDS[item.kind]
    if kind.compares and (item.again or not asked_twice.showed_nothing(run)):
        return item, True
    if kind.texts:
        return item, False
    fresh = asked_twice.showed_nothing(run) and asked_twice.shown_before(session, live, guide_of(live), item) is None
    return (item, False) if fresh else None


def _repeat(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Ask the present, closed activity again: a copy of it comes right after it, and the room goes there."""
    _require_running(live)
    _require_nothing_open(session, live)
    if live.at is None or run_of(session, live, live.at) is None:
        raise WorkshopError(_("This question has not been asked yet."), status=409)
    found = _repeatable(session, live)
    if found is None:
        raise WorkshopError(asked_twice.not_in_numbers_again(), status=409)
    item, beside = found
    data = session_guide.plain(guide_of(live))
    step, index, entry = session_guide.entry(data, item.id)
    name = free_id(ADDED, all_ids(data))
    fresh = {**copy.deepcopy(entry), "id": name}
    if beside:
        fresh["again"] = item.again or item.id
    else:
        fresh.pop("again", None)
    step["activities"].insert(index + 1, fresh)
    for words in data.get("translations", {}).values():
        if item.id in words:
            words[name] = copy.deepcopy(words[item.id])
    return {"guide_source": session_guide.written(live, data), "at": name, "blank": False, **NO_TIMER}


# -- put in, take out


def _insert(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Put something in after the present activity; the room stays where it is.

    `argument` is JSON: {"pick": an offer's} or {"prompt", "kind", "options": [...]}.
    """
    _require_running(live)
    try:
        wish = json.loads(argument)
    except ValueError:
        wish = None
    if not isinstance(wish, dict):
        raise WorkshopError(_("Choose what to add, or write a question of your own."))
    data = session_guide.plain(guide_of(live))
    pick = wish.get("pick")
    if isinstance(pick, str) and pick.startswith("method:"):
        data = _with_method(live, data, pick.partition(":")[2])
    else:
        fresh, words = _picked(pick, live, data) if isinstance(pick, str) else (_typed(wish), {})
        fresh["id"] = free_id(ADDED, all_ids(data))
        _not_twice(session, live, fresh)
        step, index, _here = session_guide.entry(data, live.at or "")
        step["activities"].insert(index + 1, fresh)
        for language, said in words.items():
            data["translations"][language][fresh["id"]] = said
    return {"guide_source": session_guide.written(live, data)}


def _with_method(live: LiveSession, data: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in methods.METHODS:
        raise WorkshopError(_("Choose what to add, or write a question of your own."))
    here = guide_of(live).step_of(live.at or "").id
    at = [step["id"] for step in data["steps"]].index(here) + 1
    filled, _steps = methods.put_in(data, name, at)
    return filled


def _picked(pick: str, live: LiveSession, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one activity of a method in the guide's own language, and its words in the others that both have."""
    _kind, _colon, rest = pick.partition(":")
    name, _colon, wanted = rest.partition(":")
    method = methods.METHODS.get(name)
    one = next((one for one in method.guide.activities if one.id == wanted and _alone(one)), None) if method else None
    if method is None or one is None:
        raise WorkshopError(_("Choose what to add, or write a question of your own."))
    filled, steps = methods.put_in(data, name, len(data["steps"]))
    place = [item.id for item in method.guide.activities].index(wanted)
    added = [item for step in filled["steps"] if step["id"] in steps for item in step["activities"]]
    entry = added[place]
    words = {
        language: said[entry["id"]]
        for language, said in filled.get("translations", {}).items()
        if entry["id"] in said and language in data.get("translations", {})
    }
    return dict(entry), words


def _typed(wish: dict[str, Any]) -> dict[str, Any]:
    """Return a question that was typed on the spot, as a guide's file would hold it."""
    prompt, kind = wish.get("prompt"), wish.get("kind")
    if not isinstance(prompt, str) or not 0 < len(prompt.strip()) <= 240:
        raise WorkshopError(_("Write the question, in at most 240 letters."))
    if kind not in QUICK:
        raise WorkshopError(_("Choose how people answer."))
    entry: dict[str, Any] = {"id": "", "kind": kind, "prompt": prompt.strip()}
    if kind == "scale":
        entry["settings"] = {"low": 1, "high": 10}
    if kind == "choice":
        given = wish.get("options")
        options = [str(one).strip() for one in given if str(one).strip()] if isinstance(given, list) else []
        if not 2 <= len(options) <= MOST_OPTIONS or len({one.casefold() for one in options}) < len(options):
            raise WorkshopError(
                _("Write 2 to %(most)s different options, each on a line of its own.", most=MOST_OPTIONS)
            )
        if max(len(one) for one in options) > LONGEST_OPTION:
            raise WorkshopError(_("An option has at most %(most)s letters.", most=LONGEST_OPTION))
        entry["settings"] = {"options": [{"id": f"o{i}", "label": one} for i, one in enumerate(options, start=1)]}
    return entry


def _not_twice(session: Session, live: LiveSession, fresh: dict[str, Any]) -> None:
    """Refuse a question of numbers that the room has answered before, word for word."""
    if KINDS[fresh["kind"]].texts or not KINDS[fresh["kind"]].asks:
        return
    said = " ".join(fresh["prompt"].casefold().split())
    asked = set(session.scalars(select(ActivityRun.activity_id).where(ActivityRun.live_id == live.id)))
    for one in guide_of(live).activities:
        if one.kind == fresh["kind"] and " ".join(one.prompt.casefold().split()) == said and one.id in asked:
            raise WorkshopError(_("The room has been asked this already. Go there, and ask it again from there."))


def _take_out(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Take an added activity out again that nobody was asked."""
    _require_running(live)
    if not is_added(argument) or argument == live.at or argument not in {one.id for one in guide_of(live).activities}:
        raise WorkshopError(_("Only what was added and not asked yet can be taken out."), status=409)
    if run_of(session, live, argument) is not None:
        raise WorkshopError(_("Only what was added and not asked yet can be taken out."), status=409)
    data = session_guide.plain(guide_of(live))
    step, index, _gone = session_guide.entry(data, argument)
    del step["activities"][index]
    for words in data.get("translations", {}).values():
        words.pop(argument, None)
    return {"guide_source": session_guide.written(live, data)}


def is_added(activity_id: str) -> bool:
    """Return whether an activity was put in by itself while the session ran."""
    return activity_id == ADDED or (activity_id.startswith(f"{ADDED}-") and activity_id[len(ADDED) + 1 :].isdecimal())


def _require_running(live: LiveSession) -> None:
    if live.phase != "running" or live.at is None:
        raise WorkshopError(_("The session is not running."), status=409)
    if live.break_until is not None:
        raise WorkshopError(_("The room is on a break. Press Go on first."), status=409)


def _require_nothing_open(session: Session, live: LiveSession) -> None:
    moderation.require_read(session, live)
    if parking.busy(session, live):
        raise WorkshopError(_("A question is still open. Close it first, then move on."), status=409)


MOVES = {"repeat": _repeat, "insert": _insert, "take_out": _take_out}
"""The facilitator's moves of this room, for `live_sessions`."""
