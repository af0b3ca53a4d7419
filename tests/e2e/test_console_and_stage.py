"""Console and stage in real browsers against the real server: keys, two windows, reload, wall of cards, access."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect
from pypdf import PdfReader

from tests.conftest import LiveServer
from tests.e2e.conftest import Leader, axe_findings, dressed
from tests.pages import csrf_token
from tests.small_guide import look_up

Window = Callable[..., Page]
PHONE = {"width": 360, "height": 740}
LAPTOP = {"width": 1280, "height": 720}
DESK = {"width": 1920, "height": 1080}
BEAMER = {"width": 1024, "height": 768}
SOON = 5_000  # milliseconds a push may take on a machine that runs other tests beside


@pytest.fixture
def window(chromium: Browser, leader: Leader) -> Iterator[Window]:
    """Return a maker of windows; each is a device of its own, and none may log an error."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(path: str, viewport: dict[str, int] | None = None, *, staff: bool = True, **options: Any) -> Page:
        context = chromium.new_context(viewport=viewport or LAPTOP, **options)  # type: ignore[arg-type]
        contexts.append(context)
        if staff:
            context.add_cookies([{"name": "unstuck", "value": leader.cookie, "url": leader.url}])
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on(
            "console", lambda message: errors.append(message.text) if "Content Security" in message.text else None
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.goto(leader.url + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def console(window: Window, leader: Leader) -> Window:
    """Return a maker of consoles of the leader's session, connected."""

    def make(viewport: dict[str, int] | None = None, **options: Any) -> Page:
        page = window(f"/staff/sessions/{leader.live_id}/", viewport, **options)
        if options.get("java_script_enabled", True):
            connected(page, leader)
        return page

    return make


@pytest.fixture
def stage(window: Window, leader: Leader) -> Window:
    """Return a maker of stages, opened by the link alone."""

    def make(viewport: dict[str, int] | None = None, **options: Any) -> Page:
        token = look_up(leader.house, leader.live_id).stage_token
        return window(f"/stage/{token}", viewport or DESK, staff=False, **options)

    return make


def connected(page: Page, leader: Leader) -> None:
    """Wait until the console's own socket has brought its first screen."""
    expect(page.locator("#primary")).to_be_visible()
    expect(page.locator("main[data-up-now]")).to_have_count(1, timeout=SOON)


def version(page: Page) -> int:
    return int(page.locator(".console").get_attribute("data-version") or 0)


def reaches(page: Page, leader: Leader) -> None:
    """Wait until the page shows the present version."""
    expect(page.locator(".console")).to_have_attribute(
        "data-version", str(look_up(leader.house, leader.live_id).version), timeout=SOON
    )


def primary(page: Page) -> Any:
    return page.locator("#primary")


def join(phone: requests.Session, leader: Leader) -> None:
    """Join as a phone without any script."""
    welcome = phone.get(leader.url + leader.join_path)
    phone.post(leader.url + leader.join_path, data={"csrf_token": csrf_token(welcome.text)})


def answer_by_form(leader: Leader, text: str, field: str = "text-0") -> None:
    """Join and answer the open question as a phone without any script."""
    with requests.Session() as phone:
        join(phone, leader)
        where = f"{leader.url}/s/{leader.live_id}/"
        page = phone.get(where).text
        hidden = dict(re.findall(r'name="(run|based_on)" value="([^"]*)"', page))
        sent = phone.post(where + "answer", data={"csrf_token": csrf_token(page), field: text, **hidden})
        assert sent.status_code == 200, sent.status_code


WORDS_BEHIND_BARS = """() => {
  const bars = [...document.querySelectorAll('.chart--bars .marks__track')].map(bar => bar.getBoundingClientRect());
  return [...document.querySelectorAll('.chart__label, .chart__value')].filter(words => {
    const range = document.createRange();
    range.selectNodeContents(words);
    const box = range.getBoundingClientRect();
    return bars.some(bar => {
      const middle = (bar.top + bar.bottom) / 2;
      return box.left < bar.right && bar.left < box.right && box.top < middle && middle < box.bottom;
    });
  }).map(words => words.textContent);
}"""


def nothing_sticks_out(page: Page) -> None:
    """No page scrolls sideways."""
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1], widths


# -- racing and losing


def test_of_two_windows_that_press_at_once_one_wins_and_no_step_is_skipped(console: Window, leader: Leader) -> None:
    leader.ask("stuck")
    leader.press("close")
    one, two = console(), console(PHONE)
    presses: list[tuple[WebSocketRoute, str | bytes]] = []

    def between(way: WebSocketRoute) -> None:
        server = way.connect_to_server()
        server.on_message(way.send)
        way.on_message(lambda sent: presses.append((server, sent)) if '["move"' in str(sent) else server.send(sent))

    for window in (one, two):
        window.context.route_web_socket("**/socket.io/**", between)
        window.reload()
        connected(window, leader)
        reaches(window, leader)
    before = look_up(leader.house, leader.live_id)
    # Both in the same instant: neither press is let through before both windows have sent theirs.
    for window in (two, one):
        primary(window).click()
    for _ in range(200):
        if len(presses) == 2:
            break
        one.wait_for_timeout(50)
    assert len(presses) == 2
    for server, press in presses:
        server.send(press)
    expect(one.locator(".room__prompt")).to_have_text("How much energy do you have?", timeout=SOON)
    expect(two.locator(".room__prompt")).to_have_text("How much energy do you have?", timeout=SOON)
    time.sleep(1)  # a second move, if there were one, would have landed by now
    after = look_up(leader.house, leader.live_id)
    assert (after.at, after.version) == ("energy", before.version + 1)


def test_an_old_screen_is_told_that_somebody_else_moved_on(console: Window, leader: Leader) -> None:
    page = console()
    leader.press("start")
    reaches(page, leader)
    page.evaluate("document.querySelector('input[name=version]').value = '1'")
    page.evaluate(
        """() => { const b = document.createElement('button'); b.setAttribute('form', 'move'); b.value = 'start';
        document.getElementById('screen').append(b); b.click(); }"""
    )
    expect(page.locator("#notice")).to_contain_text("Somebody else moved on", timeout=SOON)
    expect(page.locator(".console")).to_have_attribute("data-phase", "running")


def test_ending_needs_a_second_press_and_a_clicker_cannot_do_it_alone(console: Window, leader: Leader) -> None:
    leader.press("start")
    leader.press("jump", "told")
    leader.press("open")
    leader.press("close")
    page = console()
    expect(primary(page)).to_contain_text("End the session")
    for _press in range(4):
        page.keyboard.press("PageDown")
    assert look_up(leader.house, leader.live_id).phase == "running"
    page.keyboard.press("PageDown")
    expect(page.get_by_text("End the session for everybody?")).to_be_visible()
    page.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_role("heading", name="The session has ended")).to_be_visible(timeout=SOON)


