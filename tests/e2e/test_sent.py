"""What I sent, in a real browser: from the phone that writes a card to the report without it."""

# ruff: noqa: F811 - a fixture of another module

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from tests.e2e.conftest import Leader, axe_findings
from tests.e2e.test_phone import OPEN, join, phone_of, press_send, status, write  # noqa: F401 - a fixture
from tests.pages import csrf_token
from tests.promises.stagehands import canary
from workshop import freezes, live_sessions
from workshop.models import Card

VECTORS = ["", "abc", "a" * 55, "a" * 56, "a" * 63, "a" * 64, "a" * 200, "é🙂" * 77]


def others_answer(leader: Leader, phone_of: OPEN, people: int) -> list[str]:
    """Let so many more people answer the open question by its plain form; return their quotable texts."""
    texts = []
    for _person in range(people):
        browser = phone_of().request
        page = browser.get(leader.url + leader.join_path)
        page = browser.post(leader.url + leader.join_path, form={"csrf_token": csrf_token(page.text())})
        run = re.search(r'name="run" value="([^"]+)"', page.text())
        assert run is not None
        texts.append(canary())
        form = {"csrf_token": csrf_token(page.text()), "run": run.group(1), "based_on": "0"}
        sent = browser.post(
            f"{leader.url}/s/{leader.live_id}/answer", form={**form, "text-0": texts[-1], "quote-0": "1"}
        )
        assert "Your answer is in" in sent.text()
    return texts


def freeze(leader: Leader) -> str:
    """Freeze the session's report and return all of it as text."""
    with leader.house.database.transaction() as session:
        live = live_sessions.get(session, leader.live_id)
        frozen = freezes.freeze(session, live, live_sessions.guide_of(live), leader.house.clock())
        return json.dumps(frozen.editions, ensure_ascii=False)


def own(page: Page, text: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=text)


def test_two_cards_one_taken_back_and_one_no_longer_quoted_are_in_no_report(
    leader: Leader,
    phone_of: OPEN,
    shot: Callable[[Page, str], Path],
) -> None:
    with leader.house.database.transaction() as session:
        live = live_sessions.get(session, leader.live_id)
        live.freeze_after_minutes, live.words_floor = 0, 5
    context = phone_of()
    page = join(context, leader)
    leader.ask("stuck")
    first, second = f"The meetings {canary()}", f"The noise {canary()}"
    write(page, first)
    page.get_by_label("May be quoted outside this room").first.check()
    page.get_by_role("button", name="Add another card").click()
    page.get_by_label("Card 2").fill(second)
    page.get_by_label("May be quoted outside this room").nth(1).check()
    press_send(page)
    expect(status(page)).to_have_text("Saved")

    page.get_by_role("link", name="What I sent").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What I sent")
    expect(page.get_by_text("This question is still open")).to_be_visible()
    expect(page.get_by_role("button", name="Take it back")).to_have_count(0)

    others = others_answer(leader, phone_of, 4)
    leader.press("close")
    leader.press("end")
    page.reload()
    expect(page.get_by_role("listitem")).to_have_count(2)
    assert not axe_findings(page)
    shot(page, "sent")
    own(page, first).get_by_role("button", name="Take it back").click()
    expect(own(page, first)).to_contain_text("Will be taken back when the report is fixed")
    own(page, first).get_by_role("button", name="Leave it as it was").click()
    expect(own(page, first)).to_contain_text("May be quoted")
    own(page, first).get_by_role("button", name="Take it back").click()
    own(page, second).get_by_role("button", name="Do not quote it").click()
    expect(own(page, second)).to_contain_text("Will not be quoted in the report")
    expect(own(page, second).get_by_role("button", name="Take it back")).to_be_focused()
    assert not axe_findings(page)
    shot(page, "sent-asked")
    page.reload()
    expect(own(page, first)).to_contain_text("Will be taken back when the report is fixed")

    report = freeze(leader)
    assert first not in report
    assert second not in report
    assert all(text in report for text in others), "or there would be nothing to show here"
    with leader.house.database.transaction() as session:
        kept = session.scalars(select(Card)).all()
        assert first not in {card.text for card in kept}
        assert {card.receipt for card in kept} == {None}

    own(page, second).get_by_role("button", name="Leave it as it was").click()
    expect(page.get_by_role("alert")).to_have_text("The report is fixed; nothing can be changed any more.")
    expect(page.locator("[data-acts]:visible")).to_have_count(0)
    page.reload()
    expect(own(page, first)).to_contain_text("Taken back")
    shot(page, "sent-fixed")

    # On a phone that is not their own: the way to clear it, in a session without pages of one's own too.
    link = page.get_by_role("link", name="Clear this phone")
    back = page.context.new_page()
    back.goto(page.url)
    expect(own(back, second)).to_be_visible()
    link.click()
    page.get_by_role("button", name="Clear this phone").click()
    page.get_by_role("button", name="Clear it all").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This phone is clear.")
    assert page.evaluate("Object.keys(localStorage)") == []
    expect(own(back, second)).to_have_count(0)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not in this session")


