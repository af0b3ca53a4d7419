"""Questions from the room in a real browser: a draft that stays, a vote by one tap, and both rounds of a pulse."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import look_up
from workshop.demo.people import Browser
from workshop.guides import library
from workshop.house import House
from workshop.models import LiveSession

SOON = 20_000
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
ASKED = (
    "When will we know which projects go on, and who tells us?",
    "What happens to the office in the old town?",
    "Why do we hire when others have too little to do?",
    "Who decides what comes first? It seems to change every week, and we hear of it last.",
    "Is working from home here to stay?",
    "Which of our meetings could go?",
    "What are you worried about?",
    "How long until the new tools work as promised?",
    "What becomes of the results of the last survey?",
    "What would you do differently if you started today?",
)


def crowd(leader: Leader, size: int) -> list[Browser]:
    """Return so many people who have joined with plain forms."""
    people = [Browser(leader.url) for _one in range(size)]
    for one in people:
        one.submit(leader.join_path, {})
    return people


def test_a_question_is_typed_while_others_arrive_and_one_tap_votes(
    leader: Leader, server_house: House, chromium: Chromium, shot: Callable[[Page, str], Path]
) -> None:
    with server_house.database.transaction() as session:
        live = session.get_one(LiveSession, leader.live_id)
        live.guide_source = dict(library.shipped_sources())["town-hall.yaml"]
    people = crowd(leader, 10)
    address = f"/s/{leader.live_id}/"
    phone = chromium.new_context(**PHONE).new_page()
    phone.goto(leader.url + leader.join_path)
    phone.get_by_role("button", name="Join without a name").click()
    leader.ask("clear-before")
    pulse(phone, people, address, ("unclear", "partly", "clear"), shot)
    leader.press("close")
    expect(phone.locator(".pulses")).to_be_visible(timeout=SOON)
    look(phone, shot, "pulse-result")
    leader.press("next")
    leader.press("open")

    box = phone.get_by_label("Question 1")
    box.fill("A draft that nobody has se")
    for one, text in zip(people, ASKED, strict=True):
        one.submit(address, {"text-0": text})
    expect(phone.locator("[data-question]").first).to_be_visible(timeout=SOON)
    box.press_sequentially("nt yet")
    expect(box).to_have_value("A draft that nobody has sent yet")
    expect(box).to_be_focused()
    first = phone.locator("[data-question]").first
    first.get_by_role("checkbox").check(force=True)
    expect(phone.locator("[data-status]")).not_to_have_text(re.compile("Sending|Waiting"), timeout=SOON)
    name = first.get_attribute("data-question")
    phone.reload()
    expect(phone.locator(f"[data-question='{name}'] input")).to_be_checked(timeout=SOON)
    expect(box).to_have_value("A draft that nobody has sent yet")
    height = first.locator(".ask__vote span").bounding_box()
    assert height is not None
    assert height["height"] >= 44
    for one in people:
        one.submit(address, {"vote": [str(name)]}, having="based_on")
    leader.press("question_now", str(name))
    expect(first).to_have_class(re.compile("ask__one--now"), timeout=SOON)
    look(phone, shot, "questions-open")
    assert axe_findings(phone) == []
    screens(chromium, leader, shot, "questions")
    leader.press("question_parked", str(name))
    leader.press("close")
    expect(phone.locator(".asked")).to_be_visible(timeout=SOON)
    look(phone, shot, "questions-closed")

    leader.press("next")
    leader.press("open")
    pulse(phone, people, address, ("clear", "unclear", "clear", "partly", "clear"), None)
    leader.press("close")
    expect(phone.get_by_role("table")).to_be_visible(timeout=SOON)
    look(phone, shot, "rounds")
    assert axe_findings(phone) == []
    screens(chromium, leader, shot, "rounds")
    assert look_up(server_house, leader.live_id).phase == "running"


def pulse(
    phone: Page, people: list[Browser], address: str, words: tuple[str, ...], shot: Callable[[Page, str], Path] | None
) -> None:
    """Let everybody tap one word; on the phone one tap is the whole answer."""
    for place, one in enumerate(people):
        one.submit(address, {"choice": words[place % len(words)]})
    expect(phone.locator(".pulse")).to_be_visible(timeout=SOON)
    if shot is not None:
        look(phone, shot, "pulse-open")
    phone.locator(".pulse__one").nth(1).click()
    expect(phone.get_by_role("heading", name="Your answer is in")).to_be_visible(timeout=SOON)


def look(page: Page, shot: Callable[[Page, str], Path], name: str) -> None:
    """Keep pictures where somebody wants them; nothing is judged by one."""
    if "SCREENSHOTS" in os.environ:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            shot(page, f"{name}-{scheme}")
        page.emulate_media(color_scheme="light")


def screens(chromium: Chromium, leader: Leader, shot: Callable[[Page, str], Path], name: str) -> None:
    """Look at stage and console: the list, or both rounds, are there."""
    with_cookie = chromium.new_context(viewport={"width": 1280, "height": 800})
    with_cookie.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    console = with_cookie.new_page()
    console.goto(f"{leader.url}/staff/sessions/{leader.live_id}/")
    expect(console.locator(".room__result, .queue").first).to_be_visible()
    look(console, shot, f"{name}-console")
    stage = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    stage.goto(f"{leader.url}/stage/{look_up(leader.house, leader.live_id).stage_token}")
    expect(stage.locator(".stage-result")).to_be_visible()
    look(stage, shot, f"{name}-stage")
    for page in (console, stage):
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.context.close()