def test_closing_below_the_floor_asks_first(console: Window, leader: Leader) -> None:
    leader.ask("stuck")
    page = console()
    primary(page).click()
    expect(page.get_by_text("Only 0 of the 5 needed have answered")).to_be_visible()
    expect(primary(page)).to_contain_text("Keep it open")
    primary(page).click()
    expect(page.get_by_text("Only 0 of the 5 needed have answered")).to_be_hidden()
    with_run = look_up(leader.house, leader.live_id)
    assert with_run.at == "stuck"
    expect(page.locator(".room__state--open")).to_be_visible()


# -- keys


def test_a_whole_step_is_led_with_a_clicker(console: Window, stage: Window, leader: Leader) -> None:
    page, wall = console(), stage()
    page.keyboard.press("PageDown")
    expect(wall.locator("h1")).to_have_text("How this works", timeout=SOON)
    reaches(page, leader)
    page.keyboard.press("ArrowRight")
    expect(wall.locator("h1")).to_have_text("What are you no longer passionate about?", timeout=SOON)
    reaches(page, leader)
    page.keyboard.press("PageUp")
    expect(wall.locator("h1")).to_have_text("How this works", timeout=SOON)
    reaches(page, leader)
    page.keyboard.press(" ")
    expect(wall.locator("h1")).to_have_text("What are you no longer passionate about?", timeout=SOON)
    reaches(page, leader)
    page.keyboard.press("b")
    expect(wall.locator(".stage")).to_have_attribute("data-mode", "blank", timeout=SOON)
    assert wall.locator("main").inner_text().strip() == "The screen is blank for a moment"
    reaches(page, leader)
    page.keyboard.press(".")
    expect(wall.locator(".stage")).to_have_attribute("data-mode", "waiting", timeout=SOON)


