"""How many bytes things take on their way, so that nobody who sees only lengths learns what they are (promise 12).

Lives here: the sizes and what is lacking to them. Not here: what is filled up (`web/`, `realtime/events.py`, phone.js).
"""

from __future__ import annotations

from .activities import KINDS
from .guides.schema import Activity

ENVELOPE = 128  # bytes around the fields in a phone's message: run, revision and the names of the parts

BUCKETS = (512, 2048, 4096, 8192, 16 * 1024 + ENVELOPE)  # the last holds the largest answer that is taken at all


def bucket(item: Activity) -> int:
    """Return the bytes to which every answer and every pass of this activity is padded."""
    largest = KINDS[item.kind].largest(item.config) + ENVELOPE
    return next((size for size in BUCKETS if size >= largest), BUCKETS[-1])


def lacking(size: int, step: int) -> int:
    """Return the bytes that fill `size` up to a whole number of steps, one at least; 0 for no step."""
    return max(step - size, -size % step) if step else 0
