"""What comes after a session: check-ins and actions."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class FollowUp(Base):
    """The way back to a session after its end: one link and one code for all its check-ins."""

    __tablename__ = "follow_ups"

    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(ID, unique=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)  # opens something only while a check-in is open


class CheckIn(Base):
    """One asking again, weeks after a session, and the days on which it is open.

    What is asked and answered lies in a live session of its own (`live_id`, once
    it has opened), so that seats, ballot box, seal and freeze are the ordinary
    ones. Nobody has a role in that session: it stands in no list.
    """

    __tablename__ = "check_ins"
    __table_args__ = (
        UniqueConstraint("parent_id", "number"),
        CheckConstraint("number in (1, 2)", name="number"),
        CheckConstraint("state in ('off', 'planned', 'open', 'closed')", name="state"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    parent_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16), default="planned")
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    live_id: Mapped[str | None] = mapped_column(ForeignKey("live_sessions.id", ondelete="SET NULL"), unique=True)


class Action(Base):
    """Something the group agreed to do, in the facilitator's words; it holds nobody's answer.

    `carried_from`: the same action in the team's session before, which was
    still to do there. `place` orders the list.
    """

    __tablename__ = "actions"
    __table_args__ = (CheckConstraint("state in ('open', 'done', 'dropped')", name="state"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    place: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(String(300))
    owner: Mapped[str] = mapped_column(String(120), default="")  # a role, not a name
    due: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16), default="open")
    carried_from: Mapped[str | None] = mapped_column(ForeignKey("actions.id", ondelete="SET NULL"))
