"""The page "Follow-up" of a session that has ended: its check-ins, their link, what came out, letters.

Lives here: the forms of whoever runs the session. Not here: when a check-in
opens (`check_ins.py`), what phones see of it (`web/check_ins.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateField, StringField, TextAreaField

from .. import check_in_letters, check_in_results, check_ins, outbox
from ..check_in_results import SetResult
from ..errors import NotFound, WorkshopError
from ..guides.schema import Activity
from ..models import ActivityRun, CheckIn, FollowUp, LiveSession
from ..words import _, day, ngettext, speaking
from .forms import StaffForm, required
from .rights import audience, house, session_role

bp = Blueprint("follow_up", __name__, url_prefix="/staff/sessions/<live_id>/follow-up")

Page = str | Response | tuple[str, int]


class DayForm(StaffForm):
    """When a check-in opens, or that there is none."""

    on = BooleanField(_l("Ask this check-in"))
    first_day = DateField(_l("Opens on"), [required(_l("Choose a day."))])


class LettersForm(StaffForm):
    """Invitations to a pasted list."""

    addresses = TextAreaField(
        _l("E-mail addresses"),
        [required(_l("Paste at least one address."))],
        description=_l("One a line, or parted by commas. At most 300."),
    )
    subject = StringField(_l("Subject"), [required(_l("Enter a subject."))])
    body = TextAreaField(_l("Text"), [required(_l("Write a text for the mail."))])


@dataclass(frozen=True)
class CheckInLine:
    """One check-in on the follow-up page. `enough`: at least as many have been there as a result needs."""

    check_in: CheckIn
    form: DayForm
    result: SetResult | None
    enough: bool
    gone: bool


@bp.get("")
@audience("session:run")
def show(live_id: str) -> Page:
    """Show the two check-ins: their days, their link, what came out."""
    return _page(live_id)


@bp.get("/<int:number>/sheet")
@audience("session:run")
def sheet(live_id: str, number: int) -> Page:
    """Show one check-in that is over as a page to print."""
    live, _role = session_role(live_id)
    with house().database.transaction() as session:
        found = next((one for one in check_ins.of(session, live_id) if one.number == number), None)
        data = check_ins.frozen(session, found) if found else None
    if data is None:
        raise NotFound(_("This check-in has no results, or they were deleted."))
    return render_template("check_ins/sheet.html", live=live, result=check_in_results.read(data))


@bp.post("/<int:number>")
@audience("session:run")
def change(live_id: str, number: int) -> Page:
    """Move a check-in to another day or switch it off."""
    live, _role = session_role(live_id)
    form = DayForm(prefix=f"c{number}")
    if not form.on.data:
        first: date | None = None
    elif form.first_day.data is None:
        form.refuse("first_day", _("Choose a day."))
        return _page(live_id, {number: form}, status=422)
    else:
        first = form.first_day.data
    today = check_ins.local_day(house().clock())
    try:
        with house().database.transaction() as session:
            check_ins.plan(session, live, today)
            check_ins.change(session, live, number, first, today)
    except NotFound:
        raise
    except WorkshopError as error:
        form.refuse("first_day", error.sentence)
        return _page(live_id, {number: form}, status=error.status)
    flash(_("Saved.") if first else _("This check-in is switched off."), "good")
    return redirect(url_for(".show", live_id=live_id), code=303)


@bp.post("/<int:number>/close")
@audience("session:run")
def close(live_id: str, number: int) -> Response:
    """Close an open check-in before its last day."""
    with house().database.transaction() as session:
        found = next((one for one in check_ins.of(session, live_id) if one.number == number), None)
    if found is None:
        raise NotFound(_("There is no such check-in."))
    if found.state == "open":
        done = check_ins.close(house(), found.id)
        flash(_("The check-in is closed.") if done else _("Closing. This takes a moment."), "good")
    return redirect(url_for(".show", live_id=live_id), code=303)


@bp.post("/letters")
@audience("session:run")
def letters(live_id: str) -> Page:
    """Put an invitation for each address of a pasted list into the outbox; the list itself is not kept."""
    live, _role = session_role(live_id)
    form = LettersForm(prefix="letters")
    if not form.validate():
        return _page(live_id, letters_form=form, status=422)
    listed = check_in_letters.read_list(str(form.addresses.data))
    for sentence in _wrong(listed):
        form.refuse("addresses", sentence)
    if not form.addresses.errors:
        try:
            with house().database.transaction() as session:
                number = check_in_letters.invite(
                    session, house(), live, listed, str(form.subject.data), str(form.body.data)
                )
        except WorkshopError as error:
            form.refuse("body", error.sentence)
        else:
            sent = ngettext(
                "One letter is on its way. The list is not kept.",
                "%(num)d letters are on their way. The list is not kept.",
                number,
            )
            flash(sent, "good")
            return redirect(url_for(".show", live_id=live_id, _anchor="letters"), code=303)
    return _page(live_id, letters_form=form, status=422)


def _wrong(listed: check_in_letters.Listed) -> list[str]:
    """Return what has to be put right in a list, naming each address."""
    out = []
    if listed.invalid:
        out.append(_("These are no e-mail addresses: %(list)s", list=", ".join(listed.invalid[:20])))
    if listed.twice:
        out.append(_("These are there twice: %(list)s", list=", ".join(listed.twice[:20])))
    if len(listed.addresses) > check_in_letters.MOST:
        out.append(_("At most %(most)s addresses at once. Send the rest tomorrow.", most=check_in_letters.MOST))
    if not listed.addresses and not out:
        out.append(_("Paste at least one address."))
    return [" ".join(out)] if out else []


def _page(
    live_id: str,
    forms: Mapping[int, DayForm] | None = None,
    letters_form: LettersForm | None = None,
    status: int = 200,
) -> Page:
    live, _role = session_role(live_id)
    with house().database.transaction() as session:
        found = session.get(FollowUp, live_id)
        both = check_ins.of(session, live_id)
        sets = {one.number: check_ins.frozen(session, one) for one in both if one.state == "closed"}
        runs = {
            one.number: check_ins.runs_of(session, one.live_id) for one in both if one.state == "open" and one.live_id
        }
        waiting = check_in_letters.waiting(session, live_id)
    url = f"{house().settings.public_url}/f/{found.token}" if found else ""
    lines = [_line(live, one, sets, runs.get(one.number, []), forms or {}) for one in both]
    opened = next((one for one in both if one.state == "open"), None)
    coming = opened or next((one for one in both if one.state == "planned"), None)
    if letters_form is None:
        with speaking(live.language):
            subject, body = check_in_letters.usual_words(live, url, day(coming.last_day) if coming else "")
        letters_form = LettersForm(formdata=None, prefix="letters", data={"subject": subject, "body": body})
    page = render_template(
        "check_ins/follow_up.html",
        live=live,
        follow_up=found,
        url=url,
        lines=lines,
        opened=opened,
        can_mail=outbox.configured(house().settings),
        letters_form=letters_form,
        waiting=waiting,
        local=not house().settings.base_url,
    )
    return page, status


def _line(
    live: LiveSession,
    one: CheckIn,
    sets: Mapping[int, dict[str, Any] | None],
    runs: list[tuple[Activity, ActivityRun]],
    forms: Mapping[int, DayForm],
) -> CheckInLine:
    form = forms.get(one.number) or DayForm(
        formdata=None, prefix=f"c{one.number}", data={"on": one.state != "off", "first_day": one.first_day}
    )
    data = sets.get(one.number)
    enough = False
    if one.live_id and runs:
        box = house().boxes.box(one.live_id)
        enough = max(box.answered(run.id) for _item, run in runs) >= live.room_floor
    return CheckInLine(
        check_in=one,
        form=form,
        result=check_in_results.read(data) if data else None,
        enough=enough,
        gone=one.state == "closed" and data is None,
    )
