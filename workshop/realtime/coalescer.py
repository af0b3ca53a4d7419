"""From "something changed" to what each audience is sent.

Lives here: a set of live sessions that changed, emptied about four times a
second; each audience is sent its whole screen, never a delta, so a missed push
is healed by the next. Not here: what a screen holds (`screens/`).
"""

from __future__ import annotations

import logging
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from time import monotonic
from typing import Any

from flask import Flask, g
from flask_babel import force_locale
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from .. import answers, fragments, moderation, questions, screens, themes
from ..house import House
from ..models import ActivityRun, LiveSession
from ..words import locale_of
from .rooms import Registry, room
from .transport import Transport

log = logging.getLogger(__name__)

INTERVAL = 0.25  # seconds between two pushes: calm for the eye, free for the server (REALTIME.md)

CALM = 4.0
"""Seconds between two pushes to phones when only themes move."""

ROLES = ("run", "moderate", "watch")

_BATCHES = select(func.coalesce(func.sum(ActivityRun.batch), 0)).where(
    ActivityRun.live_id == bindparam("live_id"), ActivityRun.state == "open"
)
_STATE = select(
    LiveSession.version,
    _BATCHES.scalar_subquery(),
    questions.TURNS.scalar_subquery(),
    moderation.CHANGES.scalar_subquery(),  # what is hidden goes from every phone at once
    themes.CHANGES.scalar_subquery(),
).where(LiveSession.id == bindparam("live_id"))
"""What changes a phone's screen, in one question to the database: a whole room waits for its answer."""


