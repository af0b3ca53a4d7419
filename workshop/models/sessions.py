"""Live sessions: how they stand, who runs them, what was asked and what was released."""

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
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base
from .columns import ID


class LiveSession(Base):
    """One run of a guide with a group.

    `version` grows with every change of what people see and is what
    compare-and-set compares. `joined` only grows and is not part of it.
    Times here are the facilitator's own (start, end, timer); none is a
    participant's.
    """

    __tablename__ = "live_sessions"
    __table_args__ = (
        CheckConstraint("phase in ('lobby', 'running', 'ended', 'moved')", name="phase"),
        CheckConstraint("room_floor >= 3", name="room_floor"),
        CheckConstraint("words_floor >= 5", name="words_floor"),
        CheckConstraint("joined >= 0", name="joined"),
        CheckConstraint("keep_days >= 1", name="keep_days"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    code: Mapped[str | None] = mapped_column(String(6), unique=True)  # only while the door is open
    join_token: Mapped[str] = mapped_column(ID, unique=True)
    stage_token: Mapped[str | None] = mapped_column(ID, unique=True)  # None: revoked
    rehearsal: Mapped[bool] = mapped_column(Boolean, default=False)
    simulated: Mapped[int] = mapped_column(Integer, default=0)  # a rehearsal's phones that answer by themselves
    tickets: Mapped[bool] = mapped_column(Boolean, default=False)  # each phone needs a slip (promise 16)
    slips: Mapped[int] = mapped_column(Integer, default=0)  # how many slips are good, or were

    guide_id: Mapped[str | None] = mapped_column(ForeignKey("guides.id", ondelete="SET NULL"))
    guide_source: Mapped[str] = mapped_column(Text)  # the frozen copy
    title: Mapped[str] = mapped_column(String(200))
    team: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(16))
    expected: Mapped[int] = mapped_column(Integer)
    room_floor: Mapped[int] = mapped_column(Integer, default=5)
    words_floor: Mapped[int] = mapped_column(Integer, default=10)
    leader: Mapped[str] = mapped_column(String(120))
    leader_is_manager: Mapped[bool] = mapped_column(Boolean, default=False)
    moderation: Mapped[bool] = mapped_column(Boolean, default=False)
    facilitator_words: Mapped[bool] = mapped_column(Boolean, default=False)
    freeze_after_minutes: Mapped[int] = mapped_column(Integer, default=15)
    keep_days: Mapped[int] = mapped_column(Integer, default=90)  # released data go that long after the end
    purged_on: Mapped[date | None] = mapped_column(Date)  # the day its released data went
    created_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    created_on: Mapped[date] = mapped_column(Date)
    planned_for: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # when it is to begin

    phase: Mapped[str] = mapped_column(String(16), default="lobby")
    version: Mapped[int] = mapped_column(Integer, default=1)
    at: Mapped[str | None] = mapped_column(String(80))  # id of the activity the room is at
    joined: Mapped[int] = mapped_column(Integer, default=0)
    door_open: Mapped[bool] = mapped_column(Boolean, default=True)
    moved_to: Mapped[str | None] = mapped_column(ForeignKey("live_sessions.id", ondelete="SET NULL"))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    step_started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    blank: Mapped[bool] = mapped_column(Boolean, default=False)

    timer_ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # running
    timer_left: Mapped[int | None] = mapped_column(Integer)  # seconds, paused
    timer_total: Mapped[int | None] = mapped_column(Integer)  # seconds
    timer_closes: Mapped[bool] = mapped_column(Boolean, default=False)

    eyes_up: Mapped[bool] = mapped_column(Boolean, default=False)  # phones rest; what is typed stays on them
    break_started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    break_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # None: no break
    break_held_timer: Mapped[bool] = mapped_column(Boolean, default=False)  # the timer ran when the break began
    break_seconds: Mapped[int] = mapped_column(Integer, default=0)  # of the breaks that are over
    where_found: Mapped[str] = mapped_column(String(120), default="")  # where the facilitator is in a break

    runs: Mapped[list[ActivityRun]] = relationship(back_populates="live", order_by="ActivityRun.ordinal")


class SessionRole(Base):
    """What a member of staff may do in one live session."""

    __tablename__ = "session_roles"
    __table_args__ = (CheckConstraint("role in ('run', 'moderate', 'watch')", name="role"),)

    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))


class ActivityRun(Base):
    """One asking of an activity. Its state only ever moves forward.

    `release` is what the room may see, written once by the seal (a rolling
    activity rewrites it at each tick until it closes); None before.
    `batch` counts the rolling ticks. "reading": closed, and read by those who
    moderate before the room sees it (promise 8's declared exception).
    """

    __tablename__ = "activity_runs"
    __table_args__ = (
        UniqueConstraint("live_id", "activity_id"),
        CheckConstraint("state in ('open', 'closing', 'sealed', 'reading', 'released')", name="state"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    activity_id: Mapped[str] = mapped_column(String(80))
    ordinal: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16), default="open")
    batch: Mapped[int] = mapped_column(Integer, default=0)
    release: Mapped[dict[str, Any] | None] = mapped_column(JSON)

    live: Mapped[LiveSession] = relationship(back_populates="runs")


class Card(Base):
    """One released free text, under a fresh random id, inserted in shuffled order."""

    __tablename__ = "cards"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("activity_runs.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    quotable: Mapped[bool] = mapped_column(Boolean, default=False)
    receipt: Mapped[str | None] = mapped_column(String(64), index=True)  # SHA-256 of what its author's phone keeps
    mark: Mapped[str] = mapped_column(String(16), default="")  # parked: what the room made of it, `parking.MARKS`


class Wish(Base):
    """What the author of a card asked for it; carried out at the freeze, and gone with it.

    Not in the card's own row: a row that is written again tells where and when it
    was. Only `receipts.py` writes here, all rows at once in the order of their
    receipts. PostgreSQL keeps this table out of its log, archives and standbys,
    which would tell all the same (`wish_copies.py`: what stands in for them).
    """

    __tablename__ = "wishes"
    __table_args__ = (CheckConstraint("act in ('', 'withdraw', 'unquote')", name="act"),)

    receipt: Mapped[str] = mapped_column(
        String(64), primary_key=True
    )  # the hash, as in `Card`; no reference: it would lock
    act: Mapped[str] = mapped_column(String(16))  # "": taken back again


class ParkedText(Base):
    """What somebody who runs a session parked at the console: staff text, never an answer."""

    __tablename__ = "parked_texts"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    place: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(String(16), default="")
