"""Who will see what, when: the sentences on every phone, made from the session's real settings (promise 17).

Lives here: the words of the promise, and of what is not protected. Not here:
the rules themselves; a sentence here that the code does not keep is a defect.
"""

from __future__ import annotations

from . import anonymity, live_state, parking
from .activities import KINDS
from .models import LiveSession
from .words import _, ngettext


def promise(live: LiveSession) -> tuple[str, ...]:
    """Return the session's promise, one sentence each, most important first."""
    guide = live_state.guide_of(live)
    if not guide.asks and guide.pages:
        return _nothing_asked(live)
    lines = [
        _("You need no account and no name. Nobody can see which answer is yours, not even the person who leads."),
        _until_closed(live),
        _("The room sees answers only if at least %(floor)s people gave one.", floor=live.room_floor),
    ]
    if parking.in_guide(guide) is not None:
        lines.append(_parked(live))
    if live.tickets:
        lines.append(_slips(live))
    if any(KINDS[activity.kind].in_groups for activity in guide.activities):
        lines.append(_groups())
    lines.append(_leader(live))
    lines.append(
        _(
            "Afterwards your manager gets a report with counts and shapes. "
            "Your texts appear in it only if you allow it for that text, and only from %(floor)s answers on.",
            floor=live.words_floor,
        )
        + _clouds(live)
    )
    lines.append(_("The report for all who took part and the page for the wall hold no texts beyond those."))
    if any(KINDS[activity.kind].texts for activity in guide.activities):
        lines.append(_("You can take a text of yours back until the report is fixed."))
    if live.facilitator_words:
        lines.append(
            _(
                "%(leader)s's own file of this session holds all words that the room saw.",
                leader=live.leader,
            )
        )
    else:
        lines.append(_("%(leader)s gets no file with your texts.", leader=live.leader))
    if guide.pages:
        lines.append(_pages())
    lines.append(
        ngettext(
            "What the room saw is deleted one day after the end.",
            "What the room saw is deleted %(num)d days after the end.",
            live.keep_days,
        )
    )
    return tuple(lines)


def _nothing_asked(live: LiveSession) -> tuple[str, ...]:
    """Return the promise of a session that consists of private pages alone."""
    return (
        _("You need no account and no name. This session asks you nothing, so nobody gets an answer of yours."),
        _pages(),
        _leader(live),
        _("There are no results and no report. Nobody learns what you wrote, or whether you wrote at all."),
    )


def _groups() -> str:
    """Return what holds for breakouts (promise 3)."""
    return _(
        "In breakouts a card speaks for its group, and the group knows who typed it. Which group it was is not kept. "
        "Cards are shown only if at least two groups of at least three have sent one."
    )


def _parked(live: LiveSession) -> str:
    """Return what holds for the parking lot: a question that is open all along."""
    return _(
        "The parking lot is open all along. What you park is shown when the room opens it, all at once, in random order, "
        "if at least %(floor)s people parked something. Nobody sees before how many have.",
        floor=live.room_floor,
    )


def _leader(live: LiveSession) -> str:
    if live.leader_is_manager:
        return _("%(leader)s leads this session and is this team's manager.", leader=live.leader)
    return _("%(leader)s leads this session and is not this team's manager.", leader=live.leader)


def _slips(live: LiveSession) -> str:
    """Return how many phones can be in the room: anybody may count heads (promise 16)."""
    return _(
        "Each phone needs a slip, and %(slips)s slips are good. No slip is tied to a phone or to an answer.",
        slips=live.slips,
    )


def _pages() -> str:
    """Return what becomes of the worksheets (promise 15)."""
    return _("Pages under My notes stay on your phone. They are sent only if you ask for a PDF of them, and not kept.")


def _until_closed(live: LiveSession) -> str:
    """Return when answers appear, with the exception where the guide has one."""
    rule = _(
        "While a question is open, nobody sees any answer. When it closes, all answers appear at once, in random order."
    )
    rolls = any(activity.release == "rolling" for activity in live_state.guide_of(live).activities)
    if live.moderation:
        return _read_first(live, rolls)
    if not rolls:
        return rule
    exception = _(
        "A few light questions show answers while they are open, mixed in groups of at least %(pool)s; "
        "your phone says so before you send.",
        pool=anonymity.pool_size(live.room_floor),
    )
    return f"{rule} {exception}"


