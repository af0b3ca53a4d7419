"""Which of people's own words may leave the room, and whether a staff text repeats those that may not.

Lives here: the rules of promise 11 as pure functions over cards. Not here: who
asks (`freezes.py`) and how a quote looks (`reports/`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_QUOTES = 6
"""At most six quotes of one activity are printed: a manager reads a choice, not a transcript."""

FEWEST_FIRST = 3
"""So many of each are chosen at first where many questions have words: a manager reads four pages, not eight."""

FEWEST_CONSENTS = 3
"""Fewer than three consents print as none: one or two quotes would point at whoever is known to speak up."""

RUN_OF_WORDS = 6
"""So many words in a row are somebody's own wording; five in a row happen by chance."""


@dataclass(frozen=True)
class Words:
    """One card with its author's consent; plain, so that these rules need no database."""

    id: str
    text: str
    quotable: bool


def offered(cards: Iterable[Words], words_ok: bool) -> tuple[Words, ...]:
    """Return the cards that may be quoted, in an order that says nothing; empty below a floor.

    `words_ok`: the activity met the words' floor. The order is that of the
    cards' random ids (promise 4).
    """
    consented = sorted((card for card in cards if card.quotable), key=lambda card: card.id)
    if not words_ok or len(consented) < FEWEST_CONSENTS:
        return ()
    return tuple(consented)


def first_choice(live_id: str, cards: Sequence[Words], most: int = MOST_QUOTES) -> tuple[str, ...]:
    """Return the ids of a random six of `cards`, or of `most`, the same at every call.

    Ids are random, so their hash is a fair draw that needs no storage: a page
    that is only looked at changes nothing.
    """

    def drawn(card: Words) -> bytes:
        return hashlib.sha256(f"{live_id}/{card.id}".encode()).digest()

    chosen = sorted(cards, key=drawn)[:most]
    return tuple(sorted(card.id for card in chosen))


def spoken(text: str) -> list[str]:
    """Return the words of a text as they sound: casefolded, without punctuation, accents kept.

    Apostrophes join ("don't" is one word), everything else that is no letter or
    digit separates. Scripts written without spaces count each sign as a word.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    words: list[str] = []
    current = ""
    for character in folded:
        category = unicodedata.category(character)
        if (category in ("Cf", "Cc") and not character.isspace()) or character in "'’ʼ`´":
            continue
        if category[0] in ("L", "N", "M"):
            if unspaced(character):
                words += [current] if current else []
                words.append(character)
                current = ""
            else:
                current += character
        elif current:
            words.append(current)
            current = ""
    return [*words, current] if current else words


def unspaced(character: str) -> bool:
    """Say whether a sign belongs to a script that is written without spaces between words."""
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF  # kana
        or 0x3400 <= code <= 0x9FFF  # Chinese characters
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
        or 0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x1000 <= code <= 0x109F  # Burmese
        or 0x1780 <= code <= 0x17FF  # Khmer
    )


class Guarded:
    """The cards that may not be quoted, ready to be compared with many staff texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._runs: set[tuple[str, ...]] = set()
        for text in texts:
            self._runs.update(_runs(spoken(text)))

    def repeated_in(self, text: str) -> str | None:
        """Return the run of six or more words that `text` shares with a guarded card, else None.

        The longest run found is named, in the staff's own casefolded words, so
        that the writer finds the place.
        """
        words = spoken(text)
        hits = [start for start, run in enumerate(_runs(words)) if run in self._runs]
        if not hits:
            return None
        longest = (hits[0], hits[0])
        start = hits[0]
        for before, after in pairwise([*hits, -1]):
            if after != before + 1:
                if before - start > longest[1] - longest[0]:
                    longest = (start, before)
                start = after
        return " ".join(words[longest[0] : longest[1] + RUN_OF_WORDS])

    def without(self, text: str) -> str:
        """Return `text` without the sentences that repeat a guarded card; empty if it still does, across two of them."""
        lines = []
        for line in text.splitlines():
            sentences = _SENTENCE_ENDS.split(line)
            lines.append(" ".join(sentence for sentence in sentences if self.repeated_in(sentence) is None))
        left = "\n".join(lines).strip()
        return left if self.repeated_in(left) is None else ""


_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])\s+")


def _runs(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + RUN_OF_WORDS]) for start in range(len(words) - RUN_OF_WORDS + 1)]
