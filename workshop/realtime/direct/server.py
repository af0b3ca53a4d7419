"""Socket.IO's events over our clients, under Flask-SocketIO.

Lives here: which message is handled at once and which in its turn, and the
plugs: engine, client manager, middleware. Not here: what any event does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import flask_socketio
import orjson
import socketio
from flask import Flask

from .client import Client
from .engine import Engine
from .membership import Membership

log = logging.getLogger(__name__)

Reply = Callable[[Any], None]
AtOnce = Callable[[str, Any, Reply], bool]

MOST_ATTACHMENTS = 8
"""Binary parts of one message; the parent waits for as many as a client announces and keeps them all."""


HANGS_UP_AFTER = 1.0
"""Seconds in which a client can read that it was cut; in the same moment it would only see the connection end."""


class Server(socketio.Server):  # type: ignore[misc]
    """Socket.IO's server on `Engine` and `Membership`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_manager=Membership(), async_handlers=False, **options)
        self.eio.at_once = self._at_once
        self._shortcuts: dict[str, AtOnce] = {}

    def shortcut(self, event: str, handler: AtOnce) -> None:
        """Try `handler(sid, payload, reply)` first for an event, at once and in the event loop.

        It must not block. It returns True when it will call `reply` itself, now
        or later; else the event takes the ordinary way.
        """
        self._shortcuts[event] = handler

    def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Cut a client, a moment later its connection too: the parent would leave that open."""
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        super().disconnect(sid, namespace, ignore_queue)
        self.eio.clock.after(HANGS_UP_AFTER, self.eio.hang_up, eio_sid)

    def _engineio_server_class(self) -> type[Engine]:
        return Engine

    def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        super()._handle_connect(eio_sid, namespace, data)
        client = self.eio.sockets.get(eio_sid)
        inside = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if client is not None and self.manager.is_connected(inside, namespace or "/"):
            self.eio.joined(client)

    def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        if eio_sid not in self._binary_packet and isinstance(data, bytes):
            raise ValueError("an attachment of nothing")
        super()._handle_eio_message(eio_sid, data)
        waiting = self._binary_packet.get(eio_sid)
        if waiting is not None and waiting.attachment_count > MOST_ATTACHMENTS:
            raise ValueError("too many attachments")

    def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        named = isinstance(data, list) and data and isinstance(data[0], str)
        if not named or data[0] in ("connect", "disconnect"):  # those two are ours to say
            raise ValueError("not an event")
        super()._handle_event(eio_sid, namespace, id, data)

    def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        super()._handle_eio_disconnect(eio_sid, reason)
        self._binary_packet.pop(eio_sid, None)

    def _at_once(self, client: Client, message: str) -> bool:
        """Hand an event in the main namespace to its shortcut; False where it has none or cannot be read."""
        start = message.find("[")
        if start < 1 or message[0] != "2" or client.sid in self._binary_packet:
            return False
        name = message[start + 2 : message.find('"', start + 2)]
        handler = self._shortcuts.get(name)
        number = message[1:start]
        sid = self.manager.sid_from_eio_sid(client.sid, "/")
        if handler is None or not (number.isdecimal() and len(number) < 16) or not self.manager.is_connected(sid, "/"):
            return False
        try:
            event = orjson.loads(message[start:])
        except ValueError:  # stricter than the parent's, which then says what is wrong
            return False
        if len(event) != 2 or event[0] != name:
            return False

        def reply(answer: Any) -> None:
            client.say(f"43{number}{orjson.dumps([answer]).decode()}")

        try:
            return handler(sid, event[1], reply)
        except Exception as error:  # a fault of ours on this way must not close anybody: the ordinary way reports it
            log.error("a shortcut failed: %s", type(error).__name__)
            return False


class DirectSocketIO(flask_socketio.SocketIO):  # type: ignore[misc]
    """Flask-SocketIO with our server in it."""

    def init_app(self, app: Flask, **options: Any) -> None:
        """Plug the socket server in front of the app."""
        app.extensions["socketio"] = self
        self.server_options.update(options)
        options = self.server_options
        self.manage_session = False
        options.pop("manage_session", None)
        self.server = Server(**options)
        self.async_mode = self.server.async_mode
        for event, handler, namespace in self.handlers:
            self.server.on(event, handler, namespace=namespace)
        app.wsgi_app = socketio.WSGIApp(self.server, app.wsgi_app)  # type: ignore[method-assign]
