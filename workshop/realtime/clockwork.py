"""What runs by itself in a serving process.

Lives here: the loops and their periods. Not here: what they do.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import gevent
from flask_babel import force_locale
from gevent.event import Event

from .. import (
    breakout_moves,
    check_ins,
    keepers,
    outbox,
    questions,
    rehearsals,
    retention,
    seals,
    simulated_phones,
    wellbeing,
    wish_copies,
)
from ..house import House
from . import notices

if TYPE_CHECKING:
    from . import Realtime

log = logging.getLogger(__name__)

TICK = 1.0  # seconds: timers that close input, seals that are tried again
RIGHTS = 2.0  # seconds: a socket whose right has ended is dead within five (attack S5)
LET_GO = 1.0  # seconds: how long the main database's log may hold what was written, and in which order
POOL = 5.0  # seconds: the fixed tick of the pool mix (promise 2)
ORDER = 60.0  # seconds: the order of questions from the room, at full minutes alone (promise 1)
PLAN = 30.0  # seconds: "minutes behind" on consoles moves without anybody pressing
PURGE = 3600.0  # seconds: terms are days
MAILS = 3.0  # seconds: a mail leaves while its sender still looks at the page
CHECK_INS = 20.0  # seconds: they open and close by days
AGAIN = 60.0  # seconds until a task that goes on failing is told again; operators' alarms look at ten minutes
CHECKPOINT = 20.0  # seconds: an edited text is gone from the log within sixty (promise 7)


def start(house: House, realtime: Realtime) -> None:
    """Start all loops; each survives an error of one round."""

    def rights() -> None:
        for sid in realtime.registry.outdated():
            realtime.transport.drop(sid)

    def plan() -> None:
        for live_id in realtime.registry.steered():
            realtime.coalescer.mark(live_id)

    @contextmanager
    def speaking(language: str) -> Iterator[None]:
        with realtime.coalescer.app.app_context(), force_locale(language):
            yield

    def written(work: Callable[[House], None]) -> Callable[[], None]:
        """Let work that writes sentences down find its translations."""

        def run() -> None:
            with realtime.coalescer.app.app_context():
                work(house)

        return run

    simulated = simulated_phones.SimulatedPhones(house, speaking)
    woken = Event()
    realtime.coalescer.wake = woken.set
    realtime.coalescer.breathe = gevent.sleep

    def pause(seconds: float) -> None:
        woken.wait(seconds)
        woken.clear()

    gevent.spawn(realtime.coalescer.run, pause)
    gevent.spawn(_beat)
    for period, work in (
        (TICK, lambda: seals.tick(house)),
        (TICK, lambda: breakout_moves.tick(house)),
        (TICK, simulated.tick),
        (LET_GO, house.database.let_go),
        (POOL, lambda: seals.roll(house)),
        (ORDER, lambda: questions.refresh(house)),
        (RIGHTS, rights),
        (PLAN, plan),
        (MAILS, written(outbox.tick)),
        (CHECK_INS, written(check_ins.tick)),
        (CHECKPOINT, house.boxes.checkpoint),
        (CHECKPOINT, house.database.empty_log),
        (PURGE, lambda: retention.keep_house(house)),
        (PURGE, lambda: rehearsals.sweep(house)),
        *_among_several(house, realtime),
    ):
        gevent.spawn(_every, period, work)


def _among_several(house: House, realtime: Realtime) -> list[tuple[float, Callable[[], None]]]:
    """Return what runs only where other processes serve the same database."""
    if not isinstance(house.keepers, keepers.Keepers):
        return []
    posted = notices.Notices(house, realtime.coalescer.mark, realtime.registry.followed)
    house.database.on_notice(posted.post)
    posted.start()
    return [
        (keepers.BEAT, house.keepers.pulse),
        (wish_copies.EVERY, lambda: house.copies.give_back(house.database)),
        (notices.BLIND, posted.look),
        (PURGE, house.keepers.tidy),
    ]


def _beat() -> None:
    """Note how late each beat comes: whatever blocks the loop blocks every phone."""
    while True:
        began = monotonic()
        gevent.sleep(wellbeing.Loop.BEAT)
        wellbeing.loop.beat(monotonic() - began - wellbeing.Loop.BEAT)


def _every(period: float, work: Callable[[], None]) -> None:
    told: float | None = None
    while True:
        gevent.sleep(period)
        told = _tried(work, told)


def _tried(work: Callable[[], None], told: float | None, now: Callable[[], float] = monotonic) -> float | None:
    """Do one round; return when its failing was told last, None where it worked.

    A database that is away for an hour fails every task each second. Whoever reads the log then wants the first line,
    not ten thousand.
    """
    try:
        work()
    except Exception as error:  # the next round may work: a locked database, a full disk
        if told is not None and now() - told < AGAIN:
            return told
        frames = traceback.extract_tb(error.__traceback__)
        room = next((Path(frame.filename).stem for frame in frames if frame.filename != __file__), "clockwork")
        log.error("a task of the server's clock failed (%s): %s", room, type(error).__name__)
        return now()
    if told is not None:
        log.info("a task of the server's clock works again")
    return None
