"""What a kind of activity is: the contract that every kind fulfils.

Not here: any kind itself (one module each), their list (`__init__.py`), storage,
requests or sessions. A kind is pure: plain data in, plain data out.

Both ways an answer travels (socket, plain form) end as the same mapping of
field name to list of strings, so each kind has one validator, `clean`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from wtforms import Form

from ..charts import Chart

Fields = Mapping[str, Sequence[str]]
"""An answer as it arrives: field name -> the strings sent under that name."""

Body = dict[str, Any]
"""A cleaned answer: JSON-able, the only thing that enters the ballot box."""


class KindConfig(BaseModel):
    """What an author sets. The fields here come from the activity, not its `settings`.

    `for_manager`: the activity asks what the manager should know, so consent
    has no default (promise 11). `rolling`: released in pools while open.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    for_manager: bool = False
    rolling: bool = False


@dataclass(frozen=True)
class CardDraft:
    """One text on its way through the seal; nothing ties it to its siblings.

    `receipt`: SHA-256 of 128 random bits that its author's phone keeps for this card alone (promise 14); None
    where the phone made none.
    """

    text: str
    quotable: bool
    receipt: str | None = None


@dataclass(frozen=True)
class Aggregate:
    """What a room may see of one activity, at that precision and no finer."""


class Kind(ABC):
    """The contract of one kind of activity."""

    name: ClassVar[str]
    label: ClassVar[str]
    use: ClassVar[str] = ""
    """What it is good for, in one sentence, where an author chooses a kind."""
    Config: ClassVar[type[KindConfig]] = KindConfig
    Aggregate: ClassVar[type[Aggregate]] = Aggregate
    tried_with: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    """Settings that the tests and the proof of anonymity try it with; a kind that cannot do without some names them."""
    asks: ClassVar[bool] = True
    """False for a kind that shows something and takes no answer."""
    private: ClassVar[bool] = False
    """True: filled in under My notes on the phone and never sent (promise 15); such a kind does not ask either."""
    lists_actions: ClassVar[bool] = False
    """True: shows the session's actions (`workshop/actions.py`); such a kind does not ask."""
    texts: ClassVar[bool] = False
    """True: answers are free texts, split into cards by the seal."""
    groups: ClassVar[bool] = False
    """True: its released cards can be grouped into themes (`workshop/themes.py`), and its stage draws them."""
    may_roll: ClassVar[bool] = False
    """True: an author may choose rolling release."""
    always_rolls: ClassVar[bool] = False
    """True: released in pools while open, whatever the author says."""
    takes_votes: ClassVar[bool] = False
    """True: people vote on the cards of others, in a ballot beside the answer (`workshop/questions.py`)."""
    in_groups: ClassVar[bool] = False
    """True: breakouts talk and one phone of each sends for all of it (`workshop/breakouts.py`)."""
    all_along: ClassVar[bool] = False
    """True: open on every step, from the start until the room comes to it (`workshop/parking.py`)."""
    compares: ClassVar[bool] = False
    """True: a later activity may ask the same `again`; the kind then knows `coarse`."""
    own_words: ClassVar[bool] = False
    """True: the aggregate itself holds people's own words. Nobody was asked for each, so it stays in the room
    (promise 11): no manager's report draws it or finds something in it."""

    @property
    def may_be_for_manager(self) -> bool:
        """Return whether an author may say `for: manager`: of texts that are asked for at one place."""
        return self.texts and not self.all_along

    @abstractmethod
    def clean(self, config: Any, fields: Fields) -> Body:
        """Return the body to store, or raise `AnswerRefused` with what to do."""

    @abstractmethod
    def answer_form(self, config: Any) -> type[Form]:
        """Return the WTForms form of the no-script path; its `validate` calls `clean`."""

    @abstractmethod
    def fields_of(self, config: Any, body: Body) -> dict[str, list[str]]:
        """Return the fields that would give `body`; the author's own answer, to fill the form again."""

    def cards(self, config: Any, body: Body) -> list[CardDraft]:
        """Split one text answer into its cards; kinds with `texts` override it."""
        return []

    @abstractmethod
    def aggregate(self, config: Any, bodies: Sequence[Body]) -> Any:
        """Return what the room may see of these non-pass answers, in any order (promise 10)."""

    def coarse(self, config: Any, aggregate: Any) -> Any:
        """Return what is kept of a second round: words and bands, never a number; kinds that compare override it."""
        return aggregate

    def joined(self, config: Any, earlier: Any, later: Any) -> Any:
        """Return what two pools of a rolling activity say together; where an aggregate holds nothing, either will do."""
        return later

    @abstractmethod
    def dump(self, aggregate: Any) -> dict[str, Any]:
        """Return the aggregate as JSON-able data, for the release column."""

    @abstractmethod
    def load(self, data: Mapping[str, Any]) -> Any:
        """Return the aggregate that `dump` wrote."""

    def words(self, aggregate: Any) -> tuple[str, ...]:
        """Return the people's own words that an aggregate holds; kinds with `own_words` override it."""
        return ()

    def left(self, aggregate: Any, shown: Mapping[str, str]) -> Any:
        """Return the aggregate with those own words alone that are in `shown`, each as it stands there (hidden, masked).

        What is left says what it said before, never more: the others are only missing.
        """
        return aggregate

    @abstractmethod
    def chart(self, config: Any, aggregate: Any) -> Chart | None:
        """Return the drawing of an aggregate, titled with its finding; None where there is none."""

    @abstractmethod
    def examples(self, config: Any) -> list[Fields]:
        """Return at least twelve plausible answers, for rehearsal, demo and tests."""

    @abstractmethod
    def largest(self, config: Any) -> int:
        """Return the byte length of the largest possible fields as JSON, for the size bucket (promise 12)."""
