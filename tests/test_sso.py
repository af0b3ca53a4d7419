"""Signing in by a provider: what is believed, whose account it is, and everything that is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwk
from sqlalchemy import select

from tests.conftest import make_account
from tests.sign_in_provider import CLIENT, CLIENT_SECRET, Provider
from workshop import accounts
from workshop.house import House
from workshop.models import Account, StaffIdentity
from workshop.settings import Settings, SettingsError


@pytest.fixture
def with_sso(other_app: Callable[..., Flask], provider: Provider, app: Flask) -> Flask:
    """Return the app with a provider; `app` is the same installation without."""
    return other_app(oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=CLIENT_SECRET)


def sign_in(client: FlaskClient, provider: Provider, query: str = "") -> Any:
    """Go there, say yes, come back."""
    there = client.get(f"/staff/sso/start{query}")
    assert there.status_code == 303 and there.location.startswith(f"{provider.issuer}/authorize?")
    return client.get(provider.consent(there.location))


def who(client: FlaskClient, house: House) -> str:
    """Return the address of whoever is signed in."""
    with client.session_transaction() as cookie:
        token = cookie.get("staff")
    with house.database.transaction() as session:
        account = accounts.account_of(session, token, house.clock())
    return account.email if account else ""


def _claims(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.update(changes)


@pytest.mark.parametrize(
    "change",
    [
        _claims(iss="https://another.example.org"),
        _claims(aud="another client"),
        _claims(aud=[CLIENT, "another client"]),
        _claims(nonce="of another try"),
        _claims(exp=int(time.time()) - 3600),
        _claims(iat=int(time.time()) + 3600),
        lambda claims: claims.pop("exp"),
        lambda claims: claims.pop("nonce"),
        lambda claims: claims.pop("sub"),
    ],
    ids=["issuer", "audience", "one of two audiences", "nonce", "expired", "not yet", "no end", "no nonce", "nobody"],
)
def test_a_token_that_is_not_for_us_here_and_now_opens_nothing(
    with_sso: Flask, provider: Provider, house: House, change: Callable[[dict[str, Any]], None]
) -> None:
    make_account(house, email="fay@example.org")
    provider.change = change
    client = with_sso.test_client()
    assert sign_in(client, provider).status_code == 401
    assert who(client, house) == ""


def test_a_token_that_somebody_else_signed_opens_nothing(with_sso: Flask, provider: Provider, house: House) -> None:
    make_account(house, email="fay@example.org")
    provider.signing = jwk.RSAKey.generate_key(2048, {"kid": "one"})
    assert sign_in(with_sso.test_client(), provider).status_code == 401
    # A secret that both know is no signature: it would be the public key in another attack.
    provider.signing, provider.algorithm = jwk.OctKey.import_key("x" * 64), "HS256"
    assert sign_in(with_sso.test_client(), provider).status_code == 401


def test_a_way_is_gone_once_and_by_the_browser_that_began_it(with_sso: Flask, provider: Provider, house: House) -> None:
    make_account(house, email="fay@example.org")
    client, other = with_sso.test_client(), with_sso.test_client()
    back = provider.consent(client.get("/staff/sso/start").location)
    assert other.get(back).status_code == 401, "a link with somebody's code signs nobody else in"
    assert client.get(back.replace("state=", "state=x")).status_code == 401
    assert client.get(back).status_code == 401, "a wrong return ends the way"
    back = provider.consent(client.get("/staff/sso/start").location)
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401, "and a right one too"
    assert client.get("/staff/sso/back?error=access_denied&state=x").status_code == 401
    assert provider.problems == []


def test_the_verifier_goes_with_the_code(with_sso: Flask, provider: Provider, house: House) -> None:
    make_account(house, email="fay@example.org")
    client = with_sso.test_client()
    back = provider.consent(client.get("/staff/sso/start").location)
    with client.session_transaction() as cookie:
        cookie["sso"] = {**cookie["sso"], "verifier": "v" * 43}
    assert client.get(back).status_code == 401
    assert provider.problems == ["refused"]


def test_a_provider_that_is_away_or_is_another_one_is_named_and_passwords_go_on(
    with_sso: Flask, provider: Provider
) -> None:
    client = with_sso.test_client()
    provider.issuer_said = "https://another.example.org"
    assert client.get("/staff/sso/start").status_code == 503
    provider.issuer_said = ""
    page = client.get("/staff/sign-in").get_data(as_text=True)
    assert "/staff/sso/start" in page and 'name="password"' in page


def test_without_a_provider_there_is_no_such_way(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/staff/sso/start").status_code == 404
    assert client.get("/staff/sso/back?code=x&state=y").status_code == 404
    assert "sso" not in client.get("/staff/sign-in").get_data(as_text=True)


def test_a_known_address_opens_its_account_and_only_to_the_person_it_was_tied_to(
    with_sso: Flask, provider: Provider, house: House
) -> None:
    fay = make_account(house, email="fay@example.org")
    client = with_sso.test_client()
    answer = sign_in(client, provider, "?next=/staff/guides/")
    assert (answer.status_code, answer.location) == (303, "/staff/guides/")
    assert who(client, house) == fay.email
    provider.person |= {"email": "fay.new@example.org"}  # a new address, the same person
    again = with_sso.test_client()
    assert sign_in(again, provider, "?next=//evil.example/").location == "/staff/"
    assert who(again, house) == fay.email
    provider.person |= {"sub": "person-2", "email": "fay@example.org"}  # the old address, another person
    stranger = with_sso.test_client()
    assert sign_in(stranger, provider).status_code == 403
    assert who(stranger, house) == ""


def test_an_account_at_the_provider_is_none_here_without_an_invitation(
    with_sso: Flask, provider: Provider, house: House
) -> None:
    assert sign_in(with_sso.test_client(), provider).status_code == 403
    with house.database.transaction() as session:
        assert session.scalars(select(Account)).all() == []
        path = accounts.invite(session, None, "fay@example.org", "admin", house.clock())
    client = with_sso.test_client()
    assert sign_in(client, provider).status_code == 303
    with house.database.transaction() as session:
        account = accounts.by_email(session, "fay@example.org")
        assert (account.name, account.role) == ("Fay Example", "admin")
        assert session.scalars(select(StaffIdentity.subject)).all() == ["person-1"]
    assert with_sso.test_client().get(path).status_code == 404, "the invitation is used"


def test_an_address_that_is_not_verified_opens_nothing(with_sso: Flask, provider: Provider, house: House) -> None:
    make_account(house, email="fay@example.org")
    for said in (False, "false", None):
        provider.person |= {"email_verified": said}
        assert sign_in(with_sso.test_client(), provider).status_code == 403
    del provider.person["email"], provider.person["email_verified"]
    provider.userinfo = {"sub": "somebody else", "email": "fay@example.org", "email_verified": True}
    assert sign_in(with_sso.test_client(), provider).status_code == 403
    provider.userinfo["sub"] = "person-1"
    assert sign_in(with_sso.test_client(), provider).status_code == 303


def test_an_account_that_is_kept_out_stays_out(with_sso: Flask, provider: Provider, house: House) -> None:
    make_account(house, "admin")
    fay = make_account(house, email="fay@example.org")
    assert sign_in(with_sso.test_client(), provider).status_code == 303
    with house.database.transaction() as session:
        accounts.set_active(session, None, fay.id, False)
    client = with_sso.test_client()
    assert sign_in(client, provider).status_code == 403
    assert who(client, house) == ""


def test_half_a_provider_and_one_without_tls_are_refused() -> None:
    for environ, said in (
        ({"OIDC_ISSUER": "https://login.example.org"}, "half set"),
        ({"OIDC_ISSUER": "http://login.example.org", "OIDC_CLIENT_ID": "x"}, "no https"),
    ):
        with pytest.raises(SettingsError, match=said):
            Settings.from_env({"SECRET_KEY": "x" * 40, **environ})


def test_a_flood_of_ways_to_the_provider_is_turned_away(with_sso: Flask) -> None:
    client = with_sso.test_client()
    assert {client.get("/staff/sso/start").status_code for _ in range(62)} == {303, 429}
