"""The facilitator's pages: create, console, join sheet, settings of one session.

Lives here: who is asking, one service, an answer. Not here: what the console
shows (`screens.console`), what a move does (`live_sessions.move`), and pushes
(`realtime`). All of it works by plain forms; the script only saves the reload.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from babel import Locale, UnknownLocaleError
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, NumberRange, Optional

from .. import anonymity, fragments, live_sessions, moderation, planning, rehearsals, retention, screens, who_sees
from ..errors import NotFound, Stale, WorkshopError
from ..guides import library
from ..models import LiveSession
from ..words import _
from .forecast import Forecast, forecast
from .forms import StaffForm, required
from .language import page_language, speak
from .planning import MORNING, ReadableDate, ReadableTime
from .rights import audience, house, presser, require_staff, session_role

bp = Blueprint("facilitate", __name__, url_prefix="/staff/sessions")

Page = str | Response | tuple[str, int]

USUAL_GROUP = 12
"""Where the number of people starts: the size for which most teams come."""


CHOSEN = required(_l("Choose one."))


class WholeNumber(IntegerField):
    """A whole number whose error says what to enter."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a number, such as 12.")) from None


class FloorsForm(StaffForm):
    """How many people must answer before anything shows (promise 3), and who reads texts first (promise 8)."""

    room_floor = SelectField(
        _l("Show a result from"),
        [CHOSEN],
        coerce=int,
        choices=[
            SelectChoice(floor, _l("%(n)s answers", n=floor))
            for floor in range(anonymity.LOWEST_ROOM_FLOOR, anonymity.ROOM_FLOOR + 1)
        ],
        default=anonymity.ROOM_FLOOR,
        description=_l("Below this the answers to a question are erased unseen. 5 is the safe choice."),
    )
    words_floor = SelectField(
        _l("Print words in reports from"),
        [CHOSEN],
        coerce=int,
        choices=[
            SelectChoice(floor, _l("%(n)s answers", n=floor))
            for floor in range(anonymity.LOWEST_WORDS_FLOOR, anonymity.WORDS_FLOOR + 1)
        ],
        default=anonymity.WORDS_FLOOR,
        description=_l(
            "Only words that their writers set free are printed. In a small group a style is easy to recognise."
        ),
    )

    moderation = BooleanField(
        _l("Read texts before the room sees them"),
        description=_l(
            "When a question closes, those who run or moderate read first, and can hide a text or mask words. Every "
            "phone says so. People write more freely when this is off."
        ),
    )


class CreateForm(FloorsForm):
    """Everything a new session needs to know; most of it is already filled in."""

    title = StringField(_l("Title"), [required(_l("Enter a title.")), Length(max=200)])
    team = StringField(_l("Team"), [Length(max=200)], description=_l("Stands on the stage and on the report."))
    language = SelectField(_l("Language"), [CHOSEN], description=_l("What phones and stage speak."))
    day = ReadableDate(_l("Day"), [Optional()], description=_l("Leave it empty to begin whenever you like."))
    at = ReadableTime(_l("Begins at"), [Optional()], default=MORNING)
    expected = WholeNumber(
        _l("How many people do you expect?"),
        [
            required(_l("Enter a number of people.")),
            NumberRange(1, live_sessions.LARGEST_GROUP, _l("Enter a number from 1 to 10,000.")),
        ],
        default=USUAL_GROUP,
    )
    leader = StringField(
        _l("Who leads the session?"),
        [required(_l("Enter who leads. Every phone says it.")), Length(max=120)],
        description=_l("Every phone says this name before the first answer."),
    )
    leader_is_manager = RadioField(
        _l("Is this person the team's manager?"),
        [CHOSEN],
        choices=[SelectChoice("no", _l("No")), SelectChoice("yes", _l("Yes, and every phone will say so"))],
        default="no",
    )
    tickets = BooleanField(
        _l("Only with a slip: one slip, one phone"),
        description=_l("You print slips with codes, and people draw them. Nobody can join twice."),
    )
    parking = BooleanField(
        _l("A parking lot on every step"),
        default=True,
        description=_l(
            "Phones park what does not fit now; you open it before you part. Adds eight minutes to the plan."
        ),
    )
    facilitator_words = BooleanField(
        _l("My own file may hold all words that the room saw"),
        description=_l("Every phone says so. People write more freely when this is off."),
    )
    freeze_after_minutes = SelectField(
        _l("Fix the report"),
        [CHOSEN],
        coerce=int,
        choices=[
            SelectChoice(0, _l("as soon as the session ends")),
            SelectChoice(15, _l("15 minutes after the end")),
            SelectChoice(60, _l("1 hour after the end")),
            SelectChoice(240, _l("4 hours after the end")),
            SelectChoice(1440, _l("1 day after the end")),
            SelectChoice(4320, _l("3 days after the end")),
        ],
        default=15,
        description=_l("Until then nothing is final. Phones are told the time."),
    )
    keep_days = SelectField(
        _l("Delete the results"),
        [CHOSEN],
        coerce=int,
        choices=[
            SelectChoice(30, _l("30 days after the end")),
            SelectChoice(90, _l("90 days after the end")),
            SelectChoice(180, _l("180 days after the end")),
            SelectChoice(365, _l("1 year after the end")),
        ],
        default=retention.KEEP_DAYS,
        description=_l("Every phone can read it. Reports that were fixed have a term of their own."),
    )


