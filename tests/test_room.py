"""Running the room: eyes up, breaks with a time, the plan clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.pages import csrf_token
from tests.small_guide import ask, go, look_up, make_session
from workshop import fragments, live_sessions, screens
from workshop.db import Base
from workshop.errors import Stale, WorkshopError
from workshop.house import House
from workshop.models import Account
from workshop.signals import Signals


@dataclass
class Clock:
    """A clock that stands until it is told to move."""

    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the moment it stands at."""
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        """Move on."""
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(house: House, clock: Clock) -> House:
    return replace(house, clock=clock)


@pytest.fixture
def live_id(timed: House, facilitator: Account) -> str:
    """Return a running session whose first question is open."""
    made = make_session(timed, facilitator)
    ask(timed, made, "stuck")
    return made


def console(house: House, live_id: str, role: str = "run") -> screens.ConsoleScreen:
    with house.database.transaction() as session:
        return screens.console(session, live_sessions.get(session, live_id), role, house)


def phone(house: House, live_id: str) -> screens.PhoneScreen:
    with house.database.transaction() as session:
        return screens.phone(session, live_sessions.get(session, live_id), house)


def test_eyes_up_covers_phones_and_leaves_stage_and_place_alone(timed: House, live_id: str) -> None:
    before = phone(timed, live_id)
    stage = console(timed, live_id).stage
    go(timed, live_id, "eyes_up", "on")
    covered = phone(timed, live_id)
    assert covered.eyes_up and covered.key == before.key and covered.activity == before.activity
    assert console(timed, live_id).stage == stage
    go(timed, live_id, "eyes_up", "off")
    assert phone(timed, live_id) == before


def test_a_break_says_when_it_ends_holds_the_timer_and_makes_nobody_late(
    timed: House, live_id: str, clock: Clock
) -> None:
    go(timed, live_id, "timer_start", "300")
    go(timed, live_id, "timer_closes", "on")
    before = phone(timed, live_id)
    start = clock()
    clock.pass_minutes(2)
    go(timed, live_id, "break_start", "15")
    rest = phone(timed, live_id)
    assert rest.pause == screens.BreakScreen(screens.local_clock(clock() + timedelta(minutes=15)), 900)
    assert rest.key == before.key and rest.activity == before.activity
    assert rest.timer is not None and (rest.timer.left, rest.timer.running) == (180, False)
    shown = console(timed, live_id)
    assert shown.stage.pause == rest.pause
    assert shown.primary is not None and shown.primary.command == "break_end"
    assert shown.behind_minutes == 0
    for command, argument in (("close", ""), ("jump", "hello"), ("timer_add", "60"), ("break_start", "5")):
        with pytest.raises(WorkshopError, match="break"):
            go(timed, live_id, command, argument)
    clock.pass_minutes(20)  # five minutes longer than said
    assert console(timed, live_id).stage.pause == screens.BreakScreen(rest.pause.back, 0)
    go(timed, live_id, "break_end")
    after = phone(timed, live_id)
    assert after.pause is None and after.timer == screens.TimerScreen(180, 300, True, True)
    shown = console(timed, live_id)
    assert shown.behind_minutes == 0
    assert shown.ends == screens.local_clock(start + timedelta(minutes=20 + 20))  # the plan and the break
    go(timed, live_id, "close")
    assert phone(timed, live_id).activity.phase == "too_few"  # type: ignore[union-attr]


def test_a_timer_that_was_stopped_before_the_break_stays_stopped(timed: House, live_id: str) -> None:
    go(timed, live_id, "timer_start", "300")
    go(timed, live_id, "timer_pause")
    go(timed, live_id, "break_start", "5")
    go(timed, live_id, "break_end")
    assert phone(timed, live_id).timer == screens.TimerScreen(300, 300, False, False)


