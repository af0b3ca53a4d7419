"""The editor of guides in a real browser: typing is saving, moving by hand and by keys, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Leader, axe_findings
from workshop.guides import drafts, edits

TITLE = "Our away day"
expect.set_options(timeout=15_000)  # saving waits for a pause in typing, and a busy machine makes it longer


def begun(leader: Leader) -> str:
    """Begin a guide with two steps and three activities; return its slug."""
    with leader.house.database.transaction() as session:
        slug = drafts.create(session, leader.account, TITLE, "en", leader.house.clock())

        def fill(data: edits.Data) -> None:
            one, two = edits.add_step(data, "Arrive"), edits.add_step(data, "Look back")
            edits.add_activity(data, one, "info", "Welcome", {})
            edits.add_activity(data, one, "scale", "How much energy do you have?", {})
            edits.add_activity(
                data,
                two,
                "choice",
                "Where first?",
                {"options": [{"id": "a", "label": "Here"}, {"id": "b", "label": "There"}]},
            )

        drafts.change(session, leader.account, slug, 1, fill)
    return slug


def kept(leader: Leader, slug: str) -> drafts.Draft:
    with leader.house.database.transaction() as session:
        return drafts.open_draft(session, leader.account, slug)


def order(leader: Leader, slug: str) -> list[tuple[str, list[str]]]:
    """Return the steps with their activities as they are stored."""
    return [
        (step["title"], [one["prompt"] for one in step["activities"]]) for step in edits.steps(kept(leader, slug).data)
    ]


def visitor(chromium: Browser, leader: Leader, width: int = 1440, height: int = 900) -> BrowserContext:
    context = chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    return context


def opened(context: BrowserContext, leader: Leader, slug: str, at: str = "") -> Page:
    page = context.new_page()
    page.set_default_timeout(15000)
    page.goto(f"{leader.url}/staff/guides/{slug}/edit?at={at}")
    page.wait_for_selector("#desk[data-ready]")
    return page


def saved(page: Page) -> None:
    expect(page.locator("#status")).to_have_text("Saved")


def test_typing_is_saving_and_the_pictures_follow(
    chromium: Browser, leader: Leader, shot: Callable[[Page, str], Path]
) -> None:
    slug = begun(leader)
    with visitor(chromium, leader) as context:
        page = opened(context, leader, slug, "welcome")
        page.get_by_label("What is asked").fill("Welcome, all of you")
        stage, phone = page.frame_locator("#frame-stage"), page.frame_locator("#frame-phone")
        expect(stage.get_by_role("heading", name="Welcome, all of you")).to_be_visible()
        expect(phone.get_by_role("heading", name="Welcome, all of you")).to_be_visible()
        expect(page.locator("#stop-welcome")).to_contain_text("Welcome, all of you")
        saved(page)
        assert order(leader, slug)[0][1][0] == "Welcome, all of you"

        # Going on by keys alone: along the agenda, into the next part, and back.
        page.locator("#stop-welcome").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_label("What is asked")).to_be_focused()
        expect(page.get_by_label("What is asked")).to_have_value("How much energy do you have?")
        page.keyboard.press("Escape")
        expect(page.locator("#stop-how-much-energy-do-you-have")).to_be_focused()

        # What cannot be is said in place, with a way to it; what is taken back is back.
        page.locator("#f-a_how-much-energy-do-you-have_settings_low").fill("twelve")
        expect(page.locator(".field__error")).to_contain_text("must be a whole number")
        expect(page.locator("#todo")).to_contain_text("1 thing to do")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".field__error")).to_have_count(0)
        page.get_by_role("link", name="After it closes").click()
        expect(page.frame_locator("#frame-stage").get_by_text("Made-up answers")).to_be_visible()
        assert axe_findings(page) == []
        shot(page, "editor")


def test_lines_move_by_hand_and_by_keys(chromium: Browser, leader: Leader) -> None:
    slug = begun(leader)
    with visitor(chromium, leader) as context:
        page = opened(context, leader, slug, "welcome")
        line, there = page.locator("#stop-welcome"), page.locator("#stop-where-first")
        line.hover()
        page.mouse.down()
        box = there.bounding_box()
        assert box
        page.mouse.move(box["x"] + 30, box["y"] + box["height"] - 4, steps=6)
        page.mouse.up()
        expect(page.locator("#said")).to_have_text("Now number 2 in “Look back”.")
        assert order(leader, slug) == [
            ("Arrive", ["How much energy do you have?"]),
            ("Look back", ["Where first?", "Welcome"]),
        ]
        assert "at=welcome" in page.url  # a drag opens nothing

        page.locator("#stop-look-back").focus()
        page.keyboard.press("Alt+ArrowUp")
        expect(page.locator("#said")).to_have_text("Now step 1 of 2.")
        expect(page.locator("#stop-look-back")).to_be_focused()
        assert [title for title, _inside in order(leader, slug)] == ["Look back", "Arrive"]

        # A list inside a form moves by keys too, and the focus goes along.
        page.locator("#stop-where-first").click()
        first = page.get_by_label("Options 1: What people read")
        expect(first).to_have_value("Here")
        first.press("Alt+ArrowDown")
        expect(page.get_by_label("Options 2: What people read")).to_have_value("Here")
        expect(page.get_by_label("Options 2: What people read")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("Control+z")
        expect(page.get_by_label("Options 1: What people read")).to_have_value("Here")
        page.locator("#stop-where-first").press("Delete")
        expect(page.locator("#said")).to_have_text("Deleted: Where first?. Undo brings it back.")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#stop-where-first")).to_be_visible()


def test_without_a_connection_nothing_is_lost_and_two_texts_are_both_shown(chromium: Browser, leader: Leader) -> None:
    slug = begun(leader)
    with visitor(chromium, leader) as context:
        page = opened(context, leader, slug, "welcome")
        context.set_offline(True)
        page.get_by_label("What is asked").fill("Written on a train")
        expect(page.locator("#status")).to_have_text("No connection. What you type is kept in this browser.")
        page.close()
        context.set_offline(False)

        # Meanwhile somebody else has written in the same field.
        with leader.house.database.transaction() as session:
            present = drafts.open_draft(session, leader.account, slug)
            theirs = [drafts.Entered("a.welcome.prompt", ["Written at a desk"], None)]
            drafts.enter(session, leader.account, slug, present.version, theirs)

        page = opened(context, leader, slug, "welcome")
        expect(page.get_by_label("What is asked")).to_have_value("Written on a train")
        expect(page.get_by_text("Somebody else wrote here meanwhile:")).to_be_visible()
        expect(page.locator(".ed-conflict")).to_contain_text("Written at a desk")
        page.get_by_role("button", name="Keep mine").click()
        saved(page)
        expect(page.locator(".ed-conflict")).to_have_count(0)
        assert order(leader, slug)[0][1][0] == "Written on a train"

        # Two windows on two fields do not get into each other's way.
        other = opened(context, leader, slug, "welcome")
        other.get_by_label("A sentence below it").fill("Take a seat")
        saved(other)
        page.get_by_label("What is asked").fill("Welcome back")
        saved(page)
        expect(page.get_by_label("A sentence below it")).to_have_value("Take a seat")


def test_a_guide_is_begun_on_a_small_phone_and_without_a_script(
    chromium: Browser, leader: Leader, shot: Callable[[Page, str], Path]
) -> None:
    with visitor(chromium, leader, 360, 740) as context:
        page = context.new_page()
        page.goto(f"{leader.url}/staff/guides/new")
        page.get_by_label("Title").fill(TITLE)
        page.get_by_role("button", name="Begin").click()
        page.wait_for_selector("#desk[data-ready]")
        page.get_by_role("button", name="Scale").click()
        page.get_by_label("What is asked").fill("How was the way here?")
        saved(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert axe_findings(page) == []
        shot(page, "editor-phone")
        slug = page.url.split("/")[5]
        assert order(leader, slug) == [("", ["How was the way here?"])]
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    with context:
        page = context.new_page()
        page.goto(f"{leader.url}/staff/guides/{slug}/edit")
        page.locator("#stop-new-step").click()
        page.get_by_label("Title").fill("On the way")
        page.locator("#part").get_by_role("button", name="Duplicate").click()  # it keeps what was typed, too
        expect(page.get_by_role("link", name="On the way")).to_have_count(2)
        assert [title for title, _inside in order(leader, slug)] == ["On the way", "On the way"]
