"""The frozen results as data: what the freeze keeps, and the files that are made of it."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import make_account, signed_in
from tests.report_world import LATER, SMALL, Said, add_live, canaries, release, texts
from workshop import chart_files, exports, figures, freezes, live_sessions, versions, workbook
from workshop.editions import Texts
from workshop.errors import WorkshopError
from workshop.figures import Results
from workshop.house import House
from workshop.models import Card, Freeze, LiveSession, SessionRole

DOCS = Path(__file__).resolve().parents[1] / "docs"
HELP = ["tasks"] * 3 + ["training"] * 7 + ["say"] * 4


@pytest.fixture
def db(house: House) -> Iterator[Session]:
    """Return one transaction of a fresh database."""
    with house.database.transaction() as session:
        yield session


def frozen(db: Session, live: LiveSession, **written: Any) -> Freeze:
    """Save texts if any are given, then freeze."""
    guide = live_sessions.guide_of(live)
    if written:
        freezes.save_texts(db, live, guide, Texts(**written), 0, LATER)
    return freezes.freeze(db, live, guide, LATER)


def files(freeze: Freeze) -> dict[str, bytes]:
    """Return every file of a freeze."""
    results = exports.of(freeze.editions)
    return {name: form.make(results) for name, form in exports.FORMS.items()}


def opened(made: dict[str, bytes]) -> str:
    """Return everything that the files hold, unpacked, as one text to search in."""
    text = made["csv"].decode() + json.dumps(json.loads(made["json"]), ensure_ascii=False)
    for name in ("xlsx", "charts"):
        with zipfile.ZipFile(BytesIO(made[name])) as bundle:
            text += "".join(bundle.read(one).decode(errors="ignore") for one in bundle.namelist())
    return text


def rows(made: dict[str, bytes]) -> list[dict[str, str]]:
    """Return the CSV as a reader of CSV sees it."""
    return list(csv.DictReader(StringIO(made["csv"].decode("utf-8-sig"), newline="")))


def cells(made: dict[str, bytes]) -> dict[str, list[tuple[Any, ...]]]:
    """Return all cells of the workbook by sheet, and see that none is a formula."""
    book = openpyxl.load_workbook(BytesIO(made["xlsx"]))
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(one.data_type in ("s", "n") for one in row), [one.value for one in row]
    found = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}
    book.close()
    return found


def charts_in(made: dict[str, bytes]) -> list[str]:
    """Return the native charts of the workbook as XML."""
    with zipfile.ZipFile(BytesIO(made["xlsx"])) as bundle:
        return [
            bundle.read(name).decode() for name in bundle.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)
        ]


# What the files hold


def test_the_json_schema_in_the_docs_is_what_the_code_says() -> None:
    kept = json.loads((DOCS / "results.schema.json").read_text(encoding="utf-8"))
    assert kept == figures.json_schema(), "stale: run python -m workshop results schema > docs/results.schema.json"
    jsonschema.Draft202012Validator.check_schema(kept)


def test_twelve_people_give_the_numbers_that_the_room_saw_in_every_file(db: Session) -> None:
    live = add_live(db, people=14)
    release(db, live, "help", [{"choice": [name]} for name in HELP])
    release(db, live, "mood", [{"value": [str(v)]} for v in [2, 3, 3, 3, 5, 5, 5, 6, 6, 8, 9, 9, 9, 10]])
    release(db, live, "cloud", [{"word-0": ["calm"]}] * 4)  # one too few
    written = {"findings": ("Training leads.",), "asks": "Two quiet mornings.", "next_steps": (("Plan", "Fay", "May"),)}
    freeze = frozen(db, live, **written)
    made = files(freeze)
    again = {name: form.make(Results.model_validate(json.loads(made["json"]))) for name, form in exports.FORMS.items()}
    assert again == made, "the same freeze, other bytes"

    document = json.loads(made["json"])
    schema = json.loads((DOCS / "results.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(
        document
    )
    assert document["floors"] == {"room": 5, "words": 10, "numbers": 10}
    assert document["took_part"] == {"value": 14, "shown": "14 people"}
    by_id = {result["id"]: result for result in document["results"]}
    assert [(item["label"], item["value"]) for item in by_id["help"]["items"]] == [
        ("Other tasks", 3),
        ("Training", 7),
        ("More say", 4),
    ]
    assert (by_id["cloud"]["state"], by_id["cloud"]["people"]) == ("too_few", None)

    table = [(row["activity"], row["part"], row["item"], row["value"], row["band"]) for row in rows(made)]
    assert ("help", "result", "Training", "7", "") in table
    assert ("help", "people", "", "14", "") in table
    assert [row[4] for row in table if row[0] == "cloud"] == ["too_few"]
    assert made["csv"].startswith("\ufeffstep,".encode())

    sheets = cells(made)
    assert list(sheets) == [
        "Overview",
        "1 How ready are you",
        "2 Which help would you ask for",
        "3 What gets in the way",
    ]
    assert ("Training", 7) in [row[:2] for row in sheets["2 Which help would you ask for"]]
    overview = [value for row in sheets["Overview"] for value in row if value]
    for said in (
        "Getting unstuck",
        "Product team",
        "Training leads.",
        "Two quiet mornings.",
        "Plan",
        "Fay",
        "May",
        "few",
    ):
        assert said in overview
    drawn = charts_in(made)
    assert [bool(re.search("<c:barChart>", one)) for one in drawn] == [True, True]
    assert "<c:v>7</c:v>" in drawn[1]
    assert all('<c:min val="0"/>' in one for one in drawn), "a bar begins at zero, or its length says nothing"
    with closing(openpyxl.load_workbook(BytesIO(made["xlsx"]))) as book:
        assert book.properties.created.date() == LATER.date()
        sheet = book["2 Which help would you ask for"]
        assert sheet.freeze_panes == "A5"
        assert sheet.print_title_rows
        assert sheet.page_setup.fitToHeight == 0

    with zipfile.ZipFile(BytesIO(made["charts"])) as bundle:
        assert bundle.namelist() == ["01-mood.svg", "01-mood.png", "02-help.svg", "02-help.png", "read-me.txt"]
        assert {info.date_time for info in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert bundle.read("02-help.png").startswith(b"\x89PNG")
        drawing = bundle.read("02-help.svg").decode()
        assert ">Training</text>" in drawing
        assert ">7</text>" in drawing


@pytest.mark.parametrize("people", [5, 7, 9])
def test_a_small_group_gives_bands_and_no_exact_count_anywhere(db: Session, people: int) -> None:
    live = add_live(db, people=people, facilitator_words=True)
    counts = {"tasks": 1, "training": people - 1}
    release(db, live, "help", [{"choice": [name]} for name, count in counts.items() for _time in range(count)])
    release(db, live, "mood", [{"value": [str(v)]} for v in ([7] * (people - 1) + [3])])
    said = canaries(people, people)
    release(db, live, "drags", texts(said))
    made = files(frozen(db, live))
    document = json.loads(made["json"])
    assert document["took_part"] == {"value": None, "shown": "5 to 9 people"}
    for result in document["results"]:
        assert result["people"] == {"value": None, "shown": "5 to 9 people answered"}
        assert all(item["value"] is None and item["band"] for item in result["items"])
        assert result["words"] == []
    assert {item["band"] for result in document["results"] for item in result["items"]} <= {
        "few", "some", "most", "hidden", "here", "not_here"
    }  # fmt: skip
    assert {row["value"] for row in rows(made)} == {""}
    assert charts_in(made) == [], "a bar can be measured"
    numbers = [v for name, sheet in cells(made).items() for row in sheet for v in row if isinstance(v, int | float)]
    assert numbers == []
    exact = {str(people), str(people - 1)} - {"5", "9"}  # the band's own ends
    words = re.sub(r"<[^>]*>", " ", zipfile.ZipFile(BytesIO(made["charts"])).read("02-help.svg").decode())
    assert not exact & set(re.findall(r"\d+", words.replace("November 4, 2026", "")))
    assert not [one.text for one in said if one.text in opened(made)]


@pytest.mark.parametrize("kept", [False, True], ids=["room only", "with all words"])
def test_words_are_in_the_files_only_where_the_facilitators_own_file_has_them(db: Session, kept: bool) -> None:
    live = add_live(db, people=12, facilitator_words=kept)
    said = canaries(12, 4)
    release(db, live, "drags", texts(said))
    words = [f"canary{chr(97 + n) * 6}" for n in range(12)]
    release(db, live, "cloud", [{"word-0": [word]} for word in words])
    release(db, live, "tell", texts(canaries(9, 9), for_manager=True))  # below the words' floor
    freeze = frozen(db, live, heard={"drags": "Deadlines."})
    before = files(freeze)
    text = opened(before)
    secrets = [one.text for one in said] + words
    assert [one in text for one in secrets] == [kept] * len(secrets)
    assert "Deadlines." in text
    for edition in (text, json.dumps(freeze.editions["facilitator"])):
        assert all((one in edition) == kept for one in secrets), "not what the facilitator's edition has"
    found = set(re.findall(r"canary\w+", text))
    assert found <= {one.split()[0] for one in secrets}

    for card in db.scalars(select(Card)):  # what changes afterwards changes nothing here
        card.text, card.quotable = "changed later", True
    live.title, live.facilitator_words = "Renamed", True
    db.flush()
    assert files(frozen(db, live)) == before


def test_a_freeze_without_figures_says_so(db: Session) -> None:
    live = add_live(db)
    freeze = frozen(db, live)
    freeze.editions = {name: data for name, data in freeze.editions.items() if name != figures.KEY}
    with pytest.raises(WorkshopError, match="older version"):
        exports.of(freeze.editions)


# Hostile texts

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "a;=1+1", "＝1"]
GUIDE = SMALL.replace("How ready are you?", "'=1+1 ready? [all] * \"us\" & <you>'").replace("Other tasks", "'=2+2'")


def test_no_text_becomes_a_formula_or_a_link(db: Session) -> None:
    live = add_live(db, people=12, source=GUIDE, facilitator_words=True, title="=cmd|'/C calc'!A0", team="+Team & <b>")
    live.leader = "@leader"
    release(db, live, "mood", [{"value": ["3"]}] * 6 + [{"value": ["8"]}] * 6)
    release(db, live, "help", [{"choice": ["tasks"]}] * 6 + [{"choice": ["say"]}] * 6)
    release(
        db, live, "drags", texts([Said(f"{one} no {n}") for n, one in enumerate([*HOSTILE, "mailto:a@b.c", "x", "y"])])
    )
    results = exports.of(
        frozen(
            db, live, findings=("=1+1",), asks="-1", next_steps=(("=A1", "@x", "+1"),), heard={"drags": "=heard"}
        ).editions
    )
    made = {name: form.make(results) for name, form in exports.FORMS.items()}
    sheets = cells(made)  # sees that none is a formula
    assert "=1+1" in [value for row in sheets["Overview"] for value in row], "a text stays as it was written"
    with zipfile.ZipFile(BytesIO(made["xlsx"])) as bundle:
        xml = "".join(bundle.read(name).decode() for name in bundle.namelist() if name.endswith((".xml", ".rels")))
        assert "<f>" not in "".join(bundle.read(n).decode() for n in bundle.namelist() if "worksheets/sheet" in n)
        assert 'TargetMode="External"' not in xml
    for row in rows(made):
        for value in row.values():
            assert value[:1] not in exports.BEGINS_A_FORMULA or not value
            assert not re.search(r"[;\t\r\n]\s*[=+\-@]", value)
    for line in made["csv"].decode("utf-8-sig").splitlines():  # a spreadsheet that splits at semicolons
        assert not [part for part in line.split(";") if part.strip('" ')[:1] in tuple("=+-@")]
    for name in [result.id for result in results.results if result.form]:
        drawing = zipfile.ZipFile(BytesIO(made["charts"]))
        assert "<you>" not in "".join(drawing.read(n).decode(errors="ignore") for n in drawing.namelist() if name in n)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "\n-1"])
def test_a_cell_of_the_table_is_guarded(text: str) -> None:
    assert exports.cell(text).startswith("'")


def test_other_texts_stay_as_they_are() -> None:
    assert [exports.cell(text) for text in ("", "a = b", "5–9", "Ω ≠ ω", "a\nb")] == [
        "",
        "a = b",
        "5–9",
        "Ω ≠ ω",
        "a b",
    ]


@pytest.mark.parametrize(
    "title", ["=cmd", "../../etc/passwd", "a\r\nX-Evil: 1", "x\u202egpj.exe", '"; x', "日本", " . "]
)
def test_a_file_name_is_only_a_name(db: Session, title: str) -> None:
    live = add_live(db, title=title, team=None)
    name = exports.file_name(exports.of(frozen(db, live).editions), "csv")
    assert name.endswith("2026-11-04.csv")
    assert not re.search(r"[\x00-\x1f\u202e/\\\"<>|:*?;=%]|^[.+@-]", name)


def test_sheets_have_names_that_every_program_takes() -> None:
    names = set()
    for number, prompt in enumerate(["'quoted'", "a/b\\c?*[x]:", "", "🙂" * 40, "long " * 20, "x\x00y", "=1"], start=1):
        name = workbook._sheet_name(number, result(prompt))
        assert len(name.encode("utf-16-le")) // 2 <= 31 and not re.search(r"[\[\]:*?/\\'\x00=]", name), name
        names.add(name)
    assert len(names) == 7


def result(prompt: str, **changes: Any) -> figures.Result:
    """Return one activity with nothing in it."""
    made = figures.Result(
        id="x", step=figures.InStep(number=1, id="s", title="S"), kind="choice", prompt=prompt, state="shown", people=None,
        finding="", note="", form=None, ends=(), items=(), words=(), heard=(),
    )  # fmt: skip
    return made.model_copy(update=changes)


# Pictures


def test_lines_are_broken_and_never_lost() -> None:
    text = "One two three " + "x" * 300 + " end"
    lines = chart_files.wrapped(text, 20, 400)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(chart_files.measure(line, 20) <= 400 for line in lines)
    assert chart_files.wrapped("", 20, 400) == []
    assert len(chart_files.wrapped("word " * 900, 20, 400)) == chart_files.MOST_LINES


def test_pictures_that_cannot_be_made_are_said() -> None:
    with pytest.raises(WorkshopError, match="could not be made"):
        chart_files.pngs(["this is no drawing"])
    assert chart_files.pngs([]) == []


# The pages


@pytest.fixture
def runner(app: Flask, house: House, client: FlaskClient) -> FlaskClient:
    """Return a browser signed in as somebody whose sign-in is valid at the session's time."""
    app.extensions["house"] = replace(house, clock=lambda: LATER)
    person = make_account(house, name="Fay")
    client.person = person  # type: ignore[attr-defined]
    return signed_in(client, person)


