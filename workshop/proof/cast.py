"""The people of a simulated session: phones, watchers and staff, on real sockets and real pages.

Lives here: how each of them joins, sends, presses and looks. An operator's
preparations (accounts, the guide, the session itself) go through the services;
whatever happens in the session goes over the wire. Not here: who does what when.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .. import accounts, anonymity, live_sessions
from ..models import Account, ActivityRun, LiveSession, SessionRole
from .scratch import Scratch
from .sorts import add_guide, canary, guide_source
from .wire import Browser, Reply, Socket, WireError

ROLES = ("run", "moderate", "watch")
PASSWORD = "quiet rivers carry boats"  # noqa: S105 - of accounts that are gone with the scratch folder
CONSOLES = 3
"""Connections a console's presses are spread over: one alone may send twenty events a second."""


@dataclass
class Staff:
    """The accounts of a scratch installation, signed in. `staff` and `admin` have no part in any session."""

    accounts: dict[str, Account]
    browsers: dict[str, Browser]

    @classmethod
    def of(cls, scratch: Scratch) -> Staff:
        """Make the accounts and sign them in by the form."""
        made, browsers = {}, {}
        for name in (*ROLES, "staff", "admin"):
            mail = f"{name}@example.org"
            role = "admin" if name == "admin" else "facilitator"
            made[name] = accounts.create(scratch.house, mail, f"{name.title()} Example", role, PASSWORD)
            browser = Browser(scratch.address)
            reply = browser.post("/staff/sign-in", {"email": mail, "password": PASSWORD})
            if reply.status != 303:
                raise WireError(f"signing in was answered with {reply.status}")
            browsers[name] = browser
        return cls(made, browsers)


