"""The durable tables of the main database.

Lives here: what is kept, with its rules as constraints. Not here: open answers,
which lie only in the ballot box (`ballots.py`). There is no table of
participants, and no column that says when or in which order somebody wrote.
"""

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
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .db import Base

ID = String(32)  # secrets.token_urlsafe(16): 128 bits, 22 letters


class Account(Base):
    """A member of staff: an admin or a facilitator. Participants have no account."""

    __tablename__ = "accounts"
    __table_args__ = (CheckConstraint("role in ('admin', 'facilitator')", name="role"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StaffSession(Base):
    """A signed-in browser of a member of staff; deleting the row signs it out."""

    __tablename__ = "staff_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StaffLink(Base):
    """A one-time link for staff: the first account, an invitation or a password reset."""

    __tablename__ = "staff_links"
    __table_args__ = (CheckConstraint("purpose in ('first', 'invite', 'reset')", name="purpose"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str | None] = mapped_column(String(16))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    created_by: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Guide(Base):
    """A guide in the library. `source` is its YAML text, the one form it is kept in."""

    __tablename__ = "guides"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(Text)
    shipped: Mapped[bool] = mapped_column(Boolean, default=False)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


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
    `batch` counts the rolling ticks.
    """

    __tablename__ = "activity_runs"
    __table_args__ = (
        UniqueConstraint("live_id", "activity_id"),
        CheckConstraint("state in ('open', 'closing', 'sealed', 'released')", name="state"),
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
    __table_args__ = (CheckConstraint("held in ('', 'withdraw', 'unquote')", name="held"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("activity_runs.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    quotable: Mapped[bool] = mapped_column(Boolean, default=False)
    receipt: Mapped[str | None] = mapped_column(String(64), index=True)  # SHA-256 of what its author's phone keeps
    held: Mapped[str] = mapped_column(String(16), default="")  # what its author asked for; applied at the freeze


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
