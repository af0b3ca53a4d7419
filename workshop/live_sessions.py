"""One live session from the lobby to its end: the only writer of live state.

Lives here: create, join, the moves of a facilitator, and timers. Every move is
a compare-and-set on the session's version (`live_state.py`): of two people who
press at once one wins, and the other sees the new state. Not here: what closing
does to the answers (`seals.py`), what an audience sees (`screens.py`), what an
answer is (`answers.py`), who may press (the caller passes the role).

A file of this length because the journey of a session is one thought.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import (
    actions,
    anonymity,
    breakout_moves,
    moderation,
    parking,
    questions,
    rehearsals,
    run_of_show,
    seals,
    sources,
    tickets,
)
from .activities import KINDS
from .db import notify
from .errors import Forbidden, NotFound, Stale, WorkshopError
from .guides import schema
from .house import House
from .live_state import NO_TIMER, change, hits
from .live_state import get as get
from .live_state import guide_of as guide_of
from .live_state import language_of as language_of
from .live_state import run_of as run_of
from .models import Account, ActivityRun, Guide, LiveSession, SessionRole
from .signals import LEAST
from .words import _

LONGEST_TIMER = 8 * 3600
LONGEST_BREAK = 4 * 60
LARGEST_GROUP = 10_000


@dataclass(frozen=True)
class NewSession:
    """What the create page asks for. Floors may only be lowered to 3 (room) and 5 (words)."""

    guide_id: str
    title: str
    team: str
    language: str
    expected: int
    leader: str
    leader_is_manager: bool
    room_floor: int = anonymity.ROOM_FLOOR
    words_floor: int = anonymity.WORDS_FLOOR
    moderation: bool = False
    facilitator_words: bool = False
    freeze_after_minutes: int = 15
    keep_days: int = 90
    rehearsal: bool = False
    simulated: int = 0
    tickets: bool = False
    parking: bool = False  # a parking lot on every step, also where the guide has none
    planned_for: datetime | None = None


# -- before the session


def create(house: House, actor: Account, new: NewSession) -> str:
    """Make a live session in its lobby, with a frozen copy of its guide; return its id."""
    _check(new)
    for attempt in range(20):
        try:
            with house.database.transaction() as session:
                guide = session.get(Guide, new.guide_id)
                if guide is None or guide.archived:
                    raise NotFound(_("This guide no longer exists. Choose another one."))
                if new.language not in schema.parse(guide.source, guide.slug).languages:
                    raise WorkshopError(_("This guide is not available in that language."))
                source = parking.with_lot(guide.source) if new.parking else guide.source
                live = _fresh(house, new, source, actor.id)
                session.add(live)
                session.flush()
                session.add(SessionRole(live_id=live.id, account_id=actor.id, role="run"))
                session.flush()
                actions.carry(session, live, actor.id)
                return live.id
        except IntegrityError:
            if attempt == 19:
                raise
    raise AssertionError("unreachable")


def _fresh(house: House, new: NewSession, source: str, creator: str | None) -> LiveSession:
    return LiveSession(
        id=anonymity.new_id(),
        code=anonymity.new_code(),
        join_token=anonymity.new_id(),
        stage_token=anonymity.new_id(),
        rehearsal=new.rehearsal,
        simulated=new.simulated if new.rehearsal else 0,
        tickets=new.tickets and not new.rehearsal,
        slips=0,
        guide_id=new.guide_id,
        guide_source=source,
        title=new.title,
        team=new.team,
        language=new.language,
        expected=new.expected,
        room_floor=new.room_floor,
        words_floor=new.words_floor,
        leader=new.leader,
        leader_is_manager=new.leader_is_manager,
        moderation=new.moderation,
        facilitator_words=new.facilitator_words,
        freeze_after_minutes=new.freeze_after_minutes,
        keep_days=new.keep_days,
        created_by=creator,
        created_on=house.clock().date(),
        planned_for=new.planned_for,
        phase="lobby",
        version=1,
        joined=0,
        door_open=True,
        blank=False,
        timer_closes=False,
    )


def _check(new: NewSession) -> None:
    low, words = anonymity.LOWEST_ROOM_FLOOR, anonymity.LOWEST_WORDS_FLOOR
    if not new.title.strip():
        raise WorkshopError(_("Enter a title."))
    if not new.leader.strip():
        raise WorkshopError(_("Enter who leads. Every phone says it."))
    if not low <= new.room_floor <= LARGEST_GROUP:
        raise WorkshopError(_("The room's floor is at least %(low)s people.", low=low))
    if not words <= new.words_floor <= LARGEST_GROUP:
        raise WorkshopError(_("The floor for printed words is at least %(low)s people.", low=words))
    if not 1 <= new.expected <= LARGEST_GROUP:
        raise WorkshopError(_("Enter how many people you expect, from 1 to %(most)s.", most=LARGEST_GROUP))
    if not 0 <= new.freeze_after_minutes <= 72 * 60:
        raise WorkshopError(_("The wait before the report is fixed is 0 to 72 hours."))
    if not 1 <= new.keep_days <= 365:
        raise WorkshopError(_("The results of a session are kept for 1 to 365 days."))


def _copy_of(live: LiveSession, **changes: Any) -> NewSession:
    new = NewSession(
        guide_id=live.guide_id or "",
        title=live.title,
        team=live.team,
        language=live.language,
        expected=live.expected,
        leader=live.leader,
        leader_is_manager=live.leader_is_manager,
        room_floor=live.room_floor,
        words_floor=live.words_floor,
        moderation=live.moderation,
        facilitator_words=live.facilitator_words,
        freeze_after_minutes=live.freeze_after_minutes,
        keep_days=live.keep_days,
        rehearsal=live.rehearsal,
        simulated=live.simulated,
        tickets=live.tickets,
        planned_for=live.planned_for,
    )
    new = replace(new, **changes)
    _check(new)
    return new


def restart_with_floors(
    house: House, actor: Account, live_id: str, room_floor: int, words_floor: int, read_first: bool | None = None
) -> str:
    """Move a lobby over to a new session with other floors, or (un)moderated; return its id.

    Floors never change under people who have joined (promise 3). The code, the
    QR and the stage link move along; every phone is shown the new sentence and
    asked again.
    """
    with house.database.transaction() as session:
        live = get(session, live_id)
        read_first = live.moderation if read_first is None else read_first
        new = _copy_of(live, room_floor=room_floor, words_floor=words_floor, moderation=read_first)
        code, join_token, stage_token = live.code, live.join_token, live.stage_token
        changed = session.execute(
            update(LiveSession)
            .where(LiveSession.id == live_id, LiveSession.phase == "lobby")
            .values(
                phase="moved",
                version=LiveSession.version + 1,
                code=None,
                join_token=anonymity.new_id(),
                stage_token=None,
                door_open=False,
            )
        )
        if hits(changed) != 1:
            raise WorkshopError(_("The session has started. Its floors stay as every phone was told."), status=409)
        fresh = _fresh(house, new, live.guide_source, live.created_by)
        fresh.guide_id = live.guide_id
        fresh.code, fresh.join_token, fresh.stage_token = code, join_token, stage_token
        session.add(fresh)
        session.flush()
        for role in session.scalars(select(SessionRole).where(SessionRole.live_id == live_id)):
            session.add(SessionRole(live_id=fresh.id, account_id=role.account_id, role=role.role))
        session.execute(update(LiveSession).where(LiveSession.id == live_id).values(moved_to=fresh.id))
        session.flush()
        actions.carry(session, fresh, actor.id)
        notify(session, live_id)
        fresh.slips = live.slips
        fresh_id = fresh.id
    tickets.carry(house, live_id, fresh_id)
    return fresh_id


def rehearse(house: House, actor: Account, live_id: str, simulated: int = 0) -> str:
    """Make a rehearsal of a session: same guide and settings, nothing of it shown, frozen or kept."""
    with house.database.transaction() as session:
        live = get(session, live_id)
        new = _copy_of(live, rehearsal=True, planned_for=None, simulated=rehearsals.checked(simulated))
        fresh = _fresh(house, new, live.guide_source, actor.id)
        fresh.guide_id = live.guide_id
        session.add(fresh)
        session.flush()
        session.add(SessionRole(live_id=fresh.id, account_id=actor.id, role="run"))
        return fresh.id


# -- joining


def find_by_code(session: Session, code: str) -> LiveSession:
    """Return the session behind a join code; one message for wrong, expired and closed."""
    wanted = "".join(code.split()).replace("-", "").upper()
    live = session.scalar(select(LiveSession).where(LiveSession.code == wanted)) if wanted else None
    return _at_the_door(live)


def find_by_join_token(session: Session, token: str) -> LiveSession:
    """Return the session behind a QR link; one message for wrong, expired and closed."""
    return _at_the_door(session.scalar(select(LiveSession).where(LiveSession.join_token == token)))


def _at_the_door(live: LiveSession | None) -> LiveSession:
    if live is None or not live.door_open or live.phase not in ("lobby", "running"):
        raise NotFound(_("This code does not open a session. Check it with the person who leads."), code="no_session")
    return live


def join(house: House, live_id: str, seat: str | None, slip: str = "") -> str:
    """Give a phone a seat and return its cookie value; a valid seat is returned as it is.

    The joined total only grows and is all that is kept (promise 13). Raises
    `NotFound` at a closed door, `tickets.SlipNeeded` where the session opens
    with a `slip` alone, and `WorkshopError` when the room is full.
    """
    key = house.seat_key
    if anonymity.read_seat(key, live_id, seat) is not None:
        return str(seat)
    with house.database.transaction() as session:
        needs_slip = _at_the_door(get(session, live_id)).tickets
    if needs_slip:  # in the box, so not inside a transaction; whoever is not let in after all gets it back
        tickets.spend(house, live_id, slip)
    try:
        with house.database.transaction() as session:
            _at_the_door(get(session, live_id))
            changed = session.execute(
                update(LiveSession)
                .where(
                    LiveSession.id == live_id,
                    LiveSession.joined < house.settings.max_phones,
                    LiveSession.tickets.is_(needs_slip),
                )
                .values(joined=LiveSession.joined + 1)
            )
            if hits(changed) != 1:
                raise WorkshopError(_("The room is full. Ask the person who leads."), code="full", status=503)
    except BaseException:
        if needs_slip:
            tickets.give_back(house, live_id, slip)
        raise
    house.database.announce(live_id)  # only a total has grown: what is at hand of the session stays true
    return anonymity.seat_value(key, live_id, anonymity.new_secret())


# -- the facilitator's moves


def move(house: House, role: str, live_id: str, command: str, argument: str, version: int) -> int:
    """Carry out one move of a facilitator and return the new version.

    `role` is the presser's role in this session, `version` the one their screen
    showed. Raises `Forbidden` for any role but "run", `Stale` when somebody was
    faster, `WorkshopError` for a move that does not fit the present state.
    """
    if role != "run":
        raise Forbidden(_("You watch this session. Only those who run it can do that."))
    handler = _MOVES.get(command)
    if handler is None:
        raise WorkshopError(_("There is no such move."), code="unknown_move")
    admits = command == "open" or (command == "start" and _has_a_lot(house, live_id))
    if command == "open":
        _check_version(house, live_id, version)
    if admits:
        # The gate first: a phone must never be told of a question that refuses its answer.
        argument = anonymity.new_id()
        house.boxes.box(live_id).admit(argument)
    try:
        if command == "end":
            version = parking.close_all(house, live_id, version)
        if command == "close":
            return _close_by_hand(house, live_id, version)
        with house.database.transaction() as session:
            live = get(session, live_id)
            if live.version != version:
                raise Stale(_("Somebody else moved on. Here is the present state."))
            change(session, live, handler(house, session, live, argument))
    except (IntegrityError, WorkshopError) as error:
        if admits:
            house.boxes.box(live_id).forget(argument)
        if isinstance(error, WorkshopError) and not _has_moved(house, live_id, version):
            raise
        # Whoever was faster may have done so between two looks: the loser is shown the new state, not told off.
        raise Stale(_("Somebody else moved on. Here is the present state.")) from error
    if command == "end":
        house.boxes.discard(live_id)
        with house.database.transaction() as session:
            if get(session, live_id).rehearsal:
                rehearsals.forget(session, live_id)
        house.signals.forget(live_id)
        house.done.forget(live_id)
        house.desks.forget(live_id)
    return version + 1


def _has_a_lot(house: House, live_id: str) -> bool:
    with house.database.transaction() as session:
        return parking.in_guide(guide_of(get(session, live_id))) is not None


def _has_moved(house: House, live_id: str, version: int) -> bool:
    with house.database.transaction() as session:
        return get(session, live_id).version != version


def _check_version(house: House, live_id: str, version: int) -> None:
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.version != version:
            raise Stale(_("Somebody else moved on. Here is the present state."))
        _require_running(live)


def _require_running(live: LiveSession) -> None:
    if live.phase != "running":
        raise WorkshopError(_("The session is not running."), status=409)


def _require_no_break(live: LiveSession) -> None:
    if live.break_until is not None:
        raise WorkshopError(_("The room is on a break. Press Go on first."), status=409)


def _require_nothing_open(session: Session, live: LiveSession) -> None:
    moderation.require_read(session, live)
    if parking.busy(session, live):
        raise WorkshopError(_("A question is still open. Close it first, then move on."), status=409)


def _go(house: House, session: Session, live: LiveSession, activity_id: str) -> dict[str, Any]:
    _require_no_break(live)
    _require_nothing_open(session, live)
    guide = guide_of(live)
    values: dict[str, Any] = {"at": activity_id, "blank": False, **NO_TIMER}
    if live.at is None or guide.step_of(live.at).id != guide.step_of(activity_id).id:
        values["step_started_at"] = house.clock()
    return values


def _start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase != "lobby":
        raise WorkshopError(_("The session has started already."), status=409)
    first = guide_of(live).activities[0].id
    now = house.clock()
    parking.begin(session, live, argument)
    return {"phase": "running", "at": first, "started_at": now, "step_started_at": now}


def _open(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    _require_no_break(live)
    activity = guide_of(live).activity(live.at or "")
    if not KINDS[activity.kind].asks:
        raise WorkshopError(_("There is nothing to open here. Go to the next one."), status=409)
    if run_of(session, live, live.at) is not None:
        raise WorkshopError(_("This question was asked already and stays closed."), status=409)
    ordinal = session.scalar(select(func.count()).select_from(ActivityRun).where(ActivityRun.live_id == live.id))
    run = ActivityRun(
        id=argument, live_id=live.id, activity_id=activity.id, ordinal=int(ordinal or 0), state="open", batch=0
    )
    session.add(run)
    session.flush()
    return {
        "blank": False,
        **breakout_moves.opened(house, session, live, activity),
        **sources.take(session, live, activity),
    }


def _beside(live: LiveSession, step: int) -> str:
    ids = [activity.id for activity in guide_of(live).activities]
    index = ids.index(live.at or ids[0]) + step
    if index < 0:
        raise WorkshopError(_("This is the first one."), status=409)
    if index >= len(ids):
        raise WorkshopError(_("This is the last one. You can end the session."), status=409)
    return ids[index]


def _next(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    return _go(house, session, live, _beside(live, +1))


def _back(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    return _go(house, session, live, _beside(live, -1))


def _jump(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    if argument not in {activity.id for activity in guide_of(live).activities}:
        raise WorkshopError(_("There is no such place in this guide."))
    return _go(house, session, live, argument)


def _end(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase not in ("lobby", "running"):
        raise WorkshopError(_("The session has ended already."), status=409)
    _require_nothing_open(session, live)
    return {
        "phase": "ended",
        "ended_at": house.clock(),
        "door_open": False,
        "code": None,
        "blank": False,
        "eyes_up": False,
        **_no_break(house, live),
        **NO_TIMER,
    }


def _door(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if live.phase not in ("lobby", "running"):
        raise WorkshopError(_("The session has ended."), status=409)
    if argument == "open":
        return {"door_open": True, "code": live.code or anonymity.new_code()}
    return {"door_open": False, "code": None}


def _stage_link(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"stage_token": None if argument == "revoke" else anonymity.new_id()}


def _blank(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"blank": argument == "on"}


# -- the room's attention


def _eyes_up(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    return {"eyes_up": argument == "on"}


def _break_start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    """Let the room rest: the question stays as it is and a running timer waits."""
    _require_running(live)
    _require_no_break(live)
    if not argument.isdecimal() or not 1 <= int(argument[:6]) <= LONGEST_BREAK:
        raise WorkshopError(_("A break lasts from one minute to four hours."))
    now = house.clock()
    running = live.timer_ends_at is not None and bool(timer_left(live, now))
    hold = {"timer_ends_at": None, "timer_left": timer_left(live, now)} if running else {}
    return {
        "break_started_at": now,
        "break_until": now + timedelta(minutes=int(argument)),
        "break_held_timer": running,
        "eyes_up": False,
        "blank": False,
        **hold,
    }


def _break_end(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    if live.break_until is None:
        raise WorkshopError(_("There is no break to end."), status=409)
    timer = _timer_resume(house, session, live, "") if live.break_held_timer and live.timer_left is not None else {}
    return {**_no_break(house, live), **timer}


def _no_break(house: House, live: LiveSession) -> dict[str, Any]:
    return {
        "break_started_at": None,
        "break_until": None,
        "break_held_timer": False,
        "break_seconds": round(rested(live, house.clock())),
    }


def rested(live: LiveSession, now: datetime) -> float:
    """Return how many seconds of this session were breaks, a running one included."""
    if live.break_started_at is None:
        return live.break_seconds
    return live.break_seconds + max(0.0, (now - _aware(live.break_started_at)).total_seconds())


def break_left(live: LiveSession, now: datetime) -> int | None:
    """Return the seconds until the room comes back, 0 when it is time, None without a break."""
    return None if live.break_until is None else max(0, round((_aware(live.break_until) - now).total_seconds()))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _where_found(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return {"where_found": " ".join(argument.split())[:120]}


def _heard(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    house.signals.heard(live.id)
    return {}


def signal(house: House, live_id: str, secret: bytes, what: str) -> str:
    """Take a phone's private signal ("word", "slower", "faster") and return the calm note that answers it."""
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.phase not in ("lobby", "running"):
            raise WorkshopError(_("The session has ended."), status=409)
        leader, place, here, least = live.leader, live.where_found, live.at or "", max(LEAST, live.room_floor)
        busy = what == "done" and may_be_done(session, live)
    if what == "done":
        if not busy:
            raise WorkshopError(_("There is nothing to finish right now."), status=409)
        house.done.say(live_id, here, secret)
        return _(
            "Noted. %(leader)s reads a number without names, once at least %(least)s are done.",
            leader=leader,
            least=least,
        )
    if what in ("slower", "faster"):
        house.signals.pace(live_id, secret, what)
        return _("Noted. It counts once at least five phones have said something.")
    if what != "word":
        raise WorkshopError(_("Choose what you would like to say."))
    house.signals.word(live_id, secret)
    note = [_("It is on its way, without your name. %(leader)s reads it in a minute or two.", leader=leader)]
    if place:
        note.append(_("You find %(leader)s here: %(place)s.", leader=leader, place=place))
    else:
        note.append(_("You can speak to %(leader)s in the next break, or leave the room for a while.", leader=leader))
    if house.settings.support_contacts:
        note.append(_("You can also turn to: %(contacts)s", contacts=house.settings.support_contacts))
    return " ".join(note)


