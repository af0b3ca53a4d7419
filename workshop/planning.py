"""When a session is to be, and what is sent out before it.

Lives here: the planned moment, the calendar file for whoever leads, the words
of the invitation. Not here: the pages (`web/planning.py`), sending mails.

Days and times are those of the place where the server stands, as everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from icalendar import Calendar, Event

from . import live_sessions
from .errors import WorkshopError
from .models import LiveSession
from .words import _, clock, ngettext


def moment(day: date, at: time) -> datetime:
    """Return a day and a time on this server's clock as a moment in UTC."""
    return datetime.combine(day, at).astimezone(UTC)


def local(when: datetime | None) -> datetime | None:
    """Return a stored moment on this server's clock; SQLite forgets the zone, which is UTC."""
    if when is None:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone()


def checked(day: date | None, at: time | None, now: datetime) -> datetime | None:
    """Return the moment somebody entered, None for no day; raise WorkshopError for a day that has passed."""
    if day is None:
        return None
    if day < now.astimezone().date():
        raise WorkshopError(_("This day has passed. Choose today or a day to come."))
    return moment(day, at or time(9, 0))


def change(live: LiveSession, when: datetime | None) -> None:
    """Plan a session for another moment, or for none; raises WorkshopError once it has begun."""
    if live.phase != "lobby":
        raise WorkshopError(_("The session has started, so it has no date to plan any more."), status=409)
    live.planned_for = when


def calendar(live: LiveSession, console: str) -> bytes:
    """Return the planned session as an iCalendar file (RFC 5545) for whoever leads; `console` is its address.

    The same plan gives the same bytes. Raises WorkshopError where no day is planned.
    """
    begins = local(live.planned_for)
    if begins is None:
        raise WorkshopError(_("This session has no day yet. Choose one first."), status=404)
    book = Calendar()
    book.add("prodid", "-//Unstuck//Session//EN")
    book.add("version", "2.0")
    event = Event()
    event.add("uid", f"{live.id}@unstuck")
    event.add("dtstamp", datetime.combine(live.created_on, time(), UTC))
    event.add("dtstart", begins.astimezone(UTC))
    event.add("dtend", begins.astimezone(UTC) + timedelta(minutes=live_sessions.guide_of(live).minutes))
    event.add("summary", f"{live.title} · {live.team}" if live.team else live.title)
    event.add("description", _("Your console: %(address)s", address=console))
    book.add_component(event)
    return bytes(book.to_ical())


def invitation(live: LiveSession, day_words: Callable[[date], str]) -> str:
    """Return what the group may be sent beforehand, as plain text in the session's language."""
    guide = live_sessions.guide_of(live)
    begins = local(live.planned_for)
    if begins:
        when = _(
            "On %(day)s, from %(start)s to %(end)s.",
            day=day_words(begins.date()),
            start=clock(begins),
            end=clock(begins + timedelta(minutes=guide.minutes)),
        )
    else:
        when = ngettext("It takes one minute.", "It takes %(num)d minutes.", guide.minutes)
    leads = (
        _("%(leader)s leads, and is this team's manager.", leader=live.leader)
        if live.leader_is_manager
        else _("%(leader)s leads.", leader=live.leader)
    )
    if guide.asks:
        what = _(
            "We answer a few questions on our phones, without names, and look together at what came out. "
            "You can pass on every question."
        )
        safe = _(
            "Nobody can see which answer is yours, not even the person who leads, and answers are shown only together, "
            "from %(floor)s people on. What no system can hide is your own way of writing, "
            "or somebody who looks at your screen.",
            floor=live.room_floor,
        )
    else:
        what = _("Each of us fills in a few pages, alone, on our own phones.")
        safe = _(
            "The session asks you nothing: what you write stays on your phone. "
            "Somebody who looks at your screen, or opens your phone, can still read it."
        )
    bring = _(
        "Bring a phone. You need no account, no app and no name. The link and the code for joining are shown on the day."
    )
    before = _("Before your first answer your phone says who will see what, and when.") if guide.asks else ""
    head = f"{live.title} · {live.team}" if live.team else live.title
    return "\n\n".join(part for part in (head, f"{when} {leads}", what, bring, safe, before) if part)
