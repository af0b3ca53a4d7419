"""Promise 6: nothing finer than the day, no address, no browser, no connection id, at any log level.

The real server runs at DEBUG, phones with marked browsers and addresses join,
answer and cause every sort of error; then all that is on the disk is searched.
"""

from __future__ import annotations

import http.client
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import socketio
from sqlalchemy import DateTime, Time
from sqlalchemy.dialects import sqlite

from tests.conftest import LiveServer, free_port
from tests.promises.season import spellings
from tests.promises.stagehands import add_account, add_guide, canary, files_below, guide_source
from workshop import accounts, anonymity, live_sessions
from workshop.house import House
from workshop.models import Account, Base

PHONES = 6

CLOCKS = {
    "accounts.created_at": "staff",
    "keepers.seen_at": "a process's own beat",
    "staff_sessions.created_at": "staff",
    "staff_sessions.expires_at": "staff",
    "staff_links.expires_at": "staff",
    "staff_links.used_at": "staff",
    "session_invitations.expires_at": "staff",
    "session_invitations.used_at": "staff",
    "session_remotes.expires_at": "staff",
    "guides.updated_at": "the library",
    "live_sessions.planned_for": "the facilitator's own choice",
    "live_sessions.started_at": "the facilitator's own press",
    "live_sessions.ended_at": "the facilitator's own press",
    "live_sessions.step_started_at": "the facilitator's own press",
    "live_sessions.timer_ends_at": "the facilitator's own press",
    "live_sessions.break_started_at": "the facilitator's own press",
    "live_sessions.break_until": "the facilitator's own choice",
    "freezes.frozen_at": "the facilitator's own press",
    "deliveries.made_at": "the facilitator's own press",
    "deliveries.expires_at": "the facilitator's own choice",
    "deliveries.revoked_at": "the facilitator's own press",
    "mails.made_at": "the facilitator's own press",
    "mails.next_try_at": "the outbox's own plan",
    "mails.expires_at": "the outbox's own plan",
    "mails.sent_at": "the outbox's own doing",
}
"""Every clock time in the database, and whose it is. None is a participant's."""


def test_no_column_holds_a_time_of_a_participant() -> None:
    clocks = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, DateTime | Time)
        or (re.search(r"(_at|_time|_on|stamp)$", column.name) and column.type.compile(sqlite.dialect()) != "DATE")
    }
    assert clocks == set(CLOCKS), "a new time: say whose it is, and if it is a participant's, take it out"


def test_no_table_is_about_participants() -> None:
    """What is known of phones is one number per session."""
    names = {f"{table.name}.{column.name}" for table in Base.metadata.sorted_tables for column in table.columns}
    about = {
        name for name in names if re.search(r"participant|phone|seat|device|visitor|address|agent|(^|_)ip(_|$)", name)
    }
    assert about == set()
    assert [name for name in names if "joined" in name] == ["live_sessions.joined"]


