"""Fault R13: the server goes away under a full room, politely and by a power cut, and all come back by themselves.

`make bench ARGS=restart` plays that and says how long it took; here it has to
find everybody at the same question, with the same seat and the same answer.
How spread they come is a figure of the bench: here the machine decides it.
`FAULTS=full` plays 300 phones.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

PHONES = "300" if os.environ.get("FAULTS") == "full" else "40"


@pytest.mark.slow
def test_a_room_whose_server_restarts_or_is_killed_is_whole_again_by_itself() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "bench", "restart", "--phones", PHONES],
        cwd=ROOT, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.count("a phone has its screen again") == 2, played.stdout
