"""Estimate: a whole number between two ends, in a unit.

Lives here: what an estimate accepts, where a room lies, in words. Not here: which of it may be published
(`publication.py`) and the bands (`publication_places.py`). Another round is the same activity asked again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, model_validator
from wtforms import Form, StringField

from .. import publication
from .. import publication_places as places
from ..charts import Bar, Chart
from ..errors import AnswerRefused
from ..publication import Lean, Shape
from ..words import N_, _, figure
from ._cells import bar, numbers_note
from ._reading import form, read, single, size
from .kind import Aggregate, Body, Fields, Kind, KindConfig

HIGHEST = 1_000_000


class EstimateConfig(KindConfig):
    """The two ends and the unit. Ends close to what people will say give bands that tell something."""

    low: int = Field(default=0, ge=0, le=HIGHEST, description=N_("The lowest number"))
    high: int = Field(
        default=100,
        ge=0,
        le=HIGHEST,
        title=N_("The highest number"),
        description=N_("The highest number, at least 2 above the lowest"),
    )
    unit: str = Field(default="", max_length=30, description=N_("What is counted, such as hours a week"))

    @model_validator(mode="after")
    def _ends(self) -> EstimateConfig:
        if self.high - self.low < 2:
            raise ValueError("the highest number of an estimate is at least 2 above its lowest")
        return self


@dataclass(frozen=True)
class EstimateAggregate(Aggregate):
    """Where the estimates lie: the lean of a small group or the shape of a larger one in bands, never both.

    `people` is 0 below ten.
    """

    lean: Lean | None = None
    shape: Shape = publication.NOTHING
    bands: tuple[tuple[int, int], ...] = ()
    people: int = 0


class Estimate(Kind):
    """How many, how much, how long: everybody's own number, shown as a distribution."""

    name: ClassVar[str] = "estimate"
    label = N_("Estimate")
    use = N_("Everybody guesses a number; the room sees how far apart the guesses are.")
    Config = EstimateConfig
    Aggregate = EstimateAggregate

    def clean(self, config: EstimateConfig, fields: Fields) -> Body:
        """Return the number; refuse anything but a whole number between the ends."""
        text = (single(read(fields, ["value"]), "value") or "").strip(" ")
        if not (text.isascii() and text.isdigit() and len(text) <= 7 and config.low <= int(text) <= config.high):
            raise AnswerRefused(
                _(
                    "Write a whole number from %(low)s to %(high)s, or pass.",
                    low=figure(config.low),
                    high=figure(config.high),
                )
            )
        return {"value": int(text)}

    def answer_form(self, config: EstimateConfig) -> type[Form]:
        """Return one field for the number."""
        return form(self, config, {"value": StringField()})

    def fields_of(self, config: EstimateConfig, body: Body) -> dict[str, list[str]]:
        """Return the field that holds the number."""
        return {"value": [str(body["value"])]}

    def aggregate(self, config: EstimateConfig, bodies: Sequence[Body]) -> EstimateAggregate:
        """Return the lean of five to nine estimates, or the shape over bands from ten on."""
        values = [int(body["value"]) for body in bodies]
        n = len(values)
        if n < publication.NUMBERS_FROM:
            return EstimateAggregate(lean=publication.lean(values, config.low, config.high))
        bands = places.bands(n, config.low, config.high)
        counts = [sum(first <= value <= last for value in values) for first, last in bands]
        return EstimateAggregate(shape=publication.shape_single(counts), bands=bands, people=n)

    def dump(self, aggregate: EstimateAggregate) -> dict[str, Any]:
        """Return lean, shape, bands and people."""
        return {
            "lean": aggregate.lean,
            "shape": aggregate.shape.dump(),
            "bands": [list(band) for band in aggregate.bands],
            "people": aggregate.people,
        }

    def load(self, data: Mapping[str, Any]) -> EstimateAggregate:
        """Return the aggregate that `dump` wrote."""
        return EstimateAggregate(
            lean=data["lean"],
            shape=Shape.load(data["shape"]),
            bands=tuple((int(first), int(last)) for first, last in data["bands"]),
            people=int(data["people"]),
        )

    def chart(self, config: EstimateConfig, aggregate: EstimateAggregate) -> Chart | None:
        """Return three fields for a lean, columns for bands, None where nothing may be shown."""
        if aggregate.lean is not None:
            return self._lean_chart(config, aggregate.lean)
        if aggregate.shape.precision == "nothing":
            return None
        middle = publication.centre(aggregate.shape, aggregate.people)
        bars = tuple(
            bar(_span(band), cell, aggregate.people, lead=i == middle)
            for i, (band, cell) in enumerate(zip(aggregate.bands, aggregate.shape.cells, strict=True))
        )
        finding = _("The estimates spread over the whole range")
        if middle is not None:
            finding = _(
                "The middle estimate lies at %(where)s", where=_with_unit(_span(aggregate.bands[middle]), config)
            )
        note = numbers_note(aggregate.shape, aggregate.people)
        return Chart(finding, bars, note=note, vertical=True, form="columns")

    def _lean_chart(self, config: EstimateConfig, lean: Lean) -> Chart:
        names = {"low": _("low end"), "middle": _("middle"), "high": _("high end")}
        bars = tuple(
            Bar(name, _("here") if key == lean else "", 1.0 if key == lean else 0.0, lead=key == lean, mark="lean")
            for key, name in names.items()
        )
        span = _with_unit(_span((config.low, config.high)), config)
        finding = {
            "low": _("Taken together, the estimates are low, between %(span)s", span=span),
            "middle": _("Taken together, the estimates are around the middle of %(span)s", span=span),
            "high": _("Taken together, the estimates are high, between %(span)s", span=span),
        }[lean]
        note = _("The lean of all answers together. Fewer than ten people answered, so there are no numbers.")
        return Chart(finding, bars, note=note, vertical=True, form="lean")

    def examples(self, config: EstimateConfig) -> list[Fields]:
        """Return fifteen estimates around a third of the range, nobody alone in a third of it."""
        parts = (0.3, 0.25, 0.4, 0.15, 0.5, 0.2, 0.75, 0.3, 0.1, 0.45, 0.9, 0.2, 0.35, 0.8, 0.25)
        span = config.high - config.low
        return [{"value": [str(config.low + round(part * span))]} for part in parts]

    def largest(self, config: EstimateConfig) -> int:
        """Return the size of the longest number."""
        return size({"value": [str(config.high)]})


def _span(band: tuple[int, int]) -> str:
    first, last = band
    return figure(first) if first == last else f"{figure(first)}–{figure(last)}"


def _with_unit(text: str, config: EstimateConfig) -> str:
    return f"{text} {config.unit}".strip()
