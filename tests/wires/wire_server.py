"""A server with a transport and nothing of a workshop, for the tests beside it.

    python -m tests.wires.wire_server direct|stock|bare [seconds between pings, and to join within [most strangers]]

`bare` is Flask-SocketIO as it comes, for controls. It prints its port. The
kernel's buffers are kept small, so that a reader is slow after some kilobytes.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import logging  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from flask import Flask  # noqa: E402
from flask_socketio import SocketIO  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

from workshop.realtime import transport  # noqa: E402
from workshop.realtime.direct import engine  # noqa: E402
from workshop.server import BACKLOG, Connection  # noqa: E402

KERNEL_BUFFER = 16 * 1024


def wired(app: Flask, kind: str, pings: float) -> Any:
    """Return the transport of that name on `app`."""
    engine.JOINS_WITHIN = pings
    transport.PING_INTERVAL = transport.PING_TIMEOUT = pings  # type: ignore[assignment]
    if kind == "bare":
        return transport._Stock(SocketIO(app, async_mode="gevent", cors_allowed_origins=[], http_compression=False))
    return getattr(transport, kind)(app)


def main(kind: str, pings: float) -> None:
    logging.basicConfig(level=logging.WARNING)
    app = Flask(__name__)
    made = wired(app, kind, pings)
    inside: list[str] = []

    def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        if not isinstance(auth, dict) or auth.get("deny"):
            return False
        made.enter(sid, str(auth.get("room", "hall")))
        inside.append(sid)
        return True

    def flood(sid: str, asked: dict[str, Any]) -> int:
        for number in range(asked["count"]):
            made.emit("wave", {"number": number, "pad": "x" * asked["size"]}, str(asked.get("room", "hall")))
        return int(asked["count"])

    def slowly(sid: str, said: Any) -> Any:
        gevent.sleep(0.05)
        return said

    def boom(sid: str, said: Any) -> None:
        raise RuntimeError("a handler with a fault")

    def at_once(sid: str, said: Any, reply: Any) -> bool:
        if said == "boom":
            raise RuntimeError("a shortcut with a fault")
        if said == "not mine":
            return False
        gevent.spawn(reply, {"short": said})
        return True

    made.on("connect", connect)
    made.on("disconnect", lambda sid, *_reason: inside.remove(sid) if sid in inside else None)
    made.on("echo", lambda sid, said=None, *rest: said)
    made.on("slowly", slowly)
    made.on("boom", boom)
    made.on("short", lambda sid, said: {"long": said})
    made.shortcut("short", at_once)
    made.on("flood", flood)
    made.on("inside", lambda sid, _said=None: len(inside))
    made.on("drop", lambda sid, _said=None: made.drop(sid))

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    server = WSGIServer(listener, app, log=None, error_log=logging.getLogger("wires"), handler_class=Connection)
    stop = Event()
    gevent.signal_handler(signal.SIGTERM, stop.set)
    server.start()
    print(listener.getsockname()[1], flush=True)
    stop.wait()
    server.stop_accepting()
    made.farewell()
    server.stop(timeout=1)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        engine.MOST_STRANGERS = int(sys.argv[3])
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20.0)
