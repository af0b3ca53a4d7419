"""The guide format: what is refused and how, and what a file becomes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workshop import cli
from workshop.activities import KINDS
from workshop.guides import schema
from workshop.guides.schema import Guide, GuideError, dump, parse

DOCS = Path(__file__).resolve().parents[1] / "docs"

SMALL = """\
format: 1
id: small
title: A small guide
language: en
summary: For tests.
steps:
  - id: begin
    title: Begin
    minutes: 5
    purpose: To begin.
    talk: Hello.
    activities:
      - id: mood
        kind: scale
        prompt: How are you?
        settings: {low: 1, high: 5, low_label: Bad, high_label: Good}
      - id: where
        kind: choice
        prompt: Where?
        settings:
          options:
            - {id: here, label: Here}
            - {id: there, label: There}
      - id: thoughts
        kind: open_text
        prompt: What do you think?
        cards: 3
        source: mood
"""

GERMAN = """\
translations:
  de:
    title: Ein kleiner Leitfaden
    begin: {title: Anfangen}
    mood: {prompt: "Wie geht es dir?", settings: {low_label: Schlecht}}
    where: {settings: {options: {here: Hier}}}
"""


def problems(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(GuideError) as caught:
        parse(text, "a.yaml")
    assert all(problem.file == "a.yaml" for problem in caught.value.problems)
    return [(problem.line, problem.what) for problem in caught.value.problems]


def only(text: str | bytes) -> tuple[int, str]:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


# Files that are not read at all ---------------------------------------------------------------------------------


def test_a_file_above_the_limit_is_refused_before_it_is_read() -> None:
    assert "256 KiB" in only(b"#" * (schema.MAX_BYTES + 1))[1]
    assert "256 KiB" in only("é" * (schema.MAX_BYTES // 2 + 1))[1]
    assert parse(SMALL + "#" * (schema.MAX_BYTES - len(SMALL.encode())), "a.yaml").id == "small"


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    assert only(b"format: 1\ntitle: \xff") == (2, "The file is not UTF-8 text. Save it as UTF-8 and try again.")
    assert only("format: 1\n\ntitle: \ud800")[0] == 3


def test_a_nul_byte_is_refused_raw_and_escaped() -> None:
    assert only("format: 1\ntitle: a\0b")[0] == 2
    assert "U+0000" in only(changed("title: A small guide", 'title: "A\\0 guide"'))[1]


@pytest.mark.parametrize("escape", ["\\x07", "\\e", "\\x7F", "\\N", "\\uFFFE"])
def test_an_invisible_character_is_refused(escape: str) -> None:
    line, what = only(changed("title: A small guide", f'title: "A{escape} guide"'))
    assert line == 3
    assert "invisible" in what


def test_an_empty_file_is_refused() -> None:
    assert only("") == only("# nothing but a remark\n") == (1, "The file is empty.")
    assert "begins with keys" in only("- a list\n")[1]


def test_broken_yaml_names_the_line_and_helps_with_the_usual_slip() -> None:
    line, what = only(changed("title: A small guide", "title: Guide: a small one"))
    assert line == 3
    assert "needs quotes" in what


@pytest.mark.parametrize("opener", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opener: str) -> None:
    assert "nested too deeply" in only("steps:\n  " + opener * 4000)[1]


def test_a_second_document_is_refused() -> None:
    line, what = only(SMALL + "---\nformat: 1\n")
    assert line == SMALL.count("\n") + 1
    assert "one guide" in what


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system [ls]", "!!python/name:os.system x", "!!binary aGk=", "! x", "!own x"]
)
def test_a_tag_is_refused_and_never_obeyed(tag: str) -> None:
    found = problems(changed("summary: For tests.", f"summary: {tag}"))
    assert found[0][0] == 5
    assert "not allowed" in found[0][1]


def test_anchors_and_aliases_are_refused_and_a_bomb_of_them_costs_nothing() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for n in range(200))
    assert any("anchor" in what for _line, what in problems(bomb))
    assert any("alias" in what for _line, what in problems(bomb))


def test_a_merge_key_is_an_unknown_key() -> None:
    assert "“<<” is not known" in only(SMALL + "<<: {title: Two}\n")[1]


def test_a_key_that_is_no_word_is_refused() -> None:
    assert "plain word" in problems("? [a, b]\n: c\n")[0][1]


def test_a_key_twice_is_refused_and_names_both_lines() -> None:
    assert only(SMALL + "title: Again\n") == (
        SMALL.count("\n") + 1,
        "“title” stands here a second time; the first is in line 3.",
    )


# Files that are read, and wrong -----------------------------------------------------------------------------------


def test_a_newer_format_says_to_update_and_nothing_else() -> None:
    line, what = only("format: 2\nscenes: []\nid: [no, longer, text]\n")
    assert line == 1
    assert "format 2" in what
    assert "Update" in what


def test_an_unknown_key_lists_the_allowed_ones_and_the_nearest() -> None:
    line, what = only(changed("    purpose: To begin.", "    purpos: To begin."))
    assert line == 10
    assert what == (
        "The key “purpos” is not known here. Did you mean “purpose”? "
        "Allowed: id, title, purpose, minutes, instruction, talk, notes, activities."
    )


def test_an_unknown_setting_lists_only_what_an_author_may_set() -> None:
    line, what = only(changed("low_label: Bad", "low_lable: Bad"))
    assert line == line_of(SMALL, "low_label")
    assert "Did you mean “low_label”?" in what
    assert "Allowed: low, high, low_label, high_label." in what


def test_an_unknown_key_of_an_option_is_found_inside_its_list() -> None:
    assert (
        "Allowed: id, label." in problems(changed("{id: here, label: Here}", "{id: here, label: Here, hint: x}"))[0][1]
    )


def test_an_unknown_kind_lists_the_kinds() -> None:
    line, what = only(changed("kind: scale", "kind: scales"))
    assert line == line_of(SMALL, "kind: scale")
    assert "Did you mean “scale”?" in what
    assert f"Kinds: {', '.join(KINDS)}." in what
    assert what.count("info, scale, choice, pulse, ") == 1


def test_every_problem_is_reported_at_once_from_top_to_bottom() -> None:
    text = (
        SMALL.replace("title: A small guide", "titel: A small guide")
        .replace("minutes: 5", "minutes: 0")
        .replace("kind: choice", "kind: vote")
        .replace("high: 5", "high: 1")
        .replace("source: mood", "source: later")
    )
    found = problems(text + "translations: {de: {nowhere: {title: Nirgends}}}\n")
    assert [line for line, _what in found] == sorted(line for line, _what in found)
    whats = " ".join(what for _line, what in found)
    for part in ("“title” is missing", "“titel”", "at least 1", "“vote”", "3 to 11 points", "“later”", "“nowhere”"):
        assert part in whats


def test_the_sentence_names_file_line_and_reason_of_the_first_problem() -> None:
    with pytest.raises(GuideError) as caught:
        parse(changed("minutes: 5", "minutes: five").replace("kind: scale", "kind: x"), "team.yaml")
    assert caught.value.sentence.startswith("team.yaml, line 9: “minutes” is “five”; it must be a whole number.")
    assert caught.value.sentence.endswith("Problems in this file: 2.")
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("minutes: 5", "minutes: 500", "at most 240"),
        ("minutes: 5", "minutes: true", "whole number"),
        ("minutes: 5", 'minutes: "5"', "whole number"),
        ("minutes: 5", "minutes:", "“minutes” is empty"),
        ("title: Begin", "title:", "“title” is empty"),
        ("title: Begin", 'title: "  "', "“title” is empty"),
        ("title: Begin", "title: 7", "put it in quotes"),
        ("title: Begin", f"title: {'x' * 121}", "121 characters; at most 120"),
        ("title: Begin", "title: [a]", "put it in quotes"),
        ("language: en", "language: english please", "written like en"),
        ("id: small", "id: Small", "small letters"),
        ("id: small", "id: ../../etc", "small letters"),
        ("id: small", f"id: {'x' * 61}", "small letters"),
        ("low: 1", "low: yes", "whole number"),
        ("low: 1", "low: 0x10", "whole number"),
        ("{low: 1, high: 5, low_label: Bad, high_label: Good}", "[1, 5]", "a group of keys"),
        ("cards: 3", "cards: 11", "at most 10"),
        ("cards: 3", "cards: 0", "at least 1"),
        ("cards: 3", "release: later", "Allowed: close, rolling"),
        ("cards: 3", "for: boss", "Allowed: room, manager"),
        ("format: 1", "format: 0", "at least 1"),
        ("format: 1", "format: one", "whole number"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(old: str, new: str, said: str) -> None:
    assert said in " ".join(what for _line, what in problems(changed(old, new)))


def test_ids_are_unique_over_steps_and_activities() -> None:
    line, what = only(changed("id: where", "id: begin"))
    assert line == line_of(SMALL, "id: where")
    assert "used already in line 7" in what


def test_an_id_may_not_be_a_word_of_translations() -> None:
    assert "Choose another" in only(changed("id: where", "id: summary"))[1]


def test_a_source_must_come_earlier() -> None:
    assert "Earlier ones: mood, where." in only(changed("source: mood", "source: thoughts"))[1]
    first = changed("        prompt: How are you?", "        prompt: How are you?\n        source: where")
    assert "none, this is the first" in only(first)[1]


def test_rolling_is_refused_for_a_kind_that_may_not_roll() -> None:
    line, what = only(changed("prompt: How are you?", "release: rolling\n        prompt: How are you?"))
    assert line == line_of(SMALL, "prompt: How are you?")
    for kind in KINDS.values():
        assert (kind.name in what.rpartition("Rolling:")[2]) == kind.may_roll


def test_cards_are_refused_for_a_kind_without_them() -> None:
    assert "has no cards" in only(changed("prompt: How are you?", "cards: 2\n        prompt: How are you?"))[1]


def test_only_texts_can_be_meant_for_the_manager() -> None:
    assert "open_text" in only(changed("prompt: How are you?", "for: manager\n        prompt: How are you?"))[1]


@pytest.mark.parametrize("key", ["cards", "rolling", "for_manager"])
def test_what_stands_beside_the_prompt_is_no_setting(key: str) -> None:
    assert "beside the prompt" in only(changed("cards: 3", f"settings: {{{key}: 1}}"))[1]


def test_too_many_steps_are_one_problem() -> None:
    step = "  - {{id: s{0}, title: S, minutes: 1, activities: [{{id: a{0}, kind: info, prompt: P}}]}}\n"
    head = "format: 1\nid: long\ntitle: Long\nlanguage: en\nsteps:\n"
    assert "up to 60 steps; this one has 2000" in only(head + "".join(step.format(n) for n in range(2000)))[1]
    assert len(parse(head + "".join(step.format(n) for n in range(60)), "a.yaml").steps) == 60


def test_too_many_activities_are_one_problem() -> None:
    head = "format: 1\nid: long\ntitle: Long\nlanguage: en\nsteps:\n"
    head += "  - id: s\n    title: S\n    minutes: 1\n    activities:\n"
    activities = "".join(f"      - {{id: a{n}, kind: info, prompt: P}}\n" for n in range(41))
    assert "up to 40 activities; this one has 41" in only(head + activities)[1]


@pytest.mark.parametrize("key", ["steps", "activities"])
def test_a_list_may_not_be_empty(key: str) -> None:
    text = re.sub(rf"(?ms)^( *){key}:.*", rf"\1{key}: []\n", SMALL)
    assert f"“{key}” has too few entries" in only(text)[1]


def test_a_thousand_problems_are_counted_not_listed() -> None:
    with pytest.raises(GuideError) as caught:
        parse(SMALL + "".join(f"key{n}: x\n" for n in range(1000)), "a.yaml")
    assert len(caught.value.problems) == 50
    assert caught.value.more > 0


# Translations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("begin: {title: Anfangen}", "begun: {title: Anfangen}", "no step or activity “begun”"),
        ("begin: {title: Anfangen}", "begin: {prompt: Anfangen}", "Allowed: title, purpose, instruction, talk, notes"),
        ('prompt: "Wie geht es dir?"', "title: Mut", "Allowed: prompt, help, settings"),
        ('prompt: "Wie geht es dir?"', f"prompt: {'x' * 241}", "at most 240"),
        ("low_label: Schlecht", f"low_label: {'x' * 61}", "at most 60"),
        ("low_label: Schlecht", "low: 2", "does not have the shape"),
        ("low_label: Schlecht", "lower: x", "Did you mean “low"),
        ("{here: Hier}", "{hier: Hier}", "Its entries: here, there"),
        ("{here: Hier}", "{here: 1}", "put it in quotes"),
        ("{here: Hier}", "[Hier, Dort]", "does not have the shape"),
        ("  de:", "  en:", "own language"),
        ("  de:", "  Deutsch:", "written like en"),
        ("    title: Ein kleiner Leitfaden\n", "    titel: Ein kleiner Leitfaden\n", "Did you mean “title”"),
        ("begin: {title: Anfangen}", "begin: Anfangen", "a group of keys"),
    ],
)
def test_a_wrong_translation_is_refused_at_its_line(old: str, new: str, said: str) -> None:
    assert GERMAN.count(old) == 1
    text = SMALL + GERMAN.replace(old, new)
    found = problems(text)
    assert any(said in what and line == line_of(text, new.strip()) for line, what in found), found


def test_a_translation_replaces_words_and_keeps_everything_else() -> None:
    german = parse(SMALL + GERMAN, "a.yaml").localized("de")
    assert (german.language, german.title, german.summary) == ("de", "Ein kleiner Leitfaden", "For tests.")
    assert german.steps[0].title == "Anfangen"
    assert german.steps[0].talk == "Hello."
    mood = german.activity("mood")
    assert (mood.prompt, mood.config.low_label, mood.config.high_label) == ("Wie geht es dir?", "Schlecht", "Good")
    assert [(option.id, option.label) for option in german.activity("where").config.options] == [
        ("here", "Hier"),
        ("there", "There"),
    ]


def test_the_nearest_language_is_found_and_an_unknown_one_gives_the_own() -> None:
    guide = parse(SMALL + GERMAN, "a.yaml")
    assert guide.languages == ("en", "de")
    assert guide.localized("de-AT").language == "de"
    assert guide.localized("fi") == guide
    assert guide.localized("de").localized("en") == guide


# What a file becomes ------------------------------------------------------------------------------------------------


def test_an_activity_carries_its_kinds_own_config() -> None:
    text = changed(
        "cards: 3", "cards: 3\n        release: rolling\n        for: manager\n        settings: {limit: 100}"
    )
    config = parse(text, "a.yaml").activity("thoughts").config
    assert isinstance(config, KINDS["open_text"].Config)
    assert (config.cards, config.limit, config.rolling, config.for_manager) == (3, 100, True, True)


def test_a_guide_knows_its_parts() -> None:
    guide = parse(SMALL, "a.yaml")
    assert [activity.id for activity in guide.activities] == ["mood", "where", "thoughts"]
    assert guide.step_of("where").id == "begin"
    assert guide.minutes == 5
    assert guide.activity("thoughts").source == "mood"
    for ask in (guide.activity, guide.step_of):
        with pytest.raises(KeyError):
            ask("nothing")


def test_words_stay_words() -> None:
    text = changed("{id: here, label: Here}", "{id: here, label: Yes}").replace("summary: For tests.", "summary: 1:30")
    guide = parse(text.replace("language: en", "language: no"), "a.yaml")
    assert guide.activity("where").config.options[0].label == "Yes"
    assert (guide.summary, guide.language) == ("1:30", "no")


def test_bytes_with_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert parse(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode(), "a.yaml") == parse(SMALL, "a.yaml")


def test_the_same_text_gives_the_same_guide_from_memory() -> None:
    assert parse(SMALL, "a.yaml") is parse(SMALL, "a.yaml")


def test_template_syntax_and_markup_are_plain_words() -> None:
    hostile = "{{ 7 * 7 }} <script>alert(1)</script> {% raw %}"
    text = changed("prompt: Where?", f"prompt: '{hostile}'")
    assert parse(text, "a.yaml").activity("where").prompt == hostile


@pytest.mark.parametrize("text", [SMALL, SMALL + GERMAN], ids=["one language", "two"])
def test_what_is_dumped_parses_to_the_same_guide(text: str) -> None:
    guide = parse(text, "a.yaml")
    again = parse(dump(guide), "b.yaml")
    assert again == guide
    assert again.languages == guide.languages
    assert again.localized("de") == guide.localized("de")
    assert dump(again) == dump(guide)


# The schema for editors ----------------------------------------------------------------------------------------------


def test_the_command_prints_the_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["guides", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema.json_schema()


def test_the_json_schema_knows_each_kind_and_points_nowhere_else() -> None:
    text = json.dumps(schema.json_schema())
    defs = schema.json_schema()["$defs"]
    assert defs["ActivityFile"]["properties"]["kind"]["enum"] == list(KINDS)
    assert set(re.findall(r'"#/\$defs/([^"]+)"', text)) <= set(defs)
    assert not {"cards", "rolling", "for_manager"} & set(defs["open_text-settings"]["properties"])


def test_the_format_page_names_every_key_of_the_kinds_that_it_describes() -> None:
    page = (DOCS / "guide-format.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(\w+)`: ", page, re.MULTILINE))
    assert described <= set(KINDS) and len(described) >= 17
    assert "python -m workshop guides schema" in page, "where a kind stands that has no row here"
    defs = schema.json_schema()["$defs"]
    new = tuple(f"{kind}-" for kind in set(KINDS) - described)
    keys = {key for name, part in defs.items() if not name.startswith(new) for key in part.get("properties", {})}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_the_example_of_the_format_page_is_a_guide() -> None:
    page = (DOCS / "guide-format.md").read_text(encoding="utf-8")
    examples = re.findall(r"(?s)```yaml\n(format:.*?)```", page)
    assert examples
    for example in examples:
        assert isinstance(parse(example, "guide-format.md"), Guide)
