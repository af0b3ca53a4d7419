"""Ranking: put the options into an order, the most important first.

Lives here: what a ranking accepts and what it finds. Not here: what may be published (`publication_votes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field
from wtforms import Form

from .. import publication
from .. import publication_votes as votes
from ..charts import Bar, Chart
from ..errors import AnswerRefused
from ..publication import Shape, Word
from ..words import N_, _
from ._reading import form, size
from ._votes import OptionsConfig, ahead, numbers, people_if_ten, row, selects, spread, words_note
from .choice import Option, joined
from .kind import Aggregate, Body, Fields, Kind


class RankingConfig(OptionsConfig):
    """What is put into an order."""

    options: tuple[Option, ...] = Field(
        min_length=3, max_length=8, title=N_("Options"), description=N_("3 to 8 options")
    )


@dataclass(frozen=True)
class RankingAggregate(Aggregate):
    """Below ten: how many put each option first, in words. From ten: only the place of each option in the group's order.

    Never both. `people` is 0 below ten.
    """

    first: Shape = publication.NOTHING
    places: tuple[int, ...] = ()
    people: int = 0


class Ranking(Kind):
    """What comes first, what can wait? Every option gets a place of its own."""

    name: ClassVar[str] = "ranking"
    label = N_("Ranking")
    use = N_("Options in an order, the most important first.")
    Config = RankingConfig
    Aggregate = RankingAggregate

    def clean(self, config: RankingConfig, fields: Fields) -> Body:
        """Return the ids in the person's order; refuse an order with gaps or with two on one place."""
        places = numbers(fields, "place", config.ids)
        taken: dict[int, str] = {}
        for name, place in places.items():
            label = next(option.label for option in config.options if option.id == name)
            if place is None or not 1 <= place <= len(config.ids):
                raise AnswerRefused(_("“%(label)s” has no place yet. Every line needs one.", label=label))
            if place in taken:
                raise AnswerRefused(
                    _("Place %(place)s is taken twice. Give every line a place of its own.", place=place)
                )
            taken[place] = name
        return {"order": [taken[place] for place in sorted(taken)]}

    def answer_form(self, config: RankingConfig) -> type[Form]:
        """Return a list of places for each option."""
        places = ["", *(str(place) for place in range(1, len(config.ids) + 1))]
        return form(self, config, selects("place", config.ids, places))

    def fields_of(self, config: RankingConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields with the place of each option."""
        return {f"place-{name}": [str(body["order"].index(name) + 1)] for name in config.ids}

    def aggregate(self, config: RankingConfig, bodies: Sequence[Body]) -> RankingAggregate:
        """Return first places in words for five to nine people, the group's order from ten on."""
        n = len(bodies)
        if n < publication.NUMBERS_FROM:
            return RankingAggregate(
                first=publication.shape_single(
                    [sum(body["order"][0] == name for body in bodies) for name in config.ids]
                )
            )
        sums = [sum(body["order"].index(name) + 1 for body in bodies) for name in config.ids]
        return RankingAggregate(places=votes.group_order(sums, n), people=people_if_ten(n))

    def dump(self, aggregate: RankingAggregate) -> dict[str, Any]:
        """Return first places, order and people."""
        return {"first": aggregate.first.dump(), "places": list(aggregate.places), "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> RankingAggregate:
        """Return the aggregate that `dump` wrote."""
        return RankingAggregate(
            Shape.load(data["first"]), tuple(int(place) for place in data["places"]), int(data["people"])
        )

    def chart(self, config: RankingConfig, aggregate: RankingAggregate) -> Chart | None:
        """Return the options in the group's order, or first places in words; None where no picture is safe."""
        if len(aggregate.places) == len(config.options):
            return self._order(config, aggregate)
        shape = aggregate.first
        if shape.precision != "words" or len(shape.cells) != len(config.options):
            return None
        leading, said = ahead(config, shape)
        bars = tuple(
            row(option.label, cell, 0.0, lead=i in leading)
            for i, (option, cell) in enumerate(zip(config.options, shape.cells, strict=True))
        )
        finding = spread()
        if said and Word.MOST in shape.cells:
            finding = _("Most people put %(names)s first", names=said)
        elif said:
            finding = _("Some people put %(names)s first, few anything else", names=said)
        note = words_note(_("How many people put it first."))
        if Word.HIDDEN in shape.cells:
            note += " " + _("What is not shown could give somebody away.")
        return Chart(finding, bars, note=note)

    def _order(self, config: RankingConfig, aggregate: RankingAggregate) -> Chart:
        places, count = aggregate.places, len(config.options)
        by_place = sorted(range(count), key=lambda i: (places[i], i))
        bars = tuple(
            Bar(config.options[i].label, str(places[i]), (count + 1 - places[i]) / count, lead=places[i] == 1)
            for i in by_place
        )
        first = [_("“%(label)s”", label=config.options[i].label) for i in by_place if places[i] == 1]
        finding = spread()
        if len(first) == 1:
            finding = _("Taken together, the group puts %(names)s first", names=first[0])
        elif len(first) <= 3:
            finding = _("Taken together, %(names)s share the first place", names=joined(first))
        note = _(
            "%(people)s people answered. The numbers are places in the group's order, not people; "
            "what is close together shares a place.",
            people=aggregate.people,
        )
        return Chart(finding, bars, note=note)

    def examples(self, config: RankingConfig) -> list[Fields]:
        """Return twelve orders in which the second option does best."""
        ids = list(config.ids)
        best = [ids[1], ids[0], *ids[2:]]
        orders = []
        for person in range(12):
            order = best[:]
            if person % 3 == 1:
                order[0], order[1] = order[1], order[0]
            if person % 4 == 2:
                order = order[::-1]
            turn = person % 2
            order[2:] = order[2 + turn :] + order[2 : 2 + turn]
            orders.append(order)
        return [{f"place-{name}": [str(order.index(name) + 1)] for name in ids} for order in orders]

    def largest(self, config: RankingConfig) -> int:
        """Return the size of all fields."""
        return size({f"place-{name}": [str(len(config.ids))] for name in config.ids})
