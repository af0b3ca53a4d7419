"""A room of phones at one open question on a real server: what several journeys begin with.

Lives here: joining, sending, coming back. Not here: what a journey proves.
"""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import select

from tests.conftest import LiveServer
from workshop.db import Database
from workshop.demo import pages
from workshop.demo.people import Facilitator, Phone
from workshop.models import ActivityRun, Card, LiveSession

PASSWORD = "quiet rivers carry boats"
TEXTS = "lost-spark"
"""The first question of the main guide that takes texts."""


class Room:
    """A facilitator and some phones; `url` is where they reach the server, its own port if nothing stands between."""

    def __init__(self, server: LiveServer, phones: int, url: str = "") -> None:
        self.server = server
        self.url = url or server.url
        self.leader = Facilitator(self.url)
        self.leader.make_account(server.first_link, "Robin Example", "robin@example.org", PASSWORD)
        self.live_id = self.leader.make_session(
            "getting-unstuck", {"team": "Customer service", "expected": str(max(5, phones))}
        )
        self.leader.take_the_console()
        self.phones: list[Phone] = []
        for _number in range(phones):
            self.another()

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_about: object) -> None:
        leaving = [threading.Thread(target=hang_up, args=(one,)) for one in (self.leader, *self.phones)]
        for thread in leaving:  # a goodbye takes the client library some seconds
            thread.start()
        for thread in leaving:
            thread.join()

    def another(self) -> Phone:
        """Let one more phone in."""
        self.phones.append(Phone(code_of(self.server.database_url, self.live_id), self.url))
        return self.phones[-1]

    def ask(self) -> str:
        """Open the text question and return its run as a phone sees it."""
        self.leader.press("start")
        self.leader.press(f"jump:{TEXTS}")
        self.leader.press("open")
        html = self.phones[0].socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
        return pages.attribute(html, "data-run")

    def send(self, phone: Phone, run: str, revision: int, text: str) -> dict[str, Any]:
        """Send a phone's answer; return the acknowledgement."""
        return phone.socket.call("answer", {"run": run, "revision": revision, "fields": {"text-0": [text]}, "pad": ""})

    def come_back(self, phone: Phone) -> None:
        """Connect a phone anew with the seat it has."""
        drop(phone)
        phone.socket = phone.browser.connect("phone", self.live_id)

    def sign_in(self) -> None:
        """Sign the facilitator in by the form, and open the console."""
        self.leader.browser.submit("/staff/sign-in", {"email": "robin@example.org", "password": PASSWORD})
        drop(self.leader)
        self.leader.take_the_console()


def drop(one: Phone | Facilitator) -> None:
    """Close a connection, whether or not somebody still holds its other end."""
    websocket = getattr(one.socket.client.eio, "ws", None)
    one.socket.close()
    if websocket is not None:
        websocket.close()


def hang_up(one: Phone | Facilitator) -> None:
    """Close every connection of a browser; its cookies stay."""
    drop(one)
    one.browser.http.close()


def code_of(database_url: str, live_id: str) -> str:
    """Return the code that opens a session."""
    database = Database(database_url)
    with database.transaction() as session:
        code = session.scalar(select(LiveSession.code).where(LiveSession.id == live_id))
    database.engine.dispose()
    assert code
    return code


def cards_of(server: LiveServer, run: str) -> list[str]:
    """Return the released texts of a run."""
    database = Database(server.database_url)
    with database.transaction() as session:
        state = session.scalar(select(ActivityRun.state).where(ActivityRun.id == run))
        texts = list(session.scalars(select(Card.text).where(Card.run_id == run)))
    database.engine.dispose()
    assert state == "released"
    return texts
