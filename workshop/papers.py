"""The papers a participant takes along: the page for a talk, and the workbook (promise 15).

Lives here: reading the one request that holds somebody's own words, the headings
around them, and how many may be printed at once and how often. Not here: the
advice on how to talk (`paper_prose.py`), the page (`reports/paper.py`), the child
process (`report_worker.py`), the address (`web/papers.py`).

Nothing of a request is stored, spooled or logged: words go from memory through a
pipe into a process that ends, and no error carries them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import threading
import time
import unicodedata
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from datetime import time as clock_time
from typing import Any

from flask_babel import format_date

from . import paper_prose, report_worker, words
from .activities.worksheet import PARTS
from .errors import Throttled, WorkshopError
from .report_worker import Printed, PrintFailed
from .words import _

LARGEST = 64 * 1024  # bytes of a request; a whole workbook, written full, has about 30 thousand letters
MOST_SECTIONS, MOST_ITEMS, MOST_LINES = 24, 24, 40
LONGEST_LINE, LONGEST_HEADING = 2000, 400  # characters

PATIENCE = 20.0
"""Seconds that a request waits for the printer before it is told to come back."""
MOST_WAITING = 8
"""Requests that may wait at once; a paper takes about a second, so the last of them still gets its turn."""
MOST_EACH, EACH_SECONDS = 10, 600.0
"""Papers that one seat may have printed in ten minutes: some try several, nobody needs more."""

LIMITS = report_worker.Limits(seconds=20, cpu_seconds=20)

log = logging.getLogger(__name__)

SIZES = ("A4", "Letter")
KINDS = ("talk", "workbook")


class NotPrintable(WorkshopError):
    """The request cannot become a paper; the sentence says why and never repeats what was in it."""

    code = "invalid_paper"
    status = 400


class Busy(WorkshopError):
    """The printer has no time just now."""

    code = "busy"
    status = 503


@dataclass(frozen=True)
class Item:
    """What somebody wrote into one field."""

    part: str
    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One worksheet."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Wanted:
    """A request that was read and found good."""

    kind: str
    size: str
    sections: tuple[Section, ...]


# -- reading


def read(raw: bytes) -> Wanted:
    """Return what a request asks for; raise `NotPrintable`.

    Empty lines, items and sections are dropped. Text keeps its quotes and dashes,
    because it is its author's own paper; what no paper can show is taken out.
    """
    if len(raw) > LARGEST:
        raise too_large()
    data = _parsed(raw)
    kind, size, sections = _members(data, {"paper", "size", "sections", "pad"}, "paper", "size", "sections")
    if kind not in KINDS or size not in SIZES:
        raise _garbled()
    read_sections = tuple(_section(one, str(kind)) for one in _listed(sections, MOST_SECTIONS))
    wanted = Wanted(str(kind), str(size), tuple(section for section in read_sections if section.items))
    if not wanted.sections:
        raise NotPrintable(
            _("There is nothing to print yet. Write something first, or switch a line on."), code="empty"
        )
    return wanted


def too_large() -> NotPrintable:
    """Return the refusal of a request that is too large."""
    return NotPrintable(
        _("That is more than one paper can hold. Switch some lines off and try again."), code="too_large", status=413
    )


def _garbled() -> NotPrintable:
    return NotPrintable(_("This could not be read. Reload the page and try again; your notes stay on your phone."))


def _parsed(raw: bytes) -> Any:
    # The refusal is raised outside: an error of the parser holds the whole text.
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        pass
    raise _garbled()


def _members(data: Any, known: set[str], *names: str) -> list[Any]:
    if not isinstance(data, dict) or not set(names) <= set(data) <= known:
        raise _garbled()
    return [data[name] for name in names]


def _listed(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise _garbled()
    if len(value) > most:
        raise too_large()
    return value


def _section(data: Any, kind: str) -> Section:
    heading, items = _members(data, {"heading", "items"}, "heading", "items")
    section = Section(_text(heading, LONGEST_HEADING), tuple(_item(one) for one in _listed(items, MOST_ITEMS)))
    if kind == "workbook" and not section.heading:
        raise _garbled()
    for item in section.items:
        if kind == "talk" and item.part not in ("", *PARTS["talk"]):
            raise _garbled()
    return Section(section.heading, tuple(item for item in section.items if item.lines))


def _item(data: Any) -> Item:
    part, label, lines = _members(data, {"part", "label", "lines"}, "part", "label", "lines")
    read_lines = (_text(line, LONGEST_LINE) for line in _listed(lines, MOST_LINES))
    return Item(_text(part, 20), _text(label, LONGEST_HEADING), tuple(line for line in read_lines if line))


def _text(value: Any, longest: int) -> str:
    """Return a text as it can be printed; new lines stay."""
    if not isinstance(value, str):
        raise _garbled()
    if len(value) > longest:
        raise too_large()
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    plain = unicodedata.normalize("NFC", whole.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return "".join(sign for sign in plain if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()


# -- composing


def compose(wanted: Wanted, language: str) -> dict[str, Any]:
    """Return the paper as plain data for the print shop (`reports.paper.Paper`)."""
    if wanted.kind == "talk":
        return {
            "kind": "talk",
            "language": language,
            "title": _("Preparing a talk"),
            "heading": _("What I want to talk about"),
            "lead": _("My own words, for our talk. I decide what of this I say."),
            "sections": _talk(wanted.sections),
            "room": [_("Notes from our talk"), _("What we agreed")],
            "advice": paper_prose.advice(),
        }
    return {
        "kind": "workbook",
        "language": language,
        "title": _("My notes"),
        "heading": _("My notes"),
        "lead": _("Written for myself. Nobody else has a copy."),
        "sections": [
            {"heading": section.heading, "items": [_plain(item.label, item.lines) for item in section.items]}
            for section in wanted.sections
        ],
    }


def _talk(sections: tuple[Section, ...]) -> list[dict[str, Any]]:
    """Return the words under the talk's own headings, in its own order; what is missing leaves no heading."""
    said: dict[str, tuple[str, ...]] = {}
    loose = []
    for item in (item for section in sections for item in section.items):
        if item.part:
            said[item.part] = said.get(item.part, ()) + item.lines
        else:
            loose.append(item)

    def under(heading: str, *items: tuple[str, tuple[str, ...]], voice: str = "") -> dict[str, Any]:
        return {"heading": heading, "voice": voice, "items": [_plain(label, lines) for label, lines in items if lines]}

    def of(part: str) -> tuple[str, tuple[str, ...]]:
        return "", said.get(part, ())

    when = " · ".join([*map(_as_day, said.get("day", ())), *map(_as_time, said.get("time", ()))])
    composed = [
        under(
            _("My situation"), of("concern"), (_("For example") if "concern" in said else "", said.get("example", ()))
        ),
        under(_("What it does to my work"), of("effect")),
        under(_("What I ask for"), of("ask")),
        under(_("Options I can suggest"), of("options")),
        under(_("What I offer"), of("offer")),
        *(under(item.label or _("Also"), ("", item.lines)) for item in loose),
        under(_("My opening sentence"), of("opening"), voice="opening"),
        under(_("When I would like to talk"), ("", (when,) if when else ())),
    ]
    return [section for section in composed if section["items"]]


