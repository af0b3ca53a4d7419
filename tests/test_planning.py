"""A session is planned for a day, people are invited, and what was is found again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import icalendar
import pytest

from tests.conftest import CheckedClient, post, signed_in
from tests.report_world import add_live
from tests.small_guide import make_session
from workshop import live_sessions, planning
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, Freeze, LiveSession
from workshop.web import dashboard


@pytest.fixture
def staff(house: House, client: CheckedClient, facilitator: Account) -> CheckedClient:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    return signed_in(client, facilitator)


def planned(house: House, live_id: str) -> datetime | None:
    with house.database.transaction() as session:
        return planning.local(session.get_one(LiveSession, live_id).planned_for)


def text(client: CheckedClient, address: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(address).get_data(as_text=True)).split())


def test_a_session_is_made_for_a_day_and_a_day_that_has_passed_is_refused(house: House, staff: CheckedClient) -> None:
    address = "/staff/sessions/new?guide=team-pulse"
    day = (house.clock().astimezone() + timedelta(days=20)).date()
    values = {"title": "Ours", "team": "Platform", "language": "en", "expected": "9", "leader": "Maria", "go": "1"}
    values |= {"room_floor": "5", "words_floor": "10", "leader_is_manager": "no"}
    values |= {"freeze_after_minutes": "15", "keep_days": "90"}
    refused = post(staff, address, {**values, "day": "2020-01-01", "at": "09:00"})
    assert refused.status_code == 422
    assert "This day has passed." in refused.get_data(as_text=True)
    unreadable = post(staff, address, {**values, "day": "soon", "at": "noon"}).get_data(as_text=True)
    assert "Enter a day as year-month-day" in unreadable
    made = post(staff, address, {**values, "day": day.isoformat(), "at": "14:30"})
    live_id = str(made.location).split("/")[-2]
    begins = planned(house, live_id)
    assert begins is not None
    assert (begins.date(), f"{begins:%H:%M}") == (day, "14:30")
    agenda = text(staff, f"/staff/sessions/{live_id}/agenda")
    assert "14:30–14:45" in agenda
    assert str(day.year) in agenda


def test_the_invitation_promises_what_holds_and_holds_no_way_in(
    house: House, staff: CheckedClient, facilitator: Account
) -> None:
    when = planning.moment((house.clock() + timedelta(days=3)).date(), time(10))
    live_id = make_session(house, facilitator, planned_for=when, leader_is_manager=True, room_floor=4)
    page = text(staff, f"/staff/sessions/{live_id}/plan")
    for words in (
        "from 10:00 to 10:20.",
        "this team&#39;s manager",
        "from 4 people on",
        "no account, no app and no name",
    ):
        assert words in page
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        said = planning.invitation(live, str)
    assert live.code and live.code not in said
    assert live.join_token not in page
    console = staff.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert f"/staff/sessions/{live_id}/plan" in console
    moved = live_sessions.restart_with_floors(house, facilitator, live_id, 5, 10)
    assert planned(house, moved) == planning.local(when)
    assert planned(house, live_sessions.rehearse(house, facilitator, moved)) is None


def test_the_calendar_file_is_read_by_another_hand_and_the_day_can_change(
    house: House, staff: CheckedClient, facilitator: Account
) -> None:
    live_id = make_session(house, facilitator)
    address = f"/staff/sessions/{live_id}/plan"
    assert staff.get(f"{address}/session.ics").status_code == 404
    day = (house.clock().astimezone() + timedelta(days=9)).date()
    assert post(staff, address, {"day": day.isoformat(), "at": "08:15"}).status_code == 303
    answer = staff.get(f"{address}/session.ics")
    assert answer.mimetype == "text/calendar"
    (event,) = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    begins = event["dtstart"].dt
    assert begins == planned(house, live_id)
    assert begins.astimezone().strftime("%H:%M") == "08:15"
    assert event["dtend"].dt - begins == timedelta(minutes=20)
    assert f"/staff/sessions/{live_id}/" in event["description"]
    assert staff.get(f"{address}/session.ics").data == answer.data
    assert post(staff, address, {"day": "", "at": "08:15"}).status_code == 303
    assert planned(house, live_id) is None
    with house.database.transaction() as session:
        session.get_one(LiveSession, live_id).phase = "running"
    assert "no date to plan" in text(staff, address)


def test_the_dashboard_sorts_what_is_planned_and_finds_what_was(
    house: House, staff: CheckedClient, facilitator: Account
) -> None:
    now = house.clock()
    with house.database.transaction() as session:
        for title, days in (("Undated", None), ("Later", 9), ("Today", 0), ("Sooner", 2)):
            live = add_live(session, runner=facilitator, phase="lobby", started_at=None, ended_at=None, title=title)
            live.planned_for = None if days is None else now + timedelta(days=days)
        for number in range(30):
            ended = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=number)
            live = add_live(session, runner=facilitator, title=f"Old {number:02}", team="Archive", ended_at=ended)
            if number == 29:
                session.add(Freeze(id="f" * 22, live_id=live.id, frozen_at=ended, editions={}))
    with house.database.transaction() as session:
        page = dashboard.read(session, facilitator, now)
        assert [line.live.title for line in page.planned] == ["Today", "Sooner", "Later", "Undated"]
        assert [line.day for line in page.planned] == ["today", "later", "later", ""]
        assert [line.live.title for line in page.ended][:2] == ["Old 29", "Old 28"]
        assert [line.report for line in page.ended][:2] == ["fixed", "review"]
    home = text(staff, "/staff/")
    assert "All 30 ended sessions" in home
    assert "Report fixed" in home
    found = text(staff, "/staff/?q=archive++OLD+07")
    assert "Old 07" in found
    assert "Old 08" not in found
    assert "1 session found." in found
    assert "Nothing found." in text(staff, "/staff/?q=%3Cb%3E")
    first, second = (text(staff, f"/staff/sessions/ended?page={number}") for number in (1, 99))
    assert "Old 05" in first
    assert "Old 04" not in first
    assert "Old 04" in second
    assert "Page 2 of 2" in second
