"""A second copy of what people asked for their cards, where PostgreSQL may lose the first.

Lives here: the file in the data folder of a process that serves with PostgreSQL.
Not here: what a wish is and how the database keeps it (`receipts.py`).

PostgreSQL's log would keep all wishes in the order in which they came (promise 5),
so that their table is kept out of it. The price: after a crash of PostgreSQL, or
on a standby that takes over, that table is empty. Whoever told a phone "noted" has
it here, in a file that is written anew each time, and gives it back.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from . import receipts
from .ballots import in_a_thread
from .db import Database
from .errors import WorkshopError
from .lasting import to_disk, write_new

NAME = "wishes.json"
EVERY = 10.0  # seconds between two looks whether the database still has them


class NoCopies:
    """SQLite loses nothing that was committed."""

    def note(self, receipt: str, act: str) -> None:
        """Keep a copy of one wish."""

    def give_back(self, database: Database) -> None:
        """Give back to the database what it lost."""


class WishCopies(NoCopies):
    """The copies of one process: hash of a receipt -> what is held."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.RLock()

    def note(self, receipt: str, act: str) -> None:
        """Keep a copy of one wish; it is on the disk when this returns."""
        with self._lock:
            self._write({**self._copied(), receipt: act})

    def give_back(self, database: Database) -> None:
        """Give back to the database what it lost; forget what is of no use any more."""
        with self._lock:
            copied = self._copied()
            if not copied:
                return
            try:
                with database.transaction() as session:
                    of_no_use = receipts.give_back(session, copied)
            except WorkshopError:
                return  # somebody reads all of it just now; the next look comes soon
            if of_no_use:
                self._write({receipt: act for receipt, act in copied.items() if receipt not in of_no_use})

    def _copied(self) -> dict[str, str]:
        try:
            copied: dict[str, str] = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        return copied

    def _write(self, wishes: Mapping[str, str]) -> None:
        """Write a new file and give it the old one's name: never half of it, and nothing of the old one in it."""

        def work() -> None:
            fresh = self._path.with_suffix(".new")
            with suppress(FileNotFoundError):
                fresh.unlink()
            write_new(fresh, json.dumps(wishes, sort_keys=True).encode())
            fresh.replace(self._path)
            to_disk(self._path.parent)

        in_a_thread(work)
