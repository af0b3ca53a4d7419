"""What tools of other people find on a running server: sqlmap (S26), wapiti (S14, S26) and slowhttptest (S12).

Each is bounded to some twenty seconds. Beside our server stands an app that
is as careless as can be: the same command finds its holes, so that finding
nothing here means something. And no tool passes for having tried nothing:
what it says it tried is read. docs/security.md tells of longer runs by hand.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.conftest import SERVER
from tests.wire import PATIENCE, Inside
from workshop.demo import pages

pytestmark = [
    pytest.mark.slow,
    # sqlmap is told which database it meets; the server and its connections are the same on both.
    pytest.mark.skipif(bool(SERVER), reason="the tools are pointed at a server on SQLite"),
]

AT_MOST = 180.0
"""Seconds for a tool that is told to stop after twenty; a machine that runs other tests beside may need longer."""


def tool(folder: Path, *command: str) -> str:
    """Run a tool to its end and return what it printed. It asks nobody, and keeps what it keeps in `folder`."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=AT_MOST,
    )
    return done.stdout


# The careless app --------------------------------------------------------------------------------------------------


class Silent(WSGIRequestHandler):
    """Answers without a line on the terminal."""

    def log(self, kind: str, message: str, *args: Any) -> None:
        """Say nothing."""


