"""Which rule hid what: the rules of all editions in plain words, with this session's real settings.

Lives here: the table of readers and contents, and the rule that decided over
each activity. Not here: the rules themselves (`editions.RULES`, `quoting.py`,
`publication.py`). Nothing here may tell more than the editions do: above all
nothing about how many agreed to be quoted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import anonymity
from .activities import KINDS
from .findings import in_context
from .guides.schema import Activity
from .models import LiveSession
from .quoting import FEWEST_CONSENTS, MOST_QUOTES
from .words import _

if TYPE_CHECKING:
    from .editions import Material


@dataclass(frozen=True)
class Line:
    """One kind of content: what it is, the rule over it, and what each reader gets, in the order of the columns."""

    content: str
    rule: str
    cells: tuple[str, ...]


def columns() -> tuple[str, ...]:
    """Return the readers, in the order of the cells of a `Line`."""
    return (_("Manager"), _("Everybody who took part"), _("The wall"), _("Facilitator"))


def table(live: LiveSession) -> tuple[Line, ...]:
    """Return what this session shows to whom."""
    yes, no = _("Yes"), _("No")
    return (
        Line(
            _("Findings, requests, next steps"),
            _("Worded by the facilitator. Six words in a row from a card that may not be quoted are refused."),
            (yes, yes, yes, yes),
        ),
        Line(
            _("Results of votes and scales"),
            _(
                "Shown from %(room)s answers on. Below %(numbers)s as few / some / most, from %(numbers)s on in numbers; "
                "counts below 3 never stand alone.",
                room=live.room_floor,
                numbers=anonymity.EXACT_FROM,
            ),
            (_("The chosen steps"), _("All steps"), no, _("All steps")),
        ),
        Line(
            _("What we heard"),
            _("The facilitator's summary of the cards."),
            (_("The chosen steps"), _("All steps"), no, _("All steps")),
        ),
        Line(_("Words that may be quoted"), _quoting(live), (yes, yes, _("Only if chosen"), no)),
        Line(
            _("Words written for the manager"),
            _(
                "Their authors gave them to the room and the manager, and to nobody else. The rules for quotes hold too."
            ),
            (yes, no, no, no),
        ),
        Line(
            _("All other words, and those of word clouds"),
            _("They stay in the room.")
            if not live.facilitator_words
            else _(
                "They stay in the room. The facilitator's own file holds them from %(words)s answers on; every phone "
                "said so before anybody joined.",
                words=live.words_floor,
            ),
            (no, no, no, _("From %(words)s answers on", words=live.words_floor) if live.facilitator_words else no),
        ),
        Line(
            _("Who answered what, and when"),
            _("It is not kept anywhere, so nobody can be shown it."),
            (no, no, no, no),
        ),
    )


def essay(material: Material, quoted: Collection[str]) -> dict[str, Any]:
    """Return the rules, short, as the facilitator's edition prints them: in general, and over each activity.

    `quoted` names the activities of which some edition prints words.
    """
    asked = [
        activity
        for step in material.guide.steps
        for activity in step.activities
        if activity.id in material.results and KINDS[activity.kind].asks
    ]
    return {
        "heading": _("What is shown to whom"),
        "passages": [
            {
                "heading": _("The rules"),
                "items": [
                    _("%(content)s: %(rule)s", content=line.content, rule=line.rule) for line in table(material.live)
                ],
            },
            {
                "heading": _("Which rule decided"),
                "items": [
                    in_context(activity.prompt, rule_over(material, activity, activity.id in quoted))
                    for activity in asked
                ],
            },
        ],
    }


def rule_over(material: Material, activity: Activity, quoted: bool) -> str:
    """Return the sentence on what decided over one activity.

    Of words it is one and the same, whatever was written and allowed: everything else would be a count.
    """
    live, release = material.live, material.results[activity.id]
    if release.get("too_few"):
        return _("Hidden: fewer than %(floor)s answered.", floor=live.room_floor)
    kind = KINDS[activity.kind]
    if kind.own_words:
        return _("No words are printed here.") if not live.facilitator_words else _clouds(live)
    if kind.texts:
        if quoted:
            return _("The chosen words are printed; their authors allowed it.")
        return _("No words are printed here.")
    chart = kind.chart(activity.config, kind.load(release["result"]))
    if chart is None:
        return _("Hidden: with these answers, any picture could give somebody away.")
    if any(bar.mark == "exact" for bar in chart.bars):
        return _("Shown in numbers; small ones are grouped or left out.")
    return _("Shown in words instead of numbers.")


def decided(edition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the lines on each activity as a freeze keeps them in the facilitator's edition; empty for an old one."""
    passages = (edition.get("rules") or {}).get("passages", ())
    return tuple(passages[-1]["items"]) if passages else ()


def _clouds(live: LiveSession) -> str:
    return _("Only in the facilitator's own file, from %(words)s answers on.", words=live.words_floor)


def _quoting(live: LiveSession) -> str:
    return _(
        "Words are printed from %(words)s answers on, only if their authors allowed it for that very text, and only if "
        "at least %(consents)s did. The facilitator chooses at most %(most)s for each question.",
        words=live.words_floor,
        consents=FEWEST_CONSENTS,
        most=MOST_QUOTES,
    )
