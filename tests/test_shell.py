"""What holds for every page: headers, hosts, forms, errors, styles, languages."""

from __future__ import annotations

import dataclasses
import gzip
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.conftest import CheckedClient, post, signed_in
from tests.pages import check_html
from workshop import addresses, create_app
from workshop.errors import Throttled
from workshop.models import Account
from workshop.settings import Settings
from workshop.web import static_files
from workshop.web.errors import page as error_page
from workshop.web.rights import audience, safe_next


@contextmanager
def serving(settings: Settings, **changes: object) -> Iterator[FlaskClient]:
    """Yield a client of an app with other settings."""
    app = create_app(dataclasses.replace(settings, **changes))  # type: ignore[arg-type]
    app.test_client_class = CheckedClient
    yield app.test_client()
    app.extensions["house"].database.engine.dispose()


def failing(app: Flask) -> FlaskClient:
    """Return a client of an app that has pages which fail."""
    app.testing = False

    @app.get("/breaks")
    @audience("anybody")
    def breaks() -> str:
        raise RuntimeError(request.args["said"])

    @app.get("/full")
    @audience("anybody")
    def full() -> str:
        raise OperationalError("insert", {}, Exception("database or disk is full"))

    @app.get("/pauses")
    @audience("anybody")
    def pauses() -> str:
        raise Throttled("Wait a little.")

    return app.test_client()


# Hosts and headers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "127.0.0.1.evil.example:80"])
def test_a_foreign_host_name_is_not_served(client: FlaskClient, host: str) -> None:
    answer = client.get("/staff/sign-in", headers={"Host": host})
    assert answer.status_code == 400
    assert b"evil" not in answer.data


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8123", "[::1]:8000", "LOCALHOST"])
def test_this_machines_own_names_are_served(client: FlaskClient, host: str) -> None:
    assert client.get("/staff/sign-in", headers={"Host": host}).status_code == 200


def test_every_own_address_is_served(client: FlaskClient) -> None:
    for _name, address in addresses.interfaces():
        host = f"[{address}]" if ":" in address else address
        assert client.get("/staff/sign-in", headers={"Host": host}).status_code == 200


def test_in_production_one_host_is_served_and_cookies_stay_under_tls(settings: Settings) -> None:
    with serving(settings, base_url="https://workshop.example.org") as client:
        assert client.get("/staff/sign-in").status_code == 400
        answer = client.get("/staff/sign-in", base_url="https://workshop.example.org")
        assert answer.status_code == 200
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-unstuck=")
        assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in cookie


def test_forwarded_headers_are_ignored_without_a_proxy(client: FlaskClient) -> None:
    answer = client.get(
        "/staff/people",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=e"},
    )
    assert answer.status_code == 303
    assert answer.location.startswith("/")


def test_a_trusted_proxy_is_believed_about_the_client_but_not_the_host(settings: Settings) -> None:
    seen: list[str | None] = []
    with serving(settings, trusted_proxies=1, base_url="https://workshop.example.org") as client:

        @client.application.before_request
        def look() -> None:
            seen.append(request.remote_addr)

        headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Host": "workshop.example.org"}
        good = client.get("/staff/sign-in", base_url="https://workshop.example.org", headers=headers)
        bad = client.get("/staff/sign-in", base_url="https://evil.example", headers=headers)
    assert (good.status_code, bad.status_code) == (200, 400)
    assert seen == ["203.0.113.9"]


def test_the_headers_are_on_every_kind_of_answer(client: FlaskClient) -> None:
    """The client fixture checks each answer it gets; these are the kinds there are."""
    kinds = {
        client.get("/staff/sign-in").status_code,
        client.get("/nowhere").status_code,
        client.get("/staff/").status_code,
        client.post("/staff/sign-in").status_code,
        client.get(static_files_url(client, "console.css")).status_code,
        client.get("/socket.io/?EIO=4&transport=polling").status_code,
        client.options("/staff/sign-in").status_code,
        client.put("/staff/sign-in").status_code,
    }
    assert {200, 303, 400, 404, 405} <= kinds


def test_sockets_may_connect_to_this_host_alone(client: FlaskClient) -> None:
    policy = client.get("/staff/sign-in").headers["Content-Security-Policy"]
    assert "connect-src 'self' ws://localhost wss://localhost;" in policy


