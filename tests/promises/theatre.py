"""A session with everybody who could look at it: over HTTP and over sockets, role by role.

Lives here: the callers, and how each asks for every route and every event. Not
here: who may do what (`test_08_no_privileged_view.py` has the one table).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient
from werkzeug.test import TestResponse

from tests.conftest import make_account, signed_in
from workshop import accounts, anonymity, facilitators
from workshop.house import House
from workshop.models import Account, SessionRole

from .stagehands import Room, room

STAFF = ("run", "moderate", "watch")
CALLERS = ("nobody", "phone", "staff", "admin", *STAFF, "remote")
"""`staff` and `admin` are signed in but have no role in the session; `phone` has joined and not answered; `remote`
steers for the one who runs it."""

STATES = ("lobby", "open", "closing", "released", "too_few", "ended", "frozen", "purged")


@dataclass(frozen=True)
class Answer:
    """An answer to one request, without what is new each time."""

    status: int
    location: str
    text: str

    @classmethod
    def of(cls, response: TestResponse) -> Answer:
        """Keep what may be compared."""
        return cls(response.status_code, response.location or "", steady(response))


@dataclass
class Theatre:
    """One session and its callers. `words` were sent; `gone` were sent and taken back."""

    app: Flask
    house: House
    played: Room
    clients: dict[str, FlaskClient]
    words: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    state: str = ""
    link: str = "none"  # to the manager's edition, once there is one
    _pages: dict[str, dict[str, Answer]] = field(default_factory=dict)

    @property
    def live_id(self) -> str:
        """Return the id of the session."""
        return self.played.live_id

    def values(self) -> dict[str, str]:
        """Return a real value for every variable part of an address; a new part needs one here."""
        live = self.played.live
        return {
            "live_id": live.id,
            "guide_id": live.guide_id or "",
            "stage_token": live.stage_token or "revoked",
            "join_token": live.join_token,
            "code": live.code or "ABCDEF",
            "account_id": "nobody",
            "token": "none",
            "link": self.link,
            "delivery_id": "none",
            "invitation_id": "none",
            "mail_id": "none",
            "action_id": "none",
            "activity_id": "q0",
            "team_key": "none",
            "number": "1",
            "edition": "manager",
            "paper": "A4",
            "fingerprint": "0",
            "name": "phone.css",
        }

    def address(self, rule: Any, values: dict[str, str] | None = None) -> str:
        """Return a rule as an address of this session."""
        values = values or self.values()
        return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda part: values[part.group(1)], str(rule.rule))

    def ask(self, caller: str, method: str, address: str) -> TestResponse:
        """Send one request as that caller, a form without any field."""
        return self.clients[caller].open(address, method=method, data={} if method == "POST" else None)

    def rules(self, method: str) -> Iterator[tuple[str, Any]]:
        """Yield (rule, rule object) of every route that takes this method."""
        for rule in self.app.url_map.iter_rules():
            if method in (rule.methods or set()):
                yield rule.rule, rule

    def page(self, caller: str, name: str) -> str:
        """Return what one GET route gives to that caller."""
        found = next(rule for known, rule in self.rules("GET") if known == name)
        return steady(self.ask(caller, "GET", self.address(found)))

    def answers(self, caller: str, *, paper: bool = False) -> dict[str, Answer]:
        """Return what every GET route gives to that caller, but for what differs at each request by nature.

        `paper`: also the drafts that are printed while one waits, a few seconds each.
        """
        values = self.values()
        return {
            name: Answer.of(self.ask(caller, "GET", self.address(rule, values)))
            for name, rule in self.rules("GET")
            if not name.startswith("/static/") and (paper or not (name.endswith(".pdf") and "draft" in name))
        }

    def kept(self, caller: str) -> dict[str, Answer]:
        """Return the answers to that caller, asked for once: for sessions in which nothing changes any more."""
        if caller not in self._pages:
            self._pages[caller] = self.answers(caller, paper=self.state == "open")
        return self._pages[caller]

    def socket(self, caller: str, audience: str, name: object = None) -> SocketIOTestClient:
        """Return a connection of that caller that asks to be let in as `audience`, by the right name or another."""
        live = self.played.live
        if name is None:
            name = live.stage_token if audience == "stage" else live.id
        return SocketIOTestClient(
            self.app, self.app.extensions["socketio"], auth={"audience": audience, "live": name},
            flask_test_client=self.clients[caller],
        )  # fmt: skip

    def close(self) -> None:
        """Let the boxes go."""
        self.house.boxes.close()


PROCESS = r"^unstuck_(cpu_seconds_total|memory_bytes|open_files_ratio|loop_late_seconds|disk_free_bytes) .*$"
"""The figures of `/metrics` that are the machine's and go on by themselves."""


def steady(response: TestResponse) -> str:
    """Return the body of an answer without tokens that are new each time, and without PDF's own numbers."""
    if response.mimetype == "application/pdf":
        from io import BytesIO

        from pypdf import PdfReader

        return "\n".join(page.extract_text() for page in PdfReader(BytesIO(response.data)).pages)
    if response.data.startswith(b"PK"):
        import zipfile
        from io import BytesIO

        with zipfile.ZipFile(BytesIO(response.data)) as bundle:
            return "\n".join(bundle.read(name).decode(errors="replace") for name in bundle.namelist())
    text = response.get_data(as_text=True)
    text = re.sub(r'(name="csrf_token"[^>]*value="|"csrf":\s*")[^"]+', r"\1", text)
    return re.sub(PROCESS, "", text, flags=re.MULTILINE)


def _give_a_remote(house: House, live_id: str, account: Account, client: FlaskClient) -> None:
    """Make a phone the remote of somebody's console."""
    with house.database.transaction() as session:
        browser = accounts.open_browser(session, account.id, house.clock())
        path = facilitators.remote_link(session, account, live_id, browser, house.clock())
    assert client.post(path).status_code == 303


def build(app: Flask, sorts: tuple[str, ...], phones: int, *, lobby: bool = False, **settings: Any) -> Theatre:
    """Return a session with a caller of each sort."""
    house: House = app.extensions["house"]
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # rights must hold against somebody who has a valid token, too
    played = room(house, sorts, phones, lobby=lobby, **settings)
    clients = {caller: app.test_client() for caller in CALLERS}
    for caller in ("staff", "admin", *STAFF):
        account = make_account(house, "admin" if caller == "admin" else "facilitator")
        signed_in(clients[caller], account)
        if caller in STAFF:
            with house.database.transaction() as session:
                session.add(SessionRole(live_id=played.live_id, account_id=account.id, role=caller))
            if caller == "run":
                _give_a_remote(house, played.live_id, account, clients["remote"])
    played.join(1)
    cookie = anonymity.seat_cookie(played.live_id, house.settings.https)
    clients["phone"].set_cookie(cookie, played.seats[-1])
    return Theatre(app, house, played, clients)
