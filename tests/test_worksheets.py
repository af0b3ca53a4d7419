"""Worksheets on the server: what a guide may say of them, and the blank page that every phone gets alike.

What a person writes on it is the browser's (tests/e2e) and never the server's (tests/promises/test_15_*).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

import html5lib
import pytest
import yaml
from flask.testing import FlaskClient
from pydantic import ValidationError

from tests.conftest import CheckedClient, post, signed_in
from tests.small_guide import go, look_up
from workshop import freezes, live_sessions, who_sees
from workshop.activities.worksheet import PARTS, WorksheetConfig
from workshop.guides import library
from workshop.guides.schema import GuideError, dump, parse
from workshop.house import House
from workshop.models import Account

OPTIONS = [{"id": "red", "label": "Red"}, {"id": "blue", "label": "Blue"}]
ENTRIES: list[dict[str, Any]] = [
    {"id": "line", "type": "text", "label": "A line", "help": "Short."},
    {"id": "much", "type": "long", "label": "A few lines", "part": "concern"},
    {"id": "one", "type": "choice", "label": "One colour", "options": OPTIONS},
    {"id": "some", "type": "choice", "label": "Some colours", "options": OPTIONS, "many": True},
    {"id": "how", "type": "scale", "label": "How much?", "low": 0, "low_label": "None", "high_label": "Plenty"},
    {"id": "day", "type": "date", "label": "A day", "part": "day"},
    {"id": "at", "type": "time", "label": "A time"},
    {"id": "mine", "type": "pick", "label": "Which are mine?", "sources": ["colours", "early.ideas"], "most": 3},
    {
        "id": "list",
        "type": "rows",
        "label": "A list",
        "most": 3,
        "sort": "much",
        "cells": [
            {"id": "what", "type": "text", "label": "What?"},
            {"id": "which", "type": "pick", "label": "Which?", "sources": ["sheet.mine"], "most": 1},
            {"id": "much", "type": "scale", "label": "How much of it?"},
            {"id": "hue", "type": "choice", "label": "Its colour", "options": OPTIONS},
            {"id": "when", "type": "date", "label": "When?"},
        ],
    },
    {"id": "focus", "type": "focus", "label": "My one thing", "sources": ["early.ideas", "sheet.list"]},
]
EVERYTHING: dict[str, Any] = {
    "format": 1,
    "id": "everything",
    "title": "Everything & more",
    "language": "en",
    "steps": [
        {
            "id": "s",
            "title": "S",
            "minutes": 9,
            "activities": [
                {"id": "colours", "kind": "choice", "prompt": "Which?", "settings": {"options": OPTIONS}},
                {
                    "id": "early",
                    "kind": "worksheet",
                    "prompt": "Ideas",
                    "settings": {
                        "folded": True,
                        "fields": [
                            {
                                "id": "ideas",
                                "type": "rows",
                                "label": "Ideas",
                                "cells": [{"id": "i", "type": "text", "label": "Idea"}],
                            },
                            {"id": "on", "type": "date", "label": "On"},
                        ],
                    },
                },
                {
                    "id": "sheet",
                    "kind": "worksheet",
                    "prompt": "All & sundry",
                    "help": "Nobody sees this page.",
                    "settings": {"paper": "talk", "fields": ENTRIES},
                },
                {"id": "late", "kind": "choice", "prompt": "And?", "settings": {"options": OPTIONS}},
            ],
        }
    ],
    "translations": {
        "de": {
            "sheet": {
                "settings": {
                    "fields": {
                        "line": "Eine Zeile",
                        "how": {"label": "Wie viel?", "low_label": "Nichts"},
                        "one": {"options": {"red": "Rot"}},
                        "list": {"cells": {"what": "Was?", "hue": {"label": "Farbe", "options": {"blue": "Blau"}}}},
                    }
                }
            }
        }
    },
}


def source(change: Callable[[dict[str, Any]], object] = lambda guide: None) -> str:
    """Return the guide of everything as a file, after a change to it."""
    guide: dict[str, Any] = json.loads(json.dumps(EVERYTHING))
    change(guide)
    return yaml.safe_dump(guide, sort_keys=False)


def problems(text: str) -> list[str]:
    with pytest.raises(GuideError) as caught:
        parse(text, "a.yaml")
    return [problem.what for problem in caught.value.problems]


def field(guide: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one entry of the large worksheet."""
    entries = guide["steps"][0]["activities"][2]["settings"]["fields"]
    found: dict[str, Any] = next(entry for entry in entries if entry["id"] == name)
    return found


