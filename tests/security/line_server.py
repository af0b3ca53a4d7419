"""Our connections with short limits, and the web server's own beside them, around an app that cares for nothing.

    python -m tests.security.line_server ours|theirs

It prints its port. The kernel's buffers are kept small, so that an answer is
long after some kilobytes.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from collections.abc import Iterable  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
from gevent.event import Event  # noqa: E402
from gevent.monkey import get_original  # noqa: E402
from gevent.pywsgi import WSGIHandler, WSGIServer  # noqa: E402

from workshop import server as house_server  # noqa: E402

SHORT = 1.0
LONG_ANSWER = b"x" * 4 * 1024 * 1024
PAGE_TAKES = 0.005  # seconds of the processor, as a page of ours does

work = get_original("time", "sleep")  # gevent's own would let the others go on meanwhile
begun: list[str] = []


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer: what came (`/read`), much (`/long`), how many pages there were (`/begun`), or a word without having read anything."""
    answer = b"word"
    if environ["PATH_INFO"] == "/page":
        begun.append("page")
        work(PAGE_TAKES)
    elif environ["PATH_INFO"] == "/begun":
        answer = b"%d" % len(begun)
    if environ["PATH_INFO"] == "/read":
        answer = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or -1))
    elif environ["PATH_INFO"] == "/long":
        answer = LONG_ANSWER
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer]


def main(whose: str) -> None:
    for limit in ("HEADERS_WITHIN", "BODY_WITHIN", "LEFT_OVER_WITHIN", "READ_WITHIN"):
        setattr(house_server, limit, SHORT)
    house_server.SLOWEST = len(LONG_ANSWER) // 4  # seconds for a reader on a busy machine
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    handler = {"ours": house_server.Connection, "theirs": WSGIHandler}[whose]
    server = WSGIServer(listener, app, log=None, error_log=None, handler_class=handler)
    gevent.get_hub().print_exception = lambda *_about: None
    stop = Event()
    gevent.signal_handler(signal.SIGTERM, stop.set)
    server.start()
    print(listener.getsockname()[1], flush=True)
    stop.wait()
    server.stop(timeout=0)


if __name__ == "__main__":
    main(sys.argv[1])
