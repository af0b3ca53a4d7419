"""Actions of a group: written, changed, carried to the team's next session, shown, in the report and as a calendar."""

from __future__ import annotations

from datetime import date

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy.orm import Session

from tests.conftest import make_account, post, signed_in
from tests.report_world import ENDED, LATER, add_live
from tests.small_guide import go, look_up, make_session
from workshop import actions, fragments, freezes, live_sessions, screens
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, LiveSession

HOSTILE = '<script>alert(1)</script> & "quotes"; a,b\\n'

GUIDE = """\
format: 1
id: agree
title: Agree
language: en
steps:
  - id: close
    title: Close
    minutes: 5
    activities:
      - {id: agreed, kind: actions, prompt: What do we agree to do?}
"""


@pytest.fixture
def runner(client: FlaskClient, house: House) -> FlaskClient:
    account = make_account(house)
    signed_in(client, account)
    client.person = account  # type: ignore[attr-defined]
    return client


@pytest.fixture
def live_id(house: House, runner: FlaskClient) -> str:
    return make_session(house, runner.person)  # type: ignore[attr-defined]


def address(live_id: str, rest: str = "") -> str:
    return f"/staff/sessions/{live_id}/actions{rest}"


def listed(house: House, live_id: str) -> list[tuple[str, str, date | None, str, bool]]:
    with house.database.transaction() as db:
        return [(one.text, one.owner, one.due, one.state, one.carried) for one in actions.lines(db, live_id)]


def ids(house: House, live_id: str) -> list[str]:
    with house.database.transaction() as db:
        return [one.id for one in actions.lines(db, live_id)]


