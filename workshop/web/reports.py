"""The pages around a report: review, freeze, progress, download, printable page.

Lives here: who is asking, one service, an answer; and the forms of these pages.
Not here: what may stand in a report (`freezes.py`), printing (`jobs.py`), texts put
right afterwards (`corrections.py`). It has this length because one form carries all of the review.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import CheckboxInput, ListWidget

from reports import layout
from reports.document import from_json

from .. import brand, editions, freezes, jobs, live_sessions, versions
from ..editions import EDITIONS, Texts
from ..errors import NotFound, Stale, WorkshopError
from ..findings import MOST_FINDINGS
from ..freezes import MOST_STEPS, ReportDraft
from ..models import Freeze, LiveSession, ReportFile
from ..report_worker import PrintFailed
from ..versions import Version
from ..words import _
from .forms import StaffForm
from .rights import audience, house, session_role
from .static_files import static_url

bp = Blueprint("reports", __name__, url_prefix="/staff/sessions/<live_id>/report")

Page = str | BaseResponse | tuple[str, int]

SPARE_STEPS = 2  # empty rows that wait below the written ones


class StepForm(Form):
    """One next step."""

    what = StringField(_l("What"))
    owner = StringField(_l("Who"))
    when = StringField(_l("By when"))


class SaveForm(StaffForm):
    """The texts of the first page; each text activity adds its own two fields."""

    version = HiddenField()
    findings = FieldList(TextAreaField(), min_entries=MOST_FINDINGS, max_entries=MOST_FINDINGS)
    asks = TextAreaField(_l("What the group asks for"))
    next_steps = FieldList(FormField(StepForm), max_entries=MOST_STEPS + SPARE_STEPS)
    for_all = BooleanField(_l("Everybody who took part gets their own report"))
    on_the_wall = BooleanField(_l("Print some of the chosen quotes on the team's page"))


class FreezeForm(StaffForm):
    """Nothing but the token: the confirmation itself."""


@dataclass(frozen=True)
class FileLine:
    """One rendering as its page shows it. `state` is queued, rendering, ready or failed."""

    edition: str
    paper: str
    state: str
    note: str


def _save_form(draft: ReportDraft) -> type[SaveForm]:
    """Return the form with a summary and a choice of quotes for every text activity of this session."""
    fields: dict[str, Any] = {}
    for activity in draft.activities:
        fields[f"heard-{activity.id}"] = TextAreaField(_l("What we heard"))
        fields[f"quotes-{activity.id}"] = SelectMultipleField(
            _l("Quotes"),
            choices=[SelectChoice(card.id, card.text) for card in activity.offered],
            widget=ListWidget(prefix_label=False),
            option_widget=CheckboxInput(),
            validate_choice=False,  # what may be quoted is the service's to say
        )
    for section in draft.sections:
        fields[f"print-{section.id}"] = BooleanField(section.title)
        fields[f"place-{section.id}"] = SelectField(
            _l("Place"),
            choices=[SelectChoice(str(place), str(place)) for place in range(1, len(draft.sections) + 1)],
            validate_choice=False,  # a place that is none leaves the section where it is
        )
    return type("ReviewForm", (SaveForm,), fields)


def _filled(draft: ReportDraft) -> SaveForm:
    texts = draft.texts
    steps = [dict(zip(("what", "owner", "when"), step, strict=True)) for step in texts.next_steps]
    steps += [{}] * (max(3 - len(steps), SPARE_STEPS))
    data: dict[str, Any] = {
        "version": str(draft.version),
        "findings": [*texts.findings, *[""] * (MOST_FINDINGS - len(texts.findings))],
        "asks": texts.asks,
        "next_steps": steps[:MOST_STEPS],
        "for_all": texts.for_all,
        "on_the_wall": texts.on_the_wall,
    }
    for activity in draft.activities:
        data[f"heard-{activity.id}"] = activity.heard
        data[f"quotes-{activity.id}"] = sorted(activity.chosen)
    for place, section in enumerate(draft.sections, start=1):
        data[f"print-{section.id}"] = section.printed
        data[f"place-{section.id}"] = str(place)
    return _save_form(draft)(formdata=None, data=data)


def _moved(form: SaveForm, draft: ReportDraft) -> tuple[str, ...]:
    """Return the sections by their chosen places.

    Of two that want the same place the one that was moved there goes first if it came from below, and last if
    it came from above: it ends where it was sent, and the others make room.
    """

    def key(one: tuple[int, str]) -> tuple[int, int, int]:
        before, step_id = one
        sent = form[f"place-{step_id}"].data or ""
        wanted = int(sent) if sent.isdecimal() else before
        return wanted, (wanted > before) - (wanted < before), before

    return tuple(step_id for _place, step_id in sorted(enumerate((s.id for s in draft.sections), start=1), key=key))


def _written(form: SaveForm, draft: ReportDraft) -> Texts:
    return Texts(
        findings=tuple(field.data or "" for field in form.findings),
        asks=form.asks.data or "",
        next_steps=tuple(
            (step.form.what.data or "", step.form.owner.data or "", step.form.when.data or "")
            for step in form.next_steps
        ),
        heard={activity.id: form[f"heard-{activity.id}"].data or "" for activity in draft.activities},
        quotes={activity.id: tuple(form[f"quotes-{activity.id}"].data or ()) for activity in draft.activities},
        order=_moved(form, draft),
        left_out=frozenset(section.id for section in draft.sections if not form[f"print-{section.id}"].data),
        for_all=bool(form.for_all.data),
        on_the_wall=bool(form.on_the_wall.data),
    )


@contextmanager
def in_language_of(live: LiveSession) -> Iterator[None]:
    """Speak the session's language: a report is for its team, whoever's browser asks for it."""
    try:
        locale = str(Locale.parse(live.language.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        locale = "en"
    with force_locale(locale):
        yield


def frozen_of(live_id: str) -> tuple[LiveSession, Freeze]:
    """Return the session and its freeze; raise NotFound before there is one."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        freeze = freezes.find(db, live.id)
    if freeze is None:
        raise NotFound(_("This report is not frozen yet. Go to the review page of the session."))
    return live, freeze