def _read_first(live: LiveSession, rolls: bool) -> str:
    """Return when answers appear where texts are read before the room sees them (promise 8's declared exception)."""
    rule = _(
        "While a question is open, nobody sees an answer to it. Texts are then read first by those who run or moderate "
        "this session: mixed, in random order, without names, and only if enough people answered. They may hide a "
        "text, mask words in it or put it together with another. What they let through appears for everybody at once. "
        "Hidden texts are erased when the report is fixed."
    )
    if not rolls:
        return rule
    exception = _(
        "A few light questions are read and shown while they are open, mixed in groups of at least %(pool)s; "
        "your phone says so before you send.",
        pool=anonymity.pool_size(live.room_floor),
    )
    return f"{rule} {exception}"


def _clouds(live: LiveSession) -> str:
    """Return what becomes of the words of a cloud, where the guide has one: nobody is asked for each."""
    if not any(KINDS[activity.kind].own_words for activity in live_state.guide_of(live).activities):
        return ""
    return " " + _("The words of a word cloud stay in the room.")


def unprotected(tickets: bool = False) -> tuple[str, ...]:
    """Return what the product cannot protect, said plainly."""
    return (
        _("Your own way of writing can give you away. Keep texts short and plain."),
        _("People beside you can look at your screen. So can anybody who holds your unlocked phone."),
        _("A phone or network that your company manages may record what you do."),
        _("If this page's address begins with http, not https, others on the same Wi-Fi could read along."),
        _(
            "Whoever runs this server could change it. A copy of it taken in the middle of a question shows the order in which answers came, without names."
        ),
        _("If everybody else in the room puts their answers together, yours is what is left."),
        _("Whoever has several slips could join with several phones.")
        if tickets
        else _("Somebody could join with several phones. We count phones, not people."),
    )


def seen_by(
    live: LiveSession,
    *,
    texts: bool,
    rolling: bool,
    for_manager: bool,
    own_words: bool = False,
    in_groups: bool = False,
    all_along: bool = False,
) -> str:
    """Return the quiet sentence beside a field: who sees this, when, and in which report."""
    if live.rehearsal:
        return _("Rehearsal: nothing that you send here is shown or kept.")
    read_first = live.moderation and (texts or own_words)
    if read_first and rolling:
        when = _(
            "Seen by: those who run or moderate this session, while the question is open, mixed with at least %(others)s "
            "others; then by the room, if they let it through. Final when sent.",
            others=anonymity.pool_size(live.room_floor) - 1,
        )
    elif read_first and in_groups:
        when = _("Your group speaks; your group knows who typed.") + " "
        when += _(
            "Seen by: those who run or moderate this session, after this closes, if at least two groups of three and "
            "%(floor)s people in all have sent; then by the room, if they let it through.",
            floor=live.room_floor,
        )
    elif read_first and all_along:
        when = _(
            "Seen by: those who run or moderate this session, once the parking lot has closed, if at least %(floor)s "
            "people parked something; then by the room, if they let it through. Nobody can tell who parked it, or when.",
            floor=live.room_floor,
        )
    elif read_first:
        when = _(
            "Seen by: those who run or moderate this session, after this question closes, if at least %(floor)s answer; "
            "then by the room, if they let it through.",
            floor=live.room_floor,
        )
    elif rolling:
        when = _(
            "Seen by: the room, while the question is open, mixed with at least %(others)s others. Final when sent.",
            others=anonymity.pool_size(live.room_floor) - 1,
        )
    elif all_along:
        when = _(
            "Seen by: the room, when the parking lot is opened, if at least %(floor)s people parked something. "
            "Nobody can tell who parked it, or when.",
            floor=live.room_floor,
        )
    elif in_groups:
        when = _("Your group speaks; your group knows who typed.") + " "
        when += _(
            "Seen by: the room, after this closes, if at least two groups of three and %(floor)s people in all have sent.",
            floor=live.room_floor,
        )
    else:
        when = _("Seen by: the room, after this question closes, if at least %(floor)s answer.", floor=live.room_floor)
    if for_manager:
        return when + " " + _("In the manager's report only if you choose so below.")
    if texts:
        return when + " " + _("Not in the manager's report unless you switch it on.")
    if own_words:
        return when + " " + _("Not in the manager's report.")
    return when + " " + _("In the report as counts or shapes, never as single answers.")
