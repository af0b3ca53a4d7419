"""A second round of the same question, beside the first (`again:` in a guide's file).

Lives here: what is kept of a second round, and what the room sees of both. Not
here: how rounds are compared (`comparisons.py`, pure), which activities may be
asked again (`guides/checks.py`), check-ins weeks later (`check_in_sets.py`).

The room has seen the first round's numbers, so the second never shows any: with
both, whoever knows who has come or gone, or that most people stay where they
are, could take one from the other (promise 10: an exact pair never stands side
by side). Therefore the seal of a second round keeps its words alone, whatever
became of the first: a band on a scale, few, some or most of an option. Where
both rounds had ten answers or more, it also keeps which way it went. All of it
is computed from what would have been published of the round by itself, so it
excludes no answers that this would not have excluded; `tests/promises` count it
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from . import comparisons
from .activities import KINDS
from .activities.choice import ChoiceAggregate
from .activities.scale import ScaleAggregate
from .comparisons import Band, Step
from .guides.schema import Activity
from .live_state import guide_of, run_of
from .models import ActivityRun, LiveSession
from .words import _


@dataclass(frozen=True)
class Beside:
    """Two rounds of one question as every audience sees them: words and directions, never a number.

    `bands`: of a scale, each round's band and its step, for the drawing; empty
    for options. `rows`: what is compared, before, now.
    """

    finding: str
    names: tuple[str, str]
    rows: tuple[tuple[str, str, str], ...]
    bands: tuple[tuple[Band | None, Step | None], ...] = ()

    def dump(self) -> dict[str, Any]:
        """Return it as JSON-able data, for a report."""
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Beside:
        """Return what `dump` wrote."""
        return cls(
            data["finding"],
            (data["names"][0], data["names"][1]),
            tuple((row[0], row[1], row[2]) for row in data["rows"]),
            tuple((band[0], band[1]) for band in data["bands"]),
        )


def first_release(session: Session, live: LiveSession, item: Activity) -> Mapping[str, Any] | None:
    """Return what was released of the round that `item` asks again; None where there is nothing of it."""
    run = run_of(session, live, item.again) if item.again else None
    if run is None or run.state != "released" or run.release is None or run.release.get("too_few"):
        return None
    return run.release


def moved(item: Activity, first: Mapping[str, Any] | None, now: Any) -> list[Step | None]:
    """Return which way the second round went, one step for a scale, one per option else; empty: it may not be said.

    `now` is the second round's aggregate as it would be published by itself.
    """
    if first is None:
        return []
    before = KINDS[item.kind].load(first["result"])
    if isinstance(now, ScaleAggregate) and isinstance(before, ScaleAggregate):
        step = comparisons.step(before.stood(item.config), now.stood(item.config))
        return [step] if step else []
    if isinstance(now, ChoiceAggregate) and isinstance(before, ChoiceAggregate):
        return list(comparisons.steps(before.shape, before.people, now.shape, now.people))
    return []


def beside(session: Session, live: LiveSession, item: Activity, run: ActivityRun) -> Beside | None:
    """Return a released second round beside its first; None where there is no first to stand beside."""
    if not item.again or run.state != "released" or run.release is None:
        return None
    earlier = next((one for one in guide_of(live).activities if one.id == item.again), None)
    return compare(earlier, first_release(session, live, item), item, run.release)


def compare(
    earlier: Activity | None, first: Mapping[str, Any] | None, item: Activity, release: Mapping[str, Any]
) -> Beside | None:
    """Return two releases of the same question beside each other, in words; None where one of them shows nothing."""
    if earlier is None or earlier.kind != item.kind or first is None or first.get("too_few") or release.get("too_few"):
        return None
    kind = KINDS[item.kind]
    before, now = kind.load(first["result"]), kind.load(release["result"])
    steps: list[Step | None] = list(release.get("moved") or [])
    if isinstance(before, ScaleAggregate) and isinstance(now, ScaleAggregate):
        return _scales(item, before, now, steps[0] if steps else None)
    if isinstance(before, ChoiceAggregate) and isinstance(now, ChoiceAggregate):
        return _options(item, before, now, steps)
    return None


def _names() -> tuple[str, str]:
    return _("First time"), _("Now")


def _scales(item: Activity, before: ScaleAggregate, now: ScaleAggregate, step: Step | None) -> Beside | None:
    was, is_ = before.stood(item.config), now.stood(item.config)
    if was is None or is_ is None:
        return None
    where = {"low": _("low end"), "middle": _("middle"), "high": _("high end")}
    if step:
        finding = {
            "up": _("Higher than the first time"),
            "same": _("About the same as the first time"),
            "down": _("Lower than the first time"),
        }[step]
    elif was.band == is_.band:
        finding = _("Still: %(where)s", where=where[is_.band])
    else:
        finding = _("From “%(before)s” to “%(now)s”", before=where[was.band], now=where[is_.band])
    row = (_("Where the room leans"), where[was.band], where[is_.band])
    return Beside(finding, _names(), (row,), ((was.band, None), (is_.band, step)))


def _options(item: Activity, before: ChoiceAggregate, now: ChoiceAggregate, steps: list[Step | None]) -> Beside | None:
    was, is_ = (comparisons.amounts(one.shape, one.people) for one in (before, now))
    labels = [option.label for option in item.config.options]
    if len(was) != len(labels) or len(is_) != len(labels):
        return None
    said = {"few": _("few"), "some": _("some"), "most": _("most"), "hidden": _("not shown")}
    way = {"up": _("more than before"), "same": _("about as many"), "down": _("fewer than before")}
    rows = []
    grown, shrunk = [], []
    for i, (label, old, new) in enumerate(zip(labels, was, is_, strict=True)):
        step = steps[i] if i < len(steps) else None
        rows.append((label, said[old], f"{said[new]} ({way[step]})" if step else said[new]))
        if step == "up":
            grown.append(_("“%(label)s”", label=label))
        elif step == "down":
            shrunk.append(_("“%(label)s”", label=label))
    if grown:
        finding = _("More people than the first time: %(names)s", names=", ".join(grown))
    elif shrunk:
        finding = _("Fewer people than the first time: %(names)s", names=", ".join(shrunk))
    elif was == is_ or (steps and all(steps)):
        finding = _("About the same as the first time")
    else:
        finding = _("It has changed since the first time")
    return Beside(finding, _names(), tuple(rows))
