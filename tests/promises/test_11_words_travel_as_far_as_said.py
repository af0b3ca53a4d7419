"""Promises 10 and 11 over everything that is handed out: all editions of one session, the data and the stage, together.

Whoever holds all of them may learn no count of 1, 2, n-2, n-1 or n, and nothing of how many agreed to be quoted.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from tests.promises.test_10_shape_not_numbers import Counts, leaks, vectors
from tests.report_world import LATER, SMALL, STARTED, Said, canaries, texts
from workshop import editions, figures, releases
from workshop.activities import KINDS
from workshop.editions import EDITIONS, Material, Texts
from workshop.findings import Seen, compute
from workshop.guides import schema
from workshop.models import LiveSession
from workshop.quoting import Words, first_choice, offered

OPTIONS = ("tasks", "training", "say")
DAY = date(2026, 11, 4)


def session_of(people: int, **changes: Any) -> LiveSession:
    """Return a session that lies in no database: all of this is pure."""
    values: dict[str, Any] = {
        "id": "live",
        "title": "T",
        "team": "",
        "language": "en",
        "leader": "Fay",
        "joined": people,
    }
    values |= {
        "room_floor": 5,
        "words_floor": 10,
        "started_at": STARTED,
        "rehearsal": False,
        "facilitator_words": False,
    }
    return LiveSession(**{**values, **changes})


def handed_out(live: LiveSession, fields: dict[str, Sequence[Any]], written: Callable[[Material], Texts]) -> str:
    """Return everything that any reader of any edition gets, the data and what the stage showed, as one text."""
    guide = schema.parse(SMALL, "small.yaml")
    assert isinstance(guide, schema.Guide)
    results, cards = {}, {}
    for activity_id, answers in fields.items():
        activity = guide.activity(activity_id)
        kind = KINDS[activity.kind]
        built = releases.build(live, activity, [json.dumps(kind.clean(activity.config, one)) for one in answers])
        results[activity_id] = built.release
        cards[activity_id] = [Words(f"{n:03}", card.text, card.quotable) for n, card in enumerate(built.cards)]
    material = Material(live, guide, results, cards, Texts())
    material = Material(live, guide, results, cards, written(material))
    whole = {name: editions.build(material, name, "id", DAY) for name in EDITIONS}
    stage = {activity_id: release["result"] for activity_id, release in results.items()}
    return json.dumps([whole, figures.collect(material, "id", DAY), stage], sort_keys=True, default=str)


def suggested(material: Material) -> Texts:
    """Return the texts as the product suggests them."""
    seen = [Seen(one, material.results[one.id]) for one in material.guide.activities if one.id in material.results]
    return Texts(findings=compute(seen), on_the_wall=True)


@pytest.mark.parametrize("n", range(5, 13))
def test_all_editions_together_give_nobody_away(n: int) -> None:
    live = session_of(n)

    def publish(counts: Counts) -> str:
        answers = [{"choice": [name]} for name, count in zip(OPTIONS, counts, strict=True) for _ in range(count)]
        return handed_out(live, {"help": answers}, suggested)

    assert leaks(publish, vectors(n, len(OPTIONS)), n) == []


def test_the_same_check_finds_an_edition_that_counts() -> None:
    live = session_of(8)

    def leaky(counts: Counts) -> str:
        answers = [{"choice": [name]} for name, count in zip(OPTIONS, counts, strict=True) for _ in range(count)]
        return handed_out(live, {"help": answers}, suggested) + f" {counts[0]} chose the first"

    assert leaks(leaky, vectors(8, len(OPTIONS)), 8)


def test_without_printed_words_nothing_tells_how_many_agreed() -> None:
    """Nobody, one, two, or enough of whom none was chosen; enough people or not: one and the same."""
    live = session_of(12)
    outputs = set()
    for consents, chooses in ((0, True), (1, True), (2, True), (3, False), (12, False)):
        for activity, for_manager in (("drags", False), ("tell", True)):
            answers = {activity: texts([Said("one text", n < consents) for n in range(12)], for_manager=for_manager)}
            outputs.add((activity, handed_out(live, answers, choose if chooses else lambda _material: Texts())))
    assert len(outputs) == 2


def choose(material: Material) -> Texts:
    """Return the product's own choice of quotes."""
    quotes = {
        name: first_choice("live", offered(cards, bool(material.results[name]["words_ok"])))
        for name, cards in material.cards.items()
    }
    return Texts(quotes=quotes, on_the_wall=True)


def test_the_printed_quotes_are_the_same_in_all_editions_and_tell_no_remainder() -> None:
    live = session_of(12)
    shown = set()
    for consents in (6, 9, 12):
        said = [Said(f"text {n:02}", n < consents) for n in range(12)]
        random.Random(consents).shuffle(said)
        output = handed_out(live, {"drags": texts(said)}, choose)
        whole = json.loads(output)[0]
        printed = [
            {
                quote["text"]
                for section in whole[name]["sections"]
                for block in section["blocks"]
                for quote in block.get("quotes", ())
            }
            for name in EDITIONS
        ]
        assert printed[0] == printed[1] >= printed[2] and len(printed[0]) == 6 and not printed[3]
        for text in printed[0]:
            output = output.replace(f'{{"text": "{text}"}}', "quote")
        shown.add(output)
    assert len(shown) == 1, "more consents than quotes must not show"


@pytest.mark.parametrize("own_file", [False, True])
def test_words_that_may_not_be_quoted_are_in_no_edition_but_the_declared_file(own_file: bool) -> None:
    live = session_of(12, facilitator_words=own_file)
    said, told = canaries(12, 5), canaries(12, 5)
    fields = {
        "drags": texts(said),
        "tell": texts(told, for_manager=True),
        "cloud": [{"word-0": [word]} for word in ["xyzzyfog"] * 8 + ["xyzzysun"] * 4],
    }
    whole, data, _stage = json.loads(handed_out(live, fields, choose))
    kept = [one.text for one in [*said, *told] if not one.quotable] + ["xyzzyfog", "xyzzysun"]
    for name in ("manager", "participant", "team"):
        assert not any(text in json.dumps(whole[name]) for text in kept), name
    for part in (whole["facilitator"], data):
        assert any(text in json.dumps(part) for text in kept) is own_file
    assert not any(one.text in json.dumps([whole["participant"], whole["team"]]) for one in told)


def test_nothing_handed_out_carries_a_clock() -> None:
    output = handed_out(session_of(12), {"drags": texts(canaries(12, 6))}, choose)
    assert LATER.strftime("%H:%M") not in output and "09:00" not in output