class DayPassed(WorkshopError):
    """Planned for a day that is over."""


# -- create


@bp.route("/new", methods=["GET", "POST"])
@audience("staff")
def create() -> Page:
    """Make a live session from a guide; nothing entered is lost on an error."""
    account = require_staff()
    wanted = request.args.get("guide", "")
    with house().database.transaction() as session:
        shelf = [entry for entry in library.list_guides(session, account) if entry.guide]
    found = next((entry for entry in shelf if wanted in (entry.id, entry.slug)), None)
    if found is None or found.guide is None:
        if wanted:
            raise NotFound(_("This guide no longer exists. Choose another one."))
        return render_template("facilitate/choose.html", guides=shelf)
    guide = found.guide
    form = CreateForm()
    form.language.choices = [SelectChoice(code, language_name(code)) for code in guide.languages]
    if not form.is_submitted():
        spoken = guide.localized(page_language())
        form.language.data, form.title.data, form.leader.data = spoken.language, spoken.title, account.name
    elif "show" not in request.form and form.validate():
        try:
            new = replace(_new_session(form, found.id), planned_for=_planned(form))
            live_id = live_sessions.create(house(), account, new)
        except DayPassed as error:
            form.refuse("day", error.sentence)
        except WorkshopError as error:
            form.refuse("title", error.sentence)
        else:
            return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    page = render_template(
        "facilitate/create.html", form=form, guide=guide, guide_id=found.id, forecast=_forecast_of(form)
    )
    return (page, 422) if form.errors else page


def _new_session(form: CreateForm, guide_id: str) -> live_sessions.NewSession:
    return live_sessions.NewSession(
        guide_id=guide_id,
        title=str(form.title.data).strip(),
        team=str(form.team.data or "").strip(),
        language=str(form.language.data),
        expected=int(form.expected.data or 0),
        leader=str(form.leader.data).strip(),
        leader_is_manager=form.leader_is_manager.data == "yes",
        room_floor=form.room_floor.data,
        words_floor=form.words_floor.data,
        moderation=bool(form.moderation.data),
        facilitator_words=bool(form.facilitator_words.data),
        parking=bool(form.parking.data),
        freeze_after_minutes=form.freeze_after_minutes.data,
        keep_days=form.keep_days.data,
        rehearsal="rehearsal" in request.form,
        simulated=rehearsals.USUAL,
        tickets=bool(form.tickets.data),
    )


def _planned(form: CreateForm) -> datetime | None:
    """Return for when it is planned; a rehearsal is for now."""
    if "rehearsal" in request.form:
        return None
    try:
        return planning.checked(form.day.data, form.at.data, house().clock())
    except WorkshopError as error:
        raise DayPassed(error.sentence) from None


def _forecast_of(form: CreateForm) -> Forecast | None:
    expected = form.expected.data
    if not isinstance(expected, int) or not 1 <= expected <= live_sessions.LARGEST_GROUP:
        return None
    return forecast(
        expected, form.room_floor.data or anonymity.ROOM_FLOOR, form.words_floor.data or anonymity.WORDS_FLOOR
    )


@bp.get("/new/forecast")
@audience("staff")
def show_forecast() -> str:
    """Return what a group would see, as a fragment: the form asks again while one types."""
    return render_template(
        "facilitate/_forecast.html", forecast=_forecast_of(CreateForm(request.args, meta={"csrf": False}))
    )


