"""Attack S12 on one connection: who is slow is cut; and no request can be hidden inside another (smuggling).

Beside our connections stand the web server's own, with the same app: what is cut
here stays there, and what is refused here is obeyed there.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from tests.conftest import ROOT

PATIENCE = 30.0

START = b"POST %s HTTP/1.1\r\nHost: here\r\n"
STAYS = {
    "a body that nobody asked for": START % b"/" + b"Content-Length: 1000\r\n\r\n",
    "a body in chunks that nobody asked for": START % b"/" + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    "a body that stops": START % b"/read" + b"Content-Length: 1000\r\n\r\nab",
    "a body behind an upgrade": START % b"/read" + b"Upgrade: websocket\r\nContent-Length: 1000\r\n\r\nab",
    "a body behind another upgrade": START % b"/read" + b"Connection: upgrade\r\nContent-Length: 1000\r\n\r\nab",
    "no word at all": b"",
    "half a line": b"GET /",
    "headers without an end": b"GET / HTTP/1.1\r\nHost: here\r\nX",
    "an answer that nobody reads": b"GET /long HTTP/1.1\r\nHost: here\r\n\r\n",
}
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: here\r\n\r\n"
TWO_WAYS = {
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n",
    "a length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks under another name": b"Content-Length: 0\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "chunks and another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "a length with an underscore": b"Content-Length: 0_0\r\n\r\n",
    "a length behind a line that is none": b"No header\r\nContent-Length: %d\r\n\r\n",
    "a length behind a space": b"X-Space : 1\r\nContent-Length: %d\r\n\r\n",
    "a header in two lines": b"X-Long: a\r\n Content-Length: %d\r\n\r\n",
    "two hosts": b"Host: there\r\nContent-Length: 0\r\n\r\n",
}


@contextmanager
def listening(whose: str) -> Iterator[int]:
    """Run a line server and give its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.security.line_server", whose], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def ours() -> Iterator[int]:
    with listening("ours") as port:
        yield port


@pytest.fixture(scope="module")
def theirs() -> Iterator[int]:
    with listening("theirs") as port:
        yield port


def begin(port: int, sent: bytes, *, little: bool = False) -> socket.socket:
    """Open a connection, which may take little at a time, and send."""
    connection = socket.socket()
    if little:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", port))
    connection.sendall(sent)
    return connection


def gone(connection: socket.socket) -> bool:
    """Read until the end of a connection; False where it does not end."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        return False
    return True


def reset_without_reading(connection: socket.socket) -> bool:
    """Wait for the end of a connection of which nothing is read; False where it does not end."""
    end = select.poll()
    end.register(connection, 0)
    return bool(end.poll(PATIENCE * 1000))


def all_of(port: int, sent: bytes) -> bytes:
    """Send, say that nothing more comes, and return all that is answered."""
    with closing(begin(port, sent)) as connection:
        connection.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionResetError:
            pass
        return got


def is_open(connection: socket.socket) -> bool:
    """Whether the other side still keeps a connection, now."""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return True
    except ConnectionResetError:
        pass
    return False


@pytest.mark.parametrize("boundary", ["; boundary=b", ""])
def test_a_form_with_a_file_is_no_request_in_two_ways(ours: int, boundary: str) -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"x" * 60_000 + b"\r\n--b--\r\n"
    told = b"Content-Type: multipart/form-data%s\r\nContent-Length: %d\r\n\r\n" % (boundary.encode(), len(form))
    assert all_of(ours, START % b"/read" + told + form).endswith(b"\r\n\r\n" + form)


def test_whoever_is_slow_is_cut_while_the_web_server_alone_would_keep_him(ours: int, theirs: int) -> None:
    with ExitStack() as open_ones:
        kept = {what: open_ones.enter_context(begin(theirs, sent, little=True)) for what, sent in STAYS.items()}
        cut = {what: open_ones.enter_context(begin(ours, sent, little=True)) for what, sent in STAYS.items()}
        assert reset_without_reading(cut.pop("an answer that nobody reads"))
        for what, connection in cut.items():
            assert gone(connection), what
        assert [what for what, connection in kept.items() if not is_open(connection)] == []


def test_who_takes_an_answer_at_all_gets_all_of_it(ours: int) -> None:
    assert len(all_of(ours, b"GET /long HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")) > 4 * 1024 * 1024


def test_a_connection_is_used_again_after_a_body_that_nobody_read(ours: int) -> None:
    first = START % b"/" + b"Content-Length: 5\r\n\r\nhello"
    chunked = START % b"/" + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    last = START % b"/read" + b"Content-Length: 5\r\nConnection: close\r\n\r\nthere"
    got = all_of(ours, first + chunked + last)
    assert got.count(b" 200 ") == 3 and got.endswith(b"there")


def test_far_too_much_is_answered_and_not_read_to_its_end(ours: int) -> None:
    with closing(begin(ours, START % b"/" + b"Content-Length: 10000000000\r\n\r\n")) as connection:
        assert b" 200 " in connection.recv(4096)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            connection.sendall(b"x" * 64 * 1024 * 1024)


@pytest.mark.parametrize("what", TWO_WAYS)
def test_a_request_with_two_ends_is_refused_and_nothing_after_it_read(ours: int, what: str) -> None:
    head = TWO_WAYS[what]
    sent = START % b"/" + (head % len(HIDDEN) if b"%d" in head else head) + HIDDEN
    got = all_of(ours, sent)
    assert got.startswith(b"HTTP/1.1 400 ") and got.count(b"HTTP/1.1") == 1


def test_the_control_obeys_a_hidden_request(theirs: int) -> None:
    taken = []
    for head in TWO_WAYS.values():
        got = all_of(theirs, START % b"/" + (head % len(HIDDEN) if b"%d" in head else head) + HIDDEN)
        taken.append(got.count(b" 200 "))
    assert max(taken) == 2 and sum(count > 0 for count in taken) >= len(TWO_WAYS) - 2


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT"])
def test_a_method_for_proxies_is_refused(ours: int, method: bytes) -> None:
    assert all_of(ours, method + b" / HTTP/1.1\r\nHost: here\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_request_without_headers_is_refused(ours: int) -> None:
    assert all_of(ours, b"GET /\r\n").startswith(b"HTTP/1.1 400 ")


def test_whoever_asks_without_a_pause_keeps_nobody_waiting(ours: int, theirs: int) -> None:
    """A tool with fifty kept connections made every answer of a room take seconds; the web server alone reads on and on."""
    pages, asked = 200, b"GET %s HTTP/1.1\r\nHost: here\r\n"
    begun = []
    for port in (ours, theirs):
        with closing(begin(port, (asked % b"/page" + b"\r\n") * pages)) as greedy:
            assert greedy.recv(1)  # the first page has been answered, and the others lie there
            told = all_of(port, asked % b"/begun" + b"Connection: close\r\n\r\n")
            begun.append(int(told.rpartition(b"\r\n\r\n")[2]))
    assert begun[0] < pages, "one connection after the other"
    assert begun[1] == pages, "the control reads on"
