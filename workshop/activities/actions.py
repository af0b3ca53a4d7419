"""Actions: what the group agrees to do, written down while everybody looks.

Lives here: the kind. Not here: the list itself, which belongs to the session
and outlives the activity (`workshop/actions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from wtforms import Form

from ..charts import Chart
from ..errors import AnswerRefused
from ..words import N_, _
from . import Aggregate, Body, Fields, Kind
from ._reading import form


class Actions(Kind):
    """The session's list of actions on stage and phones; the facilitator writes it."""

    name: ClassVar[str] = "actions"
    label = N_("Actions")
    asks = False
    lists_actions = True

    def clean(self, config: Any, fields: Fields) -> Body:
        """Refuse: the list is agreed aloud and written by the person who leads."""
        raise AnswerRefused(_("Say it aloud. The person who leads writes it down."))

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
