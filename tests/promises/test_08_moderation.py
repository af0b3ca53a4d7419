"""Promise 8's declared exception, and moderation after the release: who sees what, in which bytes, until when.

The attackers are everybody who could look: every role at every page and event,
the author's own phone, and somebody with a copy of the files. Each control
leaks on purpose, or looks at the moment at which something is there to be found.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import SERVER
from tests.promises.attackers import BROKEN, order_p, tau
from tests.promises.stagehands import Room, canary, fields_for, files_below, room
from tests.promises.theatre import CALLERS, STAFF, Theatre, build
from workshop import anonymity, freezes, live_sessions, moderation, receipts, seals, who_sees
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import ActivityRun, Card, ModerationDay
from workshop.models import Reading as ReadingRow
from workshop.readings import Command
from workshop.releases import Released

PEOPLE = 12
PAGE = "/staff/sessions/<live_id>/moderation/<activity_id>"
DESK = f"{PAGE}/desk"
MODERATE = ("run", "moderate", "remote")  # the remote is in the hand of somebody who runs the session
FALSE_ALARM = 1e-7


def new_receipt() -> str:
    """Return 128 random bits, as static/js/receipts.js makes them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()


def hashed(receipt: str) -> str:
    """Return what of a receipt travels."""
    return hashlib.sha256(receipt.encode()).hexdigest()


def answered(played: Room, sort: str, phones: int = PEOPLE) -> list[str]:
    """Open the question, let so many phones answer, and return what they wrote."""
    run_id, wrote = played.open(), [canary() for _phone in range(phones)]
    for phone, text in enumerate(wrote):
        played.send(phone, run_id, fields_for(sort, text))
    return wrote


def desk(house: House, played: Room) -> moderation.Desk:
    """Return the texts of the question in front, as those who moderate see them."""
    with house.database.transaction() as session:
        found = moderation.desk(session, live_sessions.get(session, played.live_id), played.live.at or "")
        assert found is not None
        return found


def decide(house: House, played: Room, do: str, *texts: str, **more: Any) -> None:
    """Decide something about the question in front."""
    moderation.decide(house, played.live_id, played.live.at or "", Command(do, texts, **more), "Kim")


def id_of(house: House, played: Room, text: str) -> str:
    """Return the id of a text on the desk."""
    return next(line.id for line in desk(house, played).lines if line.text == text)


RESULTS = (
    "/s/<live_id>/",
    "/s/<live_id>/sent",
    "/stage/<stage_token>",
    "/staff/sessions/<live_id>/",
    "/staff/sessions/<live_id>/report",
    "/staff/sessions/<live_id>/themes/<activity_id>",
    PAGE,
    DESK,
)
"""The pages on which texts of a question stand, one way or another."""


def seen(made: Theatre, words: list[str], *, everywhere: bool = False) -> dict[tuple[str, str], int]:
    """Return (caller, page or "socket") -> how many of these words stand there; `everywhere`: on every page there is."""
    found: dict[tuple[str, str], int] = {}
    for caller in CALLERS:
        pages = {name: answer.text for name, answer in made.answers(caller).items()} if everywhere else {}
        for name, text in (pages or {name: made.page(caller, name) for name in RESULTS}).items():
            if count := sum(word in text for word in words):
                found[caller, name] = count
    sockets = {"stage": made.socket("nobody", "stage"), "phone": made.socket("phone", "phone")}
    sockets |= {caller: made.socket(caller, "console") for caller in STAFF}
    for caller, connection in sockets.items():
        said = repr(
            [connection.emit(event, {"run": made.played.run_id}, callback=True) for event in ("screen", "mine")]
        )
        if count := sum(word in said + repr(connection.get_received()) for word in words):
            found[caller, "socket"] = count
        connection.disconnect()
    return found


@pytest.fixture
def made(app: Flask) -> Iterator[Theatre]:
    """Return a session in which texts are read before the room sees them."""
    theatre = build(app, ("text", "cloud", "rolling-text"), PEOPLE, moderation=True, freeze_after_minutes=0)
    yield theatre
    theatre.close()


# -- before the release


