"""The print shop's data and its page: strict reading, everything escaped, both directions of writing."""

from __future__ import annotations

import json

import pytest

from reports import layout
from reports.document import MalformedReport, from_json
from tests.pages import check_html
from tests.report_sample import as_json, quoted, sample, section


def test_an_unknown_field_is_refused_with_its_place() -> None:
    data = as_json(sample())
    data["sections"][0]["blocks"][0]["author"] = "somebody"
    with pytest.raises(MalformedReport, match=r"sections\[0\].blocks\[0\]: unknown field author"):
        from_json(data)


@pytest.mark.parametrize("wrong", [{"title": 5}, {"sections": "none"}, {"facts": [1]}, {"findings": None}])
def test_a_field_of_the_wrong_kind_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MalformedReport):
        from_json({**as_json(sample()), **wrong})


def test_a_missing_field_is_refused() -> None:
    data = as_json(sample())
    del data["title"]
    with pytest.raises(MalformedReport, match="title"):
        from_json(data)


def test_what_is_read_is_what_was_written() -> None:
    report = sample()
    assert from_json(json.loads(json.dumps(as_json(report)))) == report


def test_markup_and_template_syntax_in_any_text_stay_text() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }} {% raw %} <img src=x onerror=y>"
    report = sample(
        title=hostile, facts=(hostile,), running=hostile, sections=(section(quoted(hostile)),), label=hostile
    )
    html = layout.page(report, style_href="/paper.css")
    assert "<script" not in html and "<img" not in html and "{{ 7*7 }}" in html and "49" not in html
    check_html(html)


def test_the_page_is_valid_html_with_one_title() -> None:
    check_html(layout.page(sample(), style_href="/paper.css", draft=True, note="A note."))


def test_each_text_runs_in_its_own_direction() -> None:
    html = layout.page(sample(sections=(section(quoted("שלום עולם", "hello", "123 مرحبا")),)), style_href="/x.css")
    assert html.count('<blockquote dir="rtl">') == 2 and html.count('<blockquote dir="ltr">') == 1


def test_a_report_in_a_language_from_right_to_left_turns_the_page() -> None:
    assert '<html lang="he" dir="rtl">' in layout.page(sample(language="he"), style_href="/x.css")


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(ValueError, match="A3"):
        layout.page(sample(), style_href="/x.css", paper="A3")  # type: ignore[arg-type]
