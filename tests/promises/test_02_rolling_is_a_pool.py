"""Promise 2: rolling is a pool, never a trickle.

At fixed ticks, when 2k answers wait, k leave at random and k stay; the rest at
the close. k is five, or the room's floor where that is higher.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from scipy.stats import binom

from tests.promises.attackers import BROKEN, FALSE_ALARM
from tests.promises.stagehands import Room, canary, fields_for, room
from workshop import answers, live_sessions, screens, seals
from workshop.errors import WorkshopError
from workshop.house import House

HIGHEST_POSTERIOR = 1 / 5


@dataclass
class Letting:
    """One release of a rolling question: how many waited, and what came out."""

    waited: set[int]
    texts: list[str]


@dataclass
class Rolled:
    """One rolling question from its opening to its close."""

    wrote: dict[str, int]
    lettings: list[Letting] = field(default_factory=list)

    def posteriors(self) -> list[dict[int, float]]:
        """Return for each release the exact chance of each person to be the author of one text of it.

        The observer knows who had sent before each tick and how many came out;
        all who wait are equally likely to be drawn. So a person is in release j
        with P(not drawn before) x drawn / waiting, and wrote a given text of it
        with that over its size.
        """
        still: dict[int, float] = {}
        result = []
        for letting in self.lettings:
            for person in letting.waited:
                still.setdefault(person, 1.0)
            size = len(letting.texts)
            waiting = round(sum(still.values()))
            drawn = {person: chance * size / waiting for person, chance in still.items()}
            result.append({person: chance / size for person, chance in drawn.items()})
            still = {person: chance - drawn[person] for person, chance in still.items()}
        return result


def shown_words(screen: Any) -> list[str]:
    """Return the words that a screen shows now, of either kind that may roll."""
    if screen.activity.kind in ("open_text", "questions"):
        return [card.text for card in screen.activity.cards]
    return [word for word, _size in screen.activity.result.words] if screen.activity.result else []


def roll_through(played: Room, people: int, lots: random.Random) -> Rolled:
    """Let people answer in bursts of any size with a tick after each, then close."""
    run_id = played.open()
    rolled = Rolled({canary(): person for person in range(people)})
    sent: set[int] = set()
    known: set[str] = set()

    def look() -> None:
        with played.house.database.transaction() as session:
            live = live_sessions.get(session, played.live_id)
            phone, stage = screens.phone(session, live, played.house), screens.stage(session, live, played.house)
        fresh = [word for word in shown_words(phone) if word not in known]
        known.update(fresh)
        if fresh:
            rolled.lettings.append(Letting(set(sent), fresh))
        assert sorted(shown_words(phone)) == sorted(known), "what came out once stays, and once only"
        seen = f"{phone} {stage}"
        assert not [hidden for hidden in rolled.wrote if hidden not in known and hidden in seen]

    sort = played.sort
    for word, person in rolled.wrote.items():
        played.drop(person, run_id, fields_for(sort, word))
        sent.add(person)
        if lots.random() < 0.3:
            seals.roll(played.house)
            look()
    played.move("close")
    look()
    assert known == set(rolled.wrote), "everything comes out in the end"
    return rolled


@pytest.fixture(scope="module")
def shapes() -> random.Random:
    """Return the lots that decide when people send; the draws under test are the product's own."""
    return random.Random(22)


def groups(house: House, sort: str, sizes: list[int], lots: random.Random, **settings: int) -> list[Rolled]:
    """Play one rolling question with each of these group sizes."""
    rolled = []
    for people in sizes:
        played = room(house, [sort], people, **settings)
        rolled.append(roll_through(played, people, lots))
    return rolled


@pytest.mark.parametrize("sort", ["rolling-text", "rolling-cloud", "rolling-questions"])
def test_no_release_is_of_one_to_four_people(hall: House, sort: str, shapes: random.Random) -> None:
    sizes = list(range(5, 41, 1 if sort == "rolling-text" else 7))
    played = groups(hall, sort, sizes, shapes)
    hits_stay_within(played, shapes)
    for people, rolled in zip(sizes, played, strict=True):
        releases = [len(letting.texts) for letting in rolled.lettings]
        assert sum(releases) == people
        assert min(releases) >= 5, f"{people} people came out as {releases}"
        worst = max(chance for posterior in rolled.posteriors() for chance in posterior.values())
        assert worst <= HIGHEST_POSTERIOR + 1e-9, f"{people} people: {worst:.3f}"


def test_a_higher_floor_makes_a_larger_pool(hall: House, shapes: random.Random) -> None:
    for rolled in groups(hall, "rolling-text", [8, 15, 16, 17, 31], shapes, room_floor=8):
        assert min(len(letting.texts) for letting in rolled.lettings) >= 8


