"""Whatever a file holds, reading it gives a guide or a GuideError, and nothing else."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from workshop.guides.library import shipped_sources
from workshop.guides.schema import Guide, GuideError, dump, parse

SHIPPED = dict(shipped_sources())
TREES_OF = {name: yaml.safe_load(text) for name, text in SHIPPED.items()}
NAMES = st.sampled_from(sorted(SHIPPED))
unhurried = effort(deadline=None)  # time is bounded by the limits of the format, not by a clock
KEYS = st.sampled_from(
    [
        *("format", "id", "title", "language", "summary", "steps", "translations", "minutes", "activities", "kind"),
        *("prompt", "settings", "cards", "release", "for", "source", "options", "label", "points", "text", "de", "low"),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | KEYS
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=30
)


def check(error: GuideError) -> None:
    assert error.problems
    assert all(problem.line >= 1 and problem.what and str(problem).isprintable() for problem in error.problems)
    assert error.sentence.encode()


def read(text: str | bytes) -> Guide | None:
    try:
        guide = parse(text, "fuzz.yaml")
    except GuideError as error:
        check(error)
        return None
    for language in guide.languages:
        assert len(guide.localized(language).activities) == len(guide.activities)
    assert parse(dump(guide), "again.yaml") == guide
    return guide


@unhurried
@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    read(content)


@unhurried
@given(st.text(max_size=400))
@example("a: !!python/object/apply:os.system [id]")
@example('"\\ud800": x')
@example('? "\\0"\n: 1')
@example("&a [*a, *a]")
@example("{" * 1000)
@example("%YAML 1.2\n---\na: 1\n...\n%TAG ! x\n--- !foo\n")
def test_any_text(content: str) -> None:
    read(content)


@unhurried
@given(
    st.lists(st.sampled_from([*"[]{}:,-?&*!|>'\"%@`#~ \n\tab1\\", "<<", "---", "...", "!!", ": ", "- "]), max_size=60)
)
def test_any_heap_of_yaml_signs(signs: list[str]) -> None:
    read("".join(signs))


@unhurried
@given(TREES)
def test_any_tree(tree: Any) -> None:
    read(yaml.safe_dump(tree, allow_unicode=True))


@given(st.data())
@unhurried
def test_a_good_guide_with_one_part_exchanged(data: st.DataObject) -> None:
    """Start from a file that is right, so that the deep checks are reached."""
    guide = copy.deepcopy(TREES_OF[data.draw(NAMES)])
    place = guide
    for _ in range(data.draw(st.integers(0, 7))):
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        inner = [key for key in keys if isinstance(place[key], dict | list) and place[key]]
        if not inner:
            break
        place = place[data.draw(st.sampled_from(inner))]
    if isinstance(place, dict):
        place[data.draw(KEYS | st.sampled_from(list(place)))] = data.draw(TREES)
    else:
        place[data.draw(st.integers(0, len(place) - 1))] = data.draw(TREES)
    read(json.dumps(guide))  # JSON is YAML, and quicker to write


@unhurried
@given(st.data())
def test_a_good_guide_with_some_letters_exchanged(data: st.DataObject) -> None:
    text = SHIPPED[data.draw(NAMES)]
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 40))
    read(text[:at] + data.draw(st.text(max_size=10)) + text[at + gone :])


@unhurried
@given(st.text(max_size=60), st.text(max_size=300), st.text(max_size=600))
def test_any_words_of_an_author_survive_the_way_out_and_in(title: str, prompt: str, talk: str) -> None:
    activity = {"id": "a", "kind": "info", "prompt": prompt}
    step = {"id": "s", "title": title, "minutes": 1, "talk": talk, "activities": [activity]}
    read(json.dumps({"format": 1, "id": "words", "title": "T", "language": "en", "steps": [step]}))
