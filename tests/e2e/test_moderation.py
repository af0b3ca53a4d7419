"""Moderation in real browsers: two people at their consoles, a phone and the stage, before and after the release."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.conftest import LiveServer, make_account
from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import look_up
from workshop import accounts
from workshop.demo.people import Browser
from workshop.models import LiveSession, SessionRole

Shot = Callable[[Page, str], Path]
SOON = 20_000
TEXTS = (
    "Meetings that could have been a mail",
    "Meetings that could have been an e-mail",
    "Kim decides everything alone",
    "Nobody answers when I ask for help",
    "Reports nobody reads, every single week",
)


def signed_in_page(chromium: Chromium, leader: Leader, cookie: str, width: int = 1280) -> Page:
    """Return a page of a member of staff."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    context.add_cookies([{"name": "unstuck", "value": cookie, "url": leader.url}])
    page = context.new_page()
    page.set_default_timeout(SOON)
    return page


def moderator(leader: Leader, live_server: LiveServer) -> str:
    """Return the cookie of a colleague who moderates the session."""
    account = make_account(leader.house)
    with leader.house.database.transaction() as session:
        session.add(SessionRole(live_id=leader.live_id, account_id=account.id, role="moderate"))
        token = accounts.open_browser(session, account.id, leader.house.clock())
    signer = Flask("signer")
    signer.secret_key = (live_server.data_dir / "secret").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer is not None
    return str(serializer.dumps({"staff": token}))


def fits(page: Page) -> None:
    """Nothing scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def look(page: Page, shot: Shot, name: str) -> None:
    """Keep pictures where somebody wants them; nothing is judged by one."""
    if "SCREENSHOTS" in os.environ:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=shot(page, f"{name}-{scheme}"), full_page=True)
        page.emulate_media(color_scheme="light")


def test_two_people_read_first_and_the_room_sees_it_all_at_once(
    chromium: Chromium, live_server: LiveServer, leader: Leader, shot: Shot
) -> None:
    with leader.house.database.transaction() as session:
        session.get_one(LiveSession, leader.live_id).moderation = True
    people = [Browser(leader.url) for _one in TEXTS]
    for one in people:
        one.submit(leader.join_path, {})
    phone = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True).new_page()
    phone.set_default_timeout(SOON)
    phone.goto(leader.url + leader.join_path)
    expect(phone.get_by_text("Texts are then read first by those who run or moderate")).to_be_visible()
    phone.get_by_role("button", name="Join without a name").click()
    stage = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    stage.goto(f"{leader.url}/stage/{look_up(leader.house, leader.live_id).stage_token}")

    console = signed_in_page(chromium, leader, leader.cookie)
    leader.ask("stuck")
    for one, text in zip(people, TEXTS, strict=True):
        one.submit(f"/s/{leader.live_id}/", {"text-0": text})
    leader.press("close")
    expect(phone.get_by_text("Closed. What was written is being read through.")).to_be_visible(timeout=SOON)
    expect(stage.get_by_text("Your words are being read through")).to_be_visible(timeout=SOON)
    look(stage, shot, "reading-stage")
    look(phone, shot, "reading-phone")

    console.goto(f"{leader.url}/staff/sessions/{leader.live_id}/")
    expect(console.get_by_text("5 texts wait to be read.")).to_be_visible()
    look(console, shot, "reading-console")
    assert axe_findings(console) == []
    path = f"/staff/sessions/{leader.live_id}/moderation/stuck"
    other = signed_in_page(chromium, leader, moderator(leader, live_server), 360)
    other.goto(leader.url + path)
    other.wait_for_selector("#moderation[data-up-now]")
    console.goto(leader.url + path)
    console.wait_for_selector("#moderation[data-up-now]")
    look(other, shot, "queue-360")
    look(console, shot, "queue")
    fits(other)
    assert axe_findings(console) == []

    # One of them works by keyboard alone and goes on at the next text; the other one sees it.
    first = console.locator("section:has(#waiting-title) .mtext").first
    name = first.get_attribute("id")
    first.get_by_role("button", name="Approve").focus()
    console.keyboard.press("Enter")
    expect(console.locator("#said")).to_have_text("1 text approved")
    expect(other.locator(f"section:has(#approved-title) #{name}")).to_be_visible(timeout=SOON)
    expect(
        console.locator("section:has(#waiting-title) .mtext").first.get_by_role("button", name="Approve")
    ).to_be_focused()

    # The other one masks a name, on a phone.
    line = other.locator(".mtext", has_text="Kim decides")
    line.get_by_role("link", name="Mask words").click()
    other.wait_for_selector("#moderation[data-up-now]")
    other.get_by_label("Kim", exact=True).check()
    look(other, shot, "mask-360")
    other.get_by_role("button", name="Mask these words").click()
    expect(other.locator("#said")).to_have_text("Words masked in 1 text")
    expect(console.get_by_text("[…] decides everything alone")).to_be_visible(timeout=SOON)

    # Two that say the same: one stands.
    console.locator("#pairs summary").click()
    console.locator("#pairs li").get_by_role("button").first.click()
    expect(console.locator("#said")).to_have_text("1 text put behind another")
    expect(console.get_by_text("Stands for 1 more")).to_be_visible()
    hide = other.locator(".mtext", has_text="Nobody answers").get_by_role("button", name="Hide")
    hide.click()
    expect(other.locator("section:has(#hidden-title)")).to_contain_text("Nobody answers")
    console.get_by_role("button", name="Approve all that are left").click()
    expect(console.get_by_role("button", name="Show 3 texts to the room")).to_be_visible(timeout=SOON)
    look(console, shot, "queue-decided")
    expect(phone.get_by_text("being read through")).to_be_visible()
    assert not any(text in stage.content() + phone.content() for text in TEXTS)
    console.get_by_role("button", name="Show 3 texts to the room").click()

    for page in (stage, phone):
        expect(page.get_by_text("[…] decides everything alone")).to_be_visible(timeout=SOON)
        expect(page.locator(".card")).to_have_count(3)
        assert "Nobody answers" not in page.content()
    look(stage, shot, "shown-stage")
    look(phone, shot, "shown-phone")

    # After the release: hide one more, and take it back.
    expect(console.locator("#shown-title")).to_be_visible(timeout=SOON)
    console.locator(".mtext", has_text="Reports nobody").get_by_role("button", name="Hide").click()
    for page in (stage, phone):
        expect(page.locator(".card")).to_have_count(2, timeout=SOON)
    look(console, shot, "moderation")
    look(other, shot, "moderation-360")
    other.get_by_role("button", name="Take back").click()
    for page in (stage, phone):
        expect(page.get_by_text("Reports nobody reads")).to_be_visible(timeout=SOON)
    console.locator("#log summary").click()
    expect(console.locator(".log")).to_contain_text("showed texts to the room once")
    assert axe_findings(console) == []
    fits(console)
    fits(other)
    console.goto(f"{leader.url}/staff/sessions/{leader.live_id}/")
    expect(console.locator("#moderate")).to_be_visible()
    look(console, shot, "moderation-console")
    for page in (console, other, phone, stage):
        page.context.close()
