"""Pages about the people of a session, and about the phone that steers it.

Lives here: inviting by link, parts, leaving, taking over, the remote's link.
Not here: the rules (`workshop/facilitators.py`) and the console itself.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import EmailField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from .. import accounts, facilitators
from ..errors import WorkshopError
from ..words import _
from .facilitate import language_name
from .forms import StaffForm, required
from .limits import limiter
from .rights import (
    REMOTE_KEY,
    audience,
    current_account,
    house,
    remote_token,
    require_staff,
    session_role,
    staff_token,
)

bp = Blueprint("facilitators", __name__, url_prefix="/staff")
bp.add_app_template_global(language_name)

Page = str | Response | tuple[str, int]

tries = limiter.limit("20 per minute", methods=["POST"])
"""For a form that a code opens: nobody tries codes by the thousand."""


class PartForm(StaffForm):
    """An invitation to one session."""

    role = RadioField(
        _l("What may this person do?"),
        choices=[
            SelectChoice("run", _l("Run: press every button, as you do")),
            SelectChoice("moderate", _l("Moderate: group cards, hide or mask texts")),
            SelectChoice("watch", _l("Watch: see the console, press nothing")),
        ],
        default="moderate",
    )
    label = StringField(
        _l("For whom"), [Length(max=120)], description=_l("A note for you, so that you can tell the links apart.")
    )
    email = EmailField(
        _l("E-mail, if this person has no account yet"),
        [Length(max=254)],
        description=_l("The link then makes an account first."),
    )


class TakeOverForm(StaffForm):
    """Proof that one is in the room."""

    proof = StringField(
        _l("Join code or stage link"),
        [required(_l("Enter the code from the stage, or the link of the stage.")), Length(max=300)],
        description=_l("Somebody in the room can read it to you."),
    )


# -- people of a session


@bp.get("/sessions/<live_id>/people")
@audience("session:run")
def people(live_id: str) -> Page:
    """Show who has a part in the session."""
    return _people(live_id, PartForm())


def _people(live_id: str, form: PartForm, link: str = "") -> Page:
    live, role = session_role(live_id)
    me = require_staff()
    if me.role != "admin":
        del form.email
    with house().database.transaction() as db:
        page = render_template(
            "facilitators/people.html",
            live=live,
            role=role,
            form=form,
            me=me,
            link=link,
            everybody=facilitators.people(db, live_id),
            invitations=facilitators.open_invitations(db, live_id, house().clock()),
            remotes=facilitators.remotes(db, me.id, live_id, house().clock()),
            here=house().desks.here(live_id),
        )
    return (page, 422) if form.errors else page


@bp.post("/sessions/<live_id>/people/invite")
@audience("session:run")
def invite(live_id: str) -> Page:
    """Make a one-time link and show it once."""
    form, me = PartForm(), require_staff()
    if not form.validate_on_submit():
        return _people(live_id, form)
    email = str(form.email.data or "").strip() if me.role == "admin" else ""
    try:
        with house().database.transaction() as db:
            now = house().clock()
            path = facilitators.invite(db, me, live_id, str(form.role.data), str(form.label.data or email), now)
            if email:
                path = f"{accounts.invite(db, me, email, 'facilitator', now)}?next={quote(path)}"
    except WorkshopError as error:
        form.refuse("email" if email else "role", error.sentence)
        return _people(live_id, form)
    return _people(live_id, PartForm(formdata=None), house().settings.public_url + path)


@bp.post("/sessions/<live_id>/people/invitations/<invitation_id>/withdraw")
@audience("session:run")
def withdraw(live_id: str, invitation_id: str) -> Response:
    """Make an invitation worthless."""
    with house().database.transaction() as db:
        facilitators.withdraw(db, live_id, invitation_id)
    flash(_("The invitation no longer works."), "good")
    return redirect(url_for("facilitators.people", live_id=live_id), code=303)


@bp.post("/sessions/<live_id>/people/<account_id>/role")
@audience("session:run")
def change_role(live_id: str, account_id: str) -> Response:
    """Give somebody another part, or take it back."""
    wanted = request.form.get("role", "")
    try:
        with house().database.transaction() as db:
            if wanted == "none":
                facilitators.remove(db, live_id, account_id)
            else:
                facilitators.change_role(db, live_id, account_id, wanted)
    except WorkshopError as error:
        flash(error.sentence, "warm")
    else:
        flash(_("The change is made, and holds at once."), "good")
    if account_id == require_staff().id and wanted != "run":
        return redirect(url_for("accounts.dashboard"), code=303)
    return redirect(url_for("facilitators.people", live_id=live_id), code=303)


@bp.post("/sessions/<live_id>/leave")
@audience("session:run", "session:moderate", "session:watch")
def leave(live_id: str) -> Response:
    """Give the own part back."""
    try:
        with house().database.transaction() as db:
            facilitators.remove(db, live_id, require_staff().id)
    except WorkshopError as error:
        flash(error.sentence, "warm")
        return redirect(url_for("facilitators.people", live_id=live_id), code=303)
    flash(_("You have left this session."), "good")
    return redirect(url_for("accounts.dashboard"), code=303)


@bp.route("/part/<token>", methods=["GET", "POST"])
@audience("anybody")
def part(token: str) -> Page:
    """Show what a link offers; pressed by somebody who is signed in, it gives them their part."""
    with house().database.transaction() as db:
        invitation, live = facilitators.read_invitation(db, token, house().clock())
    if request.method == "POST":
        me = require_staff()
        with house().database.transaction() as db:
            live_id = facilitators.accept(db, me, token, house().clock())
        return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    return render_template("facilitators/part.html", live=live, role=invitation.role, me=current_account(), token=token)


@bp.route("/take-over", methods=["GET", "POST"])
@audience("admin")
@tries
def take_over() -> Page:
    """Let an admin go on with a session whose facilitator cannot."""
    form = TakeOverForm()
    if form.validate_on_submit():
        me = require_staff()
        try:
            with house().database.transaction() as db:
                live_id = facilitators.take_over(db, me, str(form.proof.data))
        except WorkshopError as error:
            form.refuse("proof", error.sentence)
        else:
            house().desks.press(live_id, me.name)
            flash(_("You run this session now. It goes on exactly where it was."), "good")
            return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    page = render_template("facilitators/take_over.html", form=form)
    return (page, 422) if form.errors else page


# -- the remote


@bp.route("/sessions/<live_id>/remote", methods=["GET", "POST"])
@audience("session:run", "session:moderate", "session:watch")
def remote(live_id: str) -> Page:
    """Offer a code that a phone can scan; pressed, show one that works once and for a few minutes."""
    live, role = session_role(live_id)
    me, now = require_staff(), house().clock()
    link = ""
    with house().database.transaction() as db:
        if request.form.get("do") == "end":
            facilitators.end_remotes(db, me.id, live_id)
        elif request.method == "POST":
            path = facilitators.remote_link(db, me, live_id, staff_token() or "", now)
            link = house().settings.public_url + path
        steering = facilitators.remotes(db, me.id, live_id, now)
    minutes = facilitators.REMOTE_LINK_LASTS // timedelta(minutes=1)
    return render_template(
        "facilitators/remote.html", live=live, role=role, link=link, steering=steering, minutes=minutes
    )


@bp.route("/remote/<token>", methods=["GET", "POST"])
@audience("anybody")
def open_remote(token: str) -> Page:
    """Ask on the phone, then sign it in for this one session. A look at the address does nothing: previews look too."""
    with house().database.transaction() as db:
        found = facilitators.read_remote_link(db, token, house().clock())
        if request.method == "POST":
            fresh, live_id = facilitators.open_remote(db, token, house().clock())
    if request.method == "POST":
        session[REMOTE_KEY] = fresh
        return redirect(url_for("facilitate.console", live_id=live_id), code=303)
    return render_template("facilitators/open_remote.html", live=found.live, name=found.name, role=found.role)


@bp.post("/sessions/<live_id>/remote/put-away")
@audience("anybody")
def put_away(live_id: str) -> Response:
    """End the remote that this phone is; anybody else's press does nothing."""
    token = remote_token()
    if token:
        with house().database.transaction() as db:
            facilitators.put_away(db, token)
        session.pop(REMOTE_KEY, None)
    return redirect(url_for("take_part.enter"), code=303)
