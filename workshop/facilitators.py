"""The people of one session: invited by link, with a part each, and the phone that steers for one of them.

Lives here: every rule about a part in a session (run, moderate, watch): inviting,
changing, taking back, taking over, and the remote. Not here: accounts
(`accounts.py`), what a part may see (`screens/`), pages (`web/facilitators.py`).

Whoever has a part sees what the room saw and no more (promise 8), so a part can
be given while a session runs. At least one person who can sign in always runs
it. A link is 256 random bits of which the database keeps the SHA-256; it opens
once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from . import anonymity, live_state
from .db import notify
from .errors import Forbidden, NotFound, WorkshopError
from .models import Account, LiveSession, SessionInvitation, SessionRemote, SessionRole, StaffSession
from .words import _

ROLES = ("run", "moderate", "watch")
"""From the most to the least."""

INVITATION_LASTS = timedelta(days=7)
REMOTE_LINK_LASTS = timedelta(minutes=5)
REMOTE_LASTS = timedelta(hours=12)
"""A remote link is for the phone in one's hand, and a remote for a day's session."""


@dataclass(frozen=True)
class Person:
    """Somebody with a part in a session."""

    account: Account
    role: str


@dataclass(frozen=True)
class Remote:
    """A remote that works now: for which session, with which part, in whose hand."""

    live: LiveSession
    role: str
    name: str


# -- who has a part


def people(session: Session, live_id: str) -> list[Person]:
    """Return everybody with a part in a session, those who run it first."""
    found = session.execute(
        select(Account, SessionRole.role)
        .join(SessionRole, SessionRole.account_id == Account.id)
        .where(SessionRole.live_id == live_id)
    )
    everybody = [Person(account, role) for account, role in found]
    return sorted(everybody, key=lambda one: (ROLES.index(one.role), one.account.name.casefold()))


def change_role(session: Session, live_id: str, account_id: str, role: str) -> None:
    """Give somebody another part; the last one who runs the session keeps theirs."""
    _check(role)
    part = _part(session, live_id, account_id)
    if part.role == role:
        return
    fewer = ROLES.index(role) > ROLES.index(part.role)
    part.role = role
    if fewer:
        _less(session, live_id, account_id)
    notify(session, live_id)


def remove(session: Session, live_id: str, account_id: str) -> None:
    """Take somebody's part back, or one's own: consoles, remotes and open invitations of theirs end with it."""
    session.delete(_part(session, live_id, account_id))
    _less(session, live_id, account_id)
    session.execute(
        delete(SessionRemote).where(SessionRemote.live_id == live_id, SessionRemote.account_id == account_id)
    )
    notify(session, live_id)


def _less(session: Session, live_id: str, account_id: str) -> None:
    """Hold what must hold after somebody has less of a part; the lock makes two such changes queue up."""
    session.flush()
    running = session.scalars(
        select(SessionRole.account_id)
        .where(SessionRole.live_id == live_id, SessionRole.role == "run")
        .with_for_update()
    ).all()
    if not session.scalars(select(Account.id).where(Account.id.in_(running), Account.active)).first():
        raise WorkshopError(
            _("Somebody has to run this session. Let another person run it first."), code="last_run", status=409
        )
    session.execute(  # a link made before must not give back what was taken
        delete(SessionInvitation).where(
            SessionInvitation.live_id == live_id,
            SessionInvitation.created_by == account_id,
            SessionInvitation.used_at.is_(None),
        )
    )


def _part(session: Session, live_id: str, account_id: str) -> SessionRole:
    part = session.get(SessionRole, (live_id, account_id))
    if part is None:
        raise NotFound(_("This person has no part in the session."))
    return part


def _check(role: str) -> None:
    if role not in ROLES:
        raise WorkshopError(_("Choose what this person may do: run, moderate or watch."))


# -- invitations


def invite(session: Session, actor: Account, live_id: str, role: str, label: str, now: datetime) -> str:
    """Return the path of a one-time link that gives its holder a part in the session."""
    _check(role)
    token = secrets.token_urlsafe(32)
    session.add(
        SessionInvitation(
            id=anonymity.new_id(),
            token_hash=_hash(token),
            live_id=live_id,
            role=role,
            label=" ".join(label.split())[:120],
            created_by=actor.id,
            expires_at=now + INVITATION_LASTS,
        )
    )
    return f"/staff/part/{token}"


def open_invitations(session: Session, live_id: str, now: datetime) -> list[SessionInvitation]:
    """Return the invitations to a session that nobody has used yet."""
    return list(
        session.scalars(
            select(SessionInvitation)
            .where(
                SessionInvitation.live_id == live_id,
                SessionInvitation.used_at.is_(None),
                SessionInvitation.expires_at > now,
            )
            .order_by(SessionInvitation.expires_at)
        )
    )


def withdraw(session: Session, live_id: str, invitation_id: str) -> None:
    """Make an open invitation worthless."""
    session.execute(
        delete(SessionInvitation).where(
            SessionInvitation.id == invitation_id,
            SessionInvitation.live_id == live_id,
            SessionInvitation.used_at.is_(None),
        )
    )


def read_invitation(session: Session, token: str, now: datetime) -> tuple[SessionInvitation, LiveSession]:
    """Return an unused invitation and its session; one message for used, expired, withdrawn and invented."""
    found = session.execute(
        select(SessionInvitation, LiveSession)
        .join(LiveSession, LiveSession.id == SessionInvitation.live_id)
        .where(
            SessionInvitation.token_hash == _hash(token),
            SessionInvitation.used_at.is_(None),
            SessionInvitation.expires_at > now,
        )
    ).first()
    if found is None:
        raise NotFound(_("This link has been used or is too old. Ask whoever sent it for a new one."), code="link_gone")
    return found[0], found[1]


def accept(session: Session, actor: Account, token: str, now: datetime) -> str:
    """Give `actor` the part that a link offers and return the session's id; a larger part they have stays theirs.

    A link opens once, also for two people at the same moment. A session that
    began again with other floors is followed to where it goes on.
    """
    invitation, live = read_invitation(session, token, now)
    used = session.execute(
        update(SessionInvitation)
        .where(SessionInvitation.id == invitation.id, SessionInvitation.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if live_state.hits(used) != 1:
        raise NotFound(_("This link has been used or is too old. Ask whoever sent it for a new one."), code="link_gone")
    while live.moved_to is not None:
        live = live_state.get(session, live.moved_to)
    _give(session, live.id, actor.id, invitation.role)
    return live.id


def _give(session: Session, live_id: str, account_id: str, role: str) -> None:
    part = session.get(SessionRole, (live_id, account_id))
    if part is None:
        session.add(SessionRole(live_id=live_id, account_id=account_id, role=role))
    elif ROLES.index(role) < ROLES.index(part.role):
        part.role = role
    notify(session, live_id)


# -- taking over


def take_over(session: Session, actor: Account, proof: str) -> str:
    """Let an admin run a session whose people are gone; return its id.

    `proof` is what only somebody in the room has: the join code, or the stage's
    link where the door is closed. An admin has no list of others' sessions and
    no part in them by being an admin (promise 8); a part taken like this stands
    among the people of the session, where anybody who runs it can end it.
    """
    if actor.role != "admin":
        raise Forbidden(_("Only an admin may do this."))
    said = proof.strip()
    token = said.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    code = "".join(said.split()).replace("-", "").upper()
    plausible = token.isascii() and token.isprintable() and code.isascii() and code.isprintable()
    live = (
        session.scalar(
            select(LiveSession).where(
                or_(LiveSession.code == code, LiveSession.stage_token == token),
                LiveSession.phase.in_(("lobby", "running")),
            )
        )
        if plausible and said
        else None
    )
    if live is None:
        raise NotFound(_("No session is going on with this code or stage link. Check it with somebody in the room."))
    _give(session, live.id, actor.id, "run")
    return live.id


# -- the remote


def remote_link(session: Session, actor: Account, live_id: str, browser: str, now: datetime) -> str:
    """Return the path of a one-time link that lets a phone steer this session for `actor`.

    `browser` is the token of the signed-in browser that asks: the remote hangs
    on it and goes with it. An earlier link that was not used stops working.
    """
    session.execute(delete(SessionRemote).where(SessionRemote.expires_at <= now))
    session.execute(
        delete(SessionRemote).where(
            SessionRemote.live_id == live_id,
            SessionRemote.account_id == actor.id,
            SessionRemote.token_hash.is_(None),
        )
    )
    token = secrets.token_urlsafe(32)
    session.add(
        SessionRemote(
            id=anonymity.new_id(),
            live_id=live_id,
            account_id=actor.id,
            browser_hash=_hash(browser),
            link_hash=_hash(token),
            expires_at=now + REMOTE_LINK_LASTS,
        )
    )
    return f"/staff/remote/{token}"


def read_remote_link(session: Session, token: str, now: datetime) -> Remote:
    """Return what an unused remote link would open; one message for used, expired and invented."""
    found = _remote(session, SessionRemote.link_hash == _hash(token), now)
    if found is None:
        raise NotFound(_("This link has been used or is too old. Make a new one on the console."), code="link_gone")
    return found


def open_remote(session: Session, token: str, now: datetime) -> tuple[str, str]:
    """Use a remote link once; return the token of the remote and the id of its session."""
    remote = read_remote_link(session, token, now)
    fresh = secrets.token_urlsafe(32)
    used = session.execute(
        update(SessionRemote)
        .where(SessionRemote.link_hash == _hash(token))
        .values(link_hash=None, token_hash=_hash(fresh), expires_at=now + REMOTE_LASTS)
        .execution_options(synchronize_session=False)
    )
    if live_state.hits(used) != 1:
        raise NotFound(_("This link has been used or is too old. Make a new one on the console."), code="link_gone")
    return fresh, remote.live.id


def remote(session: Session, token: str | None, live_id: str, now: datetime) -> Remote | None:
    """Return what a remote may do in a session now: the part of the person whose it is, and never another session's.

    Asked at each request and each event, as for an account: it ends with the
    browser that made it, with the account, and with the part in the session.
    """
    if not token or not isinstance(token, str):
        return None
    found = _remote(session, SessionRemote.token_hash == _hash(token), now)
    return found if found is not None and found.live.id == live_id else None


def _remote(session: Session, which: object, now: datetime) -> Remote | None:
    found = session.execute(
        select(LiveSession, SessionRole.role, Account.name)
        .join(SessionRemote, SessionRemote.live_id == LiveSession.id)
        .join(Account, Account.id == SessionRemote.account_id)
        .join(StaffSession, StaffSession.token_hash == SessionRemote.browser_hash)
        .join(SessionRole, (SessionRole.live_id == LiveSession.id) & (SessionRole.account_id == Account.id))
        .where(which, SessionRemote.expires_at > now, StaffSession.expires_at > now, Account.active)  # type: ignore[arg-type]
    ).first()
    return Remote(found[0], found[1], found[2]) if found else None


def remotes(session: Session, account_id: str, live_id: str, now: datetime) -> int:
    """Return how many phones steer a session for somebody."""
    return len(
        session.scalars(
            select(SessionRemote.id).where(
                SessionRemote.live_id == live_id,
                SessionRemote.account_id == account_id,
                SessionRemote.token_hash.is_not(None),
                SessionRemote.expires_at > now,
            )
        ).all()
    )


def end_remotes(session: Session, account_id: str, live_id: str) -> None:
    """End all remotes of somebody in a session, and the link that waits."""
    session.execute(
        delete(SessionRemote).where(SessionRemote.live_id == live_id, SessionRemote.account_id == account_id)
    )


def put_away(session: Session, token: str) -> None:
    """End one remote by its own hand."""
    session.execute(delete(SessionRemote).where(SessionRemote.token_hash == _hash(token)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
