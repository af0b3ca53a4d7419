"""An answer on its way into the box: what is refused, and what an author gets back."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.promises.stagehands import KINDS, Room, fields_for, room
from workshop import answers
from workshop.answers import LARGEST_ANSWER, LARGEST_REVISION, Mine, Older
from workshop.errors import AnswerRefused, Closed, WorkshopError
from workshop.house import House


@pytest.fixture
def asked(hall: House) -> tuple[Room, str]:
    """Return a session with an open text question, and its run."""
    played = room(hall, ("text", "scale"), 6)
    return played, played.open()


def count(played: Room, run_id: str) -> int:
    """Return how many answers lie in the box."""
    return played.house.boxes.box(played.live_id).answered(run_id)


# -- refused, and nothing stored


@pytest.mark.parametrize("revision", [0, -1, LARGEST_REVISION + 1, 10**40, True, False, None, "1", 1.0, [1]])
def test_a_revision_that_is_no_plain_number_is_refused(asked: tuple[Room, str], revision: Any) -> None:
    played, run_id = asked
    with pytest.raises(AnswerRefused):
        played.send(0, run_id, fields_for("text"), revision=revision)
    assert count(played, run_id) == 0


@pytest.mark.parametrize(
    "fields",
    [
        [],
        "text",
        7,
        {"text-0": "not a list"},
        {"text-0": [1]},
        {"text-0": [None]},
        {"text-0": [["nested"]]},
        {7: ["x"]},
        {"unknown": ["x"]},
        {"text-0": ["two", "values"]},
        {"text-0": [""]},
        {"text-0": [" \u200b\t "]},
        {},
        {f"f{i}": ["x"] for i in range(65)},
        {"text-0": ["x" * (LARGEST_ANSWER + 1)]},
        {"text-0": ["x" * 281]},
        {"text-0": ["x"], "quote-0": ["yes"]},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_fields_that_do_not_fit_are_refused(asked: tuple[Room, str], fields: Any) -> None:
    played, run_id = asked
    with pytest.raises(AnswerRefused) as refused:
        played.send(0, run_id, fields)
    assert refused.value.status == 422
    assert count(played, run_id) == 0


@pytest.mark.parametrize(
    ("sort", "fields"),
    [
        ("scale", {"value": ["0"]}),
        ("scale", {"value": ["11"]}),
        ("scale", {"value": ["5.5"]}),
        ("scale", {"value": ["NaN"]}),
        ("scale", {"value": ["5", "6"]}),
        ("choice", {"choice": ["purple"]}),
        ("choice", {"choice": ["red", "blue"]}),
        ("choice", {"choice": []}),
        ("many", {"choice": ["five"]}),
        ("to-manager", {"text-0": ["without an audience"]}),
        ("to-manager", {"text-0": ["x"], "audience": ["everybody"]}),
        ("cloud", {"word-0": ["x" * 41]}),
        ("cloud", {"word-1": ["a second word"]}),
    ],
)
def test_an_answer_that_the_question_does_not_offer_is_refused(
    hall: House, sort: str, fields: dict[str, list[str]]
) -> None:
    played = room(hall, (sort,), 1)
    run_id = played.open()
    with pytest.raises(AnswerRefused):
        played.send(0, run_id, fields)
    assert count(played, run_id) == 0


@pytest.mark.parametrize("run_id", ["", "none", "\x00", "x" * 500])
def test_a_question_that_does_not_exist_takes_nothing(asked: tuple[Room, str], run_id: str) -> None:
    with pytest.raises(WorkshopError) as refused:
        asked[0].send(0, run_id, fields_for("text"))
    assert refused.value.status in (400, 404)  # PostgreSQL cannot even look for a NUL sign


def test_a_question_of_another_session_takes_nothing(hall: House, asked: tuple[Room, str]) -> None:
    other = room(hall, ("text",), 1)
    other_run = other.open()
    with pytest.raises(WorkshopError) as refused:
        asked[0].send(0, other_run, fields_for("text"))
    assert refused.value.code == "not_found"
    assert count(other, other_run) == 0


def test_a_closed_question_refuses_an_answer(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    for phone in range(5):
        played.send(phone, run_id, fields_for("text"))
    played.move("close")
    for fields in (fields_for("text"), None):
        with pytest.raises(Closed, match="still on your phone"):
            played.send(5, run_id, fields)
    assert len(played.cards()) == 5


def test_the_gate_decides_when_the_state_is_read_too_early(
    asked: tuple[Room, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the state and the box's commit the question may close: the box has the last word."""
    played, run_id = asked
    played.house.boxes.box(played.live_id).shut(run_id)
    with pytest.raises(Closed):
        played.send(0, run_id, fields_for("text"))
    assert count(played, run_id) == 0


