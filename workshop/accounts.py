"""Staff accounts: links, sign-in, passwords and rights in a session.

Lives here: every rule about who is a member of staff and what they may do.
Not here: passwords themselves (`passwords.py`), requests, cookies and pages
(`web/accounts.py`, `web/rights.py`).

Tokens are 256 random bits; the database keeps only their SHA-256, so a copy of
it opens nothing.

It is one file past the usual length, because every rule here counts the same rows: an invitation, a sign-in and a
change of role may each be what leaves a house without an admin.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import passwords
from .errors import Forbidden, NotFound, WorkshopError
from .house import House
from .models import Account, LiveSession, SessionRole, StaffIdentity, StaffLink, StaffSession
from .words import _

ROLES = ("admin", "facilitator")
SIGNED_IN_FOR = timedelta(days=7)
INVITATION_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)
FIRST_LINK_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class Opened:
    """A door that opened: whose it is, and the token of the new signed-in browser."""

    account: Account
    token: str


# Signing in and out ----------------------------------------------------------------------------------------------


def sign_in(house: House, email: str, password: str) -> Opened | None:
    """Return a new signed-in browser, or None: unknown, inactive and wrong look and cost the same."""
    with house.database.transaction() as session:
        account = _by_email(session, email)
    known = account is not None and account.active
    right = passwords.verify(account.password_hash if account else passwords.nobodys_hash(), password)
    if account is None or not known or not right:
        return None
    if passwords.is_outdated(account.password_hash):
        fresh = passwords.hash(password)
        with house.database.transaction() as session:
            session.execute(update(Account).where(Account.id == account.id).values(password_hash=fresh))
    with house.database.transaction() as session:
        return Opened(account, open_browser(session, account.id, house.clock()))


def open_browser(session: Session, account_id: str, now: datetime) -> str:
    """Sign a browser in: keep the hash of a new token, return the token. Clears out what has expired."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(token_hash=_hash(token), account_id=account_id, created_at=now, expires_at=now + SIGNED_IN_FOR)
    )
    return token


def sign_out(session: Session, token: str) -> None:
    """Sign the browser that holds `token` out; its cookie is worth nothing from now on."""
    session.execute(delete(StaffSession).where(StaffSession.token_hash == _hash(token)))


def account_of(session: Session, token: str | None, now: datetime) -> Account | None:
    """Return whose browser this is, or None: unknown, expired, or no longer active.

    Pages ask at each request, sockets at each event and every few seconds.
    """
    if not token or not isinstance(token, str):
        return None
    return session.scalar(
        select(Account)
        .join(StaffSession, StaffSession.account_id == Account.id)
        .where(StaffSession.token_hash == _hash(token), StaffSession.expires_at > now, Account.active)
    )


def role_in(session: Session, account_id: str, live_id: str) -> tuple[LiveSession, str] | None:
    """Return the live session and this account's role in it; None where it has no role.

    An admin has no right in a session by being an admin (promise 8).
    """
    found = session.execute(
        select(LiveSession, SessionRole.role)
        .join(SessionRole, SessionRole.live_id == LiveSession.id)
        .where(SessionRole.account_id == account_id, LiveSession.id == live_id)
    ).first()
    return (found[0], found[1]) if found else None


_PART = (
    select(SessionRole.role, Account.name)
    .join(Account, Account.id == SessionRole.account_id)
    .join(StaffSession, StaffSession.account_id == Account.id)
    .where(
        StaffSession.token_hash == bindparam("token_hash"),
        StaffSession.expires_at > bindparam("now"),
        Account.active,
        SessionRole.live_id == bindparam("live_id"),
    )
)


def part_in(session: Session, token: str, live_id: str, now: datetime) -> tuple[str, str]:
    """Return the role in a live session of whoever's browser this is, and their name; empty where there is none.

    `account_of` and `role_in` in one question: consoles ask it with every press, and every few seconds.
    """
    found = session.execute(_PART, {"token_hash": _hash(token), "now": now, "live_id": live_id}).first()
    return (found[0], found[1]) if found else ("", "")


