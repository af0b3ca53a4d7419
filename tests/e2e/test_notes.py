"""My notes in a real browser: kept on the phone at every keystroke, and nowhere else (promise 15)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import icalendar
import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect
from pypdf import PdfReader

from tests.conftest import LiveServer, free_port, make_account
from tests.e2e.conftest import Leader, axe_findings
from tests.small_guide import look_up
from workshop import accounts, live_sessions, padding
from workshop.db import Database
from workshop.guides import library
from workshop.house import House
from workshop.migrations import migrate
from workshop.settings import Settings

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
OPEN = Callable[..., BrowserContext]
CANARY = "kestrel-7f3a91"

GUIDE = """\
format: 1
id: workbook
title: A guide with pages of one's own
language: en
summary: One of every entry.
steps:
  - id: only
    title: Look and write
    minutes: 30
    purpose: To try things.
    instruction: Write for yourself.
    talk: Good to see you.
    notes: Take your time.
    activities:
      - id: areas
        kind: choice
        prompt: What needs to get better?
        settings:
          options:
            - {id: day, label: What I do all day}
            - {id: say, label: Having a say}
      - id: stuck
        kind: open_text
        prompt: What holds you back?
        cards: 2
      - id: mine
        kind: worksheet
        prompt: What is mine
        settings:
          fields:
            - {id: areas, type: pick, label: My areas, sources: [areas], most: 2}
            - id: ideas
              type: rows
              label: My ideas
              most: 3
              sort: want
              cells:
                - {id: what, type: text, label: What}
                - {id: want, type: scale, label: How much}
            - {id: mood, type: choice, label: My mood, options: [{id: low, label: Low}, {id: fair, label: Fair}]}
            - {id: pull, type: scale, label: Pull}
      - id: talk
        kind: worksheet
        prompt: My talk
        settings:
          paper: talk
          fields:
            - {id: concern, type: long, label: What worries me, part: concern}
            - {id: day, type: date, label: A day, part: day}
            - {id: time, type: time, label: A time, part: time}
      - id: away
        kind: worksheet
        prompt: My retreat
        settings:
          paper: retreat
          fields:
            - {id: day, type: date, label: The day I keep free, part: day}
            - {id: place, type: text, label: Where I will be, part: place}
            - id: agenda
              type: rows
              label: My plan
              part: agenda
              cells:
                - {id: from, type: time, label: From}
                - {id: what, type: text, label: What I do}
      - id: one
        kind: worksheet
        prompt: My one thing
        settings:
          fields:
            - {id: focus, type: focus, label: What could it be, sources: [mine.areas, mine.ideas]}
      - id: decision
        kind: worksheet
        prompt: My decision
        settings:
          folded: true
          paper: decision
          fields:
            - {id: what, type: text, label: What I have to decide, part: decision}
            - {id: by, type: date, label: I do it by, part: by}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Run one real server for all tests here; each has a session of its own on it."""
    folder = tmp_path_factory.mktemp("notes")
    url = f"sqlite:///{folder / 'unstuck.db'}"
    migrate(url)
    made = LiveServer(folder / "served", free_port(), url)
    made.data_dir.mkdir()
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def house(server: LiveServer) -> Iterator[House]:
    """Return a house on the same database, to make sessions in."""
    database = Database(server.database_url)
    settings = Settings(data_dir=server.data_dir, database_url=server.database_url, secret_key="unused here")
    yield House(settings, database, None)  # type: ignore[arg-type]
    database.engine.dispose()


@pytest.fixture
def leads(server: LiveServer, house: House) -> Iterator[Leader]:
    """Return the leader of a fresh session of the guide above."""
    account = make_account(house)
    with house.database.transaction() as session:
        guide_id = library.import_guide(session, account, GUIDE, "workbook.yaml", house.clock()).id
        token = accounts.open_browser(session, account.id, house.clock())
    new = live_sessions.NewSession(
        guide_id=guide_id,
        title="Getting unstuck",
        team="Platform",
        language="en",
        expected=12,
        leader="Maria Lind",
        leader_is_manager=False,
    )
    signer = Flask("signer")
    signer.secret_key = (server.data_dir / "secret").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer is not None
    live_id = live_sessions.create(house, account, new)
    made = Leader(house, live_id, account, str(serializer.dumps({"staff": token})), server.url)
    yield made
    if made.socket is not None and made.socket.connected:
        made.socket.disconnect()


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


def notes(context: BrowserContext, leader: Leader) -> Page:
    """Join as a person does, and open My notes."""
    page = context.new_page()
    page.goto(leader.url + leader.join_path)
    page.get_by_role("button", name="Join without a name").click()
    page.wait_for_url("**/s/**", wait_until="commit")
    page.goto(f"{leader.url}/s/{leader.live_id}/notes/")
    expect(page.locator("[data-notes-tools]")).to_be_attached()
    return page


def stored(page: Page) -> dict[str, Any]:
    """Return what this phone keeps of the session: "worksheet/entry" -> value."""
    all_of_it: dict[str, str] = page.evaluate("({...localStorage})")
    kept = {key.split("/", 2)[2]: json.loads(text) for key, text in all_of_it.items() if key.startswith("unstuck-note")}
    kept.pop("_about", None)
    return kept


def worries(page: Page) -> Locator:
    return page.get_by_role("textbox", name="What worries me")


def add_own(within: Locator, text: str) -> None:
    within.get_by_label("Something else").fill(text)
    within.get_by_label("Something else").press("Enter")


def download(page: Page, press: Locator) -> str:
    """Press, and return the text of the file that comes."""
    with page.expect_download() as coming:
        press.click()
    return Path(coming.value.path()).read_bytes().decode()


def events(file: str) -> list[icalendar.Event]:
    """Return the events of a calendar file, read by a library that is not ours."""
    assert "\r\n" in file and not re.search(r"(?<!\r)\n", file)
    assert max(len(line.encode()) for line in file.split("\r\n")) <= 75
    return list(icalendar.Calendar.from_ical(file).walk("VEVENT"))


def fill_everything(page: Page, mark: str) -> None:
    """Put something into every kind of control."""
    mine = page.locator("#mine")
    mine.get_by_label("What I do all day").check()
    add_own(mine, f"own {mark}")
    row = mine.locator(".row").nth(0)
    row.get_by_label("What", exact=True).fill(f"small {mark}")
    row.get_by_text("3", exact=True).click()
    mine.get_by_role("button", name="Add one more (My ideas)").click()
    row = mine.locator(".row").nth(1)
    row.get_by_label("What", exact=True).fill(f"large {mark}")
    row.get_by_text("9", exact=True).click()
    mine.get_by_text("Fair", exact=True).click()
    mine.get_by_role("group", name="Pull").get_by_text("7", exact=True).click()
    worries(page).fill(f"worry {mark}")
    page.locator("#talk-day").fill("2027-03-04")
    page.locator("#talk-time").fill("10:30")
    one = page.locator("#one")
    add_own(one, f"thing {mark}")
    one.get_by_role("button", name=f"Make this my one thing (thing {mark})").click()
    one.get_by_label("My first step").fill(f"step {mark}")
    page.locator("#decision").get_by_role("button", name="Open this page").click()
    page.get_by_label("What I have to decide").fill(
        f"decide; {mark}, or äöü not, and a line that is long enough to fold"
    )
    page.get_by_label("I do it by").fill("2027-03-05")


# -- what goes wrong


def test_where_the_browser_keeps_nothing_the_tab_works_and_says_so(leads: Leader, phone_of: OPEN) -> None:
    context = phone_of()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    page = notes(context, leads)
    expect(page.locator("[data-status]")).to_have_text("This browser keeps nothing. It works until you close this tab.")
    add_own(page.locator("#mine"), "A quiet hour")
    expect(page.locator("#one")).to_contain_text("A quiet hour")
    page.get_by_role("button", name="All my notes as a PDF").click()
    expect(page.get_by_role("dialog")).to_contain_text("A quiet hour")


def test_a_file_that_is_no_workbook_changes_nothing(leads: Leader, phone_of: OPEN, tmp_path: Path) -> None:
    page = notes(phone_of(), leads)
    worries(page).fill("Mine")
    before = stored(page)
    whole = {"format": "unstuck-notes", "version": 1, "guide": "workbook", "title": "x"}
    hostile: list[tuple[bytes, str]] = [
        (b"%PDF-1.7", "not a file of notes"),
        (b"[" * 100_000, "not a file of notes"),
        (b'{"format": "unstuck-notes", "version": 1, "notes": []}', "not a file of notes"),
        (b" " * (1024 * 1024 + 1), "larger than notes"),
        (json.dumps({**whole, "version": 2, "notes": {}}).encode(), "newer version"),
        (json.dumps({**whole, "notes": {"__proto__": {"a": 1}, "constructor": 3}}).encode(), "Nothing in this file"),
        (json.dumps({**whole, "notes": {"talk": {"concern": {"toString": "x"}}}}).encode(), "does not fit"),
        (json.dumps({**whole, "notes": {"mine": {"pull": 11}}}).encode(), "does not fit"),
        (json.dumps({**whole, "notes": {"mine": {"ideas": [{"what": "a"}] * 4}}}).encode(), "does not fit"),
        (json.dumps({**whole, "notes": {"talk": {"concern": "x" * 2001}}}).encode(), "does not fit"),
    ]
    for content, sentence in hostile:
        page.locator("[data-told]").evaluate("el => el.textContent = ''")
        page.locator("#notes-file").set_input_files(
            {"name": "notes.json", "mimeType": "application/json", "buffer": content}
        )
        expect(page.locator("[data-told]")).to_contain_text(sentence)
        assert stored(page) == before
    # Markup in a file that is otherwise sound is text, and stays text.
    text = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    sound = json.dumps(
        {**whole, "notes": {"mine": {"areas": [text]}, "one": {"focus": [{"text": text, "state": "active"}]}}}
    )
    page.locator("#notes-file").set_input_files(
        {"name": "notes.json", "mimeType": "application/json", "buffer": sound.encode()}
    )
    page.get_by_role("button", name="Bring them in").click()
    expect(page.locator("#one h3")).to_have_text(text)
    assert page.locator("main img").count() == 0 and page.title().startswith("My notes")


def test_without_network_the_page_opens_and_clearing_takes_all_of_it_away(
    leads: Leader, server: LiveServer, phone_of: OPEN
) -> None:
    context = phone_of()
    page = notes(context, leads)
    worries(page).fill("Kept without network")
    page.evaluate(
        """async () => {
          const has = async (name) => (await (await caches.open(name)).keys()).some((one) => one.url.endsWith("/notes/"));
          while (!(await Promise.all((await caches.keys()).map(has))).includes(true)) await new Promise((r) => setTimeout(r, 50));
        }"""
    )
    kept = page.evaluate(
        "caches.keys().then(all => Promise.all(all.map(n => caches.open(n).then(c => c.keys().then(k => k.map(r => r.url))))))"
    )
    for url in (url for urls in kept for url in urls):
        assert url.endswith(f"/s/{leads.live_id}/notes/") or "/static/" in url, url
    server.kill()
    context.set_offline(True)
    page.reload()
    expect(worries(page)).to_have_value("Kept without network")
    worries(page).fill("Written without network")
    page.reload()
    expect(worries(page)).to_have_value("Written without network")
    page.get_by_role("button", name="Make a page for the talk").click()
    page.get_by_role("button", name="Make the PDF").click()
    expect(page.get_by_role("dialog")).to_contain_text("You are offline. The page keeps everything")
    page.get_by_role("button", name="Back to my notes").click()
    context.set_offline(False)
    server.start()
    page.get_by_role("button", name="Clear this phone").click()
    page.get_by_role("button", name="Keep everything").click()
    expect(worries(page)).to_have_value("Written without network")
    page.get_by_role("button", name="Clear this phone").click()
    page.get_by_role("button", name="Clear it all").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This phone is clear.")
    assert page.evaluate("Object.keys(localStorage)") == []
    assert page.evaluate("caches.keys()") == []
    assert not [cookie for cookie in context.cookies() if cookie["name"].startswith("seat-")]
    assert axe_findings(page) == []
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not in this session")


def test_hints_find_what_points_to_a_person_in_both_languages(leads: Leader, phone_of: OPEN) -> None:
    page = notes(phone_of(), leads)
    script = page.locator("script[type=module]").get_attribute("src")
    assert script
    hints = page.evaluate_handle(f"import('{script.replace('notes.js', 'hints.js')}')")

    def found(text: str, language: str = "en") -> list[str]:
        return hints.evaluate("(m, [text, language]) => m.hintsIn(text, language)", [text, language])  # type: ignore[no-any-return]

    assert found("Anna said no. The manager Peter Berg did, too.") == ["Anna", "Peter Berg"]
    assert found("My boss: Nobody cares. Meetings on Monday, in 2024, cost 100000 euros.") == []
    assert found("Mail bob@example.org or +49 170 1234567 by 3.4.2026") == [
        "bob@example.org",
        "+49 170 1234567",
        "3.4.2026",
    ]
    assert found("I go early, as the only woman in the team, and so on") == ["as the only woman in the team"]
    assert found("Die Arbeit macht Frau Müller und Thomas keine Freude", "de") == ["Frau Müller", "Thomas"]
    assert found("Als Einziger mit Kindern gehe ich früh. Das Team ist gut", "de") == [
        "Als Einziger mit Kindern gehe ich früh"
    ]


# -- what goes right


def test_every_keystroke_outlives_reload_restart_and_end(
    leads: Leader, server: LiveServer, phone_of: OPEN, shot: Callable[[Page, str], Path]
) -> None:
    page = notes(phone_of(), leads)
    folded = page.locator("#decision")
    expect(page.get_by_label("What I have to decide")).to_be_hidden()
    fill_everything(page, "note")
    worries(page).press("End")
    page.keyboard.type(" and m")
    expected = {
        "mine/areas": ["What I do all day", "own note"],
        "mine/ideas": [{"what": "large note", "want": 9}, {"what": "small note", "want": 3}],
        "mine/mood": ["fair"],
        "mine/pull": 7,
        "talk/concern": "worry note and m",
        "talk/day": "2027-03-04",
        "talk/time": "10:30",
        "one/focus": [{"text": "thing note", "state": "active", "first": "step note"}],
        "decision/what": "decide; note, or äöü not, and a line that is long enough to fold",
        "decision/by": "2027-03-05",
    }
    assert stored(page) == expected
    server.restart()
    page.reload()
    assert stored(page) == expected
    expect(worries(page)).to_have_value("worry note and m")
    expect(page.locator("#mine .row").nth(0).get_by_label("What", exact=True)).to_have_value("large note")
    expect(folded.get_by_label("What I have to decide")).to_be_hidden()
    folded.get_by_role("button", name="Open this page").click()
    expect(folded.get_by_label("What I have to decide")).to_have_value(expected["decision/what"])
    folded.get_by_role("button", name="Close this page").click()
    expect(folded.get_by_label("What I have to decide")).to_be_hidden()

    # Exactly one thing at a time, whoever asks.
    one = page.locator("#one")
    one.get_by_role("button", name="Make this my one thing (large note)").click()
    expect(one).to_contain_text("“thing note” is your one thing now")
    assert stored(page)["one/focus"] == expected["one/focus"]
    one.get_by_role("button", name="I am satisfied with this").click()
    one.get_by_role("button", name="Make this my one thing (large note)").click()
    states = {thing["text"]: thing["state"] for thing in stored(page)["one/focus"]}
    assert states == {"thing note": "satisfied", "large note": "active"}
    expect(one.locator(".one__other", has_text="small note")).to_contain_text("Parked")

    # A row goes and comes back; a picked line outlives its source.
    page.get_by_role("button", name="Remove: Number 2").click()
    assert stored(page)["mine/ideas"] == expected["mine/ideas"][:1]
    page.get_by_role("button", name="Undo").click()
    assert stored(page)["mine/ideas"] == expected["mine/ideas"]
    page.locator("#mine .row").nth(0).get_by_label("What", exact=True).fill("renamed")
    expect(one.get_by_role("heading", name="large note")).to_be_visible()

    # A second tab: other entries are never lost, the control in use is never touched.
    other = page.context.new_page()
    other.goto(page.url)
    worries(page).focus()
    other.locator("#away").get_by_label("Where I will be").fill("By the lake")
    expect(page.locator("#away").get_by_label("Where I will be")).to_have_value("By the lake")
    expect(worries(page)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("ore")
    expect(worries(other)).to_have_value("worry note and more")
    assert stored(other)["away/place"] == "By the lake"
    other.close()

    shot(page, "notes-filled")
    leads.press("start")
    expect(page.locator("[data-roombar]")).to_contain_text("The room is at:", timeout=20_000)
    leads.press("end")
    expect(page.get_by_role("heading", name="Before you go")).to_be_visible()
    page.reload()
    expect(worries(page)).to_have_value("worry note and more")


def test_a_workbook_moves_to_another_phone(leads: Leader, phone_of: OPEN, tmp_path: Path) -> None:
    first = notes(phone_of(), leads)
    fill_everything(first, "moved")
    file = download(first, first.get_by_role("button", name="Keep my notes as a file"))
    data = json.loads(file)
    assert data["format"] == "unstuck-notes" and data["version"] == 1 and data["guide"] == "workbook"
    assert data["notes"]["talk"]["concern"] == "worry moved"
    path = tmp_path / "notes.json"
    path.write_text(file)
    second = notes(phone_of(), leads)
    worries(second).fill("Mine, not to be lost")
    add_own(second.locator("#mine"), "Also mine")
    second.locator("#notes-file").set_input_files(path)
    dialog = second.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing has changed yet")
    assert axe_findings(second) == []
    second.get_by_role("button", name="Leave everything as it is").click()
    assert stored(second) == {"talk/concern": "Mine, not to be lost", "mine/areas": ["Also mine"]}
    second.locator("#notes-file").set_input_files(path)
    second.get_by_role("button", name="Bring them in").click()
    expect(second.locator("[data-told]")).to_have_text("Your notes are here now.")
    assert stored(second) == {
        **stored(first),
        "talk/concern": "Mine, not to be lost",
        "mine/areas": ["Also mine"],
    }
    second.locator("#notes-file").set_input_files(path)
    dialog.get_by_role("group", name="What worries me").get_by_label("Take what is in the file").check()
    second.get_by_role("button", name="Bring them in").click()
    expect(worries(second)).to_have_value("worry moved")


def test_nothing_that_is_written_leaves_the_phone_unasked(leads: Leader, server: LiveServer, phone_of: OPEN) -> None:
    context = phone_of()
    sent: list[str] = []

    def record(request: Request) -> None:
        sent.append(f"{request.url} {request.headers} {request.post_data or ''}")

    context.on("request", record)
    context.on(
        "page", lambda page: page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append(str(frame))))
    )
    page = notes(context, leads)
    leads.press("start")
    expect(page.locator("[data-roombar]")).to_contain_text("The room is at: Write for yourself.")
    fill_everything(page, CANARY)
    page.locator("#away").get_by_label("The day I keep free").fill("2027-12-31")
    page.locator("#away").get_by_label("Where I will be").fill(f"By the lake; {CANARY}, really")
    plan = page.locator("#away .row").nth(0)
    plan.get_by_label("From").fill("23:30")
    plan.get_by_label("What I do").fill(f"Walk, {CANARY}")

    # Calendar files are made on the phone.
    def calendar(name: str, *, own: bool) -> list[icalendar.Event]:
        page.get_by_role("button", name=name).click()
        page.get_by_label("Put my own words in").set_checked(own)
        file = download(page, page.get_by_role("button", name="Make the calendar file"))
        page.get_by_role("button", name="Back to my notes").click()
        return events(file)

    (reminder,) = calendar("Put a reminder in my calendar", own=False)
    assert reminder.get("SUMMARY") == "Something I decided to do"
    assert reminder.decoded("DTSTART") == date(2027, 3, 5)
    assert CANARY not in reminder.to_ical().decode()
    assert len(list(reminder.walk("VALARM"))) == 1
    (named,) = calendar("Put a reminder in my calendar", own=True)
    assert str(named.get("SUMMARY")).startswith(f"decide; {CANARY}, or äöü not")
    assert named.get("UID") != reminder.get("UID")
    (talk,) = calendar("Put the talk in my calendar", own=False)
    assert talk.decoded("DTSTART") == datetime(2027, 3, 4, 10, 30)  # noqa: DTZ001 - a local time is meant
    whole, block = calendar("Put the retreat in my calendar", own=True)
    assert whole.decoded("DTSTART") == date(2027, 12, 31)
    assert whole.get("LOCATION") == f"By the lake; {CANARY}, really"
    assert block.get("SUMMARY") == f"Walk, {CANARY}"
    assert block.decoded("DTEND") == datetime(2028, 1, 1, 0, 30)  # noqa: DTZ001
    (back,) = events(download(page, page.get_by_role("button", name="Remind me to come back")))
    assert back.get("URL") == page.url

    # The room takes one line, as a draft on its own page, sent by its own button alone.
    give = page.locator("#talk [data-entry=concern] .give")
    expect(give).to_be_hidden()
    leads.press("jump", "stuck")
    leads.press("open")
    expect(give).to_be_visible()
    assert axe_findings(page) == []
    give.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("What holds you back?")
    expect(dialog.locator(".seen")).to_contain_text("Seen by")
    exact = dialog.get_by_label("The exact text")
    expect(exact).to_have_value(f"worry {CANARY}")
    exact.fill(f"worry {CANARY} about Anna")
    expect(dialog).to_contain_text("This may point to a person: “Anna”. You can still send it.")
    assert not [one for one in sent if CANARY in one]
    exact.fill("Too many meetings, says Anna")
    dialog.get_by_role("button", name="Put it into my answer").click()
    expect(page.get_by_label("Card 1")).to_have_value("Too many meetings, says Anna")
    expect(page.get_by_text("This may point to a person: “Anna”. You can still send it.")).to_be_visible()
    assert not [one for one in sent if "Too many meetings" in one]
    page.get_by_role("button", name="Send anonymously").click()
    expect(page.locator("[data-status]")).to_have_text("Saved")
    assert look_up(leads.house, leads.live_id).at == "stuck"

    assert not [one for one in sent if CANARY in one]
    assert leads.socket is not None
    leads.socket.disconnect()
    server.stop()
    for path in server.data_dir.parent.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    server.start()


def test_the_preview_is_what_goes_to_the_printer_and_the_keyboard_reaches_it(leads: Leader, phone_of: OPEN) -> None:
    context = phone_of(viewport={"width": 360, "height": 640})
    page = notes(context, leads)
    fill_everything(page, "paper")
    assert axe_findings(page) == []
    for sheet in PdfReader(BytesIO(page.pdf(format="A4"))).pages:  # the browser's own printer cuts no line in two
        text = sheet.extract_text()
        assert text.count("How much it would change") == text.count("1 2 3 4 5 1 2 3 4 5"), text
    bodies: list[dict[str, Any]] = []
    lengths: list[int] = []

    def printer(route: Any) -> None:
        assert route.request.headers["x-csrftoken"]
        lengths.append(len(route.request.post_data_buffer))
        bodies.append(route.request.post_data_json)
        del bodies[-1]["pad"]
        route.fulfill(body=b"%PDF-1.7", content_type="application/pdf")

    context.route("**/notes/paper", printer)
    page.get_by_role("button", name="Make a page for the talk").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("worry paper")
    assert axe_findings(page) == []
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    dialog.get_by_label("10:30").focus()
    page.keyboard.press("Space")
    dialog.get_by_role("button", name="Make the PDF").focus()
    with page.expect_download():
        page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Done.")
    page.keyboard.press("Escape")
    assert bodies == [
        {
            "paper": "talk",
            "size": "A4",
            "sections": [
                {
                    "heading": "My talk",
                    "items": [
                        {"part": "concern", "label": "What worries me", "lines": ["worry paper"]},
                        {"part": "day", "label": "A day", "lines": ["Thursday, March 4, 2027"]},
                    ],
                }
            ],
        }
    ]
    page.get_by_role("button", name="All my notes as a PDF").click()
    expect(dialog.get_by_label("decide; paper")).not_to_be_checked()
    dialog.get_by_label("Letter").check()
    with page.expect_download():
        dialog.get_by_role("button", name="Make the PDF").click()
    book = bodies[1]
    assert (book["paper"], book["size"]) == ("workbook", "Letter")
    assert [one["heading"] for one in book["sections"]] == ["What is mine", "My talk", "My one thing"]
    assert "decide" not in json.dumps(book)
    assert lengths == [padding.PAPER_ASKED] * 2
    page.keyboard.press("Escape")

    # Every stop of the keyboard can be seen, above the bar and below the header.
    page.locator(".skip").focus()
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        name, covered = page.evaluate(
            """() => {
              const el = document.activeElement, box = el.getBoundingClientRect();
              if (el === document.body) return ["the end", false];
              const there = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
              const mine = el.closest("label") ?? document.querySelector(`label[for="${el.id}"]`) ?? el;
              return [el.name || el.textContent.trim(), !(mine.contains(there) || there?.contains(el))];
            }"""
        )
        seen.add(name)
        assert not covered, name
        if name == "the end":
            break
    assert {"concern", "Make a page for the talk (PDF)", "Close this page", "Clear this phone"} <= seen
