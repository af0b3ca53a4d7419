"""Twelve phones go through 1-2-4-All over real sockets, and the server dies while they write.

Every phone has its number again afterwards, the writers go on writing, and what
they sent is on everybody's screen at the same moment.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

from tests.conftest import LiveServer
from tests.journeys.test_killed_in_mid_burst import _code
from workshop.demo import pages
from workshop.demo.people import Facilitator, Phone

PHONES = 12


def hang_up(one: Phone | Facilitator) -> None:
    """Cut the connection, as a phone does that loses its network; its cookies stay."""
    one.socket.client.eio.ws.shutdown()
    one.browser.http.close()


def place(phone: Phone, run: str, what: str = "look") -> dict[str, Any]:
    """Return what a phone is told of its place."""
    ack = phone.socket.call("breakout", {"run": run, "what": what, "pad": "-" * 600})
    assert ack["ok"], ack
    assert isinstance(ack["place"], dict)
    return {**ack["place"], "bytes": len(json.dumps(ack, separators=(",", ":")))}


def test_twelve_phones_think_alone_in_pairs_in_fours_and_together(live_server: LiveServer) -> None:
    leader = Facilitator(live_server.url)
    leader.make_account(live_server.first_link, "Robin Example", "robin@example.org", "quiet rivers carry boats")
    live_id = leader.make_session("think-together", {"team": "Customer service", "expected": str(PHONES)})
    leader.take_the_console()
    phones = [Phone(_code(live_server, live_id), live_server.url) for _phone in range(PHONES)]
    leader.press("start")
    leader.press("jump:what-helps")
    assert leader.next_move() == "open"
    leader.press("open")
    run = pages.attribute(phones[0].socket.wait_for("the groups", lambda html: "data-breakout" in html), "data-run")

    members: defaultdict[int, list[Phone]] = defaultdict(list)
    for phone in phones:
        members[place(phone, run, "take")["number"]].append(phone)
    assert sorted(map(len, members.values())) == [4, 4, 4]
    assert leader.next_move() == "breakout_part:1"
    leader.press("breakout_part:1")
    for group in members.values():
        assert sorted(place(phone, run)["half"] for phone in group) == ["a", "a", "b", "b"]
    leader.press("breakout_part:2")

    writers = {number: group[1] for number, group in members.items()}
    for number, writer in writers.items():
        assert place(writer, run, "write")["writing"] == "you"
        assert place(members[number][0], run, "write")["writing"] == "somebody"
    assert len({place(phone, run)["bytes"] for phone in phones}) == 1, "writers and others are told as many bytes"
    for phone in phones:
        phone.socket.refresh()
    assert len({_still(phone.socket.html) for phone in phones}) == 1, "a push is the same for every phone"

    before = {id(phone): place(phone, run)["number"] for phone in phones}
    live_server.kill()
    for one in (leader, *phones):
        hang_up(one)
    live_server.start()
    for phone in phones:
        phone.socket = phone.browser.connect("phone", live_id)
        assert place(phone, run, "take")["number"] == before[id(phone)]
    leader.take_the_console()

    for number, writer in writers.items():
        sent = {"run": run, "revision": 1, "fields": {"text-0": [f"Group {number} says this"]}, "pad": ""}
        refused = members[number][2].socket.call("answer", sent)
        assert (refused["ok"], refused["code"]) == (False, "invalid_answer")
        assert writer.socket.call("answer", sent)["ok"]
    leader.press("close")
    for phone in phones:
        html = phone.socket.wait_for("the cards of all groups", lambda html: "Group 1 says this" in html)
        assert html.count("says this") == 3
    leader.press("breakout_all")
    assert "5:00" in leader.socket.html or "4:5" in leader.socket.html
    for one in (leader, *phones):
        hang_up(one)


def _still(html: str) -> str:
    """Return a screen without its timer, which runs while one phone after the other asks."""
    still, timers = re.subn(r"<p class=\"timer.*?</p>", "", html, flags=re.DOTALL)
    assert timers == 1
    return still
