"""Promise 8: every address and every event of the code, for every role, in every state of a session.

Lives here: the walk. What the code has is read from the code, and so is whom it
is declared for (`@audience` on each view, `EVENTS` below for the wire): a new
address without a declaration is a finding, and so is a new event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import update

from ... import create_app, retention
from ...models import LiveSession
from ..cast import ROLES, Phone, Room
from ..sorts import canary, fields_for
from ..verdicts import Finding, count
from ..wire import Browser, Refused, Socket, WireError
from . import World

EVENTS: dict[str, frozenset[str]] = {
    "answer": frozenset({"phone"}),
    "mine": frozenset({"phone"}),
    "screen": frozenset({"phone", "stage", *ROLES}),
    "signal": frozenset({"phone"}),
    "breakout": frozenset({"phone"}),
    "move": frozenset({"run"}),
}
"""Who gets more than a refusal, event by event; the test of the promise holds the same table against the code."""

PAYLOADS: dict[str, dict[str, Any]] = {
    "answer": {"revision": 1, "fields": {"text-0": ["by the wrong hands"]}},
    "move": {"command": "blank", "argument": "on"},
    "signal": {"what": "word"},
    "breakout": {"what": "take"},
}

CALLERS = ("nobody", "stranger", "phone", "staff", "admin", *ROLES, "remote")
"""`stranger` has a seat in another session; `staff` and `admin` are signed in without a part in this one."""

SLOW = re.compile(r"draft.*\.pdf|/static/|charts\.zip|\.pdf$")
"""Files that are printed while one waits; the draft's page holds the same words, and `papers.py` reads a PDF."""


def allowed(names: tuple[str, ...]) -> frozenset[str]:
    """Return the callers that a view is declared for."""
    found: set[str] = set()
    for name in names:
        # The stage's link is its right; an operator is whoever asks from this machine itself, as everybody here does.
        if name in ("anybody", "stage", "operator"):
            return frozenset(CALLERS)
        if name == "seat":
            found.add("phone")
        elif name == "staff":
            found |= {"staff", "admin", *ROLES}
        elif name == "session:remote":
            found.add("remote")
        else:
            found.add(name.removeprefix("session:"))
    return frozenset(found)


class Walk:
    """One session that goes through all states while everybody tries every door."""

    def __init__(self, world: World) -> None:
        self.world = world
        # For its map of addresses and events alone: nothing is served by it, and no ballot box is opened.
        app = create_app(world.scratch.settings)
        self.routes = [
            (method, rule.rule, tuple(getattr(app.view_functions[rule.endpoint], "audience", ())))
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
        self.events = set(app.extensions["socketio"].server.handlers["/"]) - {"connect", "disconnect"}
        app.extensions["house"].database.engine.dispose()
        self.wrong_doors: list[str] = [
            f"{method} {rule}: no declared audience" for method, rule, names in self.routes if not names
        ]
        self.wrong_events: list[str] = [f"{event}: no declared audience" for event in self.events ^ set(EVENTS)]
        self.wrong_words: list[str] = []
        self.doors = self.pages = self.said = 0
        self.link = "none.none"
        self._tokens: dict[str, str] = {}

    def begin(self) -> Room:
        """Make the session and its callers."""
        self.room = room = self.world.room(["text", "text", "scale"], 12, start=False)
        other = self.world.room(["text"], 1, watched=False)
        scratch, staff = self.world.scratch, self.world.staff
        self.stranger = other
        self.browsers = {"nobody": Browser(scratch.address), "stranger": other.phones[0].browser}
        self.caller = Phone.marked(scratch, 77)
        self.caller.join(room.live)
        self.browsers |= {"phone": self.caller.browser, "remote": room.steer()}
        self.browsers |= {name: staff.browsers[name] for name in ("staff", "admin", *ROLES)}
        return room

    def values(self) -> dict[str, str]:
        """Return a real value for each variable part of an address, and "none" for what has none here."""
        live = self.room.live
        return {
            "live_id": live.id, "guide_id": live.guide_id or "none", "stage_token": live.stage_token or "none",
            "join_token": live.join_token, "code": live.code or "ABCDEF", "link": self.link, "activity_id": "q0",
            "edition": "manager", "paper": "A4", "number": "1", "name": "phone.css", "fingerprint": "0",
        }  # fmt: skip

    def address(self, rule: str, values: dict[str, str]) -> str:
        """Return a rule as an address of this session."""
        return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", lambda part: values.get(part[1], "none"), rule)

    def look(self, state: str, hidden: list[str], whole: bool = False) -> None:
        """Let every caller open every page, and search each for words that the room has not seen."""
        values = self.values()
        for method, rule, names in self.routes:
            if method != "GET" or SLOW.search(rule) or not (whole or re.search("live_id|token|link|code", rule)):
                continue
            rights = allowed(names)
            self.room.frames()  # whoever does not answer a ping is cut off
            for caller, browser in self.browsers.items():
                reply = browser.get(self.address(rule, values))
                self.pages += 1
                text = reply.text + repr(reply.headers)
                self.wrong_words += [f"{caller} at {rule} while {state}" for word in hidden if word in text][:1]
                if caller not in rights:
                    self._refused(caller, method, rule, state, reply.status, reply.location)
        self._events(state, hidden)

    def press(self, state: str) -> None:
        """Let everybody without the right send every form."""
        values = self.values()
        for method, rule, names in self.routes:
            if method != "POST":
                continue
            self.room.frames()
            for caller in set(self.browsers) - allowed(names):
                browser = self.browsers[caller]
                body = urlencode({"csrf_token": self._token(caller)}).encode()
                reply = browser.ask("POST", self.address(rule, values), body)
                self._refused(caller, method, rule, state, reply.status, reply.location)

    def _refused(self, caller: str, method: str, rule: str, state: str, status: int, location: str) -> None:
        self.doors += 1
        if not (status in (401, 403, 404) or (status == 303 and "/staff/sign-in" in location)):
            self.wrong_doors.append(f"{caller} {method} {rule} while {state}: {status}")

    def _token(self, caller: str) -> str:
        if caller not in self._tokens:
            found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.browsers[caller].get("/").text)
            self._tokens[caller] = found[1] if found else ""
        return self._tokens[caller]

    def _events(self, state: str, hidden: list[str]) -> None:
        live = self.room.live
        wanted = [("nobody", "stage", live.stage_token), ("phone", "phone", live.id)]
        wanted += [(role, "console", live.id) for role in ROLES]
        for caller, browser in self.browsers.items():
            for audience in ("phone", "console"):
                if (caller, audience, live.id) not in wanted and (caller, audience) != ("remote", "console"):
                    self._let_in(caller, browser, audience, live.id, state)
        for caller, audience, name in wanted:
            try:
                socket = Socket(self.browsers[caller], audience, name)
            except WireError:
                continue  # a stage's link that was revoked with the end
            who = "stage" if audience == "stage" else caller
            for event in sorted(self.events):
                payload = {"run": self.room.run_id, "version": live.version, **PAYLOADS.get(event, {})}
                if who in EVENTS.get(event, ()) and event != "screen":
                    continue  # theirs to do; what they do is played elsewhere
                told = socket.call(event, payload)
                self.said += 1
                if who not in EVENTS.get(event, ()) and told.get("code") != "forbidden":
                    self.wrong_events.append(f"{who} {event} while {state}: {told.get('code') or 'done'}")
                text = repr(told) + repr([frame.data for frame in socket.taken()])
                self.wrong_words += [f"{who} by {event} while {state}" for word in hidden if word in text][:1]
            socket.close()

    def _let_in(self, caller: str, browser: Browser, audience: str, name: str, state: str) -> None:
        self.said += 1
        try:
            Socket(browser, audience, name).close()
        except Refused:
            return
        self.wrong_events.append(f"{caller} was let in as {audience} while {state}")


