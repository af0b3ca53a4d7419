"""All clients: letting them in, asking whether they are there, the limits of their number.

Lives here: Engine.IO's server, told to use our clients instead of its own. Its
request handling stays what it is. Not here: one client (`client.py`), rooms
(`membership.py`), events (`server.py`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import engineio
from engineio import exceptions, packet

from . import frames, wire
from .client import Client, framed
from .clock import Clock

JOINS_WITHIN = 15.0
"""Seconds until a client must have joined a namespace: ours does at once, and who never does only costs."""

PROVES_WITHIN = 10.0
"""Seconds that an upgrade may take; a slow phone needs two or three."""

MOST_STRANGERS = 4096
"""Clients that have not joined yet; as many as may wait to be accepted. One more takes the place of the one that has
waited longest: whoever means to join does so in a second or two, and nobody may fill the places and keep the rest out."""

KEPT = (
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"),
    *("SERVER_PROTOCOL", "HTTP_HOST", "HTTP_COOKIE", "wsgi.url_scheme"),
)
"""What is kept of a request for as long as its client is there: enough to read its cookies, no address."""

NOTHING = ()
"""What is left to answer to a request whose connection was handed over. A list would be taken for packets."""

AWAY = {"status": "503 Service Unavailable", "headers": [("Content-Type", "text/plain"), ("Retry-After", "2")]}


class Engine(engineio.Server):  # type: ignore[misc]
    """Engine.IO's server with clients that need no greenlet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(monitor_clients=False, **options)
        self.clock = Clock()
        self.most = 65536
        self.at_once: Callable[[Client, str], bool] = lambda _client, _message: False
        self._strangers: dict[str, Client] = {}  # who has waited longest comes first
        self._stopping = False

    def generate_id(self) -> str:
        """Return an id without any order: the parent's ends in a counter, which would tell who came when."""
        return secrets.token_urlsafe(15)

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer one request of a client."""
        if "j=" in environ.get("QUERY_STRING", ""):
            environ["QUERY_STRING"] = "transport=none"  # JSONP lets foreign pages read along
        try:
            return super().handle_request(environ, start_response)
        except KeyError:  # the client went while its request was on the way
            answer = self._bad_request()
            start_response(answer["status"], answer["headers"])
            return [answer["response"]]

    def _handle_connect(
        self, environ: dict[str, Any], start_response: Any, transport: str, jsonp_index: int | None = None
    ) -> Any:
        if self._stopping or len(self.sockets) >= self.most:
            return {**AWAY, "headers": [*AWAY["headers"]], "response": b""}
        if transport == "websocket":
            refused = wire.refusal(environ)
            if refused is not None:
                return refused
        while len(self._strangers) >= MOST_STRANGERS:
            longest = self._strangers.pop(next(iter(self._strangers)))
            longest.end(frames.POLICY, self.reason.TRANSPORT_ERROR)
        client = Client(self, self.generate_id())
        self.sockets[client.sid] = client
        opening = packet.Packet(
            packet.OPEN,
            {
                "sid": client.sid,
                "upgrades": self._upgrades(client.sid, transport),
                "pingTimeout": int(self.ping_timeout * 1000),
                "pingInterval": int(self.ping_interval * 1000),
                "maxPayload": self.max_http_buffer_size,
            },
        )
        self.handlers["connect"](client.sid, {key: environ[key] for key in KEPT if key in environ})
        client.connected = True
        self._strangers[client.sid] = client
        self.clock.after(JOINS_WITHIN, self._expect, client.sid)
        self.clock.after(self.ping_interval, self._ping, client.sid)
        if transport == "websocket":
            opened, ahead = wire.accept(environ, self.max_http_buffer_size, self.clock, framed(opening))
            client.attach(opened)
            opened.start(client, ahead)
            return NOTHING
        client.send(opening)
        return self._ok(client.poll())

    def open_probe(self, client: Client, environ: dict[str, Any]) -> Any:
        """Open the websocket with which a polling client wants to go on."""
        refused = wire.refusal(environ)
        if refused is not None:
            return refused
        if client.upgraded or client.has_probe:
            raise exceptions.EngineIOError
        opened, ahead = wire.accept(environ, self.max_http_buffer_size, self.clock)
        client.probe(opened)
        opened.start(client, ahead)
        self.clock.after(PROVES_WITHIN, client.give_up_probe, opened)
        return NOTHING

    def joined(self, client: Client) -> None:
        """Learn that a client has joined a namespace."""
        if not client.member and not client.closed:
            client.member = True
            self._strangers.pop(client.sid, None)

    def left(self, client: Client) -> None:
        """Learn that a client's session has ended."""
        self.sockets.pop(client.sid, None)
        self._strangers.pop(client.sid, None)

    def hang_up(self, sid: str) -> None:
        """End the connection of a client that has been told why."""
        client = self.sockets.get(sid)
        if client is not None:
            client.close()

    def farewell(self) -> None:
        """Let nobody in any more, and tell everybody to come back."""
        self._stopping = True
        for client in list(self.sockets.values()):
            client.end(frames.RESTART, self.reason.SERVER_DISCONNECT)

    def _expect(self, sid: str) -> None:
        client = self.sockets.get(sid)
        if client is not None and not client.member:
            client.end(frames.POLICY, self.reason.TRANSPORT_ERROR)

    def _ping(self, sid: str) -> None:
        client = self.sockets.get(sid)
        if client is not None:
            client.ping()
            self.clock.after(self.ping_timeout, self._judge, sid)

    def _judge(self, sid: str) -> None:
        client = self.sockets.get(sid)
        if client is None:
            return
        if client.owes_pong:
            client.end(frames.POLICY, self.reason.PING_TIMEOUT)
        elif self.ping_interval > self.ping_timeout:
            self.clock.after(self.ping_interval - self.ping_timeout, self._ping, sid)
        else:
            self._ping(sid)
