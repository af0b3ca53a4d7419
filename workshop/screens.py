"""What each audience may see now. Nothing else decides visibility.

Lives here: the screens as plain data, and the functions that read them from the
present state. First paint, reconnect and push all call these. Not here: HTML
(`fragments.py`), sending (`realtime/`), and any decision about moving on
(`live_sessions.py`).

A file of this length so that every decision about visibility can be read in one
place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import (
    actions,
    anonymity,
    breakout_moves,
    breakouts,
    live_sessions,
    live_state,
    moderation,
    paper_cards,
    parking,
    questions,
    rounds,
    run_of_show,
    sources,
    themes,
    who_sees,
)
from .actions import ActionLine
from .activities import KINDS
from .breakouts import BreakoutScreen
from .guides.schema import Activity, Guide, Step
from .house import House
from .models import ActivityRun, CheckIn, FollowUp, LiveSession
from .questions import Question
from .rounds import Beside
from .words import _, clock


@dataclass(frozen=True)
class TimerScreen:
    """A timer at the moment of drawing. `left` and `total` are seconds; clients count down from arrival."""

    left: int
    total: int
    running: bool
    closes: bool


@dataclass(frozen=True)
class BreakScreen:
    """A break: `back` is this server's local time of day as HH:MM, `left` the seconds until then."""

    back: str
    left: int


@dataclass(frozen=True)
class CardScreen:
    """A released card as the room sees it; `like` are the texts of cards that say the same, behind it."""

    id: str
    text: str
    like: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThemeScreen:
    """A named group of cards; one without a name holds those that are in none yet."""

    id: str
    name: str
    cards: tuple[CardScreen, ...]


@dataclass(frozen=True)
class ActivityScreen:
    """One activity as an audience may see it now.

    `phase`: "waiting" (not asked yet), "open", "closing", "reading" (closed, and
    read by those who moderate before the room sees it), "released", "too_few"
    (closed below the floor: nothing to see, ever).
    `result` is the kind's aggregate and `cards` the released texts; both stay
    empty before the release, for every audience (promise 1).
    `seen_by` is the sentence beside the field (promise 17).
    """

    id: str
    kind: str
    prompt: str
    help: str
    config: Any
    phase: str
    asks: bool
    run_id: str | None = None
    rolling: bool = False
    for_manager: bool = False
    result: Any = None
    cards: tuple[CardScreen, ...] = ()
    themes: tuple[ThemeScreen, ...] = ()  # the same cards as somebody has grouped them; empty: nobody has
    questions: tuple[Question, ...] = ()  # the same cards as a list with votes and marks, where people vote on them
    asking: bool = True  # False: no more questions from the room, votes alone
    again: Beside | None = None  # a second round beside the first
    breakout: BreakoutScreen | None = None  # how the groups stand, where a card speaks for one
    people: str = ""  # how many answered, as far as it may be said: "5 to 9", "12"
    emptied: bool = False  # there was something to see, and those who moderate hid all of it
    made_up: bool = False  # rehearsal: the result is an example, not what phones sent
    paper: str = ""  # "beside": answers on paper are shown with the phones'; "alone": only they met the floor
    paper_result: Any = None  # theirs, beside the phones': never one count over both
    paper_people: str = ""
    seen_by: str = ""
    bucket: int = 2048  # bytes; every answer and every pass is padded to this
    finishes: bool = False  # phones can say that they are done
    private: bool = False  # a page under My notes: filled in on the phone and never sent (promise 15)
    actions: tuple[ActionLine, ...] = ()  # what the group agreed to do, where the kind shows it
    all_along: bool = False  # a parking lot: open on every step
    parked: tuple[parking.Entry, ...] = ()  # what may be seen of it: the facilitator's entries at any time


