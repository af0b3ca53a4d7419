"""Websocket frames as bytes (RFC 6455): no socket, no event loop, nothing that waits.

Lives here: reading what a client sent, strictly, and building what a server
sends. Not here: when something is sent (`wire.py`) and what a message means
(`client.py`). Extensions are never agreed on, so a reserved bit is an error.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # theirs in C, or in Python where there is none

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
KNOWN = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})

NORMAL, PROTOCOL_ERROR, NOT_UTF8, POLICY, TOO_BIG, OUR_FAULT, RESTART = 1000, 1002, 1007, 1008, 1009, 1011, 1012

MOST_FRAGMENTS = 256
"""Frames of one message: empty ones would otherwise cost time without ever reaching a limit of bytes."""


class Broken(Exception):
    """The client broke the protocol; `code` is what the closing frame says."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """Return one whole, unmasked frame."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + payload


def text(message: str) -> bytes:
    """Return a text frame."""
    return frame(TEXT, message.encode())


def closing(code: int) -> bytes:
    """Return a closing frame; without a reason, which could only tell an attacker something."""
    return frame(CLOSE, struct.pack("!H", code))


def close_code(payload: bytes) -> int:
    """Return the code in a client's closing frame, NORMAL where it has none; raises Broken for an unlawful one."""
    if not payload:
        return NORMAL
    if len(payload) == 1:
        raise Broken(PROTOCOL_ERROR, "half a close code")
    code = int(struct.unpack("!H", payload[:2])[0])
    # 1004-1006 and 1015 may never be sent; 1016-2999 belong to later standards; 5000 and above to nobody.
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise Broken(PROTOCOL_ERROR, "a close code that may not be sent")
    decoded(payload[2:])
    return code


def decoded(payload: bytes) -> str:
    """Return a text; raises Broken where it is not UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Broken(NOT_UTF8, "text that is not UTF-8") from None


class Reader:
    """Turns bytes into messages. Give it every piece in the order in which it came.

    `largest` is the size of a message, all fragments together: a longer one is
    refused by its announcement, before it is stored.
    """

    __slots__ = ("_fragments", "_kind", "_largest", "_parts", "_rest", "_size")

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._rest = b""  # the beginning of a frame whose end has not come yet
        self._kind = CONTINUATION  # of the message whose fragments are coming; CONTINUATION: of none
        self._parts: list[bytes] | None = None
        self._size = 0
        self._fragments = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (opcode, payload) of each message and control frame that is complete; raises Broken at the first error."""
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= 2:
            first, second = data[at], data[at + 1]
            opcode, final, size = first & 0x0F, first & 0x80, second & 0x7F
            self._refuse(first, second)
            body = at + 2
            if size == 126:
                if end - body < 2:
                    break
                size = int.from_bytes(data[body : body + 2], "big")
                body += 2
                if size < 126:
                    raise Broken(PROTOCOL_ERROR, "a length longer than it need be")
            elif size == 127:
                if end - body < 8:
                    break
                size = int.from_bytes(data[body : body + 8], "big")
                body += 8
                if size < 65536 or size >> 63:
                    raise Broken(PROTOCOL_ERROR, "a length longer than it need be")
            if opcode < CLOSE and self._size + size > self._largest:
                raise Broken(TOO_BIG, "a message larger than any may be")
            last = body + 4 + size
            if end < last:
                break
            payload = apply_mask(data[body + 4 : last], data[body : body + 4]) if size else b""
            at = last
            if opcode >= CLOSE or (final and opcode and self._parts is None):
                yield opcode, payload
                continue
            whole = self._joined(opcode, payload, bool(final))
            if whole is not None:
                yield whole
        self._rest = data[at:]

    def _refuse(self, first: int, second: int) -> None:
        """Raise Broken where the first two bytes of a frame are unlawful, at this place of the stream."""
        opcode = first & 0x0F
        if first & 0x70:
            raise Broken(PROTOCOL_ERROR, "a reserved bit")
        if opcode not in KNOWN:
            raise Broken(PROTOCOL_ERROR, "an unknown kind of frame")
        if not second & 0x80:
            raise Broken(PROTOCOL_ERROR, "a frame without a mask")
        if opcode >= CLOSE:
            if not first & 0x80 or second & 0x7F > 125:
                raise Broken(PROTOCOL_ERROR, "a control frame that is long or in pieces")
        elif (opcode == CONTINUATION) == (self._parts is None):
            raise Broken(PROTOCOL_ERROR, "a fragment out of its place")

    def _joined(self, opcode: int, payload: bytes, final: bool) -> tuple[int, bytes] | None:
        """Keep a fragment; return the whole message with its last one."""
        if self._parts is None:
            self._kind, self._parts = opcode, []
        self._parts.append(payload)
        self._size += len(payload)
        self._fragments += 1
        if self._fragments > MOST_FRAGMENTS:
            raise Broken(POLICY, "a message in too many pieces")
        if not final:
            return None
        whole = self._kind, b"".join(self._parts)
        self._parts, self._size, self._fragments = None, 0, 0
        return whole
