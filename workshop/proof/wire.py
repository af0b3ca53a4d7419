"""Browsers and sockets of simulated people, over real TCP, with the standard library alone.

Lives here: HTTP with cookies and marked headers, a WebSocket with the few
packets of Engine.IO and Socket.IO that a page needs, and a record of every
frame that came. Not here: who sends what. Nothing of the product is used to
speak with it: a fault in its own client cannot hide one in its server.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
import re
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

PATIENCE = 30.0
"""Seconds until an answer of the server counts as missing; it waits ten for a locked database itself."""

PER_SECOND, AT_ONCE = 18.0, 50.0
"""Events that one connection sends, a little fewer than the server takes before it drops one as a flood: 20 and 60."""

ACCEPT_KEY = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class WireError(Exception):
    """The server did not answer as a server would."""


@dataclass(frozen=True)
class Address:
    """Where the scratch server listens, and under which name it believes to be reached.

    `open`: how to close each connection that somebody made to it.
    """

    port: int
    host: str
    origin: str
    open: list[Callable[[], None]] = field(default_factory=list, compare=False, repr=False)

    def close(self) -> None:
        """Close every connection that is still open."""
        while self.open:
            self.open.pop()()

    def headers(self) -> dict[str, str]:
        """Return what a reverse proxy of one's own would add to each request."""
        scheme = self.origin.partition(":")[0]
        return {"Host": self.host, "X-Forwarded-Proto": scheme}


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP. `size` counts the body as it travelled."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        """Return where a redirect leads, as a path."""
        return re.sub(r"^https?://[^/]+", "", self.headers.get("location", ""))


@dataclass
class Browser:
    """One browser: cookies, a user agent, an address, and whatever else marks it."""

    address: Address
    marks: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"
    _link: http.client.HTTPConnection | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers of each request."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {**self.address.headers(), **self.marks, **({"Cookie": cookie} if cookie else {})}

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        kind: str = "application/x-www-form-urlencoded",
        **more: str,
    ) -> Reply:
        """Send one request; a kept connection that the server has let go is opened once more."""
        headers = {**self.headers(), **more}
        if body is not None:
            headers["Content-Type"] = kind
        for attempt in (0, 1):
            if self._link is None:
                self._link = http.client.HTTPConnection(
                    "127.0.0.1", self.address.port, timeout=PATIENCE, source_address=(self.source, 0)
                )
                self.address.open.append(self.hang_up)
            try:
                self._link.request(method, path, body, headers)
                answer = self._link.getresponse()
                data = answer.read()
                break
            except (http.client.HTTPException, OSError) as error:
                self.hang_up()
                if attempt:
                    raise WireError(f"{method} {path} was not answered: {type(error).__name__}") from error
        for value in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, rest = value.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, data)

    def get(self, path: str) -> Reply:
        """Fetch a page."""
        return self.ask("GET", path)

    def post(self, path: str, fields: Mapping[str, str | Sequence[str]], page: str | None = None) -> Reply:
        """Send a form with the token of the page it stands on."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or path).text)
        sent: dict[str, Any] = {**fields, **({"csrf_token": token[1]} if token else {})}
        return self.ask("POST", path, urlencode(sent, doseq=True).encode())

    def hang_up(self) -> None:
        """Close the kept connection."""
        if self._link is not None:
            self._link.close()
            self._link = None


@dataclass(frozen=True)
class Frame:
    """One message that reached somebody: when (monotonic seconds), which event or acknowledgement, what."""

    at: float
    event: str
    data: Any
    size: int


class Refused(WireError):
    """The server did not let this connection in."""


