"""The phone in a real browser against the real server: nothing typed is ever lost, nothing is sent unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocket, expect

from tests.conftest import LiveServer
from tests.e2e.conftest import Leader, axe_findings, dressed
from tests.small_guide import look_up

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
OPEN = Callable[..., BrowserContext]


@pytest.fixture
def phone_of(chromium: Browser) -> Iterator[OPEN]:
    """Return a maker of phones: browser contexts that report every script error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{**PHONE, **options})
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on(
            "console", lambda message: errors.append(message.text) if "Content Security" in message.text else None
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def join(context: BrowserContext, leader: Leader) -> Page:
    """Join as a person does, and return the phone page."""
    page = context.new_page()
    page.goto(leader.url + leader.join_path)
    page.get_by_role("button", name="Join without a name").click()
    page.wait_for_url("**/s/**", wait_until="commit")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


def write(page: Page, text: str) -> None:
    page.get_by_label("Card 1").fill(text)


def press_send(page: Page) -> None:
    page.get_by_role("button", name="Send anonymously").click()


def status(page: Page) -> Any:
    return page.locator("[data-status]")


def answered(leader: Leader) -> int:
    """Return how many have answered, as the console is told."""
    assert leader.socket is not None
    html = leader.socket.call("screen", {}, timeout=10)["html"]
    found = re.search(r"<dt>answered</dt>\s*<dd>(\d+)", html)
    assert found, "the console shows no number of answers"
    return int(found.group(1))


# -- what goes wrong


def test_an_answer_pressed_offline_is_refused_after_the_close_and_its_text_stays(
    leader: Leader, phone_of: OPEN, shot: Callable[[Page, str], Path]
) -> None:
    context = phone_of()
    page = join(context, leader)
    leader.ask("stuck")
    write(page, "The weekly meeting")
    context.set_offline(True)
    press_send(page)
    expect(status(page)).to_have_text("Waiting for connection: kept on this phone")
    leader.press("close")
    context.set_offline(False)
    kept = page.get_by_role("complementary")
    expect(kept).to_contain_text("This question has closed")
    expect(page.get_by_label("Your text")).to_have_value("The weekly meeting")
    shot(page, "phone-refused")
    page.reload()
    expect(page.get_by_label("Your text")).to_have_value("The weekly meeting")
    page.get_by_role("button", name="Copy the text").click()
    page.get_by_role("button", name="Remove from this phone").click()
    expect(kept).to_be_hidden()
    page.reload()
    expect(kept).to_be_hidden()


def test_an_answer_pressed_offline_is_stored_once_while_the_question_is_open(leader: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    page = join(context, leader)
    leader.ask("stuck")
    write(page, "The weekly meeting")
    context.set_offline(True)
    press_send(page)
    expect(status(page)).to_have_text("Waiting for connection: kept on this phone")
    context.set_offline(False)
    expect(status(page)).to_have_text("Saved")
    assert answered(leader) == 1


def test_what_was_only_typed_is_never_sent(leader: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    page = join(context, leader)
    leader.ask("stuck")
    write(page, "Not yet decided")
    context.set_offline(True)
    context.set_offline(False)
    page.reload()
    expect(page.get_by_label("Card 1")).to_have_value("Not yet decided")
    assert answered(leader) == 0
    leader.press("close")
    expect(page.get_by_role("complementary")).to_contain_text("closed before you sent this")
    expect(page.get_by_label("Your text")).to_have_value("Not yet decided")


def test_a_server_that_dies_and_comes_back_loses_no_draft_and_no_answer(
    leader: Leader, live_server: LiveServer, phone_of: OPEN
) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    write(page, "First thought")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    page.get_by_role("link", name="Change").click()
    write(page, "Second thought")
    live_server.kill()
    press_send(page)
    expect(status(page)).to_have_text("Waiting for connection: kept on this phone")
    live_server.start()
    expect(status(page)).to_have_text("Saved", timeout=20_000)
    expect(page.locator("[data-sent-said]")).to_contain_text("Second thought")
    page.reload()
    expect(page.locator("[data-sent-said]")).to_contain_text("Second thought")
    expect(page.locator("[data-sent-said]")).not_to_contain_text("First thought")


def test_an_answer_that_the_server_lost_is_sent_again_by_the_phone(
    leader: Leader, live_server: LiveServer, phone_of: OPEN
) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    write(page, "Kept on the phone")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    live_server.kill()
    for box in (live_server.data_dir / "ballots").glob("*"):
        box.unlink()
    live_server.start()
    leader.connect()
    expect(status(page)).to_have_text("Saved", timeout=20_000)
    for _ in range(50):
        if answered(leader) == 1:
            break
        page.wait_for_timeout(100)
    assert answered(leader) == 1


def test_without_any_storage_the_phone_works_in_its_tab_and_says_so(leader: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    page = join(context, leader)
    leader.ask("stuck")
    expect(status(page)).to_contain_text("This browser keeps nothing")
    write(page, "The weekly meeting")
    press_send(page)
    expect(status(page)).to_have_text("This browser keeps nothing. Stay on this page until you have sent.")
    expect(page.get_by_text("Your answer is in")).to_be_visible()
    page.reload()
    expect(page.locator("[data-sent-said]")).to_contain_text("The weekly meeting")


def test_without_script_the_whole_way_works(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(java_script_enabled=False), leader)
    leader.ask("stuck")
    page.get_by_role("link", name="Refresh this page").click()
    write(page, "x" * 10)
    page.get_by_label("Card 2").fill("A second card")
    press_send(page)
    expect(page.get_by_text("Your answer is in")).to_be_visible()
    expect(page.locator("[data-sent-said]")).to_contain_text("A second card")
    page.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Pass").click()
    expect(page.get_by_text("You passed")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    leader.press("close")
    write(page, "Too late")
    press_send(page)
    expect(page.get_by_role("complementary")).to_contain_text("This question has closed")
    expect(page.get_by_label("Your text")).to_have_value("Too late")


REFUSED = "constructor() { setTimeout(() => { this.onerror(new Event('error')); this.onclose({}) }) }"
SWALLOWED = "constructor() {}"


@pytest.mark.parametrize("way", [REFUSED, SWALLOWED], ids=["refused", "swallowed"])
def test_where_websockets_are_blocked_long_polling_carries_everything(leader: Leader, phone_of: OPEN, way: str) -> None:
    context = phone_of()
    context.add_init_script(f"window.WebSocket = class {{ {way} close() {{}} send() {{}} }}")
    page = join(context, leader)
    expect(status(page)).to_have_text("Connected", timeout=20_000)
    leader.ask("energy")
    page.get_by_text("7", exact=True).click()
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    assert answered(leader) == 1


def test_without_the_socket_library_the_plain_form_is_used(leader: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    context.route("**/socket.io.min.js", lambda route: route.abort())
    page = join(context, leader)
    leader.ask("stuck")
    page.reload()
    write(page, "By plain form")
    press_send(page)
    expect(page.get_by_text("Your answer is in")).to_be_visible()
    assert answered(leader) == 1


def test_two_tabs_send_one_answer_and_the_later_press_counts(leader: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    first = join(context, leader)
    leader.ask("stuck")
    second = context.new_page()
    second.goto(first.url)
    write(first, "From the first tab")
    write(second, "From the second tab")
    press_send(first)
    expect(status(first)).to_have_text("Saved")
    press_send(second)
    expect(status(second)).to_have_text("Saved")
    expect(first.locator("[data-sent-said]")).to_contain_text("From the second tab")
    first.reload()
    expect(first.locator("[data-sent-said]")).to_contain_text("From the second tab")
    assert answered(leader) == 1


def test_an_answer_that_does_not_fit_comes_back_with_the_reason(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    press_send(page)
    expect(page.get_by_role("alert")).to_contain_text("Write something, or pass.")
    expect(page.get_by_role("button", name="Send anonymously")).to_be_visible()
    assert answered(leader) == 0


# -- what goes right


def test_from_the_code_to_the_answer_and_through_every_place(
    leader: Leader, phone_of: OPEN, shot: Callable[[Page, str], Path]
) -> None:
    page = phone_of().new_page()
    page.goto(leader.url)
    page.get_by_label("Code").fill((look_up(leader.house, leader.live_id).code or "").lower())
    page.get_by_role("button", name="Go to the session").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Getting unstuck")
    page.get_by_role("button", name="Join without a name").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are in. It starts soon.")
    leader.press("start")
    expect(page.get_by_role("heading", level=1)).to_have_text("How this works")
    leader.press("next")
    expect(page.get_by_text("Listen for a moment")).to_be_visible()
    leader.press("open")
    expect(page.get_by_role("heading", level=1)).to_have_text("What are you no longer passionate about?")
    write(page, "The weekly meeting")
    page.get_by_role("button", name="Add another card").click()
    page.get_by_label("Card 2").fill("Reports that nobody reads")
    shot(page, "phone-open")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    shot(page, "phone-sent")
    page.get_by_role("link", name="Change").click()
    expect(page.get_by_label("Card 2")).to_have_value("Reports that nobody reads")
    page.get_by_role("button", name="Pass").click()
    expect(page.get_by_text("You passed")).to_be_visible()
    leader.press("close")
    expect(page.locator("[data-mine] > summary")).to_have_text("You passed")
    leader.press("next")
    leader.press("open")
    page.get_by_text("7", exact=True).click()
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    leader.press("close")
    folded = page.locator("[data-mine]")
    expect(folded.get_by_text("What you sent")).to_be_visible()
    expect(folded.get_by_text("Only this phone knows it.")).to_be_hidden()
    leader.press("end")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. The session is over.")
    left = page.evaluate("Object.keys(localStorage)")
    assert left == []


def test_a_reload_keeps_draft_and_place(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    write(page, "Half a thou")
    page.get_by_text("May be quoted outside this room").first.click()
    page.reload()
    expect(page.get_by_label("Card 1")).to_have_value("Half a thou")
    expect(page.get_by_role("switch").first).to_be_checked()
    expect(status(page)).to_have_text("Draft kept on this phone")
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_label("Card 1")).to_have_value("Half a thou")
    expect(page.get_by_role("button", name="Send anonymously")).to_be_visible()


def test_the_keyboard_reaches_everything_and_the_focus_is_never_covered(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(viewport={"width": 360, "height": 560}), leader)
    leader.ask("stuck")
    page.get_by_role("button", name="Add another card").click()
    page.get_by_role("button", name="Add another card").click()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    reached = []
    for _ in range(18):
        page.keyboard.press("Tab")
        name, covered = page.evaluate(
            """() => {
              const el = document.activeElement, box = el.getBoundingClientRect();
              if (el === document.body) return ["the end", false];
              const there = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 40));
              return [el.name || el.textContent.trim(), !(el.contains(there) || there?.contains(el))];
            }"""
        )
        reached.append(name)
        assert not covered, name
    for name in ("text-0", "quote-0", "text-1", "text-2", "Send anonymously", "pass", "Who sees what"):
        assert name in reached


def test_a_push_never_touches_the_field_that_is_being_typed_in(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    page.get_by_label("Card 1").focus()
    page.keyboard.type("I am still ")
    leader.press("timer_start", "300")
    expect(page.locator("[data-clock]")).to_be_visible()
    page.keyboard.type("typing")
    expect(page.get_by_label("Card 1")).to_be_focused()
    expect(page.get_by_label("Card 1")).to_have_value("I am still typing")


def test_when_time_is_up_nothing_is_sent_by_itself(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    write(page, "Almost")
    leader.press("timer_closes", "on")
    leader.press("timer_start", "1")
    expect(page.locator("[data-grace]")).to_be_visible()
    assert answered(leader) == 0
    page.get_by_role("button", name="Send now").click()
    expect(status(page)).to_have_text("Saved")
    assert answered(leader) == 1


def test_an_answer_and_a_pass_look_alike_on_the_wire(leader: Leader, phone_of: OPEN) -> None:
    sizes: dict[str, int] = {}

    def watch(socket: WebSocket) -> None:
        def sent(payload: str | bytes) -> None:
            text = payload if isinstance(payload, str) else payload.decode()
            if '"answer"' in text:
                body = json.loads(text[text.index("[") :])[1]
                sizes["pass" if body["fields"] is None else "answer"] = len(json.dumps(body, separators=(",", ":")))

        socket.on("framesent", sent)

    context = phone_of()
    context.on("page", lambda page: page.on("websocket", watch))
    page = join(context, leader)
    leader.ask("stuck")
    write(page, "The weekly meeting, and all that comes with it")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    page.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Pass").click()
    expect(page.get_by_text("You passed")).to_be_visible()
    expect(status(page)).to_have_text("Saved")
    assert sizes["pass"] == sizes["answer"]


def test_the_page_comes_in_five_requests_and_sixty_kilobytes(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    page.goto("about:blank")  # whatever was still on its way belongs to another page
    seen: list[tuple[str, int]] = []
    page.on(
        "requestfinished",
        lambda request: (
            seen.append((request.url, request.sizes()["responseBodySize"]))
            if "socket.io/?" not in request.url
            else None
        ),
    )
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.goto(f"{leader.url}/s/{leader.live_id}/")
    expect(status(page)).to_have_text("Connected")
    assert len(seen) <= 5, seen
    assert sum(size for _url, size in seen) <= 60_000, seen


@pytest.mark.parametrize("sizes", [((320, 740), (360, 740)), ((1280, 800),)], ids=["phone", "laptop"])
def test_axe_finds_nothing_on_any_page(
    leader: Leader, phone_of: OPEN, shot: Callable[[Page, str], Path], sizes: Sequence[tuple[int, int]]
) -> None:
    page = phone_of(is_mobile=sizes[0][0] < 1000).new_page()
    findings: dict[str, list[str]] = {}

    def look(name: str) -> None:
        for dress in dressed(page, sizes):
            shot(page, f"{name}-{dress}")
            findings[f"{name} {dress}"] = axe_findings(page) + page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
                " ? ['wider than the screen'] : []"
            )

    page.goto(leader.url)
    look("enter")
    page.get_by_label("Code").fill("ABCDEF")
    page.get_by_role("button", name="Go to the session").click()
    look("wrong-code")
    page.goto(leader.url + leader.join_path)
    look("welcome")
    page.get_by_role("button", name="Join without a name").click()
    expect(status(page)).to_have_text("Connected")
    look("lobby")
    for activity, words in {
        "stuck": "Card 1",
        "energy": "7",
        "where": "Another team",
        "word": "Your word",
        "told": "Your answer",
    }.items():
        leader.ask(activity)
        expect(page.locator("form[data-answer]")).to_be_visible()
        look(f"open-{activity}")
        if activity in ("energy", "where"):
            page.get_by_text(words, exact=True).click()
        else:
            page.get_by_label(words).fill("Calm")
        if activity == "told":
            page.get_by_role("button", name="Send to the room only").click()
        else:
            press_send(page)
        expect(status(page)).to_have_text("Saved")
        look(f"sent-{activity}")
        leader.press("close")
        expect(page.get_by_text("What you sent")).to_be_visible()
        look(f"closed-{activity}")
    page.get_by_text("Who sees what").click()
    page.get_by_text("What is not protected").locator("visible=true").click()
    look("who-sees-what")
    leader.press("end")
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you. The session is over.")
    look("ended")
    page.goto(f"{leader.url}/s/AAAAAAAAAAAAAAAAAAAAAA/")
    look("no-seat")
    assert {name: found for name, found in findings.items() if found} == {}


def places(page: Page) -> dict[str, list[int]]:
    """Return where each thing that a finger could aim at begins, once the page is whole and dressed; scripts may be away."""
    whole = "document.readyState !== 'loading' && [...document.querySelectorAll('link[rel=stylesheet]')].every(link => link.sheet)"
    for _ in range(200):  # the page's policy forbids Playwright's own way of waiting for that
        if page.evaluate(whole):
            break
        page.wait_for_timeout(50)
    found: dict[str, list[int]] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("main :is(textarea, input, select, button, .seen), footer summary")]
          .filter(el => el.checkVisibility({visibilityProperty: true}))
          .map(el => [el.outerHTML.slice(0, 120), [...["left", "top"].map(side => Math.round(el.getBoundingClientRect()[side]))]]))"""
    )
    return found


@pytest.mark.parametrize(("kind", "last"), [("texts", "hints.js"), ("dots", "votes.js")])
def test_nothing_moves_under_a_finger_when_the_scripts_come(
    leader: Leader, phone_of: OPEN, kind: str, last: str
) -> None:
    """On a bad network a page is there a while before its scripts, and somebody has begun to tap."""
    leader.press("start")
    if kind == "dots":
        leader.press("insert", json.dumps({"pick": "activity:dot-vote:dots"}))
    leader.press("next")
    leader.press("open")
    context = phone_of()
    held: list[Route] = []
    for script in ("phone.js", last):
        context.route(f"**/js/{script}", lambda route: held.append(route))
    page = join(context, leader)
    before = places(page)
    assert len(before) > 3, "or there is nothing to compare"
    for mark in ("form[data-helped]", ".hint" if kind == "texts" else "[data-watched]"):
        for _ in range(200):
            if held:
                break
            page.wait_for_timeout(50)
        held.pop().continue_()
        expect(page.locator(mark).first).to_be_attached()
    expect(status(page)).to_have_text("Connected")
    after = places(page)
    assert {name: after.get(name) for name in before} == before
