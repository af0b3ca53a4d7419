"""Backups: whole or refused, without open answers, and put back in the middle of a session."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.conftest import ROOT, SERVER, LiveServer
from tests.journeys.hands import Room, cards_of
from tests.promises.stagehands import canary, files_below
from workshop import cli, keepers
from workshop.db import Database
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import Account, Keeper, StaffLink
from workshop.operating import backups, held_folders, served
from workshop.server import serve
from workshop.settings import Settings, SettingsError

PHONES = 6


@pytest.fixture
def installed(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the commands of this test work on one installation; return its data folder."""
    for name in list(os.environ):
        if name in ("SECRET_KEY", "BASE_URL"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert cli.main(["migrate"]) == 0
    return tmp_path / "data"


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail without a traceback; return what it said."""
    capsys.readouterr()
    assert cli.main(list(arguments)) in (1, 2)
    return capsys.readouterr().err


def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", str(tmp_path / "one")]) == 0
    name = next(n for n in json.loads((tmp_path / "one" / "manifest.json").read_text())["files"] if n != "secret")
    whole = (tmp_path / "one" / name).read_bytes()
    (tmp_path / "one" / name).write_bytes(
        whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :]
    )
    before = files_below(installed)
    assert "missing or damaged" in refused(capsys, "restore", "--check", str(tmp_path / "one"))
    assert "missing or damaged" in refused(capsys, "restore", "--replace", str(tmp_path / "one"))
    (tmp_path / "one" / name).unlink()
    assert "missing or damaged" in refused(capsys, "restore", "--replace", str(tmp_path / "one"))
    (tmp_path / "none.tar").write_bytes(b"no tar at all")
    assert "no backup" in refused(capsys, "restore", str(tmp_path / "none.tar"))
    assert {name: data for name, data in files_below(installed).items() if "serving" not in name} == {
        name: data for name, data in before.items() if "serving" not in name
    }


def test_nothing_is_written_over_by_accident(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", str(tmp_path / "one.tar")]) == 0
    assert "there already" in refused(capsys, "backup", str(tmp_path / "one.tar"))
    assert "add --replace" in refused(capsys, "restore", str(tmp_path / "one.tar"))


def test_a_backup_of_another_key_is_refused(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET_KEY", "one key that is kept elsewhere, long enough")
    assert cli.main(["backup", str(tmp_path / "keyless")]) == 0
    assert not (tmp_path / "keyless" / "secret").exists()
    assert "keep it in a place of its own" in capsys.readouterr().out
    monkeypatch.setenv("SECRET_KEY", "another key that is kept elsewhere, as long")
    assert "not the one that belongs" in refused(capsys, "restore", "--replace", str(tmp_path / "keyless"))
    monkeypatch.delenv("SECRET_KEY")
    assert "Set the same one" in refused(capsys, "restore", "--replace", str(tmp_path / "keyless"))


def test_a_backup_of_a_newer_version_is_refused_and_nothing_is_touched(
    installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backup", str(tmp_path / "newer")]) == 0
    manifest = tmp_path / "newer" / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema": "9999"}))
    assert cli.main(["accounts", "add", "ada@example.org"]) == 0
    assert "newer version (schema 9999)" in refused(capsys, "restore", "--replace", str(tmp_path / "newer"))
    backups.refuse_half_restored(installed)
    assert staff() == {"ada@example.org"}


def test_a_backup_from_before_an_update_takes_the_place_of_what_came_after_it(installed: Path, tmp_path: Path) -> None:
    """The way back that docs/operators.md names; on PostgreSQL tables that the backup does not know are in its way."""
    assert cli.main(["migrate", "down", "--to", "0013"]) == 0
    assert cli.main(["backup", str(tmp_path / "before.tar")]) == 0
    assert cli.main(["accounts", "add", "ada@example.org"]) == 0  # it brings the schema up
    assert cli.main(["restore", "--replace", str(tmp_path / "before.tar")]) == 0
    assert staff() == set()
    aside = {path.name for path in (installed / "replaced").iterdir()}
    assert aside >= ({"unstuck.dump"} if SERVER else {"unstuck.db"}), "what was there is kept"
    backups.refuse_half_restored(installed)


def test_a_database_that_a_process_goes_on_serving_is_not_replaced(house: House) -> None:
    """With several processes the folder's lock is this one's own; the others are seen in the database alone."""

    def goes_on(_seconds: float) -> None:
        with house.database.transaction() as session:
            session.execute(update(Keeper).values(seen_at=datetime(2999, 1, 1, tzinfo=UTC)))

    served.refuse_while_served(house.database.url, goes_on)  # nobody was ever there
    with house.database.transaction() as session:
        session.add(Keeper(id="another", seen_at=keepers._now(session)))
    served.refuse_while_served(house.database.url, lambda _seconds: None)  # it was stopped a moment ago
    with pytest.raises(WorkshopError, match="Stop all of them"):
        served.refuse_while_served(house.database.url, goes_on)


def test_a_file_names_nothing_outside_the_folder(installed: Path, tmp_path: Path) -> None:
    """A backup that somebody made up must not write elsewhere."""
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.add(__file__, "../outside")
    with pytest.raises(backups.BackupFailed), backups.opened(tmp_path / "bad.tar"):
        pass
    assert not (tmp_path / "outside").exists()


def test_without_the_client_programs_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(backups.BackupFailed, match="postgresql-client"):
        backups._run(["pg_dump"])


@contextmanager
def on(server: LiveServer) -> Iterator[None]:
    """Let commands work on the server's installation, as its operator would."""
    before = dict(os.environ)
    os.environ.update(DATA_DIR=str(server.data_dir), DATABASE_URL=server.database_url)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_a_backup_of_an_open_question_holds_no_answer_and_brings_the_session_back(
    live_server: LiveServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Room(live_server, PHONES) as room:
        words = [canary() for _ in range(PHONES)]
        run = room.ask()
        for phone, word in zip(room.phones, words, strict=True):
            assert room.send(phone, run, 1, word)["ok"]
        with on(live_server):
            assert cli.main(["backup", str(tmp_path / "copy.tar")]) == 0
            assert "already running" in refused(capsys, "restore", "--replace", str(tmp_path / "copy.tar"))
        with backups.opened(tmp_path / "copy.tar") as folder:
            kept = files_below(folder)
        assert len(kept) == 3
        assert not [name for name, data in kept.items() if any(word.encode() in data for word in words)]
        # The control: the same search finds the words where they do lie, in the ballot box of the running server.
        boxes = files_below(live_server.data_dir / "ballots")
        assert all(any(word.encode() in data for data in boxes.values()) for word in words)

        live_server.kill()
        if not SERVER:  # the disk is lost
            shutil.rmtree(live_server.data_dir)
        with on(live_server):
            assert cli.main(["restore", "--replace", str(tmp_path / "copy.tar")]) == 0
        live_server.start()
        for phone, word in zip(room.phones, words, strict=True):
            room.come_back(phone)
            assert phone.socket.call("mine", {"run": run})["revision"] == 0, "its answer was in no backup"
            assert room.send(phone, run, 1, word)["ok"], "a phone keeps its answer until the close, and sends it again"
        # Staff sign in again: whoever was signed out since then must not come back.
        assert room.leader.browser.fetch("/staff/").url.partition("?")[0].endswith("/staff/sign-in")
        room.sign_in()
        room.leader.press("close")
        assert sorted(cards_of(live_server, run)) == sorted(words)


def test_a_restored_installation_opens_with_its_own_accounts(installed: Path, tmp_path: Path) -> None:
    assert cli.main(["accounts", "add", "ada@example.org", "--role", "admin"]) == 0
    assert cli.main(["backup", str(tmp_path / "folder")]) == 0
    assert oct((tmp_path / "folder").stat().st_mode & 0o777) == "0o700"
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "folder").iterdir())
    secret = (installed / "secret").read_text()
    (installed / "secret").write_text("another secret that is long enough for it")
    assert cli.main(["restore", "--replace", str(tmp_path / "folder")]) == 0
    assert (installed / "secret").read_text() == secret
    assert (installed / "replaced" / "secret").read_text() != secret
    database = Database(os.environ["DATABASE_URL"])
    with database.transaction() as session:
        assert session.scalars(select(Account)).all() == []
    database.engine.dispose()


