"""Promise 16: one slip, one phone; the box has hashes and a spent bit, no order, no time."""

from __future__ import annotations

import sqlite3
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.promises.attackers import BROKEN, FALSE_ALARM, order_p, tau
from tests.promises.stagehands import Room, add_account, fields_for, files_below, room
from workshop import anonymity, live_sessions, tickets
from workshop.ballots import BallotBox
from workshop.errors import WorkshopError
from workshop.house import House

PEOPLE = 12


def with_slips(hall: House, number: int = PEOPLE) -> tuple[Room, list[str]]:
    """Return a lobby that opens with a slip alone, and its codes."""
    played = room(hall, ["text"], 0, lobby=True, tickets=True)
    return played, tickets.make(hall, played.live_id, number, played.live.version)


def test_a_slip_lets_exactly_one_phone_in(hall: House) -> None:
    played, codes = with_slips(hall)
    typed = f" {codes[0][:4].lower()}-{codes[0][4:]} "
    seat = live_sessions.join(hall, played.live_id, None, typed)
    assert anonymity.read_seat(hall.seat_key, played.live_id, seat)
    with pytest.raises(WorkshopError, match="let a phone in already"):
        live_sessions.join(hall, played.live_id, None, codes[0])
    for wrong in ("", "WRONGONE", "x" * 500, "\0\ud83d"):
        with pytest.raises(WorkshopError, match="slip"):
            live_sessions.join(hall, played.live_id, None, wrong.encode("utf-8", "ignore").decode())
    assert live_sessions.join(hall, played.live_id, seat) == seat, "who is in needs no second slip"
    assert played.live.joined == 1


def test_two_phones_with_one_slip_at_the_same_moment_get_one_seat(hall: House) -> None:
    played, codes = with_slips(hall, 2)

    def come(_phone: int) -> bool:
        try:
            return bool(live_sessions.join(hall, played.live_id, None, codes[0]))
        except WorkshopError:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(come, range(6))) == 1
    assert played.live.joined == 1


def test_whoever_is_not_let_in_after_all_keeps_the_slip(hall: House) -> None:
    played, codes = with_slips(hall)
    played.move("door", "closed")
    with pytest.raises(WorkshopError):
        live_sessions.join(hall, played.live_id, None, codes[0])
    played.move("door", "open")
    assert live_sessions.join(hall, played.live_id, None, codes[0])


def test_new_slips_make_void_those_nobody_used_and_a_reload_makes_none(hall: House) -> None:
    played, codes = with_slips(hall)
    live_sessions.join(hall, played.live_id, None, codes[0])
    version = played.live.version
    fresh = tickets.make(hall, played.live_id, 3, version)
    with pytest.raises(WorkshopError, match="shown once"):
        tickets.make(hall, played.live_id, 3, version)
    with pytest.raises(WorkshopError, match="already"):
        live_sessions.join(hall, played.live_id, None, codes[0])
    with pytest.raises(WorkshopError, match="not the code"):
        live_sessions.join(hall, played.live_id, None, codes[1])
    assert live_sessions.join(hall, played.live_id, None, fresh[0])
    assert (played.live.slips, tickets.used(hall, played.live_id)) == (4, 2)
    assert any("4 slips are good" in sentence for sentence in played.seen()[0].promise)


def test_the_way_in_does_not_change_under_people_who_have_joined(hall: House) -> None:
    played = room(hall, ["text"], 1, lobby=True)
    with pytest.raises(WorkshopError, match="before the first phone"):
        played.move("tickets", "on")
    empty = room(hall, ["text"], 0, lobby=True)
    empty.move("tickets", "on")
    with pytest.raises(WorkshopError):
        live_sessions.join(hall, empty.live_id, None)
    empty.move("tickets", "off")
    assert live_sessions.join(hall, empty.live_id, None)


def test_other_floors_make_every_slip_good_again_once(hall: House) -> None:
    played, codes = with_slips(hall)
    live_sessions.join(hall, played.live_id, None, codes[0])
    fresh = live_sessions.restart_with_floors(hall, add_account(hall), played.live_id, 3, 5)
    assert live_sessions.join(hall, fresh, None, codes[0])
    with pytest.raises(WorkshopError, match="already"):
        live_sessions.join(hall, fresh, None, codes[0])


