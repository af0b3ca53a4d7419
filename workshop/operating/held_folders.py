"""Folders for work in progress that no kill leaves behind for good.

Lives here: making them, and removing those of the dead. Not here: what is written into them (`backups.py`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[str]:
    """Yield a folder that goes at the end; first remove those of others who were killed and could not do that.

    Whoever is at work holds a lock on theirs, and the dead hold none.
    """
    sweep(parent, prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as name, closing(_Held(Path(name))):
        yield name


def sweep(parent: Path, prefix: str) -> None:
    """Remove the folders that begin so and that nobody holds."""
    for left in parent.glob(f"{prefix}*"):
        with suppress(OSError), closing(_Held(left)):
            shutil.rmtree(left)


class _Held:
    """A lock on a folder, let go at the end of the process at the latest; raises OSError where another holds it."""

    def __init__(self, folder: Path) -> None:
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._descriptor)
