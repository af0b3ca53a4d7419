"""What the database would be asked at every answer, kept in memory until its session changes.

Lives here: keeping and forgetting. Not here: what is kept (`answers.py`) and
any decision: whether an answer may still come in says the gate in its ballot
box, so what is kept here may be old for a moment without doing harm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")

MOST_SESSIONS = 2000
"""Sessions of which something is kept at a time; more than one process serves."""


@dataclass
class Shelf:
    """What is kept of one session since its last change, and who is just reading which of it."""

    kept: dict[str, Any] = field(default_factory=dict)
    reading: defaultdict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))


class AtHand:
    """Values by live session; all of a session's are forgotten when a transaction has changed it."""

    def __init__(self) -> None:
        self._shelves: dict[str, Shelf] = {}

    def forget(self, live_id: str) -> None:
        """Drop everything of a session."""
        self._shelves.pop(live_id, None)

    def look(self, live_id: str, name: str) -> Any:
        """Return what is kept under a name; None where nothing is."""
        shelf = self._shelves.get(live_id)
        return shelf.kept.get(name) if shelf else None

    def get(self, live_id: str, name: str, make: Callable[[], T]) -> T:
        """Return what is kept under a name, made now where nothing is.

        A whole room may ask at once for what was just forgotten: one makes it, the
        others wait for it. Where making it fails, each of them tries for itself.
        """
        shelf = self._shelves.get(live_id)
        if shelf is None:
            if len(self._shelves) >= MOST_SESSIONS:
                self._shelves.clear()
            shelf = self._shelves.setdefault(live_id, Shelf())
        if name not in shelf.kept:
            with shelf.reading[name]:
                if name not in shelf.kept:
                    # Onto the shelf of before: one that was forgotten meanwhile is nobody's any more.
                    shelf.kept[name] = make()
        found: T = shelf.kept[name]
        return found
