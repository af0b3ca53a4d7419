"""`deploy/unstuck`: a command sees what the service sees, and nothing is left among its data that it cannot open."""

from __future__ import annotations

import errno
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from workshop import cli
from workshop.settings import Settings, SettingsError, unusable_folder

ROOT = Path(__file__).resolve().parents[1]
NOBODY = 54321  # a user whom no machine has


def asked(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with units from a folder of the test."""
    environ = {"UNITS": str(units), "PATH": os.environ["PATH"], "BASE_URL": "https://of-the-shell.example.org"}
    command = [sys.executable, str(ROOT / "deploy" / "unstuck"), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with our own unit, changed only where it names this machine's user, Python and folders."""
    text = (ROOT / "deploy" / "systemd" / "unstuck@.service").read_text()
    for ours, here in (
        ("User=unstuck", f"User={pwd.getpwuid(os.geteuid()).pw_name}"),
        ("/opt/unstuck/.venv/bin/python", sys.executable),
        ("/opt/unstuck", str(ROOT)),
        ("/etc/unstuck.env", str(tmp_path / "unstuck.env")),
    ):
        assert ours in text
        text = text.replace(ours, here)
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / "unstuck@.service").write_text(text)
    return folder


def test_a_command_has_the_settings_of_the_service_and_none_of_the_shell(units: Path, tmp_path: Path) -> None:
    (tmp_path / "unstuck.env").write_text(
        '# BASE_URL=https://old.example.org\nSECRET_KEY=a key that only this test knows, long enough\nBASE_URL=https://ours.example.org\nBRAND_NAME=Two words\nSUPPORT=\'Ann, 12\'\nSUPPORT_CONTACTS=a\\\\b\nOIDC_NAME="Two \\"quoted\\" words"\n'
    )
    to_all = units / "unstuck@.service.d"  # where `systemctl edit unstuck@.service` writes
    to_all.mkdir()
    (to_all / "more.conf").write_text("[Service]\nEnvironment=LOG_FORMAT=json KEEP_REPORTS_DAYS=400\n")
    (to_all / "override.conf").write_text("[Service]\nEnvironment=MAX_PHONES=88\n")
    added = units / "unstuck@8001.service.d"
    added.mkdir()
    (added / "override.conf").write_text("[Service]\nEnvironment=MAX_PHONES=77\n")
    said = asked(units, "--unit", "unstuck@8001", "settings").stdout.splitlines()
    now = {name: value.split(maxsplit=1)[1] for name, value in zip(said[::4], said[1::4], strict=True)}
    assert now["DATA_DIR"] == "/var/lib/unstuck/8001"
    assert now["BASE_URL"] == "https://ours.example.org"
    assert (now["PORT"], now["TRUSTED_PROXIES"], now["MAX_PHONES"]) == ("8001", "1", "77")
    assert (now["BRAND_NAME"], now["SUPPORT"]) == ("Two words", "Ann, 12")
    assert (now["LOG_FORMAT"], now["KEEP_REPORTS_DAYS"]) == ("json", "400")
    assert (now["OIDC_NAME"], now["SUPPORT_CONTACTS"]) == ('Two "quoted" words', "a\\b"), "as systemd reads it"


def test_a_unit_that_is_not_there_is_named_with_those_that_are(units: Path) -> None:
    failed = asked(units, "doctor")
    assert failed.returncode == 1
    assert "no unstuck.service" in failed.stderr and "--unit unstuck@8001" in failed.stderr


def test_root_leaves_no_file_of_its_own_among_the_data_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, NOBODY, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("DATA_DIR", str(data))
    monkeypatch.setenv("SECRET_KEY", "a key that only this test knows, long enough")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert cli.main(["accounts", "list"]) == 2
    assert "deploy/unstuck" in capsys.readouterr().err
    assert list(data.iterdir()) == []


def test_a_data_folder_that_cannot_be_used_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="is a file and no folder"):
        Settings.from_env({"DATA_DIR": str(tmp_path / "file")})
    for number, words in (
        (errno.EROFS, "can only be read"),
        (errno.EACCES, "chown -R"),
        (errno.ENOSPC, "Make room"),
    ):
        assert words in unusable_folder(tmp_path, OSError(number, os.strerror(number)))


def test_a_file_that_a_command_may_not_use_is_named_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "file").write_text("")
    assert cli.main(["backup", str(tmp_path / "file" / "monday.tar")]) == 1
    assert cli.main(["sbom", "--output", str(tmp_path / "no" / "bom.json")]) == 1
    assert str(tmp_path / "no" / "bom.json") in capsys.readouterr().err
