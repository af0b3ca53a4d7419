"""What is kept in memory while a session stays as it is: found there by a whole room, forgotten with each change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event

import pytest
from flask import Flask

from tests.conftest import make_account
from tests.small_guide import go, look_up, make_session
from workshop import answers, live_sessions
from workshop.at_hand import AtHand
from workshop.errors import AnswerRefused
from workshop.house import House


@pytest.fixture
def live_id(house: House) -> str:
    """Return a session that is at its first question."""
    live = make_session(house, make_account(house))
    go(house, live, "start")
    go(house, live, "jump", "stuck")
    return live


def run_of(house: House, live: str) -> str:
    with house.database.transaction() as session:
        run = live_sessions.run_of(session, live_sessions.get(session, live), "stuck")
        assert run is not None
        return run.id


def test_a_change_forgets_what_was_asked_and_the_push_looks_it_up_again(app: Flask, house: House, live_id: str) -> None:
    go(house, live_id, "open")
    run = run_of(house, live_id)
    assert house.at_hand.look(live_id, run) is None
    app.extensions["realtime"].coalescer.flush()
    assert house.at_hand.look(live_id, run)[0].id == "stuck"
    go(house, live_id, "close")
    app.extensions["realtime"].coalescer.flush()
    assert house.at_hand.look(live_id, run) is None


def test_somebody_who_joins_forgets_nothing_and_is_counted_on_the_next_screen(
    app: Flask, house: House, live_id: str
) -> None:
    coalescer = app.extensions["realtime"].coalescer
    go(house, live_id, "open")
    coalescer.flush()
    told: list[str] = []
    house.database.on_notice(told.append)
    live_sessions.join(house, live_id, None)
    assert house.at_hand.look(live_id, run_of(house, live_id)) is not None
    assert told == [live_id]
    assert look_up(house, live_id).joined == 1


def test_the_languages_of_a_session_are_read_anew_after_a_change(app: Flask, house: House, live_id: str) -> None:
    registry = app.extensions["realtime"].registry
    assert registry._spoken_in(live_id)[0] == "en"
    assert house.at_hand.look(live_id, "spoken")
    go(house, live_id, "blank", "on")
    assert house.at_hand.look(live_id, "spoken") is None
    assert registry._spoken_in("x" * 22) == ()


def test_a_room_that_asks_for_the_same_at_once_reads_it_once() -> None:
    at_hand, reads, two_read = AtHand(), [], Barrier(2)

    def read() -> str:
        reads.append(1)
        with suppress(BrokenBarrierError):
            two_read.wait(0.5)  # time enough for all the others to come as far as this
        return "asked"

    with ThreadPoolExecutor(8) as room:
        assert list(room.map(lambda _phone: at_hand.get("live", "run", read), range(8))) == ["asked"] * 8
    assert len(reads) == 1


def test_who_asks_after_a_change_does_not_wait_for_what_was_read_before() -> None:
    at_hand, begun, changed = AtHand(), Event(), Event()

    def read() -> str:
        begun.set()
        assert changed.wait(20)
        return "before"

    with ThreadPoolExecutor(1) as room:
        early = room.submit(at_hand.get, "live", "run", read)
        assert begun.wait(20)
        assert at_hand.get("live", "spoken", lambda: "en") == "en"  # nor does who asks for something else
        at_hand.forget("live")
        assert at_hand.get("live", "run", lambda: "after") == "after"
        changed.set()
        assert early.result(20) == "before"
    assert at_hand.look("live", "run") == "after"


def test_what_cannot_be_read_is_not_kept_and_the_next_one_tries_again() -> None:
    at_hand = AtHand()
    with pytest.raises(ZeroDivisionError):
        at_hand.get("live", "run", lambda: 1 // 0)
    assert at_hand.get("live", "run", lambda: 1) == 1


@pytest.mark.parametrize(("sign", "most"), [("a", 16_000), ("é", 8_000), ("\0", 2_700)])
def test_an_answer_is_measured_in_bytes_as_it_is_written(sign: str, most: int) -> None:
    assert answers.checked_fields({"text-0": [sign * most]})
    with pytest.raises(AnswerRefused):
        answers.checked_fields({"text-0": [sign * (most + most // 10)]})
