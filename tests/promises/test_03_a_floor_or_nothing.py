"""Promise 3: below the floor nothing is shown, printed or kept; floors never change under people who have joined."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.promises.stagehands import KINDS, Room, add_account, canary, fields_for, files_below, room
from tests.promises.test_01_sealed_until_closed import everything_seen
from workshop import anonymity, freezes, live_sessions, seals
from workshop.errors import WorkshopError
from workshop.house import House

FEW = [(5, n) for n in range(5)] + [(4, 3), (3, 2)]
"""(floor, how many answer): everything below the usual floor, and just below the others."""


def too_few(played: Room, answering: int, words: list[str]) -> None:
    """Ask; so many answer, some change their mind, the others pass, everybody else has joined only."""
    run_id = played.open()
    for phone in range(answering):
        played.send(phone, run_id, fields_for(played.sort, words[phone], quotable=True))
    for phone in range(answering, answering + 6):
        if not played.sort.startswith("rolling"):
            played.send(phone, run_id, fields_for(played.sort, words[phone], quotable=True))
        revision = 1 if played.sort.startswith("rolling") else 2
        played.send(phone, run_id, None, revision=revision)
    seals.roll(played.house)
    played.move("close")


def database_text(house: House) -> str:
    """Return all that the main database would tell in SQL."""
    with house.database.engine.connect() as connection:
        from workshop.models import Base

        return repr([connection.execute(table.select()).all() for table in Base.metadata.sorted_tables])


@pytest.mark.parametrize(("floor", "answering"), FEW)
def test_below_the_floor_no_output_holds_an_answer(hall: House, folder: Path, floor: int, answering: int) -> None:
    """Every sort of question in one session, and the search after each."""
    played = room(hall, list(KINDS), 15, room_floor=floor)
    hidden: list[str] = []
    for index in range(len(KINDS)):
        if index:
            played.move("next")
        words = [canary() for _ in range(15)]
        hidden += [form for word in words for form in (word, word[::-1])]
        too_few(played, answering, words)
        for screen in played.seen():
            shown = getattr(screen, "stage", screen).activity
            assert shown.phase == "too_few"
            assert (shown.result, shown.cards, shown.people) == (None, (), "")
        seen = repr(played.seen())
        assert not [word for word in hidden if word in seen]
    told = database_text(hall) + " ".join(everything_seen(played))
    assert not [word for word in hidden if word in told]
    files = b"".join(files_below(folder).values())
    assert not [word for word in hidden if word.encode() in files]


@pytest.mark.parametrize("sort", ["text", "scale", "choice", "many", "cloud", "matrix", "estimate", "statements"])
def test_nothing_tells_how_many_too_few_were(hall: House, sort: str) -> None:
    releases = []
    for answering in (0, 1, 4):
        played = room(hall, [sort], 15)
        too_few(played, answering, [canary() for _ in range(15)])
        with hall.database.transaction() as session:
            run = live_sessions.run_of(session, live_sessions.get(session, played.live_id), "q0")
            assert run is not None
            releases.append(json.dumps(run.release, sort_keys=True))
    assert len(set(releases)) == 1


@pytest.mark.parametrize("sort", ["text", "cards", "to-manager", "cloud", "rolling-text", "rolling-cloud"])
@pytest.mark.parametrize("floor", [3, 5])
def test_at_the_floor_the_room_sees_the_words(hall: House, sort: str, floor: int) -> None:
    """The search of the tests above would find a word if there were one."""
    played = room(hall, [sort], floor, room_floor=floor)
    words = [canary() for _ in range(floor)]
    played.ask([(phone, fields_for(sort, word)) for phone, word in enumerate(words)])
    for screen in played.seen():
        seen = repr(screen)
        assert all(word in seen for word in words)
    assert all(word in database_text(hall) for word in words)


@pytest.mark.parametrize(("answering", "printed"), [(5, False), (9, False), (10, True)])
def test_reports_print_words_only_from_their_own_floor_on(hall: House, answering: int, printed: bool) -> None:
    sorts = ["text", "to-manager", "cloud", "rolling-cloud"]
    played = room(hall, sorts, answering, facilitator_words=True)
    words: list[str] = []
    for index, sort in enumerate(sorts):
        if index:
            played.move("next")
        fresh = [canary() for _ in range(answering)]
        words += fresh
        played.ask([(phone, fields_for(sort, word, quotable=True)) for phone, word in enumerate(fresh)])
    played.move("end")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        frozen = freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock().replace(year=2100))
        editions = {name: json.dumps(data) for name, data in frozen.editions.items()}
    for name, edition in editions.items():
        found = [word for word in words if word in edition]
        # On the wall nobody's words stand unless somebody chooses them.
        assert bool(found) == (printed and name != "team"), f"{name}: {found}"


@pytest.mark.parametrize(("room_floor", "words_floor"), [(2, 10), (0, 10), (5, 4), (-1, -1)])
def test_no_session_begins_with_floors_that_are_too_low(hall: House, room_floor: int, words_floor: int) -> None:
    with pytest.raises(WorkshopError, match="floor"):
        room(hall, ["text"], 1, room_floor=room_floor, words_floor=words_floor)


def test_no_move_changes_a_floor() -> None:
    """Whoever adds a move that speaks of floors has to read this promise first."""
    assert not [command for command in live_sessions._MOVES if "floor" in command or "setting" in command]


def test_other_floors_ask_every_phone_again(hall: House) -> None:
    played = room(hall, ["text"], 0)
    other = live_sessions.rehearse(hall, add_account(hall), played.live_id)  # a lobby of the same guide
    lobby = Room(hall, other, ("text",))
    lobby.join(7)
    before = lobby.live
    fresh = Room(hall, live_sessions.restart_with_floors(hall, add_account(hall), other, 3, 5), ("text",))
    assert (fresh.live.room_floor, fresh.live.words_floor, fresh.live.joined) == (3, 5, 0)
    assert (lobby.live.room_floor, lobby.live.words_floor, lobby.live.phase) == (5, 10, "moved")
    assert fresh.live.code == before.code
    for seat in lobby.seats:
        assert anonymity.read_seat(hall.seat_key, fresh.live_id, seat) is None
    assert any("3" in sentence for sentence in fresh.seen()[0].promise)


def test_floors_stay_once_the_session_has_started(hall: House) -> None:
    played = room(hall, ["text"], 6)
    with pytest.raises(WorkshopError, match="floors stay"):
        live_sessions.restart_with_floors(hall, add_account(hall), played.live_id, 3, 5)
    assert (played.live.room_floor, played.live.phase) == (5, "running")
