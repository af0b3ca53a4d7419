"""Quick pulse: one tap, three to five words, done in seconds.

Lives here: the built-in words, and how little an author has to say. Not here:
counting and what may be published: a pulse is a choice of one (`choice.py`),
with the same validator, floors and shape.

A kind of its own all the same, because what differs is the reason to use it: no
options to write (the words are there in each language), one tap that sends, and a
drawing small enough to take in at a glance. As settings of `choice` these would
be three that only make sense together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field

from ..words import N_, _
from .choice import Choice, Option
from .kind import KindConfig

WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "mood": (("good", N_("Good")), ("so-so", N_("So-so")), ("not-good", N_("Not good"))),
    "energy": (
        ("full", N_("Full of energy")),
        ("enough", N_("Enough for today")),
        ("low", N_("Running low")),
        ("empty", N_("Empty")),
    ),
    "confidence": (
        ("sure", N_("We will make it")),
        ("likely", N_("Probably")),
        ("unsure", N_("Could go either way")),
        ("unlikely", N_("Rather not")),
        ("no", N_("No")),
    ),
    "pace": (("faster", N_("Faster, please")), ("right", N_("Just right")), ("slower", N_("Slower, please"))),
    "clear": (("clear", N_("Clear")), ("partly", N_("Partly")), ("unclear", N_("I am lost"))),
}
"""Name of a set -> its words, the brightest first (of `pace`: from one side to the other)."""


@dataclass(frozen=True)
class Face:
    """How a word is drawn: `smile` from 1 (bright) to -1; None where a face would judge."""

    option: Option
    smile: float | None


class PulseConfig(KindConfig):
    """Which words to choose from."""

    said: ClassVar[dict[str, str]] = {
        "mood": N_("How people feel"),
        "energy": N_("How much energy they have"),
        "confidence": N_("How sure they are"),
        "pace": N_("How fast it should go"),
        "clear": N_("How clear it is"),
    }

    words: Literal["mood", "energy", "confidence", "pace", "clear"] = Field(
        default="mood",
        title=N_("The words to tap"),
        description=N_("The words to tap: mood, energy, confidence, pace or clear"),
    )

    @property
    def many(self) -> bool:
        """Return False: one tap is one answer."""
        return False

    @property
    def options(self) -> tuple[Option, ...]:
        """Return the words as the options of a choice, in the reader's language."""
        return tuple(Option(id=name, label=_(label)) for name, label in WORDS[self.words])

    @property
    def faces(self) -> tuple[Face, ...]:
        """Return the words with how each is drawn."""
        last = len(self.options) - 1
        return tuple(
            Face(option, None if self.words == "pace" else 1 - 2 * at / last) for at, option in enumerate(self.options)
        )


class Pulse(Choice):
    """How are we, right now? One tap."""

    name: ClassVar[str] = "pulse"
    label = N_("Quick pulse")
    use = N_("One press: how it goes right now.")
    Config: ClassVar[Any] = PulseConfig
