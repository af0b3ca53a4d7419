"""Word cloud: a word or a few, gathered into one picture.

Lives here: what counts as the same word and what the cloud finds. Not here:
which sizes may be shown (`publication.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field
from wtforms import Form, StringField

from .. import publication
from ..anonymity import normalise
from ..charts import Bar, Chart
from ..errors import AnswerRefused
from ..publication import Word
from ..words import N_, _
from ._cells import WORD_SHARES
from ._reading import form, read, single, size
from .choice import joined
from .kind import Aggregate, Body, Fields, Kind, KindConfig

LONGEST = 40
EDGES = " .,;:!?\"'()[]-"
"""What people put around a word without meaning another word."""


class WordCloudConfig(KindConfig):
    """How many words one person may give."""

    words: int = Field(default=1, ge=1, le=5, description=N_("How many words one answer may hold"))


@dataclass(frozen=True)
class CloudAggregate(Aggregate):
    """The different words in alphabetical order, each with a size and no number.

    Empty `words` after a release: fewer than three different ones, which are not shown.
    """

    words: tuple[tuple[str, Word], ...] = ()


class WordCloud(Kind):
    """How do you arrive today? One word each, and the room sees itself."""

    name: ClassVar[str] = "word_cloud"
    label = N_("Word cloud")
    use = N_("A word or two from each; what is said often grows.")
    Config = WordCloudConfig
    Aggregate = CloudAggregate
    may_roll = True
    own_words = True

    def clean(self, config: WordCloudConfig, fields: Fields) -> Body:
        """Return the different words of one answer, in one spelling."""
        sent = read(fields, [f"word-{i}" for i in range(config.words)])
        words: list[str] = []
        for i in range(config.words):
            word = _one_spelling(single(sent, f"word-{i}") or "")
            if len(word) > LONGEST:
                raise AnswerRefused(
                    _("A word here has at most %(limit)s characters. Shorten it and send it again.", limit=LONGEST)
                )
            if word and word not in words:
                words.append(word)
        if not words:
            raise AnswerRefused(_("Write a word, or pass."))
        return {"words": words}

    def answer_form(self, config: WordCloudConfig) -> type[Form]:
        """Return a line per word."""
        return form(self, config, {f"word-{i}": StringField() for i in range(config.words)})

    def fields_of(self, config: WordCloudConfig, body: Body) -> dict[str, list[str]]:
        """Return the fields of the words."""
        return {f"word-{i}": [word] for i, word in enumerate(body["words"])}

    def aggregate(self, config: WordCloudConfig, bodies: Sequence[Body]) -> CloudAggregate:
        """Return the words with the sizes that are safe to show.

        A rolling cloud is drawn again with every batch, and sizes of several
        drawings could be held against each other; so it has one size for all.
        """
        counts = Counter(word for body in bodies for word in body["words"])
        words = sorted(counts)
        sizes = publication.word_sizes([counts[word] for word in words], len(bodies), config.words)
        if sizes is None:
            return CloudAggregate()
        if config.rolling:
            sizes = (Word.FEW,) * len(words)
        return CloudAggregate(tuple(zip(words, sizes, strict=True)))

    def joined(self, config: WordCloudConfig, earlier: CloudAggregate, later: CloudAggregate) -> CloudAggregate:
        """Return the words of both; a rolling cloud has one size for all."""
        words = sorted({word for word, _size in (*earlier.words, *later.words)})
        return CloudAggregate(tuple((word, Word.FEW) for word in words))

    def dump(self, aggregate: CloudAggregate) -> dict[str, Any]:
        """Return words and sizes."""
        return {"words": [[word, size.value] for word, size in aggregate.words]}

    def load(self, data: Mapping[str, Any]) -> CloudAggregate:
        """Return the aggregate that `dump` wrote."""
        return CloudAggregate(tuple((str(word), Word(size)) for word, size in data["words"]))

    def words(self, aggregate: CloudAggregate) -> tuple[str, ...]:
        """Return the different words, alphabetically."""
        return tuple(word for word, _size in aggregate.words)

    def left(self, aggregate: CloudAggregate, shown: Mapping[str, str]) -> CloudAggregate:
        """Return the words that are shown, with their masks; of several that look alike by now only the first."""
        found: dict[str, Word] = {}
        for word, word_size in aggregate.words:
            if word in shown:
                found.setdefault(shown[word], word_size)
        return CloudAggregate(tuple(found.items()))

    def chart(self, config: WordCloudConfig, aggregate: CloudAggregate) -> Chart | None:
        """Return the words as bars for the table and the finding; the cloud itself is text."""
        if not aggregate.words:
            return None
        largest = max((size for _word, size in aggregate.words), key=lambda size: WORD_SHARES[size])
        leading = [] if largest is Word.FEW else [word for word, size in aggregate.words if size is largest]
        said = {Word.FEW: "", Word.SOME: _("several times"), Word.MOST: _("from most people")}
        bars = tuple(
            Bar(word, said[size], WORD_SHARES[size], lead=word in leading, mark=size.value)
            for word, size in aggregate.words
        )
        return Chart(_finding(leading, largest), bars, form="cloud")

    def examples(self, config: WordCloudConfig) -> list[Fields]:
        """Return fourteen answers in which a few words come up again and again."""
        words = _plausible()
        return [
            {f"word-{k}": [words[(i + 4 * k) % len(words)]] for k in range(1 + i % config.words)}
            for i in range(len(words))
        ]

    def largest(self, config: WordCloudConfig) -> int:
        """Return the size of full words in letters of four bytes."""
        return size({f"word-{i}": ["\U0001f642" * LONGEST] for i in range(config.words)})


def _one_spelling(text: str) -> str:
    """Return a word as it is counted and shown: one line, small letters, nothing around it.

    Shown in small letters, because choosing among people's spellings would
    tell: somebody who wrote "Tired" and reads "tired" knows of another author.
    """
    word = " ".join(normalise(text).split()).lower()
    return word.strip(EDGES) or word


def _finding(leading: Sequence[str], largest: Word) -> str:
    names = [_("“%(label)s”", label=word) for word in leading]
    if not names:
        return _("Many different words, and none stands out")
    if len(names) > 3:
        return _("Several words come up again and again")
    if largest is Word.MOST:
        return _("Most people wrote %(names)s", names=joined(names))
    return _("%(names)s came up several times", names=joined(names))


def _plausible() -> tuple[str, ...]:
    return (
        _("curious"),
        _("tired"),
        _("hopeful"),
        _("curious"),
        _("busy"),
        _("tired"),
        _("calm"),
        _("curious"),
        _("hopeful"),
        _("restless"),
        _("tired"),
        _("curious"),
        _("open"),
        _("hopeful"),
    )
