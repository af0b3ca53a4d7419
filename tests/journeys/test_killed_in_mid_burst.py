"""A room of phones edits its answers as fast as it can; the server is killed; nothing acknowledged is lost.

"An answer the phone shows as saved is stored exactly once, whatever dies next":
the real server, real sockets, the real ballot box. The truth stays in the test.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import socketio
from sqlalchemy import select

from tests.conftest import LiveServer
from workshop.db import Database
from workshop.demo import pages
from workshop.demo.people import Facilitator, Phone
from workshop.models import ActivityRun, Card, LiveSession

PHONES = 24
TEXTS = "lost-spark"
"""The first question of the main guide that takes texts."""


@dataclass
class Writer:
    """One person at one phone: what they sent last and what the server said was saved."""

    phone: Phone
    name: str
    sent: int = 0
    saved: int = 0
    confirmed: Counter[int] = field(default_factory=Counter)

    def text(self, revision: int) -> str:
        return f"{self.name} says this for the {revision}. time"

    def send(self, run: str, revision: int) -> bool:
        self.sent = max(self.sent, revision)
        payload = {"run": run, "revision": revision, "fields": {"text-0": [self.text(revision)]}, "pad": ""}
        receipt = self.phone.socket.client.call("answer", payload, timeout=5)
        if receipt.get("ok"):
            self.saved = max(self.saved, revision)
        return bool(receipt.get("ok"))

    def write_until(self, stopped: threading.Event, run: str) -> None:
        revision = 0
        while not stopped.is_set():
            revision += 1
            try:
                self.send(run, revision)
            except socketio.exceptions.SocketIOError:
                return  # the server is gone: what was under way is not known to be saved


def test_no_acknowledged_answer_is_lost_or_doubled_when_the_server_is_killed(live_server: LiveServer) -> None:
    leader, live_id = _in_the_lobby(live_server)
    with_code = _code(live_server, live_id)
    writers = [Writer(Phone(with_code, live_server.url), f"person {n}") for n in range(PHONES)]
    run = _ask(leader, writers[0].phone)

    stopped = threading.Event()
    threads = [threading.Thread(target=writer.write_until, args=(stopped, run)) for writer in writers]
    for thread in threads:
        thread.start()
    while min(writer.saved for writer in writers) < 3:  # everybody is in full swing
        time.sleep(0.02)
    live_server.kill()
    stopped.set()
    for thread in threads:
        thread.join()
    for one in (leader, *(writer.phone for writer in writers)):
        _hang_up(one)
    promised = {writer.name: writer.saved for writer in writers}
    live_server.start()

    for writer in writers:
        writer.phone.socket = writer.phone.browser.connect("phone", live_id)
        own = writer.phone.socket.call("mine", {"run": run})
        assert own["revision"] in (promised[writer.name], writer.sent), "what was saved last, or what was under way"
        assert own["fields"] == {"text-0": [writer.text(own["revision"])]}
        assert writer.send(run, writer.sent), "sending again what was under way is always safe"

    leader.take_the_console()
    leader.press("close")
    for one in (leader, *(writer.phone for writer in writers)):
        _hang_up(one)
    cards = Counter(_cards(live_server, run))
    assert cards == Counter({writer.text(writer.sent): 1 for writer in writers})


def _hang_up(one: Phone | Facilitator) -> None:
    """Close every connection of a browser; its cookies stay."""
    websocket = getattr(one.socket.client.eio, "ws", None)
    one.socket.close()
    if websocket is not None:
        websocket.close()
    one.browser.http.close()


def _in_the_lobby(server: LiveServer) -> tuple[Facilitator, str]:
    leader = Facilitator(server.url)
    leader.make_account(server.first_link, "Robin Example", "robin@example.org", "quiet rivers carry boats")
    live_id = leader.make_session("getting-unstuck", {"team": "Customer service", "expected": str(PHONES)})
    leader.take_the_console()
    return leader, live_id


def _code(server: LiveServer, live_id: str) -> str:
    database = Database(server.database_url)
    with database.transaction() as session:
        code = session.scalar(select(LiveSession.code).where(LiveSession.id == live_id))
    database.engine.dispose()
    assert code
    return code


def _ask(leader: Facilitator, phone: Phone) -> str:
    """Open the text question and return its run as a phone sees it."""
    leader.press("start")
    leader.press(f"jump:{TEXTS}")
    leader.press("open")
    html = phone.socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
    return pages.attribute(html, "data-run")


def _cards(server: LiveServer, run: str) -> list[str]:
    database = Database(server.database_url)
    with database.transaction() as session:
        state = session.scalar(select(ActivityRun.state).where(ActivityRun.id == run))
        texts = list(session.scalars(select(Card.text).where(Card.run_id == run)))
    database.engine.dispose()
    assert state == "released"
    return texts
