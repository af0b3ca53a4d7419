"""Promise 5: nothing stored correlates with who sent when, in any copy taken while no question is open."""

from __future__ import annotations

import sqlite3
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.promises.attackers import BROKEN, FALSE_ALARM, order_p, tau
from tests.promises.season import PEOPLE, Asked, Season
from tests.promises.stagehands import canary, fields_for, files_below, room
from workshop.house import House

SEEDS = 150
"""Single texts of the season; the questions with several cards come on top."""


def measures(asked: Asked) -> dict[str, list[float]]:
    """Return every number that a copy gives for each text, in the order of sending."""
    texts = sorted(asked.wrote, key=asked.sending_rank)
    by_text = {row.text: (row.rowid, place, row.id) for place, row in enumerate(asked.rows)}
    found = {
        "hidden row number": [float(by_text[text][0]) for text in texts],
        "place in the table": [float(by_text[text][1]) for text in texts],
        "id": [float(rank) for rank in np.argsort(np.argsort([by_text[text][2] for text in texts]))],
        "place on the phones": [float(asked.shown[0].index(text)) for text in texts],
    }
    written = list(asked.wrote)
    for name, places in asked.offsets.items():
        found[f"first byte in {name}"] = [float(places[written.index(text)][0]) for text in texts]
        found[f"last byte in {name}"] = [float(places[written.index(text)][-1]) for text in texts]
    return found


def taus(asked: list[Asked]) -> dict[str, list[float]]:
    """Return for each measure the agreement with the order of sending, one per question."""
    result: dict[str, list[float]] = {}
    for one in asked:
        for name, values in measures(one).items():
            result.setdefault(name, []).append(tau(values, range(PEOPLE)))
    return result


def test_no_row_id_or_byte_knows_who_sent_first(season: Season) -> None:
    single = [asked for asked in season.asked if asked.sort == "text"]
    assert len(single) >= SEEDS
    found = taus(single)
    assert {"hidden row number", "first byte in main.db"} <= set(found)
    leaks = {name: p for name, values in found.items() if (p := order_p(values, PEOPLE)) < FALSE_ALARM}
    assert not leaks, f"{ {name: float(np.mean(found[name])) for name in leaks} }"


def test_no_tag_and_no_secret_is_left_in_any_file(season: Season) -> None:
    assert [asked.traces for asked in season.asked if asked.traces] == []


def test_no_text_is_left_in_the_ballot_box(season: Season) -> None:
    assert [asked.box_texts for asked in season.asked if asked.box_texts] == []


def test_every_text_of_the_season_was_in_the_copies(season: Season) -> None:
    """The search of the tests above would have found something if there were something."""
    assert all("main.db" in asked.offsets for asked in season.asked)


def test_a_box_at_rest_is_the_same_file_whoever_answered(hall: House, folder: Path) -> None:
    """Not one byte of the box follows from the answers: only SQLite's own counters of changes move on."""
    left = []
    for _session in range(3):
        played = room(hall, ["text"], 12)
        played.ask([(phone, fields_for("text", canary() * (1 + phone % 3))) for phone in range(12)])
        box = files_below(folder / "ballots")
        left.append(_without_counters(box[f"{played.live_id}.sqlite"]))
        assert box.get(f"{played.live_id}.sqlite-wal", b"") == b""
    assert left[0] == left[1] == left[2]


def _without_counters(data: bytes) -> bytes:
    """Blank the change counter, the schema cookie and the version-valid-for number in SQLite's header."""
    page_size = struct.unpack(">H", data[16:18])[0]
    assert page_size in (1024, 4096)
    return data[:24] + b"\0" * 4 + data[28:40] + b"\0" * 4 + data[44:92] + b"\0" * 4 + data[96:]


@pytest.mark.parametrize("without_rowid", [False, True])
def test_the_same_reader_finds_the_order_in_a_table_that_is_not_shuffled(tmp_path: Path, without_rowid: bool) -> None:
    """The leaky control: random ids and VACUUM, as if that were enough (facts 2 of the contract)."""
    asked = []
    for seed in range(40):
        path = tmp_path / f"{seed}.db"
        texts = {canary(): person for person in range(PEOPLE)}
        database = sqlite3.connect(path)
        tail = "without rowid" if without_rowid else ""
        database.execute(f"create table cards (id text primary key, text text) {tail}")
        for text in texts:
            database.execute("insert into cards values (?, ?)", (canary(), text))
        database.commit()
        if not without_rowid:
            database.execute("vacuum")
        database.close()
        data = path.read_bytes()
        one = Asked(0, "text", list(range(PEOPLE)), texts, set(), shown=[list(texts)])
        one.offsets["main.db"] = [[data.index(text.encode())] for text in texts]
        asked.append(one)
    values = [tau([places[0] for places in one.offsets["main.db"]], range(PEOPLE)) for one in asked]
    assert abs(float(np.mean(values))) >= BROKEN
    assert order_p(values, PEOPLE) < FALSE_ALARM
