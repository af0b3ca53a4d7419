"""Several facilitators in one session: parts, links, taking over, and the phone that steers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient
from sqlalchemy import select

from tests.conftest import make_account, signed_in
from tests.pages import csrf_token
from tests.small_guide import go, look_up, make_session
from workshop import accounts, anonymity, facilitators, live_sessions
from workshop.errors import NotFound, WorkshopError
from workshop.house import House
from workshop.models import Account, SessionInvitation, SessionRemote, StaffSession
from workshop.realtime.rooms import Registry


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a running session."""
    made = make_session(house, facilitator)
    go(house, made, "start")
    return made


@pytest.fixture
def colleague(house: House) -> Account:
    """Return somebody without a part in the session."""
    return make_account(house, name="Tom Berg")


def invited(house: House, actor: Account, live_id: str, role: str) -> str:
    """Return the token of a fresh invitation."""
    with house.database.transaction() as session:
        return facilitators.invite(session, actor, live_id, role, "", house.clock()).rpartition("/")[2]


def join(house: House, who: Account, token: str) -> str:
    """Use an invitation."""
    with house.database.transaction() as session:
        return facilitators.accept(session, who, token, house.clock())


def parts(house: House, live_id: str) -> dict[str, str]:
    """Return name -> part."""
    with house.database.transaction() as session:
        return {one.account.name: one.role for one in facilitators.people(session, live_id)}


def later(house: House, by: timedelta) -> House:
    """Return the same house at a later hour."""
    return replace(house, clock=lambda: house.clock() + by)


def post(client: FlaskClient, path: str, page: str = "", **fields: str) -> Any:
    """Send a form with the token of the page it is on."""
    token = csrf_token(client.get(page or path).get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **fields})


# -- parts


@pytest.mark.parametrize("role", ["run", "moderate", "watch"])
def test_a_link_gives_its_part_once(
    house: House, facilitator: Account, colleague: Account, live_id: str, role: str
) -> None:
    token = invited(house, facilitator, live_id, role)
    assert join(house, colleague, token) == live_id
    assert parts(house, live_id)[colleague.name] == role
    with pytest.raises(NotFound):
        join(house, make_account(house), token)


def test_only_the_hash_of_a_link_is_kept(house: House, facilitator: Account, live_id: str) -> None:
    token = invited(house, facilitator, live_id, "run")
    with house.database.transaction() as session:
        row = session.scalars(select(SessionInvitation)).one()
        kept = {name: str(getattr(row, name)) for name in SessionInvitation.__mapper__.columns.keys()}  # noqa: SIM118 - not a dict
    assert token not in kept.values()
    assert len(token) >= 43


def test_an_old_or_withdrawn_link_opens_nothing(
    house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    old, withdrawn = invited(house, facilitator, live_id, "run"), invited(house, facilitator, live_id, "run")
    with pytest.raises(NotFound):
        join(later(house, facilitators.INVITATION_LASTS + timedelta(seconds=1)), colleague, old)
    with house.database.transaction() as session:
        for one in facilitators.open_invitations(session, live_id, house.clock()):
            facilitators.withdraw(session, live_id, one.id)
    with pytest.raises(NotFound):
        join(house, colleague, withdrawn)
    assert colleague.name not in parts(house, live_id)


def test_a_smaller_invitation_takes_nothing_away(
    house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "run"))
    join(house, colleague, invited(house, facilitator, live_id, "watch"))
    assert parts(house, live_id)[colleague.name] == "run"


def test_somebody_always_runs_the_session(house: House, facilitator: Account, colleague: Account, live_id: str) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "moderate"))
    for change in (
        lambda db: facilitators.remove(db, live_id, facilitator.id),
        lambda db: facilitators.change_role(db, live_id, facilitator.id, "watch"),
    ):
        with pytest.raises(WorkshopError, match="has to run"), house.database.transaction() as session:
            change(session)
    assert parts(house, live_id)[facilitator.name] == "run"
    with house.database.transaction() as session:
        facilitators.change_role(session, live_id, colleague.id, "run")
        facilitators.remove(session, live_id, facilitator.id)
    assert parts(house, live_id) == {colleague.name: "run"}


def test_somebody_who_cannot_sign_in_does_not_count_as_running(
    house: House, admin: Account, facilitator: Account, colleague: Account, live_id: str
) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "run"))
    with house.database.transaction() as session:
        accounts.set_active(session, admin, colleague.id, False)
    with pytest.raises(WorkshopError, match="has to run"), house.database.transaction() as session:
        facilitators.remove(session, live_id, facilitator.id)


def test_links_end_with_the_part_of_whoever_made_them(
    house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "run"))
    kept = invited(house, colleague, live_id, "run")
    with house.database.transaction() as session:
        facilitators.change_role(session, live_id, colleague.id, "watch")
    with pytest.raises(NotFound):
        join(house, colleague, kept)
    assert parts(house, live_id)[colleague.name] == "watch"


