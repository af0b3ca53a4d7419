"""Promise 15, the server's side: a paper is rendered in memory, answered, and neither stored, spooled nor logged.

The words of each request are sixteen random letters, looked for afterwards
wherever something could have been left. Each search is also held against a
renderer that does leave something.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveServer, free_port
from tests.promises.stagehands import add_account, add_guide, canary, files_below, guide_source
from tests.test_reports_pdf import needs_renderer, text_of
from workshop import live_sessions, papers, report_worker
from workshop.house import House
from workshop.models import Base
from workshop.report_worker import Limits, Printed

PATIENT = Limits(seconds=180)


def talk(word: str) -> dict[str, Any]:
    """Return the request for a talk that holds a word in every place that takes words."""
    items = [
        {"part": "concern", "label": word, "lines": [f"{word} because"]},
        {"part": "", "label": word, "lines": [word]},
    ]
    return {"paper": "talk", "size": "A4", "sections": [{"heading": word, "items": items}]}


def composed(word: str) -> dict[str, Any]:
    """Return that talk as it is handed to the child."""
    return papers.compose(papers.read(json.dumps(talk(word)).encode()), "en")


def spellings(word: str) -> list[bytes]:
    """Return how a word may be written in a file."""
    return [word.encode(), word.encode("utf-16-le"), word.encode().hex().encode()]


def holding(word: str, files: dict[str, bytes]) -> list[str]:
    """Return the names of the files that hold a word."""
    return [name for name, data in files.items() if any(form in data for form in spellings(word))]


def rows(house: House) -> bytes:
    """Return all rows of the main database."""
    with house.database.engine.connect() as connection:
        return repr([list(connection.execute(table.select())) for table in Base.metadata.sorted_tables]).encode()


# -- the real server


def link(server: LiveServer, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, str]:
    """Send one request; return status, body and the cookies it set."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        cookies = "; ".join(value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie") or [])
        return answer.status, answer.read(), cookies
    finally:
        connection.close()


@needs_renderer
def test_no_file_no_row_and_no_log_of_the_server_holds_a_word(tmp_path: Path, database_url: str) -> None:
    watched = tmp_path / "temporary"
    watched.mkdir()
    server = LiveServer(tmp_path / "served", free_port(), database_url, {"LOG_LEVEL": "DEBUG", "TMPDIR": str(watched)})
    server.data_dir.mkdir()
    server.start()
    from workshop.db import Database
    from workshop.settings import Settings

    house = House(
        Settings(data_dir=server.data_dir, database_url=database_url, secret_key="unused here"),
        Database(database_url),
        None,  # type: ignore[arg-type]
    )
    new = live_sessions.NewSession(
        guide_id=add_guide(house, guide_source(["text"])), title="Proof", team="", language="en",
        expected=3, leader="Lee", leader_is_manager=False,
    )  # fmt: skip
    live_id = live_sessions.create(house, add_account(house), new)
    with house.database.transaction() as session:
        token = live_sessions.get(session, live_id).join_token
    _status, page, first = link(server, "GET", f"/j/{token}")
    csrf = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert csrf
    form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": first}
    _status, _page, seat = link(server, "POST", f"/j/{token}", b"csrf_token=" + csrf[1], **form)
    jar = f"{first}; {seat}"
    _status, told, _cookies = link(server, "GET", f"/s/{live_id}/notes/token", Cookie=jar)
    headers = {"Content_Type": "application/json", "Cookie": jar, "X_CSRFToken": json.loads(told)["csrf"]}
    address = f"/s/{live_id}/notes/paper"
    words: list[str] = []

    def ask(body: str = "", path: str = address, **changes: str) -> tuple[int, bytes]:
        """Ask for a paper that holds a new word."""
        words.append(canary())
        sent = (body % words[-1] if body else json.dumps(talk(words[-1]))).encode()
        return link(server, "POST", path, sent, **{**headers, **changes})[:2]

    status, content = ask()
    assert status == 200 and words[0] in text_of(content), "nothing was printed, so there was nothing to leave"
    assert holding(words[0], files_below(watched)) == [], "while the child waits for the next one"
    assert ask('{"broken %s')[0] == 400
    assert ask('{"paper": "%s"}')[0] == 400
    assert ask("%s" + "x" * 900_000)[0] == 413
    assert ask(Content_Type="text/plain")[0] == 415
    multipart = (
        '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n%s' + "x" * 600_000 + "\r\n--b--\r\n"
    )
    assert ask(multipart, Content_Type="multipart/form-data; boundary=b")[0] == 415
    assert ask(X_CSRFToken="foreign")[0] == 400
    assert ask(Cookie="")[0] == 404
    assert ask(path=f"/s/{'x' * 22}/notes/paper")[0] == 404
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("alter table live_sessions rename to gone")
    assert ask()[0] in (500, 503)
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("alter table gone rename to live_sessions")

    stored = rows(house)
    house.database.engine.dispose()
    assert server.stop() == 0
    everything = {**files_below(tmp_path), "rows": stored}
    assert "server.log" in everything and live_id.encode() in stored
    assert [word for word in words if holding(word, everything)] == []
    assert files_below(watched) == {}, "the child took its fonts with it"
    assert "Error" in server.log, "the server said nothing at all, so there was nothing to search"


