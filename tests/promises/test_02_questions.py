"""Promises 1, 2, 4, 10 and 12 for questions from the room: what their order and their votes give away.

Questions themselves arrive by the pool (`test_02_rolling_is_a_pool.py` plays this
kind too). Here is the other half: an observer who sees each phone vote, knows
every earlier vote by heart and watches the list.
"""

from __future__ import annotations

import itertools
import json
import random
import secrets
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from scipy.stats import binom

from tests.promises.attackers import BROKEN, FALSE_ALARM
from tests.promises.stagehands import Room, canary, fields_for, room
from tests.promises.test_12_silence_looks_like_speech import message
from workshop import anonymity, answers, padding, publication, questions, seals
from workshop.activities import KINDS
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.models import QuestionList
from workshop.publication_order import TURNS_OF_ONE, reordered
from workshop.questions import ballot_of

AT_ONCE = 5


def asked(hall: House, phones: int, *, askers: int = 0, **settings: int) -> tuple[Room, str]:
    """Return a room in which questions have come: all but the pool's last five of those who asked."""
    played = room(hall, ["rolling-questions"], phones, **settings)
    run_id = played.open()
    for phone in range(askers or phones):
        played.send(phone, run_id, fields_for("rolling-questions"))
    for _tick in range(phones // AT_ONCE):
        seals.roll(hall)
    return played, run_id


def order(played: Room) -> list[str]:
    """Return the ids of the list as a phone shows it."""
    shown = played.seen()[0].activity
    return [one.id for one in shown.questions]


def vote(played: Room, phone: int, run_id: str, cards: Sequence[str], revision: int = 1) -> None:
    played.send(phone, ballot_of(run_id), {"vote": list(cards)}, revision)


def test_votes_for_the_same_words_are_not_read_as_a_number_in_two_lists(hall: House) -> None:
    """Anybody can ask the same in the next list; who left in between would be the difference (promise 10)."""
    played = room(hall, ["rolling-questions"], 12)
    said = []
    for words in ("Shall we stop this project?", "shall we stop this project"):
        run_id = played.open()
        played.send(0, run_id, fields_for("rolling-questions", words))
        for phone in range(1, 12):
            played.send(phone, run_id, fields_for("rolling-questions"))
        played.move("question_enough")
        seals.roll(hall)
        shown = played.seen()[0].activity.questions
        wanted = next(one.id for one in shown if one.text == words)
        other = next(one.id for one in shown if one.id != wanted)
        for phone in range(12):
            vote(played, phone, run_id, [wanted] if phone < 6 else [other])
        played.move("close")
        votes = {one.id: one.votes for one in played.seen()[0].activity.questions}
        said.append((votes[wanted], votes[other]))
        if len(said) == 1:
            played.move("repeat")
    assert said == [("6", "6"), ("", "6")]


# What the list shows while it is open


def test_the_order_waits_for_five_changed_ballots_and_shows_nothing_else(hall: House) -> None:
    played, run_id = asked(hall, 30)
    first = order(played)
    before = repr([screen for screen in played.seen() if not hasattr(screen, "answered")])
    last = first[-1]
    for phone in range(4):
        vote(played, phone, run_id, [last])
        questions.refresh(hall)
        assert order(played) == first
    vote(played, 3, run_id, [first[0]], 2)  # the same phone again, and back: still four
    vote(played, 3, run_id, [last], 3)
    questions.refresh(hall)
    assert order(played) == first
    assert repr([screen for screen in played.seen() if not hasattr(screen, "answered")]) == before
    for phone in range(4, 30):
        vote(played, phone, run_id, [last])
    questions.refresh(hall)
    assert order(played)[0] == last, "thirty against none: no wobble keeps it down"
    assert "votes" not in json.dumps(played.seen()[0].activity.questions, default=lambda one: [one.id, one.text])
    assert not any(one.votes for screen in played.seen()[:1] for one in screen.activity.questions)


def test_after_a_refresh_five_more_must_change_and_a_vote_and_back_is_no_change(hall: House) -> None:
    played, run_id = asked(hall, 30)
    cards = order(played)
    for phone in range(10):
        vote(played, phone, run_id, [cards[-1]])
    questions.refresh(hall)
    assert turns(played, run_id) == 1
    for phone in range(8):
        vote(played, phone, run_id, [cards[0]], 2)
        vote(played, phone, run_id, [cards[-1]], 3)
    for phone in range(10, 14):
        vote(played, phone, run_id, [cards[0]])
    questions.refresh(hall)
    assert turns(played, run_id) == 1, "eight tapped and took it back, four voted: four"
    vote(played, 14, run_id, [])
    questions.refresh(hall)
    assert turns(played, run_id) == 2


def test_five_phones_that_change_their_votes_again_and_again_stir_the_list_three_times(hall: House) -> None:
    """Likelihood adds up: who may turn the list every minute averages the wobble away (`test_02_order_chances.py`)."""
    played, run_id = asked(hall, 30)
    cards = order(played)
    for revision in range(1, 9):
        for phone in range(5):
            vote(played, phone, run_id, [cards[revision % 2]], revision)
        questions.refresh(hall)
        assert turns(played, run_id) == min(revision, TURNS_OF_ONE)
    for phone in range(5, 9):
        vote(played, phone, run_id, [cards[0]])
    questions.refresh(hall)
    assert turns(played, run_id) == TURNS_OF_ONE, "four others who have voted are still four"
    vote(played, 9, run_id, [cards[0]])
    questions.refresh(hall)
    assert turns(played, run_id) == TURNS_OF_ONE + 1


def turns(played: Room, run_id: str) -> int:
    with played.house.database.transaction() as session:
        return session.get_one(QuestionList, run_id).turns


def test_a_higher_floor_asks_for_more_changed_ballots(hall: House) -> None:
    played, run_id = asked(hall, 30, room_floor=8)
    cards = order(played)
    for phone in range(8):
        assert turns(played, run_id) == 0
        vote(played, phone, run_id, [cards[0]])
        questions.refresh(hall)
    assert turns(played, run_id) == 1


def test_no_vote_wakes_a_phone_or_stirs_a_count(hall: House) -> None:
    played, run_id = asked(hall, 12)
    before = [getattr(screen, "stage", screen).answered for screen in played.seen()[1:]]
    told: list[str] = []
    hall.database.on_notice(told.append)
    for phone in range(4):
        vote(played, phone, run_id, order(played)[:1])
    assert [getattr(screen, "stage", screen).answered for screen in played.seen()[1:]] == before
    assert told == []


# The order leaks no vote: every order is possible whatever the votes are


@pytest.mark.parametrize("counts", [{}, {"a": 5}, {"a": 5, "b": 5, "c": 5}, {"c": 9}, {"a": 2, "b": 1}])
def test_every_order_can_come_out_of_every_votes(counts: dict[str, int]) -> None:
    for wanted in itertools.permutations("abc"):
        draws = {card: 1000.0 - 100 * place for place, card in enumerate(wanted)}
        noise = iter([draws[card] for card in "abc"])
        assert reordered("abc", counts, lambda noise=noise: next(noise)) == list(wanted)


def test_the_wobble_has_no_end_and_is_drawn_anew_each_time() -> None:
    # The rarest of the six comes about 17 times in so many draws.
    drawn = Counter("".join(reordered("abc", {"a": 1})) for _ in range(40_000))
    assert set(drawn) == {"".join(one) for one in itertools.permutations("abc")}


def one_vote_each(people: int) -> list[int]:
    """Return for each person, in the order in which they vote, the question they vote for: all different."""
    cards = list(range(people))
    secrets.SystemRandom().shuffle(cards)
    return cards


def follow(
    before: Sequence[int], after: Sequence[int], known: Counter[int], sort: Callable[..., list[int]]
) -> list[int]:
    """Return the questions that could have got the one vote between two exact orders, given all votes before."""
    return [card for card in before if sort(before, known + Counter([card])) == list(after)]


def exactly(before: Sequence[int], counts: Counter[int]) -> list[int]:
    """The leaky control: the list by its votes."""
    return sorted(before, key=lambda card: -counts[card])


def test_the_same_observer_reads_every_vote_where_the_order_follows_each_vote() -> None:
    people, right, guesses = 12, 0, 0
    lots = random.Random(2)
    for _session in range(60):
        list_, counts = list(range(people)), Counter[int]()
        lots.shuffle(list_)
        for chosen in one_vote_each(people):
            after = exactly(list_, counts + Counter([chosen]))
            possible = follow(list_, after, counts, exactly)
            left = [card for card in possible if not counts[card]] or possible
            right += lots.choice(left) == chosen
            guesses += 1
            counts[chosen] += 1
            list_ = after
    assert right / guesses - 1 / people >= BROKEN


def test_the_observer_of_refreshes_finds_no_voter_more_often_than_one_in_five(hall: House) -> None:
    """Each of ten votes for one question; the observer names the voters of what rose after their five."""
    lots = random.Random(3)
    right = guesses = 0
    for _session in range(3):
        played, run_id = asked(hall, 20, askers=20)
        cards = order(played)[:10]
        truth = one_vote_each(10)
        watched: list[tuple[list[int], list[str], list[str]]] = []
        for start in (0, 5):
            before = order(played)
            for phone in range(start, start + 5):
                vote(played, phone, run_id, [cards[truth[phone]]])
                questions.refresh(hall)
            watched.append((list(range(start, start + 5)), before, order(played)))
        right_here, guesses_here = links(watched, {phone: cards[truth[phone]] for phone in range(10)}, lots)
        right, guesses = right + right_here, guesses + guesses_here
    for _session in range(400):  # the same with the product's own draw, without the box around it
        list_ = [str(card) for card in range(10)]
        truth = one_vote_each(10)
        counts = Counter[str]()
        watched = []
        for start in (0, 5):
            counts += Counter(str(card) for card in truth[start : start + 5])
            after = reordered(list_, counts)
            watched.append((list(range(start, start + 5)), list_, after))
            list_ = after
        right_here, guesses_here = links(watched, {phone: str(truth[phone]) for phone in range(10)}, lots)
        right, guesses = right + right_here, guesses + guesses_here
    assert binom.sf(right - 1, guesses, 1 / AT_ONCE) > FALSE_ALARM, f"{right} of {guesses}"


def links(
    watched: list[tuple[list[int], list[str], list[str]]], truth: dict[int, str], lots: random.Random
) -> tuple[int, int]:
    """Link the five who voted before a refresh to the five questions that rose most by it."""
    right = 0
    for voters, before, after in watched:
        rose = sorted(after, key=lambda card: after.index(card) - before.index(card))[: len(voters)]
        lots.shuffle(rose)
        right += sum(truth[voter] == card for voter, card in zip(voters, rose, strict=True))
    return right, sum(len(voters) for voters, _before, _after in watched)


# The close: numbers by promise 10, counted out


def leaks(people: int, publish: Callable[[tuple[int, int], int], object]) -> list[object]:
    """Return the outputs from which somebody who knows their own ballot is sure of a telling count, of all ballots."""
    ballots = [(0, 0), (0, 1), (1, 0), (1, 1)]
    seen: dict[object, dict[tuple[int, int], set[tuple[int, int]]]] = {}
    for split in itertools.combinations_with_replacement(ballots, people):
        counts = (sum(one for one, _other in split), sum(other for _one, other in split))
        for own in set(split):
            seen.setdefault(publish(counts, people), {}).setdefault(own, set()).add(counts)
    found = []
    for output, by_own in seen.items():
        for possible in by_own.values():
            certain = [values for values in ({counts[i] for counts in possible} for i in range(2)) if len(values) == 1]
            found += [output for values in certain if values <= publication.telling(people)]
    return found


def published(counts: tuple[int, int], people: int) -> object:
    """Return what the close says of two questions: their cells, and the order that follows from these."""
    cells = publication.shape_many(counts, people).cells
    return cells, tuple(sorted(range(2), key=lambda card: -questions._rank(cells[card], people)))


@pytest.mark.parametrize("people", [5, 6, 9, 10, 11, 12])
def test_nobody_can_take_a_vote_out_of_what_the_close_publishes(people: int) -> None:
    assert leaks(people, published) == []


@pytest.mark.parametrize("people", [5, 9, 12])
def test_the_same_count_finds_the_leak_in_exact_numbers_and_in_an_exact_order_beside_the_cells(people: int) -> None:
    assert leaks(people, lambda counts, n: counts)
    assert leaks(people, lambda counts, n: (published(counts, n), counts[0] > counts[1]))


@pytest.mark.parametrize(("voters", "said"), [(4, set()), (9, {"most", "few"}), (12, {"9", "fewer than 3"})])
def test_votes_are_said_at_the_close_as_far_as_may_be(hall: House, voters: int, said: set[str]) -> None:
    played, run_id = asked(hall, 30)
    cards = order(played)
    for phone in range(voters):
        vote(played, phone, run_id, [cards[3]] if phone < 9 else [])
    played.move("close")
    shown = played.seen()[0].activity.questions
    assert {one.votes for one in shown} - {""} == said
    assert voters < 5 or shown[0].id == cards[3]
    assert set(cards) <= {one.id for one in shown}, "what was voted on keeps its name, so marks and votes stay with it"
    assert len(shown) == 30


# Silence, threads, bytes


def test_votes_and_questions_and_passes_have_room_in_the_same_bytes(hall: House) -> None:
    played, _run = asked(hall, 12)
    shown = played.seen()[0].activity
    full = {"vote": ["x" * 22] * 60}
    assert message(full) + len(".votes") <= shown.bucket
    assert message(None) + len(".votes") <= shown.bucket
    config = shown.config
    texts = {f"text-{i}": ["\U0001f642" * config.limit] for i in range(config.cards)}
    assert message(texts | {f"receipt-{i}": ["0" * 64] for i in range(config.cards)}) <= shown.bucket
    assert padding.BUCKETS[-1] >= shown.bucket


def test_a_question_and_the_votes_of_one_phone_share_nothing_in_the_box(hall: House) -> None:
    played, run_id = asked(hall, 12)
    for phone in range(12):
        vote(played, phone, run_id, order(played)[:1])
    box = hall.boxes.box(played.live_id)
    tags: dict[str, set[bytes]] = {}
    for name, tag in box._fetch("select run_id, tag from answer"):
        tags.setdefault(name, set()).add(tag)
    assert set(tags) == {run_id, ballot_of(run_id)}
    assert not tags[run_id] & tags[ballot_of(run_id)]
    assert anonymity.tag(played.secrets[0], run_id) in tags[run_id]
    assert anonymity.tag(played.secrets[0], ballot_of(run_id)) in tags[ballot_of(run_id)]


def test_nothing_of_the_votes_is_in_any_file_after_the_close(hall: House) -> None:
    played, run_id = asked(hall, 15)
    marked = order(played)[0]
    for phone in range(15):
        vote(played, phone, run_id, [marked])
    questions.refresh(hall)
    played.move("close")
    box = hall.boxes.box(played.live_id)
    assert [
        box._fetch(f"select count(*) from {name}")[0][0] for name in ("answer", "loose", "counted", "stirred", "gate")
    ] == [0] * 5
    for path in hall.boxes.folder.glob(f"{played.live_id}*"):
        assert marked.encode() not in path.read_bytes()


def test_votes_come_to_nothing_below_the_floor_and_before_the_first_question(hall: House) -> None:
    played = room(hall, ["rolling-questions"], 4)
    run_id = played.open()
    with pytest.raises(WorkshopError):
        vote(played, 0, run_id, ["a" * 22])
    for phone in range(4):
        played.send(phone, run_id, fields_for("rolling-questions", canary()))
    played.move("close")
    shown = played.seen()[0].activity
    assert (shown.phase, shown.questions) == ("too_few", ())


def test_only_its_author_gets_a_ballot_back(hall: House) -> None:
    played, run_id = asked(hall, 12)
    cards = order(played)[:2]
    vote(played, 0, run_id, cards)
    mine = answers.mine(hall, played.live_id, played.secrets[0], ballot_of(run_id))
    assert (mine.revision, mine.fields, mine.spent) == (1, {"vote": sorted(cards)}, False)
    assert answers.mine(hall, played.live_id, played.secrets[1], ballot_of(run_id)).revision == 0
    assert KINDS["questions"].takes_votes