def test_keys_do_nothing_while_somebody_types_or_stands_on_a_button(console: Window, leader: Leader) -> None:
    page = console()
    page.locator("#stage-link").focus()
    for key in ("PageDown", " ", "ArrowRight", "b", "?"):
        page.keyboard.press(key)
    page.get_by_text("Stage, code and door").focus()
    page.keyboard.press(" ")  # shuts the part it stands on, and starts nothing
    expect(page.locator("#stage-link")).to_be_hidden()
    time.sleep(0.5)
    assert look_up(leader.house, leader.live_id).phase == "lobby"


def test_everything_is_reached_by_tab_in_a_sensible_order(console: Window, leader: Leader) -> None:
    leader.press("start")
    page = console()
    page.locator("h1").click()
    reached: list[str] = []
    for _tab in range(80):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("(document.activeElement.id || document.activeElement.closest('[id]')?.id || '') + ''")
        )
    for wanted in ("primary", "do-blank-on", "do-timer_start-60", "ask-end", "links-running", "stop-told"):
        assert wanted in reached, wanted
    assert reached.index("primary") < reached.index("do-blank-on") < reached.index("stop-told")


def test_the_question_mark_shows_and_hides_the_keys(console: Window) -> None:
    page = console()
    keys = page.get_by_role("heading", name="Keys and clicker")
    expect(keys).to_be_hidden()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()


# -- nothing jumps


def test_a_push_leaves_focus_scroll_and_opened_parts_alone(console: Window, leader: Leader) -> None:
    leader.ask("stuck")
    page = console()
    last = page.locator("#stop-told > summary")
    last.click()
    last.focus()
    agenda = page.locator(".console__agenda")
    scrolled = agenda.evaluate("e => e.scrollTop")
    answer_by_form(leader, "one")
    expect(page.locator(".room__count b")).to_have_text("1", timeout=SOON)
    assert page.locator("#stop-told").evaluate("e => e.open")
    assert page.evaluate("document.activeElement.closest('details').id") == "stop-told"
    assert agenda.evaluate("e => e.scrollTop") == scrolled


def test_a_reload_a_second_window_and_another_device_show_the_same_place(console: Window, leader: Leader) -> None:
    leader.ask("energy")
    leader.press("timer_start", "600")
    pages = [console(), console(PHONE), console(DESK)]
    pages[0].reload()
    for page in pages:
        expect(page.locator(".room__prompt")).to_have_text("How much energy do you have?")
        expect(page.locator(".gauge [data-timer-text]")).to_have_text(re.compile(r"^(9:[345]\d|10:00)$"))


def test_the_console_lives_through_a_restart_of_the_server(
    console: Window, leader: Leader, live_server: LiveServer
) -> None:
    leader.ask("energy")
    page = console()
    assert leader.socket is not None
    leader.socket.disconnect()
    live_server.restart()
    expect(page.locator("#connection")).to_have_text("", timeout=20_000)
    leader.connect()
    leader.press("timer_start", "300")
    expect(page.locator(".gauge [data-timer-text]")).to_be_visible(timeout=20_000)


# -- without a script


def test_without_a_script_the_session_runs_by_plain_forms(console: Window, leader: Leader) -> None:
    page = console(java_script_enabled=False)
    primary(page).click()
    expect(page.locator(".room__prompt")).to_have_text("How this works")
    primary(page).click()
    primary(page).click()
    expect(page.locator(".room__state--open")).to_be_visible()
    primary(page).click()  # below the floor: a question, opened in place
    page.get_by_role("button", name="Yes, close it").click()
    expect(page.get_by_text("so nothing is shown and the answers are gone")).to_be_visible()
    page.locator("#ask-end > summary").click()
    page.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_role("heading", name="The session has ended")).to_be_visible()


