"""What holds for every page: headers, hosts, CSRF, errors, static files."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.conftest import post, signed_in
from workshop.models import Account


def test_every_staff_page_meets_the_standard(client: FlaskClient, admin: Account, facilitator: Account) -> None:
    signed_in(client, admin)
    for path in ("/staff/", "/staff/account", "/staff/people"):
        assert client.get(path).status_code == 200
    assert (
        post(
            client, "/staff/people/invite", {"email": "x@example.org", "role": "facilitator"}, page="/staff/people"
        ).status_code
        == 200
    )