def test_a_link_follows_a_session_that_began_again(house: House, facilitator: Account, colleague: Account) -> None:
    lobby = make_session(house, facilitator)
    token = invited(house, facilitator, lobby, "moderate")
    fresh = live_sessions.restart_with_floors(house, facilitator, lobby, 6, 11)
    assert join(house, colleague, token) == fresh


def test_an_open_console_ends_with_the_part(
    app: Flask, house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "run"))
    browser = app.test_client()
    signed_in(browser, colleague)
    console = at_console(app, browser, live_id)
    registry: Registry = app.extensions["realtime"].registry
    assert registry.outdated() == []
    with house.database.transaction() as session:
        facilitators.change_role(session, live_id, colleague.id, "watch")
    ack = console.emit("move", move(house, live_id), callback=True)
    assert ack["code"] == "forbidden", "rights are read anew at each press, before anything is hung up"
    assert len(registry.outdated()) == 1, "hung up within seconds"


def at_console(app: Flask, client: FlaskClient, live_id: str) -> SocketIOTestClient:
    """Open a console's connection."""
    auth = {"audience": "console", "live": live_id}
    return SocketIOTestClient(app, app.extensions["socketio"], auth=auth, flask_test_client=client)


def move(house: House, live_id: str) -> dict[str, Any]:
    """Return a press that anybody who runs the session can make."""
    return {"command": "blank", "argument": "on", "version": look_up(house, live_id).version}


# -- who is at the consoles


