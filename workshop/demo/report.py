"""After the session: the facilitator's texts, the freeze, and the two files.

Lives here: what a facilitator does on the report's pages. Not here: the session
itself (`play.py`).
"""

from __future__ import annotations

import time
from pathlib import Path

from . import words
from .people import DemoFailed
from .play import Play

QUOTES = 4
"""Of each text question; a report prints six at most."""
REPORT_TAKES = 60.0
"""Seconds at most until all files are there; a small machine needs half of it."""
EDITIONS = ("manager", "facilitator")


def finish(play: Play, out: Path) -> list[Path]:
    """Write the texts, freeze, wait for the PDFs, keep them in `out`, and return their paths."""
    write_texts(play)
    freeze(play)
    return [keep(play, edition, out) for edition in EDITIONS]


def write_texts(play: Play) -> None:
    """Fill in the review: what was heard, which quotes, what the group asks for; the findings stay as suggested."""
    form = play.facilitator.browser.form(report_path(play), {"asks"})
    entered: dict[str, str | list[str]] = {"asks": words.ASKS}
    for number, step in enumerate(words.NEXT_STEPS):
        for part, text in zip(("what", "owner", "when"), step, strict=True):
            entered[f"next_steps-{number}-{part}"] = text
    for activity_id, heard in words.HEARD.items():
        if f"heard-{activity_id}" in form.names:
            entered[f"heard-{activity_id}"] = heard
            entered[f"quotes-{activity_id}"] = form.offers.get(f"quotes-{activity_id}", [])[:QUOTES]
    play.facilitator.browser.submit(report_path(play), entered, having="asks")


def freeze(play: Play) -> None:
    """Freeze the report; the files are then made by themselves."""
    play.facilitator.browser.submit(f"{report_path(play)}/freeze", {}, having="csrf_token")


def keep(play: Play, edition: str, out: Path) -> Path:
    """Wait for one edition on A4 and write it to a file."""
    browser = play.facilitator.browser
    deadline = time.monotonic() + REPORT_TAKES
    while time.monotonic() < deadline:
        files = browser.fetch(f"{report_path(play)}/status").json()["files"]
        state = next(f["state"] for f in files if (f["edition"], f["paper"]) == (edition, "A4"))
        if state == "failed":
            raise DemoFailed(f"The PDF for the {edition} could not be made: {_note(browser.get(report_path(play)))}")
        if state == "ready":
            break
        time.sleep(0.2)
    else:
        raise DemoFailed(f"The PDF for the {edition} was not there after {REPORT_TAKES:.0f} s.")
    file = browser.fetch(f"{report_path(play)}/{edition}/A4.pdf")
    if not file.content.startswith(b"%PDF-"):
        raise DemoFailed(f"What came as the PDF for the {edition} is none (status {file.status_code}).")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{edition}.pdf"
    path.write_bytes(file.content)
    return path


def report_path(play: Play) -> str:
    """Return the path of the report's pages."""
    return f"{play.console_path}report"


def _note(page: str) -> str:
    _before, found, after = page.partition('class="report__note">')
    return after.partition("<")[0] if found else "no reason given"
