"""Small changes of a guide: what belongs together stays together, and no change loses or invents anything."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workshop.activities import KINDS
from workshop.errors import NotFound, WorkshopError
from workshop.guides import advice, drafts, edits, methods, schema, settings_form
from workshop.guides.source import read

Data = dict[str, Any]


def a_guide() -> Data:
    """Return a guide with what hangs together: sources, rounds, lists, and words in a second language."""
    return {
        "format": 1,
        "id": "mine",
        "title": "Mine",
        "language": "en",
        "steps": [
            {
                "id": "one",
                "title": "One",
                "minutes": 10,
                "activities": [
                    {"id": "stuck", "kind": "open_text", "prompt": "What?", "cards": 3},
                    {"id": "energy", "kind": "scale", "prompt": "How much?", "settings": {"low_label": "None"}},
                    {
                        "id": "vote",
                        "kind": "choice",
                        "prompt": "Which?",
                        "source": "stuck",
                        "settings": {"options": [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}]},
                    },
                ],
            },
            {
                "id": "two",
                "title": "Two",
                "minutes": 5,
                "activities": [
                    {"id": "rules", "kind": "info", "prompt": "Rules", "settings": {"points": ["First", "Second"]}},
                    {
                        "id": "again",
                        "kind": "scale",
                        "prompt": "And now?",
                        "settings": {"low_label": "None"},
                        "again": "energy",
                    },
                ],
            },
        ],
        "translations": {
            "de": {
                "one": {"title": "Eins"},
                "vote": {"prompt": "Welche?", "settings": {"options": {"a": "Ah", "b": "Beh"}}},
                "rules": {"settings": {"points": ["Erstens", "Zweitens"]}},
            }
        },
    }


def whole(data: Data) -> Data:
    """Check that the data is a guide, and return it."""
    assert advice.of(data) == []
    return data


def test_a_part_that_is_gone_is_said_to_be_gone() -> None:
    for path in ("", "g", "a", "a.b", "s.one", "a.nobody.prompt", "a.vote.settings.options.c.label", "x.one.title"):
        with pytest.raises(NotFound):
            edits.put(a_guide(), path, "x")
    for do in (edits.duplicate, edits.delete, edits.step_of, edits.activity_of):
        with pytest.raises(NotFound):
            do(a_guide(), "nobody")


def test_deleting_takes_along_what_was_built_on_it_and_its_words() -> None:
    data = a_guide()
    edits.delete(data, "one")
    assert [one["id"] for _step, one in edits.activities(data)] == ["rules", "again"]
    assert "again" not in edits.activity_of(data, "again")[1]
    assert set(data["translations"]["de"]) == {"rules"}
    whole(data)
    data = a_guide()
    edits.delete(data, "stuck")
    assert "source" not in edits.activity_of(data, "vote")[1]
    whole(data)


def test_a_copy_has_ids_and_words_of_its_own_and_refers_to_its_own_parts() -> None:
    data = a_guide()
    copied = edits.duplicate(data, "one")
    twin = edits.step_of(data, copied)
    assert [one["id"] for one in twin["activities"]] == ["stuck-2", "energy-2", "vote-2"]
    assert twin["activities"][2]["source"] == "stuck-2"
    assert data["translations"]["de"]["vote-2"] == data["translations"]["de"]["vote"]
    twin["activities"][2]["settings"]["options"][0]["label"] = "Other"
    assert edits.activity_of(data, "vote")[1]["settings"]["options"][0]["label"] == "A"
    whole(data)


def test_moving_past_the_end_of_a_step_goes_into_the_next() -> None:
    data = a_guide()
    edits.move_activity(data, "vote", 1)
    assert edits.activity_of(data, "vote")[0]["id"] == "two"
    assert [one["id"] for one in data["steps"][1]["activities"]] == ["vote", "rules", "again"]
    edits.move_activity(data, "vote", -1)
    assert data == a_guide()
    edits.move_activity(data, "stuck", -1)
    edits.move_step(data, "two", 1)
    assert data == a_guide()  # at the end of the way it stays


def test_a_list_and_its_translations_move_and_go_together() -> None:
    data = a_guide()
    assert edits.move_entry(data, "a.rules.settings.points.0", 1) == "a.rules.settings.points.1"
    assert data["translations"]["de"]["rules"]["settings"]["points"] == ["Zweitens", "Erstens"]
    edits.add_entry(data, "a.rules.settings.points", "Third")
    edits.drop_entry(data, "a.rules.settings.points.0")
    assert edits.value_of(data, "a.rules.settings.points") == ["First", "Third"]
    assert data["translations"]["de"]["rules"]["settings"]["points"] == ["Erstens", "Third"]
    edits.drop_entry(data, "a.vote.settings.options.a")
    assert data["translations"]["de"]["vote"]["settings"]["options"] == {"b": "Beh"}


def test_a_guide_can_be_filled_to_its_limits_and_not_past_them() -> None:
    data = edits.fresh("Mine", "en")
    for _step in range(schema.MAX_STEPS):
        edits.add_step(data, "Step")
    with pytest.raises(WorkshopError):
        edits.add_step(data, "Step")
    with pytest.raises(WorkshopError):
        edits.duplicate(data, data["steps"][0]["id"])
    full = data["steps"][0]["id"]
    for _activity in range(schema.MAX_ACTIVITIES):
        edits.add_activity(data, full, "info", "Read", {})
    other = edits.add_activity(data, data["steps"][1]["id"], "info", "Read", {})
    for refused in (
        lambda: edits.add_activity(data, full, "info", "Read", {}),
        lambda: edits.move_activity(data, other, -1),
        lambda: edits.place_activity(data, other, full, 0),
    ):
        before = copy.deepcopy(data)
        with pytest.raises(WorkshopError):
            refused()
        assert data == before


def test_publishing_names_the_parts_after_their_words_once() -> None:
    data = edits.fresh("Mine", "en")
    step = edits.add_step(data, "")
    activity = edits.add_activity(data, step, "info", "", {})
    edits.add_language(data, "de")
    edits.put(data, f"s.{step}.title", "Über uns")
    edits.put(data, f"a.{activity}.prompt", "Read this")
    edits.put_word(data, "de", f"a.{activity}.prompt", "Lies das")
    assert edits.settle(data) == {step: "ueber-uns", activity: "read-this"}
    assert data["translations"]["de"] == {"read-this": {"prompt": "Lies das"}}
    edits.put(data, "a.read-this.prompt", "Read that")
    assert edits.settle(data) == {}
    whole(data)


WORDS = st.one_of(
    st.sampled_from(
        ["08", "1:30", "no", "~", "0x1F", "1e3", "- a", "key: value", "# no", "'", '"', "\n", " x ", "2026-01-01"]
    ),
    st.text(max_size=30),
)
OPERATION = st.tuples(st.integers(0, 11), st.integers(0, 40), st.integers(-1, 6), WORDS)


@given(st.lists(OPERATION, max_size=25))
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_the_file_says_the_same_as_the_editor(operations: list[tuple[int, int, int, str]]) -> None:
    data = a_guide()
    for what, which, number, text in operations:
        with suppress(WorkshopError):
            _do(data, what, which, number, text)
    reading = read(schema.as_yaml(data), "mine.yaml")
    assert reading.problems == []
    assert reading.data == data
    if not drafts.problems(data):
        guide = schema.parse(schema.as_yaml(data), "mine.yaml")
        assert schema.parse(schema.dump(guide), "mine.yaml").file == guide.file


def _do(data: Data, what: int, which: int, number: int, text: str) -> None:
    """Do one thing that the editor offers, to some part of the guide."""
    steps = [step["id"] for step in edits.steps(data)]
    parts = [*steps, *(one["id"] for _step, one in edits.activities(data))]
    part = parts[which % len(parts)] if parts else ""
    controls = advice.controls_of(data, part)
    every = list(settings_form.flat(controls))
    fields = [one for one in every if one.type not in ("texts", "entries")]
    entries = [box.path for one in every for box in one.boxes]
    if what == 0:
        edits.put(data, f"s.{edits.add_step(data, '', part)}.title", edits.tidy(text, lines=False))
    elif what == 1 and steps:
        kind = list(KINDS)[which % len(KINDS)]
        edits.add_activity(data, steps[which % len(steps)], kind, edits.tidy(text), settings_form.starter(kind))
    elif what == 2:
        edits.duplicate(data, part)
    elif what == 3:
        edits.delete(data, part)
    elif what == 4:
        (edits.move_step if part in steps else edits.move_activity)(data, part, -1 if number < 3 else 1)
    elif what == 5 and part not in steps and steps:
        edits.place_activity(data, part, steps[which % len(steps)], number)
    elif what == 6:
        settings_form.enter(data, fields[which % len(fields)].path, [text])
    elif what == 7:
        settings_form.enter_word(data, "de", fields[which % len(fields)].path, [text])
    elif what == 8 and entries:
        edits.move_entry(data, entries[which % len(entries)], -1 if number < 3 else 1)
    elif what == 9 and entries:
        edits.drop_entry(data, entries[which % len(entries)])
    elif what == 10:
        lists = [one.path for one in every if one.type in ("texts", "entries")]
        for path in lists[:1]:
            edits.add_entry(data, path, settings_form.entry_for(data, path))
    elif what == 11:
        made, _names = methods.put_in(data, list(methods.METHODS)[which % len(methods.METHODS)], number)
        if len(made["steps"]) <= schema.MAX_STEPS:
            data.clear()
            data.update(made)
