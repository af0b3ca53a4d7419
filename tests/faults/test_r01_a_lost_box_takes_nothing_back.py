"""A box that is gone (a takeover, a restored backup) takes nothing off the wall that a rolling question had let out."""

from __future__ import annotations

import pytest

from tests.promises.stagehands import Room, canary, fields_for, room
from workshop import rolled, seals
from workshop.ballots import BallotBox
from workshop.house import House


def words_of(played: Room) -> str:
    """Return all screens as text."""
    return repr(played.seen())


def let_out(hall: House, sort: str) -> tuple[Room, str, list[str]]:
    """Play until one pool of ten is out, then lose the box; return the texts that the room has seen."""
    played = room(hall, [sort], 30)
    run_id = played.open()
    texts = [canary() for _ in range(10)]
    for phone, text in enumerate(texts):
        played.send(phone, run_id, fields_for(sort, text))
    seals.roll(hall)
    seen = [text for text in texts if text in words_of(played)]
    assert len(seen) == 5
    seals.take_over(hall, played.live_id, from_another=True)
    assert hall.boxes.box(played.live_id).answered(run_id) == 0
    return played, run_id, seen


@pytest.mark.parametrize("sort", ["rolling-text", "rolling-cloud"])
@pytest.mark.parametrize("late", [0, 1, 4])
def test_what_the_room_has_seen_stays_and_too_few_later_ones_are_not_shown(hall: House, sort: str, late: int) -> None:
    played, run_id, seen = let_out(hall, sort)
    later = [canary() for _ in range(late)]
    for phone, text in enumerate(later, start=10):
        played.send(phone, run_id, fields_for(sort, text))
    seals.roll(hall)
    played.move("close")
    shown = words_of(played)
    assert all(text in shown for text in seen)
    assert not [text for text in later if text in shown], "beside what all know they would point at somebody"
    if sort == "rolling-text":
        assert sorted(text for _id, text in played.cards()) == sorted(seen), "each once"


@pytest.mark.parametrize("sort", ["rolling-text", "rolling-cloud"])
def test_what_comes_later_in_whole_pools_is_shown_beside_it_once(hall: House, sort: str) -> None:
    played, run_id, seen = let_out(hall, sort)
    later = [canary() for _ in range(12)]
    for phone, text in enumerate(later, start=10):
        played.send(phone, run_id, fields_for(sort, text))
    seals.roll(hall)
    shown = words_of(played)
    assert all(text in shown for text in seen)
    assert len([text for text in later if text in shown]) == 5
    played.move("close")
    shown = words_of(played)
    assert all(text in shown for text in [*seen, *later])
    if sort == "rolling-text":
        assert sorted(text for _id, text in played.cards()) == sorted([*seen, *later]), "each once"


def test_a_pool_that_was_let_out_and_not_yet_cut_loose_is_not_shown_twice(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = room(hall, ["rolling-text"], 12)
    run_id = played.open()
    texts = [canary() for _ in range(12)]
    for phone, text in enumerate(texts):
        played.send(phone, run_id, fields_for("rolling-text", text))
    with monkeypatch.context() as patch:
        patch.setattr(BallotBox, "settle", lambda *_which: None)  # the disk refused it just then
        seals.roll(hall)
    played.move("close")
    assert sorted(text for _id, text in played.cards()) == sorted(texts)


def test_the_control_that_forgets_takes_the_wall_down(hall: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolled, "forgotten", lambda *_what: False)
    played, _run_id, seen = let_out(hall, "rolling-text")
    played.move("close")
    assert not [text for text in seen if text in words_of(played)]
