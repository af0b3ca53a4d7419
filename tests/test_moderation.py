"""Moderation as a service: what the room, the boards, the lists and the reports make of what was decided."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import make_account, signed_in
from tests.promises.stagehands import Room, canary, fields_for, room
from tests.small_guide import ask, go, look_up, make_session
from tests.test_receipts import Kept, db, everything  # noqa: F401 - `db` is a fixture
from workshop import boards, freezes, live_sessions, moderation, parking, questions, readings, retention, seals, themes
from workshop.errors import Forbidden, WorkshopError
from workshop.house import House
from workshop.models import Account, ActivityRun, Card
from workshop.models import Reading as ReadingRow
from workshop.readings import Command


def closed(house: House, sort: str, *, people: int = 12, **settings: Any) -> tuple[Room, list[str]]:
    """Return a session in which one question of this sort has closed, and what was written."""
    played = room(house, [sort, "pulse"], people, freeze_after_minutes=0, **settings)
    run_id, wrote = played.open(), [canary() for _phone in range(people)]
    for phone, text in enumerate(wrote):
        played.send(phone, run_id, fields_for(sort, text))
    if sort == "rolling-questions":
        seals.roll(house)
    played.move("close")
    return played, wrote


def decide(house: House, played: Room, do: str, *texts: str, **more: Any) -> readings.Said:
    """Decide something about the texts that read like this."""
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        desk = moderation.desk(session, live, live.at or "")
        assert desk is not None
        ids = {line.text: line.id for line in desk.lines}
    more = {name: ids.get(value, value) if name == "front" else value for name, value in more.items()}
    command = Command(do, tuple(ids.get(text, text) for text in texts), **more)
    return moderation.decide(house, played.live_id, played.live.at or "", command, "Kim")


# -- one question, every surface


def test_what_is_hidden_leaves_the_board_of_themes_and_comes_back_where_it_was(house: House) -> None:
    played, wrote = closed(house, "text")
    ids = {text: one for one, text in played.cards()}
    for command in (
        boards.Command("new", (ids[wrote[0]], ids[wrote[1]]), name="Together"),
        boards.Command("new", (ids[wrote[2]],), name="Alone"),
    ):
        themes.change(house, played.live_id, "q0", command)
    decide(house, played, "hide", wrote[0])
    decide(house, played, "mask", wrote[1], words=(0,))

    def shown() -> dict[str, list[str]]:
        return {theme.name: [card.text for card in theme.cards] for theme in played.seen()[1].activity.themes}

    assert shown()["Together"] == ["[…]"]
    with house.database.transaction() as session:
        run = session.scalars(select(ActivityRun)).one()
        board = themes.shown(session, run.id, themes.cards_of(session, run.id), working=True)
        assert [card.text for card in board.themes[0].cards] == ["[…]"]
    decide(house, played, "undo")
    decide(house, played, "undo")
    assert shown()["Together"] == wrote[:2]


@pytest.mark.parametrize("moderated", [False, True])
def test_a_hidden_question_from_the_room_leaves_the_list_and_the_parked_ones(house: House, moderated: bool) -> None:
    played, _wrote = closed(house, "rolling-questions", moderation=moderated)
    if moderated:
        assert played.seen()[0].activity.phase == "reading"
        assert played.seen()[0].activity.questions == ()
        decide(house, played, "rest")
        played.move("show_read")
    listed = played.seen()[0].activity.questions
    assert len(listed) == 12
    gone, parked = listed[0], listed[1]
    for one in (gone, parked):
        played.move("question_parked", one.id)
    decide(house, played, "hide", gone.text)
    left = played.seen()[0].activity.questions
    assert {one.id for one in left} == {one.id for one in listed} - {gone.id}
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        assert questions.parked(session, live) == [parked.text]


def test_words_of_a_cloud_are_hidden_and_masked_and_the_sizes_of_the_others_stay(house: House) -> None:
    played, wrote = closed(house, "cloud")
    before = dict(played.seen()[0].activity.result.words)
    decide(house, played, "hide", wrote[0])
    decide(house, played, "mask", wrote[1], words=(0,))
    decide(house, played, "mask", wrote[2], words=(0,))
    after = dict(played.seen()[0].activity.result.words)
    assert after == {"[…]": before[wrote[1]], **{word: before[word] for word in wrote[3:]}}
    assert not played.seen()[0].activity.emptied
    for word in wrote[3:]:
        decide(house, played, "hide", word)
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        desk = moderation.desk(session, live, "q0")
        assert desk is not None and {line.text for line in desk.shown} == {"[…]"}
        body = json.dumps(session.scalars(select(ReadingRow.body)).one())
    assert not [word for word in wrote if word in body]


def test_where_everything_is_hidden_every_screen_says_that_nothing_is_shown(house: House) -> None:
    for sort in ("text", "cloud", "rolling-questions"):
        played, wrote = closed(house, sort)
        decide(house, played, "hide", *wrote)
        assert [one.activity.emptied for one in played.seen()[:2]] == [True, True]
        assert played.seen()[0].activity.cards == ()


def test_a_group_card_is_read_like_any_other(house: House) -> None:
    assert moderation.queues(look_up_moderated(), activity("breakout"))
    assert not moderation.queues(look_up_moderated(), activity("scale"))


def look_up_moderated() -> Any:
    """Return something with the one setting that counts."""
    return type("Live", (), {"moderation": True})()


def activity(kind: str) -> Any:
    """Return something of this kind."""
    return type("Activity", (), {"kind": kind})()


# -- before the release


def test_the_room_cannot_go_on_over_texts_that_are_still_read(house: House) -> None:
    played, _wrote = closed(house, "text", moderation=True)
    for command in ("next", "end", "open"):
        with pytest.raises(WorkshopError):
            played.move(command)
    with pytest.raises(WorkshopError, match="being read through"):
        played.move("next")
    seals.tick(house)
    seals.recover(house)
    assert played.seen()[0].activity.phase == "reading"
    with pytest.raises(Forbidden):
        live_sessions.move(house, "moderate", played.live_id, "show_read", "", played.live.version)
    played.move("show_read")
    assert played.seen()[0].activity.emptied
    played.move("next")


def test_the_console_says_how_far_the_reading_is_and_only_to_those_who_read(house: House) -> None:
    played, wrote = closed(house, "text", moderation=True)
    run, moderate, watch = played.seen()[2:]
    assert (run.reading, moderate.reading) == (moderation.Queue(12, 0, True),) * 2
    assert watch.reading is None and watch.moderates == "" and watch.moderated == ()
    assert run.primary.command == "show_read" and run.primary.ask
    decide(house, played, "approve", *wrote[:3])
    run, _moderate, watch = played.seen()[2:]
    assert run.reading == moderation.Queue(9, 3, True)
    assert "nobody has decided" in run.primary.ask
    assert watch.moderated == ()
    decide(house, played, "rest")
    assert played.seen()[2].primary.ask == ""


def test_votes_and_scales_are_shown_at_once_all_the_same(house: House) -> None:
    played, _wrote = closed(house, "scale", moderation=True)
    assert played.seen()[0].activity.phase == "released"
    assert played.seen()[0].activity.result is not None


def test_a_session_that_was_forgotten_in_the_middle_of_reading_ends_by_itself(house: House) -> None:
    played, wrote = closed(house, "text", moderation=True)
    decide(house, played, "approve", wrote[0])
    assert retention._end(house, played.live_id)
    assert played.live.phase == "ended"
    with house.database.transaction() as session:
        run = session.scalars(select(ActivityRun)).one()
        assert [text for _id, text in moderation.cards(session, run.id)] == [wrote[0]]


def test_two_who_decide_at_once_lose_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    played, wrote = closed(house, "text")
    whole, times = moderation._keep, iter(range(9))

    def late(session: Session, run_id: str, reading: readings.Reading, version: int) -> None:
        if next(times) == 0:  # the other one is faster, between our look and our writing
            monkeypatch.setattr(moderation, "_keep", whole)
            session.rollback()
            decide(house, played, "hide", wrote[1])
            monkeypatch.setattr(moderation, "_keep", late)
        whole(session, run_id, reading, version)

    decide(house, played, "hide", wrote[2])
    monkeypatch.setattr(moderation, "_keep", late)
    decide(house, played, "hide", wrote[0])
    assert {text for _id, text in played.cards()} == set(wrote[3:])


def test_a_parking_lot_nobody_opened_is_not_shown_at_the_end_and_can_still_be_read(house: House) -> None:
    played = room(house, ["lot", "pulse"], 12, freeze_after_minutes=0, moderation=True)
    with house.database.transaction() as session:
        run_id = session.scalars(select(ActivityRun.id)).one()
    wrote = [canary() for _phone in range(12)]
    for phone, thought in enumerate(wrote):
        played.send(phone, run_id, {"text-0": [thought]})
    played.move("next")
    played.move("end")
    assert played.live.phase == "ended"
    run, _moderate, watch = played.seen()[2:]
    assert (run.unread_lot, watch.unread_lot) == ("q0", "")
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        assert [one.text for one in parking.entries(session, live, session.get(ActivityRun, run_id))] == []
        desk = moderation.desk(session, live, "q0")
    assert desk is not None and {line.text for line in desk.hidden} == set(wrote)
    moderation.decide(house, played.live_id, "q0", Command("back", (desk.hidden[0].id,)), "Kim")
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        found = parking.entries(session, live, session.get(ActivityRun, run_id))
        assert [one.text for one in found] == [desk.hidden[0].text]


# -- with receipts, quotes and staff texts, at the freeze


def marked(world: Kept, do: str, *texts: str, **more: Any) -> None:
    """Decide something in a session that has ended."""
    ids = {card.text: card.id for card in world.db.scalars(select(Card))}
    reading, version = moderation.of(world.db, world.run_id)
    more = {name: ids[value] if name == "front" else value for name, value in more.items()}
    known = {one: text for text, one in ids.items()}
    readings.act(reading, Command(do, tuple(ids[text] for text in texts), **more), known)
    moderation._keep(world.db, world.run_id, reading, version)


@pytest.mark.parametrize("do", ["hide", "merge"])
def test_a_card_that_is_not_shown_is_in_no_edition_and_its_consent_does_not_count(db: Session, do: str) -> None:  # noqa: F811
    world = Kept(db, quotable=3)
    if do == "hide":
        marked(world, "hide", world.texts[0])
    else:
        marked(world, "merge", world.texts[0], front=world.texts[11])
    frozen = everything(world.freeze())
    assert not [text for text in world.texts if text in frozen], "two consents print as none"
    assert world.card(world.texts[0]) is None


def test_a_merged_card_never_makes_another_quotable(db: Session) -> None:  # noqa: F811
    world = Kept(db, quotable=5)
    silent, spoken = world.texts[11], world.texts[0]
    marked(world, "merge", spoken, front=silent)
    frozen = everything(world.freeze())
    assert spoken not in frozen and silent not in frozen
    assert world.texts[1] in frozen


@pytest.mark.parametrize("consents", [True, False])
def test_where_the_author_of_a_merged_card_takes_it_back_the_one_behind_stands_by_its_own_consent(
    db: Session,  # noqa: F811
    consents: bool,
) -> None:
    world = Kept(db, quotable=5)
    world.live.facilitator_words = True
    front, behind = world.texts[0], world.texts[4 if consents else 11]
    marked(world, "merge", behind, front=front)
    before = world.looked_at()
    assert behind not in before
    world.ask(front, "withdraw")
    assert world.looked_at() == before, "nobody is told before the freeze"
    frozen = world.freeze()
    assert front not in everything(frozen)
    assert behind in json.dumps(frozen.editions["facilitator"]), "it had been said, and not by whoever took it back"
    assert behind not in json.dumps(frozen.editions["manager"]), "a chosen quote that is gone is not replaced"
    card = world.card(behind)
    assert card is not None and card.quotable == consents
    assert world.card(front) is None


def test_a_hidden_card_can_be_taken_back_and_shown_again_and_both_hold(db: Session) -> None:  # noqa: F811
    world = Kept(db, quotable=6)
    marked(world, "hide", world.texts[0], world.texts[1])
    world.ask(world.texts[0], "withdraw")
    world.ask(world.texts[1], "unquote")
    marked(world, "back", world.texts[0], world.texts[1])
    frozen = everything(world.freeze())
    assert world.texts[0] not in frozen and world.texts[1] not in frozen
    assert world.card(world.texts[0]) is None
    stays = world.card(world.texts[1])
    assert stays is not None and not stays.quotable


def test_a_masked_quote_is_printed_with_its_mask_and_no_staff_text_says_the_word(db: Session) -> None:  # noqa: F811
    world = Kept(db, quotable=5)
    text = world.texts[0]
    marked(world, "mask", text, words=(0,))
    guide = live_sessions.guide_of(world.live)
    for written in (text, " ".join(text.split()[:6])):
        with pytest.raises(WorkshopError, match="may not be quoted"):
            freezes.save_texts(db, world.live, guide, freezes.Texts(asks=written), 0, world.live.ended_at)
    rest = " ".join(text.split()[1:])
    chosen = tuple(sorted(db.scalars(select(Card.id).where(Card.quotable))))
    frozen = everything(world.freeze(asks=rest, quotes={"drags": chosen}))
    assert f"[…] {rest}" in frozen
    assert text not in frozen


def test_no_staff_text_repeats_a_hidden_card(db: Session) -> None:  # noqa: F811
    world = Kept(db, quotable=5)
    marked(world, "hide", world.texts[0])
    with pytest.raises(WorkshopError, match="may not be quoted"):
        world.freeze(asks=world.texts[0])


# -- pages


def test_the_create_page_makes_a_session_that_is_read_first_and_the_settings_change_it_in_the_lobby(
    house: House, client: FlaskClient, facilitator: Account
) -> None:
    signed_in(client, facilitator)
    live_id = make_session(house, facilitator)
    page = client.get("/staff/sessions/new?guide=small").get_data(as_text=True)
    assert "Read texts before the room sees them" in page
    settings = f"/staff/sessions/{live_id}/settings"
    token = client.get(settings).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "room_floor": "5", "words_floor": "10"}
    assert client.post(settings, data=form).status_code == 422, "nothing was changed"
    assert client.post(settings, data={**form, "moderation": "y"}).status_code == 303
    assert look_up(house, live_id).phase == "moved"
    fresh = look_up(house, look_up(house, live_id).moved_to or "")
    assert fresh.moderation and fresh.room_floor == 5
    go(house, fresh.id, "start")
    assert client.post(f"/staff/sessions/{fresh.id}/settings", data=form).status_code == 303
    assert look_up(house, fresh.id).moderation, "not under people who were told so"


def test_everything_works_by_plain_forms(house: House, client: FlaskClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    live_id = make_session(house, facilitator)
    address = f"/staff/sessions/{live_id}/moderation/stuck"
    assert "Nothing to read here" in client.get(address).get_data(as_text=True)
    assert client.get(f"/staff/sessions/{live_id}/moderation/nothing").status_code == 404
    ask(house, live_id, "stuck")
    with house.database.transaction() as session:
        run = session.scalars(select(ActivityRun)).one()
        run.state, run.release = "released", {
            "too_few": False, "people": 12, "words_ok": True, "made_up": False, "result": {},
        }  # fmt: skip
        for number in range(12):
            session.add(Card(id=f"card{number:018}", run_id=run.id, text=f"Kim and {number} more meetings"))
    one, two = f"card{0:018}", f"card{1:018}"

    def press(do: str, **more: Any) -> str:
        token = client.get(address).get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
        answer = client.post(address, data={"csrf_token": token, "do": do, **more}, follow_redirects=True)
        return answer.get_data(as_text=True)

    assert "1 text hidden" in press(f"hide:{one}")
    assert "Choose texts first" in press("hide")
    assert "2 texts hidden" in press("hide", texts=[two, f"card{2:018}"])
    assert "Taken back: 2 texts hidden" in press("undo")
    assert "Done again: 2 texts hidden" in press("redo")
    assert "1 text put back" in press(f"back:{two}")
    masking = client.get(f"{address}?mask={two}").get_data(as_text=True)
    assert "Which words shall be masked?" in masking
    assert "Words masked in 12 texts" in press(f"mask:{two}", word=["0"], everywhere="1")
    assert "[…] and 1 more meetings" in client.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert "1 text put behind another" in press(f"merge:{two}", texts=[f"card{3:018}"])
    assert "1 text stands alone again" in press(f"part:{two}")
    page = press("show")
    assert "nothing here that waits" in page
    assert "hid texts 2 times" in page
    assert "hid texts 2 times" in client.get(f"/staff/sessions/{live_id}/settings").get_data(as_text=True)
    script = client.post(address, data={"do": f"back:{one}"}, headers={"X-Requested-With": "fetch"})
    assert script.status_code == 400, "without a token even a script is refused"


def test_a_member_of_staff_who_moderates_gets_the_page_and_one_who_watches_does_not(
    house: House, client: FlaskClient, facilitator: Account
) -> None:
    from workshop.models import SessionRole

    live_id = make_session(house, facilitator)
    for role, status in (("moderate", 200), ("watch", 403)):
        account = make_account(house)
        with house.database.transaction() as session:
            session.add(SessionRole(live_id=live_id, account_id=account.id, role=role))
        signed_in(client, account)
        assert client.get(f"/staff/sessions/{live_id}/moderation/stuck").status_code == status
