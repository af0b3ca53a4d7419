"""Questions from the room: their list, its order, the votes, what is answered and what is parked.

Lives here: the ballot beside a run, the refresh of the order at full minutes,
what is kept of the votes at the close, the facilitator's marks. Not here: how
questions arrive (`seals.py`: the pool, as for every rolling text), what a ballot may
hold (`activities/questions.py`), why an order is safe (`publication_order.py`).

Votes lie in the box under a run of their own, `<run>.votes`, so under a tag that
shares nothing with the tag of the same phone's question (promise 4). A ballot is
the set of cards a phone says "me too" to; a higher revision replaces it. Nothing
is computed from ballots while the question is open but the order: at full
minutes, and only if at least five ballots, or as many as the room's floor asks
for, differ from those that were counted last; each phone's three times at most.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import Session

from . import anonymity, moderation, publication, quoting
from .activities import KINDS
from .activities._cells import said
from .activities.questions import Questions, QuestionsAggregate
from .ballots import BallotBox
from .db import notify
from .errors import WorkshopError
from .house import House
from .live_state import guide_of, run_of
from .models import ActivityRun, Card, LiveSession, QuestionList
from .publication import Cell, Word
from .publication_order import TURNS_OF_ONE, reordered
from .words import _

log = logging.getLogger(__name__)

VOTES = ".votes"
MARKS = ("answered", "parked")
REHEARSED = (9, 7, 6, 5, 4, 3)  # votes of the made-up twelve in a rehearsal


@dataclass(frozen=True)
class Question:
    """A question as the room sees it. `mark`: answered | parked | "". `votes`: after the close, as far as it may be said."""

    id: str
    text: str
    mark: str = ""
    large: bool = False
    votes: str = ""


# -- the ballot


def ballot_of(run_id: str) -> str:
    """Return the name under which the votes of a run lie in the box."""
    return run_id + VOTES


def is_ballot(name: str) -> bool:
    """Return whether a name is that of votes rather than of a question."""
    return name.endswith(VOTES)


def run_behind(name: str) -> str:
    """Return the run that a ballot belongs to; a run's own name is returned as it is."""
    return name.removesuffix(VOTES)


