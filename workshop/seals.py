"""Closing a question: the seal that conducts both databases, and what happens by itself.

Lives here: the six steps from closing to released (ANONYMITY.md, "Seal"), timers
that close input, the pools of rolling release, recovery after a start. Not
here: who presses "close" (`live_sessions.py`), what is kept of the answers
(`releases.py`), the ballot box itself (`ballots.py`).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from . import anonymity, moderation, paper_cards, questions, releases, rolled, rounds
from .activities import KINDS
from .ballots import BallotBox
from .db import notify
from .errors import NotFound, Stale
from .house import House
from .live_state import NO_TIMER, change, get, guide_of, hits
from .models import ActivityRun, Card, LiveSession
from .words import _

log = logging.getLogger(__name__)

GRACE_SECONDS = 10  # after a timer that closes input: time to press "Send now" (fault R7)


def begin_closing(session: Session, live: LiveSession, run: ActivityRun) -> None:
    """Step 1: open -> closing, compare-and-set; raises `Stale` when somebody was faster."""
    changed = session.execute(
        update(ActivityRun).where(ActivityRun.id == run.id, ActivityRun.state == "open").values(state="closing")
    )
    if hits(changed) != 1:
        raise Stale(_("Somebody else moved on. Here is the present state."))
    change(session, live, dict(NO_TIMER))


def seal(house: House, live_id: str, run_id: str) -> bool:
    """Carry a closing run through steps 2 to 6; return whether it is released, or may be read where that comes first.

    Every step is idempotent, because two databases cannot commit together:
    whatever dies in between, a second call goes on where the first one stopped,
    and nothing is shown before the erase has finished. False: the erase could
    not finish yet; the run stays closing and is tried again.
    """
    box = house.boxes.box(live_id)
    box.shut(run_id)  # 2
    with house.database.transaction() as session:
        batch = session.scalar(select(ActivityRun.batch).where(ActivityRun.id == run_id)) or 0
    if batch and box.is_marked(run_id, batch):
        box.settle(run_id, batch)  # let out, but not cut loose yet: it must not count as new
    bodies, ballots = box.read(run_id), questions.shut(box, run_id)  # 3
    paper, loose = box.read_paper(run_id), box.loose(run_id)
    groups = box.spoken(run_id)  # breakouts: a card speaks for so many people, and small groups are left out
    if groups is not None:
        bodies = anonymity.shuffled([body for body, _people in groups])
    with house.database.transaction() as session:  # 4
        house.keepers.fence(session, live_id)
        live = get(session, live_id)
        run = session.get(ActivityRun, run_id)
        if run is None:
            raise NotFound(_("There is no such question."))
        if run.state == "closing":
            activity = guide_of(live).activity(run.activity_id)
            first = rounds.first_release(session, live, activity)
            people = None if groups is None else [number for _body, number in groups]
            seen = None
            if rolled.forgotten(live, run, loose):
                seen = rolled.beside(session, live, activity, run, rolled.since(bodies, loose))
            released = paper_cards.together(live, activity, bodies, paper, first, people, seen)
            voted_on = KINDS[activity.kind].takes_votes
            ids = questions.known_ids(session, run_id) if voted_on else {}
            changed = session.execute(
                update(ActivityRun)
                .where(ActivityRun.id == run_id, ActivityRun.state == "closing")
                .values(state="sealed", release=released.release)
                .execution_options(synchronize_session=False)
            )
            if hits(changed) == 1:
                decided = moderation.kept(session, run_id)
                session.execute(delete(Card).where(Card.run_id == run_id))
                _insert_cards(session, run_id, released, ids)
                moderation.carry(session, run_id, decided)
                if moderation.queues(live, activity) and not released.release["too_few"]:
                    moderation.begin(session, run_id)
                if voted_on and not released.release["too_few"]:
                    result = questions.close(session, live, run_id, ballots)
                    session.execute(
                        update(ActivityRun)
                        .where(ActivityRun.id == run_id)
                        .values(release={**released.release, "result": result})
                        .execution_options(synchronize_session=False)
                    )
    try:
        box.erase(run_id, questions.ballot_of(run_id))  # 5
    except sqlite3.Error as error:
        log.warning("the ballot box could not be emptied yet; trying again (%s)", type(error).__name__)
        return False
    with house.database.transaction() as session:  # 6
        live, run = get(session, live_id), session.get(ActivityRun, run_id)
        sealed = run is not None and run.state == "sealed"
        read = (
            run is not None
            and sealed
            and moderation.waits(session, live, run, guide_of(live).activity(run.activity_id))
        )
        changed = session.execute(
            update(ActivityRun)
            .where(ActivityRun.id == run_id, ActivityRun.state == "sealed")
            .values(state="reading" if read else "released")
            .execution_options(synchronize_session=False)
        )
        if hits(changed) == 1:
            session.execute(
                update(LiveSession).where(LiveSession.id == live_id).values(version=LiveSession.version + 1)
            )
            notify(session, live_id)
    return True


def _insert_cards(
    session: Session,
    run_id: str,
    released: releases.Released,
    ids: dict[tuple[str, bool, str | None], list[str]] | None = None,
) -> None:
    """Insert cards in shuffled order under fresh ids; `ids`: the ids of cards that people have voted on, which they keep."""
    for draft in released.cards:
        known = (ids or {}).get((draft.text, draft.quotable, draft.receipt))
        session.add(
            Card(
                id=known.pop() if known else anonymity.new_id(),
                run_id=run_id,
                text=draft.text,
                quotable=draft.quotable,
                receipt=draft.receipt,
            )
        )
        session.flush()  # one by one: the order of insertion is the shuffled one


# -- what happens by itself


def tick(house: House) -> None:
    """Do what is due: rolling pools, timers that close input, seals that could not finish.

    Called about once a second by the server's own clock, never by a participant.
    """
    now = house.clock()
    with house.database.transaction() as session:
        busy = session.execute(
            select(ActivityRun.id, ActivityRun.live_id, ActivityRun.state)
            .join(LiveSession, LiveSession.id == ActivityRun.live_id)
            .where(
                ActivityRun.state.not_in(("reading", "released")),
                or_(ActivityRun.state != "open", LiveSession.timer_ends_at.is_not(None)),
            )
        ).all()
    for run_id, live_id, state in busy:
        if not house.keepers.keeps(live_id):
            continue
        with _alone("a question could not be closed yet"):
            if state in ("closing", "sealed") or _is_due(house, live_id, run_id, now):
                seal(house, live_id, run_id)


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Let one session's broken or busy box be its own trouble: the others' turns come, and its next one too."""
    try:
        yield
    except Exception as error:
        log.error("%s: %s", what, type(error).__name__)


