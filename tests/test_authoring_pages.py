"""The pages about guides, as staff meet them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.conftest import CheckedClient, make_account, post, signed_in
from tests.pages import csrf_token
from workshop import models
from workshop.guides import library
from workshop.house import House
from workshop.models import Account

SMALL = """\
format: 1
id: small
title: A small guide
language: en
steps:
  - {id: s, title: Only step, minutes: 90, activities: [{id: a, kind: info, prompt: Read this}]}
"""


@pytest.fixture
def shipped(house: House) -> None:
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())


def bring(client: FlaskClient, text: str | bytes, name: str = "small.yaml", **extra: str) -> TestResponse:
    token = csrf_token(client.get("/staff/guides/").get_data(as_text=True))
    content = text.encode() if isinstance(text, str) else text
    return client.post("/staff/guides/import", data={"csrf_token": token, "file": (io.BytesIO(content), name), **extra})


def kept(house: House) -> int:
    with house.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(models.Guide)) or 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/staff/guides/"),
        ("get", "/staff/guides/team-pulse/"),
        ("get", "/staff/guides/team-pulse/file"),
    ],
)
def test_nobody_reads_guides_without_signing_in(client: CheckedClient, shipped: None, method: str, path: str) -> None:
    response = client.open(path, method=method.upper())
    assert response.status_code == 303
    assert "/staff/sign-in" in response.headers["Location"]


def test_a_post_without_its_token_changes_nothing(client: CheckedClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    bring(client, SMALL)
    wrong = {"csrf_token": "no", "file": (io.BytesIO(SMALL.encode()), "again.yaml")}
    assert client.post("/staff/guides/import", data=wrong).status_code == 400
    assert client.post("/staff/guides/small/archive").status_code == 400
    assert client.get("/staff/guides/small/archive").status_code == 405
    assert client.get("/staff/guides/small/").status_code == 200
    assert kept(house) == 1


def test_a_wrong_file_shows_every_problem_in_place_and_stores_nothing(
    client: CheckedClient, house: House, facilitator: Account
) -> None:
    signed_in(client, facilitator)
    wrong = SMALL.replace("title: A", "titel: A").replace("kind: info", "kind: <b>vote</b>")
    response = bring(client, wrong, "../<i>my</i> guide.yaml")
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "“i&gt; guide.yaml” was not stored" in page
    assert "There are 3 problems" in page
    assert "Did you mean “title”?" in page
    assert "&lt;b&gt;vote&lt;/b&gt;" in page
    assert page.count('<th scope="row"><span class="problems__line">') == 3
    assert kept(house) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#" * 300_000, "too large"),
        (b"\x00\x01", "NUL"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "empty"),
        (b"a: !!python/object/apply:os.system [touch /tmp/never]", "not allowed"),
        (b"- " * 5000, "nested too deeply"),
    ],
)
def test_a_hostile_file_is_refused_with_a_reason(
    client: CheckedClient, house: House, facilitator: Account, content: bytes, said: str
) -> None:
    signed_in(client, facilitator)
    response = bring(client, content)
    assert response.status_code == 422
    assert said in response.get_data(as_text=True)
    assert kept(house) == 0


def test_an_upload_of_many_megabytes_is_cut_off(client: CheckedClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.yaml"\r\n\r\n'
    body = head + b"#" * 5_000_000 + b"\r\n--x--\r\n"
    response = client.post("/staff/guides/import", data=body, content_type="multipart/form-data; boundary=x")
    assert response.status_code == 413
    assert kept(house) == 0


def test_no_file_says_to_choose_one(client: CheckedClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    response = post(client, "/staff/guides/import", page="/staff/guides/")
    assert response.status_code == 422
    assert "Choose a file first." in response.get_data(as_text=True)


def test_somebody_elses_guide_cannot_be_archived(
    client: CheckedClient, browser: Callable[[], CheckedClient], house: House, facilitator: Account
) -> None:
    signed_in(client, facilitator)
    bring(client, SMALL)
    other = signed_in(browser(), make_account(house))
    assert "Take it out" not in other.get("/staff/guides/small/").get_data(as_text=True)
    assert post(other, "/staff/guides/small/archive", page="/staff/guides/").status_code == 403
    assert client.get("/staff/guides/small/").status_code == 200


def test_a_guide_that_is_not_there_is_not_found(client: CheckedClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    for path in ("nothing/", "nothing/file", "a%00b/", "%2e%2e%5c/"):
        assert client.get(f"/staff/guides/{path}").status_code == 404


def test_an_empty_library_offers_the_first_step(client: CheckedClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    page = client.get("/staff/guides/").get_data(as_text=True)
    assert "No guides yet" in page
    assert 'href="#bring"' in page


def test_the_library_shows_each_guide_with_its_length_and_languages(
    client: CheckedClient, facilitator: Account, shipped: None
) -> None:
    signed_in(client, facilitator)
    page = client.get("/staff/guides/").get_data(as_text=True)
    for part in (
        "Getting unstuck at work",
        "93 minutes",
        "8 steps",
        "English, German, French",
        "Team pulse",
        "15 minutes",
    ):
        assert part in page
    assert 'href="/staff/sessions/new?guide=getting-unstuck"' in page


def test_a_guide_is_brought_read_exported_and_taken_out(
    client: CheckedClient, house: House, facilitator: Account, admin: Account
) -> None:
    signed_in(client, facilitator)
    response = bring(client, SMALL)
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/guides/small/")
    page = client.get("/staff/guides/small/").get_data(as_text=True)
    assert "is in the library now" in page
    assert "Only step" in page
    file = client.get("/staff/guides/small/file")
    assert file.get_data(as_text=True) == SMALL
    assert file.headers["Content-Disposition"] == 'attachment; filename="small.yaml"'
    assert "Yours" in client.get("/staff/guides/").get_data(as_text=True)
    gone = post(client, "/staff/guides/small/archive", page="/staff/guides/small/")
    assert gone.status_code == 303
    assert client.get("/staff/guides/small/").status_code == 404
    assert "A small guide” is no longer" in client.get("/staff/guides/").get_data(as_text=True)


def test_the_page_of_a_guide_shows_everything_a_facilitator_needs(
    client: CheckedClient, facilitator: Account, shipped: None
) -> None:
    signed_in(client, facilitator)
    page = client.get("/staff/guides/getting-unstuck/").get_data(as_text=True)
    for part in (
        "Start a session from this guide",
        "What at work has lost its spark for you?",
        "What you say",
        "Only for you",
        "For the manager, if they allow it",
        "Appears while it is open",
        "Another task, same team",
    ):
        assert part in page


@pytest.mark.parametrize(
    ("query", "starts", "ends"),
    [
        ("", "09:00", "10:30"),
        ("?start=13:15", "13:15", "14:45"),
        ("?start=23:30", "23:30", "01:00"),
        ("?start=later", "09:00", "10:30"),
        ("?start=", "09:00", "10:30"),
    ],
)
def test_the_agenda_begins_when_you_say(
    client: CheckedClient, facilitator: Account, query: str, starts: str, ends: str
) -> None:
    signed_in(client, facilitator)
    bring(client, SMALL)
    response = client.get(f"/staff/guides/small/{query}")
    page = response.get_data(as_text=True)
    assert response.status_code == 200
    assert f"{starts}–{ends}" in page
    assert ("Not a valid" in page) == ("later" in query)


def test_a_guide_can_be_read_in_each_of_its_languages(
    client: CheckedClient, facilitator: Account, shipped: None
) -> None:
    signed_in(client, facilitator)
    page = client.get("/staff/guides/team-pulse/?language=de").get_data(as_text=True)
    assert "Wie geht es dir heute?" in page
    assert "Only in English so far." in page
    assert '<option selected value="de">' in page
    assert "Team pulse" in client.get("/staff/guides/team-pulse/?language=xx").get_data(as_text=True)


def test_template_syntax_and_markup_in_a_guide_stay_words(client: CheckedClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    hostile = "{{ 7 * 7 }}<script>alert(1)</script>"
    bring(client, SMALL.replace("Read this", f"'{hostile}'").replace("A small guide", f"'{hostile}'"))
    for path in ("/staff/guides/", "/staff/guides/small/"):
        page = client.get(path).get_data(as_text=True)
        assert "{{ 7 * 7 }}&lt;script&gt;" in page
        assert "<script>alert" not in page


def test_a_stored_file_that_no_longer_fits_has_a_page_that_says_so(
    client: CheckedClient, house: House, facilitator: Account
) -> None:
    signed_in(client, facilitator)
    bring(client, SMALL)
    with house.database.transaction() as session:
        row = session.scalars(select(models.Guide)).one()
        row.source = row.source.replace("kind: info", "kind: gone")
    for path in ("/staff/guides/", "/staff/guides/small/"):
        page = client.get(path).get_data(as_text=True)
        assert "no longer fits the format" in page
    assert client.get("/staff/guides/small/file").status_code == 200


def test_the_style_sheet_of_these_pages_reaches_them(client: CheckedClient) -> None:
    own = (Path(__file__).parents[1] / "static/css/authoring.css").read_text()
    assert ".guide-card" in own
    page = client.get("/staff/sign-in").get_data(as_text=True)
    sheet = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert ".guide-card" in client.get(sheet).get_data(as_text=True)
