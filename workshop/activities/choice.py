"""Choice: one or many of the listed options.

Lives here: what a choice accepts and what it finds. Not here: which counts may
be published (`publication.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from wtforms import Form, RadioField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from .. import comparisons, publication
from ..charts import Chart
from ..errors import AnswerRefused
from ..publication import Shape, Word
from ..words import N_, _
from ._cells import bar, numbers_note
from ._reading import form, read, size
from .kind import Aggregate, Body, Fields, Kind, KindConfig


class Option(BaseModel):
    """One thing to choose. The id stays when the label is reworded or translated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description=N_("Small letters, digits and hyphens"))
    label: str = Field(min_length=1, max_length=80, description=N_("What people read"))


class ChoiceConfig(KindConfig):
    """What can be chosen, and whether one may choose several."""

    options: tuple[Option, ...] = Field(
        min_length=2, max_length=12, title=N_("Options"), description=N_("2 to 12 options")
    )
    many: bool = Field(
        default=False, title=N_("People may choose several"), description=N_("true: any number of options, also none")
    )

    @model_validator(mode="after")
    def _unique(self) -> ChoiceConfig:
        if len({option.id for option in self.options}) < len(self.options):
            raise ValueError("every option needs an id of its own")
        return self


@dataclass(frozen=True)
class ChoiceAggregate(Aggregate):
    """What may be said of each option, in the listed order. `people` is 0 below ten, and of a second round (`again`)."""

    shape: Shape = publication.NOTHING
    people: int = 0
    again: bool = False


