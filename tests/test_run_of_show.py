"""Changing the plan while it runs: nothing that was asked changes, nothing that phones were told becomes untrue."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import signed_in
from tests.pages import csrf_token
from tests.promises.stagehands import KINDS as SORTS
from tests.promises.stagehands import Room, fields_for, room
from tests.small_guide import TEXT, ask, go, look_up, make_session
from tests.test_stage_languages import GERMAN
from workshop import live_sessions, live_state, run_of_show, screens, session_guide, who_sees
from workshop.activities import KINDS
from workshop.errors import WorkshopError
from workshop.guides import library, methods, schema
from workshop.house import House
from workshop.models import Account


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a running session of a guide in two languages."""
    with house.database.transaction() as session:
        guide_id = library.import_guide(session, facilitator, TEXT + GERMAN, "small.yaml", house.clock()).id
    new = live_sessions.NewSession(guide_id, "Getting unstuck", "Platform", "en", 12, "Maria Lind", False)
    made = live_sessions.create(house, facilitator, new)
    go(house, made, "start")
    return made


def plan(house: House, live_id: str, language: str = "") -> list[tuple[str, str]]:
    """Return (id, prompt) of all activities in order."""
    guide = live_state.guide_of(look_up(house, live_id), language)
    return [(one.id, one.prompt) for one in guide.activities]


def entries(house: House, live_id: str) -> dict[str, Any]:
    """Return what the session's copy says of each activity, as its file says it."""
    file = live_state.guide_of(look_up(house, live_id)).file
    return {one.id: one.model_dump() for step in file.steps for one in step.activities}


def insert(house: House, live_id: str, **wish: Any) -> None:
    """Put something in."""
    go(house, live_id, "insert", json.dumps(wish))


def answered(played: Room, people: int) -> None:
    """Let the open question be answered and closed."""
    run_id = played.open()
    for phone in range(people):
        played.send(phone, run_id, fields_for(played.sort))
    played.move("close")


# -- ask again


@pytest.mark.parametrize("sort", ["scale", "choice", "many"])
def test_a_question_that_can_be_compared_is_asked_again_as_a_second_round(hall: House, sort: str) -> None:
    played = room(hall, [sort, "text"], 12)
    answered(played, 12)
    before = entries(hall, played.live_id)
    first = played.run_id
    played.move("repeat")
    after = entries(hall, played.live_id)
    assert played.live.at == "added"
    assert [name for name, _prompt in plan(hall, played.live_id)] == ["q0", "added", "q1"]
    assert after["added"]["again"] == "q0"
    assert {name: after[name] for name in before} == before, "what was asked stays as it was"
    run_id = played.open()
    assert run_id != first
    for phone in range(12):
        played.send(phone, run_id, fields_for(sort))
    played.move("close")
    played.move("repeat")
    assert entries(hall, played.live_id)["added-2"]["again"] == "q0", "every further round stands beside the first"


def test_texts_are_asked_again_and_the_first_cards_stay(hall: House) -> None:
    played = room(hall, ["text"], 8)
    answered(played, 8)
    cards = played.cards()
    played.move("repeat")
    assert played.cards() == []
    assert not entries(hall, played.live_id)["added"]["again"]
    played.move("back")
    assert played.cards() == cards


REFUSED = sorted(
    sort for sort in SORTS if not KINDS[SORTS[sort]["kind"]].compares and not KINDS[SORTS[sort]["kind"]].texts
)


@pytest.mark.parametrize("sort", REFUSED)
def test_numbers_that_cannot_be_compared_in_words_are_never_shown_twice(hall: House, sort: str) -> None:
    """The difference of two exact pictures is what one person did (promise 10)."""
    played = room(hall, [sort, "text"], 12)
    answered(played, 12)
    with pytest.raises(WorkshopError, match="shown in numbers"):
        played.move("repeat")
    assert "repeat" not in [move.command for move in console(hall, played.live_id).secondary]