@dataclass(frozen=True)
class PhoneScreen:
    """What every phone of a live session sees; nothing in it differs between phones.

    `key` names the place: a phone replaces its field only when it changes, so
    nothing typed is ever lost to a push.
    """

    live_id: str
    key: str
    phase: str  # lobby | running | ended | moved
    title: str
    language: str
    rehearsal: bool
    step_title: str = ""
    instruction: str = ""
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None
    eyes_up: bool = False  # the phone rests over what is typed on it
    pause: BreakScreen | None = None
    promise: tuple[str, ...] = ()  # who sees what and when, one sentence each
    unprotected: tuple[str, ...] = ()  # what is not protected
    moved_url: str = ""
    freeze_at: str = ""  # ended: when the report is fixed, as a local time
    asks: bool = True  # False: the guide has private pages alone, so there are no results and no report
    again_url: str = ""  # ended: where the check-ins are asked, weeks later
    again_on: date | None = None  # the first day of the next one
    notes: bool = False  # the guide has pages that each phone keeps for itself
    lot: ActivityScreen | None = None  # the parking lot, as long as the session has one to come
    lot_open: bool = False  # it takes thoughts now, beside whatever else is on


@dataclass(frozen=True)
class StageScreen:
    """What the projector shows; nothing private is on it."""

    live_id: str
    key: str
    phase: str
    title: str
    team: str
    language: str
    rehearsal: bool
    blank: bool = False
    code: str = ""
    join_url: str = ""  # what the QR holds
    join_host: str = ""  # what a person types
    tickets: bool = False  # each phone needs a slip
    door_open: bool = True
    joined: int = 0
    answered: int = 0
    step_title: str = ""
    step_number: int = 0
    step_count: int = 0
    activity: ActivityScreen | None = None
    timer: TimerScreen | None = None
    pause: BreakScreen | None = None


@dataclass(frozen=True)
class AgendaStop:
    """One activity in the console's agenda. `state`: "to come", "open", "done", "too few"."""

    id: str
    kind: str
    label: str
    prompt: str
    state: str
    here: bool
    added: bool = False  # put in while the session ran


@dataclass(frozen=True)
class AgendaStep:
    """One step in the console's agenda; `starts` is the planned clock time as HH:MM."""

    id: str
    title: str
    minutes: int
    starts: str
    here: bool
    stops: tuple[AgendaStop, ...]


@dataclass(frozen=True)
class Move:
    """A button of the console: `command` is sent with the version that this screen shows."""

    command: str  # start | open | close | next | back | jump | end | timer.* | door | blank
    label: str
    argument: str = ""
    ask: str = ""  # a question to confirm first; empty: none


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


# -- reading the present state


def timer(live: LiveSession, now: datetime) -> TimerScreen | None:
    """Return the timer as it stands, None when there is none."""
    left = live_sessions.timer_left(live, now)
    if left is None:
        return None
    return TimerScreen(left, live.timer_total or left, live.timer_ends_at is not None, live.timer_closes)


def pause(live: LiveSession, now: datetime) -> BreakScreen | None:
    """Return the break the room is on, None while there is none."""
    left = live_sessions.break_left(live, now)
    if left is None or live.break_until is None or live.phase != "running":
        return None
    return BreakScreen(local_clock(live.break_until), left)


def _phase(run: ActivityRun | None, asks: bool) -> str:
    if not asks:
        return "released"
    if run is None:
        return "waiting"
    if run.state == "open":
        return "open"
    if run.state != "released":
        return "reading" if run.state == "reading" else "closing"
    return "too_few" if (run.release or {}).get("too_few") else "released"


def people_text(release: dict[str, Any], room_floor: int) -> str:
    """Return how many gave an answer, as far as it may be said (promise 10)."""
    people = release.get("people")
    if people is not None:
        return str(people)
    if release.get("in_groups"):  # how many would tell which group said nothing
        return ""
    most = anonymity.EXACT_FROM - 1
    return str(most) if room_floor >= most else _("%(low)s to %(high)s", low=room_floor, high=most)


