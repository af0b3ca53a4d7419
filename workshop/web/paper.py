"""Typing in what was written on paper, while its question is open.

Lives here: the page and its forms. Not here: what fits a question (its kind's
`clean`), when a batch is shown (`paper_cards.py`), the sheets to print
(`prints.py`).

Whoever types sees their own batch and nobody else's; a refused sheet comes back
with what was typed.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from .. import fragments, live_sessions, paper_cards, screens
from ..activities import KINDS
from ..errors import NotFound, WorkshopError
from ..words import _
from .rights import audience, house, require_staff, session_role
from .take_part import in_words

bp = Blueprint("paper", __name__, url_prefix="/staff/sessions/<live_id>/paper")

Page = str | Response | tuple[str, int]

NOT_FIELDS = frozenset({"csrf_token", "run", "alike", "lines", "sheet", "do"})


@bp.get("")
@audience("session:run")
def page(live_id: str) -> Page:
    """Show the form of the open question and the batch so far; `?sheet=` takes one up again."""
    return _page(live_id, wanted=request.args.get("sheet", ""))


@bp.post("")
@audience("session:run")
def send(live_id: str) -> Page:
    """Put a sheet, or several, into the batch, or take one out."""
    session_role(live_id)
    actor, desk, key = require_staff().id, _desk(live_id), request.form.get("sheet", "")
    if request.form.get("run") != desk.run_id:
        desk = paper_cards.Desk(
            desk.live, desk.activity, "", _("This question has closed. Nobody has seen what you typed.")
        )
    known = {sheet.key for sheet in paper_cards.batch(house(), actor, desk)}
    try:
        if request.form.get("do") == "out":
            paper_cards.take_out(house(), actor, desk, key)
            return redirect(url_for(".page", live_id=live_id), code=303)
        if key and key not in known and desk.run_id:
            raise NotFound(_("This sheet is gone already. Type it in as a new one."))
        typed = {name: values for name, values in request.form.lists() if name not in NOT_FIELDS}
        alike = request.form.get("alike", "1").strip() or "1"
        if desk.activity is not None and KINDS[desk.activity.kind].texts:
            sheets, alike = paper_cards.written(desk.activity, request.form.get("lines", "")), "1"
        else:
            sheets = [typed]
        number = int(alike) if alike.isdecimal() and len(alike) < 5 else 0
        count = paper_cards.type_in(house(), actor, desk, sheets, number, key)
    except WorkshopError as error:
        return _page(live_id, problem=error.sentence), error.status
    flash(_("Kept: %(count)s. Next sheet.", count=count), "good")
    return redirect(url_for(".page", live_id=live_id) + "#sheet", code=303)


def _desk(live_id: str) -> paper_cards.Desk:
    with house().database.transaction() as session:
        return paper_cards.desk(session, live_id)


def _page(live_id: str, *, wanted: str = "", problem: str = "") -> str:
    live, _role = session_role(live_id)
    g.language = live.language
    desk = _desk(live_id)
    seen, batch = None, paper_cards.batch(house(), require_staff().id, desk)
    if desk.activity is not None and desk.run_id:
        with house().database.transaction() as session:
            now = live_sessions.get(session, live_id)
            seen = screens.activity(session, now, desk.activity, live_sessions.run_of(session, now, now.at))
    taken_up = next((sheet for sheet in batch if sheet.key == wanted), None)
    typed = {name: values for name, values in request.form.lists() if name not in NOT_FIELDS}
    lines = request.form.get("lines", "") or (paper_cards.as_lines(taken_up.fields) if taken_up else "")
    given = "\n".join(value for values in typed.values() for value in values)
    return render_template(
        "facilitate/paper.html",
        live=live,
        desk=desk,
        seen=seen,
        texts=seen is not None and KINDS[seen.kind].texts,
        several=seen is not None and getattr(seen.config, "cards", 1) > 1,
        fields=fragments.answer_fields(seen, typed or (taken_up.fields if taken_up else None)) if seen else "",
        lines=lines,
        lost="" if desk.run_id else (request.form.get("lines", "") or given),
        alike=request.form.get("alike", "1"),
        problem=problem,
        key=taken_up.key if taken_up else request.form.get("sheet", "") if problem else "",
        batch=[(sheet.key, in_words(seen, sheet.fields)) for sheet in batch] if seen else [],
        floor=live.room_floor,
    )
