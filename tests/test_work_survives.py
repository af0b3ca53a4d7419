"""Work that takes more than one step, killed before each of its statements: what the next start makes of it.

Beside the seal (`test_seal_survives.py`): fixing the report, ending a session,
moving a lobby over to other floors.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.conftest import SERVER
from tests.deaths import Maker
from tests.promises.stagehands import Room, canary, fields_for, files_below, room
from workshop import freezes, jobs, live_sessions, moderation, tickets
from workshop.house import House
from workshop.models import Freeze, LiveSession, ReportFile
from workshop.readings import Command

pytestmark = pytest.mark.slow

PEOPLE = 12


def live_of(house: House, live_id: str) -> LiveSession:
    """Return a session as it is now."""
    with house.database.transaction() as session:
        return live_sessions.get(session, live_id)


def test_a_freeze_that_dies_anywhere_is_whole_with_its_files_and_what_was_hidden_is_gone(scene: Maker) -> None:
    wrote = [canary() for _ in range(PEOPLE)]

    def play(house: House) -> Room:
        played = room(house, ["text", "pulse"], PEOPLE, freeze_after_minutes=0)
        played.ask([(phone, fields_for("text", text)) for phone, text in enumerate(wrote)])
        ids = {text: one for one, text in played.cards()}
        moderation.decide(house, played.live_id, "q0", Command("hide", (ids[wrote[0]], ids[wrote[1]])), "Kim")
        played.move("end")
        return played

    made = scene(play)
    freezes_found = []
    for _before in made.deaths("freeze"):
        house = made.started()
        with house.database.transaction() as session:
            freezes_found.append(session.scalar(select(Freeze.id)))
            live = live_sessions.get(session, made.live_id)
            frozen = freezes.freeze(session, live, live_sessions.guide_of(live), house.clock())
            if freezes_found[-1]:
                assert frozen.id == freezes_found[-1], "it had been made whole"
                queued = session.scalars(select(ReportFile).where(ReportFile.freeze_id == frozen.id)).all()
                assert {(file.state, file.content) for file in queued} == {("queued", None)}
            else:
                jobs.queue(session, frozen)
        house.boxes.close()
        house.database.engine.dispose()
        if not SERVER:
            left = b"".join(files_below(made.place).values())
            assert [text for text in wrote if text.encode() in left] == wrote[2:], "hidden is erased by now"
    assert any(freezes_found) and not all(freezes_found)


def test_an_end_that_dies_anywhere_leaves_no_box(scene: Maker) -> None:
    def play(house: House) -> Room:
        played = room(house, ["text", "pulse"], PEOPLE)
        played.ask([(phone, fields_for("text", canary())) for phone in range(PEOPLE)])
        return played

    made = scene(play)
    phases = []
    for _before in made.deaths("end"):
        house = made.started()
        phases.append(live_of(house, made.live_id).phase)
        if phases[-1] == "running":
            assert house.boxes.lying() == [made.live_id]
            made.room(house).move("end")
        assert live_of(house, made.live_id).phase == "ended"
        assert house.boxes.lying() == []
        house.boxes.close()
    assert set(phases) == {"running", "ended"}


def test_slips_are_good_wherever_a_move_to_other_floors_dies(scene: Maker) -> None:
    codes: list[str] = []

    def play(house: House) -> Room:
        played = room(house, ["text", "pulse"], 0, lobby=True, tickets=True)
        codes.extend(tickets.make(house, played.live_id, PEOPLE, played.live.version))
        return played

    made = scene(play)
    phases = []
    for _before in made.deaths("floors"):
        house = made.started()
        live = live_of(house, made.live_id)
        phases.append(live.phase)
        lobby = live.moved_to or live.id
        assert live_of(house, lobby).phase == "lobby" and live_of(house, lobby).slips == PEOPLE
        for code in codes:
            tickets.spend(house, lobby, code)
        assert house.boxes.lying() == [lobby]
        house.boxes.close()
    assert set(phases) == {"lobby", "moved"}
