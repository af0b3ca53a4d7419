"""Info: something to read or do together; it asks nothing.

Lives here: a text and a few points. Not here: the prompt, which every activity
has and which serves as the heading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints
from wtforms import Form

from ..charts import Chart
from ..errors import AnswerRefused
from ..words import N_, _
from . import Aggregate, Body, Fields, Kind, KindConfig
from ._reading import form

Point = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InfoConfig(KindConfig):
    """What is shown: a text, points to go through, or both."""

    text: str = Field(default="", max_length=2000, description="A text to read")
    points: tuple[Point, ...] = Field(default=(), max_length=8, description="Up to eight points, one line each")


class Info(Kind):
    """A pause, a rule, an instruction: shown on stage and phones, with nothing to answer."""

    name: ClassVar[str] = "info"
    label = N_("Info")
    Config = InfoConfig
    asks = False

    def clean(self, config: Any, fields: Fields) -> Body:
        """Refuse: there is no question."""
        raise AnswerRefused(_("There is nothing to answer here. Wait for the next question."))

    def answer_form(self, config: Any) -> type[Form]:
        """Return a form without fields."""
        return form(self, config, {})

    def fields_of(self, config: Any, body: Body) -> dict[str, list[str]]:
        """Return no fields."""
        return {}

    def aggregate(self, config: Any, bodies: Sequence[Body]) -> Aggregate:
        """Return nothing: nobody answers."""
        return Aggregate()

    def dump(self, aggregate: Any) -> dict[str, Any]:
        """Return no data."""
        return {}

    def load(self, data: Mapping[str, Any]) -> Aggregate:
        """Return the empty aggregate."""
        return Aggregate()

    def chart(self, config: Any, aggregate: Any) -> Chart | None:
        """Return None: there is nothing to draw."""
        return None

    def examples(self, config: Any) -> list[Fields]:
        """Return none: the contract asks for examples only of kinds that ask."""
        return []

    def largest(self, config: Any) -> int:
        """Return the size of no fields."""
        return len("{}")