@dataclass
class Marked:
    """A phone whose every trace can be recognised."""

    port: int
    number: int
    marks: list[str] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.agent, self.forwarded, self.cookie = canary(), canary(), canary()
        self.address = f"127.0.0.{70 + self.number}"
        self.marks += [self.agent, self.forwarded, self.cookie, self.address]

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that a browser with this history would send, and some that a proxy might."""
        jar = {"tracking": self.cookie, **self.cookies}
        return {
            "User-Agent": f"Browser {self.agent}",
            "X-Forwarded-For": f"203.0.113.{self.number}, {self.forwarded}",
            "X-Real-IP": f"203.0.113.{self.number}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
        }

    def ask(
        self, method: str, path: str, body: str = "", kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, str, str]:
        """Send one request from this phone's own address; return status, body and location."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(self.address, 0))
        try:
            link.request(method, path, body.encode("utf-8", "surrogateescape"), {**self.headers, "Content-Type": kind})
            answer = link.getresponse()
            for value in answer.headers.get_all("Set-Cookie") or []:
                name, _equals, rest = value.partition("=")
                self.cookies[name] = rest.partition(";")[0]
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers.get("Location", "")
        finally:
            link.close()

    def form(self, page: str, action: str, **fields: str) -> tuple[int, str, str]:
        """Send a form with the token of the page it stands on."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.ask("GET", page)[1])
        assert token
        pairs = {"csrf_token": token.group(1), **fields}
        return self.ask("POST", action, "&".join(f"{name}={value}" for name, value in pairs.items()))


@dataclass
class Played:
    """A session on the real server after everything has happened."""

    server: LiveServer
    phones: list[Marked]
    words: list[str]
    secrets: list[bytes]
    run_id: str


@pytest.fixture
def live_server(tmp_path: Path, database_url: str) -> Iterator[LiveServer]:
    """Run the real server at the most talkative level; in the other form of a line `test_server.py` looks."""
    environ = {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": "json"}
    server = LiveServer(tmp_path / "served", free_port(), database_url, environ)
    server.data_dir.mkdir()
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.kill()


def play(server: LiveServer, house: House) -> Played:
    """Let marked phones join, answer by form and socket, and do everything wrong; then close the question."""
    account = add_account(house)
    new = live_sessions.NewSession(
        guide_id=add_guide(house, guide_source(["text", "text"])), title="Proof", team="", language="en",
        expected=PHONES, leader="Lee", leader_is_manager=False,
    )  # fmt: skip
    live_id = live_sessions.create(house, account, new)
    console = steer(server, house, account, live_id)
    press(console, house, live_id, "start")
    press(console, house, live_id, "open")
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        run = live_sessions.run_of(session, live, live.at)
        assert run is not None
        run_id, token = run.id, live.join_token
    phones = [Marked(server.port, number) for number in range(PHONES)]
    words: list[str] = []
    for phone in phones:
        assert phone.form(f"/j/{token}", f"/j/{token}")[0] == 303
        words += mischief(phone, live_id, run_id)
        words.append(canary())
        if phone.number % 2:
            sent = {"run": run_id, "based_on": "0", "text-0": words[-1]}
            assert phone.form(f"/s/{live_id}/", f"/s/{live_id}/answer", **sent)[0] == 303
        else:
            by_socket(phone, live_id, run_id, words[-1])
    with broken(house):
        for phone in phones:
            words.append(canary())
            assert phone.form("/", f"/s/{live_id}/answer", run=run_id, based_on="5", **{"text-0": words[-1]})[0] >= 500
    by_socket(phones[0], live_id, run_id, words[-1], broken_on=house)
    press(console, house, live_id, "close")
    console.disconnect()
    seats = [phone.cookies[anonymity.seat_cookie(live_id, False)] for phone in phones]
    for phone, seat in zip(phones, seats, strict=True):
        phone.marks += [seat, *seat.split(".")]
    key = (server.data_dir / "secret").read_text().strip().encode()
    secrets = [anonymity.read_seat(key, live_id, seat) for seat in seats]
    assert all(secrets)
    return Played(server, phones, words, [secret for secret in secrets if secret], run_id)


@contextmanager
def broken(house: House) -> Iterator[None]:
    """Take a table away for a moment: every answer then fails inside the server."""
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("alter table activity_runs rename to gone")
    yield
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("alter table gone rename to activity_runs")


def mischief(phone: Marked, live_id: str, run_id: str) -> list[str]:
    """Cause every error a phone can cause; return the words that were in what was sent."""
    typed = [canary() for _ in range(4)]
    wrong = {
        "GET": [
            "/nowhere",
            "/s/nobody/",
            "/stage/none",
            "/ABCDEF",
            "/static/0/none.css",
            "/socket.io/?EIO=3",
            "/staff/",
        ],
        "PUT": ["/"],
    }
    for method, paths in wrong.items():
        for path in paths:
            phone.ask(method, path)
    phone.ask("POST", f"/s/{live_id}/answer", f"run={run_id}&text-0={typed[0]}")  # without a token
    phone.form(f"/s/{live_id}/", f"/s/{live_id}/answer", run="none", based_on="0", **{"text-0": typed[1]})
    phone.form(f"/s/{live_id}/", f"/s/{live_id}/answer", run=run_id, based_on="x", **{"text-0": typed[2] * 200})
    phone.form(f"/s/{live_id}/", f"/s/{live_id}/answer", run=run_id, based_on="0", unknown=typed[3])
    phone.form("/", "/", code="WRONG2")
    phone.ask("POST", "/", "x" * 2_000_000)
    phone.ask("POST", "/socket.io/?EIO=4&transport=polling&sid=none", "garbage", "text/plain")
    phone.ask("POST", f"/s/{live_id}/answer", '{"broken', "application/json")
    return typed


def by_socket(phone: Marked, live_id: str, run_id: str, word: str, broken_on: House | None = None) -> None:
    """Answer over a websocket and over long polling, with broken events before; note the connection's ids."""
    for transport in ("polling", "websocket"):
        link = socketio.Client(reconnection=False)
        link.connect(
            f"http://127.0.0.1:{phone.port}", headers=phone.headers, transports=[transport],
            auth={"audience": "phone", "live": live_id},
        )  # fmt: skip
        phone.marks += [str(link.eio.sid), str(link.get_sid())]
        for payload in (None, 7, {"run": run_id, "revision": "x"}, {"run": ["x"], "fields": {"text-0": word}}):
            assert link.call("answer", payload, timeout=10)["ok"] is False
        answer = {"run": run_id, "revision": 1, "fields": {"text-0": [word]}}
        if broken_on:
            with broken(broken_on):
                assert link.call("answer", answer, timeout=10)["ok"] is False
            link.disconnect()
            continue
        assert link.call("answer", answer, timeout=10)["ok"]
        assert link.call("mine", {"run": run_id}, timeout=10)["fields"]
        link.disconnect()


