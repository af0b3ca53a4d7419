"""Promise 2 where texts are read first: to those who moderate they come in whole pools too, and never sooner.

The attacker moderates: knows when each phone sent, sees the desk after every
tick, approves and hides as they like, and holds the phones beside it. Whoever
watches the phones alone sees the same texts, later. In the control a tick brings
to the desk whatever has come since the one before.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.promises.attackers import BROKEN, FALSE_ALARM, order_p, tau
from tests.promises.stagehands import Room, canary, fields_for, room
from tests.promises.test_02_rolling_is_a_pool import (
    HIGHEST_POSTERIOR,
    Letting,
    Rolled,
    aimed,
    hits_stay_within,
    shown_words,
)
from tests.promises.test_08_moderation import decide
from workshop import live_sessions, moderation, screens, seals
from workshop.house import House

SIZES = [5, 9, 10, 11, 12, 15, 16, 21, 26]


def read_through(played: Room, people: int, lots: random.Random) -> Rolled:
    """Let people answer in bursts with a tick after each and decisions between them, then close and decide the rest."""
    run_id = played.open()
    asked = Rolled({canary(): person for person in range(people)})
    sent: set[int] = set()
    read: set[str] = set()
    hidden: set[str] = set()

    def look() -> list[Any]:
        with played.house.database.transaction() as session:
            live = live_sessions.get(session, played.live_id)
            phone, stage = screens.phone(session, live, played.house), screens.stage(session, live, played.house)
            found = moderation.desk(session, live, live.at or "")
        lines = found.lines if found else ()
        fresh = [line.text for line in lines if line.text in asked.wrote and line.text not in read]
        if fresh:
            asked.lettings.append(Letting(set(sent), fresh))
            read.update(fresh)
        assert set(shown_words(phone)) <= read - hidden, "phones show what was read and left standing, nothing else"
        assert not [text for text in asked.wrote if text not in read and text in f"{phone} {stage}"]
        return list(found.waiting) if found else []

    def choose(waiting: list[Any], share: float) -> None:
        for line in waiting:
            if lots.random() < share:
                do = lots.choice(["approve", "approve", "hide"])
                hidden.update([line.text] if do == "hide" else [])
                decide(played.house, played, do, line.id)

    for text, person in asked.wrote.items():
        played.drop(person, run_id, fields_for("rolling-text", text))
        sent.add(person)
        if lots.random() < 0.4:
            seals.roll(played.house)
            choose(look(), lots.choice([0.5, 1.0]))
            look()
    played.move("close")
    choose(look(), 1.0)
    look()
    assert read == set(asked.wrote), "everything comes before those who read, in the end"
    return asked


def sessions(house: House, sizes: list[int], lots: random.Random) -> list[Rolled]:
    """Play one moderated rolling question with each of these group sizes."""
    return [read_through(room(house, ["rolling-text"], people, moderation=True), people, lots) for people in sizes]


def test_those_who_read_first_find_no_author_more_often_than_one_in_five(hall: House) -> None:
    lots = random.Random(8)
    played = sessions(hall, SIZES * 2, lots)
    for people, asked in zip(SIZES * 2, played, strict=True):
        sizes = [len(letting.texts) for letting in asked.lettings]
        assert sum(sizes) == people
        assert min(sizes) >= 5, f"{people} people came to the desk as {sizes}"
        worst = max(chance for posterior in asked.posteriors() for chance in posterior.values())
        assert worst <= HIGHEST_POSTERIOR + 1e-9, f"{people} people: {worst:.3f}"
    hits_stay_within(played, lots)


def orders(played: list[Rolled]) -> list[float]:
    """Return for each pool of five how far its order on the desk agrees with the order of sending."""
    pools = [(asked, letting.texts) for asked in played for letting in asked.lettings if len(letting.texts) == 5]
    return [tau([asked.wrote[text] for text in texts], range(5)) for asked, texts in pools]


def test_where_a_text_stands_on_the_desk_knows_nothing_of_when_it_was_sent(hall: House) -> None:
    lots = random.Random(10)
    played = sessions(hall, [10, 15, 16, 21] * 4, lots)
    found = orders(played)
    assert len(found) >= 20 and order_p(found, 5) > FALSE_ALARM
    for asked in played:  # the leaky control: each pool in the order in which it came
        for letting in asked.lettings:
            letting.texts.sort(key=asked.wrote.__getitem__)
    assert order_p(orders(played), 5) < FALSE_ALARM


def as_they_come(people: int, lots: random.Random) -> Rolled:
    """The leaky control: a desk to which each tick brings whatever has come since the one before."""
    asked = Rolled({canary(): person for person in range(people)})
    fresh: list[str] = []
    for text, person in asked.wrote.items():
        fresh.append(text)
        if lots.random() < 0.4 or person == people - 1:
            asked.lettings.append(Letting({asked.wrote[one] for one in fresh}, fresh))
            fresh = []
    return asked


@pytest.mark.parametrize("people", [11, 16, 21])
def test_the_same_attacker_breaks_a_desk_that_texts_reach_as_they_come(people: int) -> None:
    lots = random.Random(9)
    hits = sum(aimed(as_they_come(people, lots), lots) for _session in range(100))
    assert hits / 100 - 1 / people >= BROKEN