NAMES = {"results.xlsx": "xlsx", "results.csv": "csv", "results.json": "json", "charts.zip": "zip"}


def test_only_who_runs_the_session_gets_the_files_and_only_after_the_freeze(
    house: House, runner: FlaskClient, browser: Callable[[], FlaskClient]
) -> None:
    watching = make_account(house)
    with house.database.transaction() as db:
        live = add_live(db, runner=runner.person, title='Größe "A"; b')  # type: ignore[attr-defined]
        release(db, live, "help", [{"choice": [name]} for name in HELP])
    start = f"/staff/sessions/{live.id}/report"
    for name in NAMES:
        early = runner.get(f"{start}/data/{name}")
        assert early.status_code == 409
        assert "not frozen yet" in early.text
    with house.database.transaction() as db:
        made = files(frozen(db, db.get_one(LiveSession, live.id)))
        db.add(SessionRole(live_id=live.id, account_id=watching.id, role="watch"))
    watcher, stranger = signed_in(browser(), watching), signed_in(browser(), make_account(house, "admin"))
    page = runner.get(start).text
    assert "The results as data" in page
    for (name, ending), content in zip(NAMES.items(), made.values(), strict=True):
        answer = runner.get(f"{start}/data/{name}")
        assert answer.status_code == 200
        assert answer.data == content
        assert answer.headers["Cache-Control"] == "no-store"
        disposition = answer.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename=")
        assert disposition.isascii()
        assert f"Gr%C3%B6%C3%9Fe%20A%20b%20Product%20team%202026-11-04.{ending}" in disposition
        assert f'href="{start}/data/{name}"' in page
        assert browser().get(f"{start}/data/{name}").status_code in (303, 401)
        assert stranger.get(f"{start}/data/{name}").status_code == 404
        assert watcher.get(f"{start}/data/{name}").status_code == 403
    with house.database.transaction() as db:
        kept, again = db.get_one(LiveSession, live.id), freezes.find(db, live.id)
        assert again
        new = Texts(asks="Corrected since then.")
        versions.correct(db, kept, live_sessions.guide_of(kept), again, new, 1, LATER)
    assert "Corrected since then." in runner.get(f"{start}/data/results.json").text
