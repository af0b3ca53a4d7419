"""Drive the load generator (`load.c`): compile it, start it, ask it.

Lives here: its commands as methods and its figures as plain data. Not here:
what is sent, and to whom (`contestants.py`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from workshop.demo.people import DemoFailed

SOURCE = Path(__file__).with_name("load.c")
BURST = 64
"""Handshakes at a time while joining: enough that the server, not a round trip, sets the pace."""


@dataclass(frozen=True)
class Moments:
    """When each phone had something: seconds of the monotonic clock. `reached` of them had it, `lost` are gone."""

    reached: int
    refused: int
    lost: int
    began: float
    first: float
    p50: float
    p99: float
    last: float


class Load:
    """Phones on one server; use it as a context. `roster` has a Cookie header and Socket.IO's auth for each.

    `live`: the session that its address names, for a proxy that leads by it.
    """

    def __init__(
        self, program: Path, port: int, roster: Sequence[tuple[str, dict[str, Any]]], folder: Path, live: str = ""
    ) -> None:
        self.count = len(roster)
        lines = folder / f"roster{live}"
        lines.write_text("".join(f"{cookie}\t{json.dumps(auth)}\n" for cookie, auth in roster), encoding="utf-8")
        path = f"/socket.io/?EIO=4&transport=websocket{f'&live={live}' if live else ''}"
        self._process = subprocess.Popen(
            [program, str(port), path, lines], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Load:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate(timeout=60)

    def join(self) -> Moments:
        """Connect all phones."""
        return self._moments(f"join {BURST}", "joined")

    def arm(self, prefix: str) -> None:
        """From now on note when a message that begins with `prefix` reaches each phone."""
        self._ask(f"arm {prefix}")

    def wait(self, seconds: float) -> Moments:
        """Return when it reached each phone."""
        return self._moments(f"wait {seconds}", "arrived")

    def send(self, event: Sequence[Any], seconds: float) -> Moments:
        """Send an event from every phone at once; return when each had its acknowledgement."""
        return self._moments(f"send {seconds} {json.dumps(event, separators=(',', ':'))}", "acknowledged")

    def cpu(self) -> float:
        """Return how many seconds of processor time the generator has used."""
        return float(self._ask("cpu")["cpu"])

    def _moments(self, command: str, reached: str) -> Moments:
        said = self._ask(command)
        moments = [said.get(name, 0) / 1e9 for name in ("began", "first", "p50", "p99", "last")]
        return Moments(said[reached], said["refused"], said["lost"], *moments)

    def _ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise DemoFailed(f"The load generator stopped at: {command[:80]}")
        said: dict[str, Any] = json.loads(line)
        return said


def compiled(folder: Path) -> Path:
    """Compile the generator and return the program; raises DemoFailed where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise DemoFailed("The load generator is written in C. Install a compiler: apt-get install gcc libc6-dev")
    program = folder / "load"
    done = subprocess.run([compiler, "-O2", "-o", program, SOURCE], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"The load generator could not be compiled:\n{done.stderr}")
    return program
