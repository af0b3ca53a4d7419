"""Moderation: what of the released texts the room sees, decided by those who run or moderate a session.

Lives here: the one way from stored texts to shown ones (every screen, board,
list and report goes through it), deciding about them, letting out what is read
before the room sees it, the log, and what becomes of all of it at the freeze.
Not here: what a decision does (`readings.py`), who may decide (the caller), pages
(`web/moderation.py`).

Texts lie where the seal put them and stay as they were sent until the freeze:
so everything can be taken back, and a receipt works the same whether its card
is shown or not. At the freeze hidden texts are deleted and masked ones
rewritten; from then on nothing can be decided any more.

Two ways. After the release: everything is shown until somebody hides it. Before
it, where the session was made so before anybody joined (`LiveSession.moderation`):
a closed question waits in the state "reading" and its texts are shown once they
are let out, all at the same moment. A question that is released in groups while
it is open goes through the same queue, group by group. Below its floor there is
nothing to read, for nobody (promises 3 and 8). It is one file because what is
hidden must be hidden everywhere by the same rule.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import alike, readings
from .activities import KINDS
from .db import erase, notify
from .errors import Stale, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import change as change_live
from .live_state import get, guide_of, hits, run_of
from .models import ActivityRun, Card, Freeze, LiveSession, ModerationDay
from .models import Reading as ReadingRow
from .readings import Command, Reading, Said
from .words import _

TRIES = 20
"""Two people who press in the same instant collide once; twenty collisions in a row do not happen."""


@dataclass(frozen=True)
class Texts:
    """The texts of one question as they were sent, and what was decided about them."""

    reading: Reading
    sent: Mapping[str, str]

    def shown(self, one: str) -> str:
        """Return a text with its masks."""
        return readings.masked(self.sent[one], self.reading.mark(one).mask)

    def standing(self, gone: Collection[str] = ()) -> list[str]:
        """Return the ids of what the room sees; `gone`: texts that their authors took back."""
        return self.reading.standing(self.sent, gone)

    def guarded(self, gone: Collection[str] = ()) -> list[str]:
        """Return what no staff text may repeat: hidden texts, and shown ones around their masked words."""
        standing = set(self.standing(gone))
        kept = [text for one, text in self.sent.items() if one not in standing]
        for one in standing:
            kept += readings.around(self.sent[one], self.reading.mark(one).mask)
        return kept


# -- what the room sees


def of(session: Session, run_id: str) -> tuple[Reading, int]:
    """Return the reading of a run and its version; an empty one at version 0 where nothing was decided."""
    row = session.get(ReadingRow, run_id, populate_existing=True)
    return (Reading.load(row.body), row.version) if row is not None else (Reading(), 0)


def cards(session: Session, run_id: str) -> list[tuple[str, str]]:
    """Return (id, text) of the cards that the room sees, in the order of their random ids."""
    texts = Texts(of(session, run_id)[0], _cards(session, run_id))
    return [(one, texts.shown(one)) for one in texts.standing()]


def _cards(session: Session, run_id: str) -> dict[str, str]:
    rows = session.execute(select(Card.id, Card.text).where(Card.run_id == run_id)).all()
    return {row.id: row.text for row in rows}


def release(session: Session, run: ActivityRun, kind_name: str) -> dict[str, Any]:
    """Return a run's release as the room sees it: without the words of a cloud that are hidden, with masks."""
    whole = dict(run.release or {})
    kind = KINDS[kind_name]
    if not kind.own_words or not whole or whole.get("too_few"):
        return whole
    texts = Texts(of(session, run.id)[0], _words(run, kind_name))
    standing = {texts.sent[one]: texts.shown(one) for one in texts.standing()}

    def left(result: Mapping[str, Any]) -> dict[str, Any]:
        return kind.dump(kind.left(kind.load(result), standing))

    whole["result"] = left(whole["result"])
    if "result" in (whole.get("paper") or {}):
        whole["paper"] = {**whole["paper"], "result": left(whole["paper"]["result"])}
    if texts.sent and not standing:
        whole["emptied"] = True
    return whole


