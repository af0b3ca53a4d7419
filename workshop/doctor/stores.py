"""The doctor's look at where things are kept: the main database, its schema, Redis.

Lives here: whether they answer, are whole, and fit this version.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import Connection, make_url

from ..db import make_engine
from ..house import utc_now
from ..migrations import MigrationError, status
from ..settings import Settings, user_name
from .findings import Finding, fine, note, wrong

MOST_APART = 5.0  # seconds between two clocks that agree

WRITES_VALUES = {
    "log_statement": ("none", "ddl"), "log_min_duration_statement": ("-1",), "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",), "log_parameter_max_length_on_error": ("0",), "auto_explain.log_min_duration": ("-1",),
}  # fmt: skip
"""Settings of PostgreSQL that write values into its log -> the values with which they write none, the usual one first."""
VALUES = "log_parameter_max_length"
BY_VALUES = frozenset(WRITES_VALUES) - {"log_parameter_max_length_on_error", "auto_explain.log_min_duration"}
"""Those that write statements, in which values are numbered; what stands for the numbers is cut to `VALUES` bytes."""


def sqlite(settings: Settings) -> Iterator[Finding]:
    """The database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return
    path = Path(str(url.database))
    if os.path.isdir(path.parent) and not os.access(path.parent, os.R_OK | os.X_OK):  # noqa: PTH112 - as below
        return  # that the folder is closed has been said; what lies in it cannot be seen
    if not os.path.exists(path):  # noqa: PTH110 - False, not an error, where we may not look
        yield note("Database", f"{path} is not there yet; the first start makes it.")
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            problems = [row[0] for row in connection.execute("pragma quick_check(5)")]
    except sqlite3.OperationalError as error:
        # Not damage: a backup would only bury what is whole.
        if "disk" in str(error):  # "disk I/O error" is also what a full one says
            yield wrong(
                "Database",
                f"{path} cannot be read: {error}.",
                "Make room where it lies; if there is enough, look at the disk.",
            )
            return
        yield wrong(
            "Database",
            f"{path} cannot be opened by the user {user_name(os.geteuid())}: {error}.",
            f"Look as the service: deploy/unstuck doctor. If the server cannot open it either, as root:"
            f" chown -R OWNER {path.parent}, where OWNER is the user of the service",
        )
        return
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems != ["ok"]:
        yield wrong(
            "Database",
            f"{path} is damaged: {problems[0]}.",
            "Stop the server and restore a backup: python -m workshop restore BACKUP --replace",
        )
        return
    yield fine("Database", f"SQLite {sqlite3.sqlite_version}, {path.stat().st_size / 1e6:.1f} MB, whole")
    yield from _schema(settings)


def postgresql(settings: Settings) -> Iterator[Finding]:
    """The database server."""
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        return
    engine = make_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            talkative = _writes_values(connection)
            version, encoding, now, waits = connection.execute(
                text(
                    "select current_setting('server_version'), current_setting('server_encoding'), now(),"
                    " current_setting('fsync') = 'on' and current_setting('full_page_writes') = 'on'"
                )
            ).one()
    except Exception as error:
        reason = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        yield wrong("Database", f"PostgreSQL does not answer: {reason}", "Start it, or correct DATABASE_URL.")
        return
    finally:
        engine.dispose()
    apart = abs((utc_now() - now.astimezone(UTC)).total_seconds())
    if encoding != "UTF8":
        yield wrong("Database", f"its letters are {encoding}.", "Make one with: createdb -E UTF8 -T template0 unstuck")
    if apart > MOST_APART:
        yield wrong("Clock", f"this machine and the database are {apart:.0f} s apart.", "Let NTP set both.")
    if not waits:
        yield note(
            "Database",
            "it does not wait for its disk: a power cut may damage all of it.",
            "Write fsync = on and full_page_writes = on into postgresql.conf, and reload it.",
        )
    if talkative:
        name = make_url(settings.database_url).database
        quieter = " ".join(f"ALTER DATABASE \"{name}\" SET {one} = '{WRITES_VALUES[one][0]}';" for one in talkative)
        yield wrong(
            "Database's log",
            f"{', '.join(talkative)}: PostgreSQL writes what people sent into its log, with the time.",
            f"As its superuser: {quieter}",
        )
    yield fine("Database", f"PostgreSQL {version}")
    yield from _schema(settings)


def _writes_values(connection: Connection) -> list[str]:
    """Return the settings by which this database's log holds what people sent."""
    asked = text("select current_setting(:name, true)")
    logs = {name: connection.execute(asked, {"name": name}).scalar_one() for name in (*WRITES_VALUES, VALUES)}
    talkative = [name for name, quiet in WRITES_VALUES.items() if logs[name] not in (None, *quiet)]
    return [name for name in talkative if logs[VALUES] != "0" or name not in BY_VALUES]


def redis(settings: Settings) -> Iterator[Finding]:
    """Redis."""
    if not settings.redis_url:
        return
    from redis import Redis, RedisError

    try:
        with Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except RedisError as error:
        yield note(
            "Redis",
            f"does not answer ({type(error).__name__}); every process looks for itself meanwhile.",
            "Start it, or correct REDIS_URL.",
        )
        return
    yield fine("Redis", "answers")


def _schema(settings: Settings) -> Iterator[Finding]:
    try:
        now = status(settings.database_url)
    except MigrationError as error:
        yield wrong("Schema", str(error))
        return
    if now.newer:
        yield wrong("Schema", f"step {now.present} is of a newer version.", "Install that one, or restore a backup.")
    elif not now.current:
        yield note(
            "Schema",
            f"{len(now.missing)} steps behind this version.",
            "The next start takes them, or: python -m workshop migrate. Make a backup first.",
        )
    else:
        yield fine("Schema", f"step {now.present}, this version's own")


LOOKS = (sqlite,)
ASKING_OTHERS = (postgresql, redis)
