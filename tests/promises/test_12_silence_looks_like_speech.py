"""Promise 12: passing and answering are the same event, the same size, the same place on the screen.

The bytes on the wire of a real browser are measured in
`tests/e2e/test_phone.py`; here is the arithmetic they rest on.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from socketio.packet import ACK, Packet

from tests.promises.stagehands import KINDS, canary, fields_for, guide_source, room
from tests.promises.test_01_sealed_until_closed import everything_seen
from tests.promises.theatre import build
from workshop import anonymity, padding
from workshop.activities import KINDS as REGISTRY
from workshop.answers import LARGEST_ANSWER, LARGEST_REVISION
from workshop.guides import library, schema
from workshop.guides.schema import Activity
from workshop.house import House
from workshop.realtime.transport import LARGEST_MESSAGE

LONG_IDS = [f"{letter * 33}" for letter in "abcdefghijkl"]
EXTREMES = [
    {"id": "wide", "kind": "choice", "prompt": "?", "settings": {"many": True, "options": [
        {"id": name, "label": name} for name in LONG_IDS]}},
    {"id": "eleven", "kind": "choice", "prompt": "?", "settings": {"many": True, "options": [
        {"id": name, "label": name} for name in LONG_IDS[:11]]}},
    {"id": "cards", "kind": "open_text", "prompt": "?", "cards": 10, "settings": {"limit": 360}},
    {"id": "long", "kind": "open_text", "prompt": "?", "settings": {"limit": 2000}},
    {"id": "words", "kind": "word_cloud", "prompt": "?", "settings": {"words": 5}},
]  # fmt: skip
"""Questions whose fullest answer lies close to the edge of a bucket."""


def every_activity() -> list[Activity]:
    """Return each question of the shipped guides, one of each sort, and the extremes."""
    texts = [text for _name, text in library.shipped_sources()] + [guide_source(list(KINDS))]
    step = {"id": "s", "title": "S", "minutes": 5, "activities": EXTREMES}
    texts.append(json.dumps({"format": 1, "id": "edge", "title": "Edge", "language": "en", "steps": [step]}))
    found = [one for text in texts for one in schema.parse(text, "guide").activities]
    return [one for one in found if REGISTRY[one.kind].asks]


def fullest(one: Activity) -> dict[str, list[str]]:
    """Return the largest answer that the field on the phone lets anybody type."""
    config: Any = one.config
    if one.kind in ("open_text", "questions", "breakout", "parking"):
        fields = {f"text-{i}": ["\U0001f642" * config.limit] for i in range(config.cards)}
        fields |= {f"receipt-{i}": ["0" * 64] for i in range(config.cards)}
        consent = (
            {"audience": ["manager"]} if config.for_manager else {f"quote-{i}": ["1"] for i in range(config.cards)}
        )
        return {**fields, **consent}
    if one.kind == "word_cloud":
        return {f"word-{i}": ["\U0001f642" * 40] for i in range(config.words)}
    if one.kind == "scale":
        return {"value": [str(config.high)]}
    if one.kind in ("choice", "pulse"):
        ids = [option.id for option in config.options]
        return {"choice": ids if config.many else [max(ids, key=len)]}
    if one.kind in ("ranking", "points", "dot_vote"):
        longest = {"ranking": "8", "points": "100", "dot_vote": "10"}[one.kind]
        prefix = {"ranking": "place", "points": "points", "dot_vote": "dots"}[one.kind]
        return {f"{prefix}-{option.id}": [longest] for option in config.options}
    if one.kind == "estimate":
        return {"value": [str(config.high)]}
    if one.kind == "matrix":
        return {f"{axis}-{item.id}": ["high"] for item in config.items for axis in ("up", "across")}
    if one.kind == "statements":
        return {f"view-{item.id}": ["disagree"] for item in config.statements}
    raise AssertionError(f"a new kind: say what its fullest answer is ({one.kind})")


def message(fields: dict[str, list[str]] | None) -> int:
    """Return the bytes of an answer's message before it is padded, as phone.js builds it."""
    payload = {"run": "r" * 22, "revision": LARGEST_REVISION, "fields": fields, "pad": ""}
    return len(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())


