"""The findings that a report opens with, computed from what the room saw.

Lives here: which results are worth a sentence, and in which order. Not here:
the sentence of a result, which is its chart's title (the kinds), and what the
facilitator makes of it (`freezes.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .activities import KINDS
from .charts import Chart
from .guides.schema import Activity
from .words import _

MOST_FINDINGS = 3


@dataclass(frozen=True)
class Seen:
    """One closed activity with its release, in the order of the guide."""

    activity: Activity
    release: Mapping[str, Any]
    frame: bool = False
    """In the guide's first or last step: about the session itself (arriving, rating), not about the work."""


def printable(seen: Seen) -> bool:
    """Say whether every report may draw this result: above the room's floor, and nobody's own words."""
    kind = KINDS[seen.activity.kind]
    if seen.release.get("too_few") or seen.release.get("result") is None:
        return False
    return not kind.texts and not kind.own_words


def compute(results: Iterable[Seen]) -> tuple[str, ...]:
    """Return at most three findings, the clearest shape first; fewer when fewer are there, never invented.

    What frames the session (its first and last step) only fills up what is left.
    """
    return tuple(sentence for _activity, sentence in ranked(results))


def ranked(results: Iterable[Seen]) -> tuple[tuple[str, str], ...]:
    """Return the same findings, each with the id of the activity it was found in."""
    found: list[tuple[bool, float, int, str, str]] = []
    for place, seen in enumerate(results):
        if not printable(seen):
            continue
        kind = KINDS[seen.activity.kind]
        chart = kind.chart(seen.activity.config, kind.load(seen.release["result"]))
        clear = clearness(chart)
        if chart is not None and clear > 0:
            sentence = in_context(seen.activity.prompt, chart.title)
            found.append((seen.frame, -clear, place, seen.activity.id, sentence))
    return tuple((activity_id, sentence) for *_rank, activity_id, sentence in sorted(found)[:MOST_FINDINGS])


def clearness(chart: Chart | None) -> float:
    """Return how far the leading value stands out, 0 to 2; 0: nothing to report.

    One value alone in the lead by a wide gap is a clear majority and comes
    first; an ordered scale says less by a single bar, so its share counts half.
    Nothing leads: nothing was found.
    """
    if chart is None or not chart.title or not any(bar.lead for bar in chart.bars):
        return 0.0
    leading = [bar.share for bar in chart.bars if bar.lead]
    others = [bar.share for bar in chart.bars if not bar.lead]
    gap = max(leading) - max(others, default=0.0)
    if len(leading) > 1:
        gap /= len(leading)
    return (0.5 if chart.vertical else 1.0) * (max(leading) + max(gap, 0.0))


def in_context(prompt: str, finding: str) -> str:
    """Return the question and its finding as one piece of text that can stand alone on a first page."""
    asked, found = prompt.strip(), finding.strip()
    if asked and asked[-1] not in "?.!:…？。！؟":
        asked += ":"
    if found and found[-1] not in "?.!…？。！؟":
        found += "."
    return _("%(asked)s %(found)s", asked=asked, found=found)