def activity(session: Session, live: LiveSession, item: Activity, run: ActivityRun | None) -> ActivityScreen:
    """Return one activity as every audience may see it now.

    This is where the contract is kept on the way out: no result and no card
    before the run is released (promise 1), a rolling one only in whole batches
    (promise 2), nothing at all below the floor (promise 3), and the same for
    every role (promise 8).
    """
    kind = KINDS[item.kind]
    phase = _phase(run, kind.asks)
    release = moderation.release(session, run, item.kind) if run is not None else {}
    shown = phase == "released" or (phase in ("open", "reading") and item.release == "rolling")
    result = cards = None
    if shown and release and not release.get("too_few"):
        result = kind.load(release["result"])
        if kind.texts and run is not None:
            cards = tuple(CardScreen(id, text) for id, text in moderation.cards(session, run.id))
        if phase == "reading":  # what the room had seen before the close, and no vote
            result = kind.aggregate(item.config, []) if kind.takes_votes else result
        if phase != "released" and not cards and not kind.words(result):
            result = cards = None
    emptied = result is not None and (bool(release.get("emptied")) or (kind.texts and not cards))
    return ActivityScreen(
        id=item.id,
        kind=item.kind,
        prompt=item.prompt,
        help=item.help,
        config=item.config,
        phase=phase,
        asks=kind.asks,
        run_id=run.id if run else None,
        rolling=item.release == "rolling",
        for_manager=item.for_ == "manager",
        result=result,
        cards=cards or (),
        questions=questions.shown(session, run, [(card.id, card.text) for card in cards], result)
        if cards and run is not None and kind.takes_votes
        else (),
        asking=not kind.takes_votes or questions.asking(session, run),
        again=rounds.beside(session, live, item, run) if result is not None and run is not None else None,
        themes=_themes(session, run, cards) if cards and run is not None and phase == "released" else (),
        people=people_text(release, live.room_floor) if result is not None else "",
        **_paper(live, item, release if result is not None else {}),
        made_up=bool(release.get("made_up")) and result is not None,
        emptied=emptied,
        seen_by=who_sees.seen_by(
            live,
            texts=kind.texts,
            rolling=item.release == "rolling",
            for_manager=item.for_ == "manager",
            own_words=kind.own_words,
            in_groups=kind.in_groups,
            all_along=kind.all_along,
        )
        if kind.asks
        else "",
        bucket=bucket(item),
        breakout=breakouts.screen(session, live, item),
        finishes=live.at == item.id and live_sessions.may_be_done(session, live),
        private=kind.private,
        actions=actions.lines(session, live.id) if kind.lists_actions else (),
        all_along=kind.all_along,
        parked=parking.entries(session, live, run) if kind.all_along else (),
    )


def _paper(live: LiveSession, item: Activity, release: dict[str, Any]) -> dict[str, Any]:
    """Return what came on paper, as it stands beside what the phones sent."""
    paper = release.get("paper")
    if not paper:
        return {}
    if paper["alone"]:
        return {"paper": "alone"}
    beside = KINDS[item.kind].load(paper["result"]) if "result" in paper else None
    return {"paper": "beside", "paper_result": beside, "paper_people": people_text(paper, live.room_floor)}


def _themes(session: Session, run: ActivityRun, cards: tuple[CardScreen, ...]) -> tuple[ThemeScreen, ...]:
    """Return the cards as they are grouped now, the loose ones last; the same for every audience."""
    board = themes.shown(session, run.id, [(card.id, card.text) for card in cards])
    if not board.touched:
        return ()

    def drawn(some: tuple[themes.BoardCard, ...]) -> tuple[CardScreen, ...]:
        return tuple(CardScreen(card.id, card.text, tuple(other.text for other in card.like)) for card in some)

    named = tuple(ThemeScreen(theme.id, theme.name, drawn(theme.cards)) for theme in board.themes)
    return (*named, ThemeScreen("loose", "", drawn(board.loose))) if board.loose else named


def bucket(item: Activity) -> int:
    """Return the bytes to which every answer and every pass of this activity is padded (promise 12)."""
    largest = KINDS[item.kind].largest(item.config) + ENVELOPE
    return next((size for size in BUCKETS if size >= largest), BUCKETS[-1])


