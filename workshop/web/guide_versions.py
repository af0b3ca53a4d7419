"""Versions of a guide: publishing one, what each holds, what changed, and going back.

Lives here: those pages. Not here: what publishing means (`guides/drafts.py`), what
counts as a change (`guides/differences.py`), writing (`editor.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import Length

from ..errors import NotFound
from ..guides import advice, differences, drafts, library, schema
from ..guides.advice import Advice
from ..guides.differences import Difference
from ..guides.drafts import Draft, Version
from ..guides.edits import Data
from ..words import _
from .authoring import language_name
from .forms import StaffForm
from .rights import audience, house, require_staff

bp = Blueprint("guide_versions", __name__, url_prefix="/staff/guides/<guide_id>")

Page = str | Response | tuple[str, int]


class PublishForm(StaffForm):
    """A word about what is new."""

    note = StringField(
        _l("What is new"),
        [Length(max=200, message=_l("Up to 200 characters fit."))],
        description=_l("A few words for you and your colleagues, such as: shorter, with a second vote."),
    )


@dataclass(frozen=True)
class VersionsPage:
    """What can be published, and what was. `fresh`: what the draft would change; None where nothing is published yet."""

    entry: library.Entry
    draft: Draft
    todo: tuple[Advice, ...]
    fresh: Difference | None
    versions: tuple[Version, ...]


@bp.get("/versions")
@audience("staff")
def index(guide_id: str) -> Page:
    """Show the versions, and what publishing now would change."""
    return _index(guide_id, PublishForm(formdata=None))


@bp.post("/publish")
@audience("staff")
def publish(guide_id: str) -> Page:
    """Make the draft the newest version; while something is missing, say what."""
    form, actor = PublishForm(), require_staff()
    if not form.validate_on_submit():
        return _index(guide_id, form), 422
    with house().database.transaction() as session:
        draft = drafts.open_draft(session, actor, guide_id)
        ready = not advice.of(draft.data)
        if ready:
            seen = request.form.get("version", "")
            number = drafts.publish(
                session,
                actor,
                guide_id,
                int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1,
                str(form.note.data or ""),
                house().clock().date(),
                house().clock(),
            )
    if not ready:
        flash(_("Not published yet. What is still missing is listed here."), "warm")
        return _index(guide_id, form), 422
    flash(_("Version %(number)s is published. Sessions that run keep the one they began with.", number=number), "good")
    return redirect(url_for(".index", guide_id=guide_id), code=303)


def _index(guide_id: str, form: PublishForm) -> str:
    actor = require_staff()
    with house().database.transaction() as session:
        draft = drafts.open_draft(session, actor, guide_id)
        entry = library.get_guide(session, actor, guide_id)
        made = drafts.versions_of(session, actor, guide_id)
    todo = tuple(advice.of(draft.data))
    fresh = differences.between(_data(made[0]), draft.data) if made and draft.changed else None
    shown = VersionsPage(entry, draft, todo, fresh, tuple(made))
    return render_template("guide_versions/index.html", page=shown, form=form, language_name=language_name)


@dataclass(frozen=True)
class ComparePage:
    """Two versions beside each other; `others` can be compared with `new` as well."""

    entry: library.Entry
    old: Version
    new: Version
    others: tuple[Version, ...]
    difference: Difference
    newest: bool


@bp.get("/versions/<int:number>")
@audience("staff")
def compare(guide_id: str, number: int) -> Page:
    """Show what changed from one version to another; from the one before it where none is named."""
    actor = require_staff()
    with house().database.transaction() as session:
        library.editable(session, actor, guide_id)
        entry = library.get_guide(session, actor, guide_id)
        made = drafts.versions_of(session, actor, guide_id)
    since = request.args.get("since", "")
    earlier = int(since) if since.isascii() and since.isdigit() and len(since) < 10 else max(number - 1, 1)
    new, old = _one(made, number), _one(made, earlier)
    shown = ComparePage(
        entry,
        old,
        new,
        tuple(one for one in made if one.number != number),
        differences.between(_data(old), _data(new)),
        new is made[0],
    )
    return render_template("guide_versions/compare.html", page=shown, language_name=language_name)


@bp.post("/versions/<int:number>/restore")
@audience("staff")
def restore(guide_id: str, number: int) -> Page:
    """Publish an old version again."""
    now = house().clock()
    with house().database.transaction() as session:
        new = drafts.restore(session, require_staff(), guide_id, number, now.date(), now)
    flash(
        _(
            "Version %(new)s is what version %(old)s was. In the editor, Undo brings your draft back.",
            new=new,
            old=number,
        ),
        "good",
    )
    return redirect(url_for(".index", guide_id=guide_id), code=303)


def _one(made: list[Version], number: int) -> Version:
    found = next((one for one in made if one.number == number), None)
    if found is None:
        raise NotFound(_("There is no such version."))
    return found


def _data(version: Version) -> Data:
    data: Data = schema.parse(version.source, "version.yaml").file.model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    return data
