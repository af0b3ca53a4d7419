"""The pages around slips: choosing them, printing them once, coming with one."""

from __future__ import annotations

import re

import pytest

from tests.conftest import CheckedClient, post, signed_in
from tests.small_guide import go, look_up, make_session
from workshop import live_sessions
from workshop.house import House
from workshop.models import Account


@pytest.fixture
def desk(client: CheckedClient, facilitator: Account) -> CheckedClient:
    signed_in(client, facilitator)
    return client


def printed(desk: CheckedClient, live_id: str, number: int = 12) -> tuple[str, list[str]]:
    address = f"/staff/sessions/{live_id}/slips"
    version = re.search(r'name="version"[^>]*value="(\d+)"', desk.get(address).get_data(as_text=True))
    assert version
    answer = post(desk, address, {"number": str(number), "version": version[1]})
    page = answer.get_data(as_text=True)
    codes = re.findall(r'class="slip__code">(\w{4}) (\w{4})<', page)
    return page, ["".join(code) for code in codes]


def test_slips_are_shown_once_and_open_the_door_once(
    desk: CheckedClient, browser: object, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator, tickets=True)
    address = f"/staff/sessions/{live_id}/slips"
    assert "nobody can join" in desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    page, codes = printed(desk, live_id)
    assert len(codes) == len(set(codes)) == 12
    assert page.count("<svg") == 12, "each has its own way in"
    again = desk.get(address).get_data(as_text=True)
    assert not [code for code in codes if code in again or f"{code[:4]} {code[4:]}" in again]
    assert "void" in again

    phone = browser()  # type: ignore[operator]
    door = f"/j/{look_up(house, live_id).join_token}"
    welcome = phone.get(f"{door}?slip={codes[0]}").get_data(as_text=True)
    assert f'value="{codes[0]}"' in welcome
    assert "12 slips are good" in welcome
    refused = post(phone, door, {"slip": "AAAABBBB"})
    assert refused.status_code == 403
    assert "not the code of a slip" in refused.get_data(as_text=True)
    assert 'value="AAAABBBB"' in refused.get_data(as_text=True), "what was typed comes back"
    assert post(phone, door, {"slip": codes[0]}).status_code == 303
    other = browser()  # type: ignore[operator]
    assert "let a phone in already" in post(other, door, {"slip": codes[0]}).get_data(as_text=True)
    assert look_up(house, live_id).joined == 1
    assert "You also need a slip." in desk.get(f"/staff/sessions/{live_id}/cards").get_data(as_text=True)


def test_whoever_guesses_slips_has_to_pause(browser: object, house: House, facilitator: Account) -> None:
    live_id = make_session(house, facilitator, tickets=True)
    phone = browser()  # type: ignore[operator]
    door = f"/j/{look_up(house, live_id).join_token}"
    statuses = [post(phone, door, {"slip": f"GUESS{n:03}"}).status_code for n in range(45)]
    assert statuses[0] == 403
    assert statuses[-1] == 429


def test_a_session_without_slips_asks_for_none_and_they_are_switched_on_before_the_first_phone(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator)
    address = f"/staff/sessions/{live_id}/slips"
    assert "slip" not in desk.get(f"/j/{look_up(house, live_id).join_token}").get_data(as_text=True).lower()
    post(desk, f"{address}/switch", {"to": "on"}, page=address)
    assert look_up(house, live_id).tickets
    assert desk.get(address).status_code == 200
    post(desk, f"{address}/switch", {"to": "off"}, page=address)
    live_sessions.join(house, live_id, None)
    post(desk, f"{address}/switch", {"to": "on"}, page=f"/staff/sessions/{live_id}/settings")
    assert not look_up(house, live_id).tickets
    post(desk, address, {"number": "5", "version": "1"}, page=f"/staff/sessions/{live_id}/settings")
    assert look_up(house, live_id).slips == 0


def test_a_number_that_is_none_is_said_in_place_and_an_ended_session_takes_no_slips(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator, tickets=True)
    address = f"/staff/sessions/{live_id}/slips"
    answer = post(desk, address, {"number": "9999", "version": "1"})
    assert answer.status_code == 422
    assert "Enter a number from 1 to 500." in answer.get_data(as_text=True)
    go(house, live_id, "start")
    go(house, live_id, "end")
    assert desk.get(address).status_code == 200
