"""A guide while it is written: changes from two windows, undo, versions, and who may write."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from tests.conftest import make_account
from tests.small_guide import TEXT
from workshop import live_sessions, models
from workshop.errors import Forbidden, NotFound, Stale, WorkshopError
from workshop.guides import differences, drafts, edits, library, schema
from workshop.guides.drafts import Conflict, Entered
from workshop.guides.source import GuideError
from workshop.house import House
from workshop.models import Account


@pytest.fixture
def slug(house: House, facilitator: Account) -> str:
    """Return a draft that could be published."""
    with house.database.transaction() as session:
        made = drafts.create(session, facilitator, "Our day", "en", house.clock())
        drafts.change(session, facilitator, made, 1, _fill)
    return made


def _fill(data: edits.Data) -> None:
    edits.add_activity(data, edits.add_step(data, "Arrive"), "info", "Welcome", {})


def draft(house: House, actor: Account, slug: str) -> drafts.Draft:
    with house.database.transaction() as session:
        return drafts.open_draft(session, actor, slug)


def enter(house: House, actor: Account, slug: str, version: int, *entered: Entered, language: str = "") -> bool:
    with house.database.transaction() as session:
        return drafts.enter(session, actor, slug, version, entered, language)


def change(house: House, actor: Account, slug: str, apply: Any) -> None:
    with house.database.transaction() as session:
        drafts.change(session, actor, slug, drafts.open_draft(session, actor, slug).version, apply)


def publish(house: House, actor: Account, slug: str, note: str = "") -> int:
    with house.database.transaction() as session:
        version = drafts.open_draft(session, actor, slug).version
        return drafts.publish(session, actor, slug, version, note, house.clock().date(), house.clock())


def test_a_change_on_an_older_version_is_refused_and_nothing_of_it_stays(
    house: House, facilitator: Account, slug: str
) -> None:
    before = draft(house, facilitator, slug)
    change(house, facilitator, slug, lambda data: edits.put(data, "s.arrive.title", "Come in"))
    for late in (
        lambda session: drafts.change(session, facilitator, slug, before.version, lambda data: data.clear()),
        lambda session: drafts.undo(session, facilitator, slug, before.version),
        lambda session: drafts.publish(
            session, facilitator, slug, before.version, "", house.clock().date(), house.clock()
        ),
        lambda session: drafts.enter(session, facilitator, slug, before.version, [Entered("g.title", ["x"])]),
        lambda session: drafts.change(session, facilitator, slug, -1, lambda data: data.clear()),
    ):
        with pytest.raises(Stale), house.database.transaction() as session:
            late(session)
    assert edits.step_of(draft(house, facilitator, slug).data, "arrive")["title"] == "Come in"


def test_two_windows_write_in_two_fields_and_neither_is_lost(house: House, facilitator: Account, slug: str) -> None:
    seen = draft(house, facilitator, slug).version
    assert not enter(house, facilitator, slug, seen, Entered("a.welcome.prompt", ["Hello"], "Welcome"))
    assert enter(house, facilitator, slug, seen, Entered("s.arrive.title", ["Come in"], "Arrive"))
    data = draft(house, facilitator, slug).data
    assert (data["steps"][0]["title"], data["steps"][0]["activities"][0]["prompt"]) == ("Come in", "Hello")


def test_the_same_field_from_two_windows_is_a_conflict_that_shows_what_the_other_wrote(
    house: House, facilitator: Account, slug: str
) -> None:
    seen = draft(house, facilitator, slug).version
    enter(house, facilitator, slug, seen, Entered("a.welcome.prompt", ["Theirs"], "Welcome"))
    for version in (seen, seen + 1):  # also when the window was opened anew, with what was typed before
        with pytest.raises(Conflict) as refused:
            enter(
                house, facilitator, slug, version,
                Entered("s.arrive.title", ["Other"], "Arrive"), Entered("a.welcome.prompt", ["Mine"], "Welcome"),
            )  # fmt: skip
        assert (refused.value.path, refused.value.theirs) == ("a.welcome.prompt", "Theirs")
    assert draft(house, facilitator, slug).data["steps"][0]["title"] == "Arrive"
    enter(house, facilitator, slug, seen, Entered("a.welcome.prompt", ["Theirs"], "Welcome"))  # both wrote the same
    enter(house, facilitator, slug, seen, Entered("a.welcome.prompt", ["Mine"], "Theirs"))
    assert draft(house, facilitator, slug).data["steps"][0]["activities"][0]["prompt"] == "Mine"


def test_writing_in_a_translation_or_a_part_that_is_gone_says_so(house: House, facilitator: Account, slug: str) -> None:
    for path, language in (("a.welcome.prompt", "de"), ("a.nobody.prompt", ""), ("a.welcome.prompt", "../x")):
        version = draft(house, facilitator, slug).version
        with pytest.raises(NotFound):
            enter(house, facilitator, slug, version, Entered(path, ["x"], None), language=language)
    assert "translations" not in draft(house, facilitator, slug).data


def test_typing_on_in_one_field_is_one_step_back(house: House, facilitator: Account, slug: str) -> None:
    for text, was in (("H", "Welcome"), ("He", "H"), ("Hello", "He")):
        enter(
            house, facilitator, slug, draft(house, facilitator, slug).version, Entered("a.welcome.prompt", [text], was)
        )
    change(house, facilitator, slug, lambda data: edits.duplicate(data, "welcome"))

    def step(by: int) -> list[str]:
        with house.database.transaction() as session:
            drafts.undo(session, facilitator, slug, drafts.open_draft(session, facilitator, slug).version, by)
        return [one["prompt"] for _step, one in edits.activities(draft(house, facilitator, slug).data)]

    assert step(-1) == ["Hello"]
    assert step(-1) == ["Welcome"]
    assert [step(1), step(1)] == [["Hello"], ["Hello", "Hello"]]
    assert not draft(house, facilitator, slug).can_redo
    step(-1)
    change(house, facilitator, slug, lambda data: edits.put(data, "g.summary", "New"))
    assert not draft(house, facilitator, slug).can_redo  # another way was taken
    for _more in range(drafts.KEPT + 10):
        change(
            house, facilitator, slug, lambda data: edits.duplicate(data, "welcome") and edits.delete(data, "welcome-2")
        )
    with house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(models.GuideState)) == drafts.KEPT


def test_a_guide_that_would_grow_too_large_is_refused(house: House, facilitator: Account, slug: str) -> None:
    def swell(data: edits.Data) -> None:
        for number in range(40):
            edits.put(data, f"s.{edits.add_step(data, f'Step {number}')}.talk", "x" * 8000)

    with pytest.raises(WorkshopError) as refused:
        change(house, facilitator, slug, swell)
    assert refused.value.status == 422
    assert len(draft(house, facilitator, slug).data["steps"]) == 1


def test_what_is_not_finished_is_not_published(house: House, facilitator: Account, slug: str) -> None:
    change(house, facilitator, slug, lambda data: edits.put(data, "a.welcome.prompt", None))
    with pytest.raises(GuideError):
        publish(house, facilitator, slug)
    with house.database.transaction() as session:
        assert not library.get_guide(session, facilitator, slug).published


def test_a_running_session_keeps_the_version_it_began_with(house: House, facilitator: Account, slug: str) -> None:
    assert publish(house, facilitator, slug, "First") == 1
    new = live_sessions.NewSession(
        guide_id=_row(house, facilitator, slug).id, title="Today", team="", language="en", expected=12,
        leader="Maria", leader_is_manager=False,
    )  # fmt: skip
    live_id = live_sessions.create(house, facilitator, new)
    change(house, facilitator, slug, lambda data: edits.put(data, "a.welcome.prompt", "Another welcome"))
    assert publish(house, facilitator, slug, "Second") == 2
    with house.database.transaction() as session:
        guide = live_sessions.guide_of(live_sessions.get(session, live_id))
        assert guide.activities[0].prompt == "Welcome"
        new_one, old = (
            schema.parse(one.source, "g").file.model_dump(mode="json", by_alias=True, exclude_unset=True)
            for one in drafts.versions_of(session, facilitator, slug)
        )
    told = differences.between(old, new_one)
    assert [(part.title, one.label, one.before, one.after) for part in told.parts for one in part.changes] == [
        ("Another welcome", "What is asked", "Welcome", "Another welcome")
    ]
    with house.database.transaction() as session:
        now = house.clock()
        assert drafts.restore(session, facilitator, slug, 1, now.date(), now) == 3
        assert [one.number for one in drafts.versions_of(session, facilitator, slug)] == [3, 2, 1]
    present = draft(house, facilitator, slug)
    assert present.data["steps"][0]["activities"][0]["prompt"] == "Welcome"
    assert not present.changed and present.can_undo


def test_what_was_brought_as_a_file_is_its_first_version_byte_for_byte(house: House, facilitator: Account) -> None:
    with house.database.transaction() as session:
        slug = library.import_guide(session, facilitator, TEXT, "small.yaml", house.clock()).slug
    assert draft(house, facilitator, slug).version == 0
    change(house, facilitator, slug, lambda data: edits.put(data, "g.summary", "Changed"))
    assert publish(house, facilitator, slug) == 2
    with house.database.transaction() as session:
        made = drafts.versions_of(session, facilitator, slug)
        assert made[-1].source == TEXT
        brought = library.import_guide(
            session, facilitator, library.export_guide(session, facilitator, slug)[0], "x.yaml", house.clock()
        )
        assert brought.source == made[0].source


def test_a_comparison_tells_what_is_new_gone_moved_and_translated() -> None:
    old: dict[str, Any] = schema.parse(TEXT, "small.yaml").file.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    new = schema.parse(TEXT, "small.yaml").file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert differences.between(old, new).nothing
    edits.delete(new, "told")
    edits.move_step(new, "second", -1)
    edits.add_activity(new, "first", "info", "Something new", {})
    edits.add_entry(new, "a.where.settings.options", {"id": "home", "label": "At home"})
    edits.put(new, "a.where.settings.many", None)
    edits.put(new, "s.first.minutes", 25)
    edits.add_language(new, "de")
    edits.put_word(new, "de", "s.first.title", "Schau hin")
    told = differences.between(old, new)
    states = {part.id: (part.state, part.moved) for part in told.parts}
    assert states["told"] == ("gone", False)
    assert states["something-new"] == ("new", False)
    assert [part.id for part in told.parts if part.moved] == ["second", "where", "word"]
    where = next(part for part in told.parts if part.id == "where")
    assert [(one.before, one.after) for one in where.changes] == [("", "At home"), ("yes", "no")]
    assert (told.minutes_before, told.minutes_after, told.languages) == (20, 35, (("de", 1),))


# Who may


def test_a_draft_is_its_owners_and_co_editors_until_it_is_published(
    house: House, facilitator: Account, admin: Account, slug: str
) -> None:
    colleague, stranger = make_account(house), make_account(house)
    with house.database.transaction() as session:
        assert drafts.invite(session, facilitator, slug, colleague.email.upper()) == colleague.name
        with pytest.raises(NotFound):
            drafts.invite(session, facilitator, slug, "nobody@example.org")
        for other in (stranger,):
            with pytest.raises(NotFound):
                drafts.open_draft(session, other, slug)
        with pytest.raises(Forbidden):
            drafts.open_draft(session, admin, slug)
        with pytest.raises(Forbidden):
            drafts.share(session, colleague, slug, "edit")
    change(house, colleague, slug, lambda data: edits.put(data, "g.title", "Our two days"))
    assert publish(house, colleague, slug) == 1
    with house.database.transaction() as session, pytest.raises(NotFound):
        library.get_guide(session, stranger, slug)  # shared with nobody
    with house.database.transaction() as session:
        drafts.share(session, facilitator, slug, "use")
        library.get_guide(session, stranger, slug)
        with pytest.raises(Forbidden):
            drafts.open_draft(session, stranger, slug)
        copied = drafts.duplicate(session, stranger, slug, house.clock())
        assert drafts.open_draft(session, stranger, copied).data["title"] == "Copy of Our two days"
        drafts.share(session, facilitator, slug, "edit")
        drafts.open_draft(session, stranger, slug)
        drafts.uninvite(session, facilitator, slug, colleague.id)
        assert drafts.editors(session, facilitator, slug) == []
        with pytest.raises(WorkshopError):
            drafts.share(session, facilitator, slug, "everybody")


def test_a_guide_that_comes_with_the_product_is_copied_never_changed(house: House, facilitator: Account) -> None:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
        for entry in library.list_guides(session, facilitator):
            with pytest.raises(Forbidden):
                drafts.open_draft(session, facilitator, entry.slug)
            copied = drafts.open_draft(
                session, facilitator, drafts.duplicate(session, facilitator, entry.slug, house.clock())
            )
            assert drafts.problems(copied.data) == []
            assert copied.data["steps"] == schema.parse(entry.source, "g").file.model_dump(
                mode="json", by_alias=True, exclude_unset=True
            )["steps"]  # fmt: skip


def _row(house: House, actor: Account, slug: str) -> library.Entry:
    with house.database.transaction() as session:
        return library.get_guide(session, actor, slug)
