"""One slip, one phone (promise 16): codes on paper that let exactly one phone in each.

Lives here: making codes, hashing them, letting a phone in with one, switching
tickets on and off. Not here: where hashes lie (`ballot_paper.py`), the page that
prints (`web/tickets.py`).

A code exists in clear twice: on the page that is printed, and in the request of
the phone that joins. What is kept is an HMAC under the server's own key and a
bit. A seat is made as without tickets, from fresh random bits: nothing ties it
to its slip. That is why a phone that lost its cookie needs another slip.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .anonymity import CODE_ALPHABET, shuffled
from .db import notify
from .errors import Stale, WorkshopError
from .house import House
from .live_state import change, get, hits
from .models import LiveSession
from .words import _

CODE_LENGTH = 8
"""30^8 codes: of 300 good ones a guess finds one in two thousand million."""

MOST_SLIPS = 500


class SlipNeeded(WorkshopError):
    """The session opens with a slip alone, and this was none that is good."""

    code = "slip"
    status = 403


def spare(expected: int) -> int:
    """Return how many slips to print for a group: some get lost, and some phones forget."""
    return min(MOST_SLIPS, expected + max(2, expected // 10))


def new_code() -> str:
    """Return a code that cannot be mistaken for another."""
    return "".join(secrets.choice(CODE_ALPHABET) for _place in range(CODE_LENGTH))


def hash_of(house: House, code: str) -> bytes:
    """Return what is kept of a code; spaces, hyphens and small letters do not matter."""
    plain = "".join(code.split()).replace("-", "").upper()[:40]
    return hmac.new(house.seat_key, b"slip\0" + plain.encode(), hashlib.sha256).digest()


def make(house: House, live_id: str, number: int, version: int) -> list[str]:
    """Make so many slips and return their codes, in no order; those that nobody has used are void from now on.

    The codes are never shown again. `version` is the session's, so that a page
    that is loaded once more makes no second set.
    """
    if not 1 <= number <= MOST_SLIPS:
        raise WorkshopError(_("Enter a number of slips from 1 to %(most)s.", most=MOST_SLIPS))
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.phase not in ("lobby", "running") or not live.tickets:
            raise WorkshopError(_("This session takes no slips now."), status=409)
        if live.version != version:
            raise Stale(_("These slips were shown once. Make new ones if you need them."))
    codes: set[str] = set()
    while len(codes) < number:
        codes.add(new_code())
    box = house.boxes.box(live_id)
    box.print_slips([hash_of(house, code) for code in codes])
    valid = len(box.slips())
    with house.database.transaction() as session:
        change(session, get(session, live_id), {"slips": valid})
    return shuffled(sorted(codes))


def spend(house: House, live_id: str, code: str) -> None:
    """Use the slip of a phone that joins; raises `SlipNeeded` with what to do."""
    if not code.strip():
        raise SlipNeeded(_("Enter the code on your slip. Each slip lets one phone in."))
    outcome = house.boxes.box(live_id).spend_slip(hash_of(house, code))
    if outcome == "used":
        raise SlipNeeded(
            _("This slip has let a phone in already. If that was you, go on there, or ask for a spare slip."),
            code="slip_used",
        )
    if outcome != "spent":
        raise SlipNeeded(
            _("This is not the code of a slip for this session. Check it, or ask for a spare slip."),
            code="slip_wrong",
        )


def give_back(house: House, live_id: str, code: str) -> None:
    """Make a slip good again whose phone could not be let in after all."""
    house.boxes.box(live_id).give_back_slip(hash_of(house, code))


def used(house: House, live_id: str) -> int:
    """Return how many slips have let a phone in."""
    return sum(house.boxes.box(live_id).slips().values())


def carry(house: House, live_id: str, fresh_id: str) -> None:
    """Let all slips of a lobby be good, once each, in the one that took over: everybody is asked again there."""
    with house.database.transaction() as session:
        wanted = session.scalar(select(LiveSession.tickets).where(LiveSession.id == live_id))
    if not wanted:
        return
    hashes = list(house.boxes.box(live_id).slips())
    house.boxes.box(fresh_id).print_slips(hashes)
    house.boxes.discard(live_id)


# -- the facilitator's move


def _tickets(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Switch tickets on or off; only before anybody has joined, because the two ways in do not mix."""
    changed = session.execute(
        update(LiveSession)
        .where(LiveSession.id == live.id, LiveSession.phase == "lobby", LiveSession.joined == 0)
        .values(tickets=argument == "on")
        .execution_options(synchronize_session=False)
    )
    if hits(changed) != 1:
        raise WorkshopError(
            _("Somebody has joined already. Slips can be switched on and off only before the first phone."), status=409
        )
    notify(session, live.id)
    return {}


MOVES = {"tickets": _tickets}
