"""Cards to themes, and later questions that take them: the board, several people at once, what leaks and what does not."""

from __future__ import annotations

import csv
import json
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO, StringIO
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import SERVER, make_account, post, signed_in
from tests.promises.attackers import FALSE_ALARM, order_p, tau
from tests.promises.stagehands import Room, canary, files_below, room
from tests.report_world import ENDED, LATER, add_live, canaries, release, texts
from tests.small_guide import ask, go, look_up, make_session
from workshop import (
    alike,
    answers,
    boards,
    editions,
    exports,
    figures,
    freezes,
    live_sessions,
    receipts,
    retention,
    screens,
    sources,
    themes,
)
from workshop.boards import Board, Command
from workshop.errors import WorkshopError
from workshop.guides import schema
from workshop.house import House
from workshop.models import Card, SessionRole, ThemeBoard

# -- the board


def do(board: Board, what: str, cards: str = "", theme: str = "", known: str = "abcdefgh", **more: Any) -> boards.Said:
    return boards.act(board, Command(what, tuple(cards), theme, fresh=more.pop("fresh", ""), **more), set(known))


def plain(board: Board) -> dict[str, Any]:
    return {name: value for name, value in board.dump().items() if name not in ("undo", "redo")}


def test_whatever_is_done_can_be_taken_back_step_by_step_and_done_again() -> None:
    draw = random.Random(7)
    for _round in range(60):
        board, states = Board(), [plain(Board())]
        for number in range(25):
            ids = [theme.id for theme in board.themes] or [""]
            what = draw.choice([*boards._COMMANDS])
            cards = "".join(draw.sample("abcdefgh", draw.choice((1, 1, 2, 2, 3))))
            try:
                do(board, what, cards, draw.choice(ids), into=draw.choice(ids), name=f"n{number}",
                   before=draw.choice("abcdefgh"), fresh=f"t{number}")  # fmt: skip
            except (boards.GoneError, boards.RefusedError):
                continue
            if plain(board) != states[-1]:
                states.append(plain(board))
        for state in reversed(states[:-1]):
            do(board, "undo")
            assert plain(board) == state
        with pytest.raises(boards.RefusedError):
            do(board, "undo")
        for state in states[1:]:
            do(board, "redo")
            assert plain(board) == state


def test_a_card_is_in_one_theme_and_what_lies_behind_it_goes_along() -> None:
    board = Board()
    do(board, "new", "ab", name="One", fresh="1")
    do(board, "new", "c", name="Two", fresh="2")
    do(board, "alike", "ad")
    do(board, "put", "a", "2", before="c")
    assert [theme.cards for theme in board.themes] == [["b"], ["a", "d", "c"]]
    do(board, "later", "a")
    assert board.themes[1].cards == ["c", "a", "d"]
    do(board, "part", "a")
    assert board.behind == {} and board.themes[1].cards == ["c", "a", "d"]


def test_the_ways_back_are_bounded() -> None:
    board = Board()
    do(board, "new", name="One", fresh="1")
    for number in range(2 * boards.MOST_UNDONE):
        do(board, "rename", "", "1", name=f"Name {number}")
    assert len(board.undo) == boards.MOST_UNDONE


