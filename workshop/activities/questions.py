"""Questions from the room: people ask, and say "me too" to what others asked.

Lives here: what a question and a ballot may hold, and what is kept of the votes.
Not here: the pool through which questions arrive (`seals.py`), the order of the
list and what is answered or parked (`workshop/questions.py`), which numbers may
be published (`publication.py`).

A question is an open text that always rolls: up to three cards of one phone go
together, are final when sent and appear in mixed groups (promise 2). The votes
are a ballot of their own beside it, so they come here only to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from ..errors import AnswerRefused
from ..publication import Cell, Word
from ..words import N_, _
from ._reading import read, size
from .kind import Aggregate, Body, Fields
from .open_text import OpenText, OpenTextConfig

MOST_VOTES = 60
"""Of one phone: more than anybody means, and a ballot stays within the bytes of a full question (promise 12)."""

CARD = re.compile(r"[A-Za-z0-9_-]{22}")


class QuestionsConfig(OpenTextConfig):
    """How many questions one person may send, how long each."""

    cards: int = Field(default=2, ge=1, le=3, description=N_("How many questions one person may send, 1 to 3"))
    limit: int = Field(default=200, ge=20, le=500, description=N_("How many characters one question may hold"))


@dataclass(frozen=True)
class QuestionsAggregate(Aggregate):
    """What may be said of the votes after the close: card -> a number or a word; `people` is 0 below ten."""

    votes: tuple[tuple[str, Cell], ...] = ()
    people: int = 0

    def cell(self, card: str) -> Cell | None:
        """Return what may be said of one question's votes; None where nothing may."""
        return dict(self.votes).get(card)


class Questions(OpenText):
    """What would you like to ask? The room says which questions matter to many."""

    name: ClassVar[str] = "questions"
    label = N_("Questions from the room")
    use = N_("Questions from the room, with votes for those that others have too.")
    Config = QuestionsConfig
    Aggregate = QuestionsAggregate
    always_rolls = True
    takes_votes = True
    groups = False  # the votes order them

    def clean_votes(self, fields: Fields) -> Body:
        """Return a ballot: the cards a phone says "me too" to, in an order of their own; none is a ballot too."""
        votes = set(read(fields, ["vote"]).get("vote", ()))
        if not all(CARD.fullmatch(vote) for vote in votes):
            raise AnswerRefused(_("This vote could not be read. Reload the page and try again."))
        if len(votes) > MOST_VOTES:
            raise AnswerRefused(_("That is more than %(most)s votes. Take some back.", most=MOST_VOTES))
        return {"vote": sorted(votes)}

    def aggregate(self, config: OpenTextConfig, bodies: Sequence[Body]) -> QuestionsAggregate:
        """Return no votes: they are no part of an answer; the close adds what may be said of them."""
        return QuestionsAggregate()

    def dump(self, aggregate: QuestionsAggregate) -> dict[str, Any]:
        """Return the published votes."""
        votes = {card: str(cell) if isinstance(cell, Word) else cell for card, cell in aggregate.votes}
        return {"votes": votes, "people": aggregate.people}

    def load(self, data: Mapping[str, Any]) -> QuestionsAggregate:
        """Return the aggregate that `dump` wrote."""
        votes = tuple(
            (str(card), Word(cell) if isinstance(cell, str) else int(cell)) for card, cell in data["votes"].items()
        )
        return QuestionsAggregate(votes, int(data["people"]))

    def examples(self, config: OpenTextConfig) -> list[Fields]:
        """Return fourteen people's questions, some with two."""
        texts = _plausible()
        answers: list[Fields] = []
        for i, text in enumerate(texts):
            answer = {"text-0": [text[: config.limit]]}
            if config.cards > 1 and i % 5 == 0:
                answer["text-1"] = [texts[(i + 3) % len(texts)][: config.limit]]
            if config.for_manager:
                answer["audience"] = ["manager" if i % 2 else "room"]
            elif i % 2:
                answer["quote-0"] = ["1"]
            answers.append(answer)
        return answers

    def largest(self, config: OpenTextConfig) -> int:
        """Return the size of full questions or of a full ballot: both look alike on the wire (promise 12)."""
        return max(super().largest(config), size({"vote": ["x" * 22] * MOST_VOTES}))


def _plausible() -> tuple[str, ...]:
    return (
        _("What happens to our team after the move?"),
        _("When will we know which projects go on?"),
        _("Why do we hire when others have too little to do?"),
        _("Who decides what comes first, and how can we hear of it earlier?"),
        _("What would you do differently if you started today?"),
        _("Is working from home here to stay?"),
        _("How do you know what we really think?"),
        _("What are you worried about?"),
        _("Which of our meetings could go?"),
        _("What becomes of the results of the last survey?"),
        _("How long until the new tools work as promised?"),
        _("Where will we be in two years?"),
        _("What do you need from us?"),
        _("Which decision was the hardest this year?"),
    )
