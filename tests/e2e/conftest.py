"""What browser tests stand on: Chromium, axe, pictures, and somebody who leads the session.

Lives here: the browser fixture and the helpers that all audiences' browser
tests share. Not here: what any page should show.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import socketio
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, sync_playwright

from tests.conftest import ROOT, LiveServer, make_account, running
from tests.small_guide import look_up, make_session
from workshop import accounts
from workshop.house import House
from workshop.models import Account

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Return one real Chromium for all browser tests; each test opens contexts of its own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def live_server(shared_server: LiveServer) -> LiveServer:
    """Return the file's server; each test brings people and a session of its own."""
    return running(shared_server)


@pytest.fixture
def shot(tmp_path: Path) -> Callable[[Page, str], Path]:
    """Return a maker of screenshots for people to look at: SCREENSHOTS names a folder to keep them in.

    Without it none are taken: no test judges one, and drawing them takes a quarter of a browser's time.
    """
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path / "shots"))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> Path:
        path = folder / f"{name}.png"
        if "SCREENSHOTS" not in os.environ:
            return path
        try:
            page.screenshot(path=path)
        except Error:  # a busy machine's Chromium sometimes has no frame to show; nothing is judged by the picture
            page.wait_for_timeout(500)
            page.screenshot(path=path)
        return path

    return take


def settle(page: Page) -> None:
    """Bring what is on its way to where it is going: what is between two colour schemes is in neither.

    Again until nothing moves: a colour that has arrived sets off those that are inherited from it.
    """
    page.evaluate(
        """() => {
            const moving = () => document.getAnimations().filter((one) => one instanceof CSSTransition);
            for (let now = moving(); now.length; now = moving()) now.forEach((one) => one.finish());
        }"""
    )


def axe_findings(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands; best is nothing."""
    settle(page)
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text())  # evaluated, not added as a script: the page's own policy forbids that
    found: list[dict[str, Any]] = page.evaluate(
        "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then(r => r.violations)", TAGS
    )
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for one in found for node in one["nodes"]
    ]


def answered_here(page_context: BrowserContext, client: FlaskClient, accept: str) -> None:
    """Answer a browser's requests from the app in this process, so that it may speak a language that no server has."""

    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.startswith("/socket.io"):
            return route.abort()
        reply = client.open(
            asked.path + (f"?{asked.query}" if asked.query else ""),
            method=route.request.method,
            data=route.request.post_data,
            content_type=route.request.headers.get("content-type"),
            headers={"Accept-Language": accept},
            follow_redirects=True,
        )
        kept = {name: value for name, value in reply.headers.items() if name != "Set-Cookie"}
        return route.fulfill(status=reply.status_code, headers=kept, body=reply.get_data())

    page_context.route("**/*", answer)


def dressed(page: Page, sizes: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Show the page in each of these sizes, light and dark, and yield the name of each: one page, looked at all round."""
    for (width, height), scheme in product(sizes, SCHEMES):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        settle(page)
        yield f"{width}-{scheme}"


@dataclass
class Leader:
    """Somebody who runs a session over the console's own socket, as its page would."""

    house: House
    live_id: str
    account: Account
    cookie: str
    url: str
    socket: socketio.Client | None = None

    @property
    def join_path(self) -> str:
        """Return the path behind the QR code."""
        return f"/j/{look_up(self.house, self.live_id).join_token}"

    def connect(self) -> None:
        """Connect; again after a restart of the server."""
        self.socket = socketio.Client(reconnection=False)
        self.socket.connect(
            self.url,
            headers={"Cookie": f"unstuck={self.cookie}"},  # the client sends its own Origin
            auth={"audience": "console", "live": self.live_id},
            transports=["websocket"],
        )

    def press(self, command: str, argument: str = "") -> None:
        """Press one of the console's buttons at the present version."""
        if self.socket is None or not self.socket.connected:
            self.connect()
        assert self.socket is not None
        version = look_up(self.house, self.live_id).version
        ack = self.socket.call("move", {"command": command, "argument": argument, "version": version}, timeout=10)
        assert ack["ok"], ack

    def ask(self, activity_id: str) -> None:
        """Start if need be, go to an activity and open it."""
        live = look_up(self.house, self.live_id)
        if live.phase == "lobby":
            self.press("start")
        if look_up(self.house, self.live_id).at != activity_id:
            self.press("jump", activity_id)
        self.press("open")


@pytest.fixture
def leader(live_server: LiveServer, server_house: House) -> Iterator[Leader]:
    """Return the leader of a fresh session of the small guide on the live server."""
    account = make_account(server_house)
    live_id = make_session(server_house, account)
    with server_house.database.transaction() as session:
        token = accounts.open_browser(session, account.id, server_house.clock())
    signer = Flask("signer")
    signer.secret_key = (live_server.data_dir / "secret").read_text().strip()
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer is not None
    made = Leader(server_house, live_id, account, str(serializer.dumps({"staff": token})), live_server.url)
    yield made
    if made.socket is not None and made.socket.connected:
        made.socket.disconnect()
