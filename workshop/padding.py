"""How many bytes things take on their way, so that nobody who sees only lengths learns what they are (promise 12).

Lives here: the sizes and what is lacking to them. Not here: what is filled up (`web/`, `realtime/events.py`, phone.js).
"""

from __future__ import annotations

from .activities import KINDS
from .guides.schema import Activity

ENVELOPE = 128  # bytes around the fields in a phone's message: run, revision and the names of the parts

BUCKETS = (512, 2048, 4096, 8192, 16 * 1024 + ENVELOPE)  # the last holds the largest answer that is taken at all

PAPER_ASKED, PAPER_MADE = 16 * 1024, 64 * 1024
"""The steps of bytes in which a participant's own paper is asked for (static/js/notes/take_along.js) and handed out.

The words of a full talk make 2 KB and a file of 30; a workbook seldom 16 KB and 64.
"""


def bucket(item: Activity) -> int:
    """Return the bytes to which every answer and every pass of this activity is padded."""
    largest = KINDS[item.kind].largest(item.config) + ENVELOPE
    return next((size for size in BUCKETS if size >= largest), BUCKETS[-1])


def lacking(size: int, step: int) -> int:
    """Return the bytes that fill `size` up to a whole number of steps, one at least; 0 for no step."""
    return max(step - size, -size % step) if step else 0


def filled_pdf(content: bytes, step: int, beside: int) -> bytes:
    """Return a PDF as long as a whole number of steps, with what goes `beside` it, by comments that no reader shows.

    They stand before the last "startxref", which counts from the beginning and has to be near the end.
    """
    place = content.rfind(b"startxref")
    lacks = lacking(len(content) + beside, step)
    if place < 0 or not lacks:
        return content
    comments = (b"%" + b"." * 62 + b"\n") * (lacks // 64 + 1)
    return content[:place] + comments[: lacks - 1] + b"\n" + content[place:]