def test_the_create_page_says_what_a_group_will_see_while_one_types(window: Window, leader: Leader) -> None:
    guide = look_up(leader.house, leader.live_id).guide_id
    page = window(f"/staff/sessions/new?guide={guide}")
    page.get_by_label("How many people do you expect?").fill("4")
    expect(page.get_by_text("each question needs 5 answers")).to_be_visible(timeout=SOON)
    page.get_by_text("Floors for a small group").click()
    page.get_by_label("Show a result from").select_option("3")
    expect(page.get_by_text("if at least 3 people answered")).to_be_visible(timeout=SOON)
    warning = page.get_by_text("People hold back when their manager leads")
    expect(warning).to_be_hidden()
    page.get_by_label("Yes, and every phone will say so").check()
    expect(warning).to_be_visible()
    assert axe_findings(page) == []
    page.get_by_role("button", name="Open the lobby").click()
    expect(page.locator(".lobby__code")).to_be_visible()


def test_the_stage_link_is_copied_or_marked_over_plain_http(console: Window) -> None:
    page = console()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("[data-copy]")).to_have_text(re.compile("Copied|Marked"))


# -- the stage


def test_a_key_on_the_stage_moves_nobody(stage: Window, leader: Leader) -> None:
    leader.press("start")
    wall = stage()
    before = look_up(leader.house, leader.live_id).version
    for key in ("PageDown", " ", "ArrowRight", "b", ".", "PageUp", "Enter"):
        wall.keyboard.press(key)
    time.sleep(0.5)
    assert look_up(leader.house, leader.live_id).version == before


def test_the_stages_socket_has_no_power(stage: Window, leader: Leader) -> None:
    token = look_up(leader.house, leader.live_id).stage_token
    wall = socketio.Client(reconnection=False)
    wall.connect(leader.url, auth={"audience": "stage", "live": token}, transports=["websocket"])
    try:
        ack = wall.call("move", {"command": "start", "argument": "", "version": 1}, timeout=10)
        assert not ack["ok"]
    finally:
        wall.disconnect()
    assert look_up(leader.house, leader.live_id).phase == "lobby"


def test_joining_and_answering_is_counted_within_a_second_or_so(stage: Window, leader: Leader) -> None:
    leader.ask("stuck")
    wall = stage()
    expect(wall.locator(".stage-count")).to_contain_text("0 have answered")
    answer_by_form(leader, "one")
    expect(wall.locator(".stage-count")).to_contain_text("1 has answered", timeout=SOON)
    expect(wall.locator(".stage-count")).to_contain_text("1 joined")


@pytest.mark.parametrize("viewport", [DESK, LAPTOP, BEAMER], ids=["1080p", "laptop", "4to3"])
def test_every_text_on_the_stage_can_be_read_from_the_back_row(
    stage: Window, leader: Leader, viewport: dict[str, int], shot: Callable[[Page, str], Path]
) -> None:
    wall = stage(viewport)

    def check(name: str) -> None:
        shot(wall, f"stage-{name}-{viewport['width']}")
        least = wall.evaluate(
            """() => { const walker = document.createTreeWalker(document.getElementById('screen'), NodeFilter.SHOW_TEXT);
            let least = 1e9;
            while (walker.nextNode()) {
              const e = walker.currentNode.parentElement;
              const box = e.getBoundingClientRect();
              if (!walker.currentNode.data.trim() || box.width < 2 || e.closest('.visually-hidden')) continue;
              least = Math.min(least, parseFloat(getComputedStyle(e).fontSize));
            }
            return least; }"""
        )
        assert least >= viewport["height"] / 25 - 0.5, (name, least)
        sizes = wall.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert sizes[0] <= sizes[1] + 1, (name, sizes)
        nothing_sticks_out(wall)

    check("lobby")
    leader.ask("stuck")
    expect(wall.locator(".stage-state-open")).to_be_visible(timeout=SOON)
    check("open")
    for number in range(6):
        answer_by_form(leader, f"Thought {number}: a meeting that nobody needs any more")
    leader.press("close")
    expect(wall.locator(".card").first).to_be_visible(timeout=SOON)
    check("cards")
    leader.ask("where")
    for number in range(10):
        answer_by_form(leader, ("team", "task")[number % 2], "choice")
    leader.press("close")
    expect(wall.locator(".chart--bars")).to_be_visible(timeout=SOON)
    check("bars")
    behind = wall.evaluate(WORDS_BEHIND_BARS)
    assert behind == [], behind


