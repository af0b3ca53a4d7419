"""What outlives a power cut: names and bytes that are on the disk before anybody relies on them.

Lives here: waiting for the disk, folders and small files that are there for good. Not here: the databases, which
sync what they write; a file's name is another matter, and lasts once its folder was synced.
"""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: a power cut right after it takes nothing back."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder, with those above it, for this user alone; where it is there already, do nothing."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in missing:
        with suppress(PermissionError):  # one may make a folder where one may not look
            to_disk(one.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file for this user alone: whoever is cut off leaves all of it under this name, or none.

    Raises FileExistsError where there is one; of two who write it at once, one does.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        half = path.with_name(f"{path.name}.half")
        with open(half, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        os.fsync(folder)
    finally:
        os.close(folder)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
