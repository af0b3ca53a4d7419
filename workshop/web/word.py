"""A word with the person who leads, or another pace: the page for phones without a script.

Lives here: one form and its note. Not here: what becomes of a press
(`live_sessions.signal`), and the same on the live page (`static/js/phone.js`).
"""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from .. import live_sessions
from ..errors import WorkshopError
from .language import speak
from .rights import audience, house
from .take_part import require_seat, sorry

bp = Blueprint("word", __name__)


@bp.route("/s/<live_id>/word", methods=["GET", "POST"])
@audience("seat")
def word(live_id: str) -> str | Response:
    """Ask what it is, then say calmly what happens now."""
    try:
        secret = require_seat(live_id)
        with house().database.transaction() as session:
            live = live_sessions.get(session, live_id)
            speak(live)
        note = live_sessions.signal(house(), live_id, secret, request.form.get("what", "")) if request.form else ""
    except WorkshopError as error:
        return sorry(error)
    return render_template("take_part/word.html", live=live, note=note)
