"""The kinds of activity, each named once.

Lives here: `KINDS`, the explicit list in the order in which an author reads it.
Not here: what a kind is (`kind.py`), and any kind itself (the module that bears
its name).
"""

from __future__ import annotations

from importlib import import_module

from .kind import CardDraft as CardDraft
from .kind import Fields as Fields
from .kind import Kind as Kind
from .kind import KindConfig as KindConfig


def _kind(name: str) -> Kind:
    """Return the kind of this name: the class in the module `name` that calls itself so."""
    for one in vars(import_module(f"{__name__}.{name}")).values():
        if isinstance(one, type) and issubclass(one, Kind) and vars(one).get("name") == name:
            return one()
    raise LookupError(f"workshop/activities/{name}.py has no class derived from Kind whose name is {name!r}")


KINDS: dict[str, Kind] = {
    name: _kind(name)
    for name in (
        "info",
        "scale",
        "choice",
        "pulse",
        "ranking",
        "points",
        "dot_vote",
        "matrix",
        "estimate",
        "statements",
        "open_text",
        "breakout",
        "questions",
        "parking",
        "word_cloud",
        "worksheet",
        "actions",
    )
}
