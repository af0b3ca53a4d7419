"""The settings: what is refused, what is completed, what is shown."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from workshop import cli
from workshop.settings import TABLE, Settings, SettingsError, rows

GOOD_SECRET = "Vw3-kq81_sd0fj29dk20fja93kd02kfa"


def production(tmp_path: Path, **more: str) -> dict[str, str]:
    return {
        "BASE_URL": "https://workshop.example.org",
        "DATA_DIR": "/var/lib/unstuck",
        "SECRET_KEY": GOOD_SECRET,
        **more,
    }


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"BASE_URL": "http://workshop.example.org"}, "Write BASE_URL=https://workshop.example.org"),
        ({"DEBUG": "on"}, "Write DEBUG=off"),
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY="),
        ({"SECRET_KEY": "short"}, "SECRET_KEY="),
        ({"SECRET_KEY": "a" * 64}, "SECRET_KEY="),
        ({"DATA_DIR": "/tmp/unstuck"}, "Write DATA_DIR=/var/lib/unstuck"),
        ({"DATABASE_URL": "sqlite:////tmp/unstuck.db"}, "DATABASE_URL"),
    ],
    ids=["http", "debug", "known secret", "short secret", "one letter", "temporary folder", "temporary database"],
)
def test_an_unsafe_production_is_refused_with_the_line_to_change(
    tmp_path: Path, change: dict[str, str], line: str
) -> None:
    with pytest.raises(SettingsError, match="(?i)" + line.replace("?", r"\?").replace(".", r"\.")):
        Settings.from_env(production(tmp_path) | change)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("MAX_PHONES", "0"),
        ("TRUSTED_PROXIES", "many"),
        ("DEBUG", "maybe"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("BASE_URL", "workshop.example.org"),
        ("BASE_URL", "https://workshop.example.org/somewhere"),
        ("BASE_URL", "https://workshop.example.org # ours"),
        ("BASE_URL", "https://workshop.example.org,https://other.example.org"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({"DATA_DIR": str(tmp_path), name: value})


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("cut off")
    with pytest.raises(SettingsError, match="damaged"):
        Settings.from_env({"DATA_DIR": str(tmp_path)})


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = Settings.from_env({"DATA_DIR": str(tmp_path)})
    assert len(first.secret_key) >= 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert Settings.from_env({"DATA_DIR": str(tmp_path)}).secret_key == first.secret_key


def test_nothing_set_means_a_house_for_this_network(tmp_path: Path) -> None:
    settings = Settings.from_env({"DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path / 'unstuck.db'}"
    assert (settings.production, settings.https, settings.debug) == (False, False, False)
    assert settings.public_url.startswith("http://")
    assert settings.public_url.endswith(":8000")


def test_a_house_that_listens_to_itself_alone_says_localhost(settings: Settings) -> None:
    assert dataclasses.replace(settings, port=8123).public_url == "http://localhost:8123"


def test_in_production_the_public_address_is_the_only_one(tmp_path: Path) -> None:
    settings = Settings.from_env(production(tmp_path, BASE_URL="https://workshop.example.org/"))
    assert settings.public_url == "https://workshop.example.org"
    assert settings.https
    assert settings.production


def test_the_table_and_the_settings_are_the_same_list() -> None:
    assert {s.name.lower() for s in TABLE} == {f.name for f in dataclasses.fields(Settings)}
    assert all(s.help.endswith((".", "number")) for s in TABLE)


def test_the_shown_settings_hold_no_secret(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": GOOD_SECRET,
            "DATABASE_URL": "postgresql://unstuck:canary-password@db/unstuck",
        }
    )
    shown = "\n".join("|".join(row) for row in rows(settings))
    assert GOOD_SECRET not in shown
    assert "canary-password" not in shown
    assert "postgresql://unstuck:********@db/unstuck" in shown


def test_the_command_shows_every_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert cli.main(["settings"]) == 0
    printed = capsys.readouterr().out
    assert all(setting.name in printed and setting.help in printed for setting in TABLE)


def test_the_command_line_names_a_bad_setting_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PORT", "none")
    assert cli.main(["migrate"]) == 2
    assert "PORT=none" in capsys.readouterr().err