def test_consoles_read_who_is_here_and_who_pressed_and_nobody_else_does(
    app: Flask, house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    join(house, colleague, invited(house, facilitator, live_id, "run"))
    browsers = {person.name: app.test_client() for person in (facilitator, colleague)}
    signed_in(browsers[facilitator.name], facilitator)
    signed_in(browsers[colleague.name], colleague)
    seats = {name: at_console(app, browser, live_id) for name, browser in browsers.items()}
    assert seats[colleague.name].emit("move", move(house, live_id), callback=True)["ok"]
    page = browsers[facilitator.name].get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert "At the consoles:" in page
    assert f"last press: <b><bdi>{colleague.name}" in page
    stage = app.test_client().get(f"/stage/{look_up(house, live_id).stage_token}").get_data(as_text=True)
    phone = app.test_client()
    phone.set_cookie(anonymity.seat_cookie(live_id, False), live_sessions.join(house, live_id, None))
    for screen in (stage, phone.get(f"/s/{live_id}/").get_data(as_text=True)):
        assert colleague.name not in screen
        assert facilitator.name not in screen
    seats[colleague.name].disconnect()
    assert house.desks.here(live_id) == (facilitator.name,)
    assert house.desks.last(live_id) == colleague.name


# -- pages


def test_people_are_invited_changed_and_leave_on_the_page(
    client: FlaskClient, app: Flask, house: House, facilitator: Account, colleague: Account, live_id: str
) -> None:
    signed_in(client, facilitator)
    page = f"/staff/sessions/{live_id}/people"
    made = post(client, f"{page}/invite", page, role="moderate", label="Tom").get_data(as_text=True)
    found = re.search(r"/staff/part/[\w-]+", made)
    assert found
    assert found[0] not in client.get(page).get_data(as_text=True), "shown once"
    other = app.test_client()
    assert "Sign in" in other.get(found[0]).get_data(as_text=True)
    signed_in(other, colleague)
    assert colleague.name in other.get(found[0]).get_data(as_text=True)
    assert colleague.name not in parts(house, live_id), "a look at the link does nothing"
    assert post(other, found[0]).location == f"/staff/sessions/{live_id}/"
    assert "You moderate" in other.get("/staff/").get_data(as_text=True)
    assert other.get(page).status_code == 403
    assert post(client, f"{page}/{colleague.id}/role", page, role="run").status_code == 303
    assert "Shared with you" in other.get("/staff/").get_data(as_text=True)
    assert post(other, f"/staff/sessions/{live_id}/leave", page).location == "/staff/"
    assert parts(house, live_id) == {facilitator.name: "run"}
    assert other.get(page).status_code == 404


def test_an_admin_invites_somebody_new_in_one_link(
    client: FlaskClient, app: Flask, house: House, admin: Account, facilitator: Account, live_id: str
) -> None:
    join(house, admin, invited(house, facilitator, live_id, "run"))
    signed_in(client, admin)
    page = f"/staff/sessions/{live_id}/people"
    made = post(client, f"{page}/invite", page, role="watch", label="", email="new@example.org")
    found = re.search(r"/staff/invitation/[\w-]+\?next=/staff/part/[\w-]+", made.get_data(as_text=True))
    assert found
    new = app.test_client()
    welcome = post(new, found[0], name="Nia New", password="seven quiet boats drift home")
    assert post(new, welcome.location).location == f"/staff/sessions/{live_id}/"
    assert parts(house, live_id)["Nia New"] == "watch"
    signed_in(client, facilitator)
    again = post(client, f"{page}/invite", page, role="watch", label="", email="another@example.org")
    assert "/staff/invitation/" not in again.get_data(as_text=True), "accounts are made by admins alone"


# -- taking over


def test_an_admin_in_the_room_goes_on_where_the_facilitator_stopped(
    client: FlaskClient, house: House, admin: Account, live_id: str
) -> None:
    signed_in(client, admin)
    before = look_up(house, live_id)
    assert client.get(f"/staff/sessions/{live_id}/").status_code == 404, "no part by being an admin"
    assert post(client, "/staff/take-over", proof="ZZZZZZ").status_code == 422
    code = f"{str(before.code)[:3]} {str(before.code)[3:].lower()}"
    assert post(client, "/staff/take-over", proof=code).location == f"/staff/sessions/{live_id}/"
    assert (look_up(house, live_id).at, look_up(house, live_id).version) == (before.at, before.version)
    assert parts(house, live_id)[admin.name] == "run"


def test_the_stage_link_is_proof_where_the_door_is_closed(house: House, admin: Account, live_id: str) -> None:
    go(house, live_id, "door", "closed")
    with house.database.transaction() as session:
        link = f"http://127.0.0.1:8000/stage/{look_up(house, live_id).stage_token}?language=de#large"
        assert facilitators.take_over(session, admin, link) == live_id


@pytest.mark.parametrize("proof", ["", " ", "x", "/", "None", "%00", "é" * 6])
def test_no_made_up_proof_takes_anything_over(house: House, admin: Account, live_id: str, proof: str) -> None:
    go(house, live_id, "door", "closed")
    go(house, live_id, "stage_link", "revoke")
    with pytest.raises(NotFound), house.database.transaction() as session:
        facilitators.take_over(session, admin, proof)


def test_an_ended_session_is_nobodys_to_take_over(house: House, admin: Account, live_id: str) -> None:
    proof = str(look_up(house, live_id).stage_token)
    go(house, live_id, "end")
    with pytest.raises(NotFound), house.database.transaction() as session:
        facilitators.take_over(session, admin, proof)


# -- the remote


@pytest.fixture
def remote(app: Flask, client: FlaskClient, house: House, facilitator: Account, live_id: str) -> FlaskClient:
    """Return a phone's browser that steers for the facilitator, who is signed in with `client`."""
    signed_in(client, facilitator)
    path = remote_path(client, live_id)
    phone = app.test_client()
    assert "this session alone" in phone.get(path).get_data(as_text=True)
    assert post(phone, path).location == f"/staff/sessions/{live_id}/"
    return phone


def remote_path(client: FlaskClient, live_id: str) -> str:
    """Press for a code and return the path in it."""
    page = f"/staff/sessions/{live_id}/remote"
    found = re.search(r"/staff/remote/[\w-]+", post(client, page, do="make").get_data(as_text=True))
    assert found
    return found[0]


def test_a_remote_steers_its_session(app: Flask, house: House, remote: FlaskClient, live_id: str) -> None:
    page = remote.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert 'id="primary"' in page
    assert "Put this remote away" in page
    assert at_console(app, remote, live_id).emit("move", move(house, live_id), callback=True)["ok"]
    version = str(look_up(house, live_id).version)
    assert remote.post(
        f"/staff/sessions/{live_id}/move",
        data={"csrf_token": csrf_token(remote.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)), "do": "blank:off", "version": version},
    ).status_code == 303  # fmt: skip
    assert not look_up(house, live_id).blank


def test_a_remote_opens_nothing_but_the_console_and_the_texts_it_links(
    app: Flask, house: House, remote: FlaskClient, facilitator: Account, live_id: str
) -> None:
    """Every route that asks for an account or a part, those of the same session included."""
    other = make_session(house, facilitator)
    opened = set()
    adapter = app.url_map.bind("localhost")
    app.config["WTF_CSRF_ENABLED"] = False
    for rule in app.url_map.iter_rules():
        names = set(app.view_functions[rule.endpoint].audience)  # type: ignore[attr-defined]
        if names & {"anybody", "seat", "stage", "operator"}:  # none of them asks who is signed in
            continue
        for method in sorted({"GET", "POST"} & set(rule.methods or ())):
            for session_id in (live_id, other):
                values = dict.fromkeys(rule.arguments, "1") | {"live_id": session_id}
                url = adapter.build(rule.endpoint, values, method=method)
                answer = remote.open(url, method=method)
                if answer.status_code != 303 or not answer.location.startswith("/staff/sign-in"):
                    opened.add((method, rule.rule, session_id))
    console = "/staff/sessions/<live_id>/"
    texts = f"{console}moderation/<activity_id>"
    assert opened == {
        ("GET", console, live_id),
        ("POST", f"{console}move", live_id),
        *{("GET", texts, live_id), ("GET", f"{texts}/desk", live_id), ("POST", texts, live_id)},
    }
    assert not at_console(app, remote, other).is_connected()


