"""A check-in's frozen set -> the words and drawings that people read.

Lives here: findings as sentences, names of rounds, drawings for the screen. Not
here: what the set may hold (`check_in_sets.py`), the pages around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from . import check_in_sets, comparisons, fragments
from .activities import KINDS
from .screens import ActivityScreen, people_text
from .words import _


@dataclass(frozen=True)
class RoundLine:
    """One round of a comparison in words. `moved` is empty where nothing may be said of it."""

    name: str
    where: str
    moved: str


@dataclass(frozen=True)
class AmountRow:
    """One option of a comparison: its label, and its word in each round."""

    label: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class QuestionResult:
    """One question as people read it; exactly one of `too_few`, `single`, `rounds` and `rows` holds."""

    id: str
    prompt: str
    finding: str = ""
    too_few: str = ""
    single: Markup | None = None
    drawing: Markup | None = None
    rounds: tuple[RoundLine, ...] = ()
    names: tuple[str, ...] = ()
    rows: tuple[AmountRow, ...] = ()


@dataclass(frozen=True)
class SetResult:
    """One check-in as people read it."""

    number: int
    heading: str
    day: date
    questions: tuple[QuestionResult, ...]


def read(data: Mapping[str, Any]) -> SetResult:
    """Return a frozen set in words."""
    return SetResult(
        number=int(data["number"]),
        heading=_("First check-in") if data["number"] == 1 else _("Second check-in"),
        day=date.fromisoformat(data["day"]),
        questions=tuple(_question(one, int(data["floor"])) for one in data["questions"]),
    )


def round_name(name: str) -> str:
    """Return what a round is called."""
    return {
        "before": _("Before the session"),
        "after": _("After the session"),
        "check-in-1": _("Check-in 1"),
        "check-in-2": _("Check-in 2"),
    }.get(name, name)


def _question(question: Mapping[str, Any], floor: int) -> QuestionResult:
    common: dict[str, Any] = {"id": question["id"], "prompt": question["prompt"]}
    if question["too_few"]:
        sentence = _("Fewer than %(floor)s people answered, so nothing was shown and nothing was kept.", floor=floor)
        return QuestionResult(**common, too_few=sentence)
    if "rounds" in question:
        rounds = question["rounds"]
        finding = moved_sentence(rounds)
        return QuestionResult(
            **common,
            finding=finding,
            drawing=comparisons.svg(finding, [(one["band"], one["step"]) for one in rounds]),
            rounds=tuple(
                RoundLine(round_name(one["round"]), where_words(one), step_words(one["step"])) for one in rounds
            ),
        )
    if "amounts" in question:
        rounds = question["amounts"]
        return QuestionResult(
            **common,
            names=tuple(round_name(one["round"]) for one in rounds),
            rows=tuple(_row(label, i, rounds) for i, label in enumerate(check_in_sets.options_of(question))),
        )
    return QuestionResult(**common, single=fragments.phone_result(screen_of(question, floor)))


def screen_of(question: Mapping[str, Any], floor: int) -> ActivityScreen:
    """Return a question that was asked for the first time as its kind draws it."""
    kind = KINDS[question["kind"]]
    people = question.get("people")
    return ActivityScreen(
        id=question["id"],
        kind=question["kind"],
        prompt=question["prompt"],
        help="",
        config=kind.Config.model_validate(question["config"]),
        phase="released",
        asks=True,
        result=kind.load(question["result"]),
        people=people_text({"people": people}, floor),
    )


def where_words(one: Mapping[str, Any]) -> str:
    """Return where a round stood."""
    if one["state"] == "too_few":
        return _("too few answers")
    if one["band"] is None:
        return _("no safe picture")
    return {"low": _("low end"), "middle": _("middle"), "high": _("high end")}[one["band"]]


def step_words(step: str | None) -> str:
    """Return which way a round went, beside the one before; nothing where it may not be said."""
    return {"up": _("up"), "same": _("about the same"), "down": _("down")}.get(step or "", "")


def moved_sentence(rounds: Sequence[Mapping[str, Any]]) -> str:
    """Return what the last round says beside the one before it, as a sentence."""
    known = [one for one in rounds if one["band"]]
    if not known or rounds[-1]["band"] is None:
        return _("The last round cannot be compared")
    if len(known) == 1:
        return _("There is nothing safe to compare it with")
    before, last = known[-2], known[-1]
    since = round_name(before["round"])
    if last["step"]:
        return {
            "up": _("Up since “%(round)s”", round=since),
            "same": _("About the same as “%(round)s”", round=since),
            "down": _("Down since “%(round)s”", round=since),
        }[last["step"]]
    if before["band"] == last["band"]:
        return _("Still: %(where)s", where=where_words(last))
    return _("From “%(before)s” to “%(now)s”", before=where_words(before), now=where_words(last))


def _row(label: str, number: int, rounds: Sequence[Mapping[str, Any]]) -> AmountRow:
    words = []
    for one in rounds:
        if one["state"] == "too_few":
            words.append(_("too few answers"))
        elif number >= len(one["amounts"]):
            words.append(_("no safe picture"))
        else:
            said = {"few": _("few"), "some": _("some"), "most": _("most"), "hidden": _("not shown")}[
                one["amounts"][number]
            ]
            step = one["steps"][number] if number < len(one["steps"]) else None
            words.append(f"{said} ({share_words(step)})" if step else said)
    return AmountRow(label, tuple(words))


def share_words(step: str) -> str:
    """Return which way an option's share went."""
    return {"up": _("more than before"), "same": _("about as many"), "down": _("fewer than before")}[step]
