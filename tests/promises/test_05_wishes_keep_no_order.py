"""Promises 4 and 5: what people ask for their cards is stored in no order, so that one person's cards do not lie together."""

from __future__ import annotations

import json
import math
import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import norm
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests.promises.attackers import FALSE_ALARM, tau
from tests.promises.stagehands import Room, canary, files_below, room
from tests.promises.test_09_changes_wait_for_the_freeze import hashed, new_receipt
from workshop import anonymity, live_sessions, receipts
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import Card
from workshop.wish_copies import WishCopies

QUESTIONS, PEOPLE, ASKING = 3, 12, 6
SERVER = os.environ.get("TEST_DATABASE_URL", "")
TIMES = 6 if SERVER else 30
"""Sessions; a page of SQLite's file gives away less than a row of PostgreSQL."""

Asking = Callable[[Session, Room, str, int], None]
Measures = dict[str, list[float]]


def ask(session: Session, played: Room, secret: str, _turn: int) -> None:
    """Ask for one card as a phone does."""
    receipts.hold(session, live_sessions.get(session, played.live_id), secret, "withdraw")


def ask_in_place(session: Session, _played: Room, secret: str, _turn: int) -> None:
    """Mark the card's own row, as it was once: the leaky control."""
    session.execute(text("update cards set held = 'withdraw' where receipt = :one"), {"one": hashed(secret)})


def play(hall: House, folder: Path, asking: Asking) -> Measures:
    """Let six of twelve people take back their three cards, one person after the other; return what a thief can measure."""
    played = room(hall, ["text"], 1)
    run_id = played.open()
    played.move("close")
    own = {(person, question): (canary(), new_receipt()) for person in range(PEOPLE) for question in range(QUESTIONS)}
    with hall.database.transaction() as session:
        for word, secret in anonymity.shuffled(list(own.values())):  # as the seal does
            session.add(Card(id=anonymity.new_id(), run_id=run_id, text=word, receipt=hashed(secret)))
            session.flush()
    order = [own[person, question] for person in random.sample(range(PEOPLE), ASKING) for question in range(QUESTIONS)]
    for turn, (_word, secret) in enumerate(order):
        with hall.database.transaction() as session:
            asking(session, played, secret, turn)
    found = on_the_server(hall, order) if SERVER else in_the_file(hall, folder, order)
    with hall.database.transaction() as session:
        session.execute(text("delete from wishes"))  # the next session's are enough to lay down
    return found


def in_the_file(hall: House, folder: Path, order: list[tuple[str, str]]) -> Measures:
    """Return where each word and each receipt lies on its page, for each page that holds three."""
    hall.database.engine.dispose()
    data = (folder / "main.db").read_bytes()
    size = int.from_bytes(data[16:18], "big")
    pages: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for turn, (word, secret) in enumerate(order):
        for what, mark in (("word", word), ("receipt", hashed(secret))):
            for found in re.finditer(mark.encode(), data):
                pages.setdefault((what, found.start() // size), []).append((turn, found.start()))
    found: Measures = {}
    for (what, _page), places in pages.items():
        if len(places) >= 3:
            found.setdefault(what, []).append(agreement(*zip(*places, strict=True)))
    return found


def agreement(turns: Sequence[float], places: Sequence[float]) -> float:
    """Return Kendall's tau in units of what chance does, so that short pages and long ones can be added up."""
    n = len(turns)
    return tau(turns, places) / math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))


def leaks(found: Measures) -> dict[str, float]:
    """Return the measures that agree with the order of asking more than chance does in ten million runs."""
    chance = {name: sum(values) / math.sqrt(len(values)) for name, values in found.items()}
    return {name: value for name, value in chance.items() if 2 * norm.sf(abs(value)) < FALSE_ALARM}


def on_the_server(hall: House, order: list[tuple[str, str]]) -> Measures:
    """Return the transaction and the place of each row version of every table that has the receipt."""
    found: Measures = {}
    with hall.database.engine.connect() as connection:
        tables = connection.execute(
            text("select table_name from information_schema.columns where column_name = 'receipt'")
        ).scalars()
        for table in list(tables):
            rows = connection.execute(text(f"select receipt, xmin::text::bigint, ctid::text from {table}"))
            versions = {row[0]: (row[1], *map(int, row[2].strip("()").split(","))) for row in rows}
            seen = [versions[hashed(secret)] for _word, secret in order if hashed(secret) in versions]
            if not seen:
                continue
            turns = list(range(len(seen)))
            found.setdefault(f"{table}: place", []).append(agreement(turns, [one[1] * 1000 + one[2] for one in seen]))
            if len({one[0] for one in seen}) > 1:
                found.setdefault(f"{table}: transaction", []).append(agreement(turns, [one[0] for one in seen]))
    return found


def gathered(hall: House, folder: Path, asking: Asking) -> Measures:
    """Play many sessions; return what was measured in each."""
    found: Measures = {}
    hall.database.keep_open()
    for _session in range(TIMES):
        for name, values in play(hall, folder, asking).items():
            found.setdefault(name, []).extend(values)
    return found


def test_no_row_and_no_byte_knows_in_which_order_cards_were_taken_back(hall: House, folder: Path) -> None:
    found = gathered(hall, folder, ask)
    assert set(found) >= ({"cards: place", "wishes: place"} if SERVER else {"word", "receipt"})
    assert leaks(found) == {}


