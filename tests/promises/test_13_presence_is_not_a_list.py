"""Promise 13: no join or leave events, no names, no connected-now number; coming back changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_socketio import SocketIOTestClient

from tests.promises.stagehands import fields_for, room
from tests.promises.theatre import STAFF, Theatre, build
from workshop import anonymity, live_sessions
from workshop.errors import WorkshopError
from workshop.house import House

PEOPLE = 6


@pytest.fixture
def made(app: Flask) -> Iterator[Theatre]:
    """Return a session in the middle of a question."""
    theatre = build(app, ("text", "text"), PEOPLE)
    run_id = theatre.played.open()
    for phone in range(3):
        theatre.played.send(phone, run_id, fields_for("text"))
    yield theatre
    theatre.close()


def audiences(made: Theatre) -> dict[str, SocketIOTestClient]:
    """Return one watching connection of each audience; what the beginning brought is taken off."""
    found = {"stage": made.socket("nobody", "stage"), "phone": made.socket("phone", "phone")}
    found |= {role: made.socket(role, "console") for role in STAFF}
    frames(made, found)
    return found


def frames(made: Theatre, found: dict[str, SocketIOTestClient]) -> dict[str, list[Any]]:
    """Let the server push what it would, and return what each audience got since the last look."""
    made.app.extensions["realtime"].coalescer.mark(made.live_id)
    made.app.extensions["realtime"].coalescer.flush()
    return {name: connection.get_received() for name, connection in found.items()}


def asked(found: dict[str, SocketIOTestClient]) -> dict[str, Any]:
    """Return what each audience is told when it asks for its screen."""
    return {name: connection.emit("screen", {}, callback=True) for name, connection in found.items()}


def another_phone(made: Theatre, seat: int) -> SocketIOTestClient:
    """Connect one of the phones that have joined."""
    client = made.app.test_client()
    client.set_cookie(anonymity.seat_cookie(made.live_id, False), made.played.seats[seat])
    return SocketIOTestClient(
        made.app,
        made.app.extensions["socketio"],
        auth={"audience": "phone", "live": made.live_id},
        flask_test_client=client,
    )


def leave(made: Theatre) -> None:
    """Phones come and go."""
    links = [another_phone(made, seat) for seat in range(4)]
    for link in links:
        assert link.is_connected()
        link.disconnect()


def come_back(made: Theatre) -> None:
    """One phone loses its connection again and again, and asks for its screen each time."""
    for _time in range(5):
        link = another_phone(made, 1)
        assert link.emit("screen", {}, callback=True)["html"]
        assert link.emit("mine", {"run": made.played.run_id}, callback=True)["ok"]
        link.disconnect()


def refresh(made: Theatre) -> None:
    """A phone, the stage and a console are reloaded."""
    for caller, name in (
        ("phone", "/s/<live_id>/"),
        ("nobody", "/stage/<stage_token>"),
        ("run", "/staff/sessions/<live_id>/"),
    ):
        assert made.page(caller, name)


def come_in_twice(made: Theatre) -> None:
    """A phone that has a seat scans the code once more."""
    live = made.played.live
    assert made.clients["phone"].post(f"/j/{live.join_token}").status_code == 303


def edit(made: Theatre) -> None:
    """Somebody changes an answer, takes it back, gives another."""
    run_id = made.played.run_id
    for revision, fields in ((2, fields_for("text")), (3, None), (4, fields_for("text"))):
        made.played.send(1, run_id, fields, revision=revision)


@pytest.mark.parametrize("happening", [leave, come_back, refresh, come_in_twice, edit])
def test_no_audience_notices_somebody(made: Theatre, happening: Callable[[Theatre], None]) -> None:
    found = audiences(made)
    before = asked(found)
    happening(made)
    assert frames(made, found) == {name: [] for name in found}
    assert asked(found) == before, "not one sign of a screen may follow, its number included"


def test_an_edit_wakes_no_screen_at_all(made: Theatre) -> None:
    """A screen with a running timer differs at each drawing, so it must not be drawn because of an edit."""
    woken: list[str] = []
    made.house.database.on_notice(woken.append)
    edit(made)
    for _retry in range(3):
        made.played.send(1, made.played.run_id, None, revision=5)
    assert woken == []
    made.played.send(3, made.played.run_id, None)
    assert woken == [made.live_id]


def test_a_new_phone_is_one_more_and_nothing_else(made: Theatre) -> None:
    found = audiences(made)
    before = asked(found)
    made.played.join(1)
    got = frames(made, found)
    assert got["phone"] == []
    for name in ("stage", *STAFF):
        assert len(got[name]) == 1
        assert got[name][0]["name"] == "screen"
        old, new = (
            re.findall(r">[^<]*\d[^<]*<", html) for html in (before[name]["html"], got[name][0]["args"][0]["html"])
        )
        differing = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        assert differing, "the total has grown"
        for was, now in differing:
            assert now == was.replace(str(PEOPLE + 1), str(PEOPLE + 2))


def test_no_frame_and_no_page_speaks_of_who_is_connected(made: Theatre) -> None:
    found = audiences(made)
    text = repr(asked(found)).lower()
    assert not re.search(r"\bonline\b|connected now|has left|has joined|left the|participants? list", text)
    assert not [seat for seat in made.played.seats if seat in text]


# -- the total


def test_the_total_counts_a_phone_once_however_often_it_joins(hall: House) -> None:
    played = room(hall, ["text"], 4)
    for _time in range(3):
        for seat in played.seats:
            assert live_sessions.join(hall, played.live_id, seat) == seat
    assert played.live.joined == 4


def test_a_seat_of_another_session_is_no_seat_here(hall: House) -> None:
    played, other = room(hall, ["text"], 1), room(hall, ["text"], 1)
    assert live_sessions.join(hall, played.live_id, other.seats[0]) != other.seats[0]
    assert played.live.joined == 2


@pytest.mark.parametrize("forged", ["", "x", ".", "a.b", "x" * 500, None])
def test_a_forged_seat_is_a_new_phone(hall: House, forged: str | None) -> None:
    played = room(hall, ["text"], 1)
    live_sessions.join(hall, played.live_id, forged)
    assert played.live.joined == 2


def test_a_phone_that_has_joined_stays_in_when_the_door_closes(hall: House) -> None:
    played = room(hall, ["text"], 2)
    played.move("door", "closed")
    assert live_sessions.join(hall, played.live_id, played.seats[0]) == played.seats[0]
    with pytest.raises(WorkshopError):
        live_sessions.join(hall, played.live_id, None)
    assert played.live.joined == 2
