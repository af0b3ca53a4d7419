"""A house without its web, for tests at service level that make thousands of commits."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.stagehands import build_house
from workshop.house import House

MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk that answers at once, where there is one.

    Thousands of commits each wait for the disk (synchronous=FULL stays on). In
    memory that costs nothing, and SQLite writes the very same bytes.
    """
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK)):
        yield tmp_path
        return
    made = Path(tempfile.mkdtemp(prefix="promises-", dir=MEMORY))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def hall(folder: Path, _template: str, request: pytest.FixtureRequest) -> Iterator[House]:
    """Return a house without its web, on a fresh database."""
    if os.environ.get("TEST_DATABASE_URL"):
        url = request.getfixturevalue("database_url")
    else:
        shutil.copy(_template, folder / "main.db")
        url = f"sqlite:///{folder / 'main.db'}"
    made = build_house(folder, url)
    yield made
    made.boxes.close()
    made.database.engine.dispose()
