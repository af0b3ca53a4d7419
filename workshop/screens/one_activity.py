"""One activity as every audience may see it now: the contract on the way out.

Lives here: an activity with its result, cards and themes, its phase, and the
timer and the break over it. Not here: whose screen it stands on (`on_phones.py`,
`on_stage.py`, `on_console.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from .. import (
    actions,
    anonymity,
    asides,
    breakouts,
    moderation,
    padding,
    parking,
    questions,
    rounds,
    themes,
    timers,
    who_sees,
)
from ..actions import ActionLine
from ..activities import KINDS
from ..breakouts import BreakoutScreen
from ..guides.schema import Activity
from ..models import ActivityRun, LiveSession
from ..questions import Question
from ..rounds import Beside
from ..words import _, clock


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


def timer(live: LiveSession, now: datetime) -> TimerScreen | None:
    """Return the timer as it stands, None when there is none."""
    left = timers.timer_left(live, now)
    if left is None:
        return None
    return TimerScreen(left, live.timer_total or left, live.timer_ends_at is not None, live.timer_closes)


def pause(live: LiveSession, now: datetime) -> BreakScreen | None:
    """Return the break the room is on, None while there is none."""
    left = timers.break_left(live, now)
    if left is None or live.break_until is None or live.phase != "running":
        return None
    return BreakScreen(local_clock(live.break_until), left)


def local_clock(moment: datetime) -> str:
    """Return a moment as this server's local time of day."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return clock(aware.astimezone())


def phase_of(run: ActivityRun | None, asks: bool) -> str:
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
    phase = phase_of(run, kind.asks)
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
        bucket=padding.bucket(item),
        breakout=breakouts.screen(session, live, item),
        finishes=live.at == item.id and asides.may_be_done(session, live),
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
