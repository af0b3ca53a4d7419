"""Who may enter which room. Decided here from cookies and rights, never from what a client names.

Lives here: the callers that are connected now, in memory only. Not here: what
they may do (`events.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy import select

from .. import accounts, anonymity, facilitators, live_sessions, live_state
from ..errors import WorkshopError
from ..house import House
from ..models import LiveSession

SOCKETS_PER_SEAT = 6  # two tabs, and some that are not yet known to be dead
EVENTS_PER_SECOND = 20.0
EVENTS_AT_ONCE = 60.0


def room(live_id: str, audience: str, role: str = "", language: str = "") -> str:
    """Return the name of the room of one audience of one live session.

    Consoles differ by role; stages and phones by language, where nothing
    stands for the session's own.
    """
    return f"{live_id}:{audience}:{role}:{language}"


@dataclass
class Caller:
    """A connection that was let in. It lives in memory and is written nowhere."""

    audience: str
    live_id: str
    secret: bytes | None = None
    staff_token: str | None = None
    remote_token: str | None = None  # a phone that steers for somebody; then there is no staff token
    stage_token: str | None = None
    role: str = ""
    name: str = ""  # of staff, for the other consoles
    language: str = ""  # one of the guide's other languages; empty: the session's own
    allowance: float = EVENTS_AT_ONCE
    counted_at: float = field(default_factory=monotonic)

    def may_speak(self) -> bool:
        """Take one event from the allowance; False when there is none left (attack S11)."""
        now = monotonic()
        self.allowance = min(EVENTS_AT_ONCE, self.allowance + (now - self.counted_at) * EVENTS_PER_SECOND)
        self.counted_at = now
        self.allowance -= 1
        return self.allowance >= 0


class Registry:
    """The callers connected to this process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._callers: dict[str, Caller] = {}

    def get(self, sid: str) -> Caller | None:
        """Return who is behind a connection, None for one that was not let in."""
        return self._callers.get(sid)

    def remove(self, sid: str) -> None:
        """Forget a connection."""
        caller = self._callers.pop(sid, None)
        if caller is not None and caller.audience == "console":
            self._house.desks.rise(caller.live_id, sid)

    def admit(self, app: Flask, sid: str, environ: dict[str, Any], auth: object) -> Caller | None:
        """Return the caller if they may enter, else None. `auth` only says what they ask for."""
        if not isinstance(auth, dict):
            return None
        audience, name = auth.get("audience"), auth.get("live")
        if not isinstance(name, str) or len(name) > 64:
            return None
        caller: Caller | None = None
        if audience == "phone":
            caller = self._phone(environ, name, auth.get("language"))
        elif audience == "stage":
            caller = self._stage(name, auth.get("language"))
        elif audience == "console":
            caller = self._console(app, environ, name, auth.get("language"))
        if caller is not None and not self._served_here(caller.live_id):
            return None
        if caller is not None:
            self._callers[sid] = caller
            if caller.audience == "console":
                self._house.desks.sit(caller.live_id, sid, caller.name)
        return caller

    def _served_here(self, live_id: str) -> bool:
        """Return whether this process may serve the session; the client tries again, and is led to the right one."""
        try:
            self._house.keepers.welcome(live_id)
        except WorkshopError:
            return False
        return True

    def _phone(self, environ: dict[str, Any], live_id: str, wanted: object) -> Caller | None:
        cookie = cookies(environ).get(anonymity.seat_cookie(live_id, self._house.settings.https))
        secret = anonymity.read_seat(self._house.seat_key, live_id, cookie)
        if secret is None:
            return None
        with self._house.database.transaction() as session:
            live = session.get(LiveSession, live_id)
            if live is None:
                return None
            language = live_state.reading_language(live, wanted)
        if sum(caller.secret == secret for caller in self._callers.values()) >= SOCKETS_PER_SEAT:
            return None
        return Caller("phone", live_id, secret=secret, language=language)

    def _stage(self, token: str, wanted: object) -> Caller | None:
        with self._house.database.transaction() as session:
            live = session.scalar(select(LiveSession).where(LiveSession.stage_token == token))
            if live is None:
                return None
            language = live_sessions.language_of(live, wanted)
        return Caller("stage", live.id, stage_token=token, language=language)

    def _console(self, app: Flask, environ: dict[str, Any], live_id: str, wanted: object) -> Caller | None:
        token, remote = staff_tokens(app, environ)
        role, name = self.part(token, None, live_id)
        if role:
            remote = None
        else:
            token = None
            role, name = self.part(None, remote, live_id)
        if not role:
            return None
        with self._house.database.transaction() as session:
            live = session.get(LiveSession, live_id)
            language = live_state.reading_language(live, wanted) if live else ""
        return Caller(
            "console", live_id, staff_token=token, remote_token=remote, role=role, name=name, language=language
        )

    def part(self, token: str | None, remote: str | None, live_id: str) -> tuple[str, str]:
        """Return what a signed-in browser, or a remote, may do in a live session now, and whose it is."""
        now = self._house.clock()
        if not token and not remote:
            return "", ""
        with self._house.database.transaction() as session:
            if token:
                account = accounts.account_of(session, token, now)
                found = accounts.role_in(session, account.id, live_id) if account else None
                return (found[1], account.name) if found and account else ("", "")
            steering = facilitators.remote(session, remote, live_id, now)
        return (steering.role, steering.name) if steering else ("", "")

    def role(self, caller: Caller) -> str:
        """Return what somebody at a console may do now; empty: nothing."""
        return self.part(caller.staff_token, caller.remote_token, caller.live_id)[0]

    def still(self, caller: Caller) -> bool:
        """Return whether what let a connection in holds at this moment; a seat holds until its session is gone."""
        if caller.audience == "console":
            return self.role(caller) == caller.role
        if caller.audience == "stage":
            with self._house.database.transaction() as session:
                live = session.get(LiveSession, caller.live_id)
                return live is not None and live.stage_token == caller.stage_token
        return True

    def languages(self, live_id: str, audience: str) -> list[str]:
        """Return the languages beside its own in which somebody follows a session now."""
        spoken = {
            caller.language
            for caller in self._callers.values()
            if caller.live_id == live_id and caller.audience == audience and caller.language
        }
        return sorted(spoken)

    def followed(self) -> set[str]:
        """Return the live sessions that anybody follows here."""
        return {caller.live_id for caller in self._callers.values()}

    def steered(self) -> set[str]:
        """Return the live sessions that have a console connected here."""
        return {caller.live_id for caller in self._callers.values() if caller.audience == "console"}

    def outdated(self) -> list[str]:
        """Return the connections whose right has ended since they came in (attack S5)."""
        gone: list[str] = []
        with self._house.database.transaction() as session:
            lives = session.execute(select(LiveSession.stage_token, LiveSession.id))
            stages = {live.stage_token: live.id for live in lives}
        roles: dict[tuple[str | None, str | None, str], str] = {}
        for sid, caller in list(self._callers.items()):
            if self._house.keepers.gave_up(caller.live_id) or (
                caller.audience == "stage" and stages.get(caller.stage_token) != caller.live_id
            ):
                gone.append(sid)
            elif caller.audience == "console":
                key = (caller.staff_token, caller.remote_token, caller.live_id)
                if key not in roles:
                    roles[key] = self.role(caller)
                if roles[key] != caller.role:
                    gone.append(sid)
        return gone


def cookies(environ: dict[str, Any]) -> dict[str, str]:
    """Return the cookies of a request; none when they cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(environ.get("HTTP_COOKIE", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def staff_tokens(app: Flask, environ: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the staff token and the remote's token in the signed cookie of a request."""
    with app.request_context(environ) as context:
        opened = app.session_interface.open_session(app, context.request)
    found = [opened.get(name) if opened else None for name in ("staff", "remote")]
    staff, remote = (token if isinstance(token, str) else None for token in found)
    return staff, remote