class Coalescer:
    """Gathers notices and pushes screens.

    `boot` names a room since this start of the server and `seq` counts what was
    pushed into it: a client drops an older `seq` of the same boot. A screen that
    was asked for carries the present count: one counter for all would tell each
    client how often the others reconnect, edit or come in (promise 13).
    """

    def __init__(self, app: Flask, house: House, transport: Transport, registry: Registry) -> None:
        self.app = app
        self._house = house
        self._transport = transport
        self._registry = registry
        self._dirty: set[str] = set()
        self._boots: defaultdict[str, str] = defaultdict(lambda: secrets.token_hex(4))
        self._seqs: Counter[str] = Counter()
        self._sent: dict[tuple[str, str], tuple[str, str]] = {}
        self._grouped: dict[str, float] = {}  # room -> when its phones last got themes that moved
        self._later: dict[str, float] = {}  # session -> when they get the next
        self.wake: Callable[[], None] = lambda: None
        """Ends the present pause of `run`; whoever makes the pause puts it here."""
        self.breathe: Callable[[], None] = lambda: None
        """Lets everything else have a turn between two sessions: answers must not wait until all consoles are drawn."""

    def mark(self, live_id: str) -> None:
        """Note that a live session changed."""
        self._dirty.add(live_id)

    def hurry(self, live_id: str) -> None:
        """Note that somebody has moved a live session on, and do not let its room wait for the next round.

        Answers never hurry anybody: a push at the moment of each would tell when it came.
        """
        self.mark(live_id)
        self.wake()

    def flush(self) -> None:
        """Push to every audience of every changed live session."""
        now = monotonic()
        due = {live_id for live_id, moment in self._later.items() if moment <= now}
        for live_id in due:
            del self._later[live_id]
        changed, self._dirty = self._dirty | due, set()
        for live_id in changed:
            try:
                self._push(live_id)
            except Exception as error:  # one session's trouble must not silence the others
                log.error("a push failed: %s", type(error).__name__)
                if self.app.debug or self.app.testing:
                    raise
            self.breathe()

    def run(self, sleep: Callable[[float], None]) -> None:
        """Flush for ever, `INTERVAL` seconds apart, or as soon as `sleep` is woken."""
        while True:
            self.flush()
            sleep(INTERVAL)

    def _push(self, live_id: str) -> None:
        with self._house.database.transaction() as session:  # one for all: each costs as much as a screen of a phone
            self._push_within(session, live_id)
        if len(self._sent) > 5000:  # sessions that ended long ago
            self._sent.clear()
            self._grouped.clear()

    def _push_within(self, session: Session, live_id: str) -> None:
        present = self._state(session, live_id)
        for audience, role, language in self._audiences(live_id):  # the phones first
            name = room(live_id, audience, role, language)
            state = present if audience == "phone" else ""
            before = self._sent.get((live_id, name))
            if audience == "phone" and before is not None and self._may_wait(live_id, name, before[0], state):
                continue  # counts do not show on phones, so an answer wakes none of them
            if audience != "phone" and not self._registry.is_anyone(live_id, audience, role, language):
                self._sent.pop((live_id, name), None)  # who comes asks for the screen
                continue
            message = self._message(session, live_id, audience, role, language)
            if message is None:
                continue
            if before is None or before[1] != message["html"]:
                self._seqs[name] += 1
                message["seq"] = self._seqs[name]
                self._transport.emit("screen", message, name)
                if audience == "phone":
                    answers.look_ahead(self._house, live_id)
            self._sent[(live_id, name)] = (state, message["html"])

    def _audiences(self, live_id: str) -> list[tuple[str, str, str]]:
        """Return audience, role and language of each room; another language only while somebody follows in it."""
        return [
            ("phone", "", ""),
            *(("phone", "", language) for language in self._registry.languages(live_id, "phone")),
            ("stage", "", ""),
            *(("stage", "", language) for language in self._registry.languages(live_id, "stage")),
            *(
                ("console", role, language)
                for role in ROLES
                for language in ("", *self._registry.languages(live_id, "console"))
            ),
        ]

    def _state(self, session: Session, live_id: str) -> str:
        version, batches, turns, decided, boards = session.execute(_STATE, {"live_id": live_id}).first() or (0,) * 5
        return f"{version}:{batches}.{turns}.{decided}/{boards}"

    def _may_wait(self, live_id: str, name: str, before: str, state: str) -> bool:
        """Return whether the phones need nothing now: nothing changed, or only themes, and those but a moment ago.

        A wall of cards is large and hundreds of phones read it at leisure: while somebody groups, they get
        it every few seconds. The stage and the consoles see each move.
        """
        if before == state:
            return True
        if before.partition("/")[0] != state.partition("/")[0]:
            return False
        now = monotonic()
        if self._grouped.get(name, now - CALM) + CALM > now:
            self._later.setdefault(live_id, self._grouped[name] + CALM)
            return True
        self._grouped[name] = now
        return False

    def message(self, live_id: str, audience: str, role: str = "", language: str = "") -> dict[str, Any] | None:
        """Return the present screen of an audience as it is sent; None when the session is gone."""
        with self._house.database.transaction() as session:
            return self._message(session, live_id, audience, role, language)

    def _message(
        self, session: Session, live_id: str, audience: str, role: str, language: str
    ) -> dict[str, Any] | None:
        live = session.get(LiveSession, live_id)
        if live is None:
            return None
        with self.app.test_request_context(base_url=self._house.settings.public_url):
            g.language = language or live.language
            g.pushed = True  # forms in a pushed fragment carry no token of a visitor's session
            with force_locale(locale_of(g.language)):
                key, html = self._render(session, live, audience, role, language)
        name = room(live_id, audience, role, language)
        return {"boot": self._boots[name], "seq": self._seqs[name], "key": key, "version": live.version, "html": html}

    def _render(self, session: Session, live: LiveSession, audience: str, role: str, language: str) -> tuple[str, str]:
        if audience == "phone":
            phone = screens.phone(session, live, self._house, language)
            return phone.key, fragments.phone(phone)
        if audience == "stage":
            stage = screens.stage(session, live, self._house, language)
            return stage.key, fragments.stage(stage)
        console = screens.console(session, live, role, self._house)
        return console.stage.key, fragments.console(console)
