"""Promise 17: before the first answer and beside each field it is said who sees what, when, and what is not protected."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.promises.stagehands import guide_source
from tests.promises.theatre import Theatre, build
from workshop import who_sees
from workshop.models import LiveSession

SETTINGS = {
    "room_floor": 4,
    "words_floor": 7,
    "leader": "Zoë Quistgaard",
    "leader_is_manager": True,
    "facilitator_words": True,
    "moderation": True,
}


def live(**changes: object) -> LiveSession:
    """Return a session with these settings, not stored."""
    values: dict[str, object] = {
        "room_floor": 5,
        "words_floor": 10,
        "leader": "Lee",
        "leader_is_manager": False,
        "facilitator_words": False,
        "moderation": False,
        "keep_days": 90,
        "rehearsal": False,
        "language": "en",
        "guide_source": guide_source(["text"]),
        **changes,
    }
    return LiveSession(**values)


def text_of(page: str) -> str:
    """Return the words of a page without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


@pytest.fixture
def made(app: Flask) -> Iterator[Theatre]:
    """Return a lobby with settings of its own."""
    theatre = build(app, ("text", "to-manager", "rolling-cloud", "scale"), 0, lobby=True, **SETTINGS)
    yield theatre
    theatre.close()


def test_the_promise_names_the_real_settings() -> None:
    said = " ".join(who_sees.promise(live(**SETTINGS)))
    assert "at least 4 people" in said
    assert "from 7 answers on" in said
    assert "Zoë Quistgaard leads this session and is this team's manager" in said
    assert "file of this session holds all words" in said


def test_the_promise_of_other_settings_says_the_other_thing() -> None:
    said = " ".join(who_sees.promise(live()))
    assert "at least 5 people" in said
    assert "from 10 answers on" in said
    assert "is not this team's manager" in said
    assert "holds all words" not in said


def test_a_guide_with_light_questions_says_that_they_are_an_exception() -> None:
    said = " ".join(who_sees.promise(live(guide_source=guide_source(["text", "rolling-cloud"]), room_floor=7)))
    assert "while they are open, mixed in groups of at least 7" in said
    assert "while they are open" not in " ".join(who_sees.promise(live()))


def test_a_guide_with_a_word_cloud_says_that_its_words_stay_in_the_room() -> None:
    said = " ".join(who_sees.promise(live(guide_source=guide_source(["cloud"]))))
    assert "words of a word cloud stay in the room" in said
    assert "cloud" not in " ".join(who_sees.promise(live()))


@pytest.mark.parametrize("name", list(SETTINGS))
def test_no_setting_that_matters_goes_unsaid(name: str) -> None:
    assert who_sees.promise(live()) != who_sees.promise(live(**{name: SETTINGS[name]}))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, ["after this question closes", "at least 5", "never as single answers"]),
        ({"texts": True}, ["after this question closes", "at least 5", "unless you switch it on"]),
        ({"texts": True, "for_manager": True}, ["after this question closes", "only if you choose so"]),
        ({"own_words": True}, ["after this question closes", "Not in the manager's report."]),
        ({"rolling": True}, ["while the question is open", "at least 4 others", "Final when sent"]),
        ({"rolling": True, "texts": True}, ["at least 4 others", "unless you switch it on"]),
    ],
)
def test_each_field_says_who_sees_it_when_and_in_which_report(asked: dict[str, bool], said: list[str]) -> None:
    settings = {"texts": False, "rolling": False, "for_manager": False, **asked}
    sentence = who_sees.seen_by(live(), **settings)
    assert [part for part in said if part not in sentence] == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, ["after this question closes", "at least 5", "never as single answers"]),
        (
            {"texts": True},
            ["those who run or moderate", "at least 5 answer; then by the room", "unless you switch it on"],
        ),
        ({"own_words": True}, ["those who run or moderate", "then by the room", "Not in the manager's report."]),
        ({"rolling": True, "texts": True}, ["those who run or moderate", "at least 4 others", "Final when sent"]),
        ({"in_groups": True, "texts": True}, ["those who run or moderate", "at least two groups of three"]),
    ],
)
def test_where_texts_are_read_first_each_field_for_them_says_so(asked: dict[str, bool], said: list[str]) -> None:
    settings = {"texts": False, "rolling": False, "for_manager": False, **asked}
    sentence = who_sees.seen_by(live(moderation=True), **settings)
    assert [part for part in said if part not in sentence] == []
    assert ("moderate" in sentence) == ("texts" in asked or "own_words" in asked)


def test_the_sentence_beside_a_field_follows_the_floor() -> None:
    assert "at least 3 answer" in who_sees.seen_by(live(room_floor=3), texts=True, rolling=False, for_manager=False)
    # The pool never gets smaller than five, whatever the floor, and larger with it.
    assert "4 others" in who_sees.seen_by(live(room_floor=3), texts=True, rolling=True, for_manager=False)
    assert "7 others" in who_sees.seen_by(live(room_floor=8), texts=True, rolling=True, for_manager=False)


def test_a_rehearsal_says_so_instead() -> None:
    sentence = who_sees.seen_by(live(rehearsal=True), texts=True, rolling=False, for_manager=False)
    assert sentence.startswith("Rehearsal")


UNPROTECTED = {
    "your own wording and style": "way of writing",
    "people looking at your screen": "look at your screen",
    "an unlocked phone": "unlocked phone",
    "company-managed phones and networks": "company manages",
    "others on the Wi-Fi where the address is http": "http, not https",
    "an operator who alters the running server": "runs this server",
    "a copy taken in the middle of a question": "in the middle of a question",
    "everybody else colluding": "everybody else",
    "somebody adding phones": "several phones",
}


@pytest.mark.parametrize("what", list(UNPROTECTED))
def test_what_is_not_protected_is_listed(what: str) -> None:
    assert any(UNPROTECTED[what] in sentence for sentence in who_sees.unprotected())


def test_all_of_it_stands_on_the_welcome_page_before_joining(made: Theatre) -> None:
    page = text_of(made.page("nobody", "/j/<join_token>"))
    for sentence in (*who_sees.promise(made.played.live), *who_sees.unprotected()):
        assert sentence in page


def test_all_of_it_stands_on_the_phone_from_the_lobby_to_the_first_question(made: Theatre) -> None:
    wanted = (*who_sees.promise(made.played.live), *who_sees.unprotected())
    for command in ("", "start", "open"):
        if command:
            made.played.move(command)
        page = text_of(made.page("phone", "/s/<live_id>/"))
        assert [sentence for sentence in wanted if sentence not in page] == [], command or "lobby"


def test_each_question_has_its_sentence_in_its_form(made: Theatre) -> None:
    made.played.move("start")
    for index in range(4):
        if index:
            made.played.move("next")
        made.played.open()
        shown = made.played.seen()[0].activity
        page = made.page("phone", "/s/<live_id>/")
        form = re.search(r"<form[^>]*data-answer.*?</form>", page, re.S)
        assert form
        assert shown.seen_by
        assert shown.seen_by in text_of(form.group(0))
        made.played.move("close")
