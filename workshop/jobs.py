"""The queue of report renderings: one PDF at a time, and no request ever waits for one.

Lives here: the states of a rendering, the single worker that goes through them,
and the drawing of results into blocks for the print shop. Not here: the child
process (`report_worker.py`), the data (`freezes.py`), the pages
(`web/reports.py`).

The worker is an ordinary thread; under gevent's patches it is a greenlet and
the child process is waited for cooperatively. Everything that must survive a
restart is in `ReportFile`; `resume` goes on where a stopped server left off.
"""

from __future__ import annotations

import base64
import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from flask import Flask, current_app, has_app_context
from sqlalchemy import case, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from reports.layout import COMPACT, PAPERS

from . import anonymity, brand, exports, figures, fragments, report_worker, versions
from .activities import KINDS
from .charts import PAPER, Palette
from .db import Database
from .editions import made
from .errors import NotFound
from .house import House
from .models import Freeze, ReportFile
from .report_worker import Printed, PrintFailed
from .rounds import Beside
from .screens import ActivityScreen
from .words import _, speaking

log = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 2  # one retry: a crash may be bad luck, a second one is not
ROOM_WITHIN = (
    3600.0  # seconds for a full disk to have room again, or a database to be back; then the next start goes on
)
LOOKS_EVERY = 5.0  # seconds


def submit(house: House, freeze_id: str) -> None:
    """Queue every edition and version of a freeze on every paper that is not there yet, and start printing."""
    with house.database.transaction() as session:
        freeze = session.get(Freeze, freeze_id)
        if freeze is None:
            raise NotFound(_("There is no such report."))
        queue(session, freeze)
    start(house)


def queue(session: Session, freeze: Freeze) -> None:
    """Queue what is not there yet; in the transaction that makes the freeze or the version, so that none is without its files."""
    session.flush()
    there = {
        (file.version, file.edition, file.paper)
        for file in session.scalars(select(ReportFile).where(ReportFile.freeze_id == freeze.id))
    }
    for version in versions.all_of(session, freeze):
        for edition in made(version.editions):
            for paper in PAPERS:
                if (version.number, edition, paper) not in there:
                    session.add(
                        ReportFile(
                            id=anonymity.new_id(),
                            freeze_id=freeze.id,
                            edition=edition,
                            paper=paper,
                            version=version.number,
                        )
                    )


def start(house: House) -> None:
    """Start printing what is queued."""
    _queue_of(house).wake()


def again(house: House, freeze_id: str, edition: str, paper: str) -> None:
    """Queue a rendering that has failed once more; any other state stays as it is."""
    with house.database.transaction() as session:
        session.execute(
            update(ReportFile)
            .where(
                ReportFile.freeze_id == freeze_id,
                ReportFile.edition == edition,
                ReportFile.paper == paper,
                ReportFile.state == "failed",
            )
            .values(state="queued", note="")
        )
    _queue_of(house).wake()


def resume(house: House) -> None:
    """Take up what a stopped server left queued or half printed; call it once at start."""
    with house.database.transaction() as session:
        session.execute(update(ReportFile).where(ReportFile.state == "rendering").values(state="queued"))
        waiting = session.scalars(select(ReportFile.id).where(ReportFile.state == "queued").limit(1)).first()
    if waiting is not None:
        _queue_of(house).wake()


def wait(house: House, seconds: float) -> bool:
    """Wait until nothing is queued or rendering; return whether that came within `seconds`."""
    return _queue_of(house).idle.wait(seconds)