def doors(world: World) -> Iterator[Finding]:
    """Walk from the lobby to the purge; at each state everybody tries everything."""
    walk = Walk(world)
    room = walk.begin()
    walk.look("lobby", [])
    room.press("start")
    run_id = room.open()
    gone, words, few = ([canary() for _phone in room.phones] for _set in range(3))
    for number, phone in enumerate(room.phones):
        phone.send(run_id, fields_for("text", gone[number]))
        phone.send(run_id, fields_for("text", words[number], quotable=number < 6), revision=2)
    walk.look("open", [*gone, *words], whole=True)
    walk.press("open")
    room.version = room.live.version
    room.press("close")
    walk.look("released", gone)
    room.press("next")
    run_id = room.open()
    for number, phone in enumerate(room.phones):
        phone.send(run_id, fields_for("text", few[number]))
        if number > 3:
            phone.send(run_id, None, revision=2)
    room.press("close")
    hidden = [*gone, *few]
    walk.look("too few", hidden)
    room.press("end")
    walk.look("ended", hidden)
    walk.link = room.hand_over().removeprefix("/r/")
    walk.look("frozen", hidden)
    _purge(world, room)
    walk.look("purged", [*hidden, *words[6:]])  # a report outlives the data, with the words that may be quoted
    world.words += [*gone, *words, *few]
    world.marks += walk.caller.marks
    world.done(room)
    world.done(walk.stranger)
    states, routes = 7, len(walk.routes)
    yield count(
        "doors", 8, "every role", f"one of {routes} addresses open to somebody it is not declared for, or declared for nobody",
        walk.wrong_doors, walk.doors, f"refusals in {states} states",
    )  # fmt: skip
    yield count(
        "words-behind-doors", 8, "every role", "a word that the room has not seen, or has not any more, on any page or event",
        walk.wrong_words, walk.pages + walk.said, f"pages and events in {states} states",
    )  # fmt: skip
    yield count(
        "events", 8, "every role", f"one of {len(walk.events)} events that does something for the wrong hands, or is declared for nobody",
        walk.wrong_events, walk.said, "events",
    )  # fmt: skip


def _purge(world: World, room: Room) -> None:
    """Let the term of the session's data be over: its end is moved into the past, then the product's own purge runs."""
    house, live = world.scratch.house, room.live
    long_ago = house.clock() - timedelta(days=live.keep_days + 30)
    with house.database.transaction() as session:
        session.execute(update(LiveSession).where(LiveSession.id == room.live_id).values(ended_at=long_ago))
    retention.purge(house.database, house.settings.keep_reports_days, house.clock().date())


CHECKS: tuple[Any, ...] = (doors,)
