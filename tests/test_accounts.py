"""Staff accounts: links, sign-in, what ends a session, people, rights in a live session."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from secrets import token_urlsafe
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.conftest import PASSWORD, make_account, post, signed_in
from workshop import accounts, passwords
from workshop.backoff import REMEMBERED, Backoff
from workshop.errors import Forbidden, NotFound, WorkshopError
from workshop.house import House
from workshop.models import Account, LiveSession, SessionRole, StaffLink, StaffSession

Browser = Callable[[], FlaskClient]
SIGN_IN = "/staff/sign-in"


def enter(client: FlaskClient, email: str, password: str = PASSWORD, url: str = SIGN_IN) -> int:
    return post(client, url, {"email": email, "password": password}).status_code


def is_in(client: FlaskClient) -> bool:
    return client.get("/staff/account").status_code == 200


def live_session(house: House, role: str | None = None, account: Account | None = None) -> str:
    with house.database.transaction() as session:
        live = LiveSession(
            id=token_urlsafe(16),
            join_token=token_urlsafe(16),
            guide_source="",
            title="A morning together",
            language="en",
            expected=12,
            leader="Fay",
            created_on=date(2026, 11, 4),
        )
        session.add(live)
        session.flush()
        if role and account:
            session.add(SessionRole(live_id=live.id, account_id=account.id, role=role))
        return live.id


# Signing in --------------------------------------------------------------------------------------------------------


def test_a_wrong_password_and_an_unknown_address_look_the_same(client: FlaskClient, facilitator: Account) -> None:
    wrong = post(client, SIGN_IN, {"email": facilitator.email, "password": "not this one"})
    unknown = post(client, SIGN_IN, {"email": "nobody@example.org", "password": "not this one"})
    assert wrong.status_code == unknown.status_code == 401
    plain = [re.sub(r'value="[^"]*"', "", r.get_data(as_text=True)) for r in (wrong, unknown)]
    assert plain[0] == plain[1]


def test_an_unknown_address_costs_the_same_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[str] = []
    real = passwords.verify
    monkeypatch.setattr(passwords, "verify", lambda hashed, password: work.append(hashed) or real(hashed, password))
    assert accounts.sign_in(house, "nobody@example.org", "not this one") is None
    assert len(work) == 1
    assert work[0].startswith("$argon2id$")


def test_somebody_kept_out_cannot_sign_in(client: FlaskClient, house: House, admin: Account) -> None:
    gone = make_account(house)
    with house.database.transaction() as session:
        accounts.set_active(session, admin, gone.id, False)
    assert enter(client, gone.email) == 401


def test_guessing_is_slowed_and_the_right_password_waits_too(client: FlaskClient, facilitator: Account) -> None:
    for _ in range(6):
        enter(client, facilitator.email, "a wrong guess again")
    answer = post(client, SIGN_IN, {"email": facilitator.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Wait" in answer.get_data(as_text=True)


def test_guessing_from_elsewhere_does_not_lock_the_owner_out(app: Flask, facilitator: Account) -> None:
    attacker, owner = app.test_client(), app.test_client()
    attacker.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    owner.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    for _ in range(7):
        enter(attacker, facilitator.email, "a wrong guess again")
    assert enter(owner, facilitator.email) == 303


def test_a_flood_of_sign_ins_is_turned_away(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "verify", lambda _hashed, _password: False)
    app.extensions["sign_in_backoff"]._free = 1000
    seen = {enter(client, f"person{n}@example.org") for n in range(62)}
    assert seen == {401, 429}


def test_signing_in_leads_to_the_page_that_was_asked_for(client: FlaskClient, facilitator: Account) -> None:
    asked = client.get("/staff/account?x=1")
    assert asked.status_code == 303
    assert asked.location == "/staff/sign-in?next=/staff/account?x%3D1"
    answer = post(client, asked.location, {"email": facilitator.email.upper(), "password": PASSWORD})
    assert answer.location == "/staff/account?x=1"
    assert is_in(client)


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\tevil", "evil", "http:/evil"],
)
def test_next_never_leads_to_another_site(client: FlaskClient, facilitator: Account, target: str) -> None:
    url = f"{SIGN_IN}?{urlencode({'next': target})}"
    answer = post(client, url, {"email": facilitator.email, "password": PASSWORD})
    assert answer.location == "/staff/"


def test_signing_in_makes_a_new_cookie_and_keeps_nothing_of_the_old(client: FlaskClient, facilitator: Account) -> None:
    client.get(SIGN_IN)
    with client.session_transaction() as cookie:
        cookie["staff"] = "planted by somebody else"
        cookie["other"] = "as well"
    before = client.get_cookie("unstuck")
    enter(client, facilitator.email)
    after = client.get_cookie("unstuck")
    assert before
    assert after
    assert before.value != after.value
    with client.session_transaction() as cookie:
        assert "other" not in cookie
        assert cookie["staff"] != "planted by somebody else"


def test_the_cookie_is_closed_to_scripts_and_other_sites(client: FlaskClient, facilitator: Account) -> None:
    client.get(SIGN_IN)
    cookie = client.get_cookie("unstuck")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_the_database_keeps_no_token(client: FlaskClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    with client.session_transaction() as cookie:
        token = cookie["staff"]
    assert len(token) >= 43  # 256 bits in base64
    with house.database.transaction() as session:
        assert session.scalar(select(StaffSession.token_hash)) != token
        path = accounts.create_first_link(session, house.clock())
        assert path is None


# What ends a session ------------------------------------------------------------------------------------------------


def test_a_signed_out_cookie_is_worth_nothing(app: Flask, client: FlaskClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    kept = client.get_cookie("unstuck")
    assert kept
    post(client, "/staff/sign-out", page="/staff/account")
    thief = app.test_client()
    thief.set_cookie("unstuck", kept.value)
    assert not is_in(thief)


def test_a_session_ends_by_itself_after_a_week(client: FlaskClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    with client.session_transaction() as cookie:
        token = cookie["staff"]
    with house.database.transaction() as session:
        assert accounts.account_of(session, token, house.clock() + timedelta(days=6))
        assert accounts.account_of(session, token, house.clock() + timedelta(days=8)) is None


@pytest.mark.parametrize("what", ["role", "kept out", "reset link"])
def test_an_admins_change_ends_every_session_of_the_person(
    browser: Browser, house: House, admin: Account, what: str
) -> None:
    person = make_account(house)
    first, second = signed_in(browser(), person), signed_in(browser(), person)
    with house.database.transaction() as session:
        if what == "role":
            accounts.change_role(session, admin, person.id, "admin")
        elif what == "kept out":
            accounts.set_active(session, admin, person.id, False)
        else:
            accounts.reset_link(session, admin, person.id, house.clock())
    assert not is_in(first)
    assert not is_in(second)


def test_a_new_password_ends_every_other_session(browser: Browser, facilitator: Account) -> None:
    here, elsewhere = signed_in(browser(), facilitator), signed_in(browser(), facilitator)
    post(
        here,
        "/staff/account/password",
        {"present": PASSWORD, "password": "another long enough one"},
        page="/staff/account",
    )
    assert is_in(here)
    assert not is_in(elsewhere)
    assert enter(browser(), facilitator.email, "another long enough one") == 303


def test_the_password_changes_only_with_the_present_one(client: FlaskClient, facilitator: Account) -> None:
    signed_in(client, facilitator)
    answer = post(
        client,
        "/staff/account/password",
        {"present": "wrong", "password": "another long enough one"},
        page="/staff/account",
    )
    assert "not your present password" in answer.get_data(as_text=True)


# Passwords ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    ["short", "123456789012", "aaaaaaaaaaaaaa", "Fay@Example.org", "PasswordPassword", "x" * 257],
)
def test_a_bad_password_is_refused(password: str) -> None:
    with pytest.raises(WorkshopError) as refused:
        passwords.check("fay@example.org", password)
    assert refused.value.code == "weak_password"


def test_a_password_may_hold_any_letters() -> None:
    passwords.check("fay@example.org", "ruhige Flüsse 🚣 tragen")


def test_passwords_are_kept_as_argon2id() -> None:
    assert passwords.hash(PASSWORD).startswith("$argon2id$")


# One-time links -----------------------------------------------------------------------------------------------------


def test_the_first_link_makes_an_admin_and_then_is_gone(client: FlaskClient, browser: Browser, house: House) -> None:
    with house.database.transaction() as session:
        path = accounts.create_first_link(session, house.clock())
    assert path
    made = post(client, path, {"name": "Mara", "email": "Mara@Example.org", "password": PASSWORD})
    assert made.location == "/staff/"
    assert "Welcome, Mara" in client.get("/staff/").get_data(as_text=True)
    with house.database.transaction() as session:
        account = accounts.by_email(session, "mara@example.org")
        assert account.role == "admin"
        assert accounts.create_first_link(session, house.clock()) is None
    assert browser().get(path).status_code == 404


def test_a_new_first_link_replaces_the_old(client: FlaskClient, house: House) -> None:
    with house.database.transaction() as session:
        old = accounts.create_first_link(session, house.clock())
    with house.database.transaction() as session:
        new = accounts.create_first_link(session, house.clock())
    assert client.get(str(old)).status_code == 404
    assert client.get(str(new)).status_code == 200


def test_a_link_opens_once_even_for_two_at_the_same_moment(house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
    token = path.rsplit("/", 1)[1]
    accounts.redeem(house, "invite", token, name="New", password=PASSWORD)
    with pytest.raises(NotFound):
        accounts.redeem(house, "invite", token, name="Again", password=PASSWORD)
    with house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 2


@pytest.mark.parametrize("path", ["/staff/first/x", "/staff/invitation/x", "/staff/reset/x"])
def test_an_invented_link_opens_nothing(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "has been used or is too old" in answer.get_data(as_text=True)


def test_a_link_of_one_purpose_serves_no_other(client: FlaskClient, house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
    token = path.rsplit("/", 1)[1]
    assert client.get(f"/staff/reset/{token}").status_code == 404
    assert client.get(f"/staff/first/{token}").status_code == 404


def test_an_old_invitation_opens_nothing(house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
        with pytest.raises(NotFound):
            accounts.read_link(session, "invite", path.rsplit("/", 1)[1], house.clock() + timedelta(days=8))


def test_a_weak_password_leaves_the_invitation_open(client: FlaskClient, house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
    refused = post(client, path, {"name": "New", "password": "short"})
    assert "too short" in refused.get_data(as_text=True)
    assert post(client, path, {"name": "New", "password": PASSWORD}).location == "/staff/"


def test_a_reset_link_sets_a_password_and_signs_in(client: FlaskClient, house: House, admin: Account) -> None:
    person = make_account(house)
    with house.database.transaction() as session:
        path = accounts.reset_link(session, admin, person.id, house.clock())
    assert post(client, path, {"password": "another long enough one"}).location == "/staff/"
    assert client.get(path).status_code == 404


def test_the_database_keeps_no_link(house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
        assert session.scalar(select(StaffLink.token_hash)) not in path


# People ---------------------------------------------------------------------------------------------------------------


def test_a_facilitator_may_not_look_after_people(client: FlaskClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    assert client.get("/staff/people").status_code == 403
    with house.database.transaction() as session:
        for change in (
            lambda: accounts.invite(session, facilitator, "x@example.org", "admin", house.clock()),
            lambda: accounts.reset_link(session, facilitator, facilitator.id, house.clock()),
            lambda: accounts.set_active(session, facilitator, facilitator.id, False),
            lambda: accounts.change_role(session, facilitator, facilitator.id, "admin"),
            lambda: accounts.withdraw_invitation(session, facilitator, "x@example.org"),
        ):
            with pytest.raises(Forbidden):
                change()


@pytest.mark.parametrize("what", ["role", "kept out"])
def test_the_last_admin_stays(house: House, admin: Account, facilitator: Account, what: str) -> None:
    def leave() -> None:
        with house.database.transaction() as session:
            if what == "role":
                accounts.change_role(session, admin, admin.id, "facilitator")
            else:
                accounts.set_active(session, admin, admin.id, False)

    with pytest.raises(WorkshopError, match="last admin"):
        leave()
    make_account(house, "admin")
    leave()
    with house.database.transaction() as session:
        kept = accounts.by_email(session, admin.email)
    assert kept.role == "facilitator" or not kept.active


def test_an_address_has_one_account(house: House, admin: Account, facilitator: Account) -> None:
    with house.database.transaction() as session, pytest.raises(WorkshopError, match="already has an account"):
        accounts.invite(session, admin, facilitator.email.upper(), "facilitator", house.clock())


def test_an_admin_invites_with_a_link_that_is_shown_once(client: FlaskClient, browser: Browser, admin: Account) -> None:
    signed_in(client, admin)
    page = post(
        client, "/staff/people/invite", {"email": "new@example.org", "role": "facilitator"}, page="/staff/people"
    ).get_data(as_text=True)
    link = re.search(r'value="http://localhost(/staff/invitation/[\w-]+)"', page)
    assert link
    again = client.get("/staff/people").get_data(as_text=True)
    assert link.group(1) not in again
    assert "new@example.org" in again
    newcomer = browser()
    assert post(newcomer, link.group(1), {"name": "Nia", "password": PASSWORD}).location == "/staff/"
    assert newcomer.get("/staff/people").status_code == 403


def test_a_withdrawn_invitation_opens_nothing(client: FlaskClient, house: House, admin: Account) -> None:
    with house.database.transaction() as session:
        path = accounts.invite(session, admin, "new@example.org", "facilitator", house.clock())
    signed_in(client, admin)
    post(client, "/staff/people/invitations/withdraw", {"email": "new@example.org"}, page="/staff/people")
    assert client.get(path).status_code == 404


def test_people_are_changed_from_the_page(client: FlaskClient, house: House, admin: Account) -> None:
    person = make_account(house)
    signed_in(client, admin)
    post(client, f"/staff/people/{person.id}/role", {"role": "admin"}, page="/staff/people")
    post(client, f"/staff/people/{person.id}/active", {"active": "no"}, page="/staff/people")
    with house.database.transaction() as session:
        changed = accounts.by_email(session, person.email)
        assert (changed.role, changed.active) == ("admin", False)
    post(client, f"/staff/people/{person.id}/active", {"active": "yes"}, page="/staff/people")
    link = post(client, f"/staff/people/{person.id}/reset-link", page="/staff/people").get_data(as_text=True)
    assert "/staff/reset/" in link


def test_names_are_kept_tidy(client: FlaskClient, house: House, facilitator: Account) -> None:
    signed_in(client, facilitator)
    post(client, "/staff/account/name", {"name": "  Fay   <b>Smith</b> "}, page="/staff/account")
    page = client.get("/staff/account").get_data(as_text=True)
    assert "Fay &lt;b&gt;Smith&lt;/b&gt;" in page


# Rights in a live session -----------------------------------------------------------------------------------------------


def test_an_admin_has_no_right_in_a_session_by_being_one(house: House, admin: Account, facilitator: Account) -> None:
    live_id = live_session(house, "run", facilitator)
    with house.database.transaction() as session:
        assert accounts.role_in(session, admin.id, live_id) is None
        found = accounts.role_in(session, facilitator.id, live_id)
        assert found
        assert found[1] == "run"
        assert accounts.role_in(session, facilitator.id, "no such session") is None


def test_a_foreign_session_and_none_at_all_look_the_same(
    client: FlaskClient, house: House, admin: Account, facilitator: Account
) -> None:
    foreign = live_session(house, "run", facilitator)
    signed_in(client, admin)
    answers = [client.get(f"/staff/sessions/{live_id}/settings") for live_id in (foreign, "x" * 22)]
    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].data == answers[1].data


def test_another_part_in_the_session_is_forbidden_not_hidden(
    client: FlaskClient, house: House, facilitator: Account
) -> None:
    live_id = live_session(house, "watch", facilitator)
    signed_in(client, facilitator)
    assert client.get(f"/staff/sessions/{live_id}/settings").status_code == 403


def test_the_desk_lists_only_my_sessions(
    client: FlaskClient, house: House, admin: Account, facilitator: Account
) -> None:
    live_session(house, "run", facilitator)
    assert "A morning together" not in signed_in(client, admin).get("/staff/").get_data(as_text=True)
    assert "A morning together" in signed_in(client, facilitator).get("/staff/").get_data(as_text=True)


# The memory of failures ---------------------------------------------------------------------------------------------------


def test_the_pause_grows_to_a_limit_and_trying_does_not_lengthen_it() -> None:
    now = [0.0]
    backoff = Backoff(free=3, longest=60, clock=lambda: now[0])
    pauses = []
    for _ in range(12):
        backoff.fail("somebody")
        pauses.append(backoff.wait("somebody"))
        now[0] += 100
    assert pauses[:4] == [0.0, 0.0, 1.0, 2.0]
    assert pauses[-1] == 60
    assert backoff.wait("somebody") == 0
    backoff.clear("somebody")
    backoff.fail("somebody")
    assert backoff.wait("somebody") == 0


def test_the_memory_of_failures_is_bounded() -> None:
    backoff = Backoff(free=0)
    for number in range(REMEMBERED + 50):
        backoff.fail(number)
    assert len(backoff._failures) == REMEMBERED


def test_expired_sessions_are_cleared_out(house: House, facilitator: Account) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with house.database.transaction() as session:
        accounts.open_browser(session, facilitator.id, long_ago)
    with house.database.transaction() as session:
        accounts.open_browser(session, facilitator.id, house.clock())
    with house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(StaffSession)) == 1
