"""Actions: what the group agrees to do, written down while everybody looks.

Lives here: the kind. Not here: the list itself, which belongs to the session
and outlives the activity (`workshop/actions.py`).
"""

from __future__ import annotations

from typing import ClassVar

from ..words import N_, _
from ._silent import Silent


class Actions(Silent):
    """The session's list of actions on stage and phones; the facilitator writes it."""

    name: ClassVar[str] = "actions"
    label = N_("Actions")
    use = N_("What the group agrees to do, each with an owner and a date.")
    lists_actions = True

    def refusal(self) -> str:
        """Return why nothing can be sent here."""
        return _("Say it aloud. The person who leads writes it down.")
