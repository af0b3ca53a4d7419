"""`make bench ARGS=pages`: what a phone's first pages weigh, and how long they take on bad mobile data.

    make bench ARGS="pages"                  400 kbit/s and 400 ms, three phones
    make bench ARGS="pages --kbit 2000 --latency 100 --times 5"

A real browser with the network slowed down by its own tools: the welcome behind
the QR code, the tap on "join", the first question, the answer, and the same
phone's page a second time. Bytes are what came over the wire, headers and all.
Browsers do not slow websockets down in the same way, so the answer's figure is
a lower bound. Lives here: these measurements. Not here: what is on the pages.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from bench.contestants import QUESTION
from workshop.demo.people import Browser as Person
from workshop.demo.people import DemoFailed
from workshop.demo.play import Play
from workshop.demo.server import ScratchServer

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60_000  # milliseconds
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
"""Milliseconds from the tap to the first words on the screen, redirects and style sheets included."""


@dataclass(frozen=True)
class Visit:
    """Seconds until something was so, bytes and requests until then."""

    seconds: float
    bytes: int
    requests: int


class Meter:
    """What came over the wire since the last look."""

    def __init__(self, cdp: Any) -> None:
        self.bytes = self.requests = 0
        cdp.on("Network.loadingFinished", self._finished)
        cdp.on("Network.requestWillBeSent", self._sent)
        self._cdp = cdp

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])

    def _sent(self, event: dict[str, Any]) -> None:
        self.requests += event["request"]["url"].startswith("http") and not event.get("redirectResponse")

    def during(self, work: Callable[[], object]) -> Visit:
        """Do something that waits for its end itself."""
        self.bytes = self.requests = 0
        began = time.monotonic()
        work()
        return Visit(time.monotonic() - began, self.bytes, self.requests)


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table; return 1 when it could not be measured."""
    parser = argparse.ArgumentParser(prog="bench pages", description=__doc__)
    parser.add_argument("--kbit", type=float, default=400)
    parser.add_argument("--latency", type=float, default=400, help="milliseconds that each request waits")
    parser.add_argument("--times", type=int, default=3, help="phones, one after the other")
    chosen = parser.parse_args(arguments)
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        print("This needs a Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    try:
        with ScratchServer() as server, sync_playwright() as playwright:
            play = Play(server, say=lambda _line: None, people=0)
            play.prepare()
            path = Person(server.url).submit("/", {"code": play.code}).url
            play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
            play.facilitator.press(play.facilitator.next_move())
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            visits = [visit(browser, path, chosen.kbit, chosen.latency) for _phone in range(chosen.times)]
            browser.close()
    except DemoFailed as reason:
        print(f"The measurement failed. {reason}", file=sys.stderr)
        return 1
    print(f"{chosen.kbit:.0f} kbit/s, {chosen.latency:.0f} ms; medians of {chosen.times} phones\n")
    print(f"{'':56}{'seconds':>9}{'KB':>8}{'requests':>10}")
    for name in visits[0]:
        seconds = statistics.median(one[name].seconds for one in visits)
        weight = statistics.median(one[name].bytes for one in visits) / 1000
        print(f"{name:56}{seconds:9.2f}{weight:8.1f}{statistics.median(one[name].requests for one in visits):10.0f}")
    return 0


def visit(browser: Browser, address: str, kbit: float, latency: float) -> dict[str, Visit]:
    """Let one phone that was never here join, answer, and come back."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    cdp = context.new_cdp_session(page)
    cdp.send("Network.enable")
    through = kbit * 1000 / 8
    slow = {"offline": False, "latency": latency, "downloadThroughput": through, "uploadThroughput": through}
    cdp.send("Network.emulateNetworkConditions", slow)
    meter = Meter(cdp)
    join = page.get_by_role("button", name="Join without a name")
    status = page.locator("[data-status]")
    found: dict[str, Visit] = {}

    def enter() -> None:
        with page.expect_navigation(wait_until="load"):
            join.click(no_wait_after=True)

    def answer() -> None:
        page.locator("[data-answer] label:visible").nth(6).click()
        page.locator("[data-answer] button[type=submit]").first.click(no_wait_after=True)
        expect(status).to_have_text("Saved", timeout=PATIENCE)

    def told(name: str, work: Callable[[], object]) -> None:
        whole = meter.during(work)
        page.wait_for_timeout(500)  # the browser tells the last sizes a moment later
        painted = page.evaluate(PAINTED) / 1000
        found[f"{name}: readable"] = Visit(painted, 0, 0)
        found[f"{name}: everything there"] = Visit(whole.seconds, meter.bytes, meter.requests)

    told("welcome", lambda: page.goto(address, wait_until="load"))
    began = time.monotonic()
    told("join, first question", enter)
    expect(status).to_have_text("Connected", timeout=PATIENCE)
    found["join, first question: connected, at most"] = Visit(time.monotonic() - began, 0, 0)
    page.wait_for_timeout(1000)
    found["answer: saved on the server's disk (socket, not slowed)"] = meter.during(answer)
    page.wait_for_timeout(1000)
    told("the same page once more", lambda: page.goto(page.url, wait_until="load"))
    context.close()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
