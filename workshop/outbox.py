"""The outbox: mails wait in the database until a mail server has taken them.

Lives here: putting a mail in, its states, when it is tried again. Not here: the
talk with the mail server (`postman.py`), what a delivery is (`deliveries.py`),
the pages (`web/delivery.py`), when `tick` runs (`realtime/clockwork.py`).

A try is written down before it begins, with the time of the next one: a server
that stops in the middle goes on from there. A mail that was taken but not noted
as taken goes out once more, with the same Message-ID. No transaction is open
while the mail server talks.

The text of a mail that carries a delivery has `LINK` in the place of its link,
which is put in when it leaves: the database never holds an address that opens.

Of this length because a mail's whole life is one thought.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from . import anonymity, deliveries
from .errors import NotFound, WorkshopError
from .freezes import aware
from .house import House
from .models import Delivery, LiveSession, Mail
from .postman import Postman, Refused
from .settings import Settings, is_mail
from .words import _, speaking

log = logging.getLogger(__name__)

LINK = "[link]"
LASTS = timedelta(hours=24)
"""How long a mail is tried; a `secret` one is gone then, delivered or not."""
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""Pauses after the first tries; the last one repeats. A server that greylists wants some minutes, one that is away hours."""
LONGEST_SUBJECT = 200  # letters, as the column
LONGEST_BODY = 10_000
PAPER = "A4"  # what is attached
POLICY = SMTP.clone(cte_type="7bit", raise_on_defect=True)  # any server takes seven bits


@dataclass(frozen=True)
class Letter:
    """One mail, ready to be written down; `compose` makes the message of it."""

    id: str
    recipient: str
    subject: str
    body: str
    pdf: bytes | None = None
    pdf_name: str = "report.pdf"
    language: str = ""  # in which its session reads what became of it


def configured(settings: Settings) -> bool:
    """Return whether this house can send mails."""
    return bool(settings.smtp_host and settings.mail_from)


# -- writing one


def recipient(typed: str) -> str:
    """Return a mail address as it is used; raises WorkshopError unless it is exactly one."""
    address = typed.strip()
    with suppress(UnicodeError):
        name, at, domain = address.rpartition("@")
        address = name + at + domain.encode("idna").decode()
    if not is_mail(address):
        raise WorkshopError(_("Enter one e-mail address, such as name@example.org."), code="bad_email", status=422)
    return address


def checked_subject(typed: str) -> str:
    """Return a subject for one line; raises WorkshopError where it is none."""
    subject = typed.strip()
    if not subject:
        raise WorkshopError(_("Enter a subject."), status=422)
    if not subject.isprintable():
        raise WorkshopError(_("A subject is one line. Take the line breaks out."), status=422)
    if len(subject) > LONGEST_SUBJECT:
        raise WorkshopError(_("Shorten the subject to %(most)s letters.", most=LONGEST_SUBJECT), status=422)
    return subject