def test_what_lies_on_another_disk_is_put_aside_whole_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(_file: Path, _moved: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", elsewhere)
    (tmp_path / "unstuck.db").write_bytes(b"all of it")
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "unstuck.db.half").write_bytes(b"all")  # somebody was cut off there
    backups._put_aside([tmp_path / "unstuck.db", tmp_path / "secret"], tmp_path / "aside")
    assert files_below(tmp_path) == {"aside/unstuck.db": b"all of it"}


# Killed in the middle ----------------------------------------------------------------------------------------------


def deaths(before: Path, there: Path, *arguments: str) -> Iterator[bool]:
    """Let the command die before each of its steps on files; `there` is as in `before` each time.

    Yields whether somebody has died; False, the last one, is a command that came to its end.
    """
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.cli_victim", str(there), *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert victim.stdin is not None and victim.stdout is not None
    try:
        died, at = True, 0
        while died:
            at += 1
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(before, there)
            victim.stdin.write(f"{at}\n")
            victim.stdin.flush()
            died = json.loads(victim.stdout.readline())
            yield died
    finally:
        victim.kill()
        victim.communicate()


def staff() -> set[str]:
    """Return who is invited."""
    database = Database(os.environ["DATABASE_URL"])
    with database.transaction() as session:
        found = set(session.scalars(select(StaffLink.email)))
    database.engine.dispose()
    return found


