"""What somebody asks for a card of their own, before the report is fixed.

Lives here: taking a card back or no longer letting it be quoted, by its
receipt, and carrying that out at the freeze (promises 9 and 14). Not here: how
a receipt travels with its card (`activities/open_text.py`, `seals.py`), what
the report makes of it (`freezes.py`).

A request changes `Card.held` and nothing else. No screen, draft, count or
notice reads that column, and nobody is told that it was written: until the
freeze a session looks as if nobody had asked for anything.
"""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from .db import erase
from .errors import Closed, NotFound, WorkshopError
from .models import ActivityRun, Card, Freeze, LiveSession
from .words import _

ACTS = {"withdraw": "withdraw", "unquote": "unquote", "keep": ""}
"""What may be asked -> what is held; "keep" takes back what was asked before."""

SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
"""128 random bits as the phone writes them down."""


def _runs(live_id: str) -> Select[str]:
    return select(ActivityRun.id).where(ActivityRun.live_id == live_id)


def fixed(session: Session, live: LiveSession) -> bool:
    """Return whether it is too late to ask for anything: the report is fixed, or the cards are deleted."""
    return live.purged_on is not None or bool(session.scalar(select(Freeze.id).where(Freeze.live_id == live.id)))


def hold(session: Session, live: LiveSession, secret: object, act: object) -> None:
    """Hold what the owner of a receipt asks for its card, until the freeze.

    `secret` is the receipt itself, of which only the hash is stored here. Raises
    WorkshopError for what is no receipt or no act, Closed once the report is
    fixed, NotFound where no released card of this session has that receipt.
    """
    if not isinstance(secret, str) or not SECRET.fullmatch(secret) or not isinstance(act, str) or act not in ACTS:
        raise WorkshopError(_("This request could not be read. Reload the page and try again."), status=400)
    if fixed(session, live):
        raise Closed(_("The report is fixed; nothing can be changed any more."))
    changed = session.execute(
        update(Card)
        .where(
            Card.receipt == hashlib.sha256(secret.encode()).hexdigest(),
            Card.run_id.in_(_runs(live.id).where(ActivityRun.state == "released")),
        )
        .values(held=ACTS[act])
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]  # only a SELECT's result lacks it
        raise NotFound(_("This text is not among the results, so there is nothing to change."))


def held(session: Session, live_id: str) -> dict[str, str]:
    """Return id of a card -> what its author asked for; the rows stay locked until the freeze is written."""
    cards = select(Card.id, Card.held).where(Card.run_id.in_(_runs(live_id))).with_for_update()
    return {card_id: act for card_id, act in session.execute(cards) if act}


def settle(session: Session, live_id: str) -> None:
    """Carry out at the freeze what was asked for, and let go of every receipt of the session.

    Withdrawn cards are deleted, un-quoted ones keep their place in the room's
    results and nowhere else. From here on nothing stored ties a card to a phone.
    """
    ours = Card.run_id.in_(_runs(live_id))
    session.execute(delete(Card).where(ours, Card.held == "withdraw"))
    session.execute(update(Card).where(ours, Card.held == "unquote").values(quotable=False))
    session.execute(update(Card).where(ours).values(receipt=None, held=""))
    erase(session)
