"""One websocket on the event loop: bytes in, frames out, no greenlet of its own.

Lives here: reading when there is something, writing at once, holding back what
a slow reader has not taken yet, opening and closing handshakes. Not here: what
a message means (`client.py`).
"""

from __future__ import annotations

import _socket
import base64
import binascii
import hashlib
import logging
import struct
from collections import deque
from typing import Any, Protocol

from gevent import get_hub

from . import frames
from .clock import Clock

log = logging.getLogger(__name__)

READ, WRITE = 1, 2  # libev's names for what a watcher waits for

PIECE = 16 * 1024
"""Bytes read at a time: more than the largest answer; who sends more waits for the others' turn."""

MOST_WAITING = 1024 * 1024
"""Bytes that may wait for one slow reader: some hundred screens. Beyond it the reader comes back and gets the newest."""

FRAMES_A_SECOND = 500
"""From one client: a person makes a few, a flood of pings or empty fragments thousands (attack S11)."""

GOODBYE_TAKES = 3.0
"""Seconds that a client has to say goodbye in its turn."""

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class Owner(Protocol):
    """Whoever a wire belongs to. Both are called in the event loop and must not block."""

    def heard(self, wire: Wire, opcode: int, payload: bytes) -> None:
        """Take a message. Raises `frames.Broken` for one that must end the connection."""

    def lost(self, wire: Wire) -> None:
        """Learn that the connection is gone. Called once."""