def test_starting_again_with_other_floors_brings_the_stage_along(window: Window, stage: Window, leader: Leader) -> None:
    wall = stage()
    code = str(look_up(leader.house, leader.live_id).code)
    settings = window(f"/staff/sessions/{leader.live_id}/settings")
    settings.get_by_label("Show a result from").select_option("3")
    settings.get_by_role("button", name="Start again with these floors").click()
    expect(settings.locator(".lobby__code")).to_have_text(code)
    assert leader.live_id not in settings.url
    settings.locator("#primary").click()
    expect(wall.locator("h1")).to_have_text("How this works", timeout=15_000)


def test_the_join_sheet_is_one_page_of_paper(window: Window, leader: Leader, tmp_path: Path) -> None:
    page = window(f"/staff/sessions/{leader.live_id}/sheet")
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True, print_background=True)
    sheets = PdfReader(tmp_path / "sheet.pdf").pages
    assert len(sheets) == 1
    box = sheets[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)  # A4 in points
    text = sheets[0].extract_text()
    assert str(look_up(leader.house, leader.live_id).code)[:3] in text
    assert "Print this page" not in text


def test_many_cards_make_pages_and_every_card_can_be_seen(stage: Window, leader: Leader) -> None:
    leader.ask("stuck")
    wall = stage(LAPTOP)
    for number in range(24):
        answer_by_form(leader, f"Card {number:02d} " + "words about work " * 8)
    leader.press("close")
    expect(wall.locator("#pages")).to_be_visible(timeout=SOON)
    visible = """() => { const list = document.querySelector('.cards').getBoundingClientRect();
      return [...document.querySelectorAll('.card')].filter(card => [...card.getClientRects()].some(box =>
        box.left < list.right - 4 && box.right > list.left + 4)).map(card => card.textContent.slice(0, 7)); }"""
    count = int((wall.locator("[data-page-text]").text_content() or "").split("/")[1])
    seen: set[str] = set()
    for number in range(count):
        expect(wall.locator("[data-page-text]")).to_have_text(f"{number + 1} / {count}")
        seen |= set(wall.evaluate(visible))
        wall.keyboard.press("PageDown")
    assert seen == {f"Card {number:02d}" for number in range(24)}
    wall.keyboard.press("PageUp")
    expect(wall.locator("[data-page-text]")).to_have_text(f"{count - 1} / {count}")


def test_a_chart_that_is_shown_is_not_drawn_anew_when_somebody_joins(stage: Window, leader: Leader) -> None:
    leader.ask("stuck")
    for number in range(5):
        answer_by_form(leader, f"thought {number}")
    leader.press("close")
    wall = stage()
    wall.locator(".card").first.evaluate("card => { card.marked = true; }")
    with requests.Session() as phone:
        join(phone, leader)
    expect(wall.locator(".stage-count")).to_contain_text("6 joined", timeout=SOON)
    assert wall.locator(".card").first.evaluate("card => card.marked") is True


# -- access and look


