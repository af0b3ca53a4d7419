"""The participant's pages: enter a code, see the promise, join, take part.

Lives here: the seat's cookie, the plain-form path of an answer, and what only
one phone sees (its own answer) around the screen that all phones share. Not
here: what a phone may see (`screens`), what an answer is (`answers`), sockets.

Everything works without a script; `static/js/phone.js` only makes it smoother.

Of this length because a phone's whole way in and through is one thought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, make_response, redirect, render_template, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, Field, RadioField, SelectField, SelectMultipleField

from .. import anonymity, answers, breakouts, check_ins, fragments, live_sessions, padding, questions, screens, who_sees
from ..activities import KINDS
from ..backoff import Backoff
from ..errors import NotFound, Throttled, WorkshopError
from ..models import LiveSession
from ..screens import ActivityScreen, PhoneScreen
from ..words import _
from .language import speak
from .limits import source as asking
from .rights import audience, house

bp = Blueprint("take_part", __name__)

NOT_FIELDS = frozenset({"csrf_token", "run", "based_on", "pass"})

SOURCE_FREE = 40
"""Wrong codes one address may send before it has to pause: an office of 300 behind one address mistypes about 30."""
EVERYBODY_FREE = 400
"""Wrong codes of all addresses together before everybody pauses; with 30^6 codes that is no help to a guesser."""
EVERYBODY_PAUSE = 20.0
"""Seconds: short, because it stops honest people too; they still have the QR code, which is never limited."""


@dataclass(frozen=True)
class Personal:
    """What only this phone sees on its first paint; no push ever carries it."""

    csrf: str = ""
    revision: int = 0
    passed: bool = False
    spent: bool = False
    fields: dict[str, list[str]] | None = None
    said: tuple[str, ...] = ()
    editing: bool = False
    problem: str = ""
    breakout: breakouts.Place | None = None
    ballot: int = 0  # the revision of this phone's votes on others' questions
    votes: frozenset[str] = frozenset()
    lot: answers.Mine | None = None  # what this phone has parked, where the page was asked for it
    lot_csrf: str = ""
    room: int = 0  # bytes that the answers to the open question may take on the page

    @property
    def alike(self) -> int:
        """Bytes that hide on the page what was sent; 0 where everybody knows that nothing was (promise 12)."""
        return self.room + (self.lot.alike if self.lot else 0)

    @property
    def silent(self) -> Personal:
        """The same phone if nothing had been sent from it."""
        return replace(
            self,
            revision=0,
            passed=False,
            spent=False,
            fields=None,
            said=(),
            problem="",
            ballot=0,
            votes=frozenset(),
            lot=answers.Mine(0) if self.lot else None,
            breakout=None,
        )

    @property
    def sent(self) -> bool:
        """Whether the answer is shown rather than the form."""
        return self.revision > 0 and not self.editing


@dataclass(frozen=True)
class Unsent:
    """An answer that came too late, given back with the reason."""

    sentence: str
    text: str


class NoSeat(NotFound):
    """This browser has no seat in that session, or there is no such session: one answer for both."""

    code = "no_seat"


@bp.record_once
def _remember_failures(state: object) -> None:
    app: Flask = state.app  # type: ignore[attr-defined]
    app.extensions["code_backoff"] = (
        Backoff(free=SOURCE_FREE),
        Backoff(free=EVERYBODY_FREE, longest=EVERYBODY_PAUSE),
    )


# -- the door


@bp.get("/")
@audience("anybody")
def enter() -> str:
    """Ask for the code."""
    return render_template("take_part/enter.html", typed="", problem="")


@bp.post("/")
@audience("anybody")
def enter_code() -> BaseResponse:
    """Lead from a code to the welcome of its session."""
    return _by_code(request.form.get("code", ""))


@bp.get("/<string(length=6):code>")
@audience("anybody")
def short_path(code: str) -> BaseResponse:
    """Let somebody type the code behind the address."""
    if not set(code.upper()) <= set(anonymity.CODE_ALPHABET):
        abort(404)
    return _by_code(code)


def _by_code(code: str) -> BaseResponse:
    typed = code[:40]
    source, everybody = current_app.extensions["code_backoff"]
    address = asking()
    try:
        if max(source.wait(address), everybody.wait("all")) > 0:
            # Refused before looking: a right guess must not be told from a wrong one.
            raise Throttled(_("Too many wrong codes just now. Wait a minute, or use the QR code."))
        with house().database.transaction() as session:
            if len("".join(typed.split()).replace("-", "")) == check_ins.CODE_LENGTH:
                return redirect(f"/f/{check_ins.find_by_code(session, typed)}", code=303)
            token = live_sessions.find_by_code(session, typed).join_token
    except WorkshopError as error:
        if isinstance(error, NotFound):
            source.fail(address)
            everybody.fail("all")
        html = render_template("take_part/enter.html", typed=typed, problem=error.sentence)
        response = make_response(html, error.status)
        if error.status == 429:
            response.headers["Retry-After"] = "60"
        return response
    return redirect(f"/j/{token}", code=303)


@bp.get("/j/<join_token>")
@audience("anybody")
def welcome(join_token: str) -> BaseResponse:
    """Say who will see what, before anybody joins; who has joined already goes straight in."""
    with house().database.transaction() as session:
        inside = _seated_behind(session, join_token)
        if inside:
            return redirect(f"/s/{inside}/", code=303)
        try:
            live = live_sessions.find_by_join_token(session, join_token)
        except NotFound as error:
            link = check_ins.link_of(session, join_token)
            return redirect(f"/f/{link}", code=303) if link else sorry(error)
    return _welcome(live)


@bp.post("/j/<join_token>")
@audience("anybody")
def join(join_token: str) -> BaseResponse:
    """Give this phone a seat: a cookie, and nothing kept here but a larger total."""
    with house().database.transaction() as session:
        try:
            live = live_sessions.find_by_join_token(session, join_token)
        except NotFound as error:
            return sorry(error)
    name = anonymity.seat_cookie(live.id, house().settings.https)
    try:
        if live.tickets:
            _may_guess()
        seat = live_sessions.join(house(), live.id, request.cookies.get(name), request.form.get("slip", "")[:40])
    except NotFound as error:
        return sorry(error)
    except WorkshopError as error:
        if error.code == "slip_wrong":
            for counter, key in zip(current_app.extensions["code_backoff"], (asking(), "all"), strict=True):
                counter.fail(key)
        return _welcome(live, error)
    response = redirect(f"/s/{live.id}/", code=303)
    set_seat(response, live.id, seat)
    return response


def _may_guess() -> None:
    """Refuse an address that has tried too many wrong slips, before looking at its next one."""
    source, everybody = current_app.extensions["code_backoff"]
    if max(source.wait(asking()), everybody.wait("all")) > 0:
        raise Throttled(_("Too many wrong codes just now. Wait a minute, then try your slip again."))


def set_seat(response: BaseResponse, live_id: str, seat: str) -> None:
    """Give this phone its secret in a cookie that no script can read."""
    response.set_cookie(
        anonymity.seat_cookie(live_id, house().settings.https),
        seat,
        max_age=timedelta(days=anonymity.SEAT_DAYS),
        path="/",
        secure=house().settings.https,
        httponly=True,
        samesite="Lax",
    )


def _welcome(live: LiveSession, error: WorkshopError | None = None) -> Response:
    speak(live)
    html = render_template(
        "take_part/welcome.html",
        title=live.title,
        team=live.team,
        leader=live.leader,
        rehearsal=live.rehearsal,
        promise=who_sees.promise(live),
        unprotected=who_sees.unprotected(live.tickets),
        tickets=live.tickets,
        slip=request.values.get("slip", "")[:40],
        action=f"/j/{live.join_token}",
        problem=error.sentence if error else "",
    )
    return make_response(html, error.status if error else 200)


def _seated_behind(session: Session, join_token: str) -> str | None:
    """Return the session behind a QR link if this browser has a seat there, even when the door has closed."""
    live_id = session.scalar(select(LiveSession.id).where(LiveSession.join_token == join_token))
    return live_id if live_id and _secret(live_id) else None


# -- the seat


def _secret(live_id: str) -> bytes | None:
    cookie = request.cookies.get(anonymity.seat_cookie(live_id, house().settings.https))
    return anonymity.read_seat(house().seat_key, live_id, cookie)


def require_seat(live_id: str) -> bytes:
    """Return the phone's secret; raise `NoSeat` for a browser that has not joined, whether there is such a session or not."""
    secret = _secret(live_id)
    if secret is None:
        raise NoSeat(_("This browser has not joined that session, or it is over. Enter the code to join."))
    return secret


