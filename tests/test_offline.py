"""The service worker's file and leaving: no script is older than its files, and nobody else gives a seat back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.conftest import CheckedClient
from tests.small_guide import look_up, make_session
from workshop import anonymity
from workshop.house import House
from workshop.models import Account
from workshop.web.static_files import read_tree


def test_the_worker_names_the_files_it_belongs_to(client: CheckedClient) -> None:
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.get_data(as_text=True).startswith(f'self.TREE = "{read_tree().hash}";')
    assert answer.headers["Cache-Control"] == "no-cache"
    assert client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_leaving_deletes_the_secret_of_this_phone_and_changes_nothing_else(
    house: House, facilitator: Account, other_app: Callable[..., Flask]
) -> None:
    live_id = make_session(house, facilitator)
    for app in (other_app(), other_app(base_url="https://unstuck.example.org")):
        https = app.extensions["house"].settings.https
        base = "https://unstuck.example.org" if https else "http://localhost"
        name = anonymity.seat_cookie(live_id, https)
        phone = app.test_client()
        seat = anonymity.seat_value(app.extensions["house"].seat_key, live_id, anonymity.new_secret())
        phone.set_cookie(name, seat, domain=base.split("/")[2], secure=https)
        headers = {"Accept": "application/json"}
        assert phone.post(f"/s/{live_id}/leave", base_url=base, headers=headers).json["code"] == "csrf"
        token = phone.get(f"/s/{live_id}/notes/token", base_url=base).json["csrf"]
        joined = look_up(house, live_id).joined
        left = phone.post(f"/s/{live_id}/leave", base_url=base, headers={**headers, "X-CSRFToken": token})
        assert left.status_code == 204
        assert any(line.startswith(f"{name}=;") and "Max-Age=0" in line for line in left.headers.getlist("Set-Cookie"))
        assert phone.get(f"/s/{live_id}/notes/token", base_url=base).status_code == 404
        assert look_up(house, live_id).joined == joined
