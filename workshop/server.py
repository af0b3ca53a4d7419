"""The server process: listens, serves, stops politely, and tells where it can be reached.

Lives here: the socket, the limits of one connection, and what is printed at start.
Not here: the app (`create_app`), the command line, and what may be logged (`logs.py`).

gevent must have patched the standard library before this module runs; `app.py`
and `__main__.py` do that first thing.
"""

from __future__ import annotations

import errno
import gc
import io
import logging
import os
import resource
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

import gevent
from flask import Flask
from gevent.event import Event
from gevent.pool import Pool
from gevent.pywsgi import Input, WSGIHandler, WSGIServer

from . import accounts, framing, keepers, logs
from .holding import hold_all
from .settings import Settings, SettingsError
from .turns import Turns
from .words import _

if TYPE_CHECKING:
    from .house import House

log = logging.getLogger(__name__)

BACKLOG = 4096  # 300 phones join within seconds; the kernel's own default drops some
IDLE = 75.0  # seconds a kept connection may wait for its next request
HEADERS_WITHIN = 15.0  # seconds for all headers of a request (slowloris), and for the first word on a connection
SELDOM = (10_000, 20, 20)
"""Objects made between two collections, and collections of each age between two of the next; Python's own are 700,
10 and 10."""
BODY_WITHIN = 60.0  # seconds for the body: at most 1 MiB, or one long poll's worth of answers
LEFT_OVER_WITHIN = 5.0  # seconds for the rest of a body that nobody wanted, after the answer
LEFT_OVER = 2 * 1024 * 1024  # bytes of it: twice what a form may have, so that who sends too much reads the reason
READ_WITHIN = 30.0  # seconds in which a client begins to take an answer: a phone in a tunnel comes out again
SLOWEST = 2048  # bytes a second it has to take then: a tenth of the slowest mobile network


def serve(settings: Settings) -> int:
    """Bring the database up to date, serve until asked to stop, return the exit code."""
    from .operating import backups

    logs.configure(settings.log_level, settings.log_format)
    os.umask(0o077)  # whatever is written here is for this user alone
    # No core file of a server that breaks, however it was started: open answers, texts that were edited, and every
    # phone's cookie lie in its memory.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    lock = hold_all(settings)
    try:
        backups.refuse_half_restored(settings.data_dir)
    except backups.BackupFailed as half:
        lock.close()
        raise SettingsError(half.sentence) from half
    listener = listen(settings)
    settings = replace(settings, port=int(listener.getsockname()[1]))

    app = open_house(settings)
    connections = Pool(raise_descriptor_limit() - 200)  # the rest: databases, boxes, child processes
    server = WSGIServer(listener, app, log=None, error_log=log, handler_class=Connection, spawn=connections)
    gevent.get_hub().print_exception = log_quietly
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, stop.set)
    server.start()
    announce(app, logs.Announced(sys.stdout) if settings.log_format == "json" else sys.stdout)
    settle()
    stop.wait()

    server.stop_accepting()
    app.extensions["realtime"].transport.farewell()
    server.stop(timeout=2)  # who is left here is cut; phones come back by themselves
    house: House = app.extensions["house"]
    house.boxes.close()
    house.database.engine.dispose()
    lock.close()
    return 0


def open_house(settings: Settings) -> Flask:
    """Return the app, its database current, its guides installed, its cut-off work taken up again."""
    from . import check_ins, create_app, jobs, leftovers, passwords, realtime, seals
    from .guides import library
    from .migrations import migrate

    migrate(settings.database_url)
    several = not settings.database_url.startswith("sqlite:")
    app = create_app(settings, several=several)
    house: House = app.extensions["house"]
    if isinstance(house.keepers, keepers.Keepers):
        house.keepers.on_taken = lambda live_id, from_another: seals.take_over(house, live_id, from_another)
        house.keepers.on_lost = house.boxes.discard
        house.keepers.beat()
        for live_id in house.keepers.strays(house.boxes.lying()):
            house.boxes.discard(live_id)
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    house.copies.give_back(house.database)
    seals.recover(house)
    leftovers.take_away(house)
    check_ins.tick(house)  # windows that opened or closed while no server ran
    with app.app_context():  # printing draws with the app's templates
        jobs.resume(house)
    house.database.keep_open()
    realtime.start(app)
    passwords.nobodys_hash()  # made now, or the first unknown user would take twice as long
    return app


