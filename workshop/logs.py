"""What may be logged, and how a line looks.

Lives here: levels, the loggers of others that are silenced, and the two forms of
a line. Not here: what is said. No form carries a time, an address, a connection's
id or a text that somebody wrote (promise 6): the service manager that collects
the lines adds a time where it is wanted.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from typing import TextIO

from . import wellbeing

SILENT = ("engineio", "socketio", "geventwebsocket", "simple_websocket", "werkzeug", "flask-limiter", "sqlalchemy")
"""Loggers of others that would write addresses, sids or rows (promise 6)."""


class Plain(logging.Formatter):
    """One line for people: level, room, sentence."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: object) -> str:
        """Return where something broke, not with what: the value of an exception may hold an answer."""
        return _where(ei)


class Lines(logging.Formatter):
    """One JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return level, room and sentence; after an exception also its kind and where it was raised."""
        said = {"level": record.levelname, "logger": record.name}
        said["message"], _newline, where = record.getMessage().partition("\n")
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = record.exc_info[0].__name__
            where = _where(record.exc_info)
        if where:
            said["where"] = where.strip()
        return json.dumps(said, ensure_ascii=False)


class Announced(io.StringIO):
    """What the start prints for people, as lines for a program: whatever collects them must not stumble over words."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def flush(self) -> None:
        """Write what has come so far."""
        for line in self.getvalue().splitlines():
            if line.strip():
                said = {"level": "INFO", "logger": "workshop.server", "message": " ".join(line.split())}
                print(json.dumps(said, ensure_ascii=False), file=self._out, flush=True)
        self.seek(0)
        self.truncate()


def configure(level: str, form: str = "text") -> None:
    """Log our own words at `level` and others' warnings, as `form` says: text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines() if form == "json" else Plain())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    ours = logging.getLogger("workshop")
    ours.setLevel(level)
    if wellbeing.troubles not in ours.handlers:
        ours.addHandler(wellbeing.troubles)
    for name in SILENT:
        silent = logging.getLogger(name)
        silent.handlers = [logging.NullHandler()]
        silent.propagate = False
        silent.setLevel(logging.CRITICAL + 1)


def _where(exc_info: object) -> str:
    if not isinstance(exc_info, tuple) or exc_info[0] is None:
        return ""
    return f"{exc_info[0].__name__}\n" + "".join(traceback.format_list(traceback.extract_tb(exc_info[2])))
