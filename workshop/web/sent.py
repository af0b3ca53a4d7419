"""What I sent: a phone's own list of its cards, and taking one back before the report is fixed.

Lives here: the page, which is the same for everybody in a session, and the one
request behind its buttons. Not here: the list itself, which only the phone has
(`static/js/receipts.js`), and what a request does (`receipts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from .. import freezes, live_sessions, live_state, receipts
from ..activities import KINDS
from ..errors import NotFound, WorkshopError
from ..models import ActivityRun, LiveSession
from ..screens import local_clock
from ..words import _, span
from .language import speak
from .limits import acts
from .rights import audience, house
from .take_part import require_seat, sorry

bp = Blueprint("sent", __name__)


@dataclass(frozen=True)
class Question:
    """One question for texts that was asked. `state`: "open", "reading", "released" or "too_few"."""

    run: str
    prompt: str
    state: str
    for_manager: bool


@dataclass(frozen=True)
class SentPage:
    """What the page shows around the phone's own list.

    `until`: the earliest moment at which the report is fixed. `after`: how long
    after the end that is, while there is no such moment; empty for at once.
    """

    live_id: str
    title: str
    rehearsal: bool
    fixed: bool
    after: str
    until: datetime | None
    until_clock: str
    questions: tuple[Question, ...]


@bp.get("/s/<live_id>/sent")
@audience("seat")
def page(live_id: str) -> BaseResponse:
    """Draw the page; the phone's script fills in what this phone sent."""
    try:
        require_seat(live_id)
        with house().database.transaction() as session:
            live = live_sessions.get(session, live_id)
            language = speak(live)
            shown = _shown(session, live, language)
    except NotFound as error:
        return sorry(error)
    response = make_response(
        render_template("take_part/sent.html", page=shown, words=sent_words(), csrf=generate_csrf())
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/s/<live_id>/receipts")
@audience("seat")
@acts
def act(live_id: str) -> BaseResponse:
    """Hold what the owner of one receipt asks for; refuse in words, and the same for everybody."""
    require_seat(live_id)
    sent = request.get_json(silent=True)
    asked: dict[str, Any] = sent if isinstance(sent, dict) else {}
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        speak(live)
        try:
            receipt, held = receipts.hold(session, live, asked.get("receipt"), asked.get("act"))
        except WorkshopError as error:
            return make_response(jsonify(ok=False, code=error.code, sentence=error.sentence), error.status)
    house().copies.note(receipt, held)
    return make_response(jsonify(ok=True))


def _shown(session: Session, live: LiveSession, language: str) -> SentPage:
    guide, until = live_state.read_guide(live, language), freezes.freeze_from(live)
    runs = {run.activity_id: run for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live.id))}
    return SentPage(
        live_id=live.id,
        title=live.title,
        rehearsal=live.rehearsal,
        fixed=receipts.fixed(session, live),
        after=span(live.freeze_after_minutes) if live.freeze_after_minutes else "",
        until=until,
        until_clock=local_clock(until) if until else "",
        questions=tuple(
            Question(runs[one.id].id, one.prompt, _state(runs[one.id]), one.for_ == "manager")
            for one in guide.activities
            if one.id in runs and KINDS[one.kind].texts
        ),
    )


def _state(run: ActivityRun) -> str:
    if run.state != "released":
        return "reading" if run.state == "reading" else "open"
    return "too_few" if (run.release or {}).get("too_few") else "released"


def sent_words() -> dict[str, str]:
    """Return the sentences that the page's script says by itself."""
    return {
        "open": _("This question is still open. Change your answer there."),
        "reading": _("Closed. It is read through before everybody sees it."),
        "too_few": _("Too few people answered. Nothing of it was kept."),
        "gone": _("This text is not among the results."),
        "room": _("Stays in the room"),
        "quotable": _("May be quoted outside this room"),
        "manager": _("Our manager may read it"),
        "unquote": _("Do not quote it"),
        "unmanager": _("Keep it from our manager"),
        "withdraw_held": _("Will be taken back when the report is fixed"),
        "unquote_held": _("Will not be quoted in the report"),
        "unmanager_held": _("Our manager will not read it"),
        "withdrawn": _("Taken back"),
        "unquoted": _("Not quoted"),
        "asked": _("Noted. It is done when the report is fixed; until then nobody can tell."),
        "kept": _("It stays as it was."),
        "failed": _("This did not reach the server. Nothing was changed; try again."),
    }
