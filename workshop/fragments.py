"""Screens and report blocks -> HTML, by each kind's own templates.

Lives here: the one renderer that first paint, push and report share, so that
nothing looks different on the way. Not here: what may be shown (`screens/`
decided it before), pages around a fragment, and what a kind knows about itself.

A kind needs no line here: its four templates receive the activity, the kind,
its config, and, after the release, the aggregate as `result` and its `chart`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import render_template
from markupsafe import Markup

from . import charts, comparisons, parking
from .activities import KINDS
from .charts import Chart
from .publication import Shape
from .rounds import Beside
from .screens import ActivityScreen, CardScreen, ConsoleScreen, PhoneScreen, StageScreen


def phone(screen: PhoneScreen, **extra: Any) -> str:
    """Return what a phone shows; `extra` is what only the first paint adds (this phone's own answer)."""
    return _render("take_part/_screen.html", screen=screen, **extra)


def stage(screen: StageScreen) -> str:
    """Return what the projector shows."""
    return _render("stage/_screen.html", screen=screen)


def console(screen: ConsoleScreen) -> str:
    """Return what the facilitator steers by."""
    return _render("console/_screen.html", screen=screen)


def answer_fields(
    activity: ActivityScreen, mine: Mapping[str, Sequence[str]] | None = None, beside: bool = False
) -> Markup:
    """Return the fields of an answer, filled with the author's own; the form around them is the page's.

    For a kind that asks nothing this is what it shows. `beside`: on the same page as another question.
    """
    return _activity(
        "answer", replace(activity, id=f"beside-{activity.id}") if beside else activity, mine=dict(mine or {})
    )


def stage_result(activity: ActivityScreen) -> Markup:
    """Return the released result, large, for the stage and the console's picture of it."""
    return _with_paper("stage", activity, surface="stage")


def phone_result(activity: ActivityScreen) -> Markup:
    """Return the released result for a phone: the same drawing with its table in reach."""
    return _with_paper("stage", activity, surface="phone")


def print_block(activity: ActivityScreen, palette: charts.Palette = charts.PAPER) -> Markup:
    """Return the released result for paper, in colours of its own."""
    return _with_paper("print", activity, paper=palette)


def author_summary(kind: str, config: Any) -> Markup:
    """Return an activity's settings in words, for the page of its guide."""
    html = _render(f"activities/{kind}/author.html", kind=KINDS[kind], config=config)
    return Markup(html).strip()  # noqa: S704 - the template escaped every text in it


def density(cards: Sequence[CardScreen]) -> str:
    """Return how large a wall of cards can be set before any script measures it.

    By the number of cards and the longest of them; the stage then fits and
    pages what is there, and without a script the wall scrolls.
    """
    if not cards:
        return "huge"
    longest = max(len(card.text) for card in cards)
    weight = len(cards) * max(longest, 40)
    if weight <= 600:
        return "huge"
    if weight <= 1800:
        return "large"
    return "middle" if weight <= 6000 else "small"


def lanes(again: Beside) -> Markup:
    """Return the drawing of two rounds of a scale."""
    return comparisons.svg(again.finding, again.bands)


def _with_paper(view: str, activity: ActivityScreen, **extra: Any) -> Markup:
    """Return a result, and beside it the one from paper where there is one: two rooms, never one count."""
    own = _activity(view, activity, **extra)
    if not activity.paper:
        return own
    beside = None
    if activity.paper_result is not None:
        twin = replace(activity, id=f"{activity.id}-paper", result=activity.paper_result, paper="", paper_result=None)
        beside = _activity(view, twin, **extra)
    html = _render("activities/_on_paper.html", activity=activity, own=own, beside=beside)
    return Markup(html).strip()  # noqa: S704 - the template escaped every text in it


def _activity(view: str, activity: ActivityScreen, **extra: Any) -> Markup:
    kind = KINDS[activity.kind]
    chart: Chart | None = None
    if activity.result is not None:
        chart = kind.chart(activity.config, activity.result)
    shape = getattr(activity.result, "shape", None)
    html = _render(
        "activities/_rounds.html" if activity.again and view != "answer" else f"activities/{kind.name}/{view}.html",
        activity=activity,
        kind=kind,
        config=activity.config,
        result=activity.result,
        again=activity.again,
        cards=activity.cards,
        chart=chart,
        numbers=isinstance(shape, Shape) and shape.precision == "numbers",
        prefix=f"{view}-{activity.id}",
        **extra,
    )
    return Markup(html).strip()  # noqa: S704 - the template escaped every text in it


def _render(template: str, **values: Any) -> str:
    return render_template(
        template,
        answer_fields=answer_fields,
        stage_result=stage_result,
        phone_result=phone_result,
        marks=charts.svg,
        lanes=lanes,
        density=density,
        parked_mark=parking.mark_words,
        **values,
    )
