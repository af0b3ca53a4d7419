"""A PostgreSQL and a Redis of our own: free ports, scratch folders, nothing synced to disk, gone at the end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from tests.conftest import free_port


def programs() -> Path:
    """Return the folder with initdb and postgres; Debian keeps it off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@contextmanager
def postgresql(**settings: str) -> Iterator[str]:
    """Yield the address of an empty database. Its server runs as another user where this one is root.

    Not below the tests' own folder: pytest closes that to other users at each of its starts.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        yield from _serving(Path(name), settings)


def _serving(folder: Path, settings: dict[str, str]) -> Iterator[str]:
    folder.chmod(0o755)
    as_whom: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_whom = ["runuser", "-u", "postgres", "--"]
    port, data = free_port(), folder / "data"
    initdb = [
        *as_whom,
        str(programs() / "initdb"),
        "-D",
        str(data),
        "-U",
        "unstuck",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    options = {
        "listen_addresses": "127.0.0.1", "unix_socket_directories": str(folder), "fsync": "off", "max_connections": "100",
        **settings,
    }  # fmt: skip
    told = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*as_whom, str(programs() / "postgres"), "-D", str(data), "-p", str(port), *told],
            stdout=log, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(f"postgresql://unstuck@127.0.0.1:{port}/postgres", autocommit=True) as link:
                    link.execute("CREATE DATABASE unstuck")
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline and server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
        yield f"postgresql://unstuck@127.0.0.1:{port}/unstuck"
    finally:
        first = (data / "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(first), signal.SIGINT)
        server.wait(timeout=30)


class Redis:
    """A Redis that can be stopped and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._folder.mkdir(exist_ok=True)
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def tell(self, channel: str, message: str) -> int:
        """Publish something; return how many heard it."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.publish(channel, message))  # type: ignore[arg-type]

    def stop(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=20)
