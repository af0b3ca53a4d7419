"""After the freeze: which rule hid what, and the staff's own texts put right as a new version.

Lives here: who is asking, one service, an answer. Not here: what may be
corrected (`versions.py`), the rules in words (`shown_to_whom.py`), the files
(`reports.py`).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from .. import jobs, live_sessions, shown_to_whom, versions
from ..activities import KINDS
from ..editions import Texts
from ..errors import Stale, WorkshopError
from ..findings import MOST_FINDINGS
from ..freezes import MOST_STEPS
from ..guides.schema import Guide
from ..models import LiveSession
from ..versions import Version
from ..words import _
from .reports import SPARE_STEPS, Page, SaveForm, frozen_of, in_language_of, versions_of
from .rights import audience, house

bp = Blueprint("corrections", __name__, url_prefix="/staff/sessions/<live_id>/report")


@bp.get("/shown")
@audience("session:run")
def shown(live_id: str) -> Page:
    """Say which edition holds what, by which rule, and which rule decided over each activity."""
    live, frozen = frozen_of(live_id)
    with in_language_of(live):
        lines, columns = shown_to_whom.table(live), shown_to_whom.columns()
    decided = shown_to_whom.decided(frozen.editions["facilitator"])
    return render_template("reports/shown.html", live=live, lines=lines, columns=columns, decided=decided)


class CorrectForm(SaveForm):
    """The same texts, and nothing that could choose a quote or a step."""


def _correct_form(live: LiveSession, version: Version) -> tuple[type[CorrectForm], list[tuple[str, str]]]:
    """Return the form, and (activity, prompt) of every summary that it holds."""
    blocks = [block for section in version.editions["facilitator"]["sections"] for block in section["blocks"]]
    guide = live_sessions.guide_of(live)
    prompts = [(one["activity"], one["heading"]) for one in blocks if _has_summary(guide, one.get("activity"))]
    fields = {f"heard-{activity}": TextAreaField(_l("What we heard")) for activity, _prompt in prompts}
    return type("Correction", (CorrectForm,), fields), prompts


def _has_summary(guide: Guide, activity_id: str | None) -> bool:
    if not activity_id:
        return False
    kind = KINDS[guide.activity(activity_id).kind]
    return kind.texts or kind.own_words


@bp.get("/correct")
@audience("session:run")
def correct(live_id: str) -> Page:
    """Show the texts as the newest version says them."""
    live, frozen = frozen_of(live_id)
    version = versions_of(frozen)[0]
    kind, prompts = _correct_form(live, version)
    texts = version.texts
    steps = [dict(zip(("what", "owner", "when"), step, strict=True)) for step in texts.next_steps] + [{}] * SPARE_STEPS
    data: dict[str, Any] = {
        "version": str(version.number),
        "findings": [*texts.findings, *[""] * (MOST_FINDINGS - len(texts.findings))],
        "asks": texts.asks,
        "next_steps": steps[:MOST_STEPS],
        **{f"heard-{activity}": texts.heard.get(activity, "") for activity, _prompt in prompts},
    }
    return _correct_page(live, kind(formdata=None, data=data), prompts)


def _correct_page(live: LiveSession, form: SaveForm, prompts: list[tuple[str, str]], problem: str = "") -> str:
    return render_template("reports/correct.html", live=live, form=form, prompts=prompts, problem=problem)


@bp.post("/correct")
@audience("session:run")
def save_correction(live_id: str) -> Page:
    """Make the next version and print it; on a refusal show everything that was typed."""
    live, frozen = frozen_of(live_id)
    kind, prompts = _correct_form(live, versions_of(frozen)[0])
    form = kind()
    if not form.validate_on_submit():
        problem = _("Not everything could be read. Check the texts and save again.")
        return _correct_page(live, form, prompts, problem), 422
    texts = Texts(
        findings=tuple(field.data or "" for field in form.findings),
        asks=form.asks.data or "",
        next_steps=tuple(
            (step.form.what.data or "", step.form.owner.data or "", step.form.when.data or "")
            for step in form.next_steps
        ),
        heard={activity: form[f"heard-{activity}"].data or "" for activity, _prompt in prompts},
    )
    expected = form.version.data or ""
    try:
        with house().database.transaction() as db, in_language_of(live):
            made = versions.correct(
                db,
                live,
                live_sessions.guide_of(live),
                frozen,
                texts,
                int(expected) if expected.isdecimal() else 0,
                house().clock(),
            )
            jobs.queue(db, frozen)
    except WorkshopError as refused:
        if isinstance(refused, Stale):
            form.version.data = str(versions_of(frozen)[0].number)
        return _correct_page(live, form, prompts, refused.sentence), refused.status
    jobs.start(house())
    flash(_("Saved as version %(number)s. Readers get it from now on.", number=made.number))
    return redirect(url_for("reports.review", live_id=live_id), code=303)
