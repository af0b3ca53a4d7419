"""Taking a card back, or no longer letting it be quoted, before the report is fixed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from tests.conftest import SERVER
from tests.promises.stagehands import canary, files_below, room
from tests.promises.theatre import Answer, Theatre, build
from tests.report_world import LATER, add_live
from workshop import anonymity, freezes, live_sessions, receipts
from workshop.activities import KINDS, CardDraft
from workshop.db import Database
from workshop.editions import Texts
from workshop.errors import AnswerRefused, Closed, NotFound, WorkshopError
from workshop.house import House
from workshop.models import ActivityRun, Card, Freeze, ReportText, Wish


def new_receipt() -> str:
    """Return a receipt as a phone makes it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()


def hashed(receipt: str) -> str:
    """Return what of a receipt travels with its card."""
    return hashlib.sha256(receipt.encode()).hexdigest()


@pytest.fixture
def db(house: House) -> Iterator[Session]:
    """Return an open transaction on a fresh database."""
    with house.database.transaction() as session:
        yield session


class Kept:
    """A session that has ended with one question of cards; `own` maps a card's text to its receipt."""

    def __init__(self, db: Session, *, people: int = 12, quotable: int = 5, activity: str = "drags") -> None:
        self.db, self.live = db, add_live(db, people=people)
        self.own: dict[str, str] = {}
        run = ActivityRun(
            id=anonymity.new_id(),
            live_id=self.live.id,
            activity_id=activity,
            ordinal=1,
            state="released",
            release={"too_few": False, "people": people, "words_ok": people >= 10, "made_up": False, "result": {}},
        )
        db.add(run)
        db.flush()
        self.run_id = run.id
        for number in range(people):
            text, receipt = f"{canary()} said card {number} of this very question", new_receipt()
            self.own[text] = receipt
            db.add(
                Card(
                    id=anonymity.new_id(),
                    run_id=run.id,
                    text=text,
                    quotable=number < quotable,
                    receipt=hashed(receipt),
                )
            )
        db.flush()
        self.texts = list(self.own)

    def ask(self, text: str, act: str) -> None:
        """Ask for one card, as its owner's phone would."""
        receipts.hold(self.db, self.live, self.own[text], act)

    def card(self, text: str) -> Card | None:
        """Return the row of a card."""
        self.db.expire_all()
        return self.db.scalar(select(Card).where(Card.text == text))

    def freeze(self, **written: Any) -> Freeze:
        """Save texts if any are given, then freeze."""
        guide = live_sessions.guide_of(self.live)
        if written:
            freezes.save_texts(self.db, self.live, guide, Texts(**written), 0, LATER)
        return freezes.freeze(self.db, self.live, guide, LATER)

    def looked_at(self) -> str:
        """Return the draft and every preview, as text to compare."""
        guide = live_sessions.guide_of(self.live)
        seen: list[Any] = [freezes.draft(self.db, self.live, guide, LATER)]
        seen += [freezes.preview(self.db, self.live, guide, edition, LATER) for edition in freezes.editions.EDITIONS]
        return repr(seen)


def everything(frozen: Freeze) -> str:
    """Return all that a freeze holds."""
    return json.dumps(frozen.editions, ensure_ascii=False)


# -- the way of a receipt into the database


def test_a_receipt_travels_with_its_card_and_is_never_given_back() -> None:
    kind = KINDS["open_text"]
    config = kind.Config(cards=3)
    first, second = hashed(new_receipt()), hashed(new_receipt())
    body = kind.clean(config, {"text-0": ["one"], "receipt-0": [first], "text-2": ["two"], "receipt-2": [second],
                               "receipt-1": [hashed(new_receipt())]})  # fmt: skip
    assert kind.cards(config, body) == [CardDraft("one", False, first), CardDraft("two", False, second)]
    assert kind.fields_of(config, body) == {"text-0": ["one"], "text-1": ["two"]}
    without = kind.clean(config, {"text-0": ["one"]})
    assert without == {"cards": [{"text": "one", "quotable": False}]}
    assert kind.cards(config, without) == [CardDraft("one", False, None)]


@pytest.mark.parametrize(
    "wrong", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n", "'; drop table cards; --", "\x00" * 64]
)
def test_what_is_no_hash_is_refused(wrong: str) -> None:
    kind = KINDS["open_text"]
    with pytest.raises(AnswerRefused):
        kind.clean(kind.Config(), {"text-0": ["one"], "receipt-0": [wrong]})


def test_one_receipt_for_two_cards_is_refused_because_it_would_tie_them() -> None:
    kind = KINDS["open_text"]
    same = hashed(new_receipt())
    with pytest.raises(AnswerRefused):
        kind.clean(kind.Config(cards=2), {"text-0": ["a"], "receipt-0": [same], "text-1": ["b"], "receipt-1": [same]})


