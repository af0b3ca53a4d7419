"""The editions of one freeze, their later versions, the rules in words, the brand, and the files as pages."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy.orm import Session

from reports import checker
from tests.report_world import LATER, SHIPPED, Said, add_live, canaries, play, release, texts
from tests.test_reports_pdf import PATIENT
from workshop import brand, editions, exports, figures, freezes, jobs, live_sessions, report_worker, versions
from workshop.editions import EDITIONS, Texts
from workshop.errors import Stale, WorkshopError
from workshop.house import House
from workshop.models import Card, Freeze, LiveSession
from workshop.settings import Settings, SettingsError

pytestmark = pytest.mark.drawn


@pytest.fixture
def db(house: House) -> Iterator[Session]:
    """Return an open transaction on a fresh database."""
    with house.database.transaction() as session:
        yield session


def frozen(db: Session, live: LiveSession, **written: Any) -> Freeze:
    """Save texts if any are given, then freeze."""
    guide = live_sessions.guide_of(live)
    if written:
        freezes.save_texts(db, live, guide, Texts(**written), 0, LATER)
    return freezes.freeze(db, live, guide, LATER)


def said_in(data: Any) -> str:
    """Return all of an edition as text to search in."""
    return json.dumps(data, ensure_ascii=False)


# Who reads what


def test_words_for_the_manager_are_in_no_edition_but_the_managers(db: Session) -> None:
    told, quotable = canaries(12, 12), canaries(12, 6)
    live = add_live(db)
    release(db, live, "tell", texts(told, for_manager=True))
    release(db, live, "drags", texts(quotable))
    chosen = {one.id for one in db.query(Card) if one.quotable}
    kept = frozen(db, live, on_the_wall=True, quotes={"drags": tuple(sorted(chosen))[:0]})
    assert not any(one.text in said_in(kept.editions[name]) for one in told for name in ("participant", "team"))
    # "tell" has no default choice once texts are saved, so choose nothing there and everything by default elsewhere
    other = add_live(db)
    release(db, other, "tell", texts(told, for_manager=True))
    release(db, other, "drags", texts(quotable))
    kept = frozen(db, other)
    manager, everybody = said_in(kept.editions["manager"]), said_in(kept.editions["participant"])
    assert sum(one.text in manager for one in told) == 6 and not any(one.text in everybody for one in told)
    assert sum(one.text in manager for one in quotable) == 6 == sum(one.text in everybody for one in quotable)


def test_no_staff_text_repeats_what_was_written_for_the_manager(db: Session) -> None:
    live = add_live(db)
    words = "please tell him that we need another plan"
    release(db, live, "tell", texts([Said(words, True), *canaries(11, 5)], for_manager=True))
    with pytest.raises(WorkshopError, match="we need another plan"):
        frozen(db, live, findings=(f"They said: {words}.",))


def test_the_wall_has_quotes_only_when_chosen_and_at_most_three(db: Session) -> None:
    for wanted in (False, True):
        live = add_live(db)
        release(db, live, "drags", texts(canaries(12, 8)))
        offered = freezes.draft(db, live, live_sessions.guide_of(live), LATER).activities[0].offered
        kept = frozen(db, live, on_the_wall=wanted, quotes={"drags": tuple(card.id for card in offered[:5])})
        sections = kept.editions["team"]["sections"]
        assert [len(block["quotes"]) for section in sections for block in section["blocks"]] == [3] * wanted


def test_without_the_facilitators_leave_there_is_no_edition_for_everybody(db: Session) -> None:
    live = add_live(db)
    assert editions.made(frozen(db, live, for_all=False).editions) == ("manager", "team", "facilitator")


def test_of_a_long_guide_the_manager_is_offered_what_says_something(db: Session) -> None:
    live = add_live(db, source=SHIPPED.read_text())
    guide = play(db, live, 12)
    db.query(Card).update({"quotable": True})
    draft = freezes.draft(db, live, guide, LATER)
    printed = [section.id for section in draft.sections if section.printed]
    assert 0 < len(printed) <= editions.MOST_SECTIONS < len(draft.sections)
    assert "close" in printed  # it asks what the manager should know
    assert all(len(one.chosen) <= 3 for one in draft.activities)


def test_the_rules_in_words_never_tell_why_no_words_are_printed(db: Session) -> None:
    lines = set()
    for consents, chosen in ((0, True), (2, True), (9, False)):
        live = add_live(db)
        release(db, live, "drags", texts(canaries(12, consents)))
        kept = frozen(db, live) if chosen else frozen(db, live, quotes={"drags": ()})
        lines.add(said_in(kept.editions["facilitator"]["rules"]))
    assert len(lines) == 1 and "No words are printed here." in lines.pop()


# Later versions of the staff's texts


def test_a_correction_changes_the_texts_and_nothing_that_came_from_answers(db: Session) -> None:
    live = add_live(db)
    play(db, live, 12)
    db.query(Card).update({"quotable": True})
    kept = frozen(db, live)
    guide, first = live_sessions.guide_of(live), said_in(kept.editions)
    for card in db.query(Card):
        card.quotable = False  # whatever happens to cards afterwards
    new = Texts(
        findings=("A better sentence.",),
        asks="One thing.",
        next_steps=(("Do it", "Lead", "Monday"),),
        heard={"drags": "Too late."},
    )
    made = versions.correct(db, live, guide, kept, new, 1, LATER + timedelta(days=40))
    assert made.number == 2 and said_in(kept.editions) == first
    assert versions.newest(db, kept).texts == new and versions.get(db, kept, 1).editions == kept.editions
    for name in EDITIONS:
        before, after = kept.editions[name], made.editions[name]
        assert after["version"] == "Version 2 of December 14, 2026"
        assert (
            after["findings"]["items"] == ["A better sentence."] and after["next_steps"]["rows"][0]["what"] == "Do it"
        )
        assert _answers(before) == _answers(after)
    assert figures.Results.model_validate(made.editions[figures.KEY]).findings == ("A better sentence.",)
    back = versions.correct(db, live, guide, kept, versions.get(db, kept, 1).texts, 2, LATER + timedelta(days=41))
    assert [_words(one) for one in back.editions["manager"]["sections"]] == [
        _words(one) for one in kept.editions["manager"]["sections"]
    ]


def test_a_correction_that_is_none_stale_or_repeats_a_card_is_refused(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts([Said("our deadlines move without a word said"), *canaries(11, 5)]))
    kept, guide = frozen(db, live), live_sessions.guide_of(live)
    with pytest.raises(WorkshopError, match="Nothing has changed"):
        versions.correct(db, live, guide, kept, versions.newest(db, kept).texts, 1, LATER)
    with pytest.raises(Stale):
        versions.correct(db, live, guide, kept, Texts(asks="More"), 7, LATER)
    with pytest.raises(WorkshopError, match="our deadlines move"):
        versions.correct(db, live, guide, kept, Texts(asks="Our deadlines move without a word said"), 1, LATER)
    live.purged_on = LATER.date()
    with pytest.raises(WorkshopError, match="deleted"):
        versions.correct(db, live, guide, kept, Texts(asks="More"), 1, LATER)


def _answers(edition: dict[str, Any]) -> str:
    """Return what an edition holds of people's answers."""
    own = ("drawing", "quotes", "words", "people", "heading")
    blocks = [block for section in edition["sections"] for block in section["blocks"]]
    return json.dumps([{name: block.get(name) for name in own} for block in blocks]) + json.dumps(edition["facts"])