def session_of(house: House, actor: Account, guide: str, **changes: Any) -> str:
    """Return a session of a guide: the text of one, or the name of a shipped one."""
    with house.database.transaction() as session:
        if guide.startswith("format"):
            guide_id = library.import_guide(session, actor, guide, "a.yaml", house.clock()).id
        else:
            library.install_shipped(session, house.clock())
            guide_id = library.get_guide(session, actor, guide).id
    settings: dict[str, Any] = {"title": "T", "team": "", "language": "en", "expected": 3, "leader": "Fay"}
    new = live_sessions.NewSession(guide_id=guide_id, leader_is_manager=False, **{**settings, **changes})
    return live_sessions.create(house, actor, new)


def seated(client: FlaskClient, house: House, live_id: str) -> FlaskClient:
    assert post(client, f"/j/{look_up(house, live_id).join_token}").status_code == 303
    return client


# What a guide may say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([{"type": "text", "most": 2}], "an entry of type “text” has no “most”"),
        ([{"type": "choice", "options": OPTIONS[:1]}], "at least two options"),
        ([{"type": "choice", "options": [OPTIONS[0], OPTIONS[0]]}], "an id of its own"),
        ([{"type": "scale", "low": 5, "high": 5}], "must be above its lowest"),
        ([{"type": "pick"}], "say in “sources”"),
        ([{"type": "focus"}], "say in “sources”"),
        ([{"type": "pick", "sources": ["A b"]}], "“A b” is no source"),
        ([{"type": "rows"}], "at least one cell"),
        ([{"type": "rows", "cells": [{"id": "c", "type": "text", "label": "C"}] * 2}], "an id of its own"),
        ([{"type": "rows", "sort": "c", "cells": [{"id": "c", "type": "text", "label": "C"}]}], "one of their scales"),
        ([{"type": "text"}, {"type": "text"}], "every field needs an id of its own"),
        ([{"type": "focus", "sources": ["a"]}, {"id": "b", "type": "focus", "sources": ["a"]}], "one focus at most"),
        ([{"type": "text", "part": "concern"}], "none, because no paper is set"),
        ([], "at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(fields: list[dict[str, Any]], said: str) -> None:
    given = {"fields": [{"id": "a", "label": "A", **one} for one in fields]}
    with pytest.raises(ValidationError, match=re.escape(said)):
        WorksheetConfig.model_validate_json(json.dumps(given), strict=True)


def test_a_part_belongs_to_the_paper_and_comes_from_one_field() -> None:
    def config(paper: str, *parts: str) -> WorksheetConfig:
        fields = [{"id": f"f{i}", "type": "text", "label": "L", "part": part} for i, part in enumerate(parts)]
        return WorksheetConfig.model_validate({"paper": paper, "fields": fields})

    for paper, parts in PARTS.items():
        assert config(paper, *parts, "").paper == paper
    with pytest.raises(ValidationError, match="“goals” is no part of this paper; parts: concern, example"):
        config("talk", "goals")
    with pytest.raises(ValidationError, match="comes from one field"):
        config("talk", "ask", "ask")


@pytest.mark.parametrize(
    ("name", "given", "guess"),
    [
        ("mine", "colour", "Did you mean “colours”?"),  # a slip
        ("mine", "late", "Possible: colours, early.ideas, sheet.line"),  # later in the guide
        ("mine", "early", "Did you mean “early.ideas”?"),  # a page instead of what is on it
        ("mine", "early.on", ""),  # a date cannot be offered
        ("mine", "sheet.how", ""),  # nor a scale
        ("mine", "sheet.mine", ""),  # nor can it offer itself
        ("focus", "early.idea", "Did you mean “early.ideas”?"),
    ],
)
def test_a_source_must_be_able_to_offer_something(name: str, given: str, guess: str) -> None:
    (what,) = problems(source(lambda guide: field(guide, name).update(sources=[given])))
    assert f"“{given}” has nothing to offer here" in what
    assert guess in what


def test_a_source_inside_a_row_is_checked_too_and_a_row_speaks_by_its_first_cell() -> None:
    (what,) = problems(source(lambda guide: field(guide, "list")["cells"][1].update(sources=["sheet.list"])))
    assert "“sheet.list” has nothing to offer here" in what
    (what,) = problems(source(lambda guide: field(guide, "list")["cells"].reverse()))
    assert "“sheet.list” has nothing to offer here" in what


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"fields": {"line": {"id": "zeile"}}}, "“id” is no word but a name"),
        ({"fields": {"line": {"type": "long"}}}, "“type” is no word but a name"),
        ({"fields": {"much": {"part": "example"}}}, "“part” is no word but a name"),
        ({"fields": {"list": {"sort": "what"}}}, "“sort” is no word but a name"),
        ({"fields": {"mine": {"sources": ["colours", "late"]}}}, "“sources” is no word but a name"),
        ({"paper": "retreat"}, "“paper” is no word but a name"),
        ({"fields": {"lime": "Zeile"}}, "Did you mean “line”?"),
        ({"fields": {"list": {"cells": {"hue": {"options": {"rot": "Rot"}}}}}}, "There is no entry “rot”"),
        ({"fields": {"line": {"label": ""}}}, "empty"),
    ],
)
def test_a_translation_changes_words_and_nothing_else(words: dict[str, Any], said: str) -> None:
    found = problems(source(lambda guide: guide["translations"]["de"]["sheet"].update(settings=words)))
    assert any(said in what for what in found), found


