"""The schema's history against the tables as they are."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, text

from workshop import migrations
from workshop.db import Base, make_engine
from workshop.migrations import MigrationError, is_current, migrate

ROOT = Path(__file__).resolve().parents[1]


def test_a_database_of_a_newer_version_is_refused_untouched(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(MigrationError, match="newer version"):
        migrate(database_url)


def test_a_damaged_database_is_refused_with_instructions(tmp_path: Path) -> None:
    (tmp_path / "unstuck.db").write_bytes(b"this is no database" * 1000)
    with pytest.raises(MigrationError, match="restore a backup"):
        migrate(f"sqlite:///{tmp_path / 'unstuck.db'}")
    assert (tmp_path / "unstuck.db").read_bytes().startswith(b"this is no database")


def test_a_database_server_that_is_away_is_named_without_its_password() -> None:
    with pytest.raises(MigrationError, match="DATABASE_URL") as refused:
        migrate("postgresql://unstuck:canary@127.0.0.1:1/unstuck")
    assert "canary" not in str(refused.value)


def test_an_interrupted_migration_leaves_nothing_half_made(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = migrations.command.upgrade

    def cut(*arguments: object) -> None:
        whole(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations.command, "upgrade", cut)
    with pytest.raises(KeyboardInterrupt):
        migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    monkeypatch.undo()
    migrate(empty_database_url)
    assert is_current(empty_database_url)


def test_the_migrated_schema_is_the_tables_as_they_are(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_migrated_rules_are_the_rules_of_the_tables(empty_database_url: str) -> None:
    """Alembic does not compare CHECK and UNIQUE by itself everywhere, and the contract leans on them."""
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    present = inspect(engine)
    for name, table in Base.metadata.tables.items():
        wanted = {c.name for c in table.constraints if c.name and str(c.name).startswith(("ck_", "uq_", "fk_"))}
        found = {c["name"] for c in present.get_check_constraints(name)}
        found |= {c["name"] for c in present.get_unique_constraints(name)}
        found |= {c["name"] for c in present.get_foreign_keys(name)}
        assert found == wanted, name
    engine.dispose()


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url)
    assert is_current(empty_database_url)


def test_an_empty_database_is_not_current(empty_database_url: str) -> None:
    assert not is_current(empty_database_url)


def test_a_step_that_makes_a_table_anew_loses_nothing_that_refers_to_it(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = migrations.command.upgrade
    with monkeypatch.context() as before:
        before.setattr(migrations.command, "upgrade", lambda config, _head: whole(config, "0010"))
        migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.begin() as connection:
        _a_row(connection, "guides", {"id": "a-guide", "slug": "a-guide"})
        _a_row(connection, "live_sessions", {"id": "a-session", "guide_id": "a-guide", "phase": "lobby"})
    engine.dispose()

    migrate(empty_database_url)

    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT guide_id FROM live_sessions")).scalars().all() == ["a-guide"]
    engine.dispose()


def test_a_migration_that_is_killed_leaves_the_database_as_it_was_and_usable(empty_database_url: str) -> None:
    """The real thing, in a process of its own that is killed between two steps (fault R18)."""
    whole = migrations.command.upgrade
    with pytest.MonkeyPatch.context() as before:
        before.setattr(migrations.command, "upgrade", lambda config, _head: whole(config, "0008"))
        migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.begin() as connection:
        _a_row(connection, "guides", {"id": "a-guide", "slug": "a-guide"})
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, empty_database_url], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "0010" in killed.stdout, "it was in the middle"

    engine = make_engine(empty_database_url)
    assert set(inspect(engine).get_table_names()) == tables
    engine.dispose()
    assert migrations.status(empty_database_url).present == "0008"
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM guides")).scalars().all() == ["a-guide"]
    engine.dispose()
    assert is_current(empty_database_url)


KILLED = """
import os, signal, sys
from workshop.migrations import migrate
from alembic.runtime import migration

