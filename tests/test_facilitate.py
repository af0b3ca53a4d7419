"""The facilitator's pages by plain HTTP: create, console, join sheet, settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.conftest import make_account, post, signed_in
from tests.small_guide import ask, go, look_up, make_session
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import Account, Guide, LiveSession, SessionRole
from workshop.web.forecast import forecast

Browser = Callable[[], FlaskClient]


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session in its lobby, run by `facilitator`."""
    return make_session(house, facilitator)


@pytest.fixture
def desk(client: FlaskClient, facilitator: Account) -> FlaskClient:
    """Return the facilitator's signed-in browser."""
    return signed_in(client, facilitator)


@pytest.fixture
def guide_id(house: House, live_id: str) -> str:
    """Return the guide that the session was made from."""
    with house.database.transaction() as session:
        return session.scalars(select(Guide.id)).first() or ""


def page(client: FlaskClient, path: str) -> str:
    """Return a page that must be there."""
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return answer.get_data(as_text=True)


def console(client: FlaskClient, live_id: str) -> str:
    return page(client, f"/staff/sessions/{live_id}/")


def press(client: FlaskClient, live_id: str, move: str, version: int | str | None = None) -> TestResponse:
    """Press a button of the console's plain form, at the version that the page shows unless told."""
    shown = console(client, live_id)
    found = re.search(r'name="version" value="(\d+)"', shown)
    assert found
    return post(
        client,
        f"/staff/sessions/{live_id}/move",
        {"do": move, "version": found[1] if version is None else version},
        page=f"/staff/sessions/{live_id}/",
    )


def give_role(house: House, live_id: str, account: Account, role: str) -> None:
    with house.database.transaction() as session:
        session.add(SessionRole(live_id=live_id, account_id=account.id, role=role))


