"""Fault R4 on the running server: another process has locked the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from sqlalchemy import create_engine, text

from tests.conftest import LiveServer, running
from tests.journeys.test_killed_again_and_again import cards_of
from tests.wire import Inside

LOCKED = 9.0  # seconds; a transaction waits ten for another


@pytest.fixture
def inside(shared_server: LiveServer) -> Iterator[Inside]:
    made = Inside.of(running(shared_server))
    yield made
    made.close()


@pytest.mark.slow
def test_a_locked_database_makes_people_wait_and_nothing_fails(inside: Inside) -> None:
    engine = create_engine(inside.house.database.engine.url, isolation_level="AUTOCOMMIT")
    sqlite = engine.dialect.name == "sqlite"
    with ExitStack() as stack:
        console = stack.enter_context(closing(inside.console()))
        phones = [stack.enter_context(closing(inside.phone())) for _ in range(6)]
        run = inside.ask(console, "stuck")
        pool = stack.enter_context(ThreadPoolExecutor(8))
        with engine.connect() as other:
            other.execute(text("BEGIN EXCLUSIVE" if sqlite else "BEGIN"))
            if not sqlite:
                other.execute(text("LOCK TABLE live_sessions, activity_runs IN EXCLUSIVE MODE"))
            told = [pool.submit(phone.answer, run, 1, f"card {n}") for n, phone in enumerate(phones)]
            pressed = pool.submit(inside.press, console, "timer_start", "60")
            time.sleep(LOCKED)
            other.execute(text("ROLLBACK"))
        assert all(one.result()["ok"] for one in told)
        assert pressed.result()["ok"]
        assert inside.press(console, "close")["ok"]
    engine.dispose()
    assert sorted(cards_of(inside, run)) == [f"card {n}" for n in range(6)]
