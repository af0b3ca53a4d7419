"""The official clients, against both transports: each event, acknowledgement, upgrade, reconnect, by polling alone too."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
import socketio

from tests.wires.clients import PATIENCE, Raw, Served, served

# The Python client leaves the sockets of its former connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


def test_the_javascript_client_finds_everything_as_it_should_be(either: Served) -> None:
    node = shutil.which("node")
    if node is None or not (Path(__file__).parents[2] / "node_modules" / "socket.io-client").is_dir():
        pytest.skip("needs node and the browser files: python3 tasks.py setup")
    done = subprocess.run(
        [node, str(Path(__file__).with_name("official.mjs")), either.url],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ways", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
def test_the_python_client_finds_everything_as_it_should_be(either: Served, ways: list[str]) -> None:
    client = socketio.Client(handle_sigint=False, reconnection_delay=0.05)
    waves: list[int] = []
    enough, back = threading.Event(), threading.Event()

    def wave(message: dict[str, int]) -> None:
        waves.append(message["number"])
        if len(waves) == 10:
            enough.set()

    client.on("wave", wave)
    client.connect(either.url, auth={"room": "py"}, transports=ways, wait_timeout=PATIENCE)
    client.on("connect", back.set)
    try:
        assert client.transport() == ways[-1]
        for said in ("text", {"a": [1, None]}, "ä" * 2000, b"\0\1"):
            assert client.call("echo", said, timeout=PATIENCE) == said
        client.call("flood", {"count": 10, "size": 500, "room": "py"}, timeout=PATIENCE)
        assert enough.wait(PATIENCE)
        assert waves == list(range(10))
        if ways[-1] == "websocket":
            client.eio.ws.shutdown()
            assert back.wait(PATIENCE)
            assert client.call("echo", "again", timeout=PATIENCE) == "again"
    finally:
        client.disconnect()
        let_go(client)


def let_go(client: socketio.Client) -> None:
    """Close what the client leaves to the collector of garbage: its pool of connections, a websocket that was reset."""
    if client.eio.http is not None:
        client.eio.http.close()
    if client.eio.ws is not None:
        client.eio.ws.shutdown()


def test_who_went_away_is_forgotten(either: Served) -> None:
    with Raw(either.port) as one:
        before = one.call("inside")
        others = [Raw(either.port) for _other in range(30)]
        assert one.call("inside") == before + 30
        for other in others:
            other.socket.close()
        while one.call("inside") != before:
            pass


@pytest.mark.parametrize("how", ["websocket", "polling"])
def test_a_server_that_stops_tells_everybody_to_come_back(how: str) -> None:
    gone = threading.Event()
    client = socketio.Client(handle_sigint=False, reconnection_delay=0.05, reconnection_delay_max=0.1)
    client.on("disconnect", gone.set)
    with served("direct") as server:
        client.connect(server.url, auth={}.fromkeys(["room"], "py"), transports=[how], wait_timeout=PATIENCE)
        with Raw(server.port) as raw:
            server.stop()
            assert raw.close_code() == 1012
        assert gone.wait(PATIENCE)
    end = time.monotonic() + PATIENCE
    while client._reconnect_task is None and time.monotonic() < end:  # it tells of the end first, then it begins anew
        time.sleep(0.01)
    assert client._reconnect_task is not None  # it was not told to stay away
    client.shutdown()
    let_go(client)
