"""The power cut between any two calls to the system, on SQLite: whoever was told that something is kept finds it again.

A kill at a system call is one way of it; in the others, what was written and not synced is lost, or a part of it,
with the names in folders that were not synced. With FAULTS=full more chances are drawn for each call.
"""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.conftest import SERVER
from tests.deaths import ALL
from tests.powercut.replay import WAYS, Cut, Recording, record
from tests.promises.stagehands import Room, serving_house
from workshop import anonymity, cli, leftovers, seals
from workshop.ballots import BallotBoxes
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.keepers import name_in
from workshop.migrations import migrate, status
from workshop.models import ActivityRun, Card
from workshop.operating import backups
from workshop.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(SERVER), reason="a folder that can be rebuilt is a SQLite database's"),
]

FLOOR = 5
OUT = "out/"
CHANCES = 6 if ALL else 1
EVERY = (*WAYS, *(f"chance {number}" for number in range(CHANCES)))


def often(where: str, one_in: int) -> bool:
    """Return whether to look closely here, which takes its time: always where all is asked for, else at one in so many."""
    return ALL or zlib.crc32(where.encode()) % one_in == 0


@pytest.fixture
def installed(folder: Path, _template: str) -> Path:
    """Return a data folder with an empty database of today's schema."""
    shutil.copy(_template, folder / "unstuck.db")
    return folder


def played(act: str, folder: Path, tmp_path: Path, *arguments: str, careless: str = "") -> Recording:
    """Record an act on everything below a folder."""
    environ = {"CARELESS": careless}
    return record(folder, tmp_path, "-m", "tests.powercut.acts", act, str(folder), *arguments, environ=environ)


def said(told: tuple[str, ...], what: str) -> list[list[str]]:
    """Return what people were told of a kind."""
    return [words.split()[1:] for words in told if words.split()[0] == what]


def text_of(told: tuple[str, ...], what: str, sort: str) -> set[str]:
    """Return the texts to a question that people were told of."""
    return {text for of, text in said(told, what) if of == sort}


def test_a_first_start_makes_its_secret_and_its_name_whole_or_not_at_all(folder: Path, tmp_path: Path) -> None:
    last = None
    for cut in played("first_start", folder, tmp_path).cuts(EVERY):
        last = cut
        cut.lay(folder)
        data_dir = folder / "var" / "unstuck"
        secret = Settings.from_env({"DATA_DIR": str(data_dir)}).secret_key
        assert len(secret) == 64, cut.where
        assert [secret] == (said(cut.told, "secret") or [[secret]])[0], f"another secret, {cut.where}"
        name = name_in(data_dir)
        assert len(name) == 22
        assert [name] == (said(cut.told, "keeper") or [[name]])[0], f"another name, {cut.where}"
        if said(cut.told, "answer"):
            boxes = BallotBoxes(data_dir / "ballots")
            lying = boxes.box("live").mine("run", b"tag")
            boxes.close()
            assert lying is not None and lying.body == "an answer", f"the answer is lost, {cut.where}"
    assert last is not None and said(last.told, "answer")


def test_new_tables_are_all_there_or_none(folder: Path, tmp_path: Path) -> None:
    found = set()
    url = f"sqlite:///{folder / 'unstuck.db'}"
    for cut in played("migration", folder, tmp_path).cuts(EVERY):
        if often(cut.where, 30) or cut.told:
            cut.lay(folder)
            now = status(url)
            found.add(now.current)
            assert now.current or not (now.present or cut.told), cut.where
            if often(cut.where, 90):
                migrate(url)
                assert status(url).current
    assert found == {True, False}


def test_a_session_keeps_its_promises_wherever_the_power_is_cut(installed: Path, tmp_path: Path) -> None:
    exported: list[tuple[Cut, dict[str, bytes | None]]] = []
    for cut in played("session", installed, tmp_path).cuts(EVERY):
        exported.append((cut, {name: data for name, data in cut.left.items() if OUT in name and ".half" not in name}))
        if said(cut.told, "live"):
            nothing_that_went_is_back(cut)
            if often(cut.where, 24):
                cut.lay(installed)
                all_that_was_told_holds(installed, cut)
    whole = exported[-1][1]
    assert len(whole) > 2
    for cut, files in exported:
        assert not [name for name in files if files[name] != whole[name]], f"half an export, {cut.where}"
        assert len(files) == len(whole) or not said(cut.told, "exported"), f"an export is lost, {cut.where}"


