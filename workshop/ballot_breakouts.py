"""Breakouts in the ballot box: the cards that were dealt, who writes, and how many people a group card speaks for.

Lives here: three tables and what is done with them, as a part of `BallotBox`.
Not here: numbers, stages and who may ask (`breakouts.py`), which alone can read
what a phone was dealt.

Everything is erased with the run. No group's number is in here: a group is a
tag that only the server's key makes, and what a phone was dealt is masked with
the phone's own secret (docs/decisions/0008-breakouts.md).
"""

from __future__ import annotations

import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from time import monotonic
from typing import Any, TypeVar

from .anonymity import FEWEST_IN_A_GROUP

T = TypeVar("T")

SCHEMA = """
create table if not exists deck (run_id text primary key, salt blob not null) without rowid;
create table if not exists breakout (
  run_id text not null, tag blob not null, people integer not null, writer blob,
  primary key (run_id, tag)) without rowid;
create table if not exists dealt (
  run_id text not null, tag blob not null, nonce blob not null, mask blob not null,
  primary key (run_id, tag)) without rowid;
"""


class BreakoutsInTheBox(ABC):
    """The part of a ballot box that knows breakouts."""

    _db: sqlite3.Connection

    @abstractmethod
    def _transact(self, work: Callable[[], T]) -> T: ...

    @abstractmethod
    def _fetch(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]: ...

    @cached_property
    def _heard(self) -> dict[tuple[str, bytes], float]:
        """When a group's writer last asked for anything; in memory alone, in seconds of no clock."""
        return {}

    def salt(self, run_id: str) -> bytes:
        """Return the run's own random bits, drawn when they are first needed and erased with it."""

        def work() -> bytes:
            self._db.execute("insert or ignore into deck values (?, ?)", (run_id, secrets.token_bytes(32)))
            return bytes(self._db.execute("select salt from deck where run_id = ?", (run_id,)).fetchone()[0])

        found = self._fetch("select salt from deck where run_id = ?", (run_id,))
        return bytes(found[0][0]) if found else self._transact(work)

    def deal(
        self,
        run_id: str,
        tag: bytes,
        groups: Sequence[bytes],
        choose: Callable[[list[int]], int],
        mask: Callable[[int, int], tuple[bytes, bytes]],
        instead_of: int | None = None,
    ) -> bool:
        """Deal one card to a phone that has none; return whether it was dealt now.

        `choose` picks the group from the people in each, `mask` hides it and the
        place in it. `instead_of`: the group that the phone is taken out of.
        """

        def work() -> bool:
            gate = self._db.execute("select accepting from gate where run_id = ?", (run_id,)).fetchone()
            known = self._db.execute("select 1 from dealt where run_id = ? and tag = ?", (run_id, tag)).fetchone()
            if not gate or not gate[0] or (known and instead_of is None):
                return False
            people = self._people(run_id, groups)
            if instead_of is not None and known:
                if people[instead_of] >= FEWEST_IN_A_GROUP:
                    return False  # somebody came in meanwhile
                self._count(run_id, groups[instead_of], -1)
            chosen = choose(people)
            self._count(run_id, groups[chosen], +1)
            nonce, hidden = mask(chosen, people[chosen])
            self._db.execute("insert or replace into dealt values (?, ?, ?, ?)", (run_id, tag, nonce, hidden))
            return True

        return self._transact(work)

    def _people(self, run_id: str, groups: Sequence[bytes]) -> list[int]:
        known = dict(self._db.execute("select tag, people from breakout where run_id = ?", (run_id,)).fetchall())
        return [int(known.get(tag, 0)) for tag in groups]

    def _count(self, run_id: str, group: bytes, by: int) -> None:
        self._db.execute("insert or ignore into breakout values (?, ?, 0, null)", (run_id, group))
        self._db.execute("update breakout set people = people + ? where run_id = ? and tag = ?", (by, run_id, group))

    def dealt(self, run_id: str, tag: bytes) -> tuple[bytes, bytes] | None:
        """Return what lies under a phone's tag: the nonce and the mask, which only that phone's secret opens."""
        rows = self._fetch("select nonce, mask from dealt where run_id = ? and tag = ?", (run_id, tag))
        return (bytes(rows[0][0]), bytes(rows[0][1])) if rows else None

    def group(self, run_id: str, group: bytes) -> tuple[int, bytes | None]:
        """Return how many people a group has and its writer's tag, None while nobody writes."""
        rows = self._fetch("select people, writer from breakout where run_id = ? and tag = ?", (run_id, group))
        return (int(rows[0][0]), rows[0][1]) if rows else (0, None)

    def claim(self, run_id: str, group: bytes, writer: bytes, instead_of: bytes | None = None) -> bool:
        """Make a phone the writer of its group if nobody is, or if `instead_of` still is; return whether it writes."""

        def work() -> bool:
            changed = self._db.execute(
                "update breakout set writer = ? where run_id = ? and tag = ? and (writer is null or writer = ?)",
                (writer, run_id, group, instead_of or writer),
            )
            return changed.rowcount == 1

        return self._transact(work)

    def let_go(self, run_id: str, group: bytes, writer: bytes) -> None:
        """Free the place of a writer who hands it on; nobody else's."""
        self._transact(
            lambda: self._db.execute(
                "update breakout set writer = null where run_id = ? and tag = ? and writer = ?", (run_id, group, writer)
            )
        )

    def hear(self, run_id: str, group: bytes) -> None:
        """Note that a group's writer is there."""
        self._heard[(run_id, group)] = monotonic()

    def silence(self, run_id: str, group: bytes) -> float:
        """Return for how many seconds nothing was heard of a group's writer, counted from the first question after it."""
        now = monotonic()
        return now - self._heard.setdefault((run_id, group), now)

    def standing(self, run_id: str) -> tuple[int, int, int]:
        """Return (groups whose card or pass counts, the people in them, groups with too few people to count)."""
        rows = self._fetch(
            "select b.people, a.tag is not null from breakout b"
            " left join answer a on a.run_id = b.run_id and a.tag = b.tag where b.run_id = ? and b.people > 0",
            (run_id,),
        )
        counts = [int(people) for people, sent in rows if sent and people >= FEWEST_IN_A_GROUP]
        return len(counts), sum(counts), sum(1 for people, _sent in rows if people < FEWEST_IN_A_GROUP)

    def spoken(self, run_id: str) -> list[tuple[str, int]] | None:
        """Return each group's body with the people it speaks for, small groups left out; None for a run without groups."""
        if not self._fetch("select 1 from deck where run_id = ?", (run_id,)):
            return None
        rows = self._fetch(
            "select a.body, b.people from answer a join breakout b on b.run_id = a.run_id and b.tag = a.tag"
            " where a.run_id = ? and a.passed = 0 and a.body is not null and b.people >= ?",
            (run_id, FEWEST_IN_A_GROUP),
        )
        return [(str(body), int(people)) for body, people in rows]
