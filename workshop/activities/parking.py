"""The parking lot: thoughts that matter and do not belong here now.

Lives here: what one phone may park. Not here: that it stays open on every step
and closes when the room looks at it, the facilitator's own entries and what
becomes of each (`workshop/parking.py`).

A parking lot is an open text that stays open all along. It never rolls: thoughts
that came out in groups would say in which part of the day they were parked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from ..anonymity import normalise
from ..words import N_, _
from .kind import Fields
from .open_text import OpenText, OpenTextConfig


class ParkingConfig(OpenTextConfig):
    """How many thoughts one phone may park, how long each.

    Four of 200 characters fit the size bucket of an ordinary card with room to
    spare (promise 12), and are more than most people park in a day.
    """

    cards: int = Field(default=4, ge=1, le=6, description=N_("How many thoughts one person may park, 1 to 6"))
    limit: int = Field(default=200, ge=20, le=300, description=N_("How many characters one thought may hold"))


class Parking(OpenText):
    """What people park on any step, and look at before they part."""

    name: ClassVar[str] = "parking"
    label = N_("Parking lot")
    use = N_("What does not fit now can be parked on every step, and is looked at before you part.")
    Config = ParkingConfig
    all_along = True
    may_roll = False
    groups = False  # each entry is decided on by itself

    def examples(self, config: OpenTextConfig) -> list[Fields]:
        """Return what fourteen people park, some of them two thoughts."""
        texts = _plausible()
        answers: list[Fields] = []
        for i, text in enumerate(texts):
            answer: dict[str, Sequence[str]] = {"text-0": [normalise(text)[: config.limit]]}
            if config.cards > 1 and i % 6 == 0:
                answer["text-1"] = [normalise(texts[(i + 5) % len(texts)])[: config.limit]]
            if i % 2:
                answer["quote-0"] = ["1"]
            answers.append(answer)
        return answers


def _plausible() -> tuple[str, ...]:
    return (
        _("Who looks after the shared mailbox from May on?"),
        _("The holiday plan, before everybody books."),
        _("We should talk about the noise in the open office some day."),
        _("A fair rule for who is on call."),
        _("What became of the idea with the quiet mornings?"),
        _("Training budget: how does one get at it?"),
        _("The tool for time sheets drives us mad."),
        _("A day out together, without a topic."),
        _("How do we say goodbye to people who leave?"),
        _("The meeting rooms are always booked and often empty."),
        _("Could we share a list of who knows what?"),
        _("The printer on the second floor. Again."),
        _("Where do new people find out how we work?"),
        _("Part-time should not mean the same work in fewer hours."),
    )
