"""The pages around a report, as a browser gets them; every page is held against the standard by the client."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import make_account, post, signed_in
from tests.pages import csrf_token
from tests.report_world import ENDED, LATER, Said, add_live, canaries, release, texts
from workshop import freezes, jobs, live_sessions, report_worker
from workshop.house import House
from workshop.models import Card, Freeze, LiveSession, ReportFile, ReportText, SessionRole
from workshop.report_worker import Printed, PrintFailed


@pytest.fixture
def now(app: Flask, house: House) -> Callable[[datetime], None]:
    """Return a way to set the house's clock; it stands at "late enough to freeze"."""

    def stand_at(moment: datetime) -> None:
        app.extensions["house"] = replace(house, clock=lambda: moment)

    return stand_at


@pytest.fixture
def runner(app: Flask, house: House, client: FlaskClient, now: Callable[[datetime], None]) -> FlaskClient:
    """Return a browser signed in as somebody whose sign-in is valid at the session's time."""
    now(LATER)
    person = make_account(house, name="Fay")
    signed_in(client, person)
    client.person = person  # type: ignore[attr-defined]
    return client


@pytest.fixture
def live(house: House, runner: FlaskClient) -> LiveSession:
    """Return a session of twelve that has ended, with texts, run by `runner`."""
    return session_of(house, runner)


@pytest.fixture
def printer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a way to stand in for the child process."""

    def use(stand_in: Callable[..., Printed]) -> None:
        monkeypatch.setattr(report_worker, "print_pdf", stand_in)

    use(lambda *_arguments, **_options: Printed(b"%PDF-made-up"))
    return use


def session_of(house: House, client: FlaskClient, **changes: Any) -> LiveSession:
    """Add an ended session with answers, run by the person signed in on `client`."""
    with house.database.transaction() as db:
        live = add_live(db, runner=client.person, **changes)  # type: ignore[attr-defined]
        release(db, live, "help", [{"choice": [name]} for name in ["training"] * 6 + ["say"] * 3 + ["tasks"] * 3])
        release(db, live, "drags", texts([Said("our deadlines move without a word said"), *canaries(11, 8)]))
    return live


def address(live: LiveSession, rest: str = "") -> str:
    """Return an address of the report's pages."""
    return f"/staff/sessions/{live.id}/report{rest}"


def frozen(app: Flask, client: FlaskClient, live: LiveSession) -> None:
    """Freeze through the pages and wait for the files."""
    answer = post(client, address(live, "/freeze"))
    assert answer.status_code == 303
    assert jobs.wait(app.extensions["house"], 120)


# Who may


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "/freeze",
        "/draft/manager",
        "/draft/manager/A4.pdf",
        "/manager/page",
        "/manager/A4.pdf",
        "/status",
        "/paper.css",
    ],
)
def test_nobody_but_who_runs_the_session_sees_the_report(
    app: Flask, house: House, browser: Callable[[], FlaskClient], live: LiveSession, rest: str
) -> None:
    assert browser().get(address(live, rest)).status_code in (303, 401)
    stranger, watcher = browser(), browser()
    signed_in(stranger, make_account(house, "admin"))
    assert stranger.get(address(live, rest)).status_code == 404
    watching = make_account(house)
    with house.database.transaction() as db:
        db.add(SessionRole(live_id=live.id, account_id=watching.id, role="watch"))
    signed_in(watcher, watching)
    assert watcher.get(address(live, rest)).status_code == 403


def test_a_form_without_its_token_changes_nothing(runner: FlaskClient, live: LiveSession, house: House) -> None:
    runner.get(address(live))
    assert runner.post(address(live), data={"asks": "x"}).status_code == 400
    assert runner.post(address(live, "/freeze")).status_code == 400
    with house.database.transaction() as db:
        assert db.query(Freeze).count() == 0 and db.query(ReportText).count() == 0


# The review


