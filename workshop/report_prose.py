"""The standing words of a report: how to hold the conversation, and how the report came about.

Lives here: prose, in the session's language, with the session's real floors in
it. Not here: anything computed from answers (`editions.py`).
"""

from __future__ import annotations

from typing import Any

from .models import LiveSession
from .quoting import FEWEST_CONSENTS, MOST_QUOTES
from .words import _


def conversation() -> dict[str, Any]:
    """Return the page for the manager on talking about the report with the team."""
    return {
        "heading": _("How to hold the conversation with the team"),
        "lead": _(
            "This report opens a conversation; it does not close one. What you do with it in the next two weeks "
            "decides whether people will speak this openly again."
        ),
        "passages": [
            {
                "heading": _("Before"),
                "items": [
                    _(
                        "Read it twice, with a night in between. The first reading is for how it feels, the second for what it says."
                    ),
                    _(
                        "Fix a time within ten days, 45 minutes, with everybody. Send the team this report first, the whole of it."
                    ),
                    _("Choose one thing you can change yourself, and find out what you may promise about it."),
                ],
            },
            {
                "heading": _("In the meeting"),
                "items": [
                    _("Begin with thanks, and with the point that was hardest to read. It shows that you read it."),
                    _(
                        "Say what you understood in your own words, then ask what is missing. Then listen, twice as long as you speak."
                    ),
                    _("Talk about the work and how it is arranged, not about who thinks what."),
                    _(
                        "Decide one or two things, each with a name and a date. Say openly what you cannot change, and why."
                    ),
                ],
            },
            {
                "heading": _("Words that help"),
                "items": [
                    _("“Thank you. Some of this was not easy to say, and I am glad I know it.”"),
                    _("“I understood that … Is that what you meant? What did I miss?”"),
                    _(
                        "“This part I can change, and I will by … This part I cannot, because … This I have to ask about; you hear from me on …”"
                    ),
                    _("“Nobody has to explain anything here. If you would rather talk alone, my door is open on …”"),
                ],
            },
            {
                "heading": _("What to leave out"),
                "items": [
                    _(
                        "Do not guess who said what, not even in your head, and do not ask others. You would often be wrong, and people would notice."
                    ),
                    _(
                        "Do not explain a finding away, and do not weigh it by how many said it. A small group's concern can be the important one."
                    ),
                    _("Do not ask for proof or examples in front of everybody. Offer a talk for those who want one."),
                    _("Do not promise everything. One kept promise is worth more than five good intentions."),
                ],
            },
            {
                "heading": _("Afterwards"),
                "items": [
                    _("Write down what was agreed and send it the same day."),
                    _(
                        "After two weeks, say what has happened, even if it is little. After six, ask whether it is better."
                    ),
                ],
            },
        ],
    }


def on_the_wall(live: LiveSession) -> dict[str, Any]:
    """Return the two lines at the foot of the team's page."""
    return {
        "heading": "",
        "passages": [
            {
                "paragraphs": [
                    _("Everybody answered on their own phone, without a name. Nobody can be found in this page."),
                    _("Led by %(leader)s. Talk to us about it.", leader=live.leader),
                ]
            }
        ],
    }


def method(live: LiveSession) -> dict[str, Any]:
    """Return how this report was made and what it leaves out, with the session's real floors."""
    lines = [
        _(
            "Everybody answered on their own phone, without a name or an account. Answers were sealed until a question "
            "closed, then shown to the whole room at once, in random order. Nobody, the person leading included, saw more "
            "than the room did."
        ),
        _(
            "A result is shown only from %(room)s answers on. From fewer, nothing was kept. Below 10 answers you see a "
            "shape instead of numbers; from 10 on, numbers, with very small ones grouped, so that no single answer can be worked out.",
            room=live.room_floor,
        ),
        _(
            "People's own words are printed only from %(words)s answers to a question on, only if their authors allowed it "
            "for that very text, and only if at least %(consents)s did; at most %(most)s are chosen. That few or no quotes stand "
            "under a question says nothing about what was written there.",
            words=live.words_floor,
            consents=FEWEST_CONSENTS,
            most=MOST_QUOTES,
        ),
        _(
            "“What we heard”, the findings, what the group asks for and the next steps were worded or checked by the person "
            "who led the session. Results and quotes were then fixed and cannot change any more; a later version of these texts says so."
        ),
        _(
            "What no method protects: a person's own style can be recognised. Phones were counted, not people. "
            "One session shows one day; ask again before drawing large conclusions."
        ),
    ]
    return {"heading": _("How this report was made"), "passages": [{"paragraphs": lines}]}
