"""What phones say to the person who leads, privately: "a word with you", slower, faster.

Lives here: the delay, the merging and the bands that keep both from pointing at
anybody (promises 6 and 13). All of it is in the memory of the serving process:
not in the database, not on the disk, not in a log; a restart forgets it. Not
here: who may press (`live_sessions.signal`) and what the console shows
(`screens/`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from time import monotonic

SOONEST, LATEST = 30.0, 120.0
"""Seconds: a wish for a word shows after a time drawn by lot between these, so that no tap can be matched with it."""
AGAIN = 600.0
"""Seconds until the same phone counts again; in between its wish is taken and changes nothing."""
STALE = 600.0
"""Seconds: an older pace says nothing about now."""
NOTICE = 1800.0
"""Seconds until a notice that nobody has put away goes by itself."""
TICK = 60.0
"""Seconds: the pace is read at the full minute only."""
LEAST = 5
"""Phones behind each reading of the pace, anew for each: one that presses alone can never be seen to move it."""
NUMBERS_FROM = 10
"""Phones from which a reading may say that opinions differ."""

_LOTS = SystemRandom()


@dataclass
class _Room:
    due: float | None = None  # when the notice may be seen
    asked: dict[bytes, float] = field(default_factory=dict)
    presses: dict[bytes, tuple[str, float]] = field(default_factory=dict)
    pace: str = ""
    pace_at: float = 0.0


class Signals:
    """The private signals of all sessions served here. `clock` counts seconds; `draw` is uniform between two numbers."""

    def __init__(
        self, clock: Callable[[], float] = monotonic, draw: Callable[[float, float], float] = _LOTS.uniform
    ) -> None:
        self._clock = clock
        self._draw = draw
        self._key = secrets.token_bytes(32)
        self._rooms: dict[str, _Room] = {}

    def word(self, live_id: str, secret: bytes) -> None:
        """Take a wish for a word. Several before the notice is put away are one notice."""
        room, now, tag = self._room(live_id), self._clock(), self._tag(live_id, secret)
        room.asked = {who: when for who, when in room.asked.items() if now - when < AGAIN}
        if tag in room.asked:
            return
        room.asked[tag] = now
        if room.due is None or now - room.due > NOTICE:
            room.due = now + self._draw(SOONEST, LATEST)

    def word_waits(self, live_id: str) -> bool:
        """Return whether the one who leads should read that somebody would like a word."""
        room = self._rooms.get(live_id)
        return room is not None and room.due is not None and 0 <= self._clock() - room.due <= NOTICE

    def heard(self, live_id: str) -> None:
        """Put the notice away; one that is not to be seen yet stays."""
        if self.word_waits(live_id):
            self._rooms[live_id].due = None

    def pace(self, live_id: str, secret: bytes, way: str) -> None:
        """Take "slower" or "faster" from a phone; its last press counts."""
        self._room(live_id).presses[self._tag(live_id, secret)] = (way, self._clock())

    def dial(self, live_id: str, floor: int) -> str:
        """Return "slower", "faster", "mixed", or nothing.

        A reading is made at a full minute, of at least five phones (and the
        room's floor) that pressed since the one before, and says which way most
        of them lean; even numbers fall by lot. Its presses are forgotten then.
        """
        room, now = self._rooms.get(live_id), self._clock()
        if room is None:
            return ""
        room.presses = {who: press for who, press in room.presses.items() if now - press[1] < STALE}
        ripe = {who: way for who, (way, when) in room.presses.items() if when // TICK < now // TICK}
        if len(ripe) >= max(LEAST, floor):
            room.pace, room.pace_at = self._lean(list(ripe.values())), now
            room.presses = {who: press for who, press in room.presses.items() if who not in ripe}
        return room.pace if room.pace and now - room.pace_at < STALE else ""

    def _lean(self, ways: list[str]) -> str:
        slower = ways.count("slower")
        if len(ways) >= NUMBERS_FROM and 0.4 <= slower / len(ways) <= 0.6:
            return "mixed"
        if 2 * slower == len(ways):
            return "slower" if self._draw(0.0, 1.0) < 0.5 else "faster"
        return "slower" if 2 * slower > len(ways) else "faster"

    def forget(self, live_id: str) -> None:
        """Forget a session that is over."""
        self._rooms.pop(live_id, None)

    def _room(self, live_id: str) -> _Room:
        return self._rooms.setdefault(live_id, _Room())

    def _tag(self, live_id: str, secret: bytes) -> bytes:
        return hmac.new(self._key, live_id.encode() + secret, hashlib.sha256).digest()
