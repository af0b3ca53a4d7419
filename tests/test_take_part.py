"""The participant's pages by plain HTTP: what a phone without any script gets."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import post
from tests.pages import csrf_token
from tests.small_guide import ask, go, look_up, make_session
from workshop import anonymity, fragments, live_sessions, screens
from workshop.backoff import Backoff
from workshop.house import House
from workshop.models import Account
from workshop.web import static_files, take_part


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session in its lobby."""
    return make_session(house, facilitator)


def seated(client: FlaskClient, house: House, live_id: str) -> FlaskClient:
    """Let a browser join."""
    answer = post(client, f"/j/{look_up(house, live_id).join_token}")
    assert answer.status_code == 303 and answer.location == f"/s/{live_id}/"
    return client


def screen_text(client: FlaskClient, live_id: str) -> str:
    """Return the phone page as it is painted."""
    return client.get(f"/s/{live_id}/").get_data(as_text=True)


def send(client: FlaskClient, live_id: str, data: dict[str, object], **changes: object) -> TestResponse:
    """Send the plain form that the page shows, with these fields."""
    page = client.get(f"/s/{live_id}/?change=1").get_data(as_text=True)
    hidden = {name: hidden_field(page, name) for name in ("run", "based_on")}
    return client.post(f"/s/{live_id}/answer", data={"csrf_token": csrf_token(page), **hidden, **data, **changes})


def hidden_field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no hidden field {name}"
    return found.group(1)


def mine(house: House, live_id: str, run_id: str) -> list[str]:
    """Return all bodies that lie in the box of a run."""
    return house.boxes.box(live_id).read(run_id)


def run_id(client: FlaskClient, live_id: str) -> str:
    return hidden_field(client.get(f"/s/{live_id}/?change=1").get_data(as_text=True), "run")


# -- the door


def stop_the_clock(app: Flask) -> None:
    """Let no pause ever run out, however slow the machine."""
    app.extensions["code_backoff"] = tuple(
        Backoff(free=free, clock=lambda: 0.0) for free in (take_part.SOURCE_FREE, take_part.EVERYBODY_FREE)
    )


def test_wrong_ended_and_closed_codes_get_the_same_answer(
    house: House, facilitator: Account, live_id: str, browser: Callable[[], FlaskClient]
) -> None:
    code = look_up(house, live_id).code
    go(house, live_id, "door", "closed")
    ended = make_session(house, facilitator)
    ended_code = look_up(house, ended).code
    go(house, ended, "end")
    pages = []
    for typed in ("ABCDEF", code, ended_code, "nonsense, and long", ""):
        answer = post(browser(), "/", {"code": typed})
        assert answer.status_code == 404
        pages.append(re.search(r'role="alert">([^<]+)', answer.get_data(as_text=True)).group(1))  # type: ignore[union-attr]
    assert len(set(pages)) == 1