def may_be_done(session: Session, live: LiveSession) -> bool:
    """Return whether phones can say that they are done: while people read, write or talk, and nobody waits for a vote."""
    if live.phase != "running" or live.at is None:
        return False
    kind = KINDS[guide_of(live).activity(live.at).kind]
    if not kind.asks:
        return not kind.lists_actions
    run = run_of(session, live, live.at)
    return (kind.texts or kind.in_groups) and run is not None and run.state == "open"


# -- timers: `timer_ends_at` while running, `timer_left` while paused


def timer_left(live: LiveSession, now: datetime) -> int | None:
    """Return the seconds left on the timer, 0 when it is over, None when there is none."""
    if live.timer_ends_at is not None:
        ends = live.timer_ends_at if live.timer_ends_at.tzinfo else live.timer_ends_at.replace(tzinfo=now.tzinfo)
        return max(0, round((ends - now).total_seconds()))
    return live.timer_left


def _seconds(argument: str) -> int:
    try:
        seconds = int(argument)
    except ValueError:
        raise WorkshopError(_("Enter the time in whole seconds.")) from None
    if not 1 <= seconds <= LONGEST_TIMER:
        raise WorkshopError(_("A timer runs from one second to eight hours."))
    return seconds


def _timer_start(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    _require_no_break(live)
    seconds = _seconds(argument)
    ends = house.clock() + timedelta(seconds=seconds)
    return {"timer_ends_at": ends, "timer_left": None, "timer_total": seconds}


def _timer_add(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    _require_running(live)
    _require_no_break(live)
    seconds, now = _seconds(argument), house.clock()
    left = timer_left(live, now)
    if left is None:
        return _timer_start(house, session, live, argument)
    total = min((live.timer_total or 0) + seconds, LONGEST_TIMER)
    if live.timer_ends_at is None:
        return {"timer_left": min(left + seconds, LONGEST_TIMER), "timer_total": total}
    return {"timer_ends_at": now + timedelta(seconds=min(left + seconds, LONGEST_TIMER)), "timer_total": total}


def _timer_pause(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    left = timer_left(live, house.clock())
    if left is None:
        raise WorkshopError(_("No timer is running."), status=409)
    return {"timer_ends_at": None, "timer_left": left}


def _timer_resume(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    left = timer_left(live, house.clock())
    if left is None:
        raise WorkshopError(_("There is no timer to go on with."), status=409)
    return {"timer_ends_at": house.clock() + timedelta(seconds=left), "timer_left": None}


def _timer_reset(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    return dict(NO_TIMER)


def _timer_closes(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    if argument == "on" and breakout_moves.more_to_come(session, live):
        raise WorkshopError(_("When the time is up the groups go on to their next part."), status=409)
    return {"timer_closes": argument == "on"}


def _never(house: House, session: Session, live: LiveSession, argument: str) -> dict[str, Any]:
    raise AssertionError("close conducts two databases and has a path of its own")


_MOVES = {
    "start": _start,
    "open": _open,
    "close": _never,
    "next": _next,
    "back": _back,
    "jump": _jump,
    "end": _end,
    "door": _door,
    "stage_link": _stage_link,
    "blank": _blank,
    "eyes_up": _eyes_up,
    "break_start": _break_start,
    "break_end": _break_end,
    "where_found": _where_found,
    "heard": _heard,
    "timer_start": _timer_start,
    "timer_add": _timer_add,
    "timer_pause": _timer_pause,
    "timer_resume": _timer_resume,
    "timer_reset": _timer_reset,
    "timer_closes": _timer_closes,
    **questions.MOVES,
    **parking.MOVES,
    **breakout_moves.MOVES,
    **tickets.MOVES,
    **run_of_show.MOVES,
    **moderation.MOVES,
}


# -- closing


def _close_by_hand(house: House, live_id: str, version: int) -> int:
    with house.database.transaction() as session:
        live = get(session, live_id)
        if live.version != version:
            raise Stale(_("Somebody else moved on. Here is the present state."))
        _require_no_break(live)
        run = run_of(session, live, live.at)
        if run is None or run.state != "open":
            raise WorkshopError(_("No question is open here."), status=409)
        seals.begin_closing(session, live, run)
        run_id = run.id
    seals.seal(house, live_id, run_id)
    with house.database.transaction() as session:
        return get(session, live_id).version
