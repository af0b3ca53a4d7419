"""How the server is: what keeps it from serving, and figures that count nobody.

Lives here: readiness, and the metrics. Not here: their addresses (`web/health.py`).

A scraper keeps what it reads, with the second at which it read it. So nothing
here may grow when a phone does something: no number of requests, connections,
joins or answers, and no figure of one session (promises 6 and 13). Even open
files are one for each phone; they are told in tenths of what is allowed.
`docs/decisions/0015-figures-that-count-nobody.md` says more.
"""

from __future__ import annotations

import logging
import os
import resource
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from .house import House
from .models import ActivityRun, LiveSession, Mail, ReportFile

LEAST_FREE = 50_000_000  # bytes on the disk; below, SQLite may refuse the next answer

MEGABYTE = 1 << 20

_started = time.time()


class Troubles(logging.Handler):
    """Counts the errors that our own rooms log, by room; the sentences stay in the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        self.seen[record.name.removeprefix("workshop").strip(".").partition(".")[0] or "pages"] += 1


troubles = Troubles()


class Loop:
    """How late the event loop was at worst: a beat every quarter of a second, and the worst of the last minute."""

    BEAT = 0.25
    KEPT = 240  # beats: a minute

    def __init__(self) -> None:
        self._late: list[float] = []

    def beat(self, late: float) -> None:
        """Note that a beat came so many seconds late."""
        self._late = [*self._late[-self.KEPT + 1 :], max(0.0, late)]

    @property
    def worst(self) -> float:
        """Return the worst of the last minute."""
        return max(self._late, default=0.0)


loop = Loop()


class Ear:
    """Whether other processes are heard over Redis. Without it all goes on, a few seconds later."""

    hears = False


ear = Ear()


def problems(house: House) -> list[str]:
    """Return why no request should be sent here, in words for whoever runs this; nothing means ready."""
    found = []
    try:
        with house.database.engine.connect() as connection:
            connection.execute(text("select count(*) from alembic_version"))
    except SQLAlchemyError as error:
        found.append(f"the main database does not answer ({type(error).__name__})")
    folder = house.settings.data_dir
    if not os.access(folder, os.W_OK | os.X_OK):
        found.append("the data folder cannot be written")
    elif (free := _free(folder)) < LEAST_FREE:
        found.append(f"the disk is full ({free // MEGABYTE} MB left)")
    return found


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def figures(house: House) -> tuple[bytes, str]:
    """Return all figures as Prometheus reads them, and their media type."""
    registry = CollectorRegistry()
    registry.register(_Figures(house))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Figures:
    """Reads everything at the moment of asking; nothing is counted along the way of a request."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        """Yield every figure."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        yield _gauge("ready", "1 if requests should be sent here", float(not problems(self._house)))
        yield _gauge("start_time_seconds", "When this process began, in seconds since 1970", round(_started))
        cpu = CounterMetricFamily("unstuck_cpu_seconds", "Processor time of this process")
        cpu.add_metric((), round(usage.ru_utime + usage.ru_stime))
        yield cpu
        yield _gauge("memory_bytes", "Resident memory, in steps of 16 MiB", _steps(_resident(), 16 * MEGABYTE))
        yield _gauge("open_files_ratio", "Share of the allowed open files, in tenths rounded up", _open_files())
        yield _gauge("loop_late_seconds", "Worst delay of the event loop in the last minute", round(loop.worst, 2))
        yield _gauge("disk_free_bytes", "Free where the data lie, in steps of 16 MiB", _steps(
            _free(self._house.settings.data_dir), 16 * MEGABYTE))  # fmt: skip
        if self._house.settings.redis_url:
            yield _gauge("redis_heard", "1 while Redis passes on what other processes change", float(ear.hears))
        errors = CounterMetricFamily("unstuck_errors", "Errors in the log, by room", labels=["room"])
        for room, number in sorted(troubles.seen.items()):
            errors.add_metric((room,), number)
        yield errors
        yield from self._work()

    def _work(self) -> Iterator[Metric]:
        """Yield what waits to be done for staff, and what could not be."""
        try:
            with self._house.database.transaction() as session:
                running = session.scalar(select(func.count()).where(LiveSession.phase == "running"))
                stuck = session.scalar(select(func.count()).where(ActivityRun.state.in_(("closing", "sealed"))))
                mails = _by_state(session, Mail)
                files = _by_state(session, ReportFile)
        except (SQLAlchemyError, sqlite3.Error):
            return  # "ready" says it
        yield _gauge("sessions_running", "Sessions between their start and their end", running or 0)
        yield _gauge("seals_waiting", "Questions that are closing; more than 0 for a minute is trouble", stuck or 0)
        for name, states, present, what in (
            ("mails", ("waiting", "failed"), mails, "Mails"),
            ("reports", ("queued", "rendering", "failed"), files, "PDF files"),
        ):
            family = GaugeMetricFamily(f"unstuck_{name}", f"{what} by state", labels=["state"])
            for state in states:
                family.add_metric((state,), present.get(state, 0))
            yield family


def _by_state(session: Session, table: type[Mail] | type[ReportFile]) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(select(table.state, func.count()).group_by(table.state))}


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"unstuck_{name}", what, value=value)


def _steps(value: int, step: int) -> int:
    return value // step * step


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _open_files() -> float:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        used = sum(1 for _file in Path("/proc/self/fd").iterdir())
    except OSError:
        return 0.0
    return ceil(used / soft * 10) / 10
