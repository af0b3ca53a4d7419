"""Breakouts in a real browser: a number, a writer, and a room that comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.conftest import LiveServer
from tests.promises.groups import breakout_guide
from tests.small_guide import look_up
from workshop import live_sessions
from workshop.demo.people import Phone
from workshop.guides import library

from .conftest import Leader, axe_findings, dressed
from .test_room import a_page, a_phone

SHOT = Callable[[Page, str], Path]


def in_a_breakout(leader: Leader, *, in_three_parts: bool = True) -> Leader:
    """Return the leader of a session of 1-2-4-All, or of groups that write at once."""
    with leader.house.database.transaction() as session:
        text = breakout_guide(one_two_four_all=in_three_parts).replace(
            "What now?", "What would make the biggest difference for us now?"
        )
        guide_id = library.import_guide(session, leader.account, text, "groups.yaml", leader.house.clock()).id
    new = live_sessions.NewSession(guide_id, "Think together", "", "en", 6, "Maria Lind", False)
    return replace(leader, live_id=live_sessions.create(leader.house, leader.account, new), socket=None)


def test_a_phone_finds_its_group_writes_for_it_and_reads_the_others(
    chromium: Browser, leader: Leader, shot: SHOT
) -> None:
    made = in_a_breakout(leader)
    console = a_page(chromium, made, 1280, 800, cookie=True)
    console.goto(f"/staff/sessions/{made.live_id}/")
    stage = a_page(chromium, made, 1920, 1080, dark=True)
    stage.goto(f"/stage/{look_up(made.house, made.live_id).stage_token}")
    phones = [a_phone(chromium, made), a_phone(chromium, made, dark=True)]
    phones[0].set_viewport_size({"width": 390, "height": 844})
    code = look_up(made.house, made.live_id).code or ""
    others = [Phone(code, made.url) for _phone in range(4)]
    made.press("start")
    expect(console.locator("#hint")).to_contain_text("2 groups of 3")
    shot(console, "breakout-console-before")
    console.locator("#primary").click()

    for phone in phones:
        expect(phone.locator("[data-breakout-number]")).to_have_text(re.compile("^[12]$"))
        expect(phone.locator("form[data-answer]")).to_be_hidden()
    phones[0].locator("[data-breakout-note]").fill("Only for me")
    shot(phones[0], "breakout-phone-alone")
    expect(stage.locator(".stage-tables li")).to_have_count(2)
    for size in ({"width": 1024, "height": 768}, {"width": 1920, "height": 1080}):
        stage.set_viewport_size(size)
        heights = stage.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert heights[0] <= heights[1] + 1, heights
        shot(stage, f"breakout-stage-alone-{size['width']}")
    shot(console, "breakout-console-alone")
    console.locator("#primary").click()
    expect(phones[0].locator("[data-part=breakout]")).to_contain_text("pairs")
    expect(console.locator("#primary")).to_have_attribute(
        "value", "breakout_part:2"
    )  # phones may be a moment ahead of a console
    console.locator("#primary").click()
    expect(phones[0].locator("[data-part=breakout]")).to_contain_text("whole group")
    expect(phones[0].locator("[data-breakout-note]")).to_have_value("Only for me")

    run = phones[0].locator("[data-key]").get_attribute("data-run") or ""
    number = int(phones[0].locator("[data-breakout-number]").inner_text())
    places = [other.socket.call("breakout", {"run": run, "what": "take"})["place"] for other in others]
    shot(phones[0], "breakout-phone-nobody")
    phones[0].locator("button[value=write]").click()
    expect(phones[0].locator("textarea[name=text-0]")).to_be_visible()
    phones[0].locator("textarea[name=text-0]").fill("Two mornings a week without meetings.")
    shot(phones[0], "breakout-phone-writes")
    assert axe_findings(phones[0]) == []
    assert axe_findings(stage) == []
    phones[0].locator("[data-send]").click()
    expect(phones[0].locator("[data-status]")).to_have_text("Saved")
    shot(phones[0], "breakout-phone-sent")
    expect(console.locator(".room__count")).to_contain_text("1 of 2 groups")
    shot(console, "breakout-console-writing")
    shot(stage, "breakout-stage-writing")

    # Who reloads is told the same number; who is in the same group sees that somebody writes.
    phones[0].reload()
    expect(phones[0].locator("[data-breakout-number]")).to_have_text(str(number))
    expect(phones[0].locator("[data-sent-said]")).to_contain_text("Two mornings")
    second = int(phones[1].locator("[data-breakout-number]").inner_text())
    phones[1].reload()
    expect(phones[1].locator(".breakout--somebody" if second == number else ".breakout--nobody").first).to_be_visible()
    shot(phones[1], "breakout-phone-dark")

    if second != number:
        phones[1].locator("button[value=write]").click()
        phones[1].locator("textarea[name=text-0]").fill("Somebody to ask who has time.")
        phones[1].locator("[data-send]").click()
    else:
        other = others[[place["number"] != number for place in places].index(True)]
        fields = {"text-0": ["Somebody to ask who has time."]}
        assert other.socket.call("answer", {"run": run, "revision": 1, "fields": fields})["ok"]
    expect(console.locator(".room__count")).to_contain_text("2 of 2 groups")
    console.locator("#primary").click()
    for page in (*phones, stage):
        expect(page.locator(".card")).to_have_count(2)
    shot(stage, "breakout-stage-shown")
    shot(phones[0], "breakout-phone-shown")
    for one in others:
        one.socket.client.eio.ws.shutdown()
        one.browser.http.close()


def test_a_press_that_the_network_swallowed_is_carried_out_when_it_is_back(
    chromium: Browser, leader: Leader, live_server: LiveServer, shot: SHOT
) -> None:
    made = in_a_breakout(leader, in_three_parts=False)
    phone = a_phone(chromium, made)
    code = look_up(made.house, made.live_id).code or ""
    others = [Phone(code, made.url) for _phone in range(5)]
    made.press("start")
    made.press("open")
    expect(phone.locator("[data-breakout-number]")).to_have_text(re.compile("^[12]$"))
    for one in others:
        one.socket.client.eio.ws.shutdown()
        one.browser.http.close()
    write = phone.locator("button[value=write]")
    live_server.kill()
    expect(phone.locator("[data-status]")).to_contain_text("connection")
    write.click()
    expect(write).to_have_attribute("aria-busy", "true")
    for dress in dressed(phone, ((360, 740), (1280, 800), (1920, 1080))):
        shot(phone, f"breakout-phone-pressed-without-network-{dress}")
    live_server.start()
    expect(phone.locator("textarea[name=text-0]")).to_be_visible(timeout=20_000)
    expect(write).not_to_have_attribute("aria-busy", "true")
