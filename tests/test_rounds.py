"""A question that is asked twice: in the guide's file, on the screens, in the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.promises.stagehands import Room, add_account, add_guide
from workshop import fragments, live_sessions
from workshop.guides import library, schema
from workshop.guides.schema import GuideError
from workshop.house import House
from workshop.models import ActivityRun, LiveSession

OPTIONS = [{"id": name, "label": name.title()} for name in ("left", "right", "ahead")]


def source(*activities: dict[str, Any]) -> str:
    items = [{"prompt": f"Question {i}?", **one} for i, one in enumerate(activities)]
    step = {"id": "s", "title": "S", "minutes": 5, "activities": items}
    return json.dumps({"format": 1, "id": "twice", "title": "Twice", "language": "en", "steps": [step]})


SCALES = ({"id": "q0", "kind": "scale"}, {"id": "q1", "kind": "scale", "again": "q0"})


@pytest.mark.parametrize(
    ("activities", "sentence"),
    [
        (({"id": "a", "kind": "open_text"}, {"id": "b", "kind": "open_text", "again": "a"}), "cannot be asked again"),
        (({"id": "a", "kind": "scale", "again": "b"}, {"id": "b", "kind": "scale"}), "not an earlier activity"),
        (({"id": "a", "kind": "scale", "again": "a"},), "not an earlier activity"),
        (({"id": "a", "kind": "pulse"}, {"id": "b", "kind": "scale", "again": "a"}), "another question"),
        (
            ({"id": "a", "kind": "scale"}, {"id": "b", "kind": "scale", "again": "a", "settings": {"high": 5}}),
            "another question",
        ),
    ],
)
def test_a_second_round_of_something_else_is_refused(activities: tuple[dict[str, Any], ...], sentence: str) -> None:
    with pytest.raises(GuideError) as refused:
        schema.parse(source(*activities), "twice")
    assert sentence in str(refused.value.problems)


def test_labels_may_differ_and_the_guide_is_written_back_as_it_was() -> None:
    text = source(SCALES[0], {**SCALES[1], "settings": {"low": 1, "high": 10, "low_label": "None"}})
    guide = schema.parse(text, "twice")
    assert guide.activity("q1").again == "q0"
    assert schema.parse(schema.dump(guide), "twice").activity("q1").again == "q0"


def test_the_main_guide_asks_for_energy_twice() -> None:
    guide = schema.parse(dict(library.shipped_sources())["getting-unstuck.yaml"], "guide")
    assert guide.activity("energy-after").again == "energy-before"


def session(hall: House, phones: int, *activities: dict[str, Any]) -> Room:
    new = live_sessions.NewSession(
        guide_id=add_guide(hall, source(*activities)), title="T", team="", language="en", expected=12, leader="Lee",
        leader_is_manager=False,
    )  # fmt: skip
    made = Room(hall, live_sessions.create(hall, add_account(hall), new), tuple("x" for _one in activities))
    made.join(phones)
    made.move("start")
    return made


def ask(made: Room, answers: list[dict[str, list[str]]]) -> Any:
    made.ask(list(enumerate(answers)))
    return made.seen()[0].activity


def values(*numbers: int) -> list[dict[str, list[str]]]:
    return [{"value": [str(number)]} for number in numbers]


@pytest.fixture
def hall(house: House) -> House:
    return house


def test_twelve_see_where_both_rounds_stood_and_which_way_it_went(hall: House, app: Any) -> None:
    made = session(hall, 12, *SCALES)
    before = ask(made, values(*[2, 3, 1, 2, 5, 6, 3, 2, 9, 5, 8, 9]))
    assert before.again is None
    assert before.result.people == 12, "the first round is as ever"
    made.move("next")
    after = ask(made, values(*[9, 8, 8, 7, 5, 6, 9, 8, 3, 5, 9, 10]))
    assert after.again.finding == "Higher than the first time"
    assert [band for band, _step in after.again.bands][1] == "high"
    assert after.again.bands[1][1] == "up"
    with app.test_request_context():
        for html in (fragments.stage_result(after), fragments.phone_result(after), fragments.print_block(after)):
            assert "Higher than the first time" in html
            assert "twice__table" in html
    with hall.database.transaction() as session_:
        kept = [run.release for run in session_.query(ActivityRun).filter_by(live_id=made.live_id)]
    assert [set(release["result"]) for release in kept if "moved" in release] == [{"lean", "again", "place"}]


def test_seven_see_bands_alone(hall: House) -> None:
    made = session(hall, 7, *SCALES)
    ask(made, values(1, 2, 1, 2, 1, 2, 1))
    made.move("next")
    after = ask(made, values(9, 8, 9, 10, 9, 8, 9))
    assert after.again.finding == "From “low end” to “high end”"
    assert after.again.bands == (("low", None), ("high", None))


def test_a_second_round_without_its_first_stays_in_words(hall: House) -> None:
    made = session(hall, 12, *SCALES)
    made.move("next")
    after = ask(made, values(*[9, 8, 8, 7, 5, 6, 9, 8, 3, 5, 9, 10]))
    assert (after.again, after.result.again, after.result.people) == (None, True, 0)
    made.move("back")
    before = ask(made, values(*[1] * 6, *[5] * 6))
    assert before.again is None


def test_options_are_compared_in_words_with_their_way(hall: House) -> None:
    first = {"id": "q0", "kind": "choice", "settings": {"options": OPTIONS}}
    made = session(hall, 14, first, {**first, "id": "q1", "again": "q0"})
    answers = ["left"] * 7 + ["right"] * 4 + ["ahead"] * 3
    ask(made, [{"choice": [name]} for name in answers])
    made.move("next")
    after = ask(made, [{"choice": [name]} for name in ["left"] * 3 + ["right"] * 4 + ["ahead"] * 7])
    assert after.again.rows[0][0::2] == ("Left", "some (fewer than before)")
    assert after.again.rows[2] == ("Ahead", "some", "some (more than before)")
    assert not any(char.isdigit() for row in after.again.rows for word in row for char in word)


def test_an_activity_that_was_added_to_the_sessions_own_guide_is_compared_too(hall: House) -> None:
    made = session(hall, 12, SCALES[0])
    ask(made, values(*[3] * 4, *[5] * 4, *[9] * 4))
    with hall.database.transaction() as session_:
        session_.get_one(LiveSession, made.live_id).guide_source = source(*SCALES)
    made.move("next")
    after = ask(made, values(*[3] * 4, *[5] * 4, *[9] * 4))
    assert after.again.finding == "About the same as the first time"
