"""How many phones said "I'm done": a count for the one who leads, in memory alone.

Lives here: the count and what keeps it from pointing at anybody (promises 1, 6,
12 and 13). Not here: who may say it when (`live_sessions.signal`), and where it
is shown (`screens.console`).

It is a signal like those in `signals.py`, not an answer and not computed from
answers: whoever passes, whoever writes and whoever does nothing can say it, and
what they say goes over the wire as every other signal does. What an observer
could make of it is timing: somebody lays the phone down, and the count goes up.
Therefore the count is read at full minutes only, and each time only when at
least five phones (and the room's floor) have said so since the time before; the
rest waits. No single tap ever moves it, so it never tells who was quick and who
was slow; the last few may never show, and "at least" says so. It only grows.
Taps are kept under a one-time tag per activity, in the memory of the serving
process, and forgotten with the session or a restart.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from .signals import LEAST, TICK


@dataclass
class _Place:
    shown: int = 0
    counted: set[bytes] = field(default_factory=set)
    waiting: dict[bytes, float] = field(default_factory=dict)


class Done:
    """The counts of all sessions served here. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._places: dict[str, dict[str, _Place]] = {}

    def say(self, live_id: str, activity_id: str, secret: bytes) -> None:
        """Take "I'm done" from a phone; said again it changes nothing."""
        place = self._places.setdefault(live_id, {}).setdefault(activity_id, _Place())
        tag = hmac.new(self._key, f"{live_id}/{activity_id}/".encode() + secret, hashlib.sha256).digest()
        if tag not in place.counted:
            place.waiting.setdefault(tag, self._clock())

    def count(self, live_id: str, activity_id: str, floor: int) -> int:
        """Return how many are done at least, 0 while too few have said so."""
        place = self._places.get(live_id, {}).get(activity_id)
        if place is None:
            return 0
        now = self._clock()
        ripe = [tag for tag, when in place.waiting.items() if when // TICK < now // TICK]
        if len(ripe) >= max(LEAST, floor):
            place.shown += len(ripe)
            place.counted.update(ripe)
            for tag in ripe:
                del place.waiting[tag]
        return place.shown

    def forget(self, live_id: str) -> None:
        """Forget a session that is over."""
        self._places.pop(live_id, None)