def _words(run: ActivityRun, kind_name: str) -> dict[str, str]:
    """Return id -> word of a cloud; an id is made from the word, so that a reading names it without holding it."""
    kind, release_ = KINDS[kind_name], run.release or {}
    found: dict[str, str] = {}
    for part in (release_, release_.get("paper") or {}):
        if part.get("result") is not None:
            for word in kind.words(kind.load(part["result"])):
                digest = hashlib.sha256(f"{run.id}\0{word}".encode()).digest()
                found[base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")] = word
    return found


def texts_of(session: Session, run: ActivityRun, kind_name: str) -> Texts:
    """Return all texts of a question, seen or not, and what was decided about them."""
    kind = KINDS[kind_name]
    sent = _words(run, kind_name) if kind.own_words else _cards(session, run.id)
    return Texts(of(session, run.id)[0], sent)


def turn(session: Session, run: ActivityRun | None) -> int:
    """Return how often the room was shown something more of an open question."""
    if run is None:
        return 0
    reading, version = of(session, run.id)
    return reading.shows if version and reading.queue else run.batch


CHANGES = (
    select(func.coalesce(func.sum(ReadingRow.version), 0))
    .join(ActivityRun, ActivityRun.id == ReadingRow.run_id)
    .where(ActivityRun.live_id == bindparam("live_id"))
)
"""A number that grows with every decision in the session `live_id`."""


def count(session: Session, live_id: str) -> int:
    """Return `CHANGES` of a session."""
    return int(session.scalar(CHANGES, {"live_id": live_id}) or 0)


# -- what the seal does


def waits(session: Session, live: LiveSession, run: ActivityRun, activity: Activity) -> bool:
    """Return whether a sealed run has to be read before it is shown; end its queue where nothing is left to read."""
    if not queues(live, activity) or (run.release or {}).get("too_few"):
        return False
    texts = texts_of(session, run, activity.kind)
    if texts.reading.waiting(texts.sent) or texts.reading.approved(texts.sent):
        return True
    row = session.get(ReadingRow, run.id)
    if row is not None:
        texts.reading.finish(texts.sent)
        row.body, row.version = texts.reading.dump(), row.version + 1
        session.flush()
    return False


def queues(live: LiveSession, activity: Activity) -> bool:
    """Return whether the texts of this question are read before the room sees them."""
    kind = KINDS[activity.kind]
    return live.moderation and (kind.texts or kind.own_words)


def begin(session: Session, run_id: str) -> None:
    """Let nothing of a run be shown from now on but what is let out; in the transaction that brings its texts."""
    if session.get(ReadingRow, run_id) is None:
        session.add(ReadingRow(run_id=run_id, version=1, body=Reading(queue=True).dump()))
        session.flush()


Row = tuple[str, str, bool, str | None]


def kept(session: Session, run_id: str) -> list[Row]:
    """Return the cards of a run that something was decided about, before the close writes them anew."""
    if session.get(ReadingRow, run_id) is None:
        return []
    rows = session.execute(select(Card.id, Card.text, Card.quotable, Card.receipt).where(Card.run_id == run_id))
    return [(card, text, quotable, receipt) for card, text, quotable, receipt in rows]


def carry(session: Session, run_id: str, before: list[Row]) -> None:
    """Let what was decided about the cards of an open run hold for the same cards under their new ids."""
    row = session.get(ReadingRow, run_id, populate_existing=True, with_for_update=True)
    if row is None or not before:
        return
    fresh: dict[tuple[str, bool, str | None], list[str]] = {}
    for card, text, quotable, receipt in kept(session, run_id):
        fresh.setdefault((text, quotable, receipt), []).append(card)
    old = {row[0] for row in before}
    names: dict[str, str] = {}
    for card, text, quotable, receipt in sorted(before, key=lambda row: row[0]):
        left = fresh.get((text, quotable, receipt), [])
        same = card if card in left else next((one for one in left if one not in old), None)
        if same is not None:
            left.remove(same)
            names[card] = same
    row.body, row.version = Reading.load(row.body).renamed(names).dump(), row.version + 1
    session.flush()


# -- deciding


@dataclass(frozen=True)
class Line:
    """One text for those who moderate. `behind`: texts it stands for; `words`: what can be masked, where it was asked for."""

    id: str
    text: str
    masked: bool = False
    behind: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Desk:
    """All texts of one question as those who moderate see them. `queue`: the room sees only `shown`."""

    run_id: str
    version: int
    queue: bool
    closed: bool
    waiting: tuple[Line, ...]
    approved: tuple[Line, ...]
    shown: tuple[Line, ...]
    hidden: tuple[Line, ...]
    pairs: tuple[tuple[Line, Line], ...]
    undo: Said | None
    redo: Said | None

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return all texts that stand for themselves."""
        return (*self.waiting, *self.approved, *self.shown, *self.hidden)


def moderated(session: Session, live: LiveSession, activity_id: str | None) -> ActivityRun | None:
    """Return the run whose texts can be decided about, None while there are none above the floor."""
    run = run_of(session, live, activity_id)
    if run is None or not run.release or run.release.get("too_few") or live.purged_on is not None:
        return None
    activity = guide_of(live).activity(run.activity_id)
    kind = KINDS[activity.kind]
    rolling = run.state == "open" and activity.release == "rolling"
    if not (kind.texts or kind.own_words) or not (rolling or run.state in ("reading", "released")):
        return None
    return run if texts_of(session, run, activity.kind).sent else None


def fixed(session: Session, live: LiveSession) -> bool:
    """Return whether nothing can be decided any more, because the report is fixed."""
    return session.scalar(select(Freeze.id).where(Freeze.live_id == live.id)) is not None


def desk(session: Session, live: LiveSession, activity_id: str) -> Desk | None:
    """Return the texts of a question for those who moderate; None while there are none."""
    run = moderated(session, live, activity_id)
    if run is None:
        return None
    kind = guide_of(live).activity(activity_id).kind
    texts, (reading, version) = texts_of(session, run, kind), of(session, run.id)
    known = texts.sent

    def line(one: str) -> Line:
        return Line(
            one,
            texts.shown(one),
            bool(reading.mark(one).mask),
            tuple(Line(other, texts.shown(other)) for other in reading.behind(one, known)),
        )

    def lines(some: Collection[str]) -> tuple[Line, ...]:
        return tuple(line(one) for one in some)

    standing, waiting, approved = texts.standing(), reading.waiting(known), reading.approved(known)
    rest = set(standing) | set(waiting) | set(approved)
    hidden = [one for one in sorted(known) if one not in rest and reading.front(one, known) == one]
    near = alike.pairs([(one, texts.shown(one)) for one in sorted(rest)]) if KINDS[kind].texts else []
    return Desk(
        run_id=run.id,
        version=version,
        queue=reading.queue,
        closed=run.state != "open",
        waiting=lines(waiting),
        approved=lines(approved),
        shown=lines(standing),
        hidden=lines(hidden),
        pairs=tuple((line(one), line(other)) for one, other in near),
        undo=reading.undo[-1].said if reading.undo else None,
        redo=reading.redo[-1].said if reading.redo else None,
    )


def sent(session: Session, live: LiveSession, activity_id: str, one: str) -> tuple[list[str], tuple[int, ...]] | None:
    """Return the words of one text as it was sent and which of them are masked; None where there is no such text."""
    run = moderated(session, live, activity_id)
    if run is None:
        return None
    texts = texts_of(session, run, guide_of(live).activity(activity_id).kind)
    return (readings.words(texts.sent[one]), texts.reading.mark(one).mask) if one in texts.sent else None


def decide(house: House, live_id: str, activity_id: str, command: Command, who: str) -> Said:
    """Carry out one decision and return what was done.

    Two people at once never lose each other's decisions: that of whoever was
    slower is carried out on what the other one left. Raises WorkshopError with what to do.
    """
    for _try in range(TRIES):
        try:
            with house.database.transaction() as session:
                return _decide(session, live_id, activity_id, command, who, house.clock().date())
        except (Stale, IntegrityError):
            continue
    raise Stale(_("Many people are moderating at once. Try again."))


def _decide(session: Session, live_id: str, activity_id: str, command: Command, who: str, today: date) -> Said:
    live = get(session, live_id)
    run = moderated(session, live, activity_id)
    if run is None:
        raise WorkshopError(
            _("There is nothing to read here: the question has not closed, or it has no texts."), status=409
        )
    if fixed(session, live):
        raise WorkshopError(_("The report is fixed. Nothing can be hidden or brought back any more."), status=409)
    known = texts_of(session, run, guide_of(live).activity(activity_id).kind).sent
    reading, version = of(session, run.id)
    try:
        said = readings.act(reading, command, known)
    except readings.RefusedError as refused:
        raise WorkshopError(_refusal(refused.args[0]), status=422) from None
    _keep(session, run.id, reading, version)
    _note(session, live_id, today, who, command.do if command.do in ("undo", "redo") else said.what)
    notify(session, live_id)
    return said


def _keep(session: Session, run_id: str, reading: Reading, version: int) -> None:
    """Write the reading if it is still the one that was read; else raise Stale (or IntegrityError for the first)."""
    if version == 0:
        session.add(ReadingRow(run_id=run_id, version=1, body=reading.dump()))
        session.flush()
        return
    changed = session.execute(
        update(ReadingRow)
        .where(ReadingRow.run_id == run_id, ReadingRow.version == version)
        .values(body=reading.dump(), version=version + 1)
        .execution_options(synchronize_session=False)
    )
    if hits(changed) != 1:
        raise Stale(_("Somebody else was faster."))


def _refusal(why: str) -> str:
    return {
        "no-texts": _("Choose texts first. These are not here any more, or none was chosen."),
        "two-texts": _("Choose the others that say the same, then press at the one that shall stand."),
        "none-behind": _("There is nothing behind this text."),
        "no-words": _("These words are as you want them already."),
        "no-queue": _("Everybody sees these texts already."),
        "nothing-left": _("Every text is decided about."),
        "nothing": _("There is nothing left to take back."),
    }.get(why, _("There is no such decision."))


# -- letting out


def show(house: House, live_id: str, activity_id: str, who: str) -> int:
    """Let out everything that is approved, at once and in one order; return how many texts that were.

    After the close this is the release: what was not approved stays hidden.
    """
    for _try in range(TRIES):
        try:
            with house.database.transaction() as session:
                live = get(session, live_id)
                shown = _show(session, live, activity_id, who, house.clock().date())
                change_live(session, live, {})
                return shown
        except (Stale, IntegrityError):
            continue
    raise Stale(_("Somebody else moved on. Here is the present state."))


def _show(session: Session, live: LiveSession, activity_id: str, who: str, today: date) -> int:
    run = moderated(session, live, activity_id)
    reading, version = of(session, run.id) if run is not None else (Reading(), 0)
    if run is None or not reading.queue:
        raise WorkshopError(_("There is nothing here that waits to be shown."), status=409)
    known = texts_of(session, run, guide_of(live).activity(activity_id).kind).sent
    approved = len(reading.approved(known))
    if not approved and run.state == "open":
        raise WorkshopError(_("Nothing is approved yet. Read the texts first."), status=409)
    reading.show(known)
    if run.state == "reading":
        reading.finish(known)
        changed = session.execute(
            update(ActivityRun)
            .where(ActivityRun.id == run.id, ActivityRun.state == "reading")
            .values(state="released")
            .execution_options(synchronize_session=False)
        )
        if hits(changed) != 1:
            raise Stale(_("Somebody else moved on. Here is the present state."))
    _keep(session, run.id, reading, version)
    _note(session, live.id, today, who, "show")
    return approved


def pass_over(house: House, run_id: str) -> None:
    """Release a parking lot that nobody looked at before the end without showing any of it.

    Its texts are hidden like others: those who moderate can still read them, and bring them back until the freeze.
    """
    with house.database.transaction() as session:
        run, row = session.get(ActivityRun, run_id), session.get(ReadingRow, run_id)
        if run is None or row is None or run.state != "reading":
            return
        reading = Reading.load(row.body)
        reading.finish(_cards(session, run_id))
        row.body, row.version, run.state = reading.dump(), row.version + 1, "released"
        notify(session, run.live_id)


def require_read(session: Session, live: LiveSession) -> None:
    """Raise WorkshopError while texts of the question in front are still read."""
    here = run_of(session, live, live.at)
    if here is not None and here.state == "reading":
        raise WorkshopError(_("Texts are still being read through. Show them to the room first."), status=409)


def _show_move(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Show what is approved, by the console's own button."""
    _show(session, live, live.at or "", "", house.clock().date())
    return {}


MOVES = {"show_read": _show_move}


@dataclass(frozen=True)
class Queue:
    """How far the reading of the question in front is, for those who may read it."""

    waiting: int
    approved: int
    closed: bool


def queue(session: Session, live: LiveSession) -> Queue | None:
    """Return how many texts wait to be read before the room sees them; None where nothing is read first."""
    run = moderated(session, live, live.at)
    if run is None:
        return None
    texts = texts_of(session, run, guide_of(live).activity(run.activity_id).kind)
    if not texts.reading.queue:
        return None
    known = texts.sent
    return Queue(len(texts.reading.waiting(known)), len(texts.reading.approved(known)), run.state != "open")


# -- the log


@dataclass(frozen=True)
class Entry:
    """What one member of staff did on one day, how often. `who` is empty for whoever steered then."""

    made_on: date
    who: str
    what: str
    times: int


def _note(session: Session, live_id: str, today: date, who: str, what: str) -> None:
    key = (live_id, today, who[:120], what)
    row = session.get(ModerationDay, key, populate_existing=True)
    if row is None:
        session.add(ModerationDay(live_id=live_id, made_on=today, who=who[:120], what=what, times=1))
        session.flush()
        return
    session.execute(
        update(ModerationDay)
        .where(
            ModerationDay.live_id == live_id,
            ModerationDay.made_on == today,
            ModerationDay.who == row.who,
            ModerationDay.what == what,
        )
        .values(times=ModerationDay.times + 1)
        .execution_options(synchronize_session=False)
    )


def log(session: Session, live_id: str) -> tuple[Entry, ...]:
    """Return who did what on which day, by day, name and deed: no text, no question, no order within the day."""
    rows = session.scalars(select(ModerationDay).where(ModerationDay.live_id == live_id))
    found = [Entry(row.made_on, row.who, row.what, row.times) for row in rows]
    return tuple(sorted(found, key=lambda entry: (entry.made_on, entry.who, entry.what)))


# -- what becomes of it


def hold(session: Session, live_id: str) -> None:
    """Let no decision of this session land before this transaction ends: the freeze reads them and carries them out."""
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id)
    session.execute(select(ReadingRow.run_id).where(ReadingRow.run_id.in_(runs)).with_for_update()).all()


