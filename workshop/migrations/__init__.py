"""The schema's history, and running it without a configuration file.

Lives here: `migrate`, and the numbered steps in `versions/`. Not here: the
tables as they are now (`models/`); a test compares the two.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from ..db import make_engine


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says what to do."""


def migrate(url: str) -> None:
    """Bring the database at `url` to this version; does nothing where it is there already.

    Raises MigrationError for a database that a newer version has written, that is
    damaged, or that does not answer; what is there stays as it was.
    """
    engine = make_engine(url)
    try:
        _bring_up(engine)
    except DatabaseError as error:
        raise MigrationError(_what_to_do(engine, error)) from error
    finally:
        engine.dispose()


def _bring_up(engine: Engine) -> None:
    _refuse_newer(engine)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            # A step that makes a table anew drops the old one; references that are watched would lose their rows then.
            # Only before a transaction can this be set; the connection ends with the migration.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each CREATE commits by itself: all or nothing
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _what_to_do(engine: Engine, error: DatabaseError) -> str:
    reason = str(error.orig).strip().partition("\n")[0]
    if engine.dialect.name == "sqlite":
        return (
            f"The database {engine.url.database} cannot be used: {reason}."
            " If another program holds it, stop that one. If it is damaged, restore a backup;"
            " docs/operators.md says how."
        )
    return (
        f"The database {engine.url.render_as_string()} does not answer: {reason}."
        " Start it, or correct the line DATABASE_URL."
    )


def is_current(url: str) -> bool:
    """Return whether the database at `url` has exactly this version's schema."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_heads()
        return set(present) == set(ScriptDirectory.from_config(_config()).get_heads())
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _refuse_newer(engine: Engine) -> None:
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    known = {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}
    unknown = set(present) - known
    if unknown:
        raise MigrationError(
            f"This database was written by a newer version (schema {', '.join(sorted(unknown))})."
            " Install that version again, or restore a backup from before the update."
        )
