"""The demo's cast: what they say is what the guide asks, and they read pages as browsers do."""

from __future__ import annotations

import pytest

from workshop import cli
from workshop.activities import KINDS
from workshop.demo import pages, room, words
from workshop.demo.play import GUIDE, PHONES, answers_to
from workshop.demo.server import ROOT
from workshop.guides import schema

SOURCE = ROOT / "workshop" / "guides" / f"{GUIDE}.yaml"
ASKED = [a for a in schema.parse(SOURCE.read_text(), SOURCE.name).activities if KINDS[a.kind].asks]


@pytest.mark.parametrize("activity", ASKED, ids=lambda activity: activity.id)
def test_all_twelve_have_an_answer_that_the_kind_accepts(activity: schema.Activity) -> None:
    answers = answers_to(activity)
    assert len(answers) == PHONES
    bodies = [KINDS[activity.kind].clean(activity.config, fields) for fields in answers if fields is not None]
    assert len(bodies) >= 10, "too few to show numbers and print words"


def test_nobody_prepared_words_for_a_question_that_the_guide_does_not_ask() -> None:
    prepared = {*words.TEXTS, *words.WORDS, *words.SCALES, *words.CHOICES, *words.DOTS, *words.THEMES, *words.HEARD}
    assert prepared <= {activity.id for activity in ASKED}


def test_a_form_sends_what_stands_in_it() -> None:
    page = """
      <form method="post" action="/sign-out"><input type="hidden" name="csrf_token" value="a"></form>
      <form method="post" id="f" action="/save">
        <input type="hidden" name="csrf_token" value="b"><input name="title" value="Old &amp; new">
        <textarea name="asks">Two
lines</textarea>
        <select name="floor"><option value="3">3</option><option value="5" selected>5</option></select>
        <input type="checkbox" name="quotes" value="x"><input type="checkbox" name="quotes" value="y" checked>
        <input type="radio" name="manager" value="no" checked><input type="radio" name="manager" value="yes">
        <button name="then" value="draft">Draft</button>
      </form>
    """
    form = pages.forms(page)[1]
    assert form.values == {
        "csrf_token": ["b"],
        "title": ["Old & new"],
        "asks": ["Two\nlines"],
        "floor": ["5"],
        "quotes": ["y"],
        "manager": ["no"],
    }
    assert form.offers["quotes"] == ["x", "y"]
    assert form.buttons == [("then", "draft")]


def test_the_large_button_is_found_even_when_it_asks_first() -> None:
    plain = '<button name="do" value="back">Back</button><button id="primary" name="do" value="next">Next</button>'
    asking = (
        '<details data-key-ask><summary id="primary">Close</summary>'
        '<button name="do" value="close">Yes</button></details>'
    )
    waiting = (
        '<button id="primary" type="button" disabled>One moment</button><button name="do" value="back">Back</button>'
    )
    assert [pages.primary(html) for html in (plain, asking, waiting)] == ["next", "close", ""]


def test_a_room_of_no_phones_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "--phones", "0"]) == 2
    assert "1 to 1000 phones" in capsys.readouterr().err


def test_the_room_is_judged_by_what_95_of_100_waited(capsys: pytest.CaptureFixture[str]) -> None:
    late = room.show("join", [*[0.1] * 96, *[3.0] * 4])
    assert late == 0.1 and "100      100     3000" in capsys.readouterr().out
    assert "runs well here" in room.verdict(late)
    assert "4.2 s" in room.verdict(4.2) and "nothing gets lost" in room.verdict(4.2)
