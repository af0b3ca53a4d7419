"""Points: share 100 points over the options.

Lives here: what it accepts and what it finds. Not here: what may be published (`publication_votes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field
from wtforms import Form

from .. import publication
from .. import publication_votes as votes
from ..charts import Chart
from ..errors import AnswerRefused
from ..publication import Shape, Word
from ..words import N_, _
from ._reading import form, size
from ._votes import OptionsConfig, ahead, numbers, people_if_ten, row, selects, spread, words_note
from .choice import Option
from .kind import Aggregate, Body, Fields, Kind


class PointsConfig(OptionsConfig):
    """What the points are shared over, and in which steps."""

    options: tuple[Option, ...] = Field(
        min_length=2, max_length=8, title=N_("Options"), description=N_("2 to 8 options")
    )
    step: Literal[5, 10] = Field(
        default=10, title=N_("The smallest share"), description=N_("5 or 10: the smallest share")
    )

    @property
    def even(self) -> int:
        """Return an even share, rounded up to a step."""
        return -(-votes.WHOLE // (len(self.options) * self.step)) * self.step

    @property
    def each(self) -> int:
        """Return how many options one person can give more than an even share."""
        return min(len(self.options) - 1, votes.WHOLE // (self.even + self.step))


@dataclass(frozen=True)
class PointsAggregate(Aggregate):
    """Below ten: how many gave more than an even share, in words. From ten: mean points. `people` is 0 below ten."""

    shape: Shape = publication.NOTHING
    people: int = 0


class Points(Kind):
    """Where would it help us most? 100 points, shared as one likes."""

    name: ClassVar[str] = "points"
    label = N_("Points")
    use = N_("A hundred points to share out: how much each thing weighs.")
    Config = PointsConfig
    Aggregate = PointsAggregate

    def clean(self, config: PointsConfig, fields: Fields) -> Body:
        """Return the points of each option that got some; refuse any sum but 100 and say what is missing."""
        points = {name: given for name, given in numbers(fields, "points", config.ids).items() if given}
        if any(given % config.step for given in points.values()):
            raise AnswerRefused(_("Share the points in steps of %(step)s.", step=config.step))
        total = sum(points.values())
        if total < votes.WHOLE:
            raise AnswerRefused(
                _("%(missing)s of the 100 points are missing. Give them to something.", missing=votes.WHOLE - total)
            )
        if total > votes.WHOLE:
            raise AnswerRefused(_("That is %(over)s points too many. There are 100.", over=total - votes.WHOLE))
        return {"points": points}

    def answer_form(self, config: PointsConfig) -> type[Form]:
        """Return a list of shares for each option."""
        return form(
            self, config, selects("points", config.ids, [str(i) for i in range(0, votes.WHOLE + 1, config.step)])
        )

    def fields_of(self, config: PointsConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields with the points of each option."""
        return {f"points-{name}": [str(body["points"].get(name, 0))] for name in config.ids}

    def aggregate(self, config: PointsConfig, bodies: Sequence[Body]) -> PointsAggregate:
        """Return words for five to nine people, mean points from ten on, nothing where no picture is safe."""
        n = len(bodies)
        if n < publication.NUMBERS_FROM:
            above = [sum(body["points"].get(name, 0) > config.even for body in bodies) for name in config.ids]
            return PointsAggregate(votes.shape_supporters(above, n, config.each))
        totals = [sum(body["points"].get(name, 0) for body in bodies) for name in config.ids]
        return PointsAggregate(votes.shape_points(totals, n), people_if_ten(n))

    def dump(self, aggregate: PointsAggregate) -> dict[str, Any]:
        """Return shape and people."""
        return {"shape": aggregate.shape.dump(), "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> PointsAggregate:
        """Return the aggregate that `dump` wrote."""
        return PointsAggregate(Shape.load(data["shape"]), int(data["people"]))

    def chart(self, config: PointsConfig, aggregate: PointsAggregate) -> Chart | None:
        """Return one bar per option in the listed order, None where no picture is safe."""
        shape, people = aggregate.shape, aggregate.people
        if shape.precision == "nothing" or len(shape.cells) != len(config.options):
            return None
        leading, said = ahead(config, shape)
        few = most = some = ""
        if people:
            low = votes.rounded(votes.edge(people))
            few, most = _("under %(points)s", points=low), _("over %(points)s", points=votes.WHOLE - low)
            some = _("%(low)s to %(high)s", low=low, high=votes.WHOLE - low)
        bars = tuple(
            row(option.label, cell, cell / 100 if isinstance(cell, int) else 0, few, most, some, lead=i in leading)
            for i, (option, cell) in enumerate(zip(config.options, shape.cells, strict=True))
        )
        note = words_note(_("How many people gave it more than %(points)s points.", points=config.even))
        if people:
            note = _("%(people)s people shared 100 points each. Means, rounded to fives.", people=people)
        return Chart(self._finding(shape, people, said), bars, note=note)

    def _finding(self, shape: Shape, people: int, said: str) -> str:
        if not said:
            return spread()
        if people:
            return _("The largest share of the points went to %(names)s", names=said)
        if Word.MOST in shape.cells:
            return _("Most people gave a large share to %(names)s", names=said)
        return _("Some people gave a large share to %(names)s, few to anything else", names=said)

    def examples(self, config: PointsConfig) -> list[Fields]:
        """Return twelve answers that lean to the first options."""
        patterns = ((60, 40), (40, 30, 30), (50, 30, 20), (20, 50, 20, 10), (30, 30, 40), (100,))
        answers: list[Fields] = []
        for person in range(12):
            given = dict.fromkeys(config.ids, 0)
            for i, points in enumerate(patterns[person % 6]):
                given[config.ids[(i + person // 4) % len(config.ids)]] += points
            answers.append({f"points-{name}": [str(points)] for name, points in given.items()})
        return answers

    def largest(self, config: PointsConfig) -> int:
        """Return the size of all fields with their longest number."""
        return size({f"points-{name}": [str(votes.WHOLE)] for name in config.ids})