def test_the_fullest_answer_fits_the_bucket_of_a_pass() -> None:
    for one in every_activity():
        room_for = padding.bucket(one)
        assert message(fullest(one)) <= room_for, f"{one.kind} {one.id}"
        assert message(None) <= room_for


def test_the_largest_bucket_holds_the_largest_answer_and_the_socket_takes_it() -> None:
    assert message({"text-0": ["x" * (LARGEST_ANSWER - 20)]}) <= padding.BUCKETS[-1]
    assert padding.BUCKETS[-1] + 1024 <= LARGEST_MESSAGE


def test_the_bucket_is_a_matter_of_the_question_alone() -> None:
    buckets = {one.id: padding.bucket(one) for one in every_activity()}
    assert set(buckets.values()) <= set(padding.BUCKETS)
    assert len(set(buckets.values())) > 1


@pytest.mark.parametrize("sort", list(KINDS))
def test_a_pass_counts_as_an_answer_does(hall: House, sort: str) -> None:
    seen = []
    for fields in (fields_for(sort), None):
        played = room(hall, [sort], 3)
        run_id = played.open()
        played.send(0, run_id, fields)
        seen.append([getattr(screen, "stage", screen).answered for screen in played.seen()[1:]])
    assert seen[0] == seen[1] == [1, 1, 1, 1]


def test_withdrawing_changes_no_screen(hall: House) -> None:
    played = room(hall, ["text"], 6)
    run_id = played.open()
    for phone in range(6):
        played.send(phone, run_id, fields_for("text"))
    before = everything_seen(played)
    for phone in range(6):
        played.send(phone, run_id, None, revision=2)
    assert everything_seen(played) == before


def test_both_are_acknowledged_by_the_same_bytes(app: Flask) -> None:
    made = build(app, ("text", "text"), 0)
    acks = []
    for fields in (fields_for("text"), None):
        run_id = made.played.open()
        connection = made.socket("phone", "phone")
        acks.append(connection.emit("answer", {"run": run_id, "revision": 1, "fields": fields}, callback=True))
        made.played.move("close")
        if len(acks) == 1:
            made.played.move("next")
    assert json.dumps(acks[0]) == json.dumps(acks[1]) == '{"ok": true, "revision": 1}'
    made.close()