def in_words(html: str) -> str:
    """Return a page's words without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def entered(**changes: Any) -> dict[str, Any]:
    """Return a create form as a person fills it."""
    return {
        "title": "Getting unstuck",
        "team": "Platform",
        "language": "en",
        "expected": "12",
        "room_floor": "5",
        "words_floor": "10",
        "leader": "Maria Lind",
        "leader_is_manager": "no",
        "freeze_after_minutes": "15",
        "keep_days": "90",
        **changes,
    }


# -- who may


PAGES = ("", "sheet", "settings")


@pytest.mark.parametrize("path", PAGES)
def test_somebody_signed_out_is_sent_to_sign_in(client: FlaskClient, live_id: str, path: str) -> None:
    answer = client.get(f"/staff/sessions/{live_id}/{path}")
    assert answer.status_code in (302, 303)
    assert "/staff/sign-in" in answer.location


@pytest.mark.parametrize("path", PAGES)
def test_staff_without_a_part_in_the_session_learn_nothing_of_it(
    client: FlaskClient, house: House, live_id: str, path: str
) -> None:
    stranger = signed_in(client, make_account(house))
    answer = stranger.get(f"/staff/sessions/{live_id}/{path}")
    assert answer.status_code == 404
    assert "Getting unstuck" not in answer.get_data(as_text=True)


def test_an_admin_has_no_part_in_a_session_by_being_an_admin(client: FlaskClient, admin: Account, live_id: str) -> None:
    assert signed_in(client, admin).get(f"/staff/sessions/{live_id}/").status_code == 404


@pytest.mark.parametrize("role", ["watch", "moderate"])
def test_who_does_not_run_the_session_sees_no_button_and_can_press_none(
    house: House, live_id: str, browser: Browser, role: str
) -> None:
    account = make_account(house)
    give_role(house, live_id, account, role)
    other = signed_in(browser(), account)
    shown = console(other, live_id)
    assert 'name="do"' not in shown
    assert "You are watching. Maria Lind leads this session." in in_words(shown)
    before = look_up(house, live_id).version
    refused = post(
        other, f"/staff/sessions/{live_id}/move", {"do": "start", "version": before}, page=f"/staff/sessions/{live_id}/"
    )
    assert refused.status_code == 403
    assert look_up(house, live_id).version == before
    assert other.get(f"/staff/sessions/{live_id}/settings").status_code == 403
    assert page(other, f"/staff/sessions/{live_id}/sheet")


def test_a_move_without_a_token_is_refused(desk: FlaskClient, house: House, live_id: str) -> None:
    answer = desk.post(f"/staff/sessions/{live_id}/move", data={"do": "start", "version": "1"})
    assert answer.status_code == 400
    assert look_up(house, live_id).phase == "lobby"


def test_no_address_of_the_facilitator_changes_anything_by_get(desk: FlaskClient, house: House, live_id: str) -> None:
    for path in ("move", "rehearse"):
        assert desk.get(f"/staff/sessions/{live_id}/{path}?do=start&version=1").status_code in (404, 405)
    assert look_up(house, live_id).phase == "lobby"


# -- moves


def test_the_slower_of_two_pressers_is_told_and_sees_the_present_state(
    desk: FlaskClient, house: House, live_id: str
) -> None:
    version = look_up(house, live_id).version
    go(house, live_id, "start")
    answer = press(desk, live_id, "start", version)
    assert answer.status_code == 303
    shown = console(desk, live_id)
    assert "Somebody else moved on. Here is the present state." in shown
    assert 'data-phase="running"' in shown
    assert look_up(house, live_id).version == version + 1


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "٣"])
def test_a_made_up_version_moves_nothing(desk: FlaskClient, house: House, live_id: str, version: str) -> None:
    assert press(desk, live_id, "start", version).status_code == 303
    assert look_up(house, live_id).phase == "lobby"


@pytest.mark.parametrize("move", ["", ":", "nonsense", "jump:nowhere", "timer_start:x", "timer_start:-5", "open"])
def test_a_move_that_does_not_fit_says_why_and_changes_nothing(
    desk: FlaskClient, house: House, live_id: str, move: str
) -> None:
    go(house, live_id, "start")
    before = look_up(house, live_id).version
    assert press(desk, live_id, move).status_code == 303
    assert 'class="notice notice--warm"' in console(desk, live_id)
    assert look_up(house, live_id).version == before


def test_a_whole_session_runs_by_plain_forms(desk: FlaskClient, house: House, live_id: str) -> None:
    shown = console(desk, live_id)
    assert "Start: Look at your work" in shown
    press(desk, live_id, "start")
    pressed = []
    for _step in range(40):
        found = re.search(r'id="primary"[^>]*name="do" value="([^"]+)"', console(desk, live_id)) or re.search(
            r"data-key-ask.*?value=\"([^\"]+)\"", console(desk, live_id), re.DOTALL
        )
        assert found
        pressed.append(found[1])
        press(desk, live_id, found[1])
        if found[1] == "end":
            break
    assert pressed == ["next", *["open", "close", "next"] * 4, "open", "close", "end"]
    shown = console(desk, live_id)
    assert "The session has ended" in shown
    assert f"/staff/sessions/{live_id}/report" in shown


def test_ending_is_asked_once_in_the_page(desk: FlaskClient, house: House, live_id: str) -> None:
    go(house, live_id, "start")
    shown = console(desk, live_id)
    panel = re.search(r'<details class="once" id="ask-end">.*?</details>', shown, re.DOTALL)
    assert panel
    assert "End the session for everybody?" in panel[0]
    assert 'value="end"' in panel[0]
    assert shown.count('value="end"') == 1


def test_closing_below_the_floor_is_asked_first(desk: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    shown = console(desk, live_id)
    assert "0 of the 5 needed so far" in shown
    assert re.search(r'<summary[^>]*id="primary"', shown), "the large button must ask, not close"
    assert "Keep it open" in shown


def test_a_timer_is_steered_from_the_bar(desk: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    press(desk, live_id, "timer_start:120")
    shown = console(desk, live_id)
    for value in ("timer_add:60", "timer_add:120", "timer_add:300", "timer_pause", "timer_reset", "timer_closes:on"):
        assert f'value="{value}"' in shown
    press(desk, live_id, "timer_pause")
    assert 'value="timer_resume"' in console(desk, live_id)
    press(desk, live_id, "timer_closes:on")
    assert re.search(r'value="timer_closes:off" aria-pressed="true"', console(desk, live_id))
    press(desk, live_id, "timer_reset")
    assert 'value="timer_start:60"' in console(desk, live_id)


def test_blank_hides_the_stage_and_says_so_on_the_console(desk: FlaskClient, house: House, live_id: str) -> None:
    go(house, live_id, "start")
    press(desk, live_id, "blank:on")
    assert "The stage is blank" in console(desk, live_id)
    assert 'value="blank:off"' in console(desk, live_id)


def test_the_agenda_jumps_only_after_a_second_press(desk: FlaskClient, house: House, live_id: str) -> None:
    go(house, live_id, "start")
    shown = console(desk, live_id)
    assert re.search(r'<details class="stop" id="stop-where">.*?value="jump:where".*?</details>', shown, re.DOTALL)
    press(desk, live_id, "jump:where")
    assert look_up(house, live_id).at == "where"


def test_the_console_holds_the_words_for_the_one_who_leads(desk: FlaskClient, house: House, live_id: str) -> None:
    go(house, live_id, "start")
    shown = in_words(console(desk, live_id))
    assert "Good to see you." in shown
    assert "Take your time." in shown
    assert "To try things." in shown


def test_hostile_words_stay_words(desk: FlaskClient, house: House, facilitator: Account) -> None:
    bad = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7*7 }}'
    live_id = make_session(house, facilitator, title=bad, team=bad, leader=bad)
    for path in PAGES:
        shown = page(desk, f"/staff/sessions/{live_id}/{path}")
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert "49" not in re.sub(
            r"\b\d\d:\d\d\b|[^\s]*static/[^\s]*|d=\"[^\"]*\"|value=\"[^\"]*\"", "", in_words(shown)
        )


# -- lobby


def test_the_lobby_shows_code_square_address_and_what_phones_say(desk: FlaskClient, house: House, live_id: str) -> None:
    shown = console(desk, live_id)
    live = look_up(house, live_id)
    assert live.code
    assert f"<span>{live.code[:3]}</span><span>{live.code[3:]}</span>" in shown
    assert '<svg class="qr"' in shown
    assert f"/stage/{live.stage_token}" in shown
    assert f"/staff/sessions/{live_id}/sheet" in shown
    assert "Maria Lind leads this session and is not this team&#39;s manager." in shown


def test_a_revoked_stage_link_is_gone_and_can_be_renewed(desk: FlaskClient, house: House, live_id: str) -> None:
    old = look_up(house, live_id).stage_token
    press(desk, live_id, "stage_link:revoke")
    assert desk.get(f"/stage/{old}").status_code == 404
    assert "The stage link is switched off" in console(desk, live_id)
    press(desk, live_id, "stage_link:renew")
    new = look_up(house, live_id).stage_token
    assert new not in (None, old)
    assert desk.get(f"/stage/{new}").status_code == 200
    assert desk.get(f"/stage/{old}").status_code == 404


def test_a_closed_door_takes_the_code_off_every_page(desk: FlaskClient, house: House, live_id: str) -> None:
    code = look_up(house, live_id).code
    assert code
    press(desk, live_id, "door:closed")
    for path in ("", "sheet"):
        shown = page(desk, f"/staff/sessions/{live_id}/{path}")
        assert f"<span>{code[:3]}</span>" not in shown
        assert "closed" in shown


def test_trying_with_a_phone_makes_a_rehearsal_of_its_own(desk: FlaskClient, house: House, live_id: str) -> None:
    answer = post(desk, f"/staff/sessions/{live_id}/rehearse", page=f"/staff/sessions/{live_id}/")
    assert answer.status_code == 303
    copy = answer.location.rstrip("/").rpartition("/")[2]
    assert copy != live_id
    assert look_up(house, copy).rehearsal
    assert not look_up(house, live_id).rehearsal
    assert "Rehearsal" in console(desk, copy)


# -- join sheet


def test_the_sheet_has_the_way_in_and_three_lines_on_anonymity(desk: FlaskClient, house: House, live_id: str) -> None:
    shown = page(desk, f"/staff/sessions/{live_id}/sheet")
    live = look_up(house, live_id)
    assert f"<span>{str(live.code)[:3]}</span>" in shown
    assert '<svg class="qr"' in shown
    lines = re.search(r'<ul class="sheet__lines".*?</ul>', shown, re.DOTALL)
    assert lines
    assert lines[0].count("<li>") == 3
    assert "at least 5 people" in lines[0]


# -- settings


def test_a_started_session_keeps_its_floors(desk: FlaskClient, house: House, live_id: str) -> None:
    where = f"/staff/sessions/{live_id}/settings"
    before = page(desk, where)
    go(house, live_id, "start")
    token = re.search(r'name="csrf_token" value="([^"]+)"', before)
    assert token
    answer = desk.post(where, data={"csrf_token": token[1], "room_floor": "3", "words_floor": "5"})
    assert answer.status_code == 303
    live = look_up(house, live_id)
    assert (live.phase, live.room_floor, live.words_floor) == ("running", 5, 10)
    assert "has started" in console(desk, live_id)
    assert "<select" not in page(desk, where)


@pytest.mark.parametrize(
    ("room", "words"), [("2", "10"), ("5", "4"), ("0", "0"), ("-3", "10"), ("x", "10"), ("5", ""), ("5", "10")]
)
def test_floors_below_the_lowest_or_unchanged_start_nothing(
    desk: FlaskClient, house: House, live_id: str, room: str, words: str
) -> None:
    answer = post(desk, f"/staff/sessions/{live_id}/settings", {"room_floor": room, "words_floor": words})
    assert answer.status_code == 422
    assert look_up(house, live_id).phase == "lobby"


def test_other_floors_move_the_lobby_over_with_its_code(desk: FlaskClient, house: House, live_id: str) -> None:
    code = look_up(house, live_id).code
    answer = post(desk, f"/staff/sessions/{live_id}/settings", {"room_floor": "3", "words_floor": "6"})
    assert answer.status_code == 303
    fresh = answer.location.rstrip("/").rpartition("/")[2]
    live = look_up(house, fresh)
    assert (live.room_floor, live.words_floor, live.code) == (3, 6, code)
    assert "at least 3 people" in console(desk, fresh)
    old = console(desk, live_id)
    assert f"/staff/sessions/{fresh}/" in old
    assert 'name="do"' not in old
    assert desk.get(f"/staff/sessions/{live_id}/settings").location.endswith(f"/{fresh}/settings")


# -- create


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title", "  ", "Enter a title."),
        ("title", "x" * 201, "longer"),
        ("leader", "", "Enter who leads."),
        ("expected", "", "Enter a number of people."),
        ("expected", "0", "Enter a number from 1 to 10,000."),
        ("expected", "many", "Enter a number, such as 12."),
        ("room_floor", "2", "valid"),
        ("words_floor", "4", "valid"),
        ("language", "xx", "valid"),
        ("leader_is_manager", "perhaps", "valid"),
        ("freeze_after_minutes", "99999", "valid"),
    ],
)
def test_a_wrong_entry_is_named_in_place_and_nothing_else_is_lost(
    desk: FlaskClient, house: House, live_id: str, guide_id: str, field: str, value: str, said: str
) -> None:
    form = entered(team="The quiet ones", **{field: value})
    answer = post(desk, f"/staff/sessions/new?guide={guide_id}", form)
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert 'value="The quiet ones"' in shown
    error = re.search(r'class="field__error"[^>]*>([^<]+)<', shown)
    assert error
    assert said in error[1]
    with house.database.transaction() as session:
        assert len(session.scalars(select(LiveSession.id)).all()) == 1


def test_a_session_is_made_as_it_was_entered(desk: FlaskClient, house: House, live_id: str, guide_id: str) -> None:
    form = entered(
        title="Ein Titel",
        expected="6",
        room_floor="3",
        words_floor="5",
        leader_is_manager="yes",
        facilitator_words="y",
        freeze_after_minutes="1440",
    )
    answer = post(desk, f"/staff/sessions/new?guide={guide_id}", form)
    assert answer.status_code == 303
    live = look_up(house, answer.location.rstrip("/").rpartition("/")[2])
    assert (live.title, live.expected, live.room_floor, live.words_floor) == ("Ein Titel", 6, 3, 5)
    assert (live.leader_is_manager, live.facilitator_words, live.freeze_after_minutes) == (True, True, 1440)
    assert not live.moderation
    assert not live.rehearsal


def test_the_second_button_makes_a_rehearsal(desk: FlaskClient, house: House, live_id: str, guide_id: str) -> None:
    answer = post(desk, f"/staff/sessions/new?guide={guide_id}", entered(rehearsal="1"))
    assert look_up(house, answer.location.rstrip("/").rpartition("/")[2]).rehearsal


def test_the_form_starts_from_the_guide_and_the_account(
    desk: FlaskClient, facilitator: Account, live_id: str, guide_id: str
) -> None:
    shown = page(desk, f"/staff/sessions/new?guide={guide_id}")
    assert 'value="Small guide"' in shown
    assert f'value="{facilitator.name}"' in shown
    assert "checked" not in str(re.search(r'<input[^>]*name="facilitator_words"[^>]*>', shown))
    assert '<input type="hidden" name="language" value="en">' in shown  # one language: nothing to choose


def test_asking_what_a_group_will_see_creates_nothing(
    desk: FlaskClient, house: House, live_id: str, guide_id: str
) -> None:
    answer = post(desk, f"/staff/sessions/new?guide={guide_id}", entered(expected="4", show="1"))
    assert answer.status_code == 200
    assert "each question needs 5 answers" in answer.get_data(as_text=True)
    with house.database.transaction() as session:
        assert len(session.scalars(select(LiveSession.id)).all()) == 1


def test_without_a_guide_one_is_chosen_first(desk: FlaskClient, live_id: str, guide_id: str) -> None:
    assert f"guide={guide_id}" in page(desk, "/staff/sessions/new")
    assert desk.get("/staff/sessions/new?guide=nothing").status_code == 404


def test_a_session_is_made_only_by_staff(client: FlaskClient, live_id: str, guide_id: str) -> None:
    for path in (f"/staff/sessions/new?guide={guide_id}", "/staff/sessions/new/forecast?expected=5"):
        assert "/staff/sign-in" in client.get(path).location


# -- the forecast


@pytest.mark.parametrize("query", ["expected=", "expected=x", "expected=0", "expected=99999999"])
def test_the_forecast_of_nonsense_asks_for_a_number(desk: FlaskClient, live_id: str, query: str) -> None:
    assert "Enter how many people you expect" in page(desk, f"/staff/sessions/new/forecast?{query}")


def test_the_forecast_follows_the_numbers_asked(desk: FlaskClient, live_id: str) -> None:
    where = "/staff/sessions/new/forecast"
    assert "each question needs 5 answers" in page(desk, f"{where}?expected=4&room_floor=5&words_floor=10")
    assert "at least 3 people answered" in page(desk, f"{where}?expected=4&room_floor=3&words_floor=10")


def test_below_the_rooms_floor_no_result_is_promised() -> None:
    said = forecast(4, 5, 10)
    assert any("Any result" in line for line in said.wont)
    assert not any("result of each question" in line for line in said.will)
    assert "3 or 4" in said.advice


def test_below_ten_no_number_is_promised() -> None:
    said = forecast(9, 5, 10)
    assert any("Shapes" in line for line in said.will)
    assert any("Exact numbers" in line for line in said.wont)


def test_words_are_promised_only_from_the_words_floor() -> None:
    assert any("set free" in line for line in forecast(6, 3, 6).will)
    assert any("Anybody's words" in line for line in forecast(5, 3, 6).wont)


def test_fewer_than_three_people_are_told_the_truth() -> None:
    assert "nothing can be anonymous" in forecast(2, 3, 5).advice


@pytest.mark.parametrize(("room", "words"), [(2, 10), (5, 4)])
def test_the_service_itself_refuses_floors_that_the_form_does_not_offer(
    house: House, facilitator: Account, room: int, words: int
) -> None:
    with pytest.raises(WorkshopError, match="floor"):
        make_session(house, facilitator, room_floor=room, words_floor=words)