@pytest.mark.parametrize("sort", ["text", "cloud"])
def test_what_is_read_first_is_seen_by_those_who_moderate_at_one_page_and_by_nobody_else(
    made: Theatre, sort: str
) -> None:
    if sort == "cloud":
        made.played.move("next")
    wrote = answered(made.played, sort)
    made.played.move("close")
    values = {**made.values(), "activity_id": made.played.live.at or ""}
    made.values = lambda: values  # type: ignore[method-assign]
    assert made.played.seen()[0].activity.phase == "reading"
    found = seen(made, wrote, everywhere=sort == "text")
    assert found == {(role, page): PEOPLE for role in MODERATE for page in (PAGE, DESK)}

    # Let out, it is there for everybody at the same moment and in one order: the search would have found it before.
    kept_back = next(line for line in desk(made.house, made.played).waiting)
    decide(made.house, made.played, "hide", kept_back.id)
    decide(made.house, made.played, "rest")
    assert made.played.seen()[0].activity.phase == "reading"
    made.played.move("show_read")
    shown = [word for word in wrote if word != kept_back.text]
    found = seen(made, shown)
    for caller, page in (("phone", "/s/<live_id>/"), ("nobody", "/stage/<stage_token>"), ("watch", "socket")):
        assert found[caller, page] == PEOPLE - 1
    places = [[card.id for card in one.activity.cards] for one in made.played.seen()[:2]]
    assert places[0] == places[1] == sorted(places[0])
    assert set(seen(made, [kept_back.text])) == {(role, page) for role in MODERATE for page in (PAGE, DESK)}


def test_below_the_floor_those_who_moderate_see_nothing_either(made: Theatre) -> None:
    wrote = answered(made.played, "text", 4)
    made.played.move("close")
    assert made.played.seen()[0].activity.phase == "too_few"
    assert seen(made, wrote) == {}
    with made.house.database.transaction() as session:
        assert session.scalars(select(Card)).all() == []
        assert session.scalars(select(ReadingRow)).all() == []


