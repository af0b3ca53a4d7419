"""A guide on paper: the script for whoever leads, agenda and sheets for everybody who comes, cards to join.

Lives here: which guide, from when, in which language, and the pages. Not
here: the join sheet (`facilitate.py`), slips (`tickets.py`) and reports (`reports/`), which have
results; these pages have none, and print from the browser on any paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time

from flask import Blueprint, g, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import Form, SelectField, TimeField
from wtforms.validators import Optional

from .. import anonymity, fragments, live_sessions, paper_cards, planning, screens
from ..activities import KINDS
from ..errors import NotFound
from ..guides import library
from ..guides.schema import Activity, Guide, Step
from ..live_state import guide_of
from ..words import _
from .authoring import language_name
from .rights import audience, house, require_staff, session_role

bp = Blueprint("prints", __name__, url_prefix="/staff")

ONE_PAGE = 12
"""Steps of an agenda that fit on one page with their purposes; with more, the purposes stay away."""


class PrintForm(Form):
    """From when, and in which language. It changes nothing, so it needs no token."""

    start = TimeField(_l("Begins at"), [Optional()])
    language = SelectField(_l("Language"), [Optional()], validate_choice=False)


@dataclass(frozen=True)
class Line:
    """One activity in the script; `builds_on` is the prompt whose results it takes up."""

    activity: Activity
    label: str
    builds_on: str


@dataclass(frozen=True)
class Stretch:
    """One step and when it is: clock times (09:00), or minutes from the start (0:25) where no start is known."""

    number: int
    step: Step
    starts: str
    ends: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Plan:
    """What both papers print."""

    title: str
    team: str
    day: date | None
    guide: Guide
    clock: bool
    stretches: tuple[Stretch, ...]
    begins: str
    ends: str


@bp.get("/guides/<guide_id>/script")
@audience("staff")
def guide_script(guide_id: str) -> str:
    """Show what the leader of this guide says and does, step by step."""
    return _guide_page("script", guide_id)


@bp.get("/guides/<guide_id>/agenda")
@audience("staff")
def guide_agenda(guide_id: str) -> str:
    """Show the agenda of this guide for the people who come."""
    return _guide_page("agenda", guide_id)


@bp.get("/sessions/<live_id>/script")
@audience("session:run", "session:moderate", "session:watch")
def session_script(live_id: str) -> str:
    """Show the script of a session's own guide."""
    return _session_page("script", live_id)


@bp.get("/sessions/<live_id>/agenda")
@audience("session:run", "session:moderate", "session:watch")
def session_agenda(live_id: str) -> str:
    """Show the agenda of a session for the people who come."""
    return _session_page("agenda", live_id)


@dataclass(frozen=True)
class Sheet:
    """One page to fill in: a question with the fields of its kind, or a private page."""

    step: str
    activity: Activity
    screen: screens.ActivityScreen
    private: bool
    fields: Markup


@bp.get("/guides/<guide_id>/sheets")
@audience("staff")
def guide_sheets(guide_id: str) -> str:
    """Show a guide as sheets to fill in, for people without a phone."""
    spoken, form, back = _chosen(guide_id)
    return _sheets(spoken, form, spoken.title, anonymity.ROOM_FLOOR, back, _("Back to the guide"))


@bp.get("/sessions/<live_id>/sheets")
@audience("session:run", "session:moderate", "session:watch")
def session_sheets(live_id: str) -> str:
    """Show a session's own guide as sheets to fill in."""
    live, _role = session_role(live_id)
    form = _form(guide_of(live))
    spoken = guide_of(live).localized(form.language.data or live.language)
    form.language.data = g.language = spoken.language
    back = url_for("facilitate.console", live_id=live.id)
    return _sheets(spoken, form, live.title, live.room_floor, back, _("Back to the session"), live.rehearsal)


@bp.get("/sessions/<live_id>/cards")
@audience("session:run", "session:moderate", "session:watch")
def join_cards(live_id: str) -> str:
    """Show four cards to cut, each with the way in."""
    live, _role = session_role(live_id)
    g.language = live.language
    with house().database.transaction() as session:
        screen = screens.stage(session, live_sessions.get(session, live_id), house())
    back = url_for("facilitate.console", live_id=live.id)
    return render_template("prints/cards.html", screen=screen, back=back, back_words=_("Back to the session"))


