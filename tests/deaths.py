"""A session at the moment before some work, and the work cut off before each of its statements.

Lives here: putting everything back as it was, letting a process die, opening what
it left as the next process does. Not here: the dying itself (`victim.py`)
and what has to hold afterwards (`test_seal_survives.py`, `test_work_survives.py`, `test_desk_survives.py`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection

from tests.conftest import ROOT, SERVER, fresh_database
from tests.promises.stagehands import Room, files_below, serving_house
from workshop import leftovers, seals
from workshop.db import Base, Database
from workshop.house import House

ALL = os.environ.get("FAULTS") == "full"


@dataclass
class Scene:
    """What somebody dies in: a data folder, a database, one session. `kept` is how the folder was before."""

    place: Path
    url: str
    live_id: str
    sorts: tuple[str, ...]
    kept: Path = field(init=False)
    _rows: dict[str, list[dict[str, Any]]] = field(init=False, default_factory=dict)
    _database: Database = field(init=False)

    def __post_init__(self) -> None:
        """Keep everything as it is now: a box that is still open has its log beside it."""
        self._database = Database(self.url)  # one for all: what it has compiled serves every death
        self.kept = self.place.with_name("kept")
        shutil.copytree(self.place, self.kept)
        if SERVER:
            with self._database.engine.connect() as connection:
                for table in Base.metadata.sorted_tables:
                    self._rows[table.name] = [dict(row) for row in connection.execute(table.select()).mappings()]

    def set(self) -> None:
        """Put everything back as it was."""
        shutil.rmtree(self.place)
        shutil.copytree(self.kept, self.place)
        if not SERVER:
            return
        with self._database.engine.begin() as connection:
            _leave_alone(connection)
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(table.delete())
            for table in Base.metadata.sorted_tables:
                if self._rows[table.name]:
                    connection.execute(table.insert(), self._rows[table.name])

    def house(self) -> House:
        """Open what is there as the process does that starts again."""
        return serving_house(self.place, self.url, self._database)

    def started(self) -> House:
        """Open it, and do what a server does at its start."""
        house = self.house()
        seals.recover(house)
        leftovers.take_away(house)
        return house

    def another(self) -> House:
        """Open it as another process that finds the first one gone for good, and let that take the session over."""
        with self._database.engine.begin() as connection:
            connection.execute(text("update keepers set seen_at = now() - interval '1 minute'"))
        elsewhere = self.place.with_name("elsewhere")
        shutil.rmtree(elsewhere, ignore_errors=True)
        elsewhere.mkdir()
        house = serving_house(elsewhere, self.url, self._database)
        house.keepers.hold(self.live_id)
        return house

    def room(self, house: House) -> Room:
        """Return the session as its people see it."""
        return Room(house, self.live_id, self.sorts)

    def box_bytes(self) -> bytes:
        """Return every byte in the folder of the ballot boxes."""
        return b"".join(files_below(self.place / "ballots").values())

    def deaths(self, work: str, *, every: bool = not SERVER) -> Iterator[str]:
        """Let somebody die before each statement of the work in turn; yield the statement, and "" when all was done.

        What the dead one left lies in the scene meanwhile. Without `every`, as on
        PostgreSQL, only the deaths right before and after something was made durable,
        unless all are asked for: between two of those everybody leaves the same.
        """
        with _Victim(self, work) as victim:
            self.set()
            statements = [*victim.rehearse(), ""]
            for at, before in enumerate(statements, start=1):
                if not every and not ALL and before and not any(map(_lasts, statements[max(0, at - 2) : at])):
                    continue
                self.set()
                assert victim.die_at(at) == before
                yield before

    def let_go(self) -> None:
        """Close what is open of the database."""
        self._database.engine.dispose()


Maker = Callable[[Callable[[House], Room]], Scene]


@contextmanager
def scenes(folder: Path, template: str) -> Iterator[Maker]:
    """Give a maker of scenes out of a function that plays up to the moment before."""
    with ExitStack() as stack:

        def make(play: Callable[[House], Room]) -> Scene:
            place = folder / "place"
            place.mkdir()
            house = serving_house(place, stack.enter_context(fresh_database(template, place)))
            played = play(house)
            house.database.engine.dispose()
            made = Scene(place, house.settings.database_url, played.live_id, played.sorts)
            house.boxes.close()
            stack.callback(made.let_go)
            return made

        yield make


def _lasts(statement: str) -> bool:
    """Return whether what was done is there for good after this statement."""
    return statement.lower().startswith(("commit", "vacuum", "pragma wal_checkpoint", "remove"))


def _leave_alone(connection: Connection) -> None:
    """Wait for the end of whoever died in a transaction: PostgreSQL learns of it a moment later."""
    connection.execute(
        text(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null"
            " and backend_type = 'client backend'"
        )
    )


class _Victim:
    """The process whose children die; use it as a context."""

    def __init__(self, scene: Scene, work: str) -> None:
        self._command = [
            sys.executable, "-W", "error", "-m", "tests.victim", str(scene.place), scene.url, scene.live_id, work
        ]  # fmt: skip

    def __enter__(self) -> _Victim:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def rehearse(self) -> list[str]:
        """Let the work be done; return its statements."""
        return list(self._ask(0))

    def die_at(self, number: int) -> str:
        """Let a child die before its statement of this number; return the statement, "" where it did not get there."""
        return str(self._ask(number))

    def _ask(self, number: int) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        assert said, "the victim itself has ended"
        return json.loads(said)

    def __exit__(self, *_about: object) -> None:
        self._process.kill()
        self._process.communicate()
