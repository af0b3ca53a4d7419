"""The ballot box: revisions, the gate, and what is left in the file after the erase."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from workshop.ballots import Ballot, BallotBox, BallotBoxes, Cast
from workshop.errors import WorkshopError

A, B = b"a" * 32, b"b" * 32


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    box = BallotBox(tmp_path / "box.sqlite")
    yield box
    box.close()


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_run_without_a_gate_refuses_an_answer(box: BallotBox) -> None:
    assert box.cast("run", A, 1, "text") == Cast("closed", 0)
    assert box.answered("run") == 0


def test_a_shut_gate_refuses_an_answer_and_says_which_revision_counts(box: BallotBox) -> None:
    box.admit("run")
    box.cast("run", A, 1, "first")
    box.shut("run")
    assert box.cast("run", A, 2, "late") == Cast("closed", 1)
    assert box.read("run") == ["first"]


def test_a_late_old_send_never_brings_a_text_back(box: BallotBox) -> None:
    box.admit("run")
    box.cast("run", A, 1, "regretted")
    box.cast("run", A, 2, None)
    assert box.cast("run", A, 1, "regretted") == Cast("older", 2)
    assert box.read("run") == []


def test_the_same_revision_with_another_body_is_refused(box: BallotBox) -> None:
    box.admit("run")
    box.cast("run", A, 1, "one")
    assert box.cast("run", A, 1, "other") == Cast("older", 1)
    assert box.cast("run", A, 1, None) == Cast("older", 1)


def test_a_retry_of_the_same_answer_is_success_and_one_answer(box: BallotBox) -> None:
    box.admit("run")
    for _ in range(5):
        assert box.cast("run", A, 1, "one") == Cast("saved", 1)
    assert box.answered("run") == 1


def test_withdrawing_leaves_the_count_as_it_was(box: BallotBox) -> None:
    box.admit("run")
    box.cast("run", A, 1, "one")
    box.cast("run", B, 1, "two")
    box.cast("run", A, 2, None)
    assert box.answered("run") == 2
    assert box.read("run") == ["two"]


def test_fifty_sends_at_once_are_one_answer(box: BallotBox) -> None:
    box.admit("run")
    outcomes: list[Cast] = []
    threads = [threading.Thread(target=lambda: outcomes.append(box.cast("run", A, 1, "one"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Cast("saved", 1)] * 50
    assert box.read("run") == ["one"]


def test_many_phones_at_once_are_all_kept(box: BallotBox) -> None:
    box.admit("run")
    threads = [threading.Thread(target=box.cast, args=("run", bytes([n]) * 32, 1, f"answer {n}")) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(box.read("run")) == sorted(f"answer {n}" for n in range(100))


def test_a_second_process_cannot_open_a_box_in_use(box: BallotBox) -> None:
    box.admit("run")
    other = sqlite3.connect(box.path, timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("select * from answer").fetchall()
    other.close()


def test_an_edited_text_is_in_no_file_after_a_checkpoint(box: BallotBox, tmp_path: Path) -> None:
    box.admit("run")
    box.cast("run", A, 1, "CANARY-of-the-first-version")
    box.cast("run", A, 2, "second version")
    box.checkpoint()
    assert b"CANARY-of-the-first-version" not in bytes_of(tmp_path)
    assert b"second version" in bytes_of(tmp_path)


def test_nothing_of_a_run_is_in_the_file_after_the_erase(box: BallotBox, tmp_path: Path) -> None:
    box.admit("run")
    box.admit("other")
    tags = [bytes([n]) * 31 + b"!" for n in range(40)]
    for n, tag in enumerate(tags):
        box.cast("run", tag, 1, f"CANARY-{n}" * 30)
    box.cast("other", A, 1, "stays")
    box.shut("run")
    box.erase("run")
    left = bytes_of(tmp_path)
    assert b"CANARY" not in left
    assert not any(tag in left for tag in tags)
    assert box.read("other") == ["stays"]


def test_a_final_answer_is_not_replaced_but_a_retry_succeeds(box: BallotBox) -> None:
    box.admit("run")
    box.cast("run", A, 1, "first", final=True)
    assert box.cast("run", A, 2, "second", final=True) == Cast("final", 1)
    assert box.cast("run", A, 1, "first", final=True) == Cast("saved", 1)


def test_a_drawn_batch_is_the_same_one_after_a_restart(box: BallotBox, tmp_path: Path) -> None:
    box.admit("run")
    for n in range(10):
        box.cast("run", bytes([n]) * 32, 1, f"text {n}", final=True)
    drawn = sorted(box.take("run", 1, 5))
    box.close()
    again = BallotBox(tmp_path / "box.sqlite")
    assert again.is_marked("run", 1)
    assert sorted(again.take("run", 1, 5)) == drawn
    again.close()


def test_a_settled_batch_is_cut_loose_from_its_tags_which_stay_spent(box: BallotBox) -> None:
    box.admit("run")
    for n in range(10):
        box.cast("run", bytes([n]) * 32, 1, f"text {n}", final=True)
    drawn = set(box.take("run", 1, 5))
    box.settle("run", 1)
    assert set(box.loose("run")) == drawn
    assert box.waiting("run") == 5
    assert box.answered("run") == 10
    spent = [n for n in range(10) if (lying := box.mine("run", bytes([n]) * 32)) and lying.body is None]
    assert {f"text {n}" for n in spent} == drawn
    assert box.cast("run", bytes([spent[0]]) * 32, 2, "again", final=True) == Cast("final", 1)
    assert len(box.read("run")) == 10


def test_a_log_whose_box_is_gone_is_found_and_discarded_too(tmp_path: Path) -> None:
    """A kill between the two: the log holds answers, and no box would ever take it away."""
    box = BallotBox(tmp_path / "session.sqlite")
    box.admit("run")
    box.cast("run", A, 1, "text")
    shutil.copytree(tmp_path, tmp_path / "killed")
    box.close()
    (tmp_path / "killed" / "session.sqlite").unlink()
    assert b"text" in bytes_of(tmp_path / "killed")
    boxes = BallotBoxes(tmp_path / "killed")
    assert boxes.lying() == ["session"]
    boxes.discard("session")
    assert list((tmp_path / "killed").iterdir()) == []


def test_a_discarded_box_leaves_no_file(tmp_path: Path) -> None:
    boxes = BallotBoxes(tmp_path / "boxes")
    boxes.box("live").admit("run")
    boxes.discard("live")
    assert list((tmp_path / "boxes").iterdir()) == []


def test_a_box_can_be_read_by_its_owner_only(box: BallotBox) -> None:
    assert box.path.stat().st_mode & 0o077 == 0


def test_what_is_put_soon_is_told_only_after_the_commit_each_with_its_own_outcome(box: BallotBox) -> None:
    box.admit("run")
    told: list[tuple[bytes, str, int, int]] = []

    def hear(ballot: Ballot) -> None:
        assert not box._db.in_transaction
        told.append((ballot.tag, ballot.outcome().status, ballot.outcome().revision, box.answered("run")))
        raise RuntimeError("one phone's trouble")

    for tag, revision, body, run in (
        (A, 1, "one", "run"),
        (A, 1, "one", "run"),  # the same send twice in one batch
        (A, 2, "two", "run"),
        (A, 1, "one", "run"),  # and once more, late
        (B, 1, None, "run"),
        (B, 1, "late", "not open"),
    ):
        box.put_soon(Ballot(run, tag, revision, body, told=hear))
    assert told == []
    assert box.cast("run", b"c" * 32, 1, "three") == Cast("saved", 1)  # a plain form shares the batch
    gevent.sleep(0.02)
    assert told == [
        (A, "saved", 1, 3),
        (A, "saved", 1, 3),
        (A, "saved", 2, 3),
        (A, "older", 2, 3),
        (B, "saved", 1, 3),
        (B, "closed", 0, 3),
    ]
    assert sorted(box.read("run")) == ["three", "two"]


def test_a_batch_that_the_disk_refuses_is_told_so_and_leaves_nothing(box: BallotBox) -> None:
    box.admit("run")
    refused: list[str] = []

    def hear(ballot: Ballot) -> None:
        with pytest.raises(WorkshopError) as error:
            ballot.outcome()
        refused.append(error.value.code)

    box._db.execute("create temp trigger full before insert on answer begin select raise(abort, 'disk full'); end")
    for tag in (A, B):
        box.put_soon(Ballot("run", tag, 1, "text", told=hear))
    gevent.sleep(0.05)
    assert refused == ["not_stored"] * 2
    box._db.execute("drop trigger full")
    assert box.answered("run") == 0
    assert box.cast("run", A, 1, "text") == Cast("saved", 1)
