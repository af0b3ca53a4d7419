"""Which process serves which live session, where there are several. Nothing here is about participants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class Keeper(Base):
    """A serving process, by the name in its data folder; it says every few seconds that it is there."""

    __tablename__ = "keepers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Keeping(Base):
    """The one process that holds the ballot box of a live session.

    No reference to the session: a check-in's box is made before its row.
    """

    __tablename__ = "keepings"

    live_id: Mapped[str] = mapped_column(ID, primary_key=True)
    keeper_id: Mapped[str] = mapped_column(String(32), index=True)
