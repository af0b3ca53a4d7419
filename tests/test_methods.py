"""The library of methods: right, complete, and dropped into any guide without touching the rest of it."""

from __future__ import annotations

from typing import Any

import pytest

from workshop.guides import methods, schema
from workshop.guides.schema import as_yaml

GUIDE: dict[str, Any] = {
    "format": 1,
    "id": "mine",
    "title": "Mine",
    "language": "en",
    "steps": [
        {
            "id": "check-in",
            "title": "Ours",
            "minutes": 3,
            "activities": [{"id": "start", "kind": "info", "prompt": "p"}],
        }
    ],
    "translations": {"de": {"title": "Meins"}, "fr": {"title": "Le mien"}},
}


def parsed(data: dict[str, Any]) -> schema.Guide:
    return schema.parse(as_yaml(data), "mine.yaml")


def test_the_library_begins_with_a_check_in_and_ends_with_a_check_out() -> None:
    assert next(iter(methods.METHODS)) == "check-in"
    assert list(methods.METHODS)[-1] == "check-out"
    assert len(methods.METHODS) >= 9


@pytest.mark.parametrize("name", methods.METHODS)
def test_each_method_says_when_to_use_it_and_what_to_say_in_both_languages(name: str) -> None:
    method = methods.METHODS[name]
    german = method.spoken("de-AT")
    assert method.use != german.use
    assert "!" not in method.guide.file.model_dump_json()
    for step, spoken in zip(method.guide.steps, german.guide.steps, strict=True):
        assert step.purpose != spoken.purpose
        assert step.talk != spoken.talk
        assert step.talk
    for own, other in zip(method.guide.activities, german.guide.activities, strict=True):
        assert own.prompt != other.prompt


@pytest.mark.parametrize("name", methods.METHODS)
def test_a_method_drops_in_twice_with_ids_of_its_own_and_leaves_the_rest_alone(name: str) -> None:
    once, first = methods.put_in(GUIDE, name, 0)
    twice, second = methods.put_in(once, name)
    guide = parsed(twice)
    assert not set(first) & set(second)
    assert GUIDE["steps"][0] in twice["steps"]
    assert len(GUIDE["steps"]) == 1, "what was given stays as it was"
    assert guide.localized("de").step_of("start").title == "Ours"
    for step_id in (*first, *second):
        at = [step.id for step in guide.steps].index(step_id)
        assert guide.steps[at].title != guide.localized("de").steps[at].title


@pytest.mark.parametrize("name", methods.METHODS)
def test_a_method_speaks_the_language_of_the_guide_and_is_translated_back(name: str) -> None:
    german = {**GUIDE, "language": "de", "translations": {"en": {}}}
    data, _ids = methods.put_in(german, name)
    guide = parsed(data)
    method = methods.METHODS[name]
    said = [activity.prompt for activity in guide.activities[1:]]
    assert said == [activity.prompt for activity in method.spoken("de").guide.activities]
    back = [activity.config for activity in guide.localized("en").activities[1:]]
    assert back == [activity.config for activity in method.guide.activities]


def test_energy_before_and_after_goes_around_the_guide_and_asks_the_same_twice() -> None:
    data, _ids = methods.put_in(methods.put_in(GUIDE, "energy-before-after", 0)[0], "energy-before-after", 0)
    guide = parsed(data)
    assert (guide.steps[0].title, guide.steps[-1].title) == ("Where is your energy?", "And your energy now?")
    assert [activity.again for activity in guide.activities if activity.again] == ["energy-before", "energy-before-2"]


def test_steps_for_a_running_session_have_ids_that_are_free_there() -> None:
    (step,) = methods.steps_of("pulse", "de", ["pulse", "energy", "pulse-2"])
    assert (step["id"], step["activities"][0]["id"]) == ("pulse-3", "energy-2")
    assert step["title"] == "Puls"
    assert methods.METHODS["pulse"].guide.steps[0].id == "pulse"
    with pytest.raises(KeyError):
        methods.steps_of("nothing", "en")
