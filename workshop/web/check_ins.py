"""A check-in on a phone: what stands behind the link, before, while and after the questions are open.

Lives here: the seat's cookie and the plain form. Not here: when a check-in opens
(`check_ins.py`), how a result reads (`check_in_results.py`), the page of whoever
runs the session (`web/follow_up.py`).

The participant's page is one plain form for all questions; `static/js/check_in.js`
adds what the phone alone knows, and sends nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from .. import anonymity, answers, check_in_promise, check_in_results, check_ins, who_sees
from ..errors import Closed, NotFound, WorkshopError
from ..guides.schema import Activity
from ..house import House
from ..models import ActivityRun, LiveSession
from ..words import _
from .language import day, speak
from .rights import audience, house
from .take_part import as_it_is, filling, set_seat

bp = Blueprint("check_ins", __name__)

Page = str | BaseResponse | tuple[str, int]

LEFT_OUT = "pass"
MOST_STEP = 1000  # between two revisions of an answer
SAID_IN = 1024
"""Bytes that the answers of one phone take on its page, in any language: labels of a few words."""


# -- for whoever has the link


@dataclass(frozen=True)
class Asking:
    """One question on a phone: what it asks, and this phone's own answer. `chosen` is empty for none and for a pass."""

    item: Activity
    run_id: str
    revision: int
    chosen: str
    passed: bool

    @property
    def field(self) -> str:
        """Return the name of its field in the form."""
        return "choice" if self.item.kind == "choice" else "value"

    @property
    def said(self) -> str:
        """Return the own answer as it reads."""
        if self.passed or not self.chosen:
            return _("Left out")
        if self.item.kind == "choice":
            return next(str(o.label) for o in self.item.config.options if o.id == self.chosen)
        return self.chosen


@bp.get("/f/")
@audience("anybody")
def enter() -> str:
    """Ask for the code, for somebody who has it on paper."""
    return render_template("take_part/enter.html", typed="", problem="", check_in=True)


@bp.get("/f/<token>")
@audience("anybody")
def show(token: str) -> BaseResponse:
    """Show the questions while they are open; else say when to come back, and to those who took part what came out."""
    with house().database.transaction() as session:
        try:
            behind = check_ins.door(session, token)
        except NotFound as error:
            return _sorry(error)
        live = session.get(LiveSession, behind.open.live_id) if behind.open else None
        language = speak(live or behind.parent)
        seated = [one for one in behind.closed if one.live_id and _secret(one.live_id)]
        found = [data for one in seated if (data := check_ins.frozen(session, one))]
        asked = check_ins.runs_of(session, live.id, language) if live else []
    if behind.open is None or live is None:
        results = [check_in_results.read(data) for data in found]
        return make_response(render_template("check_ins/closed.html", opens_on=behind.opens_on, results=results[-1:]))
    secret = _secret(live.id)
    last = day(behind.open.last_day)
    promise = check_in_promise.promise(live, last)
    unprotected = check_in_promise.unprotected(who_sees.unprotected())
    if secret is None:
        html = render_template(
            "check_ins/welcome.html", parent=behind.parent, token=token, promise=promise, unprotected=unprotected
        )
        return make_response(html)
    questions = _questions(house(), live.id, secret, asked)
    sent = all(question.revision for question in questions) and "change" not in request.args
    return _pulse(token, behind, questions, sent=sent)


@bp.post("/f/<token>/begin")
@audience("anybody")
def begin(token: str) -> BaseResponse:
    """Give this phone a seat in the check-in that is open."""
    with house().database.transaction() as session:
        try:
            behind = check_ins.door(session, token)
        except NotFound as error:
            return _sorry(error)
    back = redirect(url_for(".show", token=token), code=303)
    if behind.open is None or behind.open.live_id is None:
        return back
    live_id = behind.open.live_id
    name = anonymity.seat_cookie(live_id, house().settings.https)
    try:
        seat = check_ins.take_seat(house(), live_id, request.cookies.get(name))
    except WorkshopError as error:
        speak(behind.parent)
        return _sorry(error)
    set_seat(back, live_id, seat)
    return back


