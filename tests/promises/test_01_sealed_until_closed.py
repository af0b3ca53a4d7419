"""Promise 1: nobody but its author can obtain an answer, or a number made of answers, before the close.

On close there is one release in one random order for all audiences together.
"""

from __future__ import annotations

import pytest

from tests.promises.attackers import BROKEN, PASS, Score, by_features, by_order, ranks
from tests.promises.season import PEOPLE, Asked, Season
from tests.promises.stagehands import KINDS, Room, canary, fields_for, room
from workshop import answers, freezes, live_sessions
from workshop.ballots import BallotBox
from workshop.editions import EDITIONS
from workshop.house import House

SEALED = [sort for sort in KINDS if not sort.startswith("rolling")]


def everything_seen(played: Room) -> list[str]:
    """Return every screen and every report of a session, as the text of its data."""
    house = played.house
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        guide = live_sessions.guide_of(live)
        now = house.clock()
        seen = [repr(screen) for screen in played.screens(session)]
        seen.append(repr(freezes.draft(session, live, guide, now).texts))
        seen.append(repr(freezes.draft(session, live, guide, now).activities))
        seen += [repr(freezes.preview(session, live, guide, edition, now)) for edition in EDITIONS]
    return seen


@pytest.mark.parametrize("sort", SEALED)
def test_no_audience_sees_a_word_or_a_result_while_a_question_is_open(hall: House, sort: str) -> None:
    played = room(hall, [sort], 12)
    run_id = played.open()
    words = [canary() for _ in range(12)]
    for phone, word in enumerate(words):
        played.send(phone, run_id, fields_for(sort, word))
    seen = " ".join(everything_seen(played))
    assert not [word for word in words if word in seen]
    for screen in played.seen():
        shown = getattr(screen, "stage", screen).activity
        assert shown.phase == "open"
        assert shown.result is None
        assert shown.cards == ()
        assert shown.people == ""


@pytest.mark.parametrize("sort", SEALED)
def test_what_everybody_sees_does_not_depend_on_what_was_answered(hall: House, sort: str) -> None:
    """Everybody changes their answer: not one letter of any screen or report may follow."""
    played = room(hall, [sort], 12)
    run_id = played.open()
    for phone in range(12):
        played.send(phone, run_id, fields_for(sort))
    before = everything_seen(played)
    for phone in range(12):
        played.send(phone, run_id, None if phone % 3 == 0 else fields_for(sort), revision=2)
    assert everything_seen(played) == before
    assert "answered=12" in before[1]


def test_nobody_finds_the_answer_of_another_under_their_own_secret(hall: House) -> None:
    played = room(hall, ["text"], 3)
    run_id = played.open()
    played.send(0, run_id, fields_for("text", "mine alone"))
    other = answers.mine(hall, played.live_id, played.secrets[1], run_id)
    assert (other.revision, other.fields) == (0, None)
    own = answers.mine(hall, played.live_id, played.secrets[0], run_id)
    assert own.fields == {"text-0": ["mine alone"]}


def test_the_release_is_one_step_from_nothing_to_everything(hall: House) -> None:
    played = room(hall, ["text"], 12)
    counts: list[int] = []
    hall.database.on_notice(lambda _live: counts.append(len(played.cards())))
    played.ask([(phone, fields_for("text")) for phone in range(12)])
    assert set(counts) == {0, 12}
    assert counts == sorted(counts)


def test_all_audiences_see_the_same_order_and_it_stays(hall: House) -> None:
    played = room(hall, ["text"], 12)
    played.ask([(phone, fields_for("text")) for phone in range(12)])
    orders = [[card.id for card in getattr(screen, "stage", screen).activity.cards] for screen in played.seen()]
    assert all(order == orders[0] for order in orders)
    assert len(set(orders[0])) == 12
    again = [[card.id for card in getattr(screen, "stage", screen).activity.cards] for screen in played.seen()]
    assert again == orders


