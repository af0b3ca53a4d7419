"""A phone with a wrong clock, and one on a bad network, each through a whole question in a real browser."""

# ruff: noqa: F811 - fixtures of another module

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import LiveServer
from tests.e2e.conftest import Leader
from tests.e2e.test_notes import OPEN, fill_everything, house, leads, phone_of, server, stored  # noqa: F401
from tests.e2e.test_phone import answered, join, press_send, status, write
from tests.e2e.test_sent import others_answer
from tests.faults.proxy import Proxy

TEN_YEARS = timedelta(days=3652)

WRONG_CLOCK = """offset => {
  const Right = (window.rightDate ??= Date);
  window.Date = class extends Right {
    constructor(...given) { given.length ? super(...given) : super(Right.now() + window.offset) }
    static now() { return Right.now() + window.offset }
  };
  window.offset = offset;
}"""
"""The wall clock alone: what counts on by itself (`performance.now`, timers) goes on as on any phone."""


def set_clock(context: BrowserContext, off: timedelta) -> None:
    """Let every page that this phone opens from now on read a wrong clock."""
    context.add_init_script(f"({WRONG_CLOCK})({int(off.total_seconds() * 1000)})")


def left(page: Page) -> int:
    """Return the seconds that the phone's timer shows."""
    minutes, seconds = page.locator("[data-clock]").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


@pytest.mark.parametrize("off", [TEN_YEARS, -TEN_YEARS], ids=["ahead", "behind"])
def test_a_phone_whose_clock_is_ten_years_off_misses_nothing(leads: Leader, phone_of: OPEN, off: timedelta) -> None:
    context = phone_of()
    set_clock(context, off)
    page = join(context, leads)
    assert abs(page.evaluate("Date.now()") / 1000 - datetime.now(UTC).timestamp() - off.total_seconds()) < 86400
    leads.ask("stuck")
    leads.press("timer_start", "300")
    expect(page.locator("[data-clock]")).to_be_visible()
    first, began = page.locator("[data-clock]").inner_text(), left(page)
    assert 240 < began <= 300
    write(page, "First thought")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    page.get_by_role("link", name="Change").click()
    write(page, "Second thought")
    set_clock(context, -off)  # somebody sets it right, and overdoes it, while a draft lies here
    page.reload()
    expect(page.get_by_label("Card 1")).to_have_value("Second thought")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    expect(page.locator("[data-clock]")).not_to_have_text(first)  # it counts down
    assert 0 < left(page) < began
    assert answered(leads) == 1
    others_answer(leads, phone_of, 4)
    leads.press("close")
    expect(page.locator('main [data-state="released"]')).to_be_visible()
    expect(page.locator("main")).to_contain_text("Second thought")
    page.get_by_role("link", name="What I sent").click()
    expect(page.get_by_role("listitem").filter(has_text="Second thought")).to_be_visible()
    page.goto(f"{leads.url}/s/{leads.live_id}/notes/")
    fill_everything(page, "note")
    page.reload()
    assert stored(page)["decision/by"] == "2027-03-05"
    page.get_by_role("button", name="All my notes as a PDF").click()
    with page.expect_download() as file:
        page.get_by_role("dialog").get_by_role("button", name="Make the PDF").click()
    assert file.value.path().read_bytes().startswith(b"%PDF")


def test_on_a_bad_network_a_draft_survives_every_cut_and_the_present_comes_by_itself(
    leads: Leader, server: LiveServer, phone_of: OPEN
) -> None:
    with Proxy(server.port) as proxy:
        proxy.delay, proxy.jitter, proxy.piece = 0.01, 0.03, 1400
        page = join(phone_of(), replace(leads, url=proxy.url))
        leads.ask("stuck")
        write(page, "The weekly")
        proxy.piece = 400
        page.get_by_label("Card 1").press("End")
        for part in (" meeting", " on Monday", " morning"):
            page.keyboard.type(part)
            while not proxy.cut():  # it comes back by itself in between
                page.wait_for_timeout(50)
        expect(page.get_by_label("Card 1")).to_have_value("The weekly meeting on Monday morning")
        proxy.cut(refuse=True)
        press_send(page)
        expect(status(page)).to_have_text("Waiting for connection: kept on this phone")
        assert answered(leads) == 0
        proxy.let()
        expect(status(page)).to_have_text("Saved")
        assert answered(leads) == 1
        others_answer(leads, phone_of, 4)
        proxy.cut(refuse=True)
        leads.press("close")  # the phone hears nothing of it
        proxy.let()
        expect(page.locator('main [data-state="released"]')).to_be_visible()
        expect(page.locator(".card", has_text="The weekly meeting on Monday morning")).to_have_count(1)
