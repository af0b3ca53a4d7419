"""One connection to the running server at the level of its bytes, and people who may open one.

Lives here: a small Socket.IO client that does only what it is told, so that a
test can lie, stall, repeat and break off in ways no library would; seats and
staff cookies without a page. Not here: what the server ought to answer.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any

import websocket
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from tests.conftest import LiveServer, make_account
from tests.small_guide import look_up, make_session
from workshop import accounts, anonymity, live_sessions
from workshop.db import Database
from workshop.house import House
from workshop.models import Account
from workshop.settings import Settings

PATIENCE = 30.0  # seconds for one answer: a machine that runs other tests beside is slow, a lost answer never comes


class Gone(Exception):
    """The connection has ended."""


@dataclass
class Inside:
    """The house of a running server as somebody sees it who knows its secret; it opens no ballot box."""

    server: LiveServer
    house: House
    account: Account
    live_id: str

    @classmethod
    def of(cls, server: LiveServer, **changes: object) -> Inside:
        """Make an account and a session of the small guide on a running server."""
        secret = (server.data_dir / "secret").read_text().strip()
        settings = Settings(data_dir=server.data_dir, database_url=server.database_url, secret_key=secret)
        house = House(settings, Database(server.database_url), None)  # type: ignore[arg-type]
        account = make_account(house)
        return cls(server, house, account, make_session(house, account, **changes))

    def another(self, **changes: object) -> Inside:
        """Return another session of the same house, run by somebody else."""
        account = make_account(self.house)
        return replace(self, account=account, live_id=make_session(self.house, account, **changes))

    def close(self) -> None:
        """Let the database go."""
        self.house.database.engine.dispose()

    def seat(self) -> str:
        """Let a phone in and return its cookie."""
        value = live_sessions.join(self.house, self.live_id, None)
        return f"{anonymity.seat_cookie(self.live_id, False)}={value}"

    def signed_in(self, account: Account | None = None) -> str:
        """Sign somebody in (the one who runs the session by default) and return the browser's cookie."""
        with self.house.database.transaction() as session:
            token = accounts.open_browser(session, (account or self.account).id, self.house.clock())
        signer = Flask("signer")
        signer.secret_key = self.house.settings.secret_key
        serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
        assert serializer is not None
        return f"unstuck={serializer.dumps({'staff': token})}"

    def phone(self, cookie: str | None = None) -> Wire:
        """Connect a phone; without a cookie a new one."""
        return Wire.let_in(self.server, {"audience": "phone", "live": self.live_id}, cookie or self.seat())

    def console(self, cookie: str | None = None) -> Wire:
        """Connect a console of the one who runs the session."""
        return Wire.let_in(self.server, {"audience": "console", "live": self.live_id}, cookie or self.signed_in())

    def press(self, console: Wire, command: str, argument: str = "") -> dict[str, Any]:
        """Press a button at the present version."""
        version = look_up(self.house, self.live_id).version
        return console.call("move", {"command": command, "argument": argument, "version": version})

    def ask(self, console: Wire, activity_id: str) -> str:
        """Go to an activity, open it and return its run."""
        if look_up(self.house, self.live_id).phase == "lobby":
            assert self.press(console, "start")["ok"]
        if look_up(self.house, self.live_id).at != activity_id:
            assert self.press(console, "jump", activity_id)["ok"]
        assert self.press(console, "open")["ok"]
        return self.run_of(activity_id)

    def run_of(self, activity_id: str) -> str:
        """Return the run of an activity that has been asked."""
        with self.house.database.transaction() as session:
            run = live_sessions.run_of(session, live_sessions.get(session, self.live_id), activity_id)
            assert run is not None
            return run.id


@dataclass
class Wire:
    """One websocket that speaks as much of the protocol as it is told to."""

    socket: websocket.WebSocket
    opened: dict[str, Any] = field(default_factory=dict)
    screens: list[dict[str, Any]] = field(default_factory=list)
    _numbers: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def knock(cls, server: LiveServer, cookie: str = "", port: int = 0, **options: Any) -> Wire:
        """Open the websocket and read the greeting; nobody is in any room yet."""
        address = f"127.0.0.1:{port or server.port}"
        socket = websocket.create_connection(
            f"ws://{address}/socket.io/?EIO=4&transport=websocket",
            timeout=PATIENCE,
            cookie=cookie or None,
            **{"origin": f"http://{address}", **options},
        )
        made = cls(socket)
        try:
            greeting = made.read()
            assert greeting.startswith("0"), greeting
            made.opened = json.loads(greeting[1:])
        except BaseException:
            made.close()
            raise
        return made

    @classmethod
    def let_in(cls, server: LiveServer, auth: object, cookie: str = "", **options: Any) -> Wire:
        """Connect as a caller who ought to be let in."""
        made = cls.knock(server, cookie, **options)
        try:
            answer = made.enter(auth)
            assert answer.startswith("40"), answer
        except BaseException:
            made.close()
            raise
        return made

    def enter(self, auth: object) -> str:
        """Ask to be let in and return the server's packet: `40{...}` yes, `44{...}` no."""
        self.write("40" + json.dumps(auth))
        return self.read()

    def write(self, packet: str | bytes) -> None:
        """Send one packet as it is; raise `Gone` where nobody takes it."""
        try:
            with self._turn:
                self.socket.send(packet, websocket.ABNF.OPCODE_BINARY if isinstance(packet, bytes) else 1)
        except (OSError, websocket.WebSocketException) as error:
            raise Gone from error

    def read(self) -> str:
        """Return the next packet that is no ping; pings are answered, screens kept."""
        while True:
            try:
                packet = self.socket.recv()
            except (OSError, websocket.WebSocketException) as error:
                raise Gone from error
            if not packet:
                raise Gone
            text = packet if isinstance(packet, str) else packet.decode("utf-8", "replace")
            if text == "2":
                self.write("3")
            elif text in ("1", "41"):  # the server's goodbye: from here on it neither hears nor tells anything
                raise Gone
            elif text.startswith('42["screen"'):
                self.screens.append(json.loads(text[2:])[1])
            else:
                return text

    def send(self, event: str, payload: object) -> str:
        """Send an event that wants an acknowledgement and return how that one will begin."""
        self._numbers += 1
        self.write(f"42{self._numbers}{json.dumps([event, payload])}")
        return f"43{self._numbers}["

    def call(self, event: str, payload: object) -> dict[str, Any]:
        """Send an event and return its acknowledgement."""
        beginning = self.send(event, payload)
        while True:
            packet = self.read()
            if packet.startswith(beginning):
                found: dict[str, Any] = json.loads(packet[len(beginning) - 1 :])[0]
                return found

    def answer(self, run: str, revision: int, text: str | None) -> dict[str, Any]:
        """Send a card, or a pass, and return what the phone is told."""
        fields = None if text is None else {"text-0": [text]}
        return self.call("answer", {"run": run, "revision": revision, "fields": fields, "pad": ""})

    def ended(self) -> bool:
        """Wait for the end of the connection; False when the server still keeps it after a while."""
        patience = threading.Timer(PATIENCE, self.close)
        patience.start()
        try:
            while True:
                self.read()
        except Gone:
            return patience.is_alive()
        finally:
            patience.cancel()

    def close(self) -> None:
        """Break off without a word."""
        self.socket.shutdown()