class Socket:
    """A connected page. Every frame that reaches it is kept until somebody takes it."""

    def __init__(self, browser: Browser, audience: str, live: object) -> None:
        self.frames: list[Frame] = []
        self.ids: list[str] = []  # that the server gave this connection: a log must not hold them
        self.sent_bytes = 0
        self._buffer = b""
        self._acks = 0
        self._allowance, self._counted_at = AT_ONCE, time.monotonic()
        self._parts: list[bytes] = []
        self._sock = socket.create_connection(
            ("127.0.0.1", browser.address.port), timeout=PATIENCE, source_address=(browser.source, 0)
        )
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        browser.address.open.append(self.close)
        try:
            self._shake_hands(browser)
            opened = self._packet()
            if not opened.startswith("0"):
                raise WireError("the socket server did not open")
            self.ids.append(json.loads(opened[1:])["sid"])
            self._write("40" + json.dumps({"audience": audience, "live": live}))
            while True:
                packet = self._packet()
                if packet.startswith("40"):
                    self.ids.append(json.loads(packet[2:])["sid"])
                    return
                if packet.startswith("44"):
                    raise Refused("not let in")
        except BaseException:
            self._sock.close()
            raise

    def call(self, event: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send an event and return its acknowledgement; what is pushed meanwhile is kept."""
        return self.answer(self.ask(event, payload))

    def ask(self, event: str, payload: Mapping[str, Any]) -> str:
        """Send an event without waiting; return the number of its acknowledgement."""
        self._pace()
        self._acks += 1
        self._write(f"42{self._acks}{json.dumps([event, payload], separators=(',', ':'))}")
        return str(self._acks)

    def _pace(self) -> None:
        """Wait where a page would be taken for a flood: on a fast machine the harness asks faster than anybody taps."""
        now = time.monotonic()
        self._allowance = min(AT_ONCE, self._allowance + (now - self._counted_at) * PER_SECOND) - 1
        self._counted_at = now
        if self._allowance < 0:
            time.sleep(-self._allowance / PER_SECOND)

    def answer(self, number: str) -> dict[str, Any]:
        """Wait for an acknowledgement and return it."""
        while True:
            frame = self._take(self._packet())
            if frame is not None and frame.event == f"ack {number}":
                return frame.data if isinstance(frame.data, dict) else {}

    def drain(self) -> None:
        """Take in whatever has arrived, without waiting."""
        while self._buffer or select.select([self._sock], [], [], 0)[0]:
            packet = self._packet(wait=False)
            if packet is None:
                return
            self._take(packet)

    def wait_for_push(self, seconds: float) -> bool:
        """Wait until something arrives by itself; return whether it did."""
        before = len(self.frames)
        deadline = time.monotonic() + seconds
        while len(self.frames) == before and time.monotonic() < deadline:
            select.select([self._sock], [], [], max(0.0, deadline - time.monotonic()))
            self.drain()
        return len(self.frames) > before

    def taken(self) -> list[Frame]:
        """Return the frames since the last time, and forget them."""
        self.drain()
        frames, self.frames = self.frames, []
        return frames

    def close(self) -> None:
        """Go away."""
        self._sock.close()

    # -- Engine.IO and Socket.IO, revision 4 and 5

    def _take(self, packet: str) -> Frame | None:
        if packet == "2":  # the server's ping
            self._write("3")
            return None
        if packet.startswith(("1", "41")):
            raise WireError("the server closed the connection")
        found = re.match(r"4([23])(\d*)(.*)", packet, re.DOTALL)
        if found is None:
            return None
        data = json.loads(found[3] or "[]")
        name = f"ack {found[2]}" if found[1] == "3" else str(data[0])
        body = (data[0] if data else None) if found[1] == "3" else (data[1] if len(data) > 1 else None)
        frame = Frame(time.monotonic(), name, body, len(packet.encode()))
        self.frames.append(frame)
        return frame

    def _packet(self, *, wait: bool = True) -> Any:
        while True:
            frame = self._frame(wait)
            if frame is None:
                return None
            final, code, body = frame
            if code == 8:
                raise WireError("the server closed the socket")
            if code == 9:
                self._send_frame(10, body)
            elif code in (0, 1, 2):
                self._parts.append(body)
                if final:
                    whole, self._parts = b"".join(self._parts), []
                    return whole.decode()

    # -- WebSocket, RFC 6455

    def _shake_hands(self, browser: Browser) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        headers = {
            **browser.headers(),
            "Origin": browser.address.origin,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        lines = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
        self._sock.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _blank, self._buffer = self._buffer.partition(b"\r\n\r\n")
        expected = base64.b64encode(hashlib.sha1((key + ACCEPT_KEY).encode()).digest())  # noqa: S324 - RFC 6455
        if not head.startswith(b"HTTP/1.1 101") or expected not in head:
            raise Refused(head.partition(b"\r\n")[0].decode("latin-1"))

    def _frame(self, wait: bool) -> tuple[bool, int, bytes] | None:
        while True:
            frame = self._parse()
            if frame is not None:
                return frame
            if not wait and not select.select([self._sock], [], [], 0)[0]:
                return None
            self._read()

    def _parse(self) -> tuple[bool, int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        length, start = data[1] & 127, 2
        if length > 125:
            size = 2 if length == 126 else 8
            if len(data) < 2 + size:
                return None
            length, start = int.from_bytes(data[2 : 2 + size]), 2 + size
        if len(data) < start + length:
            return None
        self._buffer = data[start + length :]
        return bool(data[0] & 128), data[0] & 15, data[start : start + length]

    def _read(self) -> None:
        try:
            data = self._sock.recv(262_144)
        except OSError as error:
            raise WireError(f"nothing came: {type(error).__name__}") from error
        if not data:
            raise WireError("the server closed the connection")
        self._buffer += data

    def _write(self, packet: str) -> None:
        self._send_frame(1, packet.encode())

    def _send_frame(self, code: int, body: bytes) -> None:
        size = len(body)
        if size < 126:
            head = struct.pack(">BB", 128 | code, 128 | size)
        elif size < 65536:
            head = struct.pack(">BBH", 128 | code, 128 | 126, size)
        else:
            head = struct.pack(">BBQ", 128 | code, 128 | 127, size)
        mask = os.urandom(4)
        masked = (
            (int.from_bytes(body) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size) if size else b""
        )
        whole = head + mask + masked
        self.sent_bytes += len(whole)
        try:
            self._sock.sendall(whole)
        except OSError as error:
            raise WireError(f"the server closed the connection: {type(error).__name__}") from error
