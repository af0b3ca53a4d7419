"""The guides that come with the product: right, complete, and readable."""

from __future__ import annotations

import re
from typing import Any

import pytest

from workshop import check_ins
from workshop.activities import KINDS
from workshop.guides import library
from workshop.guides.schema import Guide, parse

GUIDES = {name.removesuffix(".yaml"): parse(text, name) for name, text in library.shipped_sources()}
MAIN = GUIDES["getting-unstuck"]
CHECK_IN = parse(check_ins.source(), "check-in.yaml")
SAID = ("title", "purpose", "instruction", "talk", "notes")
NAMES = {"id", "type", "part", "sort", "sources", "paper", "best", "words"}
"""Texts in settings that are no words for people; they are the same in every language."""


def test_the_main_guide_has_the_eight_steps_in_their_order_and_about_ninety_minutes() -> None:
    assert [(step.id, step.minutes) for step in MAIN.steps] == [
        ("arrive", 8),
        ("step-back", 18),
        ("supervisor", 15),
        ("opportunities", 12),
        ("retreat", 12),
        ("one-thing", 10),
        ("decision", 10),
        ("close", 8),
    ]
    assert MAIN.minutes == 93


def test_the_main_guide_asks_what_its_steps_are_for() -> None:
    asked = {activity.id: activity for activity in MAIN.activities}
    assert asked["check-in-word"].release == "rolling"
    assert [name for name, activity in asked.items() if activity.for_ == "manager"] == ["for-our-manager"]
    assert asked["lost-spark"].config.cards == asked["frustrates"].config.cards == 5
    before, after = asked["energy-before"].config, asked["energy-after"].config
    assert before == after, "before and after can only be compared on the same scale"


def test_the_shipped_guides_together_use_every_kind_that_a_first_reader_should_see() -> None:
    used = {activity.kind for guide in GUIDES.values() for activity in guide.activities}
    assert used <= set(KINDS)
    assert {"ranking", "points", "dot_vote", "matrix", "estimate", "statements"} <= used
    assert {"info", "scale", "choice", "open_text", "word_cloud", "worksheet", "actions"} <= {
        activity.kind for activity in MAIN.activities
    }


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        ("team-pulse", 15),
        ("retrospective", 45),
        ("one-to-one-preparation", 30),
        ("town-hall", 30),
        ("think-together", 20),
    ],
)
def test_the_short_guides_keep_their_time(name: str, minutes: int) -> None:
    assert GUIDES[name].minutes == minutes


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_the_file_is_named_after_its_guide(guide: Guide) -> None:
    assert GUIDES[guide.id] is guide


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_every_step_says_what_it_is_for_and_gives_its_facilitator_words_and_notes(guide: Guide) -> None:
    for step in guide.steps:
        assert step.purpose
        assert step.instruction
        assert 60 <= len(step.talk.split()) <= 150, step.id
        assert step.notes


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_the_words_are_plain(guide: Guide) -> None:
    """No exclamation marks anywhere, and sentences that can be read aloud."""
    said = guide.file.model_dump_json()
    assert "!" not in said
    for step in guide.steps:
        for sentence in re.split(r"[.?:]\s+", step.talk):
            assert len(sentence.split()) <= 30, sentence


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_the_german_is_complete_for_everything_a_room_sees_and_hears(guide: Guide) -> None:
    german = guide.localized("de")
    assert german.language == "de"
    english, other = _seen_and_heard(guide), _seen_and_heard(german)
    assert english.keys() == other.keys()
    assert [place for place in english if english[place] == other[place]] == []


@pytest.mark.parametrize("language", ["fr", "es"])
@pytest.mark.parametrize("guide", [MAIN, CHECK_IN], ids=["main", "check-in"])
def test_the_main_guide_and_the_check_ins_questions_are_complete_in_french_and_spanish_too(
    guide: Guide, language: str
) -> None:
    other = guide.localized(language)
    english, theirs = _seen_and_heard(guide), _seen_and_heard(other)
    assert other.language == language and english.keys() == theirs.keys()
    assert [place for place in english if english[place] == theirs[place]] == []


def _seen_and_heard(guide: Guide) -> dict[str, str]:
    seen: dict[str, str] = {"title": guide.title, "summary": guide.summary}
    for step in guide.steps:
        seen.update({f"{step.id}.{key}": getattr(step, key) for key in SAID})
        for activity in step.activities:
            seen.update(_texts(activity.id, {"prompt": activity.prompt, "help": activity.help}))
            seen.update(_texts(activity.id, activity.config.model_dump()))
    return {place: text for place, text in seen.items() if text}


def _texts(place: str, value: Any) -> dict[str, str]:
    if isinstance(value, str):
        return {place: value}
    parts: dict[str, str] = {}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in inner:
        if key not in NAMES:
            parts.update(_texts(f"{place}.{key}", item))
    return parts