def test_a_translated_page_keeps_its_names_and_reads_the_same_after_export() -> None:
    guide = parse(source(), "a.yaml")
    german = guide.localized("de").activity("sheet").config
    entries = {entry.id: entry for entry in german.fields}
    assert entries["line"].label == "Eine Zeile"
    assert (entries["how"].label, entries["how"].low_label, entries["how"].high_label) == (
        "Wie viel?",
        "Nichts",
        "Plenty",
    )
    assert [option.label for option in entries["one"].options] == ["Rot", "Blue"]
    assert [cell.label for cell in entries["list"].cells][:4] == ["Was?", "Which?", "How much of it?", "Farbe"]
    assert entries["mine"].sources == ("colours", "early.ideas")
    assert parse(dump(guide), "again.yaml") == guide


# The page ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session of the guide of everything."""
    return session_of(house, facilitator, source())


def test_the_page_draws_every_type_as_its_script_expects_it(house: House, live_id: str, client: CheckedClient) -> None:
    page = seated(client, house, live_id).get(f"/s/{live_id}/notes/").get_data(as_text=True)
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    main = next(e for e in tree.iter("main"))
    assert "data-notes" in main.attrib
    assert (main.get("data-live"), main.get("data-guide"), main.get("data-title")) == (live_id, "everything", "T")
    assert json.loads(main.get("data-choices")) == {"colours": {"prompt": "Which?", "options": ["Red", "Blue"]}}

    sections = [e for e in tree.iter("section") if e.get("data-worksheet")]
    assert [(e.get("id"), e.get("data-paper"), "data-folded" in e.attrib) for e in sections] == [
        ("early", "", True),
        ("sheet", "talk", False),
    ]
    assert [a.get("href") for a in tree.iter("a") if a.get("data-to")] == ["#early", "#sheet"]

    entries = {e.get("data-entry"): e for e in sections[1].iter() if e.get("data-entry")}
    assert [(e.get("data-type"), e.get("data-label"), e.get("data-part")) for e in entries.values()] == [
        (entry["type"], entry["label"], entry.get("part", "")) for entry in ENTRIES
    ]

    def controls(name: str) -> list[tuple[str, ...]]:
        found = (e for e in entries[name].iter() if e.tag in ("input", "textarea"))
        return [(e.get("type", e.tag), e.get("name"), e.get("id", ""), e.get("value", "")) for e in found]

    assert controls("line") == [("text", "line", "sheet-line", "")]
    assert controls("much") == [("textarea", "much", "sheet-much", "")]
    assert controls("day") == [("date", "day", "sheet-day", "")]
    assert controls("at") == [("time", "at", "sheet-at", "")]
    assert [(kind, value) for kind, _name, _id, value in controls("one")] == [("radio", "red"), ("radio", "blue")]
    assert {kind for kind, *_rest in controls("some")} == {"checkbox"}
    assert [value for *_rest, value in controls("how")] == [str(point) for point in range(11)]
    assert controls("mine") == controls("focus") == []

    pick = next(e for e in entries["mine"].iter("fieldset"))
    assert (json.loads(pick.get("data-sources")), pick.get("data-most")) == (["colours", "early.ideas"], "3")
    focus = next(e for e in entries["focus"].iter() if e.get("data-sources"))
    assert json.loads(focus.get("data-sources")) == ["early.ideas", "sheet.list"]
    rows = next(e for e in entries["list"].iter() if e.get("data-most"))
    assert (rows.get("data-most"), rows.get("data-sort")) == ("3", "much")
    (template,) = list(entries["list"].iter("template"))
    cells = [e for e in template.iter() if e.get("data-cell")]
    assert [(e.get("data-cell"), e.get("data-type")) for e in cells] == [
        ("what", "text"),
        ("which", "pick"),
        ("much", "scale"),
        ("hue", "choice"),
        ("when", "date"),
    ]
    assert not [e for e in template.iter() if e.get("id")], "a row is copied, so nothing in it may have an id"
    assert any("data-blank" in e.attrib for e in entries["list"].iter())


