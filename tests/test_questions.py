"""Questions from the room: the list, what is done with it, and what becomes of it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.pages import check_html
from tests.promises.stagehands import fields_for
from tests.promises.test_02_questions import asked, order, vote
from tests.promises.theatre import build
from workshop import answers, fragments, freezes, questions, seals
from workshop.errors import AnswerRefused, WorkshopError
from workshop.house import House
from workshop.live_state import get, guide_of


@pytest.fixture
def hall(house: House) -> House:
    return house


def test_a_vote_that_is_none_is_refused(hall: House) -> None:
    played, run_id = asked(hall, 12)
    for fields in ({"vote": ["short"]}, {"vote": ["a" * 22] * 2 + ["<" * 22]}, {"text-0": ["a"]}, {"vote": "a"}):
        with pytest.raises(AnswerRefused):
            answers.cast(hall, played.live_id, played.secrets[0], questions.ballot_of(run_id), 1, fields)
    many = [f"{i:022d}" for i in range(61)]
    with pytest.raises(AnswerRefused, match="60"):
        vote(played, 0, run_id, many)


def test_a_mark_for_a_card_of_elsewhere_is_refused(hall: House) -> None:
    played, _run = asked(hall, 12)
    for command in ("question_now", "question_answered", "question_parked", "question_waiting"):
        with pytest.raises(WorkshopError):
            played.move(command, "a" * 22)


def test_the_facilitator_answers_one_and_parks_another(hall: House) -> None:
    played, _run = asked(hall, 12)
    first, second, third = order(played)[:3]
    played.move("question_now", first)
    shown = {one.id: one for one in played.seen()[0].activity.questions}
    assert [one.id for one in shown.values() if one.large] == [first]
    played.move("question_answered", first)
    played.move("question_parked", second)
    played.move("question_now", third)
    shown = {one.id: one for one in played.seen()[0].activity.questions}
    assert (shown[first].mark, shown[first].large, shown[second].mark, shown[third].large) == (
        "answered", False, "parked", True,
    )  # fmt: skip
    assert order(played)[:3] == [first, second, third], "a mark moves nothing"
    with hall.database.transaction() as session:
        assert questions.parked(session, get(session, played.live_id)) == [shown[second].text]
    played.move("close")
    with hall.database.transaction() as session:
        assert questions.parked(session, get(session, played.live_id)) == [shown[second].text]
    played.move("question_waiting", second)
    with hall.database.transaction() as session:
        assert questions.parked(session, get(session, played.live_id)) == []


def test_no_more_questions_lets_out_what_waits_and_the_room_goes_on_voting(hall: House) -> None:
    played, run_id = asked(hall, 8)
    assert order(played) == [], "eight are no pool"
    played.move("question_enough")
    seals.roll(hall)
    seals.roll(hall)
    cards = order(played)
    assert len(cards) == 8
    assert not played.seen()[0].activity.asking
    played.join(1)
    with pytest.raises(WorkshopError, match="closed"):
        played.send(8, run_id, fields_for("rolling-questions"))
    for phone in range(8):
        vote(played, phone, run_id, [cards[-1]])
    questions.refresh(hall)
    seals.recover(hall)
    with pytest.raises(WorkshopError, match="closed"):
        played.send(8, run_id, fields_for("rolling-questions"))
    played.move("close")
    shown = played.seen()[0].activity.questions
    assert shown[0].id == cards[-1]
    assert shown[0].votes == "most"


def test_below_the_floor_no_more_questions_lets_nothing_out(hall: House) -> None:
    played, _run = asked(hall, 4)
    played.move("question_enough")
    seals.roll(hall)
    assert order(played) == []


def test_a_rehearsal_shows_made_up_questions_with_votes(hall: House) -> None:
    played, _run = asked(hall, 1, rehearsal=True)
    played.move("close")
    shown = played.seen()[0].activity
    assert shown.made_up
    assert shown.questions[0].votes == "9"


def test_every_surface_shows_the_list_and_the_plain_form_votes(app: Flask) -> None:
    made = build(app, ("rolling-questions",), 14)
    played = made.played
    run_id = played.open()
    assert "data-questions" in made.page("phone", "/s/<live_id>/")
    for phone in range(14):
        played.send(phone, run_id, fields_for("rolling-questions", f"Why is it so, number {phone}"))
    seals.roll(made.house)
    seals.roll(made.house)
    cards = order(played)
    played.move("question_now", cards[0])
    played.move("question_answered", cards[1])
    for caller, name in (
        ("phone", "/s/<live_id>/"),
        ("run", "/staff/sessions/<live_id>/"),
        ("phone", "/stage/<stage_token>"),
    ):
        page = made.page(caller, name)
        check_html(page)
        assert "Why is it so" in page
    console = made.page("run", "/staff/sessions/<live_id>/")
    assert f"question_parked:{cards[2]}" in console
    assert "question_parked:" not in made.page("watch", "/staff/sessions/<live_id>/")
    data = {"run": questions.ballot_of(run_id), "based_on": "0", "vote": cards[:2]}
    assert made.clients["phone"].post(f"/s/{made.live_id}/answer", data=data).status_code == 303
    page = made.page("phone", "/s/<live_id>/")
    assert len(re.findall(r'name="vote"[^>]*checked', page)) == 2
    assert 'data-votes-form data-revision="1"' in page
    with app.test_request_context():
        pushed = fragments.phone(played.seen()[0])
    assert "checked" not in re.findall(r'name="vote"[^>]*', pushed)[0], "no push carries one phone's votes"
    played.move("close")
    for caller, name in (
        ("phone", "/s/<live_id>/"),
        ("run", "/staff/sessions/<live_id>/"),
        ("phone", "/stage/<stage_token>"),
    ):
        check_html(made.page(caller, name))
    made.close()


def test_an_author_need_not_say_that_questions_roll(hall: House) -> None:
    played, _run = asked(hall, 1)
    activity = guide_of(played.live).activity("q0")
    assert activity.release == "rolling"
    assert activity.config.rolling


def test_a_report_prints_the_questions_with_most_votes_first_and_only_those_that_may_be_quoted(hall: House) -> None:
    played, run_id = asked(hall, 1)
    played.join(19)
    for phone in range(20):
        quotable = phone % 2 == 0
        fields = fields_for("rolling-questions", f"Question of number {phone}", quotable=quotable)
        if phone:
            played.send(phone, run_id, fields)
    for _tick in range(3):
        seals.roll(hall)
    texts = {one.text: one.id for one in played.seen()[0].activity.questions}
    wanted = next(text for text in texts if int(text.rpartition(" ")[2] if "number" in text else 1) % 2 == 0)
    for phone in range(12):
        vote(played, phone, run_id, [texts[wanted]])
    played.move("close")
    played.move("end")
    with hall.database.transaction() as session:
        live = get(session, played.live_id)
        printed = freezes.preview(session, live, guide_of(live), "manager", hall.clock())
    quotes = printed["sections"][0]["blocks"][0]["quotes"]
    assert quotes[0] == {"text": wanted}
    assert all(int(quote["text"].rpartition(" ")[2]) % 2 == 0 for quote in quotes)
    assert len(quotes) == 6
