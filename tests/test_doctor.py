"""The doctor: what is wrong is named with what to do, and looking changes nothing."""

from __future__ import annotations

import os
import sqlite3
import ssl
import threading
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import LiveServer, free_port
from tests.mail_server import MailServer
from workshop import cli, doctor
from workshop.doctor import machine, proxy_file, stores, ways
from workshop.doctor.findings import Finding
from workshop.migrations import migrate
from workshop.operating import backups
from workshop.settings import Settings

SECRET = "a key that only this test knows, long enough"
PASSWORD = "canary-password"


def worst(findings: Iterator[Finding]) -> Finding:
    """Return the most serious finding."""
    return max(findings, key=lambda finding: ["fine", "note", "wrong"].index(finding.level))


def test_a_setting_that_cannot_be_used_is_the_first_thing_said(tmp_path: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path / "data"), "PORT": "none", "DATABSE_URL": f"postgresql://u:{PASSWORD}@h/d"}
    found = list(doctor.examine(environ))
    assert [finding.level for finding in found] == ["note", "wrong"]
    assert "DATABASE_URL" in found[0].advice and "PORT" in found[1].sentence
    assert PASSWORD not in repr(found)
    assert not (tmp_path / "data").exists()


def test_looking_at_a_new_installation_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"DATA_DIR": str(tmp_path / "data"), "PORT": str(free_port())}
    found = {finding.about: finding for finding in doctor.examine(environ, offline=True)}
    assert not (tmp_path / "data").exists()
    assert "made" in found["Database"].sentence or "makes it" in found["Database"].sentence
    assert found["PDF"].level == "fine"
    assert found["Libraries"].level == "fine"


def test_looking_takes_nothing_away_from_a_restore_that_is_at_work(settings: Settings) -> None:
    (settings.data_dir / ".restore-1").mkdir(parents=True)
    (settings.data_dir / "restoring.new").write_text(backups.PUTTING_ASIDE)
    list(machine.folder(settings))
    assert {path.name for path in settings.data_dir.iterdir()} >= {".restore-1", "restoring.new"}
    (settings.data_dir / "restoring").write_text(backups.PUTTING_ASIDE)
    assert "cut off" in worst(machine.folder(settings)).sentence


def test_a_lost_key_is_said_before_the_next_start_makes_another(tmp_path: Path) -> None:
    environ = {"DATA_DIR": str(tmp_path)}
    migrate(f"sqlite:///{tmp_path}/unstuck.db")
    assert "backup" in {finding.about: finding for finding in doctor.examine(environ, offline=True)}["Secret"].advice
    assert not (tmp_path / "secret").exists()


def test_a_damaged_database_is_found(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "broken.db"
    migrate(f"sqlite:///{path}")
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + os.urandom(8192) + whole[16384:])
    found = worst(stores.sqlite(replace(settings, database_url=f"sqlite:///{path}")))
    assert found.level == "wrong"
    assert "restore" in found.advice


def test_a_schema_that_is_behind_or_ahead_is_found(tmp_path: Path, settings: Settings) -> None:
    here = replace(settings, database_url=f"sqlite:///{tmp_path / 'main.db'}")
    sqlite3.connect(tmp_path / "main.db").executescript("create table one (two); vacuum")
    assert "migrate" in worst(stores.sqlite(here)).advice
    migrate(here.database_url)
    assert worst(stores.sqlite(here)).level == "fine"
    with sqlite3.connect(tmp_path / "main.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    assert "newer" in worst(stores.sqlite(here)).sentence


def test_a_database_server_that_is_away_is_found_without_its_password(settings: Settings) -> None:
    away = f"postgresql://unstuck:{PASSWORD}@127.0.0.1:{free_port()}/unstuck"
    found = worst(stores.postgresql(replace(settings, database_url=away)))
    assert found.level == "wrong" and "DATABASE_URL" in found.advice
    assert PASSWORD not in repr(found)


@pytest.mark.several
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("", ""),
        ("-c log_statement=ddl", ""),
        ("-c log_statement=mod", "log_statement"),
        ("-c log_statement=all -c log_parameter_max_length=0", ""),
        ("-c log_min_duration_statement=1s", "log_min_duration_statement"),
        ("-c log_transaction_sample_rate=0.01", "log_transaction_sample_rate"),
        ("-c log_parameter_max_length=0 -c log_parameter_max_length_on_error=-1", "log_parameter_max_length_on_error"),
    ],
)
def test_a_database_that_writes_down_what_people_send_is_found(settings: Settings, options: str, told: str) -> None:
    here = replace(settings, database_url=f"{settings.database_url}?options={quote(options)}")
    found = [finding for finding in stores.postgresql(here) if finding.about == "Database's log"]
    assert [finding.level for finding in found] == (["wrong"] if told else [])
    assert all(told in finding.sentence and f"SET {told} = " in finding.advice for finding in found)


def test_a_folder_that_others_may_read_is_found(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o700, parents=True)
    (settings.data_dir / "secret").write_text(SECRET)
    (settings.data_dir / "secret").chmod(0o644)
    assert "chmod" in worst(machine.folder(settings)).advice
    (settings.data_dir / "secret").chmod(0o600)
    assert worst(machine.folder(settings)).level == "fine"