def _screen(live_id: str) -> PhoneScreen:
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        return screens.phone(session, live, house(), speak(live))


@bp.get("/s/<live_id>/")
@audience("seat")
def phone(live_id: str) -> BaseResponse:
    """Paint the whole screen with this phone's own answer in it."""
    try:
        secret = require_seat(live_id)
        screen = _screen(live_id)
    except NotFound as error:
        return sorry(error)
    return _phone_page(screen, _personal(screen, secret, editing="change" in request.args, park="park" in request.args))


@bp.post("/s/<live_id>/answer")
@audience("seat")
def answer(live_id: str) -> BaseResponse:
    """Take an answer from a plain form; whatever goes wrong, what was typed comes back."""
    try:
        secret = require_seat(live_id)
        screen = _screen(live_id)
    except NotFound as error:
        return sorry(error)
    run, based_on = request.form.get("run", ""), request.form.get("based_on", "")
    typed = {name: values for name, values in request.form.lists() if name not in NOT_FIELDS}
    fields = None if "pass" in request.form else typed
    revision = int(based_on) + 1 if based_on.isdecimal() and len(based_on) < 10 else 1
    try:
        answers.cast(house(), live_id, secret, run, revision, fields)
    except WorkshopError as error:
        return _given_back(screen, secret, run, typed, error)
    parked = screen.lot_open and screen.lot is not None and run == screen.lot.run_id
    return redirect(f"/s/{live_id}/?park=1#park" if parked else f"/s/{live_id}/", code=303)


