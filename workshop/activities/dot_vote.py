"""Dot vote: each person has a few dots and puts them on the options that matter most to them.

Lives here: what a dot vote accepts and what it finds. Not here: what may be published (`publication_votes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field, model_validator
from wtforms import Form

from .. import publication
from .. import publication_votes as votes
from ..charts import Chart
from ..errors import AnswerRefused
from ..publication import Shape, Word
from ..words import N_, _
from ._reading import form, size
from ._votes import OptionsConfig, ahead, numbers, people_if_ten, row, selects, spread, words_note
from .kind import Aggregate, Body, Fields, Kind


class DotVoteConfig(OptionsConfig):
    """How many dots each person has, and how many of them may go to one option."""

    votes: int = Field(default=3, ge=2, le=20, description=N_("Dots that each person has, 2 to 20"))
    limit: int = Field(default=1, ge=1, le=10, description=N_("How many of them one option may get, 1 to 10"))

    @model_validator(mode="after")
    def _room_for_all(self) -> DotVoteConfig:
        if self.limit > self.votes or self.votes > self.limit * len(self.options):
            raise ValueError("there are more dots than all options together may get, or the limit is above the dots")
        return self


@dataclass(frozen=True)
class DotVoteAggregate(Aggregate):
    """Below ten: how many people support each option, in words. From ten: its dots. `people` is 0 below ten."""

    shape: Shape = publication.NOTHING
    people: int = 0


class DotVote(Kind):
    """Which of these first? A few dots each, on one thing or on several."""

    name: ClassVar[str] = "dot_vote"
    label = N_("Dot vote")
    use = N_("A handful of dots to spread over options or themes.")
    Config = DotVoteConfig
    Aggregate = DotVoteAggregate

    def clean(self, config: DotVoteConfig, fields: Fields) -> Body:
        """Return the dots of each option that got some; none at all is an answer too."""
        dots = {name: given for name, given in numbers(fields, "dots", config.ids).items() if given}
        if dots and max(dots.values()) > config.limit:
            raise AnswerRefused(_("One option may get at most %(limit)s dots.", limit=config.limit))
        if sum(dots.values()) > config.votes:
            raise AnswerRefused(
                _(
                    "You have %(votes)s dots and gave %(given)s. Take %(over)s back.",
                    votes=config.votes,
                    given=sum(dots.values()),
                    over=sum(dots.values()) - config.votes,
                )
            )
        return {"dots": dots}

    def answer_form(self, config: DotVoteConfig) -> type[Form]:
        """Return a list of numbers for each option."""
        return form(self, config, selects("dots", config.ids, [str(i) for i in range(config.limit + 1)]))

    def fields_of(self, config: DotVoteConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields with the dots of each option."""
        return {f"dots-{name}": [str(body["dots"].get(name, 0))] for name in config.ids}

    def aggregate(self, config: DotVoteConfig, bodies: Sequence[Body]) -> DotVoteAggregate:
        """Return supporters in words for five to nine people, dots from ten on, nothing where no picture is safe."""
        n = len(bodies)
        if n < publication.NUMBERS_FROM:
            supporters = [sum(name in body["dots"] for body in bodies) for name in config.ids]
            return DotVoteAggregate(votes.shape_supporters(supporters, n, min(config.votes, len(config.ids))))
        totals = [sum(body["dots"].get(name, 0) for body in bodies) for name in config.ids]
        return DotVoteAggregate(votes.shape_dots(totals, n, config.limit, config.votes), people_if_ten(n))

    def dump(self, aggregate: DotVoteAggregate) -> dict[str, Any]:
        """Return shape and people."""
        return {"shape": aggregate.shape.dump(), "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> DotVoteAggregate:
        """Return the aggregate that `dump` wrote."""
        return DotVoteAggregate(Shape.load(data["shape"]), int(data["people"]))

    def chart(self, config: DotVoteConfig, aggregate: DotVoteAggregate) -> Chart | None:
        """Return one bar per option in the listed order, None where no picture is safe."""
        shape, people = aggregate.shape, aggregate.people
        if shape.precision == "nothing" or len(shape.cells) != len(config.options):
            return None
        leading, said = ahead(config, shape)
        full = people * config.limit
        few = _("fewer than %(count)s", count=2 * config.limit + 1) if people else ""
        most = _("%(count)s or more", count=(people - 2) * config.limit) if people else ""
        bars = tuple(
            row(option.label, cell, min(1.0, cell / full) if isinstance(cell, int) else 0, few, most, lead=i in leading)
            for i, (option, cell) in enumerate(zip(config.options, shape.cells, strict=True))
        )
        note = words_note(_("How many people gave it a dot or more."))
        if people:
            note = _("%(people)s people answered. The numbers are dots, rounded to fives.", people=people)
        return Chart(self._finding(shape, said), bars, note=note)

    def _finding(self, shape: Shape, said: str) -> str:
        if not said:
            return spread()
        if shape.precision == "numbers":
            return _("The most dots went to %(names)s", names=said)
        if Word.MOST in shape.cells:
            return _("Most people gave a dot to %(names)s", names=said)
        return _("Some people gave a dot to %(names)s, few to anything else", names=said)

    def examples(self, config: DotVoteConfig) -> list[Fields]:
        """Return twelve answers that lean to the second option, one of them without any dot."""
        answers: list[Fields] = []
        for person in range(11):
            given = dict.fromkeys(config.ids, 0)
            left, step = config.votes, 0
            while left and step < 40:
                name = config.ids[(1 + (person * step) % 3 + step // 2) % len(config.ids)]
                if given[name] < config.limit:
                    given[name] += 1
                    left -= 1
                step += 1
            answers.append({f"dots-{name}": [str(count)] for name, count in given.items()})
        return [*answers, {f"dots-{name}": ["0"] for name in config.ids}]

    def largest(self, config: DotVoteConfig) -> int:
        """Return the size of all fields with their longest number."""
        return size({f"dots-{name}": [str(config.limit)] for name in config.ids})
