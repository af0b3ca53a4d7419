"""Rehearse: from a guide or from a planned session, with so many phones that answer by themselves.

Lives here: the two pages and their form. Not here: the phones
(`simulated_phones.py`), and what of it stays (nothing: `rehearsals.py`).
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional

from .. import rehearsals, simulated_phones
from ..errors import NotFound
from ..guides import library
from ..words import _
from .authoring import language_name
from .forms import StaffForm
from .language import page_language
from .rights import audience, house, require_staff, session_role

bp = Blueprint("rehearsals", __name__, url_prefix="/staff")

Page = str | Response | tuple[str, int]


class RehearseForm(StaffForm):
    """How many phones join by themselves, and in which language."""

    phones = SelectField(
        _l("Simulated phones"),
        [Optional()],
        coerce=int,
        choices=[
            SelectChoice(5, _l("5: a small team, shapes instead of numbers")),
            SelectChoice(8, _l("8: a team")),
            SelectChoice(12, _l("12: enough for numbers")),
            SelectChoice(20, _l("20: a large room")),
            SelectChoice(30, _l("30: a very large room")),
        ],
        default=rehearsals.USUAL,
        description=_l("They join, think, answer, pass and change their mind. Your own phone can join them."),
    )
    language = SelectField(_l("Language"), [Optional()])


@bp.route("/guides/<guide_id>/rehearse", methods=["GET", "POST"])
@audience("staff")
def guide(guide_id: str) -> Page:
    """Ask how many, then open the rehearsal of a guide."""
    account = require_staff()
    with house().database.transaction() as session:
        entry = library.get_guide(session, account, guide_id)
    if entry.guide is None:
        raise NotFound(_("This guide cannot be read, so it cannot be rehearsed. Its page says what is wrong with it."))
    form = RehearseForm()
    form.language.choices = [SelectChoice(code, language_name(code)) for code in entry.guide.languages]
    spoken = entry.guide.localized(page_language())
    if not form.is_submitted():
        form.language.data = spoken.language
    elif form.validate():
        chosen = entry.guide.localized(form.language.data or spoken.language)
        live_id = simulated_phones.of_guide(
            house(), account, entry.id, chosen.title, chosen.language, form.phones.data or rehearsals.USUAL
        )
        return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    back = url_for("authoring.guide", guide_id=entry.slug)
    page = render_template("facilitate/rehearse.html", form=form, title=spoken.title, back=back, action="")
    return (page, 422) if form.errors else page


@bp.get("/sessions/<live_id>/rehearsal")
@audience("session:run")
def session(live_id: str) -> str:
    """Ask how many phones rehearse this session; `facilitate.rehearse` takes the answer."""
    live, _role = session_role(live_id)
    form = RehearseForm(formdata=None)
    form.language.choices = [SelectChoice(live.language, language_name(live.language))]
    action = url_for("facilitate.rehearse", live_id=live.id)
    back = url_for("facilitate.console", live_id=live.id)
    return render_template("facilitate/rehearse.html", form=form, title=live.title, back=back, action=action)