@bp.post("/f/<token>/answers")
@audience("anybody")
def answer(token: str) -> BaseResponse:
    """Take the answers to all questions at once; what is left out is a pass, which looks the same."""
    with house().database.transaction() as session:
        try:
            behind = check_ins.door(session, token)
        except NotFound as error:
            return _sorry(error)
        language = speak(behind.parent)
        asked = check_ins.runs_of(session, behind.open.live_id, language) if behind.open and behind.open.live_id else []
    live_id = behind.open.live_id if behind.open else None
    secret = _secret(live_id) if live_id else None
    back = redirect(url_for(".show", token=token), code=303)
    if live_id is None or secret is None:
        return back
    problem: WorkshopError | None = None
    for item, run in asked:
        typed = request.form.get(f"{item.id}-answer", LEFT_OUT)
        field = "choice" if item.kind == "choice" else "value"
        based_on = request.form.get(f"{item.id}-based-on", "")
        revision = _next(secret, run.id, int(based_on) if based_on.isdecimal() and len(based_on) < 10 else 0)
        try:
            answers.cast(house(), live_id, secret, run.id, revision, None if typed == LEFT_OUT else {field: [typed]})
        except Closed:
            return back
        except WorkshopError as error:
            problem = error
    if problem is None:
        return back
    return _pulse(token, behind, _questions(house(), live_id, secret, asked), sent=False, problem=problem)


def _next(secret: bytes, run_id: str, based_on: int) -> int:
    """Return the revision after the one that the form was drawn with; the same again where a form is sent twice.

    By steps of no meaning: all questions are sent with one press, and were they counted, all answers of somebody who
    thinks again would carry the same number for a week (promise 4).
    """
    return based_on + 1 + int.from_bytes(anonymity.tag(secret, f"{run_id} {based_on}")[:4]) % MOST_STEP


def _pulse(
    token: str,
    behind: check_ins.Door,
    questions: list[Asking],
    *,
    sent: bool,
    problem: WorkshopError | None = None,
) -> Response:
    assert behind.open is not None
    last = day(behind.open.last_day)
    live, last_day = behind.parent, behind.open.last_day

    def drawn(some: list[Asking], refusal: str) -> str:
        return render_template(
            "check_ins/pulse.html",
            parent=live,
            token=token,
            questions=some,
            sent=sent,
            last_day=last_day,
            today=check_ins.local_day(house().clock()),
            promise=check_in_promise.promise(live, last),
            unprotected=check_in_promise.unprotected(who_sees.unprotected()),
            problem=refusal,
            words=phone_words(),
        )

    html = drawn(questions, problem.sentence if problem else "")
    if any(question.revision for question in questions):  # the page is as long whatever was sent (promise 12)
        silent = drawn([replace(question, revision=0, chosen="", passed=True) for question in questions], "")
        html += filling(len(html.encode()) - len(silent.encode()), SAID_IN)
    return as_it_is(make_response(html, problem.status if problem else 200))


def phone_words() -> dict[str, str]:
    """Return the sentences that the phone's script says by itself."""
    return {
        "wanted": _("You wanted {wanted}, you were at {now}."),
        "wanted_only": _("You wanted {wanted}."),
        "curve": _("Your own numbers so far, {first} to {last}"),
        "alone": _("Only this phone knows this. It is not sent."),
    }


def _questions(place: House, live_id: str, secret: bytes, asked: list[tuple[Activity, ActivityRun]]) -> list[Asking]:
    out = []
    for item, run in asked:
        mine = answers.mine(place, live_id, secret, run.id)
        chosen = next(iter((mine.fields or {}).get("choice" if item.kind == "choice" else "value", [])), "")
        out.append(Asking(item, run.id, mine.revision, chosen, mine.passed))
    return out


def _secret(live_id: str) -> bytes | None:
    cookie = request.cookies.get(anonymity.seat_cookie(live_id, house().settings.https))
    return anonymity.read_seat(house().seat_key, live_id, cookie)


def _sorry(error: WorkshopError) -> Response:
    heading = _("This does not open a check-in")
    return make_response(
        render_template("take_part/sorry.html", heading=heading, sentence=error.sentence), error.status
    )
