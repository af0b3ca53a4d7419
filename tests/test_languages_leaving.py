"""What leaves the house, in a language of brackets: mails, papers and refusals hold no sentence of their own."""

from __future__ import annotations

import ast
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select

from tests import pseudo
from tests.conftest import make_account, post, signed_in
from tests.mail_server import MailServer
from tests.report_world import ENDED, LATER, add_live, play
from tests.test_activities_contract import SETTINGS
from tests.test_languages import made_up  # noqa: F401 - a fixture
from tests.test_papers import LINES, talk, workbook
from tests.test_reports_pdf import needs_renderer
from workshop import check_ins, freezes, jobs, live_state, outbox, papers, report_worker, words
from workshop.activities import KINDS
from workshop.editions import EDITIONS, Texts
from workshop.guides.schema import Guide
from workshop.house import House
from workshop.models import Account, FollowUp, LiveSession, Mail
from workshop.report_worker import Limits

pytestmark = pytest.mark.drawn

WORKSHOP = Path(__file__).resolve().parents[1] / "workshop"
READING = {"Accept-Language": pseudo.BRACKETED}


def every_kind() -> str:
    """Return a guide that asks one question of each kind that asks something."""
    activities = []
    for name, kind in KINDS.items():
        if kind.asks:
            own = {
                key: value
                for key, value in SETTINGS.get(name, [{}])[-1].items()
                if key not in ("for_manager", "rolling")
            }
            one: dict[str, Any] = {"id": f"q-{name.replace('_', '-')}", "kind": name, "prompt": f"Qqq {name}?"}
            if "cards" in own:
                one["cards"] = own.pop("cards")
            activities.append({**one, "settings": own} if own else one)
    page = {"fields": [{"id": "what", "type": "text", "label": "Qqq what?"}]}
    activities.append(
        {"id": "mine", "kind": "worksheet", "prompt": "Qqq mine?", "settings": page}
    )  # so it is asked later
    activities.append({"id": "tell", "kind": "open_text", "prompt": "Qqq tell?", "for": "manager"})
    step = {"id": "all", "title": "Qqq all", "minutes": 10, "purpose": "Qqq why.", "activities": activities}
    guide = {"format": 1, "id": "qqq", "title": "Qqq", "language": "en", "summary": "Qqq.", "steps": [step]}
    return yaml.safe_dump(guide)


def said_by_people(guide: Guide) -> set[str]:
    """Return what is data: the guide, plausible answers, names. Nothing of it comes from the frozen report itself."""
    found = {"Unstuck", "Getting unstuck", "Product team", "Ada Admin", "Esperanto"}
    found |= set(values(guide.file.model_dump(mode="json")))
    for one in guide.activities:
        kind = KINDS[one.kind]
        found |= set(values(one.config.model_dump(mode="json", exclude_defaults=True)))
        found |= set(values(kind.examples(one.config))) if kind.asks else set()
    # Shorter ones would eat letters out of sentences; a name is one only as a word.
    return {one for one in found if len(one) > 3} | {one.lower() for one in found if len(one) > 3} | {" Fay", "PDF"}


def values(data: Any) -> Iterator[str]:
    """Return all texts in nested data but the keys."""
    if isinstance(data, str):
        yield data
    for one in data.values() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ():
        yield from values(one)


def months() -> set[str]:
    """Return Babel's own words for days."""
    locale = pseudo.Locale(pseudo.BRACKETED)
    return {str(name) for named in (locale.months["format"], locale.days["format"]) for name in named["wide"].values()}


def texts_of(content: bytes) -> list[str]:
    """Return the text of a PDF as one, hyphens at line ends closed, and its title and language."""
    reader = PdfReader(io.BytesIO(content))
    said = "\n".join(page.extract_text() for page in reader.pages)
    return [re.sub(r"(?<=\w)[-\u2010\u00ad]\n(?=\w)", "", said), str((reader.metadata or {}).get("/Title", ""))]


def played(made_up: Flask, people: int) -> tuple[Account, LiveSession]:  # noqa: F811
    """Return a session of every kind that ended, in brackets."""
    house: House = made_up.extensions["house"]
    admin = make_account(house, "admin", "Ada Admin")
    with house.database.transaction() as db:
        live = add_live(db, people=people, source=every_kind(), runner=admin, language=pseudo.BRACKETED)
        play(db, live, people)
    return admin, live


@needs_renderer
@pytest.mark.slow
@pytest.mark.parametrize("people", [12, 6])
def test_every_pdf_says_only_what_is_translated(made_up: Flask, people: int) -> None:  # noqa: F811
    """Twelve people get numbers, six get words. Read from the files themselves."""
    house: House = made_up.extensions["house"]
    _admin, live = played(made_up, people)
    guide = live_state.guide_of(live)
    typed = said_by_people(guide) | months() | set(LINES.values()) | {"Qqq findings."}
    with made_up.app_context(), words.speaking(pseudo.BRACKETED), house.database.transaction() as db:
        live = db.get_one(LiveSession, live.id)
        texts = Texts(findings=("Qqq findings.",), for_all=True, on_the_wall=True)
        freezes.save_texts(db, live, guide, texts, 0, LATER)
        kept = freezes.freeze(db, live, guide, LATER).editions
        wanted = EDITIONS if people == 12 else ("manager",)
        files = {name: jobs.print_edition(kept[name], "A4", draft=name == "manager").content for name in wanted}
        for paper in (talk(), workbook(("Qqq heading", [("Qqq label", ["Qqq line"])]))) if people == 12 else ():
            wish = papers.read(json.dumps(paper).encode())
            data = papers.compose(wish, pseudo.BRACKETED)
            printed = report_worker.print_paper(data, "A4", limits=Limits(seconds=180), patience=600)
            files[wish.kind] = printed.content
    assert len(files) == (len(EDITIONS) + 2 if people == 12 else 1)
    typed |= {"Qqq heading", "Qqq label", "Qqq line", "My talk"}
    assert {name: left for name, file in files.items() if (left := pseudo.unbracketed(texts_of(file), typed))} == {}
    for file in files.values():
        said = "\n".join(texts_of(file))
        assert said.count("⟦") >= 3, "brackets can be read"
        assert pseudo.unbracketed([re.sub("[⟦⟧]", "", said)], typed), "and a sentence without them is found"


