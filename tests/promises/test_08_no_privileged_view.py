"""Promise 8: no role, route or event yields more than the room saw.

The table below says who may use what. It is held against the routes and events
that the code really has: one without a row fails, and so does a row without one.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import SERVER, _admin, _sibling
from tests.promises.halls import MEMORY
from tests.promises.stagehands import canary, fields_for
from tests.promises.theatre import CALLERS, STAFF, STATES, Theatre, build
from workshop import create_app, deliveries, freezes, live_sessions, retention
from workshop.ballots import BallotBox
from workshop.models import ActivityRun, Base, ReportFile, SessionRole, StaffSession
from workshop.proof.checks import doors
from workshop.quoting import MOST_QUOTES
from workshop.settings import Settings

ANYBODY = frozenset(CALLERS)
SEAT = frozenset({"phone"})
SIGNED_IN = frozenset({"staff", "admin", *STAFF})
ADMIN = frozenset({"admin"})
SESSION = frozenset(STAFF)
RUN = frozenset({"run"})
REMOTE = frozenset({"remote"})
"""A phone that steers for the one who runs the session; it may do what a console's buttons do, and no more."""
MODERATE = frozenset({"run", "moderate"})

ROUTES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/"): ANYBODY,
    ("GET", "/healthz"): ANYBODY,  # one word
    ("GET", "/readyz"): ANYBODY,  # one word, or what is wrong with the machine
    ("GET", "/metrics"): ANYBODY,  # on this machine itself, as here; figures that count nobody
    ("POST", "/language"): ANYBODY,  # a cookie in the browser that asks; nothing here changes
    ("POST", "/"): ANYBODY,
    ("GET", "/<string(length=6):code>"): ANYBODY,
    ("GET", "/j/<join_token>"): ANYBODY,
    ("POST", "/j/<join_token>"): ANYBODY,
    ("GET", "/s/<live_id>/kept"): ANYBODY,  # terms only: nothing that anybody wrote
    ("GET", "/s/<live_id>/"): SEAT,
    ("POST", "/s/<live_id>/answer"): SEAT,
    ("POST", "/s/<live_id>/breakout"): SEAT,
    ("GET", "/s/<live_id>/word"): SEAT,
    ("POST", "/s/<live_id>/word"): SEAT,
    ("GET", "/s/<live_id>/notes/"): SEAT,
    ("GET", "/s/<live_id>/notes/manifest.webmanifest"): SEAT,
    ("GET", "/s/<live_id>/notes/token"): SEAT,
    ("POST", "/s/<live_id>/notes/paper"): SEAT,
    ("GET", "/s/<live_id>/report"): SEAT,
    ("GET", "/s/<live_id>/report/<paper>.pdf"): SEAT,
    ("GET", "/s/<live_id>/reports"): SEAT,
    ("GET", "/s/<live_id>/sent"): SEAT,
    ("POST", "/s/<live_id>/receipts"): SEAT,
    ("GET", "/r/<link>"): ANYBODY,  # whoever holds the link, which is 256 bits of which the database has half
    ("GET", "/r/<link>/report.pdf"): ANYBODY,
    ("GET", "/r/paper.css"): ANYBODY,
    ("GET", "/f/"): ANYBODY,
    ("GET", "/f/<token>"): ANYBODY,  # whoever holds the link, which is 128 random bits
    ("POST", "/f/<token>/begin"): ANYBODY,
    ("POST", "/f/<token>/answers"): ANYBODY,
    ("GET", "/stage/<stage_token>"): ANYBODY,  # whoever holds the link, which is 128 random bits
    ("POST", "/s/<live_id>/leave"): SEAT,
    ("GET", "/sw.js"): ANYBODY,
    ("GET", "/static/<fingerprint>/<path:name>"): ANYBODY,
    ("GET", "/staff/sign-in"): ANYBODY,
    ("GET", "/staff/sso/start"): ANYBODY,  # a cookie in the browser that asks; without a provider nothing at all
    ("GET", "/staff/sso/back"): ANYBODY,  # without the way that this browser began it gives nothing
    ("POST", "/staff/sign-in"): ANYBODY,
    ("POST", "/staff/sign-out"): ANYBODY,
    ("GET", "/staff/first/<token>"): ANYBODY,
    ("POST", "/staff/first/<token>"): ANYBODY,
    ("GET", "/staff/invitation/<token>"): ANYBODY,
    ("POST", "/staff/invitation/<token>"): ANYBODY,
    ("GET", "/staff/reset/<token>"): ANYBODY,
    ("POST", "/staff/reset/<token>"): ANYBODY,
    ("GET", "/staff/"): SIGNED_IN,
    ("GET", "/staff/account"): SIGNED_IN,
    ("POST", "/staff/account/name"): SIGNED_IN,
    ("POST", "/staff/account/password"): SIGNED_IN,
    ("GET", "/staff/sessions/<live_id>/actions"): SESSION,
    ("POST", "/staff/sessions/<live_id>/actions"): RUN,
    ("POST", "/staff/sessions/<live_id>/actions/<action_id>"): RUN,
    ("GET", "/staff/sessions/<live_id>/actions/actions.ics"): SESSION,
    ("GET", "/staff/people"): ADMIN,
    ("POST", "/staff/people/invite"): ADMIN,
    ("POST", "/staff/people/invitations/withdraw"): ADMIN,
    ("POST", "/staff/people/<account_id>/reset-link"): ADMIN,
    ("POST", "/staff/people/<account_id>/active"): ADMIN,
    ("POST", "/staff/people/<account_id>/role"): ADMIN,
    ("GET", "/staff/teams/"): SIGNED_IN,
    ("GET", "/staff/teams/<team_key>"): SIGNED_IN,
    ("GET", "/staff/guides/"): SIGNED_IN,
    ("POST", "/staff/guides/import"): SIGNED_IN,
    ("GET", "/staff/guides/new"): SIGNED_IN,
    ("POST", "/staff/guides/new"): SIGNED_IN,
    ("GET", "/staff/guides/archived"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/copy"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/back"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/edit"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/edit/file"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/edit"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/versions"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/publish"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/versions/<int:number>"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/versions/<int:number>/restore"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/share"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/share"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/editors"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/file"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/archive"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/script"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/sheets"): SIGNED_IN,
    ("GET", "/staff/guides/<guide_id>/rehearse"): SIGNED_IN,
    ("POST", "/staff/guides/<guide_id>/rehearse"): SIGNED_IN,
    ("GET", "/staff/sessions/<live_id>/rehearsal"): RUN,
    ("GET", "/staff/sessions/<live_id>/sheets"): SESSION,
    ("GET", "/staff/sessions/<live_id>/cards"): SESSION,
    ("GET", "/staff/sessions/<live_id>/slips"): RUN,
    ("POST", "/staff/sessions/<live_id>/slips"): RUN,  # the codes, once, to whoever prints them
    ("POST", "/staff/sessions/<live_id>/slips/switch"): RUN,
    ("GET", "/staff/sessions/<live_id>/paper"): RUN,  # one's own batch alone
    ("POST", "/staff/sessions/<live_id>/paper"): RUN,
    ("GET", "/staff/guides/<guide_id>/agenda"): SIGNED_IN,
    ("GET", "/staff/sessions/<live_id>/script"): SESSION,
    ("GET", "/staff/sessions/<live_id>/agenda"): SESSION,
    ("GET", "/staff/sessions/new"): SIGNED_IN,
    ("POST", "/staff/sessions/new"): SIGNED_IN,
    ("GET", "/staff/sessions/new/forecast"): SIGNED_IN,
    ("GET", "/staff/sessions/<live_id>/add"): RUN,
    ("POST", "/staff/sessions/<live_id>/add"): RUN,
    ("GET", "/staff/sessions/<live_id>/people"): RUN,
    ("POST", "/staff/sessions/<live_id>/people/invite"): RUN,
    ("POST", "/staff/sessions/<live_id>/people/invitations/<invitation_id>/withdraw"): RUN,
    ("POST", "/staff/sessions/<live_id>/people/<account_id>/role"): RUN,
    ("POST", "/staff/sessions/<live_id>/leave"): SESSION,
    ("GET", "/staff/sessions/<live_id>/remote"): SESSION,
    ("POST", "/staff/sessions/<live_id>/remote"): SESSION,
    ("POST", "/staff/sessions/<live_id>/remote/put-away"): ANYBODY,  # ends the remote that asks, no other
    (
        "GET",
        "/staff/part/<token>",
    ): ANYBODY,  # whoever holds the link, which is 256 bits; without an account it gives nothing
    ("POST", "/staff/part/<token>"): ANYBODY,
    ("GET", "/staff/remote/<token>"): ANYBODY,  # whoever holds the link, which works once and for five minutes
    ("POST", "/staff/remote/<token>"): ANYBODY,
    ("GET", "/staff/take-over"): ADMIN,
    ("POST", "/staff/take-over"): ADMIN,
    ("GET", "/staff/sessions/<live_id>/"): SESSION | REMOTE,
    ("POST", "/staff/sessions/<live_id>/move"): RUN | REMOTE,
    ("POST", "/staff/sessions/<live_id>/rehearse"): RUN,
    ("GET", "/staff/sessions/<live_id>/sheet"): SESSION,
    ("GET", "/staff/sessions/<live_id>/settings"): RUN,
    ("POST", "/staff/sessions/<live_id>/settings"): RUN,
    ("GET", "/staff/sessions/<live_id>/plan"): RUN,
    ("POST", "/staff/sessions/<live_id>/plan"): RUN,
    ("GET", "/staff/sessions/<live_id>/plan/session.ics"): RUN,
    ("GET", "/staff/sessions/ended"): SIGNED_IN,
    ("GET", "/staff/sessions/<live_id>/report"): RUN,
    ("POST", "/staff/sessions/<live_id>/report"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/freeze"): RUN,
    ("POST", "/staff/sessions/<live_id>/report/freeze"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/status"): RUN,
    ("POST", "/staff/sessions/<live_id>/report/<edition>/<paper>/again"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/<edition>/<paper>.pdf"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/<edition>/page"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/draft/<edition>"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/draft/<edition>/<paper>.pdf"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/paper.css"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/shown"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/correct"): RUN,
    ("POST", "/staff/sessions/<live_id>/report/correct"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/data/results.xlsx"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/data/results.csv"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/data/results.json"): RUN,
    ("GET", "/staff/sessions/<live_id>/report/data/charts.zip"): RUN,
    ("GET", "/staff/sessions/<live_id>/themes/<activity_id>"): SESSION,
    ("GET", "/staff/sessions/<live_id>/themes/<activity_id>/board"): SESSION,
    ("POST", "/staff/sessions/<live_id>/themes/<activity_id>"): frozenset({"run", "moderate"}),
    ("GET", "/staff/sessions/<live_id>/moderation/<activity_id>"): MODERATE | REMOTE,
    ("GET", "/staff/sessions/<live_id>/moderation/<activity_id>/desk"): MODERATE | REMOTE,
    ("POST", "/staff/sessions/<live_id>/moderation/<activity_id>"): MODERATE
    | REMOTE,  # test_08_moderation.py has its deeds
    ("GET", "/staff/sessions/<live_id>/follow-up"): RUN,
    ("GET", "/staff/sessions/<live_id>/follow-up/<int:number>/sheet"): RUN,
    ("POST", "/staff/sessions/<live_id>/follow-up/<int:number>"): RUN,
    ("POST", "/staff/sessions/<live_id>/follow-up/<int:number>/close"): RUN,
    ("POST", "/staff/sessions/<live_id>/follow-up/letters"): RUN,
    ("POST", "/staff/sessions/<live_id>/deliveries"): RUN,
    ("POST", "/staff/sessions/<live_id>/deliveries/<delivery_id>/revoke"): RUN,
    ("GET", "/staff/sessions/<live_id>/deliveries/<delivery_id>/mail"): RUN,
    ("POST", "/staff/sessions/<live_id>/deliveries/<delivery_id>/mail"): RUN,
    ("POST", "/staff/sessions/<live_id>/mails/<mail_id>/again"): RUN,
    ("POST", "/staff/sessions/<live_id>/mails/<mail_id>/cancel"): RUN,
}

EVENTS: dict[str, frozenset[str]] = {
    "answer": frozenset({"phone"}),
    "mine": frozenset({"phone"}),
    "screen": frozenset({"phone", "stage", *STAFF, "remote"}),
    "signal": frozenset({"phone"}),
    "breakout": frozenset({"phone"}),
    "move": RUN | REMOTE,
}
"""Who gets more than a refusal. `stage` is whoever came in by the stage's link."""

DRAFT = "/staff/sessions/<live_id>/report/draft/<edition>/<paper>.pdf"
SORTS = ("text", "scale", "cloud")
PHONES = 12


def in_state(app: Flask, state: str) -> Theatre:
    """Return a session in one of the states, in which everybody but the caller's phone has answered."""
    made = build(app, SORTS, PHONES, lobby=state == "lobby", freeze_after_minutes=0)
    if state == "lobby":
        return made
    played = made.played
    run_id = played.open()
    made.gone, made.words = [canary() for _ in range(PHONES)], [canary() for _ in range(PHONES)]
    answering = 4 if state == "too_few" else PHONES
    for phone in range(answering):
        played.send(phone, run_id, fields_for("text", made.gone[phone]))
        played.send(phone, run_id, fields_for("text", made.words[phone], quotable=True), revision=2)
    if state == "open":
        return made
    if state == "closing":
        _hold_up_the_seal(made.house.boxes.box(made.live_id))
    played.move("close")
    if state in ("ended", "frozen", "purged"):
        played.move("end")
    if state in ("frozen", "purged"):
        with made.house.database.transaction() as session:
            live = live_sessions.get(session, made.live_id)
            freezes.freeze(session, live, live_sessions.guide_of(live), made.house.clock())
            handed = deliveries.make(session, made.live_id, "manager", "Head of department", 30, made.house.clock())
            made.link = deliveries.path(made.house, handed).removeprefix("/r/")
    if state == "purged":
        with made.house.database.transaction() as session:
            live = live_sessions.get(session, made.live_id)
            live.ended_at = made.house.clock() - timedelta(days=live.keep_days + 2)
        retention.purge(made.house.database, made.house.settings.keep_reports_days, made.house.clock().date())
    return made


def _hold_up_the_seal(box: BallotBox) -> None:
    """Keep the box busy: the seal stops before its last two steps, and nothing may show."""

    def busy(*_runs: str) -> None:
        raise sqlite3.OperationalError("busy")

    box.erase = busy  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def stages(_template: str) -> Iterator[Callable[[str], Theatre]]:
    """Return a maker of sessions, one for each state, kept for the whole file: no test of it changes anything."""
    made: dict[str, Theatre] = {}
    with ExitStack() as stack:

        def get(state: str) -> Theatre:
            if state not in made:
                made[state] = in_state(stack.enter_context(an_app(_template)), state)
            return made[state]

        yield get
        for one in made.values():
            one.close()


@contextmanager
def an_app(template: str) -> Iterator[Flask]:
    """Yield an app on a database of its own, longer-lived than a test's."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        with a_database(template, folder) as url:
            made = create_app(
                Settings(data_dir=folder, database_url=url, secret_key="a secret of this file alone, long enough")
            )
            yield made
            made.extensions["house"].database.engine.dispose()


@contextmanager
def a_database(template: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a migrated database."""
    if not SERVER:
        shutil.copy(template, folder / "main.db")
        yield f"sqlite:///{folder / 'main.db'}"
        return
    name = f"test_{uuid.uuid4().hex}"
    _admin(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield _sibling(name)
    finally:
        _admin(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=STATES)
def theatre(stages: Callable[[str], Theatre], request: pytest.FixtureRequest) -> Theatre:
    """Return a session in each state in turn."""
    made = stages(request.param)
    made.state = request.param
    return made


def stored(made: Theatre) -> str:
    """Return all rows of the main database and all gates of the box: what a refused caller must not change.

    Of a report's files only which there are: the printer works on its own meanwhile.
    """
    aside = {StaffSession.__tablename__, ReportFile.__tablename__}
    with made.house.database.engine.connect() as connection:
        rows = [
            sorted(repr(row) for row in connection.execute(table.select()))
            for table in Base.metadata.sorted_tables
            if table.name not in aside
        ]
        rows.append(sorted(repr(row) for row in connection.execute(select(ReportFile.id, ReportFile.edition))))
    return repr(rows) + repr(made.house.boxes.box(made.live_id).gates() if made.played.live.phase != "ended" else "")


def refused(status: int, location: str) -> bool:
    """Return whether an answer sends the caller away: to sign in, or with 403 or 404."""
    return status in (401, 403, 404) or (status == 303 and "/staff/sign-in" in location)


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    real = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert real - set(ROUTES) == set(), "declare who may use these, above"
    assert set(ROUTES) - real == set(), "these are gone"


def test_the_table_says_what_the_views_declare(app: Flask) -> None:
    """Two declarations, each beside what it is about: on the view, where it is enforced, and here, where it is tried."""
    differing = []
    for rule in app.url_map.iter_rules():
        declared = doors.allowed(app.view_functions[rule.endpoint].audience) & set(CALLERS)  # type: ignore[attr-defined]
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if ROUTES[method, rule.rule] != declared:
                differing.append(f"{method} {rule.rule}: {sorted(declared)}")
    assert differing == []


def test_the_command_walks_the_same_events() -> None:
    assert {name: callers - REMOTE for name, callers in EVENTS.items()} == {
        name: callers - REMOTE for name, callers in doors.EVENTS.items()
    }


def test_every_event_has_a_row_and_every_row_an_event(app: Flask) -> None:
    handlers = app.extensions["socketio"].server.handlers["/"]
    assert set(handlers) - {"connect", "disconnect"} == set(EVENTS)


def test_whoever_has_no_right_is_sent_away_and_changes_nothing(theatre: Theatre) -> None:
    before, values = stored(theatre), theatre.values()
    wrong = []
    for (method, rule), allowed in ROUTES.items():
        found = next(one for name, one in theatre.rules(method) if name == rule)
        for caller in CALLERS:
            if caller in allowed:
                continue
            answer = theatre.ask(caller, method, theatre.address(found, values))
            if not refused(answer.status_code, answer.location or ""):
                wrong.append(f"{caller} {method} {rule}: {answer.status_code}")
    assert wrong == []
    assert stored(theatre) == before


def test_whoever_has_the_right_is_let_in(theatre: Theatre) -> None:
    wrong = []
    for (method, rule), allowed in ROUTES.items():
        if method != "GET" or rule.startswith("/static/") or rule == DRAFT:
            continue
        for caller in allowed:
            answer = theatre.kept(caller)[rule]
            if answer.status in (401, 403, 500) or "/staff/sign-in" in answer.location:
                wrong.append(f"{caller} {rule}: {answer.status}")
    assert wrong == []


def test_staff_without_a_role_read_nothing_of_the_session_but_how_to_join(theatre: Theatre) -> None:
    for caller in ("staff", "admin"):
        for name, answer in theatre.kept(caller).items():
            if theatre.live_id in answer.text:
                known = ("/j/<join_token>", "/stage/<stage_token>", "/s/<live_id>/kept")  # the last: only its terms
                assert name in known, f"{caller} reads of the session at {name}"


def test_no_page_of_anybody_holds_more_than_the_room_saw(theatre: Theatre) -> None:
    shown = theatre.state in ("released", "ended", "frozen")
    reports = ("/r/", "/report")  # outlive the data, with the words that may be quoted
    for caller in CALLERS:
        for name, answer in theatre.kept(caller).items():
            gone = [word for word in theatre.gone if word in answer.text]
            assert not gone, f"{caller} at {name}: taken back, but there"
            found = [word for word in theatre.words if word in answer.text]
            kept = theatre.state == "purged" and any(part in name for part in reports)
            assert shown or kept or not found, f"{caller} at {name} while {theatre.state}: {found}"


def test_the_room_sees_all_words_after_the_release(stages: Callable[[str], Theatre]) -> None:
    """The search of the test above would find a word if there were one."""
    made = stages("released")
    for caller, name in (
        ("nobody", "/stage/<stage_token>"),
        ("phone", "/s/<live_id>/"),
        ("run", "/staff/sessions/<live_id>/"),
        ("watch", "/staff/sessions/<live_id>/"),
        ("run", "/staff/sessions/<live_id>/report"),
    ):
        page = made.page(caller, name)
        assert all(word in page for word in made.words), f"{caller} at {name}"
    printed = made.page("run", DRAFT)
    assert sum(word in printed for word in made.words) == MOST_QUOTES


def test_no_page_of_anybody_changes_when_an_open_answer_does(app: Flask) -> None:
    made = in_state(app, "open")
    run_id = made.played.run_id
    before = {caller: made.answers(caller) for caller in CALLERS}
    for phone in range(PHONES):
        fields = None if phone % 2 else fields_for("text", canary())
        made.played.send(phone, run_id, fields, revision=3)
    for caller in CALLERS:
        for name, answer in made.answers(caller).items():
            assert answer == before[caller][name], f"{caller} at {name}"
    made.close()


# -- events


PAYLOADS: dict[str, dict[str, Any]] = {
    "answer": {"revision": 1, "fields": {"text-0": ["by the wrong hands"]}},
    "mine": {},
    "screen": {},
    "signal": {"what": "word"},
    "breakout": {"what": "take"},
    "move": {"command": "blank", "argument": "on"},
}


def connections(made: Theatre) -> dict[str, Any]:
    """Return a connection for every caller who is let in, as what they are."""
    found = {"stage": made.socket("nobody", "stage"), "phone": made.socket("phone", "phone")}
    found |= {caller: made.socket(caller, "console") for caller in (*STAFF, "remote")}
    assert all(connection.is_connected() for connection in found.values())
    return found


@pytest.mark.parametrize("audience", ["phone", "console"])
def test_nobody_is_let_into_a_room_that_is_not_theirs(theatre: Theatre, audience: str) -> None:
    allowed = {"phone": {"phone"}, "console": {*STAFF, "remote"}}[audience]
    for caller in CALLERS:
        assert theatre.socket(caller, audience).is_connected() == (caller in allowed), caller


def test_a_name_alone_opens_no_stage(stages: Callable[[str], Theatre]) -> None:
    made = stages("open")
    live = made.played.live
    for name in (live.id, live.join_token, live.code, "", 7, {"live": live.id}):
        assert not made.socket("nobody", "stage", name=name).is_connected(), name


def test_an_event_from_the_wrong_hands_is_refused_and_changes_nothing(theatre: Theatre) -> None:
    with theatre.house.database.transaction() as session:
        run_id = session.scalar(select(ActivityRun.id).where(ActivityRun.live_id == theatre.live_id)) or "none"
    before = stored(theatre)
    for caller, connection in connections(theatre).items():
        for event, allowed in EVENTS.items():
            payload = {"run": run_id, "version": theatre.played.live.version, **PAYLOADS[event]}
            if caller in allowed:
                continue
            ack = connection.emit(event, payload, callback=True)
            assert ack["ok"] is False and ack["code"] == "forbidden", f"{caller} {event}: {ack}"
            assert set(ack) == {"ok", "code", "sentence"}
    assert stored(theatre) == before


def test_no_event_holds_more_than_the_room_saw(theatre: Theatre) -> None:
    state = theatre.state
    with theatre.house.database.transaction() as session:
        run_id = session.scalar(select(ActivityRun.id).where(ActivityRun.live_id == theatre.live_id)) or "none"
    for caller, connection in connections(theatre).items():
        said = repr([connection.emit(event, {"run": run_id}, callback=True) for event in ("screen", "mine", "answer")])
        said += repr(connection.get_received())
        assert not [word for word in theatre.gone if word in said], caller
        found = [word for word in theatre.words if word in said]
        assert state == "released" or not found, f"{caller} while {state}"
        if state == "released":
            assert len(found) == PHONES, f"{caller} does not see what the room sees"


def test_a_role_that_is_taken_away_ends_with_the_next_press(app: Flask) -> None:
    made = in_state(app, "open")
    connection = made.socket("run", "console")
    with made.house.database.transaction() as session:
        for role in session.scalars(select(SessionRole).where(SessionRole.live_id == made.live_id)):
            session.delete(role)
    ack = connection.emit("move", {"command": "close", "version": made.played.live.version}, callback=True)
    assert ack["code"] == "forbidden"
    assert made.played.seen()[0].activity.phase == "open"
    assert connection.emit("screen", {}, callback=True).get("html") is None, "nor the screen"
    made.close()