def steer(server: LiveServer, house: House, account: Account, live_id: str) -> socketio.Client:
    """Return the console's connection of the one who runs the session."""
    from flask import Flask
    from flask.sessions import SecureCookieSessionInterface

    with house.database.transaction() as session:
        token = accounts.open_browser(session, account.id, house.clock())
    signer = Flask("signer")
    signer.secret_key = (server.data_dir / "secret").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer is not None
    link = socketio.Client(reconnection=False)
    link.connect(
        server.url, headers={"Cookie": f"unstuck={serializer.dumps({'staff': token})}"},
        transports=["websocket"], auth={"audience": "console", "live": live_id},
    )  # fmt: skip
    return link


def press(console: socketio.Client, house: House, live_id: str, command: str) -> None:
    """Press one of the console's buttons."""
    with house.database.transaction() as session:
        version = live_sessions.get(session, live_id).version
    ack = console.call("move", {"command": command, "version": version}, timeout=30)
    assert ack["ok"], ack


def marks_in(files: dict[str, bytes], phones: list[Marked]) -> list[tuple[str, str]]:
    """Return every mark of a phone that some file holds."""
    return [
        (name, mark)
        for name, data in files.items()
        for phone in phones
        for mark in phone.marks
        if mark.encode() in data
    ]


def test_nothing_of_a_phone_is_in_any_file_or_log(live_server: LiveServer, server_house: House) -> None:
    played = play(live_server, server_house)
    assert live_server.stop() == 0
    everything = files_below(live_server.data_dir.parent)
    assert "server.log" in everything
    assert marks_in(everything, played.phones) == []
    hidden = [form for secret in played.secrets for form in spellings(secret)]
    hidden += [form for secret in played.secrets for form in spellings(anonymity.tag(secret, played.run_id))]
    assert not [name for name, data in everything.items() if any(form in data for form in hidden)]
    log = live_server.log
    assert log.count("Error") >= PHONES, "the server said nothing at all, so there was nothing to search"
    assert not [word for word in played.words if word in log]
    assert not re.search(r"127\.0\.0\.7\d|203\.0\.113", log)


def test_the_same_search_finds_what_an_ordinary_server_keeps(tmp_path: Path) -> None:
    """The leaky control: an access log, and a table of visitors."""
    port = free_port()
    phones = [Marked(port, number) for number in range(2)]
    with sqlite3.connect(tmp_path / "visits.db", check_same_thread=False) as visits:
        visits.execute("create table visit (cookie text)")

        class Ordinary(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.execute("insert into visit values (?)", (self.headers["Cookie"],))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                with (tmp_path / "access.log").open("a") as log:
                    log.write(f"{self.client_address[0]} {self.headers['User-Agent']} {format % args}\n")

        with HTTPServer(("127.0.0.1", port), Ordinary) as server:
            for phone in phones:
                thread = threading.Thread(target=server.handle_request)
                thread.start()
                phone.ask("GET", "/")
                thread.join()
    visits.close()
    found = {mark for _name, mark in marks_in(files_below(tmp_path), phones)}
    assert found >= {mark for phone in phones for mark in (phone.agent, phone.cookie, phone.address)}


def test_the_log_has_no_clock(live_server: LiveServer) -> None:
    """When a line was written says when somebody did something; who collects the lines may add a time."""
    Marked(live_server.port, 1).ask("GET", "/nowhere")
    live_server.stop()
    assert not re.search(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d", live_server.log)