def settle(session: Session, live_id: str, gone: Collection[str]) -> None:
    """Carry out at the freeze what was decided: hidden texts are deleted, masked ones rewritten, the way back is gone.

    `gone` are cards that their authors took back: for them the next one behind stands (`readings.Reading.front`).
    """
    live = get(session, live_id)
    guide = guide_of(live)
    for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live_id)):
        row = session.get(ReadingRow, run.id)
        if row is None:
            continue
        kind = guide.activity(run.activity_id).kind
        texts = texts_of(session, run, kind)
        if KINDS[kind].own_words:
            run.release = release(session, run, kind)
        else:
            standing = set(texts.standing(gone))
            unseen = [one for one in texts.sent if one not in standing and one not in gone]
            session.execute(delete(Card).where(Card.run_id == run.id, Card.id.in_(unseen)))
            for one in standing:
                if texts.reading.mark(one).mask:
                    session.execute(update(Card).where(Card.id == one).values(text=texts.shown(one)))
        session.delete(row)
    session.flush()
    erase(session)


def forget(session: Session, live_id: str) -> None:
    """Delete every reading and the log of a session."""
    runs = select(ActivityRun.id).where(ActivityRun.live_id == live_id)
    session.execute(delete(ReadingRow).where(ReadingRow.run_id.in_(runs)))
    session.execute(delete(ModerationDay).where(ModerationDay.live_id == live_id))
    erase(session)
