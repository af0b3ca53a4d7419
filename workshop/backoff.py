"""A growing pause after failures, kept in memory only.

Lives here: who has to wait how long before the next try. Not here: what counts
as a failure. Nothing is written to disk, and a restart forgets everything: the
keys hold addresses (promise 6).
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

REMEMBERED = 10_000
"""Keys kept at most, oldest out first: about 2 MB, whatever an attacker sends."""


class Backoff:
    """Counts failures per key; after `free` of them each further one doubles the pause.

    The pause never passes `longest` seconds and trying during a pause does not
    lengthen it, so nobody is ever locked out for good.
    """

    def __init__(self, *, free: int = 5, longest: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._longest = longest
        self._clock = clock
        self._failures: OrderedDict[Hashable, tuple[int, float]] = OrderedDict()

    def wait(self, key: Hashable) -> float:
        """Return the seconds until `key` may try again; 0 means now."""
        count, last = self._failures.get(key, (0, 0.0))
        if count < self._free:
            return 0.0
        pause = min(self._longest, 2.0 ** (count - self._free))
        return max(0.0, last + pause - self._clock())

    def fail(self, key: Hashable) -> None:
        """Note a failure of `key`; an hour without one forgets the earlier ones."""
        count, last = self._failures.pop(key, (0, 0.0))
        if self._clock() - last > 3600:
            count = 0
        self._failures[key] = (count + 1, self._clock())
        while len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def clear(self, key: Hashable) -> None:
        """Forget the failures of `key`."""
        self._failures.pop(key, None)