def sessions_of(session: Session, account_id: str) -> list[tuple[LiveSession, str]]:
    """Return the live sessions this account has a role in, newest first."""
    found = session.execute(
        select(LiveSession, SessionRole.role)
        .join(SessionRole, SessionRole.live_id == LiveSession.id)
        .where(SessionRole.account_id == account_id)
        .order_by(LiveSession.created_on.desc(), LiveSession.started_at.desc(), LiveSession.title)
    )
    return [(live, role) for live, role in found]


def enter(house: House, issuer: str, subject: str, email: str, name: str) -> Opened:
    """Sign somebody in whom a provider vouches for; raises Forbidden with what to do.

    Whoever is known by the provider's own name for them gets that account. The first
    time, a verified address (`email`, else empty) finds the account to tie it to, or an
    open invitation. An account that is tied already stays with that person: the
    address may have moved on to somebody else.
    """
    now = house.clock()
    with house.database.transaction() as session:
        known = session.get(StaffIdentity, (issuer, subject))
        if known is not None:
            account = _existing(session, known.account_id)
        elif not email:
            raise Forbidden(
                _("The sign-in service does not vouch for your e-mail address. Ask an admin for another way in.")
            )
        else:
            account = _by_email(session, email) or _invited(session, email, name, now)
            tied = session.scalar(
                select(StaffIdentity).where(StaffIdentity.issuer == issuer, StaffIdentity.account_id == account.id)
            )
            if tied is not None:
                raise Forbidden(
                    _("%(email)s belongs to another person here. Ask an admin for an invitation.", email=email)
                )
            session.add(StaffIdentity(issuer=issuer, subject=subject, account_id=account.id))
        if not account.active:
            raise Forbidden(_("This account is kept out. Ask an admin."))
        return Opened(account, open_browser(session, account.id, now))


def _invited(session: Session, email: str, name: str, now: datetime) -> Account:
    """Make the account of somebody with an open invitation. Its password is one that nobody knows."""
    address = _clean_email(email)
    link = session.scalar(
        select(StaffLink).where(
            StaffLink.purpose == "invite",
            StaffLink.email == address,
            StaffLink.used_at.is_(None),
            StaffLink.expires_at > now,
        )
    )
    if link is None:
        raise Forbidden(_("%(email)s has no account here. Ask an admin for an invitation.", email=email))
    link.used_at = now
    shown = " ".join(name.split())[:120] or address.partition("@")[0]
    return _new_account(session, address, shown, str(link.role), passwords.hash(secrets.token_urlsafe(32)), now)


# One-time links ----------------------------------------------------------------------------------------------------


def create_first_link(session: Session, now: datetime) -> str | None:
    """Return the path of a new link for the first account; None once an account exists.

    A new one replaces the old: only what was printed last opens.
    """
    if has_accounts(session):
        return None
    session.execute(delete(StaffLink).where(StaffLink.purpose == "first"))
    return _new_link(session, purpose="first", expires_at=now + FIRST_LINK_LASTS)


def invite(session: Session, actor: Account | None, email: str, role: str, now: datetime) -> str:
    """Return the path of an invitation for `email`; an earlier one for it stops working."""
    _admin(actor)
    email = _clean_email(email)
    if role not in ROLES:
        raise WorkshopError(_("Choose what this person may do: admin or facilitator."))
    if _by_email(session, email):
        raise WorkshopError(_("%(email)s already has an account.", email=email), code="exists", status=409)
    session.execute(delete(StaffLink).where(StaffLink.purpose == "invite", StaffLink.email == email))
    return _new_link(
        session,
        purpose="invite",
        email=email,
        role=role,
        created_by=actor.id if actor else None,
        expires_at=now + INVITATION_LASTS,
    )


