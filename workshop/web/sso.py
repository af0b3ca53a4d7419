"""Signing in by a provider: the way there and back.

Lives here: what the browser carries on the way (in its signed cookie, for one
try), and letting it in. Not here: the protocol (`sso.py`), whose account it is
(`accounts.enter`). The way there is a link, no form: the content policy lets a
form lead nowhere else.
"""

from __future__ import annotations

import secrets

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from .. import accounts, sso
from ..errors import NotFound
from ..settings import Settings
from ..words import _
from .accounts import let_in
from .limits import provider
from .rights import audience, house, safe_next

bp = Blueprint("sso", __name__, url_prefix="/staff/sso")

ON_THE_WAY = "sso"


@bp.get("/start")
@audience("anybody")
@provider
def start() -> Response:
    """Send the browser to the provider."""
    settings = _configured()
    way = sso.way(settings, _back())
    target = safe_next(request.args.get("next"), url_for("accounts.dashboard"))
    session[ON_THE_WAY] = {"state": way.state, "nonce": way.nonce, "verifier": way.verifier, "next": target}
    return redirect(way.url, code=303)


@bp.get("/back")
@audience("anybody")
@provider
def back() -> Response:
    """Let in whom the provider sent back; each way can be gone once, by the browser that began it."""
    settings = _configured()
    kept = session.pop(ON_THE_WAY, None)
    given = request.args.get("state", "")
    if not isinstance(kept, dict) or not secrets.compare_digest(given.encode(), str(kept["state"]).encode()):
        raise sso.SignInFailed(_("Signing in did not work. Start again from the sign-in page."))
    if "code" not in request.args:  # the provider said no, or somebody pressed "cancel" there
        raise sso.SignInFailed(_("Signing in did not work. Start again from the sign-in page."))
    who = sso.identity(settings, _back(), request.args["code"], kept["nonce"], kept["verifier"])
    opened = accounts.enter(house(), who.issuer, who.subject, who.email, who.name)
    let_in(opened.token)
    return redirect(safe_next(kept["next"], url_for("accounts.dashboard")), code=303)


def _configured() -> Settings:
    settings = house().settings
    if not sso.configured(settings):
        raise NotFound(_("There is nothing here"))
    return settings


def _back() -> str:
    return f"{house().settings.public_url}/staff/sso/back"
