"""The disk fills up in the middle of a question, and has room again later (fault R5).

The limit on the size of a file stands in for the disk: the server's process
may write no file beyond it, while everything else on the machine goes on.
"""

from __future__ import annotations

import resource

from tests.conftest import LiveServer
from tests.journeys.test_killed_in_mid_burst import _code
from workshop.demo import pages
from workshop.demo.people import Facilitator, Phone

FULL = (4000, resource.RLIM_INFINITY)  # bytes: less than the box's log holds already
ROOM = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_full_disk_says_so_keeps_everybody_connected_and_loses_nothing(live_server: LiveServer) -> None:
    leader = Facilitator(live_server.url)
    leader.make_account(live_server.first_link, "Robin Example", "robin@example.org", "quiet rivers carry boats")
    live_id = leader.make_session("team-pulse", {"expected": "6"})
    leader.take_the_console()
    phones = [Phone(_code(live_server, live_id), live_server.url) for _phone in range(6)]
    while not (move := leader.next_move()).startswith("open"):
        leader.press(move)
    leader.press(move)
    screens = [phone.socket.wait_for("the question", lambda html: "data-answer" in html) for phone in phones]
    sent = {"run": pages.attribute(screens[0], "data-run"), "revision": 1, "fields": None, "pad": ""}
    assert phones[0].socket.call("answer", sent)["ok"]

    assert live_server.process is not None
    pid = live_server.process.pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, FULL)
    refused = [phone.socket.call("answer", sent) for phone in phones[1:]]
    assert {(one["ok"], one["code"]) for one in refused} == {(False, "not_stored")}
    assert all("still on your phone" in one["sentence"] for one in refused), "clear words"
    assert all(phone.socket.client.connected for phone in phones), "nobody is cut off"

    resource.prlimit(pid, resource.RLIMIT_FSIZE, ROOM)
    assert all(phone.socket.call("answer", sent)["ok"] for phone in phones), "the first one was there already"
    leader.press("close")
    for phone in phones:
        phone.socket.wait_for("the close", lambda html: "data-answer" not in html)
    for one in (*phones, leader):
        one.socket.client.eio.ws.shutdown()
