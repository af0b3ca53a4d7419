"""Scale: one whole number between two ends.

Lives here: what a scale accepts, where a room leans or lies on it, in words.
Not here: which of it may be published (`publication.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, model_validator
from wtforms import Form, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from .. import comparisons, publication
from ..charts import Bar, Chart
from ..comparisons import Standing
from ..errors import AnswerRefused
from ..publication import Lean, Shape
from ..words import N_, _
from ._cells import bar, numbers_note
from ._reading import form, read, single, size
from .kind import Aggregate, Body, Fields, Kind, KindConfig

FEWEST_POINTS, MOST_POINTS = 3, 11


class ScaleConfig(KindConfig):
    """The two ends of the scale and what they mean."""

    low: int = Field(default=1, ge=0, le=100, description=N_("The lowest number"))
    high: int = Field(
        default=10,
        ge=0,
        le=100,
        title=N_("The highest number"),
        description=N_("The highest number; 3 to 11 points in all"),
    )
    low_label: str = Field(default="", max_length=60, description=N_("What the lowest number means"))
    high_label: str = Field(default="", max_length=60, description=N_("What the highest number means"))

    @model_validator(mode="after")
    def _points(self) -> ScaleConfig:
        if not FEWEST_POINTS <= self.high - self.low + 1 <= MOST_POINTS:
            raise ValueError(f"a scale has {FEWEST_POINTS} to {MOST_POINTS} points, such as 1 to 10")
        return self

    @property
    def points(self) -> range:
        """Return all numbers that can be chosen."""
        return range(self.low, self.high + 1)


@dataclass(frozen=True)
class ScaleAggregate(Aggregate):
    """Where the room stands: the lean of a small group or the shape of a larger one, never both.

    `people` is 0 below ten. `again`: a second round; its lean is a band for any
    number of people, and `place` (from ten on, 0 to 1) is rounded to half points.
    """

    lean: Lean | None = None
    shape: Shape = publication.NOTHING
    groups: tuple[tuple[int, int], ...] = ()
    people: int = 0
    again: bool = False
    place: float | None = None

    def stood(self, config: ScaleConfig) -> Standing | None:
        """Return where this round stood, to be compared with another."""
        if self.again:
            return Standing(self.lean, self.place) if self.lean else None
        return comparisons.stood(self.lean, self.shape, self.groups, self.people, config.low, config.high)


class Scale(Kind):
    """How much, how ready, how likely: a number that needs no words."""

    name: ClassVar[str] = "scale"
    label = N_("Scale")
    use = N_("A number between two ends, such as 1 to 10.")
    Config = ScaleConfig
    Aggregate = ScaleAggregate
    compares = True

    def clean(self, config: ScaleConfig, fields: Fields) -> Body:
        """Return the number; refuse anything that is not a point of this scale."""
        value = single(read(fields, ["value"]), "value")
        text = (value or "").strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) in config.points):
            raise AnswerRefused(
                _("Choose a whole number from %(low)s to %(high)s, or pass.", low=config.low, high=config.high)
            )
        return {"value": int(text)}

    def answer_form(self, config: ScaleConfig) -> type[Form]:
        """Return one row of numbers."""
        return form(self, config, {"value": RadioField(choices=[SelectChoice(str(p)) for p in config.points])})

    def fields_of(self, config: ScaleConfig, body: Body) -> dict[str, list[str]]:
        """Return the field that holds the number."""
        return {"value": [str(body["value"])]}

    def aggregate(self, config: ScaleConfig, bodies: Sequence[Body]) -> ScaleAggregate:
        """Return the lean of five to nine answers, or the shape over groups of points from ten on."""
        values = [int(body["value"]) for body in bodies]
        n = len(values)
        if n < publication.NUMBERS_FROM:
            return ScaleAggregate(lean=publication.lean(values, config.low, config.high))
        groups = publication.scale_groups(n, config.low, config.high)
        counts = [sum(first <= v <= last for v in values) for first, last in groups]
        shape = publication.shape_single(counts)
        return ScaleAggregate(shape=shape, groups=groups, people=n)

    def coarse(self, config: ScaleConfig, aggregate: ScaleAggregate) -> ScaleAggregate:
        """Return the band of a second round, with its place to half a point where ten answered."""
        stood = aggregate.stood(config)
        if stood is None:
            return ScaleAggregate(again=True)
        halves = 2 * (config.high - config.low)
        return ScaleAggregate(
            lean=stood.band, again=True, place=None if stood.place is None else round(stood.place * halves) / halves
        )

    def dump(self, aggregate: ScaleAggregate) -> dict[str, Any]:
        """Return lean, shape, groups and people; of a second round its band and place."""
        if aggregate.again:
            return {"lean": aggregate.lean, "again": True, "place": aggregate.place}
        return {
            "lean": aggregate.lean,
            "shape": aggregate.shape.dump(),
            "groups": [list(group) for group in aggregate.groups],
            "people": aggregate.people,
        }

    def load(self, data: Mapping[str, Any]) -> ScaleAggregate:
        """Return the aggregate that `dump` wrote."""
        if data.get("again"):
            return ScaleAggregate(lean=data["lean"], again=True, place=data["place"])
        return ScaleAggregate(
            lean=data["lean"],
            shape=Shape.load(data["shape"]),
            groups=tuple((int(first), int(last)) for first, last in data["groups"]),
            people=int(data["people"]),
        )

    def chart(self, config: ScaleConfig, aggregate: ScaleAggregate) -> Chart | None:
        """Return three fields for a lean, columns for numbers, None where nothing may be shown."""
        if aggregate.lean is not None:
            return self._lean_chart(config, aggregate.lean, aggregate.again)
        if aggregate.shape.precision == "nothing":
            return None
        middle = publication.centre(aggregate.shape, aggregate.people)
        bars = tuple(
            bar(_span(group), cell, aggregate.people, lead=i == middle)
            for i, (group, cell) in enumerate(zip(aggregate.groups, aggregate.shape.cells, strict=True))
        )
        note = numbers_note(aggregate.shape, aggregate.people)
        return Chart(self._finding(config, aggregate, middle), bars, note=note, vertical=True, form="columns")

    def _lean_chart(self, config: ScaleConfig, lean: Lean, again: bool = False) -> Chart:
        names = {"low": _("low end"), "middle": _("middle"), "high": _("high end")}
        bars = tuple(
            Bar(name, _("here") if key == lean else "", 1.0 if key == lean else 0.0, lead=key == lean, mark="lean")
            for key, name in names.items()
        )
        note = _("The lean of all answers together. Fewer than ten people answered, so there are no numbers.")
        if again:
            note = _("The lean of all answers together. It was asked for the second time, so there are no numbers.")
        return Chart(_leaning(config, lean), bars, note=note, vertical=True, form="lean")

    def _finding(self, config: ScaleConfig, aggregate: ScaleAggregate, middle: int | None) -> str:
        if middle is None:
            return _("The answers spread over the whole scale")
        first, last = aggregate.groups[middle]
        where = str(first) if first == last else _("%(first)s to %(last)s", first=first, last=last)
        third = (config.high - config.low) / 3
        if (first + last) / 2 > config.high - third:
            return _leaning(config, "high", where)
        if (first + last) / 2 < config.low + third:
            return _leaning(config, "low", where)
        return _("The middle of the room is at %(where)s, near the centre of the scale", where=where)

    def examples(self, config: ScaleConfig) -> list[Fields]:
        """Return fifteen answers with a lean to the high end and nobody alone in a third of the scale."""
        parts = (0.8, 0.5, 0.15, 0.85, 0.4, 0.9, 0.2, 0.6, 1.0, 0.0, 0.8, 0.5, 0.9, 0.6, 0.8)
        span = config.high - config.low
        return [{"value": [str(config.low + round(part * span))]} for part in parts]

    def largest(self, config: ScaleConfig) -> int:
        """Return the size of the longest number."""
        return size({"value": [str(config.high)]})


def _span(group: tuple[int, int]) -> str:
    first, last = group
    return str(first) if first == last else f"{first}–{last}"


def _leaning(config: ScaleConfig, lean: Lean, where: str = "") -> str:
    """Return the finding as a sentence; `where` names the points that hold the middle of the room."""
    label = {"low": config.low_label, "high": config.high_label, "middle": ""}[lean]
    said = {
        "low": _("People lean to the low end"),
        "middle": _("Taken together, people are around the middle"),
        "high": _("People lean to the high end"),
    }[lean]
    if where:
        said = _("%(finding)s (around %(where)s)", finding=said, where=where)
    return _("%(finding)s: %(label)s", finding=said, label=label) if label else said
