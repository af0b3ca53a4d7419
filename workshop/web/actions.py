"""The page on which a facilitator writes down what the group agreed to do.

Lives here: its form and its calendar file. Not here: the list (`actions.py`).
Every button works without a script; what was typed comes back with the reason.
"""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse
from wtforms import DateField, StringField
from wtforms.validators import Length, Optional

from .. import actions
from ..errors import WorkshopError
from ..models import LiveSession
from ..words import _
from .forms import StaffForm
from .rights import audience, house, session_role

bp = Blueprint("actions", __name__, url_prefix="/staff/sessions/<live_id>/actions")


class ActionForm(StaffForm):
    """One action; the service has the last word about what fits."""

    text = StringField(_l("What will be done?"), [Length(max=1000)])
    owner = StringField(
        _l("Who sees to it?"), [Length(max=400)], description=_l("A role, not a name: team lead, all of us.")
    )
    due = DateField(_l("By when?"), [Optional()])


@bp.get("")
@audience("session:run", "session:moderate", "session:watch")
def page(live_id: str) -> str:
    """Show the list, and to whoever runs the session the ways to change it."""
    live, role = session_role(live_id)
    return _page(live, role)


def _page(live: LiveSession, role: str, form: ActionForm | None = None, problem: str = "", wrong: str = "") -> str:
    g.language = live.language
    with house().database.transaction() as session:
        listed = actions.lines(session, live.id)
    form = form or ActionForm(formdata=None)
    return render_template(
        "actions/page.html", live=live, role=role, actions=listed, form=form, problem=problem, wrong=wrong
    )


@bp.post("")
@audience("session:run")
def add(live_id: str) -> BaseResponse | tuple[str, int]:
    """Write a new action."""
    live, role = session_role(live_id)
    form = ActionForm()
    try:
        if not form.validate():
            raise WorkshopError(_unreadable(form))
        with house().database.transaction() as session:
            actions.add(session, live, form.text.data or "", form.owner.data or "", form.due.data)
    except WorkshopError as error:
        return _page(live, role, form, error.sentence), error.status if error.status != 500 else 422
    return redirect(url_for(".page", live_id=live_id, _anchor="add"), code=303)


@bp.post("/<action_id>")
@audience("session:run")
def change(live_id: str, action_id: str) -> BaseResponse | tuple[str, int]:
    """Reword an action, set its state, or take it out."""
    live, role = session_role(live_id)
    form = ActionForm()
    do = request.form.get("do", "open")
    try:
        with house().database.transaction() as session:
            if do == "remove":
                actions.remove(session, live, action_id)
                flash(_("Taken out."), "good")
            elif not form.validate():
                raise WorkshopError(_unreadable(form))
            else:
                actions.change(session, live, action_id, form.text.data or "", form.owner.data or "", form.due.data, do)
    except WorkshopError as error:
        return _page(live, role, form, error.sentence, wrong=action_id), error.status
    return redirect(url_for(".page", live_id=live_id), code=303)


def _unreadable(form: ActionForm) -> str:
    if form.due.errors:
        return _("This day could not be read. Write it as year-month-day, such as 2026-12-31.")
    if form.text.errors or form.owner.errors:
        return _("This is too long. Shorten it.")
    return _("The page was open for too long. Press the button again.")


@bp.get("/actions.ics")
@audience("session:run", "session:moderate", "session:watch")
def calendar(live_id: str) -> Response:
    """Hand out the dated actions as a calendar file."""
    live, _role = session_role(live_id)
    g.language = live.language
    with house().database.transaction() as session:
        content = actions.calendar(session, live)
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="actions.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response