# -- the child


RENDERER = """
import json, os, pathlib, subprocess, sys, time
signs = pathlib.Path({signs!r})
def wait_for(name):
    while not (signs / name).exists():
        time.sleep(0.01)
words = sys.stdin.buffer.read(int(sys.stdin.buffer.readline()))
{leak}
(signs / "read").touch()
wait_for("go on")
print(json.dumps({{"ok": True, "bytes": 5}}), flush=True)
sys.stdout.write("%PDF-"); sys.stdout.flush()
"""
"""A stand-in that has read the words and holds them until it is told to go on."""

HELPER = "import pathlib, sys, time; pathlib.Path(sys.argv[1], 'started').touch(); time.sleep(600)"
START = f"""
kept = subprocess.Popen([sys.executable, "-c", {HELPER!r}, str(signs), *{{words}}], stdout=subprocess.DEVNULL, env={{env}})
wait_for("started")
"""
LEAKS = {
    "nothing": "",
    "the log": "print(words, file=sys.stderr)",
    "a temporary file": "pathlib.Path(os.environ['TMPDIR'], 'spool').write_bytes(words)",
    "a file beside": "pathlib.Path(os.environ['TMPDIR'], '..', 'spool').write_bytes(words)",
    "a command line": START.format(words="[words.decode()]", env="{}"),
    "an environment": START.format(words="[]", env="{'WORDS': words.decode()}"),
}


def family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += family(int(child))
    return found


def visible(pid: int) -> dict[str, bytes]:
    """Return what anybody may read of the processes at work, and of this one."""
    names = [f"/proc/{one}/{what}" for one in [*family(pid), "self"] for what in ("cmdline", "environ")]
    return {name: Path(name).read_bytes() for name in names}


@pytest.mark.parametrize("leak", LEAKS)
def test_while_a_paper_is_made_its_words_are_in_no_file_and_no_process_list(
    leak: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """And a renderer that spools or passes words on is found out: the search would see them."""
    watched, signs, word = tmp_path / "temporary", tmp_path / "signs", canary()
    watched.mkdir()
    signs.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(watched))
    report_worker._press.stop()
    command = [sys.executable, "-c", RENDERER.format(leak=LEAKS[leak], signs=str(signs))]
    made: list[Printed] = []
    printing = threading.Thread(
        target=lambda: made.append(
            report_worker.print_paper(composed(word), "A4", limits=PATIENT, patience=60, command=command)
        )
    )
    printing.start()
    while not (signs / "read").exists():
        time.sleep(0.01)
    child = report_worker._press._child
    assert child is not None
    found = holding(word, {**files_below(tmp_path), **visible(child.pid)})
    (signs / "go on").touch()
    printing.join()
    said = "".join(capfd.readouterr())
    assert bool(found) == (leak not in ("nothing", "the log")), found
    assert [one.content for one in made] == [b"%PDF-"]
    assert word not in said, "what the child says is not kept"
    assert not list(watched.glob("paper-*")), "what it left went with it"