ENVELOPE = 128  # bytes around the fields in a phone's message: run, revision and the names of the parts
BUCKETS = (512, 2048, 4096, 8192, 16 * 1024 + ENVELOPE)  # the last holds the largest answer that is taken at all


def phone(session: Session, live: LiveSession, house: House, language: str = "") -> PhoneScreen:
    """Return what every phone of this session that reads `language` shows now; empty: the session's own."""
    guide = live_state.read_guide(live, language)
    common: dict[str, Any] = {
        "live_id": live.id,
        "phase": live.phase,
        "title": live.title,
        "language": language or live.language,
        "rehearsal": live.rehearsal,
        "promise": who_sees.promise(live),
        "unprotected": who_sees.unprotected(live.tickets),
        "asks": guide.asks,
        "notes": bool(guide.pages),
    }
    if live.phase == "moved":
        moved = session.get(LiveSession, live.moved_to) if live.moved_to else None
        if moved is not None:  # the sentences that hold from now on, not those that were left
            common["promise"] = who_sees.promise(moved)
        return PhoneScreen(key=f"{live.id}:moved", moved_url=f"/j/{moved.join_token}" if moved else "", **common)
    if live.phase != "running" or live.at is None:
        lot = parking.in_guide(guide) if live.phase == "lobby" else None
        common["lot"] = activity(session, live, lot, None) if lot else None
        freeze_at, again = "", None
        if live.ended_at is not None and not live.rehearsal:
            moment = live.ended_at + timedelta(minutes=live.freeze_after_minutes)
            freeze_at = local_clock(moment)
            again = _again(session, live.id)
        link, day = again or ("", None)
        return PhoneScreen(key=f"{live.id}:{live.phase}", freeze_at=freeze_at, again_url=link, again_on=day, **common)
    step = guide.step_of(live.at)
    run = live_sessions.run_of(session, live, live.at)
    shown = activity(session, live, guide.activity(live.at), run)
    beside = next(iter(parking.open_runs(session, live)), None)
    lot = guide.activity(beside.activity_id) if beside else parking.in_guide(guide)
    return PhoneScreen(
        lot=activity(session, live, lot, beside) if lot else None,
        lot_open=beside is not None and beside.activity_id != live.at,
        key=f"{live.id}:{shown.id}:{shown.phase}:{moderation.turn(session, run)}",
        step_title=step.title,
        instruction=step.instruction,
        activity=shown,
        timer=timer(live, house.clock()),
        eyes_up=live.eyes_up,
        pause=pause(live, house.clock()),
        **common,
    )


def _again(session: Session, live_id: str) -> tuple[str, date] | None:
    """Return the link and the first day of the next check-in of a session; None where there is none."""
    found = session.execute(
        select(FollowUp.token, CheckIn.first_day)
        .join(CheckIn, CheckIn.parent_id == FollowUp.live_id)
        .where(FollowUp.live_id == live_id, CheckIn.state.in_(("open", "planned")))
        .order_by(CheckIn.number)
        .limit(1)
    ).first()
    return (f"/f/{found.token}", found.first_day) if found else None


def stage(session: Session, live: LiveSession, house: House, language: str = "") -> StageScreen:
    """Return what the projector shows now; `language`: another one of the guide's, for a second stage."""
    guide = live_sessions.guide_of(live, language)
    joinable = live.door_open and live.code is not None and live.phase in ("lobby", "running")
    base = house.settings.public_url
    common: dict[str, Any] = {
        "live_id": live.id,
        "phase": live.phase,
        "title": live.title,
        "team": live.team,
        "language": language or live.language,
        "rehearsal": live.rehearsal,
        "blank": live.blank,
        "code": live.code if joinable else "",
        "join_url": f"{base}/j/{live.join_token}" if joinable else "",
        "join_host": base.split("://", 1)[1],
        "door_open": joinable,
        "tickets": live.tickets,
        "joined": live.joined,
        "step_count": len(guide.steps),
    }
    if live.phase != "running" or live.at is None:
        return StageScreen(key=f"{live.id}:{live.phase}", **common)
    step = guide.step_of(live.at)
    run = live_sessions.run_of(session, live, live.at)
    shown = activity(session, live, guide.activity(live.at), run)
    return StageScreen(
        key=f"{live.id}:{shown.id}:{shown.phase}",
        answered=answered(house, live, run),
        step_title=step.title,
        step_number=[one.id for one in guide.steps].index(step.id) + 1,
        activity=shown,
        timer=timer(live, house.clock()),
        pause=pause(live, house.clock()),
        **common,
    )


