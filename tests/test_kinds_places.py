"""The 2x2, the estimate and the statements: what they take, what they refuse, what they find."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from workshop.activities import KINDS
from workshop.errors import AnswerRefused

ITEMS = [{"id": "meetings", "label": "Fewer meetings"}, {"id": "tools", "label": "New tools"}]
STATED = [{"id": "time", "label": "We have time."}, {"id": "say", "label": "We have a say."}]


def made(name: str, **given: Any) -> Any:
    return KINDS[name].Config.model_validate_json(json.dumps(given), strict=True)


def placed(meetings: tuple[str, str], tools: tuple[str, str]) -> dict[str, list[str]]:
    return {
        "across-meetings": [meetings[0]],
        "up-meetings": [meetings[1]],
        "across-tools": [tools[0]],
        "up-tools": [tools[1]],
    }


def test_an_item_without_a_place_is_named_and_a_third_side_refused() -> None:
    kind, config = KINDS["matrix"], made("matrix", items=ITEMS)
    whole = placed(("low", "high"), ("high", "low"))

    assert kind.clean(config, whole) == {"places": {"meetings": ["low", "high"], "tools": ["high", "low"]}}
    with pytest.raises(AnswerRefused, match="New tools"):
        kind.clean(config, {**whole, "up-tools": []})
    with pytest.raises(AnswerRefused):
        kind.clean(config, {**whole, "up-tools": ["middle"]})


@pytest.mark.parametrize("n", [5, 9, 12, 40])
def test_the_room_sees_the_clear_quarter_and_what_it_is_divided_on_and_never_a_number(n: int) -> None:
    kind, config = KINDS["matrix"], made("matrix", items=ITEMS)
    bodies = [
        kind.clean(config, placed(("low", "high"), ("high" if i % 2 else "low", "high" if i % 3 else "low")))
        for i in range(n)
    ]
    chart = kind.chart(config, kind.aggregate(config, bodies))

    assert chart is not None
    assert "“Fewer meetings”" in chart.title
    assert chart.bars[0].shown == "Impact: Large, Effort: Little"
    assert n == 5 or chart.bars[1].shown == "spread"
    assert str(n) not in chart.title + chart.note + "".join(bar.shown for bar in chart.bars)


def test_nothing_in_the_best_quarter_is_said_too() -> None:
    kind, config = KINDS["matrix"], made("matrix", items=ITEMS, best="bottom-right")
    bodies = [kind.clean(config, placed(("low", "high"), ("low", "high")))] * 6
    chart = kind.chart(config, kind.aggregate(config, bodies))
    assert chart is not None
    assert chart.title == "Nothing lies in the quarter to look at first"


@pytest.mark.parametrize("text", ["", "9", "1000001", "-1", "1.5", "1e3", "٣٠", "1 000", "+20", "\x00", "1" * 5000])
def test_an_estimate_takes_whole_numbers_between_its_ends(text: str) -> None:
    kind, config = KINDS["estimate"], made("estimate", low=10, high=1_000_000)
    with pytest.raises(AnswerRefused, match="from 10 to 1,000,000"):
        kind.clean(config, {"value": [text]})
    assert kind.clean(config, {"value": [" 0020 "]}) == {"value": 20}


def test_a_small_room_leans_and_a_larger_one_is_counted_in_three_bands_then_five() -> None:
    kind, config = KINDS["estimate"], made("estimate", low=0, high=40, unit="hours a week")
    for n, form, count in ((5, "lean", 3), (9, "lean", 3), (12, "columns", 3), (24, "columns", 5), (90, "columns", 5)):
        values = [(4, 10, 12, 18, 20, 26, 30, 34, 13, 9, 11, 38)[i % 12] for i in range(n)]
        chart = kind.chart(config, kind.aggregate(config, [{"value": value} for value in values]))
        assert chart is not None
        assert (chart.form, len(chart.bars)) == (form, count)
        assert "hours a week" in chart.title, n


def test_every_statement_wants_an_answer_and_cannot_say_is_one() -> None:
    kind, config = KINDS["statements"], made("statements", statements=STATED)

    assert kind.clean(config, {"view-time": ["unsure"], "view-say": ["agree"]})["views"]["time"] == "unsure"
    with pytest.raises(AnswerRefused, match="no answer yet"):
        kind.clean(config, {"view-time": ["agree"]})
    with pytest.raises(AnswerRefused, match="not one of"):
        kind.clean(config, {"view-time": ["agree"], "view-say": ["never"]})


def test_statements_are_shown_one_by_one_and_the_clear_ones_found() -> None:
    kind, config = KINDS["statements"], made("statements", statements=STATED)
    views = [*[("agree", "disagree")] * 7, *[("partly", "agree")] * 4, ("disagree", "unsure")]
    bodies = [{"views": {"time": time, "say": say}} for time, say in views]
    chart = kind.chart(config, kind.aggregate(config, bodies))

    assert chart is not None
    assert chart.title == "Most people agree: “We have time”. Most people disagree: “We have a say”"
    assert [bar.label for bar in chart.bars[:3]] == [
        "We have time: agree",
        "We have time: partly",
        "We have time: disagree",
    ]
    assert "unsure" not in str(chart)
    few = kind.chart(config, kind.aggregate(config, bodies[:9]))
    assert few is not None
    assert not any(bar.mark == "exact" for bar in few.bars)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("matrix", {"items": ITEMS[:1]}),
        ("matrix", {"items": [ITEMS[0], ITEMS[0]]}),
        ("matrix", {"items": ITEMS, "best": "middle"}),
        ("estimate", {"low": 5, "high": 6}),
        ("estimate", {"low": 0, "high": 1_000_001}),
        ("statements", {"statements": STATED[:1]}),
        ("statements", {"statements": [STATED[0], STATED[0]]}),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(name, **given)