class Choice(Kind):
    """Where would you look first? One option, or all that apply."""

    name: ClassVar[str] = "choice"
    label = N_("Choice")
    use = N_("One option or several from a list.")
    Config = ChoiceConfig
    Aggregate = ChoiceAggregate
    compares = True

    def clean(self, config: ChoiceConfig, fields: Fields) -> Body:
        """Return the chosen ids in the listed order; of many, none is an answer too."""
        chosen = set(read(fields, ["choice"]).get("choice", ()))
        known = [option.id for option in config.options]
        if not chosen <= set(known):
            raise AnswerRefused(_("That is not one of the options. Choose from those on the screen."))
        if not config.many and len(chosen) != 1:
            raise AnswerRefused(_("Choose one of the options, or pass."))
        return {"choice": [name for name in known if name in chosen]}

    def answer_form(self, config: ChoiceConfig) -> type[Form]:
        """Return radio buttons, or boxes to tick."""
        choices = [SelectChoice(option.id, option.label) for option in config.options]
        field = SelectMultipleField(choices=choices) if config.many else RadioField(choices=choices)
        return form(self, config, {"choice": field})

    def fields_of(self, config: ChoiceConfig, body: Body) -> dict[str, list[str]]:
        """Return the field with the chosen ids."""
        return {"choice": list(body["choice"])}

    def aggregate(self, config: ChoiceConfig, bodies: Sequence[Body]) -> ChoiceAggregate:
        """Return words for five to nine people, numbers from ten on, nothing where no picture is safe."""
        counts = [sum(option.id in body["choice"] for body in bodies) for option in config.options]
        n = len(bodies)
        shape = publication.shape_many(counts, n) if config.many else publication.shape_single(counts)
        return ChoiceAggregate(shape, n if n >= publication.NUMBERS_FROM else 0)

    def coarse(self, config: ChoiceConfig, aggregate: ChoiceAggregate) -> ChoiceAggregate:
        """Return a second round in words."""
        words = tuple(Word(amount) for amount in comparisons.amounts(aggregate.shape, aggregate.people))
        return ChoiceAggregate(Shape("words", words) if words else publication.NOTHING, again=True)

    def dump(self, aggregate: ChoiceAggregate) -> dict[str, Any]:
        """Return shape and people; of a second round that it is one."""
        data = {"shape": aggregate.shape.dump(), "people": aggregate.people}
        return {**data, "again": True} if aggregate.again else data

    def load(self, data: Mapping[str, Any]) -> ChoiceAggregate:
        """Return the aggregate that `dump` wrote."""
        return ChoiceAggregate(Shape.load(data["shape"]), int(data["people"]), bool(data.get("again")))

    def chart(self, config: ChoiceConfig, aggregate: ChoiceAggregate) -> Chart | None:
        """Return one bar per option in the listed order, None where no picture is safe."""
        shape, people = aggregate.shape, aggregate.people
        if shape.precision == "nothing" or len(shape.cells) != len(config.options):
            return None
        leading = leaders(shape, 0 if config.many else people)
        bars = tuple(
            bar(option.label, cell, people, lead=i in leading)
            for i, (option, cell) in enumerate(zip(config.options, shape.cells, strict=True))
        )
        note = numbers_note(shape, people)
        if aggregate.again:
            note = _("It was asked for the second time, so there are words instead of numbers. Few can also be none.")
        if config.many:
            note = _("Everybody could choose several.") + " " + note
        return Chart(self._finding(config, aggregate, leading), bars, note=note)

    def _finding(self, config: ChoiceConfig, aggregate: ChoiceAggregate, leading: Sequence[int]) -> str:
        names = [_("“%(label)s”", label=config.options[i].label) for i in leading]
        if not names or len(names) > 3:
            return _("The answers are spread over several options")
        cell = aggregate.shape.cells[leading[0]]
        said = joined(names)
        if cell is Word.MOST or (isinstance(cell, int) and 2 * cell > aggregate.people):
            return _("Most people chose %(names)s", names=said)
        if len(names) > 1:
            return _("%(names)s lead together", names=said)
        if cell is Word.SOME:
            return _("Some people chose %(names)s, few anything else", names=said)
        return _("More people chose %(names)s than anything else", names=said)

    def examples(self, config: ChoiceConfig) -> list[Fields]:
        """Return twelve answers with a clear lead, so that a rehearsal shows numbers."""
        counts = {2: (7, 5), 3: (5, 4, 3), 4: (6, 0, 3, 3)}.get(len(config.options), (5, 3, 2, 1, 1))
        ids = [option.id for option in config.options]
        firsts = [name for name, count in zip(ids, counts, strict=False) for _times in range(count)]
        if not config.many:
            return [{"choice": [name]} for name in firsts]
        picks = [
            {"choice": [name, ids[(ids.index(name) + 1 + i % 2) % len(ids)]]} if i % 3 else {"choice": [name]}
            for i, name in enumerate(firsts[:-1])
        ]
        return [*({"choice": list(dict.fromkeys(pick["choice"]))} for pick in picks), {"choice": []}]

    def largest(self, config: ChoiceConfig) -> int:
        """Return the size of all ids, or of the longest."""
        ids = [option.id for option in config.options]
        return size({"choice": ids if config.many else [max(ids, key=len)]})


def leaders(shape: Shape, people: int) -> list[int]:
    """Return which options lead, as far as the published cells alone decide it.

    `people` is the total when everybody chose exactly one, else 0. A hidden
    number can be as large as what the exact ones leave, so it may take the lead.
    """
    cells = shape.cells
    if Word.MOST in cells:
        return [i for i, cell in enumerate(cells) if cell is Word.MOST]
    exact = [cell for cell in cells if isinstance(cell, int)]
    if exact:
        top = max(exact)
        if Word.HIDDEN in cells and people - sum(exact) >= top:
            return []
        return [i for i, cell in enumerate(cells) if cell == top]
    if Word.HIDDEN in cells:
        return []
    return [i for i, cell in enumerate(cells) if cell is Word.SOME]


def joined(names: Sequence[str]) -> str:
    """Return names as people say them: A, B and C."""
    if len(names) < 2:
        return "".join(names)
    return _("%(names)s and %(last)s", names=", ".join(names[:-1]), last=names[-1])
