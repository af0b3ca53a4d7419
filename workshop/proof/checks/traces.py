"""Promise 6: no clocks, no addresses, no connections, at the most talkative level.

Lives here: mischief that makes a server talk, and the search of everything after it has stopped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Date, DateTime, Time
from sqlalchemy.dialects import sqlite

from ...models import Base
from .. import evidence
from ..sorts import canary, fields_for, spellings
from ..verdicts import Finding, count
from . import World

STAFF_CLOCKS = frozenset(
    [
        "keepers",
        "accounts",
        "staff_sessions",
        "staff_links",
        "session_invitations",
        "session_remotes",
        "guides",
        "live_sessions",
        "freezes",
        "deliveries",
        "mails",
    ]
)
"""Tables whose clock times are of staff, their own presses and letters, or a serving process's beat every few seconds.

A time in any other would be a participant's."""


def mischief(world: World) -> Iterator[Finding]:
    """Let marked phones do everything wrong, so that the log has something to say."""
    room = world.room(["text"], 4)
    run_id = room.open()
    for number, phone in enumerate(room.phones):
        browser, typed = phone.browser, [canary() for _wrong in range(4)]
        for path in (
            "/nowhere",
            "/s/nobody/",
            "/stage/none",
            "/ABCDEF",
            "/static/0/none.css",
            "/socket.io/?EIO=3",
            "/staff/",
        ):
            browser.get(path)
        browser.ask("PUT", "/", b"")
        browser.ask("POST", f"/s/{room.live_id}/answer", f"run={run_id}&text-0={typed[0]}".encode())
        page = f"/s/{room.live_id}/"
        browser.post(f"{page}answer", {"run": "none", "based_on": "0", "text-0": typed[1]}, page=page)
        browser.post(f"{page}answer", {"run": run_id, "based_on": "x", "text-0": typed[2] * 200}, page=page)
        browser.ask("POST", f"{page}answer", b'{"broken', "application/json")
        assert phone.socket is not None
        for payload in ({}, {"run": run_id, "revision": "x"}, {"run": [7], "fields": {"text-0": typed[3]}}):
            phone.socket.call("answer", payload)
        phone.send(run_id, fields_for("text", typed[3]))
        world.words += typed
        if number % 2:
            phone.leave()
            phone.connect()
    room.press("close")
    world.done(room)
    yield from ()


def clocks(world: World) -> Iterator[Finding]:
    """Read from the code which columns hold a time, and whose it is."""
    found = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if (
            isinstance(column.type, DateTime | Time)
            or (re.search(r"(_at|_time|_on|stamp)$", column.name) and not isinstance(column.type, Date))
        )
        and column.type.compile(sqlite.dialect()) != "DATE"
        and table.name not in STAFF_CLOCKS
    ]
    rows = evidence.rows(world.scratch.house.database.engine)
    stamped = [
        f"{table}: {value}"
        for table, lines in rows.items()
        if table not in STAFF_CLOCKS
        for line in lines
        for name, value in line.items()
        if name != "hidden_number" and isinstance(value, str) and re.search(r"\d\d:\d\d:\d\d|[12]\d{18}$", value[:200])
    ]
    yield count(
        "clocks", 6, "thief of the database", "a time finer than a day beside anything of a participant's",
        [*found, *stamped], sum(map(len, rows.values())), "rows",
    )  # fmt: skip


def after_the_stop(world: World) -> Iterator[Finding]:
    """Stop the server, and search every file, row and line of the log for marks, secrets and words."""
    world.scratch.stop()
    files = world.scratch.files()
    secrets = [form for secret in world.secrets for form in spellings(secret)]
    marks = [mark for mark in world.marks if mark]
    whole = b"\n".join(files.values())
    hits: list[object] = [mark for mark in dict.fromkeys(marks) if mark.encode() in whole]
    hits += [form for form in secrets if form in whole]
    yield count(
        "marks", 6, "thief of files and logs", "an address, a browser, a cookie, a seat, a secret or a connection of a phone, in any file",
        hits, len(marks) + len(secrets) if world.scratch.log else 0, f"marks in {len(files)} files",
    )  # fmt: skip
    log = world.scratch.log.decode("utf-8", "replace")
    told = [word for word in dict.fromkeys(world.words) if word in log]
    told += re.findall(r"\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d", log)
    yield count(
        "log", 6, "thief of logs", "a word that somebody sent, or a clock, in the log at DEBUG", told, len(log.splitlines()), "lines"
    )  # fmt: skip


CHECKS: tuple[Any, ...] = (mischief, clocks)
