"""The main database: engine, naming convention, transactions and their notices.

Lives here: how a connection behaves and how a unit of work commits. Not here:
the tables (`models/`) and the ballot box (`ballots.py`), which is a file of
its own with rules of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import MetaData, create_engine, event, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import NullPool, QueuePool

from .errors import WorkshopError
from .lasting import to_disk
from .words import _

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


OWED = "user_version"
"""The number in the head of SQLite's file that is 1 from an erase until the file was rewritten."""


ONE_AT_A_TIME = 0x756E7374
"""The number of PostgreSQL's lock under which servers that start at once take turns, here and in migrations."""

REWRITTEN = ("cards", "activity_runs", "readings", "report_texts")
"""PostgreSQL's tables that hold people's words, or what staff wrote of them, and of which something may be taken back."""

REWRITE_PATIENCE = 100
"""Milliseconds to wait for one of them; whoever comes meanwhile waits behind."""

REWRITE_REST = 100
"""How many times as long as it took a process rests after it: with millions of rows others would wait for seconds each time."""


MOST_CONNECTIONS = 15
"""Of one process to PostgreSQL, which takes 100 from all unless it is told otherwise; who finds none free waits."""


class Base(DeclarativeBase):
    """Base of every durable table."""

    metadata = MetaData(naming_convention=NAMING)


def make_engine(url: str, *, kept: bool = False) -> Engine:
    """Return an engine for `url` with the pragmas that the contract needs on SQLite.

    `hide_parameters` keeps texts out of logs and tracebacks at every level
    (promise 6). SQLite runs without a pool: with its last connection the log is
    gone, which would tell the order of what was written (ANONYMITY.md, fact 2).
    `kept`: connections stay open until somebody disposes of them.
    """
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    if url.startswith("sqlite"):
        # No bound of its own: whoever waits for a ballot box meanwhile holds one, and a hall may do so at once.
        pool = {"poolclass": QueuePool, "max_overflow": -1} if kept else {"poolclass": NullPool}
        engine = create_engine(url, hide_parameters=True, **pool)
        event.listen(engine, "connect", _sqlite_pragmas)
        event.listen(engine, "savepoint", _within_a_transaction)
        return engine
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=MOST_CONNECTIONS - 5
    )
    event.listen(engine, "connect", _wait_for_the_log)
    return engine


def _wait_for_the_log(connection: Any, _record: Any) -> None:
    """Let a commit wait for PostgreSQL's log, whatever an operator chose for speed.

    A ballot box is erased once the release is committed. Were that lost with the
    database server, so would be all answers.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _within_a_transaction(connection: Connection, _name: str) -> None:
    """Begin, where nothing was written yet: Python's driver begins before an INSERT, not before a SAVEPOINT.

    An outermost savepoint commits when it is released. Half of a transaction
    would be there for good if its process died right after it.
    """
    if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # Patience first: what follows may meet somebody who is just making the same file.
    for pragma in (
        "busy_timeout=10000",
        "synchronous=FULL",
        "secure_delete=ON",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Keep a log beside the file; a change of this kind is refused at once, whatever the patience, while others write."""
    until = monotonic() + 10
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.05)


