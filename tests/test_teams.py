"""The team page: what a person's own sessions say beside each other, and nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.conftest import CheckedClient, make_account, signed_in
from tests.report_world import ENDED, SHIPPED, add_live, release
from workshop import actions, check_ins, teams
from workshop.errors import NotFound
from workshop.house import House
from workshop.models import Account, LiveSession, SessionRole

GUIDE = SHIPPED.read_text()


def ended(house: House, runner: Account | None, weeks: int, values: list[int], **changes: object) -> str:
    """Add a session that ended some weeks after the first one, with these answers about energy; return its id."""
    with house.database.transaction() as session:
        moment = ENDED + timedelta(weeks=weeks)
        live = add_live(session, source=GUIDE, runner=runner, started_at=moment, ended_at=moment, **changes)
        release(session, live, "energy-after", [{"value": [str(value)]} for value in values])
        return live.id


def test_a_team_is_one_however_its_name_is_spaced(house: House, facilitator: Account) -> None:
    for weeks, name in enumerate(("Product team", "product  Team ", "Support")):
        ended(house, facilitator, weeks, [5] * 5, team=name)
    ended(house, facilitator, 4, [5] * 5, team="")
    ended(house, facilitator, 5, [5] * 5, team="Product team", rehearsal=True)
    with house.database.transaction() as session:
        found = teams.teams(session, facilitator.id, ENDED.date())
    assert [(line.name.casefold(), line.sessions) for line in found] == [("product  team", 2), ("support", 1)]


def test_only_sessions_with_a_role_count(house: House, facilitator: Account) -> None:
    stranger = make_account(house)
    mine = ended(house, facilitator, 0, [5] * 5)
    theirs = ended(house, stranger, 1, [5] * 5)
    key = teams.key_of("Product team")
    with house.database.transaction() as session:
        assert [line.live.id for line in teams.team(session, facilitator.id, key, ENDED.date()).sessions] == [mine]
        session.add(SessionRole(live_id=theirs, account_id=facilitator.id, role="watch"))
        session.flush()
        both = teams.team(session, facilitator.id, key, ENDED.date()).sessions
        assert [(line.live.id, line.role) for line in both] == [(theirs, "watch"), (mine, "run")]
        with pytest.raises(NotFound):
            teams.team(session, "somebody without any session", key, ENDED.date())
        assert teams.due_of(session, facilitator.id, ENDED.date()) == ()


def test_successive_sessions_are_compared_in_words_alone(
    app: Flask, house: House, facilitator: Account, client: CheckedClient
) -> None:
    low = [2] * 15 + [5] * 3 + [9] * 3
    high = [9] * 15 + [6] * 3 + [2] * 3
    ended(house, facilitator, 0, low, title="One")
    ended(house, facilitator, 2, high, title="Two")
    ended(house, facilitator, 4, [5] * 4, title="Three")
    ended(house, facilitator, 6, [9] * 7, title="Four")
    with house.database.transaction() as session:
        energy = teams.team(session, facilitator.id, teams.key_of("Product team"), ENDED.date()).energy
    assert [(one["band"], one["step"], one["state"]) for one in energy] == [
        ("low", None, "shown"),
        ("high", "up", "shown"),
        (None, None, "too_few"),
        ("high", None, "shown"),
    ]
    page = signed_in(client, facilitator).get(f"/staff/teams/{teams.key_of('Product team')}").get_data(as_text=True)
    assert "Different sessions have different people in them." in page
    assert "Still: high end" in page
    assert "too few answers" in page
    assert "people answered" not in page


def test_what_is_due_stands_on_the_dashboard_and_the_team_page(
    app: Flask, house: House, facilitator: Account, browser: Callable[[], CheckedClient]
) -> None:
    live_id = ended(house, facilitator, 0, [5] * 5)
    first = ENDED.date() + timedelta(days=14)
    said = []
    for days in (-4, -3, 0, 7, 40):
        day = first + timedelta(days=days)
        now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        app.extensions["house"] = moved = replace(house, clock=lambda now=now: now)  # type: ignore[misc]
        check_ins.tick(moved)
        client = signed_in(browser(), facilitator)
        dashboard = client.get("/staff/").get_data(as_text=True)
        team = client.get(f"/staff/teams/{teams.key_of('Product team')}").get_data(as_text=True)
        words = ("First check-in opens on", "First check-in is open until", "First check-in has results")
        said.append([word in dashboard and word in team for word in words])
        assert f"/staff/sessions/{live_id}/follow-up" in dashboard
    assert said == [
        [False, False, False],
        [True, False, False],
        [False, True, False],
        [False, False, True],
        [False, False, False],
    ]
    moved.boxes.close()


def test_without_a_team_the_page_says_what_to_do(client: CheckedClient, facilitator: Account) -> None:
    page = signed_in(client, facilitator).get("/staff/teams/").get_data(as_text=True)
    assert "No team yet" in page
    assert client.get("/staff/teams/nothing").status_code == 404


def test_a_session_that_has_not_ended_stands_there_without_results(
    house: House, facilitator: Account, client: CheckedClient
) -> None:
    with house.database.transaction() as session:
        add_live(session, runner=facilitator, phase="lobby", started_at=None, ended_at=None, title="Coming up")
    page = signed_in(client, facilitator).get(f"/staff/teams/{teams.key_of('product team')}").get_data(as_text=True)
    assert "Coming up" in page
    assert "Prepared" in page
    assert "After two sessions that ended" in page


def test_what_was_agreed_stands_there_once_however_often_it_was_carried(
    house: House, facilitator: Account, client: CheckedClient
) -> None:
    first, second, third = (ended(house, facilitator, weeks, [5] * 5, title=f"No {weeks}") for weeks in range(3))
    elsewhere = ended(house, make_account(house), 1, [5] * 5)
    with house.database.transaction() as session:
        lives = {one: session.get_one(LiveSession, one) for one in (first, second, third, elsewhere)}
        actions.add(session, lives[first], "Tidy the shelf", "All", ENDED.date())
        done = actions.add(session, lives[first], "Buy a plant", "", None)
        actions.change(session, lives[first], done, "Buy a plant", "", None, "done")
        lives[third].ended_at = lives[third].started_at = None
        lives[third].phase = "lobby"
        lives[second].ended_at = None
        assert actions.carry(session, lives[second], facilitator.id) == 1
        lives[second].ended_at = ENDED + timedelta(weeks=1)
        session.flush()
        assert actions.carry(session, lives[third], facilitator.id) == 1
        actions.add(session, lives[elsewhere], "Somebody else's business", "", None)
    with house.database.transaction() as session:
        team = teams.team(session, facilitator.id, teams.key_of("Product team"), ENDED.date())
        assert [(one.live.id, one.action.text) for one in team.to_do] == [(third, "Tidy the shelf")]
        assert [(one.live.id, one.action.text) for one in team.settled] == [(first, "Buy a plant")]
    page = signed_in(client, facilitator).get(f"/staff/teams/{team.key}").get_data(as_text=True)
    assert page.count("Tidy the shelf") == 1
    assert f"/staff/sessions/{third}/actions" in page
    assert "1 done or dropped" in page
    assert "Somebody else" not in page
