"""Whether servers are at work on a PostgreSQL that a command is about to change.

Lives here: looking for their sign of life. Not here: giving it (`keepers.py`),
the locks of folders and of SQLite's file (`holding.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

from sqlalchemy import func, inspect, select

from ..db import Database
from ..errors import WorkshopError
from ..keepers import BEAT, GONE
from ..models import Keeper


def refuse_while_served(url: str, pause: Callable[[float], None] = sleep) -> None:
    """Raise WorkshopError where a process goes on saying that it is there: what a command is about to replace is in use.

    One that was just stopped was seen a moment ago, too; whether it is seen again tells.
    """
    database = Database(url)
    newest = select(func.max(Keeper.seen_at))
    try:
        if not inspect(database.engine).has_table(Keeper.__tablename__):
            return  # of a version before there were several
        with database.transaction() as session:
            seen = session.scalar(newest)
            now = session.execute(select(func.now())).scalar_one()  # the only clock that all processes share
            if seen is None or (now - seen).total_seconds() >= GONE:
                return
        pause(2 * BEAT)
        with database.transaction() as session:
            if session.scalar(newest) != seen:
                raise WorkshopError("A server is running on this database. Stop all of them, then do this again.")
    finally:
        database.engine.dispose()
