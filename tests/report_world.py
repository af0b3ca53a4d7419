"""A session that has ended, straight in the database: what the report's tests stand on.

Lives here: the rows that closing activities would have left behind, made by the
product's own release rules. Not here: joining, sending and sealing, which the
journeys play for real.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from workshop import anonymity, live_sessions, releases
from workshop.activities import KINDS
from workshop.guides.schema import Guide
from workshop.models import Account, ActivityRun, Card, LiveSession, SessionRole

STARTED = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
ENDED = STARTED + timedelta(minutes=90)
LATER = ENDED + timedelta(minutes=20)
SHIPPED = Path(__file__).resolve().parents[1] / "workshop" / "guides" / "getting-unstuck.yaml"

SMALL = """
format: 1
id: small
title: A small guide
language: en
summary: For tests.
steps:
  - id: look
    title: Look
    minutes: 10
    purpose: See what is there.
    activities:
      - {id: mood, kind: scale, prompt: How ready are you?, settings: {low_label: not at all, high_label: very}}
      - id: help
        kind: choice
        prompt: Which help would you ask for?
        settings:
          options:
            - {id: tasks, label: Other tasks}
            - {id: training, label: Training}
            - {id: say, label: More say}
      - {id: cloud, kind: word_cloud, prompt: What gets in the way?, settings: {words: 2}}
      - {id: drags, kind: open_text, prompt: What drags?, cards: 3, settings: {limit: 1200}}
  - id: close
    title: Close
    minutes: 5
    purpose: Leave with one step.
    activities:
      - {id: tell, kind: open_text, prompt: What should your manager know?, for: manager, settings: {limit: 2000}}
"""


@dataclass(frozen=True)
class Said:
    """One text as somebody sent it."""

    text: str
    quotable: bool = False


def add_live(
    session: Session, *, people: int = 12, source: str = SMALL, runner: Account | None = None, **changes: Any
) -> LiveSession:
    """Add a session that has ended; `people` joined."""
    values: dict[str, Any] = {
        "id": anonymity.new_id(),
        "code": None,
        "join_token": anonymity.new_id(),
        "stage_token": anonymity.new_id(),
        "guide_source": source,
        "title": "Getting unstuck",
        "team": "Product team",
        "language": "en",
        "expected": people,
        "leader": "Fay",
        "created_on": date(2026, 11, 4),
        "phase": "ended",
        "joined": people,
        "door_open": False,
        "started_at": STARTED,
        "ended_at": ENDED,
    }
    live = LiveSession(**{**values, **changes})
    session.add(live)
    session.flush()
    if runner is not None:
        session.add(SessionRole(live_id=live.id, account_id=runner.id, role="run"))
        session.flush()
    return live


def release(
    session: Session, live: LiveSession, activity_id: str, fields: Sequence[Mapping[str, Sequence[str]]]
) -> str:
    """Release one activity with these answers, by the product's own rules; return its run's id."""
    guide = live_sessions.guide_of(live)
    activity = guide.activity(activity_id)
    kind = KINDS[activity.kind]
    bodies = [json.dumps(kind.clean(activity.config, answer)) for answer in fields]
    built = releases.build(live, activity, bodies)
    run_id = anonymity.new_id()
    ordinal = len([one for one in guide.activities if one.id <= activity_id])
    session.add(
        ActivityRun(
            id=run_id,
            live_id=live.id,
            activity_id=activity_id,
            ordinal=ordinal,
            state="released",
            release=built.release,
        )
    )
    session.flush()
    for card in built.cards:
        session.add(Card(id=anonymity.new_id(), run_id=run_id, text=card.text, quotable=card.quotable))
    session.flush()
    return run_id


def texts(said: Sequence[Said], *, for_manager: bool = False) -> list[dict[str, list[str]]]:
    """Return one answer per text."""
    answers: list[dict[str, list[str]]] = []
    for one in said:
        answer = {"text-0": [one.text]}
        if for_manager:
            answer["audience"] = ["manager" if one.quotable else "room"]
        elif one.quotable:
            answer["quote-0"] = ["1"]
        answers.append(answer)
    return answers


def canaries(count: int, quotable: int) -> list[Said]:
    """Return texts that cannot occur by chance; the first `quotable` of them may be quoted."""
    return [Said(f"canary{uuid.uuid4().hex[:16]} it is", number < quotable) for number in range(count)]


def play(session: Session, live: LiveSession, people: int, seed: int = 1) -> Guide:
    """Release every activity of the session's guide with plausible answers of `people` people."""
    guide = live_sessions.guide_of(live)
    draw = random.Random(seed)
    for activity in guide.activities:
        kind = KINDS[activity.kind]
        if not kind.asks:
            continue
        examples = kind.examples(activity.config)
        answers = [draw.choice(examples) for _number in range(people)]
        release(session, live, activity.id, answers)
    return guide
