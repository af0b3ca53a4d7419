"""A live session from the lobby to its end: what is refused first, then what happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.promises.stagehands import Room, add_account, add_guide, canary, fields_for, guide_source, room
from workshop import anonymity, live_sessions, screens, seals
from workshop.ballots import BallotBoxes
from workshop.errors import Forbidden, NotFound, Stale, WorkshopError
from workshop.house import House
from workshop.models import ActivityRun, LiveSession, SessionRole

SORTS = ("text", "scale", "choice")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(hall: House, clock: Clock) -> House:
    """Return the house with a clock that the test moves."""
    return replace(hall, clock=clock)


@pytest.fixture
def lobby(hall: House) -> Room:
    return room(hall, SORTS, 0, lobby=True)


@pytest.fixture
def running(hall: House) -> Room:
    return room(hall, SORTS, 6)


def phase(played: Room) -> str:
    """Return what the phones are at: the session's phase, or the question's."""
    screen = played.seen()[0]
    return screen.activity.phase if screen.activity else screen.phase


# -- creating


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": "  "}, "title"),
        ({"leader": ""}, "leads"),
        ({"expected": 0}, "expect"),
        ({"expected": 10_001}, "expect"),
        ({"room_floor": 2}, "floor"),
        ({"words_floor": 4}, "floor"),
        ({"freeze_after_minutes": -1}, "72"),
        ({"freeze_after_minutes": 72 * 60 + 1}, "72"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_session_with_a_wrong_setting_is_not_made(hall: House, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(WorkshopError, match=said):
        room(hall, SORTS, 0, **wrong)
    with hall.database.transaction() as session:
        assert session.scalars(select(LiveSession)).all() == []


def test_a_guide_that_has_left_the_library_starts_no_session(hall: House) -> None:
    new = live_sessions.NewSession("gone", "T", "", "en", 5, "Lee", False)
    with pytest.raises(NotFound):
        live_sessions.create(hall, add_account(hall), new)


def test_a_session_keeps_its_guide_when_the_library_changes(hall: House, running: Room) -> None:
    from workshop.models import Guide

    with hall.database.transaction() as session:
        guide = session.scalars(select(Guide)).one()
        guide.source, guide.archived = guide_source(("cloud",)), True
    assert [item.kind for item in live_sessions.guide_of(running.live).activities] == ["open_text", "scale", "choice"]


def test_whoever_makes_a_session_runs_it(hall: House, lobby: Room) -> None:
    with hall.database.transaction() as session:
        roles = session.scalars(select(SessionRole)).all()
    assert [(role.live_id, role.role) for role in roles] == [(lobby.live_id, "run")]


def test_codes_have_six_signs_that_cannot_be_mistaken_and_differ(hall: House) -> None:
    codes = [room(hall, ("text",), 0, lobby=True).live.code or "" for _ in range(30)]
    assert len(set(codes)) == 30
    assert all(len(code) == 6 and set(code) <= set(anonymity.CODE_ALPHABET) for code in codes)
    assert len(anonymity.CODE_ALPHABET) == 30
    assert not set("ILO018") & set(anonymity.CODE_ALPHABET)


def test_a_code_that_is_taken_is_drawn_again(hall: House, lobby: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([lobby.live.code, lobby.live.code, "QQQQQQ"])
    monkeypatch.setattr(anonymity, "new_code", lambda: next(drawn))
    assert room(hall, ("text",), 0, lobby=True).live.code == "QQQQQQ"


# -- the door


def test_wrong_closed_and_ended_codes_get_the_same_words(hall: House) -> None:
    closed, ended, moved = (room(hall, ("text",), 0, lobby=True) for _ in range(3))
    codes = [played.live.code or "" for played in (closed, ended, moved)]
    tokens = [played.live.join_token for played in (closed, ended, moved)]
    closed.move("door", "closed")
    ended.move("end")
    said = set()
    for code in ["NOSUCH", "", "   ", *codes[:2]]:
        with hall.database.transaction() as session, pytest.raises(NotFound) as refused:
            live_sessions.find_by_code(session, code)
        said.add((refused.value.sentence, refused.value.code, refused.value.status))
    for token in ["none", *tokens[:2]]:
        with hall.database.transaction() as session, pytest.raises(NotFound) as refused:
            live_sessions.find_by_join_token(session, token)
        said.add((refused.value.sentence, refused.value.code, refused.value.status))
    assert len(said) == 1


@pytest.mark.parametrize("typed", ["ABC\x00DE", "\x00", "A" * 5000, "'; drop table live_sessions; --", "\ud800"])
def test_no_text_at_the_door_breaks_the_server(hall: House, typed: str) -> None:
    for find in (live_sessions.find_by_code, live_sessions.find_by_join_token):
        with pytest.raises(WorkshopError), hall.database.transaction() as session:
            find(session, typed)


@pytest.mark.parametrize("spelling", ["{}", " {} ", "{}\n", "lower", "dashed", "spaced"])
def test_a_code_is_found_however_it_is_typed(hall: House, lobby: Room, spelling: str) -> None:
    code = lobby.live.code or ""
    typed = {"lower": code.lower(), "dashed": f"{code[:3]}-{code[3:]}", "spaced": f"{code[:3]} {code[3:]}"}.get(
        spelling, spelling.format(code)
    )
    with hall.database.transaction() as session:
        assert live_sessions.find_by_code(session, typed).id == lobby.live_id


def test_a_door_that_opens_again_keeps_the_qr_and_gets_a_new_code(hall: House, lobby: Room) -> None:
    before = lobby.live
    lobby.move("door", "closed")
    assert lobby.live.code is None
    assert screens_of(lobby).code == ""
    lobby.move("door", "open")
    assert lobby.live.join_token == before.join_token
    assert lobby.live.code is not None
    lobby.join(1)
    assert lobby.live.joined == 1


def screens_of(played: Room) -> screens.StageScreen:
    """Return what the stage shows now."""
    screen = played.seen()[1]
    assert isinstance(screen, screens.StageScreen)
    return screen


def test_a_full_room_turns_the_next_one_away_and_keeps_those_inside(hall: House) -> None:
    small = replace(hall, settings=replace(hall.settings, max_phones=3))
    played = room(small, ("text",), 3)
    with pytest.raises(WorkshopError, match="full") as refused:
        played.join(1)
    assert refused.value.status == 503
    assert live_sessions.join(small, played.live_id, played.seats[0]) == played.seats[0]
    assert played.live.joined == 3


def test_the_last_seats_are_not_given_twice(hall: House) -> None:
    small = replace(hall, settings=replace(hall.settings, max_phones=5))
    played = room(small, ("text",), 0, lobby=True)
    refused = at_once([lambda: live_sessions.join(small, played.live_id, None) for _ in range(12)])
    assert sum(isinstance(error, WorkshopError) for error in refused) == 7
    assert played.live.joined == 5


def at_once(works: list[Callable[[], object]]) -> list[BaseException | None]:
    """Do all of it in threads that start together; return what each raised."""
    errors: list[BaseException | None] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(index: int) -> None:
        barrier.wait()
        try:
            works[index]()
        except (WorkshopError, OperationalError) as error:
            errors[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


# -- moving on


@pytest.mark.parametrize("role", ["watch", "moderate", "", "admin", "phone"])
def test_only_who_runs_a_session_can_move_it(hall: House, running: Room, role: str) -> None:
    before = running.live.version
    for command in sorted(live_sessions._MOVES):
        with pytest.raises(Forbidden):
            live_sessions.move(hall, role, running.live_id, command, "", before)
        assert running.live.version == before, command


def test_a_press_on_an_old_screen_changes_nothing(hall: House, running: Room) -> None:
    version = running.live.version
    running.move("next")
    for command in ("next", "open", "close", "end", "back", "blank", "timer_start", "door"):
        with pytest.raises(Stale):
            live_sessions.move(hall, "run", running.live_id, command, "60", version)
    assert running.live.at == "q1"
    assert hall.boxes.box(running.live_id).gates() == {}


def test_a_press_from_the_future_changes_nothing(hall: House, running: Room) -> None:
    with pytest.raises(Stale):
        live_sessions.move(hall, "run", running.live_id, "next", "", running.live.version + 1)


@pytest.mark.parametrize("command", ["next", "open"])
def test_of_many_who_press_at_once_one_wins(hall: House, running: Room, command: str) -> None:
    version = running.live.version
    errors = at_once([lambda: live_sessions.move(hall, "run", running.live_id, command, "", version) for _ in range(8)])
    assert errors.count(None) == 1
    assert all(isinstance(error, Stale) for error in errors if error is not None)
    assert running.live.version == version + 1
    if command == "next":
        assert running.live.at == "q1", "no step is skipped"
    else:
        assert list(hall.boxes.box(running.live_id).gates().values()) == [True], "one gate, that of the winner"


def test_next_and_close_at_once_leave_one_whole_state(hall: House, running: Room) -> None:
    run_id = running.open()
    for phone in range(6):
        running.send(phone, run_id, fields_for("text"))
    version = running.live.version
    errors = at_once(
        [
            lambda: live_sessions.move(hall, "run", running.live_id, "next", "", version),
            lambda: live_sessions.move(hall, "run", running.live_id, "close", "", version),
        ]
    )
    assert isinstance(errors[0], WorkshopError), "an open question cannot be left"
    assert errors[1] is None
    assert (running.live.at, phase(running)) == ("q0", "released")


def test_two_who_close_at_once_release_once(hall: House, running: Room) -> None:
    run_id = running.open()
    for phone in range(6):
        running.send(phone, run_id, fields_for("text"))
    version = running.live.version
    errors = at_once([lambda: live_sessions.move(hall, "run", running.live_id, "close", "", version) for _ in range(4)])
    assert errors.count(None) == 1
    assert len(running.cards()) == 6


def test_an_unknown_move_is_refused(running: Room) -> None:
    with pytest.raises(WorkshopError, match="no such move"):
        running.move("teleport")


@pytest.mark.parametrize("command", ["next", "back", "jump", "end"])
def test_an_open_question_cannot_be_left(running: Room, command: str) -> None:
    running.move("next")
    running.open()
    with pytest.raises(WorkshopError, match="still open"):
        running.move(command, "q2")
    assert (running.live.at, running.live.phase, phase(running)) == ("q1", "running", "open")


def test_a_question_is_asked_once_and_never_opened_again(hall: House, running: Room) -> None:
    running.ask([(phone, fields_for("text")) for phone in range(6)])
    with pytest.raises(WorkshopError, match="stays closed"):
        running.move("open")
    running.move("next")
    running.move("back")
    with pytest.raises(WorkshopError, match="stays closed"):
        running.move("open")
    assert phase(running) == "released"
    assert hall.boxes.box(running.live_id).gates() == {}, "a refused opening leaves no gate"


def test_nothing_can_be_closed_that_is_not_open(running: Room) -> None:
    with pytest.raises(WorkshopError, match="No question is open"):
        running.move("close")
    running.ask([])
    with pytest.raises(WorkshopError, match="No question is open"):
        running.move("close")


def test_the_ends_of_the_guide_hold(running: Room) -> None:
    with pytest.raises(WorkshopError, match="first"):
        running.move("back")
    running.move("jump", "q2")
    with pytest.raises(WorkshopError, match="last"):
        running.move("next")
    with pytest.raises(WorkshopError, match="no such place"):
        running.move("jump", "q9")
    assert running.live.at == "q2"


@pytest.mark.parametrize("command", ["open", "next", "back", "jump", "timer_start", "timer_add", "close"])
def test_a_lobby_has_nothing_to_move_in(lobby: Room, command: str) -> None:
    with pytest.raises(WorkshopError):
        lobby.move(command, "60")
    assert (lobby.live.phase, lobby.live.version) == ("lobby", 1)


def test_a_session_starts_once(running: Room) -> None:
    with pytest.raises(WorkshopError, match="started already"):
        running.move("start")


@pytest.mark.parametrize("command", ["start", "open", "next", "end", "door", "timer_start", "jump", "close"])
def test_after_the_end_nothing_moves(running: Room, command: str) -> None:
    running.move("end")
    with pytest.raises(WorkshopError):
        running.move(command, "open")
    assert running.live.phase == "ended"


def test_an_ended_session_lets_nobody_in_and_leaves_no_box(hall: House, running: Room) -> None:
    token = running.live.join_token
    running.ask([(phone, fields_for("text")) for phone in range(6)])
    running.move("end")
    with hall.database.transaction() as session, pytest.raises(NotFound):
        live_sessions.find_by_join_token(session, token)
    assert running.live.code is None
    assert list(hall.boxes.folder.iterdir()) == []


def test_info_asks_nothing_and_cannot_be_opened(hall: House) -> None:
    source = guide_source(("text",)).replace("kind: open_text", "kind: info")
    new = live_sessions.NewSession(add_guide(hall, source), "T", "", "en", 5, "Lee", False)
    played = Room(hall, live_sessions.create(hall, add_account(hall), new), ("text",))
    played.move("start")
    with pytest.raises(WorkshopError, match="nothing to open"):
        played.move("open")


def test_a_session_goes_through_its_guide(running: Room) -> None:
    for index, sort in enumerate(SORTS):
        if index:
            running.move("next")
        assert phase(running) == "waiting"
        running.ask([(phone, fields_for(sort)) for phone in range(6)])
        assert phase(running) == "released"
    running.move("end")
    assert phase(running) == "ended"


def test_a_jump_skips_and_comes_back(running: Room) -> None:
    running.move("jump", "q2")
    running.ask([(phone, fields_for("choice")) for phone in range(6)])
    running.move("jump", "q0")
    assert phase(running) == "waiting"
    running.move("jump", "q2")
    assert phase(running) == "released"


# -- floors


def test_a_question_closed_below_the_floor_shows_nothing_ever(running: Room) -> None:
    running.ask([(phone, fields_for("text")) for phone in range(4)])
    assert phase(running) == "too_few"
    running.move("next")
    running.move("back")
    assert (phase(running), running.cards()) == ("too_few", [])


def test_the_one_who_runs_it_is_asked_before_closing_below_the_floor(running: Room) -> None:
    run_id = running.open()
    for phone in range(4):
        running.send(phone, run_id, fields_for("text"))
    console = running.seen()[2]
    assert "4 of the 5 needed" in console.hint
    assert console.primary.command == "close"
    assert console.primary.ask
    running.send(4, run_id, fields_for("text"))
    assert (running.seen()[2].hint, running.seen()[2].primary.ask) == ("", "")


def test_other_floors_move_the_code_and_the_stage_over_and_ask_again(hall: House, lobby: Room) -> None:
    lobby.join(3)
    before = lobby.live
    fresh = Room(hall, live_sessions.restart_with_floors(hall, add_account(hall), lobby.live_id, 3, 6), SORTS)
    now, old = fresh.live, lobby.live
    assert (now.code, now.join_token, now.stage_token) == (before.code, before.join_token, before.stage_token)
    assert (old.phase, old.code, old.stage_token, old.moved_to) == ("moved", None, None, now.id)
    assert (now.phase, now.joined, now.room_floor, now.words_floor) == ("lobby", 0, 3, 6)
    assert lobby.seen()[0].moved_url == f"/j/{now.join_token}"
    assert lobby.seen()[2].moved_url == f"/staff/sessions/{now.id}/"
    with hall.database.transaction() as session:
        roles = {(role.live_id, role.role) for role in session.scalars(select(SessionRole))}
    assert roles == {(old.id, "run"), (now.id, "run")}
    with pytest.raises(WorkshopError):
        lobby.move("start")


def test_a_lobby_that_has_moved_does_not_move_twice(hall: House, lobby: Room) -> None:
    account = add_account(hall)
    live_sessions.restart_with_floors(hall, account, lobby.live_id, 3, 5)
    with pytest.raises(WorkshopError):
        live_sessions.restart_with_floors(hall, account, lobby.live_id, 4, 5)
    with hall.database.transaction() as session:
        assert len(session.scalars(select(LiveSession)).all()) == 2


def test_a_restart_with_floors_that_are_too_low_leaves_the_lobby_as_it_was(hall: House, lobby: Room) -> None:
    with pytest.raises(WorkshopError, match="floor"):
        live_sessions.restart_with_floors(hall, add_account(hall), lobby.live_id, 2, 5)
    assert (lobby.live.phase, lobby.live.version) == ("lobby", 1)


def test_starting_and_restarting_at_once_leave_one_of_both(hall: House, lobby: Room) -> None:
    account = add_account(hall)
    errors = at_once(
        [
            lambda: live_sessions.move(hall, "run", lobby.live_id, "start", "", 1),
            lambda: live_sessions.restart_with_floors(hall, account, lobby.live_id, 3, 5),
        ]
    )
    assert errors.count(None) == 1
    assert lobby.live.phase == ("running" if errors[0] is None else "moved")


# -- the rehearsal


def test_a_rehearsal_shows_made_up_examples_and_never_what_phones_sent(hall: House, lobby: Room) -> None:
    copy = live_sessions.rehearse(hall, add_account(hall), lobby.live_id)
    played = Room(hall, copy, SORTS)
    played.join(8)
    played.move("start")
    words = [canary() for _ in range(8)]
    played.ask([(phone, fields_for("text", word)) for phone, word in enumerate(words)])
    shown = played.seen()[0].activity
    assert shown.made_up
    assert len(shown.cards) >= 12
    assert not [word for word in words if word in repr(played.seen())]
    with hall.database.engine.connect() as connection:
        stored = repr(connection.exec_driver_sql("select * from cards").all())
    assert not [word for word in words if word in stored]


def test_a_rehearsal_of_nobody_shows_the_examples_too(hall: House, lobby: Room) -> None:
    played = Room(hall, live_sessions.rehearse(hall, add_account(hall), lobby.live_id), SORTS)
    played.move("start")
    played.ask([])
    assert phase(played) == "released"
    assert played.seen()[0].activity.made_up


def test_a_rehearsal_leaves_the_session_itself_alone(hall: House, lobby: Room) -> None:
    before = (lobby.live.code, lobby.live.version, lobby.live.joined)
    copy = live_sessions.rehearse(hall, add_account(hall), lobby.live_id)
    assert (lobby.live.code, lobby.live.version, lobby.live.joined) == before
    assert Room(hall, copy, SORTS).live.code != lobby.live.code


# -- timers


def test_a_timer_runs_is_paused_goes_on_and_is_reset(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 0)

    def left() -> int | None:
        return live_sessions.timer_left(played.live, clock())

    played.move("timer_start", "120")
    assert left() == 120
    clock.move(50)
    assert left() == 70
    played.move("timer_add", "60")
    assert left() == 130
    played.move("timer_pause")
    clock.move(500)
    assert left() == 130
    played.move("timer_add", "60")
    assert left() == 190
    played.move("timer_resume")
    clock.move(200)
    assert left() == 0
    played.move("timer_add", "30")
    assert left() == 30
    played.move("timer_reset")
    assert left() is None


def test_more_time_without_a_timer_starts_one(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 0)
    played.move("timer_add", "60")
    assert live_sessions.timer_left(played.live, clock()) == 60


@pytest.mark.parametrize("argument", ["0", "-5", "x", "", "1.5", "28801", "9" * 30])
def test_a_timer_of_no_sensible_length_is_refused(running: Room, argument: str) -> None:
    for command in ("timer_start", "timer_add"):
        with pytest.raises(WorkshopError, match="time"):
            running.move(command, argument)
    assert running.live.timer_ends_at is None


@pytest.mark.parametrize("command", ["timer_pause", "timer_resume"])
def test_no_timer_can_be_paused_that_does_not_run(running: Room, command: str) -> None:
    with pytest.raises(WorkshopError, match="timer"):
        running.move(command)


def test_a_timer_never_grows_past_its_longest(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 0)
    played.move("timer_start", str(8 * 3600))
    played.move("timer_add", "300")
    assert live_sessions.timer_left(played.live, clock()) == 8 * 3600
    assert played.live.timer_total == 8 * 3600


@pytest.mark.parametrize("command", ["next", "close"])
def test_moving_on_takes_the_timer_along(timed: House, command: str) -> None:
    played = room(timed, SORTS, 0)
    if command == "close":
        played.open()
    played.move("timer_start", "60")
    played.move("timer_closes", "on")
    played.move(command)
    live = played.live
    assert (live.timer_ends_at, live.timer_left, live.timer_total, live.timer_closes) == (None, None, None, False)


def test_a_timer_that_closes_gives_ten_seconds_of_grace(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 6)
    run_id = played.open()
    played.move("timer_start", "60")
    played.move("timer_closes", "on")
    for phone in range(5):
        played.send(phone, run_id, fields_for("text"))
    clock.move(60 + seals.GRACE_SECONDS - 1)
    seals.tick(timed)
    assert phase(played) == "open"
    played.send(5, run_id, fields_for("text"))
    clock.move(1)
    seals.tick(timed)
    assert phase(played) == "released"
    assert len(played.cards()) == 6
    with pytest.raises(WorkshopError, match="closed"):
        played.send(5, run_id, fields_for("text"), revision=2)


def test_a_timer_that_does_not_close_closes_nothing(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 6)
    played.open()
    played.move("timer_start", "60")
    clock.move(3600)
    seals.tick(timed)
    assert phase(played) == "open"


def test_a_paused_timer_closes_nothing(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 6)
    played.open()
    played.move("timer_start", "60")
    played.move("timer_closes", "on")
    played.move("timer_pause")
    clock.move(3600)
    seals.tick(timed)
    assert phase(played) == "open"


def test_a_timer_that_ends_while_nothing_is_open_changes_nothing(timed: House, clock: Clock) -> None:
    played = room(timed, SORTS, 6)
    played.move("timer_start", "60")
    played.move("timer_closes", "on")
    clock.move(3600)
    seals.tick(timed)
    assert phase(played) == "waiting"


# -- what happens by itself


def test_one_broken_box_does_not_keep_the_others_waiting(
    timed: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [room(timed, SORTS, 6) for _ in range(3)]
    for played in rooms:
        run_id = played.open()
        for phone in range(6):
            played.send(phone, run_id, fields_for("text"))
        played.move("timer_start", "10")
        played.move("timer_closes", "on")
    clock.move(60)
    whole = BallotBoxes.box

    def one_is_broken(boxes: BallotBoxes, live_id: str) -> object:
        if live_id == rooms[0].live_id:
            raise OSError("disk")
        return whole(boxes, live_id)

    with monkeypatch.context() as patch:
        patch.setattr(BallotBoxes, "box", one_is_broken)
        seals.tick(timed)
    assert [phase(played) for played in rooms] == ["closing", "released", "released"]
    seals.tick(timed)
    assert [phase(played) for played in rooms] == ["released"] * 3
    assert all(len(played.cards()) == 6 for played in rooms)


def test_a_lost_box_gets_its_gate_back_and_takes_the_answers_again(hall: House, running: Room) -> None:
    run_id = running.open()
    for phone in range(6):
        running.send(phone, run_id, fields_for("text", f"answer {phone}"), revision=3)
    hall.boxes.discard(running.live_id)
    seals.recover(hall)
    for phone in range(6):
        running.send(phone, run_id, fields_for("text", f"answer {phone}"), revision=3)
    running.move("close")
    assert sorted(text for _id, text in running.cards()) == [f"answer {phone}" for phone in range(6)]


def test_a_restart_in_the_middle_of_a_question_changes_nothing(hall: House, running: Room) -> None:
    run_id = running.open()
    for phone in range(6):
        running.send(phone, run_id, fields_for("text", f"answer {phone}"))
    before = running.seen()
    hall.boxes.close()
    seals.recover(hall)
    assert running.seen() == before
    running.send(0, run_id, fields_for("text", "changed"), revision=2)
    running.move("close")
    assert len(running.cards()) == 6


def test_a_published_pool_that_could_not_be_cut_loose_is_at_the_next_tick(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from workshop.ballots import BallotBox

    played = room(hall, ("rolling-cloud",), 15)
    run_id = played.open()
    words = [canary() for _ in range(15)]
    for phone, word in enumerate(words):
        played.send(phone, run_id, fields_for("rolling-cloud", word))

    def busy(_box: BallotBox, _run: str, _batch: int) -> None:
        raise sqlite3.OperationalError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(BallotBox, "settle", busy)
        seals.roll(hall)
    first = {word for word, _size in played.seen()[0].activity.result.words}
    seals.roll(hall)
    second = {word for word, _size in played.seen()[0].activity.result.words}
    assert (len(first), len(second)) == (5, 10)
    assert first < second, "what was out stays out"
    assert len(hall.boxes.box(played.live_id).loose(run_id)) == 10


def test_the_stage_link_can_be_revoked_and_made_anew(lobby: Room) -> None:
    old = lobby.live.stage_token
    lobby.move("stage_link", "revoke")
    assert lobby.live.stage_token is None
    assert lobby.seen()[2].stage_url == ""
    lobby.move("stage_link", "new")
    assert lobby.live.stage_token not in (None, old)
    assert len(lobby.live.stage_token or "") == 22, "128 random bits"


def test_the_stage_shows_the_code_and_the_link_only_while_the_door_is_open(lobby: Room) -> None:
    shown = screens_of(lobby)
    assert shown.code == lobby.live.code
    assert shown.join_url.endswith(f"/j/{lobby.live.join_token}")
    assert len(lobby.live.join_token) == 22
    lobby.move("door", "closed")
    shown = screens_of(lobby)
    assert (shown.code, shown.join_url, shown.door_open) == ("", "", False)


def test_a_blank_stage_lights_up_with_the_next_move(running: Room) -> None:
    running.move("blank", "on")
    assert screens_of(running).blank
    running.move("open")
    assert not screens_of(running).blank


def test_every_state_of_a_run_only_moves_forward(hall: House, running: Room) -> None:
    run_id = running.ask([(phone, fields_for("text")) for phone in range(6)])
    before = running.cards()
    assert seals.seal(hall, running.live_id, run_id)
    seals.tick(hall)
    seals.roll(hall)
    seals.recover(hall)
    with hall.database.transaction() as session:
        run = session.get(ActivityRun, run_id)
        assert run is not None
        assert run.state == "released"
    assert running.cards() == before