def test_what_was_put_in_twice_before_anybody_was_asked_is_another_round(hall: House) -> None:
    """Otherwise whoever leaves in between is the difference of two exact pictures (promise 10)."""
    played = room(hall, ["scale", "text"], 12)
    for prompt in ("How sure are you?", "how sure are you"):
        insert(hall, played.live_id, prompt=prompt, kind="scale")
    told: list[str] = []
    for people in (12, 11):
        played.move("next")
        told.append(console(hall, played.live_id).hint)
        played.move("open")
        for phone in range(people):
            played.send(phone, played.run_id, {"value": [str(3 + phone % 4)]})
        played.move("close")
    assert not told[0]
    assert "words beside the first time, no numbers" in told[1], "whoever opens it knows before"
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        first, second = (live_sessions.run_of(session, live, name).release for name in ("added-2", "added"))  # type: ignore[union-attr]
    assert first["people"] == 12
    assert first["result"]["shape"]["precision"] == "numbers"
    assert "moved" in second
    assert "shape" not in second["result"], "words alone"
    assert entries(hall, played.live_id)["added"]["again"] == "added-2"


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (["Yes", "No"], ["Yes!", "no", "I do not know"], True),
        (["Yes", "No"], ["Left", "Right"], False),
    ],
)
def test_a_choice_that_was_shown_is_not_opened_with_one_option_more(
    hall: House, first: list[str], second: list[str], refused: bool
) -> None:
    played = room(hall, ["text"], 12)
    insert(hall, played.live_id, prompt="Which?", kind="choice", options=second)
    insert(hall, played.live_id, prompt="Which?", kind="choice", options=first)
    played.move("next")
    played.move("open")
    for phone in range(12):
        played.send(phone, played.run_id, {"choice": [f"o{1 + phone % 2}"]})
    played.move("close")
    played.move("next")
    screen = console(hall, played.live_id)
    offered = [move.command for move in (screen.primary, *screen.secondary) if move]
    if refused:
        assert "open" not in offered, "a button that can only be refused is not offered"
        assert offered[0] == "end", "it is the last one of this plan"
        assert "shown in numbers" in screen.hint
        with pytest.raises(WorkshopError, match="shown in numbers"):
            played.move("open")
        assert len(hall.boxes.box(played.live_id).gates()) == 0, "no gate of a question that was not asked stays open"
    else:
        assert "open" in offered
        assert not screen.hint
        played.move("open")


@pytest.mark.parametrize("sort", ["scale", "points"])
def test_what_too_few_answered_is_asked_anew_once_and_not_from_there_once_more(hall: House, sort: str) -> None:
    """The first round showed nothing, the second showed numbers: a third, copied from the first, would show them again."""
    played = room(hall, [sort], 12)
    answered(played, 4)
    played.move("repeat")
    played.move("open")
    for phone in range(12):
        played.send(phone, played.run_id, fields_for(sort))
    played.move("close")
    played.move("jump", "q0")
    with pytest.raises(WorkshopError, match="shown in numbers"):
        played.move("repeat")
    assert "repeat" not in [move.command for move in console(hall, played.live_id).secondary]


@pytest.mark.parametrize("sort", ["scale", "points", "text"])
def test_what_too_few_answered_is_asked_again_from_the_beginning(hall: House, sort: str) -> None:
    played = room(hall, [sort], 12)
    answered(played, 4)
    played.move("repeat")
    assert not entries(hall, played.live_id)["added"]["again"], "nothing was shown, so there is nothing to compare with"
    run_id = played.open()
    for phone in range(12):
        played.send(phone, run_id, fields_for(sort))
    played.move("close")
    shown = console(hall, played.live_id).stage.activity
    assert shown is not None
    assert shown.phase == "released"


def test_an_open_or_unasked_question_is_not_asked_again(house: House, live_id: str) -> None:
    go(house, live_id, "jump", "stuck")
    with pytest.raises(WorkshopError, match="not been asked"):
        go(house, live_id, "repeat")
    go(house, live_id, "open")
    with pytest.raises(WorkshopError, match="still open"):
        go(house, live_id, "repeat")


