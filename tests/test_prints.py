"""A guide on paper: the same steps as everywhere, on the clock or from the beginning."""

from __future__ import annotations

import re

import pytest

from tests.conftest import CheckedClient, make_account, signed_in
from tests.small_guide import make_session
from workshop.guides import library
from workshop.house import House
from workshop.models import Account

pytestmark = pytest.mark.drawn


@pytest.fixture
def staff(house: House, client: CheckedClient, facilitator: Account) -> CheckedClient:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    return signed_in(client, facilitator)


def text(client: CheckedClient, address: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(address).get_data(as_text=True)).split())


def test_the_script_holds_everything_its_leader_needs(staff: CheckedClient) -> None:
    page = text(staff, "/staff/guides/getting-unstuck/script?start=09:30")
    with_clock = ["09:30–11:03", "93 minutes", "What you say", "Only for you", "On the phones", "What is really mine?"]
    assert [word for word in with_clock if word not in page] == []
    relative = text(staff, "/staff/guides/getting-unstuck/script")
    assert "0:08" in relative
    assert "1:33" in relative
    assert "09:30" not in relative


def test_the_agenda_holds_nothing_that_is_for_the_leader(staff: CheckedClient) -> None:
    page = text(staff, "/staff/guides/getting-unstuck/agenda?start=23:30")
    assert "23:30–01:03" in page
    assert "You need no account and no name." in page
    assert "Only for you" not in page
    assert "What you say" not in page


def test_a_time_that_is_none_is_said_and_the_page_still_prints(staff: CheckedClient) -> None:
    page = text(staff, "/staff/guides/getting-unstuck/agenda?start=soon")
    assert "Enter a time, such as 09:00." in page
    assert "1:33" in page
    assert staff.get("/staff/guides/no-such-guide/script").status_code == 404


def test_the_guide_and_the_session_lead_to_their_papers(
    house: House, staff: CheckedClient, facilitator: Account
) -> None:
    guide = staff.get("/staff/guides/team-pulse/?start=10:00").get_data(as_text=True)
    assert "/staff/guides/team-pulse/script?start=10:00&amp;language=en" in guide
    live_id = make_session(house, facilitator)
    console = staff.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    for paper in ("script", "agenda"):
        address = f"/staff/sessions/{live_id}/{paper}"
        assert address in console
        page = text(staff, f"{address}?start=14:00")
        assert "Getting unstuck" in page
        assert "Platform" in page
        assert "14:10" in page
    theirs = make_session(house, make_account(house))
    assert staff.get(f"/staff/sessions/{theirs}/script").status_code == 404