def settle() -> None:
    """Let the collector of garbage look at what comes from now on, and seldom.

    Whatever was made up to the start stays. Walking through it, and through all phones of a hall, stops the loop for
    tens of milliseconds each time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def listen(settings: Settings) -> socket.socket:
    """Return the listening socket; raises SettingsError with the line to change."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {settings.port} is taken by another program. Write PORT={settings.port + 1}"
            ) from error
        if error.errno == errno.EACCES:
            raise SettingsError(f"Port {settings.port} needs more rights. Write PORT=8000") from error
        raise SettingsError(f"HOST={settings.host} cannot be listened on. Write HOST=0.0.0.0 or 127.0.0.1") from error
    return listener


def raise_descriptor_limit() -> int:
    """Allow this process as many open files as the system lets it, at most 65536; return the number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


class Connection(WSGIHandler):  # type: ignore[misc]
    """One connection, with limits on how slowly it may talk, and nothing of it in the log."""

    # Two rows: a hall that loads pages must not keep its sockets from opening. One of these costs a tenth of a page.
    pages, sockets = Turns(1), Turns(10)

    def __init__(self, sock: Any, address: Any, server: Any, rfile: Any = None) -> None:
        if over_a_network(sock):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(sock, address, server, rfile)
        self._patience = HEADERS_WITHIN

    def read_requestline(self) -> str:
        """Return the next request's first line; "" ends an idle connection."""
        with gevent.Timeout(self._patience, False):
            line = str(super().read_requestline())
            self._patience = IDLE
            return line
        return ""

    def read_request(self, raw_requestline: str) -> bool:
        """Read the headers, all within their time."""
        with gevent.Timeout(HEADERS_WITHIN, False):
            return bool(super().read_request(raw_requestline))
        return False

    def MessageClass(self, *args: Any) -> Any:
        """Parse the headers; raises ValueError for a request that another server could read differently."""
        headers = super().MessageClass(*args)
        if unclear := framing.unclear(self.request_version, self.command, headers):
            raise ValueError(unclear)
        return headers

    def _connection_upgrade_requested(self) -> bool:
        return framing.wants_websocket(self.command, self.headers)

    def get_environ(self) -> dict[str, Any]:
        """Return the request with a body that may not trickle in for ever."""
        environ: dict[str, Any] = super().get_environ()
        if not self._connection_upgrade_requested():
            self.wsgi_input = environ["wsgi.input"] = Body(environ["wsgi.input"], self.hang_up)
        elif over_a_network(self.socket):
            environ["unstuck.hand_over"] = self.hand_over
        return environ

    def run_application(self) -> None:
        """Answer a request in its turn."""
        (self.sockets if self.environ["PATH_INFO"].startswith("/socket.io") else self.pages).take()
        super().run_application()

    def _sendall(self, data: bytes) -> None:
        """Send a part of an answer, as long as the client goes on taking it."""
        try:
            with gevent.Timeout(READ_WITHIN + len(data) / SLOWEST, BrokenPipeError(errno.EPIPE, "nobody reads it")):
                super()._sendall(data)
        except BrokenPipeError:
            if over_a_network(self.socket):  # or the kernel would go on offering it for ever
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise

    def hang_up(self) -> None:
        """Read no further request from this connection."""
        self.close_connection = True

    def hand_over(self) -> tuple[int, int, bytes]:
        """Give the connection away as (family, descriptor, what was read ahead), and have no more to do with it."""
        sock: Any = self.socket
        self.socket: Any = None
        self.close_connection = True
        sock.settimeout(0)
        ahead = bytes(self.rfile.peek())
        return int(sock.family), int(sock.detach()), ahead

    def log_request(self) -> None:
        """Say nothing of who asked for what."""

    def log_error(self, msg: str, *args: Any) -> None:
        """Say nothing: the parent's messages carry the client's address."""

    def _log_error(self, t: Any, v: Any, tb: Any) -> None:
        if not issubclass(t, (gevent.GreenletExit, OSError)):
            log_quietly(None, t, v, tb)

    def _handle_client_error(self, ex: BaseException) -> tuple[str, bytes]:
        return ("400", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-length: 0\r\n\r\n")


def over_a_network(sock: Any) -> bool:
    """Return whether a connection came by TCP and not through a socket file."""
    return sock.family in (socket.AF_INET, socket.AF_INET6)


class Body:
    """A request body that ends with an error when it takes too long."""

    def __init__(self, inner: Input, hang_up: Callable[[], None] = lambda: None) -> None:
        self._inner = inner
        self._hang_up = hang_up
        self._left = BODY_WITHIN

    def _within(self, read: Any, *arguments: Any) -> Any:
        began = gevent.get_hub().loop.now()
        try:
            with gevent.Timeout(max(0.001, self._left), OSError("the body took too long")):
                return read(*arguments)
        finally:
            self._left -= gevent.get_hub().loop.now() - began

    def read(self, size: int | None = None) -> bytes:
        """Read up to `size` bytes."""
        return bytes(self._within(self._inner.read, size))

    def readline(self, size: int | None = None) -> bytes:
        """Read a line."""
        return bytes(self._within(self._inner.readline, size))

    def readlines(self, hint: Any = None) -> list[bytes]:
        """Read all lines."""
        return list(self._within(self._inner.readlines, hint))

    def _discard(self) -> None:
        """Take what is left of the body off the line before the next request; give the connection up where that is too much.

        The web server calls it after the answer. Without limits, who announces a body and never sends it stays for ever.
        """
        left = LEFT_OVER
        self._left = min(self._left, LEFT_OVER_WITHIN)
        self._inner.send_100_continue_enabled = False
        try:
            while left > 0 and (part := self.read(min(left, 65536))):
                left -= len(part)
        except OSError:
            left = 0
        if left <= 0:
            self._hang_up()

    def __iter__(self) -> Any:
        return iter(self.readline, b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


# What is said at start -------------------------------------------------------------------------------------------


def announce(app: Flask, out: TextIO) -> None:
    """Print the addresses, the QR code for phones, what is missing, and the first link while it is needed."""
    import segno

    from .web.static_files import vendor_missing

    house: House = app.extensions["house"]
    settings = house.settings
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")  # a terminal without these letters must not stop the start
    local = f"http://localhost:{settings.port}"
    phones = settings.public_url
    print(f"\n{settings.brand_name} is open.\n", file=out)
    if settings.base_url:
        print(f"  Address        {settings.base_url}", file=out)
    else:
        print(f"  This computer  {local}", file=out)
    if not settings.base_url and phones != local:
        print(f"  Phones         {phones}   (same network; plain http)\n", file=out)
        if settings.log_format == "text":
            segno.make(phones, error="l").terminal(out, border=2, compact=True)
    elif not settings.base_url:
        print("  Phones         cannot reach it: set HOST=0.0.0.0 and join a network", file=out)
    print(f"\n  Staff          {settings.base_url or local}/staff/", file=out)
    with house.database.transaction() as session:
        first = accounts.create_first_link(session, house.clock())
    if first:
        print("\n  Nobody has an account yet. Create the first one here (works once):", file=out)
        print(f"  {settings.base_url or local}{first}", file=out)
    missing = vendor_missing()
    if missing:
        print(f"\n  Browser files are missing in static/vendor: {', '.join(missing)}.", file=out)
        print("  Without them no page updates by itself. Run: make run  (or python3 tasks.py setup)", file=out)
    print(f"\n  {_('Stop with Ctrl-C.')}\n", file=out, flush=True)


def log_quietly(_context: Any, kind: Any, _value: Any, trace: Any = None) -> None:
    """Log where something broke, not with what: the value may hold an answer, the context an address."""
    where = "".join(traceback.format_list(traceback.extract_tb(trace))) if trace else ""
    log.error("%s in a task of the server\n%s", getattr(kind, "__name__", kind), where)
