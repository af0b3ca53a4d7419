"""Reports: the texts of staff, the freeze, its versions and files, and how they travel."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class ReportText(Base):
    """What the facilitator writes into the report before the freeze (JSON, see `freezes`)."""

    __tablename__ = "report_texts"

    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Freeze(Base):
    """The one fixed data set behind all reports of a live session; written once."""

    __tablename__ = "freezes"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), unique=True)
    frozen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    editions: Mapped[dict[str, Any]] = mapped_column(JSON)  # edition name -> report data


class ReportVersion(Base):
    """The staff's own texts, put right after the freeze; version 1 is the freeze itself.

    `editions` holds each edition as that version prints it: everything that came
    from answers is the freeze's, word for word.
    """

    __tablename__ = "report_versions"
    __table_args__ = (CheckConstraint("number >= 2", name="number"),)

    freeze_id: Mapped[str] = mapped_column(ForeignKey("freezes.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    made_on: Mapped[date] = mapped_column(Date)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)  # the texts
    editions: Mapped[dict[str, Any]] = mapped_column(JSON)


class ReportFile(Base):
    """The kept bytes of one edition on one paper size; the same freeze and version give the same bytes."""

    __tablename__ = "report_files"
    __table_args__ = (
        UniqueConstraint("freeze_id", "edition", "paper", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("state in ('queued', 'rendering', 'ready', 'failed')", name="state"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    freeze_id: Mapped[str] = mapped_column(ForeignKey("freezes.id", ondelete="CASCADE"), index=True)
    edition: Mapped[str] = mapped_column(String(16))
    paper: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(Integer, default=1)  # of the staff's texts
    state: Mapped[str] = mapped_column(String(16), default="queued")
    note: Mapped[str] = mapped_column(Text, default="")
    content: Mapped[bytes | None] = mapped_column(LargeBinary)


class Delivery(Base):
    """One handing over of one edition: a link for one reader, and nothing about what they do but a total.

    The link's address is made from `id` with the installation's key, so that a
    copy of this table opens nothing.
    """

    __tablename__ = "deliveries"
    __table_args__ = (CheckConstraint("opened >= 0", name="opened"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    freeze_id: Mapped[str] = mapped_column(ForeignKey("freezes.id", ondelete="CASCADE"), index=True)
    edition: Mapped[str] = mapped_column(String(16))
    reader: Mapped[str] = mapped_column(String(120))  # the reader's role, never their address
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    opened: Mapped[int] = mapped_column(Integer, default=0)


class Mail(Base):
    """A letter in the outbox, kept until it is delivered or given up.

    `secret` letters (invitations to participants) are deleted on delivery;
    all others keep their state for the facilitator, without the text.
    """

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'sent', 'failed', 'cancelled')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    delivery_id: Mapped[str | None] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    live_id: Mapped[str | None] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    attach: Mapped[bool] = mapped_column(Boolean, default=False)  # the edition's PDF goes with it
    secret: Mapped[bool] = mapped_column(Boolean, default=False)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    note: Mapped[str] = mapped_column(Text, default="")  # what went wrong last, in words for the facilitator
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    next_try_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