def test_no_code_and_no_seat_is_in_any_file_and_no_tag_follows_from_a_slip(hall: House, folder: Path) -> None:
    played, codes = with_slips(hall)
    for code in codes:
        seat = live_sessions.join(hall, played.live_id, None, code)
        secret = anonymity.read_seat(hall.seat_key, played.live_id, seat)
        assert secret is not None
        played.seats.append(seat)
        played.secrets.append(secret)
    played.move("start")
    run_id = played.open()
    for phone in range(PEOPLE):
        played.send(phone, run_id, fields_for("text"))
    data = b"".join(files_below(folder).values())
    assert tickets.hash_of(hall, codes[0]) in data, "the search finds what is there"
    assert not [code for code in codes if code.encode() in data]
    assert not [secret for secret in played.secrets if secret in data]
    hashes = [tickets.hash_of(hall, code) for code in codes]
    tags = {anonymity.tag(one, run_id) for one in (*hashes, *(code.encode() for code in codes))}
    assert not [tag for tag in tags if hall.boxes.box(played.live_id).mine(run_id, tag)]


# -- the attacker with a copy of the file, who knows every code


def spent_in(folder: Path, order: list[int], hashes: list[bytes]) -> bytes:
    """Return the files at rest after slips were spent in this order, without SQLite's own counters."""
    box = BallotBox(folder / "box.sqlite")
    box.print_slips(hashes)
    for one in order:
        assert box.spend_slip(hashes[one]) == "spent"
    files = files_below(folder)
    box.close()
    assert files.get("box.sqlite-wal", b"") == b"", "the log would tell the order"
    data = files["box.sqlite"]
    return data[:24] + b"\0" * 4 + data[28:40] + b"\0" * 4 + data[44:92] + b"\0" * 4 + data[96:]


def test_the_file_is_the_same_whoever_came_first(folder: Path) -> None:
    hashes = [anonymity.new_secret() for _slip in range(40)]
    seen = []
    for number in range(6):
        order = anonymity.shuffled(range(25))
        made = folder / str(number)
        made.mkdir()
        seen.append(spent_in(made, list(order), hashes))
    assert len(set(seen)) == 1
    other = folder / "other"
    other.mkdir()
    assert spent_in(other, list(range(24)), hashes) not in seen, "one slip fewer would be seen"


def offsets(data: bytes, hashes: list[bytes]) -> list[float]:
    return [float(data.rindex(one)) for one in hashes]


def test_no_byte_knows_the_order_of_printing_nor_of_coming(folder: Path) -> None:
    printing, coming = [], []
    for number in range(60):
        made = folder / str(number)
        made.mkdir()
        hashes = [anonymity.new_secret() for _slip in range(PEOPLE)]
        order = list(anonymity.shuffled(range(PEOPLE)))
        data = spent_in(made, order, hashes)
        printing.append(tau(offsets(data, hashes), range(PEOPLE)))
        coming.append(tau(offsets(data, [hashes[one] for one in order]), range(PEOPLE)))
    assert order_p(printing, PEOPLE) > FALSE_ALARM
    assert order_p(coming, PEOPLE) > FALSE_ALARM


def test_the_same_reader_finds_the_order_where_a_slip_is_noted_when_it_is_used(tmp_path: Path) -> None:
    """The leaky control: a table of used slips, each inserted as its phone comes."""
    found = []
    for number in range(40):
        database = sqlite3.connect(tmp_path / f"{number}.db")
        database.execute("create table used (hash blob primary key) without rowid")
        hashes = [anonymity.new_secret() for _slip in range(PEOPLE)]
        for one in hashes:
            database.execute("insert into used values (?)", (one,))
            database.commit()
        database.close()
        data = (tmp_path / f"{number}.db").read_bytes()
        assert struct.unpack(">H", data[16:18])[0] >= 1024
        found.append(tau(offsets(data, hashes), range(PEOPLE)))
    assert abs(float(np.mean(found))) >= BROKEN
    assert order_p(found, PEOPLE) < FALSE_ALARM
