"""How messages travel. The rest of the house knows only `Transport`.

Lives here: the interface, the choice between the two transports, and the stock
one (Flask-SocketIO under gevent) with the two defects of its websocket mended:
short writes and the deflate offer (see `gate.py` for the latter). Not here: how
ours works (`direct/`), who or what is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from flask import Flask

LARGEST_MESSAGE = 24 * 1024  # bytes: the largest answer, its padding bucket and the envelope
PING_INTERVAL = 20  # seconds: proxies cut idle sockets at 60 (fault R21)
PING_TIMEOUT = 20  # seconds

Handler = Callable[..., Any]
Reply = Callable[[Any], None]
Shortcut = Callable[[str, Any, Reply], bool]


class Transport(Protocol):
    """What the house needs of a socket server."""

    def on(self, event: str, handler: Handler) -> None:
        """Call `handler(sid, payload)` for an event; its return value is the acknowledgement.

        "connect" is called with (sid, environ, auth) and returns whether to let in.
        """

    def shortcut(self, event: str, handler: Shortcut) -> None:
        """Try `handler(sid, payload, reply)` first for an event, where this transport knows a short way.

        It runs in the event loop and must not block. True: it will call `reply`
        with the acknowledgement itself, now or later. False: `on` is asked.
        """

    def emit(self, event: str, message: object, room: str) -> None:
        """Send a message to everybody in a room."""

    def enter(self, sid: str, room: str) -> None:
        """Put a connection into a room."""

    def drop(self, sid: str) -> None:
        """Cut a connection."""

    def farewell(self) -> None:
        """Let nobody in any more, and tell everybody to come back: the server stops."""


def chosen(app: Flask, name: str) -> Transport:
    """Return the transport of that name. Unit tests run without gevent, and there is only the stock one for them."""
    from gevent.monkey import is_module_patched

    return direct(app) if name == "direct" and is_module_patched("socket") else stock(app)


def direct(app: Flask) -> Transport:
    """Return our own transport, at Flask-SocketIO's place."""
    from .direct.server import DirectSocketIO

    return _Direct(DirectSocketIO(app, async_mode="gevent", **_options()))


def stock(app: Flask) -> Transport:
    """Return Flask-SocketIO under gevent (threads where gevent is not patched in, as in unit tests)."""
    from flask_socketio import SocketIO
    from gevent.monkey import is_module_patched

    patched = is_module_patched("socket")
    socketio = SocketIO(app, async_mode="gevent" if patched else "threading", manage_session=False, **_options())
    if patched:
        engine = socketio.server.eio
        engine._async = {**engine._async, "websocket": _whole_writes(engine._async["websocket"])}
    _keep_for_itself(socketio.server, ("connect", "disconnect"))
    return _Stock(socketio)


def _keep_for_itself(server: Any, names: tuple[str, ...]) -> None:
    """Let no client send an event that is the server's own to say.

    The library hands on whatever a client names: a console that sent "disconnect" was forgotten by the registry
    and stayed in its room, where no check of rights found it any more (attack S5).
    """
    handle = server._handle_event

    def others(eio_sid: str, namespace: str, number: int | None, data: list[Any]) -> None:
        if data[0] not in names:
            handle(eio_sid, namespace, number, data)

    server._handle_event = others


def _options() -> dict[str, Any]:
    # A logger of our own that says nothing: theirs writes sids, whose last part counts joins (promise 6).
    silent = logging.getLogger("workshop.wire")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    silent.setLevel(logging.CRITICAL + 1)
    return {
        "cors_allowed_origins": [],  # the gate decides on origins; nothing is allowed across sites
        "cookie": None,
        "logger": silent,
        "engineio_logger": silent,
        "max_http_buffer_size": LARGEST_MESSAGE,
        "ping_interval": PING_INTERVAL,
        "ping_timeout": PING_TIMEOUT,
        "http_compression": False,
    }


class _Stock:
    def __init__(self, socketio: Any) -> None:
        self.server = socketio.server

    def on(self, event: str, handler: Handler) -> None:
        self.server.on(event, handler)

    def shortcut(self, event: str, handler: Shortcut) -> None:
        """There is no short way here: each event has a greenlet of its own."""

    def emit(self, event: str, message: object, room: str) -> None:
        self.server.emit(event, message, room=room)

    def enter(self, sid: str, room: str) -> None:
        self.server.enter_room(sid, room)

    def drop(self, sid: str) -> None:
        self.server.disconnect(sid)

    def farewell(self) -> None:
        """The web server cuts them, and they come back by themselves."""


class _Direct(_Stock):
    def shortcut(self, event: str, handler: Shortcut) -> None:
        self.server.shortcut(event, handler)

    def farewell(self) -> None:
        self.server.eio.farewell()


def _whole_writes(websocket: Any) -> Any:
    """Return the driver's websocket with writes that are never cut short.

    simple-websocket calls `socket.send` once and ignores how much of a frame it
    took: one phone with a full window and the stream is corrupt.
    """

    class WholeWrites(websocket):  # type: ignore[misc]
        app: Any

        def __call__(self, environ: Any, start_response: Any) -> Any:
            handler: Any = self.app

            def mended(wrapper: Any) -> Any:
                wrapper.ws.sock = _WholeSocket(wrapper.ws.sock)
                return handler(wrapper)

            self.app = mended
            return super().__call__(environ, start_response)

    return WholeWrites


class _WholeSocket:
    """A socket whose `send` sends all, one frame after the other."""

    def __init__(self, sock: Any) -> None:
        from gevent.lock import RLock

        self._sock = sock
        self._turn = RLock()

    def send(self, data: bytes) -> int:
        with self._turn:
            self._sock.sendall(data)
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