def _is_due(house: House, live_id: str, run_id: str, now: datetime) -> bool:
    with house.database.transaction() as session:
        live = get(session, live_id)
        if not live.timer_closes or live.timer_ends_at is None:
            return False
        ends = live.timer_ends_at if live.timer_ends_at.tzinfo else live.timer_ends_at.replace(tzinfo=now.tzinfo)
        if now < ends + timedelta(seconds=GRACE_SECONDS):
            return False
        run = session.get(ActivityRun, run_id)
        if run is None or run.state != "open" or run.activity_id != live.at:  # a parking lot is not what is timed
            return False
        try:
            begin_closing(session, live, run)
        except Stale:
            return False
        return True


def roll(house: House) -> None:
    """At a fixed tick, let one pool of answers out of each rolling run that is ripe (promise 2).

    A small seal: the batch is marked in the box, written once (compare-and-set
    on the batch number), then cut loose from its tags.
    """
    with house.database.transaction() as session:
        open_runs = session.execute(
            select(ActivityRun.id, ActivityRun.live_id)
            .join(LiveSession, LiveSession.id == ActivityRun.live_id)
            .where(
                ActivityRun.state == "open", LiveSession.at.is_not(None)
            )  # a check-in is at no place and has no pool
        ).all()
    for run_id, live_id in open_runs:
        if not house.keepers.keeps(live_id):
            continue
        with _alone("a pool could not be let out"):
            _roll_one(house, live_id, run_id)


