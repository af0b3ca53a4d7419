"""The frozen results as data: workbook, table, JSON and pictures for whoever runs the session.

Lives here: who is asking, one service, an answer. Not here: what the files hold (`exports.py`).
"""

from __future__ import annotations

from io import BytesIO

from babel import Locale, UnknownLocaleError
from flask import Blueprint, send_file
from flask_babel import force_locale
from werkzeug.wrappers import Response

from .. import exports, freezes, versions
from ..errors import WorkshopError
from ..words import _
from .rights import audience, house, session_role

bp = Blueprint("exports", __name__, url_prefix="/staff/sessions/<live_id>/report/data")


@bp.get("/results.xlsx")
@audience("session:run")
def workbook(live_id: str) -> Response:
    """Hand out the workbook."""
    return _file(live_id, "xlsx")


@bp.get("/results.csv")
@audience("session:run")
def table(live_id: str) -> Response:
    """Hand out the one long table."""
    return _file(live_id, "csv")


@bp.get("/results.json")
@audience("session:run")
def document(live_id: str) -> Response:
    """Hand out the documented JSON."""
    return _file(live_id, "json")


@bp.get("/charts.zip")
@audience("session:run")
def charts(live_id: str) -> Response:
    """Hand out the charts as pictures."""
    return _file(live_id, "charts")


def _file(live_id: str, name: str) -> Response:
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        freeze = freezes.find(db, live.id)
        version = versions.newest(db, freeze) if freeze else None
    if version is None:
        raise WorkshopError(
            _("This report is not frozen yet. Freeze it on the review page; then its data can be downloaded."),
            code="not_frozen",
            status=409,
        )
    form = exports.FORMS[name]
    results = exports.of(version.editions)
    with force_locale(_locale(results.language)):
        content = form.make(results)
    response = send_file(
        BytesIO(content),
        mimetype=form.mimetype,
        as_attachment=True,
        download_name=exports.file_name(results, form.ending),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _locale(language: str) -> str:
    """Return the session's language if it is one: a file is for its team, whoever's browser asks for it."""
    try:
        return str(Locale.parse(language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return "en"