# Forms -----------------------------------------------------------------------------------------------------------------


def test_a_form_without_its_token_does_nothing(client: FlaskClient, admin: Account) -> None:
    signed_in(client, admin)
    answer = client.post("/staff/people/invite", data={"email": "x@example.org", "role": "admin"})
    assert answer.status_code == 400
    assert "Nothing was saved" in answer.get_data(as_text=True)
    assert "x@example.org" not in client.get("/staff/people").get_data(as_text=True)


def test_a_token_of_another_browser_does_nothing(client: FlaskClient, app: Flask, admin: Account) -> None:
    signed_in(client, admin)
    other = app.test_client().get("/staff/sign-in").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', other)
    assert token
    answer = client.post("/staff/sign-out", data={"csrf_token": token.group(1)})
    assert answer.status_code == 400
    assert client.get("/staff/account").status_code == 200


def test_a_form_is_accepted_without_a_referrer_under_tls(settings: Settings) -> None:
    """Referrer-Policy no-referrer makes browsers send no Referer and `Origin: null` with a form of our own."""
    with serving(settings, base_url="https://workshop.example.org") as client:
        base = "https://workshop.example.org"
        html = client.get("/staff/sign-in", base_url=base).get_data(as_text=True)
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
        assert token
        answer = client.post(
            "/staff/sign-in",
            base_url=base,
            data={"csrf_token": token.group(1), "email": "a@example.org", "password": "x"},
            headers={"Origin": "null"},
        )
        assert answer.status_code == 401


def test_an_empty_form_says_what_to_enter(client: FlaskClient) -> None:
    html = post(client, "/staff/sign-in", {}).get_data(as_text=True)
    assert "Enter your e-mail address." in html
    assert 'aria-invalid="true"' in html


def test_a_body_of_more_than_a_megabyte_is_refused(client: FlaskClient) -> None:
    answer = client.post("/staff/sign-in", data={"email": "x" * (1024 * 1024 + 1)})
    assert answer.status_code == 413
    assert "too large" in answer.get_data(as_text=True)


# Errors ----------------------------------------------------------------------------------------------------------------


def test_what_breaks_shows_and_logs_nothing_of_the_inside(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = failing(app).get("/breaks?said=canary-of-an-answer", headers={"User-Agent": "canary-of-a-browser"})
    assert answer.status_code == 500
    html = answer.get_data(as_text=True)
    check_html(html)
    assert "Something broke on our side" in html
    assert "RuntimeError" in caplog.text  # the place is logged
    for canary in ("canary-of-an-answer", "canary-of-a-browser", "127.0.0.1"):
        assert canary not in html + caplog.text


def test_a_full_disk_is_told_in_plain_words(app: Flask) -> None:
    answer = failing(app).get("/full")
    assert answer.status_code == 503
    assert "Nothing is lost on your side" in answer.get_data(as_text=True)
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("path", "status", "back"),
    [
        ("/s/" + "x" * 22 + "/answer", 400, "/s/" + "x" * 22 + "/"),
        ("/s/" + "x" * 22 + "/answer", 404, "/"),
        ("/s/" + "x" * 22 + "/", 500, "/"),
        ("/staff/sessions/" + "x" * 22 + "/settings", 409, "/staff/sessions/" + "x" * 22 + "/"),
        ("/staff/people", 403, "/staff/"),
        ("/nowhere", 404, "/"),
    ],
)
def test_an_error_offers_a_way_that_does_not_lead_back_into_it(app: Flask, path: str, status: int, back: str) -> None:
    with app.test_request_context(path):
        html = error_page(status, "This did not work", "Do this.").get_data(as_text=True)
    assert f'<a class="button button--primary" href="{back}">' in html


def test_a_pause_is_asked_for_politely(app: Flask) -> None:
    answer = failing(app).get("/pauses")
    assert answer.status_code == 429
    assert "Wait a little." in answer.get_data(as_text=True)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_client_that_asks_for_json_gets_it(client: FlaskClient) -> None:
    for path, status, code in (("/nowhere", 404, "http_404"), ("/staff/account", 401, "sign_in")):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == status
        assert answer.json
        assert (answer.json["ok"], answer.json["code"]) == (False, code)
        assert answer.json["sentence"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503])