@pytest.mark.parametrize("about", ["box", "main database", "log"] if ALL else ["main database"])
def test_a_house_that_does_not_wait_for_the_disk_is_caught(installed: Path, tmp_path: Path, about: str) -> None:
    """The control. NORMAL, usual beside a write-ahead log, is careless enough in the main database."""
    broken = ""
    for cut in played("session", installed, tmp_path, careless=about).cuts(("strict",)):
        if said(cut.told, "live") and not broken:
            try:
                nothing_that_went_is_back(cut)
                if about != "log":
                    cut.lay(installed)
                    all_that_was_told_holds(installed, cut)
            except (AssertionError, WorkshopError) as found:
                broken = str(found)
    assert broken


def nothing_that_went_is_back(cut: Cut) -> None:
    """Look at the bytes that lie there before anybody has started anything."""
    told, where = cut.told, cut.where
    gone = {text for what in ("gone", "frozen") for texts in said(told, what) for text in texts}
    if said(told, "purged"):
        gone = {text for sort in ("text", "rolling-text") for text in text_of(told, "sent", sort)}
    back = [text for text in gone if cut.holds(text, but=OUT)]
    assert not back, f"what was changed, hidden or purged is back, {where}"
    box = b"".join(data for name, data in cut.left.items() if data and name.startswith("ballots/"))
    for (sort,) in said(told, "released"):
        assert not [text for text in text_of(told, "sent", sort) if text.encode() in box], f"in the box, {where}"
        secrets = [bytes.fromhex(secret) for secret in said(told, "live")[0][1:]]
        run_id = next(run for of, run in said(told, "run") if of == sort)
        assert not [secret for secret in secrets if anonymity.tag(secret, run_id) in box], f"a tag in the box, {where}"


def all_that_was_told_holds(folder: Path, cut: Cut) -> None:
    """Start a server on what is there, play on, and look at what the room sees."""
    told, where = cut.told, cut.where
    live_id, *secrets = said(told, "live")[0]
    hidden = {text for texts in said(told, "hidden") for text in texts}
    house = serving_house(folder, f"sqlite:///{folder / 'unstuck.db'}")
    seals.recover(house)
    leftovers.take_away(house)
    there = Room(house, live_id, ("text", "rolling-text"), secrets=[bytes.fromhex(one) for one in secrets])
    for sort, run_id in said(told, "run") if not said(told, "exported") else ():
        sent, kept = text_of(told, "sent", sort), text_of(told, "kept", sort)
        state, shown = stands(house, run_id)
        if [sort] in said(told, "released"):
            assert state == "released", f"{state}, {where}"
        if state == "open":
            assert len(shown) in ((0,) if sort == "text" else (0, FLOOR)), where
            there.move("close")
            state, shown = stands(house, run_id)
        assert state == "released"
        assert len(shown) == len(set(shown)) and set(shown) <= sent, where
        if len(sent) < FLOOR:
            assert not shown, f"below the floor, {where}"
        elif len(kept) >= FLOOR:
            lost = kept - set(shown)
            assert not lost or lost <= hidden, f"lost {len(lost)} answers, {where}"
    if said(told, "ended"):
        assert there.live.phase == "ended"
        assert not house.boxes.lying()
    house.boxes.close()
    house.database.engine.dispose()


def stands(house: House, run_id: str) -> tuple[str, list[str]]:
    """Return the state of a run and its texts in the database."""
    with house.database.transaction() as session:
        run = session.get(ActivityRun, run_id)
        texts = session.scalars(select(Card.text).where(Card.run_id == run_id)).all()
        return run.state if run else "none", list(texts)


