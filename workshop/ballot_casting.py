"""Casting: how answers come into the ballot box, many in one durable commit.

Lives here: the batch, the gate, revisions, as a part of `BallotBox`. Not here:
what an answer must look like (the kinds) and who may give it (`answers.py`).

A commit costs a write to the disk whether it holds one answer or a thousand.
So whoever casts puts the answer into the next batch; it is told what became of
it after the commit, never before. The gate row is read inside the batch's
transaction, for each answer: anything known in memory is only a shortcut.
"""

from __future__ import annotations

import logging
import sqlite3
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import WorkshopError
from .words import _

log = logging.getLogger(__name__)

T = TypeVar("T")

GATHERED_FOR = 0.003
"""Seconds that the first answer of a batch waits for others: less than a commit takes, unnoticeable to a person."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What became of a cast. `status`: saved | closed | older | final. `revision` is the box's present one.

    `first`: the number of those who have answered has grown.
    """

    status: str
    revision: int
    first: bool = field(default=False, compare=False)


@dataclass(slots=True)
class Ballot:
    """An answer on its way into the box, or a pass (`body` None). A `final` one (rolling) is never replaced.

    What `lingers` lies in the box past the close of other questions (a parking
    lot) or for a week beside others that the same phones answer one after the
    other (a check-in), so its order of arrival goes with the next `tidy`.

    `wakes`: the first of a phone's shows on a screen.

    `told` is called once it is decided, in no particular greenlet; it must not
    block. Until then there is no `outcome`.
    """

    run_id: str
    tag: bytes
    revision: int
    body: str | None
    final: bool = False
    lingers: bool = False
    wakes: bool = True
    told: Callable[[Ballot], None] | None = None
    error: BaseException | None = None
    done: bool = False
    decided: Cast | None = None

    def outcome(self) -> Cast:
        """Return what became of it; raises WorkshopError where the disk refused it."""
        if self.decided is None:
            raise WorkshopError(
                _(
                    "The server could not store this just now. Your answer is still on your phone; it will be sent again."
                ),
                code="not_stored",
                status=503,
            ) from self.error
        return self.decided


Row = tuple[int, bool, str | None, bool]
"""Revision, passed, body, final: an answer as it lies in the box."""


class CastingInTheBox:
    """The part of a ballot box that takes answers."""

    _db: sqlite3.Connection
    _lock: Any  # a threading.RLock, whose type has no name before Python 3.13

    def __init__(self) -> None:
        self._pending: deque[Ballot] = deque()  # one object for good: a list that is swapped loses late comers
        self._gathering = False
        self._lingering = False  # something was written that stays past the next seal

    @abstractmethod
    def _away(self, work: Callable[[], T]) -> T:
        """Do something outside the event loop."""

    def cast(
        self,
        run_id: str,
        tag: bytes,
        revision: int,
        body: str | None,
        *,
        final: bool = False,
        lingers: bool = False,
    ) -> Cast:
        """Put an answer into the box; return after the durable commit.

        A higher revision replaces; the same revision with the same body is
        success; a lower one is "older" and changes nothing. A `final` answer
        is never replaced.
        """
        ballot = Ballot(run_id, tag, revision, body, final, lingers)
        self.put_and_wait(ballot)
        return ballot.outcome()

    def put_and_wait(self, ballot: Ballot) -> None:
        """Put an answer into the box; it is decided when this returns. Those that wait while a commit runs share the next."""
        self._pending.append(ballot)
        with self._lock:
            if not ballot.done:
                self._commit_pending()

    def put_soon(self, ballot: Ballot) -> None:
        """Put an answer into the next batch and return at once; for the event loop, which must not wait."""
        from gevent import spawn

        self._pending.append(ballot)
        if not self._gathering:
            self._gathering = True
            spawn(self._gather)

    def _gather(self) -> None:
        from gevent import sleep

        try:
            while self._pending:
                sleep(GATHERED_FOR)
                with self._lock:
                    self._commit_pending()
        finally:
            self._gathering = False

    def _commit_pending(self) -> None:
        """Commit all that waits, in one transaction, and tell each what became of it."""
        batch = [self._pending.popleft() for _waiting in range(len(self._pending))]
        try:
            self._away(lambda: self._commit(batch))
            self._lingering |= any(ballot.lingers for ballot in batch)
        except Exception as error:  # a full disk, a lock: nobody is told "saved"
            for ballot in batch:
                ballot.error = error
        for ballot in batch:
            ballot.done = True
        for ballot in batch:
            if ballot.told is not None:
                try:
                    ballot.told(ballot)
                except Exception as error:  # one phone's trouble must not keep the others waiting
                    log.error("an acknowledgement failed: %s", type(error).__name__)

    def _commit(self, batch: list[Ballot]) -> None:
        db = self._db
        gates: dict[str, bool] = {}
        lying: dict[tuple[str, bytes], Row | None] = {}
        changed: set[tuple[str, bytes]] = set()
        decided = []
        db.execute("begin immediate")
        try:
            for ballot in batch:
                decided.append(self._decide(ballot, gates, lying, changed))
            # In the order of tags, so that the log shows none of arrival inside a batch.
            rows = [(*key, *row) for key in sorted(changed) if (row := lying[key]) is not None]
            db.executemany(
                "insert or replace into answer (run_id, tag, revision, passed, body, final) values (?, ?, ?, ?, ?, ?)",
                rows,
            )
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise
        for ballot, cast in zip(batch, decided, strict=True):
            ballot.decided = cast

    def _decide(
        self,
        ballot: Ballot,
        gates: dict[str, bool],
        lying: dict[tuple[str, bytes], Row | None],
        changed: set[tuple[str, bytes]],
    ) -> Cast:
        db, key = self._db, (ballot.run_id, ballot.tag)
        if ballot.run_id not in gates:
            gate = db.execute("select accepting from gate where run_id = ?", (ballot.run_id,)).fetchone()
            gates[ballot.run_id] = bool(gate and gate[0])
        if key not in lying:
            lying[key] = db.execute(
                "select revision, passed, body, final from answer where run_id = ? and tag = ?", key
            ).fetchone()
        there = lying[key]
        present = there[0] if there else 0
        if not gates[ballot.run_id]:
            return Cast("closed", present)
        if there:
            _revision, passed, body, final = there
            same = bool(passed) == (ballot.body is None) and body == ballot.body
            if final:  # its body may be published already, so the revision alone tells a retry
                return Cast("saved" if ballot.revision == present else "final", present)
            if ballot.revision < present or (ballot.revision == present and not same):
                return Cast("older", present)
            if ballot.revision == present:
                return Cast("saved", present)
        lying[key] = (ballot.revision, ballot.body is None, ballot.body, ballot.final)
        changed.add(key)
        return Cast("saved", ballot.revision, first=there is None)
