"""Promise 4: nothing ties two answers of one person together: no id, order, flag, row or tag.

The linker has the whole main database with SQLite's hidden row numbers and all
screens, and knows which cards belong to which question. The people are the same
twelve in every question, fast ones mostly first, and their texts have no style.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.promises.attackers import BROKEN, PASS, Score, by_features, ranks
from tests.promises.season import PEOPLE, Asked, Row, Season
from workshop import anonymity


def features(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Return all that is stored of each card but its words, as numbers that can be compared."""
    authors = {author: i for i, author in enumerate(sorted({row.author for row in rows}))}
    return {
        "id": list(ranks([row.id for row in rows])),
        "first sign of the id": [ord(row.id[0]) for row in rows],
        "row number": list(ranks([row.rowid for row in rows])),
        "place": list(range(len(rows))),
        "flag": [row.quotable for row in rows],
        "author": [authors[row.author] for row in rows],
    }


LINKERS = [*features([]), "all of them"]
"""Each feature alone and all together: noise in one must not hide what another tells."""


def link(linker: str, before: Asked, after: Asked, score: Score) -> None:
    """Match the cards of two questions and count how many pairs are of one person."""
    told, telling = features(before.rows), features(after.rows)
    names = list(told) if linker == "all of them" else [linker]
    matched = by_features(np.array([told[name] for name in names]).T, np.array([telling[name] for name in names]).T)
    right = sum(before.wrote[row.text] == after.wrote[after.rows[matched[i]].text] for i, row in enumerate(before.rows))
    score.count(right, len(before.rows))


def attack(linker: str, asked: Sequence[Asked]) -> Score:
    """Link each question with the next of the same session; such pairs of random orders are independent."""
    score = Score(PEOPLE)
    for before, after in pairwise(asked):
        if before.session == after.session and before.sort == after.sort == "text":
            link(linker, before, after, score)
    return score


@pytest.mark.parametrize("linker", LINKERS)
def test_a_linker_with_the_whole_database_does_no_better_than_a_guesser(season: Season, linker: str) -> None:
    score = attack(linker, season.asked)
    assert score.links >= 1500
    assert score.is_chance(), f"advantage {score.advantage:.3f} over {score.links} links"


@pytest.mark.slow
@pytest.mark.parametrize("linker", LINKERS)
def test_a_linker_stays_below_the_bound_of_the_contract(long_season: Season, linker: str) -> None:
    score = attack(linker, long_season.asked)
    assert score.links >= 9_000
    assert score.upper <= PASS, f"advantage {score.advantage:.4f}, at most {score.upper:.4f}"


def siblings(asked: Sequence[Asked]) -> Score:
    """Take the two cards next to each other in the table for one person's, from the top down."""
    score = Score(2 * PEOPLE - 1)
    for one in asked:
        pairs = list(zip(one.rows[::2], one.rows[1::2], strict=True))
        score.count(sum(one.wrote[a.text] == one.wrote[b.text] for a, b in pairs), len(pairs))
    return score


def test_cards_of_one_answer_do_not_lie_together(season: Season) -> None:
    score = siblings([asked for asked in season.asked if asked.sort == "cards"])
    assert score.links >= 250
    assert score.is_chance(), f"{score.right} of {score.links} neighbours were siblings"


def test_tags_of_one_phone_share_nothing_between_questions() -> None:
    """One bit of the run's id turns half of the tag over, and no tag is a function of another."""
    secret = anonymity.new_secret()
    first = int.from_bytes(anonymity.tag(secret, "run-a"))
    differing = [(first ^ int.from_bytes(anonymity.tag(secret, f"run-{n}"))).bit_count() for n in range(400)]
    assert 120 < sum(differing) / len(differing) < 136
    assert len({anonymity.tag(secret, f"run-{n}") for n in range(400)}) == 400
    assert anonymity.tag(secret, "run-a") != hashlib.sha256(secret + b"run-a").digest()


# -- the leaky controls


def numbered(path: Path, questions: int) -> list[Asked]:
    """Play the market's way: ids counted up, the author beside the text, rows as they came in."""
    asked = []
    with sqlite3.connect(path) as database:
        database.execute("create table cards (id integer primary key, run integer, author text, text text)")
        for run in range(questions):
            sent = list(range(PEOPLE))
            slow = run % (PEOPLE - 1)
            sent[slow], sent[slow + 1] = sent[slow + 1], sent[slow]
            wrote = {}
            for person in sent:
                text = hashlib.sha256(f"{run}/{person}".encode()).hexdigest()[:16]
                wrote[text] = person
                author = hashlib.sha256(f"author {person}".encode()).hexdigest()
                database.execute("insert into cards (run, author, text) values (?, ?, ?)", (run, author, text))
            rows = database.execute("select id, author, text from cards where run = ?", (run,)).fetchall()
            found = [Row(number, f"{number:08}", text, False, author) for number, author, text in rows]
            asked.append(Asked(0, "text", sent, wrote, set(), rows=found))
    database.close()
    return asked


@pytest.mark.parametrize("linker", ["id", "row number", "place", "author", "all of them"])
def test_the_same_linker_breaks_counted_ids_and_an_author_column(tmp_path: Path, linker: str) -> None:
    assert attack(linker, numbered(tmp_path / "leaky.db", 20)).advantage >= BROKEN


def test_the_same_reader_finds_siblings_where_answers_are_kept_whole() -> None:
    texts = {f"{person}-{card}": person for person in range(PEOPLE) for card in range(2)}
    whole = Asked(0, "cards", list(range(PEOPLE)), texts, set())
    whole.rows = [Row(i, f"{i:08}", text, False) for i, text in enumerate(texts)]
    assert siblings([whole]).advantage >= BROKEN
