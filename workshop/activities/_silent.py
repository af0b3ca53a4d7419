"""What the kinds have in common that ask nothing.

Lives here: an answer refused, and nothing to count, keep or draw. Not here: what
such a kind shows (its own module and templates).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import Form

from ..charts import Chart
from ..errors import AnswerRefused
from ._reading import form
from .kind import Aggregate, Body, Fields, Kind


class Silent(Kind):
    """A kind that shows something and takes no answer."""

    asks = False

    @abstractmethod
    def refusal(self) -> str:
        """Return the sentence for a phone that sends an answer all the same."""

    def clean(self, config: Any, fields: Fields) -> Body:
        """Refuse, whatever was sent."""
        raise AnswerRefused(self.refusal())

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
