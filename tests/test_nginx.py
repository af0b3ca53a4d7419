"""The shipped nginx file before a real server: everything gets through, and nothing is written down."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
import socketio

from tests.conftest import LiveServer, free_port
from tests.journeys.hands import Room
from tests.nginx import FILES, Nginx
from tests.promises.stagehands import canary, files_below
from workshop.doctor import ways
from workshop.settings import Settings

pytestmark = pytest.mark.drawn

SPOOLED = re.compile(r"buffered to a temporary file")


@dataclass
class Proxied:
    """A server with nginx before it."""

    server: LiveServer
    nginx: Nginx


@pytest.fixture
def proxied(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxied]:
    """Run the server as production behind the shipped file."""
    with behind("unstuck.conf", {}, tmp_path, database_url, monkeypatch) as started:
        yield started


@contextmanager
def behind(
    name: str, changes: dict[str, str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Proxied]:
    port = free_port()
    (tmp_path / "scratch").mkdir()
    environ = {
        "BASE_URL": f"https://localhost:{port}",
        "TRUSTED_PROXIES": "1",
        "TMPDIR": str(tmp_path / "scratch"),  # production refuses to keep its data below it
    }
    server = LiveServer(tmp_path / "served", free_port(), database_url, environ)
    server.data_dir.mkdir()
    try:
        server.start(host=f"localhost:{port}")
        with Nginx(tmp_path, name, {"127.0.0.1:8000": f"127.0.0.1:{server.port}", **changes}, port) as nginx:
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(nginx.certificate))
            monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(nginx.certificate))
            yield Proxied(server, nginx)
    finally:
        if server.process is not None:
            server.kill()


def paper(room: Room, words: list[str]) -> requests.Response:
    """Print a phone's own notes: as large a request as the product takes."""
    browser = room.phones[0].browser
    token = browser.fetch(f"/s/{room.live_id}/notes/token").json()["csrf"]
    lines = [word + " " + "long words about something private " * 30 for word in words]
    item = {"part": "", "label": "What I want to say", "lines": lines}
    body = {"paper": "workbook", "size": "A4", "sections": [{"heading": "One", "items": [item]}]}
    return browser.http.post(
        f"{browser.url}/s/{room.live_id}/notes/paper",
        data=json.dumps(body), headers={"Content-Type": "application/json", "X-CSRFToken": token}, timeout=60,
    )  # fmt: skip


def test_a_session_runs_behind_nginx_and_nothing_of_it_is_written_down(proxied: Proxied, settings: Settings) -> None:
    server, nginx = proxied.server, proxied.nginx
    words = [canary() for _ in range(20)]
    with Room(server, 2, nginx.url) as room:  # joins by form, over websockets
        assert all(cookie.secure for cookie in room.phones[0].browser.http.cookies)
        run = room.ask()
        assert room.send(room.phones[0], run, 1, words[0])["ok"]
        polled = socketio.Client(http_session=room.phones[1].browser.http, reconnection=False)
        polled.connect(nginx.url, transports=["polling"], auth={"audience": "phone", "live": room.live_id})
        assert polled.call("answer", {"run": run, "revision": 1, "fields": {"text-0": [words[1]]}}, timeout=20)["ok"]
        polled.disconnect()
        printed = paper(room, words)
        assert printed.status_code == 200 and printed.content.startswith(b"%PDF-"), printed.text[:300]
        assert room.phones[0].browser.fetch("/metrics").status_code == 404
        here = replace(settings, base_url=nginx.url, trusted_proxies=1)
        context = ssl.create_default_context(cafile=str(nginx.certificate))
        link = http.client.HTTPSConnection("localhost", nginx.port, timeout=20, context=context)
        assert {one.level for one in ways._asked("BASE_URL", link, f"localhost:{nginx.port}", here.base_url, "it")} == {
            "fine"
        }
    assert not SPOOLED.search(nginx.seen), nginx.seen
    assert [path for path in nginx.spool.rglob("*") if path.is_file()] == []
    written = files_below(nginx.folder)
    assert not [name for name, data in written.items() if any(word.encode() in data for word in words)]


