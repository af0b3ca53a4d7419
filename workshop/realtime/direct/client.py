"""One client: what it says in its order, what it is sent, over a websocket or by long polling.

Lives here: Engine.IO's packets of one client and the change from polling to a
websocket. Not here: bytes (`wire.py`), all clients together (`engine.py`),
Socket.IO's events (`server.py`).
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

import gevent
from engineio import exceptions, packet, payload
from engineio.socket import Socket
from gevent.event import Event

from . import frames
from .wire import MOST_WAITING, Wire

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)

IN_ONE_ANSWER = 16
"""Packets in one answer to a poll; the Python client refuses more."""

MOST_UNHEARD = 32
"""Messages that wait for their turn; then a websocket is not read, and one that polls is cut."""

PING = frames.text("2")


class Client(Socket):  # type: ignore[misc]
    """An Engine.IO session. `member`: it has joined a Socket.IO namespace."""

    def __init__(self, server: Engine, sid: str) -> None:
        # Not the parent's: that makes a queue for each client.
        self.server = server
        self.sid = sid
        self.connected = False
        self.upgrading = False
        self.upgraded = False
        self.closing = False
        self.closed = False
        self.member = False
        self.owes_pong = False
        self._wire: Wire | None = None
        self._probe: Wire | None = None
        self._held: deque[Any] = deque()  # packets for the next poll
        self._held_bytes = 0
        self._poll: Event | None = None
        self._unheard: deque[str | bytes] = deque()
        self._working = False
        self._gone: str | None = None  # the reason, until the server has been told
        self._last: int | None = None  # the packet that answers an open poll at the end; None: an error does

    @property
    def session(self) -> dict[str, Any]:
        """What an application keeps for a client; made when it first does."""
        kept: dict[str, Any] = self.__dict__.setdefault("_session", {})
        return kept

    # -- out

    def send(self, pkt: Any) -> None:
        """Send a packet."""
        if self._wire is not None:
            self._wire.send(framed(pkt))
        else:
            self._hold(pkt)

    def say(self, message: str) -> None:
        """Send a packet that is encoded already."""
        if self._wire is not None:
            self._wire.send(frames.text(message))
        else:
            self._hold(packet.Packet(packet.MESSAGE, message[1:]))

    def push(self, ready: list[bytes], packets: list[Any]) -> None:
        """Send what is the same for many: frames that are made already, or the packets they were made from."""
        if self._wire is not None:
            for data in ready:
                self._wire.send(data)
        else:
            for pkt in packets:
                self._hold(pkt)

    def ping(self) -> None:
        """Ask whether the client is there."""
        self.owes_pong = True
        if self._wire is not None:
            self._wire.send(PING)
        else:
            self._hold(packet.Packet(packet.PING))

    def _hold(self, pkt: Any) -> None:
        if self.closed:
            return
        self._held.append(pkt)
        self._held_bytes += weight(pkt)
        if self._held_bytes > MOST_WAITING:
            self.end(frames.POLICY, self.server.reason.TRANSPORT_ERROR)
        elif self._poll is not None and not self.upgrading:
            self._poll.set()

    def poll(self) -> list[Any]:
        """Return what is held for the client, waiting for it where there is nothing."""
        if self._poll is not None:  # two at once: which one would the client read?
            self.end(frames.PROTOCOL_ERROR, self.server.reason.TRANSPORT_ERROR, last=packet.CLOSE)
            raise exceptions.EngineIOError
        if not self._held:
            self._poll = Event()
            try:
                self._poll.wait(self.server.ping_interval + self.server.ping_timeout)
            finally:
                self._poll = None
        if self._held and not self.upgrading:
            packets = [self._held.popleft() for _packet in range(min(IN_ONE_ANSWER, len(self._held)))]
            self._held_bytes -= sum(map(weight, packets))
            return packets
        if self.closed and self._last is None:
            raise exceptions.SocketIsClosedError
        return [packet.Packet(self._last if self.closed else packet.NOOP)]

    # -- in

    def handle_get_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a poll, or open the websocket that shall replace it."""
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return self.server.open_probe(self, environ)
        if self.upgrading or self.upgraded:
            return [packet.Packet(packet.NOOP)]
        return self.poll()

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Take the packets of a POST; raises EngineIOError for what is none."""
        length = environ.get("CONTENT_LENGTH", "")
        if not length.isdecimal() or int(length) > self.server.max_http_buffer_size:
            raise exceptions.ContentTooLongError
        try:
            body = environ["wsgi.input"].read(int(length)).decode()
            if body.startswith("d="):  # a form of JSONP, which we do not speak
                raise exceptions.EngineIOError
            packets = payload.Payload(encoded_payload=body).packets
            for pkt in packets:
                if len(self._unheard) > MOST_UNHEARD:
                    raise exceptions.EngineIOError
                self._receive(pkt.data if pkt.binary else pkt.encode())
        except exceptions.EngineIOError:
            raise
        except Exception as error:  # whatever cannot be read: the client is told, and cut
            raise exceptions.EngineIOError from error

    def heard(self, wire: Wire, opcode: int, payload: bytes) -> None:
        """Take a message of the websocket."""
        message = frames.decoded(payload) if opcode == frames.TEXT else payload
        if wire is self._probe:
            self._upgrade(wire, message)
            return
        try:
            self._receive(message)
        except exceptions.EngineIOError:
            raise frames.Broken(frames.PROTOCOL_ERROR, "not a packet") from None
        if len(self._unheard) > MOST_UNHEARD:
            wire.pause()

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            self._listen(message)
            return
        kind = message[:1]
        if kind == "4":
            message = message[1:]
            if self._unheard or self._working or not self.server.at_once(self, message):
                self._listen(message)
        elif kind == "3":
            self.owes_pong = False
        elif kind == "1":
            self.end(frames.NORMAL, self.server.reason.CLIENT_DISCONNECT, last=packet.NOOP)
        elif kind not in ("5", "6") or len(message) > 1:  # a late "upgrade" and "nothing" say nothing
            raise exceptions.UnknownPacketError

    # -- the work, one message after the other

    def _listen(self, message: str | bytes) -> None:
        if not self.closed:
            self._unheard.append(message)
            self._work_soon()

    def _work_soon(self) -> None:
        if not self._working:
            self._working = True
            gevent.spawn_raw(self._work)

    def _work(self) -> None:
        """Hand all that waits to the server, in a greenlet of its own, which may block."""
        while self._unheard:
            self._handle("message", self._unheard.popleft())
        if self._gone is not None:
            reason, self._gone = self._gone, None
            self._handle("disconnect", reason)
        self._working = False
        if self._wire is not None:
            self._wire.resume()

    def _handle(self, event: str, what: str | bytes) -> None:
        try:
            self.server.handlers[event](self.sid, what)
        except Exception as error:  # a message that is none, or a fault of ours: it ends this client and no other
            if not isinstance(error, (ValueError, LookupError, RecursionError)):
                log.error("a %s failed: %s", event, type(error).__name__)
            self._unheard.clear()
            self.end(frames.PROTOCOL_ERROR, self.server.reason.TRANSPORT_ERROR)

    # -- from polling to a websocket

    def attach(self, wire: Wire) -> None:
        """Go on over this websocket alone."""
        self._wire = wire
        self.upgraded = True
        self.upgrading = False

    @property
    def has_probe(self) -> bool:
        """Whether a websocket is trying to take over from polling."""
        return self._probe is not None

    def probe(self, wire: Wire) -> None:
        """Try a websocket; the client goes on polling until it has proved itself."""
        self._probe = wire

    def _upgrade(self, wire: Wire, message: str | bytes) -> None:
        if message == "2probe" and not self.upgrading:
            self.upgrading = True  # what comes now is held for the websocket
            wire.send(frames.text("3probe"))
            if self._poll is not None:
                self._poll.set()
        elif message == "5" and self.upgrading:
            self._probe = None
            self.attach(wire)
            for pkt in self._held:
                wire.send(framed(pkt))
            self._held.clear()
            self._held_bytes = 0
        else:
            raise frames.Broken(frames.PROTOCOL_ERROR, "not an upgrade")

    def give_up_probe(self, wire: Wire) -> None:
        """End a websocket that has not proved itself in time."""
        if self._probe is wire:
            wire.close(frames.POLICY)

    # -- the end

    def lost(self, wire: Wire) -> None:
        """Learn that a websocket is gone."""
        if wire is self._probe:
            self._probe = None
            self.upgrading = False
            if self._held and self._poll is not None:
                self._poll.set()
        elif wire is self._wire:
            self.end(frames.NORMAL, self.server.reason.TRANSPORT_CLOSE)

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        """End the session; as the server calls it."""
        self.end(frames.NORMAL, reason or self.server.reason.SERVER_DISCONNECT)

    def end(self, code: int, reason: str, last: int | None = None) -> None:
        """End the session: `code` tells a websocket, packet `last` an open poll, `reason` our own side. Does not block.

        An error ends an open poll where there is no `last`, because a client
        that is told "close" does not come back by itself.
        """
        if self.closed:
            return
        self.closing = self.closed = True
        self._gone, self._last = reason, last
        self.server.left(self)
        self._work_soon()
        if self._poll is not None:
            self._poll.set()
        wire, probe, self._wire, self._probe = self._wire, self._probe, None, None
        for open_ in (wire, probe):
            if open_ is not None:
                open_.close(code)


def weight(pkt: Any) -> int:
    """Return about how many bytes a packet holds in memory."""
    return 64 + (len(pkt.data) if isinstance(pkt.data, str | bytes) else 0)


def framed(pkt: Any) -> bytes:
    """Return a packet as a websocket frame."""
    encoded = pkt.encode()
    return frames.text(encoded) if isinstance(encoded, str) else frames.frame(frames.BINARY, encoded)