def sign_out(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    post(client, "/staff/sign-out", "/staff/")


def lose_the_part(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    join(house, admin, invited(house, who, live_id, "run"))
    with house.database.transaction() as session:
        facilitators.remove(session, live_id, who.id)


def be_kept_out(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    with house.database.transaction() as session:
        accounts.set_active(session, admin, who.id, False)


def end_it(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    post(client, f"/staff/sessions/{live_id}/remote", do="end")


def grow_old(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    with house.database.transaction() as session:
        session.scalars(select(SessionRemote)).one().expires_at = house.clock()


def let_the_browser_expire(house: House, live_id: str, who: Account, admin: Account, client: FlaskClient) -> None:
    with house.database.transaction() as session:
        for browser in session.scalars(select(StaffSession)):
            browser.expires_at = house.clock()


@pytest.mark.parametrize("end", [sign_out, lose_the_part, be_kept_out, end_it, grow_old, let_the_browser_expire])
def test_a_remote_ends_with_what_it_hangs_on(
    app: Flask, house: House, client: FlaskClient, remote: FlaskClient, facilitator: Account, admin: Account,
    live_id: str, end: Callable[..., None],
) -> None:  # fmt: skip
    console = at_console(app, remote, live_id)
    end(house, live_id, facilitator, admin, client)
    assert console.emit("move", move(house, live_id), callback=True)["code"] == "forbidden"
    assert len(app.extensions["realtime"].registry.outdated()) == 1
    assert remote.get(f"/staff/sessions/{live_id}/").location.startswith("/staff/sign-in")


def test_a_remote_has_the_part_of_its_person_and_never_more(
    app: Flask, house: House, remote: FlaskClient, facilitator: Account, admin: Account, live_id: str
) -> None:
    join(house, admin, invited(house, facilitator, live_id, "run"))
    console = at_console(app, remote, live_id)
    with house.database.transaction() as session:
        facilitators.change_role(session, live_id, facilitator.id, "watch")
    assert len(app.extensions["realtime"].registry.outdated()) == 1
    assert console.emit("move", move(house, live_id), callback=True)["code"] == "forbidden"
    page = remote.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert 'id="primary"' not in page


def test_a_remote_puts_itself_away(client: FlaskClient, house: House, remote: FlaskClient, live_id: str) -> None:
    console = f"/staff/sessions/{live_id}/"
    assert post(remote, f"{console}remote/put-away", console).status_code == 303
    with house.database.transaction() as session:
        assert session.scalars(select(SessionRemote)).all() == []
    assert post(client, f"{console}remote/put-away", console).status_code == 303
    assert client.get(console).status_code == 200, "a console that is no remote stays as it is"


def test_a_remote_link_works_once_and_for_minutes(
    app: Flask, client: FlaskClient, house: House, facilitator: Account, live_id: str
) -> None:
    signed_in(client, facilitator)
    first = remote_path(client, live_id)
    second = remote_path(client, live_id)
    assert app.test_client().get(first).status_code == 404, "a new code ends the one before"
    phone = app.test_client()
    post(phone, second)
    assert app.test_client().get(second).status_code == 404
    third = remote_path(client, live_id).rpartition("/")[2]
    with pytest.raises(NotFound), house.database.transaction() as session:
        facilitators.open_remote(session, third, house.clock() + facilitators.REMOTE_LINK_LASTS)
    with house.database.transaction() as session:
        kept = [(row.link_hash, row.token_hash) for row in session.scalars(select(SessionRemote))]
    assert not any(third in (link, token) or second.rpartition("/")[2] in (link, token) for link, token in kept)
    assert phone.get(f"/staff/sessions/{live_id}/").status_code == 200, "the phone that steers goes on"


def test_a_remote_that_is_also_signed_in_acts_as_itself(
    app: Flask, house: House, remote: FlaskClient, facilitator: Account, colleague: Account, live_id: str
) -> None:
    """An own, smaller part comes first: nobody hides behind somebody else's remote by accident."""
    join(house, colleague, invited(house, facilitator, live_id, "watch"))
    with house.database.transaction() as session:
        token = accounts.open_browser(session, colleague.id, house.clock())
    with remote.session_transaction() as cookie:
        cookie["staff"] = token
    assert 'id="primary"' not in remote.get(f"/staff/sessions/{live_id}/").get_data(as_text=True)
    assert at_console(app, remote, live_id).emit("move", move(house, live_id), callback=True)["code"] == "forbidden"
