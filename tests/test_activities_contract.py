"""The contract of every kind: whatever is in KINDS is held against all of this, and nothing else is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from tests.pages import check_html
from workshop import fragments
from workshop.activities import KINDS, Kind
from workshop.anonymity import normalise
from workshop.errors import AnswerRefused
from workshop.screens import ActivityScreen, CardScreen

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
LARGEST_ANSWER = 16 * 1024  # bytes that a participant may send at once
HOSTILE = "<script>alert(1)</script>\"'>{{ 7*7 }}{% raw %}"
SHOWN_HOSTILE = "&lt;script&gt;alert(1)&lt;/script&gt;"

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "scale": [{}, {"low": 0, "high": 10, "low_label": "Not at all", "high_label": "Very"}, {"low": 1, "high": 3}],
    "choice": [
        {"options": [{"id": "a", "label": "Tasks"}, {"id": "b", "label": "Say"}]},
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(12)]},
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(5)], "many": True},
    ],
    "ranking": [
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(3)]},
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(8)]},
    ],
    "points": [
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(2)]},
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(8)], "step": 5},
    ],
    "dot_vote": [
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(4)]},
        {"options": [{"id": f"o{i}", "label": f"Option {i}"} for i in range(12)], "votes": 10, "limit": 3},
    ],
    "matrix": [
        {"items": [{"id": "a", "label": "Item"}, {"id": "b", "label": "Other"}]},
        {"items": [{"id": f"i{i}", "label": f"Item {i}"} for i in range(8)], "across": "Time", "best": "top-right"},
    ],
    "estimate": [{}, {"low": 10, "high": 1_000_000, "unit": "hours"}, {"low": 0, "high": 2}],
    "statements": [
        {"statements": [{"id": f"s{i}", "label": f"Statement {i}."} for i in range(count)]} for count in (2, 8)
    ],
    "open_text": [{}, {"cards": 10}, {"limit": 2000}, {"cards": 2, "for_manager": True}],
    "breakout": [{}, {"cards": 3, "size": 6}, {"one_two_four_all": True}, {"for_manager": True}],
    "questions": [{}, {"cards": 3, "limit": 500}, {"for_manager": True}],
    "pulse": [{"words": name} for name in ("mood", "energy", "confidence", "pace", "clear")],
    "word_cloud": [{}, {"words": 5}, {"rolling": True}],
    "info": [{}, {"text": "Read this.\nThen that.", "points": ["One", "Two"]}],
    "worksheet": [
        {"fields": [{"id": "a", "type": "text", "label": "What is it?"}]},
        {
            "folded": True,
            "paper": "decision",
            "fields": [
                {"id": "a", "type": "long", "label": "What is it?", "part": "decision"},
                {"id": "b", "type": "rows", "label": "Who", "cells": [{"id": "n", "type": "text", "label": "Name"}]},
            ],
        },
    ],
}
"""Settings to try each kind with; one that is missing here is tried with those that it names itself."""


def _config(kind: Kind, given: dict[str, Any]) -> Any:
    return kind.Config.model_validate_json(json.dumps(given), strict=True)


def _cases(*, asking: bool = False) -> list[Any]:
    return [
        pytest.param(kind, _config(kind, given), id=f"{kind.name}-{i}")
        for kind in KINDS.values()
        if kind.asks or not asking
        for i, given in enumerate(SETTINGS.get(kind.name, kind.tried_with))
    ]


every = pytest.mark.parametrize(("kind", "config"), _cases())
asking = pytest.mark.parametrize(("kind", "config"), _cases(asking=True))


@pytest.fixture(scope="module")
def small_app() -> Iterator[None]:
    app = Flask("kinds", template_folder=str(TEMPLATES))
    Babel(app)
    with app.app_context(), app.test_request_context():
        yield


def _bodies(kind: Kind, config: Any) -> list[Any]:
    return [kind.clean(config, fields) for fields in kind.examples(config)] if kind.asks else []


def _screen(kind: Kind, config: Any, result: Any = None, cards: Any = (), prompt: str = "What now?") -> ActivityScreen:
    return ActivityScreen(
        id="now",
        kind=kind.name,
        prompt=prompt,
        help="",
        config=config,
        phase="open" if result is None else "released",
        asks=kind.asks,
        for_manager=config.for_manager,
        result=result,
        cards=tuple(CardScreen(f"c{i}", text) for i, text in enumerate(cards)),
    )


def _released(kind: Kind, config: Any, bodies: list[Any]) -> ActivityScreen:
    cards = [card.text for body in bodies for card in kind.cards(config, body)]
    return _screen(kind, config, kind.aggregate(config, bodies), cards)


# Refusals -----------------------------------------------------------------------------------------------------------


@asking
@pytest.mark.parametrize(
    "fields",
    [
        {"unknown": ["1"]},
        {"value": "7", "choice": "a", "text-0": "a", "word-0": "a"},
        {"text-99": ["a"]},
        {1: ["a"]},
        {"value": [7], "choice": [7], "text-0": [7], "word-0": [7]},
        {"value": [["7"]]},
        {"value": None},
        {"choice": ["absent"], "value": ["11"], "text-0": ["a"] * 2, "word-0": ["a", "b"]},
        {"__proto__": ["1"]},
        [],
        None,
        "value=7",
        7,
    ],
)
def test_fields_that_do_not_belong_are_refused_with_a_sentence(kind: Kind, config: Any, fields: Any) -> None:
    with pytest.raises(AnswerRefused) as refused:
        kind.clean(config, fields)

    assert len(refused.value.sentence) > 15
    assert "<" not in refused.value.sentence


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "11", "-1", "1.5", "NaN", "Infinity", "1e1", "٣", "1" * 5000, "\x00", "\ud800", "7\n8", "+7", "0x7"],
)
def test_a_scale_takes_its_own_points_and_nothing_else(text: str) -> None:
    kind = KINDS["scale"]
    with pytest.raises(AnswerRefused, match="1 to 10"):
        kind.clean(_config(kind, {}), {"value": [text]})


def test_a_choice_of_one_refuses_none_and_two() -> None:
    kind = KINDS["choice"]
    config = _config(kind, SETTINGS["choice"][0])
    for chosen in ([], ["a", "b"], ["A"], ["a "], ["c"]):
        with pytest.raises(AnswerRefused):
            kind.clean(config, {"choice": chosen})


def test_a_choice_of_many_takes_none_as_an_answer() -> None:
    kind = KINDS["choice"]
    config = _config(kind, SETTINGS["choice"][2])

    assert kind.clean(config, {}) == {"choice": []}
    assert kind.clean(config, {"choice": ["o4", "o0", "o4"]}) == {"choice": ["o0", "o4"]}
    with pytest.raises(AnswerRefused):
        kind.clean(config, {"choice": ["o0", "o9"]})


def test_an_empty_or_too_long_text_is_refused() -> None:
    kind = KINDS["open_text"]
    config = _config(kind, {})
    for text in ("", " \n\t ", "\u200b\u202e\x00", "x" * 281):
        with pytest.raises(AnswerRefused):
            kind.clean(config, {"text-0": [text]})
    with pytest.raises(AnswerRefused, match="281"):
        kind.clean(config, {"text-0": ["x" * 281]})


def test_length_is_counted_after_normalising() -> None:
    kind = KINDS["open_text"]
    body = kind.clean(_config(kind, {}), {"text-0": ["e\u0301" * 280]})

    assert len(body["cards"][0]["text"]) == 280


def test_a_text_for_the_manager_has_no_default_audience() -> None:
    kind = KINDS["open_text"]
    config = _config(kind, {"for_manager": True})
    for audience in ([], ["everybody"], ["room", "manager"], [""]):
        with pytest.raises(AnswerRefused):
            kind.clean(config, {"text-0": ["Hello"], "audience": audience})
    with pytest.raises(AnswerRefused):  # the switch is not a way around the two buttons
        kind.clean(config, {"text-0": ["Hello"], "audience": ["room"], "quote-0": ["1"]})

    assert kind.clean(config, {"text-0": ["Hello"], "audience": ["room"]})["cards"][0]["quotable"] is False
    assert kind.clean(config, {"text-0": ["Hello"], "audience": ["manager"]})["cards"][0]["quotable"] is True


def test_a_text_for_the_room_cannot_name_another_audience() -> None:
    kind = KINDS["open_text"]
    with pytest.raises(AnswerRefused):
        kind.clean(_config(kind, {}), {"text-0": ["Hello"], "audience": ["manager"]})


def test_consent_is_off_by_default_and_belongs_to_one_card() -> None:
    kind = KINDS["open_text"]
    config = _config(kind, {"cards": 3})
    body = kind.clean(
        config, {"text-0": ["One"], "text-1": [""], "text-2": ["Three"], "quote-1": ["1"], "quote-2": ["1"]}
    )

    assert [(card.text, card.quotable) for card in kind.cards(config, body)] == [("One", False), ("Three", True)]


def test_a_word_too_long_and_no_word_are_refused() -> None:
    kind = KINDS["word_cloud"]
    for word in ("", "  ", "x" * 41):
        with pytest.raises(AnswerRefused):
            kind.clean(_config(kind, {}), {"word-0": [word]})


def test_the_same_word_in_other_letters_counts_once() -> None:
    kind = KINDS["word_cloud"]
    fields = {"word-0": ["Tired"], "word-1": ["tired."], "word-2": ["  TIRED\n"], "word-3": ["so  tired"]}

    assert kind.clean(_config(kind, {"words": 5}), fields) == {"words": ["tired", "so tired"]}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("scale", {"low": 1, "high": 12}),
        ("scale", {"low": 1, "high": 2}),
        ("scale", {"low": 9, "high": 3}),
        ("scale", {"low": "1"}),
        ("choice", {}),
        ("choice", {"options": [{"id": "a", "label": "A"}]}),
        ("choice", {"options": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]}),
        ("choice", {"options": [{"id": "A!", "label": "A"}, {"id": "b", "label": "B"}]}),
        ("choice", {"options": [{"id": f"o{i}", "label": "x"} for i in range(13)]}),
        ("open_text", {"cards": 11}),
        ("open_text", {"limit": 2001}),
        ("open_text", {"cards": 10, "limit": 2000}),
        ("word_cloud", {"words": 6}),
        ("info", {"points": ["x"] * 9}),
        ("info", {"unknown": 1}),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _config(KINDS[name], given)


# Every kind -----------------------------------------------------------------------------------------------------------


def test_the_list_of_kinds_names_each_by_its_own_name() -> None:
    assert all(name == kind.name and kind.label for name, kind in KINDS.items())


@asking
def test_there_are_a_dozen_examples_and_all_are_accepted(kind: Kind, config: Any) -> None:
    assert len(_bodies(kind, config)) >= 12


@asking
def test_an_answer_survives_the_way_to_the_box_and_back_into_the_form(kind: Kind, config: Any) -> None:
    for body in _bodies(kind, config):
        kept = json.loads(json.dumps(body))
        assert kind.clean(config, kind.fields_of(config, kept)) == body


@asking
def test_the_plain_form_and_the_socket_store_the_same(kind: Kind, config: Any) -> None:
    form = kind.answer_form(config)
    for fields in kind.examples(config):
        pairs = [(name, value) for name, values in fields.items() for value in values]
        filled: Any = form(MultiDict([*pairs, ("csrf_token", "x"), ("run", "y")]))
        assert filled.validate()
        assert filled.body == kind.clean(config, fields)


@asking
def test_the_plain_form_refuses_what_the_kind_refuses(kind: Kind, config: Any) -> None:
    names = list(kind.examples(config)[0])
    filled: Any = kind.answer_form(config)(MultiDict([(name, "\x00") for name in names]))

    assert not filled.validate()
    assert filled.body is None
    assert len(filled.form_errors) == 1


@every
@pytest.mark.parametrize("n", [0, 1, 3, 5, 9, 10, 12])
def test_a_result_survives_being_stored(kind: Kind, config: Any, n: int) -> None:
    result = kind.aggregate(config, _bodies(kind, config)[:n])

    assert kind.load(json.loads(json.dumps(kind.dump(result)))) == result
    chart = kind.chart(config, result)
    if chart is not None:
        assert chart.title
        assert all(0 <= bar.share <= 1 for bar in chart.bars)


@every
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_the_order_of_answers_does_not_matter(kind: Kind, config: Any, data: st.DataObject) -> None:
    bodies = _bodies(kind, config)
    n = data.draw(st.integers(0, len(bodies)))
    mixed = data.draw(st.permutations(bodies[:n]))

    assert kind.dump(kind.aggregate(config, mixed)) == kind.dump(kind.aggregate(config, bodies[:n]))


@asking
def test_no_answer_is_larger_than_the_kind_says(kind: Kind, config: Any) -> None:
    largest = kind.largest(config)

    assert largest < LARGEST_ANSWER
    for fields in kind.examples(config):
        assert len(json.dumps(dict(fields), ensure_ascii=False).encode()) <= largest


def test_the_largest_text_is_accepted_and_fits() -> None:
    kind = KINDS["open_text"]
    config = _config(kind, {"cards": 10, "limit": 360})
    fields = {f"text-{i}": ["\U0001f642" * 360] for i in range(10)} | {f"quote-{i}": ["1"] for i in range(10)}
    fields |= {f"receipt-{i}": [f"{i:064x}"] for i in range(10)}

    kind.clean(config, fields)
    assert len(json.dumps(fields, ensure_ascii=False).encode()) == kind.largest(config) < LARGEST_ANSWER


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_whatever_is_written_is_stored_normalised_or_refused(text: str) -> None:
    kind = KINDS["open_text"]
    config = _config(kind, {"limit": 2000})
    try:
        body = kind.clean(config, {"text-0": [text]})
    except AnswerRefused:
        assert not normalise(text)
    else:
        stored = body["cards"][0]["text"]
        assert stored == normalise(text)
        assert stored.encode()


# Templates ------------------------------------------------------------------------------------------------------------


@every
def test_all_four_templates_render_as_good_html(kind: Kind, config: Any, small_app: None) -> None:
    bodies = _bodies(kind, config)
    mine = kind.fields_of(config, bodies[0]) if bodies else None
    for n in (0, 3, 7, 12):
        released = _released(kind, config, bodies[:n])
        for html in (
            fragments.stage_result(released),
            fragments.phone_result(released),
            fragments.print_block(released),
        ):
            check_html(html, kind.name)
    for html in (
        fragments.answer_fields(_screen(kind, config)),
        fragments.answer_fields(_screen(kind, config), mine),
        fragments.author_summary(kind.name, config),
    ):
        check_html(html, kind.name)
        assert html.strip() or not kind.asks


@every
def test_a_closed_activity_without_a_result_says_nothing_but_that(kind: Kind, config: Any, small_app: None) -> None:
    closed = ActivityScreen("now", kind.name, "What now?", "", config, "too_few", kind.asks)
    for html in (fragments.stage_result(closed), fragments.phone_result(closed)):
        check_html(html, kind.name)
        assert ("Too few" in html) == kind.asks


@asking
def test_every_field_of_the_form_is_on_the_page(kind: Kind, config: Any, small_app: None) -> None:
    html = fragments.answer_fields(_screen(kind, config))
    for field in kind.answer_form(config)():
        if field.name != "audience":  # the page draws its two buttons
            assert f'name="{field.name}"' in html


@every
def test_a_drawing_has_its_finding_in_words_on_every_surface(kind: Kind, config: Any, small_app: None) -> None:
    for n in (7, 12):
        released = _released(kind, config, _bodies(kind, config)[:n])
        chart = kind.chart(config, released.result) if released.result else None
        if chart is None:
            continue
        for html in (
            fragments.stage_result(released),
            fragments.phone_result(released),
            fragments.print_block(released),
        ):
            assert html.count(str(fragments.Markup.escape(chart.title))) >= 1
            if "<svg" in html:
                assert f"<title>{fragments.Markup.escape(chart.title)}</title>" in html
            for bar in chart.bars:
                assert str(fragments.Markup.escape(bar.label)) in html


def _hostile_everywhere(kind: Kind) -> Any:
    hostile = [{"id": name, "label": HOSTILE if name == "a" else name} for name in "abc"]
    settings_ = {
        "scale": {"low_label": HOSTILE, "high_label": HOSTILE},
        "choice": {"options": [{"id": "a", "label": HOSTILE}, {"id": "b", "label": "B"}]},
        **{name: {"options": hostile} for name in ("ranking", "points", "dot_vote")},
        "matrix": {"items": hostile, "across": HOSTILE[:30], "up": HOSTILE[:30], "up_low": HOSTILE[:24]},
        "statements": {"statements": hostile},
        "estimate": {"unit": HOSTILE[:30]},
        "info": {"text": HOSTILE, "points": [HOSTILE]},
        "worksheet": {
            "fields": [
                {"id": "a", "type": "rows", "label": HOSTILE, "cells": [{"id": "n", "type": "text", "label": HOSTILE}]}
            ]
        },
    }
    return _config(kind, settings_.get(kind.name, kind.tried_with[0]))


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_hostile_text_stays_text_on_every_surface(kind: Kind, small_app: None) -> None:
    config = _hostile_everywhere(kind)
    bodies = _bodies(kind, config)
    mine: dict[str, list[str]] = {}
    if kind.texts:
        mine = {"text-0": [HOSTILE]}
        bodies = [kind.clean(config, mine)] * 12
    if kind.name == "word_cloud":
        words = [HOSTILE[:39], "</li><b>x", "&amp;"]
        mine = {"word-0": [words[0]]}
        bodies = [kind.clean(config, {"word-0": [word]}) for word in words for _times in range(4)]
    released = _released(kind, config, bodies)
    open_ = _screen(kind, config, prompt=HOSTILE)
    for html in (
        fragments.answer_fields(open_, mine),
        fragments.stage_result(released),
        fragments.phone_result(released),
        fragments.print_block(released),
        fragments.author_summary(kind.name, config),
    ):
        check_html(html, kind.name)
        assert "<script" not in html.lower()
        assert "<b>x" not in html
        assert ">49" not in html


def test_hostile_labels_reach_the_reader_as_they_were_written(small_app: None) -> None:
    kind = KINDS["choice"]
    config = _hostile_everywhere(kind)

    assert SHOWN_HOSTILE in fragments.stage_result(_released(kind, config, _bodies(kind, config)))


def test_three_hundred_cards_and_long_ones_are_all_there(small_app: None) -> None:
    kind = KINDS["open_text"]
    texts = [f"Card {i:03} " + ("x" * 1990 if i % 100 == 0 else "مرحبا 🙂") for i in range(300)]
    html = fragments.stage_result(_screen(kind, _config(kind, {}), kind.aggregate(None, []), texts))

    assert html.count("<li") == 300
    assert html.count('dir="auto"') >= 300
    assert "cards-small" in html


def test_fewer_and_shorter_cards_are_set_larger() -> None:
    def size(count: int, length: int) -> str:
        return fragments.density([CardScreen(str(i), "x" * length) for i in range(count)])

    assert [size(3, 30), size(12, 90), size(40, 120), size(300, 280)] == ["huge", "large", "middle", "small"]


def test_ones_own_answer_fills_the_form_again(small_app: None) -> None:
    scale, text = KINDS["scale"], KINDS["open_text"]
    html = fragments.answer_fields(_screen(scale, _config(scale, {})), {"value": ["7"]})
    assert html.count(" checked") == 1
    assert 'value="7" checked' in html

    html = fragments.answer_fields(_screen(text, _config(text, {})), {"text-0": ["\nMine"], "quote-0": ["1"]})
    assert "\nMine</textarea>" in html
    assert html.count(" checked") == 1


def test_the_quote_switch_is_off_until_somebody_turns_it_on(small_app: None) -> None:
    text = KINDS["open_text"]

    assert " checked" not in fragments.answer_fields(_screen(text, _config(text, {"cards": 5})))
    assert "quote-" not in fragments.answer_fields(_screen(text, _config(text, {"for_manager": True})))