def test_every_error_is_a_whole_page(app: Flask, status: int) -> None:
    with app.test_request_context("/"):
        html = error_page(status, "This did not work", "Do this.", advice="Or that.").get_data(as_text=True)
    check_html(html)
    assert 'class="button button--primary"' in html


def test_an_error_names_the_people_to_ask(settings: Settings) -> None:
    with serving(settings, support="Robin, extension 12") as client:
        assert "Robin, extension 12" in client.get("/nowhere").get_data(as_text=True)


# Styles and scripts ------------------------------------------------------------------------------------------------------


def static_files_url(client: FlaskClient, name: str) -> str:
    with client.application.test_request_context():
        return static_files.static_url(name)


def test_a_file_is_kept_for_a_year_and_checked_by_its_tag(client: FlaskClient) -> None:
    answer = client.get(static_files_url(client, "console.css"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = client.get(static_files_url(client, "console.css"), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_an_address_from_before_an_update_leads_to_the_present_file(client: FlaskClient) -> None:
    answer = client.get("/static/0000000000000000/console.css")
    assert answer.status_code == 302
    assert answer.location == static_files_url(client, "console.css")


@pytest.mark.parametrize("name", ["../app.py", "%2e%2e/app.py", "css/nothing.css", "..%2f..%2fapp.py", "css/"])
def test_nothing_outside_the_folder_is_served(client: FlaskClient, name: str) -> None:
    fingerprint = static_files_url(client, "x").split("/")[2]
    assert client.get(f"/static/{fingerprint}/{name}").status_code == 404


def test_a_compressed_file_holds_the_same_bytes(client: FlaskClient) -> None:
    url = static_files_url(client, "console.css")
    plain = client.get(url)
    packed = client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_each_audience_gets_one_sheet_and_tokens_come_first(tmp_path: Path) -> None:
    (tmp_path / "css").mkdir()
    for name in ("tokens", "base", "phone", "stage"):
        (tmp_path / "css" / f"{name}.css").write_text(f"/* {name} */")
    tree = static_files.read_tree(tmp_path)
    assert tree.files["phone.css"].content == b"/* tokens */\n/* base */\n/* phone */"
    assert tree.files["stage.css"].content == b"/* tokens */\n/* base */\n/* stage */"


def test_any_change_of_a_file_changes_every_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    before = static_files.read_tree(tmp_path).hash
    (tmp_path / "a.js").write_text("22")
    assert static_files.read_tree(tmp_path).hash != before


def test_no_style_leaves_this_site() -> None:
    for sheet in (static_files.STATIC / "css").glob("*.css"):
        assert not re.findall(r"@import|url\((?!data:|\"data:|'data:|#)", sheet.read_text()), sheet.name


# Languages -------------------------------------------------------------------------------------------------------------


def test_the_language_of_the_page_is_one_that_is_spoken(client: FlaskClient) -> None:
    html = client.get("/staff/sign-in", headers={"Accept-Language": "it, tlh"}).get_data(as_text=True)
    assert '<html lang="en" dir="ltr"' in html


# Pages -----------------------------------------------------------------------------------------------------------------


def test_every_staff_page_meets_the_standard(client: FlaskClient, admin: Account, facilitator: Account) -> None:
    signed_in(client, admin)
    for path in ("/staff/", "/staff/account", "/staff/people", "/staff/guides/"):
        assert client.get(path).status_code == 200


def test_a_hostile_brand_stays_text(settings: Settings) -> None:
    with serving(settings, brand_name="<script>alert(1)</script>{{ 7 * 7 }}") as client:
        html = client.get("/staff/sign-in").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "{{ 7 * 7 }}" in html


@pytest.mark.parametrize("target", [None, "", "x", "//x", "/\\x", "http://x", "/a\nb", "javascript:alert(1)"])
def test_only_a_path_of_this_site_is_safe_to_go_to(target: str | None) -> None:
    assert safe_next(target, "/otherwise") == "/otherwise"


def test_a_path_of_this_site_is_gone_to() -> None:
    assert safe_next("/staff/sessions/x/?a=b", "/otherwise") == "/staff/sessions/x/?a=b"
