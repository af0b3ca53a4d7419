"""Requests take turns, so that whoever asks without a pause keeps nobody waiting.

Lives here: when a request may begin. Not here: connections (`server.py`), how
often one source may ask (`web/limits.py`), what travels on open sockets.

gevent reads on from a connection for as long as something lies there. Without
turns fifty connections that ask for one page after the other hold the loop for
seconds, and everybody's answers wait for it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from gevent import get_hub
from gevent.hub import Waiter


class Turns:
    """Lets a few requests begin in each round of the event loop; between two rounds everything else gets its word in.

    Only the beginning is given out: a request that waits for a disk or a slow
    reader holds nobody up.
    """

    def __init__(self, each_round: int) -> None:
        self._each_round = each_round
        self._waiting: deque[Waiter[None]] = deque()
        self._round: Any = None  # libev's watcher, made in the loop's own thread

    def take(self) -> None:
        """Return when it is this greenlet's turn; first come, first served."""
        if self._round is None:
            loop = get_hub().loop
            # Of the highest priority: at any other it would wait until nothing else happens.
            self._round = loop.idle(priority=loop.MAXPRI)
        if not self._round.active:
            self._round.start(self._next)
            return
        waiter: Waiter[None] = Waiter()
        self._waiting.append(waiter)
        waiter.get()

    def _next(self) -> None:
        if not self._waiting:
            self._round.stop()
        for _turn in range(min(self._each_round, len(self._waiting))):
            self._waiting.popleft().switch(None)