def test_a_build_without_the_queue_is_seen_through(made: Theatre, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leaky control: the same people, the same search, and a seal that forgets to wait."""
    monkeypatch.setattr(moderation, "queues", lambda _live, _activity: False)
    wrote = answered(made.played, "text")
    made.played.move("close")
    assert seen(made, wrote)["watch", "socket"] == PEOPLE


def test_nobody_else_decides_anything(made: Theatre) -> None:
    wrote = answered(made.played, "text")
    made.played.move("close")
    one = desk(made.house, made.played).waiting[0].id
    with made.house.database.transaction() as session:
        before = repr(session.execute(select(ReadingRow.version, ReadingRow.body)).all())
    address = f"/staff/sessions/{made.live_id}/moderation/q0"
    for caller in CALLERS:
        for form in ({"do": f"hide:{one}"}, {"do": "rest"}, {"do": "show"}):
            if caller not in MODERATE:
                response = made.clients[caller].post(address, data=form)
                assert response.status_code in (303, 403, 404), caller
                assert response.status_code != 303 or "/staff/sign-in" in response.location
    with made.house.database.transaction() as session:
        assert repr(session.execute(select(ReadingRow.version, ReadingRow.body)).all()) == before
    for form in ({"do": f"hide:{one}"}, {"do": "rest"}, {"do": "show"}):
        assert made.clients["moderate"].post(address, data=form).status_code == 303
    assert sum(word in made.page("nobody", "/stage/<stage_token>") for word in wrote) == PEOPLE - 1


def test_a_phone_reads_of_it_before_it_sends(made: Theatre) -> None:
    said = " ".join(who_sees.promise(made.played.live))
    assert "Texts are then read first by those who run or moderate this session" in said
    for _question in range(3):
        made.played.open()
        shown = made.played.seen()[0].activity
        assert shown.seen_by.startswith("Seen by: those who run or moderate this session")
        assert shown.seen_by in made.page("phone", "/s/<live_id>/").replace("&#39;", "'")
        made.played.move("close")
        if made.played.live.at != "q2":
            made.played.move("next")


def test_groups_that_arrive_while_a_question_is_open_wait_too(hall: House) -> None:
    played = room(hall, ["rolling-text"], PEOPLE, moderation=True)
    wrote = answered(played, "rolling-text")
    said = " ".join(who_sees.promise(played.live))
    assert "A few light questions are read and shown while they are open, mixed in groups of at least 5" in said
    assert (
        "moderate this session, while the question is open, mixed with at least 4 others"
        in played.seen()[0].activity.seen_by
    )
    seals.roll(hall)
    first = desk(hall, played)
    assert len(first.waiting) >= 5, "a whole group of the pool, or none (promise 2)"
    assert not any(one.activity.cards or one.activity.result for one in played.seen()[:2])
    hidden, *rest = first.waiting
    decide(hall, played, "hide", hidden.id)
    for line in rest:
        decide(hall, played, "approve", line.id)
    moderation.show(hall, played.live_id, "q0", "Kim")
    assert {text for _id, text in played.cards()} == {line.text for line in rest}
    played.move("close")  # all cards are written anew; what was decided holds
    assert played.seen()[0].activity.phase == "reading"
    assert {text for _id, text in played.cards()} == {line.text for line in rest}
    assert {line.text for line in desk(hall, played).hidden} == {hidden.text}
    assert {one for one, _text in played.cards()}.isdisjoint({line.id for line in rest})
    decide(hall, played, "rest")
    played.move("show_read")
    assert {text for _id, text in played.cards()} == set(wrote) - {hidden.text}


# -- after the release


def test_what_is_hidden_or_masked_is_gone_from_every_page_and_event(app: Flask) -> None:
    made = build(app, ("text",), PEOPLE, freeze_after_minutes=0, facilitator_words=True, words_floor=5)
    wrote = answered(made.played, "text")
    made.played.move("close")
    before = seen(made, wrote)
    assert before["watch", "socket"] == before["phone", "/s/<live_id>/"] == PEOPLE
    hidden, merged, front = (id_of(made.house, made.played, text) for text in wrote[:3])
    decide(made.house, made.played, "hide", hidden)
    decide(made.house, made.played, "merge", merged, front=front)
    decide(made.house, made.played, "mask", id_of(made.house, made.played, wrote[3]), words=(0,))
    gone = [wrote[0], wrote[1], wrote[3]]
    assert set(seen(made, gone)) == {(role, page) for role in MODERATE for page in (PAGE, DESK)}
    assert seen(made, wrote[2:3])["phone", "/s/<live_id>/"] == 1
    made.close()


@pytest.mark.parametrize("before_release", [False, True])
def test_the_phone_of_whoever_wrote_it_is_shown_nothing_of_it(app: Flask, before_release: bool) -> None:
    """A hidden, a merged, a masked and a shown card: the same bytes for each receipt, and the same page on each phone."""
    made = build(app, ("text",), PEOPLE, moderation=before_release, freeze_after_minutes=0)
    run_id, own = made.played.open(), {}
    for phone in range(PEOPLE):
        own[canary()] = new_receipt()
        text, receipt = list(own.items())[-1]
        made.played.send(phone, run_id, {"text-0": [text], "receipt-0": [hashed(receipt)]})
    made.played.move("close")
    hidden, merged, masked, shown = list(own)[:4]
    decide(made.house, made.played, "hide", id_of(made.house, made.played, hidden))
    decide(
        made.house,
        made.played,
        "merge",
        id_of(made.house, made.played, merged),
        front=id_of(made.house, made.played, shown),
    )
    decide(made.house, made.played, "mask", id_of(made.house, made.played, masked), words=(0,))
    if before_release:
        decide(made.house, made.played, "rest")
        made.played.move("show_read")
    assert {text for _id, text in made.played.cards()} == {*list(own)[3:], "[…]"}
    seats = [app.test_client() for _phone in range(4)]
    name = anonymity.seat_cookie(made.live_id, made.house.settings.https)
    for client, seat in zip(seats, made.played.seats, strict=False):
        client.set_cookie(name, seat)
    for path in ("", "sent"):
        pages = [client.get(f"/s/{made.live_id}/{path}").get_data(as_text=True) for client in seats]
        assert len({"".join(line for line in page.splitlines() if "csrf" not in line) for page in pages}) == 1
    answers = {
        text: [
            (response.status_code, response.data, sorted(key for key, _value in response.headers))
            for act in receipts.ACTS
            for response in [
                seats[0].post(f"/s/{made.live_id}/receipts", json={"receipt": receipt, "act": act}),
            ]
        ]
        for text, receipt in [(text, own[text]) for text in (hidden, merged, masked, shown)]
    }
    assert len({repr(answer) for answer in answers.values()}) == 1
    assert answers[hidden][0][0] == 200
    unknown = seats[0].post(f"/s/{made.live_id}/receipts", json={"receipt": new_receipt(), "act": "keep"})
    assert unknown.status_code == 404, "the comparison would have seen a card that the server pretends not to know"
    made.close()


# -- what is stored


def played_out(hall: House, **settings: Any) -> tuple[Room, list[str]]:
    """Return a session that has ended, and the texts of its one question."""
    played = room(hall, ["text"], PEOPLE, freeze_after_minutes=0, **settings)
    run_id, wrote = played.open(), [f"{canary()} said {canary()} once" for _phone in range(PEOPLE)]
    for phone, text in enumerate(wrote):
        played.send(phone, run_id, {"text-0": [text]})
    played.move("close")
    return played, wrote


@pytest.mark.skipif(bool(SERVER), reason="reads the files of SQLite")
@pytest.mark.parametrize("purged", [False, True])
def test_hidden_texts_and_what_was_masked_are_in_no_file_after_the_freeze(
    hall: House, folder: Path, purged: bool
) -> None:
    played, wrote = played_out(hall, moderation=True)
    one, two, three = (id_of(hall, played, text) for text in wrote[:3])
    decide(hall, played, "hide", one)
    decide(hall, played, "merge", two, front=three)
    decide(hall, played, "mask", three, words=(2,))
    undecided = wrote[4]
    for text in wrote[5:]:
        decide(hall, played, "approve", id_of(hall, played, text))
    decide(hall, played, "approve", three)
    played.move("show_read")
    decide(hall, played, "back", id_of(hall, played, wrote[3]))
    played.move("end")
    secret = [wrote[0], wrote[1], wrote[2].split()[2], undecided]

    def left() -> list[str]:
        everything = b"".join(files_below(folder).values())
        return [text for text in secret if text.encode() in everything]

    assert left() == secret, "until then they can be brought back, so there is something to find"
    if purged:
        from workshop import retention

        later = hall.clock().date().replace(year=hall.clock().year + 2)
        retention.purge(hall.database, 1, later)
    else:
        with hall.database.transaction() as session:
            live = live_sessions.get(session, played.live_id)
            freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock())
    assert left() == []
    if not purged:
        assert wrote[5].encode() in b"".join(files_below(folder).values())
        assert {text for _id, text in played_cards(hall, played)} == {
            wrote[2].replace(secret[2], "[…]"),
            *wrote[3:4],
            *wrote[5:],
        }


def played_cards(hall: House, played: Room) -> list[tuple[str, str]]:
    """Return the cards as they lie in the database."""
    with hall.database.transaction() as session:
        return [(card.id, card.text) for card in session.scalars(select(Card))]


def test_after_the_freeze_nothing_can_be_decided_and_nothing_is_left_to_take_back(hall: House) -> None:
    played, wrote = played_out(hall)
    decide(hall, played, "hide", id_of(hall, played, wrote[0]))
    played.move("end")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        frozen = json.dumps(freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock()).editions)
        other = session.scalars(select(Card.id)).first() or ""
    for command in (Command("undo"), Command("hide", (other,)), Command("mask", (other,), words=(0,))):
        with pytest.raises(WorkshopError, match="The report is fixed"):
            moderation.decide(hall, played.live_id, "q0", command, "Kim")
    with pytest.raises(WorkshopError):
        moderation.show(hall, played.live_id, "q0", "Kim")
    with hall.database.transaction() as session:
        assert session.scalars(select(ReadingRow)).all() == []
        again = freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock())
        assert json.dumps(again.editions) == frozen


def test_what_is_stored_of_it_holds_no_text_no_phone_and_no_moment(hall: House) -> None:
    played, wrote = played_out(hall, moderation=True)
    for line in desk(hall, played).waiting:
        decide(hall, played, "mask", line.id, words=(0,))
        decide(hall, played, "approve", line.id)
    decide(hall, played, "undo")
    with hall.database.transaction() as session:
        body = session.scalars(select(ReadingRow.body)).one()
        days = [
            {column.name: getattr(row, column.name) for column in ModerationDay.__table__.columns}
            for row in session.scalars(select(ModerationDay))
        ]
    stored = json.dumps(body)
    assert not [word for text in wrote for word in text.split() if len(word) == 16 and word in stored]
    assert [set(day) for day in days] == [{"live_id", "made_on", "who", "what", "times"}] * len(days)
    assert {(day["what"], day["times"]) for day in days} == {("mask", PEOPLE), ("approve", PEOPLE), ("undo", 1)}
    assert not [day for day in days if hasattr(day["made_on"], "hour")]


def order_of_decisions(hall: House, monkeypatch: pytest.MonkeyPatch | None = None) -> float:
    """Approve the cards as they stand on the desk; return how far that order agrees with the order of sending.

    `monkeypatch`: the leaky control, a seal that numbers the cards as they came.
    """
    played = room(hall, ["text"], PEOPLE, moderation=True)
    wrote = answered(played, "text")

    def numbered(session: Session, run_id: str, released: Released, _ids: object = None) -> None:
        for draft in released.cards:
            session.add(Card(id=f"{played.live_id[:18]}{wrote.index(draft.text):04}", run_id=run_id, text=draft.text))
        session.flush()

    if monkeypatch is not None:
        monkeypatch.setattr(seals, "_insert_cards", numbered)
    played.move("close")
    for line in desk(hall, played).waiting:
        decide(hall, played, "approve", line.id)
    with hall.database.transaction() as session:
        of_it = ActivityRun.live_id == played.live_id
        body = session.scalars(select(ReadingRow.body).join(ActivityRun).where(of_it)).one()
        text_of = {card.id: card.text for card in session.scalars(select(Card).join(ActivityRun).where(of_it))}
    decided = [next(iter(step[2])) for step in body["undo"]]
    assert decided == list(body["marks"]) == sorted(decided)
    return tau([wrote.index(text_of[one]) for one in decided], range(PEOPLE))


def test_the_order_in_which_texts_are_decided_knows_nothing_of_who_sent_first(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert order_p([order_of_decisions(hall) for _seed in range(20)], PEOPLE) > FALSE_ALARM
    leaked = [order_of_decisions(hall, monkeypatch) for _seed in range(5)]
    assert sum(leaked) / len(leaked) >= BROKEN
    assert order_p(leaked, PEOPLE) < FALSE_ALARM
