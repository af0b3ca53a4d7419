"""Fault R2: whatever dies inside a seal, a question is open or released afterwards, never half.

Each test lets a process die before each SQL statement of the work, on whichever
main database is tried, and looks each time: at what lies there, after the same
process has started again, and at the end. On PostgreSQL also at what another
process makes of it that takes the session over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.deaths import Scene
from tests.promises.season import spellings
from tests.promises.stagehands import Room, canary, fields_for, files_below, room, serving_house
from workshop import anonymity, live_sessions, seals
from workshop.ballots import BallotBox
from workshop.house import House

pytestmark = pytest.mark.slow


@dataclass
class Question(Scene):
    """A question at the moment before the work, and what must come out of it."""

    run_id: str
    texts: list[str]  # what the room must see in the end, each once
    gone: list[str]  # what nobody may ever see: passes, old versions
    secrets: list[bytes]
    seats: list[str]

    @property
    def sort(self) -> str:
        """Return the sort of the question."""
        return self.sorts[0]

    def room(self, house: House) -> Room:
        """Return the room with its phones, which still have their seats."""
        return Room(house, self.live_id, self.sorts, seats=[*self.seats], secrets=[*self.secrets])


Maker = Callable[..., Question]


@pytest.fixture
def scene(folder: Path, _template: str) -> Iterator[Maker]:
    """Return a maker of scenes; the server of each has just died, so its logs still lie beside the files."""
    with ExitStack() as stack:

        def make(sort: str, answering: int, before: Callable[[Room, str], None] | None = None) -> Question:
            place = folder / "place"
            place.mkdir()
            url = stack.enter_context(fresh_database(_template, place))
            house = serving_house(place, url)
            played = room(house, [sort, "text"], answering + 2)
            run_id = played.open()
            texts, gone = [canary() for _ in range(answering)], [canary(), canary()]
            rolling = sort.startswith("rolling")
            if not rolling:
                played.send(0, run_id, fields_for(sort, gone[0]))
                played.send(answering, run_id, fields_for(sort, gone[1]))
            for phone, text in enumerate(texts):
                played.send(phone, run_id, fields_for(sort, text), revision=1 if rolling else 2)
            for phone in (answering, answering + 1):
                played.send(phone, run_id, None, revision=1 if rolling else 2)
            if before:
                before(played, run_id)
            house.database.engine.dispose()
            made = Question(
                place, url, played.live_id, (sort, "text"), run_id, texts, gone, played.secrets, played.seats
            )
            house.boxes.close()
            stack.callback(made.let_go)
            return made

        yield make


def stands(house: House, scene: Question) -> tuple[str, list[str]]:
    """Return the state of the run and the texts on the phones."""
    with house.database.transaction() as session:
        run = live_sessions.run_of(session, live_sessions.get(session, scene.live_id), "q0")
        assert run is not None
        return run.state, [text for _id, text in scene.room(house).cards()]


def screens_of(house: House, scene: Question) -> str:
    """Return all that any audience sees."""
    return repr(scene.room(house).seen())


def nothing_left_in_the_box(scene: Question) -> None:
    """Raise AssertionError when a text, a tag or a secret is anywhere below the boxes' folder."""
    left = scene.box_bytes()
    assert not [text for text in scene.texts + scene.gone if text.encode() in left]
    hidden = [value for secret in scene.secrets for value in (secret, anonymity.tag(secret, scene.run_id))]
    assert not [value for value in hidden if any(form in left for form in spellings(value))]


def close_if_open(house: House, scene: Scene) -> None:
    """Close the question where the death came before the close had begun."""
    if stands(house, scene)[0] == "open":
        assert house.boxes.box(scene.live_id).answered(scene.run_id) == len(scene.secrets)
        scene.room(house).move("close")


def one_pool_out(played: Room, run_id: str) -> None:
    """Let a pool out before the close begins, and leave one that is drawn but not yet written."""
    seals.roll(played.house)
    played.house.boxes.box(played.live_id).take(run_id, 2, 5)


@pytest.mark.parametrize("sort", ["text", "rolling-text"])
def test_a_close_that_dies_anywhere_ends_in_one_whole_release(scene: Maker, sort: str) -> None:
    made = scene(sort, 15, one_pool_out if sort == "rolling-text" else None)
    states = []
    for _before in made.deaths("close"):
        house = made.house()
        state, shown = stands(house, made)
        states.append(state)
        if state == "released":
            nothing_left_in_the_box(made)
            assert sorted(shown) == sorted(made.texts)
        elif not (sort == "rolling-text" and state == "open"):
            seen = screens_of(house, made)
            assert not [text for text in made.texts + made.gone if text in seen], f"shown while {state}"
        seals.recover(house)
        assert stands(house, made)[0] == ("open" if state == "open" else "released")
        close_if_open(house, made)
        state, shown = stands(house, made)
        assert state == "released"
        assert sorted(shown) == sorted(made.texts), "every answer exactly once"
        assert not [text for text in made.gone if text in screens_of(house, made)]
        nothing_left_in_the_box(made)
        seals.recover(house)
        assert stands(house, made)[1] == shown, "recovering again changes nothing"
        house.boxes.close()
    assert len(states) > 12
    assert {"open", "closing", "sealed", "released"} <= set(states), "a death in every state"