def withdraw_invitation(session: Session, actor: Account, email: str) -> None:
    """Make the open invitation for `email` worthless."""
    _admin(actor)
    session.execute(
        delete(StaffLink).where(StaffLink.purpose == "invite", StaffLink.email == email, StaffLink.used_at.is_(None))
    )


def open_invitations(session: Session, now: datetime) -> list[StaffLink]:
    """Return the invitations that nobody has used yet."""
    return list(
        session.scalars(
            select(StaffLink)
            .where(StaffLink.purpose == "invite", StaffLink.used_at.is_(None), StaffLink.expires_at > now)
            .order_by(StaffLink.email)
        )
    )


def reset_link(session: Session, actor: Account | None, account_id: str, now: datetime) -> str:
    """Return the path of a password reset; signs the account out everywhere."""
    _admin(actor)
    account = _existing(session, account_id)
    session.execute(delete(StaffLink).where(StaffLink.purpose == "reset", StaffLink.account_id == account.id))
    _sign_out_everywhere(session, account.id)
    return _new_link(
        session,
        purpose="reset",
        account_id=account.id,
        created_by=actor.id if actor else None,
        expires_at=now + RESET_LASTS,
    )


def read_link(session: Session, purpose: str, token: str, now: datetime) -> StaffLink:
    """Return an unused link; raises NotFound for used, expired, replaced and invented ones alike."""
    link = session.scalar(
        select(StaffLink).where(
            StaffLink.token_hash == _hash(token),
            StaffLink.purpose == purpose,
            StaffLink.used_at.is_(None),
            StaffLink.expires_at > now,
        )
    )
    if link is None or (purpose == "first" and has_accounts(session)):
        raise NotFound(_("This link has been used or is too old. Ask whoever sent it for a new one."), code="link_gone")
    return link


def redeem(house: House, purpose: str, token: str, *, password: str, name: str = "", email: str = "") -> Opened:
    """Use a link: make the account (first, invite) or set its password (reset), and sign in.

    A link opens once, also for two people at the same moment.
    """
    now = house.clock()
    with house.database.transaction() as session:
        link = read_link(session, purpose, token, now)
        known = session.get(Account, link.account_id) if link.account_id else None
    address = known.email if known else _clean_email(link.email or email)
    passwords.check(address, password)
    hashed = passwords.hash(password)
    try:
        with house.database.transaction() as session:
            used = session.execute(
                update(StaffLink)
                .where(StaffLink.token_hash == _hash(token), StaffLink.used_at.is_(None))
                .values(used_at=now)
            )
            if used.rowcount != 1:  # type: ignore[attr-defined]
                read_link(session, purpose, token, now)  # says why
            if purpose == "reset":
                account = _existing(session, str(link.account_id))
                account.password_hash = hashed
                _sign_out_everywhere(session, account.id)
            else:
                if purpose == "first" and has_accounts(session):
                    raise NotFound(_("There is already an account. Sign in instead."), code="link_gone")
                role = "admin" if purpose == "first" else str(link.role)
                account = _new_account(session, address, name, role, hashed, now)
            return Opened(account, open_browser(session, account.id, now))
    except IntegrityError as clash:
        raise WorkshopError(_("%(email)s already has an account.", email=address), code="exists", status=409) from clash


# Looking after accounts --------------------------------------------------------------------------------------------


def create(house: House, email: str, name: str, role: str, password: str) -> Account:
    """Make an account without a link: for the demo and the tests."""
    email = _clean_email(email)
    passwords.check(email, password)
    hashed = passwords.hash(password)
    with house.database.transaction() as session:
        return _new_account(session, email, name, role, hashed, house.clock())


def change_password(house: House, account: Account, present: str, new: str) -> str:
    """Set a new password, sign out every browser of the account, return a token for this one."""
    if not passwords.verify(account.password_hash, present):
        raise WorkshopError(_("This is not your present password."), code="wrong_password")
    passwords.check(account.email, new)
    hashed = passwords.hash(new)
    with house.database.transaction() as session:
        _existing(session, account.id).password_hash = hashed
        _sign_out_everywhere(session, account.id)
        return open_browser(session, account.id, house.clock())