WATCHED_WORKER = """
import os, shutil, sys
kept = {kept!r}
for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
    os.environ[name] = kept
shutil.rmtree = lambda *arguments, **options: None
def watch(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        told = os.open({opened!r}, os.O_RDWR | os.O_APPEND | os.O_CREAT) if str(arguments[0]) != {opened!r} else 0
        if told:
            os.write(told, str(arguments[0]).encode() + b"\\n")
            os.close(told)
sys.addaudithook(watch)
from reports.worker import main
{spool}
sys.exit(main([f"--serve={{kept}}"]))
"""
"""The real worker, with its files left where they are and each one that it opens for writing noted."""

SPOOL = """
import reports.render as render
real = render.render_paper
def leaky(paper, size):
    made = real(paper, size)
    open(os.path.join(kept, "spool"), "wb").write(repr(paper).encode())
    return made
render.render_paper = leaky
"""


@needs_renderer
@pytest.mark.parametrize("spool", ["", SPOOL], ids=["as it is", "leaky"])
def test_the_renderer_writes_fonts_to_the_disk_and_nothing_else(tmp_path: Path, spool: str) -> None:
    kept, opened, word = tmp_path / "kept", tmp_path / "opened", canary()
    kept.mkdir()
    command = [sys.executable, "-c", WATCHED_WORKER.format(kept=str(kept), opened=str(opened), spool=spool)]
    made = report_worker.print_paper(composed(word), "A4", limits=PATIENT, patience=60, command=command)
    assert word in text_of(made.content)
    files = files_below(kept)
    fonts = {name for name, data in files.items() if data[:4] in (b"\x00\x01\x00\x00", b"OTTO", b"true")}
    assert fonts, "the watch sees what is written"
    written = {name for name in opened.read_text().split("\n") if name and name != "/dev/null"}
    assert all(name.startswith(str(kept)) for name in written), written
    assert holding(word, files) == (["spool"] if spool else [])
    others = {name for name in set(files) - fonts if "fontconfig" not in name}
    assert others == ({"spool"} if spool else set())


@needs_renderer
@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux shows a process's memory as a file")
def test_the_process_that_stays_for_the_next_paper_never_read_a_word() -> None:
    word = canary()
    made = report_worker.print_paper(composed(word), "A4", limits=PATIENT, patience=60)
    assert word in text_of(made.content)
    child = report_worker._press._child
    assert child is not None and child.poll() is None
    memory = memory_of(child.pid)
    assert b"IDLE_SECONDS" in memory, "the search sees what is there"
    assert not any(form in memory for form in spellings(word))


def memory_of(pid: int) -> bytes:
    """Return all memory of a process that it can write to."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_rest = line.split()
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                memory.seek(start)
                found.append(memory.read(end - start))
    return b"".join(found)


def test_neither_process_may_leave_a_core_file() -> None:
    code = (
        "import ctypes, json, resource, sys; sys.path.insert(0, '.')\n"
        "from reports import worker\n"
        "worker.limit(1024, 5); worker.leave_no_core()\n"
        "content = json.dumps([resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)])\n"
        "sys.stdin.buffer.readline()\n"
        "sys.stdout.write(json.dumps({'ok': True, 'bytes': 5 + len(content)}) + '\\n%PDF-' + content)\n"
    )
    made = report_worker.print_paper({}, "A4", limits=PATIENT, patience=60, command=[sys.executable, "-c", code])
    assert json.loads(made.content[5:]) == [[0, 0], 0]
    import resource

    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
