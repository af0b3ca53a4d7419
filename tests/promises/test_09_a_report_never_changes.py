"""Promise 9: a report never changes by fewer than five people. There is one freeze, and nothing passes it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from tests.report_world import LATER, add_live, canaries, release, texts
from workshop import freezes, live_sessions, versions
from workshop.editions import Texts
from workshop.house import House
from workshop.models import ActivityRun, Card, Freeze


def test_a_second_freeze_of_one_session_cannot_be_stored(house: House) -> None:
    with house.database.transaction() as db:
        live = add_live(db)
        freezes.freeze(db, live, live_sessions.guide_of(live), LATER)
    with pytest.raises(IntegrityError), house.database.transaction() as db:
        db.add(Freeze(id="second", live_id=live.id, frozen_at=LATER, editions={}))


@pytest.mark.parametrize("people", [1, 2, 4])
def test_what_few_people_do_after_the_freeze_changes_no_byte(house: House, people: int) -> None:
    """Withdrawn, un-quoted, quoted or rewritten: the freeze, asking again and a later version of texts stay as they were."""
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "help", [{"choice": [name]} for name in ["training"] * 6 + ["say"] * 6])
        release(db, live, "drags", texts(canaries(12, 6)))
        guide = live_sessions.guide_of(live)
        kept = freezes.freeze(db, live, guide, LATER)
        before = json.dumps(kept.editions, sort_keys=True)
        quiet, open_ = (list(db.query(Card).filter_by(quotable=value).limit(people)) for value in (False, True))
        for card in open_[: people // 2]:
            db.delete(card)
        for card in open_[people // 2 :]:
            card.quotable = False
        for card in quiet:
            card.text, card.quotable = "another text of mine", True
        db.execute(update(ActivityRun).values(release={"too_few": True, "people": None, "result": None}))
        db.flush()
        again = freezes.freeze(db, live, guide, LATER)
        assert again.id == kept.id and json.dumps(again.editions, sort_keys=True) == before
        later = versions.correct(db, live, guide, kept, Texts(asks="One answer."), 1, LATER)
        for edition in ("manager", "participant", "team", "facilitator"):
            assert later.editions[edition]["sections"] == kept.editions[edition]["sections"]
            assert later.editions[edition]["facts"] == kept.editions[edition]["facts"]
