"""The main database in a serving process: connections that are kept, and the log that must not be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from workshop.at_hand import AtHand
from workshop.db import Database


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
