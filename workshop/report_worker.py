"""The parent's side of the print shop's child process: start it, wait, never hang.

Lives here: the command, the limits, the environment without secrets, and what a
failure means. Not here: the child itself (`reports/worker.py`) and the queue
(`jobs.py`). Under gevent `subprocess` is the cooperative one, so a rendering
stops nobody; without gevent it is the ordinary one.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import WorkshopError
from .words import _

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
INSTALL = f"sudo apt-get install -y --no-install-recommends {PACKAGES}"
SECONDS = 30  # a report of ten pages takes three; ten times that is a report that never ends
CPU_SECONDS = 25
MEMORY_MB = 1024  # address space; a report of ten pages maps about 500 MB, most of it libraries

_one_at_a_time = threading.Lock()
"""One rendering at a time: two would only slow each other, and the session that is running, down."""


class PrintFailed(WorkshopError):
    """No PDF came out. `again`: the same could succeed at a second try.

    `reason`: busy, slow, too_long, libraries, malformed or crash.
    """

    code = "print_failed"
    status = 503

    def __init__(self, sentence: str, *, again: bool, reason: str = "crash") -> None:
        super().__init__(sentence)
        self.again = again
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """How much one rendering may use."""

    seconds: float = SECONDS
    cpu_seconds: int = CPU_SECONDS
    memory_mb: int = MEMORY_MB


@dataclass(frozen=True)
class Printed:
    """A PDF and what a person should know about it; `missing`: characters that no font here has."""

    content: bytes
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def print_pdf(
    report: Mapping[str, Any],
    paper: str,
    *,
    draft: bool = False,
    limits: Limits | None = None,
    command: Sequence[str] | None = None,
    extra_path: str = "",
) -> Printed:
    """Render plain report data in a child process; raise `PrintFailed` with what to do.

    The child gets no environment but paths and a locale: none of this server's
    settings or secrets. `command` and `extra_path` let a test stand in for a
    broken renderer.
    """
    request = json.dumps({"report": report, "paper": paper, "draft": draft}).encode()
    with _one_at_a_time:
        return _print(request, limits or Limits(), command, extra_path)


def print_paper(
    paper_of: Mapping[str, Any],
    paper: str,
    *,
    limits: Limits,
    patience: float,
    command: Sequence[str] | None = None,
) -> Printed:
    """Render a participant's paper in a child process; raise `PrintFailed`.

    Waits at most `patience` seconds for other renderings. The words exist in this
    process, in a pipe and in the child, and nowhere else: neither of the two may
    leave a core file.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    request = json.dumps({"paper_of": paper_of, "paper": paper}).encode()
    if not _one_at_a_time.acquire(timeout=patience):
        raise PrintFailed(_("The printer is busy."), again=True, reason="busy")
    try:
        return _print(request, limits, command)
    finally:
        _one_at_a_time.release()


def _print(request: bytes, limits: Limits, command: Sequence[str] | None, extra_path: str = "") -> Printed:
    """Start the child, feed it, wait for it; the caller holds `_one_at_a_time`."""
    command = command or (
        sys.executable,
        "-m",
        "reports.worker",
        f"--memory-mb={limits.memory_mb}",
        f"--cpu-seconds={limits.cpu_seconds}",
    )
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        child = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could hold a text
            cwd=ROOT,
            env=_environment(folder, extra_path),
            start_new_session=True,
        )
        try:
            out, _nothing = child.communicate(request, timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            raise PrintFailed(_("Making the PDF took too long and was stopped."), again=True, reason="slow") from None
        except BrokenPipeError:
            child.kill()
            child.wait()
            out = b""
    return _answer(out, child.returncode)


def _environment(folder: str, extra_path: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "FONTCONFIG_PATH") if name in os.environ}
    path = os.pathsep.join(part for part in (extra_path, str(ROOT)) if part)
    return {
        **kept,
        "LANG": "C.UTF-8",
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CACHE_HOME": folder,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _answer(out: bytes, returncode: int) -> Printed:
    head, _separator, content = out.partition(b"\n")
    try:
        said = json.loads(head)
    except ValueError:
        said = {}
    if said.get("ok") and returncode == 0 and len(content) == said.get("bytes") and content.startswith(b"%PDF-"):
        return Printed(content, tuple(said.get("notes", ())), tuple(said.get("missing", ())))
    if said.get("code") == "libraries":
        raise PrintFailed(
            _(
                "This computer lacks the libraries that make PDFs. Whoever runs it can install them with: %(command)s "
                "— until then, open the report as a page and print it from the browser.",
                command=INSTALL,
            ),
            again=False,
            reason="libraries",
        )
    if said.get("code") == "malformed":
        raise PrintFailed(_("The report's data could not be read."), again=False, reason="malformed")
    if said.get("code") == "too_long":
        raise PrintFailed(_("That fills more pages than it may."), again=False, reason="too_long")
    raise PrintFailed(_("Making the PDF failed: it needed more memory or time than it may use."), again=True)
