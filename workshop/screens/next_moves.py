"""The buttons of the console: the one move that comes next, those beside it, and what to know before.

Not here: what a move does (`live_sessions.py` and the services it calls).
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import asked_twice, breakout_moves, moderation
from ..activities import KINDS
from ..guides.schema import Guide
from ..house import House
from ..models import LiveSession
from ..words import _
from .on_stage import StageScreen
from .one_activity import ActivityScreen


@dataclass(frozen=True)
class Move:
    """A button of the console: `command` is sent with the version that this screen shows."""

    command: str  # start | open | close | next | back | jump | end | timer.* | door | blank
    label: str
    argument: str = ""
    ask: str = ""  # a question to confirm first; empty: none


def usual_moves(
    live: LiveSession, guide: Guide, shown: StageScreen, sheets: int = 0, twice: asked_twice.Twice | None = None
) -> tuple[Move | None, tuple[Move, ...], str]:
    """Return the one move that comes next, the moves beside it, and what to know before.

    `twice`: the room has seen the numbers of the question that waits.
    """
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
        if twice is not None and not twice.opens:
            return onward, beside, twice.note
        return Move("open", _("Open the question")), (*back, *skip, end), twice.note if twice else ""
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
