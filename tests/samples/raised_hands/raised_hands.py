"""Raised hands: who is for it? A whole kind in one module, as small as one can be.

Lives here: the sample that `tests/house/test_a_new_kind.py` adds to a copy of
the house. Not here: which counts may be published (`publication.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field
from wtforms import Form, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from workshop import publication
from workshop.activities._cells import bar, numbers_note
from workshop.activities._reading import form, read, single, size
from workshop.activities.kind import Aggregate, Body, Fields, Kind, KindConfig
from workshop.charts import Chart
from workshop.errors import AnswerRefused
from workshop.publication import Shape

HANDS = {"up": "For it", "down": "Against it"}


class RaisedHandsConfig(KindConfig):
    """What people are for or against."""

    what: str = Field(min_length=1, max_length=80, title="The proposal", description="What to be for or against")


@dataclass(frozen=True)
class Hands(Aggregate):
    """What may be said of the two sides; `people` is 0 below ten."""

    shape: Shape = publication.NOTHING
    people: int = 0


class RaisedHands(Kind):
    """For it or against it, without a hand that anybody sees."""

    name: ClassVar[str] = "raised_hands"
    label = "Raised hands"
    use = "For or against one thing."
    Config = RaisedHandsConfig
    Aggregate = Hands
    tried_with = ({"what": "Fridays without meetings"},)

    def clean(self, config: RaisedHandsConfig, fields: Fields) -> Body:
        """Return which hand it is."""
        hand = single(read(fields, ["hand"]), "hand")
        if hand not in HANDS:
            raise AnswerRefused("Choose one of the two, or pass.")
        return {"hand": hand}

    def answer_form(self, config: RaisedHandsConfig) -> type[Form]:
        """Return two radio buttons."""
        return form(
            self, config, {"hand": RadioField(choices=[SelectChoice(hand, said) for hand, said in HANDS.items()])}
        )

    def fields_of(self, config: RaisedHandsConfig, body: Body) -> dict[str, list[str]]:
        """Return the field with the hand."""
        return {"hand": [body["hand"]]}

    def aggregate(self, config: RaisedHandsConfig, bodies: Sequence[Body]) -> Hands:
        """Return words for five to nine people, numbers from ten on, nothing where no picture is safe."""
        shape = publication.shape_single([sum(body["hand"] == hand for body in bodies) for hand in HANDS])
        return Hands(shape, len(bodies) if len(bodies) >= publication.NUMBERS_FROM else 0)

    def dump(self, aggregate: Hands) -> dict[str, Any]:
        """Return shape and people."""
        return {"shape": aggregate.shape.dump(), "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> Hands:
        """Return the aggregate that `dump` wrote."""
        return Hands(Shape.load(data["shape"]), int(data["people"]))

    def chart(self, config: RaisedHandsConfig, aggregate: Hands) -> Chart | None:
        """Return two bars, None where no picture is safe."""
        shape, people = aggregate.shape, aggregate.people
        if shape.precision == "nothing":
            return None
        bars = tuple(bar(said, cell, people) for said, cell in zip(HANDS.values(), shape.cells, strict=True))
        return Chart(f"How many are for it: {config.what}", bars, note=numbers_note(shape, people))

    def examples(self, config: RaisedHandsConfig) -> list[Fields]:
        """Return twelve answers with a clear lead."""
        return [{"hand": ["up"]}] * 8 + [{"hand": ["down"]}] * 4

    def largest(self, config: RaisedHandsConfig) -> int:
        """Return the size of the longer of the two."""
        return size({"hand": ["down"]})
