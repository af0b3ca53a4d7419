"""What is kept until when: the terms, the purge, what people are told, and that the bytes are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import make_account, signed_in
from tests.report_world import ENDED, LATER, Said, add_live, canaries, release, texts
from tests.small_guide import ask, go, look_up, make_session
from workshop import accounts, actions, cli, freezes, live_sessions, retention
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import Account, ActivityRun, Card, Freeze, LiveSession, ReportText, StaffLink

KEEP_REPORTS = 730


def days_later(days: int) -> datetime:
    """Return the moment so many whole days after the end."""
    return ENDED + timedelta(days=days)


def purge(house: House, days: int, **options: bool) -> retention.Purged:
    """Purge as if so many days had passed since the end."""
    return retention.purge(house.database, KEEP_REPORTS, days_later(days).date(), **options)


def a_session(house: House, said: list[Said], runner: Account | None = None) -> str:
    """Return an ended session with these texts, a saved review and a freeze."""
    with house.database.transaction() as db:
        live = add_live(db, runner=runner)
        guide = live_sessions.guide_of(live)
        release(db, live, "drags", texts(said))
        freezes.save_texts(db, live, guide, freezes.Texts(asks="Two mornings."), 0, LATER)
        freezes.freeze(db, live, guide, LATER)
        return live.id


def what_is_there(house: House, live_id: str) -> tuple[int, int, int, int]:
    """Return the numbers of runs, cards, texts and freezes of a session."""
    with house.database.transaction() as db:
        runs = [run.id for run in db.query(ActivityRun).filter_by(live_id=live_id)]
        return (
            len(runs),
            db.query(Card).filter(Card.run_id.in_(runs)).count(),
            db.query(ReportText).filter_by(live_id=live_id).count(),
            db.query(Freeze).filter_by(live_id=live_id).count(),
        )


def test_released_data_go_first_and_the_reports_with_their_own_term(house: House) -> None:
    live_id = a_session(house, canaries(12, 6))
    whole = what_is_there(house, live_id)
    assert whole[1] == 12 and all(whole)

    assert purge(house, 90).nothing and what_is_there(house, live_id) == whole
    assert purge(house, 91, dry_run=True) == retention.Purged(data=1) and what_is_there(house, live_id) == whole
    assert purge(house, 91) == retention.Purged(data=1)
    assert what_is_there(house, live_id) == (0, 0, 0, 1)
    with house.database.transaction() as db:
        assert live_sessions.get(db, live_id).purged_on == days_later(91).date()
    assert purge(house, 92).nothing, "what has gone is not deleted again"

    assert purge(house, KEEP_REPORTS).nothing
    assert purge(house, KEEP_REPORTS + 1) == retention.Purged(reports=1)
    assert what_is_there(house, live_id) == (0, 0, 0, 0)


def test_what_was_agreed_goes_with_the_term_of_reports_also_where_none_was_fixed(house: House) -> None:
    with house.database.transaction() as db:
        live = add_live(db)
        actions.add(db, live, "Ask for two mornings.", "The team", None)

    def left() -> int:
        with house.database.transaction() as db:
            return len(actions.lines(db, live.id))

    purge(house, KEEP_REPORTS)
    assert left() == 1
    purge(house, KEEP_REPORTS + 1)
    assert left() == 0


def test_a_session_that_runs_or_has_a_longer_term_is_left_alone(house: House) -> None:
    live_id = a_session(house, canaries(12, 6))
    with house.database.transaction() as db:
        live_sessions.get(db, live_id).keep_days = 365
        running = add_live(db, phase="running", ended_at=None)
        release(db, running, "drags", texts(canaries(6, 0)))
        other = running.id
    assert purge(house, 364).nothing
    assert what_is_there(house, live_id)[1] == 12 and what_is_there(house, other)[1] == 6


def test_deleted_texts_are_in_no_file_of_the_installation(house: House) -> None:
    said = canaries(40, 0)
    live_id = a_session(house, said)
    sqlite = house.database.engine.dialect.name == "sqlite"  # PostgreSQL's pages are its operator's (docs/operators.md)
    folder = Path(str(house.database.engine.url.database)).parent if sqlite else house.settings.data_dir

    def found() -> int:
        whole = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
        return sum(one.text.split()[0].encode() in whole for one in said)

    if sqlite:
        assert found() == 40, "the control: they were there"
    purge(house, 91)
    assert found() == 0
    assert what_is_there(house, live_id)[:2] == (0, 0)


def test_what_was_purged_is_said_and_not_silently_gone(
    app: Flask, house: House, browser: Callable[[], FlaskClient]
) -> None:
    runner = make_account(house)
    with house.database.transaction() as db:
        live = add_live(db, runner=runner)
        release(db, live, "drags", texts(canaries(12, 6)))
        live_id = live.id
    purge(house, 91)
    app.extensions["house"] = replace(house, clock=lambda: days_later(92))
    staff = browser()
    signed_in(staff, runner)
    assert "Results deleted on" in staff.get("/staff/").get_data(as_text=True)
    assert "were deleted on" in staff.get(f"/staff/sessions/{live_id}/report").get_data(as_text=True)
    page = browser().get(f"/s/{live_id}/kept").get_data(as_text=True)
    assert "The results of this session were deleted on" in page and "There is no report any more" in page
    with house.database.transaction() as db:
        live = live_sessions.get(db, live_id)
        with pytest.raises(WorkshopError, match="deleted"):
            freezes.freeze(db, live, live_sessions.guide_of(live), days_later(92))


def test_everybody_may_read_what_is_kept_until_when(house: House, client: FlaskClient, facilitator: Account) -> None:
    live_id = make_session(house, facilitator)
    page = client.get(f"/s/{live_id}/kept").get_data(as_text=True)
    assert "90 days after the end" in page and "730 days after the end" in page
    assert client.get("/s/nosuchsession/kept").status_code == 404


def test_the_address_of_whoever_never_took_an_invitation_is_forgotten(house: House) -> None:
    with house.database.transaction() as db:
        accounts.invite(db, None, "gone@example.org", "facilitator", ENDED)
        accounts.invite(db, None, "open@example.org", "facilitator", days_later(5))
    purge(house, 8)
    with house.database.transaction() as db:
        assert db.scalars(select(StaffLink.email)).all() == ["open@example.org"]


def test_a_forgotten_session_is_ended_and_nothing_unreleased_outlives_it(house: House, facilitator: Account) -> None:
    live_id = make_session(house, facilitator)
    go(house, live_id, "start")
    ask(house, live_id, "stuck")
    box = house.settings.data_dir / "ballots" / f"{live_id}.sqlite"
    assert box.is_file()

    def house_after(days: float) -> House:
        return replace(house, clock=lambda: house.clock() + timedelta(days=days))

    assert retention.end_forgotten(house_after(2.9)) == 0
    assert retention.end_forgotten(house_after(3.1)) == 1
    live = look_up(house, live_id)
    assert live.phase == "ended" and not box.exists()
    with house.database.transaction() as db:
        assert [run.state for run in db.query(ActivityRun).filter_by(live_id=live_id)] == ["released"]


def test_a_lobby_that_was_prepared_early_is_not_forgotten(house: House, facilitator: Account) -> None:
    make_session(house, facilitator)
    late = replace(house, clock=lambda: house.clock() + timedelta(days=300))
    assert retention.end_forgotten(late) == 0


def test_the_command_says_what_went(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(house.settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", house.settings.database_url)
    live_id = a_session(house, canaries(12, 6))
    with house.database.transaction() as db:
        live = db.get(LiveSession, live_id)
        assert live
        live.ended_at = house.clock() - timedelta(days=91)
    assert cli.main(["purge", "--dry-run"]) == 0
    assert cli.main(["purge"]) == 0
    assert cli.main(["purge"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Would delete the results of 1 sessions and the reports of 0.",
        "Deleted the results of 1 sessions and the reports of 0.",
        "Nothing is past its term.",
    ]
