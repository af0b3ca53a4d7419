"""How a guide of one's own begins: from nothing, as a copy, or out of the archive.

Lives here: those pages. Not here: the library and files (`authoring.py`),
writing (`editor.py`).
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import Length

from ..errors import WorkshopError
from ..guides import drafts, library
from ..words import _
from .authoring import language_name
from .editor_form import KNOWN
from .forms import StaffForm, required
from .language import page_language
from .rights import audience, house, require_staff

bp = Blueprint("guide_begin", __name__, url_prefix="/staff/guides")

Page = str | Response | tuple[str, int]


class NewGuideForm(StaffForm):
    """What a guide needs to begin."""

    title = StringField(
        _l("Title"), [required(_l("Enter a title.")), Length(max=120, message=_l("Up to 120 characters fit."))]
    )
    language = SelectField(
        _l("Language"), description=_l("The one you write it in. Translations can be added beside it.")
    )


@bp.route("/new", methods=["GET", "POST"])
@audience("staff")
def new() -> Page:
    """Ask for title and language, then open the editor."""
    form = NewGuideForm(formdata=request.form if request.method == "POST" else None)
    form.language.choices = sorted(((code, language_name(code)) for code in KNOWN), key=lambda one: one[1].casefold())
    if request.method == "GET":
        form.language.data = page_language().partition("-")[0]
    elif form.validate_on_submit():
        try:
            with house().database.transaction() as session:
                slug = drafts.create(
                    session, require_staff(), str(form.title.data), str(form.language.data), house().clock()
                )
        except WorkshopError as error:
            form.refuse("title", error.sentence)
        else:
            return redirect(url_for("editor.page", guide_id=slug, add=1), code=303)
    page = render_template("authoring/new.html", form=form)
    return (page, 422) if form.errors else page


@bp.post("/<guide_id>/copy")
@audience("staff")
def copy(guide_id: str) -> Page:
    """Make a copy that belongs to whoever asks, and open it."""
    with house().database.transaction() as session:
        slug = drafts.duplicate(session, require_staff(), guide_id, house().clock())
    flash(_("This copy is yours. The guide it comes from stays as it is."), "good")
    return redirect(url_for("editor.page", guide_id=slug), code=303)


@bp.get("/archived")
@audience("staff")
def archived() -> Page:
    """Show what was taken out of the library and can be brought back."""
    with house().database.transaction() as session:
        entries = library.list_guides(session, require_staff(), archived=True)
    return render_template("authoring/archived.html", entries=entries)


@bp.post("/<guide_id>/back")
@audience("staff")
def bring_back(guide_id: str) -> Page:
    """Put a guide back into the library."""
    with house().database.transaction() as session:
        slug = library.bring_back(session, require_staff(), guide_id, house().clock())
    flash(_("It is in the library again."), "good")
    return redirect(url_for("authoring.guide", guide_id=slug), code=303)
