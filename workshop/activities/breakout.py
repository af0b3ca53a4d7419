"""Breakout: small groups talk, and one person of each writes for all of it.

Lives here: how large the groups are, how long they have, how many cards each
may send. A group card is read and kept like any other text (`open_text.py`).
Not here: dealing, writers and stages (`workshop/breakouts.py`).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..words import N_
from .open_text import OpenText, OpenTextConfig

ONE_TWO_FOUR = (("alone", 1), ("pairs", 2), ("group", 4))
"""The timed parts of 1-2-4-All, in minutes; groups write in the last, and the cards open the talk of all."""

ALL_MINUTES = 5


class BreakoutConfig(OpenTextConfig):
    """How the groups are made and what they may send."""

    size: int = Field(
        default=4,
        ge=3,
        le=8,
        title=N_("People in a group"),
        description=N_("People in a group; 1-2-4-All always has groups of four"),
    )
    minutes: int = Field(default=8, ge=1, le=60, description=N_("How long the groups talk"))
    one_two_four_all: bool = Field(
        default=False,
        title=N_("1-2-4-All"),
        description=N_("true: one minute alone, two in pairs, four in fours, then all together"),
    )

    @property
    def wanted(self) -> int:
        """Return the size of a group as the guide wants it."""
        return 4 if self.one_two_four_all else self.size

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """Return the timed parts: what they are, and their minutes."""
        return ONE_TWO_FOUR if self.one_two_four_all else (("group", self.minutes),)

    def writes(self, part: int) -> bool:
        """Return whether groups write in this part."""
        return self.parts[part][0] == "group"


class Breakout(OpenText):
    """What groups say, one writer each; the card speaks for its group."""

    name: ClassVar[str] = "breakout"
    label = N_("Breakout")
    use = N_("Small groups talk; one phone of each writes what all should hear.")
    Config = BreakoutConfig
    may_roll = False
    in_groups = True
