"""The command line for whoever runs an installation: accounts, steps of the schema, taking results out."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.conftest import make_account
from tests.report_world import LATER, add_live, canaries, release, texts
from workshop import accounts, cli, exports, figures, freezes, holding, live_sessions
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.migrations import what_to_do
from workshop.models import ReportFile
from workshop.settings import Settings

Run = Callable[..., "Said"]


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    house: House, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Return a runner of commands on the database of `house`."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments: str) -> Said:
        capsys.readouterr()
        code = cli.main(list(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def test_a_disk_that_is_full_is_said_in_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_about: object) -> str:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(accounts, "invite", full)
    said = run("accounts", "add", "ada@example.org")
    assert said.code == 3 and "disk is full" in said.err
    where = make_url("sqlite:////tmp/main.db")
    for reason in ("database or disk is full", "disk I/O error"):
        told = what_to_do(where, OperationalError("", {}, sqlite3.OperationalError(reason)))
        assert "MB are free there. Make room" in told and "restore" not in told


def test_the_last_admin_cannot_be_taken_away_by_a_command(run: Run, house: House) -> None:
    make_account(house, "admin", email="ada@example.org")
    assert "last admin" in run("accounts", "disable", "ada@example.org").err
    assert "last admin" in run("accounts", "role", "ada@example.org", "facilitator").err
    assert "no account" in run("accounts", "disable", "nobody@example.org").err


def test_an_invitation_from_the_command_line_opens_an_account(run: Run, house: House) -> None:
    said = run("accounts", "add", "fay@example.org", "--role", "admin")
    token = re.search(r"/staff/invitation/([\w-]{43})", said.out)
    assert said.code == 0 and token
    assert "(invited) fay@example.org" in run("accounts", "list").out
    opened = accounts.redeem(house, "invite", token.group(1), password="quiet rivers carry boats", name="Fay")
    assert (opened.account.email, opened.account.role) == ("fay@example.org", "admin")
    assert run("accounts", "add", "fay@example.org").code == 1


def test_somebody_who_is_kept_out_is_signed_out_and_can_be_let_in_again(run: Run, house: House) -> None:
    make_account(house, "admin")
    account = make_account(house, "facilitator", email="fay@example.org")
    with house.database.transaction() as session:
        token = accounts.open_browser(session, account.id, house.clock())
    assert run("accounts", "disable", "fay@example.org").code == 0
    with house.database.transaction() as session:
        assert accounts.account_of(session, token, house.clock()) is None
    assert "(kept out) fay@example.org" in run("accounts", "list").out
    assert run("accounts", "enable", "fay@example.org").code == 0
    assert run("accounts", "role", "fay@example.org", "admin").code == 0
    assert "(kept out)" not in run("accounts", "list").out


def test_the_schema_goes_back_only_to_a_step_that_there_was(run: Run) -> None:
    assert run("migrate", "status").code == 0
    assert run("migrate", "down").code == 2
    assert "no earlier step 9999" in run("migrate", "down", "--to", "9999").err
    assert run("migrate", "down", "--to", "0010").code == 0
    behind = run("migrate", "status")
    assert behind.code == 1 and "to do  0012" in behind.out
    assert run("migrate").code == 0
    assert run("migrate", "status").code == 0


def test_no_command_moves_the_schema_under_a_server_of_an_older_version(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    assert run("migrate", "down", "--to", "0010").code == 0
    served = Settings(data_dir=tmp_path / "data", database_url=database_url, secret_key="x" * 40)
    with holding.hold_all(served):
        said = run("accounts", "list")
        assert said.code == 1 and "Restart it" in said.err
        assert run("migrate", "status").code == 1, "the schema is where it was"
    assert run("accounts", "list").code == 0
    with holding.hold_all(served):
        assert run("accounts", "list").code == 0, "of the same version: a command that reads disturbs nobody"


def test_what_is_not_frozen_cannot_be_taken_out(run: Run, house: House, tmp_path: Path) -> None:
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "drags", texts(canaries(12, 6)))
    assert run("export", live.id, str(tmp_path / "out")).code == 1
    assert run("export").out == ""
    assert "no frozen report" in run("export", "-pIh4XA5Qf683tcsBBTqzA").err, "an id that begins like an option"
    assert not (tmp_path / "out").exists()


def test_a_frozen_session_is_taken_out_as_its_pages_offer_it(run: Run, house: House, tmp_path: Path) -> None:
    said = canaries(12, 6)
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "drags", texts(said))
        freeze = freezes.freeze(db, live, live_sessions.guide_of(live), LATER)
    assert live.id in run("export").out
    folder = tmp_path / "out"
    done = run("export", live.id, str(folder))
    assert done.code == 0, done.err
    assert {path.suffix for path in folder.iterdir()} == {".xlsx", ".csv", ".json", ".zip"}
    results = json.loads(next(folder.glob("*.json")).read_text())
    assert results == exports.of(freeze.editions).model_dump(mode="json")
    everything = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not [one for one in said if not one.quotable and one.text.encode() in everything]
    assert "there already" in run("export", live.id, str(folder)).err


@pytest.mark.parametrize("of", ["an older version", "a newer version"])
def test_a_report_that_another_version_froze_is_taken_out_as_its_pdfs(
    run: Run, house: House, tmp_path: Path, of: str
) -> None:
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "drags", texts(canaries(12, 6)))
        freeze = freezes.freeze(db, live, live_sessions.guide_of(live), LATER)
        figured = {"form": 99, "said": "in a way that nobody here knows"}
        others = {name: data for name, data in freeze.editions.items() if name != figures.KEY}
        freeze.editions = others | ({figures.KEY: figured} if of == "a newer version" else {})
        db.add(
            ReportFile(id="a-file", freeze_id=freeze.id, edition="manager", paper="A4", state="ready", content=b"%PDF-")
        )
        editions = freeze.editions
    with pytest.raises(WorkshopError, match=of):
        exports.of(editions)
    done = run("export", live.id, str(tmp_path / "out"))
    assert done.code == 0 and "PDF files alone" in done.err
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [b"%PDF-"]
