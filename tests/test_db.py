"""The main database in a serving process: connections that are kept, and the log that must not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text, update

from tests.conftest import SERVER, make_account
from workshop.at_hand import AtHand
from workshop.db import OWED, Database, erase
from workshop.house import House
from workshop.models import Account


def test_a_kept_connection_keeps_no_log_for_longer_than_until_the_next_look(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'main.db'}")
    database.keep_open()
    with database.transaction() as session:
        session.execute(text("create table noted (what text)"))
    assert (tmp_path / "main.db-wal").exists()  # or there would be nothing to look for
    database.let_go()
    assert [path.name for path in tmp_path.iterdir()] == ["main.db"]

    with database.transaction() as session:
        session.execute(text("insert into noted values ('CANARY')"))
        database.let_go()  # this one is in use: it goes at the next look
    database.let_go()
    assert [path.name for path in tmp_path.iterdir()] == ["main.db"]
    with database.transaction() as session:
        assert session.scalar(text("select count(*) from noted")) == 1
    database.engine.dispose()


def test_a_rolled_back_change_does_not_come_along_with_the_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'main.db'}")
    database.keep_open()
    with database.transaction() as session:
        session.execute(text("create table noted (what text)"))

    def write_and_fail() -> None:
        with database.transaction() as session:
            session.execute(text("insert into noted values ('never')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with database.transaction() as session:
        assert session.scalar(text("select count(*) from noted")) == 0
    database.engine.dispose()


def test_what_was_read_before_a_change_is_not_at_hand_after_it() -> None:
    at_hand = AtHand()

    def read_while_it_changes() -> str:
        at_hand.forget("live")
        return "old"

    assert at_hand.get("live", "run", read_while_it_changes) == "old"
    assert at_hand.look("live", "run") is None
    assert at_hand.get("live", "run", lambda: "new") == "new"
    assert at_hand.get("live", "run", lambda: "never asked") == "new"


def test_what_was_written_within_a_savepoint_goes_with_the_transaction(house: House) -> None:
    """Python's driver for SQLite would commit the outermost savepoint by itself."""
    account = make_account(house)

    def write_and_fail() -> None:
        with house.database.transaction() as session:
            with session.begin_nested():
                session.execute(update(Account).where(Account.id == account.id).values(name="never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with house.database.transaction() as session:
        assert session.get_one(Account, account.id).name == account.name


@pytest.mark.skipif(bool(SERVER), reason="SQLite rewrites its file after an erase")
def test_an_erase_that_died_before_the_file_was_rewritten_is_caught_up_with_at_the_next_start(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def owed() -> int:
        with house.database.transaction() as session:
            return int(session.scalar(text(f"PRAGMA {OWED}")) or 0)

    with monkeypatch.context() as patch:
        patch.setattr(house.database, "empty_log", lambda: None)  # killed right after the commit
        with house.database.transaction() as session:
            erase(session)
    assert owed() == 1
    started = Database(house.database.url)
    started.catch_up()
    started.engine.dispose()
    assert owed() == 0
