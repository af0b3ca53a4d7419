"""What the dashboard shows: the sessions that matter now, and where to begin.

Lives here: reading its data and that of the list of ended sessions, and the
search in both. Not here: the pages of a session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import accounts, planning
from ..guides import library
from ..live_state import guide_of
from ..models import Account, Freeze, Guide, LiveSession

RECENT = 8
"""Ended sessions shown; what matters now comes first, and this page is not an archive."""

GUIDES = 6
"""Guides offered here; the library has them all."""


PAGE = 25
"""Ended sessions on one page of their list."""

SEARCHED_FROM = 5
"""With as many sessions the dashboard offers a search; fewer are seen at a glance."""


@dataclass(frozen=True)
class SessionLine:
    """One session in the list. `report`: "fixed", "review" (waits for somebody to fix it), or "" where there is none.

    `day`: where a planned one stands against today: "later", "today", or "" (past or without a day).
    """

    live: LiveSession
    role: str
    report: str = ""
    day: str = ""


@dataclass(frozen=True)
class Dashboard:
    """Everything on the page. `ended` holds the latest of `ended_total`; `query` is what was searched for."""

    name: str
    running: tuple[SessionLine, ...]
    planned: tuple[SessionLine, ...]
    ended: tuple[SessionLine, ...]
    ended_total: int
    guides: tuple[library.Entry, ...]
    query: str
    total: int

    @property
    def empty(self) -> bool:
        """Whether this person has no session yet."""
        return not self.total

    @property
    def found(self) -> int:
        """Return how many sessions the search found."""
        return len(self.running) + len(self.planned) + self.ended_total

    @property
    def searchable(self) -> bool:
        """Whether a search is offered."""
        return bool(self.query) or self.total >= SEARCHED_FROM


@dataclass(frozen=True)
class EndedPage:
    """One page of all ended sessions, the latest first."""

    lines: tuple[SessionLine, ...]
    total: int
    number: int
    pages: int
    query: str


def read(session: Session, account: Account, now: datetime, query: str = "") -> Dashboard:
    """Return the dashboard of `account`, or of it what a search finds."""
    mine = [one for one in accounts.sessions_of(session, account.id) if one[0].phase != "moved"]
    found = _search(session, mine, query)
    today = now.astimezone().date()

    def those(phase: str) -> list[tuple[LiveSession, str]]:
        return [one for one in found if one[0].phase == phase]

    planned = [SessionLine(live, role, day=_day(live, today)) for live, role in those("lobby")]
    ended = _latest_first(those("ended"))
    guides = [entry for entry in library.list_guides(session, account) if entry.guide][:GUIDES]
    return Dashboard(
        name=account.name,
        running=tuple(SessionLine(live, role) for live, role in those("running")),
        planned=tuple(sorted(planned, key=_soonest)),
        ended=_with_reports(session, ended[:RECENT]),
        ended_total=len(ended),
        guides=() if query else tuple(guides),
        query=query,
        total=len(mine),
    )


def read_ended(session: Session, account: Account, number: int, query: str = "") -> EndedPage:
    """Return a page of the ended sessions of `account`; a number beyond the last gives the last."""
    mine = [one for one in accounts.sessions_of(session, account.id) if one[0].phase == "ended"]
    found = _latest_first(_search(session, mine, query))
    pages = max(1, -(-len(found) // PAGE))
    number = min(max(number, 1), pages)
    lines = _with_reports(session, found[(number - 1) * PAGE : number * PAGE])
    return EndedPage(lines, len(found), number, pages, query)


def _search(session: Session, mine: list[tuple[LiveSession, str]], query: str) -> list[tuple[LiveSession, str]]:
    """Return those whose title, team and guide together hold every word of the query."""
    words = query.casefold().split()
    if not words:
        return mine
    titles = {guide.id: guide.title for guide in session.execute(select(Guide.id, Guide.title))}
    found = []
    for live, role in mine:
        text = f"{live.title} {live.team} {titles.get(live.guide_id or '', '')}".casefold()
        if all(word in text for word in words):
            found.append((live, role))
    return found


def _latest_first(lines: list[tuple[LiveSession, str]]) -> list[tuple[LiveSession, str]]:
    return sorted(lines, key=lambda one: (one[0].ended_at is not None, _ended(one[0])), reverse=True)


def _ended(live: LiveSession) -> date:
    return live.ended_at.date() if live.ended_at else live.created_on


def _soonest(line: SessionLine) -> tuple[bool, float]:
    """Order planned sessions: those with a day by it, then the others as they came."""
    begins = planning.local(line.live.planned_for)
    return (begins is None, begins.timestamp() if begins else 0.0)


def _day(live: LiveSession, today: date) -> str:
    begins = planning.local(live.planned_for)
    if begins is None or begins.date() < today:
        return ""
    return "today" if begins.date() == today else "later"


def _with_reports(session: Session, lines: list[tuple[LiveSession, str]]) -> tuple[SessionLine, ...]:
    fixed = set(session.scalars(select(Freeze.live_id).where(Freeze.live_id.in_([live.id for live, _role in lines]))))

    def report(live: LiveSession) -> str:
        if live.id in fixed:
            return "fixed"
        return "" if live.rehearsal or live.purged_on or not guide_of(live).asks else "review"

    return tuple(SessionLine(live, role, report(live)) for live, role in lines)
