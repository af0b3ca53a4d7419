"""Promises 1, 3, 4, 5, 12 and 13 for the parking lot: open on every step, seen by nobody before the room opens it.

The attackers watch the room all day: they see who presses, on which step and in
which order, hold every screen, the main database and a copy of the ballot box
taken between two questions.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import literal_column, select

from tests.promises.attackers import BROKEN, FALSE_ALARM, Score, by_order, order_p, tau
from tests.promises.stagehands import Room, canary, files_below, room
from tests.promises.test_01_sealed_until_closed import everything_seen
from workshop import anonymity, answers, freezes, live_sessions, parking, seals
from workshop.ballots import BallotBox
from workshop.errors import AnswerRefused
from workshop.house import House
from workshop.models import ActivityRun, Base, Card

PEOPLE = 12
SESSIONS = 14
CONTROLS = 4
"""Sessions with a leak on purpose: an order that is simply kept needs no more to be found."""
DAY = ("text", "scale", "text", "lot", "text")


def lot_of(played: Room) -> str:
    """Return the run of the parking lot."""
    with played.house.database.transaction() as session:
        return parking.open_runs(session, live_sessions.get(session, played.live_id))[0].id


def put(played: Room, phone: int, lot: str, *words: str, revision: int = 1) -> None:
    played.send(phone, lot, {f"text-{n}": [word] for n, word in enumerate(words)}, revision)


def rows(house: House) -> str:
    """Return all rows of the main database."""
    with house.database.engine.connect() as connection:
        return repr([connection.execute(table.select()).all() for table in Base.metadata.sorted_tables])


def parked_all_day(played: Room) -> tuple[str, list[str]]:
    """Let four people park on each of three steps; return the run and their words in the order of parking."""
    lot, words = lot_of(played), [canary() for _ in range(PEOPLE)]
    for phone, word in enumerate(words):
        put(played, phone, lot, word)
        if phone in (3, 7, 11):
            played.move("next")
    return lot, words


# -- sealed until the room opens it (promises 1, 12, 13)


def test_nobody_sees_what_is_parked_on_any_step_nor_that_anything_is(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    lot = lot_of(played)
    words = []
    for phone in range(PEOPLE):
        before = everything_seen(played)
        words.append(canary())
        put(played, phone, lot, words[-1], words[-1][::-1])
        assert everything_seen(played) == before, "a screen followed somebody who parked"
        if phone in (3, 7):
            played.move("next")
    seen = " ".join(everything_seen(played)) + rows(hall)
    assert not [word for word in words if word in seen or word[::-1] in seen]


def test_the_same_look_finds_an_ordinary_answer(hall: House) -> None:
    """The control: of a question the room is at, everybody sees that the count grows."""
    played = room(hall, DAY, PEOPLE)
    run_id = played.open()
    before = everything_seen(played)
    put(played, 0, run_id, canary())
    assert everything_seen(played) != before


def test_nobody_is_woken_by_what_is_parked(hall: House, monkeypatch: pytest.MonkeyPatch) -> None:
    played = room(hall, DAY, PEOPLE)
    lot, run_id, woken = lot_of(played), played.open(), []
    monkeypatch.setattr(hall.database, "announce", woken.append)
    put(played, 0, lot, canary())
    played.send(1, lot, None)
    assert woken == []
    put(played, 0, run_id, canary())
    assert woken == [played.live_id], "the control: an answer where the room is does"


def test_a_timer_that_closes_the_question_leaves_the_parking_lot_open(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    lot = lot_of(played)
    played.open()
    played.move("timer_start", "1")
    played.move("timer_closes", "on")
    later = hall.clock() + timedelta(hours=1)
    seals.tick(replace(hall, clock=lambda: later))
    assert lot_of(played) == lot
    assert played.seen()[0].activity.phase != "open"


# -- the floor (promise 3)


@pytest.mark.parametrize("people", [1, 4])
def test_below_the_floor_nothing_that_was_parked_is_anywhere(hall: House, people: int) -> None:
    played = room(hall, DAY, PEOPLE)
    lot = lot_of(played)
    words = [[canary() for _ in range(4)] for _ in range(people)]
    for phone, four in enumerate(words):
        put(played, phone, lot, *four)
    for phone in range(people, PEOPLE):
        played.send(phone, lot, None)  # who passes is nobody who parked
    for _step in range(3):
        played.move("next")
    played.move("close")
    seen = " ".join(everything_seen(played)) + rows(hall) + repr(files_below(hall.boxes.folder))
    assert played.seen()[0].activity.phase == "too_few"
    assert not [word for four in words for word in four if word in seen]


def test_from_the_floor_on_all_of_it_appears_at_once_also_when_nobody_went_there(hall: House) -> None:
    for ends in (False, True):
        played = room(hall, DAY, PEOPLE)
        lot, words = lot_of(played), [canary() for _ in range(5)]
        for phone, word in enumerate(words):
            put(played, phone, lot, word)
        if not ends:
            for _step in range(3):
                played.move("next")
            played.move("close")
            assert sorted(text for _id, text in played.cards()) == sorted(words)
        played.move("end")
        with hall.database.transaction() as session:
            kept = session.scalars(select(Card.text).where(Card.run_id == lot)).all()
        assert sorted(kept) == sorted(words)


# -- who, when, on which step (promises 4 and 5)


def linked(hall: House, *, leaky: bool = False) -> Score:
    """Return how well the order of pressing tells whose thought is whose, by the rows as they lie in the database."""
    score = Score(PEOPLE)
    for _session in range(CONTROLS if leaky else SESSIONS):
        played = room(hall, DAY, PEOPLE)
        lot, words = parked_all_day(played)
        played.move("close")
        with hall.database.engine.connect() as connection:
            found = list(
                connection.execute(
                    select(Card.text).where(Card.run_id == lot).order_by(literal_column("rowid"))
                    if connection.dialect.name == "sqlite"
                    else select(Card.text).where(Card.run_id == lot)
                ).scalars()
            )
        assert sorted(found) == sorted(words)
        guessed = by_order(words if leaky else found, range(PEOPLE))
        score.count(sum(guessed[word] == phone for phone, word in enumerate(words)), PEOPLE)
    return score


def test_the_order_of_pressing_does_not_tell_whose_thought_it_is(hall: House) -> None:
    assert linked(hall).is_chance()


def test_the_same_attacker_finds_everybody_where_thoughts_come_in_order(hall: House) -> None:
    assert linked(hall, leaky=True).advantage >= BROKEN


def test_no_row_ties_a_thought_to_a_step_a_day_or_another_thought(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    lot = lot_of(played)
    for phone in range(6):
        put(played, phone, lot, canary(), canary())
    for _step in range(3):
        played.move("next")
    played.move("close")
    assert {column.name for column in Card.__table__.columns} == {
        "id", "run_id", "text", "quotable", "receipt", "mark",
    }  # fmt: skip
    with hall.database.transaction() as session:
        run = session.get_one(ActivityRun, lot)
        assert (run.activity_id, run.batch, run.ordinal) == ("q3", 0, 0)
        cards = session.scalars(select(Card).where(Card.run_id == lot)).all()
        assert len({card.id for card in cards}) == 12
        assert {(card.quotable, card.receipt, card.mark) for card in cards} == {(False, None, "")}


def offsets(hall: House, folder: Path, *, tidied: bool) -> list[float]:
    """Return for each session how far the bytes of the box know the order of parking, between two questions."""
    found = []
    for number in range(SESSIONS if tidied else CONTROLS):
        played = room(hall, DAY, PEOPLE)
        lot, words = lot_of(played), [canary() for _ in range(PEOPLE)]
        for phone, word in enumerate(words):
            put(played, phone, lot, word)
        box: BallotBox = hall.boxes.box(played.live_id)
        if tidied:
            hall.boxes.checkpoint()  # the server does so every twenty seconds
        else:
            box.checkpoint()
        copy = folder / f"copy-{number}.sqlite"
        shutil.copy(box.path, copy)
        data = copy.read_bytes()
        assert all(word.encode() in data for word in words), "the control: the reader can see the texts"
        assert not Path(f"{box.path}-wal").exists() or Path(f"{box.path}-wal").stat().st_size == 0
        found.append(tau([float(data.rindex(word.encode())) for word in words], range(PEOPLE)))
        tags = [row[0] for row in sqlite3.connect(copy).execute("select tag from answer where run_id = ?", (lot,))]
        assert sorted(tags) == sorted(anonymity.tag(secret, lot) for secret in played.secrets)
    return found


def test_a_copy_between_two_questions_does_not_keep_the_order_of_parking(hall: House, folder: Path) -> None:
    assert order_p(offsets(hall, folder, tidied=True), PEOPLE) >= FALSE_ALARM


def test_the_same_reader_finds_the_order_in_a_box_that_is_not_laid_out_anew(hall: House, folder: Path) -> None:
    assert order_p(offsets(hall, folder, tidied=False), PEOPLE) < FALSE_ALARM


def test_the_tag_in_the_parking_lot_shares_nothing_with_any_other_of_the_phone(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    lot, run_id = lot_of(played), played.open()
    put(played, 0, lot, canary())
    put(played, 0, run_id, canary())
    rows_ = hall.boxes.box(played.live_id)._fetch("select tag from answer")
    assert len({tag for (tag,) in rows_}) == 2


# -- silence looks like speech (promise 12)


def test_saying_nothing_is_answered_like_parking_and_changes_nothing(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    lot = lot_of(played)
    box = hall.boxes.box(played.live_id)
    put(played, 0, lot, canary())
    before = box._fetch("select * from answer")
    for phone, revision in ((0, 1), (1, 0)):
        receipt = answers.cast(hall, played.live_id, played.secrets[phone], lot, 0, None)
        assert receipt.revision == revision
    assert box._fetch("select * from answer") == before
    assert box.answered(lot) == 1
    with pytest.raises(AnswerRefused):
        answers.cast(hall, played.live_id, played.secrets[1], lot, 0, {"text-0": ["a"]})


def test_one_size_fits_a_pass_one_thought_and_four_of_the_longest(hall: House) -> None:
    played = room(hall, DAY, PEOPLE)
    shown = played.seen()[0].lot
    widest = {f"text-{n}": ["\U0001f642" * shown.config.limit] for n in range(shown.config.cards)}
    widest |= {f"receipt-{n}": ["0" * 64] for n in range(shown.config.cards)}
    widest |= {f"quote-{n}": ["1"] for n in range(shown.config.cards)}
    whole = {"run": lot_of(played), "revision": 2**31, "fields": widest, "pad": ""}
    assert len(json.dumps(whole, ensure_ascii=False).encode()) <= shown.bucket + 256
    assert shown.bucket == 4096


# -- what the facilitator parks is staff text


def test_a_note_of_the_facilitators_may_not_carry_a_thought_out_of_the_room(hall: House) -> None:
    played = room(hall, DAY, PEOPLE, words_floor=5)
    lot = lot_of(played)
    words = [" ".join(canary() for _ in range(7)) for _ in range(PEOPLE)]
    for phone, word in enumerate(words):
        put(played, phone, lot, word)
    played.move("park", "Ask about the budget.")
    for _step in range(3):
        played.move("next")
    played.move("close")
    played.move("park", words[0])
    played.move("end")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        guide = live_sessions.guide_of(live)
        editions_ = [repr(freezes.preview(session, live, guide, name, hall.clock())) for name in ("manager", "team")]
    assert "Ask about the budget." in editions_[0]
    assert not [text for text in editions_ if words[0] in text]
