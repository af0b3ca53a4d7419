"""What a phone tells whoever leads without an answer: a word, the pace, "I am done".

Lives here: when it can be said, the calm note that answers it, and the console's
side of it. Not here: what is remembered, in memory alone (`signals.py`,
`done.py`), and what a console shows of it (`screens/`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from .activities import KINDS
from .errors import WorkshopError
from .house import House
from .live_state import get, guide_of, run_of
from .models import LiveSession
from .signals import LEAST
from .words import _


def signal(house: House, live_id: str, secret: bytes, what: str) -> str:
    """Take a phone's private signal ("word", "slower", "faster") and return the calm note that answers it."""
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.phase not in ("lobby", "running"):
            raise WorkshopError(_("The session has ended."), status=409)
        leader, place, here, least = live.leader, live.where_found, live.at or "", max(LEAST, live.room_floor)
        busy = what == "done" and may_be_done(session, live)
    if what == "done":
        if not busy:
            raise WorkshopError(_("There is nothing to finish right now."), status=409)
        house.done.say(live_id, here, secret)
        return _(
            "Noted. %(leader)s reads a number without names, once at least %(least)s are done.",
            leader=leader,
            least=least,
        )
    if what in ("slower", "faster"):
        house.signals.pace(live_id, secret, what)
        return _("Noted. It counts once at least five phones have said something.")
    if what != "word":
        raise WorkshopError(_("Choose what you would like to say."))
    house.signals.word(live_id, secret)
    note = [_("It is on its way, without your name. %(leader)s reads it in a minute or two.", leader=leader)]
    if place:
        note.append(_("You find %(leader)s here: %(place)s.", leader=leader, place=place))
    else:
        note.append(_("You can speak to %(leader)s in the next break, or leave the room for a while.", leader=leader))
    if house.settings.support_contacts:
        note.append(_("You can also turn to: %(contacts)s", contacts=house.settings.support_contacts))
    return " ".join(note)


def may_be_done(session: Session, live: LiveSession) -> bool:
    """Return whether phones can say that they are done: while people read, write or talk, and nobody waits for a vote."""
    if live.phase != "running" or live.at is None:
        return False
    kind = KINDS[guide_of(live).activity(live.at).kind]
    if not kind.asks:
        return not kind.lists_actions
    run = run_of(session, live, live.at)
    return (kind.texts or kind.in_groups) and run is not None and run.state == "open"


def _where_found(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"where_found": " ".join(argument.split())[:120]}


def _heard(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    house.signals.heard(live.id)
    return {}


MOVES: dict[str, Callable[..., dict[str, Any]]] = {"where_found": _where_found, "heard": _heard}