# Commands -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def operated(folder: Path, _template: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an installation in it on which commands work: one invited person, a box, a database elsewhere."""
    for name in ("SECRET_KEY", "BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (folder / "base").mkdir()
    shutil.copy(_template, folder / "base" / "unstuck.db")
    monkeypatch.setenv("DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder / 'base' / 'unstuck.db'}")
    assert cli.main(["accounts", "add", "ada@example.org", "--role", "admin"]) == 0
    return folder


def invited(database: Path) -> set[str]:
    """Return who is invited; reads the file as it is, with its log where there is one."""
    with closing(sqlite3.connect(database)) as opened:
        return {email for (email,) in opened.execute("select email from staff_links")}


@pytest.mark.parametrize("name", ["copy.tar", "copy"] if ALL else ["copy.tar"])
def test_a_backup_is_whole_once_it_is_said_to_be_and_before_that_whole_or_not_there(
    operated: Path, tmp_path: Path, name: str
) -> None:
    recording = played("command", operated, tmp_path, "backup", str(operated / "kept" / "of today" / name))
    found = set()
    for cut in recording.cuts(EVERY):
        there = f"kept/of today/{name}" in cut.left
        if (there, cut.told) in found and not ALL and cut.after % 7:
            continue
        found.add((there, cut.told))
        assert there or not cut.told, f"no backup, {cut.way} after {cut.after}"
        if there:
            cut.lay(operated)
            assert cli.main(["restore", "--check", str(operated / "kept" / "of today" / name)]) == 0, cut.where
    assert (True, ("done",)) in found


def what_was_there(cut: Cut, tmp_path: Path) -> list[set[str]]:
    """Return who is invited by each database that is there, with the log that belongs to it."""
    found = []
    for folder in ("base", "data/replaced"):
        if file := cut.left.get(f"{folder}/unstuck.db"):
            for log in ("base", "data/replaced"):
                place = tmp_path / "looked at"
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                (place / "unstuck.db").write_bytes(file)
                (place / "unstuck.db-wal").write_bytes(cut.left.get(f"{log}/unstuck.db-wal") or b"")
                found.append(invited(place / "unstuck.db"))
    return found


def test_a_restore_that_the_power_cuts_is_not_begun_or_says_so_and_loses_nothing(
    operated: Path, tmp_path: Path
) -> None:
    data, database, secret = operated / "data", operated / "base" / "unstuck.db", operated / "data" / "secret"
    assert cli.main(["backup", str(operated / "copy.tar")]) == 0
    then, later = secret.read_text(), "another secret that is long enough for it"
    assert cli.main(["accounts", "add", "bib@example.org", "--role", "admin"]) == 0
    secret.write_text(later)
    with closing(sqlite3.connect(database)) as serving:  # it had been killed: what it wrote last lies in its log
        serving.execute("pragma journal_mode=wal")
        serving.execute("update staff_links set email='bob@example.org' where email='bib@example.org'")
        serving.commit()
        shutil.copytree(database.parent, tmp_path / "killed")
    shutil.rmtree(database.parent)
    shutil.move(tmp_path / "killed", database.parent)
    (data / "ballots").mkdir()
    (data / "ballots" / "old.sqlite").write_bytes(b"an answer of another past")
    both, found = {"ada@example.org", "bob@example.org"}, []
    recording = played("command", operated, tmp_path, "restore", "--replace", str(operated / "copy.tar"))
    for cut in recording.cuts(EVERY):
        where = cut.where
        assert both in what_was_there(cut, tmp_path), f"what was there is lost, {where}"
        cut.lay(operated)
        try:
            backups.refuse_half_restored(data)
        except backups.BackupFailed:
            found.append("half")
            assert not cut.told, f"it said that it was done, {where}"
            if not ALL and found.count("half") % 20 != 1:
                continue
            assert cli.main(["restore", "--replace", str(operated / "copy.tar")]) == 0
        else:
            found.append("old" if secret.read_text() == later else "new")
            assert invited(database) == (both if found[-1] == "old" else {"ada@example.org"}), where
            if found[-1] == "old":
                assert not cut.told, f"it was not done, {where}"
                continue
        assert secret.read_text() == then and invited(database) == {"ada@example.org"}
        assert (data / "replaced" / "secret").read_text() == later, where
        assert invited(data / "replaced" / "unstuck.db") == both, where
        assert not list((data / "ballots").glob("*")), f"an answer of another past, {where}"
    assert set(found) == {"old", "half", "new"}
