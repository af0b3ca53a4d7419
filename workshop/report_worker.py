"""The parent's side of the print shop's child process: start it, wait, never hang.

Lives here: the command, the limits, the environment without secrets, and what a
failure means. Not here: the child itself (`reports/worker.py`) and the queue
(`jobs.py`). Under gevent `subprocess` is the cooperative one, so a rendering
stops nobody; without gevent it is the ordinary one.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
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

    Many phones ask at once when a session closes, so the child is one that has
    loaded everything and forks for each paper (`reports.worker`, `--serve`). It
    leaves by itself when nothing comes for a while.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    request = json.dumps({"paper_of": paper_of, "paper": paper}, ensure_ascii=False).encode()
    if not _one_at_a_time.acquire(timeout=patience):
        raise PrintFailed(_("The printer is busy."), again=True, reason="busy")
    try:
        answer = _press.ask(request, limits, command)
        if answer is None:  # it left, or broke, just when it was asked; a new one does not
            answer = _press.ask(request, limits, command)
    finally:
        if command:
            _press.stop()
        _one_at_a_time.release()
    return _answer(answer or b"", 0)


class _Press:
    """The child that waits for papers. Whoever calls it holds `_one_at_a_time`."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._made_for: object = None
        self._folder = ""

    def ask(self, request: bytes, limits: Limits, command: Sequence[str] | None) -> bytes | None:
        """Return all that the child answered, None if it answered nothing; raise `PrintFailed` after `limits.seconds`."""
        made_for = limits, command
        if self._child is None or self._child.poll() is not None or self._made_for != made_for:
            self.stop()
            self._start(limits, command)
            self._made_for = made_for
        assert self._child is not None and self._child.stdin is not None and self._child.stdout is not None
        got, left = bytearray(), memoryview(b"%d\n" % len(request) + request)
        into, out_of = self._child.stdin.fileno(), self._child.stdout.fileno()
        until = time.monotonic() + limits.seconds
        while not _whole(got):
            readable, writable, _other = select.select(
                [out_of], [into] if left else [], [], max(0.0, until - time.monotonic())
            )
            if not readable and not writable:
                self.stop()
                raise PrintFailed(_("Making the PDF took too long and was stopped."), again=True, reason="slow")
            if writable:
                try:
                    left = left[os.write(into, left[: select.PIPE_BUF]) :]
                except BrokenPipeError:
                    left = left[:0]  # it may have said why before it left
            if readable:
                more = os.read(out_of, 65536)
                if not more:
                    self.stop()
                    break
                got += more
        return bytes(got) or None

    def _start(self, limits: Limits, command: Sequence[str] | None) -> None:
        self._folder = tempfile.mkdtemp(prefix="paper-")
        self._child = subprocess.Popen(
            list(command or (*_worker(limits), f"--serve={self._folder}")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could hold a text
            cwd=ROOT,
            env=_environment(self._folder, ""),
            start_new_session=True,
            bufsize=0,
        )

    def stop(self) -> None:
        """End the child with all that it forked, and tidy up after it."""
        child, self._child = self._child, None
        if child is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_press = _Press()
atexit.register(_press.stop)


def _whole(got: bytes | bytearray) -> bool:
    """Say whether an answer has come to its end."""
    head, newline, content = got.partition(b"\n")
    try:
        return bool(newline) and len(content) >= json.loads(bytes(head)).get("bytes", 0)
    except (ValueError, AttributeError):
        return bool(newline)  # not our protocol: `_answer` refuses it


def _worker(limits: Limits) -> tuple[str, ...]:
    return (
        sys.executable,
        "-m",
        "reports.worker",
        f"--memory-mb={limits.memory_mb}",
        f"--cpu-seconds={limits.cpu_seconds}",
    )


def _print(request: bytes, limits: Limits, command: Sequence[str] | None, extra_path: str = "") -> Printed:
    """Start the child, feed it, wait for it; the caller holds `_one_at_a_time`."""
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        child = subprocess.Popen(
            list(command or _worker(limits)),
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