def test_every_mail_says_only_what_is_translated(made_up: Flask) -> None:  # noqa: F811
    """The letter with a report, the letter of a check-in, the reminder of one, and the notes of a mail that failed."""
    admin, live = played(made_up, 12)
    typed = said_by_people(live_state.guide_of(live)) | months() | {admin.email, "Head of department", "/follow-up"}
    with MailServer() as server:
        server.answers["RCPT"] = "550 no such user here"
        house: House = replace(made_up.extensions["house"], clock=lambda: LATER)
        mail = {
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_security": "none",
            "mail_from": "w@example.org",
        }
        house = made_up.extensions["house"] = replace(house, settings=replace(house.settings, **mail))
        client = signed_in(made_up.test_client(), admin)
        with made_up.app_context(), words.speaking(pseudo.BRACKETED), house.database.transaction() as db:
            own = db.get_one(LiveSession, live.id)
            freezes.freeze(db, own, live_state.guide_of(own), LATER)
        desk = f"/staff/sessions/{live.id}"
        post(client, f"{desk}/deliveries", {"reader": "Head of department", "days": "30"}, page=f"{desk}/report")
        html = client.get(f"{desk}/report").get_data(as_text=True)
        write = re.findall(rf'href="({desk}/deliveries/[^"/]+/mail)"', html)
        assert write, "the report can be sent"
        # Whoever opens these pages reads English; the letters are the session's all the same.
        written = [client.get(write[0], headers={"Accept-Language": "en"}).get_data(as_text=True)]
        for day in (ENDED.date(), ENDED.date().replace(day=18)):
            now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            house = made_up.extensions["house"] = replace(house, clock=lambda now=now: now)
            with made_up.app_context():
                check_ins.tick(house)
                outbox.tick(house)
        client = signed_in(client, admin)  # a sign-in ends after a week
        written.append(client.get(f"{desk}/follow-up", headers={"Accept-Language": "en"}).get_data(as_text=True))
    with house.database.transaction() as db:
        [reminder] = db.scalars(select(Mail)).all()
        token = db.get_one(FollowUp, live.id).token
    typed |= {token, house.settings.public_url, live.id, "no such user here"}
    fields = [field for html in written for field in re.findall(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)]
    fields += [value for html in written for value in re.findall(r'name="[\w-]*subject"[^>]*value="([^"]*)"', html)]
    letters = [one for one in fields if "⟦" in one]
    assert len(letters) == 4, "two letters, each with a subject"
    for said in (*letters, reminder.subject, reminder.body, reminder.note):
        assert "⟦" in said
        assert pseudo.unbracketed([said], typed) == []


# -- refusals


def refusals() -> dict[str, str]:
    """Return the errors that a person may read, each with the class it comes from."""
    parents = {
        node.name: base
        for path in WORKSHOP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for base in [getattr(one, "id", getattr(one, "attr", "")) for one in node.bases][:1]
    }
    found = {"WorkshopError": "WorkshopError", "ValidationError": "WTForms", "StopValidation": "WTForms"}
    while more := {name: base for name, base in parents.items() if base in found and name not in found}:
        found |= more
    return found


CODES = {"RefusedError", "GoneError"}
"""Of the themes' board: they carry a code, and `web/themes.py` has a sentence for each."""
SPEAKERS = {"flash", "Label", "Required", "DataRequired", "Length", "NumberRange", "SelectChoice", "say_problem"}


def hard_coded(path: Path, errors: set[str]) -> Iterator[tuple[int, str]]:
    """Return each sentence that a module gives to a person past gettext."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        given = [
            *(node.args[1:2] if name == "SelectChoice" else node.args[:1]),  # the value comes before what is read
            *(one.value for one in node.keywords if one.arg in ("message", "label", "description")),
        ]
        if name in errors or name in SPEAKERS or (name.endswith("Field") and path.parent.name == "web"):
            for value in given:
                if isinstance(value, ast.JoinedStr | ast.Constant | ast.BinOp) and re.search(
                    r"[^\W\d_]{3}", ast.unparse(value)
                ):
                    yield node.lineno, ast.unparse(value)


def test_no_refusal_no_notice_and_no_label_of_a_form_goes_past_gettext(tmp_path: Path) -> None:
    errors = set(refusals()) - CODES
    assert {"NotFound", "AnswerRefused", "PrintFailed", "Throttled"} <= errors
    found = {}
    for path in sorted(WORKSHOP.rglob("*.py")):
        room = path.relative_to(WORKSHOP).as_posix()
        if room.startswith(
            ("demo/", "migrations/", "operating/")
        ):  # they speak to who runs a server, on the command line
            continue
        if wrong := list(hard_coded(path, errors)):
            found[room] = wrong
    assert found == {}
    control = tmp_path / "web" / "leaky.py"
    control.parent.mkdir()
    control.write_text(
        'raise NotFound("It is gone.")\nflash(f"{n} letters left")\nStringField("Name")\nflash(_("Saved."))\n'
    )
    assert [line for line, _said in hard_coded(control, errors)] == [1, 2, 3]
