"""A phone's place in its breakout: the form for phones without a script.

Lives here: one POST. Not here: numbers and writers (`workshop/breakouts.py`),
the same over the socket (`realtime/events.py`).
"""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from .. import breakouts
from ..errors import WorkshopError
from .rights import audience, house
from .take_part import require_seat, sorry

bp = Blueprint("breakouts", __name__)


@bp.post("/s/<live_id>/breakout")
@audience("seat")
def breakout(live_id: str) -> Response:
    """Take a number, write for the group, or hand it on; then back to the phone's page."""
    try:
        secret = require_seat(live_id)
        breakouts.ask(house(), live_id, secret, request.form.get("run", "")[:64], request.form.get("what", "take"))
    except WorkshopError as error:
        return sorry(error)
    return redirect(f"/s/{live_id}/", code=303)