def test_looking_at_the_review_stores_nothing(runner: FlaskClient, live: LiveSession, house: House) -> None:
    page = runner.get(address(live)).get_data(as_text=True)
    assert "More people chose" in page and "The cards, as the room saw them" in page
    with house.database.transaction() as db:
        assert db.query(ReportText).count() == 0


def test_a_refused_text_is_shown_again_with_the_reason(runner: FlaskClient, live: LiveSession, house: House) -> None:
    typed = "They say our deadlines move without a word, and more."
    answer = post(runner, address(live), {"version": "0", "heard-drags": typed, "asks": "Keep what I typed."})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "our deadlines move without a word" in page and "Keep what I typed." in page and typed in page
    with house.database.transaction() as db:
        assert db.query(ReportText).count() == 0


def test_of_two_windows_the_second_to_save_is_told_and_loses_no_text(runner: FlaskClient, live: LiveSession) -> None:
    assert post(runner, address(live), {"version": "0", "asks": "First."}).status_code == 303
    answer = post(runner, address(live), {"version": "0", "asks": "Second."})
    assert answer.status_code == 409
    page = answer.get_data(as_text=True)
    assert "Second." in page and 'name="version" value="1"' in page


def test_what_was_saved_is_there_again(runner: FlaskClient, live: LiveSession, house: House) -> None:
    with house.database.transaction() as db:
        chosen = freezes.draft(db, live, live_sessions.guide_of(live), LATER).activities[0].offered[0].id
    data = {
        "version": "0",
        "findings-0": "A finding of ours.",
        "asks": "Two mornings.\nOne answer.",
        "next_steps-0-what": "Try it",
        "next_steps-0-owner": "Team lead",
        "next_steps-0-when": "1 December",
        "heard-drags": "Late changes.",
        "quotes-drags": chosen,
    }
    assert post(runner, address(live), data).status_code == 303
    page = runner.get(address(live)).get_data(as_text=True)
    for typed in ("A finding of ours.", "Two mornings.", "Try it", "Team lead", "1 December", "Late changes."):
        assert typed in page
    assert re.findall(r'name="([^"]+)"[^>]* checked', page) == ["quotes-drags"]  # the boxes that were sent, no others


@pytest.fixture
def two_steps(house: House, live: LiveSession) -> tuple[str, str]:
    """Return the titles of the two steps that `live` has answers in."""
    with house.database.transaction() as db:
        release(db, live, "tell", texts(canaries(12, 6), for_manager=True))
        look, close = freezes.draft(db, live, live_sessions.guide_of(live), LATER).sections
    assert (look.id, close.id) == ("look", "close") and look.printed and close.printed
    return look.title, close.title


def test_the_manager_reads_the_chosen_steps_in_the_chosen_order_and_the_facilitator_all(
    runner: FlaskClient, live: LiveSession, two_steps: tuple[str, str]
) -> None:
    look, close = two_steps
    both = {"print-look": "y", "print-close": "y"}
    assert post(runner, address(live), {"version": "0", "place-close": "1", **both}).status_code == 303
    page = runner.get(address(live, "/draft/manager")).get_data(as_text=True)
    assert page.index(close) < page.index(look)

    assert post(runner, address(live), {"version": "1", "print-close": "y"}).status_code == 303
    page = runner.get(address(live, "/draft/manager")).get_data(as_text=True)
    assert close in page and look not in page
    page = runner.get(address(live, "/draft/facilitator")).get_data(as_text=True)
    assert page.index(look) < page.index(close)


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ({"place-close": "1"}, ["close", "look"]),
        ({"place-look": "2"}, ["close", "look"]),
        ({"place-look": "2", "place-close": "1"}, ["close", "look"]),
        ({"place-look": "x", "place-close": "-1"}, ["look", "close"]),
        ({"place-look": "1", "place-close": "99"}, ["look", "close"]),
    ],
)
def test_a_moved_step_ends_where_it_was_sent(
    places: dict[str, str],
    order: list[str],
    runner: FlaskClient,
    live: LiveSession,
    house: House,
    two_steps: tuple[str, str],
) -> None:
    assert post(runner, address(live), {"version": "0", "print-look": "y", **places}).status_code == 303
    with house.database.transaction() as db:
        sections = freezes.draft(db, live, live_sessions.guide_of(live), LATER).sections
    assert [section.id for section in sections] == order
    assert [section.printed for section in sections] == [name == "look" for name in order]


