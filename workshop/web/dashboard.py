"""What the dashboard shows: the sessions that matter now, and where to begin.

Lives here: reading that one page's data. Not here: the pages of a session.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import accounts
from ..models import Account, Guide, LiveSession

RECENT = 8
"""Ended sessions shown at first; older ones are one page further."""


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
    guides: tuple[Guide, ...]

    @property
    def empty(self) -> bool:
        """Whether this person has no session yet."""
        return not (self.running or self.planned or self.ended)


def read(session: Session, account: Account) -> Dashboard:
    """Return the dashboard of `account`."""
    mine = [SessionLine(live, role) for live, role in accounts.sessions_of(session, account.id)]

    def those(phase: str) -> tuple[SessionLine, ...]:
        return tuple(line for line in mine if line.live.phase == phase)

    guides = session.scalars(
        select(Guide).where(Guide.archived.is_(False)).order_by(Guide.shipped.desc(), Guide.title)
    )
    return Dashboard(account.name, those("running"), those("lobby"), those("ended")[:RECENT], tuple(guides))
