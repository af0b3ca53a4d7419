"""What a stranger found who knew the product only from its documents: one line, many addresses, no seat.

Each of these was first done to a running server of the version before, where it worked.
"""

from __future__ import annotations

import http.client
import resource
from collections import Counter
from contextlib import closing

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import LiveServer, make_account, post
from tests.pages import csrf_token
from tests.small_guide import ask, look_up, make_session
from tests.wire import Inside
from workshop import addresses, passwords
from workshop.house import House
from workshop.models import Account
from workshop.realtime.direct.engine import MOST_STRANGERS
from workshop.web import take_part


def test_strangers_who_never_join_do_not_take_the_places_of_those_who_do(
    inside: Inside, shared_server: LiveServer
) -> None:
    """One connection is enough to open some thousand sessions in two seconds; all phones were turned away until they lapsed."""
    met: Counter[int] = Counter()
    with closing(http.client.HTTPConnection("127.0.0.1", shared_server.port, timeout=20)) as line:
        for _ in range(MOST_STRANGERS + 50):
            line.request("GET", "/socket.io/?EIO=4&transport=polling")
            answer = line.getresponse()
            answer.read()
            met[answer.status] += 1
        assert met == {200: MOST_STRANGERS + 50}
        with closing(inside.phone()) as phone:
            assert phone.call("screen", {})["html"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket file", "a socket file"),
        (None, "unknown"),
    ],
)
def test_a_network_of_ipv6_is_one_source(address: str | None, source: str) -> None:
    assert addresses.source_of(address) == source


def test_passwords_cannot_be_guessed_from_a_new_address_each_time(app: Flask, house: House) -> None:
    account = make_account(house)
    attacker = app.test_client()
    token = csrf_token(attacker.get("/staff/sign-in").get_data(as_text=True))
    met = [
        attacker.post(
            "/staff/sign-in",
            data={"csrf_token": token, "email": account.email, "password": f"a wrong guess {n}"},
            environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"},
        ).status_code
        for n in range(8)
    ]
    assert met[0] == 401 and met[-1] == 429


def test_codes_cannot_be_guessed_from_a_new_address_each_time(app: Flask, house: House) -> None:
    attacker = app.test_client()
    token = csrf_token(attacker.get("/").get_data(as_text=True))
    met = [
        attacker.post(
            "/",
            data={"csrf_token": token, "code": "ABCDEF"},
            environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"},
        ).status_code
        for n in range(take_part.SOURCE_FREE + 3)
    ]
    assert met[0] == 404 and met[-1] == 429


def test_a_flood_of_hashes_from_one_network_is_turned_away(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "verify", lambda _hashed, _password: False)
    attacker = app.test_client()
    token = csrf_token(attacker.get("/staff/sign-in").get_data(as_text=True))
    app.extensions["sign_in_backoff"]._free = 1000
    met = {
        attacker.post(
            "/staff/sign-in",
            data={"csrf_token": token, "email": f"person{n}@example.org", "password": "a wrong guess"},
            environ_base={"REMOTE_ADDR": f"2001:db8::{n:x}"},
        ).status_code
        for n in range(62)
    }
    assert met == {401, 429}


@pytest.mark.parametrize(
    "body", ['"x"', "[1]", "null", '{"email": 5, "password": ["a"]}', '{"email": {}, "password": {}}']
)
def test_a_body_of_json_breaks_no_form(client: FlaskClient, body: str) -> None:
    token = csrf_token(client.get("/staff/sign-in").get_data(as_text=True))
    answer = client.post(
        "/staff/sign-in", data=body, headers={"Content-Type": "application/json", "X-CSRFToken": token}
    )
    assert answer.status_code == 200 and "Enter your e-mail" in answer.get_data(as_text=True)


def test_no_browser_sends_what_is_typed_to_its_maker(client: FlaskClient, house: House, facilitator: Account) -> None:
    """Spelling and suggestions from a cloud read every letter, of worksheets and of what is never sent too."""
    live_id = make_session(house, facilitator)
    pages = ["/", f"/j/{look_up(house, live_id).join_token}"]
    post(client, pages[1])
    ask(house, live_id, "stuck")
    for page in [*pages, *(f"/s/{live_id}/{name}" for name in ("", "notes/", "sent", "word", "kept"))]:
        root = client.get(page, follow_redirects=True).get_data(as_text=True).partition("<html")[2].partition(">")[0]
        assert 'spellcheck="false"' in root, page
        assert 'writingsuggestions="false"' in root, page


def test_a_server_that_breaks_leaves_no_core_file(shared_server: LiveServer) -> None:
    """However it was started: by hand, in a container, by a service manager. Its memory holds every open answer."""
    assert shared_server.process is not None
    assert resource.prlimit(shared_server.process.pid, resource.RLIMIT_CORE) == (0, 0)