def test_hostile_texts_stay_text_on_the_review_and_on_the_draft(runner: FlaskClient, house: House) -> None:
    hostile = "<script>alert(1)</script>\"'{{7*7}}"
    with house.database.transaction() as db:
        live = add_live(db, runner=runner.person, title=hostile, team=hostile)  # type: ignore[attr-defined]
        release(db, live, "drags", texts([Said(hostile, True)] * 12))
    for rest in ("", "/draft/manager"):
        page = runner.get(address(live, rest)).get_data(as_text=True)
        assert "<script>alert" not in page and "{{7*7}}" in page


def test_a_rehearsal_shows_its_draft_and_offers_no_freeze(runner: FlaskClient, house: House) -> None:
    live = session_of(house, runner, rehearsal=True)
    page = runner.get(address(live)).get_data(as_text=True)
    assert "This is a rehearsal" in page and "data-freeze>" not in page
    assert "the results here are made up" in runner.get(address(live, "/draft/manager")).get_data(as_text=True)


def test_three_hundred_cards_and_long_ones_are_all_there(runner: FlaskClient, house: House) -> None:
    said = [Said(f"card{number} " + "long " * 200) for number in range(300)]
    with house.database.transaction() as db:
        live = add_live(db, people=300, runner=runner.person)  # type: ignore[attr-defined]
        release(db, live, "drags", texts(said))
    page = runner.get(address(live)).get_data(as_text=True)
    assert all(f"card{number} " in page for number in range(300))


# The freeze


def test_before_its_time_the_freeze_is_refused_with_the_time(
    runner: FlaskClient, live: LiveSession, now: Callable[[datetime], None], house: House
) -> None:
    now(ENDED + timedelta(minutes=5))
    page = runner.get(address(live)).get_data(as_text=True)
    assert "in 10 min" in page and 'data-from="2026-11-04T10:45:00+00:00"' in page
    token = csrf_token(page)
    answer = runner.post(address(live, "/freeze"), data={"csrf_token": token})
    assert answer.status_code == 409 and "in 10 min" in answer.get_data(as_text=True)
    with house.database.transaction() as db:
        assert db.query(Freeze).count() == 0


def test_freezing_asks_once_then_makes_every_file(
    app: Flask, runner: FlaskClient, live: LiveSession, printer: Callable[..., None]
) -> None:
    assert "Freeze the report?" in runner.get(address(live, "/freeze")).get_data(as_text=True)
    frozen(app, runner, live)
    page = runner.get(address(live)).get_data(as_text=True)
    assert page.count('.pdf">Download') == 8 and 'data-busy="no"' in page
    states = runner.get(address(live, "/status")).get_json()
    assert not states["busy"] and {file["state"] for file in states["files"]} == {"ready"}


def test_freezing_twice_makes_one_freeze_and_the_same_bytes(
    app: Flask, runner: FlaskClient, live: LiveSession, house: House, printer: Callable[..., None]
) -> None:
    token = csrf_token(runner.get(address(live, "/freeze")).get_data(as_text=True))
    frozen(app, runner, live)
    printer(lambda *_arguments, **_options: Printed(b"%PDF-other"))
    assert runner.post(address(live, "/freeze"), data={"csrf_token": token}).status_code == 303
    assert jobs.wait(app.extensions["house"], 60)
    with house.database.transaction() as db:
        assert db.query(Freeze).count() == 1
        assert {file.content for file in db.query(ReportFile)} == {b"%PDF-made-up"}