def test_a_page_that_a_browser_brings_back_shows_nothing_that_was_cleared(leader: Leader, phone_of: OPEN) -> None:
    """Some browsers keep a page as it was left for the button back; this plays what they then tell it."""
    brought_back = "window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"
    page = join(phone_of(), leader)
    leader.ask("stuck")
    write(page, "Mine alone")
    press_send(page)
    expect(status(page)).to_have_text("Saved")
    page.get_by_role("link", name="What I sent").click()
    expect(own(page, "Mine alone")).to_be_visible()
    page.evaluate("localStorage.clear()")
    page.evaluate(brought_back)
    expect(own(page, "Mine alone")).to_have_count(0)
    page.goto(f"{leader.url}/s/{leader.live_id}/")
    expect(own(page, "Mine alone")).to_be_visible()
    page.context.clear_cookies()
    page.evaluate(brought_back)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not in this session")


def test_an_edit_takes_the_place_of_what_was_there_and_a_pass_leaves_nothing(
    leader: Leader,
    phone_of: OPEN,
) -> None:
    page = join(phone_of(), leader)
    leader.ask("stuck")
    remembered = "JSON.stringify(Object.entries(localStorage).filter(([key]) => key.startsWith('unstuck/sent/')))"
    texts = []
    for text in ("First thought", "Second thought"):
        if texts:
            page.get_by_role("link", name="Change").click()
        texts.append(text)
        write(page, text)
        press_send(page)
        expect(status(page)).to_have_text("Saved")
        assert text in page.evaluate(remembered)
    assert "First thought" not in page.evaluate(remembered)
    page.get_by_role("link", name="Change").click()
    page.get_by_role("button", name="Pass").click()
    expect(page.get_by_text("You passed")).to_be_visible()
    expect(status(page)).to_have_text("Saved")
    assert page.evaluate(remembered) == "[]"
    page.get_by_role("link", name="What I sent").click()
    expect(page.get_by_text("There is no text of yours on this phone")).to_be_visible()
    assert not axe_findings(page)


def test_from_outside_a_pass_fetches_what_an_answer_fetches(leader: Leader, phone_of: OPEN) -> None:
    leader.ask("stuck")
    fetched: dict[str, list[str]] = {}
    for act in ("Send anonymously", "Pass"):
        page = join(phone_of(), leader)
        expect(status(page)).to_have_text("Connected")
        asked = fetched.setdefault(act, [])
        page.on("request", lambda request, asked=asked: asked.append(request.url.rpartition("/")[2]))  # type: ignore[misc]
        if act != "Pass":
            write(page, "Something")
        page.get_by_role("button", name=act, exact=True).click()
        expect(status(page)).to_have_text("Saved")
    counted = {act: names.count("receipts.js") for act, names in fetched.items()}
    assert counted == {"Pass": 1, "Send anonymously": 1}, fetched


def test_the_hash_is_sha_256_and_a_receipt_is_new_each_time(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(), leader)
    page.goto(f"{leader.url}/s/{leader.live_id}/sent")
    source = page.locator("script[type=module]").get_attribute("src")
    assert source is not None
    found = page.evaluate(
        """async ([address, texts]) => {
          const made = await import(address);
          return [texts.map(made.sha256), Array.from({length: 500}, made.newReceipt)];
        }""",
        [source.replace("sent.js", "receipts.js"), VECTORS],
    )
    assert found[0] == [hashlib.sha256(text.encode()).hexdigest() for text in VECTORS]
    assert len(set(found[1])) == 500
    assert all(len(receipt) == 22 and receipt.replace("-", "a").replace("_", "a").isalnum() for receipt in found[1])


def test_without_script_it_says_what_it_needs(leader: Leader, phone_of: OPEN) -> None:
    page = join(phone_of(java_script_enabled=False), leader)
    page.get_by_role("link", name="What I sent").click()
    expect(page.locator("noscript p")).to_be_visible()  # which finding by text passes over
