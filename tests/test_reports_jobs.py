"""The queue of renderings: one at a time, kept bytes, a second try, and a server that stopped in the middle."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from tests.report_world import LATER, add_live, canaries, play, release, texts
from tests.test_reports_pdf import PATIENT, everything_in, needs_renderer, text_of
from workshop import freezes, jobs, live_sessions, report_worker
from workshop.house import House
from workshop.models import Freeze, ReportFile
from workshop.report_worker import Printed, PrintFailed


@pytest.fixture
def freeze_id(app: Flask, house: House) -> str:
    """Return the id of a frozen session of twelve."""
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "help", [{"choice": ["training"]}] * 9 + [{"choice": ["say"]}] * 3)
        return freezes.freeze(db, live, live_sessions.guide_of(live), LATER).id


@pytest.fixture
def printer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Printed]], None]:
    """Return a way to stand in for the child process: the edge of these tests."""

    def use(stand_in: Callable[..., Printed]) -> None:
        monkeypatch.setattr(report_worker, "print_pdf", stand_in)

    return use


def files(house: House, freeze_id: str) -> dict[tuple[str, str], ReportFile]:
    """Return the files of a freeze."""
    with house.database.transaction() as db:
        return {(file.edition, file.paper): file for file in db.query(ReportFile).filter_by(freeze_id=freeze_id)}


def submit(app: Flask, house: House, freeze_id: str) -> None:
    """Queue everything and wait for the end, as a request and a patient reader would."""
    with app.app_context():
        jobs.submit(house, freeze_id)
    assert jobs.wait(house, 300)


def test_a_crash_is_tried_once_more_and_then_said(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None]
) -> None:
    tries: list[tuple[str, str]] = []

    def crash(report: Mapping[str, Any], paper: str, **_options: Any) -> Printed:
        tries.append((report["edition"], paper))
        raise PrintFailed("It crashed.", again=True)

    printer(crash)
    submit(app, house, freeze_id)
    assert sorted(tries) == sorted(2 * list(files(house, freeze_id)))
    assert {(file.state, file.note, file.content) for file in files(house, freeze_id).values()} == {
        ("failed", "It crashed.", None)
    }


def test_a_second_try_that_works_is_a_ready_file(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None]
) -> None:
    tries: set[tuple[str, str]] = set()

    def flaky(report: Mapping[str, Any], paper: str, **_options: Any) -> Printed:
        if (report["edition"], paper) not in tries:
            tries.add((report["edition"], paper))
            raise PrintFailed("Bad luck.", again=True)
        return Printed(b"%PDF-", ("One character has no font.",))

    printer(flaky)
    submit(app, house, freeze_id)
    assert {(file.state, file.note) for file in files(house, freeze_id).values()} == {
        ("ready", "One character has no font.")
    }


def test_missing_libraries_are_said_at_once_with_what_to_install(
    app: Flask, house: House, freeze_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library')")
    real = report_worker.print_pdf
    monkeypatch.setattr(
        report_worker,
        "print_pdf",
        lambda report, paper, **options: real(
            report, paper, extra_path=str(tmp_path), **{**options, "limits": PATIENT}
        ),
    )
    submit(app, house, freeze_id)
    assert {file.state for file in files(house, freeze_id).values()} == {"failed"}
    assert all(report_worker.INSTALL in file.note for file in files(house, freeze_id).values())


def test_a_full_disk_leaves_no_half_of_a_file_and_once_there_is_room_all_are_there(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    printer(lambda *_arguments, **_options: Printed(b"%PDF-whole"))
    monkeypatch.setattr(jobs, "LOOKS_EVERY", 0.01)
    refused: list[str] = []
    seen: set[bytes | None] = set()

    def full(_connection: Any, _cursor: Any, sql: str, *_more: Any) -> None:
        if sql.startswith("UPDATE report_files SET") and "content" in sql and len(refused) < 3:
            refused.append(sql)
            with house.database.engine.connect() as connection:
                seen.update(connection.execute(select(ReportFile.content)).scalars())
            raise OperationalError(sql, None, Exception("database or disk is full"))

    event.listen(house.database.engine, "before_cursor_execute", full)
    submit(app, house, freeze_id)
    assert len(refused) == 3
    assert seen == {None}, "nothing of a file was there while the disk was full"
    assert {(file.state, file.content) for file in files(house, freeze_id).values()} == {("ready", b"%PDF-whole")}


def test_a_defect_in_drawing_fails_one_file_and_does_not_stop_the_queue(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None]
) -> None:
    def broken(report: Mapping[str, Any], paper: str, **_options: Any) -> Printed:
        if paper == "A4":
            raise RuntimeError("a secret text")
        return Printed(b"%PDF-")

    printer(broken)
    submit(app, house, freeze_id)
    states = {paper: file.state for (_edition, paper), file in files(house, freeze_id).items()}
    assert states == {"A4": "failed", "Letter": "ready"}
    assert all("a secret text" not in file.note for file in files(house, freeze_id).values())


def test_only_one_is_printed_at_a_time(app: Flask, house: House, freeze_id: str, printer: Callable[..., None]) -> None:
    at_work, most = 0, 0
    seen = threading.Lock()

    def slow(report: Mapping[str, Any], paper: str, **_options: Any) -> Printed:
        nonlocal at_work, most
        with seen:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.02)
        with seen:
            at_work -= 1
        return Printed(b"%PDF-")

    printer(slow)
    threads = [threading.Thread(target=submit, args=(app, house, freeze_id))]
    for thread in threads:
        thread.start()
    with app.app_context():
        jobs.resume(house)
    for thread in threads:
        thread.join()
    assert most == 1
    assert {file.state for file in files(house, freeze_id).values()} == {"ready"}


def test_a_ready_file_is_never_printed_again(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None]
) -> None:
    printer(lambda *_arguments, **_options: Printed(b"%PDF-first"))
    submit(app, house, freeze_id)
    printer(lambda *_arguments, **_options: Printed(b"%PDF-second"))
    submit(app, house, freeze_id)
    with app.app_context():
        jobs.again(house, freeze_id, "manager", "A4")
    jobs.resume(house)
    assert jobs.wait(house, 60)
    assert {file.content for file in files(house, freeze_id).values()} == {b"%PDF-first"}


def test_a_server_that_stopped_in_the_middle_goes_on_at_the_next_start(
    app: Flask, house: House, freeze_id: str, printer: Callable[..., None]
) -> None:
    printer(lambda *_arguments, **_options: Printed(b"%PDF-"))
    with house.database.transaction() as db:
        db.add(ReportFile(id="half", freeze_id=freeze_id, edition="manager", paper="A4", state="rendering"))
        db.add(ReportFile(id="next", freeze_id=freeze_id, edition="manager", paper="Letter", state="queued"))
        db.add(
            ReportFile(id="gone", freeze_id=freeze_id, edition="facilitator", paper="A4", state="failed", note="No.")
        )
    with app.app_context():
        jobs.resume(house)
    assert jobs.wait(house, 60)
    assert {file.id: file.state for file in files(house, freeze_id).values()} == {
        "half": "ready",
        "next": "ready",
        "gone": "failed",
    }


@needs_renderer
@pytest.mark.parametrize("people", [6, 120])
def test_the_managers_file_holds_no_card_that_may_not_be_quoted(
    app: Flask, house: House, people: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = canaries(people, max(4, people // 2))
    with house.database.transaction() as db:
        live = add_live(db, people=people, words_floor=5)
        guide = live_sessions.guide_of(live)
        play_without_texts(db, live, people)
        release(db, live, "drags", texts(said))
        release(db, live, "tell", texts(said, for_manager=True))
        frozen = freezes.freeze(db, live, guide, LATER)
        data = frozen.editions["manager"]
    monkeypatch.setattr(report_worker, "SECONDS", 180)
    with app.app_context():
        printed = jobs.print_edition(data, "A4")
    inside = everything_in(printed.content)
    words = text_of(printed.content)
    for one in said:
        canary = one.text.split()[0]
        assert one.quotable or (canary not in words and canary.encode() not in inside)
    quoted = {one.text.split()[0] for one in said if one.text.split()[0] in words}
    assert 3 <= len(quoted) <= 12  # at most six under each of the two questions
    assert "What we found" in words and "How to hold the conversation with the team" in words


def play_without_texts(db: Any, live: Any, people: int) -> None:
    """Release the questions of the small guide that have no texts."""
    release(db, live, "mood", [{"value": [str(3 + number % 6)]} for number in range(people)])
    release(db, live, "help", [{"choice": ["training" if number % 4 else "say"]} for number in range(people)])


@needs_renderer
def test_the_same_freeze_gives_the_same_bytes(app: Flask, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_worker, "SECONDS", 180)
    with house.database.transaction() as db:
        live = add_live(db)
        guide = play(db, live, 12)
        freeze_id = freezes.freeze(db, live, guide, LATER).id
    digests = []
    for _time in range(2):
        with house.database.transaction() as db, app.app_context():
            found = db.get(Freeze, freeze_id)
            assert found is not None
            digests.append(hashlib.sha256(jobs.print_edition(found.editions["manager"], "A4").content).hexdigest())
    assert digests[0] == digests[1]


def test_under_gevent_a_rendering_stops_nobody() -> None:
    code = """
from gevent import monkey; monkey.patch_all()
import sys, time, gevent
from workshop.report_worker import print_pdf, PrintFailed
beats = 0
def beat():
    global beats
    while True:
        beats += 1
        gevent.sleep(0.01)
gevent.spawn(beat)
command = [sys.executable, "-c", "import time, sys; sys.stdin.buffer.read(); time.sleep(0.6); sys.exit(1)"]
try:
    print_pdf({}, "A4", command=command)
except PrintFailed:
    pass
print(beats)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=report_worker.ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) >= 10, "the hub stood still while the child worked"
