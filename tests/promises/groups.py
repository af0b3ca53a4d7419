"""Rooms that go into breakouts, for the tests of them.

Lives here: a guide with one breakout, phones that take numbers, and the groups
as only the test's omniscient eye sees them. Not here: what is proven with them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import yaml

from workshop import breakouts, live_sessions
from workshop.house import House

from .stagehands import Room, add_account, add_guide, canary


@dataclass
class Groups:
    """A room in its breakout. `members`: number of a group -> the phones in it, which no stored byte says."""

    played: Room
    run_id: str
    members: dict[int, list[int]]

    def place(self, phone: int, what: str = "look") -> breakouts.Place:
        """Return where a phone is after it asked for something."""
        found = breakouts.ask(self.played.house, self.played.live_id, self.played.secrets[phone], self.run_id, what)
        assert found is not None
        return found

    def write(self, number: int, text: str = "", *, revision: int = 1, quotable: bool = False) -> str:
        """Let the first of a group write its card; return what it says."""
        text = text or canary()
        fields = {"text-0": [text]} | ({"quote-0": ["1"]} if quotable else {})
        self.played.send(self.members[number][0], self.run_id, fields, revision)
        return text


def breakout_guide(**settings: Any) -> str:
    """Return a guide with one breakout and a question after it."""
    breakout = {"id": "q0", "kind": "breakout", "prompt": "What now?", "cards": 2, "settings": settings}
    after = {"id": "q1", "kind": "scale", "prompt": "How was it?"}
    step = {"id": "s0", "title": "Groups", "minutes": 10, "activities": [breakout, after]}
    return yaml.safe_dump({"format": 1, "id": "proof", "title": "Proof", "language": "en", "steps": [step]})


def breakout_room(house: House, phones: int, guide: str = "", **settings: Any) -> Room:
    """Return a running session at its breakout, which is not dealt yet."""
    values = {"title": "Proof", "team": "", "language": "en", "expected": 12, "leader": "Lee", **settings}
    values.setdefault("leader_is_manager", False)
    new = live_sessions.NewSession(guide_id=add_guide(house, guide or breakout_guide()), **values)
    played = Room(house, live_sessions.create(house, add_account(house), new), ("breakout", "scale"))
    played.join(phones)
    played.move("start")
    return played


def in_groups(house: House, phones: int, guide: str = "", **settings: Any) -> Groups:
    """Return a room whose phones have taken their numbers, in an order of no meaning."""
    return dealt(breakout_room(house, phones, guide, **settings))


def dealt(played: Room) -> Groups:
    """Deal the groups of a room, and let every phone take its number."""
    made = Groups(played, played.open(), {})
    members: defaultdict[int, list[int]] = defaultdict(list)
    for phone in range(len(played.secrets)):
        members[made.place(phone, "take").number].append(phone)
    made.members = dict(members)
    return made
