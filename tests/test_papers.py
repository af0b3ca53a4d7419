"""The papers a participant takes along: what is printed, in which order, on how many pages, and what is refused."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug import Request
from werkzeug.test import TestResponse

from reports import checker, paper
from reports.document import MalformedReport
from tests.conftest import CheckedClient, post
from tests.small_guide import go, look_up, make_session
from tests.test_reports_pdf import needs_renderer, text_of
from workshop import padding, papers, report_worker
from workshop.errors import Throttled
from workshop.house import House
from workshop.models import Account
from workshop.report_worker import Limits, Printed, PrintFailed

pytestmark = pytest.mark.drawn

LINES = {
    "opening": "I would like to talk about what I need to do my work well.",
    "offer": "I write down the ten most frequent cases.",
    "ask": "One day a week without tickets.",
    "day": "2026-05-12",
    "example": "In October I started the same form four times.",
    "time": "10:00",
    "effect": "I make small mistakes and stay late.",
    "options": "We could take turns.",
    "concern": "Most of my week goes into urgent tickets.",
}
"""Every part of a talk, in an order that is not the paper's."""


def talk(times: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the request for a talk whose longer parts are repeated."""
    short = ("opening", "day", "time")
    items = [
        {"part": part, "label": "", "lines": [line] * (1 if part in short else times)} for part, line in LINES.items()
    ]
    return {"paper": "talk", "size": "A4", "sections": [{"heading": "My talk", "items": items}], **changes}


def workbook(*sections: tuple[str, list[tuple[str, list[str]]]], **changes: Any) -> dict[str, Any]:
    """Return the request for a workbook of (heading, [(label, lines)])."""
    made = [
        {"heading": heading, "items": [{"part": "", "label": label, "lines": lines} for label, lines in items]}
        for heading, items in sections
    ]
    return {"paper": "workbook", "size": "A4", "sections": made, **changes}


BOOK = workbook(
    ("What is mine", [("The two that are about me", ["Tickets", "No time to learn"]), ("Drain", ["8 of 10"])]),
    ("My mini retreat", [("Agenda", ["09:00 Walk\n10:30 Write"])]),
)
LIMITS = Limits(seconds=180)  # tests share their machine; what is bounded in them is processor time


def printed(wanted: dict[str, Any], language: str = "en") -> Printed:
    """Print a request the way the product does."""
    read = papers.read(json.dumps(wanted).encode())
    return report_worker.print_paper(papers.compose(read, language), read.size, limits=LIMITS, patience=600)


def pages(content: bytes) -> list[str]:
    """Return the text of each page in one line."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


# -- what is printed


def test_whoever_sees_lengths_alone_cannot_tell_how_much_somebody_wrote(app: Flask) -> None:
    """One word or a page full: the same bytes on their way, and every reader finds the same words as without them."""
    with app.test_request_context("/"):
        made = [printed(talk()).content, printed(talk(8)).content]
    assert len(made[0]) != len(made[1]), "the control"
    filled = [
        padding.filled_pdf(content, padding.PAPER_MADE, beside) for content, beside in zip(made, (0, 97), strict=True)
    ]
    assert len(filled[0]) == len(filled[1]) + 97 == padding.PAPER_MADE
    assert [pages(content) for content in filled] == [pages(content) for content in made]
    assert all(content.endswith(b"%%EOF\n") for content in filled)


@needs_renderer
def test_a_talk_is_one_page_of_ones_own_words_in_a_fixed_order_and_one_of_advice(app: Flask) -> None:
    with app.test_request_context():
        content = printed(talk()).content
        again = printed(talk()).content
    assert content == again
    own, advice = pages(content)
    order = [
        "What I want to talk about",
        "My situation",
        LINES["concern"],
        "For example",
        LINES["example"],
        "What it does to my work",
        LINES["effect"],
        "What I ask for",
        LINES["ask"],
        "Options I can suggest",
        LINES["options"],
        "What I offer",
        LINES["offer"],
        "My opening sentence",
        LINES["opening"],
        "When I would like to talk",
        "Tuesday, May 12, 2026 · 10:00",
        "Notes from our talk",
        "What we agreed",
    ]
    places = [own.find(words) for words in order]
    assert -1 not in places and places == sorted(places), dict(zip(order, places, strict=True))
    assert "· 10:00 Notes from our talk" in own, "a clock of 24 hours, as on every screen"
    assert advice.startswith("How to hold such a talk") and "For me" in advice and "For my supervisor" in advice
    assert checker.problems(content) == []
    assert checker.headings(content)[:2] == ["H1", "H2"]
    reader = PdfReader(io.BytesIO(content))
    assert dict(reader.metadata or {}).keys() <= {"/Producer", "/Title"}
    assert (reader.metadata or {})["/Title"] == "Preparing a talk"


@needs_renderer
def test_what_was_not_written_leaves_no_heading_and_long_words_fill_two_pages_at_most(app: Flask) -> None:
    with app.test_request_context():
        short = talk()
        short["sections"][0]["items"] = [one for one in short["sections"][0]["items"] if one["part"] in ("ask", "day")]
        short["sections"][0]["items"].append({"part": "", "label": "Who comes along", "lines": ["My mentor"]})
        own = pages(printed(short).content)[0]
        two = pages(printed(talk(7, size="Letter")).content)
        with pytest.raises(PrintFailed) as failure:
            printed(talk(40))
    assert "My situation" not in own and "For example" not in own and "My opening sentence" not in own
    assert own.index("What I ask for") < own.index("Who comes along") < own.index("When I would like to talk")
    assert len(two) == 3 and two[2].startswith("How to hold such a talk")
    assert sum(page.count(LINES["effect"]) for page in two) == 7
    assert failure.value.reason == "too_long"


@needs_renderer
def test_a_workbook_holds_every_heading_label_and_line_as_it_was_sent(app: Flask) -> None:
    with app.test_request_context():
        made = printed(BOOK).content
        strange = printed(
            workbook(("ملاحظاتي", [("", ["أريد أن أتحدث", "<b>not bold</b> “quoted” – yes", "party \U0001f389"])])),
            "ar",
        )
        letterless = printed(workbook(("Notes", [("Mine", ["\U00011a0b"])]), size="Letter"))
    said = text_of(made)
    order = ["My notes", "What is mine", "The two that are about me", "Tickets", "No time to learn", "My mini retreat"]
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)
    assert "09:00 Walk 10:30 Write" in said and "1 / 1" in said
    assert checker.problems(made) == []
    assert checker.headings(made) == ["H1", "H2", "H3", "H3", "H2", "H3"]
    titles = [mark.title for mark in PdfReader(io.BytesIO(made)).outline[1]]  # type: ignore[union-attr]
    assert titles == ["What is mine", "My mini retreat"]
    assert "<b>not bold</b> “quoted” – yes" in text_of(strange.content)
    assert checker.problems(strange.content) == []
    assert letterless.missing == ("\U00011a0b",)
    page = PdfReader(io.BytesIO(letterless.content)).pages[0]
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (612, 792)


