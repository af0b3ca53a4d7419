"""Take the README's pictures from the running product.

Lives here: which moment of the demo's play each picture shows, and its size.
Not here: the play. Run it with `make screenshots`; it needs a Chromium.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Browser, Page, sync_playwright

from workshop.demo.people import DemoFailed
from workshop.demo.play import EMAIL, PASSWORD, Play
from workshop.demo.server import ROOT, ScratchServer

IMAGES = ROOT / "docs" / "images"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PORT = 8000
"""The usual one, because the stage shows it; it has to be free."""
TEXT_QUESTION = "frustrates"
CHOICE_QUESTION = "areas"
TYPED = "Priorities change on Thursday and nobody says what may wait."


def main() -> int:
    """Play until each moment, take its picture; return 0, or 1 with the reason."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if chromium is None:
        print("No Chromium was found. Install one, or name it: CHROMIUM=/path/to/it", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    try:
        with ScratchServer(PORT) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            take_pictures(Play(server), browser)
            browser.close()
    except DemoFailed as reason:
        print(f"No pictures. {reason}", file=sys.stderr)
        return 1
    return 0


def take_pictures(play: Play, browser: Browser) -> None:
    """Go through the moments in the order of the guide."""
    play.prepare()
    phone = open_phone(play, browser)
    stage = open_stage(play, browser)
    console = open_console(play, browser)

    play.run(until=lambda command, activity: activity.id == TEXT_QUESTION and command == "close")
    field = phone.locator("textarea").first
    field.fill(TYPED)
    field.blur()
    phone.evaluate("window.scrollTo(0, 0)")
    keep(phone, "phone")

    play.run(until=lambda command, activity: activity.id == CHOICE_QUESTION and command == "next")
    for page in (stage, console):
        page.wait_for_timeout(1500)  # the push, and the bars that grow once
    keep(stage, "stage")
    keep(console, "console")
    play.close()


def open_phone(play: Play, browser: Browser) -> Page:
    """Join as one more person, with a real browser."""
    page = browser.new_context(viewport={"width": 390, "height": 780}, device_scale_factor=2).new_page()
    page.goto(play.server.url)
    page.fill("#code", play.code)
    page.click("button[type=submit]")
    page.click("form[action^='/j/'] button[type=submit]")
    page.wait_for_url("**/s/**")
    return page


def open_stage(play: Play, browser: Browser) -> Page:
    """Open the stage as a projector would."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.goto(play.server.url + play.stage_path)
    return page


def open_console(play: Play, browser: Browser) -> Page:
    """Sign in and open the console."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(play.sign_in_url)
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(f"**{play.console_path}")
    return page


def keep(page: Page, name: str) -> None:
    """Write a picture of what the page shows now."""
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