def test_a_lower_floor_does_not_make_a_smaller_pool(hall: House) -> None:
    played = room(hall, ["rolling-text"], 9, room_floor=3)
    run_id = played.open()
    for phone in range(9):
        played.send(phone, run_id, fields_for("rolling-text"))
        seals.roll(hall)
        assert played.cards() == []


def test_passes_do_not_ripen_the_pool(hall: House) -> None:
    played = room(hall, ["rolling-text"], 20)
    run_id = played.open()
    for phone in range(20):
        played.send(phone, run_id, None if phone % 2 else fields_for("rolling-text"))
        seals.roll(hall)
        assert len(played.cards()) == (0 if phone < 18 else 5)


def test_one_tick_lets_out_one_pool_however_many_wait(hall: House) -> None:
    played = room(hall, ["rolling-text"], 40)
    run_id = played.open()
    for phone in range(40):
        played.send(phone, run_id, fields_for("rolling-text"))
    counts = []
    for _tick in range(12):
        seals.roll(hall)
        counts.append(len(played.cards()))
    assert counts == [5, 10, 15, 20, 25, 30, 35, 35, 35, 35, 35, 35]


def test_a_rolling_answer_is_final_and_its_place_stays_spent(hall: House) -> None:
    played = room(hall, ["rolling-text"], 10)
    run_id = played.open()
    for phone in range(10):
        played.send(phone, run_id, fields_for("rolling-text", f"text {phone}"))
    seals.roll(hall)
    for phone in range(10):
        for changed in (fields_for("rolling-text", "another"), None):
            with pytest.raises(WorkshopError, match="final"):
                played.send(phone, run_id, changed, revision=2)
        played.send(phone, run_id, fields_for("rolling-text", f"text {phone}"))  # a retry is no second answer
        assert answers.mine(hall, played.live_id, played.secrets[phone], run_id).spent
    played.move("close")
    assert sorted(text for _id, text in played.cards()) == sorted(f"text {phone}" for phone in range(10))


def test_nothing_of_the_waiting_is_in_the_main_database(hall: House) -> None:
    played = room(hall, ["rolling-text"], 14)
    run_id = played.open()
    words = [canary() for _ in range(14)]
    for phone, word in enumerate(words):
        played.send(phone, run_id, fields_for("rolling-text", word))
    seals.roll(hall)
    out = {text for _id, text in played.cards()}
    with hall.database.engine.connect() as connection:
        rows = repr([connection.exec_driver_sql(f"select * from {name}").all() for name in ("cards", "activity_runs")])
    assert [word for word in words if word in rows] == [word for word in words if word in out]
    assert len(out) == 5


def aimed(rolled: Rolled, lots: random.Random) -> bool:
    """Name the author of the most exposed text of a question; return whether that was right."""
    index, person, _chance = max(
        (
            (i, person, chance)
            for i, posterior in enumerate(rolled.posteriors())
            for person, chance in posterior.items()
        ),
        key=lambda found: (found[2], lots.random()),
    )
    return rolled.wrote[lots.choice(rolled.lettings[index].texts)] == person


@pytest.mark.slow
def test_the_most_exposed_text_is_not_found_more_often_over_many_sessions(hall: House, shapes: random.Random) -> None:
    hits_stay_within(groups(hall, "rolling-text", [10, 11, 12, 15, 16, 21] * 30, shapes), shapes)


def hits_stay_within(played: list[Rolled], lots: random.Random) -> None:
    hits = sum(aimed(rolled, lots) for rolled in played)
    assert binom.sf(hits - 1, len(played), HIGHEST_POSTERIOR) > FALSE_ALARM, f"{hits} of {len(played)}"


def show_after_every_five(people: int) -> Rolled:
    """The leaky control: publish whenever five wait, the rest at the close."""
    rolled = Rolled({canary(): person for person in range(people)})
    waiting: list[str] = []
    published: set[int] = set()
    for word, person in rolled.wrote.items():
        waiting.append(word)
        if len(waiting) == 5 or person == people - 1:
            rolled.lettings.append(Letting(set(range(person + 1)) - published, list(waiting)))
            published |= {rolled.wrote[text] for text in waiting}
            waiting = []
    return rolled


@pytest.mark.parametrize("people", [11, 16, 21])
def test_the_same_attacker_breaks_showing_after_every_five(people: int, shapes: random.Random) -> None:
    hits = sum(aimed(show_after_every_five(people), shapes) for _ in range(100))
    assert hits / 100 - 1 / people >= BROKEN
