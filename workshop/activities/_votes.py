"""What ranking, points and dot votes share: one number per option, and how their rows are drawn.

Lives here: reading the numbers, naming the leading options, the marks. Not here: what each kind accepts and finds (its
own module), what may be published (`publication_votes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from .. import publication
from ..charts import Bar
from ..errors import AnswerRefused
from ..publication import Cell, Shape, Word
from ..words import N_, _
from ._cells import WORD_SHARES, said
from ._reading import read, single
from .choice import Option, joined, leaders
from .kind import Fields, KindConfig


class OptionsConfig(KindConfig):
    """The options that get a number each."""

    options: tuple[Option, ...] = Field(
        min_length=2, max_length=12, title=N_("Options"), description=N_("2 to 12 options")
    )

    @model_validator(mode="after")
    def _unique(self) -> OptionsConfig:
        if len(set(self.ids)) < len(self.ids):
            raise ValueError("every option needs an id of its own")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids in the listed order."""
        return tuple(option.id for option in self.options)


def numbers(fields: Fields, prefix: str, ids: Sequence[str]) -> dict[str, int | None]:
    """Return the number sent for each option, None where there is none; refuse what is no number."""
    sent = read(fields, [f"{prefix}-{name}" for name in ids])
    found: dict[str, int | None] = {}
    for name in ids:
        text = (single(sent, f"{prefix}-{name}") or "").strip(" ")
        if text and not (text.isascii() and text.isdigit() and len(text) <= 3):
            raise AnswerRefused(_("Only whole numbers fit here. Choose them from the lists."))
        found[name] = int(text) if text else None
    return found


def selects(prefix: str, ids: Sequence[str], values: Sequence[str]) -> dict[str, SelectField]:
    """Return one list to choose from per option, for the plain form."""
    return {f"{prefix}-{name}": SelectField(choices=[SelectChoice(value, value) for value in values]) for name in ids}


def row(
    label: str, cell: Cell, share: float, few: str = "", most: str = "", some: str = "", *, lead: bool = False
) -> Bar:
    """Return one row: a number drawn to `share`, or a word; `few`, `most` and `some` say what it stands for."""
    if isinstance(cell, int):
        return Bar(label, str(cell), share, lead=lead)
    if cell is Word.FEW and few:
        return Bar(label, few, 0.0, mark="few")
    if cell is Word.MOST and most:
        return Bar(label, most, 1.0, lead=lead, mark="most")
    if cell is Word.SOME and some:
        return Bar(label, some, WORD_SHARES[cell], lead=lead, mark="some")
    return Bar(label, said(cell), WORD_SHARES[cell], lead=lead, mark=cell.value)


def ahead(config: OptionsConfig, shape: Shape) -> tuple[list[int], str]:
    """Return which options lead and how they are called; no name where more than three do, or none."""
    leading = leaders(shape, 0)
    if not 1 <= len(leading) <= 3:
        return leading if len(leading) < len(config.options) else [], ""
    return leading, joined([_("“%(label)s”", label=config.options[i].label) for i in leading])


def spread() -> str:
    """Return the finding where nothing leads."""
    return _("The answers are spread over several options")


def words_note(what: str) -> str:
    """Return what a reader must know of words: what was counted, and why there are no numbers."""
    note = _("Fewer than ten people answered, so there are words instead of numbers. Few can also be none.")
    return f"{what} {note}"


def people_if_ten(n: int) -> int:
    """Return how many people answered from ten on, else 0."""
    return n if n >= publication.NUMBERS_FROM else 0
