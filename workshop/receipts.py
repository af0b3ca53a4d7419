"""What somebody asks for a card of their own, before the report is fixed.

Lives here: taking a card back or no longer letting it be quoted, by its
receipt, and carrying that out at the freeze (promises 9 and 14). Not here: how
a receipt travels with its card (`activities/open_text.py`, `seals.py`), what
the report makes of it (`freezes.py`).

A request changes `Wish` and nothing else. No screen, draft, count or
notice reads that table, and nobody is told that it was written: until the
freeze a session looks as if nobody had asked for anything.

Somebody who takes back all that they wrote presses for one card after the
other. Were each press a row that is written anew, the file or PostgreSQL's row
versions would keep them in that order, and cards of one person beside each other
(promises 4 and 5). So each press lays down all wishes of the installation
again, in the order of their receipts, which are random.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from sqlalchemy import Select, delete, func, insert, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from .db import erase
from .errors import Closed, NotFound, WorkshopError
from .models import ActivityRun, Card, Freeze, LiveSession, Wish
from .words import _

ACTS = {"withdraw": "withdraw", "unquote": "unquote", "keep": ""}
"""What may be asked -> what is held; "keep" takes back what was asked before."""

PATIENCE = 5
"""Seconds that a press waits where somebody else reads all wishes, as `pg_dump` does from its beginning to its end."""

SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits as the phone writes them down."""


def _runs(live_id: str) -> Select[str]:
    return select(ActivityRun.id).where(ActivityRun.live_id == live_id)


def fixed(session: Session, live: LiveSession) -> bool:
    """Return whether it is too late to ask for anything: the report is fixed, or the cards are deleted."""
    return live.purged_on is not None or bool(session.scalar(select(Freeze.id).where(Freeze.live_id == live.id)))


def hold(session: Session, live: LiveSession, secret: object, act: object) -> tuple[str, str]:
    """Hold what the owner of a receipt asks for its card, until the freeze; return what is held, under the receipt's hash.

    `secret` is the receipt itself, of which only the hash is stored here. Raises
    WorkshopError for what is no receipt or no act, Closed once the report is
    fixed, NotFound where no released card of this session has that receipt.
    """
    if not isinstance(secret, str) or not SECRET.fullmatch(secret) or not isinstance(act, str) or act not in ACTS:
        raise WorkshopError(_("This request could not be read. Reload the page and try again."), status=400)
    _alone(session, PATIENCE)
    if fixed(session, live):
        raise Closed(_("The report is fixed; nothing can be changed any more."))
    receipt = hashlib.sha256(secret.encode()).hexdigest()
    released = _runs(live.id).where(ActivityRun.state == "released")
    if session.scalar(select(Card.id).where(Card.receipt == receipt, Card.run_id.in_(released))) is None:
        raise NotFound(_("This text is not among the results, so there is nothing to change."))
    _lay(session, {**_wishes(session), receipt: ACTS[act]})
    return receipt, ACTS[act]


def held(session: Session, live_id: str) -> dict[str, str]:
    """Return id of a card -> what its author asked for; nothing more can be asked until the freeze is written."""
    _alone(session)
    asked = (
        select(Card.id, Wish.act)
        .join(Wish, Wish.receipt == Card.receipt)
        .where(Card.run_id.in_(_runs(live_id)), Wish.act != "")
    )
    return {one: act for one, act in session.execute(asked)}  # noqa: C416 - a row is no pair to the type checker


def settle(session: Session, live_id: str) -> None:
    """Carry out at the freeze what was asked for, and let go of every receipt of the session.

    Withdrawn cards are deleted, un-quoted ones keep their place in the room's
    results and nowhere else. From here on nothing stored ties a card to a phone.
    """
    asked = held(session, live_id)
    withdrawn, unquoted = ([one for one, wanted in asked.items() if wanted == act] for act in ("withdraw", "unquote"))
    session.execute(delete(Card).where(Card.id.in_(withdrawn)))
    session.execute(update(Card).where(Card.id.in_(unquoted)).values(quotable=False))
    session.execute(update(Card).where(Card.run_id.in_(_runs(live_id))).values(receipt=None))
    tidy(session)
    erase(session)


def tidy(session: Session) -> None:
    """Let go of wishes for cards that are no longer there, or whose report is fixed."""
    _alone(session)
    kept = _wishes(session)
    if len(kept) < (session.scalar(select(func.count()).select_from(Wish)) or 0):
        _lay(session, kept)


def give_back(session: Session, copied: Mapping[str, str]) -> frozenset[str]:
    """Put those wishes back that the database has lost; return those of them that are of no use any more."""
    _alone(session, PATIENCE)
    known = _wishes(session)
    lost = set(copied) - set(known)
    useful = {one: copied[one] for one in session.scalars(select(Card.receipt).where(Card.receipt.in_(lost))) if one}
    if useful:
        _lay(session, {**known, **useful})
    return frozenset(lost - set(useful))


def _alone(session: Session, patience: int = 0) -> None:
    """Be the only one who looks at wishes until this transaction ends: between a press and a freeze one is first.

    Raises WorkshopError after so many seconds of `patience`; 0 is for ever.
    """
    if session.get_bind().dialect.name != "postgresql":
        session.begin_nested().commit()  # `db.py`: takes the file's one place for writing
        return
    session.execute(text(f"SET LOCAL lock_timeout = '{patience}s'"))
    try:
        session.execute(text("LOCK TABLE wishes IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as error:
        session.rollback()
        raise WorkshopError(
            _("This did not reach the server. Nothing was changed; try again."), code="busy", status=503
        ) from error
    session.execute(text("SET LOCAL lock_timeout = 0"))


def _wishes(session: Session) -> dict[str, str]:
    """Return what is asked for cards that still can be changed; "" where it was taken back again."""
    known = select(Card.receipt).where(Card.receipt.is_not(None))
    asked = select(Wish.receipt, Wish.act).where(Wish.receipt.in_(known))
    return {one: act for one, act in session.execute(asked)}  # noqa: C416 - a row is no pair to the type checker


def _lay(session: Session, wishes: Mapping[str, str]) -> None:
    """Lay all wishes down anew, in the order of their receipts, in pages in which nothing was before."""
    several = session.get_bind().dialect.name == "postgresql"
    session.execute(text("TRUNCATE wishes" if several else "DELETE FROM wishes"))
    if wishes:
        session.execute(insert(Wish), [{"receipt": receipt, "act": act} for receipt, act in sorted(wishes.items())])