def _words(section: dict[str, Any]) -> str:
    return json.dumps(section, sort_keys=True)


# The files


def test_every_edition_is_a_file_that_passes_our_check(app: Flask, db: Session) -> None:
    """One printing of each edition of the full guide serves all that is asked of the files."""
    live = add_live(db, source=SHIPPED.read_text())
    guide = play(db, live, 12)
    secret = [f"kept{number}" for number in range(3)]
    for card in db.query(Card):
        card.quotable = True
    for card, word in zip(db.query(Card).limit(3), secret, strict=True):
        card.text, card.quotable = f"{word} is nobody's business", False
    asks = "\n".join(["Two quiet mornings a week."] * 3)
    written = {**freezes.draft(db, live, guide, LATER).texts.__dict__, "asks": asks}
    kept = frozen(db, live, **written)
    version = versions.newest(db, kept)
    for name in EDITIONS:
        data = jobs.with_results(version, name)
        with app.app_context():
            ready = jobs.drawn(data)
        content = report_worker.print_pdf(ready, "A4", limits=PATIENT).content
        assert checker.problems(content) == []
        reader = PdfReader(io.BytesIO(content))
        everything = content + b"\n".join(checker.streams(content))
        assert not any(word.encode() in everything for word in (*secret, b"Fay".decode())) or name != "team"
        assert not any(word.encode() in everything for word in secret)
        assert set(reader.metadata or {}) <= {"/Producer", "/Title", "/CreationDate"}
        attached = checker.attachments(reader.trailer["/Root"])
        if name == "facilitator":
            assert attached == [("results.json", "/Data", exports.as_json(exports.of(kept.editions)))]
            assert report_worker.print_pdf(ready, "A4", limits=PATIENT).content == content
        else:
            assert attached == []
        assert name != "manager" or len(reader.pages) <= 4
        assert name != "team" or len(reader.pages) == 1


