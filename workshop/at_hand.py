"""What the database would be asked at every answer, kept in memory until its session changes.

Lives here: keeping and forgetting. Not here: what is kept (`answers.py`) and
any decision: whether an answer may still come in says the gate in its ballot
box, so what is kept here may be old for a moment without doing harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

MOST_SESSIONS = 2000
"""Sessions of which something is kept at a time; more than one process serves."""


class AtHand:
    """Values by live session; all of a session's are forgotten when a transaction has changed it."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Any]] = {}

    def forget(self, live_id: str) -> None:
        """Drop everything of a session."""
        self._kept.pop(live_id, None)

    def look(self, live_id: str, name: str) -> Any:
        """Return what is kept under a name; None where nothing is."""
        return self._kept.get(live_id, {}).get(name)

    def get(self, live_id: str, name: str, make: Callable[[], T]) -> T:
        """Return what is kept under a name, made now where nothing is."""
        kept = self._kept.get(live_id)
        if kept is None:
            if len(self._kept) >= MOST_SESSIONS:
                self._kept.clear()
            kept = self._kept[live_id] = {}
        if name in kept:
            found: T = kept[name]
            return found
        made = make()
        kept[name] = made  # into the shelf of before: one that was forgotten meanwhile is nobody's any more
        return made
