"""Who may open a page: declared on the view, decided at each request.

Lives here: `audience`, and who is asking. Not here: what a role is
(`accounts.py`), seats (`take_part`) and the rights of sockets (`realtime`).

Every view carries `@audience(...)` right below its route:

    @bp.get("/staff/sessions/<live_id>/")
    @audience("session:run", "session:moderate", "session:watch")
    def console(live_id: str) -> str: ...

Several names mean: any of them will do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import current_app, g, request, session

from .. import accounts, facilitators
from ..errors import Forbidden, NotFound, WorkshopError
from ..house import House
from ..models import Account, LiveSession
from ..words import _

AUDIENCES = frozenset(
    {
        "anybody",
        "seat",
        "stage",
        "operator",
        "staff",
        "admin",
        "session:run",
        "session:moderate",
        "session:watch",
        "session:remote",
    }
)
REMOTE = "session:remote"
"""Beside the roles of a session: also a phone that steers it for somebody with one of them, where it is named."""
OWN_CHECK = frozenset({"anybody", "seat", "stage", "operator"})
"""Audiences that hold no account: the view itself reads the seat's cookie, the stage's token, or who asks for figures."""

COOKIE_KEY = "staff"
REMOTE_KEY = "remote"

View = TypeVar("View", bound=Callable[..., Any])


class SignInNeeded(WorkshopError):
    """Nobody is signed in; pages send the person to the sign-in form."""

    code = "sign_in"
    status = 401


def audience(*names: str) -> Callable[[View], View]:
    """Declare and enforce who may open a view.

    `session:*` needs the view's `live_id`; somebody without any role there gets
    404, somebody with another role 403.
    """
    unknown = set(names) - AUDIENCES
    if not names or unknown:
        raise ValueError(f"unknown audience: {sorted(unknown)}")
    roles = {name.removeprefix("session:") for name in names if name.startswith("session:") and name != REMOTE}

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not OWN_CHECK & set(names):
                _enforce(names, roles, kwargs)
            return view(*args, **kwargs)

        guarded.audience = names  # type: ignore[attr-defined]
        return cast(View, guarded)

    return declare


def house() -> House:
    """Return the house this request is served by."""
    return cast(House, current_app.extensions["house"])


def staff_token() -> str | None:
    """Return the token of this signed-in browser, for the socket handlers and sign-out."""
    token = session.get(COOKIE_KEY)
    return token if isinstance(token, str) else None


def remote_token() -> str | None:
    """Return the token of the remote that this browser is, None for any other."""
    token = session.get(REMOTE_KEY)
    return token if isinstance(token, str) else None


def presser() -> str:
    """Return whose press this request is, for the other consoles."""
    steering = g.get("remote")
    return str(steering.name) if steering else require_staff().name


def current_account() -> Account | None:
    """Return who is signed in, read from the database once per request."""
    if "staff_account" not in g:
        token = staff_token()
        g.staff_account = None
        if token:
            with house().database.transaction() as db:
                g.staff_account = accounts.account_of(db, token, house().clock())
    return cast("Account | None", g.staff_account)


def require_staff() -> Account:
    """Return who is signed in; raises SignInNeeded."""
    account = current_account()
    if account is None:
        raise SignInNeeded(_("Sign in to go on."))
    return account


def session_role(live_id: str) -> tuple[LiveSession, str]:
    """Return the live session and this person's role in it: "run", "moderate" or "watch".

    Raises NotFound also for sessions that exist but are none of this person's
    business: an address must not tell that there is one.
    """
    steering = g.get("remote")
    if steering is not None and steering.live.id == live_id:
        return steering.live, steering.role
    account = require_staff()
    with house().database.transaction() as db:
        found = accounts.role_in(db, account.id, live_id)
    if found is None:
        raise NotFound(_("There is no such session, or you have no part in it."))
    return found


def safe_next(target: str | None, otherwise: str) -> str:
    """Return `target` if it is a path on this site, else `otherwise` (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    if any(ord(letter) < 32 or letter == "\\" for letter in target):
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


def _enforce(names: tuple[str, ...], roles: set[str], arguments: dict[str, Any]) -> None:
    if REMOTE in names and _steers(roles, arguments["live_id"]):
        return
    account = require_staff()
    if "staff" in names or ("admin" in names and account.role == "admin"):
        return
    if roles:
        _live, role = session_role(arguments["live_id"])
        if role in roles:
            return
        raise Forbidden(_("Your part in this session does not allow this. Ask the person who runs it."))
    raise Forbidden(_("Only an admin may open this page."))


def _steers(roles: set[str], live_id: str) -> bool:
    """Return whether this browser is a remote with such a part in this session; an own part comes first."""
    token, account = remote_token(), current_account()
    if token is None:
        return False
    with house().database.transaction() as db:
        if account is not None and accounts.role_in(db, account.id, live_id):
            return False
        found = facilitators.remote(db, token, live_id, house().clock())
    if found is None:
        return False
    if found.role not in roles:
        raise Forbidden(_("Your part in this session does not allow this. Ask the person who runs it."))
    g.remote = found
    return True


def here() -> str:
    """Return the path and query of this request, for `?next=`."""
    return request.full_path.rstrip("?")
