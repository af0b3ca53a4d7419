"""Markup that would run, in every text that somebody may write, and then each screen in a real browser (attack S14).

Nothing may run, and the content policy may not even be asked: no element has
come of what was written. A page that shows the same words unescaped shows that
the same look would have seen it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Leader
from tests.small_guide import look_up
from workshop import parking
from workshop.demo.people import Browser
from workshop.models import LiveSession

SOON = 20_000
IMAGE = "<img src=x onerror=ran=1>"
CLOSED = "</script><script>ran=2</script>"
DRAWN = '"><svg onload=ran=3>'
ADDRESS = "javascript:ran=4"
LEFT = "</textarea></title><img src=x onerror=ran=5>"
THEME = "<img src=y onerror=ran=6>"  # other words than a card's: a theme may not repeat one
CARDS = (IMAGE, CLOSED, DRAWN, ADDRESS, LEFT)

WATCH = """
    window.breaches = [];
    document.addEventListener("securitypolicyviolation", (event) => window.breaches.push(event.violatedDirective));
"""
SEEN = """() => [
    typeof window.ran !== "undefined",
    window.breaches.length,
    document.querySelectorAll("[onerror], [onload], [href^='javascript:'], script:not([src]):not([type])").length,
]"""


class Looker:
    """Opens pages and afterwards says of each what became of the markup on it."""

    def __init__(self, chromium: Chromium, leader: Leader) -> None:
        self._chromium, self._leader = chromium, leader
        self.pages: dict[str, Page] = {}

    def open(self, name: str, path: str, width: int = 1280, *, staff: bool = True) -> Page:
        """Open a page of the server, as the one who leads or as nobody."""
        context = self._chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
        if staff:
            context.add_cookies([{"name": "unstuck", "value": self._leader.cookie, "url": self._leader.url}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(SOON)
        page.goto(self._leader.url + path)
        self.pages[name] = page
        return page

    def harmless(self) -> None:
        """Hold every page against the promise."""
        for name, page in self.pages.items():
            assert page.evaluate(SEEN) == [False, 0, 0], name


def let_through(desk: Page) -> None:
    """Read everything at a moderator's desk and show it to the room."""
    desk.wait_for_selector("#moderation[data-up-now]")
    for text in CARDS:
        expect(desk.locator(".mtext").filter(has_text=text).first).to_be_visible()
    desk.get_by_role("button", name="Approve all that are left").click()
    desk.get_by_role("button", name="Show 5 texts to the room").click()


@pytest.mark.slow
def test_markup_stays_text_on_every_screen(chromium: Chromium, leader: Leader) -> None:
    staff_path = f"/staff/sessions/{leader.live_id}/"
    with leader.house.database.transaction() as session:
        live = session.get_one(LiveSession, leader.live_id)
        live.title, live.team, live.leader, live.moderation = DRAWN, IMAGE, CLOSED, True
        live.guide_source = parking.with_lot(live.guide_source)
    people = [Browser(leader.url) for _card in CARDS]
    for one in people:
        one.submit(leader.join_path, {})
    look = Looker(chromium, leader)
    phone = look.open("phone", leader.join_path, 360, staff=False)
    expect(phone.locator("body")).to_contain_text(DRAWN)
    look.harmless()
    phone.get_by_role("button", name="Join without a name").click()
    stage = look.open("stage", f"/stage/{look_up(leader.house, leader.live_id).stage_token}", 1920, staff=False)
    console, remote = look.open("console", staff_path), look.open("console, as narrow as a remote", staff_path, 360)
    expect(console.locator("body")).to_contain_text(DRAWN)

    # What the room writes: parked, sent, read by a moderator, shown; each page gets it by its socket.
    leader.ask("stuck")
    for one, text in zip(people, CARDS, strict=True):
        one.submit(f"/s/{leader.live_id}/", {"text-0": text}, having="text-0")
        one.submit(f"/s/{leader.live_id}/?park=1", {"text-0": text}, having="text-3")
    leader.press("close")
    let_through(look.open("moderation", f"{staff_path}moderation/stuck"))
    for page in (stage, phone):
        expect(page.locator(".card")).to_have_count(len(CARDS), timeout=SOON)
        for text in CARDS:
            expect(page.locator(".card").filter(has_text=text).first).to_be_visible()

    look.harmless()

    # What whoever leads writes: a theme and an action. Then the lot is opened, and the reports are drafted.
    board = look.open("themes", f"{staff_path}themes/stuck")
    board.wait_for_selector("[data-up-now]")
    board.keyboard.press("n")
    board.keyboard.type(THEME)
    board.keyboard.press("Enter")
    expect(board.get_by_role("heading", name=THEME)).to_be_visible()
    desk_of_staff = Browser(leader.url)
    desk_of_staff.http.cookies.set("unstuck", leader.cookie, domain="127.0.0.1", path="/")
    desk_of_staff.submit(f"{staff_path}actions", {"text": CLOSED, "owner": DRAWN}, having="owner")
    actions = look.open("actions", f"{staff_path}actions")
    expect(actions.locator("body")).to_contain_text(DRAWN)
    leader.press("jump", "parked")
    expect(console.locator("body")).to_contain_text("parking lot", ignore_case=True, timeout=SOON)
    leader.press("close")
    let_through(look.open("moderation of the lot", f"{staff_path}moderation/parked"))
    for page in (stage, phone):
        expect(page.locator(".lot .card")).to_have_count(len(CARDS), timeout=SOON)
    expect(remote.locator(".queue__one").filter(has_text=LEFT)).to_be_visible(timeout=SOON)

    leader.press("end")
    for edition in ("team", "manager"):
        draft = look.open(f"draft for the {edition}", f"{staff_path}report/draft/{edition}")
        expect(draft.locator("body")).to_contain_text(IMAGE)
    look.open("dashboard", "/staff/")
    look.harmless()


def test_the_same_look_sees_markup_that_runs(chromium: Chromium, leader: Leader, tmp_path: Path) -> None:
    look = Looker(chromium, leader)
    page = look.open("careless", "/staff/sign-in", staff=False)
    page.evaluate("words => document.body.insertAdjacentHTML('beforeend', words)", IMAGE)
    page.wait_for_function("window.breaches.length > 0")  # our policy stands in the way
    ran, breaches, elements = page.evaluate(SEEN)
    assert (ran, breaches > 0, elements) == (False, True, 1)
    (tmp_path / "careless.html").write_text(f"<!doctype html><title>x</title><p>{IMAGE}")
    page.goto((tmp_path / "careless.html").as_uri())
    page.wait_for_function("typeof window.ran !== 'undefined'")
