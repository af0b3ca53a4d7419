"""The library of guides: their drafts, their versions, and who may work on them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, DateTime, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class Guide(Base):
    """A guide in the library. `source` is its YAML text, the one form it is kept in; empty before it is published.

    `shared`: what everybody here may do with it: nothing, use it, or edit it.
    """

    __tablename__ = "guides"
    __table_args__ = (CheckConstraint("shared in ('nobody', 'use', 'edit')", name="shared"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(Text)
    shipped: Mapped[bool] = mapped_column(Boolean, default=False)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    shared: Mapped[str] = mapped_column(String(8), default="use", server_default="use")
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class GuideEditor(Base):
    """A colleague who may edit a guide that somebody else owns."""

    __tablename__ = "guide_editors"

    guide_id: Mapped[str] = mapped_column(ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True)


class GuideDraft(Base):
    """A guide as it is being written; it may be wrong in places.

    `version` counts every change, undoing included, so that two tabs cannot
    overwrite each other; `at` is the state in `guide_states` that is shown, and
    `published` the count at which it was last published or begun.
    """

    __tablename__ = "guide_drafts"

    guide_id: Mapped[str] = mapped_column(ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    at: Mapped[int] = mapped_column(Integer)
    published: Mapped[int] = mapped_column(Integer)
    starts: Mapped[str] = mapped_column(String(5), default="09:00", server_default="09:00")


class GuideState(Base):
    """One state of a draft, to go back to: compressed JSON. `what` says which field was typed in, if one was."""

    __tablename__ = "guide_states"

    guide_id: Mapped[str] = mapped_column(ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    what: Mapped[str] = mapped_column(String(300), default="", server_default="")
    data: Mapped[bytes] = mapped_column(LargeBinary)


class GuideVersion(Base):
    """One published state of a guide. `author` is a name, so that it stays when the account goes."""

    __tablename__ = "guide_versions"

    guide_id: Mapped[str] = mapped_column(ForeignKey("guides.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    author: Mapped[str] = mapped_column(String(120))
    made_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)
