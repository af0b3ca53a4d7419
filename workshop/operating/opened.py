"""The installation as a command finds it: its settings, and its main database.

Lives here: opening both. Not here: what is done with them. No ballot box is ever
opened: those belong to the server's process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import WorkshopError
from ..settings import Settings, SettingsError, unusable_folder, user_name

if TYPE_CHECKING:
    from ..db import Database


def settings() -> Settings:
    """Return the settings, with a data folder that is there; what is written from now on is for this user alone.

    Raises SettingsError for root, where the folder is another user's: files of root
    in it would keep the server from its own data.
    """
    found = Settings.from_env(os.environ)
    os.umask(0o077)
    try:
        found.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = found.data_dir.stat().st_uid
    except OSError as error:
        raise SettingsError(unusable_folder(found.data_dir, error)) from error
    if os.geteuid() == 0 and owner != 0:
        raise SettingsError(
            f"DATA_DIR={found.data_dir} belongs to the user {user_name(owner)}, and this runs as root. Run it as the"
            f" service: deploy/unstuck COMMAND, or runuser -u {user_name(owner)} -- env DATA_DIR={found.data_dir} ..."
        )
    return found


@contextmanager
def database() -> Iterator[tuple[Settings, Database]]:
    """Yield the settings and the main database, brought up to this version.

    Raises WorkshopError where a server of an older version is at work on it: its
    statements would not fit any more.
    """
    from ..db import Database

    found = settings()
    _bring_up(found)
    opened = Database(found.database_url)
    try:
        yield found, opened
    finally:
        opened.engine.dispose()


def _bring_up(found: Settings) -> None:
    from ..holding import Taken, hold_all
    from ..migrations import migrate, status
    from .served import refuse_while_served

    now = status(found.database_url)
    if not now.present or not now.missing:
        migrate(found.database_url)
        return
    try:
        with hold_all(found):
            if not found.database_url.startswith("sqlite:"):
                refuse_while_served(found.database_url)
            migrate(found.database_url)
    except Taken as served:
        raise WorkshopError(
            "A server of an older version is running here. Restart it, which brings the database up to this version,"
            " then do this again."
        ) from served


def own_url(found: Settings) -> str:
    """Return the address that a link for staff begins with."""
    return found.base_url or f"http://localhost:{found.port}"
