"""The form made of each kind's own settings: complete, and it takes whatever is typed without breaking."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest

from workshop import previews
from workshop.activities import KINDS
from workshop.errors import NotFound, WorkshopError
from workshop.guides import advice, checks, edits, settings_form
from workshop.guides.settings_form import GAP, with_gaps

HOSTILE = [
    "",
    " ",
    "0",
    "-1",
    "999999999",
    "1.5",
    "twelve",
    "true",
    "x" * 30000,
    "<script>",
    "\0\ud800",
    "__class__",
    "{{ 7*7 }}",
]


def with_one(kind: str) -> tuple[dict[str, Any], str]:
    """Return a guide with a fresh activity of a kind, and its id."""
    data = edits.fresh("Mine", "en")
    step = edits.add_step(data, "Step")
    return data, edits.add_activity(data, step, kind, "What?", settings_form.starter(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_activity_lacks_words_alone(kind: str) -> None:
    data, name = with_one(kind)
    assert all(one.empty for one in advice.of(data)), [one.what for one in advice.of(data)]
    settings = edits.activity_of(data, name)[1].get("settings", {})
    checks.config_of(kind, with_gaps(KINDS[kind].Config, settings))
    assert previews.of(data, name).phone is not None
    assert KINDS[kind].use, "say in one sentence what it is good for"


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_of_a_kind_has_its_field_with_words(kind: str) -> None:
    data, name = with_one(kind)
    controls = settings_form.of_activity(data, name)
    named = {one.path.rsplit(".", 1)[-1] for one in controls}
    assert set(KINDS[kind].Config.model_fields) - checks.NOT_SETTINGS <= named
    assert all(one.label and one.label != one.path for one in settings_form.flat(controls))
    names = [one.name for one in settings_form.flat(controls)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_typed_into_any_field_is_kept_refused_or_found_wrong(kind: str) -> None:
    data, name = with_one(kind)
    for text in HOSTILE:
        for control in list(settings_form.flat(settings_form.of_activity(data, name))):
            with suppress(WorkshopError):
                settings_form.enter(data, control.path, [text])
        assert all(one.part == name and one.what.isprintable() for one in advice.of(data))
        previews.of(data, name, answered=True)
    assert "\0" not in str(data)
    assert len(str(data)) < 30000 * 40


def test_a_field_that_the_form_does_not_have_cannot_be_set() -> None:
    data, name = with_one("choice")
    before = copy.deepcopy(data)
    for path in (
        "g.id", "g.format", f"a.{name}.id", f"a.{name}.kind", f"a.{name}.settings", f"a.{name}.settings.rolling",
        f"a.{name}.settings.for_manager", f"a.{name}.settings.options.option-1.id", "s.nobody.title", "a", "",
    ):  # fmt: skip
        with pytest.raises(NotFound):
            settings_form.enter(data, path, ["x"])
    with pytest.raises(WorkshopError):
        settings_form.enter(data, f"a.{name}.settings.options", ["x"])
    for path in (f"a.{name}.prompt", f"a.{name}.settings.many", "g.title"):
        with pytest.raises(NotFound):
            settings_form.entry_for(data, path)
    assert data == before


def test_a_list_takes_as_many_entries_as_its_kind_allows() -> None:
    data, name = with_one("choice")
    path = f"a.{name}.settings.options"
    for _more in range(10):
        edits.add_entry(data, path, settings_form.entry_for(data, path))
    with pytest.raises(WorkshopError):
        settings_form.entry_for(data, path)
    assert len({one["id"] for one in edits.value_of(data, path)}) == 12


def test_what_is_as_it_is_by_itself_leaves_no_line_in_the_file() -> None:
    data, name = with_one("scale")
    settings_form.enter(data, f"a.{name}.settings.low", ["2"])
    assert edits.activity_of(data, name)[1]["settings"] == {"low": 2}
    settings_form.enter(data, f"a.{name}.settings.low", ["1"])
    assert "settings" not in edits.activity_of(data, name)[1]
    settings_form.enter(data, f"a.{name}.help", [" "])
    assert "help" not in edits.activity_of(data, name)[1]


def test_an_entry_that_becomes_another_thing_forgets_what_means_nothing_to_it() -> None:
    data, name = with_one("worksheet")
    field = f"a.{name}.settings.fields.field-1"
    settings_form.enter(data, f"{field}.label", ["How sure?"])
    settings_form.enter(data, f"{field}.type", ["scale"])
    settings_form.enter(data, f"{field}.low_label", ["Not at all"])
    settings_form.enter(data, f"{field}.type", ["text"])
    assert edits.value_of(data, field) == {"id": "field-1", "type": "text", "label": "How sure?"}
    assert advice.of(data) == []


def test_a_translation_offers_the_words_alone_and_counts_what_lacks() -> None:
    data, name = with_one("choice")
    settings_form.enter(data, f"a.{name}.settings.options.option-1.label", ["Here"])
    edits.add_language(data, "de")
    shown = settings_form.translated(data, "de", settings_form.of_activity(data, name))
    assert [one.type for one in shown] == ["long", "entries"]
    assert settings_form.missing(data, "de") == [
        "g.title", "s.step.title", f"a.{name}.prompt", f"a.{name}.settings.options.option-1.label"
    ]  # fmt: skip
    with pytest.raises(WorkshopError):
        settings_form.enter_word(data, "de", f"a.{name}.settings.many", ["1"])
    settings_form.enter_word(data, "de", f"a.{name}.prompt", ["Was?"])
    assert settings_form.missing(data, "de")[2:] == [f"a.{name}.settings.options.option-1.label"]


def test_advice_names_the_field_as_the_form_does_and_where_it_is() -> None:
    data, name = with_one("choice")
    settings_form.enter(data, f"a.{name}.settings.options.option-1.label", ["x" * 81])
    edits.add_language(data, "de")
    edits.put_word(data, "de", f"a.{name}.settings.options.option-1.label", "y" * 90)
    found = [(one.what, one.field.removeprefix(f"a.{name}."), one.language, one.empty) for one in advice.of(data)]
    assert found[0] == (
        "“Options 1 · What people read” has 81 characters; at most 80 fit.", "settings.options.option-1.label", "", False
    )  # fmt: skip
    assert found[1][1:] == ("settings.options.option-2.label", "", True)
    assert edits.fresh("Mine", "en")["steps"] == []
    assert [one.what for one in advice.of(edits.fresh("Mine", "en"))] == ["There is no step yet. Add the first one."]
    edits.delete(data, name)
    assert [(one.part, one.empty) for one in advice.of(data)] == [("step", True)]


def test_a_preview_shows_gaps_and_made_up_answers_and_nothing_that_is_wrong() -> None:
    data, name = with_one("choice")
    shown = previews.of(data, name)
    assert shown.phone and shown.phone.activity
    assert [one.label for one in shown.phone.activity.config.options] == [GAP, GAP]
    assert shown.phone.activity.result is None
    answered = previews.of(data, name, answered=True)
    assert answered.stage and answered.stage.activity and answered.stage.activity.made_up
    settings_form.enter(data, f"a.{name}.settings.options.option-1.label", ["x" * 81])
    assert previews.of(data, name).phone is None
    assert previews.of(data, "nobody").phone is None
    assert previews.of(edits.fresh("Mine", "en"), "").phone is None
