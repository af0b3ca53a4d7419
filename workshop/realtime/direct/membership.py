"""Who is in which room, and sending to a room.

Lives here: Socket.IO's client manager with two changes. What goes to a room is
encoded and framed once, and each client knows its rooms: the parent looks
through every room of everybody when a client leaves, which makes the departure
of a whole hall quadratic. Not here: who may enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import socketio
from engineio import packet as eio_packet
from socketio import packet

from .client import framed


class Membership(socketio.Manager):  # type: ignore[misc]
    """Rooms in memory. A client's own room, named as the client, is not stored."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, dict[str | None, dict[str, str]]] = {}  # namespace -> room (None: all) -> sid -> eio sid
        self._sids: dict[tuple[str, str], str] = {}  # namespace and eio sid -> sid
        self._inside: dict[str, list[str]] = {}  # sid -> its rooms
        self._coming: set[str] = set()
        self._going: set[str] = set()

    # -- sending

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **rest: Any,
    ) -> None:
        """Send an event to a client, a room or everybody."""
        if callback is not None:
            super().emit(event, data, namespace, room=to or room, skip_sid=skip_sid, callback=callback, **rest)
            return
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        encoded = self.server.packet_class(packet.EVENT, namespace=namespace, data=[event, *arguments]).encode()
        parts = encoded if isinstance(encoded, list) else [encoded]
        packets = [eio_packet.Packet(eio_packet.MESSAGE, part) for part in parts]
        ready = [framed(pkt) for pkt in packets]
        skipped = skip_sid if isinstance(skip_sid, list) else [skip_sid]
        clients = self.server.eio.sockets
        for sid, eio_sid in self.get_participants(namespace, to or room):
            client = clients.get(eio_sid)
            if client is not None and sid not in skipped:
                client.push(ready, packets)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Yield (sid, eio sid) of everybody in a room, or in several; each client once."""
        known = self.rooms.get(namespace, {})
        several = room if isinstance(room, list | tuple | set) else [room]
        found: dict[str, str] = {}
        for name in several:
            own = known.get(None, {}).get(name) if name is not None else None
            found.update({name: own} if own is not None else known.get(name, {}))
        yield from found.items()

    # -- coming and going

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Note a client that has knocked; None where it is inside already."""
        if (namespace, eio_sid) in self._sids:
            return None
        sid: str = self.server.eio.generate_id()
        self.rooms.setdefault(namespace, {}).setdefault(None, {})[sid] = eio_sid
        self._sids[namespace, eio_sid] = sid
        self._coming.add(sid)
        return sid

    def connect(self, sid: str, namespace: str) -> str | None:
        """Note that a client was let in."""
        if sid not in self._coming:
            return self.pre_connect(sid, namespace)
        self._coming.discard(sid)
        return sid

    def is_pre_connected(self, sid: str, namespace: str) -> bool:
        """Return whether a client has knocked and was not let in yet."""
        return sid in self._coming

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        """Return whether a client is inside and neither coming nor going."""
        everybody = self.rooms.get(namespace, {}).get(None, {})
        return sid in everybody and sid not in self._coming and sid not in self._going

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """Return a client's name in a namespace."""
        return self._sids.get((namespace, eio_sid))

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """Return the connection behind a client's name."""
        return self.rooms.get(namespace, {}).get(None, {}).get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """Note that a client is about to go."""
        self._going.add(sid)
        return self.eio_sid_from_sid(sid, namespace)

    def basic_disconnect(self, sid: str, namespace: str, **_rest: Any) -> None:
        """Forget a client and take it out of its rooms."""
        known = self.rooms.get(namespace, {})
        for room in self._inside.pop(sid, ()):
            self._take_out(known, room, sid)
        eio_sid = known.get(None, {}).get(sid)
        if eio_sid is not None:
            self._sids.pop((namespace, eio_sid), None)
            self._take_out(known, None, sid)
        if not known:
            self.rooms.pop(namespace, None)
        self.callbacks.pop(sid, None)
        self._coming.discard(sid)
        self._going.discard(sid)

    # -- rooms

    def is_sid_room(self, namespace: str, room: str) -> bool:
        """Return whether a room is one client's own."""
        return room in self.rooms.get(namespace, {}).get(None, {})

    def basic_enter_room(self, sid: str, namespace: str, room: str, eio_sid: str | None = None) -> None:
        """Put a client into a room; raises ValueError for one that is not there, and for another client's own room."""
        eio_sid = self.eio_sid_from_sid(sid, namespace)
        if eio_sid is None:
            raise ValueError("sid is not connected to requested namespace")
        if sid == room:
            return
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot enter a sid room")
        members = self.rooms[namespace].setdefault(room, {})
        if sid not in members:
            members[sid] = eio_sid
            self._inside.setdefault(sid, []).append(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str) -> None:
        """Take a client out of a room."""
        if room in self._inside.get(sid, ()):
            self._inside[sid].remove(room)
            self._take_out(self.rooms.get(namespace, {}), room, sid)

    def basic_close_room(self, room: str, namespace: str) -> None:
        """Take everybody out of a room."""
        if self.is_sid_room(namespace, room):
            raise ValueError("cannot close a sid room")
        for sid in list(self.rooms.get(namespace, {}).get(room, {})):
            self.basic_leave_room(sid, namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[str]:
        """Return the rooms of a client, its own among them."""
        return [sid, *self._inside.get(sid, ())] if self.is_sid_room(namespace, sid) else []

    @staticmethod
    def _take_out(known: dict[str | None, dict[str, str]], room: str | None, sid: str) -> None:
        members = known.get(room)
        if members is not None:
            members.pop(sid, None)
            if not members:
                del known[room]