def test_a_repeated_question_keeps_its_words_in_every_language(house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    go(house, live_id, "close")
    go(house, live_id, "repeat")
    spoken = dict(plan(house, live_id, "de"))
    assert spoken["added"] == spoken["stuck"] == "Was tust du ohne Begeisterung?"


def console(house: House, live_id: str) -> screens.ConsoleScreen:
    """Return the console of whoever runs the session."""
    with house.database.transaction() as session:
        return screens.console(session, live_sessions.get(session, live_id), "run", house)


# -- put in


def test_a_question_typed_on_the_spot_comes_next_and_moves_nobody(house: House, live_id: str) -> None:
    before = entries(house, live_id)
    insert(house, live_id, prompt=" What surprised you? ", kind="open_text")
    insert(house, live_id, prompt="Which way?", kind="choice", options=["Left", " Right ", ""])
    insert(house, live_id, prompt="How sure are you?", kind="scale")
    assert look_up(house, live_id).at == "hello"
    assert [name for name, _prompt in plan(house, live_id)][:5] == ["hello", "added-3", "added-2", "added", "stuck"]
    after = entries(house, live_id)
    assert {name: after[name] for name in before} == before
    go(house, live_id, "next")
    go(house, live_id, "open")
    assert console(house, live_id).stage.activity.prompt == "How sure are you?"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"prompt": "", "kind": "scale"},
        {"prompt": "x" * 241, "kind": "scale"},
        {"prompt": "x", "kind": "worksheet"},
        {"prompt": "x", "kind": ["scale"]},
        {"prompt": "x", "kind": "choice"},
        {"prompt": "x", "kind": "choice", "options": ["one"]},
        {"prompt": "x", "kind": "choice", "options": ["one", "ONE"]},
        {"prompt": "x", "kind": "choice", "options": [str(n) for n in range(13)]},
        {"prompt": "x", "kind": "choice", "options": ["a" * 81, "b"]},
        {"prompt": "x", "kind": "choice", "options": "ab"},
        {"prompt": {"x": 1}, "kind": "scale"},
        {"pick": "method:nothing"},
        {"pick": "activity:nothing:x"},
        {"pick": "activity:check-in:nothing"},
        {"pick": ""},
        {"pick": 7},
    ],
)
def test_what_is_no_question_leaves_the_plan_alone(house: House, live_id: str, wish: dict[str, Any]) -> None:
    before = look_up(house, live_id).guide_source
    with pytest.raises(WorkshopError):
        insert(house, live_id, **wish)
    assert look_up(house, live_id).guide_source == before


@pytest.mark.parametrize("argument", ["", "null", "[]", "7", '"x"', "{", "x" * 5000])
def test_no_other_argument_breaks_the_move(house: House, live_id: str, argument: str) -> None:
    with pytest.raises(WorkshopError):
        go(house, live_id, "insert", argument)


def offers() -> list[str]:
    return [offer.pick for shelf in run_of_show.shelves("en") for offer in shelf.offers]


def test_everything_on_the_shelves_goes_in_or_says_why_not(house: House, facilitator: Account, live_id: str) -> None:
    """In both languages, with all that was there before, and with the sentences on the phones as they were."""
    went_in, refused = 0, []
    for pick in offers():
        before, told = entries(house, live_id), who_sees.promise(look_up(house, live_id))
        try:
            insert(house, live_id, pick=pick)
        except WorkshopError as error:
            refused.append(error.sentence)
            continue
        went_in += 1
        after = entries(house, live_id)
        assert len(after) > len(before)
        assert {name: after[name] for name in before} == before
        assert who_sees.promise(look_up(house, live_id)) == told
    assert went_in >= len(methods.METHODS)
    assert [sentence for sentence in refused if "was told" not in sentence] == []
    own, german = dict(plan(house, live_id)), dict(plan(house, live_id, "de"))
    added = [name for name in own if run_of_show.is_added(name)]
    assert added
    assert [name for name in added if own[name] == german[name]] == [], "each speaks both languages"


def test_what_would_make_a_sentence_on_the_phones_untrue_is_refused(hall: House) -> None:
    """This guide has no texts and nothing rolling: a text would add what happens to texts, a cloud what rolls."""
    played = room(hall, ["scale", "choice"], 6)
    told = who_sees.promise(played.live)
    with pytest.raises(WorkshopError, match="was told"):
        insert(hall, played.live_id, prompt="Say more", kind="open_text")
    insert(hall, played.live_id, prompt="How sure are you?", kind="scale")
    assert who_sees.promise(played.live) == told
    leaky = TEXT.replace("rolling", "close")  # the control: a guide in which the sentence would differ
    assert session_guide.told(played.live, leaky) != told


