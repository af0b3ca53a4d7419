"""Pages in a made-up language that runs from right to left: mirrored, nothing cut off, nothing for axe to find.

The browser's requests are answered by the app in this process, so that it can
speak a language that no server has.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests import pseudo
from tests.conftest import make_account, signed_in
from tests.promises.groups import in_groups
from tests.promises.stagehands import fields_for, room
from tests.report_world import LATER, add_live, play
from tests.small_guide import ask, go, look_up, make_session
from workshop import anonymity, create_app, freezes, live_sessions, seals
from workshop.guides import library
from workshop.models import LiveSession, SessionRole
from workshop.settings import Settings
from workshop.words import speaking

from .conftest import answered_here, axe_findings

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


Shot = Callable[[Page, str], Path]


def look(page: Page, shot: Shot, name: str, path: str, wide: bool = False) -> None:
    """Look at a page in both widths: mirrored, nothing past the edge, nothing for axe to find."""
    widths: list[tuple[int, int]] = [(1280, 800)] if wide else [(1280, 800), (360, 780)]
    for width, height in widths:
        page.set_viewport_size({"width": width, "height": height})
        # All of it: a page without a script, such as a report, is complete before its style has come.
        page.goto(f"http://localhost{path}", wait_until="load")
        assert page.evaluate("document.documentElement.dir") == "rtl", name
        assert page.evaluate(WIDER) <= 0, f"{name} overflows at {width}"
        shot(page, f"rtl-{name}-{width}")
    assert axe_findings(page) == [], name


def test_from_right_to_left_nothing_is_cut_off_and_all_is_mirrored(
    chromium: Browser,
    shot: Shot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: Settings,
) -> None:
    pseudo.speak(monkeypatch, tmp_path / "made-up")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = create_app(settings)
    house = app.extensions["house"]
    app.config["WTF_CSRF_ENABLED"] = False
    admin = make_account(house, "admin", "Ada Admin")
    live_id = make_session(house, admin)
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
        live = session.get(LiveSession, live_id)
        assert live
        live.language = pseudo.MIRRORED
    client = signed_in(app.test_client(), admin)
    client.post(f"/j/{look_up(house, live_id).join_token}")
    app.config["WTF_CSRF_ENABLED"] = True

    live = look_up(house, live_id)
    staff = f"/staff/sessions/{live_id}"
    context: Any = chromium.new_context(color_scheme="light")
    answered_here(context, client, pseudo.MIRRORED)
    page = context.new_page()
    try:
        look(page, shot, "enter", "/")
        look(page, shot, "phone-lobby", f"/s/{live_id}/")
        look(page, shot, "stage-lobby", f"/stage/{live.stage_token}", wide=True)
        ask(house, live_id, "energy")
        look(page, shot, "phone-scale", f"/s/{live_id}/")
        look(page, shot, "console", f"{staff}/")
        look(page, shot, "stage", f"/stage/{live.stage_token}", wide=True)
        go(house, live_id, "close")
        ask(house, live_id, "where")
        look(page, shot, "phone-choice", f"/s/{live_id}/")
        look(page, shot, "notes", f"/s/{live_id}/notes/")
        look(page, shot, "dashboard", "/staff/")
        look(page, shot, "guides", "/staff/guides/")
        look(page, shot, "settings", f"{staff}/settings")
    finally:
        context.close()
        house.database.engine.dispose()


def test_groups_questions_themes_and_reports_are_mirrored_too(
    chromium: Browser, shot: Shot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings
) -> None:
    pseudo.speak(monkeypatch, tmp_path / "made-up")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = create_app(settings)
    house = app.extensions["house"]
    client = signed_in(app.test_client(), admin := make_account(house, "admin", "Ada Admin"))
    played = room(house, ("text", "rolling-questions"), 12)
    grouped = in_groups(house, 9)
    with house.database.transaction() as session:
        for live_id in (played.live_id, grouped.played.live_id):
            session.get_one(LiveSession, live_id).language = pseudo.MIRRORED
            session.add(SessionRole(live_id=live_id, account_id=admin.id, role="run"))
        ended = add_live(session, runner=admin, language=pseudo.MIRRORED)
        play(session, ended, 12)
        with app.app_context(), speaking(pseudo.MIRRORED):
            freezes.freeze(session, ended, live_sessions.guide_of(ended), LATER)
    for one in (played, grouped.played):
        one.join(1)
        client.set_cookie(anonymity.seat_cookie(one.live_id, house.settings.https), one.seats[-1])
    context: Any = chromium.new_context(color_scheme="light")
    answered_here(context, client, pseudo.MIRRORED)
    page = context.new_page()
    try:
        run_id = played.open()
        for phone in range(12):
            played.send(phone, run_id, fields_for("text", f"Card number {phone}"))
        played.move("close")
        staff = f"/staff/sessions/{played.live_id}"
        board = f"{staff}/themes/{played.live.at}"
        look(page, shot, "themes", board)
        heading = page.locator("#loose-name").bounding_box()
        assert heading and heading["height"] < 60, "a line or two, and the cards right below it"
        played.move("next")
        run_id = played.open()
        for phone in range(12):
            played.send(phone, run_id, fields_for("rolling-questions", f"Why is it so, number {phone}"))
        seals.roll(house)
        seals.roll(house)
        look(page, shot, "questions", f"/s/{played.live_id}/")
        look(page, shot, "questions-stage", f"/stage/{played.live.stage_token}", wide=True)
        look(page, shot, "group-phone", f"/s/{grouped.played.live_id}/")
        look(page, shot, "group-console", f"/staff/sessions/{grouped.played.live_id}/")
        look(page, shot, "report", f"/staff/sessions/{ended.id}/report")
        look(page, shot, "report-page", f"/staff/sessions/{ended.id}/report/manager/page")
    finally:
        context.close()
        house.database.engine.dispose()
