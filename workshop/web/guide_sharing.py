"""Who may use a guide, and who may write in it.

Lives here: that page. Not here: what each right means (`guides/library.py`,
`guides/drafts.py`).
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import EmailField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from ..errors import NotFound
from ..guides import drafts, library
from ..words import _
from .forms import StaffForm, required
from .rights import audience, house, require_staff

bp = Blueprint("guide_sharing", __name__, url_prefix="/staff/guides/<guide_id>")

Page = str | Response | tuple[str, int]


class ShareForm(StaffForm):
    """What everybody here may do with a guide."""

    shared = RadioField(
        _l("Your colleagues may"),
        choices=[
            SelectChoice("nobody", _l("nothing: only you and your co-editors see it")),
            SelectChoice("use", _l("use it: read it, start sessions from it, copy it")),
            SelectChoice("edit", _l("use it and change it")),
        ],
    )


class CoEditorForm(StaffForm):
    """A colleague who may write too."""

    email = EmailField(_l("E-mail of a colleague"), [required(_l("Enter the e-mail address.")), Length(max=254)])


@bp.get("/share")
@audience("staff")
def page(guide_id: str) -> Page:
    """Show who may do what."""
    return _page(guide_id, ShareForm(formdata=None), CoEditorForm(formdata=None))


@bp.post("/share")
@audience("staff")
def share(guide_id: str) -> Page:
    """Say what everybody may do."""
    form = ShareForm()
    if not form.validate_on_submit():
        return _page(guide_id, form, CoEditorForm(formdata=None)), 422
    with house().database.transaction() as session:
        drafts.share(session, require_staff(), guide_id, str(form.shared.data))
    flash(_("Saved"), "good")
    return redirect(url_for(".page", guide_id=guide_id), code=303)


@bp.post("/editors")
@audience("staff")
def editors(guide_id: str) -> Page:
    """Let a colleague write, or no longer."""
    gone = request.form.get("remove", "")
    if gone:
        with house().database.transaction() as session:
            drafts.uninvite(session, require_staff(), guide_id, gone[:80])
        flash(_("This person can no longer write in the guide."), "good")
        return redirect(url_for(".page", guide_id=guide_id), code=303)
    form = CoEditorForm()
    if form.validate_on_submit():
        try:
            with house().database.transaction() as session:
                name = drafts.invite(session, require_staff(), guide_id, str(form.email.data))
        except NotFound as error:
            if error.status != 422:
                raise
            form.refuse("email", error.sentence)
        else:
            flash(_("%(name)s may write in this guide now.", name=name), "good")
            return redirect(url_for(".page", guide_id=guide_id), code=303)
    return _page(guide_id, ShareForm(formdata=None), form), 422


def _page(guide_id: str, form: ShareForm, invite: CoEditorForm) -> str:
    actor = require_staff()
    with house().database.transaction() as session:
        names = drafts.editors(session, actor, guide_id)
        entry = library.get_guide(session, actor, guide_id)
        owns = drafts.owns(session, actor, guide_id)
    if form.shared.data is None:
        form.shared.data = entry.shared
    return render_template("authoring/share.html", entry=entry, editors=names, owns=owns, form=form, invite=invite)
