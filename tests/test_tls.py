"""A TLS connection in two threads: every byte arrives, whatever comes while something leaves."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.nginx import certificate
from tests.wires.clients import PATIENCE
from workshop.demo import tls

CONNECTIONS, LINES = 12, 1500
LINE = b"x" * 200 + b"\n"


def connected(port: int) -> socket.socket:
    """Return a connection to a server that is just starting."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_two_threads_share_a_connection_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line comes back at once, so something always comes while the next one leaves."""
    chain, key = certificate(tmp_path)
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(chain))
    port = free_port()
    command = ["openssl", "s_server", "-accept", str(port), "-cert", str(chain), "-key", str(key), "-rev", "-quiet"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _connection in range(CONNECTIONS):
                with tls.context().wrap_socket(connected(port), server_hostname="localhost") as ours:
                    assert there_and_back(ours) == LINES * len(LINE)
        finally:
            server.kill()


def there_and_back(ours: socket.socket) -> int:
    """Send all lines; return how many bytes another thread has read meanwhile and after."""
    came = 0

    def read() -> None:
        nonlocal came
        while came < LINES * len(LINE) and (part := ours.recv(4096)):
            came += len(part)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    for line in range(LINES):
        ours.sendall(LINE)
        if line % 5 == 0:
            time.sleep(0.0003)  # so that some come back before the next leaves
    reader.join(PATIENCE)
    return came
