"""Slips that let one phone in each: switching them on, and the one page that shows their codes.

Lives here: the form and the printed page. Not here: what a slip is
(`tickets.py`), and the phone that comes with one (`take_part.py`).

The codes are made in the request that shows them and kept nowhere; the page
answers a POST, so that its address alone shows nothing.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField, IntegerField
from wtforms.validators import NumberRange

from .. import live_sessions, tickets
from ..errors import WorkshopError
from ..models import LiveSession
from .forms import StaffForm, required
from .rights import audience, house, session_role

bp = Blueprint("tickets", __name__, url_prefix="/staff/sessions/<live_id>/slips")

Page = str | Response | tuple[str, int]

PER_PAGE = 10
"""Slips on a sheet of A4: two columns, five rows."""


class SlipsForm(StaffForm):
    """How many slips. `version` belongs to the session: a reloaded page makes no second set."""

    number = IntegerField(
        _l("How many slips?"),
        [
            required(_l("Enter a number of slips.")),
            NumberRange(1, tickets.MOST_SLIPS, _l("Enter a number from 1 to 500.")),
        ],
        description=_l("A few more than people: some get lost, and a phone that forgets needs a new one."),
    )
    version = HiddenField()


@bp.get("")
@audience("session:run")
def page(live_id: str) -> Page:
    """Say how slips work, how many are good, how many are used."""
    live, _role = session_role(live_id)
    return _page(live, SlipsForm(data={"number": tickets.spare(live.expected), "version": live.version}))


@bp.post("")
@audience("session:run")
def make(live_id: str) -> Page:
    """Make slips and show them, this once."""
    live, _role = session_role(live_id)
    form = SlipsForm()
    if not form.validate_on_submit():
        return _page(live, form), 422
    version = str(form.version.data or "")
    try:
        codes = tickets.make(house(), live_id, int(form.number.data or 0), int(version) if version.isdecimal() else 0)
    except WorkshopError as error:
        flash(error.sentence, "warm")
        return redirect(url_for(".page", live_id=live_id), code=303)
    g.language = live.language
    base = house().settings.public_url
    return render_template(
        "prints/slips.html",
        live=live,
        pages=[codes[start : start + PER_PAGE] for start in range(0, len(codes), PER_PAGE)],
        count=len(codes),
        host=base.split("://", 1)[1],
        address=f"{base}/j/{live.join_token}",
    )


@bp.post("/switch")
@audience("session:run")
def switch(live_id: str) -> Response:
    """Let phones in with a slip alone, or freely again; before the first has joined."""
    live, role = session_role(live_id)
    try:
        live_sessions.move(house(), role, live_id, "tickets", request.form.get("to", ""), live.version)
    except WorkshopError as error:
        flash(error.sentence, "warm")
    return redirect(url_for(".page", live_id=live_id), code=303)


def _page(live: LiveSession, form: SlipsForm) -> str:
    used = tickets.used(house(), live.id) if live.tickets and live.phase in ("lobby", "running") else 0
    return render_template("facilitate/slips.html", live=live, form=form, used=used)


@bp.app_template_filter("slip")
def slip_code(code: str) -> str:
    """Return a code in two halves, as it is read aloud."""
    return f"{code[:4]} {code[4:]}"