def test_guessing_codes_from_one_address_is_stopped_and_tells_nothing(
    app: Flask, house: House, live_id: str, client: FlaskClient
) -> None:
    stop_the_clock(app)
    page = csrf_token(client.get("/").get_data(as_text=True))
    answers = [client.post("/", data={"csrf_token": page, "code": "ABCDEF"}).status_code for _ in range(60)]
    assert answers[0] == 404 and answers[-1] == 429
    right = client.post("/", data={"csrf_token": page, "code": look_up(house, live_id).code})
    assert right.status_code == 429 and "Retry-After" in right.headers
    assert "QR code" in right.get_data(as_text=True)
    elsewhere = client.post(
        "/",
        data={"csrf_token": page, "code": look_up(house, live_id).code},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert elsewhere.status_code == 303


def test_guessing_codes_from_two_hundred_addresses_is_stopped(app: Flask, house: House, client: FlaskClient) -> None:
    stop_the_clock(app)
    page = csrf_token(client.get("/").get_data(as_text=True))
    statuses = [
        client.post(
            "/", data={"csrf_token": page, "code": "ABCDEF"}, environ_base={"REMOTE_ADDR": f"192.0.2.{n % 200}"}
        ).status_code
        for n in range(take_part.EVERYBODY_FREE + 20)
    ]
    assert 429 in statuses[take_part.EVERYBODY_FREE :] and 429 not in statuses[: take_part.EVERYBODY_FREE]


def test_an_office_behind_one_address_joins_without_being_limited(
    house: House, live_id: str, browser: Callable[[], FlaskClient]
) -> None:
    code = look_up(house, live_id).code
    for _ in range(take_part.SOURCE_FREE + 10):
        phone = browser()
        assert post(phone, "/", {"code": code}).status_code == 303
        seated(phone, house, live_id)
    assert look_up(house, live_id).joined == take_part.SOURCE_FREE + 10


def test_a_code_may_be_typed_with_small_letters_and_spaces(house: House, live_id: str, client: FlaskClient) -> None:
    live = look_up(house, live_id)
    assert live.code
    typed = f" {live.code[:3].lower()} {live.code[3:].lower()} "
    assert post(client, "/", {"code": typed}).location == f"/j/{live.join_token}"
    assert client.get(f"/{live.code.lower()}").location == f"/j/{live.join_token}"


def test_a_path_that_cannot_be_a_code_is_simply_not_there(client: FlaskClient) -> None:
    assert client.get("/abc1l0").status_code == 404
    assert client.get("/robots").status_code == 404


def test_an_unknown_join_link_leads_to_the_code(client: FlaskClient) -> None:
    answer = client.get("/j/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer.status_code == 404 and 'href="/"' in answer.get_data(as_text=True)


def test_looking_at_the_welcome_takes_no_seat(house: House, live_id: str, client: FlaskClient) -> None:
    answer = client.get(f"/j/{look_up(house, live_id).join_token}")
    text = answer.get_data(as_text=True)
    assert look_up(house, live_id).joined == 0
    assert "seat-" not in str(answer.headers)
    assert "Maria Lind leads this session and is not this team&#39;s manager." in text
    assert "at least 5 people" in text and "What is not protected" in text


def test_a_full_room_says_so_and_lets_those_inside_be(
    other_app: Callable[..., Flask], house: House, live_id: str
) -> None:
    small = other_app(max_phones=1)
    inside, outside = small.test_client(), small.test_client()
    token = look_up(house, live_id).join_token
    assert post(inside, f"/j/{token}").status_code == 303
    refused = post(outside, f"/j/{token}")
    assert refused.status_code == 503 and "The room is full" in refused.get_data(as_text=True)
    assert inside.get(f"/s/{live_id}/").status_code == 200


def test_joining_again_keeps_the_seat_and_the_total(house: House, live_id: str, client: FlaskClient) -> None:
    token = look_up(house, live_id).join_token
    page = csrf_token(client.get(f"/j/{token}").get_data(as_text=True))
    for _ in range(3):
        client.post(f"/j/{token}", data={"csrf_token": page})
    assert look_up(house, live_id).joined == 1
    assert client.get(f"/j/{token}").location == f"/s/{live_id}/"


def test_who_has_a_seat_comes_back_through_a_closed_door(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    go(house, live_id, "door", "closed")
    assert client.get(f"/j/{look_up(house, live_id).join_token}").location == f"/s/{live_id}/"


def test_the_seat_is_a_cookie_that_no_script_can_read(
    other_app: Callable[..., Flask], house: House, live_id: str, client: FlaskClient
) -> None:
    token = look_up(house, live_id).join_token
    cookie = post(client, f"/j/{token}").headers.getlist("Set-Cookie")
    seat = next(line for line in cookie if line.startswith(f"seat-{live_id}="))
    assert "HttpOnly" in seat and "SameSite=Lax" in seat and "Path=/" in seat
    assert f"Max-Age={anonymity.SEAT_DAYS * 86400}" in seat
    assert "Secure" not in seat
    public = other_app(base_url="https://workshop.example.org")
    over_tls = public.test_client()
    base = {"base_url": "https://workshop.example.org"}
    page = csrf_token(over_tls.get(f"/j/{token}", **base).get_data(as_text=True))
    cookie = over_tls.post(f"/j/{token}", data={"csrf_token": page}, **base).headers.getlist("Set-Cookie")
    seat = next(line for line in cookie if line.startswith("__Host-seat-"))
    assert "Secure" in seat and "Path=/" in seat and "Domain" not in seat


# -- the phone page


@pytest.mark.parametrize("cookie", ["", "x", "AAAA.AAAA", "."])
def test_without_a_valid_seat_there_is_a_kind_page(
    house: House, live_id: str, client: FlaskClient, cookie: str
) -> None:
    client.set_cookie(anonymity.seat_cookie(live_id, False), cookie, domain="localhost")
    for path in (f"/s/{live_id}/", "/s/AAAAAAAAAAAAAAAAAAAAAA/"):
        answer = client.get(path)
        assert answer.status_code == 404 and "Enter the code" in answer.get_data(as_text=True)


def test_a_seat_of_one_session_opens_no_other(
    house: House, facilitator: Account, live_id: str, client: FlaskClient
) -> None:
    seated(client, house, live_id)
    other = make_session(house, facilitator)
    stolen = client.get_cookie(anonymity.seat_cookie(live_id, False))
    assert stolen
    client.set_cookie(anonymity.seat_cookie(other, False), stolen.value)
    assert client.get(f"/s/{other}/").status_code == 404


def test_an_answer_without_a_seat_is_refused(house: House, live_id: str, client: FlaskClient) -> None:
    ask(house, live_id, "stuck")
    page = csrf_token(client.get("/").get_data(as_text=True))
    assert client.post(f"/s/{live_id}/answer", data={"csrf_token": page, "pass": "1"}).status_code == 404


def test_an_answer_without_the_form_token_is_refused(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    run = run_id(client, live_id)
    assert client.post(f"/s/{live_id}/answer", data={"run": run, "text-0": "Meetings"}).status_code == 400
    assert mine(house, live_id, run) == []


def test_a_closed_question_refuses_an_answer_and_gives_the_text_back(
    house: House, live_id: str, client: FlaskClient
) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    page = screen_text(client, live_id)
    go(house, live_id, "close")
    answer = client.post(
        f"/s/{live_id}/answer",
        data={
            "csrf_token": csrf_token(page),
            "run": hidden_field(page, "run"),
            "based_on": "0",
            "text-0": "The weekly meeting",
        },
    )
    text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "This question has closed" in text and "The weekly meeting" in text


def test_an_answer_that_does_not_fit_comes_back_as_typed(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    long = "too long " * 100
    answer = send(client, live_id, {"text-0": "Short enough", "text-1": long})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert long.strip() in text and "Short enough" in text and "Shorten it" in text
    assert mine(house, live_id, run_id(client, live_id)) == []


def test_an_old_tab_cannot_overwrite_a_newer_answer(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    assert send(client, live_id, {"text-0": "First"}).status_code == 303
    assert send(client, live_id, {"text-0": "Second"}).status_code == 303
    late = send(client, live_id, {"text-0": "From an old tab"}, based_on="0")
    text = late.get_data(as_text=True)
    assert late.status_code == 409 and "newer answer" in text and "From an old tab" in text
    assert [body for body in mine(house, live_id, run_id(client, live_id)) if "Second" in body]


def test_a_rolling_answer_is_final_and_said_to_be_so_before(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "word")
    assert "Final when sent" in screen_text(client, live_id)
    page = screen_text(client, live_id)
    first = {"csrf_token": csrf_token(page), "run": hidden_field(page, "run"), "based_on": "0", "word-0": "calm"}
    assert client.post(f"/s/{live_id}/answer", data=first).status_code == 303
    assert "Change" not in re.sub(r"<details.*", "", screen_text(client, live_id), flags=re.S)
    again = client.post(f"/s/{live_id}/answer", data={**first, "based_on": "1", "word-0": "angry"})
    assert again.status_code == 409 and "angry" in again.get_data(as_text=True)
    assert all("angry" not in body for body in mine(house, live_id, first["run"]))


def test_an_answer_is_stored_once_and_painted_as_sent(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    answer = send(client, live_id, {"text-0": "The weekly meeting", "quote-0": "1", "text-1": ""})
    assert answer.status_code == 303 and answer.location == f"/s/{live_id}/"
    assert len(mine(house, live_id, run_id(client, live_id))) == 1
    text = screen_text(client, live_id)
    assert "Your answer is in" in text and "Saved" in text
    assert '<li dir="auto">The weekly meeting</li>' in text and "May be quoted outside this room" in text


def test_changing_brings_the_words_back_into_the_form(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    send(client, live_id, {"text-0": "The weekly meeting"})
    text = client.get(f"/s/{live_id}/?change=1").get_data(as_text=True)
    assert hidden_field(text, "based_on") == "1"
    assert re.search(r"<textarea[^>]*>\s*The weekly meeting", text)
    assert 'data-revision="1"' in text


def test_withdrawing_is_a_pass_and_leaves_no_words(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    send(client, live_id, {"text-0": "The weekly meeting"})
    send(client, live_id, {"pass": "1", "text-0": "The weekly meeting"})
    assert mine(house, live_id, run_id(client, live_id)) == []
    text = screen_text(client, live_id)
    assert "You passed" in text and "weekly meeting" not in text


def test_an_answer_for_the_manager_has_no_default(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "told")
    page = screen_text(client, live_id)
    assert "Send to the room only" in page and "Send, and our manager may read it" in page
    assert "Send anonymously" not in page
    assert send(client, live_id, {"text-0": "Ask us first"}).status_code == 422
    assert send(client, live_id, {"text-0": "Ask us first", "audience": "manager"}).status_code == 303
    assert "Our manager may read it" in screen_text(client, live_id)


def test_ticks_are_painted_in_words(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "where")
    send(client, live_id, {"choice": ["team", "away"]})
    text = screen_text(client, live_id)
    assert '<li dir="auto">Another team</li>' in text and '<li dir="auto">Somewhere else</li>' in text
    assert '<li dir="auto">Another task</li>' not in text


def test_hostile_text_stays_text(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    send(client, live_id, {"text-0": "<script>alert(1)</script>{{ 7*7 }}"})
    text = screen_text(client, live_id)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in text


def test_the_promise_is_on_every_phone_and_no_page_is_kept_by_the_browser(
    house: House, live_id: str, client: FlaskClient
) -> None:
    seated(client, house, live_id)
    for activity in ("hello", "stuck"):
        if activity == "hello":
            go(house, live_id, "start")
        else:
            ask(house, live_id, activity)
        answer = client.get(f"/s/{live_id}/")
        assert answer.headers["Cache-Control"] == "no-store, no-transform", "a compressed page tells by its length"
        assert "Who sees what" in answer.get_data(as_text=True)
        assert "at least 5 people" in answer.get_data(as_text=True)


def test_a_page_without_script_looks_again_only_while_nothing_is_being_written(
    house: House, live_id: str, client: FlaskClient
) -> None:
    again = '<noscript><meta http-equiv="refresh"'
    seated(client, house, live_id)
    assert again in screen_text(client, live_id)
    ask(house, live_id, "stuck")
    assert again not in screen_text(client, live_id)
    send(client, live_id, {"text-0": "Meetings"})
    assert again in screen_text(client, live_id)
    assert again not in client.get(f"/s/{live_id}/?change=1").get_data(as_text=True)
    go(house, live_id, "close")
    go(house, live_id, "end")
    assert again not in screen_text(client, live_id)


def test_a_push_carries_nothing_personal(app: Flask, house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    send(client, live_id, {"text-0": "Only mine"})
    with app.test_request_context(), house.database.transaction() as session:
        html = fragments.phone(screens.phone(session, live_sessions.get(session, live_id), house))
    assert "Only mine" not in html and "csrf" not in html and 'data-revision="0"' in html


def test_a_moved_lobby_shows_the_new_sentence_and_asks_again(
    house: House, facilitator: Account, live_id: str, client: FlaskClient
) -> None:
    seated(client, house, live_id)
    fresh = live_sessions.restart_with_floors(house, facilitator, live_id, 3, 5)
    text = screen_text(client, live_id)
    assert f"/j/{look_up(house, fresh).join_token}" in text
    assert "at least 3 people" in text and "at least 5 people" not in text
    assert "Join without a name" in client.get(f"/j/{look_up(house, fresh).join_token}").get_data(as_text=True)


@pytest.mark.parametrize("phase", ["lobby", "waiting", "info", "open", "released", "ended"])
def test_every_phase_paints_a_whole_page(house: House, live_id: str, client: FlaskClient, phase: str) -> None:
    seated(client, house, live_id)
    if phase == "info":
        go(house, live_id, "start")
    elif phase == "waiting":
        go(house, live_id, "start")
        go(house, live_id, "next")
    elif phase != "lobby":
        ask(house, live_id, "energy")
        if phase != "open":
            go(house, live_id, "close")
        if phase == "ended":
            go(house, live_id, "end")
    words = {
        "lobby": "It starts soon",
        "waiting": "Listen for a moment",
        "info": "How this works",
        "open": "Send anonymously",
        "released": "Too few people answered",
        "ended": "The session is over",
    }
    assert words[phase] in screen_text(client, live_id)


def test_the_phone_page_is_light(house: House, live_id: str, client: FlaskClient) -> None:
    seated(client, house, live_id)
    ask(house, live_id, "stuck")
    answer = client.get(f"/s/{live_id}/")
    page = answer.get_data(as_text=True)
    files = set(re.findall(r'(?:src|href)="/static/[0-9a-f]+/([^"]+)"', page))
    assert files == {"phone.css", "vendor/socket.io.min.js", "js/phone.js", "js/link.js"}
    tree = static_files.read_tree()
    weight = len(gzip.compress(answer.data)) + sum(len(tree.files[name].packed or b"") for name in files)
    assert weight <= 60_000
