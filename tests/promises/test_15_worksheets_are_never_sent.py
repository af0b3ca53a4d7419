"""Promise 15, the other side: whatever a phone sends while the room is at a worksheet, nothing of it is taken in.

Canaries go to every address and every event that a phone may use; afterwards
they are looked for in each row, each file and each line of the log.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask_socketio import SocketIOTestClient

from tests.promises.stagehands import add_account, add_guide, canary, files_below
from workshop import anonymity, answers, live_sessions
from workshop.activities import KINDS
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import Base

GUIDE = yaml.safe_dump(
    {
        "format": 1,
        "id": "private",
        "title": "Private",
        "language": "en",
        "steps": [
            {
                "id": "s",
                "title": "S",
                "minutes": 5,
                "activities": [
                    {"id": "asked", "kind": "open_text", "prompt": "What?"},
                    {
                        "id": "mine",
                        "kind": "worksheet",
                        "prompt": "Mine",
                        "settings": {"fields": [{"id": "secret", "type": "long", "label": "What?"}]},
                    },
                    {"id": "later", "kind": "open_text", "prompt": "And?"},
                ],
            }
        ],
    }
)


@pytest.fixture
def live_id(house: House) -> str:
    """Return a session whose room is at a worksheet, after a question that was closed."""
    actor = add_account(house)
    new = live_sessions.NewSession(
        guide_id=add_guide(house, GUIDE),
        title="T",
        team="",
        language="en",
        expected=5,
        leader="L",
        leader_is_manager=False,
    )
    live_id = live_sessions.create(house, actor, new)
    for command in ("start", "open", "close", "next"):
        move(house, live_id, command)
    return live_id


def move(house: House, live_id: str, command: str, argument: str = "") -> None:
    with house.database.transaction() as session:
        version = live_sessions.get(session, live_id).version
    live_sessions.move(house, "run", live_id, command, argument, version)


def runs(house: House, live_id: str) -> tuple[str, str]:
    """Return the activity the room is at and the id of the run that was closed."""
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        closed = live_sessions.run_of(session, live, "asked")
        assert closed is not None
        assert live_sessions.run_of(session, live, "mine") is None, "a worksheet must never have a run"
        return live.at or "", closed.id


def test_a_worksheet_cannot_be_opened_nor_answered(house: House, live_id: str) -> None:
    at, closed = runs(house, live_id)
    assert at == "mine"
    with pytest.raises(WorkshopError):
        move(house, live_id, "open")
    secret = anonymity.new_secret()
    for run in ("mine", closed, "", "x" * 22):
        with pytest.raises(WorkshopError):
            answers.cast(house, live_id, secret, run, 1, {"secret": [canary()]})
    runs(house, live_id)
    with pytest.raises(WorkshopError, match="for you alone"):
        KINDS["worksheet"].clean(None, {"secret": ["x"]})


def test_nothing_that_is_sent_at_a_worksheet_is_found_on_the_server(
    app: Flask, house: House, live_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # also somebody with a valid token must not get anything in
    phone = app.test_client()
    seat = anonymity.seat_cookie(live_id, False), live_sessions.join(house, live_id, None)
    phone.set_cookie(*seat)
    _at, closed = runs(house, live_id)
    sent: list[str] = []

    def word() -> str:
        sent.append(canary())
        return sent[-1]

    socket = SocketIOTestClient(
        app, app.extensions["socketio"], auth={"audience": "phone", "live": live_id}, flask_test_client=phone
    )
    for run in ("mine", closed):
        for event in ("answer", "mine", "screen", "move", "notes"):
            socket.emit(
                event, {"run": run, "revision": 1, "fields": {"secret": [word()]}, "pad": word()}, callback=True
            )
    socket.disconnect()

    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/s/<live_id>/"):
            url = rule.rule.replace("<live_id>", live_id)
            for run in ("mine", closed):
                fields = {"run": run, "based_on": "0", "secret": word(), "text-0": word(), "note": word()}
                for method in sorted({"GET", "POST"} & set(rule.methods or ())):
                    phone.open(
                        url, method=method, query_string={"q": word()}, data=fields if method == "POST" else None
                    )
                    phone.open(url, method=method, json={**fields, "notes": {"mine": {"secret": word()}}})

    assert len(sent) > 20
    assert found(house, sent, caplog.text) == []


def test_the_search_finds_what_an_open_question_takes_in(house: House, live_id: str) -> None:
    """Without this, the test above could look in the wrong places."""
    move(house, live_id, "jump", "later")
    move(house, live_id, "open")
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        run = live_sessions.run_of(session, live, "later")
        assert run is not None
        run_id = run.id
    one = canary()
    answers.cast(house, live_id, anonymity.new_secret(), run_id, 1, {"text-0": [one]})
    assert found(house, [one], "") == [one]


def found(house: House, words: list[str], log: str) -> list[str]:
    """Return those of the words that stand in a row, a file or the log."""
    with house.database.transaction() as session:
        rows = repr([[tuple(row) for row in session.execute(table.select())] for table in Base.metadata.sorted_tables])
    house.boxes.close()
    files = b"".join(files_below(Path(house.settings.data_dir)).values())
    return [one for one in words if one in rows or one.encode() in files or one in log]
