"""The report of everybody who took part: a page behind their seat, and the same as a file.

Lives here: who is asking, one service, an answer. Not here: what it says
(`editions.py`), how it is laid out (`reports.layout`).
"""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from reports import layout
from reports.document import from_json

from .. import anonymity, freezes, jobs, live_sessions, versions
from ..errors import NotFound
from ..models import Freeze, LiveSession
from ..versions import Version
from ..words import _
from .reports import Page, kept_file, logo_href
from .rights import audience, house

bp = Blueprint("take_home", __name__, url_prefix="/s/<live_id>/report")


def _taken_home(live_id: str) -> tuple[LiveSession, Freeze, Version]:
    cookie = request.cookies.get(anonymity.seat_cookie(live_id, house().settings.https))
    if anonymity.read_seat(house().seat_key, live_id, cookie) is None:
        raise NotFound(_("This browser has not joined that session, or it is over. Enter the code to join."))
    with house().database.transaction() as db:
        live = live_sessions.get(db, live_id)
        frozen = freezes.find(db, live_id)
        version = versions.newest(db, frozen) if frozen else None
    g.language = live.language
    if frozen is None or version is None or "participant" not in version.editions:
        raise NotFound(
            _("There is no report to read here. It may come later, or the facilitator does not hand one out.")
        )
    return live, frozen, version


@bp.get("")
@audience("seat")
def read(live_id: str) -> Page:
    """Show everybody who took part their edition."""
    live, _freeze, version = _taken_home(live_id)
    report = from_json(jobs.drawn(version.editions["participant"]))
    bar = render_template("reports/_take_home.html", live=live, papers=layout.PAPERS)
    return layout.page(report, style_href=url_for("delivery.stylesheet"), bar=bar, logo_href=logo_href())


@bp.get("/<paper>.pdf")
@audience("seat")
def take_home_file(live_id: str, paper: str) -> BaseResponse:
    """Hand out the same as a PDF."""
    live, frozen, version = _taken_home(live_id)
    return kept_file(live, frozen, version, "participant", paper)
