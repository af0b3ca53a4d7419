"""Matrix: place items on two axes, each low or high.

Lives here: what a matrix accepts and what it finds. Not here: what may be published (`publication_places.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

from pydantic import Field, model_validator
from wtforms import Form, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from .. import publication
from .. import publication_places as places
from ..charts import Bar, Chart
from ..errors import AnswerRefused
from ..publication_places import Place
from ..words import N_, _
from ._reading import form, read, single, size
from .choice import Option, joined
from .kind import Aggregate, Body, Fields, Kind, KindConfig

SIDES = ("low", "high")
QUARTERS: dict[str, Place] = {
    "top-left": ("low", "high"),
    "top-right": ("high", "high"),
    "bottom-left": ("low", "low"),
    "bottom-right": ("high", "low"),
}
"""The quarters in reading order, as (across, up)."""


class MatrixConfig(KindConfig):
    """The items and the two axes."""

    items: tuple[Option, ...] = Field(
        min_length=2, max_length=8, title=N_("Items to place"), description=N_("2 to 8 items to place")
    )
    across: str = Field(default=N_("Effort"), min_length=1, max_length=30, description=N_("What the axis across means"))
    across_low: str = Field(
        default=N_("Little"), min_length=1, max_length=24, description=N_("Its low side, on the left")
    )
    across_high: str = Field(
        default=N_("Much"), min_length=1, max_length=24, description=N_("Its high side, on the right")
    )
    up: str = Field(default=N_("Impact"), min_length=1, max_length=30, description=N_("What the axis upwards means"))
    up_low: str = Field(default=N_("Small"), min_length=1, max_length=24, description=N_("Its low side, at the bottom"))
    up_high: str = Field(default=N_("Large"), min_length=1, max_length=24, description=N_("Its high side, on top"))
    said: ClassVar[dict[str, str]] = {
        "top-left": N_("Top left"),
        "top-right": N_("Top right"),
        "bottom-left": N_("Bottom left"),
        "bottom-right": N_("Bottom right"),
    }

    best: Literal["top-left", "top-right", "bottom-left", "bottom-right"] = Field(
        default="top-left", description=N_("The quarter to look at first")
    )

    @model_validator(mode="after")
    def _unique(self) -> MatrixConfig:
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError("every item needs an id of its own")
        return self

    def word(self, name: str) -> str:
        """Return one of the six words of the axes: the author's, or ours in the reader's language."""
        own: str = getattr(self, name)
        return _(own) if own == type(self).model_fields[name].default else own

    def called(self, place: Place) -> str:
        """Return a quarter in words."""
        return _(
            "%(up)s: %(up_side)s, %(across)s: %(across_side)s",
            up=self.word("up"),
            up_side=self.word(f"up_{place[1]}"),
            across=self.word("across"),
            across_side=self.word(f"across_{place[0]}"),
        )


@dataclass(frozen=True)
class MatrixAggregate(Aggregate):
    """The quarter of each item, in the listed order; None: spread. Empty below five people."""

    places: tuple[Place | None, ...] = ()


class Matrix(Kind):
    """What is worth it? Each item on two axes, such as impact and effort."""

    name: ClassVar[str] = "matrix"
    label = N_("2x2")
    use = N_("Things placed between two axes, such as effort and impact.")
    Config = MatrixConfig
    Aggregate = MatrixAggregate

    def clean(self, config: MatrixConfig, fields: Fields) -> Body:
        """Return both sides of every item; refuse an item without a place."""
        names = self._names(config)
        sent = read(fields, names)
        chosen = {name: single(sent, name) for name in names}
        if any(value not in (None, *SIDES) for value in chosen.values()):
            raise AnswerRefused(_("That is not one of the options. Choose from those on the screen."))
        for item in config.items:
            if not (chosen[f"across-{item.id}"] and chosen[f"up-{item.id}"]):
                raise AnswerRefused(_("“%(label)s” has no place yet. Answer both lines, or pass.", label=item.label))
        return {"places": {item.id: [chosen[f"across-{item.id}"], chosen[f"up-{item.id}"]] for item in config.items}}

    def _names(self, config: MatrixConfig) -> list[str]:
        return [f"{axis}-{item.id}" for item in config.items for axis in ("up", "across")]

    def answer_form(self, config: MatrixConfig) -> type[Form]:
        """Return two choices for each item."""
        choices = [SelectChoice(side) for side in SIDES]
        return form(self, config, {name: RadioField(choices=choices) for name in self._names(config)})

    def fields_of(self, config: MatrixConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields of every item that has a place."""
        fields: dict[str, list[str]] = {}
        for item in config.items:
            across, up = body["places"][item.id]
            fields |= {f"up-{item.id}": [up], f"across-{item.id}": [across]}
        return fields

    def aggregate(self, config: MatrixConfig, bodies: Sequence[Body]) -> MatrixAggregate:
        """Return the quarter of each item where both its sides are clear; no numbers, however many answered."""
        if len(bodies) < publication.SMALLEST:
            return MatrixAggregate()
        return MatrixAggregate(
            tuple(
                places.place([cast(Place, tuple(body["places"][item.id])) for body in bodies]) for item in config.items
            )
        )

    def dump(self, aggregate: MatrixAggregate) -> dict[str, Any]:
        """Return the places."""
        return {"places": [list(place) if place else None for place in aggregate.places]}

    def load(self, data: Mapping[str, Any]) -> MatrixAggregate:
        """Return the aggregate that `dump` wrote."""
        return MatrixAggregate(tuple(cast(Place, tuple(place)) if place else None for place in data["places"]))

    def chart(self, config: MatrixConfig, aggregate: MatrixAggregate) -> Chart | None:
        """Return one row per item with its quarter in words, None below five people."""
        if len(aggregate.places) != len(config.items):
            return None
        best = QUARTERS[config.best]
        bars = tuple(
            Bar(item.label, config.called(place), 0.86, lead=place == best, mark="most")
            if place
            else Bar(item.label, _("spread"), 0.0, mark="hidden")
            for item, place in zip(config.items, aggregate.places, strict=True)
        )
        note = _(
            "Each axis is counted alone: an item has a place where two of three people or so agree on each. The rest is spread."
        )
        return Chart(self._finding(config, bars, aggregate), bars, note=note)

    def _finding(self, config: MatrixConfig, bars: Sequence[Bar], aggregate: MatrixAggregate) -> str:
        names = [_("“%(label)s”", label=bar.label) for bar in bars if bar.lead]
        if names:
            where = config.called(QUARTERS[config.best])
            return _("On each axis most people see %(names)s here: %(where)s", names=joined(names), where=where)
        if any(aggregate.places):
            return _("Nothing lies in the quarter to look at first")
        return _("The room does not agree where these belong")

    def examples(self, config: MatrixConfig) -> list[Fields]:
        """Return twelve answers: most items in a clear quarter, the last one spread."""
        quarters = list(QUARTERS.values())
        answers: list[Fields] = []
        for person in range(12):
            fields: dict[str, list[str]] = {}
            for i, item in enumerate(config.items):
                across, up = quarters[(i * 3) % 4]
                if i == len(config.items) - 1 and i > 1:
                    across, up = quarters[person % 4]
                elif (person + i) % 6 == 0:
                    across, up = quarters[(person + i) % 4]
                fields |= {f"up-{item.id}": [up], f"across-{item.id}": [across]}
            answers.append(fields)
        return answers

    def largest(self, config: MatrixConfig) -> int:
        """Return the size of all fields with their longer word."""
        return size({name: ["high"] for name in self._names(config)})
