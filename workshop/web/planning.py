"""The page of a planned session: its day, its calendar file, the invitation.

Lives here: the form and the addresses. Not here: the words and the file
(`planning.py`), the rest of the settings (`facilitate.py`).
"""

from __future__ import annotations

from datetime import datetime, time

from flask import Blueprint, Response, flash, g, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as BaseResponse
from wtforms import DateField, TimeField
from wtforms.validators import Optional

from .. import live_sessions, planning
from ..errors import WorkshopError
from ..models import LiveSession
from ..words import _, clock, day
from .forms import StaffForm
from .rights import audience, house, session_role

bp = Blueprint("planning", __name__, url_prefix="/staff/sessions/<live_id>/plan")

Page = str | BaseResponse | tuple[str, int]

MORNING = time(9, 0)
"""When a session begins until somebody says otherwise."""


class ReadableDate(DateField):
    """A day whose error says what to enter."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a day as year-month-day, such as 2026-12-31.")) from None


class ReadableTime(TimeField):
    """A time whose error says what to enter."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a time, such as 09:00.")) from None


class WhenForm(StaffForm):
    """For when a session is planned; no day means no plan."""

    day = ReadableDate(_l("Day"), [Optional()])
    at = ReadableTime(_l("Begins at"), [Optional()], default=MORNING)


@bp.route("", methods=["GET", "POST"])
@audience("session:run")
def page(live_id: str) -> Page:
    """Show the plan and the invitation; a POST changes the day."""
    live, _role = session_role(live_id)
    g.language = live.language
    begins = planning.local(live.planned_for)
    form = WhenForm(data={"day": begins.date(), "at": begins.time()} if begins else None)
    if form.validate_on_submit():
        try:
            with house().database.transaction() as session:
                when = planning.checked(form.day.data, form.at.data, house().clock())
                planning.change(live_sessions.get(session, live_id), when)
        except WorkshopError as error:
            form.refuse("day", error.sentence)
        else:
            flash(_("The day is set.") if when else _("The session has no day now."), "good")
            return redirect(url_for(".page", live_id=live_id), code=303)
    html = _page(live, form)
    return (html, 422) if form.errors else html


def _page(live: LiveSession, form: WhenForm) -> str:
    text = planning.invitation(live, day)
    return render_template(
        "facilitate/plan.html", live=live, form=form, invitation=text, rows=text.count("\n") + len(text) // 60
    )


@bp.get("/session.ics")
@audience("session:run")
def calendar(live_id: str) -> Response:
    """Hand out the planned session as a calendar file."""
    live, _role = session_role(live_id)
    g.language = live.language
    console = house().settings.public_url + url_for("facilitate.console", live_id=live.id)
    response = Response(planning.calendar(live, console), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="session.ics"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.app_template_filter("when")
def when_words(moment: datetime) -> str:
    """Return a stored moment as a day and a time: "4 November 2026, 09:00"."""
    there = planning.local(moment)
    assert there is not None
    return f"{day(there.date())}, {clock(there)}"
