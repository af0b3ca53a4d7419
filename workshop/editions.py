"""A live session -> the plain data of each edition of its report, every floor applied.

Lives here: what a manager and a facilitator may read, as the JSON of
`reports/document.py` plus one `drawing` per result that `jobs.py` turns into
markup. Not here: when this is done and that it is done once (`freezes.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from . import anonymity, report_prose
from .activities import KINDS
from .guides.schema import Activity, Guide, Step
from .models import LiveSession
from .quoting import Words, offered
from .words import _

EDITIONS = ("manager", "facilitator")


@dataclass(frozen=True)
class Texts:
    """What the facilitator wrote and chose.

    `quotes` maps an activity to the chosen cards' ids. `order` and `left_out` name steps and hold for the
    manager's edition alone; a step that `order` does not name follows in the guide's order.
    """

    findings: tuple[str, ...] = ()
    asks: str = ""
    next_steps: tuple[tuple[str, str, str], ...] = ()  # what, who, by when
    heard: Mapping[str, str] = field(default_factory=dict)
    quotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Return the texts as they lie in the database."""
        return {
            "findings": list(self.findings),
            "asks": self.asks,
            "next_steps": [list(step) for step in self.next_steps],
            "heard": dict(self.heard),
            "quotes": {activity: list(ids) for activity, ids in self.quotes.items()},
            "order": list(self.order),
            "left_out": sorted(self.left_out),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Texts:
        """Return the texts that `to_json` wrote."""
        return cls(
            findings=tuple(data.get("findings", ())),
            asks=data.get("asks", ""),
            next_steps=tuple((step[0], step[1], step[2]) for step in data.get("next_steps", ())),
            heard=dict(data.get("heard", {})),
            quotes={activity: tuple(ids) for activity, ids in data.get("quotes", {}).items()},
            order=tuple(data.get("order", ())),
            left_out=frozenset(data.get("left_out", ())),
        )


@dataclass(frozen=True)
class Material:
    """Everything an edition is made of: the session, its guide, its closed activities, cards and texts."""

    live: LiveSession
    guide: Guide
    results: Mapping[str, Mapping[str, Any]]  # activity id -> release
    cards: Mapping[str, Sequence[Words]]  # activity id -> released cards
    texts: Texts


def people_words(count: int, floor: int) -> str:
    """Return how many people, as far as it may be printed: a band below ten, the number from ten on (promise 10)."""
    if count >= anonymity.EXACT_FROM:
        return _("%(count)s people", count=count)
    if count < floor:
        return _("Fewer than %(floor)s people", floor=min(floor, anonymity.EXACT_FROM))
    return _("%(floor)s to 9 people", floor=floor)


def answered_words(release: Mapping[str, Any], floor: int) -> str:
    """Return how many answered one activity: the number if it was kept, else the band it lies in."""
    people = release.get("people")
    if isinstance(people, int) and people >= anonymity.EXACT_FROM:
        return _("%(count)s people answered", count=people)
    return _("%(floor)s to 9 people answered", floor=min(floor, 9))


def day_words(day: date, language: str) -> str:
    """Return a date as it is written in that language."""
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return format_date(day, "long", locale=locale)


def build(material: Material, edition: str, identifier: str, frozen_on: date) -> dict[str, Any]:
    """Return one edition as plain JSON data; `edition` is one of `EDITIONS`."""
    live, texts = material.live, material.texts
    day = live.started_at.date() if live.started_at else live.created_on
    when = day_words(day, live.language)
    manager = edition == "manager"
    return {
        "identifier": identifier,
        "edition": edition,
        "language": live.language,
        "day": frozen_on.isoformat(),
        "title": live.title,
        "label": _("Report for the manager") if manager else _("Report for the facilitator"),
        "facts": [
            " · ".join(part for part in (live.team, when) if part),
            _(
                "%(people)s took part, each on their own phone and without a name. %(leader)s led the session.",
                people=people_words(live.joined, live.room_floor),
                leader=live.leader,
            ),
        ],
        "findings": {
            "heading": _("What we found"),
            "items": [text for text in texts.findings if text.strip()],
            "empty": _("There were too few answers to find something that can be told without pointing at somebody."),
        },
        "asks": {
            "heading": _("What the group asks for"),
            "items": _lines(texts.asks),
            "empty": _("The group has not put a request into words yet. Ask it in the conversation."),
        },
        "next_steps": {
            "heading": _("Next steps"),
            "columns": [_("What"), _("Who"), _("By when")],
            "rows": [{"what": what, "owner": owner, "when": by} for what, owner, by in texts.next_steps],
            "empty": _("No steps were agreed in the session. Agree on one or two in the conversation."),
        },
        "sections": _sections(material, manager),
        "conversation": report_prose.conversation() if manager else None,
        "method": report_prose.method(live),
        "running": " · ".join(part for part in (live.title, live.team, when) if part),
        "draft_word": _("Draft"),
    }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _sections(material: Material, manager: bool) -> list[dict[str, Any]]:
    """Return a section per step that was asked something: all of them, or what the manager is to read."""
    numbered = [(number, step) for number, step in enumerate(material.guide.steps, start=1) if asked_in(material, step)]
    if manager:
        texts = material.texts
        places = {step_id: place for place, step_id in enumerate(texts.order)}
        numbered = [(number, step) for number, step in numbered if step.id not in texts.left_out]
        numbered.sort(key=lambda one: places.get(one[1].id, len(places)))
    return [_section(material, number, step, asked_in(material, step), manager) for number, step in numbered]


def asked_in(material: Material, step: Step) -> list[Activity]:
    """Return the activities of a step that were asked and closed."""
    return [activity for activity in step.activities if activity.id in material.results and KINDS[activity.kind].asks]


def _section(material: Material, number: int, step: Step, asked: Sequence[Activity], manager: bool) -> dict[str, Any]:
    blocks = [_block(material, activity, manager) for activity in asked]
    lead = step.purpose
    if all(material.results[activity.id].get("too_few") for activity in asked):
        blocks = [{"heading": _("Nothing is shown from this step"), "note": _too_few(material.live)}]
    return {
        "label": _("Step %(number)s", number=number),
        "heading": step.title,
        "lead": lead,
        "blocks": blocks,
    }


def _too_few(live: LiveSession) -> str:
    return _("Fewer than %(floor)s people answered, so nothing was shown and nothing was kept.", floor=live.room_floor)


def _block(material: Material, activity: Activity, manager: bool) -> dict[str, Any]:
    live, release = material.live, material.results[activity.id]
    block: dict[str, Any] = {"heading": activity.prompt}
    if release.get("too_few"):
        return {**block, "note": _too_few(live)}
    block["people"] = answered_words(release, live.room_floor)
    kind = KINDS[activity.kind]
    if kind.texts:
        return {**block, **_words(material, activity, manager)}
    if kind.own_words:
        block |= _words(material, activity, manager)
        if manager or not live.facilitator_words or not release.get("words_ok"):
            return block
        block = {"heading": activity.prompt, **({"heard": block["heard"]} if "heard" in block else {})}
    people = answered_words(release, live.room_floor)
    if not kind.own_words:
        del block["people"]  # the drawing's own note says it
    block["drawing"] = {
        "id": activity.id,
        "kind": activity.kind,
        "prompt": activity.prompt,
        "help": activity.help,
        "config": activity.config.model_dump(mode="json", by_alias=True),
        "people": people,
        "made_up": bool(release.get("made_up")),
        "result": release["result"],
    }
    return block


def _words(material: Material, activity: Activity, manager: bool) -> dict[str, Any]:
    """Return what is printed of a text activity: the facilitator's summary, and words only as far as allowed.

    No quotes is one and the same line, whether nobody consented, fewer than
    three did or the floor was not met: the difference would be a count.
    """
    live, release = material.live, material.results[activity.id]
    cards = material.cards.get(activity.id, ())
    words_ok = bool(release.get("words_ok"))
    out: dict[str, Any] = {}
    heard = _lines(material.texts.heard.get(activity.id, ""))
    if heard:
        out["heard"] = {"heading": _("What we heard"), "items": heard}
    if not manager and live.facilitator_words and words_ok and KINDS[activity.kind].texts:
        out["words_heading"] = _("All words that the room saw")
        out["words"] = [{"text": card.text} for card in sorted(cards, key=lambda card: card.id)]
    elif manager:
        chosen = set(material.texts.quotes.get(activity.id, ()))
        quotes = [card for card in offered(cards, words_ok) if card.id in chosen]
        if quotes:
            out["quotes_heading"] = _("In people's own words")
            out["quotes"] = [{"text": card.text} for card in quotes]
    if not out:
        out["note"] = _("What was written here stays in the room.")
    return out
