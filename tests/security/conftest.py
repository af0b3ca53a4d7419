"""A running server and a session on it, for those who mean harm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import LiveServer, running
from tests.wire import Inside


@pytest.fixture
def inside(shared_server: LiveServer) -> Iterator[Inside]:
    """Return a session of its own on the file's server."""
    made = Inside.of(running(shared_server))
    yield made
    made.close()
