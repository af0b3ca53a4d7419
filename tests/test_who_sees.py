"""The sentences of the promise as sentences; that they are shown and true is `test_17`."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.promises.test_17_it_is_said_plainly import live
from workshop import who_sees

SETTINGS = list(product((3, 5, 12), (5, 10), (False, True), (False, True)))


def all_sentences() -> list[str]:
    """Return every sentence that any settings can give."""
    said = list(who_sees.unprotected())
    for room_floor, words_floor, manager, file in SETTINGS:
        said += who_sees.promise(
            live(room_floor=room_floor, words_floor=words_floor, leader_is_manager=manager, facilitator_words=file)
        )
    for texts, rolling, for_manager, own_words, rehearsal in product((False, True), repeat=5):
        said.append(
            who_sees.seen_by(
                live(rehearsal=rehearsal), texts=texts, rolling=rolling, for_manager=for_manager, own_words=own_words
            )
        )
    return said


def test_a_leader_with_any_name_breaks_no_sentence() -> None:
    for name in ("100 % Lee", "%(floor)s", "<b>Lee</b>", "ليلى", "{name}", "O'Neil"):
        assert f"{name} leads this session" in " ".join(who_sees.promise(live(leader=name)))


def test_no_sentence_has_a_hole_in_it() -> None:
    for sentence in all_sentences():
        assert not re.search(r"%\(|%s|\{|\}|None|\s\s", sentence), sentence


def test_sentences_are_calm_and_short_enough_to_be_read_before_joining() -> None:
    for sentence in all_sentences():
        assert "!" not in sentence
        assert sentence == sentence.strip()
        assert sentence.endswith(".")
        assert max(len(part.split()) for part in re.split(r"[.:;]\s", sentence)) <= 32, sentence


@pytest.mark.parametrize("word", ["guarantee", "impossible", "100 %", "completely anonymous", "never be identified"])
def test_nothing_is_promised_that_cannot_be_kept(word: str) -> None:
    assert not [sentence for sentence in all_sentences() if word in sentence.lower()]


def test_the_most_important_comes_first() -> None:
    said = who_sees.promise(live())
    assert "no name" in said[0]
    assert "While a question is open" in said[1]
    assert "at least 5 people" in said[2]


def test_a_manager_who_leads_is_named_as_such_in_every_combination() -> None:
    for room_floor, words_floor, manager, file in SETTINGS:
        said = " ".join(
            who_sees.promise(
                live(room_floor=room_floor, words_floor=words_floor, leader_is_manager=manager, facilitator_words=file)
            )
        )
        assert ("is this team's manager" in said) == manager
        assert ("is not this team's manager" in said) != manager
        assert ("holds all words" in said) == file