def answered(house: House, live: LiveSession, run: ActivityRun | None) -> int:
    """Return how many phones have answered the open run; passing counts (promises 1, 12)."""
    return house.boxes.box(live.id).answered(run.id) if run is not None and run.state == "open" else 0


def _sheets(house: House, live: LiveSession, shown: StageScreen) -> int:
    """Return how many paper sheets are typed in for the open question."""
    item = shown.activity
    return house.boxes.box(live.id).sheets(item.run_id) if item and item.run_id and item.phase == "open" else 0


def _takes_paper(live: LiveSession, guide: Guide, shown: StageScreen) -> bool:
    item = shown.activity
    return item is not None and item.phase == "open" and paper_cards.takes(guide.activity(item.id))


def local_clock(moment: datetime) -> str:
    """Return a moment as this server's local time of day."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return clock(aware.astimezone())


def console(session: Session, live: LiveSession, role: str, house: House) -> ConsoleScreen:
    """Return what the facilitator steers by."""
    guide = live_sessions.guide_of(live)
    shown = stage(session, live, house)
    step = guide.step_of(live.at) if live.at else None
    moved = session.get(LiveSession, live.moved_to) if live.moved_to else None
    sheets = _sheets(house, live, shown)
    primary, secondary, hint = _moves(live, guide, shown, sheets) if role == "run" else (None, (), "")
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
        agenda=_agenda(session, live, guide, house.clock()),
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
        behind_minutes=(late := _behind(live, guide, house.clock())),
        ends=_ends(live, guide, house.clock(), late),
        shorten=_shorten(live, guide, late),
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


LATE = 5  # minutes behind the plan that a step takes up by itself


def _agenda(session: Session, live: LiveSession, guide: Guide, now: datetime) -> tuple[AgendaStep, ...]:
    runs = {run.activity_id: run for run in session.scalars(select(ActivityRun).where(ActivityRun.live_id == live.id))}
    starts = live.started_at or now
    here = guide.step_of(live.at).id if live.at else None
    ids = [item.id for item in guide.activities]
    passed = set(ids if live.phase == "ended" else ids[: ids.index(live.at)] if live.at else ())
    steps = []
    for step in guide.steps:
        stops = tuple(
            AgendaStop(
                id=item.id,
                kind=item.kind,
                label=_(KINDS[item.kind].label),
                prompt=item.prompt,
                state=_STOP_STATES[_phase(runs.get(item.id), KINDS[item.kind].asks)]
                if KINDS[item.kind].asks
                else "done"
                if item.id in passed
                else "to come",
                here=item.id == live.at,
                added=run_of_show.is_added(item.id),
            )
            for item in step.activities
        )
        steps.append(AgendaStep(step.id, step.title, step.minutes, local_clock(starts), step.id == here, stops))
        starts += timedelta(minutes=step.minutes)
        if step.id == here:  # what comes after a break begins later by it
            starts += timedelta(seconds=_rest(live, now))
    return tuple(steps)


_STOP_STATES = {
    "waiting": "to come",
    "open": "open",
    "closing": "open",
    "reading": "being read",
    "released": "done",
    "too_few": "too few",
}


def _behind(live: LiveSession, guide: Guide, now: datetime) -> int | None:
    """Return the minutes behind the plan (negative: ahead), None while not running.

    Inside a step nobody is late before its planned end has passed, nor early
    before its planned start. A break is a break and makes nobody late.
    """
    if live.phase != "running" or live.started_at is None or live.at is None:
        return None
    started = live.started_at if live.started_at.tzinfo else live.started_at.replace(tzinfo=UTC)
    gone = ((now - started).total_seconds() - live_sessions.rested(live, now)) / 60
    before = 0
    here = guide.step_of(live.at).id
    for step in guide.steps:
        if step.id == here:
            late = gone - (before + step.minutes)
            early = gone - before
            return round(late) if late > 0 else round(early) if early < 0 else 0
        before += step.minutes
    return None


def _rest(live: LiveSession, now: datetime) -> float:
    """Return the seconds of all breaks as they are planned now: a running one lasts until its end or longer."""
    left = live_sessions.break_left(live, now)
    return live_sessions.rested(live, now) + (left or 0)


def _ends(live: LiveSession, guide: Guide, now: datetime, late: int | None) -> str:
    """Return when the session ends if the rest goes as planned, HH:MM; empty while it is not running."""
    if late is None or live.started_at is None:
        return ""
    planned = timedelta(minutes=sum(step.minutes for step in guide.steps) + late, seconds=_rest(live, now))
    return local_clock(live.started_at + planned)


def _shorten(live: LiveSession, guide: Guide, late: int | None) -> str:
    """Return what could be left out of the coming steps; empty up to five minutes behind the plan.

    An activity can be left out when no later one builds on it, when it is not
    for the manager, and when something else remains of its step.
    """
    if late is None or late <= LATE or live.at is None:
        return ""
    ids = [item.id for item in guide.activities]
    coming = set(ids[ids.index(live.at) + 1 :])
    needed = {source for item in guide.activities for source in item.sources}
    spare: list[tuple[int, int, Activity, Step]] = []
    for step in guide.steps:
        ahead = [item for item in step.activities if item.id in coming]
        free = [item for item in ahead if item.id not in needed and item.for_ != "manager" and KINDS[item.kind].asks]
        count = len(free) - (len(free) == len(step.activities))
        if count > 0:
            spare.append((-count, len(spare), free[-1], step))
    if not spare:
        return ""
    names = [
        _("“%(prompt)s” in %(step)s", prompt=item.prompt, step=step.title) for _n, _i, item, step in sorted(spare)[:2]
    ]
    return _("To catch up, you could skip %(what)s.", what=_(" or ").join(names))


def _moves(
    live: LiveSession, guide: Guide, shown: StageScreen, sheets: int = 0
) -> tuple[Move | None, tuple[Move, ...], str]:
    """Return the one move that comes next, the moves beside it, and what to know before."""
    ids = [item.id for item in guide.activities]
    end = Move("end", _("End the session"), ask=_("End the session for everybody? Nothing can be asked after that."))
    if live.phase == "lobby":
        return Move("start", _("Start: %(step)s", step=guide.steps[0].title)), (), _lobby_hint(live)
    if live.phase != "running" or live.at is None or shown.activity is None:
        return None, (), ""
    if shown.pause is not None:
        return Move("break_end", _("Go on")), (end,), ""
    index = ids.index(live.at)
    follows = guide.activity(ids[index + 1]) if index + 1 < len(ids) else None
    back = (Move("back", _("Back")),) if index else ()
    phase = shown.activity.phase
    if phase == "open":
        later = (*back, Move("next", _("Leave it open"))) if shown.activity.all_along and follows else ()
        close = Move("close", _("Close and show"))
        if shown.answered < live.room_floor <= sheets:
            ask = _(
                "Fewer than %(floor)s have answered on phones: close it and show the paper alone?",
                floor=live.room_floor,
            )
            return Move("close", _("Close and show"), ask=ask), later, ""
        if shown.answered < live.room_floor:
            hint = _(
                "%(answered)s of the %(floor)s needed so far. Closed now, nothing would be shown.",
                answered=shown.answered,
                floor=live.room_floor,
            )
            ask = _(
                "Only %(answered)s of the %(floor)s needed have answered: close it and show nothing?",
                answered=shown.answered,
                floor=live.room_floor,
            )
            return Move("close", _("Close and show"), ask=ask), later, hint
        return close, later, ""
    if phase == "closing":
        return None, (), _("Closing. This takes a moment.")
    if follows is None:
        onward = end
    elif guide.step_of(follows.id).id != guide.step_of(live.at).id:
        onward = Move("next", _("Next step: %(step)s", step=guide.step_of(follows.id).title))
    else:
        onward = Move("next", _("Next: %(label)s", label=_(KINDS[follows.kind].label)))
    beside = back if onward is end else (*back, end)
    if phase == "waiting":
        skip = (Move("next", _("Skip")),) if follows else ()
        if shown.activity.breakout is not None:
            hint, deal = breakout_moves.before(shown.activity.breakout), Move("open", _("Deal the groups"))
            return (
                (deal, (*back, *skip, end), hint) if shown.activity.breakout.possible else (onward, (*back, end), hint)
            )
        return Move("open", _("Open the question")), (*back, *skip, end), ""
    return onward, beside, ""


def breakouts_moves(
    house: House,
    live: LiveSession,
    shown: ActivityScreen,
    primary: Move | None,
    secondary: tuple[Move, ...],
    hint: str,
) -> tuple[Move | None, tuple[Move, ...], str]:
    """Return the moves while groups are at work, and after it; the usual ones everywhere else."""
    groups = shown.breakout
    if groups is None or shown.run_id is None or shown.phase not in ("open", "released"):
        return primary, secondary, hint
    if shown.phase == "released":
        if len(groups.parts) == 1:
            return primary, secondary, hint
        return primary, (Move("breakout_all", _("All together: 5 minutes")), *secondary), hint
    lacking = breakout_moves.lacking(house, live, shown.run_id)
    ask = lacking and _("Too few groups have sent: close it and show nothing?")
    close = Move("close", _("Close and show the group cards"), ask=ask)
    if groups.follows is None:
        return close, (), lacking
    name, minutes = groups.follows
    label = _("Next: pairs, %(minutes)s minutes", minutes=minutes) if name == "pairs" else ""
    label = label or _("Next: fours, %(minutes)s minutes", minutes=minutes)
    if live.timer_ends_at is None:
        return Move("breakout_part", label, argument=str(groups.part + 1)), (), _("The time is stopped: go on by hand.")
    hint = _(
        "Goes on by itself a moment after the time is up. Give them a minute more, or pause the timer to stay here."
    )
    return Move("breakout_part", label, argument=str(groups.part + 1)), (), hint


def _unread_lot(session: Session, live: LiveSession, guide: Guide) -> str:
    lot = parking.in_guide(guide) if live.moderation and live.phase == "ended" else None
    return lot.id if lot is not None and moderation.moderated(session, live, lot.id) else ""


MODERATE = ("run", "moderate")
"""The parts in a session that read, hide and let out texts."""


def reading_moves(
    queue: moderation.Queue, primary: Move | None, secondary: tuple[Move, ...], hint: str
) -> tuple[Move | None, tuple[Move, ...], str]:
    """Return the moves while texts are read before the room sees them."""
    if not queue.closed:
        show = (Move("show_read", _("Show what is approved")),) if queue.approved else ()
        return primary, (*secondary, *show), hint
    show_all = _("Show to the room")
    if not queue.approved:
        ask = _("No text is approved: go on and show none of them?")
        return Move("show_read", show_all, ask=ask), (), _("Read the texts first.")
    left = _("Texts that nobody has decided about stay hidden.") if queue.waiting else ""
    return Move("show_read", show_all, ask=left and left + " " + _("Show the others now?")), (), left


def _lobby_hint(live: LiveSession) -> str:
    if live.joined < live.room_floor and not live.rehearsal:
        return _(
            "%(joined)s joined so far. With fewer than %(floor)s answers the room sees nothing.",
            joined=live.joined,
            floor=live.room_floor,
        )
    return ""