def checked_body(typed: str, *, link: bool) -> str:
    """Return a text with plain line ends; where a link belongs in it and is missing, it comes last."""
    body = "\n".join(line.rstrip() for line in typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()
    if not body:
        raise WorkshopError(_("Write a text for the mail."), status=422)
    if len(body) > LONGEST_BODY:
        raise WorkshopError(_("Shorten the text to %(most)s letters.", most=LONGEST_BODY), status=422)
    if any(not (letter.isprintable() or letter in "\n\t") for letter in body):
        raise WorkshopError(
            _("The text holds signs that a mail cannot carry. Type it again as plain text."), status=422
        )
    return f"{body}\n\n{LINK}" if link and LINK not in body else body


def check_attachment(session: Session, delivery: Delivery | None) -> None:
    """Raise WorkshopError unless there is a printed PDF to attach."""
    if delivery is None or _pdf(session, delivery) is None:
        raise WorkshopError(_("The PDF is not ready. Send the link alone, or wait a moment."), status=409)


def compose(settings: Settings, letter: Letter, now: datetime) -> EmailMessage:
    """Return the message exactly as it leaves. Headers cannot break out: the policy refuses line breaks."""
    name, sender = parseaddr(settings.mail_from)
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(display_name=name, addr_spec=sender)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message.set_content(letter.body + "\n")
    if letter.pdf is not None:
        message.add_attachment(letter.pdf, maintype="application", subtype="pdf", filename=letter.pdf_name)
    return message


# -- the outbox


def put(
    session: Session,
    settings: Settings,
    now: datetime,
    *,
    recipient: str,
    subject: str,
    body: str,
    delivery: Delivery | None = None,
    live: LiveSession | None = None,
    attach: bool = False,
    secret: bool = False,
) -> Mail:
    """Put a mail into the outbox; it leaves by itself within seconds after the commit.

    A delivery's link stands in `body` as `LINK`. `attach` needs a delivery whose
    PDF is printed. `secret`: the row goes with the delivery, at the latest after
    `LASTS`. Raises WorkshopError with the sentence for whoever typed.
    """
    if not configured(settings):
        raise WorkshopError(_("This server sends no mail. Copy the link instead."), status=409)
    if delivery is not None and not deliveries.is_open(delivery, now):
        raise WorkshopError(_("This link does not work any more. Make a new one."), status=409)
    if attach:
        check_attachment(session, delivery)
    mail = Mail(
        id=anonymity.new_id(),
        delivery_id=delivery.id if delivery else None,
        live_id=live.id if live else None,
        recipient=_one(recipient),
        subject=checked_subject(subject),
        body=checked_body(body, link=delivery is not None),
        attach=attach,
        secret=secret,
        state="waiting",
        attempts=0,
        note="",
        made_at=now,
        next_try_at=now,
        expires_at=now + LASTS,
    )
    session.add(mail)
    session.flush()
    return mail


_one = recipient  # `put` has an argument of that name


def cancel(session: Session, mail: Mail) -> None:
    """Do not send a mail that waits or has failed, and forget its text; any other state stays as it is."""
    unsent = (Mail.id == mail.id, Mail.state.in_(("waiting", "failed")))
    session.execute(delete(Mail).where(*unsent, Mail.secret.is_(True)))
    session.execute(update(Mail).where(*unsent).values(state="cancelled", body="", note=""))


def again(session: Session, mail: Mail, now: datetime) -> None:
    """Try a failed mail once more from the beginning, or a waiting one at once; a secret one keeps its term."""
    values = {"state": "waiting", "attempts": 0, "note": "", "next_try_at": now}
    if not mail.secret:
        values["expires_at"] = now + LASTS
    session.execute(update(Mail).where(Mail.id == mail.id, Mail.state.in_(("waiting", "failed"))).values(**values))


def of(session: Session, live_id: str, mail_id: str) -> Mail:
    """Return a mail that belongs to this session; raises NotFound."""
    mail = session.get(Mail, mail_id)
    if mail is not None and mail.live_id == live_id:
        return mail
    raise NotFound(_("There is no such mail in this session."))


def tick(house: House) -> None:
    """Give up what is too old, and send what is due, one after the other over one connection."""
    now = house.clock()
    with house.database.transaction() as session:
        _give_up(session, now)
        due = list(
            session.scalars(
                select(Mail.id)
                .where(Mail.state == "waiting", Mail.next_try_at <= now)
                .order_by(Mail.next_try_at, Mail.id)
            )
        )
    if not due or not configured(house.settings):
        return
    with Postman(house.settings) as postman:
        for mail_id in due:
            letter = _claim(house, mail_id)
            if letter is None:
                continue
            with speaking(letter.language):
                _carry(house, postman, letter, now)


def _carry(house: House, postman: Postman, letter: Letter, now: datetime) -> None:
    try:
        postman.carry(compose(house.settings, letter, now), letter.recipient)
    except Refused as refused:
        _not_taken(house, letter.id, refused)
    except Exception as error:  # a defect must not stop the others; its text could hold an address
        log.error("a mail could not be written: %s", type(error).__name__)
        _not_taken(house, letter.id, Refused(_("The mail could not be written. Change its text."), final=True))
    else:
        _taken(house, letter.id)


def _language(session: Session, mail: Mail) -> str:
    """Return the language in which a mail's session reads what became of it."""
    live = session.get(LiveSession, mail.live_id) if mail.live_id else None
    return live.language if live else ""


def _give_up(session: Session, now: datetime) -> None:
    session.execute(delete(Mail).where(Mail.secret.is_(True), Mail.expires_at <= now))
    late = select(Mail).where(Mail.state == "waiting", Mail.expires_at <= now)
    for mail in session.scalars(late):
        mail.state = "failed"
        with speaking(_language(session, mail)):
            mail.note = " ".join([_("Not delivered within a day."), mail.note]).strip()


def _claim(house: House, mail_id: str) -> Letter | None:
    """Write a try down, with the time of the next one, and return what to send; None when there is nothing to do."""
    now = house.clock()
    with house.database.transaction() as session:
        mail = session.get(Mail, mail_id)
        if mail is None or mail.state != "waiting" or aware(mail.next_try_at) > now:
            return None
        pause = PAUSES[min(mail.attempts, len(PAUSES) - 1)]
        claimed = session.execute(
            update(Mail)
            .where(Mail.id == mail.id, Mail.state == "waiting", Mail.attempts == mail.attempts)
            .values(attempts=Mail.attempts + 1, next_try_at=now + pause)
        )
        if claimed.rowcount != 1:  # type: ignore[attr-defined]
            return None
        if mail.delivery_id is None:
            return Letter(mail.id, mail.recipient, mail.subject, mail.body, language=_language(session, mail))
        delivery = session.get(Delivery, mail.delivery_id)
        if delivery is None or not deliveries.is_open(delivery, now):
            cancel(session, mail)
            return None
        body = mail.body.replace(LINK, deliveries.address(house, delivery))
        attached = _pdf(session, delivery) if mail.attach else None
        return Letter(mail.id, mail.recipient, mail.subject, body, attached, language=_language(session, mail))


def _pdf(session: Session, delivery: Delivery) -> bytes | None:
    file = deliveries.file(session, delivery, PAPER)
    return file.content if file is not None else None


def _taken(house: House, mail_id: str) -> None:
    with house.database.transaction() as session:
        session.execute(delete(Mail).where(Mail.id == mail_id, Mail.secret.is_(True)))
        session.execute(
            update(Mail).where(Mail.id == mail_id).values(state="sent", body="", note="", sent_at=house.clock())
        )


def _not_taken(house: House, mail_id: str, refused: Refused) -> None:
    values = {"note": refused.sentence, **({"state": "failed"} if refused.final else {})}
    with house.database.transaction() as session:
        session.execute(update(Mail).where(Mail.id == mail_id, Mail.state == "waiting").values(**values))
