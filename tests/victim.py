"""The process that dies in the middle of its work, for `tests/deaths.py`.

Run as `python -m tests.victim <folder> <database url> <live id> <work>`. For
each number k on its input it carries out `work` in a child that kills itself right
before its k-th SQL statement on either database (removing a file of a box counts
as one), and prints one line of JSON. A statement before which it dies is one after
which it died, too. What is in folder and database when a number comes is its caller's affair. 0: nobody dies, and the
process itself works and tells its statements; its children find everything compiled.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.promises.stagehands import guide_source, serving_house
from workshop import boards, freezes, jobs, live_sessions, moderation, outbox, retention, seals, themes
from workshop.ballots import BallotBox
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, ActivityRun, Card
from workshop.readings import Command
from workshop.report_worker import Printed

PRINTED = b"%PDF-1.7 all of it"
IMPORTED = guide_source(["text"])
NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
REPORT_DAYS = 100
LATER = date(2030, 1, 1)
"""A day after all terms."""


def mail_settings(port: int) -> dict[str, Any]:
    """Return the settings of a house that sends mail by a server on this machine."""
    return {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "mail_from": "work@example.org"}


def main() -> None:
    folder, url, live_id, work = Path(sys.argv[1]), *sys.argv[2:5]
    for line in sys.stdin:
        at = int(line)
        print(json.dumps(_die_at(folder, url, live_id, work, at) if at else _rehearse(folder, url, live_id, work)))
        sys.stdout.flush()


def _rehearse(folder: Path, url: str, live_id: str, work: str) -> list[str]:
    said: list[str] = []
    house = serving_house(folder, url)
    house.boxes.box(live_id)
    _work(house, live_id, work, lambda: _watch(house, live_id, lambda sql: said.append(_short(sql))))
    house.boxes.close()
    house.database.engine.dispose()
    return said


def _die_at(folder: Path, url: str, live_id: str, work: str, at: int) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live_until(folder, url, live_id, work, at, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        statement = pipe.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended != (-signal.SIGKILL if statement else 0):
        raise SystemExit(f"the victim ended with {ended} before {statement or 'its end'}")
    return statement


def _live_until(folder: Path, url: str, live_id: str, work: str, at: int, writing: int) -> None:
    count = 0

    def statement(sql: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.write(writing, _short(sql).encode())
            os.kill(os.getpid(), signal.SIGKILL)

    house = serving_house(folder, url)
    house.boxes.box(live_id)  # opened before, as in a server that serves the session
    _work(house, live_id, work, lambda: _watch(house, live_id, statement))
    os._exit(0)


def _short(sql: str) -> str:
    return " ".join(sql.split()[:3])  # what follows may be drawn anew each time


def _work(house: House, live_id: str, work: str, begun: Callable[[], None]) -> None:
    do = _prepared(house, live_id, *work.split("@"))
    begun()
    do()


def _prepared(house: House, live_id: str, work: str, port: str = "") -> Callable[[], object]:
    """Return the work, with everything at hand that somebody who starts it has in hand; else a press of this name."""
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        version, guide = live.version, live_sessions.guide_of(live)
        actor = session.scalars(select(Account)).first()
        assert actor is not None
        cards = session.scalars(select(Card.id).join(ActivityRun).where(ActivityRun.live_id == live_id)).all()

    def in_one(do: Callable[[Session], object]) -> None:
        with house.database.transaction() as session:
            do(session)

    def freeze(session: Session) -> None:
        jobs.queue(session, freezes.freeze(session, live_sessions.get(session, live_id), guide, house.clock()))

    def print_all() -> None:
        jobs.print_edition = lambda *_about, **_more: Printed(
            PRINTED
        )  # the file is real elsewhere; here it is the queue
        jobs.resume(house)
        assert jobs.wait(house, 60)

    posting = replace(house, settings=replace(house.settings, **mail_settings(int(port or 0))))
    works: dict[str, Callable[[], object]] = {
        "roll": lambda: seals.roll(house),
        "freeze": lambda: in_one(freeze),
        "floors": lambda: live_sessions.restart_with_floors(house, actor, live_id, 6, 10),
        "hide": lambda: moderation.decide(house, live_id, "q0", Command("hide", tuple(cards[:2])), "Kim"),
        "show": lambda: moderation.show(house, live_id, "q0", "Kim"),
        "theme": lambda: themes.change(house, live_id, "q0", boards.Command("new", tuple(cards[:3]), name="Together")),
        "print": print_all,
        "mail": lambda: outbox.tick(posting),
        "purge": lambda: retention.purge(house.database, REPORT_DAYS, LATER),
        "import": lambda: in_one(lambda session: library.import_guide(session, actor, IMPORTED, "mine.yaml", NOW)),
        "install": lambda: in_one(lambda session: library.install_shipped(session, NOW)),
    }
    return works.get(work, lambda: live_sessions.move(house, "run", live_id, work, "", version))


def _watch(house: House, live_id: str, statement: Callable[[str], None]) -> None:
    boxes = str(house.boxes.folder)

    def removing(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "os.remove" and str(arguments[0]).startswith(boxes):
            statement("remove a box")

    sys.addaudithook(removing)
    box: BallotBox = house.boxes.box(live_id)
    box._db.set_trace_callback(statement)
    engine = house.database.engine
    if engine.dialect.name == "sqlite":

        def connected(connection: sqlite3.Connection, _record: Any) -> None:
            connection.set_trace_callback(statement)

        event.listen(engine, "connect", connected)
        return

    def executing(_link: Any, _cursor: Any, sql: str, *_with: Any) -> None:
        statement(sql)

    def committing(_link: Any) -> None:
        statement("COMMIT")

    event.listen(engine, "before_cursor_execute", executing)
    event.listen(engine, "commit", committing)


if __name__ == "__main__":
    main()
