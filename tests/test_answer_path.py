"""An answer's whole way on the real server, by each transport: sent at once, sent twice, edited, late, by a plain form."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from workshop.demo import pages
from workshop.demo.people import Phone
from workshop.demo.play import Play
from workshop.demo.server import ScratchServer

# The Python client leaves its connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

PHONES = 12
QUESTION = "energy-before"


def send(phone: Phone, run: str, revision: int, value: object) -> dict[str, Any]:
    fields = None if value is None else {"value": [value]}
    return phone.socket.call("answer", {"run": run, "revision": revision, "fields": fields, "pad": ""})


@pytest.mark.parametrize("transport", ["direct", "stock"])
def test_every_answer_is_taken_once_and_every_refusal_is_said_in_words(transport: str) -> None:
    with ScratchServer(TRANSPORT=transport) as server:
        play = Play(server, say=lambda _line: None, people=0)
        play.prepare()
        phones = [Phone(play.code, server.url) for _phone in range(PHONES)]
        play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
        play.facilitator.press(play.facilitator.next_move())
        html = phones[0].socket.wait_for("the question", lambda html: "data-answer" in html)
        run = pages.attribute(html, "data-run")

        # One by a plain form before anything is known in memory, the others all at once, each three times over.
        plain, *others = phones
        assert plain.browser.submit(f"/s/{plain.live_id}/", {"value": "3"}, having="value").ok
        together = threading.Barrier(3 * len(others))

        def at_once(phone: Phone) -> dict[str, Any]:
            together.wait()
            return send(phone, run, 1, "2")

        with ThreadPoolExecutor(3 * len(others)) as everybody:
            assert all(receipt == {"ok": True, "revision": 1} for receipt in everybody.map(at_once, others * 3))

        # One changes their mind, and an old send of theirs comes late; another withdraws.
        one, other = others[:2]
        assert send(one, run, 2, "4") == {"ok": True, "revision": 2}
        late = send(one, run, 1, "2")
        assert (late["ok"], late["code"], late["revision"]) == (False, "older", 2)
        assert one.socket.call("mine", {"run": run})["fields"] == {"value": ["4"]}
        assert send(other, run, 2, None)["ok"]

        # What does not fit is refused with a sentence, and changes nothing.
        for revision, value, code in (
            (3, "99", "invalid_answer"),
            (3, "\ud800", "invalid_answer"),
            (3, "x" * 20_000, "invalid_answer"),
            (3, 7, "invalid_answer"),
            ("3", "4", "invalid_answer"),
            (True, "4", "invalid_answer"),
        ):
            refused = one.socket.call("answer", {"run": run, "revision": revision, "fields": {"value": [value]}})
            assert (refused["ok"], refused["code"]) == (False, code), value
            assert refused["sentence"]
        assert send(one, "another-run", 1, "4")["code"] == "not_found"

        play.facilitator.press("close")
        one.socket.wait_for("the result", lambda html: 'data-state="released"' in html)
        closed = send(one, run, 3, "1")
        assert (closed["ok"], closed["code"]) == (False, "closed")
        assert "still on your phone" in closed["sentence"]
        assert f"{PHONES - 1} people answered" in one.socket.html
        play.phones = phones
        play.close()
