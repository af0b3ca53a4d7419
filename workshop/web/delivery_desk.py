"""What whoever runs a session sees of its links and mails.

Lives here: the lines below the report's files. Not here: the buttons
(`delivery.py`), rules (`deliveries.py`, `outbox.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

from sqlalchemy import select

from .. import deliveries, outbox
from ..deliveries import day_of
from ..freezes import aware
from ..house import House
from ..models import Delivery, Mail
from .forms import StaffForm


@dataclass(frozen=True)
class MailLine:
    """One mail as its sender sees it. `minutes`: until the next try; None when there is none."""

    id: str
    recipient: str
    subject: str
    state: str
    note: str
    day: date
    minutes: int | None


@dataclass(frozen=True)
class DeliveryLine:
    """One link as whoever runs the session sees it. `state` is open, expired or revoked."""

    id: str
    edition: str
    reader: str
    state: str
    made_on: date
    until: date
    opened: int
    address: str
    mails: tuple[MailLine, ...]


@dataclass(frozen=True)
class Desk:
    """The part of the report's page that hands it over."""

    form: StaffForm
    lines: tuple[DeliveryLine, ...]
    can_mail: bool
    local: bool  # links work in this network alone


def desk(house: House, live_id: str, form: StaffForm) -> Desk:
    """Return what was handed over so far, and an empty form for more."""
    settings = house.settings
    with house.database.transaction() as db:
        made = deliveries.all_of(db, live_id)
        mails = list(db.scalars(select(Mail).where(Mail.live_id == live_id).order_by(Mail.made_at, Mail.id)))
    return Desk(
        form=form,
        lines=tuple(_line(house, one, [mail for mail in mails if mail.delivery_id == one.id]) for one in made),
        can_mail=outbox.configured(settings),
        local=not settings.base_url,
    )


def _line(house: House, delivery: Delivery, mails: list[Mail]) -> DeliveryLine:
    now = house.clock()
    state = "open" if deliveries.is_open(delivery, now) else "revoked" if delivery.revoked_at else "expired"
    return DeliveryLine(
        id=delivery.id,
        edition=delivery.edition,
        reader=delivery.reader,
        state=state,
        made_on=day_of(delivery.made_at),
        until=day_of(delivery.revoked_at or delivery.expires_at),
        opened=delivery.opened,
        address=deliveries.address(house, delivery) if state == "open" else "",
        mails=tuple(_mail_line(mail, now) for mail in mails),
    )


def _mail_line(mail: Mail, now: datetime) -> MailLine:
    waits = mail.state == "waiting" and mail.attempts > 0
    return MailLine(
        id=mail.id,
        recipient=mail.recipient,
        subject=mail.subject,
        state=mail.state,
        note=mail.note,
        day=day_of(mail.sent_at or mail.made_at),
        minutes=max(1, ceil((aware(mail.next_try_at) - now).total_seconds() / 60)) if waits else None,
    )
