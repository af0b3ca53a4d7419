"""A websocket client that sends whatever bytes a test likes, and the server it talks to."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class Served:
    """A running wire server."""

    def __init__(self, kind: str, pings: float = 20.0, *more: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.wires.wire_server", kind, str(pings), *map(str, more)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}"

    def descriptors(self) -> int:
        """Return how many files and sockets the server has open."""
        return sum(1 for _file in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def memory(self) -> int:
        """Return how many bytes of memory the server has."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> str:
        """Ask the server to stop; return what it wrote to its log."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=PATIENCE)[1]


@contextmanager
def served(kind: str, pings: float = 20.0, *more: int) -> Iterator[Served]:
    """Run a wire server; `more`: how many who have not joined it keeps."""
    server = Served(kind, pings, *more)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def frame(
    opcode: int, payload: bytes, *, final: bool = True, masked: bool = True, reserved: int = 0, size: int | None = None
) -> bytes:
    """Return a client's frame, lawful or not. `size` announces another size than that of the payload."""
    announced = len(payload) if size is None else size
    first = (0x80 if final else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if announced < 126:
        head = bytes((first, mask_bit | announced))
    elif announced < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, announced)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, announced)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


class Poller:
    """A session by long polling on one connection, in steps: many go through each of them together."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._path = "/socket.io/?EIO=4&transport=polling"
        self._rest = b""

    def ask(self, body: str = "") -> None:
        """Send a poll, or a POST of a packet."""
        head = f"{'POST' if body else 'GET'} {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        self.socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def answer(self) -> tuple[int, str]:
        """Read status and body of an answer."""
        while b"\r\n\r\n" not in self._rest:
            self._read()
        head, _end, self._rest = self._rest.partition(b"\r\n\r\n")
        length = next(
            int(line[15:]) for line in head.decode().lower().splitlines() if line.startswith("content-length")
        )
        while len(self._rest) < length:
            self._read()
        body, self._rest = self._rest[:length].decode(), self._rest[length:]
        if body.startswith("0{"):
            self._path += f"&sid={json.loads(body[1:])['sid']}"
        return int(head.split()[1]), body

    def _read(self) -> None:
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError
        self._rest += part


class Raw:
    """One websocket to a wire server; opened and joined unless `join` is False."""

    def __init__(self, port: int, *, join: bool = True, buffer: int = 0, query: str = "", room: str = "hall") -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Origin: http://127.0.0.1:{port}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.head = self._until(b"\r\n\r\n")
        if join:
            assert self.head.startswith(b"HTTP/1.1 101 "), self.head
            assert self.text()[0] == "0"
            self.say("40" + json.dumps({"room": room}))
            assert self.text().startswith("40")

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def say(self, message: str) -> None:
        """Send a text."""
        self.socket.sendall(frame(TEXT, message.encode()))

    def call(self, event: str, payload: Any = None, number: int = 1) -> Any:
        """Send an event and return its acknowledgement; pushes before it are thrown away."""
        self.say(f"42{number}" + json.dumps([event, payload], ensure_ascii=False))
        while not (message := self.text()).startswith(f"43{number}["):
            pass
        return json.loads(message[len(f"43{number}") :])[0]

    def next(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; raises ConnectionError at the end."""
        first, second = self._exactly(2)
        assert first & 0x70 == 0 and first & 0x80 and not second & 0x80, "a server's frame is whole and has no mask"
        size = second
        if size == 126:
            size = struct.unpack("!H", self._exactly(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self._exactly(8))[0]
        return first & 0x0F, self._exactly(size)

    def text(self) -> str:
        """Return the next text; answers pings on the way."""
        while True:
            opcode, payload = self.next()
            if opcode == TEXT and payload == b"2":
                self.say("3")
            elif opcode == TEXT:
                return payload.decode()
            elif opcode == CLOSE:
                raise ConnectionError(struct.unpack("!H", payload[:2])[0])

    def close_code(self) -> int:
        """Read until the end and return the code of the closing frame; 0 where there was none."""
        code = 0
        try:
            while True:
                opcode, payload = self.next()
                if opcode == CLOSE:
                    code = struct.unpack("!H", payload[:2])[0]
        except ConnectionError:
            return code

    def _exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError(0)
            self.rest += part
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self.rest:
            part = self.socket.recv(65536)
            if not part:
                break
            self.rest += part
        taken, _end, self.rest = self.rest.partition(end)
        return taken
