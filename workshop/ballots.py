"""The ballot box: where answers lie while an activity is open, and nowhere else.

Lives here: count, shut, read, erase; `ballot_casting.py` casts. It is the only code that touches a
box, and a box is always a SQLite file of its own, one per live session, held by
the process that serves it. Not here: when an activity opens or closes
(`live_sessions.py`) and what an answer must look like (the kinds).

Why a file of its own and these pragmas: ANONYMITY.md, facts 2 and 3. A table
keyed by tag keeps no order of arrival for anybody who comes after the erase;
secure_delete, VACUUM and a TRUNCATE checkpoint leave no byte behind.

A file of this length because no other code may touch a box.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from . import ballot_breakouts, ballot_casting, ballot_paper
from .anonymity import pick, shuffled
from .ballot_casting import Ballot, Cast
from .lasting import make_folder, to_disk

__all__ = ["Ballot", "BallotBox", "BallotBoxes", "Cast", "Lying", "in_a_thread"]

T = TypeVar("T")

FILES = (".sqlite-wal", ".sqlite-journal", ".sqlite-shm", ".sqlite")
"""What a box may consist of; the log alone holds answers, too."""

SCHEMA = """
create table if not exists gate (run_id text primary key, accepting integer not null) without rowid;
create table if not exists answer (
  run_id text not null, tag blob not null, revision integer not null,
  passed integer not null, body text, final integer not null default 0, batch integer,
  primary key (run_id, tag)) without rowid;
create table if not exists loose (
  run_id text not null, key blob not null, body text not null,
  primary key (run_id, key)) without rowid;
create table if not exists counted (
  run_id text not null, tag blob not null, body text,
  primary key (run_id, tag)) without rowid;
create table if not exists stirred (
  run_id text not null, tag blob not null, times integer not null,
  primary key (run_id, tag)) without rowid;
"""


@dataclass(frozen=True)
class Lying:
    """An author's own answer as it lies in the box. `body` is None for a pass and for a published rolling one."""

    revision: int
    passed: bool
    body: str | None
    final: bool


def in_a_thread(work: Callable[[], T]) -> T:
    """Run `work` outside the event loop where there is one, so that a disk never stops the loop."""
    try:
        from gevent import get_hub
        from gevent.monkey import is_module_patched
    except ImportError:  # pragma: no cover - gevent is a dependency
        return work()
    if not is_module_patched("threading"):
        return work()
    result: T = get_hub().threadpool.apply(work)
    return result