def test_the_same_request_is_spooled_by_an_ordinary_proxy(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without our lines nginx writes the private words of a phone to its disk."""
    ordinary = {
        "    client_body_buffer_size 1m;\n": "",
        "    proxy_request_buffering off;\n": "",
        "    proxy_buffering off;\n": "",
        "    proxy_max_temp_file_size 0;\n": "",
    }
    with behind("unstuck.conf", ordinary, tmp_path, database_url, monkeypatch) as one:
        with Room(one.server, 1, one.nginx.url) as room:
            assert paper(room, [canary() for _ in range(20)]).status_code == 200
        assert SPOOLED.search(one.nginx.seen)


def test_visitors_are_told_apart_and_cannot_choose_whom_to_be(proxied: Proxied) -> None:
    def wrong_code(address: str, claims: str) -> int:
        context = ssl.create_default_context(cafile=str(proxied.nginx.certificate))
        link = http.client.HTTPSConnection(
            "localhost", proxied.nginx.port, timeout=20, context=context, source_address=(address, 0)
        )
        link.request("GET", "/WRNGXX", headers={"X-Forwarded-For": claims, "Forwarded": f"for={claims}"})
        status = link.getresponse().status
        link.close()
        return status

    statuses = [wrong_code("127.0.0.9", f"203.0.113.{number}") for number in range(42)]
    assert statuses[0] == 404 and statuses[-1] == 429, "a new claim each time is no new visitor"
    assert wrong_code("127.0.0.10", "127.0.0.9") == 404, "a neighbour is not stopped with them"


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("*.conf")))
def test_every_shipped_file_logs_nothing_of_a_visitor(name: str) -> None:
    text = re.sub(r"#.*", "", (FILES / name).read_text())
    servers = text.split("server {")[1:]
    assert len(servers) == 2
    for server in servers:
        assert "access_log off;" in server
        assert "error_log /dev/null crit;" in server


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("*.conf")))
def test_a_server_that_is_away_is_told_in_words_and_only_a_page_tries_again(name: str, tmp_path: Path) -> None:
    nobody = {
        f"127.0.0.1:{port}": f"127.0.0.1:{free_port()}"
        for port in re.findall(r"server 127\.0\.0\.1:(\d+)", (FILES / name).read_text())
    }
    with Nginx(tmp_path, name, nobody, free_port()) as nginx:
        page = requests.get(f"{nginx.url}/staff/", verify=str(nginx.certificate), timeout=20)
        assert (page.status_code, page.headers["Refresh"], page.headers["Cache-Control"]) == (502, "4", "no-store")
        assert "The server is away" in page.text and page.headers["Content-Type"].startswith("text/html")
        pressed = requests.post(f"{nginx.url}/staff/", data={"a": "b"}, verify=str(nginx.certificate), timeout=20)
        assert pressed.status_code == 502 and "Refresh" not in pressed.headers
        assert "press it once more" in pressed.text
        for wanted, said in (
            ("de-CH, de;q=0.9, en;q=0.5", "Einen Moment"),
            ("fr", "Un instant"),
            ("es-MX", "Un momento"),
        ):
            page = requests.get(
                f"{nginx.url}/staff/", headers={"Accept-Language": wanted}, verify=str(nginx.certificate), timeout=20
            )
            assert f'lang="{wanted[:2]}"' in page.text and f"<h1>{said}</h1>" in page.text


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.glob("*.conf")))
def test_what_somebody_records_today_no_key_of_tomorrow_opens(name: str, tmp_path: Path) -> None:
    """With an RSA certificate nginx by itself also offers keys that the certificate's own key opens for ever (RFC 9325, 4.1)."""
    key, chain = tmp_path / "rsa.key", tmp_path / "rsa.pem"
    asked = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(chain),
    ]
    subprocess.run(["openssl", "req", "-x509", *asked], check=True, capture_output=True)
    folder = "/etc/letsencrypt/live/workshop.example.org"
    changes = {f"{folder}/fullchain.pem": str(chain), f"{folder}/privkey.pem": str(key)}
    with Nginx(tmp_path, name, changes, free_port()) as nginx:
        for ciphers in ("kRSA+AESGCM", "ECDHE+AES:!AESGCM", "ECDHE+AESGCM"):
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            client.load_verify_locations(chain)
            client.maximum_version = ssl.TLSVersion.TLSv1_2
            client.set_ciphers(ciphers)
            connecting = socket.create_connection(("127.0.0.1", nginx.port), timeout=20)
            with connecting, nullcontext() if ciphers == "ECDHE+AESGCM" else pytest.raises(ssl.SSLError):
                client.wrap_socket(connecting, server_hostname="localhost").close()
        assert requests.get(nginx.url, verify=str(chain), timeout=20).headers["Server"] == "nginx"
