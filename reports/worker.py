"""The child process: a report or a paper as JSON on stdin, its PDF on stdout. With limits.

Lives here: the limits on memory and time, the refusal of every network address,
and the small protocol. Not here: who starts it and how long it is waited for
(`workshop/report_worker.py`), and the rendering (`render.py`).

Protocol: stdin `{"report": {...}, "paper": "A4", "draft": false}`, or for a
participant's paper (`paper.py`) `{"paper_of": {...}, "paper": "A4"}`; stdout one
line of JSON `{"ok": true, "notes": [...], "missing": [...], "bytes": n}` or
`{"ok": false, "code": "...", "detail": "..."}`, then, if ok, n bytes of PDF.
Codes: libraries, malformed, too_long (a talk of more than two pages).
Exit codes: 0 done, 3 libraries missing, 4 malformed or too long; anything else is a crash.

`--serve=FOLDER`: the same for one request after the other, each behind a line
with its length in bytes. What is slow to load is loaded once, then a process is
forked for each request, reads it, answers and ends: the one that stays never
reads a word. It ends when stdin is closed or nothing comes for `IDLE_SECONDS`,
and takes FOLDER, its own for fonts, with it.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import select
import shutil
import sys
import tempfile
from contextlib import suppress
from typing import Any

BROKEN = 1
MISSING_LIBRARIES = 3
MALFORMED = 4
NOTHING_MORE = 5
LARGEST_INPUT = 16 * 1024 * 1024  # 300 cards of 2,000 characters are 2.4 MB at four bytes each

IDLE_SECONDS = 120  # of waiting for the next request: about 70 MB for two minutes after the last paper
PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def limit(memory_mb: int, cpu_seconds: int) -> None:
    """Bound this process: address space, processor time, size of files, no core file."""
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    largest_file = 64 * 1024 * 1024  # the font is written once to a temporary folder
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def stay_inside() -> None:
    """Refuse every connection and every new process from here on, whatever asks for it."""
    refused = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.exec", "os.system")

    def hook(event: str, _arguments: Any) -> None:
        if event in refused:
            raise PermissionError(f"the print shop does not do {event}")

    sys.addaudithook(hook)


def leave_no_core() -> None:
    """Forbid a dump of this process even to a program that collects dumps, which no limit on files stops (Linux)."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _answer(head: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


def main(arguments: list[str] | None = None) -> int:
    """Render one report or paper, or serve; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory-mb", type=int, default=1024)
    parser.add_argument("--cpu-seconds", type=int, default=25)
    parser.add_argument("--serve", metavar="FOLDER", default="")
    options = parser.parse_args(arguments)
    limit(options.memory_mb, options.cpu_seconds)
    os.environ["SOURCE_DATE_EPOCH"] = "0"  # else the embedded fonts carry the clock, and bytes differ
    try:
        from . import render  # noqa: F401 - loaded here, before anything is forked
    except (ImportError, OSError) as error:
        _answer({"ok": False, "code": "libraries", "detail": str(error)})
        return MISSING_LIBRARIES
    stay_inside()
    if options.serve:
        try:
            return serve(options.serve)
        finally:
            shutil.rmtree(options.serve, ignore_errors=True)
    leave_no_core()
    return one(sys.stdin.buffer.read(LARGEST_INPUT + 1))


def one(raw: bytes) -> int:
    """Answer one request; return the exit code."""
    from . import paper as papers
    from .document import MalformedReport, from_json
    from .layout import PAPERS
    from .render import render, render_paper

    try:
        if len(raw) > LARGEST_INPUT:
            raise MalformedReport("the report is too large")
        request = json.loads(raw)
        paper = request["paper"]
        if paper not in PAPERS:
            raise MalformedReport("unknown paper")
        wanted = papers.from_json(request["paper_of"]) if "paper_of" in request else from_json(request["report"])
    except (ValueError, KeyError, TypeError) as error:
        _answer({"ok": False, "code": "malformed", "detail": str(error)})
        return MALFORMED
    try:
        if isinstance(wanted, papers.Paper):
            rendered = render_paper(wanted, paper)
        else:
            rendered = render(wanted, paper, bool(request.get("draft")))
    except papers.TooLong as error:
        _answer({"ok": False, "code": "too_long", "detail": str(error)})
        return MALFORMED
    head = {"ok": True, "notes": rendered.notes, "missing": rendered.missing, "bytes": len(rendered.content)}
    _answer(head, rendered.content)
    return 0


def serve(folder: str) -> int:
    """Fork a process for each request, one at a time, until nothing more comes or one of them breaks."""
    status = 0
    while status in (0, MALFORMED):
        child = os.fork()
        if child == 0:
            os._exit(_next(folder))  # no way back: not a word is left when this process is gone
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 0 if status == NOTHING_MORE else 1


def _next(folder: str) -> int:
    """Wait for one request, answer it, return the exit code."""
    leave_no_core()
    try:
        if not select.select([0], [], [], IDLE_SECONDS)[0]:
            return NOTHING_MORE
        digits = b""
        while (digit := os.read(0, 1)) not in (b"", b"\n"):
            digits += digit
        if not digits:
            return NOTHING_MORE
        raw, size = b"", min(int(digits), LARGEST_INPUT)
        while len(raw) < size and (more := os.read(0, size - len(raw))):
            raw += more
        with tempfile.TemporaryDirectory(dir=folder) as own:
            tempfile.tempdir = own  # this process ends without tidying up after its fonts
            return one(raw)
    except BaseException:  # said nowhere: what went wrong may hold a text
        return BROKEN


if __name__ == "__main__":
    sys.exit(main())
