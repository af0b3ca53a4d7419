"""Who has a console open now, and who pressed last: in memory, for the consoles alone.

Lives here: names of staff, per session, of the serving process; a restart
forgets them. Never on a phone or the stage, never in the database or a log. Not
here: who may open a console (`accounts.role_in`, `facilitators.remote`), and
anything about participants.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class _Room:
    seated: dict[str, str] = field(default_factory=dict)  # connection -> name
    pressed: str = ""


class Desks:
    """The consoles that are open on the sessions served here."""

    def __init__(self) -> None:
        self._rooms: dict[str, _Room] = {}

    def sit(self, live_id: str, connection: str, name: str) -> None:
        """Note that somebody opened a console."""
        self._rooms.setdefault(live_id, _Room()).seated[connection] = name

    def rise(self, live_id: str, connection: str) -> None:
        """Note that a console went away; who pressed last is remembered."""
        room = self._rooms.get(live_id)
        if room is not None:
            room.seated.pop(connection, None)
            if not room.seated and not room.pressed:
                del self._rooms[live_id]

    def press(self, live_id: str, name: str) -> None:
        """Note who made the last move."""
        self._rooms.setdefault(live_id, _Room()).pressed = name

    def here(self, live_id: str) -> tuple[str, ...]:
        """Return the names of those who have a console open, each once."""
        room = self._rooms.get(live_id)
        return tuple(sorted(set(room.seated.values()), key=str.casefold)) if room else ()

    def last(self, live_id: str) -> str:
        """Return who made the last move; empty: nobody since the start of this process."""
        room = self._rooms.get(live_id)
        return room.pressed if room else ""

    def forget(self, live_id: str) -> None:
        """Forget who pressed in a session that is over."""
        room = self._rooms.get(live_id)
        if room is not None:
            room.pressed = ""