def test_what_was_told_saved_is_in_the_release_and_nothing_else(hall: House) -> None:
    """Answers race against the close; whoever heard "saved" is in, whoever heard "closed" is not."""
    played = room(hall, ("text",), 40)
    run_id = played.open()
    for phone in range(5):
        played.send(phone, run_id, fields_for("text", f"early {phone}"))
    saved: list[str] = [f"early {phone}" for phone in range(5)]
    started = threading.Event()

    def send(phone: int) -> None:
        started.wait()
        try:
            played.send(phone, run_id, fields_for("text", f"late {phone}"))
            saved.append(f"late {phone}")
        except Closed:
            pass

    threads = [threading.Thread(target=send, args=(phone,)) for phone in range(5, 40)]
    for thread in threads:
        thread.start()
    started.set()
    played.move("close")
    for thread in threads:
        thread.join()
    assert sorted(text for _id, text in played.cards()) == sorted(saved)


def test_an_older_answer_changes_nothing_and_says_which_counts(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    played.send(0, run_id, fields_for("text", "newest"), revision=5)
    for revision, fields in ((4, fields_for("text", "old")), (1, None), (5, fields_for("text", "other"))):
        with pytest.raises(Older) as refused:
            played.send(0, run_id, fields, revision=revision)
        assert refused.value.revision == 5
    assert own(played, run_id, 0).fields == {"text-0": ["newest"]}


def own(played: Room, run_id: str, phone: int) -> Mine:
    """Return a phone's own answer."""
    return answers.mine(played.house, played.live_id, played.secrets[phone], run_id)


def test_a_disk_that_refuses_is_not_taken_for_success(asked: tuple[Room, str], monkeypatch: pytest.MonkeyPatch) -> None:
    import sqlite3

    from workshop.ballots import BallotBox

    played, run_id = asked

    def full(_box: BallotBox, *_what: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(BallotBox, "_decide", full)
        with pytest.raises(WorkshopError) as refused:
            played.send(0, run_id, fields_for("text"))
    assert (refused.value.code, refused.value.status) == ("not_stored", 503)
    assert count(played, run_id) == 0
    played.send(0, run_id, fields_for("text"))
    assert count(played, run_id) == 1


# -- taken


@pytest.mark.parametrize("sort", list(KINDS))
def test_an_author_gets_their_own_answer_back(hall: House, sort: str) -> None:
    played = room(hall, (sort,), 1)
    run_id = played.open()
    sent = fields_for(sort, "some words of mine", quotable=True)
    played.send(0, run_id, sent)
    mine = own(played, run_id, 0)
    assert mine.fields is not None
    assert {name: values for name, values in mine.fields.items() if values} == {
        name: values for name, values in sent.items() if values
    }
    assert (mine.revision, mine.passed, mine.spent) == (1, False, sort.startswith("rolling"))


def test_a_retry_is_success_and_one_answer(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    for _time in range(3):
        played.send(0, run_id, fields_for("text", "once"))
    assert count(played, run_id) == 1


def test_the_same_text_typed_on_another_keyboard_is_the_same_answer(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    played.send(0, run_id, fields_for("text", "I\u2019m  tired\u2026"))
    played.send(0, run_id, fields_for("text", "I'm tired..."))
    assert own(played, run_id, 0).fields == {"text-0": ["I'm tired..."]}


def test_a_pass_takes_a_text_back_and_keeps_the_count(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    played.send(0, run_id, fields_for("text", "regretted"))
    played.send(0, run_id, None, revision=2)
    mine = own(played, run_id, 0)
    assert (mine.revision, mine.passed, mine.fields) == (2, True, None)
    assert count(played, run_id) == 1
    with pytest.raises(Older):
        played.send(0, run_id, fields_for("text", "regretted"))


def test_whoever_passed_may_still_answer(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    played.send(0, run_id, None)
    played.send(0, run_id, fields_for("text", "after all"), revision=2)
    assert own(played, run_id, 0).fields == {"text-0": ["after all"]}


def test_fifty_sends_of_one_phone_at_once_are_one_answer(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    threads = [threading.Thread(target=played.send, args=(0, run_id, fields_for("text", "once"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(played, run_id) == 1
    assert own(played, run_id, 0).revision == 1


def test_nothing_is_mine_before_i_answered_and_after_the_close(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    assert own(played, run_id, 0) == Mine(0)
    for phone in range(5):
        played.send(phone, run_id, fields_for("text"))
    played.move("close")
    assert own(played, run_id, 0) == Mine(0)


def test_the_box_holds_what_the_kind_made_of_it_and_nothing_of_the_sender(asked: tuple[Room, str]) -> None:
    played, run_id = asked
    played.send(0, run_id, {"text-0": ["mine"], "quote-0": ["1"]})
    bodies = played.house.boxes.box(played.live_id).read(run_id)
    assert [json.loads(body) for body in bodies] == [{"cards": [{"quotable": True, "text": "mine"}]}]