@pytest.mark.parametrize(
    ("what", "cards", "more", "why"),
    [
        ("put", "", {"theme": "1"}, "no-cards"),
        ("new", "a", {"name": " "}, "no-name"),
        ("new", "a", {"name": "one"}, "same-name"),
        ("new", "a", {"name": "x" * 81}, "long-name"),
        ("join", "", {"theme": "1", "into": "1"}, "itself"),
        ("alike", "a", {}, "two-cards"),
        ("redo", "", {}, "nothing"),
        ("explode", "", {}, "unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    what: str, cards: str, more: dict[str, str], why: str
) -> None:
    board = Board()
    do(board, "new", name="One", fresh="1")
    before = board.dump()
    with pytest.raises(boards.RefusedError, match=why):
        do(board, what, cards, **more)
    assert board.dump() == before


def test_the_same_thing_written_twice_is_found_and_the_same_thought_is_not() -> None:
    cards = [
        ("a", "Too many meetings!"),
        ("b", "too many   Meetings"),
        ("c", "We meet too often"),
        ("d", "Too many meeting"),
        ("e", "会議が多すぎる"),
        ("f", "会議が多すぎます"),
    ]
    found = alike.pairs(cards)
    assert found[0] == ("a", "b") and ("a", "d") in found
    assert all("c" not in pair for pair in found)
    assert ("a", "b") not in alike.pairs(cards, {("a", "b")})
    assert alike.similarity("word", "two words") == pytest.approx(4 / 11)  # pg_trgm's own documentation says 0.363636


def test_the_short_way_finds_every_pair_that_comparing_all_with_all_finds() -> None:
    letters = random.Random(7)
    words = ["".join(letters.choices("abcde", k=letters.randint(2, 6))) for _ in range(30)]
    cards = [(f"{n:03}", " ".join(letters.choices(words, k=letters.randint(1, 9)))) for n in range(200)]
    cards += [(f"{n:03}x", f"{text} {letters.choice(words)}") for n, (_id, text) in enumerate(cards[:40])]
    every = {
        (one, other)
        for (one, text), (other, second) in combinations(sorted(cards), 2)
        if alike.similarity(text, second) >= alike.NEAR
    }
    assert len(every) > 30
    assert set(alike._pairs(tuple(cards))) == every


def test_a_hall_in_which_all_say_the_same_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    class Counted(frozenset[str]):
        def __and__(self, other: object) -> Any:
            nonlocal compared
            compared += 1
            return super().__and__(other)  # type: ignore[operator]

    whole = alike.runs
    monkeypatch.setattr(alike, "runs", lambda text: Counted(whole(text)))
    monkeypatch.setattr(alike, "MOST_COMPARED", 500)
    found = alike.pairs([(f"{n:03}", "More time, please.") for n in range(300)])
    assert len(found) == alike.MOST_PAIRS
    assert compared == 500


# -- on a real session


def a_room(hall: House, sorts: tuple[str, ...] = ("text",), people: int = 12, said: list[str] | None = None) -> Room:
    made = room(hall, sorts, people, freeze_after_minutes=0)
    said = said or [canary() for _ in range(people)]
    made.ask([(phone, {"text-0": [said[phone]], "quote-0": ["1"]}) for phone in range(people)])
    return made


def change(made: Room, what: str, cards: list[str] | None = None, **more: str) -> boards.Said:
    return themes.change(
        made.house, made.live_id, more.pop("activity", "q0"), Command(what, tuple(cards or ()), **more)
    )


def board_of(made: Room) -> themes.Shown:
    with made.house.database.transaction() as session:
        live = live_sessions.get(session, made.live_id)
        run = live_sessions.run_of(session, live, "q0")
        assert run is not None
        return themes.shown(session, run.id, themes.cards_of(session, run.id), working=True)


def test_two_people_group_three_hundred_cards_at_once_and_no_work_is_lost(hall: House) -> None:
    made = a_room(hall, people=12)
    with hall.database.transaction() as session:
        for number in range(288):
            session.add(Card(id=f"extra-{number:017}", run_id=made.run_id, text=f"{canary()} {number}"))
    ids = [card.id for card in board_of(made).loose]
    assert len(ids) == 300
    for name in ("Left", "Right"):
        change(made, "new", name=name)
    left, right = (theme.id for theme in board_of(made).themes)
    halves = {left: ids[:150], right: ids[150:]}

    def work(theme: str) -> None:
        for start in range(0, 150, 5):
            change(made, "put", halves[theme][start : start + 5], theme=theme)

    with ThreadPoolExecutor(2) as people:
        list(people.map(work, halves))
    shown = board_of(made)
    assert {theme.id: sorted(card.id for card in theme.cards) for theme in shown.themes} == {
        theme: sorted(cards) for theme, cards in halves.items()
    }
    assert shown.loose == () and shown.version == 62


def test_a_card_that_moved_meanwhile_moves_on_and_a_theme_that_is_gone_says_so(hall: House) -> None:
    made = a_room(hall)
    ids = [card.id for card in board_of(made).loose]
    change(made, "new", ids[:2], name="One")
    change(made, "new", name="Two")
    one, two = (theme.id for theme in board_of(made).themes)
    change(made, "put", [ids[0]], theme=two)
    change(made, "delete", theme=one)
    with pytest.raises(WorkshopError) as gone:
        change(made, "put", [ids[3]], theme=one)
    assert gone.value.code == "gone"
    assert [[card.id for card in theme.cards] for theme in board_of(made).themes] == [[ids[0]]]
    change(made, "undo")
    assert [card.id for card in board_of(made).themes[0].cards] == [ids[1]]


def test_there_is_no_board_before_the_release_nor_below_the_floor(hall: House) -> None:
    made = room(hall, ("text", "text", "scale"), 12)
    for what in ("waiting", "open"):
        with pytest.raises(WorkshopError):
            change(made, "new", name=what)
        if what == "waiting":
            run = made.open()
    for phone in range(4):
        made.send(phone, run, {"text-0": [canary()]})
    made.move("close")
    with pytest.raises(WorkshopError):
        change(made, "new", name="Too few")
    assert all(screen.activity.themes == () for screen in made.seen()[:2])


def test_a_name_is_never_a_cards_own_wording(hall: House) -> None:
    made = a_room(hall, people=5, said=["I want to leave because of how it was done", "They never ask us", "No time",
                                        "Noise", "Pay"])  # fmt: skip
    for name in ("leave because of how it was done", "They never ask us.", "why they NEVER ask us"):
        with pytest.raises(WorkshopError) as refused:
            change(made, "new", name=name)
        assert refused.value.code == "quoted"
    for name in ("No time", "Being asked"):
        change(made, "new", name=name)


def test_everybody_sees_the_same_themes_as_they_form(hall: House) -> None:
    made = a_room(hall)
    ids = [card.id for card in board_of(made).loose]
    change(made, "new", ids[:3], name="Meetings")
    change(made, "alike", ids[4:6])
    seen = made.seen()
    shown = [screen.activity if index < 2 else screen.stage.activity for index, screen in enumerate(seen)]
    assert all(one.themes == shown[0].themes for one in shown)
    meetings, loose = shown[0].themes
    assert meetings.name == "Meetings" and [card.id for card in meetings.cards] == ids[:3]
    texts_seen = [text for theme in shown[0].themes for card in theme.cards for text in (card.text, *card.like)]
    assert sorted(texts_seen) == sorted(text for _id, text in made.cards())
    assert [card.id for card in loose.cards] == sorted([*ids[3:5], *ids[6:]])


# -- what leaks and what does not


def test_a_board_knows_no_order_of_sending(hall: House) -> None:
    """Where the loose cards stand, and every place in the stored board, against who sent first; a leaky one is caught."""
    people, found, leaky = 8, [], []
    for _round in range(30):
        said = [canary() for _ in range(people)]
        made = a_room(hall, people=people, said=said)
        order = [said.index(card.text) for card in board_of(made).loose]
        change(made, "new", [card.id for card in board_of(made).loose], name="All")
        with hall.database.transaction() as session:
            row = session.get(ThemeBoard, made.run_id)
            assert row is not None
            text_of = {card.id: card.text for card in session.scalars(select(Card).where(Card.run_id == row.run_id))}
            kept = json.dumps(row.body)
        stored = [said.index(text_of[one]) for one in sorted(text_of, key=kept.index)]
        found.append((tau(np.argsort(order).tolist(), range(people)), tau(np.argsort(stored).tolist(), range(people))))
        leaky.append(tau(list(range(people)), range(people)))  # a board in the order of arrival
    assert order_p([one for one, _other in found], people) > FALSE_ALARM
    assert order_p([other for _one, other in found], people) > FALSE_ALARM
    assert order_p(leaky, people) < FALSE_ALARM


@pytest.mark.skipif(bool(SERVER), reason="the files that are searched are a SQLite database's")
def test_a_card_that_is_taken_back_is_gone_from_the_board_and_from_every_file_after_the_freeze(
    hall: House, folder: Path
) -> None:
    from tests.test_receipts import hashed, new_receipt

    made = room(hall, ("text",), 12, freeze_after_minutes=0)
    said, own = [canary() for _ in range(12)], new_receipt()
    run = made.open()
    for phone in range(12):
        receipt = hashed(own if phone == 3 else new_receipt())
        answers.cast(hall, made.live_id, made.secrets[phone], run, 1,
                     {"text-0": [said[phone]], "receipt-0": [receipt], "quote-0": ["1"]})  # fmt: skip
    made.move("close")
    gone = next(card for card in board_of(made).loose if card.text == said[3])
    other = next(card for card in board_of(made).loose if card.text == said[4])
    change(made, "new", [gone.id], name="Only this one")
    change(made, "new", [other.id], name="Another")
    change(made, "loose", [gone.id])
    change(made, "undo")
    made.move("end")
    with hall.database.transaction() as session:
        receipts.hold(session, made.live, own, "withdraw")
    assert gone.id in {card.id for theme in board_of(made).themes for card in theme.cards}, "not visible before"
    with hall.database.transaction() as session:
        live = live_sessions.get(session, made.live_id)
        frozen = freezes.freeze(session, live, live_sessions.guide_of(live), hall.clock())
    after = board_of(made)
    assert gone.id not in {card.id for theme in after.themes for card in theme.cards}
    assert after.undo is None and "Only this one" not in json.dumps(frozen.editions)
    assert "Another" in json.dumps(frozen.editions["manager"])
    for name, content in files_below(folder).items():
        assert said[3].encode() not in content and gone.id.encode() not in content, name
    assert any(said[4].encode() in content for content in files_below(folder).values()), "the search would find one"
    with pytest.raises(WorkshopError):
        change(made, "undo")


def a_frozen(house: House, **changes: Any) -> dict[str, Any]:
    """Return the editions of a session whose twelve cards lie in themes: four quotable, two quotable, none, empty."""
    with house.database.transaction() as db:
        live = add_live(db, **changes)
        said = canaries(12, 6)
        run = release(db, live, "drags", texts(said))
        card_of = {card.text: card.id for card in db.scalars(select(Card).where(Card.run_id == run))}
        ids = [card_of[one.text] for one in said]
        body = Board(
            [
                boards.Theme("1", "Plenty", ids[:4]),
                boards.Theme("2", "Scarce", [*ids[4:6], ids[6]]),
                boards.Theme("3", "Silent", ids[7:9]),
                boards.Theme("4", "Empty"),
            ]
        ).dump()
        db.add(ThemeBoard(run_id=run, version=1, body=body))
        db.flush()
        frozen = freezes.freeze(db, live, live_sessions.guide_of(live), LATER)
        return {**frozen.editions, "said": [one.text for one in said]}


def block_of(made: dict[str, Any], edition: str) -> dict[str, Any]:
    return next(
        block
        for section in made[edition]["sections"]
        for block in section["blocks"]
        if block.get("activity") == "drags"
    )


def test_reports_name_the_themes_and_count_nothing(house: House) -> None:
    made = a_frozen(house)
    for edition in ("manager", "participant"):
        block = block_of(made, edition)
        assert block["themes"]["items"] == ["Plenty", "Scarce", "Silent"], "in their order, an empty one not at all"
        by_text = {quote["text"]: quote.get("theme", "") for quote in block["quotes"]}
        assert {by_text[text] for text in made["said"][:4]} == {"Plenty"}
        assert {by_text[text] for text in made["said"][4:6]} == {""}, "two under one name would point at somebody"
        assert not set(by_text) & set(made["said"][6:])
        assert "of 12" not in json.dumps(block) and "words" not in block
    assert "themes" not in json.dumps(made["team"])
    assert block_of(made, "facilitator").get("words") is None


def test_the_facilitators_own_file_groups_all_words_where_it_may_hold_them(house: House) -> None:
    made = a_frozen(house, facilitator_words=True)
    words = block_of(made, "facilitator")["words"]
    assert [word["theme"] for word in words] == [
        *["Plenty"] * 4,
        *["Scarce"] * 3,
        *["Silent"] * 2,
        *["In no theme"] * 3,
    ]
    assert sorted(word["text"] for word in words) == sorted(made["said"])


def test_the_files_name_the_themes_and_hold_their_texts_only_where_all_words_may_be_kept(house: House) -> None:
    for whole in (False, True):
        made = a_frozen(house, facilitator_words=whole)
        results = exports.of(made)
        drags = next(one for one in results.results if one.id == "drags")
        assert [(theme.id, theme.name) for theme in drags.themes] == [
            ("drags/1", "Plenty"),
            ("drags/2", "Scarce"),
            ("drags/3", "Silent"),
        ], "an empty one not at all"
        assert [len(theme.words) for theme in drags.themes] == ([4, 3, 2] if whole else [0, 0, 0])
        files = {name: form.make(results) for name, form in exports.FORMS.items()}
        table = list(csv.DictReader(StringIO(files["csv"].decode("utf-8-sig"), newline="")))
        assert [row["item"] for row in table if row["part"] == "theme"] == ["Plenty", "Scarce", "Silent"]
        assert [row["value"] + row["band"] for row in table if row["part"] == "theme"] == ["", "", ""]
        words = [row["theme"] for row in table if row["part"] == "word"]
        assert Counter(words) == (Counter({"drags/1": 4, "drags/2": 3, "drags/3": 2, "": 3}) if whole else Counter())
        with zipfile.ZipFile(BytesIO(files["xlsx"])) as book:
            assert "Plenty" in book.read("xl/sharedStrings.xml").decode()
        assert any(text in str(files["csv"]) for text in made["said"]) == whole


def test_a_freeze_from_before_there_were_themes_gives_the_same_bytes_as_then(house: House) -> None:
    kept = json.loads(json.dumps(a_frozen(house)[figures.KEY]))
    kept["format"] = 1
    for result in kept["results"]:
        for name in ("themes", "noted", "paper"):
            del result[name]
        for item in result["items"]:
            del item["theme"]
    made = exports.as_json(exports.of({figures.KEY: kept}))
    assert json.loads(made) == kept
    assert made == (json.dumps(kept, ensure_ascii=False, indent=2) + "\n").encode()


def test_a_session_without_themes_prints_what_it_printed_before(house: House) -> None:
    with house.database.transaction() as db:
        live = add_live(db)
        release(db, live, "drags", texts(canaries(12, 6)))
        frozen = freezes.freeze(db, live, live_sessions.guide_of(live), LATER)
        assert "theme" not in json.dumps(frozen.editions[editions.EDITIONS[0]])


# -- later questions take earlier ones

CHAIN = """\
format: 1
id: chain
title: Chain
language: en
steps:
  - id: s
    title: S
    minutes: 5
    activities:
      - {id: q0, kind: open_text, prompt: What drags?}
      - {id: q1, kind: open_text, prompt: What else?}
      - id: vote
        kind: dot_vote
        prompt: Which first?
        source: [q0, q1]
        settings: {votes: 3, limit: 1, options: [{id: a, label: Own A}, {id: b, label: Own B}, {id: c, label: Own C}]}
      - id: share
        kind: points
        prompt: Where most?
        source: vote
        settings: {options: [{id: a, label: Own A}, {id: b, label: Own B}]}
translations:
  de:
    vote: {prompt: Was zuerst?, settings: {options: {a: Eigenes A}}}
"""


def a_chain(hall: House, **more: Any) -> Room:
    made = a_room(hall)
    with hall.database.transaction() as session:
        live = live_sessions.get(session, made.live_id)
        live.guide_source, live.language = CHAIN, more.get("language", "en")
    return made


def labels(made: Room, activity: str) -> list[str]:
    return [option.label for option in live_sessions.guide_of(made.live).activity(activity).config.options]


def offered(made: Room) -> sources.Offer | None:
    with made.house.database.transaction() as session:
        return screens.console(session, live_sessions.get(session, made.live_id), "run", made.house).takes


def test_a_vote_takes_the_themes_and_the_next_one_takes_them_from_the_vote(hall: House) -> None:
    made = a_chain(hall, language="de")
    for name in ("Meetings", "Pay", "Noise", "Say"):
        change(made, "new", name=name)
    made.move("jump", "vote")
    found = offered(made)
    assert found is not None and found.labels == ("Meetings", "Pay", "Noise", "Say") and found.group == ("q0",)
    made.open()
    assert labels(made, "vote") == ["Meetings", "Pay", "Noise", "Say"]
    guide = live_sessions.guide_of(made.live)
    ids = [option.id for option in guide.activity("vote").config.options]
    assert guide.activity("vote").prompt == "Was zuerst?" and all(one.startswith(sources.MARK) for one in ids)
    change(made, "rename", theme=board_of(made).themes[0].id, name="Later name")
    for phone in range(12):
        made.send(phone, made.run_id, {f"dots-{ids[phone % 2]}": ["1"]})
    made.move("close")
    result = made.seen()[1].activity
    assert [option.label for option in result.config.options] == ["Meetings", "Pay", "Noise", "Say"]
    assert result.result.shape.precision == "numbers"
    made.move("next")
    made.open()
    assert labels(made, "share") == ["Meetings", "Pay", "Noise", "Say"], "as they were voted on"


def test_in_the_files_a_vote_over_themes_refers_to_them_with_the_numbers_the_room_saw(hall: House) -> None:
    made = a_chain(hall)
    cards = [card.id for card in board_of(made).loose]
    for place, name in enumerate(("Meetings", "Pay", "Noise", "Say")):
        change(made, "new", cards[2 * place : 2 * place + 2], name=name)
    for activity, part in (("vote", "dots"), ("share", "points")):
        made.move("jump", activity)
        made.open()
        ids = [option.id for option in live_sessions.guide_of(made.live).activity(activity).config.options]
        for phone in range(12):
            given = {f"{part}-{one}": ["0"] for one in ids}
            made.send(phone, made.run_id, {**given, f"{part}-{ids[phone % 2]}": ["1" if part == "dots" else "100"]})
        made.move("close")
    change(made, "rename", theme=board_of(made).themes[3].id, name="Later name")
    made.move("end")
    with hall.database.transaction() as session:
        live = live_sessions.get(session, made.live_id)
        frozen = freezes.freeze(session, live, live_sessions.guide_of(live), LATER + timedelta(days=9000))
        results = {one.id: one for one in exports.of(frozen.editions).results}
    assert [theme.id for theme in results["q0"].themes] == ["q0/1", "q0/2", "q0/3", "q0/4"]
    for activity in ("vote", "share"):
        shown = {item.label: item.theme for item in results[activity].items}
        assert shown["Meetings"] == "q0/1", activity
        assert shown["Pay"] == "q0/2"
        assert shown["Say"] is None, "what it is called now was not voted on"
        assert all((item.value is None) != (item.band is None) for item in results[activity].items)
    assert {item.label: item.value for item in results["vote"].items}["Meetings"] == 5, "dots are rounded to fives"
    table = exports.as_csv(exports.of(frozen.editions)).decode()
    assert re.search(r"vote,.*,result,Meetings,\d+,,q0/1", table)


def test_too_few_or_too_many_themes_leave_the_guides_own_options_and_say_so(hall: House) -> None:
    made = a_chain(hall)
    made.move("jump", "vote")
    found = offered(made)
    assert found is not None and found.labels == () and (found.themes, found.own) == (0, 3)
    for number in range(13):
        change(made, "new", name=f"Theme {number}")
    found = offered(made)
    assert found is not None and found.labels == () and (found.themes, found.most) == (13, 12)
    before = made.live.guide_source
    made.open()
    assert labels(made, "vote") == ["Own A", "Own B", "Own C"] and made.live.guide_source == before


def test_two_themes_are_enough_and_nobody_gets_more_dots_than_fit(hall: House) -> None:
    made = a_chain(hall)
    change(made, "new", name="One")
    change(made, "new", name="Two")
    made.move("jump", "vote")
    made.open()
    assert live_sessions.guide_of(made.live).activity("vote").config.votes == 2


def test_the_purge_clears_boards_and_the_words_that_votes_took(house: House) -> None:
    with house.database.transaction() as db:
        live = add_live(db, source=CHAIN, phase="running")
        run = release(db, live, "q0", texts(canaries(12, 6)))
        body = Board([boards.Theme("1", "Left canary"), boards.Theme("2", "Right canary")]).dump()
        db.add(ThemeBoard(run_id=run, version=1, body=body))
        db.flush()
        live.guide_source = sources.take(db, live, live_sessions.guide_of(live).activity("vote"))["guide_source"]
        live.phase, live_id = "ended", live.id
    retention.purge(house.database, 30, ENDED.date().replace(year=ENDED.year + 1))
    with house.database.transaction() as db:
        live = live_sessions.get(db, live_id)
        assert live.purged_on is not None and db.scalars(select(ThemeBoard)).all() == []
        assert "canary" not in live.guide_source
        assert schema.parse(live.guide_source, "guide").activity("vote").config.options[0].label == "1"


# -- the page


@pytest.fixture
def session_page(app: Flask, house: House, client: FlaskClient, browser: Callable[[], FlaskClient]) -> dict[str, Any]:
    """Return a session of the small guide whose cards are released, and a browser for each role."""
    runner = make_account(house)
    live_id = make_session(house, runner)
    ask(house, live_id, "stuck")
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        run = live_sessions.run_of(session, live, "stuck")
        assert run is not None
    for number in range(12):
        seat = live_sessions.join(house, live_id, None)
        from workshop import anonymity

        secret = anonymity.read_seat(house.seat_key, live_id, seat)
        assert secret is not None
        answers.cast(house, live_id, secret, run.id, 1, {"text-0": [f"Thing {number} <b>"], "text-1": [canary()]})
    url = f"/staff/sessions/{live_id}/themes/stuck"
    watcher = make_account(house)
    with house.database.transaction() as session:
        session.add(SessionRole(live_id=live_id, account_id=watcher.id, role="watch"))
    return {"live": live_id, "url": url, "run": signed_in(client, runner), "watch": signed_in(browser(), watcher)}


def test_the_page_groups_by_plain_forms_and_the_stage_shows_it(house: House, session_page: dict[str, Any]) -> None:
    url, runner = session_page["url"], session_page["run"]
    assert "No cards to group yet" in runner.get(url).get_data(as_text=True)
    go(house, session_page["live"], "close")
    console = runner.get(f"/staff/sessions/{session_page['live']}/").get_data(as_text=True)
    assert "Group the cards into themes" in console and f'href="{url}"' in console
    with house.database.transaction() as session:
        ids = list(session.scalars(select(Card.id).order_by(Card.id)))
    page = post(runner, url, {"do": "new", "name": "Too <many> meetings", "cards": ids[:3]}, page=url)
    assert page.status_code == 303
    html = runner.get(url).get_data(as_text=True)
    assert "3 cards put into Too &lt;many&gt; meetings" in html and "Thing 1 &lt;b&gt;" in html
    stage = runner.get(f"/stage/{look_up(house, session_page['live']).stage_token}").get_data(as_text=True)
    assert "Too &lt;many&gt; meetings" in stage and "In no theme yet" in stage
    post(runner, url, {"do": "undo"}, page=url)
    assert "Taken back: 3 cards put into" in runner.get(url).get_data(as_text=True)
    refused = post(runner, url, {"do": "put", "theme": "nowhere", "cards": ids[:1]}, page=url)
    assert refused.status_code == 303 and "taken this theme away" in runner.get(url).get_data(as_text=True)
    from tests.pages import csrf_token

    token = csrf_token(runner.get(url).get_data(as_text=True))
    told = runner.post(url, data={"csrf_token": token, "do": "redo"}, headers={"X-Requested-With": "fetch"}).get_json()
    assert told["ok"] and told["said"].startswith("Done again") and 'id="board"' in told["html"]


def test_whoever_watches_sees_the_themes_and_moves_nothing(house: House, session_page: dict[str, Any]) -> None:
    go(house, session_page["live"], "close")
    html = session_page["watch"].get(session_page["url"]).get_data(as_text=True)
    assert "You are watching" in html and 'type="checkbox"' not in html and "Thing 1 &lt;b&gt;" in html
    assert (
        post(session_page["watch"], session_page["url"], {"do": "new", "name": "x"}, page="/staff/account").status_code
        == 403
    )


def test_phones_get_moving_themes_calmly_and_consoles_and_the_stage_at_once(
    app: Flask, house: House, session_page: dict[str, Any]
) -> None:
    from workshop.realtime import coalescer as module

    go(house, session_page["live"], "close")
    live_id = session_page["live"]
    coalescer = app.extensions["realtime"].coalescer
    coalescer._registry.is_anyone = lambda *_room: True  # a stage and a console are looking
    sent: list[str] = []
    coalescer._transport.emit = lambda event, message, name: sent.append(name)
    with house.database.transaction() as session:
        ids = list(session.scalars(select(Card.id).order_by(Card.id)))
    coalescer.mark(live_id)
    coalescer.flush()
    sent.clear()
    for number in range(3):
        themes.change(house, live_id, "stuck", Command("new", (ids[number],), name=f"T{number}"))
        coalescer.flush()
    phones = [name for name in sent if ":phone:" in name]
    assert len(phones) == 1 and len([name for name in sent if ":stage:" in name]) == 3
    coalescer._later = dict.fromkeys(coalescer._later, 0.0)
    coalescer._grouped = dict.fromkeys(coalescer._grouped, -module.CALM)
    coalescer.flush()
    assert len([name for name in sent if ":phone:" in name]) == 2, "the last state arrives by itself"