def test_axe_finds_nothing_from_lobby_to_end(
    console: Window, stage: Window, window: Window, leader: Leader, shot: Callable[[Page, str], Path]
) -> None:
    desk, wall = console(), stage()

    def look(page: Page, name: str) -> None:
        for dress in dressed(page, [(size["width"], size["height"]) for size in (PHONE, LAPTOP, DESK)]):
            shot(page, f"{name}-{dress}")
            assert axe_findings(page) == [], f"{name} {dress}"
            nothing_sticks_out(page)

    def check(name: str) -> None:
        look(desk, f"console-{name}")
        look(wall, f"stage-{name}")

    check("lobby")
    leader.press("start")
    expect(desk.locator(".room__prompt")).to_be_visible(timeout=SOON)
    check("info")
    leader.ask("stuck")
    leader.press("timer_start", "50")
    expect(wall.locator(".stage-minutes")).to_be_visible(timeout=SOON)
    expect(desk.locator("#do-timer_pause")).to_be_visible(timeout=SOON)
    check("open")
    for number in range(6):
        answer_by_form(leader, f"thought {number}")
    leader.press("close")
    expect(wall.locator(".card").first).to_be_visible(timeout=SOON)
    expect(desk.locator(".card").first).to_be_visible(timeout=SOON)
    check("released")
    leader.press("end")
    expect(desk.get_by_role("heading", name="The session has ended")).to_be_visible(timeout=SOON)
    expect(wall.get_by_role("heading", name="Thank you")).to_be_visible(timeout=SOON)
    check("ended")
    for path in ("sheet", "settings"):
        look(window(f"/staff/sessions/{leader.live_id}/{path}"), path)


@pytest.mark.parametrize("width", [320, 640])
def test_narrow_and_enlarged_windows_lose_nothing(console: Window, stage: Window, leader: Leader, width: int) -> None:
    viewport = {"width": width, "height": 400}
    leader.ask("stuck")
    desk = console(viewport)
    nothing_sticks_out(desk)
    expect(primary(desk)).to_be_in_viewport()
    for wanted in ("#do-blank-on", "#do-timer_start-60", ".talk__say", "#stop-told"):
        part = desk.locator(wanted)
        part.scroll_into_view_if_needed()
        expect(part).to_be_in_viewport()
    nothing_sticks_out(stage(viewport))


def test_every_target_is_large_enough_for_a_finger(console: Window, leader: Leader) -> None:
    leader.press("start")
    page = console(PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, summary, a[href], input:not([type=hidden])')]
        .filter(e => e.offsetParent && !e.classList.contains('skip'))
        .map(e => [e.textContent.trim().slice(0, 30), e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 43.5 || box.width < 43.5).map(([name, box]) => name + ' ' + box.height)"""
    )
    assert small == []


def test_a_screen_that_was_drawn_before_somebody_moved_on_is_left_out(chromium: Browser, leader: Leader) -> None:
    """It was drawn from the older state, and sent after the newer one that the page had asked for."""
    came: list[dict[str, Any]] = []
    ways: list[WebSocketRoute] = []

    def between(way: WebSocketRoute) -> None:
        server = way.connect_to_server()
        ways.append(way)

        def onward(message: str | bytes) -> None:
            if isinstance(message, str) and '"html"' in message:
                came.append(json.loads(message[message.index("[") :])[-1])
            way.send(message)

        server.on_message(onward)

    context = chromium.new_context(viewport=DESK)  # type: ignore[arg-type]
    context.route_web_socket("**/socket.io/**", between)
    page = context.new_page()
    page.goto(f"{leader.url}/stage/{look_up(leader.house, leader.live_id).stage_token}")
    leader.press("start")
    expect(page.get_by_text("How this works")).to_be_visible(timeout=SOON)
    for _ in range(200):
        if came and "How this works" in came[-1]["html"]:
            break
        page.wait_for_timeout(50)
    newest = came[-1]

    def push(seq: int, version: int, words: str) -> None:
        message = {**newest, "seq": newest["seq"] + seq, "version": newest["version"] + version}
        message["html"] = newest["html"].replace("How this works", words)
        ways[-1].send("42" + json.dumps(["screen", message]))

    push(1, -1, "What was before")
    push(1, 0, "What is now")
    expect(page.get_by_text("What is now")).to_be_visible(timeout=SOON)
    push(2, -1, "What was before")
    push(2, 0, "What comes then")
    expect(page.get_by_text("What comes then")).to_be_visible(timeout=SOON)
    push(3, -1, "What was before")
    page.wait_for_timeout(300)  # nothing comes of it that one could wait for
    expect(page.get_by_text("What comes then")).to_be_visible()
