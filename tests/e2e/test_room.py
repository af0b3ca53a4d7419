"""Running a room in a real browser: timers, eyes up, breaks and the private word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.small_guide import look_up

from .conftest import Leader, axe_findings

SHOT = Callable[[Page, str], Path]
TONES = """() => {
    const Real = window.AudioContext;
    window.AudioContext = class extends Real {
        createOscillator() {
            const root = document.documentElement;
            root.dataset.tones = String(Number(root.dataset.tones ?? 0) + 1);
            return super.createOscillator();
        }
    };
}"""


def a_page(
    chromium: Browser, leader: Leader, width: int, height: int, *, dark: bool = False, cookie: bool = False
) -> Page:
    """Return a page of this size; with the leader's cookie where asked."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        base_url=leader.url,
    )
    if cookie:
        context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
    return context.new_page()


def a_phone(chromium: Browser, leader: Leader, *, dark: bool = False) -> Page:
    """Return a phone that has joined."""
    phone = a_page(chromium, leader, 360, 740, dark=dark)
    phone.goto(leader.join_path)
    phone.locator("main button[type=submit]").first.click()
    expect(phone.locator("[data-status]")).to_have_text("Connected")
    return phone


def test_a_timer_ends_in_words_and_sounds_only_where_asked(chromium: Browser, leader: Leader, shot: SHOT) -> None:
    stage = a_page(chromium, leader, 1920, 1080)
    stage.add_init_script(f"({TONES})()")
    stage.goto(f"/stage/{look_up(leader.house, leader.live_id).stage_token}")
    leader.ask("stuck")
    phone = a_phone(chromium, leader, dark=True)
    sound = stage.locator("#sound")
    expect(sound).to_have_attribute("aria-pressed", "false")

    leader.press("timer_start", "300")
    text = stage.locator(".stage-minutes")
    expect(text).to_have_text("5 min")
    shot(stage, "room-timer-1920")
    stage.set_viewport_size({"width": 1024, "height": 768})
    shot(stage, "room-timer-1024")
    leader.press("timer_start", "2")  # over before anybody chose a sound
    expect(text).to_have_text("Time is up", timeout=6000)
    expect(stage.locator("html[data-tones]")).to_have_count(0)
    expect(stage.locator(".stage-timer")).to_have_class("stage-timer is-up")
    expect(phone.locator(".timer")).to_contain_text("Time is up")
    shot(stage, "room-timer-up")
    shot(phone, "room-phone-timer-up")

    stage.mouse.move(300, 300)
    sound.click()
    expect(sound).to_have_text("Sound when time is up: on")
    shot(stage, "room-sound")
    expect(stage.locator("html")).to_have_attribute("data-tones", "2")  # it is heard once when chosen
    leader.press("timer_start", "3")
    expect(stage.locator("html")).to_have_attribute("data-tones", "4", timeout=6000)
    stage.reload()
    expect(sound).to_have_attribute("aria-pressed", "true")

    leader.press("timer_start", "60")
    expect(text).to_have_text("1 minute left")
    expect(phone.locator(".timer")).to_contain_text("Last minute")
    expect(phone.locator(".timer")).not_to_contain_text("Time is up")
    shot(phone, "room-phone-last-minute")
    stage.emulate_media(color_scheme="dark")
    shot(stage, "room-timer-minute-dark")
    assert axe_findings(stage) == []


def test_who_wants_no_motion_sees_another_scheme_at_once(chromium: Browser, leader: Leader) -> None:
    stage = a_page(chromium, leader, 1024, 768)
    stage.goto(f"/stage/{look_up(leader.house, leader.live_id).stage_token}")
    console = a_page(chromium, leader, 1280, 800, cookie=True)
    console.goto(f"/staff/sessions/{leader.live_id}/")
    # One look, before the page has drawn anything: a colour that is still on its way is a motion.
    ground = """() => [
        getComputedStyle(document.documentElement).backgroundColor, document.getAnimations().length]"""
    for page in (a_phone(chromium, leader), stage, console):
        assert page.evaluate(ground) == ["rgb(251, 248, 243)", 0], page.url
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(ground) == ["rgb(20, 23, 28)", 0], page.url


def test_eyes_up_and_a_break_keep_what_is_typed(chromium: Browser, leader: Leader, shot: SHOT) -> None:
    leader.ask("stuck")
    phone = a_phone(chromium, leader)
    console = a_page(chromium, leader, 1280, 800, cookie=True)
    console.goto(f"/staff/sessions/{leader.live_id}/")
    expect(console.locator("main[data-up-now]")).to_have_count(1)
    stage = a_page(chromium, leader, 1024, 768)
    stage.goto(f"/stage/{look_up(leader.house, leader.live_id).stage_token}")
    field = phone.locator("textarea:visible").first
    field.fill("half a thought")

    console.keyboard.press("e")
    cover = phone.locator("[data-cover]")
    expect(cover).to_contain_text("Eyes up")
    expect(field).to_be_hidden()
    expect(stage.locator(".stage-state")).to_have_text("Open now: answer on your phone")
    expect(console.locator('button[value="eyes_up:off"]')).to_have_attribute("aria-pressed", "true")
    shot(phone, "room-phone-eyes")
    shot(console, "room-console-eyes")
    console.keyboard.press("e")
    expect(cover).to_have_count(0)
    expect(field).to_have_value("half a thought")
    expect(field).to_be_focused()
    expect(console.locator('button[value="eyes_up:on"]')).to_have_attribute("aria-pressed", "false")

    console.locator('button[value="break_start:15"]').click()
    expect(cover).to_contain_text("Break. Back at")
    expect(stage.locator(".stage-back")).to_contain_text("Back at")
    for name, page in (("phone", phone), ("stage", stage), ("console", console)):
        expect(page.locator("body")).to_contain_text("Back at")
        shot(page, f"room-{name}-break")
        page.emulate_media(color_scheme="dark")
        shot(page, f"room-{name}-break-dark")
        assert axe_findings(page) == [], name
    stage.set_viewport_size({"width": 1920, "height": 1080})
    shot(stage, "room-stage-break-1920")
    phone.reload()  # what is typed outlives a reload in the middle of a break
    expect(cover).to_contain_text("14:")
    console.locator("#primary").click()
    expect(cover).to_have_count(0)
    expect(field).to_have_value("half a thought")
    expect(stage.locator(".stage-state")).to_be_visible()


def test_a_word_is_asked_for_on_the_phone_and_answered_calmly(chromium: Browser, leader: Leader, shot: SHOT) -> None:
    leader.ask("stuck")
    console = a_page(chromium, leader, 1280, 800, cookie=True)
    console.goto(f"/staff/sessions/{leader.live_id}/")
    console.locator(".links > summary").click()
    console.locator("#where-found").fill("the small kitchen")
    shot(console, "room-console-where")
    console.locator("#where-found").press("Enter")  # saves the place and nothing else
    expect(console.locator("#where-found")).to_have_value("the small kitchen")
    phone = a_phone(chromium, leader)
    phone.locator("[data-word] > summary").click()
    phone.locator("[data-signal][value=word]").click()
    note = phone.locator("[data-word-note]")
    expect(note).to_contain_text("the small kitchen")
    note.scroll_into_view_if_needed()
    shot(phone, "room-phone-word")
    assert axe_findings(phone) == []
    expect(console.locator("#word")).to_have_count(0)  # not before half a minute has passed
    expect(phone.locator("form[data-answer]")).to_be_visible()  # the question is still open
