"""What the dashboard shows: the sessions that matter now, and where to begin.

Lives here: reading that one page's data. Not here: the pages of a session.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from .. import accounts
from ..guides import library
from ..models import Account, LiveSession

RECENT = 8
"""Ended sessions shown; what matters now comes first, and this page is not an archive."""

GUIDES = 6
"""Guides offered here; the library has them all."""


@dataclass(frozen=True)
class SessionLine:
    """One session in the list."""

    live: LiveSession
    role: str


@dataclass(frozen=True)
class Dashboard:
    """Everything on the page."""

    name: str
    running: tuple[SessionLine, ...]
    planned: tuple[SessionLine, ...]
    ended: tuple[SessionLine, ...]
    guides: tuple[library.Entry, ...]

    @property
    def empty(self) -> bool:
        """Whether this person has no session yet."""
        return not (self.running or self.planned or self.ended)


def read(session: Session, account: Account) -> Dashboard:
    """Return the dashboard of `account`."""
    mine = [SessionLine(live, role) for live, role in accounts.sessions_of(session, account.id)]

    def those(phase: str) -> tuple[SessionLine, ...]:
        return tuple(line for line in mine if line.live.phase == phase)

    guides = [entry for entry in library.list_guides(session, account) if entry.guide][:GUIDES]
    return Dashboard(account.name, those("running"), those("lobby"), those("ended")[:RECENT], tuple(guides))
