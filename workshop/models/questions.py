"""Questions from the room: how a list of them stands. Nothing here says who asked or who voted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base
from .columns import ID


class QuestionList(Base):
    """The list of one run of the kind `questions`: its order, and what the staff marked.

    `places` is the order that the room saw last, as ids of cards; `marks` maps
    an id to "answered" or "parked". Both are the room's or the staff's own: no
    number of votes is here before the close, and the votes themselves lie in
    the ballot box alone. `turns` counts the refreshes of the order.
    """

    __tablename__ = "question_lists"

    run_id: Mapped[str] = mapped_column(ForeignKey("activity_runs.id", ondelete="CASCADE"), primary_key=True)
    asking: Mapped[bool] = mapped_column(Boolean, default=True)  # False: no more questions, votes alone
    turns: Mapped[int] = mapped_column(Integer, default=0)
    places: Mapped[list[str]] = mapped_column(JSON, default=list)
    marks: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    large: Mapped[str | None] = mapped_column(ID)  # the card that is being answered now
