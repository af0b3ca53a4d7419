"""`make bench ARGS=pdf`: how long a report takes to print, and how much memory.

    make bench ARGS="pdf"                    a played session of 12 people, each edition four times
    make bench ARGS="pdf --people 30 --times 6"

A session is played on a server of its own; its frozen editions are then printed
as the server prints them, each in a fresh child process. "First" is the first
print of an edition, "again" the median of the others: every print pays for its
own process, so what is saved is only what the disk's cache holds. A
participant's own paper is asked for over HTTP, as a phone does: its child loads
once ("first") and forks for each ("again"). Lives here: these measurements. Not
here: the load of phones (`compare.py`).
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop import create_app, jobs, report_worker
from workshop.demo.people import DemoFailed, Phone
from workshop.demo.play import Play
from workshop.demo.report import freeze, write_texts
from workshop.demo.server import ScratchServer
from workshop.settings import Settings

SHIM = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as out:
    out.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
"""Runs the print shop's child and notes its peak of resident memory, in KB."""

PATIENT = report_worker.Limits(seconds=180, cpu_seconds=120)

PAPER: dict[str, Any] = {
    "paper": "workbook",
    "size": "A4",
    "sections": [
        {
            "heading": f"Sheet {number}",
            "items": [
                {"part": "", "label": "What keeps coming up", "lines": ["The same four tickets come back every week."]},
                {"part": "", "label": "What I could try", "lines": ["Ask for one quiet morning, and say why."] * 4},
            ],
        }
        for number in range(1, 5)
    ],
}
"""What a phone sends for a workbook of four sheets."""


@dataclass(frozen=True)
class Print:
    """One printing: seconds to draw its charts and to print it, peak memory of the child in MB."""

    drawn: float
    printed: float
    memory: float
    size: int


def main(arguments: Sequence[str]) -> int:
    """Play, print, and show a table; return 1 when something could not be printed."""
    parser = argparse.ArgumentParser(prog="bench pdf", description=__doc__)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--times", type=int, default=4, help="prints of each edition")
    chosen = parser.parse_args(arguments)
    try:
        with ScratchServer() as server, tempfile.TemporaryDirectory(prefix="unstuck-bench-") as folder:
            play = Play(server, say=lambda _line: None, people=chosen.people)
            play.prepare()
            papers = own_papers(play.phones, server)
            play.run()
            write_texts(play)
            freeze(play)
            editions = frozen(server.folder / "unstuck.db")
            play.close()
            print(f"A session of {chosen.people} people, A4, {chosen.times} prints of each edition\n")
            print(f"{'':26}{'first, s':>10}{'again, s':>10}{'drawing, ms':>13}{'peak, MB':>10}{'size, KB':>10}")
            app = create_app(Settings(data_dir=Path(folder), database_url="sqlite://", secret_key="b" * 64))
            with app.app_context():
                for name, data in editions.items():
                    show(name, [printed(data, Path(folder)) for _time in range(chosen.times)])
            show("own workbook, over HTTP", papers)
    except (DemoFailed, report_worker.PrintFailed) as reason:
        print(f"The measurement failed. {reason}", file=sys.stderr)
        return 1
    return 0


def frozen(path: Path) -> dict[str, dict[str, Any]]:
    """Return the editions of the one freeze in a server's database."""
    database = sqlite3.connect(path)
    try:
        (text,) = database.execute("select editions from freezes").fetchone()
    finally:
        database.close()
    found: dict[str, dict[str, Any]] = json.loads(text)
    return {name: data for name, data in found.items() if isinstance(data, dict) and "sections" in data}


def printed(data: dict[str, Any], folder: Path) -> Print:
    """Print an edition once, as `jobs.print_edition` does."""
    began = time.monotonic()
    report = jobs.drawn(data)
    drawn = time.monotonic()
    note = folder / "peak"
    worker = ("-m", "reports.worker", f"--memory-mb={PATIENT.memory_mb}", f"--cpu-seconds={PATIENT.cpu_seconds}")
    command = (sys.executable, "-S", "-c", SHIM, str(note), sys.executable, *worker)
    done = report_worker.print_pdf(report, "A4", limits=PATIENT, command=command)
    return Print(drawn - began, time.monotonic() - drawn, int(note.read_text()) / 1024, len(done.content))


def own_papers(phones: Sequence[Phone], server: ScratchServer) -> list[Print]:
    """Let four phones ask for their own paper, one after the other."""
    found = []
    for phone in phones[:4]:
        token = phone.browser.fetch(f"/s/{phone.live_id}/notes/token").json()["csrf"]
        began = time.monotonic()
        answer = phone.browser.http.post(
            f"{server.url}/s/{phone.live_id}/notes/paper", json=PAPER, headers={"X-CSRFToken": token}, timeout=180
        )
        took = time.monotonic() - began
        if not answer.content.startswith(b"%PDF-"):
            raise DemoFailed(f"A phone's paper was refused with {answer.status_code}.")
        found.append(Print(0.0, took, waiting_child(server.pid), len(answer.content)))
    return found


def waiting_child(pid: int) -> float:
    """Return the most memory, in MB, that a child of the server has held; Linux only."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    peaks = [0.0]
    for child in children:
        for line in Path(f"/proc/{child}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                peaks.append(int(line.split()[1]) / 1024)
    return max(peaks)


def show(name: str, prints: Sequence[Print]) -> None:
    """Print one row."""
    again = statistics.median(one.printed for one in prints[1:] or prints)
    drawing = statistics.median(one.drawn for one in prints) * 1000
    peak, size = max(one.memory for one in prints), prints[-1].size / 1024
    print(f"{name:26}{prints[0].printed:10.2f}{again:10.2f}{drawing:13.0f}{peak:10.0f}{size:10.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
