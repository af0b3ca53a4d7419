"""What staff and the server's own clock do beside the room, killed before each statement: whole or not at all.

Beside the seal (`test_seal_survives.py`) and what changes a session
(`test_work_survives.py`): reading texts and grouping them, guides, printing,
mails, the purge. After each death the server starts again and the work is done
once more, as whoever saw no answer would do it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests import victim
from tests.conftest import SERVER
from tests.deaths import Maker, Scene
from tests.mail_server import MailServer
from tests.promises.stagehands import Room, canary, fields_for, files_below, room
from workshop import boards, deliveries, freezes, jobs, live_sessions, moderation, outbox, retention, themes
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, Card, Freeze, Guide, Mail, ReportFile
from workshop.readings import Command
from workshop.report_worker import Printed

pytestmark = pytest.mark.slow

PEOPLE = 12


def closed(house: House, wrote: list[str], **settings: Any) -> Room:
    """Return a session in which one question has closed."""
    played = room(house, ["text", "pulse"], PEOPLE, freeze_after_minutes=0, **settings)
    played.ask([(phone, fields_for("text", text)) for phone, text in enumerate(wrote)])
    return played


def frozen(house: House, wrote: list[str]) -> Room:
    """Return a session that is over, with its report; nothing of that is printed."""
    played = closed(house, wrote)
    played.move("end")
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        jobs.queue(session, freezes.freeze(session, live, live_sessions.guide_of(live), house.clock()))
    return played


def let_go(house: House) -> None:
    """Close what a house has open."""
    house.boxes.close()
    house.database.engine.dispose()


def later(house: House, port: int) -> House:
    """Return the house as it is in five minutes, when what was begun is tried again; it sends mail by this port."""
    then = house.clock() + timedelta(minutes=5)
    return replace(house, settings=replace(house.settings, **victim.mail_settings(port)), clock=lambda: then)


def shown(made: Scene, house: House) -> set[str]:
    """Return the texts that phones see."""
    return {text for _id, text in made.room(house).cards()}


def test_a_decision_about_texts_is_whole_or_was_never_made(scene: Maker) -> None:
    wrote = [canary() for _ in range(PEOPLE)]
    made = scene(lambda house: closed(house, wrote))
    left = []
    for _before in made.deaths("hide"):
        house = made.started()
        left.append(len(shown(made, house)))
        with house.database.transaction() as session:
            assert len(moderation.log(session, made.live_id)) == (left[-1] < PEOPLE), (
                "said to have been done as far as it was"
            )
            cards = session.scalars(select(Card.id)).all()
        if left[-1] == PEOPLE:
            moderation.decide(house, made.live_id, "q0", Command("hide", tuple(cards[:2])), "Kim")
        assert len(shown(made, house)) == PEOPLE - 2
        let_go(house)
    assert set(left) == {PEOPLE, PEOPLE - 2}


def test_texts_that_were_read_come_out_all_at_once_and_only_those_that_were_approved(scene: Maker) -> None:
    wrote = [canary() for _ in range(PEOPLE)]

    def play(house: House) -> Room:
        played = closed(house, wrote, moderation=True)
        with house.database.transaction() as session:
            desk = moderation.desk(session, live_sessions.get(session, played.live_id), "q0")
            assert desk is not None
        approved = tuple(line.id for line in desk.lines if line.text in wrote[:7])
        moderation.decide(house, played.live_id, "q0", Command("approve", approved), "Kim")
        return played

    made = scene(play)
    out = []
    for _before in made.deaths("show"):
        house = made.started()
        activity = made.room(house).seen()[0].activity
        out.append((activity.phase, shown(made, house)))
        if activity.phase == "reading":
            moderation.show(house, made.live_id, "q0", "Kim")
        assert shown(made, house) == set(wrote[:7])
        let_go(house)
    assert {(phase, len(texts)) for phase, texts in out} == {("reading", 0), ("released", 7)}


def test_a_theme_is_there_with_its_cards_or_not_at_all(scene: Maker) -> None:
    wrote = [canary() for _ in range(PEOPLE)]
    made = scene(lambda house: closed(house, wrote))
    found = []

    def grouped(house: House) -> list[tuple[str, int]]:
        return [(theme.name, len(theme.cards)) for theme in made.room(house).seen()[1].activity.themes if theme.name]

    for _before in made.deaths("theme"):
        house = made.started()
        found.append(grouped(house))
        if not found[-1]:
            with house.database.transaction() as session:
                cards = tuple(session.scalars(select(Card.id)).all()[:3])
            themes.change(house, made.live_id, "q0", boards.Command("new", cards, name="Together"))
        assert grouped(house) == [("Together", 3)]
        let_go(house)
    assert [] in found and [("Together", 3)] in found


def test_a_guide_is_imported_once_or_not_and_comes_in_again(scene: Maker) -> None:
    made = scene(lambda house: closed(house, []))
    counts = []
    for _before in made.deaths("import"):
        house = made.started()
        with house.database.transaction() as session:
            before = session.scalar(select(func.count()).select_from(Guide)) or 0
            counts.append(before)
            actor = session.scalars(select(Account)).first()
            assert actor is not None
            entry = library.import_guide(session, actor, victim.IMPORTED, "mine.yaml", victim.NOW)
        with house.database.transaction() as session:
            assert library.export_guide(session, actor, entry.id)[0] == victim.IMPORTED
            assert session.scalar(select(func.count()).select_from(Guide)) == before + 1
        let_go(house)
    assert set(counts) == {1, 2}


def test_shipped_guides_that_were_cut_off_in_an_upgrade_are_brought_up_at_the_next_start(scene: Maker) -> None:
    def play(house: House) -> Room:
        played = closed(house, [])
        with house.database.transaction() as session:
            library.install_shipped(session, victim.NOW)
            session.execute(update(Guide).where(Guide.shipped).values(source="format: 1", title="The one before"))
        return played

    made = scene(play)
    texts = {text for _name, text in library.shipped_sources()}
    old = []
    for _before in made.deaths("install"):
        house = made.started()
        with house.database.transaction() as session:
            guides = session.scalars(select(Guide).where(Guide.shipped)).all()
            old.append({guide.title == "The one before" for guide in guides})
            assert len(old[-1]) == 1, "all are of one release"
            library.install_shipped(session, house.clock())
            assert {guide.source for guide in guides} == texts and len(guides) == len(texts)
        let_go(house)
    assert old[0] == {True} and old[-1] == {False}


def test_a_report_is_printed_whole_wherever_its_printing_dies(scene: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote = [canary() for _ in range(PEOPLE)]
    made = scene(lambda house: frozen(house, wrote))
    monkeypatch.setattr(jobs, "print_edition", lambda *_about, **_more: Printed(victim.PRINTED))
    ready = set()
    for _before in made.deaths("print", every=False):
        house = made.started()
        with house.database.transaction() as session:
            files = session.scalars(select(ReportFile)).all()
        assert {(file.state, file.content) for file in files} <= {
            ("queued", None), ("rendering", None), ("ready", victim.PRINTED)
        }  # fmt: skip
        ready.add(sum(file.state == "ready" for file in files))
        jobs.resume(house)
        assert jobs.wait(house, 60)
        with house.database.transaction() as session:
            again = session.scalars(select(ReportFile)).all()
        assert {(file.state, file.content) for file in again} == {("ready", victim.PRINTED)}
        assert {file.id for file in again} == {file.id for file in files}
        let_go(house)
    assert ready == set(range(len(files) + 1)), "it died before and after each of them"


def test_a_mail_is_never_lost_and_comes_twice_only_under_one_name(scene: Maker) -> None:
    with MailServer() as server:

        def play(house: House) -> Room:
            played = frozen(house, [canary() for _ in range(PEOPLE)])
            posting = replace(house.settings, **victim.mail_settings(server.port))
            with house.database.transaction() as session:
                made = deliveries.make(session, played.live_id, "manager", "Head of department", 30, house.clock())
                for subject, more in (("A report", {"delivery": made}), ("A way in", {"secret": True})):
                    outbox.put(
                        session,
                        posting,
                        house.clock(),
                        recipient="head@example.org",
                        subject=subject,
                        body="Here.",
                        **more,
                    )
            return played

        made = scene(play)
        times = set()
        for before in made.deaths(f"mail@{server.port}"):
            if not times:
                del server.taken[:2]  # these came when the victim did the work to its end, to tell its statements
            house = made.started()
            posting = later(house, server.port)
            outbox.tick(posting)
            outbox.tick(posting)
            with house.database.transaction() as session:
                assert [(mail.state, mail.body) for mail in session.scalars(select(Mail))] == [("sent", "")], before
            came = [(mail["Subject"], mail["Message-ID"]) for mail in server.taken]
            assert len(set(came)) == 2 and len(came) <= 3, before
            times.add(len(came))
            server.taken.clear()
            let_go(house)
        assert times == {2, 3}, "what was taken and not noted as taken goes out again"


def test_a_purge_that_dies_anywhere_leaves_a_session_whole_or_gone_and_the_next_one_ends_it(scene: Maker) -> None:
    wrote = [canary() for _ in range(PEOPLE)]
    made = scene(lambda house: frozen(house, wrote))
    seen = []
    for _before in made.deaths("purge"):
        house = made.started()
        with house.database.transaction() as session:
            purged = live_sessions.get(session, made.live_id).purged_on is not None
            cards = session.scalar(select(func.count()).select_from(Card))
            reports = session.scalar(select(func.count()).select_from(Freeze))
            files = session.scalar(select(func.count()).select_from(ReportFile))
        assert cards == (0 if purged else PEOPLE)
        assert (files == 0) == (reports == 0)
        seen.append((purged, reports))
        if not SERVER and purged and not reports:
            assert not words_in(made.place, wrote), "what was erased before a death is erased by the next start"
        retention.purge(house.database, victim.REPORT_DAYS, victim.LATER)
        let_go(house)
        if not SERVER:
            assert not words_in(made.place, wrote)
    assert set(seen) == {(False, 1), (True, 1), (True, 0)}


def words_in(place: Path, wrote: list[str]) -> list[str]:
    """Return which of these words lie in a file below a folder."""
    left = b"".join(files_below(place).values())
    return [text for text in wrote if text.encode() in left]
