"""A team over time: its sessions, what it agreed to do, what may be said beside each other, the check-ins due.

Lives here: gathering that from the sessions a person has a role in, and from no
others. Not here: the pages (`web/teams.py`), how rounds are compared
(`comparisons.py`), what a check-in found (`check_ins.py`).

Different sessions have different people in them, so a step from one to the next
speaks of the room, never of a person. Numbers never stand here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import accounts, actions, check_in_sets, check_ins
from .actions import ActionLine
from .check_in_sets import Asked
from .errors import NotFound
from .live_state import guide_of
from .models import Action, ActivityRun, CheckIn, LiveSession
from .words import _


@dataclass(frozen=True)
class Due:
    """A check-in that wants attention. `what`: "soon" (opens within days), "open", "results"."""

    live: LiveSession
    number: int
    what: str
    day: date


@dataclass(frozen=True)
class TeamLine:
    """A team in the list."""

    key: str
    name: str
    sessions: int
    latest: date
    due: tuple[Due, ...]


@dataclass(frozen=True)
class SessionLine:
    """One session of a team, with the person's role in it."""

    live: LiveSession
    role: str
    guide: str
    day: date
    due: tuple[Due, ...]


@dataclass(frozen=True)
class Agreed:
    """An action of a team and the newest session in whose list it stands."""

    live: LiveSession
    action: ActionLine


@dataclass(frozen=True)
class Team:
    """Everything on a team's page; `energy` holds the rounds of successive sessions, oldest first.

    `to_do` and `settled` (done or dropped): what was agreed, the newest session first.
    """

    key: str
    name: str
    sessions: tuple[SessionLine, ...]
    energy: tuple[dict[str, Any], ...]
    due: tuple[Due, ...]
    to_do: tuple[Agreed, ...]
    settled: tuple[Agreed, ...]


def normal(name: str) -> str:
    """Return a team's name as it is compared: however it is spaced and in whichever case."""
    return " ".join(name.split()).casefold()


def key_of(name: str) -> str:
    """Return the part of an address that stands for a team; its name is not readable in it."""
    return hashlib.sha256(normal(name).encode()).hexdigest()[:16]


def teams(session: Session, account_id: str, today: date) -> list[TeamLine]:
    """Return the teams of the sessions this person has a role in, by name."""
    return sorted(
        (
            TeamLine(
                key=key,
                name=mine[0][0].team.strip(),
                sessions=len(mine),
                latest=max(day_of(live) for live, _role in mine),
                due=_due(session, [live for live, _role in mine], today),
            )
            for key, mine in _by_team(session, account_id).items()
        ),
        key=lambda line: normal(line.name),
    )


def team(session: Session, account_id: str, key: str, today: date) -> Team:
    """Return one team; raises NotFound for one in which this person has no session, whether or not it exists."""
    mine = _by_team(session, account_id).get(key)
    if not mine:
        raise NotFound(_("There is no such team, or you have no part in its sessions."))
    lives = [live for live, _role in mine]
    due = _due(session, lives, today)
    agreed = _agreed(session, lives)
    return Team(
        key=key,
        name=mine[0][0].team.strip(),
        sessions=tuple(
            SessionLine(
                live, role, guide_of(live).title, day_of(live), tuple(one for one in due if one.live.id == live.id)
            )
            for live, role in mine
        ),
        energy=tuple(_energy(session, lives)),
        due=due,
        to_do=tuple(one for one in agreed if one.action.state == "open"),
        settled=tuple(one for one in agreed if one.action.state != "open"),
    )


def due_of(session: Session, account_id: str, today: date) -> tuple[Due, ...]:
    """Return what is due in all sessions that this person runs, the soonest first."""
    lives = [live for live, role in accounts.sessions_of(session, account_id) if role == "run"]
    return _due(session, lives, today)


def day_of(live: LiveSession) -> date:
    """Return the day on which a session was, or was prepared."""
    return live.started_at.date() if live.started_at else live.created_on


def _by_team(session: Session, account_id: str) -> dict[str, list[tuple[LiveSession, str]]]:
    found: dict[str, list[tuple[LiveSession, str]]] = {}
    for live, role in accounts.sessions_of(session, account_id):
        if normal(live.team) and not live.rehearsal and live.phase != "moved":
            found.setdefault(key_of(live.team), []).append((live, role))
    for mine in found.values():
        mine.sort(key=lambda one: (day_of(one[0]), one[0].id), reverse=True)
    return found


def _agreed(session: Session, lives: Sequence[LiveSession]) -> list[Agreed]:
    """Return what was agreed in these sessions, in their order; what was carried stands where it was carried to."""
    carried = select(Action.carried_from).where(
        Action.live_id.in_([live.id for live in lives]), Action.carried_from.is_not(None)
    )
    moved_on = set(session.scalars(carried))
    return [Agreed(live, one) for live in lives for one in actions.lines(session, live.id) if one.id not in moved_on]


def _due(session: Session, lives: Sequence[LiveSession], today: date) -> tuple[Due, ...]:
    by_id = {live.id: live for live in lives}
    out = []
    for one in session.scalars(select(CheckIn).where(CheckIn.parent_id.in_(by_id)).order_by(CheckIn.first_day)):
        live = by_id[one.parent_id]
        if one.state == "open":
            out.append(Due(live, one.number, "open", one.last_day))
        elif one.state == "planned" and one.first_day - timedelta(days=check_ins.SOON) <= today:
            out.append(Due(live, one.number, "soon", one.first_day))
        elif _is_news(one, today) and check_ins.frozen(session, one):
            out.append(Due(live, one.number, "results", one.last_day))
    return tuple(out)


def _is_news(check_in: CheckIn, today: date) -> bool:
    return check_in.state == "closed" and today <= check_in.last_day + timedelta(days=2 * check_ins.OPEN_DAYS)


def _energy(session: Session, lives: Sequence[LiveSession]) -> list[dict[str, Any]]:
    """Return the energy with which successive sessions ended, oldest first, where two or more asked for it alike."""
    ended = sorted((live for live in lives if live.phase == "ended"), key=lambda live: (day_of(live), live.id))
    rounds: list[tuple[str, Asked]] = []
    for live in ended:
        run = session.scalar(
            select(ActivityRun).where(
                ActivityRun.live_id == live.id,
                ActivityRun.activity_id == check_in_sets.AFTERWARDS,
                ActivityRun.state == "released",
            )
        )
        if run is None or run.release is None:
            continue
        asked = Asked(guide_of(live).activity(check_in_sets.AFTERWARDS), run.release)
        if not rounds or check_in_sets.same_scale(rounds[0][1].item, asked.item):
            rounds.append((day_of(live).isoformat(), asked))
    return check_in_sets.scale_rounds(rounds) if len(rounds) > 1 else []
