"""The parking lot in a real browser: one tap on any step, a draft that outlives the room's moves, the way through it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import look_up
from workshop import parking
from workshop.demo.people import Browser
from workshop.house import House
from workshop.models import LiveSession

SOON = 20_000
WIDTHS = (360, 1280, 1920)
PARKED = (
    "The holiday plan, before everybody books.",
    "Who looks after the shared mailbox from May on?",
    "A fair rule for who is on call.",
    "What became of the idea with the quiet mornings?",
    "Training budget: how does one get at it?",
    "The meeting rooms are always booked and often empty.",
)


def look(page: Page, shot: Callable[[Page, str], Path], name: str, widths: tuple[int, ...] = WIDTHS) -> None:
    """Keep pictures where somebody wants them; that nothing runs over the edge is judged at each width."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 760 if width < 1000 else 1000})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
        if "SCREENSHOTS" in os.environ:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                shot(page, f"{name}-{width}-{scheme}")
            page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": widths[0], "height": 760})


def test_a_thought_is_parked_in_one_tap_and_looked_at_before_people_part(
    leader: Leader, server_house: House, chromium: Chromium, shot: Callable[[Page, str], Path]
) -> None:
    with server_house.database.transaction() as session:
        live = session.get_one(LiveSession, leader.live_id)
        live.guide_source = parking.with_lot(live.guide_source)
    people = [Browser(leader.url) for _one in PARKED]
    for one in people:
        one.submit(leader.join_path, {})
    phone = chromium.new_context(viewport={"width": 360, "height": 760}, has_touch=True).new_page()
    phone.goto(leader.url + leader.join_path)
    phone.get_by_role("button", name="Join without a name").click()
    way_in = phone.locator("[data-lot-link]")
    expect(way_in).to_be_hidden()
    leader.ask("stuck")
    expect(way_in).to_be_visible(timeout=SOON)
    phone.get_by_label("Card 1").fill("A draft for the question")
    way_in.click()
    box = phone.get_by_label("Thought 1")
    expect(box).to_be_focused()
    box.fill("A thought that is half typ")
    look(phone, shot, "lot-phone-open")
    leader.press("close")  # the room moves on under the typing hand
    expect(phone.locator("article[data-state=too-few]")).to_be_visible(timeout=SOON)
    box.press_sequentially("ed")
    expect(box).to_have_value("A thought that is half typed")
    assert axe_findings(phone) == []
    phone.get_by_role("button", name="Park anonymously").click()
    note = phone.locator("[data-lot-note]")
    expect(note).to_have_text("Parked. You can change it until the parking lot is opened.", timeout=SOON)
    look(phone, shot, "lot-phone-parked")
    phone.reload()
    way_in.click()
    expect(box).to_have_value("A thought that is half typed")

    for one, text in zip(people, PARKED, strict=True):
        one.submit(f"/s/{leader.live_id}/?park=1", {"text-0": text}, having="text-3")
    console = signed_in(chromium, leader)
    console.locator("#park-box summary").click()
    console.get_by_label("What was said and does not belong here now").fill("The budget, said aloud")
    console.get_by_role("button", name="Park it").click()
    expect(console.locator(".park__one")).to_have_text(["The budget, said aloud Take it out"], timeout=SOON)
    expect(console.locator("#park-text")).to_have_value("")
    look(console, shot, "lot-console-box")

    leader.press("jump", "parked")
    expect(phone.locator("[data-sent]")).to_be_visible(timeout=SOON)
    expect(way_in).to_be_hidden()
    stage = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    stage.goto(f"{leader.url}/stage/{look_up(leader.house, leader.live_id).stage_token}")
    expect(stage.get_by_text("Open now")).to_be_visible(timeout=SOON)
    expect(phone.locator(".lot .card")).to_have_text(["The budget, said aloud Noted by whoever leads"], timeout=SOON)
    look(stage, shot, "lot-stage-open", (1280, 1920))
    look(phone, shot, "lot-phone-here")
    leader.press("close")
    expect(stage.locator(".lot .card")).to_have_count(8, timeout=SOON)
    expect(phone.locator(".lot .card")).to_have_count(8, timeout=SOON)
    expect(console.locator(".queue__one")).to_have_count(8, timeout=SOON)
    for label, said in (
        ("Done", "Done"),
        ("Becomes an action", "Becomes an action"),
        ("Keep it", "Kept for another day"),
    ):
        line = console.locator(".queue__one").filter(has=console.get_by_role("button", name=label, exact=True)).first
        line.get_by_role("button", name=label, exact=True).click()
        expect(stage.locator(".lot .tag").filter(has_text=said)).to_be_visible(timeout=SOON)
        expect(console.locator(".queue__one .tag").filter(has_text=said)).to_be_visible(timeout=SOON)
    expect(phone.locator(".lot .tag")).to_have_count(3, timeout=SOON)
    for page, name in ((phone, "phone"), (console, "console")):
        look(page, shot, f"lot-{name}-closed")
        assert axe_findings(page) == []
    look(stage, shot, "lot-stage-closed", (1280, 1920))


def signed_in(chromium: Chromium, leader: Leader) -> Page:
    """Return the console of whoever leads."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    page = context.new_page()
    page.goto(f"{leader.url}/staff/sessions/{leader.live_id}/")
    return page
