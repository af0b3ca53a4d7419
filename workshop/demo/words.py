"""What the twelve simulated people say.

Lives here: their sentences by activity of the main guide. Activities without an
entry are answered from their kind's own examples. Not here: who says what when.

Each entry is what one person sends: None passes, a text is one card, a tuple
several; a text that ends with QUOTE may be quoted outside the room.
"""

from __future__ import annotations

Saying = str | tuple[str, ...] | None

QUOTE = " (you may quote this)"

TEXTS: dict[str, tuple[Saying, ...]] = {
    "lost-spark": (
        (
            "Writing the monthly report. I used to think somebody reads it." + QUOTE,
            "Talking to customers goes through three people now",
        ),
        "Planning. We plan for weeks and then everything changes anyway" + QUOTE,
        ("Helping new colleagues. There is no time for it any more", "Friday demos"),
        "I used to build things. Now I move tickets.",
        "Finishing something. Nothing is ever really done here" + QUOTE,
        None,
        ("Learning. The last course I took was three years ago" + QUOTE, "The tools we fought for and nobody uses"),
        "Being asked what I think",
        ("Support calls used to be fun when we could fix things ourselves", "Quality. Good enough has become the goal"),
        "Team meetings. They are status reports read aloud",
        "Mentoring" + QUOTE,
        ("Trying things out. Every experiment needs a form", "Lunch together"),
    ),
    "frustrates": (
        ("Five approvals for a purchase of forty euros" + QUOTE, "Meetings without a question"),
        ("Priorities change on Thursday and nobody says what may wait" + QUOTE,),
        "I want to leave because of how the last reorganisation was handled",
        ("Everything is urgent" + QUOTE, "The handover on Mondays"),
        ("Being on call without a day off afterwards", "Decisions that are taken again every two weeks" + QUOTE),
        "Noise. I can only think before eight and after five",
        None,
        ("We measure hours, not results", "Good people leave and their chairs stay empty" + QUOTE),
        "My work is praised in private and criticised in the big round",
        ("Systems that need the same number typed in three times" + QUOTE,),
        "I do not know what happens with the things we say here",
        "No time to do it right, always time to do it twice" + QUOTE,
    ),
    "easier-talk": (
        "A fixed date for it, so that I need no courage to ask" + QUOTE,
        "Knowing that it has no effect on my review",
        "If my manager began by saying what is hard for them" + QUOTE,
        "An example of how somebody else did it",
        "Half an hour, not five minutes between two meetings" + QUOTE,
        None,
        "A list of what can be changed at all" + QUOTE,
        "Talking while walking instead of across a desk",
        "To be able to write it down first",
        "That something small happens afterwards" + QUOTE,
        "Somebody neutral in the room",
        "Time to think before I have to answer",
    ),
    "inside-openings": (
        "The service team looks for somebody two days a week until summer",
        "The new site needs people who train others",
        None,
        "Data team: they would love somebody who knows our customers",
        "Job shadowing exists. Ask in the personnel office, third floor",
        "The works council looks for two people",
        "Parental leave cover in purchasing from March",
        "There is a mentoring programme that nobody uses",
        None,
        "The project for the new booking system is still being staffed",
        "You can swap for a week with the team in the north; two did",
        "Apprentices need tutors, four hours a month",
    ),
    "for-our-manager": (
        "Please say clearly what can wait. Everything is urgent at the moment." + QUOTE,
        "We like each other. It is the work that has become small." + QUOTE,
        "Two mornings a week without meetings would change a lot." + QUOTE,
        "I am afraid to say this with my name on it, and that should worry you.",
        "Tell us what happens with what we said today." + QUOTE,
        None,
        "Let us decide small things ourselves." + QUOTE,
        "I am close to leaving",
        "Fill the two empty places, or take two projects away." + QUOTE,
        "Thank you for giving us the time for this." + QUOTE,
        "Come and sit with us for one day.",
        "Training is in the plan every year and in the calendar never." + QUOTE,
    ),
}

