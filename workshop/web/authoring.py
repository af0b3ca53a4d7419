"""Pages about guides: the library, reading a guide, bringing and taking files.

Lives here: handlers that ask `guides.library` and draw. Not here: the format
(`guides/`), starting a session (`facilitate.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse
from wtforms import Form, SelectField, TimeField
from wtforms.validators import Optional

from .. import fragments
from ..activities import KINDS
from ..guides import library
from ..guides.schema import MAX_BYTES, Activity, Guide, GuideError, Step
from ..words import _, clock
from .forms import StaffForm
from .language import page_language
from .rights import audience, house, require_staff

bp = Blueprint("authoring", __name__, url_prefix="/staff/guides")

Page = str | BaseResponse | tuple[str, int]

MORNING = time(9, 0)
"""When the agenda begins until somebody says otherwise."""


class ImportForm(StaffForm):
    """A guide as a file."""

    file = FileField(
        _l("Guide file"),
        [FileRequired(message=_l("Choose a file first."))],
        description=_l("A YAML file of up to %(size)s KiB.", size=MAX_BYTES // 1024),
    )


class ArchiveForm(StaffForm):
    """Nothing to fill in: the token and the button."""


class AgendaForm(Form):
    """How to read a guide: from when, and in which language. It changes nothing, so it needs no token."""

    start = TimeField(_l("Begins at"), [Optional()], default=MORNING)
    language = SelectField(_l("Language"), [Optional()], validate_choice=False)


@dataclass(frozen=True)
class ActivityLine:
    """One activity on the page of its guide."""

    activity: Activity
    label: str
    summary: Markup
    builds_on: str


@dataclass(frozen=True)
class StepBlock:
    """One step on the page of its guide; times are HH:MM. The texts may still be in the guide's own language."""

    number: int
    step: Step
    starts: str
    ends: str
    talk_language: str
    notes_language: str
    lines: tuple[ActivityLine, ...]


@dataclass(frozen=True)
class GuidePage:
    """Everything on the page of one guide."""

    entry: library.Entry
    guide: Guide
    steps: tuple[StepBlock, ...]
    ends: str


@bp.get("/")
@audience("staff")
def guides() -> Page:
    """Show the library."""
    return _library(ImportForm(formdata=None))


@bp.post("/import")
@audience("staff")
def bring() -> Page:
    """Keep an uploaded file as a guide, or show in place what is wrong with it."""
    form, actor = ImportForm(), require_staff()
    if not form.validate_on_submit():
        return _library(form), 422
    upload = form.file.data
    try:
        with house().database.transaction() as session:
            entry = library.import_guide(
                session, actor, upload.stream.read(MAX_BYTES + 1), upload.filename or "", house().clock()
            )
    except GuideError as error:
        return _library(form, error, library.safe_name(upload.filename or "")), 422
    flash(_("“%(title)s” is in the library now.", title=entry.title))
    return redirect(url_for("authoring.guide", guide_id=entry.slug), code=303)


@bp.get("/<guide_id>/")
@audience("staff")
def guide(guide_id: str) -> Page:
    """Show one guide from beginning to end."""
    with house().database.transaction() as session:
        entry = library.get_guide(session, require_staff(), guide_id)
    if not entry.published:
        return redirect(url_for("editor.page", guide_id=entry.slug), code=303)
    archive_form = ArchiveForm() if entry.may_archive else None
    if entry.guide is None:
        return render_template("authoring/broken.html", entry=entry, archive_form=archive_form)
    agenda = AgendaForm(request.args)
    agenda.language.choices = [(code, language_name(code)) for code in entry.guide.languages]
    good = agenda.validate()
    start = agenda.start.data if good and agenda.start.data else MORNING
    spoken = entry.guide.localized(agenda.language.data or page_language())
    agenda.language.data = spoken.language
    page = _page(entry, spoken, start)
    return render_template(
        "authoring/guide.html", page=page, agenda=agenda, archive_form=archive_form, language_name=language_name
    )


@bp.get("/<guide_id>/file")
@audience("staff")
def export(guide_id: str) -> Response:
    """Give the guide as the file it is kept as."""
    with house().database.transaction() as session:
        source, name = library.export_guide(session, require_staff(), guide_id)
    response = make_response(source.encode())
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@bp.post("/<guide_id>/archive")
@audience("staff")
def archive(guide_id: str) -> Page:
    """Take a guide out of the library."""
    with house().database.transaction() as session:
        entry = library.get_guide(session, require_staff(), guide_id)
        library.archive(session, require_staff(), guide_id, house().clock())
    flash(_("“%(title)s” is no longer in the library. Sessions that use it keep their copy.", title=entry.title))
    return redirect(url_for("authoring.guides"), code=303)


def _library(form: ImportForm, error: GuideError | None = None, filename: str = "") -> str:
    with house().database.transaction() as session:
        entries = library.list_guides(session, require_staff())
    return render_template(
        "authoring/library.html",
        entries=entries,
        form=form,
        error=error,
        filename=filename,
        language_name=language_name,
    )


def _page(entry: library.Entry, guide: Guide, start: time) -> GuidePage:
    minute = start.hour * 60 + start.minute
    blocks = []
    for number, (step, own) in enumerate(zip(guide.steps, guide.localized(guide.file.language).steps, strict=True), 1):
        blocks.append(
            StepBlock(
                number=number,
                step=step,
                starts=moment(minute),
                ends=moment(minute + step.minutes),
                talk_language=guide.file.language if step.talk == own.talk else guide.language,
                notes_language=guide.file.language if step.notes == own.notes else guide.language,
                lines=tuple(_line(guide, activity) for activity in step.activities),
            )
        )
        minute += step.minutes
    return GuidePage(entry, guide, tuple(blocks), moment(minute))


def moment(minute: int) -> str:
    """Return a minute of the day; a session may run past midnight."""
    return clock(time(minute // 60 % 24, minute % 60))


def _line(guide: Guide, activity: Activity) -> ActivityLine:
    return ActivityLine(
        activity=activity,
        label=_(KINDS[activity.kind].label),
        summary=fragments.author_summary(activity.kind, activity.config),
        builds_on=guide.activity(activity.source).prompt if activity.source else "",
    )


def language_name(code: str) -> str:
    """Return a language as the reader calls it: "German" for "de"."""
    try:
        name: Any = Locale.parse(code, sep="-").get_display_name(get_locale() or "en")
    except (UnknownLocaleError, ValueError):
        return code
    return str(name)[:1].upper() + str(name)[1:] if name else code