@pytest.mark.parametrize("minutes", ["", "0", "-5", "x", "241", "9" * 40])
def test_a_break_of_no_sensible_length_is_refused(timed: House, live_id: str, minutes: str) -> None:
    with pytest.raises(WorkshopError, match="break"):
        go(timed, live_id, "break_start", minutes)


def test_of_two_who_press_at_once_one_is_shown_the_new_state(timed: House, live_id: str) -> None:
    version = look_up(timed, live_id).version
    live_sessions.move(timed, "run", live_id, "break_start", "5", version)
    for command in ("eyes_up", "break_end", "break_start"):
        with pytest.raises(Stale):
            live_sessions.move(timed, "run", live_id, command, "10", version)


def test_the_end_ends_the_break(timed: House, live_id: str) -> None:
    go(timed, live_id, "close")
    go(timed, live_id, "break_start", "5")
    go(timed, live_id, "end")
    live = look_up(timed, live_id)
    assert (live.break_until, live.break_started_at, live.eyes_up) == (None, None, False)
    assert phone(timed, live_id).pause is None


def test_the_plan_clock_says_the_new_end_and_what_to_skip(timed: House, live_id: str, clock: Clock) -> None:
    """Twenty minutes are planned; the first step has ten of them."""
    start = clock()
    clock.pass_minutes(14)
    shown = console(timed, live_id)
    assert (shown.behind_minutes, shown.shorten) == (4, "")
    clock.pass_minutes(4)
    shown = console(timed, live_id)
    assert shown.behind_minutes == 8
    assert shown.ends == screens.local_clock(start + timedelta(minutes=28))
    # The question to the manager is never offered, and nothing that has been asked.
    assert "“One word for today” in Say it" in shown.shorten
    assert "“How much energy do you have?” in Look at your work" in shown.shorten
    assert "manager" not in shown.shorten


def test_a_watcher_sees_the_break_and_no_button(timed: House, live_id: str, app: Flask) -> None:
    go(timed, live_id, "break_start", "5")
    with app.test_request_context():
        html = fragments.console(console(timed, live_id, "watch"))
    assert "Break. Back at" in html
    assert 'value="break' not in html


def test_a_word_reaches_the_one_who_leads_late_and_leaves_no_trace(
    timed: House, live_id: str, app: Flask, client: FlaskClient
) -> None:
    seconds = [0.0]
    house = replace(
        timed,
        signals=Signals(lambda: seconds[0]),
        settings=replace(timed.settings, support_contacts="Ombuds office, room 4"),
    )
    app.extensions["house"] = house
    live = look_up(house, live_id)
    client.post(
        f"/j/{live.join_token}",
        data={"csrf_token": csrf_token(client.get(f"/j/{live.join_token}").get_data(as_text=True))},
    )
    go(house, live_id, "where_found", "  the  small kitchen ")
    before = stored(house)
    page = client.get(f"/s/{live_id}/word").get_data(as_text=True)
    answer = client.post(f"/s/{live_id}/word", data={"csrf_token": csrf_token(page), "what": "word"})
    note = answer.get_data(as_text=True)
    assert "the small kitchen" in note and "Ombuds office, room 4" in note and "Maria Lind" in note
    assert stored(house) == before
    assert not console(house, live_id).word
    seconds[0] = 120.0
    assert console(house, live_id).word
    assert not console(house, live_id, "watch").word
    with app.test_request_context():
        assert "Somebody would like a word" in fragments.console(console(house, live_id))
    go(house, live_id, "heard")
    assert not console(house, live_id).word
    wrong = client.post(f"/s/{live_id}/word", data={"csrf_token": csrf_token(page), "what": "nonsense"})
    assert wrong.status_code == 400
    assert client.post(f"/s/{live_id}/word", data={"csrf_token": csrf_token(page)}).status_code in (200, 400)


def stored(house: House) -> str:
    """Return all rows of the main database."""
    with house.database.engine.connect() as connection:
        return repr([connection.execute(table.select()).all() for table in Base.metadata.sorted_tables])