def _roll_one(house: House, live_id: str, run_id: str) -> None:
    with house.database.transaction() as session:
        live = get(session, live_id)
        run = session.get(ActivityRun, run_id)
        if run is None or run.state != "open":
            return
        activity = guide_of(live).activity(run.activity_id)
        batch = run.batch
        asking = questions.asking(session, run)
    if activity.release != "rolling" or live.rehearsal:
        return
    box = house.boxes.box(live_id)
    if batch and box.is_marked(run_id, batch):
        box.settle(run_id, batch)  # published, but the box was too busy to cut it loose then
    kind = KINDS[activity.kind]
    size = _pool(box, live, run_id, asking, batch)
    due = size or box.is_marked(run_id, batch + 1)
    if kind.takes_votes and (batch or due) and questions.ballot_of(run_id) not in box.gates():
        box.admit(questions.ballot_of(run_id))  # before anybody sees what to vote on; also after a box was lost
    if not due:
        return
    fresh, loose = box.take(run_id, batch + 1, size), box.loose(run_id)
    whole = releases.build(live, activity, [*loose, *fresh])
    with house.database.transaction() as session:
        house.keepers.fence(session, live_id)
        if rolled.forgotten(live, run, loose):
            whole = rolled.beside(session, live, activity, run, fresh)
        changed = session.execute(
            update(ActivityRun)
            .where(ActivityRun.id == run_id, ActivityRun.state == "open", ActivityRun.batch == batch)
            .values(batch=batch + 1, release=whole.release)
            .execution_options(synchronize_session=False)
        )
        if hits(changed) == 1 and kind.texts:
            _insert_cards(session, run_id, releases.build(live, activity, fresh))
        if hits(changed) == 1 and moderation.queues(live, activity):
            moderation.begin(session, run_id)
        if hits(changed) == 1 and kind.takes_votes:
            questions.admit(session, run_id)
        notify(session, live_id)
    box.settle(run_id, batch + 1)


def _pool(box: BallotBox, live: LiveSession, run_id: str, asking: bool, batch: int) -> int:
    """Return how many answers leave the pool now, 0 for none; all that wait once nothing more is asked, as at a close."""
    if asking:
        ripe = anonymity.pool_is_ripe(box.waiting(run_id), live.room_floor)
        return anonymity.pool_size(live.room_floor) if ripe else 0
    box.shut(run_id)
    waiting = box.waiting(run_id)
    # Beside earlier pools only another whole one; less than that can wait only where the box was lost.
    return waiting if waiting >= (anonymity.pool_size(live.room_floor) if batch else live.room_floor) else 0


def take_over(house: House, live_id: str, from_another: bool) -> None:
    """Begin to serve a session; `from_another`: one whose process is gone, with the box that was there.

    A question that was closing there had released nothing: it opens again, because
    its answers are with the phones alone now. One that was sealed goes on.
    """
    if from_another:
        house.boxes.discard(live_id)  # a box from a time when this process kept the session before
        with house.database.transaction() as session:
            reopened = session.execute(
                update(ActivityRun)
                .where(ActivityRun.live_id == live_id, ActivityRun.state == "closing")
                .values(state="open")
                .execution_options(synchronize_session=False)
            )
            if hits(reopened):
                session.execute(
                    update(LiveSession).where(LiveSession.id == live_id).values(version=LiveSession.version + 1)
                )
            notify(session, live_id)
    recover(house, live_id)


def recover(house: House, only: str = "") -> None:
    """After a start: finish every seal that was cut off, and open the gates of what is open.

    A lost box (restored backup) gets its gate back; the phones send again what
    they still keep. `only`: of one session.
    """
    with house.database.transaction() as session:
        busy = session.execute(
            select(ActivityRun.id, ActivityRun.live_id, ActivityRun.state, ActivityRun.batch).where(
                ActivityRun.state.not_in(("reading", "released"))
            )
        ).all()
    for run_id, live_id, state, batch in busy:
        if not house.keepers.keeps(live_id) or (only and live_id != only):
            continue
        with _alone("a question could not be recovered yet"):
            box = house.boxes.box(live_id)
            if state == "open":
                box.settle(run_id, batch)  # a batch that was written but not yet cut loose
                if run_id not in box.gates():
                    box.admit(run_id)
            else:
                seal(house, live_id, run_id)
