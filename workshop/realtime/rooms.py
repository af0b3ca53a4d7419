"""Who may enter which room. Decided here from cookies and rights, never from what a client names.

Lives here: the callers that are connected now, in memory only. Not here: what
they may do (`events.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import select

from .. import accounts, anonymity, facilitators, live_sessions, live_state
from ..errors import WorkshopError
from ..house import House
from ..models import LiveSession

T = TypeVar("T")

SOCKETS_PER_SEAT = 6  # two tabs, and some that are not yet known to be dead
EVENTS_PER_SECOND = 20.0
EVENTS_AT_ONCE = 60.0


def room(live_id: str, audience: str, role: str = "", language: str = "") -> str:
    """Return the name of the room of one audience of one live session.

    Consoles differ by role; stages and phones by language, where nothing
    stands for the session's own.
    """
    return f"{live_id}:{audience}:{role}:{language}"


@dataclass(slots=True)
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
    speaks: str = "en"  # the language of what this connection is told
    allowance: float = EVENTS_AT_ONCE
    counted_at: float = field(default_factory=monotonic)

    def has_breath(self) -> bool:
        """Return whether one more event would be let through; takes none."""
        return self.allowance + (monotonic() - self.counted_at) * EVENTS_PER_SECOND >= 1

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
        self._seats: Counter[bytes] = Counter()  # how many connections each seat has
        self._inside: dict[str, Counter[tuple[str, str, str]]] = {}  # and each room, by live session

    def get(self, sid: str) -> Caller | None:
        """Return who is behind a connection, None for one that was not let in."""
        return self._callers.get(sid)

    def remove(self, sid: str) -> None:
        """Forget a connection."""
        caller = self._callers.pop(sid, None)
        if caller is None:
            return
        if caller.secret is not None:
            _less(self._seats, caller.secret)
        rooms = self._inside[caller.live_id]
        _less(rooms, _place(caller))
        if not rooms:
            del self._inside[caller.live_id]
        if caller.audience == "console":
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
            if caller.secret is not None:
                self._seats[caller.secret] += 1
            self._inside.setdefault(caller.live_id, Counter())[_place(caller)] += 1
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
        if self._seats[secret] >= SOCKETS_PER_SEAT:
            return None
        spoken = self._spoken_in(live_id)
        if not spoken:
            return None
        language = wanted if isinstance(wanted, str) and wanted in spoken[1:] else ""
        return Caller("phone", live_id, secret=secret, language=language, speaks=language or spoken[0])

    def _spoken_in(self, live_id: str) -> tuple[str, ...]:
        """Return the languages in which a session can be followed, its own first; none where it is gone.

        Kept in memory until the session changes: when a hall joins, or comes back after a cut, all ask for the same.
        """

        def read() -> tuple[str, ...]:
            with self._house.database.transaction() as session:
                live = session.get(LiveSession, live_id)
                return tuple(dict.fromkeys((live.language, *live_state.readable(live)))) if live else ()

        return self._house.at_hand.get(live_id, "spoken", read)

    def _stage(self, token: str, wanted: object) -> Caller | None:
        with self._house.database.transaction() as session:
            live = session.scalar(select(LiveSession).where(LiveSession.stage_token == token))
            if live is None:
                return None
            language = live_sessions.language_of(live, wanted)
        return Caller("stage", live.id, stage_token=token, language=language, speaks=language or live.language)

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
            speaks = language or (live.language if live else "en")
        return Caller(
            "console",
            live_id,
            staff_token=token,
            remote_token=remote,
            role=role,
            name=name,
            language=language,
            speaks=speaks,
        )

    def part(self, token: str | None, remote: str | None, live_id: str) -> tuple[str, str]:
        """Return what a signed-in browser, or a remote, may do in a live session now, and whose it is."""
        now = self._house.clock()
        if not token and not remote:
            return "", ""
        with self._house.database.transaction() as session:
            if token:
                return accounts.part_in(session, token, live_id, now)
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
        rooms = self._inside.get(live_id, ())
        return sorted({language for of, _role, language in rooms if of == audience and language})

    def is_anyone(self, live_id: str, audience: str, role: str, language: str) -> bool:
        """Return whether somebody is in a room now."""
        return (audience, role, language) in self._inside.get(live_id, ())

    def followed(self) -> set[str]:
        """Return the live sessions that anybody follows here."""
        return {caller.live_id for caller in self._callers.values()}

    def steered(self) -> set[str]:
        """Return the live sessions that have a console connected here."""
        return {caller.live_id for caller in self._callers.values() if caller.audience == "console"}

    def outdated(self) -> list[str]:
        """Return the connections whose right has ended since they came in (attack S5)."""
        gone: list[str] = []
        tokens = {caller.stage_token for caller in self._callers.values() if caller.audience == "stage"}
        stages: dict[str | None, str] = {}
        if tokens:
            with self._house.database.transaction() as session:
                lives = session.execute(
                    select(LiveSession.stage_token, LiveSession.id).where(LiveSession.stage_token.in_(tokens))
                )
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


def _place(caller: Caller) -> tuple[str, str, str]:
    return caller.audience, caller.role, caller.language


def _less(counter: Counter[T], key: T) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]


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
