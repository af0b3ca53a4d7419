"""What is on paper, in the ballot box: slips that let one phone in each, and sheets that somebody types in.

Lives here: their two tables and what is done with them, as a part of
`BallotBox`. Not here: codes and who may join (`tickets.py`), floors
(`paper_cards.py`).

Why in the box: PostgreSQL's pages, log and archives would keep the order in
which slips are spent. The box is a file of its own on every installation and
goes with the session. A slip is spent by an update of two values of equal size
in place, so that the file at rest is the same whoever came first.
"""

from __future__ import annotations

import secrets
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from .anonymity import shuffled

T = TypeVar("T")

SCHEMA = """
create table if not exists slip (hash blob primary key, spent integer not null) without rowid;
create table if not exists paper (
  run_id text not null, key blob not null, owner text not null, body text not null,
  primary key (run_id, key)) without rowid;
"""


class PaperInTheBox(ABC):
    """The part of a ballot box that holds slips and typed sheets."""

    _db: sqlite3.Connection

    @abstractmethod
    def _transact(self, work: Callable[[], T]) -> T: ...

    @abstractmethod
    def _fetch(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def rewrite(self) -> None:
        """Rewrite the file and empty its log."""

    @abstractmethod
    def checkpoint(self, *, lasting: bool = True) -> None:
        """Empty the log."""

    # -- slips (promise 16)

    def print_slips(self, hashes: Sequence[bytes], spent: Sequence[bytes] = ()) -> None:
        """Replace every slip that nobody has used by these; the order of printing goes no further.

        `spent`: hashes that are used already, for a session that has none yet.
        """

        def work() -> None:
            self._db.execute("delete from slip where spent = 0")
            rows = sorted([(one, 0) for one in hashes] + [(one, 1) for one in spent])
            self._db.executemany("insert or ignore into slip values (?, ?)", rows)

        self._transact(work)
        self.rewrite()

    def spend_slip(self, hash: bytes) -> str:
        """Use a slip: "spent" for the one who did, "used" for everybody after, "unknown" for no slip of this session."""

        def work() -> str:
            if self._db.execute("update slip set spent = 1 where hash = ? and spent = 0", (hash,)).rowcount == 1:
                return "spent"
            known = self._db.execute("select 1 from slip where hash = ?", (hash,)).fetchone()
            return "used" if known else "unknown"

        outcome = self._transact(work)
        if outcome == "spent":
            self.checkpoint(lasting=False)  # the log would tell in which order slips were used, and not just the last
        return outcome

    def give_back_slip(self, hash: bytes) -> None:
        """Make a slip good again whose phone was not let in."""
        self._transact(lambda: self._db.execute("update slip set spent = 0 where hash = ?", (hash,)))
        self.checkpoint(lasting=False)

    def slips(self) -> dict[bytes, bool]:
        """Return every slip by its hash, and whether it is spent."""
        return {bytes(hash): bool(spent) for hash, spent in self._fetch("select hash, spent from slip")}

    # -- sheets that somebody types in (promise 3)

    def type_in(self, run_id: str, owner: str, bodies: Sequence[str], key: bytes | None = None) -> str:
        """Put typed sheets into an open run; with `key` the one replaces that sheet.

        Returns "saved", "closed" after the gate has shut, "theirs" where another
        person's batch lies already: a batch is what one person knows.
        """

        def work() -> str:
            gate = self._db.execute("select accepting from gate where run_id = ?", (run_id,)).fetchone()
            if not gate or not gate[0]:
                return "closed"
            if self._db.execute("select 1 from paper where run_id = ? and owner <> ?", (run_id, owner)).fetchone():
                return "theirs"
            if key is not None:
                self._db.execute("delete from paper where run_id = ? and key = ?", (run_id, key))
            rows = [(run_id, secrets.token_bytes(16), owner, body) for body in shuffled(bodies)]
            self._db.executemany("insert into paper values (?, ?, ?, ?)", rows)
            return "saved"

        return self._transact(work)

    def typed(self, run_id: str, owner: str) -> list[tuple[bytes, str]]:
        """Return the sheets of this person's batch, in no order."""
        rows = self._fetch("select key, body from paper where run_id = ? and owner = ?", (run_id, owner))
        return [(bytes(key), body) for key, body in rows]

    def sheets(self, run_id: str) -> int:
        """Return how many sheets were typed in."""
        return int(self._fetch("select count(*) from paper where run_id = ?", (run_id,))[0][0])

    def read_paper(self, run_id: str) -> list[str]:
        """Return the bodies of all typed sheets in one random order, for the seal."""
        return shuffled([row[0] for row in self._fetch("select body from paper where run_id = ?", (run_id,))])
