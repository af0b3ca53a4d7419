"""The promises that are not a matter of odds: each module looks at some of them, and yields what it found.

Lives here: what a check is handed. Not here: attackers that link (`attackers.py`).
Every check is run on the product and on the leaky build alike, and must find the leak there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..cast import Room, Staff
from ..scratch import Scratch
from ..verdicts import Finding


@dataclass
class World:
    """A running installation, its staff, and what must be in no file of it at the end."""

    scratch: Scratch
    staff: Staff
    say: Callable[[str], None]
    leaky: bool = False
    orders: int = 3
    """So many times a check looks at an order: few show a list that is in order, a pass needs 200 (`bounds.order_p`)."""
    marks: list[str] = field(default_factory=list)
    secrets: list[bytes] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """Every word that was sent; a log must hold none of them."""

    later: Any = None
    """The session whose check-ins are looked at (`beside.Later`): planned early, because they open by the server's own clock."""

    week: Any = None
    """Another one, of whose check-in the ballot box is copied."""

    def room(self, sorts: list[str], phones: int, *, watched: bool = True, start: bool = True, **settings: Any) -> Room:
        """Return a session with its audiences, started and quiet."""
        room = Room(self.scratch, self.staff, sorts, phones, **settings)
        if watched:
            room.watch()
        if watched and start:
            room.press("start")
            room.frames()
        return room

    def done(self, room: Room) -> None:
        """Take leave of a session, and keep the marks of its phones for the search at the end."""
        for phone in room.phones:
            self.marks += phone.marks
            self.marks += phone.ids
        self.secrets += [room.secret(number) for number, phone in enumerate(room.phones) if phone.seat]
        room.away()


Check = Callable[[World], Iterator[Finding]]
