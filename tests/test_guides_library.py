"""The library of guides: who may do what, and that nothing is half stored."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.conftest import make_account
from workshop import models
from workshop.errors import Forbidden, NotFound
from workshop.guides import library
from workshop.guides.schema import GuideError
from workshop.house import House
from workshop.models import Account

NOW = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
SMALL = """\
# a remark that stays
format: 1
id: small
title: Small
language: en
steps:
  - {id: s, title: S, minutes: 1, activities: [{id: a, kind: info, prompt: Read this}]}
"""


def count(house: House) -> int:
    with house.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(models.Guide)) or 0


def bring(house: House, actor: Account, text: str | bytes = SMALL, filename: str = "small.yaml") -> library.Entry:
    with house.database.transaction() as session:
        return library.import_guide(session, actor, text, filename, NOW)


def install(house: House, now: datetime = NOW) -> list[str]:
    with house.database.transaction() as session:
        return library.install_shipped(session, now)


def shelf(house: House, actor: Account) -> list[library.Entry]:
    with house.database.transaction() as session:
        return library.list_guides(session, actor)


def test_two_servers_that_start_at_once_bring_the_shipped_guides_one_after_the_other(house: House) -> None:
    """As `systemctl enable --now unstuck@8001 unstuck@8002` does on a new database; the second one died of it."""
    with house.database.transaction() as session:
        session.query(models.Guide).delete()
    held, turn = threading.Event(), threading.Event()

    def bring_all() -> int:
        with house.database.transaction() as session:
            changed = library.install_shipped(session, NOW)
            held.set()
            turn.wait(1)
        return len(changed)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(bring_all)
        assert held.wait(10)
        second = pool.submit(bring_all)
        assert first.result() > 1 and second.result() == 0


def test_a_wrong_file_stores_nothing(house: House, facilitator: Account) -> None:
    with pytest.raises(GuideError):
        bring(house, facilitator, SMALL.replace("kind: info", "kind: vote"))
    assert count(house) == 0


def test_a_shipped_guide_cannot_be_archived_by_anybody(house: House, admin: Account, facilitator: Account) -> None:
    install(house)
    for actor in (admin, facilitator):
        for entry in shelf(house, actor):
            assert not entry.may_archive
            with pytest.raises(Forbidden), house.database.transaction() as session:
                library.archive(session, actor, entry.id, NOW)
    assert len(shelf(house, admin)) == 6


def test_somebody_elses_guide_cannot_be_archived(house: House, facilitator: Account) -> None:
    entry = bring(house, facilitator)
    other = make_account(house)
    with pytest.raises(Forbidden), house.database.transaction() as session:
        library.archive(session, other, entry.id, NOW)
    assert [(found.id, found.may_archive, found.owner) for found in shelf(house, other)] == [
        (entry.id, False, facilitator.name)
    ]


@pytest.mark.parametrize("who", ["owner", "admin"])
def test_its_owner_and_an_admin_may_archive_a_guide(
    house: House, facilitator: Account, admin: Account, who: str
) -> None:
    entry = bring(house, facilitator)
    actor = facilitator if who == "owner" else admin
    with house.database.transaction() as session:
        library.archive(session, actor, entry.id, NOW)
    assert shelf(house, admin) == []
    assert count(house) == 1, "kept, so that the address of a session's guide stays known"
    for ask in (library.get_guide, library.export_guide):
        with pytest.raises(NotFound), house.database.transaction() as session:
            ask(session, actor, entry.id)


@pytest.mark.parametrize("guide_id", ["", "nothing", "../etc/passwd", "a\0b", "' or 1=1 --", "%", "é" * 500])
def test_a_guide_that_is_not_there_is_not_found(house: House, facilitator: Account, guide_id: str) -> None:
    bring(house, facilitator)
    with pytest.raises(NotFound), house.database.transaction() as session:
        library.get_guide(session, facilitator, guide_id)


def test_an_import_never_replaces_another_guide(house: House, facilitator: Account, admin: Account) -> None:
    install(house)
    text = dict(library.shipped_sources())["team-pulse.yaml"]
    second, third = bring(house, facilitator, text), bring(house, admin, text)
    assert (second.slug, third.slug) == ("team-pulse-2", "team-pulse-3")
    assert not second.shipped
    assert second.owner == facilitator.name
    with house.database.transaction() as session:
        assert library.get_guide(session, facilitator, "team-pulse").shipped


def test_the_address_of_an_archived_guide_is_not_given_away(house: House, facilitator: Account) -> None:
    entry = bring(house, facilitator)
    with house.database.transaction() as session:
        library.archive(session, facilitator, entry.id, NOW)
    assert bring(house, facilitator).slug == "small-2"


@pytest.mark.parametrize("text", [SMALL, SMALL.replace("\n", "\r\n"), "\ufeff" + SMALL + "\n\n# end"])
def test_an_export_gives_back_what_was_imported(house: House, facilitator: Account, text: str) -> None:
    entry = bring(house, facilitator, text.encode())
    with house.database.transaction() as session:
        source, name = library.export_guide(session, facilitator, entry.id)
    assert source == text
    assert name == "small.yaml"
    assert bring(house, facilitator, source).guide == entry.guide


def test_everybody_signed_in_may_read_an_imported_guide(house: House, facilitator: Account) -> None:
    entry = bring(house, facilitator)
    with house.database.transaction() as session:
        by_id = library.get_guide(session, make_account(house), entry.id)
        by_slug = library.get_guide(session, make_account(house), "small")
    assert by_id.guide == by_slug.guide == entry.guide


def test_the_shipped_guides_are_installed_once_and_touched_only_when_they_change(house: House, admin: Account) -> None:
    assert install(house) == [
        "getting-unstuck",
        "one-to-one-preparation",
        "retrospective",
        "team-pulse",
        "think-together",
        "town-hall",
    ]
    assert install(house, NOW + timedelta(days=1)) == []
    with house.database.transaction() as session:
        row = session.scalars(select(models.Guide).where(models.Guide.slug == "team-pulse")).one()
        row.source = row.source.replace("Team pulse", "Old pulse")
        row_id = row.id
    assert install(house, NOW + timedelta(days=2)) == ["team-pulse"]
    with house.database.transaction() as session:
        row = session.scalars(select(models.Guide).where(models.Guide.slug == "team-pulse")).one()
        assert (row.id, row.title) == (row_id, "Team pulse")


def test_a_shipped_guide_that_is_gone_leaves_the_library(house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        session.add(
            models.Guide(
                id="old",
                slug="old",
                title="Old",
                language="en",
                source=SMALL,
                shipped=True,
                archived=False,
                updated_at=NOW,
            )
        )
    assert "old" in install(house)
    assert "old" not in [entry.slug for entry in shelf(house, admin)]
    assert install(house) == []


def test_a_guide_that_was_brought_first_makes_room_for_a_shipped_one_of_its_name(house: House, admin: Account) -> None:
    mine = bring(house, admin, SMALL.replace("id: small", "id: team-pulse"))
    install(house)
    slugs = {entry.slug: entry for entry in shelf(house, admin)}
    assert slugs["team-pulse"].shipped
    assert slugs["team-pulse-2"].id == mine.id


def test_the_main_guide_leads_the_library(house: House, facilitator: Account) -> None:
    bring(house, facilitator, SMALL.replace("title: Small", "title: Aardvark"))
    install(house)
    assert [entry.slug for entry in shelf(house, facilitator)] == [
        "getting-unstuck",
        "town-hall",
        "one-to-one-preparation",
        "retrospective",
        "team-pulse",
        "think-together",
        "small",
    ]


def test_a_stored_file_that_no_longer_fits_is_shown_as_such(house: House, facilitator: Account) -> None:
    entry = bring(house, facilitator)
    with house.database.transaction() as session:
        row = session.get_one(models.Guide, entry.id)
        row.source = row.source.replace("kind: info", "kind: gone")
    (found,) = shelf(house, facilitator)
    assert found.guide is None
    assert "small.yaml, line 7: “gone” is not a kind" in found.trouble


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\guides\\team.yaml", "team.yaml"),
        ("a\nb\x00c.yaml", "abc.yaml"),
        ("", "guide.yaml"),
        ("x" * 300, "x" * 80),
    ],
)
def test_the_name_of_an_uploaded_file_is_only_a_name(filename: str, shown: str) -> None:
    assert library.safe_name(filename) == shown


def test_files_are_checked_from_the_command_line(tmp_path: Path) -> None:
    good, bad, absent, huge = (tmp_path / name for name in ("good.yaml", "bad.yaml", "absent.yaml", "huge.yaml"))
    good.write_text(SMALL)
    bad.write_text(SMALL.replace("title: Small", "titel: Small"))
    huge.write_bytes(b"#" * 50_000_000)
    assert library.validate_files([good]) == (
        True,
        [f"{good}: fine. “Small”: steps 1, activities 1, minutes 1."],
    )
    fine, lines = library.validate_files([str(good), str(bad), str(absent), str(huge)])
    assert not fine
    assert lines[1] == f"{bad}, line 2: “title” is missing."
    assert f"{bad}, line 4: The key “titel” is not known here. Did you mean “title”?" in lines[2]
    assert lines[3].startswith(f"{absent}: cannot be read")
    assert "too large" in lines[4]
