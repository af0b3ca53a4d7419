"""Rehearsals: simulated phones that move as a room does, marked everywhere, and nothing of it kept."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.conftest import SERVER, CheckedClient, make_account, post, signed_in
from tests.promises.stagehands import Room, add_account, canary, fields_for, files_below, room
from tests.small_guide import look_up, make_session
from workshop import actions, cli, freezes, live_sessions, rehearsals, simulated_phones
from workshop.db import Base
from workshop.errors import WorkshopError
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, LiveSession


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def rehearsing(hall: House, sorts: list[str], phones: int) -> tuple[Room, simulated_phones.SimulatedPhones, Clock]:
    clock = Clock()
    timed = dataclasses.replace(hall, clock=clock)
    planned = room(timed, sorts, 0, lobby=True)
    copy = live_sessions.rehearse(timed, add_account(timed), planned.live_id, phones)
    return Room(timed, copy, tuple(sorts)), simulated_phones.SimulatedPhones(timed), clock


def wait(people: simulated_phones.SimulatedPhones, clock: Clock, seconds: int, step: int = 5) -> None:
    for _round in range(seconds // step):
        people.tick()
        clock.now += timedelta(seconds=step)
    people.tick()


def test_phones_come_in_one_after_the_other_and_answer_in_their_own_time(hall: House) -> None:
    played, people, clock = rehearsing(hall, ["choice"], 12)
    people.tick()
    early = played.live.joined
    wait(people, clock, 30)
    assert 1 <= early < played.live.joined == 12
    played.move("start")
    run_id = played.open()
    box, counts = hall.boxes.box(played.live_id), []
    for _second in range(100):
        people.tick()
        counts.append(box.answered(run_id))
        clock.now += timedelta(seconds=1)
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert len(set(counts)) > 4
    assert counts[-1] == 11, "one does not answer"
    played.move("close")
    assert played.seen()[0].activity.made_up
    assert played.seen()[0].activity.phase == "released"


def test_a_close_that_comes_too_early_shows_too_few_here_too(hall: House) -> None:
    played, people, clock = rehearsing(hall, ["choice"], 8)
    wait(people, clock, 30)
    played.move("start")
    played.open()
    people.tick()
    played.move("close")
    assert played.seen()[0].activity.phase == "too_few"


@pytest.mark.parametrize("phones", [5, 30])
def test_the_result_is_made_up_whatever_real_phones_send(hall: House, folder: Path, phones: int) -> None:
    played, people, clock = rehearsing(hall, ["text"], phones)
    wait(people, clock, 30)
    played.join(1)
    played.move("start")
    run_id, mine = played.open(), canary()
    played.send(0, run_id, fields_for("text", mine, quotable=True))
    wait(people, clock, 120, 20)
    played.move("close")
    cards = [text for _id, text in played.cards()]
    assert cards and mine not in cards
    assert len(cards) == len(set(cards)), "nobody writes the very words of another"
    assert mine.encode() not in b"".join(files_below(folder).values())


def test_a_server_that_starts_again_sends_nothing_twice(hall: House) -> None:
    played, people, clock = rehearsing(hall, ["scale"], 12)
    wait(people, clock, 30)
    played.move("start")
    run_id = played.open()
    wait(people, clock, 100, 10)
    box = hall.boxes.box(played.live_id)
    before = (played.live.joined, box.answered(run_id), sorted(box.read(run_id)))
    wait(simulated_phones.SimulatedPhones(played.house), clock, 130, 10)
    assert (played.live.joined, box.answered(run_id), sorted(box.read(run_id))) == before


def test_phones_rest_in_a_break_and_at_a_closed_door(hall: House) -> None:
    played, people, clock = rehearsing(hall, ["scale"], 12)
    played.move("door", "closed")
    wait(people, clock, 30)
    assert played.live.joined == 0
    played.move("door", "open")
    wait(people, clock, 30)
    played.move("start")
    run_id = played.open()
    played.move("eyes_up", "on")
    wait(people, clock, 60)
    assert hall.boxes.box(played.live_id).answered(run_id) == 0


def test_no_simulated_phone_touches_a_real_session(hall: House) -> None:
    played = room(hall, ["scale"], 2, simulated=12)
    assert played.live.simulated == 0
    with hall.database.transaction() as session:
        live_sessions.get(session, played.live_id).simulated = 12
    run_id = played.open()
    people = simulated_phones.SimulatedPhones(hall)
    people.tick()
    assert played.live.joined == 2
    assert hall.boxes.box(played.live_id).answered(run_id) == 0


@pytest.mark.skipif(bool(SERVER), reason="the files that are searched are a SQLite database's")
def test_its_end_deletes_everything_and_the_page_goes_within_the_hour(hall: House, folder: Path) -> None:
    played, people, clock = rehearsing(hall, ["text", "choice"], 12)
    with hall.database.transaction() as session:
        other = session.scalar(select(func.count()).select_from(LiveSession))
    wait(people, clock, 30)
    played.move("start")
    played.open()
    wait(people, clock, 100, 20)
    played.move("close")
    word = played.cards()[0][1]
    assert word.encode() in b"".join(files_below(folder).values())
    played.move("end")
    assert word.encode() not in b"".join(files_below(folder).values())
    assert not (folder / "ballots" / f"{played.live_id}.sqlite").exists()
    assert played.seen()[0].phase == "ended"
    assert rehearsals.sweep(played.house) == 0
    clock.now += rehearsals.OVER
    assert rehearsals.sweep(played.house) == 1
    with hall.database.transaction() as session:
        assert session.get(LiveSession, played.live_id) is None
        assert session.scalar(select(func.count()).select_from(LiveSession)) == (other or 0) - 1
        left = [
            table.name
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table))
            if played.live_id in map(str, row)
        ]
    assert left == []


def test_one_that_was_forgotten_goes_after_a_day(hall: House) -> None:
    played, people, clock = rehearsing(hall, ["text"], 5)
    wait(people, clock, 30)
    played.move("start")
    played.open()
    clock.now += rehearsals.AT_MOST - timedelta(minutes=1)
    assert rehearsals.sweep(played.house) == 0
    clock.now += timedelta(minutes=1)
    assert rehearsals.sweep(played.house) == 1
    assert not hall.boxes.folder.joinpath(f"{played.live_id}.sqlite").exists()
    people.tick()


def test_nothing_takes_a_rehearsal_up(hall: House) -> None:
    played, _people, clock = rehearsing(hall, ["text"], 12)
    played.move("start")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        with pytest.raises(WorkshopError, match="rehearsal"):
            freezes.freeze(session, live, live_sessions.guide_of(live), clock.now + timedelta(days=5))
        assert actions.lines(session, live.id) == ()


# -- pages


@pytest.fixture
def desk(client: CheckedClient, facilitator: Account, house: House) -> CheckedClient:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    signed_in(client, facilitator)
    return client


def test_a_guide_is_rehearsed_from_its_page_and_marked_everywhere(desk: CheckedClient, house: House) -> None:
    assert "/staff/guides/retrospective/rehearse" in desk.get("/staff/guides/").get_data(as_text=True)
    assert "/staff/guides/retrospective/rehearse" in desk.get("/staff/guides/retrospective/").get_data(as_text=True)
    answer = post(desk, "/staff/guides/retrospective/rehearse", {"phones": "8", "language": "de"})
    live_id = answer.location.rstrip("/").rpartition("/")[2]
    live = look_up(house, live_id)
    assert (live.rehearsal, live.simulated, live.language) == (True, 8, "de")
    seat = live_sessions.join(house, live_id, None)
    desk.set_cookie(f"seat-{live_id}", seat)
    for page in (
        f"/staff/sessions/{live_id}/",
        f"/staff/sessions/{live_id}/script",
        f"/staff/sessions/{live_id}/agenda",
        f"/staff/sessions/{live_id}/sheet",
        f"/staff/sessions/{live_id}/sheets",
        f"/staff/sessions/{live_id}/cards",
        f"/stage/{live.stage_token}",
        f"/s/{live_id}/",
    ):
        text = desk.get(page).get_data(as_text=True)
        assert "Rehearsal" in text or "Probe" in text, page
    assert post(desk, "/staff/guides/retrospective/rehearse", {"phones": "1000"}).status_code == 422


def test_a_planned_session_is_rehearsed_with_so_many_phones(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator, tickets=True)
    assert f"/staff/sessions/{live_id}/rehearsal" in desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    page = f"/staff/sessions/{live_id}/rehearsal"
    answer = post(desk, f"/staff/sessions/{live_id}/rehearse", {"phones": "20"}, page=page)
    copy = look_up(house, answer.location.rstrip("/").rpartition("/")[2])
    assert (copy.rehearsal, copy.simulated, copy.tickets) == (True, 20, False)
    assert not look_up(house, live_id).rehearsal
    assert desk.get(f"/staff/sessions/{make_session(house, make_account(house))}/rehearsal").status_code == 404


def test_the_command_plays_a_guide_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rehearse", "team-pulse", "--phones", "8"]) == 0
    said = capsys.readouterr().out
    assert "8 simulated phones" in said
    assert "answered" in said
    assert "Nothing of it was kept." in said
    assert cli.main(["rehearse", "no-such-guide"]) == 1
    assert cli.main(["rehearse", "team-pulse", "--phones", "99"]) == 2
    assert "5 to 30" in capsys.readouterr().err
    assert cli.main(["rehearse", "team-pulse", "--language", "xx"]) == 2
    assert "This guide speaks en" in capsys.readouterr().err
