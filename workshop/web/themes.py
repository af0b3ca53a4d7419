"""The page on which cards are grouped into themes: by drag, by keyboard, or by plain forms.

Lives here: the page, its one form address, and the sentences about what was
done. Not here: the board (`themes.py`, `boards.py`) and how it looks on the
stage (`fragments`).

The script sends the same forms and takes the board back as a fragment; without
it each button loads the page again.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from .. import live_sessions, themes
from ..boards import Command, Said
from ..errors import NotFound, WorkshopError
from ..guides.schema import Activity
from ..models import LiveSession
from ..themes import Shown
from ..words import _
from .rights import audience, house, session_role

bp = Blueprint("themes", __name__, url_prefix="/staff/sessions/<live_id>/themes/<activity_id>")

MOST_IDS = 2000
"""Cards in one command: more than a question of three hundred people is likely to have."""


@dataclass(frozen=True)
class GroupingPage:
    """What the page shows. `board` is None while there are no cards to group; `fixed`: they cannot be moved any more."""

    live: LiveSession
    role: str
    activity: Activity
    board: Shown | None
    fixed: bool
    back: str
    forth: str

    @property
    def changes(self) -> bool:
        """Return whether this person may move cards."""
        return self.role != "watch" and self.board is not None and not self.fixed


@bp.get("")
@audience("session:run", "session:moderate", "session:watch")
def page(live_id: str, activity_id: str) -> str:
    """Show the board."""
    return render_template("themes/page.html", page=_page(live_id, activity_id))


@bp.get("/board")
@audience("session:run", "session:moderate", "session:watch")
def board(live_id: str, activity_id: str) -> str:
    """Return the board alone, for a page that has heard that it changed."""
    return _board(live_id, activity_id)


def _board(live_id: str, activity_id: str) -> str:
    return render_template("themes/_board.html", page=_page(live_id, activity_id))


def _page(live_id: str, activity_id: str) -> GroupingPage:
    _live, role = session_role(live_id)
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        g.language = live.language
        activity = _activity(live, activity_id)
        run = themes.released(session, live, activity_id)
        shown = None
        if run is not None:
            shown = themes.shown(session, run.id, themes.cards_of(session, run.id), working=True)
        return GroupingPage(
            live=live,
            role=role,
            activity=activity,
            board=shown,
            fixed=themes.fixed(session, live),
            back=sentence(shown.undo) if shown and shown.undo else "",
            forth=sentence(shown.redo) if shown and shown.redo else "",
        )


def _activity(live: LiveSession, activity_id: str) -> Activity:
    try:
        return live_sessions.guide_of(live).activity(activity_id)
    except KeyError:
        raise NotFound(_("There is no such question in this session.")) from None


@bp.post("")
@audience("session:run", "session:moderate")
def change(live_id: str, activity_id: str) -> Response:
    """Carry out one command; a script gets what was done and the board, a plain form the page."""
    live, _role = session_role(live_id)
    g.language = live.language
    _activity(live, activity_id)
    by_script = request.headers.get("X-Requested-With") == "fetch"
    try:
        said = themes.change(house(), live_id, activity_id, _command(request.form))
    except WorkshopError as error:
        if by_script:
            return jsonify(ok=False, said=error.sentence, html=_board(live_id, activity_id))
        flash(error.sentence, "warm")
    else:
        told = sentence(said)
        if request.form.get("do") == "undo":
            told = _("Taken back: %(what)s", what=told)
        elif request.form.get("do") == "redo":
            told = _("Done again: %(what)s", what=told)
        if by_script:
            return jsonify(ok=True, said=told, html=_board(live_id, activity_id))
        flash(told, "good")
    return redirect(url_for(".page", live_id=live_id, activity_id=activity_id), code=303)


def _command(form: MultiDict[str, str]) -> Command:
    return Command(
        do=form.get("do", ""),
        cards=tuple(form.getlist("cards")[:MOST_IDS]),
        theme=form.get("theme", ""),
        into=form.get("into", ""),
        name=form.get("name", "")[:400],
        before=form.get("before", ""),
    )


def sentence(said: Said) -> str:
    """Return what was done, as it is said aloud on the page."""
    count, name, other = said.count, said.name, said.other
    if said.what == "new" and not count:
        return _("New theme: %(name)s", name=name)
    if said.what in ("new", "put"):
        return str(ngettext("1 card put into %(name)s", "%(num)d cards put into %(name)s", count, name=name))
    if said.what == "loose":
        return str(ngettext("1 card taken out of its theme", "%(num)d cards taken out of their themes", count))
    if said.what == "alike":
        return str(ngettext("1 card laid behind another", "%(num)d cards laid behind another", count))
    if said.what == "part":
        return str(ngettext("1 card stands alone again", "%(num)d cards stand alone again", count))
    return {
        "rename": _("%(old)s is now called %(new)s", old=name, new=other),
        "delete": _("%(name)s is gone, its cards are loose", name=name),
        "join": _("%(name)s put into %(into)s", name=name, into=other),
        "shift": _("%(name)s is now theme %(place)s", name=name, place=count),
        "nudge": _("Now card %(place)s in %(name)s", place=count, name=name),
        "apart": _("These two stay apart"),
    }.get(said.what, "")