def test_the_wall_stays_one_page_however_much_is_written(app: Flask, db: Session) -> None:
    steps = tuple(
        (f"Step {number}, " + "with all that goes with it " * 3, "Head of department", "1 December")
        for number in range(8)
    )
    kept = frozen(
        db, add_live(db), findings=("A long finding with many words. " * 10,) * 3, asks="Ask. " * 200, next_steps=steps
    )
    with app.app_context():
        ready = jobs.drawn(kept.editions["team"])
    printed = report_worker.print_pdf(ready, "Letter", limits=PATIENT)
    assert len(PdfReader(io.BytesIO(printed.content)).pages) == 1


# The brand


def test_an_accent_that_cannot_be_read_is_refused_with_the_nearest_that_can(tmp_path: Path) -> None:
    assert brand.accent("#0B6B63") == "#0b6b63"
    with pytest.raises(SettingsError, match=r"BRAND_ACCENT=#ffcc00 is too light.*#[0-9a-f]{6}\.") as refused:
        Settings.from_env({"DATA_DIR": str(tmp_path), "BRAND_ACCENT": "#ffcc00"})
    named = str(refused.value)[-8:-1]
    assert brand.contrast(brand.accent(named), "#ffffff") >= brand.READABLE
    with pytest.raises(brand.Refused, match="six hex digits"):
        brand.accent("teal")


@pytest.mark.parametrize("colour", ["#0b6b63", "#7a1fa2", "#003b8e", "#8a3b00", "#000000"])
def test_every_shade_made_of_an_accent_can_be_read(colour: str) -> None:
    shades = [line.strip(" ;").split(": ") for line in brand.tokens(colour).splitlines() if line.startswith("  --")]
    light, dark = dict(shades[:8]), dict(shades[8:16])
    assert brand.contrast(light["--accent-strong"], light["--accent-soft"]) >= 4.5
    assert brand.contrast(light["--on-accent"], light["--accent"]) >= 4.5
    assert brand.contrast(dark["--on-accent"], dark["--accent"]) >= 4.5
    assert (
        brand.contrast(dark["--accent"], "#1c2027")
        >= 4.5
        <= brand.contrast(dark["--accent-strong"], dark["--accent-soft"])
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<image href="https://example.org/x.png"/>',
        '<rect onload="alert(1)"/>',
        '<use href="https://example.org/x.svg#a"/>',
        '<rect style="fill: url(https://example.org/a)"/>',
        "<foreignObject/>",
        "<style>@import 'x'</style>",
        '<a href="javascript:alert(1)"><rect/></a>',
        "<rect",
    ],
)
def test_a_logo_that_could_do_more_than_show_is_refused(tmp_path: Path, inside: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{inside}</svg>')
    with pytest.raises(SettingsError, match="BRAND_LOGO"):
        Settings.from_env({"DATA_DIR": str(tmp_path), "BRAND_LOGO": str(path)})


def test_a_logo_of_plain_shapes_is_taken_and_a_large_or_strange_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "logo"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>')
    assert brand.logo(path).media_type == "image/svg+xml"
    path.write_text('<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>')
    for content in (None, b"GIF89a", brand.PNG + b"0" * brand.LARGEST_LOGO):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(brand.Refused):
            brand.logo(path)