class Database:
    """Transactions on the main database, and the notices they leave behind.

    A service calls `notify(session, live_id)` inside a transaction; listeners
    hear of it only after the commit, so nobody is ever shown what was rolled
    back.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._make_session = sessionmaker(self.engine, expire_on_commit=False)
        self._listeners: list[Callable[[str], None]] = []
        self._first_listeners: list[Callable[[str], None]] = []
        self._log_is_owed = False
        self._rewrite_from = 0.0

    def keep_open(self) -> None:
        """Keep SQLite's connections for the next transaction; whoever calls this calls `let_go` every second.

        Opening one costs as much as all else of a short transaction, and closing
        the last one writes the whole log back: a hall that joins waits for both.
        """
        if self.engine.dialect.name == "sqlite":
            self.engine.dispose()
            self.engine = make_engine(self.url, kept=True)
            self._make_session.configure(bind=self.engine)

    def let_go(self) -> None:
        """Close the connections that nobody uses now; SQLite empties and removes its log with the last.

        The pool itself stays: one in use returns to it, and goes at the next call.
        """
        if self.engine.dialect.name == "sqlite":
            self.engine.pool.dispose()

    def on_notice(self, listener: Callable[[str], None]) -> None:
        """Call `listener(live_id)` after each commit that changed that live session."""
        self._listeners.append(listener)

    def on_commit(self, listener: Callable[[str], None]) -> None:
        """Call `listener(live_id)` after such a commit too, before all others, and not for what was only announced."""
        self._first_listeners.append(listener)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session; commit at the end, roll back on an error, then hand out notices.

        A value that the database cannot hold at all (half an emoji, a NUL sign in
        an address on PostgreSQL) is the sender's doing: it becomes a WorkshopError.
        """
        session = self._make_session()
        try:
            yield session
            session.commit()
            notices: set[str] = session.info.get("notices", set())
            self._log_is_owed |= "erased" in session.info
        except (DataError, UnicodeEncodeError, OverflowError) as error:
            session.rollback()
            raise WorkshopError(_("This holds signs that cannot be kept. Take them out and try again.")) from error
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()
        for live_id in notices:
            for listener in self._first_listeners:
                listener(live_id)
        if "erased" in session.info or self.engine.dialect.name == "sqlite":
            self.empty_log()
        for live_id in notices:
            self.announce(live_id)

    def empty_log(self) -> None:
        """Rewrite what held people's words, and empty SQLite's log, if something was erased since the last time (promise 7).

        Overwriting what is deleted is not enough: a row that moved between pages leaves a copy in the free part of
        the old one, and the log still has the old pages (ANONYMITY.md, facts 2 and 3). Somebody in another process
        can keep it from being done; the server's clock tries again. PostgreSQL's log is the operator's; its tables are
        rewritten too: an ordinary vacuum, which seldom comes to small ones by itself, leaves the bytes where they were.
        """
        if not self._log_is_owed:
            return
        if self.engine.dialect.name == "sqlite":
            busy = False
            try:
                with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.execute(text("VACUUM"))
                    connection.execute(text(f"PRAGMA {OWED}=0"))
                    busy = bool(connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0])
                    with suppress(FileNotFoundError):
                        to_disk(Path(f"{self.engine.url.database}-wal"))  # or a power cut brings its old end back
            except (OperationalError, OSError):
                busy = True
            self._log_is_owed = busy
        elif monotonic() >= self._rewrite_from:
            self._log_is_owed = False  # before: what somebody erases meanwhile is owed again
            began = monotonic()
            self._log_is_owed |= not self._rewrite_tables()
            self._rewrite_from = monotonic() + REWRITE_REST * (monotonic() - began)

    def _rewrite_tables(self) -> bool:
        """Have PostgreSQL write the tables with people's words anew; False where somebody reads them all along, or it is away."""
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"SET lock_timeout = '{REWRITE_PATIENCE}ms'"))
                try:
                    connection.execute(text(f"VACUUM (FULL) {', '.join(REWRITTEN)}"))
                finally:
                    connection.execute(text("RESET lock_timeout"))
        except OperationalError:
            return False
        return True

    def catch_up(self) -> None:
        """Do what a process still owed that was killed after it had erased something; call it once at start."""
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                self._log_is_owed |= bool(connection.execute(text(f"PRAGMA {OWED}")).scalar())
            self.empty_log()
        else:
            self._log_is_owed = True  # nothing there says so; the server's clock does it

    def announce(self, live_id: str) -> None:
        """Tell the listeners that a live session changed (an answer landed in its ballot box, say)."""
        for listener in self._listeners:
            listener(live_id)


def notify(session: Session, live_id: str) -> None:
    """Note that the live session changed; listeners hear of it after the commit."""
    session.info.setdefault("notices", set()).add(live_id)


def take_turns(session: Session) -> None:
    """Wait for whoever else is in such a transaction, and let others wait for this one; call it first in it.

    For what several processes do at their start, all at once.
    """
    if session.get_bind().dialect.name == "sqlite":
        _within_a_transaction(session.connection(), "")
    else:
        session.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))


def erase(session: Session) -> None:
    """Note that this transaction deletes for good; SQLite's log is emptied after the commit, or at the next start."""
    session.info["erased"] = True
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text(f"PRAGMA {OWED}=1"))
