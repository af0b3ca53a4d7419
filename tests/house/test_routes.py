"""Every address: who may open it is declared, and opening it changes nothing."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from tests.conftest import CheckedClient, signed_in
from workshop.db import Base
from workshop.guides import library
from workshop.house import House
from workshop.models import Account, Freeze, Guide, LiveSession, ReportFile, SessionRole, StaffSession
from workshop.web.rights import AUDIENCES

ROOT = Path(__file__).resolve().parents[2]


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def a_world(house: House, account: Account) -> dict[str, Any]:
    """Make one of everything that addresses speak of; return a value for each variable."""
    with house.database.transaction() as session:
        library.install_shipped(session, house.clock())
        guide = session.scalars(select(Guide).order_by(Guide.slug)).first()
        assert guide
        live = LiveSession(
            id="live" + "0" * 18,
            code="ABCDEF",
            join_token="join" + "0" * 18,
            stage_token="stage" + "0" * 17,
            guide_id=guide.id,
            guide_source=guide.source,
            title="A morning together",
            language="en",
            expected=12,
            leader=account.name,
            created_on=date(2026, 11, 4),
        )
        session.add(live)
        session.flush()
        session.add(SessionRole(live_id=live.id, account_id=account.id, role="run"))
        return {
            "live_id": live.id,
            "guide_id": guide.id,
            "join_token": live.join_token,
            "stage_token": str(live.stage_token),
            "code": "ABCDEF",
            "account_id": account.id,
            "edition": "manager",
            "paper": "a4",
            "token": "x" * 43,
            "link": f"{'x' * 22}.{'x' * 22}",
            "delivery_id": "x" * 22,
            "invitation_id": "x" * 22,
            "mail_id": "x" * 22,
            "action_id": "x" * 22,
            "activity_id": "lost-spark",
            "team_key": "0" * 16,
            "number": 1,
            "fingerprint": "0" * 16,
            "name": "console.css",
            "slug": guide.slug,
        }


def everything(house: House) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, but for the browsers that are signed in and what printing writes."""
    aside = {StaffSession.__tablename__, ReportFile.__tablename__, Freeze.__tablename__}
    with house.database.transaction() as session:
        return {
            name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for name, table in Base.metadata.tables.items()
            if name not in aside
        }


def test_every_view_declares_its_audience(app: Flask) -> None:
    silent = []
    for rule in rules(app):
        names = getattr(app.view_functions[rule.endpoint], "audience", ())
        if not names or not set(names) <= AUDIENCES:
            silent.append(f"{rule.rule} ({rule.endpoint})")
    assert silent == []


def test_a_view_for_a_session_says_which(app: Flask) -> None:
    for rule in rules(app):
        names = getattr(app.view_functions[rule.endpoint], "audience", ())
        if any(name.startswith("session:") for name in names):
            assert "live_id" in rule.arguments, rule.rule


def test_a_view_changes_things_by_post_alone(app: Flask) -> None:
    assert {method for rule in rules(app) for method in rule.methods or ()} <= {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize("who", ["nobody", "another facilitator", "admin", "the one who runs it"])
def test_opening_any_address_changes_nothing(
    app: Flask, house: House, client: CheckedClient, facilitator: Account, admin: Account, who: str
) -> None:
    values = a_world(house, facilitator)
    if who == "another facilitator":
        from tests.conftest import make_account

        signed_in(client, make_account(house))
    elif who != "nobody":
        signed_in(client, admin if who == "admin" else facilitator)
    before = everything(house)
    adapter = app.url_map.bind("localhost")
    for rule in rules(app):
        if "GET" in (rule.methods or ()):
            unknown = rule.arguments - set(values)
            assert not unknown, f"{rule.rule}: give {unknown} a value in a_world"
            url = adapter.build(rule.endpoint, {name: values[name] for name in rule.arguments}, method="GET")
            for query in ("", "?command=end&argument=x&version=1&open=1&delete=1"):
                assert client.get(url + query).status_code < 500, url
    assert everything(house) == before


def test_what_needs_an_account_is_closed_to_those_without(
    app: Flask, house: House, client: FlaskClient, facilitator: Account
) -> None:
    values = a_world(house, facilitator)
    app.config["WTF_CSRF_ENABLED"] = False  # so that the right decides, not the missing token
    before = everything(house)
    adapter = app.url_map.bind("localhost")
    for rule in rules(app):
        names = set(app.view_functions[rule.endpoint].audience)  # type: ignore[attr-defined]
        if names & {"anybody", "seat", "stage", "operator"}:
            continue
        for method in sorted({"GET", "POST"} & set(rule.methods or ())):
            url = adapter.build(rule.endpoint, {n: values[n] for n in rule.arguments}, method=method)
            answer = client.open(url, method=method, follow_redirects=False)
            assert answer.status_code == 303, f"{method} {url}"
            assert answer.location.startswith("/staff/sign-in")
    assert everything(house) == before


def test_a_session_is_closed_to_all_staff_without_a_part_in_it(
    app: Flask, house: House, client: FlaskClient, facilitator: Account, admin: Account
) -> None:
    values = a_world(house, facilitator)
    app.config["WTF_CSRF_ENABLED"] = False
    signed_in(client, admin)
    before = everything(house)
    adapter = app.url_map.bind("localhost")
    for rule in rules(app):
        names = app.view_functions[rule.endpoint].audience  # type: ignore[attr-defined]
        if all(name.startswith("session:") for name in names):
            for method in sorted({"GET", "POST"} & set(rule.methods or ())):
                url = adapter.build(rule.endpoint, {n: values[n] for n in rule.arguments}, method=method)
                assert client.open(url, method=method).status_code == 404, f"{method} {url}"
    assert everything(house) == before


def test_the_declaration_stands_directly_on_the_view() -> None:
    """`@audience` below the route: the other way round, the route would register the unguarded view."""
    for path in sorted((ROOT / "workshop" / "web").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
            routes = [
                n for n, f in enumerate(calls) if isinstance(f, ast.Attribute) and f.attr in ("get", "post", "route")
            ]
            guards = [n for n, f in enumerate(calls) if isinstance(f, ast.Name) and f.id == "audience"]
            if routes:
                assert guards, f"{path.name}: {node.name}"
                assert max(routes) < min(guards), f"{path.name}: {node.name}"