WORDS: dict[str, tuple[tuple[str, ...] | None, ...]] = {
    "check-in-word": (
        ("tired",), ("curious",), ("here",), ("tired",), ("sceptical",), ("hopeful",),
        ("tired",), ("curious",), ("stretched",), ("here",), ("hopeful",), ("curious",),
    ),
    "more-of": (
        ("building", "learning"), ("customers",), ("teaching", "customers"), ("building",),
        ("quiet",), ("deciding", "building"), None, ("learning",), ("customers", "quiet"),
        ("trying things",), ("learning", "building"), ("quiet",),
    ),
    "in-the-way": (
        ("phone", "family"), ("mails",), ("tiredness",), ("chores", "phone"), ("mails",), ("phone",),
        ("bad conscience",), ("tiredness", "mails"), None, ("phone",), ("chores",), ("tiredness",),
    ),
}  # fmt: skip

SCALES: dict[str, tuple[int | None, ...]] = {
    "energy-before": (3, 4, 5, 2, 8, 4, 3, 8, 2, 5, 3, 9),
    "energy-after": (5, 6, 8, 3, 7, 6, 2, 9, 5, 8, 3, 8),
    "session-rating": (8, 9, 7, 8, 9, 8, 6, 9, 8, 10, 7, 8),
}

CHOICES: dict[str, tuple[tuple[str, ...] | None, ...]] = {
    "help-wanted": (
        ("workload", "more-say"), ("more-say",), ("workload", "training"), ("recognition", "workload"),
        ("other-tasks",), ("more-say", "flexibility"), ("workload",), None, ("training", "more-say"),
        ("workload", "flexibility"), ("more-say", "training", "other-tasks"), ("flexibility", "workload"),
    ),
}  # fmt: skip

DOTS: dict[str, tuple[tuple[int, ...] | None, ...]] = {
    "areas": (
        (0, 3), (0, 4), (2, 1), (3, 0, 5), (0, 1, 3), (3, 4), (0, 3, 5), (4, 5), (0, 3, 1), (2, 0), (3, 5, 4), (0, 3),
    ),
}  # fmt: skip
"""Who gives a dot to which of the options, by their place: they are the themes of the cards."""

THEMES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "lost-spark": (
        ("Seeing something through", ("Finishing something", "used to build", "monthly report", "We plan for weeks")),
        ("Learning and teaching", ("Learning. The last", "Helping new", "Mentoring", "Trying things out")),
        ("Customers and quality", ("Talking to customers", "Support calls", "Quality.")),
    ),
    "frustrates": (
        ("Everything at once", ("Everything is urgent", "Priorities change", "No time to do", "on call")),
        ("Slow permissions", ("Five approvals", "typed in three times", "Decisions that are")),
        ("Meetings and noise", ("Meetings without", "Noise.", "The handover")),
    ),
}
"""What the facilitator groups while the cards are read: a name, and how its cards begin or what they say."""

HEARD = {
    "lost-spark": "Several people miss seeing a thing through to its end, and being near the customers they work for. "
    "Learning and helping each other have quietly dropped out of the week.",
    "frustrates": "Urgency came up again and again: plans move late, and nobody learns what may be left. "
    "Small permissions cost more effort than the matter itself. For some it has gone far enough to think of leaving.",
    "easier-talk": "A date in the calendar, enough time, and the knowledge that a frank word has no price.",
    "inside-openings": "There is more movement inside the house than most people here knew.",
    "for-our-manager": "The group likes working together and says so. It asks for clear choices, for quiet, and for an "
    "answer to this afternoon. Some of what was said is serious and should be read twice.",
}
"""What the facilitator writes for each text question, in words that are on no card."""

ASKS = (
    "A word every Monday about what can be left for later.\nQuiet hours, the same for all.\nA reply within two weeks."
)

NEXT_STEPS = (
    ("Name what can be left for later, every Monday", "the team lead", "from next week"),
    ("Draw up quiet hours that hold for all", "two volunteers", "end of the month"),
    ("Set a date for a talk with each person who wants one", "the team lead", "within four weeks"),
)
