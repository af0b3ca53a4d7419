"""Adding to the plan while the session runs: from the library of methods, or typed on the spot.

Lives here: one page with two forms. Not here: what may be added (`workshop/run_of_show.py`).
"""

from __future__ import annotations

import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from .. import live_sessions, run_of_show
from ..activities import KINDS
from ..errors import WorkshopError
from ..words import _
from .forms import StaffForm, required
from .language import page_language
from .rights import audience, house, presser, session_role

bp = Blueprint("run_of_show", __name__, url_prefix="/staff/sessions")

Page = str | Response | tuple[str, int]


class QuickForm(StaffForm):
    """A question typed on the spot."""

    prompt = StringField(_l("Question"), [required(_l("Write the question.")), Length(max=240)])
    kind = RadioField(
        _l("How people answer"),
        choices=[
            SelectChoice("open_text", _l("In their own words")),
            SelectChoice("choice", _l("By choosing one option")),
            SelectChoice("scale", _l("On a scale from 1 to 10")),
        ],
        default="open_text",
    )
    options = TextAreaField(_l("Options, one on each line"), [Length(max=1200)])


@bp.route("/<live_id>/add", methods=["GET", "POST"])
@audience("session:run")
def add(live_id: str) -> Page:
    """Show what can be added after the present place; pressed, put it in and go back to the console."""
    live, role = session_role(live_id)
    form = QuickForm(formdata=request.form if "prompt" in request.form else None)
    wish: dict[str, object] = {}
    if request.form.get("pick"):
        wish = {"pick": request.form["pick"]}
    elif request.method == "POST" and form.validate_on_submit():
        lines = str(form.options.data or "").splitlines()
        wish = {"prompt": form.prompt.data, "kind": form.kind.data, "options": lines}
    problem = ""
    if wish:
        try:
            live_sessions.move(house(), role, live_id, "insert", json.dumps(wish), live.version)
        except WorkshopError as error:
            problem = error.sentence
        else:
            house().desks.press(live_id, presser())
            flash(_("Added right after the present place. Nothing changes on the phones until you go there."), "good")
            return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    page = render_template(
        "run_of_show/add.html",
        live=live,
        form=form,
        problem=problem,
        shelves=run_of_show.shelves(page_language()),
        kinds={name: _(kind.label) for name, kind in KINDS.items()},
    )
    return (page, 422) if problem or form.errors else page
