"""The process that dies in the middle of a seal, for `test_seal_survives.py`.

Run as `python -m tests.seal_victim <template> <out> <work>`: copies the
template folder again and again, carries out `work` ("close" or "roll") on the
copy in a child that kills itself right before its k-th SQL statement on either
database, for k = 1, 2, ... until a child lives to the end. Prints one line of
JSON per copy. A statement before which it dies is one after which it died, too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.promises.stagehands import build_house
from workshop import live_sessions, seals
from workshop.ballots import BallotBox
from workshop.house import House


def main() -> None:
    template, out, work = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    live_id = (template / "live_id").read_text()
    at = 0
    while True:
        at += 1
        folder = out / f"{work}-{at}"
        shutil.copytree(template, folder)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _die_at(folder, live_id, work, at, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            statement = pipe.read()
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if killed not in (-signal.SIGKILL, 0):
            raise SystemExit(f"the victim ended with {killed} instead of being killed")
        print(json.dumps({"folder": str(folder), "killed": bool(killed), "before": statement}), flush=True)
        if not killed:
            return


def _die_at(folder: Path, live_id: str, work: str, at: int, writing: int) -> None:
    count = 0

    def statement(sql: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.write(writing, " ".join(sql.split())[:60].encode())
            os.kill(os.getpid(), signal.SIGKILL)

    house = build_house(folder, f"sqlite:///{folder / 'main.db'}")
    house.boxes.box(live_id)  # opened before, as in a server that serves the session
    with house.database.transaction() as session:
        version = live_sessions.get(session, live_id).version
    _watch(house, live_id, statement)
    if work == "close":
        live_sessions.move(house, "run", live_id, "close", "", version)
    else:
        seals.roll(house)
    os._exit(0)


def _watch(house: House, live_id: str, statement: Callable[[str], None]) -> None:
    box: BallotBox = house.boxes.box(live_id)
    box._db.set_trace_callback(statement)

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.set_trace_callback(statement)

    event.listen(house.database.engine, "connect", connected)


if __name__ == "__main__":
    main()