class BallotBox(ballot_casting.CastingInTheBox, ballot_paper.PaperInTheBox, ballot_breakouts.BreakoutsInTheBox):
    """The box of one live session. All methods are safe to call from several greenlets or threads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._lock = threading.RLock()
        make_folder(path.parent)
        self._lingering = path.exists()  # by a process that may have been killed before it had laid its rows in order
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        # Exclusive before WAL: no shared-memory file, and no second process can read or write.
        for pragma in (
            "locking_mode=EXCLUSIVE",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
            "temp_store=MEMORY",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA + ballot_paper.SCHEMA + ballot_breakouts.SCHEMA)

    # -- the gate

    def admit(self, run_id: str) -> None:
        """Open the gate of a run: from this commit on its answers are accepted."""
        self._transact(lambda: self._db.execute("insert or replace into gate values (?, 1)", (run_id,)))

    def shut(self, run_id: str) -> None:
        """Shut the gate of a run: after this commit no answer can land (step 2 of the seal)."""
        self._transact(lambda: self._db.execute("update gate set accepting = 0 where run_id = ?", (run_id,)))

    def forget(self, run_id: str) -> None:
        """Remove the gate of a run that was never asked."""
        self._transact(lambda: self._db.execute("delete from gate where run_id = ?", (run_id,)))

    def gates(self) -> dict[str, bool]:
        """Return every run that has a gate row, and whether it accepts."""
        return {run: bool(accepting) for run, accepting in self._fetch("select run_id, accepting from gate")}

    # -- answers

    def mine(self, run_id: str, tag: bytes) -> Lying | None:
        """Return the answer under this tag; only its author can compute the tag."""
        rows = self._fetch(
            "select revision, passed, body, final from answer where run_id = ? and tag = ?", (run_id, tag)
        )
        return Lying(rows[0][0], bool(rows[0][1]), rows[0][2], bool(rows[0][3])) if rows else None

    def answered(self, run_id: str) -> int:
        """Return how many phones have answered; passing counts, withdrawing does not lower it."""
        return int(self._fetch("select count(*) from answer where run_id = ?", (run_id,))[0][0])

    # -- the seal

    def read(self, run_id: str) -> list[str]:
        """Return all bodies of a run without their tags, in one random order (step 3 of the seal)."""
        rows = self._fetch(
            "select body from answer where run_id = ? and passed = 0 and body is not null"
            " union all select body from loose where run_id = ?",
            (run_id, run_id),
        )
        return shuffled([row[0] for row in rows])

    def recount(self, run_id: str, least: int, turns: int) -> list[str] | None:
        """Return all bodies if those of `least` phones differ from what was counted last, and note them as counted.

        None, and nothing noted, where fewer have answered or fewer differ; an
        answer that was changed and changed back does not differ. One phone's
        changes are among the `least` so many `turns`, then no longer.
        """

        def work() -> list[str] | None:
            beside = (
                " from answer a left join counted c on c.run_id = a.run_id and c.tag = a.tag"
                " left join stirred s on s.run_id = a.run_id and s.tag = a.tag where a.run_id = ?"
            )
            differ, given = self._db.execute(
                "select coalesce(sum(a.body is not c.body and coalesce(s.times, 0) < ?), 0), count(a.body)" + beside,
                (turns, run_id),
            ).fetchone()
            if differ < least or given < least:
                return None
            self._db.execute(
                "insert or replace into stirred select a.run_id, a.tag, coalesce(s.times, 0) + 1"
                + beside
                + " and a.body is not c.body",
                (run_id,),
            )
            self._db.execute(
                "insert or replace into counted select run_id, tag, body from answer where run_id = ?", (run_id,)
            )
            rows = self._db.execute("select body from answer where run_id = ? and body is not null", (run_id,))
            return shuffled([row[0] for row in rows.fetchall()])

        return self._transact(work)

    def erase(self, *run_ids: str) -> None:
        """Remove every trace of runs: rows, free pages, the write-ahead log (step 5 of the seal).

        Raises `sqlite3.OperationalError` when the log cannot be emptied yet; the
        caller tries again, and nothing is shown before it has worked.
        """

        def work() -> None:
            for table in ("answer", "loose", "counted", "stirred", "paper", "deck", "breakout", "dealt", "gate"):
                self._db.executemany(f"delete from {table} where run_id = ?", [(run_id,) for run_id in run_ids])  # noqa: S608 - names of ours

        self._transact(work)
        self.rewrite()

    def rewrite(self) -> None:
        """Rewrite the file and empty its log: nothing of what was there is left in it."""
        with self._lock:
            in_a_thread(lambda: self._db.execute("vacuum"))
            self.checkpoint()

    def tidy(self) -> None:
        """Empty the log; where something lies here for long, also lay all rows in the order of their tags (promise 5).

        A page keeps its rows in the order in which they were written (ANONYMITY.md,
        fact 2). While one question is open that is declared; a parking lot is open
        all day, and the questions of a check-in together for a week, where the order
        of each says which answers are one phone's (promise 4). What was written to
        these is rewritten within seconds.
        """
        if self._lingering:
            self._lingering = False
            self.rewrite()
        else:
            self.checkpoint()

    def checkpoint(self, *, lasting: bool = True) -> None:
        """Empty the write-ahead log: an edited text is in no file after it (promise 7), nor after a power cut.

        Not `lasting`: a power cut before the next commit may bring back what it held.
        """

        def work() -> bool:
            busy = self._db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
            try:
                if lasting:
                    to_disk(Path(f"{self.path}-wal"))  # SQLite cuts it to nothing and does not wait for the disk
            except FileNotFoundError:
                pass
            except OSError as error:
                raise sqlite3.OperationalError(f"the disk: {error.strerror}") from error
            return bool(busy)

        with self._lock:
            busy = in_a_thread(work)
        if busy:
            raise sqlite3.OperationalError("the ballot box is busy: its log could not be emptied")

    # -- rolling release (promise 2)

    def waiting(self, run_id: str) -> int:
        """Return how many non-pass answers wait in the pool."""
        return int(
            self._fetch(
                "select count(*) from answer where run_id = ? and passed = 0 and body is not null and batch is null",
                (run_id,),
            )[0][0]
        )

    def is_marked(self, run_id: str, batch: int) -> bool:
        """Return whether this batch was drawn already, by a server that died before it was published."""
        return bool(self._fetch("select 1 from answer where run_id = ? and batch = ? limit 1", (run_id, batch)))

    def take(self, run_id: str, batch: int, count: int) -> list[str]:
        """Mark `count` random waiting answers as this batch and return their bodies; again: the same ones."""

        def work() -> list[str]:
            marked = self._db.execute(
                "select body from answer where run_id = ? and batch = ?", (run_id, batch)
            ).fetchall()
            if not marked:
                tags = [
                    row[0]
                    for row in self._db.execute(
                        "select tag from answer where run_id = ? and passed = 0 and body is not null and batch is null",
                        (run_id,),
                    )
                ]
                chosen = pick(tags, count)
                self._db.executemany(
                    "update answer set batch = ? where run_id = ? and tag = ?",
                    [(batch, run_id, tag) for tag in chosen],
                )
                marked = self._db.execute(
                    "select body from answer where run_id = ? and batch = ?", (run_id, batch)
                ).fetchall()
            return shuffled([row[0] for row in marked])

        return self._transact(work)

    def loose(self, run_id: str) -> list[str]:
        """Return the bodies already published by earlier batches, without any tag, in random order."""
        return shuffled([row[0] for row in self._fetch("select body from loose where run_id = ?", (run_id,))])

    def settle(self, run_id: str, batch: int) -> None:
        """Cut the published batch loose from its tags, which stay spent; then empty the log."""

        def work() -> None:
            bodies = self._db.execute(
                "select body from answer where run_id = ? and batch = ? and body is not null", (run_id, batch)
            ).fetchall()
            self._db.executemany(
                "insert into loose values (?, ?, ?)",
                [(run_id, secrets.token_bytes(16), row[0]) for row in shuffled(bodies)],
            )
            self._db.execute(
                "update answer set body = null, batch = null where run_id = ? and batch = ?", (run_id, batch)
            )

        self._transact(work)
        self.checkpoint()

    # -- plumbing

    def _away(self, work: Callable[[], T]) -> T:
        return in_a_thread(work)

    def close(self) -> None:
        """Let the file go; answers in it stay."""
        with self._lock:
            self._db.close()

    def _transact(self, work: Callable[[], T]) -> T:
        def run() -> T:
            self._db.execute("begin immediate")
            try:
                result = work()
                self._db.execute("commit")
                return result
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

        with self._lock:
            return in_a_thread(run)

    def _fetch(self, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, tuple(parameters)).fetchall()


class BallotBoxes:
    """All boxes of this process, one file per live session in one folder.

    `hold` refuses a session that another process keeps (`keepers.py`).
    """

    def __init__(self, folder: Path, hold: Callable[[str], None] = lambda _live_id: None) -> None:
        self.folder = folder
        self._hold = hold
        self._open: dict[str, BallotBox] = {}
        self._lock = threading.RLock()

    def box(self, live_id: str) -> BallotBox:
        """Return the box of a live session, made when it is first needed."""
        self._hold(live_id)
        with self._lock:
            box = self._open.get(live_id)
            if box is None:
                box = self._open[live_id] = BallotBox(self.folder / f"{live_id}.sqlite")
            return box

    def at_hand(self, live_id: str) -> BallotBox | None:
        """Return the box of a live session if this process has it open; makes none."""
        return self._open.get(live_id)

    def lying(self) -> list[str]:
        """Return the sessions of whose box anything lies in the folder, whether or not it is open."""
        return sorted({path.name.partition(".")[0] for suffix in FILES for path in self.folder.glob(f"*{suffix}")})

    def checkpoint(self) -> None:
        """Empty the logs of all boxes; a busy one is tried again at the next call."""
        for box in list(self._open.values()):
            try:
                box.tidy()
            except sqlite3.Error:
                continue

    def discard(self, live_id: str) -> None:
        """Remove the box of a live session that has ended; nothing unreleased outlives the session."""
        with self._lock:
            box = self._open.pop(live_id, None)
            if box is not None:
                box.close()
            for suffix in FILES:
                (self.folder / f"{live_id}{suffix}").unlink(missing_ok=True)
            with suppress(OSError):  # what comes back all the same is found at the next start
                in_a_thread(lambda: to_disk(self.folder))

    def close(self) -> None:
        """Let all files go."""
        with self._lock:
            for box in self._open.values():
                box.close()
            self._open.clear()