@bp.get("")
@audience("session:run")
def review(live_id: str) -> Page:
    """Before the freeze: the review. After it: the files."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db:
        freeze = freezes.find(db, live.id)
        if freeze is None:
            with in_language_of(live):
                draft = freezes.draft(db, live, live_sessions.guide_of(live), house().clock())
    if freeze is not None:
        kept = versions_of(freeze)
        return render_template(
            "reports/files.html",
            live=live,
            frozen_on=freeze.frozen_at,
            groups=_groups(freeze, kept[0]),
            versions=kept,
            corrects=live.purged_on is None,
        )
    return _review_page(live, draft, _filled(draft))


def _review_page(live: LiveSession, draft: ReportDraft, form: SaveForm, problem: str = "") -> str:
    asks = live_sessions.guide_of(live).asks
    return render_template("reports/review.html", live=live, asks=asks, draft=draft, form=form, problem=problem)


@bp.post("")
@audience("session:run")
def save(live_id: str) -> Page:
    """Store the texts; on a refusal show the page again with everything that was typed."""
    live, _role = session_role(live_id)
    guide = live_sessions.guide_of(live)
    now = house().clock()
    with house().database.transaction() as db, in_language_of(live):
        draft = freezes.draft(db, live, guide, now)
    form = _save_form(draft)()
    if not form.validate_on_submit():
        return _review_page(live, draft, form, _("Not everything could be read. Check the texts and save again.")), 422
    version = form.version.data or ""
    try:
        with house().database.transaction() as db:
            freezes.save_texts(db, live, guide, _written(form, draft), int(version) if version.isdigit() else -1, now)
    except WorkshopError as refused:
        if isinstance(refused, Stale):
            form.version.data = str(draft.version)
        return _review_page(live, draft, form, refused.sentence), refused.status
    if request.form.get("then") == "draft":
        return redirect(url_for(".draft_page", live_id=live_id, edition="manager"), code=303)
    if request.form.get("then") == "freeze":
        return redirect(url_for(".confirm", live_id=live_id), code=303)
    flash(_("Saved."))
    return redirect(url_for(".review", live_id=live_id), code=303)


@bp.get("/freeze")
@audience("session:run")
def confirm(live_id: str) -> Page:
    """Say what freezing means, and ask once."""
    live, _role = session_role(live_id)
    with house().database.transaction() as db, in_language_of(live):
        draft = freezes.draft(db, live, live_sessions.guide_of(live), house().clock())
    if draft.frozen or draft.obstacle:
        return redirect(url_for(".review", live_id=live_id), code=303)
    return render_template("reports/confirm.html", live=live, draft=draft, form=FreezeForm())


@bp.post("/freeze")
@audience("session:run")
def freeze(live_id: str) -> Page:
    """Freeze, queue the files, show their progress."""
    live, _role = session_role(live_id)
    house().copies.give_back(house().database)
    with house().database.transaction() as db, in_language_of(live):
        frozen = freezes.freeze(db, live, live_sessions.guide_of(live), house().clock())
        jobs.queue(db, frozen)
    house().copies.give_back(house().database)  # now of no use any more
    jobs.start(house())
    return redirect(url_for(".review", live_id=live_id), code=303)


@bp.get("/status")
@audience("session:run")
def status(live_id: str) -> Response:
    """Return the state of every file, for the page's script."""
    _live, frozen = frozen_of(live_id)
    lines = [line for _edition, group in _groups(frozen, versions_of(frozen)[0]) for line in group]
    return jsonify(
        files=[{"edition": line.edition, "paper": line.paper, "state": line.state} for line in lines],
        busy=any(line.state in ("queued", "rendering") for line in lines),
    )


def versions_of(freeze: Freeze) -> list[Version]:
    """Return every version of a report's texts, the newest first."""
    with house().database.transaction() as db:
        return versions.all_of(db, freeze)


def _wanted(freeze: Freeze) -> Version:
    """Return the version that `?version=` asks for, else the newest."""
    kept = versions_of(freeze)
    asked = request.args.get("version", "")
    return next((one for one in kept if str(one.number) == asked), kept[0])


