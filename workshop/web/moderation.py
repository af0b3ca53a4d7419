"""The page on which texts are read, hidden, masked and merged: by keyboard, or by plain forms.

Lives here: the page, its one form address, and the sentences about what was
done. Not here: what a decision does (`moderation.py`, `readings.py`).

The script sends the same forms and takes the desk back as a fragment; without
it each button loads the page again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from .. import live_sessions, moderation
from ..errors import NotFound, WorkshopError
from ..guides.schema import Activity
from ..models import LiveSession
from ..moderation import Desk, Entry
from ..readings import Command, Said
from ..words import _
from .rights import audience, house, presser, session_role

bp = Blueprint("moderation", __name__, url_prefix="/staff/sessions/<live_id>/moderation/<activity_id>")

MOST_IDS = 2000
"""Texts in one decision: more than a question of three hundred people is likely to have."""


@dataclass(frozen=True)
class Masking:
    """One text whose words are being chosen: the words in their order, and which are masked."""

    id: str
    words: tuple[str, ...]
    masked: frozenset[int]


@dataclass(frozen=True)
class ModerationPage:
    """What the page shows. `desk` is None while there is nothing to read; `fixed`: nothing can be decided any more."""

    live: LiveSession
    activity: Activity
    desk: Desk | None
    fixed: bool
    masking: Masking | None
    back: str
    forth: str
    log: tuple[Entry, ...]

    @property
    def decides(self) -> bool:
        """Return whether anything can be decided here."""
        return self.desk is not None and not self.fixed


@bp.get("")
@audience("session:run", "session:moderate", "session:remote")
def page(live_id: str, activity_id: str) -> str:
    """Show the texts of one question and what was decided about them."""
    return render_template("moderation/page.html", page=_page(live_id, activity_id))


@bp.get("/desk")
@audience("session:run", "session:moderate", "session:remote")
def desk(live_id: str, activity_id: str) -> str:
    """Return the texts alone, for a page that has heard that something changed."""
    return _desk(live_id, activity_id)


def _desk(live_id: str, activity_id: str) -> str:
    return render_template("moderation/_desk.html", page=_page(live_id, activity_id))


def _page(live_id: str, activity_id: str) -> ModerationPage:
    session_role(live_id)
    wanted = request.args.get("mask", "")
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        g.language = live.language
        activity = _activity(live, activity_id)
        shown = moderation.desk(session, live, activity_id)
        sent = moderation.sent(session, live, activity_id, wanted) if wanted else None
        return ModerationPage(
            live=live,
            activity=activity,
            desk=shown,
            fixed=moderation.fixed(session, live),
            masking=Masking(wanted, tuple(sent[0]), frozenset(sent[1])) if sent else None,
            back=sentence(shown.undo) if shown and shown.undo else "",
            forth=sentence(shown.redo) if shown and shown.redo else "",
            log=moderation.log(session, live_id),
        )


def _activity(live: LiveSession, activity_id: str) -> Activity:
    try:
        return live_sessions.guide_of(live).activity(activity_id)
    except KeyError:
        raise NotFound(_("There is no such question in this session.")) from None


@bp.post("")
@audience("session:run", "session:moderate", "session:remote")
def decide(live_id: str, activity_id: str) -> Response:
    """Carry out one decision; a script gets what was done and the texts, a plain form the page."""
    live, _role = session_role(live_id)
    g.language = live.language
    _activity(live, activity_id)
    by_script = request.headers.get("X-Requested-With") == "fetch"
    try:
        told = _done(live_id, activity_id, request.form)
    except WorkshopError as error:
        if by_script:
            return jsonify(ok=False, said=error.sentence, html=_desk(live_id, activity_id))
        flash(error.sentence, "warm")
    else:
        if by_script:
            return jsonify(ok=True, said=told, html=_desk(live_id, activity_id))
        flash(told, "good")
    return redirect(url_for(".page", live_id=live_id, activity_id=activity_id), code=303)


def _done(live_id: str, activity_id: str, form: MultiDict[str, str]) -> str:
    """Carry out what was pressed and return what it did, in words."""
    if form.get("do") == "show":
        count = moderation.show(house(), live_id, activity_id, presser())
        house().desks.press(live_id, presser())
        return str(ngettext("1 text is shown to everybody", "%(num)d texts are shown to everybody", count))
    command = _command(form)
    told = sentence(moderation.decide(house(), live_id, activity_id, command, presser()))
    if command.do == "undo":
        return _("Taken back: %(what)s", what=told)
    if command.do == "redo":
        return _("Done again: %(what)s", what=told)
    return told


def _command(form: MultiDict[str, str]) -> Command:
    """Return what was pressed: "hide" for the chosen texts, "hide:id" for one, "merge:front" for the chosen behind it."""
    what, *texts = form.get("do", "").split(":")
    chosen = tuple(form.getlist("texts")[:MOST_IDS])
    if what == "merge":
        front, others = (texts[0] if texts else ""), tuple(texts[1:])
        return Command("merge", others or chosen, front=front)
    places = tuple(int(place) for place in form.getlist("word") if place.isdecimal() and len(place) < 5)
    return Command(what, tuple(texts) or chosen, words=places, everywhere=form.get("everywhere") == "1")


def sentence(said: Said) -> str:
    """Return what was done, as it is said aloud on the page."""
    count = said.count
    said_of: dict[str, Callable[[], str]] = {
        "hide": lambda: ngettext("1 text hidden", "%(num)d texts hidden", count),
        "approve": lambda: ngettext("1 text approved", "%(num)d texts approved", count),
        "back": lambda: ngettext("1 text put back", "%(num)d texts put back", count),
        "mask": lambda: ngettext("Words masked in 1 text", "Words masked in %(num)d texts", count),
        "unmask": lambda: ngettext(
            "1 text stands as it was written", "%(num)d texts stand as they were written", count
        ),
        "merge": lambda: ngettext("1 text put behind another", "%(num)d texts put behind another", count),
        "part": lambda: ngettext("1 text stands alone again", "%(num)d texts stand alone again", count),
    }
    return str(said_of.get(said.what, str)())


@bp.app_template_global()
def moderation_deed(entry: Entry) -> str:
    """Return one line of the log in words: what was done, and how often."""
    count = entry.times
    said_of: dict[str, Callable[[], str]] = {
        "hide": lambda: ngettext("hid texts once", "hid texts %(num)d times", count),
        "approve": lambda: ngettext("approved texts once", "approved texts %(num)d times", count),
        "back": lambda: ngettext("put texts back once", "put texts back %(num)d times", count),
        "mask": lambda: ngettext("masked words once", "masked words %(num)d times", count),
        "unmask": lambda: ngettext("took a mask away once", "took a mask away %(num)d times", count),
        "merge": lambda: ngettext("merged texts once", "merged texts %(num)d times", count),
        "part": lambda: ngettext("parted texts once", "parted texts %(num)d times", count),
        "undo": lambda: ngettext("took a decision back once", "took a decision back %(num)d times", count),
        "redo": lambda: ngettext("decided again once", "decided again %(num)d times", count),
        "show": lambda: ngettext("showed texts to the room once", "showed texts to the room %(num)d times", count),
    }
    return str(said_of.get(entry.what, str)())