def _plain(label: str, lines: tuple[str, ...]) -> dict[str, Any]:
    return {"label": label, "lines": list(lines)}


def _as_day(line: str) -> str:
    """Return a date as people write it; anything else stays as it is."""
    try:
        return str(format_date(date.fromisoformat(line), "full")) if re.fullmatch(r"\d{4}-\d\d-\d\d", line) else line
    except ValueError:
        return line


def _as_time(line: str) -> str:
    try:
        return words.clock(clock_time.fromisoformat(line)) if re.fullmatch(r"\d\d:\d\d", line) else line
    except ValueError:
        return line


# -- printing


@dataclass
class Desk:
    """Who is being served: in memory only, under names that nobody can lead back to a seat or an address.

    `clock` returns seconds. A seat's name is an HMAC under a key that this process
    made and never shows; what is older than ten minutes is forgotten.
    """

    patience: float = PATIENCE
    most_waiting: int = MOST_WAITING
    clock: Any = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _served: dict[bytes, deque[float]] = field(default_factory=dict, repr=False)
    _now: set[bytes] = field(default_factory=set, repr=False)

    @contextmanager
    def turn(self, live_id: str, secret: bytes) -> Iterator[None]:
        """Take a seat's turn, one at a time; raise `Throttled` or `Busy`."""
        name = hmac.new(self._key, live_id.encode() + b"\0" + secret, hashlib.sha256).digest()
        with self._lock:
            self._forget()
            if name in self._now:
                raise Throttled(_("Your paper is being made already. It takes a few seconds."))
            if len(self._served.get(name, ())) >= MOST_EACH:
                raise Throttled(_("You had many papers made just now. Wait ten minutes, then try again."))
            if len(self._now) > self.most_waiting:  # one is printed, the others wait
                raise busy()
            self._now.add(name)
            self._served.setdefault(name, deque()).append(self.clock())
        try:
            yield
        finally:
            with self._lock:
                self._now.discard(name)

    def _forget(self) -> None:
        before = self.clock() - EACH_SECONDS
        for name, times in list(self._served.items()):
            while times and times[0] <= before:
                times.popleft()
            if not times:
                del self._served[name]


def busy() -> Busy:
    """Return the refusal of a printer that has too much to do."""
    return Busy(_("The printer is busy. Everything is still on your phone; try again in a minute."))


def make(desk: Desk, live_id: str, secret: bytes, raw: bytes, language: str) -> tuple[Printed, tuple[str, ...]]:
    """Return a seat's own paper and what its owner should know about it; raise `WorkshopError`.

    Waits for its turn at most `Desk.patience` seconds. Never call it inside a
    transaction: it waits for a child process.
    """
    wanted = read(raw)
    with desk.turn(live_id, secret):
        try:
            data = compose(wanted, language)
            printed = report_worker.print_paper(data, wanted.size, limits=LIMITS, patience=desk.patience)
        except PrintFailed as failure:
            reason = failure.reason
        except Exception as error:  # a defect; its text could hold the words, so only its name
            reason = "crash"
            log.error("a paper could not be made: %s", type(error).__name__)
        else:
            return printed, _notes(printed)
    if reason == "busy":
        raise busy()
    if reason == "too_long":
        raise NotPrintable(
            _("This is more than two pages. Switch some lines off, and keep for the talk what matters most."),
            code="too_long",
            status=413,
        )
    raise WorkshopError(
        _("The PDF could not be made. Everything is still on your phone; you can print this page from your browser."),
        code="print_failed",
        status=503,
    )


def _notes(printed: Printed) -> tuple[str, ...]:
    if not printed.missing:
        return ()
    shown = ", ".join(f"U+{ord(letter):04X}" for letter in printed.missing[:8])
    return (
        _(
            "This server has no font for some of your letters (%(letters)s). They are printed as empty boxes.",
            letters=shown,
        ),
    )
