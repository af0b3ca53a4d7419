"""Moderation: what was decided about the texts of a question, and a log that holds none of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class Reading(Base):
    """What those who moderate decided about the texts of one run, as JSON (see `readings.py`); ids alone, no text.

    `version` grows with every decision and is what compare-and-set compares. No
    row: nobody has decided anything, and everything that is released is shown.
    It goes at the freeze, when what it says has been carried out.
    """

    __tablename__ = "readings"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("activity_runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


class ModerationDay(Base):
    """How often one member of staff did one thing on one day: "hid a text". No text, no question, no order."""

    __tablename__ = "moderation_days"
    __table_args__ = (CheckConstraint("times >= 1", name="times"),)

    live_id: Mapped[str] = mapped_column(ID, ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True)
    made_on: Mapped[date] = mapped_column(Date, primary_key=True)
    who: Mapped[str] = mapped_column(String(120), primary_key=True)  # a name of staff; empty: whoever steered
    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    times: Mapped[int] = mapped_column(Integer, default=1)
