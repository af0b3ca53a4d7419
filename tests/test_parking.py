"""The parking lot: in every session, on every step, by plain forms; and what becomes of what lies in it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import post, signed_in
from tests.pages import check_html, csrf_token
from tests.promises.stagehands import add_account, add_guide, guide_source, room
from tests.small_guide import ask, go, look_up, make_session
from workshop import editions, fragments, freezes, live_sessions, parking, retention, screens
from workshop.errors import Stale, WorkshopError
from workshop.guides import library, schema
from workshop.guides.schema import GuideError
from workshop.house import House
from workshop.models import Account, Card, ParkedText

THOUGHTS = tuple(f"Thought number {n} of the day" for n in range(6))


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session of a guide without a parking lot, to which one was added."""
    made = make_session(house, facilitator)
    with house.database.transaction() as session:
        live = live_sessions.get(session, made)
        live.guide_source = parking.with_lot(live.guide_source)
    return made


def joined(client: FlaskClient, house: House, live_id: str) -> FlaskClient:
    post(client, f"/j/{look_up(house, live_id).join_token}")
    return client


def park(client: FlaskClient, live_id: str, **fields: str) -> str:
    """Send the plain form and return the page that follows."""
    page = client.get(f"/s/{live_id}/?park=1").get_data(as_text=True)
    part = page[page.index("data-lot-form") :]
    hidden = {name: re.findall(rf'name="{name}" value="([^"]*)"', part)[0] for name in ("run", "based_on")}
    data = {"csrf_token": csrf_token(part), **hidden, **{name.replace("_", "-"): text for name, text in fields.items()}}
    answer = client.post(f"/s/{live_id}/answer", data=data)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client.get(answer.location.partition("#")[0]).get_data(as_text=True)


# -- in the guide


@pytest.mark.parametrize("text", [text for _name, text in library.shipped_sources()], ids=str)
def test_a_lot_goes_before_the_last_step_of_any_guide_in_all_its_languages(text: str) -> None:
    before, after = schema.parse(text, "guide"), schema.parse(parking.with_lot(text), "guide")
    if parking.in_guide(before) is not None or not before.asks:
        assert parking.with_lot(text) == text
        return
    lot = parking.in_guide(after)
    assert lot is not None
    assert after.steps[-1].id == before.steps[-1].id or len(before.steps) == 1
    assert [step.id for step in after.steps if step.id != after.step_of(lot.id).id] == [
        step.id for step in before.steps
    ]
    assert parking.with_lot(parking.with_lot(text)) == parking.with_lot(text)
    for language in before.languages:
        said = after.localized(language).activity(lot.id).prompt
        assert said != lot.prompt or language not in ("de", "fr") or after.language == language


def test_a_parking_lot_for_the_manager_or_in_a_pool_is_refused() -> None:
    source = guide_source(["lot"])
    for line in ("for: manager", "release: rolling"):
        with pytest.raises(GuideError):
            schema.parse(source.replace("kind: parking", f"kind: parking\n    {line}"), "guide")


def test_a_new_session_has_a_lot_where_it_is_wanted(house: House) -> None:
    guide_id, account = add_guide(house, guide_source(["text"])), add_account(house)
    for wanted in (True, False):
        new = live_sessions.NewSession(guide_id, "T", "", "en", 12, "Lee", False, parking=wanted)
        live = look_up(house, live_sessions.create(house, account, new))
        assert (parking.in_guide(live_sessions.guide_of(live)) is not None) == wanted
        with house.database.transaction() as session:
            told = " ".join(screens.phone(session, live_sessions.get(session, live.id), house).promise)
        assert ("The parking lot is open all along" in told) == wanted


# -- the phone, by plain forms


def test_a_phone_parks_on_any_step_by_plain_forms_and_finds_it_again(
    client: FlaskClient, house: House, live_id: str
) -> None:
    joined(client, house, live_id)
    lobby = client.get(f"/s/{live_id}/").get_data(as_text=True)
    assert re.search(r"data-lot-link hidden", lobby), "before the start there is nothing to park in"
    go(house, live_id, "start")
    page = client.get(f"/s/{live_id}/?park=1").get_data(as_text=True)
    assert "http-equiv" not in page, "nothing reloads while somebody types"
    assert "Seen by: the room, when the parking lot is opened, if at least 5 people parked something" in page
    first = park(client, live_id, text_0="The <b>holiday</b> plan", quote_0="1")
    assert "Parked. You can change it" in first
    assert "The &lt;b&gt;holiday&lt;/b&gt; plan" in first
    ask(house, live_id, "stuck")
    second = park(client, live_id, text_0="The holiday plan", text_1="Parental leave")
    assert "Parental leave" in second
    assert "Nothing of yours is parked" in park(client, live_id, **{"pass": "1"})


