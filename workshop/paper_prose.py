"""The last page of a talk: how to hold it, for the one who asked for it and for the supervisor.

Lives here: prose, in the session's language. Not here: anybody's own words (`papers.py`).
"""

from __future__ import annotations

from typing import Any

from .words import _


def advice() -> dict[str, Any]:
    """Return the last page of a talk: how to hold it, for the one who asked for it first."""
    return {
        "heading": _("How to hold such a talk"),
        "lead": _(
            "Two people who both want the work to go well. Half an hour, a closed door, and nothing has to be decided today."
        ),
        "sides": [
            {
                "heading": _("For me"),
                "lead": _("I have prepared this. I may look at my page as often as I like."),
                "passages": [
                    {
                        "heading": _("Before"),
                        "items": [
                            _(
                                "I ask for half an hour, just the two of us, and say what it is about: my work and what would make it better."
                            ),
                            _("I choose the one thing that matters most. The rest can wait for another talk."),
                            _("I say my opening sentence aloud once. After the first sentence it is a conversation."),
                        ],
                    },
                    {
                        "heading": _("In the talk"),
                        "items": [
                            _(
                                "I begin with my example: what happened, and what it did to my work. I leave out who is to blame."
                            ),
                            _("I say what I ask for, and then I wait. The other side needs a moment too."),
                            _("I ask: “How do you see it?” I may hear something I did not know."),
                            _(
                                "If the answer is no, I ask what would have to happen for a yes, and when I may ask again."
                            ),
                            _("If it gets too much, I say so: “I would like to stop here and go on another day.”"),
                        ],
                    },
                    {
                        "heading": _("Afterwards"),
                        "items": [
                            _("I send two or three lines the same day: what we agreed, who does what, and by when."),
                            _("We look at it again on a fixed day, in about four weeks."),
                        ],
                    },
                ],
            },
            {
                "heading": _("For my supervisor"),
                "lead": _(
                    "Somebody prepared this talk with care. That is a sign of trust, even where it is hard to hear."
                ),
                "passages": [
                    {
                        "heading": _("First, listen"),
                        "items": [
                            _(
                                "Hear it to the end before you answer. You need not solve anything in the first ten minutes."
                            ),
                            _("Say what you understood in your own words, and ask: “Is that right?”"),
                            _("Ask about the work: “When does it go well?” “What would a good week look like?”"),
                        ],
                    },
                    {
                        "heading": _("Then answer"),
                        "items": [
                            _(
                                "Look together at what can change: the tasks, the way of working, the role, perhaps another place here."
                            ),
                            _(
                                "Say openly what you cannot change, and why. A clear no is easier to live with than a long maybe."
                            ),
                            _("If you need time, say when you will answer, and keep that day."),
                        ],
                    },
                    {
                        "heading": _("Afterwards"),
                        "items": [
                            _("Do one small thing of what you agreed within a week. It counts more than a big plan."),
                            _("What was said stays between the two of you, unless you both want otherwise."),
                            _("Be the one who asks after four weeks: “Is it better?”"),
                        ],
                    },
                ],
            },
        ],
    }
