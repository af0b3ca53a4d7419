"""Pages for staff about themselves: signing in, the dashboard, people, the own account.

Lives here: handlers that say who is asking, call `workshop.accounts`, and draw.
Not here: rules about accounts.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from .. import accounts
from ..backoff import Backoff
from ..errors import WorkshopError
from ..words import _, ngettext
from . import dashboard as desk
from .forms import (
    ChangePasswordForm,
    FirstAccountForm,
    InvitedForm,
    InviteForm,
    NameForm,
    NewPasswordForm,
    SignInForm,
    StaffForm,
)
from .limits import passwords, source
from .rights import COOKIE_KEY, audience, current_account, house, require_staff, safe_next, staff_token

bp = Blueprint("accounts", __name__, url_prefix="/staff")

Page = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


def backoff() -> Backoff:
    """Return the memory of failed sign-ins of this process."""
    kept: Backoff = current_app.extensions["sign_in_backoff"]
    return kept


def let_in(token: str) -> None:
    """Give this browser a new cookie: nothing of the old one survives (no session fixation)."""
    session.clear()
    session[COOKIE_KEY] = token


def _wait(seconds: int) -> str:
    return ngettext(
        "There were several wrong tries. Wait one second, then try again.",
        "There were several wrong tries. Wait %(num)d seconds, then try again.",
        seconds,
    )


# Signing in ------------------------------------------------------------------------------------------------------


@bp.route("/sign-in", methods=["GET", "POST"])
@audience("anybody")
@passwords
def sign_in() -> Page:
    """Let a member of staff in."""
    target = safe_next(request.args.get("next"), url_for("accounts.dashboard"))
    if current_account():
        return redirect(target, code=303)
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("staff/sign_in.html", form=form, problem="")
    email, asking = str(form.email.data).strip().casefold(), source()
    keys = [("account", email, asking), ("source", asking)]
    pause = max(backoff().wait(keys[0]), backoff().wait(keys[1]))
    if pause > 0:
        sentence = _wait(int(pause) + 1)
        page = render_template("staff/sign_in.html", form=form, problem=sentence)
        return page, 429, {"Retry-After": str(int(pause) + 1)}
    opened = accounts.sign_in(house(), email, str(form.password.data))
    if opened is None:
        for key in keys:
            backoff().fail(key)
        sentence = _("This e-mail and password do not match. Check both, or ask an admin for a new password link.")
        return render_template("staff/sign_in.html", form=form, problem=sentence), 401
    backoff().clear(keys[0])
    let_in(opened.token)
    return redirect(target, code=303)


@bp.post("/sign-out")
@audience("anybody")
def sign_out() -> Response:
    """Sign this browser out."""
    token = staff_token()
    if token:
        with house().database.transaction() as db:
            accounts.sign_out(db, token)
    session.clear()
    return redirect(url_for("accounts.sign_in"), code=303)


# One-time links ----------------------------------------------------------------------------------------------------


def _redeem(purpose: str, token: str, form: StaffForm, template: str) -> Page:
    with house().database.transaction() as db:
        link = accounts.read_link(db, purpose, token, house().clock())
    if form.validate_on_submit():
        entered = {name: str(form[name].data) for name in ("name", "email", "password") if name in form}
        try:
            opened = accounts.redeem(house(), purpose, token, **entered)
        except WorkshopError as error:
            place = {"bad_email": "email", "bad_name": "name", "exists": "email", "weak_password": "password"}
            field = place.get(error.code, "")
            if field not in form:
                raise
            form.refuse(field, error.sentence)
        else:
            let_in(opened.token)
            flash(_("Welcome, %(name)s.", name=opened.account.name), "good")
            return redirect(safe_next(request.args.get("next"), url_for("accounts.dashboard")), code=303)
    return render_template(template, form=form, link=link)


@bp.route("/first/<token>", methods=["GET", "POST"])
@audience("anybody")
@passwords
def first(token: str) -> Page:
    """Make the first account with the link that was printed at start."""
    return _redeem("first", token, FirstAccountForm(), "staff/first.html")


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@audience("anybody")
@passwords
def invitation(token: str) -> Page:
    """Make an account from an invitation."""
    return _redeem("invite", token, InvitedForm(), "staff/invitation.html")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@audience("anybody")
@passwords
def reset(token: str) -> Page:
    """Choose a new password with an admin's link."""
    return _redeem("reset", token, NewPasswordForm(), "staff/reset.html")


# The desk ----------------------------------------------------------------------------------------------------------


@bp.get("/")
@audience("staff")
def dashboard() -> Page:
    """Show what matters now, or what a search finds."""
    with house().database.transaction() as db:
        page = desk.read(db, require_staff(), house().clock(), _query())
    return render_template("staff/dashboard.html", page=page)


@bp.get("/sessions/ended")
@audience("staff")
def ended() -> Page:
    """Show all ended sessions, page by page."""
    number = request.args.get("page", 1, type=int)
    with house().database.transaction() as db:
        page = desk.read_ended(db, require_staff(), number, _query())
    return render_template("staff/ended.html", page=page)