def rename(session: Session, account: Account, name: str) -> None:
    """Give the account another name."""
    _existing(session, account.id).name = _clean_name(name)


def change_role(session: Session, actor: Account | None, account_id: str, role: str) -> None:
    """Make an admin a facilitator or the other way round; signs the account out everywhere."""
    _admin(actor)
    if role not in ROLES:
        raise WorkshopError(_("Choose what this person may do: admin or facilitator."))
    account = _existing(session, account_id)
    if account.role != role:
        account.role = role
        _keep_an_admin(session)
        _sign_out_everywhere(session, account.id)


def set_active(session: Session, actor: Account | None, account_id: str, active: bool) -> None:
    """Let an account in again, or keep it out; keeping it out signs it out everywhere."""
    _admin(actor)
    account = _existing(session, account_id)
    account.active = active
    if not active:
        _keep_an_admin(session)
        _sign_out_everywhere(session, account.id)
        session.execute(delete(StaffLink).where(StaffLink.account_id == account.id))


def everybody(session: Session) -> list[Account]:
    """Return all accounts, active first, by name."""
    return list(session.scalars(select(Account).order_by(Account.active.desc(), Account.name, Account.email)))


def has_accounts(session: Session) -> bool:
    """Return whether the first account exists."""
    return bool(session.scalar(select(func.count()).select_from(Account)))


def by_email(session: Session, email: str) -> Account:
    """Return the account of an address; raises NotFound."""
    account = _by_email(session, email)
    if account is None:
        raise NotFound(_("There is no account for %(email)s.", email=email))
    return account


def _new_account(session: Session, email: str, name: str, role: str, hashed: str, now: datetime) -> Account:
    account = Account(
        id=secrets.token_urlsafe(16),
        email=email,
        name=_clean_name(name),
        role=role,
        password_hash=hashed,
        active=True,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def _new_link(session: Session, **columns: Any) -> str:
    token = secrets.token_urlsafe(32)
    session.add(StaffLink(token_hash=_hash(token), **columns))
    folder = {"first": "first", "invite": "invitation", "reset": "reset"}[columns["purpose"]]
    return f"/staff/{folder}/{token}"


def _by_email(session: Session, email: str) -> Account | None:
    return session.scalar(select(Account).where(Account.email == email.strip().casefold()))


def _existing(session: Session, account_id: str) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound(_("This person has no account here."))
    return account


def _keep_an_admin(session: Session) -> None:
    """Refuse a change that leaves nobody in charge; the lock makes two such changes queue up."""
    session.flush()
    admins = session.scalars(select(Account.id).where(Account.role == "admin").with_for_update()).all()
    active = session.scalars(select(Account.id).where(Account.id.in_(admins), Account.active)).all()
    if not active:
        raise WorkshopError(
            _("This is the last admin. Make somebody else an admin first."), code="last_admin", status=409
        )


def _sign_out_everywhere(session: Session, account_id: str) -> None:
    session.execute(delete(StaffSession).where(StaffSession.account_id == account_id))


def _admin(actor: Account | None) -> None:
    """Refuse anybody who is no admin. None is the command line: whoever reaches it owns the machine."""
    if actor is not None and actor.role != "admin":
        raise Forbidden(_("Only an admin may do this."))


def _clean_email(email: str) -> str:
    email = email.strip().casefold()
    if len(email) > 254 or not re.fullmatch(r"[^@\s<>\"']+@[^@\s<>\"']+", email):
        raise WorkshopError(_("Enter an e-mail address, such as name@example.org."), code="bad_email")
    return email


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise WorkshopError(_("Enter a name of at most 120 characters."), code="bad_name")
    return name


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
