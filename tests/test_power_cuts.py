"""The power cut between any two calls to the system, on SQLite: whoever was told that something is kept finds it again.

A kill at a system call is one way of it; in the others, what was written and not synced is lost, or a part of it,
with the names in folders that were not synced. With FAULTS=full more chances are drawn for each call.
"""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import SERVER
from tests.deaths import ALL
from tests.powercut.replay import WAYS, Cut, record
from tests.promises.stagehands import Room, serving_house
from workshop import anonymity, leftovers, seals
from workshop.ballots import BallotBoxes
from workshop.keepers import name_in
from workshop.models import ActivityRun, Card
from workshop.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(SERVER), reason="a folder that can be rebuilt is a SQLite database's"),
]

FLOOR = 5
EVERY = (*WAYS, *(f"chance {number}" for number in range(20 if ALL else 1)))


@pytest.fixture
def installed(folder: Path, _template: str) -> Path:
    """Return a data folder with an empty database of today's schema."""
    shutil.copy(_template, folder / "unstuck.db")
    return folder


def said(told: tuple[str, ...], what: str) -> list[list[str]]:
    """Return what people were told of a kind."""
    return [words.split()[1:] for words in told if words.split()[0] == what]


def test_a_first_start_makes_its_secret_and_its_name_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    recording = record(folder, tmp_path, "-m", "tests.powercut.acts", "first_start", str(folder))
    before = None
    for cut in recording.cuts(EVERY):
        now = [
            (name, data) for name, data in cut.left.items() if not name.endswith((".db", "-wal", "-shm", "-journal"))
        ]
        if before == (now, cut.told):
            continue
        before = (now, cut.told)
        cut.lay(folder)
        data_dir = folder / "var" / "unstuck"
        secret = Settings.from_env({"DATA_DIR": str(data_dir)}).secret_key
        assert len(secret) == 64, cut
        assert [secret] == (said(cut.told, "secret") or [[secret]])[0], f"another secret, {cut.way} after {cut.after}"
        name = name_in(data_dir)
        assert len(name) == 22
        assert [name] == (said(cut.told, "keeper") or [[name]])[0], f"another name, {cut.way} after {cut.after}"
        for live_id, run_id, seat, text in said(cut.told, "answer"):
            boxes = BallotBoxes(data_dir / "ballots")
            lying = boxes.box(live_id).mine(run_id, anonymity.tag(bytes.fromhex(seat), run_id))
            boxes.close()
            assert lying is not None and lying.body and text in lying.body, f"the answer, {cut.way} after {cut.after}"
    assert before is not None and len(said(before[1], "answer")) == 1


def text_of(told: tuple[str, ...], what: str, sort: str) -> set[str]:
    """Return the texts to a question that people were told of."""
    return {text for of, text in said(told, what) if of == sort}


def test_a_session_keeps_its_promises_wherever_the_power_is_cut(installed: Path, tmp_path: Path) -> None:
    folder = installed
    recording = record(folder, tmp_path, "-m", "tests.powercut.acts", "session", str(folder))
    for cut in recording.cuts(EVERY):
        if not said(cut.told, "live"):
            continue
        where = f"{cut.way} after {cut.after}"
        nothing_that_went_is_back(cut, where)
        if ALL or zlib.crc32(where.encode()) % 8 == 0:
            cut.lay(folder)
            all_that_was_told_holds(folder, cut, where)
    assert "frozen" in cut.told[-1]


def nothing_that_went_is_back(cut: Cut, where: str) -> None:
    """Look at the bytes that lie there before anybody has started anything."""
    told = cut.told
    for (text,) in said(told, "gone"):
        assert not cut.holds(text), f"a changed text is back, {where}"
    for (sort,) in said(told, "released"):
        assert not [text for text in text_of(told, "sent", sort) if cut.holds(text, "ballots/")], f"in the box, {where}"
        secrets = [bytes.fromhex(secret) for secret in said(told, "live")[0][1:]]
        run_id = next(run for of, run in said(told, "run") if of == sort)
        box = b"".join(data for name, data in cut.left.items() if data and name.startswith("ballots/"))
        assert not [secret for secret in secrets if anonymity.tag(secret, run_id) in box], f"a tag in the box, {where}"
    for hidden in said(told, "frozen"):
        assert not [text for text in hidden if cut.holds(text)], f"what was hidden is back, {where}"


def all_that_was_told_holds(folder: Path, cut: Cut, where: str) -> None:
    """Start a server on what is there, play on, and look at what the room sees."""
    told = cut.told
    live_id, *secrets = said(told, "live")[0]
    hidden = {text for texts in said(told, "hidden") for text in texts}
    house = serving_house(folder, f"sqlite:///{folder / 'unstuck.db'}")
    seals.recover(house)
    leftovers.take_away(house)
    played = Room(house, live_id, ("text", "rolling-text"), seats=[], secrets=[bytes.fromhex(one) for one in secrets])
    for sort, run_id in said(told, "run"):
        with house.database.transaction() as session:
            run = session.get(ActivityRun, run_id)
            state = run.state if run else "none"
            shown = [card.text for card in session.scalars(select(Card).where(Card.run_id == run_id))]
        sent, kept = text_of(told, "sent", sort), text_of(told, "kept", sort)
        if [sort] in said(told, "released"):
            assert state == "released", f"{state}, {where}"
        if state == "open":
            if sort == "text":
                assert not shown
            elif shown:
                assert len(shown) == 5
            played.move("close")
            with house.database.transaction() as session:
                shown = [card.text for card in session.scalars(select(Card).where(Card.run_id == run_id))]
        assert len(shown) == len(set(shown)) and set(shown) <= sent, where
        if len(sent) < FLOOR:
            assert not shown, f"below the floor, {where}"
        elif len(kept) >= FLOOR:
            lost = kept - set(shown)
            assert not lost or lost <= hidden, f"lost {len(lost)} answers, {where}"
    if said(told, "ended"):
        assert played.live.phase == "ended"
        assert not house.boxes.lying()
    house.boxes.close()
    house.database.engine.dispose()