class Wire:
    """An open websocket; made by `accept`."""

    __slots__ = (
        "_closing",
        "_count",
        "_reader",
        "_reading",
        "_second",
        "_sock",
        "_waiting",
        "_waiting_bytes",
        "_writing",
        "clock",
        "owner",
    )

    def __init__(self, sock: Any, largest: int, clock: Clock) -> None:
        self._sock: Any = sock  # None once it is gone
        self._reader: frames.Reader | None = frames.Reader(largest)
        self._reading: Any = get_hub().loop.io(sock.fileno(), READ)
        self._writing: Any = None
        self._waiting: deque[bytes | memoryview] | None = None
        self._waiting_bytes = 0
        self._closing = False
        self._second = 0
        self._count = 0
        self.owner: Owner | None = None
        self.clock = clock

    def start(self, owner: Owner, ahead: bytes = b"") -> None:
        """Begin to read; `ahead` came with the request already."""
        self.owner = owner
        self._reading.start(self._readable)
        if ahead:
            self._take(ahead)

    # -- out

    def send(self, data: bytes) -> None:
        """Send whole frames now, or as soon as the reader takes them."""
        if self._sock is None or self._closing:
            return
        self._put(data)

    def _put(self, data: bytes) -> None:
        if self._waiting is not None:
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            if self._waiting_bytes > MOST_WAITING:
                # At once and without what still lies in the kernel: the reader has been too slow for all of it.
                self._sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.abort()
            return
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.abort()
            return
        if sent < len(data):
            self._waiting = deque((memoryview(data)[sent:],))
            self._waiting_bytes = len(data) - sent
            self._writing = get_hub().loop.io(self._sock.fileno(), WRITE)
            self._writing.start(self._writable)

    def _writable(self) -> None:
        waiting = self._waiting
        if waiting is None or self._sock is None:
            return
        try:
            while waiting:
                first = waiting[0]
                sent = self._sock.send(first)
                self._waiting_bytes -= sent
                if sent < len(first):
                    waiting[0] = memoryview(first)[sent:]
                    return
                waiting.popleft()
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.abort()
            return
        self._waiting = None
        self._writing.close()
        self._writing = None

    # -- in

    def pause(self) -> None:
        """Read nothing until `resume`: the kernel then holds the sender back."""
        if self._reading is not None:
            self._reading.stop()

    def resume(self) -> None:
        """Read on."""
        if self._reading is not None and not self._reading.active:
            self._reading.start(self._readable)

    def _readable(self) -> None:
        try:
            data = self._sock.recv(PIECE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.abort()
            return
        if not data:
            self.abort()
        elif self._reader is not None:
            self._take(data)

    def _take(self, data: bytes) -> None:
        assert self._reader is not None
        try:
            for opcode, payload in self._reader.feed(data):
                self._count_one()
                if opcode == frames.PING:
                    self.send(frames.frame(frames.PONG, payload))
                elif opcode == frames.CLOSE:
                    self._answer_close(frames.close_code(payload))
                elif opcode != frames.PONG and not self._closing and self.owner is not None:
                    self.owner.heard(self, opcode, payload)
                if self._sock is None:
                    return
        except frames.Broken as broken:
            self._give_up(broken.code)
        except Exception as error:  # a fault of ours ends this one connection and no other
            log.error("a connection failed: %s", type(error).__name__)
            self._give_up(frames.OUR_FAULT)

    def _count_one(self) -> None:
        second = int(get_hub().loop.now())
        if second != self._second:
            self._second, self._count = second, 0
        self._count += 1
        if self._count > FRAMES_A_SECOND:
            raise frames.Broken(frames.POLICY, "too many frames")

    # -- the end

    def close(self, code: int) -> None:
        """Say goodbye and end when the client has answered, or after a few seconds without it."""
        if self._sock is None or self._closing:
            return
        self.send(frames.closing(code))
        if self._sock is None:
            return
        self._closing = True
        if self._waiting is None:
            try:
                self._sock.shutdown(_socket.SHUT_WR)
            except OSError:
                self.abort()
                return
        self.resume()
        self.clock.after(GOODBYE_TAKES, self.abort)
        self._tell()

    def _give_up(self, code: int) -> None:
        """Close; what comes now is thrown away, but read: a reset would destroy our goodbye on its way."""
        self._reader = None
        self.close(code)

    def _answer_close(self, code: int) -> None:
        if not self._closing:
            self.send(frames.closing(code))
        self.abort()

    def abort(self) -> None:
        """End now."""
        if self._sock is None:
            return
        sock, self._sock = self._sock, None
        for watcher in (self._reading, self._writing):
            if watcher is not None:
                watcher.close()
        self._reading = self._writing = self._waiting = None
        sock.close()
        self._tell()

    def _tell(self) -> None:
        owner, self.owner = self.owner, None
        if owner is not None:
            owner.lost(self)


def refusal(environ: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer to a request that cannot open a websocket, None for one that can."""
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "") != "13":
        return _plain("426 Upgrade Required", [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket")])
    tokens = [token.strip() for token in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    body = environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ
    lawful = (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in tokens
        and not body
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    )
    if not lawful:
        return _plain("400 Bad Request", [])
    return None if "unstuck.hand_over" in environ else _plain("501 Not Implemented", [])


def accept(environ: dict[str, Any], largest: int, clock: Clock, first: bytes = b"") -> tuple[Wire, bytes]:
    """Take the connection over from the web server and complete the handshake; `first` are frames sent with it.

    Returns the wire, not started yet, and what the client has sent ahead.
    The request must have passed `refusal`.
    """
    family, descriptor, ahead = environ["unstuck.hand_over"]()
    sock = _socket.socket(family, _socket.SOCK_STREAM, 0, descriptor)
    sock.setblocking(False)
    wire = Wire(sock, largest, clock)
    accepted = base64.b64encode(
        hashlib.sha1(environ["HTTP_SEC_WEBSOCKET_KEY"].encode() + MAGIC, usedforsecurity=False).digest()
    )
    wire.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accepted
        + b"\r\n\r\n"
        + first
    )
    return wire, ahead


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode(), validate=True)) == 16
    except (binascii.Error, UnicodeEncodeError):
        return False


def _plain(status: str, headers: list[tuple[str, str]]) -> dict[str, Any]:
    return {"status": status, "headers": [("Content-Type", "text/plain"), *headers], "response": b""}
