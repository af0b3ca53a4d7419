"""The schema's history, and running it without a configuration file.

Lives here: `migrate`, and the numbered steps in `versions/`. Not here: the
tables as they are now (`models.py`); a test compares the two.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from ..db import make_engine


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says what to do."""


def migrate(url: str) -> None:
    """Bring the database at `url` to this version; does nothing where it is there already.

    Raises MigrationError for a database that a newer version has written.
    """
    engine = make_engine(url)
    try:
        _refuse_newer(engine)
        with engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # else each CREATE commits by itself: all or nothing
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


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
