"""Promise 4 where all questions are open at once, for a week: a copy of the box links no two answers of one phone."""

from __future__ import annotations

import random
import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import post
from tests.promises.attackers import BROKEN, Score
from tests.test_check_ins import FIRST, World, choices
from tests.test_check_ins import world as world
from workshop import anonymity, answers, check_ins
from workshop.ballots import BallotBox

PEOPLE, WEEKS = 12, 3


def answered(world: World) -> dict[str, dict[bytes, int]]:
    """Let a new wave of phones answer all questions, one phone after the other; return run -> tag -> phone."""
    live_id = next(one.live_id for one in world.check_ins() if one.state == "open")
    assert live_id
    with world.house.database.transaction() as session:
        asked = check_ins.runs_of(session, live_id)
    told: dict[str, dict[bytes, int]] = {run.id: {} for _item, run in asked}
    for phone in range(PEOPLE):
        secret = anonymity.read_seat(world.house.seat_key, live_id, check_ins.take_seat(world.house, live_id, None))
        assert secret
        for item, run in asked:
            told[run.id][anonymity.tag(secret, run.id)] = phone
            fields = {"choice" if item.kind == "choice" else "value": [choices(random.randrange(60))[item.id]]}
            answers.cast(world.house, live_id, secret, run.id, 1, fields)
    return told


def matched(box: Path, told: dict[str, dict[bytes, int]]) -> Score:
    """Take the answers to each question in the order in which they lie in the file, and put equal places together."""
    data, score = box.read_bytes(), Score(PEOPLE)
    order = [
        [phone for _place, phone in sorted((data.rindex(tag), phone) for tag, phone in tags.items())]
        for tags in told.values()
    ]
    for one, other in pairwise(order):
        score.count(sum(a == b for a, b in zip(one, other, strict=True)), PEOPLE)
    return score


def weeks(world: World, tmp_path: Path) -> Score:
    """Copy the box after the server's clock has struck, in several check-ins; the rest of the week changes nothing."""
    world.at(FIRST)
    live_id = next(one.live_id for one in world.check_ins() if one.state == "open")
    score = Score(PEOPLE)
    for week in range(WEEKS):
        box = world.house.boxes.box(str(live_id))
        box.erase(*box.gates())
        with world.house.database.transaction() as session:
            for _item, run in check_ins.runs_of(session, str(live_id)):
                box.admit(run.id)
        told = answered(world)
        world.house.boxes.checkpoint()
        copy = tmp_path / f"{week}.sqlite"
        copy.write_bytes(box.path.read_bytes())
        assert sqlite3.connect(copy).execute("select count(*) from answer").fetchone() == (PEOPLE * len(told),)
        found = matched(copy, told)
        score.count(found.right, found.links)
    return score


def test_a_copy_of_the_box_does_not_say_which_answers_came_from_one_phone(world: World, tmp_path: Path) -> None:
    score = weeks(world, tmp_path)
    assert score.is_chance(), f"advantage {score.advantage:.3f} over {score.links} links"


def test_somebody_who_thinks_again_leaves_no_number_that_all_their_answers_share(world: World) -> None:
    """One press sends all four; each time it is another step for each. A form that is sent twice changes nothing."""
    world.at(FIRST)
    live_id = str(next(one.live_id for one in world.check_ins() if one.state == "open"))
    phone, seen = world.answer(choices(1)), []
    for number in range(3):
        seen.append(sorted(row[0] for row in world.house.boxes.box(live_id)._fetch("select revision from answer")))
        world.answer(choices(number + 2), phone)
    assert all(len(revisions) == 4 and len(set(revisions)) > 1 for revisions in seen)
    form = {f"{name}-based-on": "0" for name in choices(1)} | {
        f"{name}-answer": said for name, said in choices(1).items()
    }
    other = world.browser()
    url = f"/f/{world.link().token}"
    post(other, f"{url}/begin", page=url)
    assert [post(other, f"{url}/answers", form, page=f"{url}?change=1").status_code for _press in range(2)] == [
        303,
        303,
    ]


def test_a_process_that_was_killed_before_the_clock_struck_leaves_no_order_for_the_next(
    world: World, tmp_path: Path
) -> None:
    world.at(FIRST)
    told, score = answered(world), Score(PEOPLE)
    world.house.boxes.close()  # the rows stay as they came
    live_id = str(next(one.live_id for one in world.check_ins() if one.state == "open"))
    box = world.house.boxes.box(live_id)
    before = matched(box.path, told)
    world.house.boxes.checkpoint()
    after = matched(box.path, told)
    score.count(after.right, after.links)
    assert before.advantage >= BROKEN and score.is_chance()


def test_the_same_thief_links_them_where_rows_lie_as_they_came(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BallotBox, "tidy", BallotBox.checkpoint)
    assert weeks(world, tmp_path).advantage >= BROKEN