def _query() -> str:
    return " ".join(request.args.get("q", "").split())[:200]


# The own account -----------------------------------------------------------------------------------------------------


@bp.get("/account")
@audience("staff")
def own() -> Page:
    """Show the own account."""
    return _own(NameForm(name=require_staff().name), ChangePasswordForm())


def _own(name_form: NameForm, password_form: ChangePasswordForm) -> Page:
    return render_template(
        "staff/account.html", account=require_staff(), name_form=name_form, password_form=password_form
    )


@bp.post("/account/name")
@audience("staff")
def rename() -> Page:
    """Change the own name."""
    form = NameForm()
    if form.validate_on_submit():
        try:
            with house().database.transaction() as db:
                accounts.rename(db, require_staff(), str(form.name.data))
        except WorkshopError as error:
            form.refuse("name", error.sentence)
        else:
            flash(_("Your name is saved."), "good")
            return redirect(url_for("accounts.own"), code=303)
    return _own(form, ChangePasswordForm(formdata=None))


@bp.post("/account/password")
@audience("staff")
def change_password() -> Page:
    """Change the own password; every other browser is signed out."""
    form = ChangePasswordForm()
    account = require_staff()
    key = ("password", account.id)
    if form.validate_on_submit():
        pause = backoff().wait(key)
        try:
            if pause > 0:
                raise WorkshopError(_wait(int(pause) + 1), code="wrong_password")
            token = accounts.change_password(house(), account, str(form.present.data), str(form.password.data))
        except WorkshopError as error:
            if error.code == "wrong_password" and pause <= 0:
                backoff().fail(key)
            form.refuse("present" if error.code == "wrong_password" else "password", error.sentence)
        else:
            backoff().clear(key)
            let_in(token)
            flash(_("Your password is changed. Every other browser has been signed out."), "good")
            return redirect(url_for("accounts.own"), code=303)
    return _own(NameForm(formdata=None, name=account.name), form)


# People ------------------------------------------------------------------------------------------------------------


@bp.get("/people")
@audience("admin")
def people() -> Page:
    """Show who has an account here."""
    return _people(InviteForm())


def _people(form: InviteForm, link: str = "", link_for: str = "", link_kind: str = "") -> Page:
    with house().database.transaction() as db:
        everybody = accounts.everybody(db)
        invitations = accounts.open_invitations(db, house().clock())
    return render_template(
        "staff/people.html",
        form=form,
        everybody=everybody,
        invitations=invitations,
        me=require_staff(),
        link=link,
        link_for=link_for,
        link_kind=link_kind,
    )


def _whole(path: str) -> str:
    """Return the full address of a link to hand over: the public one, or the one this admin uses."""
    return (house().settings.base_url or request.host_url.rstrip("/")) + path


@bp.post("/people/invite")
@audience("admin")
def invite() -> Page:
    """Make an invitation and show its link once."""
    form = InviteForm()
    if form.validate_on_submit():
        try:
            with house().database.transaction() as db:
                path = accounts.invite(db, require_staff(), str(form.email.data), str(form.role.data), house().clock())
        except WorkshopError as error:
            form.refuse("email", error.sentence)
        else:
            return _people(InviteForm(formdata=None), _whole(path), str(form.email.data), "invite")
    return _people(form)


@bp.post("/people/invitations/withdraw")
@audience("admin")
def withdraw_invitation() -> Response:
    """Make an invitation worthless."""
    with house().database.transaction() as db:
        accounts.withdraw_invitation(db, require_staff(), request.form.get("email", ""))
    flash(_("The invitation no longer works."), "good")
    return redirect(url_for("accounts.people"), code=303)


@bp.post("/people/<account_id>/reset-link")
@audience("admin")
def reset_link(account_id: str) -> Page:
    """Make a link for a new password and show it once."""
    with house().database.transaction() as db:
        path = accounts.reset_link(db, require_staff(), account_id, house().clock())
        person = next(a for a in accounts.everybody(db) if a.id == account_id)
    return _people(InviteForm(formdata=None), _whole(path), person.name, "reset")


@bp.post("/people/<account_id>/active")
@audience("admin")
def set_active(account_id: str) -> Response:
    """Keep somebody out, or let them in again."""
    active = request.form.get("active") == "yes"
    with house().database.transaction() as db:
        accounts.set_active(db, require_staff(), account_id, active)
    flash(_("This person can sign in again.") if active else _("This person can no longer sign in."), "good")
    return redirect(url_for("accounts.people"), code=303)


@bp.post("/people/<account_id>/role")
@audience("admin")
def change_role(account_id: str) -> Response:
    """Make somebody an admin or a facilitator."""
    with house().database.transaction() as db:
        accounts.change_role(db, require_staff(), account_id, request.form.get("role", ""))
    flash(_("The change is made. This person has to sign in again."), "good")
    return redirect(url_for("accounts.people"), code=303)
