"""`python -m workshop.demo`: play, leave the PDFs, say where they are.

Lives here: pace, time limit and exit code. Not here: the play.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import requests

from ..stopping import unwinding
from .people import DemoFailed
from .play import FAST, PHONES, SLOW, Play
from .report import finish
from .server import ScratchServer

LIMIT = 115
"""Seconds of a fast demo: whatever hangs, it is over within two minutes. A slow one takes as long as it takes."""
PER_PHONE = 5
"""Seconds more for each phone beyond twelve: server and phones share this machine."""

OUT = Path("out")


def main() -> int:
    """Play once; return 0, or 1 with the reason."""
    slow = os.environ.get("SPEED", "").lower() == "slow"
    began = time.monotonic()
    try:
        people = min(1000, max(3, int(os.environ.get("PHONES") or PHONES)))
    except ValueError:
        print("PHONES is a number, such as PHONES=30.", file=sys.stderr)
        return 2
    if not slow:
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(LIMIT + PER_PHONE * max(0, people - PHONES))
    try:
        port = int(os.environ.get("PORT") or 0)
        with unwinding(), ScratchServer(port, os.environ.get("HOST") or "127.0.0.1") as server:
            play = Play(server, SLOW if slow else FAST, _say, people)
            play.prepare()
            play.run()
            _say("The session has ended. Writing the report ...")
            paths = finish(play, OUT)
            play.close()
    except (DemoFailed, requests.RequestException) as reason:
        print(f"The demo failed. {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    finally:
        signal.alarm(0)
    for path in paths:
        _say(str(path.resolve()))
    _say(f"Done in {time.monotonic() - began:.0f} s.")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _too_long(_number: int, _frame: object) -> None:
    raise DemoFailed("It was not over in time.")


if __name__ == "__main__":
    sys.exit(main())
