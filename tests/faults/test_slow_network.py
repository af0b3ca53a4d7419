"""A room whose network is bad: slow, unsteady, cut at random, and whatever is sent may be sent twice.

Twelve phones answer and edit over the proxy beside; their histories are checked
as after a killed server. R21 is here too: a proxy that cuts what is silent.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import socketio
import websocket
from sqlalchemy import select

from tests.conftest import LiveServer
from tests.faults.proxy import Proxy
from tests.journeys.histories import Phone, nothing_lost_or_doubled, wait_for
from tests.small_guide import look_up
from tests.wire import Gone, Inside, Wire
from tests.wires.clients import served
from workshop.models import ActivityRun, Card
from workshop.realtime import transport

pytestmark = pytest.mark.slow

PHONES, OPERATIONS = 12, 240
KINDS = ("direct", "stock")
PATIENCE = 30.0  # seconds until somebody counts as lost


@dataclass
class Doubling(Phone):
    """A phone whose messages arrive twice now and then, at once or long after the next ones."""

    sent: list[str] = field(default_factory=list)
    doubled: int = 0

    def send(self, wire: Wire, run: str) -> None:
        write = wire.write

        def twice(packet: str | bytes) -> None:
            write(packet)
            if isinstance(packet, str) and '["answer"' in packet:
                late = self.lots.choice([packet, *self.sent])
                if self.lots.random() < 0.4:
                    write(packet if self.lots.random() < 0.5 else f"42{90_000 + self.doubled}{late[late.index('[') :]}")
                    self.doubled += 1
                self.sent.append(packet)

        wire.write = twice  # type: ignore[method-assign]
        try:
            super().send(wire, run)
        finally:
            wire.write = write  # type: ignore[method-assign]


@pytest.fixture
def proxy(live_server: LiveServer) -> Iterator[Proxy]:
    """Return a way to the server that is good until it is made bad."""
    with Proxy(live_server.port) as made:
        yield made


def test_over_a_bad_network_everything_acknowledged_is_kept_once_and_all_see_the_present(
    live_server: LiveServer, proxy: Proxy
) -> None:
    lots = random.Random(20261128)
    inside = Inside.of(live_server)
    far = replace(inside, server=replace(live_server, port=proxy.port))
    phones = [Doubling(f"person {n}", inside.seat(), random.Random(lots.random())) for n in range(PHONES)]
    console = inside.console()
    run = inside.ask(console, "stuck")
    proxy.delay, proxy.jitter, proxy.piece, proxy.life = 0.005, 0.03, 400, (0.3, 3.0)
    is_closing, stopped = threading.Event(), threading.Event()
    threads = [threading.Thread(target=phone.take_part, args=(far, run, is_closing, stopped)) for phone in phones]
    for thread in threads:
        thread.start()
    try:
        for part in (1, 2):
            wait_for(phones, OPERATIONS * part // 3)
            proxy.cut(refuse=True)  # nobody gets through for a moment
            time.sleep(0.3)
            proxy.let()
        wait_for(phones, OPERATIONS)
        while proxy.cuts <= PHONES:
            time.sleep(0.05)
        is_closing.set()
        assert inside.press(console, "close")["ok"]  # in the middle of it all
        assert inside.press(console, "next")["ok"]
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    version = look_up(inside.house, inside.live_id).version
    for phone in phones:
        assert sees(far, phone.cookie, version)
    with inside.house.database.transaction() as session:
        found = session.get(ActivityRun, run)
        assert found is not None and found.state == "released"
        cards = list(session.scalars(select(Card.text).where(Card.run_id == run)))
    nothing_lost_or_doubled(phones, cards)
    assert sum(phone.doubled for phone in phones) > PHONES, "many did arrive twice"
    console.close()
    inside.close()


def sees(far: Inside, cookie: str, version: int) -> bool:
    """Come back until the phone has read the present screen; False when it never does."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with closing(far.phone(cookie)) as wire:
                return bool(wire.call("screen", {})["version"] == version)
        except (Gone, OSError, AssertionError, websocket.WebSocketException):
            continue
    return False


# R21 ---------------------------------------------------------------------------------------------------------------


def test_a_proxy_that_cuts_what_is_silent_cuts_nobody() -> None:
    """Pings come every two seconds here instead of every twenty, and the proxy cuts after six instead of sixty."""
    assert transport.PING_INTERVAL <= 60 / 3
    with ExitStack() as stack:
        proxies = [stack.enter_context(Proxy(stack.enter_context(served(kind, 2.0)).port)) for kind in KINDS]
        clients = []
        for proxy in proxies:
            proxy.idle = 6.0
            clients.append(socketio.Client(reconnection=False))
            clients[-1].connect(proxy.url, auth={"room": "hall"}, transports=["websocket"])
            stack.callback(clients[-1].disconnect)
        time.sleep(1.5 * 6.0)
        assert [proxy.cuts for proxy in proxies] == [0, 0]
        assert [client.call("echo", "still here", timeout=PATIENCE) for client in clients] == ["still here"] * 2
        for proxy in proxies:  # the control: between two pings it is silent indeed
            proxy.idle = 0.5
            until = time.monotonic() + PATIENCE
            while not proxy.cuts:
                assert time.monotonic() < until
                time.sleep(0.05)


def test_a_client_that_was_cut_comes_back_by_itself_and_has_the_present_screen(
    live_server: LiveServer, proxy: Proxy
) -> None:
    inside = Inside.of(live_server)
    console = inside.console()
    assert inside.press(console, "start")["ok"]
    screens: list[dict[str, Any]] = []
    with_screen = threading.Event()
    client = socketio.Client(reconnection_delay=0.6, randomization_factor=0.7)

    def show(screen: dict[str, Any]) -> None:
        screens.append(screen)
        with_screen.set()

    client.on("screen", show)
    client.on("connect", lambda: client.emit("screen", {}, callback=show))
    client.on("disconnect", lambda *_reason: client.eio.ws.close())  # the library leaves the socket that was cut
    auth = {"audience": "phone", "live": inside.live_id}
    client.connect(proxy.url, headers={"Cookie": inside.seat()}, auth=auth, transports=["websocket"])
    proxy.cut(refuse=True)
    inside.ask(console, "stuck")  # while it is away
    version = look_up(inside.house, inside.live_id).version
    proxy.let()
    until = time.monotonic() + PATIENCE
    while not screens or screens[-1]["version"] < version:
        with_screen.wait(0.5)
        with_screen.clear()
        assert time.monotonic() < until, "it never came back"
    assert "data-answer" in screens[-1]["html"]
    client.disconnect()
    console.close()
    inside.close()
