"""Letters about check-ins: a reminder for whoever runs the session, and invitations for a pasted list.

Lives here: who gets them, their words, and what is wrong with a list. Not here:
how mails travel (`outbox.py`), when a check-in opens (`check_ins.py`).

A pasted list is not kept: each invitation is a secret mail, gone on delivery and
at the latest after a day. Nothing says which address ever answered.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import outbox
from .errors import WorkshopError
from .house import House
from .models import Account, LiveSession, Mail, SessionRole
from .words import _, day, speaking

MOST = 300
"""Addresses in one list."""


@dataclass(frozen=True)
class Listed:
    """A pasted list, read: what can be sent to, and what is wrong with it, in its order."""

    addresses: tuple[str, ...]
    invalid: tuple[str, ...]
    twice: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether it can be sent as it is."""
        return bool(self.addresses) and not self.invalid and not self.twice and len(self.addresses) <= MOST


def read_list(text: str) -> Listed:
    """Return the addresses of a pasted list: one a line, or parted by commas, semicolons or spaces."""
    addresses: list[str] = []
    invalid: list[str] = []
    twice: list[str] = []
    known: set[str] = set()
    for part in re.split(r"[\s,;]+", text):
        part = part.strip("<>")
        if not part:
            continue
        try:
            address = outbox.recipient(part)
        except WorkshopError:
            invalid.append(part)
            continue
        if address.casefold() in known:
            twice.append(part)
            continue
        known.add(address.casefold())
        addresses.append(address)
    return Listed(tuple(addresses), tuple(invalid), tuple(twice))


def invite(session: Session, house: House, live: LiveSession, listed: Listed, subject: str, body: str) -> int:
    """Put an invitation for each address into the outbox; return how many. Raises WorkshopError."""
    if not listed.good:
        raise WorkshopError(_("The list has to be put right first."), status=422)
    now = house.clock()
    for address in listed.addresses:
        outbox.put(
            session,
            house.settings,
            now,
            recipient=address,
            subject=subject,
            body=body,
            live=live,
            secret=True,
        )
    return len(listed.addresses)


def waiting(session: Session, live_id: str) -> int:
    """Return how many invitations have not left yet."""
    number = session.scalar(
        select(func.count()).select_from(Mail).where(Mail.live_id == live_id, Mail.secret, Mail.state == "waiting")
    )
    return int(number or 0)


def remind(session: Session, house: House, live: LiveSession, number: int, last_day: date) -> None:
    """Tell whoever runs the session that a check-in is open, where this house sends mails."""
    if not outbox.configured(house.settings):
        return
    runners = session.scalars(
        select(Account)
        .join(SessionRole, SessionRole.account_id == Account.id)
        .where(SessionRole.live_id == live.id, SessionRole.role == "run", Account.active)
    )
    title = " ".join(live.title.split())[:120]
    for account in runners:
        # An address that no mail can have must not keep the check-in shut.
        with suppress(WorkshopError), speaking(live.language):
            outbox.put(
                session,
                house.settings,
                house.clock(),
                recipient=account.email,
                subject=_("The check-in for “%(title)s” is open", title=title),
                body=_(
                    "Check-in %(number)s for “%(title)s” is open until %(day)s. Pass the link on to everybody who took "
                    "part; you find it here:\n\n%(url)s",
                    number=number,
                    title=title,
                    day=day(last_day),
                    url=f"{house.settings.public_url}/staff/sessions/{live.id}/follow-up",
                ),
                live=live,
            )


def usual_words(live: LiveSession, url: str, last_day: str) -> tuple[str, str]:
    """Return the subject and text that an invitation starts from."""
    title = " ".join(live.title.split())[:120]
    return (
        _("How is it going? Four short questions after “%(title)s”", title=title),
        _(
            "Hello,\n\nsome weeks ago we met for “%(title)s”. Four short questions now show what has happened since. "
            "They take two minutes, and nobody sees who answered what.\n\nIf you can, open the link on the phone that "
            "you used then: your own notes are still there.\n\n%(url)s\n\nThe questions are open until %(day)s. "
            "You can leave out any of them.\n\n%(leader)s",
            title=title,
            url=url,
            day=last_day,
            leader=live.leader,
        ),
    )