def test_a_word_cloud_takes_none() -> None:
    kind = KINDS["word_cloud"]
    with pytest.raises(AnswerRefused):
        kind.clean(kind.Config(), {"word-0": ["calm"], "receipt-0": ["0" * 64]})


@pytest.mark.parametrize("sort", ["text", "rolling-text"])
def test_the_seal_keeps_the_receipts_of_the_last_revision_and_no_others(hall: House, sort: str) -> None:
    played = room(hall, [sort], 10)
    run_id, own = played.open(), {}
    for phone in range(10):
        for revision in (1,) if sort == "rolling-text" else (1, 2):
            text = canary()
            receipt = hashed(new_receipt())
            played.send(phone, run_id, {"text-0": [text], "receipt-0": [receipt]}, revision=revision)
        own[text] = receipt
    if sort == "rolling-text":
        from workshop import seals

        seals.roll(hall)
    played.move("close")
    with hall.database.transaction() as session:
        assert {card.text: card.receipt for card in session.scalars(select(Card))} == own


# -- asking


def test_a_card_that_is_taken_back_is_in_no_edition_and_no_row(db: Session) -> None:
    world = Kept(db)
    gone, stays = world.texts[0], world.texts[1]
    world.ask(gone, "withdraw")
    frozen = world.freeze()
    assert gone not in everything(frozen)
    assert stays in everything(frozen)
    assert world.card(gone) is None


def test_a_card_that_may_not_be_quoted_any_more_stays_with_the_room_alone(db: Session) -> None:
    world = Kept(db)
    world.live.facilitator_words = True
    world.ask(world.texts[0], "unquote")
    frozen = world.freeze()
    outside = [data for name, data in frozen.editions.items() if name not in ("facilitator", "data")]
    assert world.texts[0] not in json.dumps(outside)
    assert world.texts[0] in json.dumps(frozen.editions["facilitator"])
    card = world.card(world.texts[0])
    assert card is not None
    assert not card.quotable


@pytest.mark.parametrize("act", ["withdraw", "unquote"])
def test_what_was_asked_can_be_taken_back_until_the_freeze(db: Session, act: str) -> None:
    world = Kept(db)
    world.ask(world.texts[0], act)
    world.ask(world.texts[0], "keep")
    assert world.texts[0] in everything(world.freeze())


def test_the_last_request_counts(db: Session) -> None:
    world = Kept(db)
    for act in ("unquote", "withdraw", "keep", "withdraw"):
        world.ask(world.texts[0], act)
    world.freeze()
    assert world.card(world.texts[0]) is None


def test_three_consents_of_which_one_is_taken_back_print_as_none(db: Session) -> None:
    world = Kept(db, quotable=3)
    world.ask(world.texts[1], "withdraw")
    frozen = world.freeze()
    assert not any(text in everything(frozen) for text in world.texts)


def test_a_chosen_quote_that_is_gone_is_not_replaced(db: Session) -> None:
    world = Kept(db, quotable=9)
    cards = {text: card.id for text in world.texts if (card := world.card(text)) is not None}
    chosen = world.texts[:4]
    world.ask(chosen[0], "withdraw")
    world.ask(chosen[1], "unquote")
    frozen = world.freeze(quotes={"drags": tuple(sorted(cards[text] for text in chosen))})
    printed = json.dumps(frozen.editions["manager"])
    assert [text for text in world.texts if text in printed] == chosen[2:]
    assert cards[chosen[0]] not in json.dumps(db.scalars(select(ReportText.body)).one())


def test_a_staff_text_that_quotes_a_card_loses_that_sentence_when_its_author_asks(db: Session) -> None:
    """It was allowed when it was written; a refusal at the freeze would tell that somebody asked."""
    world = Kept(db, quotable=6)
    words = " ".join(world.texts[0].split()[:7])
    written = {
        "findings": (f"They said: {words}", "Something else."),
        "asks": f"More time. One wrote: {words}! Less noise.",
        "next_steps": ((f"Talk about {words}", "Lee", "May"), ("Meet", "Lee", "May")),
        "heard": {"drags": f"Much.\n{words}.\nMore."},
    }
    world.ask(world.texts[0], "unquote")
    frozen = world.freeze(**written)
    assert words not in everything(frozen)
    for kept in ("Something else.", "More time.", "Less noise.", "Meet", "Much.", "More."):
        assert kept in everything(frozen)
    assert words not in json.dumps(db.scalars(select(ReportText.body)).one())


def test_floors_stay_as_they_were_at_the_seal(db: Session) -> None:
    world = Kept(db, people=10, quotable=10)
    for text in world.texts[:6]:
        world.ask(text, "withdraw")
    printed = everything(world.freeze())
    assert "10 people answered" in printed
    assert sum(text in printed for text in world.texts) >= 1


