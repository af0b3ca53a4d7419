"""Info: something to read or do together; it asks nothing.

Lives here: a text and a few points. Not here: the prompt, which every activity
has and which serves as the heading.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from ..words import N_, _
from ._silent import Silent
from .kind import KindConfig

Point = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class InfoConfig(KindConfig):
    """What is shown: a text, points to go through, or both."""

    text: str = Field(default="", max_length=2000, description=N_("A text to read"))
    points: tuple[Point, ...] = Field(
        default=(), max_length=8, title=N_("Points"), description=N_("Up to eight points, one line each")
    )


class Info(Silent):
    """A pause, a rule, an instruction: shown on stage and phones, with nothing to answer."""

    name: ClassVar[str] = "info"
    label = N_("Info")
    use = N_("Something to read or do together: a welcome, a rule, a break. It asks nothing.")
    Config = InfoConfig

    def refusal(self) -> str:
        """Return why nothing can be sent here."""
        return _("There is nothing to answer here. Wait for the next question.")
