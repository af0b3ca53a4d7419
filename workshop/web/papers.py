"""A participant's own paper as a PDF: one request in, one file out, nothing kept (promise 15).

Lives here: who is asking, and taking the body in without letting anything else
touch it. Not here: what a paper holds (`workshop/papers.py`) and the page on
which it is prepared (`notes.py`).
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, g, make_response, request
from flask_wtf.csrf import CSRFError, CSRFProtect, validate_csrf
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import ValidationError

from .. import live_sessions, padding, papers
from ..words import _
from .errors import workshop_error
from .language import speak
from .rights import audience, house
from .take_part import require_seat

bp = Blueprint("papers", __name__)

NOTES = "X-Print-Notes"
"""What the phone shows beside the file: percent-encoded, one sentence a line."""

AGAIN = "30"
"""Seconds after which a busy printer may be asked again."""


@bp.record_once
def _set_up(state: Any) -> None:
    """Make the desk, and look for the token here: the usual look would parse a form, and a form may be spooled to disk."""
    app: Flask = state.app
    app.extensions["paper_desk"] = papers.Desk()
    cast(CSRFProtect, app.extensions["csrf"]).exempt(bp)


@bp.errorhandler(papers.Busy)
def _busy(error: papers.Busy) -> Any:
    response = workshop_error(error)
    response.headers["Retry-After"] = AGAIN
    return response


@bp.post("/s/<live_id>/notes/paper")
@audience("seat")
def paper(live_id: str) -> Response:
    """Print what this phone sends, for this phone, during the session and after it."""
    secret = require_seat(live_id)
    with house().database.transaction() as session:
        speak(live_sessions.get(session, live_id))
    raw = _body()
    printed, notes = papers.make(current_app.extensions["paper_desk"], live_id, secret, raw, g.language)
    told = quote("\n".join(notes))
    # From outside, much that was written looks like little: the file, and what the phone says about it (promise 12).
    response = make_response(padding.filled_pdf(printed.content, padding.PAPER_MADE, len(told)))
    response.mimetype = "application/pdf"
    response.headers["Content-Disposition"] = 'attachment; filename="my-notes.pdf"'
    response.headers["Cache-Control"] = "no-store, no-transform"  # packed, its length would tell again
    if notes:
        response.headers[NOTES] = told
    return response


def _check_token(token: str) -> None:
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from None


def _body() -> bytes:
    """Return the body from memory; refuse every other kind of request before it is read."""
    if request.mimetype != "application/json":
        raise papers.NotPrintable(_("This could not be read. Reload the page and try again."), status=415)
    request.max_content_length = papers.LARGEST
    if current_app.config["WTF_CSRF_ENABLED"] and current_app.config["WTF_CSRF_CHECK_DEFAULT"]:
        _check_token(request.headers.get("X-CSRFToken", ""))
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        pass
    raise papers.too_large()
