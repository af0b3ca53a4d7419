"""Breakouts: how a question's groups stand. Nothing here says who is in which."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class Breakout(Base):
    """What the person who leads has set for one activity in groups.

    `size` as chosen before the deal; `groups` is 0 until then. `part` counts
    the timed parts. Numbers that phones were dealt, writers and how many people
    a group has lie in the ballot box alone, and go with it.
    """

    __tablename__ = "breakouts"
    __table_args__ = (
        CheckConstraint("size between 3 and 8", name="size"),
        CheckConstraint("groups >= 0", name="groups"),
        CheckConstraint("part >= 0", name="part"),
    )

    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True)
    activity_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    size: Mapped[int] = mapped_column(Integer)
    groups: Mapped[int] = mapped_column(Integer, default=0)
    part: Mapped[int] = mapped_column(Integer, default=0)
    gathered: Mapped[bool] = mapped_column(Boolean, default=False)  # groups of one or two go to others
