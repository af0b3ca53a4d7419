"""Published cells as bars and words, for the kinds that count.

Lives here: how a cell is called and how long it is drawn. Not here: what may be
published (`publication.py`) and the drawing itself (`charts.py`).
"""

from __future__ import annotations

from ..charts import Bar
from ..publication import Cell, Shape, Word
from ..words import _

WORD_SHARES = {Word.FEW: 0.16, Word.SOME: 0.48, Word.MOST: 0.86, Word.HIDDEN: 0.0}
"""Three lengths for three words: far enough apart to tell, and nothing to measure."""


def bar(label: str, cell: Cell, people: int, *, lead: bool = False) -> Bar:
    """Return one row; `people` is 0 where only words may be shown."""
    if isinstance(cell, int):
        return Bar(label, str(cell), cell / people, lead=lead)
    if people and cell is Word.FEW:
        return Bar(label, _("fewer than 3"), 0.0, mark="few")
    share = 1.0 if people and cell is Word.MOST else WORD_SHARES[cell]
    return Bar(label, said(cell), share, lead=lead, mark=cell.value)


def said(word: Word) -> str:
    """Return a published word in the reader's language."""
    return {
        Word.FEW: _("few"),
        Word.SOME: _("some"),
        Word.MOST: _("most"),
        Word.HIDDEN: _("not shown"),
    }[word]


def numbers_note(shape: Shape, people: int) -> str:
    """Return what a reader must know to read these cells right."""
    if not people:
        note = _("Fewer than ten people answered, so there are words instead of numbers. Few can also be none.")
        if Word.HIDDEN in shape.cells:
            note += " " + _("What is not shown could give somebody away.")
        return note
    notes = [_("%(people)s people answered.", people=people)]
    if Word.FEW in shape.cells:
        notes.append(_("Fewer than 3 can also be none."))
    if Word.HIDDEN in shape.cells:
        notes.append(_("One number is not shown, because it would give another away."))
    return " ".join(notes)
