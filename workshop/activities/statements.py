"""Statements: agree, partly, disagree or cannot say, for each of a few sentences.

Lives here: what it accepts and what it finds. Not here: which counts may be published (`publication.py`).

"Cannot say" is an answer like the others and counted with them, so each statement is a choice of four by all people.
It is left out of what is shown, which takes something away from a safe picture and adds nothing. Everybody answers
every statement freely, so the pictures of several statements together tell no more than each alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from wtforms import Form, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from .. import publication
from ..charts import Bar, Chart
from ..errors import AnswerRefused
from ..publication import Shape, Word
from ..words import N_, _
from ._cells import bar, numbers_note, said
from ._reading import form, read, single, size
from .choice import joined, leaders
from .kind import Aggregate, Body, Fields, Kind, KindConfig

VIEWS = ("agree", "partly", "disagree", "unsure")
SHOWN = VIEWS[:3]
"""The views that are published."""

HIDE_ORDER = ("disagree", "unsure", "partly", "agree")
"""The listed order for the publication. Where one more number must be hidden it is the next in this order after the
first small one: mostly that of "cannot say", which is not shown anyway, or of "partly". It never depends on answers."""


class Statement(BaseModel):
    """One sentence. The id stays when it is reworded or translated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description=N_("Small letters, digits and hyphens"))
    label: str = Field(min_length=1, max_length=120, description=N_("The sentence that people read"))


class StatementsConfig(KindConfig):
    """The statements."""

    statements: tuple[Statement, ...] = Field(
        min_length=2, max_length=8, title=N_("Statements"), description=N_("2 to 8 statements")
    )

    @model_validator(mode="after")
    def _unique(self) -> StatementsConfig:
        if len({one.id for one in self.statements}) < len(self.statements):
            raise ValueError("every statement needs an id of its own")
        return self


@dataclass(frozen=True)
class StatementsAggregate(Aggregate):
    """What may be said of each statement, in the listed order: agree, partly, disagree. `people` is 0 below ten."""

    shapes: tuple[Shape, ...] = ()
    people: int = 0


class Statements(Kind):
    """How much of this is true for us? A few sentences, one tap each."""

    name: ClassVar[str] = "statements"
    label = N_("Statements")
    use = N_("Sentences to agree or disagree with.")
    Config = StatementsConfig
    Aggregate = StatementsAggregate

    def clean(self, config: StatementsConfig, fields: Fields) -> Body:
        """Return a view of every statement; refuse to leave one out."""
        sent = read(fields, [f"view-{one.id}" for one in config.statements])
        views = {one.id: single(sent, f"view-{one.id}") for one in config.statements}
        if any(view not in (None, *VIEWS) for view in views.values()):
            raise AnswerRefused(_("That is not one of the options. Choose from those on the screen."))
        if None in views.values():
            raise AnswerRefused(_("One statement has no answer yet. Choose “cannot say” where nothing fits, or pass."))
        return {"views": views}

    def answer_form(self, config: StatementsConfig) -> type[Form]:
        """Return one row of views for each statement."""
        choices = [SelectChoice(view) for view in VIEWS]
        return form(self, config, {f"view-{one.id}": RadioField(choices=choices) for one in config.statements})

    def fields_of(self, config: StatementsConfig, body: Body) -> dict[str, list[str]]:
        """Return the field of each statement."""
        return {f"view-{one.id}": [body["views"][one.id]] for one in config.statements}

    def aggregate(self, config: StatementsConfig, bodies: Sequence[Body]) -> StatementsAggregate:
        """Return each statement as a choice of four without its last: words from five people on, numbers from ten."""
        n = len(bodies)
        shapes = []
        for one in config.statements:
            counts = [sum(body["views"][one.id] == view for body in bodies) for view in HIDE_ORDER]
            shape = publication.shape_single(counts)
            cells = dict(zip(HIDE_ORDER, shape.cells, strict=False))
            shapes.append(Shape(shape.precision, tuple(cells[view] for view in SHOWN) if cells else ()))
        return StatementsAggregate(tuple(shapes), n if n >= publication.NUMBERS_FROM else 0)

    def dump(self, aggregate: StatementsAggregate) -> dict[str, Any]:
        """Return shapes and people."""
        return {"shapes": [shape.dump() for shape in aggregate.shapes], "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> StatementsAggregate:
        """Return the aggregate that `dump` wrote."""
        return StatementsAggregate(tuple(Shape.load(shape) for shape in data["shapes"]), int(data["people"]))

    def chart(self, config: StatementsConfig, aggregate: StatementsAggregate) -> Chart | None:
        """Return three rows per statement in the listed order, None where no picture is safe."""
        shapes, people = aggregate.shapes, aggregate.people
        if len(shapes) != len(config.statements) or all(shape.precision == "nothing" for shape in shapes):
            return None
        bars: list[Bar] = []
        for one, shape in zip(config.statements, shapes, strict=True):
            cells = shape.cells or (Word.HIDDEN,) * len(SHOWN)
            leading = leaders(shape, 0) if Word.HIDDEN not in cells else []
            for i, (view, cell) in enumerate(zip(names(), cells, strict=True)):
                label = _("%(statement)s: %(view)s", statement=one.label.rstrip(". "), view=view)
                bars.append(
                    Bar(label, said(cell), 0.0, mark="hidden")
                    if cell is Word.HIDDEN
                    else bar(label, cell, people, lead=leading == [i])
                )
        cells = tuple(cell for shape in shapes for cell in shape.cells or (Word.HIDDEN,))
        note = numbers_note(Shape("words", tuple(cell for cell in cells if cell is not Word.HIDDEN)), people)
        if Word.HIDDEN in cells:
            note += " " + _("What is not shown could give somebody away.")
        note += " " + _("Who could not say is not shown.")
        return Chart(self._finding(config, aggregate), tuple(bars), note=note)

    def _finding(self, config: StatementsConfig, aggregate: StatementsAggregate) -> str:
        found: dict[int, list[str]] = {0: [], 2: []}
        for one, shape in zip(config.statements, aggregate.shapes, strict=True):
            for view, labels in found.items():
                cell = shape.cells[view] if shape.cells else Word.HIDDEN
                if cell is Word.MOST or (isinstance(cell, int) and 2 * cell > aggregate.people):
                    labels.append(_("“%(label)s”", label=one.label.rstrip(". ")))
        said_ = []
        if found[0]:
            said_.append(_("Most people agree: %(names)s", names=joined(found[0][:3])))
        if found[2]:
            said_.append(_("Most people disagree: %(names)s", names=joined(found[2][:3])))
        return ". ".join(said_) or _("No statement has most people behind it")

    def examples(self, config: StatementsConfig) -> list[Fields]:
        """Return twelve answers: agreement on the first statement, less on the others."""
        patterns = ("aaaaaaaappdd", "aaaapppppddd", "ddddddddpppa", "aaaadddduppp")
        views = {view[0]: view for view in VIEWS}
        return [
            {
                f"view-{one.id}": [views[patterns[i % 4][(person * 5 + i * 2) % 12]]]
                for i, one in enumerate(config.statements)
            }
            for person in range(12)
        ]

    def largest(self, config: StatementsConfig) -> int:
        """Return the size of all fields with their longest word."""
        return size({f"view-{one.id}": [max(VIEWS, key=len)] for one in config.statements})


def names() -> tuple[str, str, str]:
    """Return the published views in the reader's language."""
    return _("agree"), _("partly"), _("disagree")