# -- what is refused


def test_after_the_freeze_nothing_can_be_asked_and_nothing_is_left_to_ask_with(db: Session) -> None:
    world = Kept(db)
    frozen = everything(world.freeze())
    for receipt in (world.own[world.texts[0]], new_receipt()):
        with pytest.raises(Closed, match="The report is fixed; nothing can be changed any more"):
            receipts.hold(db, world.live, receipt, "withdraw")
    assert db.scalars(select(Card.receipt).distinct()).all() == [None]
    db.expire_all()
    assert everything(db.scalars(select(Freeze)).one()) == frozen


def test_a_receipt_opens_only_its_own_session(db: Session) -> None:
    world, other = Kept(db), Kept(db)
    for receipt in (other.own[other.texts[0]], new_receipt(), hashed(world.own[world.texts[0]])[:22]):
        with pytest.raises(NotFound):
            receipts.hold(db, world.live, receipt, "withdraw")
    assert db.scalars(select(Wish)).all() == []


def test_while_a_question_is_open_its_cards_are_not_touched(db: Session) -> None:
    """Rolling cards are written anew at the close; a request before it would be lost without a word."""
    world = Kept(db)
    run = db.get(ActivityRun, world.run_id)
    assert run is not None
    run.state = "open"
    db.flush()
    with pytest.raises(NotFound):
        world.ask(world.texts[0], "withdraw")


@pytest.mark.parametrize(
    "secret", [None, 7, "", "a" * 21, "a" * 23, "a" * 21 + "\n", "a" * 21 + "=", ["a" * 22], {"a": 1}, "é" * 22]
)
@pytest.mark.parametrize("act", ["withdraw"])
def test_what_is_no_receipt_is_refused(db: Session, secret: object, act: str) -> None:
    world = Kept(db)
    with pytest.raises(WorkshopError) as refused:
        receipts.hold(db, world.live, secret, act)
    assert refused.value.status == 400


@pytest.mark.parametrize("act", ["", "delete", "Withdraw", None, 1, ["withdraw"], {"withdraw": 1}])
def test_what_is_no_act_is_refused(db: Session, act: object) -> None:
    world = Kept(db)
    with pytest.raises(WorkshopError) as refused:
        receipts.hold(db, world.live, world.own[world.texts[0]], act)
    assert refused.value.status == 400


# -- promise 9: held aside


def test_until_the_freeze_no_request_changes_a_draft(db: Session) -> None:
    world = Kept(db, quotable=6)
    before = world.looked_at()
    for number, text in enumerate(world.texts[:8]):
        world.ask(text, ("withdraw", "unquote")[number % 2])
        assert world.looked_at() == before
    frozen = everything(world.freeze())
    assert not any(text in frozen for text in world.texts[:8])


def all_there_is(made: Theatre) -> dict[str, str]:
    """Return what every route of a session gives to who leads it and to a phone, and every screen.

    Without tokens, which are new each time.
    """
    seen = {"screens": repr(made.played.seen())}
    for name, rule in made.rules("GET"):
        if ("<live_id>" in name or "<stage_token>" in name) and not ("draft" in name and name.endswith(".pdf")):
            for role in ("phone", "run"):
                answer = Answer.of(made.ask(role, "GET", made.address(rule)))
                seen[f"{role} {name}"] = re.sub(r'"csrf":"[^"]+"', "", repr(answer))
    return seen


