"""The switch of the language: reached with Tab alone, pressed with Enter, on every kind of page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, Page

from tests.conftest import make_account, signed_in
from tests.report_world import ENDED, SHIPPED, add_live
from tests.small_guide import look_up
from workshop import check_ins, live_sessions
from workshop.guides import library
from workshop.models import FollowUp, Guide

from .conftest import answered_here

FOCUSED = """(() => {
  const one = document.activeElement;
  return one && one !== document.body ? one.cloneNode(false).outerHTML + (one.matches("summary") ? one.textContent : "") : "";
})()"""
MOST_TABS = 120  # a page with more stops before its end is none for a keyboard


def tab_to(page: Page, what: str) -> None:
    """Press Tab until the focus is on an element that says `what` of itself."""
    for _press in range(MOST_TABS):
        page.keyboard.press("Tab")
        if what in page.evaluate(FOCUSED):
            return
    raise AssertionError(f"no Tab reaches {what}")


def test_tab_and_enter_change_the_language_everywhere(
    app: Flask, chromium: Browser, shot: Callable[[Page, str], Path]
) -> None:
    house = app.extensions["house"]
    app.config["WTF_CSRF_ENABLED"] = False
    admin = make_account(house, "admin", "Ada Admin")
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
        guide = session.query(Guide).filter_by(slug="getting-unstuck").one()
        ended = add_live(session, source=SHIPPED.read_text(), runner=admin)
        ended_id = ended.id
    new = live_sessions.NewSession(guide.id, "Getting unstuck", "Platform", "en", 12, "Maria Lind", False)
    live_id = live_sessions.create(house, admin, new)
    for days in (0, 14):
        then = datetime.combine(ENDED.date() + timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12)
        check_ins.tick(replace(house, clock=lambda then=then: then))
    with house.database.transaction() as session:
        check_in = f"/f/{session.get_one(FollowUp, ended_id).token}"
    client = app.test_client()
    client.post(f"/j/{look_up(house, live_id).join_token}")
    app.config["WTF_CSRF_ENABLED"] = True
    stage = f"/stage/{look_up(house, live_id).stage_token}"
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    answered_here(context, client, "en")
    page = context.new_page()

    def change(path: str, behind: str = "") -> None:
        page.goto(f"http://localhost{path}", wait_until="domcontentloaded")
        assert page.evaluate("document.documentElement.lang") == "en", path
        if behind:
            tab_to(page, behind)
            page.keyboard.press("Enter")
        tab_to(page, "Language")
        page.keyboard.press("Enter")
        tab_to(page, 'value="es"')
        shot(page, "switch-" + path.strip("/").replace("/", "-"))
        page.keyboard.press("Enter")
        page.locator('html[lang="es"]').wait_for(state="attached")
        client.delete_cookie("language")

    try:
        for path in ("/", f"/s/{live_id}/", check_in, "/staff/sign-in"):
            change(path)
        signed_in(client, admin)
        change("/staff/")
        change(f"/staff/sessions/{live_id}/")
        live_sessions.move(house, "run", live_id, "start", "", look_up(house, live_id).version)
        change(f"/staff/sessions/{live_id}/", behind="Stage, code and door")
        page.goto(f"http://localhost{stage}")
        tab_to(page, 'lang="es"')
        shot(page, "switch-stage")
        page.keyboard.press("Enter")
        page.locator('html[lang="es"]').wait_for(state="attached")
        tab_to(page, 'lang="en"')
    finally:
        context.close()