# -- what is refused


BAD: list[tuple[Any, str]] = [
    (b"not json", "invalid_paper"),
    (b"\xff\xfe", "invalid_paper"),
    (b"[" * 30_000, "invalid_paper"),
    ([], "invalid_paper"),
    ({}, "invalid_paper"),
    ({**talk(), "paper": "letter"}, "invalid_paper"),
    ({**talk(), "paper": ["talk"]}, "invalid_paper"),
    ({**talk(), "size": "A5"}, "invalid_paper"),
    ({**talk(), "name": "somebody"}, "invalid_paper"),
    ({**talk(), "sections": {}}, "invalid_paper"),
    (workbook(("", [("Label", ["x"])])), "invalid_paper"),
    (workbook(("Heading", [("Label", [7])])), "invalid_paper"),  # type: ignore[list-item]
    ({**talk(), "sections": [{"heading": "", "items": [{"part": "salary", "label": "", "lines": ["x"]}]}]}, "invalid_paper"),
    (workbook(), "empty"),
    (workbook(("Heading", [("Label", ["", " \n\t", "\x00\ud800"])])), "empty"),
    (workbook(*[("Heading", [("Label", ["x"])])] * 25), "too_large"),
    (workbook(("Heading", [("Label", ["x"])] * 25)), "too_large"),
    (workbook(("Heading", [("Label", ["x"] * 41)])), "too_large"),
    (workbook(("Heading", [("Label", ["x" * 2001])])), "too_large"),
    (workbook(("Heading", [("x" * 401, ["x"])])), "too_large"),
    (workbook(("Heading", [("Label", ["x" * 2000] * 34)])), "too_large"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_is_no_paper_is_refused_without_repeating_it(number: int) -> None:
    sent, code = BAD[number]
    raw = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    with pytest.raises(papers.NotPrintable) as refusal:
        papers.read(raw)
    assert refusal.value.code == code
    assert refusal.value.status == (413 if code == "too_large" else 400)
    assert refusal.value.__context__ is None and refusal.value.__cause__ is None, "a parser's error holds the text"


def test_the_fullest_request_is_read_and_text_keeps_its_own_quotes() -> None:
    full = workbook(*[("Heading", [("Label", ["x"])] * 24)] * 24)
    assert len(papers.read(json.dumps(full).encode()).sections) == 24
    said = papers.read(json.dumps(workbook(("H", [("L", ["“a” – b\r\nc\x07\u0301"])]))).encode())
    assert said.sections[0].items[0].lines == ("“a” – b\nc\u0301",)


def test_the_print_shop_reads_strictly_what_it_is_given(app: Flask) -> None:
    with app.test_request_context():
        good = papers.compose(papers.read(json.dumps(talk()).encode()), "en")
    assert paper.from_json(json.loads(json.dumps(good))).sections[-1].heading == "When I would like to talk"
    for change in (
        {"kind": "letter"},
        {"sections": [{"heading": 7, "items": []}]},
        {"name": "somebody"},
        {"room": "x"},
    ):
        with pytest.raises(MalformedReport):
            paper.from_json({**good, **change})


MM = paper.MM


@pytest.mark.parametrize(
    ("found", "setting"),
    [
        ({"": (1, 180)}, ("", (6, 6), True)),
        ({"": (1, 90)}, ("", (3, 2), True)),
        ({"": (1, 60), "close": (1, 90)}, ("close", (3, 2), True)),
        ({"": (1, 60), "close": (1, 75)}, ("", (11, 11), False)),
        ({"": (2, 200), "close": (1, 75)}, ("", (6, 6), True)),
        ({"": (2, 30), "close": (1, 26)}, ("close", (11, 11), False)),
        ({"": (3, 200), "close": (2, 30)}, ("close", (), True)),
    ],
)
def test_a_talk_is_set_on_as_few_pages_as_leave_room_to_write(
    found: dict[paper.Density, tuple[int, float]], setting: tuple[str, tuple[int, ...], bool]
) -> None:
    one = paper.Paper("talk", "en", "", "", "", (), room=("Notes", "Agreed"))
    got = paper.fit(one, "A4", lambda density: (found[density][0], found[density][1] * MM))
    assert (got.density, got.rows, got.push is not None) == setting
    with pytest.raises(paper.TooLong):
        paper.fit(one, "A4", lambda density: (3, 200.0))


# -- who may ask, and how often


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session in its lobby."""
    return make_session(house, facilitator)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stand in for the child process; return what it was given."""
    given: list[dict[str, Any]] = []

    def stand_in(paper_of: dict[str, Any], size: str, **_options: Any) -> Printed:
        given.append({**paper_of, "size": size})
        return Printed(b"%PDF-stand-in", missing=("世",))

    monkeypatch.setattr(report_worker, "print_paper", stand_in)
    return given


def seated(client: FlaskClient, house: House, live_id: str) -> FlaskClient:
    """Let a browser join."""
    assert post(client, f"/j/{look_up(house, live_id).join_token}").status_code == 303
    return client


def ask(client: FlaskClient, live_id: str, wanted: Any, **headers: str) -> TestResponse:
    """Send what a phone would send, with the token of its page."""
    token = client.get(f"/s/{live_id}/notes/token").get_json().get("csrf", "")
    body = wanted if isinstance(wanted, bytes) else json.dumps(wanted).encode()
    sent = {"Content-Type": "application/json", "X-CSRFToken": token, **headers}
    return client.post(f"/s/{live_id}/notes/paper", data=body, headers=sent)


def test_a_seat_gets_its_paper_during_the_session_and_after_it(
    client: CheckedClient, house: House, live_id: str, press: list[dict[str, Any]]
) -> None:
    seated(client, house, live_id)
    for command in ("start", "end", ""):
        answer = ask(client, live_id, talk(size="Letter"))
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/pdf", b"%PDF-stand-in")
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "U+4E16" in unquote(answer.headers["X-Print-Notes"])
        if command:
            go(house, live_id, command)
    assert [one["size"] for one in press] == ["Letter"] * 3
    assert press[0]["sections"][0]["items"][0]["lines"] == [LINES["concern"]]


def test_no_seat_and_no_session_look_the_same_and_a_page_of_others_cannot_ask(
    client: CheckedClient,
    browser: Callable[[], CheckedClient],
    house: House,
    live_id: str,
    press: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stranger = browser()
    answers = [stranger.post(f"/s/{name}/notes/paper", json=talk()) for name in (live_id, "x" * 22)]
    assert {one.status_code for one in answers} == {404}
    assert answers[0].get_json() == answers[1].get_json()
    seated(client, house, live_id)

    def parsed(_request: Any) -> None:
        raise AssertionError("a form was parsed: that may spool it to the disk")

    monkeypatch.setattr(Request, "_load_form_data", parsed)
    assert ask(client, live_id, talk()).status_code == 200
    assert ask(client, live_id, talk(), **{"X-CSRFToken": "foreign"}).get_json()["code"] == "csrf"
    assert ask(client, live_id, talk(), **{"X-CSRFToken": ""}).status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        assert ask(client, live_id, talk(), **{"Content-Type": kind}).status_code == 415
    for large in (b"[" + b" " * 65_536, json.dumps(BAD[-1][0]).encode()):
        answer = ask(client, live_id, large)
        assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    assert len(press) == 1


def test_a_busy_printer_says_so_and_the_words_stay_on_the_phone(
    app: Flask, client: CheckedClient, house: House, live_id: str
) -> None:
    seated(client, house, live_id)
    app.extensions["paper_desk"].patience = 0.01
    with report_worker._one_at_a_time:
        answer = ask(client, live_id, talk())
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    said = "The printer is busy. Everything is still on your phone; try again in a minute."
    assert (answer.get_json()["code"], answer.get_json()["sentence"]) == ("busy", said)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (PrintFailed("x", again=False, reason="too_long"), 413, "too_long"),
        (PrintFailed("x", again=False, reason="libraries"), 503, "print_failed"),
        (PrintFailed("x", again=True, reason="slow"), 503, "print_failed"),
        (RuntimeError("words of somebody"), 503, "print_failed"),
    ],
)
def test_whatever_fails_the_phone_reads_what_to_do(
    client: CheckedClient,
    house: House,
    live_id: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> Printed:
        raise failure

    monkeypatch.setattr(report_worker, "print_paper", fail)
    answer = ask(seated(client, house, live_id), live_id, talk())
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert "words of somebody" not in answer.get_data(as_text=True) + caplog.text


def test_the_desk_serves_one_at_a_time_ten_in_ten_minutes_and_a_short_queue() -> None:
    now = [0.0]
    desk = papers.Desk(most_waiting=2, clock=lambda: now[0])
    for _paper in range(papers.MOST_EACH):
        with desk.turn("live", b"mine"), pytest.raises(Throttled, match="already"), desk.turn("live", b"mine"):
            raise AssertionError("two at once")
        now[0] += 1
    with pytest.raises(Throttled, match="ten minutes"), desk.turn("live", b"mine"):
        raise AssertionError("an eleventh")
    with ExitStack() as stack:
        for seat in (b"a", b"b", b"c"):
            stack.enter_context(desk.turn("live", seat))
        with pytest.raises(papers.Busy), desk.turn("live", b"d"):
            raise AssertionError("the queue is full")
    now[0] += papers.EACH_SECONDS
    with desk.turn("live", b"mine"):
        assert len(desk._served) == 1, "what is old is forgotten"
    assert b"mine" not in repr(desk).encode()


# -- the child that waits for papers


ECHO = """
import json, os, sys, time
while (digits := sys.stdin.buffer.readline()).strip():
    asked = json.loads(sys.stdin.buffer.read(int(digits)))["paper_of"]["title"]
    if asked == "hang": time.sleep(600)
    if asked == "die": os._exit(9)
    content = b"%PDF-" + str(os.getpid()).encode()
    print(json.dumps({"ok": True, "bytes": len(content) + (asked == "lie")}), flush=True)
    sys.stdout.buffer.write(content); sys.stdout.buffer.flush()
"""


def test_a_child_that_hangs_dies_or_lies_gives_no_paper_and_the_next_one_is_printed() -> None:
    command = [sys.executable, "-c", ECHO]
    for title in ("hang", "die", "lie"):
        with pytest.raises(PrintFailed):
            report_worker.print_paper({"title": title}, "A4", limits=Limits(seconds=0.7), patience=60, command=command)
    good = report_worker.print_paper({"title": "x" * 200_000}, "A4", limits=LIMITS, patience=60, command=command)
    assert good.content.startswith(b"%PDF-")
    assert report_worker._press._child is None, "a stand-in does not stay"


@needs_renderer
def test_the_child_stays_for_the_next_paper_and_a_lost_one_is_replaced(app: Flask) -> None:
    with app.test_request_context():
        first = printed(BOOK).content
        child = report_worker._press._child
        assert child is not None and printed(BOOK).content == first
        assert report_worker._press._child is child
        child.kill()
        child.wait()
        assert printed(BOOK).content == first
    assert report_worker._press._child is not child