@pytest.mark.slow
@pytest.mark.skipif(bool(SERVER), reason="a folder that can be copied is a SQLite database's")
def test_a_backup_that_dies_anywhere_is_whole_or_not_there_and_the_next_one_tidies_up(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    place = tmp_path / "kept"
    found = []
    for _died in deaths(tmp_path / "empty", place, "backup", str(place / "copy.tar")):
        found.append((place / "copy.tar").exists())
        if found[-1]:
            assert cli.main(["restore", "--check", str(place / "copy.tar")]) == 0
        with held_folders.scratch_folder(place, ".backup-"):  # as the next one does
            pass
        assert [path.name for path in place.iterdir()] == (["copy.tar"] if found[-1] else [])
    assert len(found) > 8 and {True, False} == set(found)


@pytest.mark.slow
@pytest.mark.skipif(bool(SERVER), reason="a folder that can be copied is a SQLite database's")
def test_a_restore_that_dies_anywhere_is_not_begun_or_says_so_and_is_done_again(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{installed / 'unstuck.db'}")
    before = tmp_path / "before"
    assert cli.main(["migrate"]) == 0
    assert cli.main(["accounts", "add", "ada@example.org", "--role", "admin"]) == 0
    assert cli.main(["backup", str(tmp_path / "copy.tar")]) == 0
    then = (installed / "secret").read_text()
    assert cli.main(["accounts", "add", "bob@example.org", "--role", "admin"]) == 0
    (installed / "secret").write_text("another secret that is long enough for it")
    shutil.copytree(installed, before)
    both, cut_off = {"ada@example.org", "bob@example.org"}, []
    for died in deaths(before, installed, "restore", "--replace", str(tmp_path / "copy.tar")):
        try:
            backups.refuse_half_restored(installed)  # as the server does at its start
            cut_off.append(False)
            if staff() == both:  # nothing was changed
                assert died and (installed / "secret").read_text() != then
                continue
        except backups.BackupFailed:
            cut_off.append(True)
            assert cli.main(["restore", "--replace", str(tmp_path / "copy.tar")]) == 0
        assert (installed / "secret").read_text() == then and staff() == {"ada@example.org"}
        assert (installed / "replaced" / "secret").read_text() == (before / "secret").read_text()
        kept = sqlite3.connect(installed / "replaced" / "unstuck.db")
        assert kept.execute("select count(*) from staff_links").fetchone() == (2,)
        kept.close()
        assert not [path.name for path in installed.iterdir() if path.name.startswith((".restore", "restoring"))]
        assert not list(installed.glob("*.half"))
    assert cut_off.count(True) > 8 and cut_off.count(False) > 8


@pytest.mark.skipif(bool(SERVER), reason="a folder that can be copied is a SQLite database's")
def test_a_server_does_not_start_on_half_a_restore(settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    (settings.data_dir / backups.HALF).write_text(backups.PUTTING_BACK)
    with pytest.raises(SettingsError, match="restore was cut off"):
        serve(settings)
    with pytest.raises(backups.BackupFailed, match="restore was cut off"):
        backups.make(settings, settings.data_dir / "copy.tar", date(2026, 11, 28))
