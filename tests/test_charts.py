"""Charts: what a drawing says, how long its marks are, and that nothing in it can break out."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from workshop import charts
from workshop.charts import PAPER, Bar, Chart

NAMES = "{http://www.w3.org/2000/svg}"


def _chart(*bars: Bar, form: str = "bars") -> Chart:
    return Chart("Most people chose “Other tasks”", bars, vertical=form != "bars", form=form)


NUMBERS = (
    Bar("Other tasks", "12", 0.6, lead=True),
    Bar("Training", "5", 0.25),
    Bar("Rest", "fewer than 3", 0, mark="few"),
)
WORDS = (
    Bar("A", "most", 0.86, lead=True, mark="most"),
    Bar("B", "some", 0.48, mark="some"),
    Bar("C", "few", 0.16, mark="few"),
)


def _drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


@pytest.mark.parametrize("palette", [None, PAPER])
@pytest.mark.parametrize("form", ["bars", "columns", "lean"])
def test_a_hostile_title_stays_text(form: str, palette: charts.Palette | None) -> None:
    hostile = "</title><script>alert(1)</script>\"'&"
    drawn = charts.svg(Chart(hostile, NUMBERS, vertical=form != "bars", form=form), palette)

    assert "<script" not in drawn
    root = _drawn(drawn)
    assert root[0].text == hostile


@pytest.mark.parametrize("palette", [None, PAPER])
@pytest.mark.parametrize("form", ["bars", "columns", "lean"])
def test_every_drawing_has_its_finding_as_the_first_child(form: str, palette: charts.Palette | None) -> None:
    root = _drawn(charts.svg(_chart(*NUMBERS, form=form), palette))

    assert root.get("role") == "img"
    assert root[0].tag.removeprefix(NAMES) == "title"
    assert root[0].text == "Most people chose “Other tasks”"


def test_a_cloud_and_an_empty_chart_have_no_marks() -> None:
    assert charts.svg(_chart(*WORDS, form="cloud")) == ""
    assert charts.svg(_chart()) == ""


def test_a_count_below_three_is_always_drawn_the_same() -> None:
    stubs = {
        charts.lengths(_chart(Bar("A", str(n), n / 40), Bar("B", "", share, mark="few")))[1]
        for n in (3, 9, 30)
        for share in (0, 0.02, 0.05)
    }

    assert stubs == {charts.FEW_LENGTH}


def test_a_hidden_value_has_no_length() -> None:
    chart = _chart(Bar("A", "12", 0.4), Bar("B", "not shown", 0.7, mark="hidden"))

    assert charts.lengths(chart)[1] == 0
    assert "marks__hidden" in charts.svg(chart)


def test_numbers_are_drawn_from_zero_in_proportion() -> None:
    first, second, _few = charts.lengths(_chart(*NUMBERS))

    assert first == charts.FULL_LENGTH
    assert second == pytest.approx(first * 5 / 12)


def test_nobody_at_all_is_drawn_as_no_bar() -> None:
    assert charts.lengths(_chart(Bar("A", "0", 0.0), Bar("B", "0", 0.0))) == (0.0, 0.0)


def test_most_beside_numbers_is_drawn_at_full_length() -> None:
    chart = _chart(Bar("A", "most", 1.0, lead=True, mark="most"), Bar("B", "4", 0.2))

    assert charts.lengths(chart) == pytest.approx((charts.FULL_LENGTH, 0.2 * charts.FULL_LENGTH))


def test_words_are_hatched_and_numbers_are_solid() -> None:
    assert charts.svg(_chart(*WORDS)).count("marks__bar--word") == 3
    assert charts.svg(_chart(*NUMBERS)).count("marks__bar--word") == 1
    assert "stroke-dasharray" in charts.svg(_chart(*WORDS), PAPER)


def test_a_drawing_on_screen_carries_no_colour_and_no_style_of_its_own() -> None:
    for form in ("bars", "columns", "lean"):
        drawn = charts.svg(_chart(*NUMBERS, form=form))
        assert not re.search(r"#[0-9a-fA-F]{3,6}|style=|fill=|stroke=", drawn)


def test_a_drawing_on_paper_carries_literal_colours_only() -> None:
    for form in ("bars", "columns", "lean"):
        drawn = charts.svg(_chart(*NUMBERS, form=form), PAPER)
        assert "class=" not in drawn
        assert "currentColor" not in drawn
        assert "var(" not in drawn
        assert PAPER.lead in drawn


def test_the_lead_differs_from_the_rest_in_black_and_white() -> None:
    def grey(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    assert grey(PAPER.track) - grey(PAPER.rest) > 40
    assert grey(PAPER.rest) - grey(PAPER.lead) > 60


def test_two_equal_charts_on_one_page_share_no_id() -> None:
    assert "id=" not in charts.svg(_chart(*WORDS))
    assert "id=" not in charts.svg(_chart(*WORDS), PAPER)
