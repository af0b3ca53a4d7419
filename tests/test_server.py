"""The server process: what it says, what it cuts off, how it stops, what it never writes down."""

from __future__ import annotations

import io
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import LiveServer, free_port
from workshop import cli, holding, logs, server
from workshop.server import Body
from workshop.settings import Settings, SettingsError

ROOT = Path(__file__).resolve().parents[1]


def raw(live: LiveServer, sent: bytes, timeout: float = 30) -> bytes:
    with socket.create_connection(("127.0.0.1", live.port), timeout=timeout) as connection:
        connection.sendall(sent)
        got = b""
        while part := connection.recv(65536):
            got += part
        return got


def test_a_second_server_on_the_same_folder_is_refused(live_server: LiveServer) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={"DATA_DIR": str(live_server.data_dir), "PORT": str(free_port()), "HOST": "127.0.0.1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "already running" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_server_on_the_same_sqlite_database_is_refused(settings: Settings, tmp_path: Path) -> None:
    """Each would have a ballot box of its own for one question, and the answers in one of them would be lost."""
    first = replace(settings, database_url=f"sqlite:///{settings.data_dir / 'unstuck.db'}")
    second = replace(first, data_dir=tmp_path / "second")
    with holding.hold_all(first), pytest.raises(SettingsError, match="already running on the database"):
        holding.hold_all(second)
    aside = replace(first, database_url=f"sqlite:///{tmp_path / 'elsewhere' / 'main.db'}")
    with holding.hold_all(aside), pytest.raises(SettingsError, match="already running on the database"):
        holding.hold_all(replace(aside, data_dir=tmp_path / "second"))
    with holding.hold_all(second):
        pass


def test_a_taken_port_is_named_with_the_line_to_change(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        busy = Settings(data_dir=settings.data_dir, database_url="", secret_key="", host="127.0.0.1", port=port)
        with pytest.raises(SettingsError, match=f"Port {port} is taken.*PORT={port + 1}"):
            server.listen(busy)


def test_an_address_of_another_machine_cannot_be_listened_on(settings: Settings) -> None:
    foreign = Settings(data_dir=settings.data_dir, database_url="", secret_key="", host="192.0.2.1", port=0)
    with pytest.raises(SettingsError, match=r"HOST=192\.0\.2\.1"):
        server.listen(foreign)


def test_nonsense_instead_of_a_request_is_refused_and_not_logged(live_server: LiveServer) -> None:
    assert b" 400 " in raw(live_server, b"canary nonsense\r\n\r\n").split(b"\r\n")[0]
    assert b" 400 " in raw(live_server, b"GET / HTTP/1.1\r\nContent-Length: canary\r\n\r\n").split(b"\r\n")[0]
    assert b" 414 " in raw(live_server, b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n\r\n").split(b"\r\n")[0]
    assert "canary" not in live_server.log


def test_a_body_that_trickles_is_given_up() -> None:
    class Slow:
        def read(self, size: int | None = None) -> bytes:
            import gevent

            gevent.sleep(5)
            return b"never"

    body = Body(Slow())  # type: ignore[arg-type]
    body._left = 0.05
    with pytest.raises(OSError, match="too long"):
        body.read(10)


def test_the_first_link_is_new_at_each_start_until_it_is_used(live_server: LiveServer) -> None:
    before = live_server.first_link
    live_server.restart()
    after = live_server.first_link
    assert before != after
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(live_server.url + before, timeout=20)
    assert gone.value.code == 404
    gone.value.close()
    with urllib.request.urlopen(live_server.url + after, timeout=20) as page:
        assert b"Create the first account" in page.read()


def test_the_server_stops_politely_when_asked(live_server: LiveServer) -> None:
    assert live_server.stop() == 0
    assert "Traceback" not in live_server.log
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", live_server.port), timeout=5)


def test_the_server_starts_again_after_a_power_cut(live_server: LiveServer) -> None:
    live_server.kill()
    live_server.start()
    with urllib.request.urlopen(live_server.url + "/staff/sign-in", timeout=20) as page:
        assert page.status == 200


def test_even_the_chattiest_log_holds_no_address_browser_or_token(tmp_path: Path, database_url: str) -> None:
    live = LiveServer(tmp_path / "served", free_port(), database_url, {"LOG_LEVEL": "DEBUG"})
    live.data_dir.mkdir()
    live.start()
    try:
        for path in ("/", "/nowhere-canary", "/staff/reset/canary-token", "/socket.io/?EIO=4&transport=polling"):
            request = urllib.request.Request(live.url + path, headers={"User-Agent": "canary-browser"})
            try:
                urllib.request.urlopen(request, timeout=20).close()
            except urllib.error.HTTPError as refused:
                refused.close()
        raw(
            live,
            b"POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        )
        assert live.process
        live.process.send_signal(signal.SIGINT)
        assert live.process.wait(timeout=20) == 0
        said = live.log.replace(live.url, "")
        assert "canary" not in said
        assert "127.0.0.1" not in said
        assert not re.search(r"\d\d:\d\d:\d\d", said), "a time"
    finally:
        if live.process and live.process.poll() is None:
            live.kill()


def test_a_stalled_request_does_not_hold_up_others(live_server: LiveServer) -> None:
    stalled = []
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", live_server.port), timeout=20)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        stalled.append(connection)
    with urllib.request.urlopen(live_server.url + "/staff/sign-in", timeout=20) as page:
        assert page.status == 200
    for connection in stalled:
        connection.close()


@pytest.mark.slow
def test_a_stalled_request_is_cut_off(live_server: LiveServer) -> None:
    began = time.monotonic()
    raw(live_server, b"GET / HTTP/1.1\r\nHost: 127", timeout=server.HEADERS_WITHIN * 3)
    assert time.monotonic() - began >= server.HEADERS_WITHIN * 0.9


def test_the_start_says_where_phones_and_staff_go(app: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from flask import Flask

    from workshop.web import static_files

    assert isinstance(app, Flask)
    monkeypatch.setattr(static_files, "vendor_missing", lambda: ("socket.io.min.js",))
    out = io.StringIO()
    server.announce(app, out)
    said = out.getvalue()
    assert "http://localhost:8000/staff/" in said
    assert re.search(r"/staff/first/[\w-]{43}", said)
    assert "python3 tasks.py setup" in said


def test_the_command_line_prints_links_for_those_who_own_the_machine(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert cli.main(["first-link"]) == 0
    assert "/staff/first/" in capsys.readouterr().out
    assert cli.main(["accounts", "reset-link", "nobody@example.org"]) == 1
    assert "nobody@example.org" in capsys.readouterr().err
    assert cli.main(["accounts", "list"]) == 0
    assert cli.main(["migrate"]) == 0


def test_the_command_line_checks_guides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("title: only a title\n")
    assert cli.main(["guides", "validate", str(bad)]) == 1
    assert "bad.yaml" in capsys.readouterr().out
    shipped = sorted((ROOT / "workshop" / "guides").glob("*.yaml"))
    assert cli.main(["guides", "validate", *map(str, shipped)]) == 0
    capsys.readouterr()
    assert cli.main(["guides", "schema"]) == 0
    assert '"properties"' in capsys.readouterr().out


def test_what_the_start_says_is_one_object_a_line_where_a_program_reads_it() -> None:
    out = io.StringIO()
    announced = logs.Announced(out)
    print("\nUnstuck is open.\n", file=announced)
    print("  Staff          https://workshop.example.org/staff/", file=announced, flush=True)
    said = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["message"] for line in said] == ["Unstuck is open.", "Staff https://workshop.example.org/staff/"]
    assert {frozenset(line) for line in said} == {frozenset({"level", "logger", "message"})}
