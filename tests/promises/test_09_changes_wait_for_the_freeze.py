"""Promises 9 and 14: what somebody asks for a card shows only at the freeze, and a receipt ties no two cards together."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from itertools import pairwise, product

import numpy as np
from sqlalchemy import select

from tests.promises.attackers import BROKEN, Score, by_features
from tests.promises.stagehands import canary, room
from workshop import freezes, live_sessions, receipts
from workshop.house import House
from workshop.models import Card

PEOPLE = 12
QUESTIONS = 20


def new_receipt() -> str:
    """Return 128 random bits, as static/js/receipts.js makes them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()


def hashed(receipt: str) -> str:
    """Return what of a receipt travels."""
    return hashlib.sha256(receipt.encode()).hexdigest()


def test_whatever_is_asked_a_draft_never_changes_and_the_report_does_once(hall: House) -> None:
    """Each request for each of three cards: what could differ before the freeze is the same for all 27."""
    played = room(hall, ["text"], 5, words_floor=5, freeze_after_minutes=0)
    run_id, own = played.open(), {}
    for phone in range(5):
        own[canary()] = new_receipt()
        text, receipt = list(own.items())[-1]
        played.send(phone, run_id, {"text-0": [text], "quote-0": ["1"], "receipt-0": [hashed(receipt)]})
    played.move("close")
    played.move("end")
    asked = list(own)[:3]
    with hall.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        guide, now = live_sessions.guide_of(live), hall.clock()
        drafts, reports = set(), {}
        for acts in product(receipts.ACTS, repeat=3):
            for text, act in zip(asked, acts, strict=True):
                receipts.hold(session, live, own[text], act)
            drafts.add(
                repr(freezes.draft(session, live, guide, now))
                + repr([freezes.preview(session, live, guide, edition, now) for edition in freezes.editions.EDITIONS])
                + repr(played.screens(session))
            )
            attempt = session.begin_nested()
            frozen = json.dumps(freezes.freeze(session, live, guide, now).editions["manager"])
            reports[acts] = {text for text in own if text in frozen}
            attempt.rollback()
            session.expire_all()
        assert len(drafts) == 1
        for acts, printed in reports.items():
            kept = {text for text, act in zip(asked, acts, strict=True) if act == "keep"}
            # So few that every consent is chosen: the report follows to the card, and below three it prints none.
            assert printed == (kept | set(list(own)[3:]) if kept else set()), acts


# -- the linker of promise 4, with receipts as its only clue


def columns(found: dict[str, str]) -> np.ndarray:
    """Return a receipt column as numbers: the whole and its parts, so that anything alike lies near."""
    return np.array([[int(found[text][start : start + 8], 16) for start in range(0, 64, 8)] for text in found])


def link(asked: list[tuple[dict[str, str], dict[str, int]]]) -> Score:
    """Match the cards of each question with those of the next by their receipts."""
    score = Score(PEOPLE)
    for (before, wrote), (after, wrote_after) in pairwise(asked):
        matched = by_features(columns(before), columns(after))
        texts = list(after)
        score.count(sum(wrote[text] == wrote_after[texts[matched[i]]] for i, text in enumerate(before)), len(before))
    return score


def play(hall: House, receipt_of: dict[int, str] | None) -> list[tuple[dict[str, str], dict[str, int]]]:
    """Ask the same people many times; return per question text -> stored receipt and text -> person.

    `receipt_of`: the leaky phones, which have one receipt each.
    """
    played = room(hall, ["text"] * QUESTIONS, PEOPLE)
    asked = []
    for question in range(QUESTIONS):
        if question:
            played.move("next")
        run_id, wrote = played.open(), {}
        for phone in range(PEOPLE):
            text = canary()
            wrote[text] = phone
            receipt = receipt_of[phone] if receipt_of else new_receipt()
            played.drop(phone, run_id, {"text-0": [text], "receipt-0": [hashed(receipt)]})
        played.move("close")
        with hall.database.transaction() as session:
            rows = session.execute(select(Card.text, Card.receipt).where(Card.run_id == run_id)).all()
        asked.append(({text: str(receipt) for text, receipt in rows}, wrote))
    return asked


def test_receipts_link_no_two_cards(hall: House) -> None:
    score = link(play(hall, None))
    assert score.links == PEOPLE * (QUESTIONS - 1)
    assert score.is_chance(), f"advantage {score.advantage:.3f} over {score.links} links"


def test_the_same_linker_breaks_phones_that_use_a_receipt_twice(hall: House) -> None:
    assert link(play(hall, {phone: new_receipt() for phone in range(PEOPLE)})).advantage >= BROKEN
