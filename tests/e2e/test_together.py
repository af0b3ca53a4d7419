"""A session led by several screens: a phone that steers, a second stage in another language, keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.conftest import LiveServer
from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import TEXT, look_up
from tests.test_stage_languages import GERMAN

Shot = Callable[[Page, str], Path]
SOON = 5_000


def fits(page: Page) -> None:
    """Nothing scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_phone_steers_and_each_stage_speaks_its_language(
    chromium: Browser, live_server: LiveServer, leader: Leader, shot: Shot
) -> None:
    with leader.house.database.transaction() as session:
        live = look_up(leader.house, leader.live_id)
        session.merge(live).guide_source = TEXT + GERMAN
    desk = chromium.new_context(viewport={"width": 1280, "height": 800})
    desk.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    hand = chromium.new_context(viewport={"width": 360, "height": 740}, has_touch=True, color_scheme="dark")
    hall = chromium.new_context(viewport={"width": 1920, "height": 1080})
    second = chromium.new_context(viewport={"width": 1024, "height": 768}, color_scheme="dark")
    page = desk.new_page()
    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/remote")
    page.get_by_role("button", name="Make a code for my phone").click()
    address = page.locator("#link").input_value()
    shot(page, "remote-code")
    assert axe_findings(page) == []

    phone = hand.new_page()
    phone.goto(leader.url + re.sub(r"^https?://[^/]+", "", address))
    shot(phone, "remote-open")
    phone.get_by_role("button", name="Open the console").click()
    expect(phone.locator("main[data-up-now]")).to_have_count(1, timeout=SOON)
    token = look_up(leader.house, leader.live_id).stage_token
    own, other = hall.new_page(), second.new_page()
    own.goto(f"{leader.url}/stage/{token}")
    other.goto(f"{leader.url}/stage/{token}?language=de#large")
    shot(other, "stage-de-lobby-4x3-large")

    phone.locator("#primary").tap()
    expect(own.get_by_text("How this works")).to_be_visible(timeout=SOON)
    expect(other.get_by_text("So geht das hier")).to_be_visible(timeout=SOON)
    assert other.evaluate("document.documentElement.hasAttribute('data-large')")
    expect(phone.locator("#primary")).to_have_attribute("value", "next")  # stages may be a moment ahead of a console
    phone.locator("#primary").tap()
    expect(other.get_by_text("Was tust du ohne Begeisterung?")).to_be_visible(timeout=SOON)
    fits(phone)
    fits(other)
    shot(phone, "remote-running")
    phone.screenshot(path=shot(phone, "remote-running-full"), full_page=True)
    shot(own, "stage-en")
    shot(other, "stage-de-large")

    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/")
    expect(page.locator("main[data-up-now]")).to_have_count(1, timeout=SOON)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    shot(page, "console-keys")
    assert axe_findings(page) == []
    page.keyboard.press("b")
    assert not look_up(leader.house, leader.live_id).blank, "behind the list no key moves the room"
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    shot(page, "console")
    page.get_by_text("Stage, code and door").click()
    page.locator("#where-found").fill("b.+p?")
    assert not look_up(leader.house, leader.live_id).blank, "keys rest while somebody types"
    shot(page, "console-links")

    own.keyboard.press("?")
    expect(own.get_by_role("dialog")).to_be_visible()
    shot(own, "stage-keys")
    own.keyboard.press("Escape")
    own.keyboard.press("d")
    own.keyboard.press("l")
    assert own.evaluate("document.documentElement.dataset.theme") == "dark"
    fits(own)
    shot(own, "stage-dark-large")
    own.keyboard.press(".")
    shot(own, "stage-black")
    own.keyboard.press(".")
    own.reload()
    assert own.evaluate("[document.documentElement.dataset.theme, 'large' in document.documentElement.dataset]") == [
        "dark",
        True,
    ], "this browser remembers"

    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/people")
    shot(page, "people")
    assert axe_findings(page) == []
    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/add")
    page.get_by_label("By choosing one option").check()
    page.locator("details.add summary").first.click()
    shot(page, "add")
    assert axe_findings(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    shot(page, "add-phone")
    fits(page)
    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/people")
    shot(page, "people-phone")
    fits(page)
    for context in (desk, hand, hall, second):
        context.close()
