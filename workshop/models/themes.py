"""Boards: how the cards of one question lie in themes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base


class ThemeBoard(Base):
    """The themes of one closed question, as JSON (see `boards.py`); it names cards by their random ids alone.

    `version` grows with every change and is what compare-and-set compares. No
    row: nobody has grouped anything yet.
    """

    __tablename__ = "theme_boards"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("activity_runs.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