def test_the_same_reader_finds_the_order_where_each_card_is_marked(hall: House, folder: Path) -> None:
    with hall.database.engine.begin() as connection:
        connection.execute(text("alter table cards add column held varchar(16) not null default ''"))
    assert leaks(gathered(hall, folder, ask_in_place))


@pytest.mark.several
def test_no_wish_is_in_the_servers_log(hall: House) -> None:
    """What the log has got since then holds no receipt; the control: a table that is logged."""
    played = room(hall, ["text"], PEOPLE)
    run_id, own = played.open(), [new_receipt() for _person in range(PEOPLE)]
    for person, secret in enumerate(own):
        played.drop(person, run_id, {"text-0": [canary()], "receipt-0": [hashed(secret)]})
    played.move("close")

    def logged(kind: str) -> list[str]:
        with hall.database.engine.begin() as connection:
            connection.execute(text(f"alter table wishes set {kind}"))
        with hall.database.engine.connect() as connection:
            start = connection.execute(text("select pg_current_wal_insert_lsn()")).scalar_one()
        for secret in own[:6]:
            with hall.database.transaction() as session:
                ask(session, played, secret, 0)
        written = log_since(hall, start)
        return [secret for secret in own if hashed(secret).encode() in written]

    assert logged("unlogged") == []
    assert set(logged("logged")) == set(own[:6])


def log_since(hall: House, start: str) -> bytes:
    """Return the bytes of PostgreSQL's log from a place in it to its end; other tests may write there meanwhile."""
    with hall.database.engine.connect() as connection:
        asked = text("select file_name, file_offset from pg_walfile_name_offset(cast(:start as pg_lsn))")
        first, offset = connection.execute(asked, {"start": start}).one()
        last = connection.execute(text("select pg_walfile_name(pg_current_wal_insert_lsn())")).scalar_one()
        names = sorted(connection.execute(text("select name from pg_ls_waldir()")).scalars())
        read = text("select pg_read_binary_file('pg_wal/' || :name)")
        found = [
            bytes(connection.execute(read, {"name": name}).scalar_one()) for name in names if first <= name <= last
        ]
    return b"".join(found)[offset:]


# -- what a crash of PostgreSQL empties


def asked(hall: House) -> tuple[Room, list[str], WishCopies]:
    """Play one question, let three of its cards be asked for and copied."""
    played = room(hall, ["text"], PEOPLE, freeze_after_minutes=0)
    run_id, own = played.open(), [new_receipt() for _person in range(PEOPLE)]
    for person, secret in enumerate(own):
        played.drop(person, run_id, {"text-0": [canary()], "receipt-0": [hashed(secret)]})
    played.move("close")
    played.move("end")
    copies = WishCopies(hall.settings.data_dir)
    for secret, act in zip(own[:4], ("withdraw", "unquote", "withdraw", "withdraw"), strict=True):
        with hall.database.transaction() as session:
            copies.note(*receipts.hold(session, live_sessions.get(session, played.live_id), secret, act))
    with hall.database.transaction() as session:
        copies.note(*receipts.hold(session, live_sessions.get(session, played.live_id), own[3], "keep"))
    return played, own, copies


def held_of(hall: House, played: Room) -> dict[str, str]:
    """Return what is held, by the hash of the receipt."""
    with hall.database.transaction() as session:
        hashes = {card.id: str(card.receipt) for card in session.scalars(select(Card))}
        return {hashes[card_id]: act for card_id, act in receipts.held(session, played.live_id).items()}


def test_what_the_database_lost_is_given_back_by_whoever_told_the_phones_so(hall: House) -> None:
    played, own, copies = asked(hall)
    wanted = {hashed(own[0]): "withdraw", hashed(own[1]): "unquote", hashed(own[2]): "withdraw"}
    assert held_of(hall, played) == wanted
    with hall.database.transaction() as session:
        session.execute(text("delete from wishes"))  # as PostgreSQL leaves it after a crash
    assert held_of(hall, played) == {}
    copies.give_back(hall.database)
    assert held_of(hall, played) == wanted


@pytest.mark.several
def test_whoever_presses_while_a_backup_reads_is_told_to_try_again(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    played, own, copies = asked(hall)
    monkeypatch.setattr(receipts, "PATIENCE", 1)
    with hall.database.engine.connect() as backup:
        backup.execute(text("select count(*) from wishes"))  # as `pg_dump` does, for as long as it goes on
        with pytest.raises(WorkshopError) as refused, hall.database.transaction() as session:
            ask(session, played, own[5], 0)
        copies.give_back(hall.database)
    assert refused.value.status == 503
    with hall.database.transaction() as session:
        ask(session, played, own[5], 0)
    assert hashed(own[5]) in held_of(hall, played)


def test_a_wish_that_was_taken_back_elsewhere_does_not_come_again(hall: House) -> None:
    played, own, copies = asked(hall)
    with hall.database.transaction() as session:  # by another process, which keeps its own copy
        receipts.hold(session, live_sessions.get(session, played.live_id), own[0], "keep")
    copies.give_back(hall.database)
    assert hashed(own[0]) not in held_of(hall, played)


def test_a_copy_is_gone_with_the_freeze(hall: House) -> None:
    played, _own, copies = asked(hall)
    with hall.database.transaction() as session:
        receipts.settle(session, played.live_id)
    copies.give_back(hall.database)
    kept: Any = files_below(hall.settings.data_dir)["wishes.json"]
    assert json.loads(kept) == {}
    with hall.database.transaction() as session:
        assert session.scalar(text("select count(*) from wishes")) == 0
