"""The child process: a report or a paper as JSON on stdin, its PDF on stdout. One shot, with limits.

Lives here: the limits on memory and time, the refusal of every network address,
and the small protocol. Not here: who starts it and how long it is waited for
(`workshop/report_worker.py`), and the rendering (`render.py`).

Protocol: stdin `{"report": {...}, "paper": "A4", "draft": false}`, or for a
participant's paper (`paper.py`) `{"paper_of": {...}, "paper": "A4"}`; stdout one
line of JSON `{"ok": true, "notes": [...], "missing": [...], "bytes": n}` or
`{"ok": false, "code": "...", "detail": "..."}`, then, if ok, n bytes of PDF.
Codes: libraries, malformed, too_long (a talk of more than two pages).
Exit codes: 0 done, 3 libraries missing, 4 malformed or too long; anything else is a crash.

A child may be started before there is anything to print: it loads what it needs,
waits on its stdin for the one request, and ends when that is closed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from typing import Any

MISSING_LIBRARIES = 3
MALFORMED = 4
LARGEST_INPUT = 16 * 1024 * 1024  # 300 cards of 2,000 characters are 2.4 MB at four bytes each


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


def _answer(head: dict[str, Any], content: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


def main(arguments: list[str] | None = None) -> int:
    """Render one report; return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory-mb", type=int, default=1024)
    parser.add_argument("--cpu-seconds", type=int, default=25)
    options = parser.parse_args(arguments)
    limit(options.memory_mb, options.cpu_seconds)
    os.environ["SOURCE_DATE_EPOCH"] = "0"  # else the embedded fonts carry the clock, and bytes differ
    try:
        from .render import render, render_paper
    except (ImportError, OSError) as error:
        _answer({"ok": False, "code": "libraries", "detail": str(error)})
        return MISSING_LIBRARIES
    stay_inside()

    from . import paper as papers
    from .document import MalformedReport, from_json
    from .layout import PAPERS

    raw = sys.stdin.buffer.read(LARGEST_INPUT + 1)
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


if __name__ == "__main__":
    sys.exit(main())
