"""One timer for everything that is due later, however many clients there are.

Lives here: doing something after a while, in the event loop. Not here: what.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from gevent import get_hub

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two looks: nothing that waits here is finer than that."""


class Clock:
    """Calls back, late by one tick at most.

    There are only a few different delays, so each has a line of its own that
    is in order by itself: no heap, no timer per client. What is called must
    not block. Give it names rather than objects: what has gone meanwhile
    would otherwise stay in memory until it is due.
    """

    def __init__(self) -> None:
        self._lines: dict[float, deque[tuple[float, Callable[..., None], tuple[Any, ...]]]] = {}
        self._timer: Any = None

    def after(self, seconds: float, call: Callable[..., None], *arguments: Any) -> None:
        """Call `call(*arguments)` in the event loop after so many seconds."""
        self._lines.setdefault(seconds, deque()).append((monotonic() + seconds, call, arguments))
        if self._timer is None:
            self._timer = get_hub().loop.timer(TICK, repeat=TICK)
            self._timer.start(self._tick)

    def _tick(self) -> None:
        now = monotonic()
        for line in list(self._lines.values()):
            for _due in range(len(line)):  # what is put in by a call waits for the next look
                if line[0][0] > now:
                    break
                _moment, call, arguments = line.popleft()
                try:
                    call(*arguments)
                except Exception as error:  # one client's trouble must not silence the others
                    log.error("something that was due failed: %s", type(error).__name__)
        if not any(self._lines.values()):
            self._timer.close()
            self._timer = None