def test_a_numbers_question_is_not_typed_in_a_second_time(hall: House) -> None:
    played = room(hall, ["scale", "text"], 12)
    answered(played, 12)
    with pytest.raises(WorkshopError, match="asked this already"):
        insert(hall, played.live_id, prompt=" question  0? ", kind="scale")
    insert(hall, played.live_id, prompt="Question 0?", kind="open_text")


def test_something_goes_in_while_a_question_is_open_and_the_question_goes_on(hall: House) -> None:
    played = room(hall, ["text", "text"], 6)
    run_id = played.open()
    played.send(0, run_id, fields_for("text"))
    insert(hall, played.live_id, prompt="And then?", kind="open_text")
    for phone in range(1, 6):
        played.send(phone, run_id, fields_for("text"))
    played.move("close")
    assert len(played.cards()) == 6


# -- take out, skip, come back


def test_only_what_was_added_and_not_asked_is_taken_out(house: House, live_id: str) -> None:
    before = look_up(house, live_id).guide_source
    insert(house, live_id, prompt="Oops", kind="open_text")
    assert [stop.id for step in console(house, live_id).agenda for stop in step.stops if stop.added] == ["added"]
    go(house, live_id, "take_out", "added")
    assert schema.parse(look_up(house, live_id).guide_source, "x").file == schema.parse(before, "x").file
    insert(house, live_id, prompt="Well", kind="open_text")
    go(house, live_id, "next")
    for wrong in ("added", "stuck", "nothing", ""):
        with pytest.raises(WorkshopError):
            go(house, live_id, "take_out", wrong)
    go(house, live_id, "open")
    go(house, live_id, "close")
    go(house, live_id, "next")
    with pytest.raises(WorkshopError, match="not asked yet"):
        go(house, live_id, "take_out", "added")


def test_a_skipped_question_waits_and_is_asked_later(hall: House) -> None:
    played = room(hall, ["text", "scale", "text"], 6)
    played.move("next")
    answered(played, 6)
    skipped = next(stop for step in console(hall, played.live_id).agenda for stop in step.stops if stop.id == "q0")
    assert skipped.state == "to come"
    played.move("jump", "q0")
    answered(played, 6)
    assert len(played.cards()) == 6
    played.move("jump", "q1")
    assert console(hall, played.live_id).stage.activity.phase == "released"  # type: ignore[union-attr]


def test_the_library_never_changes_by_what_a_session_adds(house: House, facilitator: Account) -> None:
    live_id = make_session(house, facilitator)
    go(house, live_id, "start")
    insert(house, live_id, prompt="Only here", kind="open_text")
    with house.database.transaction() as session:
        guide = library.get_guide(session, facilitator, look_up(house, live_id).guide_id or "")
        assert "Only here" not in guide.source


# -- the page


def test_the_page_adds_and_leads_back(client: FlaskClient, house: House, facilitator: Account, live_id: str) -> None:
    signed_in(client, facilitator)
    page = f"/staff/sessions/{live_id}/add"
    token = csrf_token(client.get(page).get_data(as_text=True))
    wrong = client.post(page, data={"csrf_token": token, "prompt": "", "kind": "open_text"})
    assert wrong.status_code == 422
    wrong = client.post(page, data={"csrf_token": token, "prompt": "Which?", "kind": "choice", "options": "one"})
    assert "2 to 12" in wrong.get_data(as_text=True)
    right = {"csrf_token": token, "prompt": "Which way?", "kind": "choice", "options": "Left\r\nRight"}
    assert client.post(page, data=right).location == f"/staff/sessions/{live_id}/"
    assert client.post(page, data={"csrf_token": token, "pick": offers()[0]}).status_code == 303
    shown = client.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert "Which way?" in shown
    assert "Take it out again" in shown
    assert "Nothing changes on the phones" in shown
