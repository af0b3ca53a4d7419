"""What a facilitator steers by, at a console and at its remote.

Lives here: the console's screen, which shows of results what the stage shows
(promise 8). Not here: its agenda (`agenda.py`) and its buttons (`next_moves.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from .. import (
    asked_twice,
    breakout_moves,
    live_state,
    moderation,
    paper_cards,
    parking,
    run_of_show,
    sources,
    themes,
    who_sees,
)
from ..guides.schema import Guide
from ..house import House
from ..models import LiveSession
from ..words import _
from . import on_stage
from .agenda import AgendaStep, agenda, behind, ends, shorten
from .next_moves import Move, breakouts_moves, reading_moves, usual_moves
from .on_stage import StageScreen

MODERATE = ("run", "moderate")
"""The parts in a session that read, hide and let out texts."""


@dataclass(frozen=True)
class ConsoleScreen:
    """What the facilitator steers by. Results in it are those of the stage (promise 8)."""

    live_id: str
    version: int
    phase: str
    role: str  # run | moderate | watch
    stage: StageScreen
    agenda: tuple[AgendaStep, ...]
    purpose: str = ""
    talk: str = ""
    notes: str = ""
    primary: Move | None = None
    secondary: tuple[Move, ...] = ()
    joined: int = 0
    answered: int = 0
    floor: int = 5
    hint: str = ""  # what to know before the primary move, such as "4 of the 5 needed so far"
    small_groups: int = 0  # breakouts of fewer than three people, whose card would not count
    eyes_up: bool = False
    behind_minutes: int | None = None  # positive: behind the plan
    ends: str = ""  # when the session ends as things stand, as HH:MM
    shorten: str = ""  # how to catch up, where that is worth a thought
    word: bool = False  # somebody would like a word; nobody knows who, nor when they pressed
    pace: str = ""  # which way most phones lean: slower | faster | mixed; empty: too few said so
    done: int = 0  # phones that said they are done, at least; 0: too few said so
    where_found: str = ""  # where the facilitator can be found in a break
    expected: int = 0
    leader: str = ""
    boards: int = 0  # grows with every change of a theme or of what is hidden, so that who works elsewhere hears of it
    moderates: str = ""  # the activity here whose texts this role can hide, mask and merge
    reading: moderation.Queue | None = None  # how far they are read, where that comes before the room
    moderated: tuple[moderation.Entry, ...] = ()  # who did what on which day, without any text
    unread_lot: str = ""  # ended: the parking lot of a session that is read first; nobody may have looked at it
    group: str = ""  # the activity here whose cards can be grouped
    grouped: bool = False  # somebody has begun
    takes: sources.Offer | None = None  # what the question here will ask about
    moved_url: str = ""  # moved: the console of the session that took over
    stage_url: str = ""  # empty: revoked
    stage_languages: tuple[str, ...] = ()  # the guide's others, in which a second stage can be opened
    here: tuple[str, ...] = ()  # who has a console open now; names of staff, never on a phone or the stage
    pressed: str = ""  # who made the last move
    lot: bool = False  # the session has a parking lot
    parked: tuple[parking.Entry, ...] = ()  # what was parked at the console
    paper: bool = False  # the open question takes paper
    paper_hint: str = ""  # how much paper is typed in
    slips: int = 0
    promise: tuple[str, ...] = ()


def console(session: Session, live: LiveSession, role: str, house: House) -> ConsoleScreen:
    """Return what the facilitator steers by."""
    guide = live_state.guide_of(live)
    shown = on_stage.stage(session, live, house)
    step = guide.step_of(live.at) if live.at else None
    moved = session.get(LiveSession, live.moved_to) if live.moved_to else None
    sheets = _sheets(house, live, shown)
    waits = role == "run" and shown.activity is not None and shown.activity.phase == "waiting"
    twice = asked_twice.twice(session, live) if waits else None
    primary, secondary, hint = usual_moves(live, guide, shown, sheets, twice) if role == "run" else (None, (), "")
    small_groups = 0
    if role == "run" and shown.activity and shown.activity.breakout and shown.activity.run_id and shown.pause is None:
        primary, secondary, hint = breakouts_moves(house, live, shown.activity, primary, secondary, hint)
        small_groups = breakout_moves.small(house, live, shown.activity.run_id) if shown.activity.phase == "open" else 0
    if role == "run" and shown.pause is None and run_of_show.may_repeat(session, live):
        secondary = (Move("repeat", _("Ask again")), *secondary)
    item = guide.activity(live.at) if live.at and live.phase == "running" else None
    reading = moderation.queue(session, live) if role in MODERATE else None
    if role == "run" and reading is not None and shown.pause is None:
        primary, secondary, hint = reading_moves(reading, primary, secondary, hint)
    return ConsoleScreen(
        live_id=live.id,
        version=live.version,
        phase=live.phase,
        role=role,
        stage=shown,
        agenda=agenda(session, live, guide, house.clock()),
        purpose=step.purpose if step else "",
        talk=step.talk if step else "",
        notes=step.notes if step else "",
        primary=primary,
        secondary=secondary,
        joined=live.joined,
        answered=shown.answered,
        floor=live.room_floor,
        hint=hint,
        small_groups=small_groups,
        eyes_up=live.eyes_up,
        behind_minutes=(late := behind(live, guide, house.clock())),
        ends=ends(live, guide, house.clock(), late),
        shorten=shorten(live, guide, late),
        word=role == "run" and house.signals.word_waits(live.id),
        pace=house.signals.dial(live.id, live.room_floor) if role == "run" else "",
        done=house.done.count(live.id, live.at or "", live.room_floor) if role == "run" else 0,
        where_found=live.where_found,
        expected=live.expected,
        leader=live.leader,
        boards=themes.count(session, live.id) + moderation.count(session, live.id),
        moderates=item.id if item and role in MODERATE and moderation.moderated(session, live, item.id) else "",
        reading=reading,
        moderated=moderation.log(session, live.id) if role in MODERATE else (),
        unread_lot=_unread_lot(session, live, guide) if role in MODERATE else "",
        group=item.id if item and themes.released(session, live, item.id) else "",
        grouped=bool(shown.activity and shown.activity.themes),
        takes=sources.offer(session, live, item)
        if item and shown.activity and shown.activity.phase == "waiting"
        else None,
        moved_url=f"/staff/sessions/{moved.id}/" if moved else "",
        stage_url=f"/stage/{live.stage_token}" if live.stage_token else "",
        stage_languages=tuple(name for name in guide.languages if name != guide.language),
        here=house.desks.here(live.id),
        pressed=house.desks.last(live.id),
        paper=role == "run" and not live.rehearsal and _takes_paper(live, guide, shown),
        paper_hint=paper_cards.hint(sheets, live.room_floor),
        lot=role == "run" and live.phase == "running" and parking.in_guide(guide) is not None,
        parked=parking.staff_entries(session, live) if role == "run" else (),
        slips=live.slips,
        promise=who_sees.promise(live),
    )


def _sheets(house: House, live: LiveSession, shown: StageScreen) -> int:
    """Return how many paper sheets are typed in for the open question."""
    item = shown.activity
    return house.boxes.box(live.id).sheets(item.run_id) if item and item.run_id and item.phase == "open" else 0


def _takes_paper(live: LiveSession, guide: Guide, shown: StageScreen) -> bool:
    item = shown.activity
    return item is not None and item.phase == "open" and paper_cards.takes(guide.activity(item.id))


def _unread_lot(session: Session, live: LiveSession, guide: Guide) -> str:
    lot = parking.in_guide(guide) if live.moderation and live.phase == "ended" else None
    return lot.id if lot is not None and moderation.moderated(session, live, lot.id) else ""
