"""Fault R2: whatever dies inside a seal, a question is open or released afterwards, never half.

Each test makes one folder per SQL statement of the work, dead right before it,
and looks at each: as it lies there, after `recover`, and at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT, SERVER
from tests.promises.season import spellings
from tests.promises.stagehands import Room, build_house, canary, fields_for, files_below, room
from workshop import anonymity, live_sessions, seals
from workshop.house import House

pytestmark = pytest.mark.skipif(bool(SERVER), reason="a folder that can be copied is a SQLite database's")


@dataclass
class Scene:
    """A session at the moment before the work, and what must come out of it."""

    folder: Path
    live_id: str
    run_id: str
    sort: str
    texts: list[str]  # what the room must see in the end, each once
    gone: list[str]  # what nobody may ever see: passes, old versions
    secrets: list[bytes]

    def house(self, folder: Path) -> House:
        """Open a copy as a fresh process would."""
        return build_house(folder, f"sqlite:///{folder / 'main.db'}")


Maker = Callable[..., Scene]


@pytest.fixture
def scene(folder: Path, _template: str) -> Maker:
    """Return a maker of scenes; the server of each has just died, so its logs still lie beside the files."""

    def make(sort: str, answering: int, before: Callable[[Room, str], None] | None = None) -> Scene:
        place = folder / "template"
        place.mkdir()
        shutil.copy(_template, place / "main.db")
        house = build_house(place, f"sqlite:///{place / 'main.db'}")
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
        copy = folder / "dead"
        shutil.copytree(place, copy)  # while the box is open: its log is not folded in
        (copy / "live_id").write_text(played.live_id)
        house.boxes.close()
        return Scene(copy, played.live_id, run_id, sort, texts, gone, played.secrets)

    return make


def deaths(scene: Scene, out: Path, work: str) -> list[Path]:
    """Return one folder per statement of the work, dead right before it, and one where all was done."""
    out.mkdir()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.seal_victim", str(scene.folder), str(out), work],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["killed"] for line in lines] == [True] * (len(lines) - 1) + [False]
    return [Path(line["folder"]) for line in lines]


def stands(house: House, scene: Scene) -> tuple[str, list[str], str]:
    """Return the state of the run, the texts on the phones, and all screens as text."""
    played = Room(house, scene.live_id, (scene.sort, "text"))
    seen = played.seen()
    with house.database.transaction() as session:
        run = live_sessions.run_of(session, live_sessions.get(session, scene.live_id), "q0")
        assert run is not None
        state = run.state
    return state, [card.text for card in seen[0].activity.cards], repr(seen)


def box_bytes(folder: Path) -> bytes:
    """Return every byte in the folder of the ballot boxes."""
    return b"".join(files_below(folder / "ballots").values())


def nothing_left_in_the_box(folder: Path, scene: Scene) -> None:
    """Raise AssertionError when a text, a tag or a secret is anywhere below the boxes' folder."""
    left = box_bytes(folder)
    assert not [text for text in scene.texts + scene.gone if text.encode() in left]
    hidden = [value for secret in scene.secrets for value in (secret, anonymity.tag(secret, scene.run_id))]
    assert not [value for value in hidden if any(form in left for form in spellings(value))]


def close_if_open(house: House, scene: Scene) -> None:
    """Close the question where the death came before the close had begun."""
    if stands(house, scene)[0] == "open":
        assert house.boxes.box(scene.live_id).answered(scene.run_id) == len(scene.secrets)
        Room(house, scene.live_id, (scene.sort, "text")).move("close")