def test_an_action_is_written_changed_and_taken_out_on_its_page(
    house: House, runner: FlaskClient, live_id: str
) -> None:
    assert "Nothing is written down yet" in runner.get(address(live_id)).get_data(as_text=True)
    one = {"text": " Two  mornings without meetings ", "owner": "Team lead", "due": "2026-12-01"}
    assert post(runner, address(live_id), one).status_code == 303
    assert post(runner, address(live_id), {"text": HOSTILE}).status_code == 303
    assert listed(house, live_id)[0] == (
        "Two mornings without meetings", "Team lead", date(2026, 12, 1), "open", False,
    )  # fmt: skip
    page = runner.get(address(live_id)).get_data(as_text=True)
    assert "Two mornings without meetings" in page and "<script>alert" not in page

    first, second = ids(house, live_id)
    done = {"text": "Three mornings", "owner": "", "due": "", "do": "done"}
    assert post(runner, address(live_id, f"/{first}"), done, page=address(live_id)).status_code == 303
    assert listed(house, live_id)[0] == ("Three mornings", "", None, "done", False)
    assert post(runner, address(live_id, f"/{second}"), {"do": "remove"}, page=address(live_id)).status_code == 303
    assert len(ids(house, live_id)) == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": "  "}, "Write what will be done"),
        ({"text": "x" * 301, "owner": "Team"}, "301 characters; 300 fit"),
        ({"text": "Fine", "owner": "x" * 121}, "at most 120"),
        ({"text": "Fine", "due": "tomorrow"}, "year-month-day"),
        ({"text": "x" * 5000}, "too long"),
    ],
)
def test_what_does_not_fit_is_said_and_comes_back(
    fields: dict[str, str], reason: str, house: House, runner: FlaskClient, live_id: str
) -> None:
    answer = post(runner, address(live_id), fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code >= 400 and reason in page
    assert all(value.strip() in page for value in fields.values())
    assert listed(house, live_id) == []


def test_a_list_has_an_end_and_a_strangers_action_is_out_of_reach(house: House, runner: FlaskClient) -> None:
    mine, other = (make_session(house, runner.person) for _number in range(2))  # type: ignore[attr-defined]
    with house.database.transaction() as db:
        for number in range(actions.MOST):
            actions.add(db, look_up(house, mine), f"Action {number}", "", None)
    answer = post(runner, address(mine), {"text": "One more"})
    assert answer.status_code >= 400 and "a lot already" in answer.get_data(as_text=True)
    stolen = ids(house, mine)[0]
    answer = post(runner, address(other, f"/{stolen}"), {"do": "remove"}, page=address(other))
    assert answer.status_code == 404
    assert len(ids(house, mine)) == actions.MOST


def ended(db: Session, account: Account, team: str, **changes: object) -> LiveSession:
    live = add_live(db, runner=account, team=team, **changes)  # type: ignore[arg-type]
    for text, state in (("Still to do", "open"), ("Done already", "done"), ("Given up", "dropped")):
        made = actions.add(db, live, text, "Team lead", date(2026, 12, 24))
        actions.change(db, live, made, text, "Team lead", date(2026, 12, 24), state)
    return live


def test_the_teams_next_session_begins_with_what_is_still_to_do(house: House, facilitator: Account) -> None:
    with house.database.transaction() as db:
        before = ended(db, facilitator, " platform ").id
    live_id = make_session(house, facilitator)
    assert listed(house, live_id) == [("Still to do", "Team lead", date(2026, 12, 24), "open", True)]
    assert [one[3] for one in listed(house, before)] == ["open", "done", "dropped"], "the list before stays as it was"


@pytest.mark.parametrize(("team", "changes"), [("Other", {}), ("Platform", {"rehearsal": True})])
def test_nothing_is_carried_from_another_team_or_a_rehearsal(
    team: str, changes: dict[str, object], house: House, facilitator: Account
) -> None:
    with house.database.transaction() as db:
        ended(db, facilitator, team, **changes)
    assert listed(house, make_session(house, facilitator)) == []


def test_nothing_is_carried_from_a_session_that_somebody_else_runs(house: House, facilitator: Account) -> None:
    with house.database.transaction() as db:
        ended(db, db.merge(make_account(house)), "Platform")
    assert listed(house, make_session(house, facilitator)) == []


def test_starting_again_with_other_floors_keeps_what_was_carried(house: House, facilitator: Account) -> None:
    with house.database.transaction() as db:
        ended(db, facilitator, "Platform")
    live_id = make_session(house, facilitator)
    fresh = live_sessions.restart_with_floors(house, facilitator, live_id, 3, 5)
    assert [one[0] for one in listed(house, fresh)] == ["Still to do"]


def test_stage_and_phones_show_the_list_and_hear_of_each_change(
    app: object, house: House, facilitator: Account
) -> None:
    with house.database.transaction() as db:
        guide_id = library.import_guide(db, facilitator, GUIDE, "agree.yaml", house.clock()).id
    live_id = make_session(house, facilitator, guide_id=guide_id)
    go(house, live_id, "start")
    heard: list[str] = []
    house.database.on_notice(heard.append)
    with house.database.transaction() as db:
        actions.add(db, look_up(house, live_id), HOSTILE, "All of us", date(2026, 12, 1))
    assert heard == [live_id]
    with house.database.transaction() as db, app.test_request_context():  # type: ignore[attr-defined]
        live = live_sessions.get(db, live_id)
        for html in (
            fragments.phone(screens.phone(db, live, house)),
            fragments.stage(screens.stage(db, live, house)),
            fragments.console(screens.console(db, live, "run", house)),
        ):
            assert "All of us" in html and "alert(1)" in html and "<script>" not in html


def test_the_report_suggests_the_actions_as_next_steps_until_others_are_written(
    house: House, facilitator: Account
) -> None:
    with house.database.transaction() as db:
        live = ended(db, facilitator, "Platform")
        guide = live_sessions.guide_of(live)
        draft = freezes.draft(db, live, guide, LATER)
        assert draft.texts.next_steps == (("Still to do", "Team lead", "December 24, 2026"),)
        freezes.save_texts(db, live, guide, freezes.Texts(next_steps=(("Ours", "", ""),)), 0, LATER)
        assert freezes.draft(db, live, guide, LATER).texts.next_steps == (("Ours", "", ""),)


def test_the_calendar_file_is_read_by_another_library_and_holds_what_is_to_do(
    house: House, runner: FlaskClient
) -> None:
    with house.database.transaction() as db:
        live = ended(db, runner.person, "Platform")  # type: ignore[attr-defined]
        actions.add(db, live, HOSTILE, "Übers Team, alle", date(2027, 2, 28))
        actions.add(db, live, "Without a day", "", None)
        live_id = live.id
    answer = runner.get(address(live_id, "/actions.ics"))
    assert answer.content_type.startswith("text/calendar")
    book = Calendar.from_ical(answer.get_data())
    events = [(str(event["summary"]), event.decoded("dtstart")) for event in book.walk("VEVENT")]
    assert events == [
        ("Still to do", date(2026, 12, 24)),
        (" ".join(HOSTILE.split()), date(2027, 2, 28)),
    ]
    assert book.walk("VEVENT")[0].decoded("dtstamp") == ENDED
    assert answer.get_data() == runner.get(address(live_id, "/actions.ics")).get_data()