def clean_votes(fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the body of a ballot, or raise `AnswerRefused`."""
    return _kind().clean_votes(fields)


def _kind() -> Questions:
    kind = KINDS[Questions.name]
    assert isinstance(kind, Questions)
    return kind


# -- the list


def shown(session: Session, run: ActivityRun, cards: Sequence[tuple[str, str]], result: Any) -> tuple[Question, ...]:
    """Return the released questions (id, text) in the order of the list, each with its mark."""
    kept = session.get(QuestionList, run.id)
    texts = dict(cards)
    votes = result if isinstance(result, QuestionsAggregate) else QuestionsAggregate()
    return tuple(
        Question(
            id=card,
            text=texts[card],
            mark=str(kept.marks.get(card, "")) if kept else "",
            large=kept is not None and kept.large == card,
            votes=votes_said(votes.cell(card), votes.people),
        )
        for card in _places(kept, texts)
    )


def voted(release: Mapping[str, Any]) -> dict[str, int]:
    """Return card -> place of what the room voted on, the most votes first; empty for every other question."""
    votes = (release.get("result") or {}).get("votes")
    return {card: place for place, card in enumerate(votes)} if isinstance(votes, dict) else {}


def votes_said(cell: Cell | None, people: int) -> str:
    """Return how many said "me too", as far as it may be said; empty where nothing may."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return str(cell)
    if people and cell is Word.FEW:
        return _("fewer than 3")
    return said(cell)


def _places(kept: QuestionList | None, cards: Mapping[str, Any]) -> list[str]:
    """Return the cards in their order: as the room saw them last, then those that have just come (random ids)."""
    known = [card for card in (kept.places if kept else ()) if card in cards]
    return [*known, *sorted(set(cards) - set(known))]


def asking(session: Session, run: ActivityRun | None) -> bool:
    """Return whether questions may still be sent; votes may as long as the run is open."""
    kept = session.get(QuestionList, run.id) if run is not None else None
    return kept is None or kept.asking


TURNS = (
    select(func.coalesce(func.sum(QuestionList.turns), 0))
    .join(ActivityRun, ActivityRun.id == QuestionList.run_id)
    .where(ActivityRun.live_id == bindparam("live_id"), ActivityRun.state == "open")
)
"""How often the order of an open list of the session `live_id` was refreshed: phones are told when it grows."""


def parked(session: Session, live: LiveSession) -> list[str]:
    """Return the texts of all parked questions of a session that the room has seen, in an order that says nothing."""
    return [text for _card_id, text in parked_cards(session, live)]


def parked_cards(session: Session, live: LiveSession) -> list[tuple[str, str]]:
    """Return the same, each with the id of its card."""
    runs = session.scalars(select(ActivityRun.id).where(ActivityRun.live_id == live.id)).all()
    marked = {
        card
        for kept in session.scalars(select(QuestionList).where(QuestionList.run_id.in_(runs)))
        for card, mark in kept.marks.items()
        if mark == "parked"
    }
    seen = [card for run_id in runs for card in moderation.cards(session, run_id)]
    return [(card, text) for card, text in sorted(seen) if card in marked]


# -- while it is open


def admit(session: Session, run_id: str) -> None:
    """Begin the list of a run; called with its first questions, in the same transaction."""
    if session.get(QuestionList, run_id) is None:
        session.add(QuestionList(run_id=run_id, asking=True, turns=0, places=[], marks={}))
        session.flush()


def refresh(house: House) -> None:
    """Draw the order of every open list anew where enough ballots have changed; called at full minutes."""
    with house.database.transaction() as session:
        lists = session.execute(
            select(ActivityRun.id, ActivityRun.live_id, LiveSession.room_floor)
            .join(QuestionList, QuestionList.run_id == ActivityRun.id)
            .join(LiveSession, LiveSession.id == ActivityRun.live_id)
            .where(ActivityRun.state == "open")
        ).all()
    for run_id, live_id, room_floor in lists:
        if not house.keepers.keeps(live_id):
            continue
        try:
            _refresh(house, live_id, run_id, anonymity.pool_size(room_floor))
        except Exception as error:  # one session's trouble is its own; the next minute may work
            log.error("an order could not be refreshed: %s", type(error).__name__)


def _refresh(house: House, live_id: str, run_id: str, least: int) -> None:
    ballots = house.boxes.box(live_id).recount(ballot_of(run_id), least, TURNS_OF_ONE)
    if ballots is None:
        return
    counts = _counts(ballots)
    with house.database.transaction() as session:
        run, kept = session.get(ActivityRun, run_id), session.get(QuestionList, run_id)
        if run is None or kept is None or run.state != "open":
            return
        cards = dict.fromkeys(session.scalars(select(Card.id).where(Card.run_id == run_id)))
        kept.places = reordered(_places(kept, cards), counts)
        kept.turns += 1
        notify(session, live_id)


def _counts(ballots: Sequence[str]) -> Counter[str]:
    return Counter(card for ballot in ballots for card in json.loads(ballot)["vote"])


# -- the close


def shut(box: BallotBox, run_id: str) -> list[str]:
    """Shut the ballot of a run for good and return all ballots in random order; none where there is no ballot."""
    name = ballot_of(run_id)
    if name not in box.gates():
        return []
    box.shut(name)
    return box.read(name)


def known_ids(session: Session, run_id: str) -> dict[tuple[str, bool, str | None], list[str]]:
    """Return the ids of the questions the room has seen, by what they hold: a vote and a mark name them."""
    found: dict[tuple[str, bool, str | None], list[str]] = {}
    rows = session.execute(select(Card.id, Card.text, Card.quotable, Card.receipt).where(Card.run_id == run_id))
    for card, text, quotable, receipt in rows:
        found.setdefault((text, quotable, receipt), []).append(card)
    return found


def close(session: Session, live: LiveSession, run_id: str, ballots: Sequence[str]) -> dict[str, Any]:
    """Put the list into its last order and return what may be said of the votes, as the release keeps it (promise 10).

    Ballots are judged as a choice of any number of options, also none: a ballot
    whose votes were all taken back is one. Below five of them, or the room's
    floor, nothing is said and the list stays as the room saw it last. Nor is it
    of a question whose number stood in an earlier list: the difference of two
    exact numbers is what whoever came or left in between has said.
    """
    cards = list(session.scalars(select(Card.id).where(Card.run_id == run_id)))
    admit(session, run_id)
    kept = session.get_one(QuestionList, run_id)
    order = _places(kept, dict.fromkeys(cards))
    people, counts = len(ballots), _counts(ballots)
    if live.rehearsal:
        people, counts = 12, Counter(dict(zip(order, REHEARSED, strict=False)))
    aggregate = QuestionsAggregate()
    if people >= live.room_floor:
        shape = publication.shape_many([counts[card] for card in order], people)
        counted = _counted_before(session, live, run_id)
        cells = {card: cell for card, cell in zip(order, shape.cells, strict=False) if card not in counted}
        numbers = people if shape.precision == "numbers" else 0
        order.sort(key=lambda card: -_rank(cells[card], people) if card in cells else 0)
        aggregate = QuestionsAggregate(tuple((card, cells[card]) for card in order if card in cells), numbers)
    kept.places, kept.asking = order, False
    session.flush()
    return _kind().dump(aggregate)


def _counted_before(session: Session, live: LiveSession, run_id: str) -> set[str]:
    """Return the cards of a run that say what a card of an earlier list said, whose votes the room read as a number."""
    counted: set[str] = set()
    for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live.id, ActivityRun.id != run_id)):
        result = (run.release or {}).get("result") or {}
        if result.get("people"):
            counted.update(voted(run.release or {}))
    said_then = {tuple(quoting.spoken(text)) for text in _texts(session, Card.id.in_(counted)).values()}
    here = _texts(session, Card.run_id == run_id)
    return {card for card, text in here.items() if tuple(quoting.spoken(text)) in said_then}