def language_name(code: str) -> str:
    """Return a language's name in that language; the bare code where nobody knows it."""
    try:
        return str(Locale.parse(code, sep="-").get_display_name()).capitalize()
    except (ValueError, UnknownLocaleError):
        return code


# -- run


@bp.get("/<live_id>/")
@audience("session:run", "session:moderate", "session:watch", "session:remote")
def console(live_id: str) -> str:
    """Show the console; in the lobby it is the lobby."""
    live, role = session_role(live_id)
    language = speak(live)
    with house().database.transaction() as session:
        screen = screens.console(session, live_sessions.get(session, live_id), role, house())
    html = Markup(fragments.console(screen))  # noqa: S704 - rendered by our own escaping templates
    return render_template("console/show.html", screen=screen, html=html, language=language)


@bp.post("/<live_id>/move")
@audience("session:run", "session:remote")
def move(live_id: str) -> Response:
    """Carry out one pressed button and show the console again; the loser of a race sees the new state."""
    _live, role = session_role(live_id)
    command, _colon, argument = request.form.get("do", "").partition(":")
    if command in ("where_found", "park"):
        argument = request.form.get(command, "")
    version = request.form.get("version", "")
    try:
        live_sessions.move(house(), role, live_id, command, argument, int(version) if version.isdecimal() else 0)
    except Stale:
        flash(_("Somebody else moved on. Here is the present state."), "warm")
    except WorkshopError as error:
        flash(error.sentence, "warm")
    else:
        house().desks.press(live_id, presser())
    return redirect(url_for("facilitate.console", live_id=live_id), code=303)


@bp.post("/<live_id>/rehearse")
@audience("session:run")
def rehearse(live_id: str) -> Response:
    """Make a rehearsal of this session and go there."""
    wanted = request.form.get("phones", "")
    phones = int(wanted) if wanted.isdecimal() and len(wanted) < 4 else rehearsals.USUAL
    copy = live_sessions.rehearse(house(), require_staff(), live_id, phones)
    return redirect(url_for("facilitate.console", live_id=copy), code=303)


@bp.get("/<live_id>/sheet")
@audience("session:run", "session:moderate", "session:watch")
def sheet(live_id: str) -> str:
    """Show the join sheet, one printed page with the way in."""
    live, _role = session_role(live_id)
    g.language = live.language
    with house().database.transaction() as session:
        live = live_sessions.get(session, live_id)
        screen = screens.stage(session, live, house())
    return render_template("facilitate/sheet.html", screen=screen, floor=live.room_floor)


@bp.route("/<live_id>/settings", methods=["GET", "POST"])
@audience("session:run")
def settings(live_id: str) -> Page:
    """Show what was set; in the lobby, start again with other floors."""
    live, _role = session_role(live_id)
    if live.phase == "moved" and live.moved_to:
        return redirect(url_for("facilitate.settings", live_id=live.moved_to), code=303)
    form = FloorsForm(obj=live)
    problem = ""
    if form.validate_on_submit():
        wanted = (form.room_floor.data, form.words_floor.data, bool(form.moderation.data))
        if wanted == (live.room_floor, live.words_floor, live.moderation):
            problem = _("These are the present floors. Choose others, or go back to the session.")
        else:
            return _start_again(live, form)
    with house().database.transaction() as session:
        moderated = moderation.log(session, live_id)
    page = render_template(
        "facilitate/settings.html",
        live=live,
        moderated=moderated,
        form=form,
        problem=problem,
        promise=who_sees.promise(live),
        language=language_name(live.language),
    )
    return (page, 422) if form.errors or problem else page


def _start_again(live: LiveSession, form: FloorsForm) -> Response:
    try:
        fresh = live_sessions.restart_with_floors(
            house(),
            require_staff(),
            live.id,
            form.room_floor.data,
            form.words_floor.data,
            read_first=bool(form.moderation.data),
        )
    except WorkshopError as error:
        flash(error.sentence, "warm")
        return redirect(url_for("facilitate.console", live_id=live.id), code=303)
    flash(_("Started again with other floors. Everybody who had joined is asked again."), "good")
    return redirect(url_for("facilitate.console", live_id=fresh), code=303)


@bp.app_template_global()
def stage_address(path: str) -> str:
    """Return the whole address of a stage link, as one would send it to somebody elsewhere."""
    return f"{house().settings.public_url}{path}"
