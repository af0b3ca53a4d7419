"""The schema's history, and running it without a configuration file.

Lives here: `migrate`, `go_back`, `status`, and the numbered steps in `versions/`.
Not here: the tables as they are now (`models/`); a test compares the two.

All steps of one call are one transaction: a server that is killed in the middle
leaves the database as it was (fault R18).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError

from ..db import ONE_AT_A_TIME, make_engine


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says what to do."""


@dataclass(frozen=True)
class Status:
    """Where a database stands: its revision ("" for an empty one), ours, and the steps between the two."""

    present: str
    ours: str
    missing: tuple[tuple[str, str], ...]
    newer: bool

    @property
    def current(self) -> bool:
        """Whether the database has exactly this version's schema."""
        return self.present == self.ours


def migrate(url: str) -> None:
    """Bring the database at `url` to this version; does nothing where it is there already.

    Raises MigrationError for a database that a newer version has written, that is
    damaged, or that does not answer; what is there stays as it was.
    """
    _change(url, lambda config: command.upgrade(config, "head"))


def go_back(url: str, revision: str) -> None:
    """Bring the database at `url` back to an earlier step, for a version that knows no further one.

    Raises MigrationError for a step that there is not, or that lies ahead. What
    the later steps had made room for is gone after it.
    """
    now = status(url)
    earlier = [step.revision for step in _script().walk_revisions("base", now.present or "base")][1:]
    if revision not in earlier:
        raise MigrationError(f"There is no earlier step {revision}. Earlier ones: {', '.join(earlier) or 'none'}.")
    _change(url, lambda config: command.downgrade(config, revision))


def status(url: str) -> Status:
    """Return where the database at `url` stands; raises MigrationError when it cannot be read."""
    with _opened(url) as engine:
        with engine.connect() as connection:
            present = "+".join(MigrationContext.configure(connection).get_current_heads())
        script = _script()
        ours = str(script.get_current_head())
        known = {step.revision for step in script.walk_revisions()}
        newer = bool(present) and present not in known
        missing = () if newer else tuple(script.iterate_revisions(ours, present or "base"))
        steps = tuple((step.revision, (step.doc or "").partition("\n")[0]) for step in reversed(missing))
        return Status(present, ours, steps, newer)


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    except DatabaseError as error:
        raise MigrationError(what_to_do(engine.url, error)) from error
    finally:
        engine.dispose()


def _change(url: str, work: Callable[[Config], None]) -> None:
    with _opened(url) as engine:
        _refuse_newer(engine)
        with engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                # A step that makes a table anew drops the old one; references that are watched would lose their rows
                # then. Only before a transaction can this be set; the connection ends with the migration.
                connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each CREATE commits by itself: all or nothing
            else:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
            config = _config()
            config.attributes["connection"] = connection
            work(config)


def what_to_do(url: URL, error: DatabaseError) -> str:
    """Return what is wrong with the database at `url`, and what to do about it, in words for whoever runs this."""
    reason = str(error.orig).strip().partition("\n")[0]
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and "disk" in reason:  # "disk I/O error" is also what a full one says
        free = shutil.disk_usage(Path(str(url.database)).parent).free
        return (
            f"The database {url.database} cannot be written: {reason}."
            f" {free // 1_000_000} MB are free there. Make room; if there is enough, look at the disk."
        )
    if sqlite and ("unable to open" in reason or "readonly" in reason):
        return (
            f"The database {url.database} cannot be opened for writing: {reason}."
            " It, or its folder, belongs to another user, or its disk can only be read. To see which, run:"
            " python -m workshop doctor"
        )
    if sqlite:
        return (
            f"The database {url.database} cannot be used: {reason}."
            " If another program holds it, stop that one. If it is damaged, restore a backup;"
            " docs/operators.md says how."
        )
    return (
        f"The database {url.render_as_string()} does not answer: {reason}. Start it, or correct the line DATABASE_URL."
    )


def knows(revision: str) -> bool:
    """Return whether this version can bring a database at `revision` to its own step; an empty one is at ""."""
    return not revision or revision in {step.revision for step in _script().walk_revisions()}


def is_current(url: str) -> bool:
    """Return whether the database at `url` has exactly this version's schema."""
    return status(url).current


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_newer(engine: Engine) -> None:
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    known = {step.revision for step in _script().walk_revisions()}
    unknown = set(present) - known
    if unknown:
        raise MigrationError(
            f"This database was written by a newer version (schema {', '.join(sorted(unknown))})."
            " Install that version again, or restore a backup from before the update."
        )
