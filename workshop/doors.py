"""The door of a live session: finding it by its code or link, and joining it.

Lives here: who is let in and what a phone gets for it. Not here: the seat's form
(`anonymity.py`), slips (`tickets.py`), who may press at a console (`accounts.py`).
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from . import anonymity, tickets
from .errors import NotFound, WorkshopError
from .house import House
from .live_state import get, hits
from .models import LiveSession
from .words import _


def find_by_code(session: Session, code: str) -> LiveSession:
    """Return the session behind a join code; one message for wrong, expired and closed."""
    wanted = "".join(code.split()).replace("-", "").upper()
    live = session.scalar(select(LiveSession).where(LiveSession.code == wanted)) if wanted else None
    return _at_the_door(live)


def find_by_join_token(session: Session, token: str) -> LiveSession:
    """Return the session behind a QR link; one message for wrong, expired and closed."""
    return _at_the_door(session.scalar(select(LiveSession).where(LiveSession.join_token == token)))


def _at_the_door(live: LiveSession | None) -> LiveSession:
    if live is None or not live.door_open or live.phase not in ("lobby", "running"):
        raise NotFound(_("This code does not open a session. Check it with the person who leads."), code="no_session")
    return live


def join(house: House, live_id: str, seat: str | None, slip: str = "") -> str:
    """Give a phone a seat and return its cookie value; a valid seat is returned as it is.

    The joined total only grows and is all that is kept (promise 13). Raises
    `NotFound` at a closed door, `tickets.SlipNeeded` where the session opens
    with a `slip` alone, and `WorkshopError` when the room is full.
    """
    key = house.seat_key
    if anonymity.read_seat(key, live_id, seat) is not None:
        return str(seat)
    with house.database.transaction() as session:
        needs_slip = _at_the_door(get(session, live_id)).tickets
    if needs_slip:  # in the box, so not inside a transaction; whoever is not let in after all gets it back
        tickets.spend(house, live_id, slip)
    try:
        with house.database.transaction() as session:
            _at_the_door(get(session, live_id))
            changed = session.execute(
                update(LiveSession)
                .where(
                    LiveSession.id == live_id,
                    LiveSession.joined < house.settings.max_phones,
                    LiveSession.tickets.is_(needs_slip),
                )
                .values(joined=LiveSession.joined + 1)
            )
            if hits(changed) != 1:
                raise WorkshopError(_("The room is full. Ask the person who leads."), code="full", status=503)
    except BaseException:
        if needs_slip:
            tickets.give_back(house, live_id, slip)
        raise
    house.database.announce(live_id)  # only a total has grown: what is at hand of the session stays true
    return anonymity.seat_value(key, live_id, anonymity.new_secret())
