"""Every failure as a page that says what happened and what to do.

Lives here: the one translation of errors for HTTP. Not here: the sentences of
the domain, which `WorkshopError` carries, and sockets (`realtime`).
"""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ..errors import WorkshopError
from ..words import _
from .rights import SignInNeeded, here


def wants_json() -> bool:
    """Return whether the client asks for JSON rather than for a page."""
    if request.is_json:
        return True
    kinds = request.accept_mimetypes
    return kinds["application/json"] > kinds["text/html"]


def page(status: int, title: str, sentence: str, *, code: str = "", advice: str = "") -> Response:
    """Return one error, as a page or as JSON."""
    if wants_json():
        return make_response(jsonify(ok=False, code=code or f"http_{status}", sentence=sentence), status)
    back, where = way_back(status)
    html = render_template(
        "errors/error.html",
        title=title,
        sentence=sentence,
        advice=advice,
        status=status,
        back=back,
        where=where,
    )
    return make_response(html, status)


def way_back(status: int) -> tuple[str, str]:
    """Return where to go from here and the words for it: never a dead end, never the place that just failed."""
    session = re.match(r"/(?:s|staff/sessions)/[\w-]{20,32}/", request.path)
    if session and status not in (403, 404) and request.path != session.group():
        return session.group(), _("Back to the session")
    if request.path.startswith("/staff/sso/"):  # nobody is signed in who comes back without luck
        return url_for("accounts.sign_in"), _("Sign in")
    if request.path.startswith("/staff"):
        return url_for("accounts.dashboard"), _("Go to your sessions")
    return "/", _("Go to the start page")


def workshop_error(error: WorkshopError) -> BaseResponse:
    """Translate an error of the domain."""
    if isinstance(error, SignInNeeded) and not wants_json():
        target = here() if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=target), code=303)
    titles = {
        401: _("Please sign in"),
        403: _("You may not do this here"),
        404: _("There is nothing here"),
        409: _("Something has changed"),
        410: _("This is over"),
        422: _("This does not fit"),
        429: _("A short pause, please"),
    }
    response = page(error.status, titles.get(error.status, _("This did not work")), error.sentence, code=error.code)
    if error.status == 429:
        response.headers.setdefault("Retry-After", "30")
    return response


def csrf_error(_error: CSRFError) -> Response:
    """A form without its token: an old page, or a foreign one."""
    return page(
        400,
        _("This page has become too old"),
        _("Nothing was saved. Go back, reload the page and send it again."),
        code="csrf",
        advice=_("This happens when cookies are blocked, or when you signed in or out in another tab."),
    )


def http_error(error: HTTPException) -> BaseResponse:
    """Translate what the framework refuses; redirects pass through."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # a slash that was missing, for example
    known = {
        404: (_("There is nothing here"), _("The address may be mistyped, or what was here has been removed.")),
        405: (_("This cannot be done that way"), _("Go back and use the button on the page.")),
        413: (_("That is too large"), _("Nothing was saved. Send something smaller.")),
        429: (_("A short pause, please"), _("There were many attempts from here. Wait a minute, then try again.")),
    }
    title, sentence = known.get(
        status, (_("This did not work"), _("The request was not understood. Go back, reload the page and try again."))
    )
    response = page(status, title, sentence)
    if status == 429:
        response.headers["Retry-After"] = "60"
    if status == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))  # type: ignore[attr-defined]
    return response


def storage(_error: OperationalError) -> Response:
    """The database is locked, full or away: nothing was kept, and it may be well again in a moment."""
    current_app.log_exception(sys.exc_info())
    response = page(
        503,
        _("This could not be saved just now"),
        _("Nothing is lost on your side. Wait a moment, then send it again."),
        code="storage",
        advice=_("If it stays like this, the disk of the server may be full. Tell whoever runs it."),
    )
    response.headers["Retry-After"] = "10"
    return response


def unexpected(_error: HTTPException) -> Response:
    """Our own fault: say so, promise nothing, show nothing of the inside."""
    return page(
        500,
        _("Something broke on our side"),
        _("It is not your doing. Reload the page; if it happens again, tell whoever runs this server."),
        code="internal",
    )


def log_exception(app: Flask, exc_info: Any) -> None:
    """Log where it broke, never with what: messages, paths and values may hold an answer or a token (promise 6).

    DEBUG, which no production may have, adds the message.
    """
    kind, value, trace = exc_info
    where = "".join(traceback.format_list(traceback.extract_tb(trace)))
    endpoint = request.endpoint if request else "?"
    said = f": {value}" if app.config["DEBUG_STATIC"] else ""
    app.logger.error("%s%s in %s\n%s", getattr(kind, "__name__", kind), said, endpoint, where)


def init_app(app: Flask) -> None:
    """Register the translations."""
    app.register_error_handler(WorkshopError, workshop_error)
    app.register_error_handler(CSRFError, csrf_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(OperationalError, storage)
    app.register_error_handler(500, unexpected)
    app.log_exception = lambda exc_info: log_exception(app, exc_info)  # type: ignore[method-assign]
