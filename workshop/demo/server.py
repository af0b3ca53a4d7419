"""The real server as a child process, on a scratch database that is gone afterwards.

Lives here: starting it, reading what it prints, ending it. Not here: anything
that happens on its pages.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType

import requests

from .people import DemoFailed

ROOT = Path(__file__).resolve().parents[2]
START_TAKES = 60.0
"""Seconds at most; a cold disk on a small machine needs a third of it."""
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""Of the environment; the settings of an installation on this machine must not reach the scratch server."""


class ScratchServer:
    """A server of its own; use it as a context. `first_link` is the path of the link it printed."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", **settings: str) -> None:
        self.host = host
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.first_link = ""
        self._settings = settings
        self._lines: list[str] = []

    def __enter__(self) -> ScratchServer:
        self._folder = tempfile.mkdtemp(prefix="unstuck-demo-")
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def start(self) -> None:
        """Start it, also again on the same port and folder, and wait until it answers."""
        environ = {name: value for name, value in os.environ.items() if name in KEPT}
        environ |= {"HOST": self.host, "PORT": str(self.port), "DATA_DIR": self._folder, "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")],
            cwd=ROOT,
            env=environ | self._settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C is ours; we end the server ourselves
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    @property
    def printed(self) -> str:
        """Return what the server has printed so far."""
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self._process.pid

    @property
    def folder(self) -> Path:
        """Return the server's data folder."""
        return Path(self._folder)

    def memory(self) -> int:
        """Return how many bytes of memory the server holds now; Linux only."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            link = re.search(r"/staff/first/[\w-]+", line)
            if link:
                self.first_link = link[0]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TAKES
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DemoFailed(f"The server stopped at once:\n{self.printed}")
            try:
                requests.get(self.url + "/staff/sign-in", timeout=5)
            except requests.RequestException:
                time.sleep(0.05)
                continue
            if self.first_link:
                return
            time.sleep(0.05)
        raise DemoFailed(f"The server did not answer within {START_TAKES:.0f} s:\n{self.printed}")

    def stop(self) -> None:
        """Ask it to stop, as an operator would; what it has stored stays."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._gone()

    def kill(self) -> None:
        """End it as a power cut would; what it has stored stays."""
        self._process.kill()
        self._gone()

    def _gone(self) -> None:
        self._process.wait()
        if self._process.stdout is not None:
            self._listener.join(timeout=5)
            self._process.stdout.close()

    def _end(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
