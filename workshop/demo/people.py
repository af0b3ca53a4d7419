"""Simulated people: a browser with forms and a socket, a phone, a facilitator.

Lives here: what anybody could do with a browser, and nothing more. Not here:
what they say (`words.py`) and when (`play.py`).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import requests
import socketio

from . import pages, tls

PATIENCE = 20.0
"""Seconds until an answer of the server counts as missing; it waits ten for a locked database itself."""


class DemoFailed(Exception):
    """The play cannot go on; the message says why."""


class Browser:
    """A browser of one person: cookies, pages, forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers["Accept"] = "text/html"

    def get(self, path: str) -> str:
        """Fetch a page."""
        return self._page(self.http.get(self._full(path), timeout=PATIENCE))

    def fetch(self, path: str) -> requests.Response:
        """Fetch anything, whatever its status."""
        return self.http.get(self._full(path), timeout=PATIENCE)

    def submit(
        self, path: str, entered: Mapping[str, str | Sequence[str]], *, having: str = "", press: str = ""
    ) -> requests.Response:
        """Fill the form on a page and send it; raise DemoFailed when it is refused.

        The form is the one with a field of the name `having`, or that has every
        field of `entered`. `press` is the button, as `name=value`.
        Whatever is not entered is sent as it stands on the page, the token too.
        """
        form = self.form(path, {having} if having else set(entered))
        data: dict[str, Any] = {**form.values, **entered}
        if press:
            name, _equals, value = press.partition("=")
            data[name] = value
        response = self.http.post(self._full(form.action or path), data=data, timeout=PATIENCE)
        html = self._page(response)
        if not response.history:
            raise DemoFailed(f"The form on {path} was refused: {pages.problem(html) or 'no reason given'}")
        return response

    def form(self, path: str, fields: set[str]) -> pages.Form:
        """Return the form on a page that has all these fields; rather one that the page sends to itself."""
        fitting = [form for form in pages.forms(self.get(path)) if form.method == "post" and fields <= form.names]
        for form in sorted(fitting, key=lambda form: form.action not in ("", path)):
            return form
        raise DemoFailed(f"The page {path} has no form with {', '.join(sorted(fields))}.")

    def connect(self, audience: str, live: str) -> Socket:
        """Open the socket of a page, with this browser's cookies."""
        return Socket(self, audience, live)

    def _full(self, path: str) -> str:
        return path if path.startswith("http") else self.url + path

    def _page(self, response: requests.Response) -> str:
        if response.status_code >= 400:
            where = response.url.removeprefix(self.url)
            reason = pages.problem(response.text) or response.reason
            raise DemoFailed(f"{where} answered {response.status_code}: {reason}")
        return response.text