def _groups(freeze: Freeze, version: Version) -> list[tuple[str, list[FileLine]]]:
    with house().database.transaction() as db:
        kept = {
            (file.edition, file.paper): file
            for file in db.scalars(
                select(ReportFile).where(ReportFile.freeze_id == freeze.id, ReportFile.version == version.number)
            )
        }
        return [
            (
                edition,
                [
                    FileLine(edition, paper, file.state if file else "failed", file.note if file else "")
                    for paper in layout.PAPERS
                    for file in [kept.get((edition, paper))]
                ],
            )
            for edition in editions.made(version.editions)
        ]


@bp.post("/<edition>/<paper>/again")
@audience("session:run")
def again(live_id: str, edition: str, paper: str) -> Page:
    """Print a failed file once more."""
    _live, frozen = frozen_of(live_id)
    jobs.submit(house(), frozen.id)
    jobs.again(house(), frozen.id, edition, paper)
    return redirect(url_for(".review", live_id=live_id), code=303)


@bp.get("/<edition>/<paper>.pdf")
@audience("session:run")
def download(live_id: str, edition: str, paper: str) -> BaseResponse:
    """Hand out the kept bytes."""
    live, frozen = frozen_of(live_id)
    return kept_file(live, frozen, _wanted(frozen), edition, paper)


def kept_file(live: LiveSession, frozen: Freeze, version: Version, edition: str, paper: str) -> BaseResponse:
    """Hand out the kept bytes of one file; raise NotFound while it is not there."""
    with house().database.transaction() as db:
        file = db.scalars(
            select(ReportFile).where(
                ReportFile.freeze_id == frozen.id,
                ReportFile.edition == edition,
                ReportFile.paper == paper,
                ReportFile.version == version.number,
            )
        ).one_or_none()
    if file is None or file.content is None:
        raise NotFound(_("This file is not ready. Go back to the report and wait a moment."))
    number = f" {version.number}" if version.number > 1 else ""
    return _pdf(file.content, f"{live.title} {edition} {paper}{number}")


@bp.get("/<edition>/page")
@audience("session:run")
def printable(live_id: str, edition: str) -> Page:
    """Show the frozen report as a page that any browser can print."""
    live, frozen = frozen_of(live_id)
    version = _wanted(frozen)
    if edition not in editions.made(version.editions):
        raise NotFound(_("There is no such report."))
    failed = [line.note for line in dict(_groups(frozen, version))[edition] if line.state == "failed" and line.note]
    note = " ".join(
        [*failed[:1], _("This is the report as a page. Print it from your browser, or save it as a PDF there.")]
    )
    return _as_page(live, version.editions[edition], note=note)


@bp.get("/draft/<edition>")
@audience("session:run")
def draft_page(live_id: str, edition: str) -> Page:
    """Show how the report would look if it were frozen now."""
    live, data = _preview(live_id, edition)
    note = _("A draft, for you alone. It can still change until the report is frozen.")
    if live.rehearsal:
        note = _("A rehearsal: the results here are made up. A real session gives a report like this one.")
    return _as_page(live, data, draft=True, note=note)


@bp.get("/draft/<edition>/<paper>.pdf")
@audience("session:run")
def draft_pdf(live_id: str, edition: str, paper: str) -> Page:
    """Render the watermarked draft while the reader waits; it is not kept."""
    live, data = _preview(live_id, edition)
    if paper not in layout.PAPERS:
        raise NotFound(_("There is no such paper. Choose A4 or Letter."))
    try:
        printed = jobs.print_edition(data, paper, draft=True)
    except PrintFailed as failure:
        return _as_page(live, data, draft=True, note=failure.sentence), 503
    return _pdf(printed.content, f"{live.title} draft {edition} {paper}")


@bp.get("/paper.css")
@audience("session:run")
def stylesheet(live_id: str) -> Response:
    """Serve the style of the printable page."""
    return _style()


def _style() -> Response:
    response = make_response(layout.stylesheet(house().settings.brand_accent))
    response.mimetype = "text/css"
    return response


def logo_href() -> str:
    """Return where the installation's own picture is served; empty without one."""
    path = house().settings.brand_logo
    return static_url(brand.logo(path).name) if path else ""


def _preview(live_id: str, edition: str) -> tuple[LiveSession, dict[str, Any]]:
    live, _role = session_role(live_id)
    if edition not in EDITIONS:
        raise NotFound(_("There is no such report."))
    with house().database.transaction() as db, in_language_of(live):
        return live, freezes.preview(db, live, live_sessions.guide_of(live), edition, house().clock())


def _as_page(live: LiveSession, data: dict[str, Any], *, note: str, draft: bool = False) -> str:
    report = from_json(jobs.drawn(data))
    href = url_for(".stylesheet", live_id=live.id)
    return layout.page(report, style_href=href, draft=draft, note=note, logo_href=logo_href())


def _pdf(content: bytes, name: str) -> BaseResponse:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    file_name = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower() or "report"
    response = send_file(
        BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=f"{file_name}.pdf"
    )
    response.headers["Cache-Control"] = "no-store"
    return response
