"""A command that dies at each of its steps on the files of a folder, for `test_backups.py`.

Run as `python -m tests.cli_victim <folder> <argument>...`. For each number k on its
input it runs `workshop <argument>...` in a child that kills itself right before the
k-th step below the folder: opening to write, moving, removing, making. It prints "true" where
the child died, "false" where it came to its end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from workshop import cli
from workshop.operating import backups as _backups  # noqa: F401 - read once, for all children

STEPS = frozenset(
    {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "sqlite3.connect", "shutil.rmtree"}
)


def main() -> None:
    folder, arguments = sys.argv[1], sys.argv[2:]
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(folder, arguments, int(line))
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended not in (-signal.SIGKILL, 0):
            raise SystemExit(f"the command ended with {ended}")
        print(json.dumps(ended != 0), flush=True)


def _run(folder: str, arguments: list[str], at: int) -> None:
    count = 0

    def step(event: str, given: tuple[Any, ...]) -> None:
        nonlocal count
        if event == "open" and not given[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if event in STEPS and any(folder in str(one) for one in given):
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(cli.main(arguments))


if __name__ == "__main__":
    main()