def test_a_wish_for_a_word_is_acknowledged_by_as_many_bytes_as_any_signal(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = build(app, ("text",), 0)
    made.played.open()
    made.played.move("where_found", "At the coffee machine on the second floor, or in the small room beside it")
    phone = made.socket("phone", "phone")

    def sizes() -> set[int]:
        acks = [phone.emit("signal", {"what": what}, callback=True) for what in ("word", "slower", "done")]
        assert all(ack["ok"] and ack["sentence"] for ack in acks)
        return {len(as_sent(ack)) for ack in acks}

    assert len(sizes()) == 1
    monkeypatch.setattr(padding, "lacking", lambda size, step: 0)
    assert len(sizes()) == 3
    made.close()


def test_a_message_that_says_neither_is_not_taken_for_a_pass(app: Flask) -> None:
    made = build(app, ("text",), 0)
    run_id = made.played.open()
    receipt = made.socket("phone", "phone").emit("answer", {"run": run_id, "revision": 1}, callback=True)
    assert (receipt["ok"], receipt["code"]) == (False, "invalid_answer")
    assert made.played.house.boxes.box(made.live_id).answered(run_id) == 0
    made.close()


def test_both_get_the_same_reply_to_a_plain_form(app: Flask) -> None:
    made = build(app, ("text", "text"), 0)
    replies = []
    for data in ({"text-0": canary()}, {"pass": "1"}):
        run_id = made.played.open()
        answer = made.clients["phone"].post(f"/s/{made.live_id}/answer", data={"run": run_id, "based_on": "0", **data})
        replies.append((answer.status_code, answer.location, answer.data, len(answer.headers)))
        made.played.move("close")
        if len(replies) == 1:
            made.played.move("next")
    assert replies[0] == replies[1]
    assert replies[0][0] == 303
    made.close()


SAID: dict[str, list[dict[str, list[str]] | None]] = {
    "text": [None, {"text-0": ["No."]}, {"text-0": ["Größer, schöner, \u044f \U0001f642 & <br> 'x' " * 7], "quote-0": ["1"]}],
    "cards": [None, {"text-0": ["No."]}, {f"text-{i}": ["w" * 280] for i in range(5)}],
    "rolling-text": [None, {"text-0": ["x"]}, {"text-0": ["x" * 280]}],
    "many": [None, {"choice": ["one"]}, {"choice": ["one", "two", "three", "four"]}],
    "rolling-questions": [None, {"text-0": ["x"]}, {"text-0": ["x" * 200], "quote-0": ["1"]}],
}  # fmt: skip
"""A pass, the shortest answer and a long one."""


def as_sent(ack: Any) -> str:
    """Return an acknowledgement as the library writes it on the wire."""
    return str(Packet(ACK, data=[ack], namespace="/", id=1).encode())


def sizes_on_coming_back(app: Flask, sort: str) -> list[tuple[int, int, int]]:
    """Return the bytes that a phone gets which reloads, wants to change, or reconnects, for each thing it may have said."""
    made = build(app, (sort,), 6)
    run_id, live_id = made.played.open(), made.live_id
    seen = []
    for phone, fields in enumerate(SAID[sort]):
        made.played.send(phone, run_id, fields)
        made.clients["phone"].set_cookie(anonymity.seat_cookie(live_id, False), made.played.seats[phone])
        pages = [made.clients["phone"].get(f"/s/{live_id}/{query}").data for query in ("", "?change=1")]
        told = made.socket("phone", "phone").emit("mine", {"run": run_id}, callback=True)
        assert (told["fields"] is None) == (fields is None)
        seen.append((*map(len, pages), len(as_sent(told))))
    made.close()
    return seen


@pytest.mark.parametrize("sort", list(SAID))
def test_whoever_watches_the_network_cannot_tell_what_a_phone_said_that_comes_back(
    app: Flask, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(set(sizes_on_coming_back(app, sort))) == 1
    if sort != "text":
        return
    monkeypatch.setattr(padding, "lacking", lambda size, step: 0)
    control = sizes_on_coming_back(app, sort)
    assert len(set(control)) == len(control), "what is not filled up must tell them apart, or this proves nothing"


def test_a_parked_thought_and_none_look_alike_to_a_phone_that_comes_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes() -> set[tuple[int, int]]:
        made = build(app, ("lot", "text"), 4)
        run_id = made.played.open()
        made.played.move("next")
        made.played.send(0, run_id, {"text-0": ["A thought that is not short at all, and says so."]})
        made.played.send(1, run_id, None)
        seen = set()
        for phone in range(3):  # the third has said nothing at all
            made.clients["phone"].set_cookie(anonymity.seat_cookie(made.live_id, False), made.played.seats[phone])
            told = made.socket("phone", "phone").emit("mine", {"run": run_id}, callback=True)
            page = made.clients["phone"].get(f"/s/{made.live_id}/?park=1").data
            seen.add((len(page), len(as_sent(told))))
        made.close()
        return seen

    assert len(sizes()) == 1
    monkeypatch.setattr(padding, "lacking", lambda size, step: 0)
    assert len(sizes()) == 3


@pytest.mark.parametrize("sort", list(KINDS))
def test_both_buttons_stand_side_by_side_in_one_form(app: Flask, sort: str) -> None:
    made = build(app, (sort,), 0)
    made.played.open()
    page = made.page("phone", "/s/<live_id>/")
    bar = re.search(r'<div class="bar[^"]*">(.*?)</div>\s*</form>', page, re.S)
    assert bar, "no row of buttons at the end of the form"
    assert "data-send" in bar.group(1)
    assert "data-pass" in bar.group(1)
    assert re.search(r'data-bucket="\d+"', page)
    made.close()
