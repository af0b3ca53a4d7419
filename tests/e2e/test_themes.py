"""Grouping in real browsers: two people at once over three hundred cards, by drag and by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import look_up
from workshop import live_sessions, themes
from workshop.models import ActivityRun, Card

WORDS = ("Meetings", "Approvals", "Noise", "Urgent work", "Reports", "Handovers")


def three_hundred_cards(leader: Leader) -> list[str]:
    """Release the question's cards as its closing would have left them; return their ids as they stand on the page."""
    leader.press("start")
    with leader.house.database.transaction() as session:
        live = live_sessions.get(session, leader.live_id)
        run = ActivityRun(
            id="run", live_id=live.id, activity_id="stuck", ordinal=0, state="released",
            release={"too_few": False, "people": 100, "words_ok": True, "made_up": False, "result": {}},
        )  # fmt: skip
        session.add(run)
        session.flush()
        for number in range(300):
            text = f"{WORDS[number % 6]} take more of my week than they should, thing {number * 7919 % 300}"
            session.add(Card(id=f"card{number:018}", run_id="run", text=text))
        session.flush()
        return list(session.scalars(select(Card.id).order_by(Card.id)))


def opened(chromium: Browser, leader: Leader, path: str, width: int = 1280) -> Page:
    """Return a signed-in page of the leader's, connected."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
    context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    page = context.new_page()
    page.set_default_timeout(15000)
    page.goto(leader.url + path)
    page.wait_for_selector("[data-up-now]")
    return page


def laid(leader: Leader) -> dict[str, list[str]]:
    """Return name -> cards as they are stored."""
    with leader.house.database.transaction() as session:
        return {theme.name: list(theme.cards) for theme in themes.of(session, "run")[0].themes}


def test_two_people_group_three_hundred_cards_at_once_by_drag_and_by_keys(
    chromium: Browser, leader: Leader, shot: Callable[[Page, str], Path]
) -> None:
    ids = three_hundred_cards(leader)
    leader.press("jump", "stuck")
    path = f"/staff/sessions/{leader.live_id}/themes/stuck"
    keys, mouse = opened(chromium, leader, path), opened(chromium, leader, path)

    # One of them uses the keyboard alone: names a theme, then walks from card to card.
    keys.keyboard.press("n")
    keys.keyboard.type("By keys")
    keys.keyboard.press("Enter")
    expect(keys.locator("#said")).to_have_text("New theme: By keys")
    expect(mouse.get_by_role("heading", name="By keys")).to_be_visible()

    # The other one drags a card onto the place for a new theme while the first goes on.
    keys.locator(f"#box-{ids[0]}").focus()
    for _card in range(3):
        keys.keyboard.press("Space")
        keys.keyboard.press("ArrowDown")
    card, there = mouse.locator(f"#card-{ids[20]} .tcard__text"), mouse.locator("#theme-new")
    card.hover()
    mouse.mouse.down()
    box = there.bounding_box()
    assert box is not None
    mouse.mouse.move(box["x"] + 60, box["y"] + 30, steps=8)
    mouse.wait_for_selector(".tgroup--over")
    with mouse.expect_response(lambda answer: "/themes/" in answer.url):
        keys.keyboard.press("1")
    expect(keys.locator("#said")).to_have_text("3 cards put into By keys")
    expect(mouse.locator("#theme-new.tgroup--over")).to_be_visible()
    expect(mouse.locator(".tgroup--loose .tgroup__name")).to_contain_text("300 cards")  # nothing moves below the hand
    mouse.mouse.up()
    expect(mouse.locator("#said")).to_have_text("1 card put into New theme 2")
    expect(keys.locator("#said")).to_have_text("3 cards put into By keys")
    expect(keys.get_by_role("heading", name="New theme 2")).to_be_visible()

    # Both at once, without waiting for one another.
    mouse.locator(f"#box-{ids[40]}").focus()
    for _round in range(5):
        keys.keyboard.press("1")
        mouse.keyboard.press("2")
    expect(keys.locator("#theme-new")).to_be_visible()
    expect(mouse.locator(".tgroup--loose .tgroup__name")).to_contain_text("286 cards", timeout=30_000)
    expect(keys.locator(".tgroup--loose .tgroup__name")).to_contain_text("286 cards", timeout=30_000)
    found = laid(leader)
    assert len(found["By keys"]) == 8 and len(found["New theme 2"]) == 6
    assert not set(found["By keys"]) & set(found["New theme 2"])

    # Search keeps to what is found; taking back works for both; what one has chosen outlives the other's moves.
    mouse.keyboard.press("/")
    mouse.keyboard.type("thing 29")
    expect(mouse.locator("#chosen")).to_contain_text("Cards found")
    mouse.keyboard.press("Escape")
    mouse.locator(f"#box-{ids[60]}").check()
    keys.keyboard.press("z")
    expect(mouse.locator(".tgroup--loose .tgroup__name")).to_contain_text("287 cards")
    expect(mouse.locator(f"#box-{ids[60]}")).to_be_checked()
    keys.keyboard.press("?")
    expect(keys.locator("#keys")).to_be_visible()
    assert axe_findings(keys) == []
    shot(keys, "themes")

    stage = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    stage.goto(f"{leader.url}/stage/{look_up(leader.house, leader.live_id).stage_token}")
    expect(stage.get_by_role("heading", name="By keys")).to_be_visible()
    shot(stage, "themes-stage")
    for page in (keys, mouse, stage):
        page.context.close()
