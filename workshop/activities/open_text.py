"""Open text: one to ten cards in people's own words.

Lives here: what a card may hold and its author's consent. Not here: splitting,
shuffling and floors (the seal), and who may read cards (`screens/`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator
from wtforms import BooleanField, Form, StringField, TextAreaField

from ..anonymity import normalise
from ..charts import Chart
from ..errors import AnswerRefused
from ..words import N_, _
from ._reading import form, read, single, size
from .kind import Aggregate, Body, CardDraft, Fields, Kind, KindConfig

MOST_CHARACTERS = 3600
"""Of all cards together: four bytes each at most, so that an answer stays below 16 KiB."""

AUDIENCES = ("room", "manager")

RECEIPT = re.compile(r"[0-9a-f]{64}")
"""SHA-256 in hexadecimal; what it is made of never leaves the phone until its author wants the card back."""


class OpenTextConfig(KindConfig):
    """How many cards, how long each."""

    cards: int = Field(default=1, ge=1, le=10, description=N_("How many cards one answer may hold"))
    limit: int = Field(default=280, ge=20, le=2000, description=N_("How many characters one card may hold"))

    @model_validator(mode="after")
    def _fits(self) -> OpenTextConfig:
        if self.cards * self.limit > MOST_CHARACTERS:
            raise ValueError(
                f"{self.cards} cards of {self.limit} characters are too much for one answer; "
                f"cards times characters may be {MOST_CHARACTERS} at most"
            )
        return self


class OpenText(Kind):
    """What people write in their own words, each card with its own consent."""

    name: ClassVar[str] = "open_text"
    label = N_("Open text")
    use = N_("Answers in people’s own words, to group into themes.")
    Config = OpenTextConfig
    texts = True
    groups = True
    may_roll = True

    def clean(self, config: OpenTextConfig, fields: Fields) -> Body:
        """Return the filled cards with their consent and receipt, normalised (promises 11 and 14)."""
        sent = read(fields, self._names(config))
        audience = single(sent, "audience")
        if config.for_manager and audience not in AUDIENCES:
            raise AnswerRefused(_("Choose who may read this: the room only, or also your manager."))
        cards: list[Body] = []
        receipts: set[str] = set()
        for i in range(config.cards):
            text = normalise(single(sent, f"text-{i}") or "")
            quote = single(sent, f"quote-{i}")
            if quote not in (None, "1"):
                raise AnswerRefused(_("Whether a text may be quoted is yes or no. Reload the page and try again."))
            if len(text) > config.limit:
                raise AnswerRefused(
                    _(
                        "This has %(length)s characters; %(limit)s fit. Shorten it and send it again.",
                        length=len(text),
                        limit=config.limit,
                    )
                )
            receipt = single(sent, f"receipt-{i}")
            if receipt is not None and (not RECEIPT.fullmatch(receipt) or receipt in receipts):
                # One for two cards would say that they are siblings (promise 4).
                raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
            if text:
                card = {"text": text, "quotable": audience == "manager" if config.for_manager else quote == "1"}
                cards.append(card if receipt is None else {**card, "receipt": receipt})
            receipts |= {receipt} if receipt is not None else set()
        if not cards:
            raise AnswerRefused(_("Write something, or pass."))
        return {"cards": cards}

    def _names(self, config: OpenTextConfig) -> list[str]:
        names = [f"{part}-{i}" for part in ("text", "receipt") for i in range(config.cards)]
        return [*names, "audience"] if config.for_manager else [*names, *(f"quote-{i}" for i in range(config.cards))]

    def answer_form(self, config: OpenTextConfig) -> type[Form]:
        """Return a text field per card, with a box for consent or the chosen audience."""
        fields: dict[str, Any] = {f"text-{i}": TextAreaField() for i in range(config.cards)}
        if config.for_manager:
            fields["audience"] = StringField()
        else:
            fields.update({f"quote-{i}": BooleanField() for i in range(config.cards)})
        return form(self, config, fields)

    def fields_of(self, config: OpenTextConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields of the filled cards; receipts are the phone's own matter and not for reading."""
        fields: dict[str, list[str]] = {}
        for i, card in enumerate(body["cards"]):
            fields[f"text-{i}"] = [card["text"]]
            if card["quotable"] and not config.for_manager:
                fields[f"quote-{i}"] = ["1"]
        if config.for_manager:
            fields["audience"] = ["manager" if body["cards"][0]["quotable"] else "room"]
        return fields

    def cards(self, config: OpenTextConfig, body: Body) -> list[CardDraft]:
        """Return the cards of one answer."""
        return [CardDraft(card["text"], bool(card["quotable"]), card.get("receipt")) for card in body["cards"]]

    def aggregate(self, config: OpenTextConfig, bodies: Sequence[Body]) -> Aggregate:
        """Return nothing beside the cards: a number of cards or consents would be a count."""
        return Aggregate()

    def dump(self, aggregate: Any) -> dict[str, Any]:
        """Return no data."""
        return {}

    def load(self, data: Mapping[str, Any]) -> Aggregate:
        """Return the empty aggregate."""
        return Aggregate()

    def chart(self, config: OpenTextConfig, aggregate: Any) -> Chart | None:
        """Return None: texts are read, not drawn."""
        return None

    def examples(self, config: OpenTextConfig) -> list[Fields]:
        """Return an answer per example sentence, some of one card, some of two, some quotable."""
        texts = [normalise(text)[: config.limit].strip() for text in _sentences()]
        answers: list[Fields] = []
        for i, text in enumerate(texts):
            second = config.cards > 1 and i % 3 == 0
            answer = {"text-0": [text]}
            if second:
                answer["text-1"] = [texts[(i + 5) % len(texts)]]
            if config.for_manager:
                answer["audience"] = [AUDIENCES[i % 2]]
            elif i % 2:
                answer["quote-0"] = ["1"]
            answers.append(answer)
        return answers

    def largest(self, config: OpenTextConfig) -> int:
        """Return the size of full cards in letters of four bytes, each with its receipt."""
        widest = "\U0001f642" * config.limit
        fields: dict[str, list[str]] = {}
        for i in range(config.cards):
            fields[f"text-{i}"] = [widest]
            fields[f"receipt-{i}"] = ["0" * 64]
            if not config.for_manager:
                fields[f"quote-{i}"] = ["1"]
        if config.for_manager:
            fields["audience"] = ["manager"]
        return size(fields)


def _sentences() -> tuple[str, ...]:
    """Return sentences that could answer most questions about work."""
    return (
        _("More time without interruptions, at least two mornings a week."),
        _("I would like to hear early when priorities change."),
        _("Fewer reports that nobody reads."),
        _("Say clearly what can wait. Everything is urgent at the moment."),
        _("I miss working with customers directly."),
        _("Decisions take so long that we start over."),
        _("A person to ask when I am stuck, without feeling slow."),
        _("The handover between teams costs me half of every Monday."),
        _("I would like to learn something new this year, and have hours for it."),
        _("Meetings with a question at the top and an end in sight."),
        _("Work that I could finish and be proud of."),
        _("Being asked before the plan is made, not after."),
        _("One quiet room would already help."),
        _("I like the people here. It is the work that has become small."),
    )