@dataclass
class Phone:
    """One participant's device: a marked browser and, once it has joined, a socket."""

    browser: Browser
    live_id: str = ""
    marks: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # of its connections, the server's own
    socket: Socket | None = None

    @classmethod
    def marked(cls, scratch: Scratch, number: int) -> Phone:
        """Return a phone whose address, user agent and foreign cookie can be recognised anywhere."""
        agent, forwarded, cookie = canary(), f"203.0.113.{number % 250 + 1}", canary()
        headers = {"User-Agent": f"Browser {agent}", "X-Forwarded-For": forwarded, "X-Real-IP": forwarded}
        browser = Browser(scratch.address, headers, {"tracking": cookie}, source=f"127.0.0.{100 + number % 100}")
        return cls(browser, marks=[agent, cookie, forwarded, browser.source])

    def join(self, live: LiveSession, slip: str = "") -> Reply:
        """Read the welcome and press join; the seat's cookie is a mark from now on."""
        self.live_id = live.id
        page = f"/j/{live.join_token}"
        reply = self.browser.post(page, {"slip": slip} if slip else {}, page=page)
        seat = self.seat
        if seat:
            self.marks += [seat, *seat.split(".")]
        return reply

    @property
    def seat(self) -> str:
        """Return the value of the seat's cookie, "" without one."""
        return next(
            (value for name, value in self.browser.cookies.items() if name.endswith(f"seat-{self.live_id}")), ""
        )

    def connect(self) -> Socket:
        """Open the page's socket."""
        self.socket = Socket(self.browser, "phone", self.live_id)
        self.ids += self.socket.ids
        return self.socket

    def send(
        self, run_id: str, fields: Mapping[str, Sequence[str]] | None, revision: int = 1, bucket: int = 2048
    ) -> dict[str, Any]:
        """Send an answer, or a pass (None), padded as the page's script pads it; return the acknowledgement."""
        assert self.socket is not None
        message: dict[str, Any] = {"run": run_id, "revision": revision, "fields": fields}
        weight = len(json.dumps(message).encode())
        message["pad"] = "." * max(0, bucket - weight)
        return self.socket.call("answer", message)

    def page(self) -> str:
        """Return the phone's page as it is drawn now."""
        return self.browser.get(f"/s/{self.live_id}/").text

    def ask_for(self, receipt: str, act: str) -> bool:
        """Ask something for the card of a receipt, as the phone's own page does; return whether it was accepted."""
        page = self.browser.get(f"/s/{self.live_id}/sent").text
        token = re.search(r'data-csrf="([^"]+)"|name="csrf_token"[^>]*value="([^"]+)"', page)
        csrf = (token[1] or token[2]) if token else ""
        body = json.dumps({"receipt": receipt, "act": act}).encode()
        address = f"/s/{self.live_id}/receipts"
        return self.browser.ask("POST", address, body, "application/json", **{"X-CSRFToken": csrf}).status == 200

    def leave(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None


class Room:
    """A live session with its phones, its stage and its consoles."""

    def __init__(self, scratch: Scratch, staff: Staff, sorts: Sequence[str], phones: int, **settings: Any) -> None:
        self.scratch, self.staff, self.sorts = scratch, staff, tuple(sorts)
        values: dict[str, Any] = {
            "title": "Proof",
            "team": "",
            "language": "en",
            "expected": max(phones, 1),
            "leader": "Lee Example",
        }
        values |= {"leader_is_manager": False, "freeze_after_minutes": 0, **settings}
        guide = values.pop("guide", None) or guide_source(sorts)
        new = live_sessions.NewSession(guide_id=add_guide(scratch.house, guide), **values)
        self.live_id = live_sessions.create(scratch.house, staff.accounts["run"], new)
        with scratch.house.database.transaction() as session:
            for role in ROLES[1:]:
                session.add(SessionRole(live_id=self.live_id, account_id=staff.accounts[role].id, role=role))
        self.version, self._turn = 1, 0
        self.phones: list[Phone] = []
        self.consoles: list[Socket] = []
        self.watchers: dict[str, Socket] = {}
        self.join(phones)

    @property
    def live(self) -> LiveSession:
        """Return the row of the session as it is now."""
        with self.scratch.house.database.transaction() as session:
            return live_sessions.get(session, self.live_id)

    @property
    def run_id(self) -> str:
        """Return the run the room is at, "" where nothing was asked yet."""
        with self.scratch.house.database.transaction() as session:
            live = live_sessions.get(session, self.live_id)
            run: ActivityRun | None = live_sessions.run_of(session, live, live.at)
            return run.id if run else ""

    def join(self, phones: int) -> None:
        """Let so many more phones in, sockets and all."""
        live = self.live
        for _number in range(phones):
            phone = Phone.marked(self.scratch, len(self.phones))
            reply = phone.join(live)
            if reply.status != 303 or not phone.seat:
                raise WireError(f"joining was answered with {reply.status}")
            phone.connect()
            self.phones.append(phone)

    def watch(self) -> dict[str, Socket]:
        """Connect the stage and a console of each role; return them by name."""
        live, run = self.live, self.staff.browsers["run"]
        self.consoles = [Socket(run, "console", self.live_id) for _turn in range(CONSOLES)]
        self.watchers = {
            "stage": Socket(Browser(self.scratch.address), "stage", live.stage_token),
            "run": self.consoles[0],
        }
        for role in ROLES[1:]:
            self.watchers[role] = Socket(self.staff.browsers[role], "console", self.live_id)
        self.version = live.version
        return self.watchers

    def press(self, command: str, argument: str = "") -> None:
        """Press a button of the console."""
        for _attempt in range(8):
            self._turn += 1
            console = self.consoles[self._turn % len(self.consoles)]
            done = console.call("move", {"command": command, "argument": argument, "version": self.version})
            if done.get("ok"):
                self.version = done["version"]
                return
            if done.get("code") != "stale":
                raise WireError(f"the move {command} was refused: {done.get('sentence') or done}")
            self.version = self.live.version
        raise WireError(f"the move {command} was stale again and again")

    def open(self) -> str:
        """Open the question the room is at and return its run."""
        self.press("open")
        return self.run_id

    def show(self, who: str) -> Any:
        """Let one of the audiences ask for its screen, as a page does that was reloaded; return the message."""
        if who == "run":
            self._turn += 1
            return self.consoles[self._turn % len(self.consoles)].call("screen", {})
        return self.watchers[who].call("screen", {})

    def look(self, *who: str) -> None:
        """Let several audiences ask at once; what they are told lies among their frames."""
        asking = []
        for name in who:
            if name == "run":
                self._turn += 1
                asking.append(self.consoles[self._turn % len(self.consoles)])
            elif name.startswith("phone"):
                socket = self.phones[int(name.partition(" ")[2])].socket
                assert socket is not None
                asking.append(socket)
            else:
                asking.append(self.watchers[name])
        numbers = [socket.ask("screen", {}) for socket in asking]
        for socket, number in zip(asking, numbers, strict=True):
            socket.answer(number)

    def frames(self) -> dict[str, list[Any]]:
        """Return what has reached every audience since the last time; phones by their number."""
        found: dict[str, list[Any]] = {"run": []}
        for console in self.consoles:
            found["run"] += console.taken()
        found |= {name: one.taken() for name, one in self.watchers.items() if name != "run"}
        for number, phone in enumerate(self.phones):
            if phone.socket is not None:
                found[f"phone {number}"] = phone.socket.taken()
        return found

    def address(self, tail: str = "") -> str:
        """Return a path of this session's staff pages."""
        return f"/staff/sessions/{self.live_id}/{tail}"

    def secret(self, phone: int) -> bytes:
        """Return what is in a phone's cookie; the harness may know it, no attacker does."""
        found = anonymity.read_seat(self.scratch.house.seat_key, self.live_id, self.phones[phone].seat)
        assert found is not None
        return found

    def hand_over(self) -> str:
        """Freeze the report and make a link to the manager's edition, by the facilitator's own pages; return its path."""
        run = self.staff.browsers["run"]
        page = self.address("report")
        if run.post(f"{page}/freeze", {}, page=f"{page}/freeze").status != 303:
            raise WireError("the report could not be frozen")
        run.post(self.address("deliveries"), {"reader": "Head of department", "days": "30"}, page=page)
        link = re.search(r"/r/[\w.-]+", run.get(page).text)
        if link is None:
            raise WireError("no link to the report was made")
        return link[0]

    def plan_check_in(self, first_day: date) -> str:
        """Plan the first check-in at once, as the server does at its next round by itself; return the page that says so."""
        page, run = self.address("follow-up"), self.staff.browsers["run"]
        run.post(f"{page}/1", {"c1-on": "y", "c1-first_day": first_day.isoformat()}, page=page)
        return run.get(page).text

    def steer(self) -> Browser:
        """Return a phone that steers this session for the one who runs it."""
        browser, page = Browser(self.scratch.address), self.address("remote")
        link = re.search(r"/staff/remote/[\w-]+", self.staff.browsers["run"].post(page, {}, page=page).text)
        if link is None or browser.post(link[0], {}, page=link[0]).status != 303:
            raise WireError("no phone could be made a remote")
        return browser

    def away(self) -> None:
        """Close every connection."""
        for phone in self.phones:
            phone.leave()
            phone.browser.hang_up()
        for socket in (*self.consoles, *self.watchers.values()):
            socket.close()