def _texts(session: Session, which: ColumnElement[bool]) -> dict[str, str]:
    return {row.id: row.text for row in session.execute(select(Card.id, Card.text).where(which))}


def _rank(cell: Cell, people: int) -> int:
    """Return how far up a question belongs, by what is published of its votes alone."""
    if isinstance(cell, int):
        return cell
    return {Word.FEW: 0, Word.SOME: 3, Word.MOST: people}.get(cell, 0)


# -- the facilitator's marks


def _here(session: Session, live: LiveSession) -> tuple[ActivityRun, QuestionList]:
    run = run_of(session, live, live.at)
    if live.phase != "running" or run is None or not KINDS[guide_of(live).activity(run.activity_id).kind].takes_votes:
        raise WorkshopError(_("There are no questions from the room here."), status=409)
    kept = session.get(QuestionList, run.id)
    if kept is None:
        raise WorkshopError(_("No question has come yet. They appear in mixed groups."), status=409)
    return run, kept


def _card(session: Session, live: LiveSession, argument: str) -> QuestionList:
    run, kept = _here(session, live)
    if session.scalar(select(Card.id).where(Card.id == argument, Card.run_id == run.id)) is None:
        raise WorkshopError(_("This question is not on the list any more."), status=409)
    return kept


def _now(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Show one question large, or none any more."""
    kept = _card(session, live, argument) if argument else _here(session, live)[1]
    kept.large = argument or None
    kept.marks = {card: mark for card, mark in kept.marks.items() if card != argument}
    return {}


def _mark(mark: str, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    kept = _card(session, live, argument)
    others = {card: old for card, old in kept.marks.items() if card != argument}
    kept.marks = {**others, argument: mark} if mark else others
    kept.large = None if kept.large == argument else kept.large
    return {}


def _answered(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return _mark("answered", session, live, argument)


def _parked(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return _mark("parked", session, live, argument)


def _waiting(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return _mark("", session, live, argument)


def _enough(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Take no more questions; the next tick lets out all that wait, and the room goes on voting."""
    run = run_of(session, live, live.at)
    if run is None or run.state != "open" or not KINDS[guide_of(live).activity(run.activity_id).kind].takes_votes:
        raise WorkshopError(_("There are no questions from the room here."), status=409)
    admit(session, run.id)
    session.get_one(QuestionList, run.id).asking = False
    return {}


MOVES = {
    "question_now": _now,
    "question_answered": _answered,
    "question_parked": _parked,
    "question_waiting": _waiting,
    "question_enough": _enough,
}