class Socket:
    """A connected page: it always holds the newest screen it was sent."""

    def __init__(self, browser: Browser, audience: str, live: str) -> None:
        self._changed = threading.Condition()
        self._place = (-1, "")
        self.html = ""
        self.version = 0
        self.changed_at = 0.0  # monotonic; when the present screen came
        # No reconnecting: in a demo a lost connection is a failure, not a nuisance.
        self.client = socketio.Client(
            http_session=browser.http,
            reconnection=False,
            handle_sigint=False,
            request_timeout=PATIENCE,
            websocket_extra_options={"sslopt": {"context": tls.context()}} if browser.url.startswith("https:") else {},
        )
        self.client.on("screen", self._take)
        try:
            # A websocket at once, as our pages do; polling is their second choice.
            self.client.connect(
                f"{browser.url}/?live={live}",
                auth={"audience": audience, "live": live},
                transports=["websocket"],
                wait_timeout=PATIENCE,
            )
        except socketio.exceptions.ConnectionError as error:
            raise DemoFailed(f"The {audience} could not connect: {error}") from error
        self.refresh()

    def call(self, event: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Send an event and return its acknowledgement."""
        try:
            answer = self.client.call(event, dict(payload), timeout=PATIENCE)
        except socketio.exceptions.SocketIOError as error:
            raise DemoFailed(f"No acknowledgement of {event}: {error or 'it timed out'}") from error
        return answer if isinstance(answer, dict) else {}

    def refresh(self) -> None:
        """Ask for the present screen."""
        self._take(self.call("screen", {}))

    def wait_for(self, what: str, found: Callable[[str], object]) -> str:
        """Return the screen's HTML once `found` says yes to it; raise DemoFailed when it never does."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not found(self.html):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise DemoFailed(f"Waited {PATIENCE:.0f} s in vain for {what}.")
            return self.html

    def follow(self, version: int) -> None:
        """Wait until the screen shows that version of the session, or a newer one."""
        self.wait_for(f"version {version} of the screen", lambda _html: self.version >= version)

    def close(self) -> None:
        """Go away."""
        self.client.disconnect()

    def _take(self, message: Mapping[str, Any]) -> None:
        if not isinstance(message.get("html"), str):
            return
        with self._changed:
            if message["seq"] < self._place[0] and message["boot"] == self._place[1]:
                return
            self._place = (message["seq"], message["boot"])
            self.html, self.version = message["html"], message["version"]
            self.changed_at = time.monotonic()
            self._changed.notify_all()


class Phone:
    """A participant: types the code from the stage, reads the welcome, joins, answers what is asked."""

    def __init__(self, code: str, url: str) -> None:
        self.browser = Browser(url)
        welcome = self.browser.submit("/", {"code": code})
        page = self.browser.submit(welcome.url.removeprefix(url), {}, having="csrf_token")
        self.live_id = page.url.rstrip("/").rpartition("/s/")[2]
        self.socket = self.browser.connect("phone", self.live_id)

    def answer(self, fields: Mapping[str, Sequence[str]] | None) -> None:
        """Answer the open question, or pass with None, and wait until the server says it is saved."""
        html = self.socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
        run = pages.attribute(html, "data-run")
        message: dict[str, Any] = {"run": run, "revision": 1, "fields": fields}
        # Every answer and every pass weighs the same on the wire, as on a real phone.
        weight = len(json.dumps(message).encode())
        message["pad"] = "." * max(0, int(pages.attribute(html, "data-bucket") or 0) - weight)
        receipt = self.socket.call("answer", message)
        if not receipt.get("ok"):
            raise DemoFailed(f"A phone's answer was refused: {receipt.get('sentence') or receipt}")


class Facilitator:
    """Somebody who leads: has an account, makes a session, presses the large button."""

    def __init__(self, url: str) -> None:
        self.browser = Browser(url)
        self.live_id = ""
        self.socket: Socket

    def make_account(self, first_link: str, name: str, email: str, password: str) -> None:
        """Redeem the one-time link that the server printed."""
        self.browser.submit(first_link, {"name": name, "email": email, "password": password})

    def make_session(self, guide: str, entered: Mapping[str, str]) -> str:
        """Make a session of a guide and return its id."""
        as_written: dict[str, str | Sequence[str]] = {
            "parking": ()
        }  # a lot would put a step between those of the guide
        page = self.browser.submit(f"/staff/sessions/new?guide={guide}", {**as_written, **entered}, having="expected")
        self.live_id = page.url.split("/staff/sessions/")[1].partition("/")[0]
        return self.live_id

    def take_the_console(self) -> Socket:
        """Open the console."""
        self.socket = self.browser.connect("console", self.live_id)
        return self.socket

    def next_move(self) -> str:
        """Return what the large button would do now, as `command:argument`."""
        return pages.primary(self.socket.wait_for("a large button that can be pressed", pages.primary))

    def press(self, move: str) -> None:
        """Press a button; of two screens that race, the newer one counts."""
        command, _colon, argument = move.partition(":")
        for _attempt in range(5):
            payload = {"command": command, "argument": argument, "version": self.socket.version}
            done = self.socket.call("move", payload)
            if done.get("ok"):
                self.socket.follow(done["version"])
                return
            if done.get("code") != "stale":
                break
            self.socket.refresh()
        raise DemoFailed(f"The move {move} was refused: {done.get('sentence') or done}")