@pytest.mark.parametrize("sort", ["text", "rolling-text"])
def test_a_close_that_dies_anywhere_ends_in_one_whole_release(folder: Path, scene: Maker, sort: str) -> None:
    """With the rolling one a pool is out already when the close begins, and one is drawn but not yet written."""

    def one_pool_out(played: Room, run_id: str) -> None:
        seals.roll(played.house)
        played.house.boxes.box(played.live_id).take(run_id, 2, 5)

    made = scene(sort, 15, one_pool_out if sort == "rolling-text" else None)
    folders = deaths(made, folder / "out", "close")
    assert len(folders) > 25
    states = []
    for dead in folders:
        house = made.house(dead)
        state, shown, seen = stands(house, made)
        states.append(state)
        if state == "released":
            nothing_left_in_the_box(dead, made)
            assert sorted(shown) == sorted(made.texts)
        elif not (sort == "rolling-text" and state == "open"):
            assert not [text for text in made.texts + made.gone if text in seen], f"shown while {state}"
        seals.recover(house)
        assert stands(house, made)[0] == ("open" if state == "open" else "released")
        close_if_open(house, made)
        state, shown, seen = stands(house, made)
        assert state == "released"
        assert sorted(shown) == sorted(made.texts), "every answer exactly once"
        assert not [text for text in made.gone if text in seen]
        nothing_left_in_the_box(dead, made)
        seals.recover(house)
        assert stands(house, made)[1] == shown, "recovering again changes nothing"
        house.boxes.close()
    assert {"open", "closing", "sealed", "released"} <= set(states), "a death in every state"


def test_a_close_below_the_floor_that_dies_anywhere_leaves_nothing_at_all(folder: Path, scene: Maker) -> None:
    made = scene("cards", 4)
    for dead in deaths(made, folder / "out", "close"):
        house = made.house(dead)
        assert not [text for text in made.texts + made.gone if text in stands(house, made)[2]]
        seals.recover(house)
        close_if_open(house, made)
        played = Room(house, made.live_id, ("cards", "text"))
        assert [getattr(screen, "stage", screen).activity.phase for screen in played.seen()] == ["too_few"] * 5
        nothing_left_in_the_box(dead, made)
        house.boxes.close()
        house.database.engine.dispose()
        left = b"".join(files_below(dead).values())
        assert not [text for text in made.texts + made.gone if text.encode() in left]


def test_a_tick_that_dies_anywhere_lets_out_whole_pools_once(folder: Path, scene: Maker) -> None:
    made = scene("rolling-text", 15, lambda played, _run: seals.roll(played.house))
    folders = deaths(made, folder / "out", "roll")
    assert len(folders) > 10
    seen_sizes = set()
    for dead in folders:
        house = made.house(dead)
        _state, shown, _seen = stands(house, made)
        seen_sizes.add(len(shown))
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
        nothing_left_in_the_box(dead, made)
        house.boxes.close()
    assert seen_sizes == {5, 10}


def box_under_tags(house: House, scene: Scene) -> set[str]:
    """Return the texts that still lie under somebody's tag."""
    box = house.boxes.box(scene.live_id)
    lying = [box.mine(scene.run_id, anonymity.tag(secret, scene.run_id)) for secret in scene.secrets]
    bodies = " ".join(found.body for found in lying if found is not None and found.body)
    return {text for text in scene.texts if text in bodies}


def test_an_erase_that_cannot_finish_shows_nothing_and_is_tried_again(
    folder: Path, scene: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    from workshop.ballots import BallotBox

    made = scene("text", 12)
    house = made.house(made.folder)
    with monkeypatch.context() as patch:

        def busy(_box: BallotBox) -> None:
            raise sqlite3.OperationalError("the ballot box is busy")

        patch.setattr(BallotBox, "checkpoint", busy)
        Room(house, made.live_id, ("text", "text")).move("close")
        seals.tick(house)
        state, shown, seen = stands(house, made)
        assert (state, shown) == ("sealed", [])
        assert not [text for text in made.texts if text in seen]
    seals.tick(house)
    state, shown, _seen = stands(house, made)
    assert state == "released"
    assert sorted(shown) == sorted(made.texts)
    nothing_left_in_the_box(made.folder, made)
    house.boxes.close()