def _given_back(
    screen: PhoneScreen, secret: bytes, run: str, typed: dict[str, list[str]], error: WorkshopError
) -> Response:
    personal = _personal(screen, secret, editing=True, typed=typed, problem=error.sentence)
    if personal.editing and screen.activity and screen.activity.run_id == run:
        return _phone_page(screen, personal, status=error.status)
    text = "\n\n".join(value.strip() for values in typed.values() for value in values if value.strip())
    personal = _personal(screen, secret)
    return _phone_page(screen, personal, unsent=Unsent(error.sentence, text), status=error.status)


def _personal(
    screen: PhoneScreen,
    secret: bytes,
    *,
    editing: bool = False,
    typed: dict[str, list[str]] | None = None,
    problem: str = "",
    park: bool = False,
) -> Personal:
    """Return this phone's own answer to the open question; `typed` wins over what lies in the box."""
    activity = screen.activity
    lot: dict[str, Any] = {}
    if park and screen.lot_open and screen.lot is not None and screen.lot.run_id is not None:
        lot = {"lot": answers.mine(house(), screen.live_id, secret, screen.lot.run_id), "lot_csrf": generate_csrf()}
    if activity is None or activity.phase != "open" or activity.run_id is None:
        return Personal(**lot)
    mine = answers.mine(house(), screen.live_id, secret, activity.run_id)
    ballot = answers.Mine(0)
    if activity.questions:
        ballot = answers.mine(house(), screen.live_id, secret, questions.ballot_of(activity.run_id))
    return Personal(
        **lot,
        ballot=ballot.revision,
        votes=frozenset((ballot.fields or {}).get("vote", ())),
        csrf=generate_csrf(),
        revision=mine.revision,
        passed=mine.passed,
        spent=mine.spent,
        fields=typed if typed is not None else mine.fields,
        said=in_words(activity, mine.fields) if mine.fields else (),
        editing=editing and not mine.spent,
        problem=problem,
        breakout=breakouts.ask(house(), screen.live_id, secret, activity.run_id, "look") if activity.breakout else None,
        room=mine.alike + ballot.alike,
    )


