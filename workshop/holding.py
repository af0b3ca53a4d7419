"""One server to one data folder, and to one SQLite database.

Lives here: the locks that say so, for the server and for commands that need it
stopped. Not here: which process keeps which live session (`keepers.py`).
"""

from __future__ import annotations

import fcntl
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from .lasting import make_folder, to_disk
from .settings import Settings, SettingsError, unusable_folder


class Taken(SettingsError):
    """Another server holds it."""


def hold_all(settings: Settings) -> ExitStack:
    """Hold the data folder, and a SQLite database that lies outside it; raises SettingsError where another has either.

    Two servers with one database and a folder each would have two boxes for one question, and whoever closes it seals
    one of them.
    """
    url = make_url(settings.database_url)
    database = Path(str(url.database)).resolve()
    with ExitStack() as held:
        held.enter_context(hold(settings.data_dir))
        if url.get_backend_name() == "sqlite" and database.parent != settings.data_dir.resolve():
            of_its_own = database.with_name(f"{database.name}.serving")
            for path in (of_its_own, database.with_name("serving")):
                if path is of_its_own or path.exists():  # somebody's data folder
                    held.enter_context(
                        _held(path, f"the database {database}. Stop it, or give each its own DATABASE_URL")
                    )
        return held.pop_all()


def hold(data_dir: Path) -> IO[str]:
    """Make the data folder and hold it for this process; raises SettingsError where another one serves it.

    A ballot box belongs to one process (ANONYMITY.md, "The ballot box").
    """
    try:
        make_folder(data_dir)
        for folder in (data_dir, data_dir.parent):  # also what somebody made who was killed before it was on the disk
            with suppress(PermissionError):
                to_disk(folder)
    except OSError as error:
        raise SettingsError(unusable_folder(data_dir, error)) from error
    return _held(data_dir / "serving", f"{data_dir}. Stop it, or write DATA_DIR=another-folder")


def _held(path: Path, where: str) -> IO[str]:
    try:
        make_folder(path.parent)
        lock = path.open("w")
    except OSError as error:
        raise SettingsError(unusable_folder(path.parent, error)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        lock.close()
        raise Taken(f"Another server is already running on {where}") from taken
    return lock