def test_a_thought_too_late_comes_back_with_the_reason(client: FlaskClient, house: House, live_id: str) -> None:
    joined(client, house, live_id)
    go(house, live_id, "start")
    page = client.get(f"/s/{live_id}/?park=1").get_data(as_text=True)
    go(house, live_id, "jump", "parked")
    go(house, live_id, "close")
    run = re.findall(r'name="run" value="([^"]*)"', page)[-1]
    data = {"csrf_token": csrf_token(page), "run": run, "based_on": "0", "text-0": "Too late"}
    answer = client.post(f"/s/{live_id}/answer", data=data)
    assert answer.status_code == 409
    assert "Too late" in answer.get_data(as_text=True)


# -- the console


def test_what_the_facilitator_parks_is_seen_at_once_as_theirs_and_can_go_again(
    client: FlaskClient, facilitator: Account, house: House, live_id: str
) -> None:
    signed_in(client, facilitator)
    go(house, live_id, "start")
    page = client.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    for text in ("", "x" * 201, "Ask about <i>parking</i>"):
        version = str(look_up(house, live_id).version)
        post(
            client,
            f"/staff/sessions/{live_id}/move",
            {"do": "park", "park": text, "version": version},
            page=f"/staff/sessions/{live_id}/",
        )
    page = client.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert page.count("Ask about &lt;i&gt;parking&lt;/i&gt;") == 1
    go(house, live_id, "jump", "parked")
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        assert [one.by for one in screens.phone(session, live, house).activity.parked] == ["staff"]
        entry = session.scalars(select(ParkedText)).one().id
    go(house, live_id, "unpark", entry)
    with pytest.raises(WorkshopError):
        go(house, live_id, "unpark", entry)


def test_in_a_session_without_a_lot_nothing_can_be_parked(house: House, facilitator: Account) -> None:
    made = make_session(house, facilitator)
    go(house, made, "start")
    with pytest.raises(WorkshopError):
        go(house, made, "park", "Something")


def test_the_room_goes_through_the_lot_and_marks_what_becomes_of_each(app: Flask, house: House) -> None:
    played = room(house, ["text", "lot", "text"], 12, facilitator_words=True)
    with house.database.transaction() as session:
        lot = parking.open_runs(session, live_sessions.get(session, played.live_id))[0].id
    for phone in range(12):
        text = {"text-0": [THOUGHTS[phone % 6] + f" {phone}"]}
        played.send(phone, lot, {**text, "quote-0": ["1"]} if phone < 4 else text)
    played.move("park", "Said aloud: the budget")
    played.move("next")
    shown = played.seen()
    assert [one.text for one in shown[0].activity.parked] == ["Said aloud: the budget"]
    assert [move.command for move in shown[2].secondary] == ["back", "next"], "it may stay open"
    played.move("close")
    entries = played.seen()[0].activity.parked
    assert sorted(one.by for one in entries) == ["room"] * 12 + ["staff"]
    seen = played.live.version
    for command, entry in zip(("parked_done", "parked_action", "parked_kept"), entries, strict=False):
        new = live_sessions.move(house, "run", played.live_id, command, entry.id, seen)
        assert new == played.live.version, "three presses in one second, each from the screen before them"
    with pytest.raises(Stale):
        live_sessions.move(house, "run", played.live_id, "parked_kept", entries[0].id, seen)
    with pytest.raises(WorkshopError):
        played.move("parked_done", "a" * 22)
    assert [one.mark for one in played.seen()[0].activity.parked][:3] == ["done", "action", "kept"]
    with app.test_request_context():
        phone, stage, console = (played.seen()[n] for n in (0, 1, 2))
        for html in (fragments.phone(phone), fragments.stage(stage), fragments.console(console)):
            check_html(f"<main>{html}</main>")
            assert "Becomes an action" in html
            assert "Noted by whoever leads" in html
    played.move("parked_open", entries[0].id)
    assert played.seen()[0].activity.parked[0].mark == ""
    played.move("end")
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        guide = live_sessions.guide_of(live)
        printed = {name: repr(freezes.preview(session, live, guide, name, house.clock())) for name in editions.EDITIONS}
    assert "Said aloud: the budget" in printed["manager"]
    assert [name for name, text in printed.items() if THOUGHTS[5] in text] == ["facilitator"], "nobody let it be quoted"
    assert THOUGHTS[1] in printed["manager"]


def test_a_forgotten_session_ends_although_its_lot_was_never_opened(house: House) -> None:
    played = room(house, ["text", "lot"], 6)
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        lot = parking.open_runs(session, live)[0].id
        live.step_started_at = house.clock().replace(year=house.clock().year - 1)
    for phone in range(6):
        played.send(phone, lot, {"text-0": [f"Word {phone}"]})
    assert retention.end_forgotten(house) == 1
    with house.database.transaction() as session:
        assert len(session.scalars(select(Card).where(Card.run_id == lot)).all()) == 6
        assert live_sessions.get(session, played.live_id).phase == "ended"