class Counting(migration.HeadMaintainer):
    def update_to_step(self, step):
        super().update_to_step(step)
        revision = step.to_revisions[0]
        print(revision, flush=True)
        if revision == "0010":
            os.kill(os.getpid(), signal.SIGKILL)

migration.HeadMaintainer = Counting
migrate(sys.argv[1])
"""


def test_every_step_goes_down_and_up_again_with_rows_in_it(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.begin() as connection:
        _a_row(connection, "guides", {"id": "a-guide", "slug": "a-guide", "source": "title: Kept", "shared": "use"})
        _a_row(
            connection, "live_sessions", {"id": "a-session", "guide_id": "a-guide", "phase": "lobby", "room_floor": 5}
        )
    steps = [step.revision for step in migrations._script().walk_revisions()]
    for revision in steps[1:]:
        migrations.go_back(empty_database_url, revision)
        assert migrations.status(empty_database_url).present == revision
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM live_sessions")).scalars().all() == ["a-session"]
    migrate(empty_database_url)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT guide_id, title FROM live_sessions")).one()
    engine.dispose()
    assert row[0] == "a-guide"
    assert is_current(empty_database_url)


def test_two_servers_that_start_at_once_migrate_one_after_the_other(empty_database_url: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(migrate, [empty_database_url] * 2))
    assert is_current(empty_database_url)


def test_the_step_back_from_moderation_brings_nothing_hidden_to_light(empty_database_url: str) -> None:
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    empty = {"shows": 0, "out": [], "marks": {}, "undo": [], "redo": []}
    release = {"too_few": False, "result": {"words": [["calm", "few"]]}}
    with engine.begin() as connection:
        _a_row(connection, "live_sessions", {"id": "a-session", "phase": "running", "guide_id": None})
        for run, state, body in (
            ("shown", "released", {**empty, "queue": False, "marks": {"shown-2": ["hidden", "", []]}}),
            ("read", "reading", {**empty, "queue": True, "out": ["read-1"]}),
            ("cloud", "released", {**empty, "queue": False, "marks": {"a-word": ["hidden", "", []]}}),
        ):
            values = {"id": run, "live_id": "a-session", "activity_id": run, "state": state, "release": release}
            _a_row(connection, "activity_runs", values)
            _a_row(connection, "readings", {"run_id": run, "version": 1, "body": body})
            for number in (1, 2) if run != "cloud" else ():
                card = {"id": f"{run}-{number}", "run_id": run, "text": f"{run} {number}"}
                _a_row(connection, "cards", card)
    _step(engine, "downgrade", "0013")
    with engine.connect() as connection:
        assert sorted(connection.execute(text("SELECT id FROM cards")).scalars()) == ["read-1", "shown-1"]
        assert set(connection.execute(text("SELECT state FROM activity_runs")).scalars()) == {"released"}
        cloud = connection.execute(text("SELECT release FROM activity_runs WHERE id = 'cloud'")).scalar()
        assert "calm" not in str(cloud)
        assert not {"readings", "moderation_days"} & set(inspect(connection).get_table_names())
    engine.dispose()
    migrate(empty_database_url)
    assert is_current(empty_database_url)


def _step(engine: Engine, which: str, revision: str) -> None:
    """Take steps of the schema by hand, in one transaction as `migrate` does."""
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config = migrations._config()
        config.attributes["connection"] = connection
        getattr(migrations.command, which)(config, revision)


def _a_row(connection: Connection, table: str, values: dict[str, object]) -> None:
    """Insert a row into a table as it is at this step, with something in every column that needs it."""
    row = dict(values)
    for column in inspect(connection).get_columns(table):
        if column["name"] in row or column["nullable"] or column["default"] is not None:
            continue
        kind = column["type"].python_type
        row[column["name"]] = {str: "x", int: 10, bool: False, date: date(2026, 1, 1)}.get(
            kind, datetime(2026, 1, 1, tzinfo=UTC)
        )
    given = Table(table, MetaData(), autoload_with=connection)
    connection.execute(given.insert().values(row))
