"""The page that says what is kept until when, for whoever took part.

Lives here: who may read it and the page. Not here: the terms (`retention.py`).
It holds nothing that anybody wrote, so the session's own address is enough.
"""

from __future__ import annotations

from flask import Blueprint, render_template

from .. import live_sessions, retention
from ..anonymity import SEAT_DAYS
from .language import speak
from .rights import audience, house

bp = Blueprint("kept", __name__)


@bp.get("/s/<live_id>/kept")
@audience("anybody")
def page(live_id: str) -> str:
    """Show what of this session lies where, and until when."""
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        kept = retention.kept(session, live, house().settings.keep_reports_days)
    speak(live)
    return render_template("take_part/kept.html", live=live, kept=kept, seat_days=SEAT_DAYS)
