"""The peer in Python: Flask-SocketIO as its documentation shows it, doing the same durable work.

Lives here: the least that a careful author would write, like `node/server.mjs`.
Not here: anything of `workshop`, our transport least of all.

    python -m bench.stock PORT FOLDER KEY LIVE
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import hmac  # noqa: E402
import json  # noqa: E402
import sqlite3  # noqa: E402
import sys  # noqa: E402
from base64 import urlsafe_b64decode  # noqa: E402
from http.cookies import SimpleCookie  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402
from gevent.event import AsyncResult  # noqa: E402

from bench.peer_seats import SEAT, mac  # noqa: E402

GATHER = 0.003  # seconds, as in our server
SCHEMA = """
    pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on;
    create table gate (run text primary key, open integer not null) without rowid;
    create table answer (run text, tag blob, revision integer, body text, primary key (run, tag)) without rowid;
    create table step (live text primary key, version integer) without rowid;
    insert into gate values ('run', 1);
"""
UPSERT = """
    insert into answer values (?, ?, ?, ?) on conflict (run, tag)
    do update set revision = excluded.revision, body = excluded.body where excluded.revision > revision
"""
STEP = "insert into step values (?, 1) on conflict (live) do update set version = version + 1 returning version"


def main(port: int, folder: Path, key: str, live: str) -> None:
    """Serve until killed."""
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="gevent", cors_allowed_origins="*", manage_session=False)
    database = sqlite3.connect(folder / "peer.sqlite", isolation_level=None, check_same_thread=False)
    database.executescript(SCHEMA)
    secrets: dict[str, bytes] = {}
    waiting: list[tuple[str, bytes, int, str, AsyncResult]] = []

    def commit() -> None:
        gevent.sleep(GATHER)
        batch = waiting.copy()
        waiting.clear()
        database.execute("begin immediate")
        open_ = {run: database.execute("select open from gate where run = ?", (run,)).fetchone() for run, *_ in batch}
        rows = [(run, tag, revision, body) for run, tag, revision, body, _done in batch if open_[run]]
        database.executemany(UPSERT, rows)
        database.execute("commit")
        for run, *_rest, done in batch:
            done.set(bool(open_[run]))

    @socketio.on("connect")  # type: ignore[untyped-decorator]
    def connect(auth: Any) -> bool | None:
        if not isinstance(auth, dict) or auth.get("live") != live:
            return False
        if auth.get("audience") == "console":
            return None
        secret = seat(request.headers.get("Cookie", ""), key, live)
        if secret is None:
            return False
        secrets[request.sid] = secret  # type: ignore[attr-defined]
        join_room(live)
        return None

    @socketio.on("disconnect")  # type: ignore[untyped-decorator]
    def disconnect(*_reason: object) -> None:
        secrets.pop(request.sid, None)  # type: ignore[attr-defined]

    @socketio.on("answer")  # type: ignore[untyped-decorator]
    def answer(payload: Any) -> dict[str, Any]:
        secret = secrets[request.sid]  # type: ignore[attr-defined]
        run, revision, fields = payload["run"], payload["revision"], payload["fields"]
        value = int(fields["value"][0])
        if not isinstance(revision, int) or revision < 1 or not 1 <= value <= 10:
            return {"ok": False}
        done: AsyncResult = AsyncResult()
        if not waiting:
            gevent.spawn(commit)
        tag = hmac.digest(secret, run.encode(), "sha256")
        waiting.append((run, tag, revision, json.dumps({"value": value}), done))
        return {"ok": done.get(), "revision": revision}

    @socketio.on("move")  # type: ignore[untyped-decorator]
    def move(payload: Any) -> dict[str, Any]:
        version = database.execute(STEP, (live,)).fetchone()[0]
        screen = {"boot": "peer", "seq": version, "key": "step", "version": version, "html": payload["html"]}
        emit("screen", screen, to=live)
        return {"ok": True, "version": version}

    print("ready", flush=True)
    socketio.run(app, host="127.0.0.1", port=port)


def seat(header: str, key: str, live: str) -> bytes | None:
    """Return T of a valid seat, or None."""
    morsel = SimpleCookie(header).get(SEAT)
    secret, _dot, given = morsel.value.partition(".") if morsel else ("", "", "")
    raw = urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    return raw if hmac.compare_digest(given, mac(key, live, raw)) else None


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