def in_words(activity: ActivityScreen, fields: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Return an author's own answer as they would read it, whatever the kind: labels and texts.

    Lines of one card stay together: fields named alike but for a number are
    sorted by that number.
    """
    form = KINDS[activity.kind].answer_form(activity.config)(MultiDict(fields))
    lines: list[str] = []
    labels = {one.id: one.label for one in getattr(activity.config, "options", ())}
    for field in sorted(form, key=_number_of):
        if isinstance(field, SelectField) and not isinstance(field, SelectMultipleField | RadioField):
            label = labels.get(field.name.partition("-")[2], "")
            lines += [f"{label}: {value}" for value in fields.get(field.name, ()) if value not in ("", "0")]
        elif isinstance(field, RadioField | SelectMultipleField):
            choices: Any = field.choices
            lines += [str(one.label or one.value) for one in choices if one.value in fields.get(field.name, ())]
        elif isinstance(field, BooleanField):
            lines += [_("May be quoted outside this room")] if fields.get(field.name) else []
        elif field.name == "audience":
            to_manager = fields.get("audience") == ["manager"]
            lines.append(_("Our manager may read it") if to_manager else _("To the room only"))
        else:
            lines += [value for value in fields.get(field.name, ()) if value]
    return tuple(lines)


def _number_of(field: Field) -> int:
    """Return the number of a card's field; lists keep the order of their options."""
    number = "" if isinstance(field, SelectField) else field.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _phone_page(
    screen: PhoneScreen, personal: Personal, *, unsent: Unsent | None = None, status: int = 200
) -> Response:
    html = _drawn(screen, personal, unsent)
    if personal.alike:
        html += filling(len(html.encode()) - len(_drawn(screen, personal.silent, None).encode()), personal.alike)
    return as_it_is(make_response(html, status))


def as_it_is(response: Response) -> Response:
    """Ask whatever stands between not to compress a page that was filled up: its length would tell again."""
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response


def _drawn(screen: PhoneScreen, personal: Personal, unsent: Unsent | None) -> str:
    asking = (bool(personal.csrf) and not personal.sent) or personal.lot is not None
    return render_template(
        "take_part/phone.html",
        screen=screen,
        place=Markup(fragments.phone(screen, personal=personal)),  # noqa: S704 - our own templates made it
        personal=personal,
        lot_fields=fragments.answer_fields(screen.lot, personal.lot.fields if personal.lot else None, beside=True)
        if screen.lot
        else "",
        unsent=unsent,
        refresh=not asking and unsent is None and screen.phase in ("lobby", "running"),
        words=phone_words(),
    )


def filling(told: int, room: int) -> str:
    """Return a remark that makes a page as large with an answer on it as without (promise 12).

    `told`: the bytes by which it is larger than the page of a phone that said nothing.
    """
    return f"<!--{'.' * padding.lacking(told, room)}-->"


def sorry(error: WorkshopError) -> Response:
    """Show a way back instead of a dead end."""
    heading = _("You are not in this session") if error.code == "no_seat" else _("This does not open a session")
    return make_response(
        render_template("take_part/sorry.html", heading=heading, sentence=error.sentence), error.status
    )


def phone_words() -> dict[str, str]:
    """Return the sentences that the phone's script says by itself."""
    return {
        "connected": _("Connected"),
        "connecting": _("Connecting"),
        "sending": _("Sending"),
        "saved": _("Saved"),
        "draft": _("Draft kept on this phone"),
        "waiting": _("Waiting for connection: kept on this phone"),
        "offline": _("No connection. What you write stays on this phone."),
        "nostore": _("This browser keeps nothing. Stay on this page until you have sent."),
        "kept": _("Kept on this phone until it can be sent"),
        "sent": _("Your answer is in"),
        "passed": _("You passed"),
        "closed_draft": _("The question closed before you sent this. Nobody has seen it."),
        "perhaps": _("It may have arrived before the connection broke."),
        "copied": _("Copied."),
        "hint": _("This may point to a person: {text}. You can still send it."),
        "lot_out": _("Kept on this phone until it can be sent"),
        "lot_in": _("Parked. You can change it until the parking lot is opened."),
        "lot_none": _("Nothing of yours is parked."),
        "selected": _("The text is selected. Copy it with your phone's menu."),
    }
