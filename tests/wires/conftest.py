"""One server of each kind for all tests of a file: a client that breaks one for the next test is a finding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.wires.clients import Served, served


@pytest.fixture(scope="module")
def direct() -> Iterator[Served]:
    """Run our transport. Whatever the tests of a file did to it, it must not have failed inside."""
    with served("direct") as server:
        yield server
        said = server.stop()
        assert "Traceback" not in said, said


@pytest.fixture(scope="module", params=["direct", "stock"])
def either(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Run each transport in turn, with pings every two seconds."""
    with served(request.param, 2.0) as server:
        yield server
