"""What SIGTERM does to a command.

Lives here: ending it as Ctrl-C does, so that the servers and folders it has
made are cleared away. Not here: how a server ends (`server.py`).
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def unwinding() -> Iterator[None]:
    """Let SIGTERM raise SystemExit, so that every context inside comes to its end; 143 is what a shell calls that."""
    if threading.current_thread() is not threading.main_thread():  # no other may say what a signal does
        yield
        return

    def stopped(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, stopped)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
