"""The desk where paper is typed in, and the sheets and cards that are printed."""

from __future__ import annotations

import re

import pytest

from tests.conftest import CheckedClient, make_account, post, signed_in
from tests.promises.stagehands import KINDS, add_guide, guide_source
from tests.small_guide import ask, go, look_up, make_session
from workshop import activities, live_sessions
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, SessionRole


@pytest.fixture
def desk(client: CheckedClient, facilitator: Account, house: House) -> CheckedClient:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    signed_in(client, facilitator)
    return client


def run_in(page: str) -> str:
    found = re.search(r'name="run" value="([^"]+)"', page)
    assert found
    return found[1]


def typed(desk: CheckedClient, live_id: str, **fields: str) -> object:
    address = f"/staff/sessions/{live_id}/paper"
    return post(desk, address, {"run": run_in(desk.get(address).get_data(as_text=True)), **fields})


def test_cards_are_typed_a_line_each_changed_taken_out_and_shown_with_the_close(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator)
    address = f"/staff/sessions/{live_id}/paper"
    assert "None is open now" in desk.get(address).get_data(as_text=True)
    ask(house, live_id, "stuck")
    assert address in desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    typed(desk, live_id, lines="too many meetings\nthe tool\n\nnothing new\n\nthird\n\nfourth\n\nfifth")
    page = desk.get(address).get_data(as_text=True)
    assert "Your batch: 5 sheets" in page
    assert "too many meetings" in page
    key = re.search(r"\?sheet=([0-9a-f]{32})", page)
    assert key
    taken_up = desk.get(f"{address}?sheet={key[1]}").get_data(as_text=True)
    assert f'name="sheet" value="{key[1]}"' in taken_up
    typed(desk, live_id, lines="put otherwise", sheet=key[1])
    assert "Your batch: 5 sheets" in desk.get(address).get_data(as_text=True)
    assert "5 paper sheets are typed in" in desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    console = desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert "put otherwise" not in console
    refused = typed(desk, live_id, lines="a\nb\nc\nd")
    assert refused.status_code == 422  # type: ignore[attr-defined]
    assert "Put an empty line" in refused.get_data(as_text=True)  # type: ignore[attr-defined]
    go(house, live_id, "close")
    stage = desk.get(f"/stage/{look_up(house, live_id).stage_token}").get_data(as_text=True)
    assert "put otherwise" in stage
    assert "From paper" in stage


def test_what_was_typed_too_late_comes_back(desk: CheckedClient, house: House, facilitator: Account) -> None:
    live_id = make_session(house, facilitator)
    ask(house, live_id, "stuck")
    address = f"/staff/sessions/{live_id}/paper"
    run = run_in(desk.get(address).get_data(as_text=True))
    go(house, live_id, "close")
    answer = post(desk, address, {"run": run, "lines": "a long thought"}, page=f"/staff/sessions/{live_id}/settings")
    assert answer.status_code == 409
    assert "a long thought" in answer.get_data(as_text=True)


def test_choices_are_tallied_and_shown_beside_the_phones(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator)
    ask(house, live_id, "energy")
    for value, alike in (("7", "4"), ("3", "3")):
        assert typed(desk, live_id, value=value, alike=alike).status_code == 303  # type: ignore[attr-defined]
    for wrong in ({"value": "99"}, {"value": "7", "alike": "0"}, {"value": "7", "alike": "1e9"}, {}):
        assert typed(desk, live_id, **wrong).status_code == 422  # type: ignore[attr-defined]
    assert "Your batch: 7 sheets" in desk.get(f"/staff/sessions/{live_id}/paper").get_data(as_text=True)
    other = make_account(house)
    with house.database.transaction() as session:
        session.add(SessionRole(live_id=live_id, account_id=other.id, role="run"))
    page = desk.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert "show the paper alone" in page
    go(house, live_id, "close")
    assert "From paper" in desk.get(f"/stage/{look_up(house, live_id).stage_token}").get_data(as_text=True)


def test_every_kind_has_a_sheet_and_a_form_to_type_it_in(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    sorts = [sort for sort in KINDS if KINDS[sort]["kind"] != "questions"]
    new = live_sessions.NewSession(
        guide_id=add_guide(house, guide_source(sorts)), title="Every kind", team="", language="en", expected=5,
        leader="Fay", leader_is_manager=False,
    )  # fmt: skip
    live_id = live_sessions.create(house, facilitator, new)
    go(house, live_id, "start")
    for number, sort in enumerate(sorts):
        if number:
            go(house, live_id, "next")
        if not activities.KINDS[KINDS[sort]["kind"]].all_along:  # such a one is open already
            go(house, live_id, "open")
        page = desk.get(f"/staff/sessions/{live_id}/paper").get_data(as_text=True)
        assert "Type in paper" in page
        go(house, live_id, "close")
    sheets = desk.get(f"/staff/sessions/{live_id}/sheets").get_data(as_text=True)
    assert all(f"Question {number}?" in sheets for number in range(len(sorts)))


def test_the_sheets_of_a_guide_speak_its_languages_and_say_what_paper_cannot_hide(desk: CheckedClient) -> None:
    page = desk.get("/staff/guides/getting-unstuck/sheets?language=de").get_data(as_text=True)
    assert '<html lang="de"' in page
    english = desk.get("/staff/guides/getting-unstuck/sheets").get_data(as_text=True)
    assert "can see your handwriting" in english
    assert "This page is yours" in english
    assert desk.get("/staff/guides/no-such-guide/sheets").status_code == 404


def test_join_cards_hold_the_way_in_until_the_door_is_closed(
    desk: CheckedClient, house: House, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator)
    page = desk.get(f"/staff/sessions/{live_id}/cards").get_data(as_text=True)
    code = look_up(house, live_id).code or ""
    assert page.count(f"{code[:3]} {code[3:]}") == 4
    assert "Nobody can see which answer is yours" in page
    go(house, live_id, "door", "closed")
    assert "The door of this session is closed." in desk.get(f"/staff/sessions/{live_id}/cards").get_data(as_text=True)
