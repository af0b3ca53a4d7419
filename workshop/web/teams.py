"""The team page: a team's sessions over time, for whoever has a part in them.

Lives here: who is asking, and the pages. Not here: what is gathered (`teams.py`).
"""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, url_for

from .. import check_in_results, check_ins, comparisons, teams
from ..check_in_results import QuestionResult, RoundLine
from ..teams import Due, Team
from ..words import _
from .language import day
from .rights import audience, house, require_staff

bp = Blueprint("teams", __name__, url_prefix="/staff/teams")


@bp.get("/")
@audience("staff")
def index() -> str:
    """List the teams of the sessions this person has a role in."""
    account = require_staff()
    with house().database.transaction() as session:
        found = teams.teams(session, account.id, _today())
    return render_template("teams/list.html", teams=found)


@bp.get("/<team_key>")
@audience("staff")
def show(team_key: str) -> str:
    """Show one team."""
    account = require_staff()
    with house().database.transaction() as session:
        found = teams.team(session, account.id, team_key, _today())
    return render_template("teams/team.html", team=found, energy=_energy(found), today=_today())


@bp.app_context_processor
def _give() -> dict[str, object]:
    """Let other pages link to a team and say what is due."""
    return {"team_url": team_url, "due_words": due_words, "due_check_ins": due_check_ins}


def team_url(name: str) -> str:
    """Return the address of a team's page."""
    return url_for("teams.show", team_key=teams.key_of(name))


def due_check_ins() -> tuple[Due, ...]:
    """Return what is due in the sessions that whoever asks runs."""
    account = require_staff()
    with house().database.transaction() as session:
        return teams.due_of(session, account.id, _today())


def due_words(due: Due) -> str:
    """Return what is due as a sentence."""
    number = _("First check-in") if due.number == 1 else _("Second check-in")
    return {
        "soon": _("%(number)s opens on %(day)s", number=number, day=day(due.day)),
        "open": _("%(number)s is open until %(day)s", number=number, day=day(due.day)),
        "results": _("%(number)s has results", number=number),
    }[due.what]


def _energy(team: Team) -> QuestionResult | None:
    rounds = team.energy
    if not rounds:
        return None
    names = [day(date.fromisoformat(one["round"])) for one in rounds]
    finding = check_in_results.moved_sentence([{**one, "round": name} for one, name in zip(rounds, names, strict=True)])
    return QuestionResult(
        id="energy",
        prompt="",
        finding=finding,
        drawing=comparisons.svg(finding, [(one["band"], one["step"]) for one in rounds]),
        rounds=tuple(
            RoundLine(name, check_in_results.where_words(one), check_in_results.step_words(one["step"]))
            for one, name in zip(rounds, names, strict=True)
        ),
    )


def _today() -> date:
    return check_ins.local_day(house().clock())
