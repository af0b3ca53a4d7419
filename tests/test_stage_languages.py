"""A second stage in another language of the guide: the same screen, other words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient

from tests.small_guide import TEXT, go, look_up
from workshop import live_sessions
from workshop.guides import library
from workshop.house import House
from workshop.models import Account

GERMAN = """\
translations:
  de:
    title: Kleiner Leitfaden
    first: {title: Sieh dir deine Arbeit an}
    hello: {prompt: So geht das hier}
    stuck: {prompt: Was tust du ohne Begeisterung?}
    where:
      prompt: Wo sähest du zuerst nach?
      settings: {options: {team: Ein anderes Team, task: Eine andere Aufgabe, away: Ganz woanders}}
"""


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a running session of a guide in English and German, held in English."""
    with house.database.transaction() as session:
        guide_id = library.import_guide(session, facilitator, TEXT + GERMAN, "small.yaml", house.clock()).id
    new = live_sessions.NewSession(guide_id, "Getting unstuck", "Platform", "en", 12, "Maria Lind", False)
    made = live_sessions.create(house, facilitator, new)
    go(house, made, "start")
    return made


def watch(app: Flask, house: House, live_id: str, **auth: Any) -> SocketIOTestClient:
    """Open a stage."""
    auth = {"audience": "stage", "live": look_up(house, live_id).stage_token, **auth}
    return SocketIOTestClient(app, app.extensions["socketio"], auth=auth)


def pushed(app: Flask, live_id: str, stage: SocketIOTestClient) -> list[str]:
    """Let the server push what it would, and return what this stage got."""
    realtime = app.extensions["realtime"]
    realtime.coalescer.mark(live_id)
    realtime.coalescer.flush()
    return [got["args"][0]["html"] for got in stage.get_received()]


def test_the_page_speaks_the_language_of_its_link(client: FlaskClient, house: House, live_id: str) -> None:
    token = look_up(house, live_id).stage_token
    own = client.get(f"/stage/{token}").get_data(as_text=True)
    other = client.get(f"/stage/{token}?language=de").get_data(as_text=True)
    assert '<html lang="en"' in own
    assert "How this works" in own
    assert "data-language" not in own
    assert '<html lang="de"' in other
    assert "So geht das hier" in other
    assert 'data-language="de"' in other
    assert "Getting unstuck" in other, "the session's own title is nobody's to translate"


@pytest.mark.parametrize("wanted", ["fr", "", "de_XX", "../../x", "d" * 400, "<b>", "en", "en-GB"])
def test_a_language_that_the_guide_has_not_is_the_sessions_own(
    client: FlaskClient, app: Flask, house: House, live_id: str, wanted: str
) -> None:
    token = look_up(house, live_id).stage_token
    assert "How this works" in client.get(f"/stage/{token}", query_string={"language": wanted}).get_data(as_text=True)
    stage = watch(app, house, live_id, language=wanted)
    assert "How this works" in stage.emit("screen", {}, callback=True)["html"]
    assert app.extensions["realtime"].registry.languages(live_id, "stage") == []


@pytest.mark.parametrize("wanted", [7, None, ["de"], {"de": 1}, True])
def test_no_shape_of_a_wish_breaks_a_stage(app: Flask, house: House, live_id: str, wanted: object) -> None:
    stage = watch(app, house, live_id, language=wanted)
    assert "How this works" in stage.emit("screen", {}, callback=True)["html"]


def test_each_stage_is_pushed_its_own_words(app: Flask, house: House, live_id: str) -> None:
    own, other, regional = (
        watch(app, house, live_id, **wish) for wish in ({}, {"language": "de"}, {"language": "de-AT"})
    )
    for stage in (own, other, regional):
        stage.emit("screen", {}, callback=True)
    pushed(app, live_id, own)
    for stage in (own, other, regional):
        stage.get_received()
    go(house, live_id, "jump", "where")
    (english,) = pushed(app, live_id, own)
    (german,) = [got["args"][0]["html"] for got in other.get_received()]
    assert "Where would you look first?" in english
    assert "sähest" not in english
    assert "Wo sähest du zuerst nach?" in german
    assert "Where would" not in german
    assert "Step 2 of 2" in english
    assert "Step 2 of 2" not in german, "the words around the guide's follow"
    assert [got["args"][0]["html"] for got in regional.get_received()] == [german]


def test_nothing_is_drawn_for_a_language_that_nobody_follows(app: Flask, house: House, live_id: str) -> None:
    coalescer = app.extensions["realtime"].coalescer
    assert ("stage", "", "de") not in coalescer._audiences(live_id)
    stage = watch(app, house, live_id, language="de")
    assert ("stage", "", "de") in coalescer._audiences(live_id)
    assert coalescer._audiences("another") == [one for one in coalescer._audiences("another") if one[2] == ""]
    stage.disconnect()
    assert ("stage", "", "de") not in coalescer._audiences(live_id)


def test_a_second_stage_sees_what_the_first_sees_and_nothing_else(app: Flask, house: House, live_id: str) -> None:
    """Whatever the language, the same decision about what is visible: same key, same version, no answer early."""
    go(house, live_id, "jump", "where")
    go(house, live_id, "open")
    own, other = watch(app, house, live_id), watch(app, house, live_id, language="de")
    first, second = (stage.emit("screen", {}, callback=True) for stage in (own, other))
    assert (first["key"], first["version"]) == (second["key"], second["version"])
    assert "Ein anderes Team" not in json.dumps(second, ensure_ascii=False), (
        "options are on the phones while it is open"
    )


def test_a_revoked_link_ends_every_language(app: Flask, house: House, live_id: str) -> None:
    stages = [watch(app, house, live_id), watch(app, house, live_id, language="de")]
    go(house, live_id, "stage_link", "revoke")
    assert len(app.extensions["realtime"].registry.outdated()) == len(stages)
