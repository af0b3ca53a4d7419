"""A check-in in a real browser: it works without a script, and what the phone knows stays on the phone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, Request

from tests.conftest import LiveServer, make_account
from tests.e2e.conftest import axe_findings
from tests.report_world import SHIPPED, add_live
from workshop import check_ins
from workshop.house import House
from workshop.models import FollowUp

CANARY = "kq7canary3vz"


def opened(server: LiveServer, house: House) -> tuple[str, str]:
    """Return the id of a session that ended two weeks ago and the link behind which its check-in is open."""
    with house.database.transaction() as session:
        live = add_live(
            session,
            source=SHIPPED.read_text(),
            runner=make_account(house),
            ended_at=datetime.now(UTC) - timedelta(days=14),
        )
        check_ins.plan(session, live, check_ins.local_day(house.clock()))
        link = session.get_one(FollowUp, live.id).token
        live_id = live.id
    server.restart()  # its clock strikes soon after the start
    return live_id, f"{server.url}/f/{link}"


def begin(page: Page, url: str) -> None:
    """Come by the link, wait until the server's clock has opened the check-in, and begin."""
    page.goto(url)
    for _try in range(60):
        if page.get_by_role("button", name="Begin without a name").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    page.get_by_role("button", name="Begin without a name").click()


def test_what_the_phone_knows_stays_there_and_nothing_needs_a_script(
    live_server: LiveServer, server_house: House, chromium: Browser, shot: Callable[[Page, str], Path]
) -> None:
    live_id, url = opened(live_server, server_house)
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(live_server.url)
    page.evaluate(
        "([live, text]) => localStorage.setItem(`unstuck-notes/${live}/one-thing/focus`,"
        " JSON.stringify([{text: 'other', state: 'parked', now: 1, wanted: 2}, {text, state: 'active', now: 4, wanted: 8}]))",
        [live_id, CANARY],
    )
    sent: list[str] = []

    def note(request: Request) -> None:
        sent.append(f"{request.url} {request.headers} {request.post_data}")

    context.on("request", note)
    begin(page, url)
    page.get_by_text("You wanted 8, you were at 4.").wait_for()
    assert axe_findings(page) == []
    shot(page, "check-in-questions")
    page.locator("input[name=better-answer][value='6']").check(force=True)
    page.get_by_label("Not yet").first.check()
    page.get_by_role("button", name="Send anonymously").click()
    page.get_by_role("heading", name="Your answers are in").wait_for()
    page.get_by_label("Your own numbers so far, 4 to 6").wait_for()
    assert axe_findings(page) == []
    curve = page.evaluate("live => localStorage.getItem(`unstuck-notes/${live}/_curve`)", live_id)
    assert '"now":6' in curve
    page.get_by_role("link", name="Change").click()
    assert page.locator("input[name=better-answer][value='6']").is_checked()
    answers = [line for line in sent if "better-answer" in line]
    assert len(answers) == 1, "answers travel once, as one form"
    assert not any(CANARY in line or "wanted" in line for line in sent), "the one thing was sent"
    context.close()

    plain = chromium.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = plain.new_page()
    begin(page, url)
    page.locator("input[name=energy-answer][value='3']").check(force=True)
    page.get_by_role("button", name="Send anonymously").click()
    page.get_by_role("heading", name="Your answers are in").wait_for()
    assert page.get_by_text("Left out").count() == 3
    plain.close()
    live_server.stop()
    for box in (live_server.data_dir / "ballots").glob("*.sqlite"):
        with sqlite3.connect(box) as lying:
            rows = lying.execute("select passed, count(*) from answer group by passed order by passed").fetchall()
        lying.close()
        assert rows == [(0, 3), (1, 5)]