def test_a_full_disk_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    for free, level in ((50_000_000, "wrong"), (500_000_000, "note"), (5_000_000_000, "fine")):
        monkeypatch.setattr(machine.shutil, "disk_usage", lambda _where, free=free: usage(0, 0, free))
        assert worst(machine.disk(settings)).level == level


def test_too_few_open_files_are_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.resource, "getrlimit", lambda _what: (1024, 1024))
    assert "LimitNOFILE" in worst(machine.descriptors(settings)).advice


@pytest.mark.parametrize(
    ("changes", "level", "advice"),
    [
        ({"base_url": "https://workshop.example.org"}, "wrong", "TRUSTED_PROXIES=1"),
        ({"trusted_proxies": 1}, "wrong", "BASE_URL="),
        ({"base_url": "https://w.example.org", "trusted_proxies": 1, "host": "0.0.0.0"}, "note", "HOST=127.0.0.1"),
        ({"base_url": "https://w.example.org", "trusted_proxies": 1}, "fine", ""),
        ({}, "fine", ""),
    ],
)
def test_a_proxy_that_does_not_fit_the_settings_is_found(
    settings: Settings, changes: dict[str, object], level: str, advice: str
) -> None:
    found = worst(ways.proxies(replace(settings, **changes)))  # type: ignore[arg-type]
    assert found.level == level and advice in found.advice


def test_a_running_server_is_asked_and_a_wrong_origin_is_seen(live_server: LiveServer, settings: Settings) -> None:
    here = replace(settings, port=live_server.port)
    found = list(ways.server(here))
    assert [finding.level for finding in found] == ["fine", "fine"], found
    assert "websockets" in found[1].sentence
    elsewhere = list(ways.server(replace(here, base_url="https://workshop.example.org")))
    assert worst(iter(elsewhere)).level == "wrong", "that server does not know this name"


@pytest.mark.parametrize("packed", ["", "gzip"])
def test_a_proxy_that_compresses_pages_is_found(settings: Settings, packed: str) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if packed and packed in self.headers.get("Accept-Encoding", ""):
                self.send_header("Content-Encoding", packed)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        found = list(ways.server(replace(settings, host="127.0.0.1", port=proxy.server_port)))
        proxy.shutdown()
    assert any("length tells" in one.sentence for one in found) == bool(packed)


def test_a_mail_server_is_asked_without_sending_a_mail(settings: Settings) -> None:
    with MailServer() as server:
        here = replace(
            settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none", mail_from="w@example.org"
        )
        assert worst(ways.mail(here)).level == "fine"
        server.answers["CONNECT"] = "554 Not you"
        assert "Not you" in worst(ways.mail(here)).sentence
        assert server.taken == []
    assert worst(ways.mail(here)).level == "wrong"


def test_an_address_that_nobody_answers_at_is_found(settings: Settings) -> None:
    found = worst(ways.public(replace(settings, base_url=f"https://localhost:{free_port()}")))
    assert found.level == "wrong" and "proxy" in found.advice
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED


def test_redis_and_the_sign_in_service_are_asked_where_they_are_set(settings: Settings) -> None:
    assert list(stores.redis(settings)) == list(ways.sign_in_service(settings)) == []
    away = replace(settings, redis_url=f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    found = worst(stores.redis(away))
    assert found.level == "note" and PASSWORD not in repr(found)
    nobody = replace(settings, oidc_issuer=f"http://127.0.0.1:{free_port()}", oidc_client_id="unstuck")
    assert "OIDC_ISSUER" in worst(ways.sign_in_service(nobody)).advice


def test_the_command_fails_when_something_is_wrong_and_hides_no_other_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_settings: Settings) -> Iterator[Finding]:
        """The weather."""
        raise OSError("no window")
        yield

    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr(machine, "LOOKS", (broken, machine.disk))
    assert cli.main(["doctor", "--offline"]) == 1
    said = capsys.readouterr().out
    assert "The weather" in said and "no window" in said and "Disk space" in said


def test_what_nginx_would_keep_of_visitors_is_found_in_its_file(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_file, "FOLDERS", (tmp_path, tmp_path / "none"))
    here = replace(settings, base_url="https://workshop.example.org", trusted_proxies=1)
    for ours in ("unstuck.conf", "many.conf"):
        text = (Path(__file__).parents[1] / "deploy" / "nginx" / ours).read_text()
        (tmp_path / "one.conf").write_text(text)
        assert [finding.level for finding in proxy_file.nginx(here)] == ["fine"], ours
        assert worst(proxy_file.nginx(replace(here, trusted_proxies=2))).level == "note"
        assert not list(proxy_file.nginx(replace(here, base_url="https://other.example.org")))
        for _wanted, line, _without in proxy_file.NEEDED:
            (tmp_path / "one.conf").write_text(text.replace(line, "# " + line))
            found = [finding for finding in proxy_file.nginx(here) if finding.level == "wrong"]
            assert [finding.advice for finding in found] == [f"Write there: {line}"], ours


def test_a_running_server_that_was_started_with_another_name_is_named_as_such(
    live_server: LiveServer, settings: Settings
) -> None:
    port = int(live_server.url.rsplit(":", 1)[1])
    here = replace(settings, host="127.0.0.1", port=port, base_url="https://other.example.org")
    assert "does not take the name other.example.org" in worst(ways.server(here)).sentence
