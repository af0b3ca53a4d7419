"""Seasons of sessions that several promises are held against."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from tests.promises.halls import MEMORY
from tests.promises.season import Season, play
from tests.promises.stagehands import build_house
from workshop.migrations import migrate


def _season(runs: int) -> Season:
    with tempfile.TemporaryDirectory(prefix="season-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as name:
        folder = Path(name)
        migrate(f"sqlite:///{folder / 'main.db'}")
        made = build_house(folder, f"sqlite:///{folder / 'main.db'}")
        try:
            return play(made, folder, runs)
        finally:
            made.boxes.close()
            made.database.engine.dispose()


@pytest.fixture(scope="session")
def season() -> Season:
    """Return 200 questions answered by twelve people each; always on SQLite, whose files can be read."""
    return _season(200)


@pytest.fixture(scope="session")
def long_season() -> Season:
    """Return enough questions for the contract's own bound; see `test_01`."""
    return _season(1100)
