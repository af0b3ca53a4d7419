"""What leaves the ballot box when an activity closes, and what of it is kept.

Lives here: from shuffled bodies to the release and its cards. Pure but for the
random order. Not here: the six steps of the seal (`seals.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import anonymity, rehearsals, rounds
from .activities import KINDS, CardDraft
from .guides.schema import Activity
from .models import LiveSession

REHEARSAL_PEOPLE = rehearsals.PEOPLE


@dataclass(frozen=True)
class Released:
    """The two things that a seal writes: the run's release column and its cards, in shuffled order."""

    release: dict[str, Any]
    cards: list[CardDraft]


def build(
    live: LiveSession,
    activity: Activity,
    bodies: Sequence[str],
    first: Mapping[str, Any] | None = None,
    groups: Sequence[int] | None = None,
) -> Released:
    """Return what the room may see of these bodies (promises 3, 4, 10).

    Below the floor only "too few" is left. For texts the cards are split and
    shuffled anew, so that nothing says which were siblings; for every other
    kind the bodies end here and only the aggregate lives on. In a rehearsal the
    phones' answers are dropped and the kind's examples stand in for them. Of a
    second round only words are kept, and which way it went since the `first`.
    `groups`: how many people each body speaks for, where breakouts sent them.
    """
    kind = KINDS[activity.kind]
    answers = [json.loads(body) for body in bodies]
    if live.rehearsal:
        answers = rehearsals.stand_ins(live, kind, activity.config, bodies)
    if live.rehearsal and not live.simulated:
        groups = None
    people = len(answers) if groups is None else sum(groups)
    if people < live.room_floor or (groups is not None and len(groups) < anonymity.FEWEST_GROUPS):
        return Released(
            {"too_few": True, "people": None, "words_ok": False, "made_up": live.rehearsal, "result": None}, []
        )
    aggregate = kind.aggregate(activity.config, anonymity.shuffled(answers))
    again: dict[str, Any] = {}
    if activity.again:
        again = {"moved": rounds.moved(activity, first, aggregate)}
        aggregate = kind.coarse(activity.config, aggregate)
    cards = [card for answer in answers for card in kind.cards(activity.config, answer)] if kind.texts else []
    if live.rehearsal:  # more phones than examples: nobody writes the very words of another
        cards = list({card.text: card for card in cards}.values())
    return Released(
        {
            "too_few": False,
            "people": anonymity.people_said(people) if groups is None else None,
            "words_ok": people >= live.words_floor,
            "made_up": live.rehearsal,
            "result": kind.dump(aggregate),
            **again,
            **({} if groups is None else {"in_groups": True}),
        },
        anonymity.shuffled(cards),
    )