def test_after_the_freeze_a_withdrawn_consent_or_a_new_text_changes_no_page(
    app: Flask, runner: FlaskClient, live: LiveSession, house: House, printer: Callable[..., None]
) -> None:
    frozen(app, runner, live)
    before = runner.get(address(live, "/manager/page")).get_data()
    with house.database.transaction() as db:
        for card in db.query(Card):
            card.quotable, card.text = False, "changed"
    token = csrf_token(runner.get("/staff/account").get_data(as_text=True))
    assert runner.post(address(live), data={"csrf_token": token, "version": "0", "asks": "New."}).status_code == 409
    assert runner.get(address(live, "/manager/page")).get_data() == before


# The files


def test_a_file_that_is_not_there_is_not_found(
    app: Flask, runner: FlaskClient, live: LiveSession, printer: Callable[..., None]
) -> None:
    assert runner.get(address(live, "/manager/A4.pdf")).status_code == 404
    frozen(app, runner, live)
    for rest in ("/manager/A3.pdf", "/nobody/A4.pdf", "/nobody/page", "/draft/nobody"):
        assert runner.get(address(live, rest)).status_code == 404


def test_a_ready_file_is_a_download_that_nobody_keeps(
    app: Flask, runner: FlaskClient, live: LiveSession, printer: Callable[..., None]
) -> None:
    frozen(app, runner, live)
    answer = runner.get(address(live, "/manager/A4.pdf"))
    assert answer.data == b"%PDF-made-up" and answer.mimetype == "application/pdf"
    assert "getting-unstuck-manager-a4.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_when_printing_fails_the_page_is_still_there_and_says_why(
    app: Flask, runner: FlaskClient, live: LiveSession, printer: Callable[..., None]
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> Printed:
        raise PrintFailed(f"Install with: {report_worker.INSTALL}", again=False)

    printer(fail)
    frozen(app, runner, live)
    page = runner.get(address(live)).get_data(as_text=True)
    assert page.count("Try again") == 8 and report_worker.INSTALL in page
    printable = runner.get(address(live, "/manager/page")).get_data(as_text=True)
    assert report_worker.INSTALL in printable and "More people chose" in printable and "How to hold" in printable
    assert "<svg" in printable
    assert "@page" in runner.get(address(live, "/paper.css")).get_data(as_text=True)

    printer(lambda *_arguments, **_options: Printed(b"%PDF-at-last"))
    assert post(runner, address(live, "/manager/A4/again"), page=address(live)).status_code == 303
    assert jobs.wait(app.extensions["house"], 60)
    assert runner.get(address(live, "/manager/A4.pdf")).data == b"%PDF-at-last"


def test_a_draft_that_cannot_be_printed_opens_as_a_page(
    runner: FlaskClient, live: LiveSession, printer: Callable[..., None]
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> Printed:
        raise PrintFailed("It was stopped.", again=False)

    printer(fail)
    answer = runner.get(address(live, "/draft/manager/A4.pdf"))
    assert answer.status_code == 503
    assert "It was stopped." in answer.get_data(as_text=True) and "Draft" in answer.get_data(as_text=True)


def test_no_page_of_the_manager_holds_a_card_that_may_not_be_quoted(
    app: Flask, runner: FlaskClient, live: LiveSession, house: House, printer: Callable[..., None]
) -> None:
    draft = runner.get(address(live, "/draft/manager")).get_data(as_text=True)
    frozen(app, runner, live)
    final = runner.get(address(live, "/manager/page")).get_data(as_text=True)
    with house.database.transaction() as db:
        kept = [card.text for card in db.query(Card) if not card.quotable]
    assert kept and not any(text in page for text in kept for page in (draft, final))


def test_somebody_whose_role_ended_no_longer_gets_the_file(
    app: Flask, runner: FlaskClient, live: LiveSession, house: House, printer: Callable[..., None]
) -> None:
    frozen(app, runner, live)
    with house.database.transaction() as db:
        db.query(SessionRole).delete()
    assert runner.get(address(live, "/manager/A4.pdf")).status_code == 404
