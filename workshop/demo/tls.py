"""A TLS connection that two threads may use at once: one reads while the other writes.

Lives here: their turns. OpenSSL wants one thread at a time in a connection, and Python's `ssl` lets two in before
3.13 (python/cpython#124984): a screen that comes while an answer leaves then breaks the connection ("bad record
mac"), or the program. The library that we speak Socket.IO with reads in one thread and writes in another.
"""

from __future__ import annotations

import os
import select
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class OneAtATime(ssl.SSLSocket):
    """Waits without the lock, and takes or gives bytes with it."""

    _patience: float | None = None

    def settimeout(self, value: float | None) -> None:
        """Keep the time for ourselves too: below, the socket itself never waits."""
        self._patience = value
        super().settimeout(value)

    def gettimeout(self) -> float | None:
        """Return the seconds that a call may take."""
        return self._patience

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Return what has come; waits for it."""
        return self._in_turn(lambda: ssl.SSLSocket.recv(self, buflen, flags), writes=False)

    def send(self, data: Any, flags: int = 0) -> int:
        """Send; return how much of it went."""
        return self._in_turn(lambda: ssl.SSLSocket.send(self, data, flags), writes=True)

    def _in_turn(self, work: Callable[[], T], *, writes: bool) -> T:
        turn = self.__dict__.setdefault("_turn", threading.Lock())
        until = None if self._patience is None else time.monotonic() + self._patience
        while True:
            with turn:
                super().settimeout(0)
                try:
                    return work()
                except ssl.SSLWantReadError:
                    writes = False
                except ssl.SSLWantWriteError:
                    writes = True
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError("timed out")
            ready = select.poll()
            ready.register(self, select.POLLOUT if writes else select.POLLIN)
            ready.poll(None if left is None else left * 1000)


def context() -> ssl.SSLContext:
    """Return how the simulated people trust a server: as the machine does, or by the authority their library is told."""
    made = ssl.create_default_context(cafile=os.environ.get("WEBSOCKET_CLIENT_CA_BUNDLE"))
    made.sslsocket_class = OneAtATime
    return made