def test_a_close_below_the_floor_that_dies_anywhere_leaves_nothing_at_all(scene: Maker) -> None:
    made = scene("cards", 4)
    for _before in made.deaths("close"):
        house = made.house()
        assert not [text for text in made.texts + made.gone if text in screens_of(house, made)]
        seals.recover(house)
        close_if_open(house, made)
        seen = made.room(house).seen()
        assert [getattr(screen, "stage", screen).activity.phase for screen in seen] == ["too_few"] * 5
        nothing_left_in_the_box(made)
        house.boxes.close()
        house.database.engine.dispose()
        left = b"".join(files_below(made.place).values())
        assert not [text for text in made.texts + made.gone if text.encode() in left]


def test_a_tick_that_dies_anywhere_lets_out_whole_pools_once(scene: Maker) -> None:
    made = scene("rolling-text", 15, lambda played, _run: seals.roll(played.house))
    sizes = []
    for _before in made.deaths("roll"):
        house = made.house()
        _state, shown = stands(house, made)
        sizes.append(len(shown))
        assert len(shown) in (5, 10)
        assert len(set(shown)) == len(shown)
        assert set(shown) <= set(made.texts)
        seals.recover(house)
        after = stands(house, made)[1]
        assert set(after) == set(shown), "recovering publishes nothing by itself"
        under_tags = box_under_tags(house, made)
        assert not set(after) & under_tags, "what is out lies under no tag any more"
        seals.roll(house)
        seals.roll(house)
        rolled = stands(house, made)[1]
        assert len(rolled) == len(set(rolled)) == 10
        assert set(shown) <= set(rolled)
        close_if_open(house, made)
        assert sorted(stands(house, made)[1]) == sorted(made.texts)
        nothing_left_in_the_box(made)
        house.boxes.close()
    assert len(sizes) > 8
    assert set(sizes) == {5, 10}


def box_under_tags(house: House, scene: Question) -> set[str]:
    """Return the texts that still lie under somebody's tag."""
    box = house.boxes.box(scene.live_id)
    lying = [box.mine(scene.run_id, anonymity.tag(secret, scene.run_id)) for secret in scene.secrets]
    bodies = " ".join(found.body for found in lying if found is not None and found.body)
    return {text for text in scene.texts if text in bodies}


# Where the process never comes back, and another one takes the session over


@pytest.mark.several
def test_a_close_that_dies_anywhere_is_whole_where_another_process_goes_on(scene: Maker) -> None:
    """Nothing is out before the seal's one write, so until then the phones send again; after it nothing is needed of them."""
    made = scene("text", 15)
    states = []
    for _before in made.deaths("close"):
        house = made.another()
        state, shown = stands(house, made)
        states.append(state)
        assert state in ("open", "released")
        if state == "open":
            seen = screens_of(house, made)
            assert not [text for text in made.texts + made.gone if text in seen]
            played = made.room(house)
            assert house.boxes.box(made.live_id).answered(made.run_id) == 0
            for phone, text in enumerate(made.texts):
                played.send(phone, made.run_id, fields_for("text", text))
            played.move("close")
            state, shown = stands(house, made)
        assert state == "released"
        assert sorted(shown) == sorted(made.texts), "every answer exactly once"
        assert not [text for text in made.gone if text in screens_of(house, made)]
        first_comes_back_to_nothing(made, shown)
        house.boxes.close()
    assert set(states) == {"open", "released"}


@pytest.mark.several
@pytest.mark.parametrize("work", ["roll", "close"])
def test_pools_that_die_anywhere_stay_whole_where_another_process_goes_on(scene: Maker, work: str) -> None:
    """What is out stays, what waited is lost (decision 16), and a few who come later are not shown beside it."""
    made = scene("rolling-text", 15, one_pool_out if work == "close" else lambda played, _run: seals.roll(played.house))
    sizes = []
    for _before in made.deaths(work):
        house = made.another()
        state, shown = stands(house, made)
        sizes.append(len(shown))
        assert len(shown) in (5, 10, 15) and len(set(shown)) == len(shown)
        assert set(shown) <= set(made.texts)
        if state == "open":
            played = made.room(house)
            late = [canary() for _ in range(4)]
            played.join(len(late))
            for number, text in enumerate(late, start=len(made.seats)):
                played.send(number, made.run_id, fields_for("rolling-text", text))
            seals.roll(house)
            played.move("close")
        state, after = stands(house, made)
        assert state == "released"
        assert sorted(after) == sorted(shown), "no pool of one to four"
        first_comes_back_to_nothing(made, after)
        house.boxes.close()
    assert set(sizes) == ({5, 10} if work == "roll" else {5, 15})


def first_comes_back_to_nothing(made: Question, shown: list[str]) -> None:
    """Start the process that had died: it has no part in the session any more, and throws its old box away."""
    first = made.house()
    strays = first.keepers.strays(first.boxes.lying())
    for live_id in strays:
        first.boxes.discard(live_id)
    seals.recover(first)
    assert not first.keepers.may(made.live_id)
    assert sorted(stands(first, made)[1]) == sorted(shown)
    assert not first.boxes.lying()


def test_an_erase_that_cannot_finish_shows_nothing_and_is_tried_again(
    scene: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene("text", 12)
    house = made.house()
    with monkeypatch.context() as patch:

        def busy(_box: BallotBox) -> None:
            raise sqlite3.OperationalError("the ballot box is busy")

        patch.setattr(BallotBox, "checkpoint", busy)
        made.room(house).move("close")
        seals.tick(house)
        assert stands(house, made) == ("sealed", [])
        assert not [text for text in made.texts if text in screens_of(house, made)]
    seals.tick(house)
    state, shown = stands(house, made)
    assert state == "released"
    assert sorted(shown) == sorted(made.texts)
    nothing_left_in_the_box(made)
    house.boxes.close()
