"""The process that dies in the middle of its work, for `tests/deaths.py`.

Run as `python -m tests.seal_victim <folder> <database url> <live id> <work>`. For
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
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from tests.promises.stagehands import serving_house
from workshop import freezes, jobs, live_sessions, seals
from workshop.ballots import BallotBox
from workshop.house import House
from workshop.models import Account


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
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        version, guide = live.version, live_sessions.guide_of(live)
        actor = session.scalars(select(Account)).first()
        assert actor is not None
    begun()
    if work == "roll":
        seals.roll(house)
    elif work == "freeze":
        with house.database.transaction() as session:
            frozen = freezes.freeze(session, live_sessions.get(session, live_id), guide, house.clock())
            jobs.queue(session, frozen)
    elif work == "floors":
        live_sessions.restart_with_floors(house, actor, live_id, 6, 10)
    else:
        live_sessions.move(house, "run", live_id, work, "", version)


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
