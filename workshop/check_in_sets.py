"""The frozen set in which a check-in ends: what it found, beside what was found before.

Lives here: which of it is printed and which is only compared. Not here: how
rounds are compared (`comparisons.py`), when a set is made (`check_ins.py`), how
it reads (`check_in_results.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import comparisons
from .activities import KINDS
from .activities.choice import ChoiceAggregate, ChoiceConfig
from .activities.scale import ScaleAggregate, ScaleConfig
from .comparisons import Standing
from .guides.schema import Activity
from .live_state import guide_of
from .models import ActivityRun, CheckIn, LiveSession
from .quoting import spoken

BEFORE, AFTERWARDS = "energy-before", "energy-after"
"""Activities of a session that a check-in goes on from, if its guide has them."""
ENERGY = "energy"


def build(session: Session, parent: LiveSession, check_in: CheckIn, identifier: str, today: date) -> dict[str, Any]:
    """Return what a check-in found: a question that was asked before as a comparison, a new one by promise 10.

    Never both for one question: exact pairs do not stand side by side. One that
    the session itself asked in the same words, whatever it is called there, is
    told in words alone.
    """
    assert check_in.live_id is not None
    here = _asked(session, check_in.live_id)
    earlier = [
        (f"check-in-{other.number}", _asked(session, other.live_id))
        for other in session.scalars(
            select(CheckIn)
            .where(CheckIn.parent_id == parent.id, CheckIn.number < check_in.number, CheckIn.state == "closed")
            .order_by(CheckIn.number)
        )
    ]
    name = f"check-in-{check_in.number}"
    questions = []
    for item in guide_of(session.get_one(LiveSession, check_in.live_id)).activities:
        rounds = [(label, asked[item.id]) for label, asked in earlier if item.id in asked]
        if item.id == ENERGY:
            rounds = [*_energy_of(session, parent, item), *rounds]
        rounds.append((name, here[item.id]))
        questions.append(_question(item, rounds, in_words=len(rounds) > 1 or _was_asked(session, parent, item)))
    return {
        "identifier": identifier,
        "number": check_in.number,
        "title": parent.title,
        "team": parent.team,
        "language": parent.language,
        "floor": parent.room_floor,
        "day": today.isoformat(),
        "questions": questions,
    }


@dataclass(frozen=True)
class Asked:
    """A question as one round published it."""

    item: Activity
    release: Mapping[str, Any]

    @property
    def too_few(self) -> bool:
        """Whether it closed below the floor."""
        return bool(self.release.get("too_few"))


def _asked(session: Session, live_id: str | None) -> dict[str, Asked]:
    """Return the released questions of a session by their ids; none once their term is over."""
    live = session.get(LiveSession, live_id) if live_id else None
    if live is None:
        return {}
    runs = session.scalars(
        select(ActivityRun).where(ActivityRun.live_id == live.id, ActivityRun.state == "released")
    ).all()
    guide = guide_of(live)
    known = {item.id: item for item in guide.activities}
    return {
        run.activity_id: Asked(known[run.activity_id], run.release)
        for run in runs
        if run.release is not None and run.activity_id in known
    }


def _energy_of(session: Session, live: LiveSession, item: Activity) -> list[tuple[str, Asked]]:
    """Return the rounds of energy that a session itself asked on the very same scale."""
    asked = _asked(session, live.id)
    return [
        (label, asked[activity_id])
        for label, activity_id in (("before", BEFORE), ("after", AFTERWARDS))
        if activity_id in asked and same_scale(asked[activity_id].item, item)
    ]


def _was_asked(session: Session, live: LiveSession, item: Activity) -> bool:
    """Return whether a session has shown an answer to a question of the same kind and the same words."""
    said = spoken(item.prompt)
    return any(
        asked.item.kind == item.kind and not asked.too_few and spoken(asked.item.prompt) == said
        for asked in _asked(session, live.id).values()
    )


def same_scale(one: Activity, other: Activity) -> bool:
    """Return whether two questions are scales with the same ends."""
    mine, theirs = one.config, other.config
    return (
        isinstance(mine, ScaleConfig)
        and isinstance(theirs, ScaleConfig)
        and (mine.low, mine.high) == (theirs.low, theirs.high)
    )


def _question(item: Activity, rounds: Sequence[tuple[str, Asked]], *, in_words: bool) -> dict[str, Any]:
    kind = KINDS[item.kind]
    last = rounds[-1][1]
    question: dict[str, Any] = {
        "id": item.id,
        "kind": item.kind,
        "prompt": item.prompt,
        "too_few": last.too_few,
        "config": item.config.model_dump(mode="json", by_alias=True),
    }
    if not in_words:
        if not last.too_few:
            question["people"] = last.release.get("people")
            question["result"] = last.release["result"]
        return question
    if kind.name == "scale":
        return {**question, "rounds": scale_rounds(rounds)}
    return {**question, "amounts": _choice_rounds(rounds)}


def standing(asked: Asked) -> Standing | None:
    """Return where a released scale stood, as far as it was published."""
    config = asked.item.config
    if asked.too_few or not isinstance(config, ScaleConfig):
        return None
    result = KINDS[asked.item.kind].load(asked.release["result"])
    assert isinstance(result, ScaleAggregate)
    return result.stood(config)


def scale_rounds(rounds: Sequence[tuple[str, Asked]]) -> list[dict[str, Any]]:
    """Return each round's band and which way it moved from the one before; never a number."""
    out: list[dict[str, Any]] = []
    before: Standing | None = None
    for name, asked in rounds:
        now = standing(asked)
        out.append(
            {
                "round": name,
                "state": "too_few" if asked.too_few else "shown" if now else "no_picture",
                "band": now.band if now else None,
                "step": comparisons.step(before, now),
            }
        )
        before = now or before
    return out


def _choice_rounds(rounds: Sequence[tuple[str, Asked]]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    before: ChoiceAggregate | None = None
    for name, asked in rounds:
        now: ChoiceAggregate | None = None
        if not asked.too_few:
            loaded = KINDS[asked.item.kind].load(asked.release["result"])
            assert isinstance(loaded, ChoiceAggregate)
            now = loaded if loaded.shape.precision != "nothing" else None
        out.append(
            {
                "round": name,
                "state": "too_few" if asked.too_few else "shown" if now else "no_picture",
                "amounts": list(comparisons.amounts(now.shape, now.people)) if now else [],
                "steps": list(comparisons.steps(before.shape, before.people, now.shape, now.people))
                if before and now
                else [],
            }
        )
        before = now or before
    return out


def options_of(question: Mapping[str, Any]) -> list[str]:
    """Return the labels of a frozen choice."""
    return [option.label for option in ChoiceConfig.model_validate(question["config"]).options]