def drawn(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an edition ready for the print shop: every `drawing` has become a block of HTML."""
    ready = copy.deepcopy(dict(data))
    ready["brand"] = _brand()
    palette = replace(_palette(), narrow=ready["edition"] in COMPACT)
    with speaking(str(ready.get("language", ""))):
        for section in ready["sections"]:
            for block in section["blocks"]:
                drawing = block.pop("drawing", None)
                if drawing is not None:
                    block["html"] = str(fragments.print_block(_screen(drawing), palette))
    return ready


def print_edition(data: Mapping[str, Any], paper: str, *, draft: bool = False) -> Printed:
    """Return the PDF of an edition, trying once more if the first try failed by bad luck."""
    report = drawn(data)
    for attempt in range(1, TRIES + 1):
        try:
            # The second try may take twice as long: the machine may only have been busy. Processor time stays bounded.
            limits = report_worker.Limits(seconds=report_worker.SECONDS * attempt)
            return report_worker.print_pdf(report, paper, draft=draft, limits=limits)
        except PrintFailed as failure:
            if attempt == TRIES or not failure.again:
                raise
    raise AssertionError("unreachable")


def _brand() -> dict[str, str]:
    """Return the installation's own face as the print shop takes it."""
    if not has_app_context():
        return {}
    settings = current_app.extensions["house"].settings
    face = {"name": settings.brand_name, "accent": settings.brand_accent}
    if settings.brand_logo is not None:
        logo = brand.logo(settings.brand_logo)
        face |= {"logo": base64.b64encode(logo.content).decode(), "logo_type": logo.media_type}
    return face


def _palette() -> Palette:
    return brand.palette(current_app.extensions["house"].settings.brand_accent) if has_app_context() else PAPER


def _screen(drawing: Mapping[str, Any]) -> ActivityScreen:
    kind = KINDS[drawing["kind"]]
    paper = drawing.get("paper") or {}
    return ActivityScreen(
        id=drawing["id"],
        kind=drawing["kind"],
        prompt=drawing["prompt"],
        help=drawing["help"],
        config=kind.Config.model_validate(drawing["config"]),
        phase="released",
        asks=kind.asks,
        result=kind.load(drawing["result"]),
        people=drawing["people"],
        made_up=drawing["made_up"],
        again=Beside.load(drawing["again"]) if "again" in drawing else None,
        paper="" if not paper else "alone" if paper["alone"] else "beside",
        paper_result=kind.load(paper["result"]) if "result" in paper else None,
        paper_people=paper.get("people", ""),
    )


def with_results(version: versions.Version, edition: str) -> dict[str, Any]:
    """Return an edition for printing; the facilitator's carries the same results as data."""
    data: dict[str, Any] = version.editions[edition]
    if edition != "facilitator" or figures.KEY not in version.editions:
        return data
    results = figures.Results.model_validate(version.editions[figures.KEY])
    return {**data, "attachment": exports.as_json(results).decode()}


class _Queue:
    """The one worker of a database. It lives only while there is something to print."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lock = threading.Lock()
        self._app: Flask | None = None
        self.idle = threading.Event()
        self.idle.set()

    def wake(self) -> None:
        """Start the worker unless it is at work; it sees everything committed before this call."""
        with self._lock:
            if has_app_context():
                self._app = current_app._get_current_object()  # type: ignore[attr-defined]
            if self.idle.is_set():
                self.idle.clear()
                threading.Thread(target=self._work, name="print-queue", daemon=True).start()

    def _work(self) -> None:
        with ExitStack() as stack:
            if self._app is not None:
                stack.enter_context(self._app.app_context())
            try:
                while (file := _patiently(self._claim)) is not None:
                    self._print(*file)
            except Exception as error:  # the database is out of reach: `resume` takes it up again
                log.error("printing stopped: %s", type(error).__name__)
                self.idle.set()

    def _claim(self) -> tuple[str, dict[str, Any], str] | None:
        """Take the next queued file; going idle and finding nothing are one step, so no wake is lost."""
        with self._lock:
            with self._house.database.transaction() as session:
                first_needed = case((ReportFile.paper == "A4", 0), else_=1)
                manager_first = case((ReportFile.edition == "manager", 0), else_=1)
                file = session.scalars(
                    select(ReportFile)
                    .where(ReportFile.state == "queued")
                    .order_by(first_needed, manager_first, ReportFile.version.desc())
                    .limit(1)
                    .with_for_update(skip_locked=True)  # several processes print from one queue
                ).first()
                if file is not None:
                    file.state = "rendering"
                    freeze = session.get(Freeze, file.freeze_id)
                    assert freeze is not None
                    return file.id, with_results(versions.get(session, freeze, file.version), file.edition), file.paper
            self.idle.set()
            return None

    def _print(self, file_id: str, data: dict[str, Any], paper: str) -> None:
        content: bytes | None = None
        with speaking(str(data.get("language", ""))):
            try:
                printed = print_edition(data, paper)
                state, note, content = "ready", " ".join(printed.notes), printed.content
            except PrintFailed as failure:
                state, note = "failed", failure.sentence
            except (
                Exception
            ) as error:  # a defect must not stop the queue; its text could hold a quote, so only its name
                log.error("a report could not be drawn: %s", type(error).__name__)
                state, note = "failed", _("The report could not be drawn. Open it as a page instead.")

        def write() -> None:
            with self._house.database.transaction() as session:
                session.execute(
                    update(ReportFile).where(ReportFile.id == file_id).values(state=state, note=note, content=content)
                )

        _patiently(write)  # the whole file in one statement: there is never half of one


def _patiently(work: Callable[[], T]) -> T:
    """Do something with the database, again and again while its disk is full or it is away (fault R5)."""
    until = time.monotonic() + ROOM_WITHIN
    while True:
        try:
            return work()
        except OperationalError as error:
            if time.monotonic() > until:
                raise
            log.warning("a report waits for the database: %s", type(error.orig).__name__)
            time.sleep(LOOKS_EVERY)


_queues: WeakKeyDictionary[Database, _Queue] = WeakKeyDictionary()
_queues_lock = threading.Lock()


def _queue_of(house: House) -> _Queue:
    with _queues_lock:
        queue = _queues.get(house.database)
        if queue is None:
            queue = _queues[house.database] = _Queue(house)
        return queue