def test_everybody_gets_the_same_bytes_and_a_phone_that_has_them_is_told_so(
    house: House, live_id: str, browser: Callable[[], CheckedClient]
) -> None:
    first, second = seated(browser(), house, live_id), seated(browser(), house, live_id)
    page, other = (one.get(f"/s/{live_id}/notes/") for one in (first, second))
    assert page.data == other.data
    assert page.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in page.headers
    assert b"csrf" not in page.data
    again = first.get(f"/s/{live_id}/notes/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    tokens = [one.get(f"/s/{live_id}/notes/token") for one in (first, second)]
    assert [one.headers["Cache-Control"] for one in tokens] == ["no-store"] * 2
    assert tokens[0].json and tokens[1].json and tokens[0].json["csrf"] != tokens[1].json["csrf"]


def test_a_home_screen_is_told_what_the_page_is(
    house: House, live_id: str, client: CheckedClient, browser: Callable[[], CheckedClient]
) -> None:
    address = f"/s/{live_id}/notes/manifest.webmanifest"
    phone = seated(client, house, live_id)
    assert f'rel="manifest" href="{address}"' in phone.get(f"/s/{live_id}/notes/").get_data(as_text=True)
    told = phone.get(address)
    assert told.mimetype == "application/manifest+json"
    assert told.get_json(force=True)["start_url"] == f"/s/{live_id}/notes/"
    icon = phone.get(told.get_json(force=True)["icons"][0]["src"])
    assert icon.status_code == 200 and icon.mimetype == "image/svg+xml"
    assert browser().get(address).status_code == 404


def test_the_page_stays_after_the_end_and_is_closed_to_those_who_never_joined(
    house: House, live_id: str, browser: Callable[[], CheckedClient]
) -> None:
    phone = seated(browser(), house, live_id)
    go(house, live_id, "start")
    go(house, live_id, "end")
    assert phone.get(f"/s/{live_id}/notes/").status_code == 200
    assert f'href="/s/{live_id}/notes/"' in phone.get(f"/s/{live_id}/").get_data(as_text=True)
    stranger = browser()
    assert stranger.get(f"/s/{live_id}/notes/").status_code == 404
    assert stranger.get(f"/s/{live_id}/notes/token").status_code == 404


def test_the_phone_leads_to_the_page_and_the_stage_says_that_it_is_private(
    house: House, live_id: str, client: CheckedClient
) -> None:
    seated(client, house, live_id)
    go(house, live_id, "start")
    go(house, live_id, "jump", "sheet")
    phone = client.get(f"/s/{live_id}/").get_data(as_text=True)
    assert "This page is for you. It stays on this phone." in phone
    assert f'href="/s/{live_id}/notes/#sheet"' in phone
    live = look_up(house, live_id)
    assert any("Pages under My notes stay on your phone" in line for line in who_sees.promise(live))
    stage = client.get(f"/stage/{live.stage_token}").get_data(as_text=True)
    assert "On your phone, for you alone." in stage
    assert "A few lines" not in stage


def test_a_guide_without_worksheets_has_no_notes_to_speak_of(
    house: House, facilitator: Account, client: CheckedClient
) -> None:
    live_id = session_of(house, facilitator, "team-pulse")
    seated(client, house, live_id)
    assert "My notes" not in client.get(f"/s/{live_id}/").get_data(as_text=True)
    assert "no pages of your own" in client.get(f"/s/{live_id}/notes/").get_data(as_text=True)


def test_the_page_of_its_guide_lists_what_a_worksheet_holds(client: CheckedClient, facilitator: Account) -> None:
    with client.application.app_context():
        house: House = client.application.extensions["house"]
        with house.database.transaction() as session:
            library.import_guide(session, facilitator, source(), "a.yaml", house.clock())
    page = html.unescape(signed_in(client, facilitator).get("/staff/guides/everything/").get_data(as_text=True))
    assert all(entry["label"] in page for entry in ENTRIES)
    assert "stays on each phone" in page and "lies folded" in page and "the talk with the supervisor" in page


# A guide in which nothing is asked ------------------------------------------------------------------------------------


SAID = {
    "en": (
        "There are no results and no report.",
        "While a question is open",
        "Nothing was asked, so there is no report.",
    ),
    "de": (
        "Es gibt keine Ergebnisse und keinen Bericht.",
        "Solange eine Frage offen ist",
        "Es wurde nichts gefragt, also gibt es keinen Bericht.",
    ),
}
"""What a phone reads before, never, and at the end."""


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_session_of_private_pages_alone_runs_to_its_end_and_says_that_nothing_was_asked(
    house: House, facilitator: Account, browser: Callable[[], CheckedClient], language: str
) -> None:
    live_id = session_of(house, facilitator, "one-to-one-preparation", language=language, freeze_after_minutes=0)
    leader, phone = signed_in(browser(), facilitator), seated(browser(), house, live_id)
    console = f"/staff/sessions/{live_id}/"
    assert leader.get("/staff/sessions/new/forecast?expected=3").status_code == 200
    said = html.unescape(phone.get(f"/s/{live_id}/").get_data(as_text=True))
    before, never, end = SAID[language]
    assert before in said and never not in said

    go(house, live_id, "start")
    guide = live_sessions.guide_of(look_up(house, live_id))
    for activity in guide.activities:
        assert look_up(house, live_id).at == activity.id
        assert activity.prompt in html.unescape(leader.get(console).get_data(as_text=True))
        assert activity.prompt in html.unescape(phone.get(f"/s/{live_id}/").get_data(as_text=True))
        go(house, live_id, "end" if activity is guide.activities[-1] else "next")
    assert end in phone.get(f"/s/{live_id}/").get_data(as_text=True)
    for page in ("", "settings", "report/freeze", "report/draft/manager", "report/draft/facilitator"):
        assert leader.get(console + page).status_code == 200, page
    page = leader.get(console + "report").get_data(as_text=True)
    assert "This session asked nothing." in page, "this page speaks to the person who runs it, in their language"


def test_no_report_lists_a_worksheet(house: House, live_id: str) -> None:
    go(house, live_id, "start")
    go(house, live_id, "end")
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        draft = freezes.draft(session, live, live_sessions.guide_of(live), house.clock())
    assert "All & sundry" not in repr(draft)