def test_everybody_sees_the_same_bytes_before_and_after_a_request(app: Flask) -> None:
    """Whatever is asked shows nowhere and wakes no screen; the control: the freeze carries it out."""
    made = build(app, ("cards",), 12, freeze_after_minutes=0)
    run_id, own = made.played.open(), []
    for phone in range(12):
        own.append(new_receipt())
        fields = {"text-0": [f"{canary()} card"], "quote-0": ["1"], "receipt-0": [hashed(own[-1])]}
        made.played.send(phone, run_id, fields)
    made.played.move("close")
    made.played.move("end")
    heard: list[str] = []
    made.house.database.on_notice(heard.append)
    before = all_there_is(made)
    for number in range(0, 12, 2):
        request = {"receipt": own[number], "act": ("withdraw", "unquote")[number // 2 % 2]}
        assert made.clients["phone"].post(f"/s/{made.live_id}/receipts", json=request).get_json() == {"ok": True}
    after = all_there_is(made)
    assert heard == []
    assert [name for name in before if before[name] != after[name]] == []
    assert not [name for name in after if any(hashed(one) in after[name] or one in after[name] for one in own)]
    assert after["run /staff/sessions/<live_id>/report/draft/<edition>"].count(" card") == 6
    with made.house.database.transaction() as session:
        live = live_sessions.get(session, made.live_id)
        freezes.freeze(session, live, live_sessions.guide_of(live), made.house.clock())
    frozen = all_there_is(made)
    assert frozen["run /staff/sessions/<live_id>/report/<edition>/page"].count(" card") < 6
    assert not [name for name in frozen if any(hashed(one) in frozen[name] for one in own)]
    made.close()


def test_the_page_refuses_a_browser_without_a_seat_and_rights_it_has_not(app: Flask) -> None:
    made = build(app, ("text",), 1)
    for caller in ("nobody", "run", "admin"):
        assert made.ask(caller, "GET", f"/s/{made.live_id}/sent").status_code == 404
        reply = made.clients[caller].post(
            f"/s/{made.live_id}/receipts", json={"receipt": new_receipt(), "act": "withdraw"}
        )
        assert reply.status_code == 404
    for sent in (b"", b"[]", b"null", b"{", b'{"receipt": 1}'):
        reply = made.clients["phone"].post(f"/s/{made.live_id}/receipts", data=sent, content_type="application/json")
        assert reply.status_code == 400
        assert set(reply.get_json()) == {"ok", "code", "sentence"}
    app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    reply = made.clients["phone"].post(f"/s/{made.live_id}/receipts", json={"receipt": new_receipt(), "act": "keep"})
    assert reply.get_json()["code"] == "csrf"
    made.close()


# -- promise 7: gone from the files


@pytest.mark.skipif(bool(SERVER), reason="the files that are searched are a SQLite database's")
def test_after_the_freeze_what_was_taken_back_is_in_no_file_and_neither_is_a_receipt(hall: House, folder: Path) -> None:
    played = room(hall, ["cards"], 40)
    run_id, own, texts = played.open(), [], []
    for phone in range(40):
        receipts_of = [new_receipt() for _card in range(4)]
        words = [f"{canary()} " + "word " * secrets.randbelow(40) for _card in range(4)]
        fields = {f"text-{i}": [text] for i, text in enumerate(words)}
        fields |= {f"receipt-{i}": [hashed(receipt)] for i, receipt in enumerate(receipts_of)}
        played.send(phone, run_id, fields)
        own += receipts_of
        texts += [text.split()[0] for text in words]
    played.move("close")
    played.move("end")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        for receipt in own[::3]:
            receipts.hold(session, live, receipt, "withdraw")
    stored = b"".join(files_below(folder).values())
    assert all(hashed(receipt).encode() in stored for receipt in own), "the control: until then they are there"
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock().replace(year=2100))
    stored = b"".join(files_below(folder).values())
    assert [text for text in texts[::3] if text.encode() in stored] == []
    assert [receipt for receipt in own if hashed(receipt).encode() in stored] == []
    assert texts[1].encode() in stored


@pytest.mark.several
def test_after_the_freeze_what_was_taken_back_is_in_no_table_of_the_server(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: PostgreSQL alone keeps it, and an ordinary vacuum leaves the bytes."""
    monkeypatch.setattr("workshop.db.REWRITE_REST", 0)

    def freeze() -> tuple[list[str], list[str]]:
        played = room(hall, ["text"], 12, freeze_after_minutes=0)
        run_id, own = played.open(), {canary(): new_receipt() for _phone in range(12)}
        for phone, (word, receipt) in enumerate(own.items()):
            played.send(phone, run_id, {"text-0": [word], "receipt-0": [hashed(receipt)]})
        played.move("close")
        played.move("end")
        with hall.database.transaction() as session:
            live = live_sessions.get(session, played.live_id)
            for receipt in list(own.values())[:6]:
                receipts.hold(session, live, receipt, "withdraw")
        with hall.database.transaction() as session:
            live = live_sessions.get(session, played.live_id)
            freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock())
        return list(own)[:6], list(own)[6:]

    def stored() -> bytes:
        with hall.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sql("checkpoint"))
            read = sql("select pg_read_binary_file(pg_relation_filepath('cards'))")
            return bytes(connection.execute(read).scalar_one())

    with monkeypatch.context() as without:
        without.setattr(hall.database, "empty_log", lambda: None)
        gone, _kept = freeze()
        with hall.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sql("vacuum cards"))
        assert any(word.encode() in stored() for word in gone)
    taken, kept = freeze()
    left = stored()
    assert not [word for word in (*gone, *taken) if word.encode() in left]

    # Large tables take long, so that a process rests in between. It owes what was deleted meanwhile, and so does one that starts.
    with monkeypatch.context() as long:
        long.setattr("workshop.db.REWRITE_REST", 10**9)
        freeze()
        late, _kept = freeze()
        assert any(word.encode() in stored() for word in late)
    started = Database(hall.database.url)
    started.catch_up()
    started.empty_log()
    started.engine.dispose()
    assert not [word for word in late if word.encode() in stored()]
    assert all(word.encode() in left for word in kept)
