"""Who reads decides the language; the room keeps its own. And: nothing on any page is hard-coded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, text

from tests import pseudo
from tests.conftest import CheckedClient, make_account, signed_in
from tests.house.test_routes import a_world, rules
from tests.report_world import add_live, play
from tests.small_guide import TEXT, ask, go, look_up, make_session
from workshop import create_app, live_state
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, LiveSession
from workshop.settings import Settings
from workshop.words import LANGUAGES, asked_for

IN_FRENCH = """
translations:
  fr:
    stuck: {prompt: Quoi donc ?}
"""


def phone_of(house: House, client: FlaskClient, live_id: str, **headers: str) -> str:
    """Join and return the phone's page."""
    client.post(f"/j/{look_up(house, live_id).join_token}", headers=headers)
    return client.get(f"/s/{live_id}/", headers=headers).get_data(as_text=True)


@pytest.fixture
def untied(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def bilingual(house: House, account: Account, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("tests.small_guide.TEXT", TEXT + IN_FRENCH)
    return make_session(house, account)


# -- who decides


def test_what_was_chosen_comes_before_what_the_browser_says_and_only_what_is_spoken_counts() -> None:
    ours = ("en", "de", "fr")
    assert asked_for("fr", "de", ours) == "fr"
    assert asked_for("tlh", "de-AT,en;q=0.3", ours) == "de"
    assert asked_for(None, "it, tlh;q=0.5", ours) == asked_for(None, "", ours) == ""
    assert asked_for(None, "x" * 100_000, ours) == ""


@pytest.mark.usefixtures("untied")
def test_a_phone_speaks_its_readers_language_and_the_guide_too_where_it_can(
    house: House, facilitator: Account, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_id = bilingual(house, facilitator, monkeypatch)
    ask(house, live_id, "stuck")
    french = phone_of(house, browser(), live_id, **{"Accept-Language": "fr-CH, fr;q=0.9"})
    german = phone_of(house, browser(), live_id, **{"Accept-Language": "de"})
    neither = phone_of(house, browser(), live_id, **{"Accept-Language": "it"})
    assert '<html lang="fr"' in french and "Quoi donc ?" in french and "Passer" in french
    assert '<html lang="de"' in german and "What are you no longer" in german and "Auslassen" in german
    assert '<html lang="en"' in neither and "What are you no longer" in neither


@pytest.mark.parametrize(
    ("minutes", "english", "german"),
    [
        (0, "as soon as the session ends", "sobald die Sitzung endet"),
        (15, "15 minutes after", "15 Minuten nach"),
        (60, "1 hour after", "1 Stunde nach"),
        (4320, "3 days after", "3 Tage nach"),
    ],
)
@pytest.mark.usefixtures("untied")
def test_how_long_a_text_may_be_taken_back_is_said_as_people_say_it(
    house: House, facilitator: Account, client: FlaskClient, minutes: int, english: str, german: str
) -> None:
    live_id = make_session(house, facilitator, freeze_after_minutes=minutes)
    client.post(f"/j/{look_up(house, live_id).join_token}")
    for language, words in (("en", english), ("de", german)):
        assert words in client.get(f"/s/{live_id}/sent", headers={"Accept-Language": language}).get_data(as_text=True)


@pytest.mark.usefixtures("untied")
def test_the_switch_wins_over_the_browser_until_it_is_given_back(
    house: House, facilitator: Account, client: FlaskClient
) -> None:
    live_id = make_session(house, facilitator)
    phone_of(house, client, live_id)
    there = {"Accept-Language": "de"}
    answer = client.post("/language", data={"language": "fr", "back": f"/s/{live_id}/"}, headers=there)
    assert answer.status_code == 303 and answer.location == f"/s/{live_id}/"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("language=fr;") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert '<html lang="fr"' in client.get(f"/s/{live_id}/", headers=there).get_data(as_text=True)
    assert '<html lang="fr"' in client.get("/", headers=there).get_data(as_text=True)
    client.post("/language", data={"language": "", "back": "/"}, headers=there)
    assert '<html lang="de"' in client.get(f"/s/{live_id}/", headers=there).get_data(as_text=True)


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "evil", "", "/a\nb"])
def test_the_switch_never_leads_away(client: FlaskClient, back: str) -> None:
    assert client.post("/language", data={"language": "de", "back": back}).location == "/"


def test_the_switch_needs_no_token_and_stands_where_people_arrive(
    house: House, facilitator: Account, client: FlaskClient
) -> None:
    live_id = make_session(house, facilitator)
    pages = ["/", f"/j/{look_up(house, live_id).join_token}", "/staff/sign-in"]
    for path in pages:
        html = client.get(path).get_data(as_text=True)
        form = re.search(r'<form[^>]*action="/language".*?</form>', html, re.DOTALL)
        assert form and "csrf_token" not in form[0] and f'value="{path}"' in form[0]
        assert re.findall(r'name="language" value="(\w*)"', form[0]) == [*LANGUAGES, ""]


@pytest.mark.usefixtures("untied")
def test_a_push_is_what_the_first_paint_was_in_each_language(
    app: Flask, house: House, facilitator: Account, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_id = bilingual(house, facilitator, monkeypatch)
    go(house, live_id, "start")  # an info page: nothing of the phone's own is on it
    push = app.extensions["realtime"].coalescer.message
    for language, code in (("", "en"), ("fr", "fr"), ("de", "de")):
        page = phone_of(house, browser(), live_id, **{"Accept-Language": code})
        message = push(live_id, "phone", "", language)
        assert message and without_tokens(message["html"]) in without_tokens(page)
    assert len({push(live_id, "phone", "", code)["boot"] for code in ("", "fr", "de")}) == 3


def test_the_room_keeps_the_sessions_language(
    house: House, facilitator: Account, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_id = bilingual(house, facilitator, monkeypatch)
    live = look_up(house, live_id)
    french = {"Accept-Language": "fr"}
    assert '<html lang="en"' in client.get(f"/stage/{live.stage_token}", headers=french).get_data(as_text=True)
    signed_in(client, facilitator)
    ask(house, live_id, "stuck")
    console = client.get(f"/staff/sessions/{live_id}/", headers=french).get_data(as_text=True)
    assert '<html lang="fr"' in console and "Fermer et montrer" in console
    assert "What are you no longer" in console and "Quoi donc" not in console


def test_only_languages_that_somebody_can_read_make_rooms(house: House, facilitator: Account) -> None:
    live = look_up(house, make_session(house, facilitator))
    assert live_state.reading_language(live, "fr") == "fr"
    for made_up in ("en", "tlh", "fr-XX-" + "x" * 300, "../../fr", 7, None, ["fr"], ""):
        assert live_state.reading_language(live, made_up) == ""


@pytest.mark.usefixtures("untied")
def test_no_file_and_no_row_knows_in_which_language_somebody_reads(
    app: Flask, house: House, facilitator: Account, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The attacker has every row, the ballot box and the log; two phones differ in their language alone."""
    live_id = make_session(house, facilitator)
    ask(house, live_id, "energy")
    caplog.set_level("DEBUG")

    def rows() -> str:
        with house.database.transaction() as session:
            tables = inspect(session.connection()).get_table_names()
            return json.dumps(
                {name: [list(row) for row in session.execute(text(f'SELECT * FROM "{name}"'))] for name in tables},
                default=str,
            )

    phone_of(house, client, live_id, **{"Accept-Language": "fr-CA"})
    html = client.get(f"/s/{live_id}/", headers={"Accept-Language": "fr-CA"}).get_data(as_text=True)
    run = re.search(r'data-run="([^"]+)"', html)
    assert run
    sent = {"run": run[1], "based_on": "0", "value": "7"}
    assert client.post(f"/s/{live_id}/answer", data=sent, headers={"Accept-Language": "fr-CA"}).status_code == 303
    box = b"".join(path.read_bytes() for path in house.settings.data_dir.rglob("*") if path.is_file())
    assert "fr-CA" not in rows() and '"fr"' not in rows() and "fr-CA" not in caplog.text
    assert b"fr-CA" not in box


def without_tokens(html: str) -> str:
    """Return a fragment without what only a first paint may carry: the token of its visitor."""
    return " ".join(re.sub(r'<input[^>]*name="csrf_token"[^>]*>', "", html).split())


# -- nothing hard-coded


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> Iterator[Flask]:
    """Return an app that speaks the two made-up languages."""
    pseudo.speak(monkeypatch, tmp_path / "made-up")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    app = create_app(settings)
    app.testing = True
    app.test_client_class = CheckedClient
    yield app
    app.extensions["house"].database.engine.dispose()


def test_every_page_says_only_what_is_translated(made_up: Flask) -> None:
    house: House = made_up.extensions["house"]
    admin = make_account(house, "admin", "Ada Admin")
    values = a_world(house, admin)
    with house.database.transaction() as session:
        live = session.get(LiveSession, values["live_id"])
        assert live
        live.language = pseudo.BRACKETED
    client = signed_in(made_up.test_client(), admin)
    typed = pseudo.typed_by_people(house) | {str(value) for value in values.values()} | {"ABC DEF", "ABC", "DEF"}
    adapter = made_up.url_map.bind("localhost")
    wrong: dict[str, list[str]] = {}
    looked = 0
    for rule in rules(made_up):
        if "GET" not in (rule.methods or ()):
            continue
        url = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method="GET")
        answer = client.get(url, headers={"Accept-Language": pseudo.BRACKETED})
        if answer.mimetype == "text/html" and answer.status_code not in (301, 302, 303):
            looked += 1
            if found := pseudo.left_over(answer.get_data(as_text=True), typed):
                wrong[url] = found[:6]
    assert looked > 40, "the walk itself works"
    assert wrong == {}


def test_every_state_of_a_session_says_only_what_is_translated(made_up: Flask) -> None:
    made_up.config["WTF_CSRF_ENABLED"] = False
    house: House = made_up.extensions["house"]
    admin = make_account(house, "admin", "Ada Admin")
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
    live_id = make_session(house, admin)
    with house.database.transaction() as session:
        live = session.get(LiveSession, live_id)
        assert live
        live.language, stage = pseudo.BRACKETED, live.stage_token
    typed = pseudo.typed_by_people(house) | set(
        pseudo.strings(live_state.guide_of(look_up(house, live_id)).file.model_dump())
    )
    staff = signed_in(made_up.test_client(), admin)
    phone = made_up.test_client()
    reading = {"Accept-Language": pseudo.BRACKETED}
    phone_of(house, phone, live_id, **reading)
    wrong: dict[str, list[str]] = {}

    def look(state: str) -> None:
        for name, one, url in (
            ("phone", phone, f"/s/{live_id}/"),
            ("stage", staff, f"/stage/{stage}"),
            ("console", staff, f"/staff/sessions/{live_id}/"),
        ):
            html = one.get(url, headers=reading).get_data(as_text=True)
            code = str(look_up(house, live_id).code)
            if found := pseudo.left_over(html, typed | {code, code[:3], code[3:]}):
                wrong[f"{state} {name}"] = found[:6]

    look("lobby")
    for activity in ("hello", "stuck", "energy", "where", "word", "told"):
        if activity == "hello":
            go(house, live_id, "start")
        else:
            ask(house, live_id, activity)
        look(f"{activity} open")
        if activity != "hello":
            go(house, live_id, "close")
            look(f"{activity} closed")
    go(house, live_id, "end")
    look("ended")
    assert wrong == {}


def test_a_report_says_only_what_is_translated(made_up: Flask) -> None:
    house: House = made_up.extensions["house"]
    admin = make_account(house, "admin", "Ada Admin")
    with house.database.transaction() as session:
        live = add_live(session, runner=admin, language=pseudo.BRACKETED, freeze_after_minutes=0)
        play(session, live, 12)
        live_id = live.id
    typed = pseudo.typed_by_people(house)
    with made_up.test_request_context():
        from workshop.activities import KINDS

        guide = live_state.guide_of(look_up(house, live_id))
        typed |= set(pseudo.strings(guide.file.model_dump(mode="json")))
        for one in guide.activities:
            typed |= set(pseudo.strings([KINDS[one.kind].examples(one.config)])) if KINDS[one.kind].asks else set()
    staff = signed_in(made_up.test_client(), admin)
    wrong = {}
    for url in (f"/staff/sessions/{live_id}/report", f"/staff/sessions/{live_id}/report/manager/page"):
        answer = staff.get(url, headers={"Accept-Language": pseudo.BRACKETED}, follow_redirects=True)
        if answer.mimetype == "text/html" and (found := pseudo.left_over(answer.get_data(as_text=True), typed)):
            wrong[url] = found
    assert wrong == {}


ONE = r"(var\(--[\w-]+\)|[^\s();]+)"
SIDES = re.compile(
    rf"(?:padding|margin|inset|scroll-padding|scroll-margin): {ONE} {ONE} {ONE} {ONE};"
    r"|[\s;{](?:left|right): |(?:margin|padding|border)-(?:left|right)\b|(?:float|text-align): (?:left|right)"
)
"""A side by its name; four values are one where the second is not the fourth."""


def test_no_style_sheet_of_the_screens_names_left_or_right() -> None:
    sheets = sorted((Path(__file__).resolve().parents[1] / "static" / "css").glob("*.css"))
    assert len(sheets) > 10
    wrong = [
        (sheet.name, found[0].strip())
        for sheet in sheets
        for found in SIDES.finditer(sheet.read_text())
        if found[1] is None or found[2] != found[4]
    ]
    assert wrong == [], "say it from start to end, or it is not mirrored"