def careless(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Look for what was asked with a statement put together from its words, and repeat the words as they came."""
    wanted = parse_qs(environ["QUERY_STRING"]).get("q", ["team"])[0]
    database = sqlite3.connect(":memory:")
    database.executescript("CREATE TABLE team (name TEXT); INSERT INTO team VALUES ('team'), ('other');")
    try:
        rows = [name for (name,) in database.execute(f"SELECT name FROM team WHERE name = '{wanted}'")]
    except sqlite3.Error as error:
        rows = [f"sqlite3.OperationalError: {error}"]
    finally:
        database.close()
    found = "".join(f"<li>{row}</li>" for row in rows) or "<li>Nothing at all was found</li>"
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    form = '<form action="/" method="get"><input name="q"></form>'
    return [f"<!doctype html><title>Teams</title>{form}<p>{wanted}</p><ul>{found}</ul>".encode()]


@contextmanager
def careless_server() -> Iterator[str]:
    """Run the careless app and give its address."""
    server = make_server("127.0.0.1", 0, careless, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# A browser with cookies --------------------------------------------------------------------------------------------


def person(cookie: str = "") -> requests.Session:
    """Return a browser that has these cookies."""
    browser = requests.Session()
    browser.headers["Accept"] = "text/html"
    if cookie:
        name, _equals, value = cookie.partition("=")
        browser.cookies.set(name, value, domain="127.0.0.1", path="/")
    return browser


def with_a_token(browser: requests.Session, page: str) -> requests.Session:
    """Let a browser open a page, so that its cookie holds the secret behind the form tokens."""
    assert browser.get(page, timeout=PATIENCE).ok
    return browser


# sqlmap ------------------------------------------------------------------------------------------------------------


def sqlmap(folder: Path, *where: str) -> str:
    """Run sqlmap. Without `--ignore-stdin` it silently takes its targets from there and tests nothing."""
    return tool(
        folder,
        "sqlmap", "--batch", "--ignore-stdin", "--disable-coloring", "--flush-session", "--skip-waf",
        "--dbms", "SQLite", "--level", "2", "--risk", "1", "--technique", "BE",
        "--ignore-code", "401,404,429",  # a wrong password, a wrong code, and too many of them
        "--skip", "unstuck,user-agent,referer",  # a signed cookie: another value is none
        "--output-dir", str(folder / "sqlmap"), *where,
    )  # fmt: skip


def as_proxies_log(browser: requests.Session, method: str, address: str, body: str = "") -> str:
    """Return one request as the proxy Burp would log it, from which sqlmap takes its targets."""
    parts = urlsplit(address)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.get_dict().items())
    lines = [f"{method} {address.partition(parts.netloc)[2]} HTTP/1.1", f"Host: {parts.netloc}"]
    if cookies:
        lines.append(f"Cookie: {cookies}")
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    rule = "=" * 54
    begins = [rule, f"10:00:00 AM  {parts.scheme}://{parts.netloc}  [127.0.0.1]", rule]
    return "\r\n".join([*begins, *lines, "", body, rule, "", "", "", ""])


def form_of(browser: requests.Session, address: str, **entered: str) -> str:
    """Return what the form with these fields on a page would send, its hidden fields too, as the body of a request."""
    page = browser.get(address, timeout=PATIENCE).text
    form = next(form for form in pages.forms(page) if form.method == "post" and set(entered) <= set(form.values))
    hidden = {name: form.values[name][0] for name in ("csrf_token", "run", "based_on") if name in form.values}
    return urlencode(hidden | entered)


def not_injectable(said: str) -> set[str]:
    """Return the parameters that sqlmap has tried to the end and given up."""
    return set(re.findall(r"(?:GET|POST|Cookie) parameter '(\S+?)' does not seem to be injectable", said))


def injectable(said: str) -> list[str]:
    """Return the parameters that sqlmap holds for open. What it itself unmasks as a false positive is none."""
    return re.findall(r"parameter '(\S+?)' is vulnerable", said) + re.findall(r"^Parameter: (\S+)", said, re.MULTILINE)


def test_sqlmap_finds_no_way_into_the_database(inside: Inside, tmp_path: Path) -> None:
    url, live = inside.server.url, inside.live_id
    console = inside.console()
    inside.ask(console, "stuck")
    console.close()
    phone, staff, stranger = person(inside.seat()), person(inside.signed_in()), person()
    answer = form_of(phone, f"{url}/s/{live}/", **{"text-0": "Meetings"})
    code = form_of(stranger, f"{url}/", code="ABC234")
    sign_in = form_of(stranger, f"{url}/staff/sign-in", email="kim@example.org", password="no matter")
    with_a_token(staff, f"{url}/staff/")
    asked = [
        as_proxies_log(phone, "POST", f"{url}/s/{live}/answer", answer),
        as_proxies_log(staff, "GET", f"{url}/staff/?q=team"),
        as_proxies_log(staff, "GET", f"{url}/staff/sessions/ended?q=team&page=1"),
        as_proxies_log(stranger, "POST", f"{url}/", code),
        as_proxies_log(stranger, "POST", f"{url}/staff/sign-in", sign_in),
    ]
    (tmp_path / "asked.log").write_text("".join(asked), newline="")

    said = sqlmap(tmp_path, "-l", str(tmp_path / "asked.log"))

    assert not_injectable(said) >= {"run", "based_on", "text-0", "q", "page", "code", "email", "password"}, said
    assert not injectable(said), said
    with careless_server() as careless_url:
        found = sqlmap(tmp_path, "-u", f"{careless_url}/?q=team")
    assert "q" in injectable(found), found


# wapiti ------------------------------------------------------------------------------------------------------------

CLASSES = ("sql", "xss", "file", "exec", "crlf", "redirect")


def wapiti(folder: Path, *where: str) -> tuple[str, dict[str, int]]:
    """Run wapiti; return what it printed and how many holes of which class it reports."""
    kept = folder / "wapiti"
    kept.mkdir(exist_ok=True)
    (kept / "apps.json").write_text("{}")  # else it fetches a list of products from the internet
    said = tool(
        folder,
        "wapiti", "--scope", "folder", "--module", ",".join(CLASSES), "--flush-session", "--no-bugreport",
        "--max-scan-time", "6", "--max-attack-time", "2.5", "--verbose", "1",
        "--store-session", str(kept), "--store-config", str(kept),
        "--format", "json", "--output", str(kept / "report.json"), *where,
    )  # fmt: skip
    report = json.loads((kept / "report.json").read_text())
    return said, {name: len(holes) for name, holes in report["vulnerabilities"].items() if holes}


def test_wapiti_finds_no_hole_behind_the_door(inside: Inside, tmp_path: Path) -> None:
    url, live = inside.server.url, inside.live_id
    staff = with_a_token(person(inside.signed_in()), f"{url}/staff/")
    cookie = {"value": staff.cookies["unstuck"], "version": 0, "expires": None, "secure": False, "port": None}
    (tmp_path / "cookies.json").write_text(json.dumps({"127.0.0.1": {"/": {"unstuck": cookie}}}))

    # Only the folder of the session is crawled: in all of /staff/ it would press "Sign out" first.
    said, holes = wapiti(
        tmp_path, "-u", f"{url}/staff/sessions/{live}/", "-s", f"{url}/", "-s", f"{url}/staff/?q=team",
        "--cookie", str(tmp_path / "cookies.json"),
    )  # fmt: skip

    met = re.search(r"Wapiti found (\d+) URLs and forms", said)
    assert met and int(met[1]) > 10, said
    for name in CLASSES:
        assert f"Launching module {name}" in said
    assert re.search(rf"POST {url}/staff/sessions/{live}/\w+", said), "it has sent no form"
    assert staff.get(f"{url}/staff/sessions/{live}/", timeout=PATIENCE, allow_redirects=False).ok, "it was shut out"
    assert not holes, said
    with careless_server() as careless_url:
        _said, found = wapiti(tmp_path, "-u", f"{careless_url}/?q=team")
    assert {"SQL Injection", "Cross Site Scripting"} <= set(found), found


# slowhttptest ------------------------------------------------------------------------------------------------------

WAYS = {"headers": ("-H", "-l", "90"), "body": ("-B", "-l", "20"), "read": ("-X", "-l", "20")}
"""The option and how many seconds at most; with headers it ends by itself, when its last connection is cut off."""
SLOW_ONES = 200
"""Connections of each way; together twice as many as a large room has phones."""


def slowhttptest(folder: Path, way: str, url: str) -> tuple[str, list[tuple[int, ...]]]:
    """Be slow in one of the ways; return what it said, and a row for each second: closed, pending, connected, and
    whether a probe was answered."""
    said = tool(
        folder,
        "slowhttptest", *WAYS[way], "-c", str(SLOW_ONES), "-r", "200", "-i", "5", "-p", "60",
        "-u", url, "-g", "-o", way,
    )  # fmt: skip
    _head, *rows = (folder / f"{way}.csv").read_text().splitlines()
    return said, [tuple(int(number) for number in row.split(",")[1:]) for row in rows]


def descriptors(pid: int) -> int:
    """Return how many files and connections a process holds."""
    return sum(1 for _one in Path(f"/proc/{pid}/fd").iterdir())


def test_slowhttptest_keeps_nobody_out(inside: Inside, tmp_path: Path) -> None:
    url, live, process = inside.server.url, inside.live_id, inside.server.process
    assert process is not None
    console, staff = inside.console(), person(inside.signed_in())
    run = inside.ask(console, "stuck")
    before = descriptors(process.pid)
    seen: dict[str, tuple[str, list[tuple[int, ...]]]] = {}
    slow_ones = [
        threading.Thread(target=lambda way=way: seen.update({way: slowhttptest(tmp_path, way, f"{url}/")}))
        for way in WAYS
    ]
    for thread in slow_ones:
        thread.start()
    wait_until(lambda: descriptors(process.pid) > before + 2 * SLOW_ONES, "the slow ones are there")

    with ThreadPoolExecutor(8) as room:
        assert all(room.map(lambda number: joins_and_answers(inside, run, number), range(24)))
    assert staff.get(f"{url}/staff/sessions/{live}/", timeout=PATIENCE).ok
    assert inside.press(console, "close")["ok"]
    assert any(thread.is_alive() for thread in slow_ones), "the slow ones had gone before everybody was served"
    for thread in slow_ones:
        thread.join()

    assert set(seen) == set(WAYS), "a tool broke off"
    for way, (_said, rows) in seen.items():
        assert max(connected for _closed, _pending, connected, _answered in rows) > SLOW_ONES / 2, way
        assert all(answered for _closed, _pending, _connected, answered in rows), f"{way}: a probe had no answer"
    assert "No open connections left" in seen["headers"][0], "headers without an end were not cut off"
    wait_until(lambda: descriptors(process.pid) <= before + 1, "their descriptors are given back")
    console.close()


def joins_and_answers(inside: Inside, run: str, number: int) -> bool:
    """Open the page of a seat, connect, and answer; return whether the server says it is saved."""
    seat = inside.seat()
    assert person(seat).get(f"{inside.server.url}/s/{inside.live_id}/", timeout=PATIENCE).ok
    phone = inside.phone(seat)
    try:
        return bool(phone.answer(run, 1, f"Meeting {number}")["ok"])
    finally:
        phone.close()


def wait_until(so: Callable[[], bool], what: str) -> None:
    """Wait for something that comes, or fail."""
    deadline = time.monotonic() + 2 * PATIENCE
    while not so():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