@pytest.mark.parametrize("sort", ["scale", "choice", "many", "cloud", "matrix", "estimate", "statements"])
def test_a_result_is_the_same_whoever_sent_first(hall: House, sort: str) -> None:
    released = []
    sent = [fields_for(sort, canary()) for _ in range(12)]
    for order in (range(12), reversed(range(12))):
        played = room(hall, [sort], 12)
        played.ask([(phone, sent[phone]) for phone in order])
        with hall.database.transaction() as session:
            run = live_sessions.run_of(session, live_sessions.get(session, played.live_id), "q0")
            assert run is not None
            released.append(run.release)
    assert released[0] == released[1]
    assert not released[0]["too_few"]


# -- the perfect observer: knows exactly who sent when, and sees the release of every audience


def in_order(asked: Asked) -> dict[str, int]:
    """The first text on the wall is from whoever sent first."""
    return by_order(asked.shown[0], asked.sent)


def upside_down(asked: Asked) -> dict[str, int]:
    """The last text on the wall is from whoever sent first."""
    return by_order(asked.shown[0][::-1], asked.sent)


def everywhere(asked: Asked) -> dict[str, int]:
    """The best matching of places on all screens, ids and row numbers with the order of sending."""
    import numpy as np

    texts = [row.text for row in asked.rows]
    id_ranks = ranks([row.id for row in asked.rows])
    features = [
        [*(order.index(text) for order in asked.shown), id_ranks[i], asked.rows[i].rowid, i]
        for i, text in enumerate(texts)
    ]
    known = [[rank] * len(features[0]) for rank in range(len(asked.sent))]
    matched = by_features(np.array(features), np.array(known))
    return {text: asked.sent[matched[i]] for i, text in enumerate(texts)}


OBSERVERS = [in_order, upside_down, everywhere]


def attack(season: Season, observer: object) -> Score:
    """Return how well an observer does over the single texts of a season."""
    score = Score(PEOPLE)
    for asked in season.asked:
        if asked.sort == "text":
            guess = observer(asked)  # type: ignore[operator]
            score.count(sum(guess[text] == person for text, person in asked.wrote.items()), len(asked.wrote))
    return score


@pytest.mark.parametrize("observer", OBSERVERS)
def test_a_perfect_observer_does_no_better_than_a_guesser(season: Season, observer: object) -> None:
    score = attack(season, observer)
    assert score.links >= 1500
    assert score.is_chance(), f"advantage {score.advantage:.3f} over {score.links} links"


@pytest.mark.slow
@pytest.mark.parametrize("observer", OBSERVERS)
def test_a_perfect_observer_stays_below_the_bound_of_the_contract(long_season: Season, observer: object) -> None:
    """Over 11,000 links: 5 standard errors lie between the bound and the truth of a product without a leak."""
    score = attack(long_season, observer)
    assert score.links >= 11_000
    assert score.upper <= PASS, f"advantage {score.advantage:.4f}, at most {score.upper:.4f}"


class LiveWall:
    """The leaky control: what a live tool does. After each answer it shows what is new in the box."""

    def __init__(self, box: BallotBox) -> None:
        self._box = box
        self.wall: list[str] = []

    def refresh(self, run_id: str) -> None:
        """Put what has come in since the last look at the end of the wall."""
        self.wall += [body for body in self._box.read(run_id) if body not in self.wall]


def test_the_same_observer_breaks_a_live_wall(hall: House) -> None:
    played = room(hall, ["text"] * 10, PEOPLE)
    score = Score(PEOPLE)
    for index in range(10):
        if index:
            played.move("next")
        run_id = played.open()
        wall = LiveWall(hall.boxes.box(played.live_id))
        truth: dict[str, int] = {}
        order = [(index + 5 * phone) % PEOPLE for phone in range(PEOPLE)]
        for phone in order:
            word = canary()
            truth[word] = phone
            played.send(phone, run_id, fields_for("text", word))
            wall.refresh(run_id)
        shown = [next(word for word in truth if word in body) for body in wall.wall]
        asked = Asked(0, "text", order, truth, set(), shown=[shown])
        guess = in_order(asked)
        score.count(sum(guess[word] == person for word, person in truth.items()), PEOPLE)
        played.move("close")
    assert score.advantage >= BROKEN
