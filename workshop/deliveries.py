"""Handing an edition over: a link for one reader, and the record of it.

Lives here: making, opening, ending and listing such links. Not here: mails
(`outbox.py`), the pages (`web/delivery.py`), what an edition says (`freezes.py`).

A link is the delivery's id and a MAC of it under a key of the installation.
The database holds the id alone, so a copy of it opens nothing; whoever runs the
session can have the same link shown again at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from . import anonymity, versions
from .errors import NotFound, WorkshopError
from .freezes import aware
from .house import House
from .models import Delivery, Freeze, Mail, ReportFile
from .words import _

DELIVERABLE = ("manager",)
"""Editions that leave the house. The facilitator's own never does."""
DAYS = (7, 30, 90)
USUAL_DAYS = 30
MAC_BYTES = 16  # 128 bits: as hard to guess as the id itself
LONGEST_READER = 120  # letters, as the column

LINK = re.compile(r"([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})")


@dataclass(frozen=True)
class Handed:
    """One line of the record as everybody of the session may read it: no address, nothing of what the reader did."""

    edition: str
    reader: str
    made_on: date
    until: date
    revoked_on: date | None


def make(session: Session, live_id: str, edition: str, reader: str, days: int, now: datetime) -> Delivery:
    """Make a link to an edition for one reader, who is named by their role.

    Raises NotFound before the freeze, WorkshopError for a reader or a term that will not do.
    """
    if edition not in DELIVERABLE:
        raise NotFound(_("This edition is not handed over by link."))
    freeze = session.scalars(select(Freeze).where(Freeze.live_id == live_id)).one_or_none()
    if freeze is None or edition not in freeze.editions:
        raise NotFound(_("This report is not frozen yet. Freeze it first, then make a link."))
    if days not in DAYS:
        raise WorkshopError(_("Choose how long the link is to work: 7, 30 or 90 days."), status=422)
    delivery = Delivery(
        id=anonymity.new_id(),
        freeze_id=freeze.id,
        edition=edition,
        reader=_role(reader),
        made_at=now,
        expires_at=now + timedelta(days=days),
        opened=0,
    )
    session.add(delivery)
    session.flush()
    return delivery


def _role(typed: str) -> str:
    role = " ".join(anonymity.normalise(typed).split())
    if not role:
        raise WorkshopError(_("Enter the reader's role, such as Head of department."), status=422)
    if len(role) > LONGEST_READER:
        raise WorkshopError(_("Shorten the role to %(most)s letters.", most=LONGEST_READER), status=422)
    if "@" in role:
        raise WorkshopError(
            _("Enter a role, not an address: the people of the session can read this line."), status=422
        )
    return role


def path(house: House, delivery: Delivery) -> str:
    """Return the path that opens this delivery."""
    return f"/r/{delivery.id}.{_mac(house, delivery.id)}"


def address(house: House, delivery: Delivery) -> str:
    """Return the whole address that opens this delivery."""
    return house.settings.public_url + path(house, delivery)


def find(session: Session, house: House, link: str) -> tuple[Delivery, Freeze] | None:
    """Return what a link opens now; None for one that is malformed, forged, unknown, revoked or expired alike."""
    parts = LINK.fullmatch(link)
    if parts is None or not hmac.compare_digest(parts[2].encode(), _mac(house, parts[1]).encode()):
        return None
    delivery = session.get(Delivery, parts[1])
    if delivery is None or not is_open(delivery, house.clock()):
        return None
    freeze = session.get(Freeze, delivery.freeze_id)
    return (delivery, freeze) if freeze is not None and delivery.edition in freeze.editions else None


def is_open(delivery: Delivery, now: datetime) -> bool:
    """Return whether the link works: neither taken back nor past its term."""
    return delivery.revoked_at is None and now < aware(delivery.expires_at)


def count(session: Session, delivery: Delivery) -> None:
    """Count one opening: a larger total, and nothing else."""
    session.execute(update(Delivery).where(Delivery.id == delivery.id).values(opened=Delivery.opened + 1))


def of(session: Session, live_id: str, delivery_id: str) -> Delivery:
    """Return a delivery of this session; raises NotFound."""
    found = session.scalars(
        select(Delivery)
        .join(Freeze, Freeze.id == Delivery.freeze_id)
        .where(Delivery.id == delivery_id, Freeze.live_id == live_id)
    ).one_or_none()
    if found is None:
        raise NotFound(_("There is no such link in this session."))
    return found


def revoke(session: Session, live_id: str, delivery_id: str, now: datetime) -> None:
    """Take a link back; mails that wait to carry it are not sent any more. Doing it twice changes nothing."""
    delivery = of(session, live_id, delivery_id)
    if delivery.revoked_at is None:
        delivery.revoked_at = now
    session.execute(
        update(Mail)
        .where(Mail.delivery_id == delivery.id, Mail.state.in_(("waiting", "failed")))
        .values(state="cancelled", body="", note="")
    )


def all_of(session: Session, live_id: str) -> list[Delivery]:
    """Return all deliveries of a session, the newest first."""
    return list(
        session.scalars(
            select(Delivery)
            .join(Freeze, Freeze.id == Delivery.freeze_id)
            .where(Freeze.live_id == live_id)
            .order_by(Delivery.made_at.desc(), Delivery.id)
        )
    )


def record(session: Session, live_id: str) -> list[Handed]:
    """Return which edition went to whom and on which day, as the people of the session may read it."""
    return [
        Handed(
            edition=delivery.edition,
            reader=delivery.reader,
            made_on=day_of(delivery.made_at),
            until=day_of(delivery.expires_at),
            revoked_on=day_of(delivery.revoked_at) if delivery.revoked_at else None,
        )
        for delivery in all_of(session, live_id)
    ]


def file(session: Session, delivery: Delivery, paper: str) -> ReportFile | None:
    """Return the printed file of what was delivered; its `content` is None until it is ready."""
    return session.scalars(
        select(ReportFile).where(
            ReportFile.freeze_id == delivery.freeze_id,
            ReportFile.edition == delivery.edition,
            ReportFile.paper == paper,
            ReportFile.version == _newest(session, delivery.freeze_id),
        )
    ).one_or_none()


def day_of(moment: datetime) -> date:
    """Return the day of a moment, where this server stands."""
    return aware(moment).astimezone().date()


def _newest(session: Session, freeze_id: str) -> int:
    freeze = session.get(Freeze, freeze_id)
    return versions.newest(session, freeze).number if freeze is not None else 1


def _mac(house: House, delivery_id: str) -> str:
    key = hmac.new(house.settings.secret_key.encode(), b"delivery links", hashlib.sha256).digest()
    mac = hmac.new(key, delivery_id.encode(), hashlib.sha256).digest()[:MAC_BYTES]
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
