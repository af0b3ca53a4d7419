"""My notes: the page with all worksheets of a session, blank, for whoever has a seat in it.

Lives here: drawing that page, and the token that its script needs before it may
ask for a paper. Not here: anything that a person writes on it, which stays on
the phone (promise 15; `static/js/notes.js`), and the papers (`papers.py`).

The page is the same for everybody in a session, byte for byte: it says nothing
about who asked for it, and a phone that has it need not fetch it again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, jsonify, make_response, render_template, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as BaseResponse

from .. import live_sessions, live_state
from ..errors import NotFound
from ..guides.schema import Activity, Guide
from ..words import _
from .language import speak
from .rights import audience, house
from .static_files import static_url
from .take_part import require_seat, sorry

bp = Blueprint("notes", __name__)


@dataclass(frozen=True)
class Notes:
    """What the page shows. `choices`: id of a choice -> its prompt and options, for the pages that offer them."""

    live_id: str
    guide: str
    title: str
    sheets: tuple[Activity, ...]
    choices: dict[str, Any]


@bp.get("/s/<live_id>/notes/")
@audience("seat")
def page(live_id: str) -> BaseResponse:
    """Draw all worksheets, blank, during the session and after it."""
    try:
        require_seat(live_id)
        with house().database.transaction() as session:
            live = live_sessions.get(session, live_id)
            guide, title = live_state.read_guide(live, speak(live)), live.title
    except NotFound as error:
        return sorry(error)
    notes = Notes(live_id, guide.id, title, guide.pages, choices(guide))
    response = make_response(render_template("take_part/notes.html", notes=notes))
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    return response.make_conditional(request)


@bp.get("/s/<live_id>/notes/manifest.webmanifest")
@audience("seat")
def manifest(live_id: str) -> BaseResponse:
    """Describe the page to a phone that puts it on its home screen, where some phones keep its memory longer."""
    require_seat(live_id)
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
    speak(live)
    there = f"/s/{live_id}/notes/"
    response = jsonify(
        name=f"{_('My notes')} · {live.title}",
        short_name=_("My notes"),
        start_url=there,
        scope=f"/s/{live_id}/",
        display="standalone",
        background_color="#fbf8f3",
        theme_color="#0b6b63",
        icons=[{"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml"}],
    )
    response.headers["Content-Type"] = "application/manifest+json"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.get("/s/<live_id>/notes/token")
@audience("seat")
def token(live_id: str) -> BaseResponse:
    """Give the page's script the token that a later request must carry; it may not stand in the page itself."""
    require_seat(live_id)
    response = make_response(jsonify(csrf=generate_csrf()))
    response.headers["Cache-Control"] = "no-store"
    return response


def choices(guide: Guide) -> dict[str, Any]:
    """Return what the room could choose, where a worksheet offers it again."""
    entries = [entry for sheet in guide.pages for entry in sheet.config.fields]
    wanted = {source for entry in entries for one in (entry, *entry.cells) for source in one.sources}
    return {
        one.id: {"prompt": one.prompt, "options": [option.label for option in one.config.options]}
        for one in guide.activities
        if one.id in wanted and hasattr(one.config, "options")
    }
