"""Several facilitators in one session: links that invite them, and phones that steer for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class SessionInvitation(Base):
    """A one-time link that gives a member of staff a part in one live session. The link itself is kept nowhere."""

    __tablename__ = "session_invitations"
    __table_args__ = (CheckConstraint("role in ('run', 'moderate', 'watch')", name="role"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(120), default="")  # for whom it is, in the inviter's words
    created_by: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SessionRemote(Base):
    """A second screen in one facilitator's hand, signed in for one live session and nothing else.

    It hangs on the browser that made it: when that one is signed out, the row
    goes and the remote with it. `link_hash` is of the one-time link and empty
    once it was used; only then there is a `token_hash`.
    """

    __tablename__ = "session_remotes"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    live_id: Mapped[str] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    browser_hash: Mapped[str] = mapped_column(ForeignKey("staff_sessions.token_hash", ondelete="CASCADE"), index=True)
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # of the link, then of the remote