def _sheets(
    guide: Guide, form: PrintForm, title: str, floor: int, back: str, back_words: str, rehearsal: bool = False
) -> str:
    found = []
    for step in guide.steps:
        for one in step.activities:
            kind = KINDS[one.kind]
            if not kind.private and not paper_cards.takes(one):
                continue
            screen = screens.ActivityScreen(one.id, one.kind, one.prompt, one.help, one.config, "open", kind.asks)
            fields = Markup("") if kind.private else fragments.answer_fields(screen)
            found.append(Sheet(step.title, one, screen, kind.private, fields))
    return render_template(
        "prints/sheets.html",
        guide=guide,
        form=form,
        title=title,
        floor=floor,
        sheets=found,
        rehearsal=rehearsal,
        back=back,
        back_words=back_words,
    )


def plan(guide: Guide, start: time | None, title: str = "", team: str = "", day: date | None = None) -> Plan:
    """Lay a guide out in time; without a start in minutes from the beginning."""
    first = minute = start.hour * 60 + start.minute if start else 0
    stretches = []
    for number, step in enumerate(guide.steps, 1):
        ends = minute + step.minutes
        lines = tuple(
            Line(one, _(KINDS[one.kind].label), guide.activity(one.source).prompt if one.source else "")
            for one in step.activities
        )
        stretches.append(Stretch(number, step, _moment(minute, start), _moment(ends, start), lines))
        minute = ends
    return Plan(
        title=title or guide.title,
        team=team,
        day=day,
        guide=guide,
        clock=start is not None,
        stretches=tuple(stretches),
        begins=_moment(first, start),
        ends=_moment(minute, start),
    )


def _moment(minute: int, start: time | None) -> str:
    """Return a minute as 09:05 on the clock (a session may run past midnight), or as 1:05 from the beginning."""
    return f"{minute // 60 % 24:02}:{minute % 60:02}" if start else f"{minute // 60}:{minute % 60:02}"


def _chosen(guide_id: str) -> tuple[Guide, PrintForm, str]:
    """Return a guide of the library in the chosen language, the form that chose it, and the way back."""
    with house().database.transaction() as session:
        entry = library.get_guide(session, require_staff(), guide_id)
    if entry.guide is None:
        raise NotFound(
            _("This guide cannot be read, so there is nothing to print. Its page says what is wrong with it.")
        )
    form = _form(entry.guide)
    spoken = entry.guide.localized(form.language.data or entry.guide.language)
    form.language.data = g.language = spoken.language
    back = url_for("authoring.guide", guide_id=entry.slug, language=spoken.language)
    return spoken, form, back


def _guide_page(paper: str, guide_id: str) -> str:
    spoken, form, back = _chosen(guide_id)
    return _page(paper, plan(spoken, _start(form)), form, back, _("Back to the guide"))


def _session_page(paper: str, live_id: str) -> str:
    live, _role = session_role(live_id)
    g.language = live.language
    form = _form(None)
    begins = planning.local(live.planned_for or live.started_at)
    if begins and "start" not in request.args:
        form.start.data = begins.time().replace(second=0, microsecond=0)
    found = plan(guide_of(live), _start(form), live.title, live.team, begins.date() if begins else None)
    back = url_for("facilitate.console", live_id=live.id)
    return _page(paper, found, form, back, _("Back to the session"), live.rehearsal)


def _form(guide: Guide | None) -> PrintForm:
    form = PrintForm(request.args)
    form.language.choices = [(code, language_name(code)) for code in guide.languages] if guide else []
    form.validate()
    return form


def _start(form: PrintForm) -> time | None:
    return None if form.start.errors else form.start.data


def _page(paper: str, found: Plan, form: PrintForm, back: str, back_words: str, rehearsal: bool = False) -> str:
    return render_template(
        f"prints/{paper}.html",
        plan=found,
        form=form,
        back=back,
        back_words=back_words,
        one_page=ONE_PAGE,
        rehearsal=rehearsal,
    )
