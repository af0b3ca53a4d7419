"""`python -m workshop.proof.control`: the harness against the build that leaks on purpose, beside the proof itself.

Lives here: a process of its own, so that both can be played at once; it writes
its findings as JSON. Always on SQLite: what is tried here is the harness.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

from ..stopping import unwinding
from .verdicts import Finding
from .wire import WireError


class Control:
    """The control while it runs; use it as a context."""

    def __init__(self, environ: Mapping[str, str], size: Mapping[str, Any], only: frozenset[int]) -> None:
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "workshop.proof.control", json.dumps({"size": dict(size), "only": sorted(only)})],
            env={**environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def findings(self) -> list[Finding]:
        """Wait for the end and return what was found; raise WireError when it could not be played."""
        out, _nothing = self._process.communicate()
        if self._process.returncode:
            raise WireError("The leaky build could not be played, so nothing would be proven.")
        return [Finding(**one) for one in json.loads(out)]


def main(wanted: str, out: IO[str]) -> int:
    """Play the leaky build and write what was found."""
    from . import run

    asked = json.loads(wanted)
    size, only = run.Size(**asked["size"]), frozenset(asked["only"])
    try:
        with unwinding():
            found = run.look(os.environ, "all", size=size, only=only)
    except KeyboardInterrupt:  # the proof itself says that it was stopped
        return 130
    json.dump([asdict(finding) for finding in found], out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.stdout))
