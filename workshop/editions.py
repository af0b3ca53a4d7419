"""A live session -> the plain data of each edition of its report, every floor applied.

Lives here: what each reader may read (`RULES`), as the JSON of
`reports/document.py` plus one `drawing` per result that `jobs.py` turns into
markup. Not here: when this is done and that it is done once (`freezes.py`), and
what the staff put right afterwards (`versions.py`). It is one file because what a
reader may read is decided by reading all of it together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from . import anonymity, moderation, parking, questions, report_prose, rounds, shown_to_whom
from .activities import KINDS
from .boards import Theme
from .guides.schema import Activity, Guide, Step
from .models import LiveSession
from .quoting import FEWEST_CONSENTS, Words, offered
from .themes import printed
from .words import _

EDITIONS = ("manager", "participant", "team", "facilitator")
MOST_SECTIONS = 3
"""So many steps fill at most two pages; with the letter and the last page that is what a manager reads in one sitting."""
MOST_ON_THE_WALL = 3
"""Quotes on the team's page: it is read in passing."""


@dataclass(frozen=True)
class Rules:
    """What one edition may hold beside findings, asks and next steps, which all have.

    Consented words are printed by `quoting.offered` alone, in every edition.
    Words written for the manager were offered to the room and the manager, to
    nobody else: so the editions that travel further never hold them, consented
    or not, and no staff text may repeat them (`freezes.py`).
    """

    results: bool = True
    quotes: bool = True
    words_for_manager: bool = False
    words_of_the_room: bool = False  # where that was switched on before anybody joined
    chosen_steps: bool = False  # the steps and the order that the facilitator chose


RULES: Mapping[str, Rules] = {
    "manager": Rules(words_for_manager=True, chosen_steps=True),
    "participant": Rules(),
    "team": Rules(results=False),
    "facilitator": Rules(quotes=False, words_of_the_room=True),
}


@dataclass(frozen=True)
class Texts:
    """What the facilitator wrote and chose.

    `quotes` maps an activity to the chosen cards' ids. `order` and `left_out` name steps and hold for the
    manager's edition alone; a step that `order` does not name follows in the guide's order. `for_all`: who took
    part gets an edition; `on_the_wall`: the team's page holds some of the chosen quotes.
    """

    findings: tuple[str, ...] = ()
    asks: str = ""
    next_steps: tuple[tuple[str, str, str], ...] = ()  # what, who, by when
    heard: Mapping[str, str] = field(default_factory=dict)
    quotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    for_all: bool = True
    on_the_wall: bool = False

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
            "for_all": self.for_all,
            "on_the_wall": self.on_the_wall,
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
            for_all=bool(data.get("for_all", True)),
            on_the_wall=bool(data.get("on_the_wall", False)),
        )


@dataclass(frozen=True)
class Material:
    """Everything an edition is made of: the session, its guide, its closed activities, cards and texts."""

    live: LiveSession
    guide: Guide
    results: Mapping[str, Mapping[str, Any]]  # activity id -> release
    cards: Mapping[str, Sequence[Words]]  # activity id -> released cards
    texts: Texts
    themes: Mapping[str, Sequence[Theme]] = field(default_factory=dict)  # activity id -> its themes, with cards' ids
    hidden: Mapping[str, Sequence[Words]] = field(default_factory=dict)  # cards that the room does not see any more
    read: Mapping[str, moderation.Texts] = field(default_factory=dict)  # what those who moderate decided, per activity
    guarded: Mapping[str, Sequence[str]] = field(default_factory=dict)  # what of it no staff text may repeat
    parked: Sequence[parking.Entry] = ()  # what the facilitator parked at the console: staff text


def people_words(count: int, floor: int) -> str:
    """Return how many people, as far as it may be printed: a band below ten, the number from ten on (promise 10)."""
    if count >= anonymity.EXACT_FROM:
        return _("%(count)s people", count=count)
    if count < floor:
        return _("Fewer than %(floor)s people", floor=min(floor, anonymity.EXACT_FROM))
    return _("%(floor)s to 9 people", floor=floor)


def answered_words(release: Mapping[str, Any], floor: int) -> str:
    """Return how many answered one activity: the number if it was kept, else the band it lies in."""
    if (people := release.get("people")) and people >= anonymity.EXACT_FROM:
        return _("%(count)s people answered", count=people)
    groups = _("At least two groups answered")  # how many would tell which group said nothing
    return groups if release.get("in_groups") else _("%(floor)s to 9 people answered", floor=min(floor, 9))


def sheets_words(paper: Mapping[str, Any], floor: int) -> str:
    """Return how many sheets of paper were typed in, as far as it may be printed; empty where they stand alone."""
    if paper.get("alone"):
        return ""
    people = paper.get("people")
    return str(people) if people else _("%(low)s to %(high)s", low=min(floor, 9), high=9)


def _people(release: Mapping[str, Any], floor: int) -> str:
    """Return who answered: on phones, on paper, or on both, which are never added together (promise 10)."""
    answered, paper = answered_words(release, floor), release.get("paper")
    if not paper:
        return answered
    if paper["alone"]:
        return _("%(answered)s, on paper", answered=answered)
    return _("%(answered)s on phones; %(sheets)s sheets on paper", answered=answered, sheets=sheets_words(paper, floor))


def day_words(day: date, language: str) -> str:
    """Return a date as it is written in that language."""
    try:
        locale = Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return format_date(day, "long", locale=locale)


def wanted(texts: Texts) -> tuple[str, ...]:
    """Return the editions that a freeze is made of."""
    return tuple(edition for edition in EDITIONS if edition != "participant" or texts.for_all)


def made(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the editions that a freeze has; one from before there were four has fewer."""
    return tuple(edition for edition in EDITIONS if edition in data)


def build(material: Material, edition: str, identifier: str, frozen_on: date) -> dict[str, Any]:
    """Return one edition as plain JSON data; `edition` is one of `EDITIONS`."""
    live, texts, rules = material.live, material.texts, RULES[edition]
    day = live.started_at.date() if live.started_at else live.created_on
    when = day_words(day, live.language)
    return {
        "identifier": identifier,
        "edition": edition,
        "language": live.language,
        "day": frozen_on.isoformat(),
        "title": live.title,
        "label": label(edition),
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
            "heading": _("What the group asks for") if edition == "manager" else _("What we ask for"),
            "items": lines(texts.asks),
            "empty": _("The group has not put a request into words yet. Ask it in the conversation.")
            if edition == "manager"
            else _("Nothing has been put into words yet."),
        },
        "next_steps": {
            "heading": _("What we do next") if edition == "team" else _("Next steps"),
            "columns": [_("What"), _("Who"), _("By when")],
            "rows": [{"what": what, "owner": owner, "when": by} for what, owner, by in texts.next_steps],
            "empty": _("No steps were agreed in the session. Agree on one or two in the conversation."),
        },
        "sections": _sections(material, edition) if rules.results else _wall(material),
        "conversation": report_prose.conversation() if edition == "manager" else None,
        "method": report_prose.on_the_wall(live) if edition == "team" else report_prose.method(live),
        "rules": shown_to_whom.essay(material, _quoted(material)) if edition == "facilitator" else None,
        "running": " · ".join(part for part in (live.title, live.team, when) if part),
        "draft_word": _("Draft"),
    }


def label(edition: str) -> str:
    """Return for whom an edition is, as it stands above its title."""
    return {
        "manager": _("Report for the manager"),
        "participant": _("Report for everybody who took part"),
        "team": _("For the wall"),
        "facilitator": _("Report for the facilitator"),
    }[edition]


def usually_left_out(material: Material, telling: Iterable[str]) -> frozenset[str]:
    """Return the steps that the manager need not read unless the facilitator says so.

    Of a short guide everything stays. Of a longer one the first `MOST_SECTIONS` of those with a question to the
    manager, then with a finding (`telling` names their activities), then with words that may be quoted.
    """
    steps = [step for step in material.guide.steps if asked_in(material, step)]
    if len(steps) <= MOST_SECTIONS:
        return frozenset()
    found = set(telling)

    def weight(step: Step) -> int:
        asked = asked_in(material, step)
        if any(activity.for_ == "manager" for activity in asked):
            return 3
        if any(activity.id in found for activity in asked):
            return 2
        return int(any(quotes(material, activity, "manager") for activity in asked))

    kept = [step.id for step in sorted(steps, key=weight, reverse=True) if weight(step)][:MOST_SECTIONS]
    return frozenset(step.id for step in steps if step.id not in kept)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _sections(material: Material, edition: str) -> list[dict[str, Any]]:
    """Return a section per step that was asked something: all of them, or what the manager is to read."""
    numbered = [(number, step) for number, step in enumerate(material.guide.steps, start=1) if asked_in(material, step)]
    if RULES[edition].chosen_steps:
        texts = material.texts
        places = {step_id: place for place, step_id in enumerate(texts.order)}
        numbered = [(number, step) for number, step in numbered if step.id not in texts.left_out]
        numbered.sort(key=lambda one: places.get(one[1].id, len(places)))
    return [_section(material, number, step, asked_in(material, step), edition) for number, step in numbered]


def _wall(material: Material) -> list[dict[str, Any]]:
    """Return the few quotes of the team's page, where the facilitator wants them there."""
    if not material.texts.on_the_wall:
        return []
    asked = [activity for step in material.guide.steps for activity in asked_in(material, step)]
    printed = [quote for activity in asked for quote in quotes(material, activity, "team")][:MOST_ON_THE_WALL]
    if not printed:
        return []
    block = {"heading": _("In our own words"), "quotes": printed}
    return [{"label": "", "heading": _("In our own words"), "blocks": [block]}]


def asked_in(material: Material, step: Step) -> list[Activity]:
    """Return the activities of a step that were asked and closed."""
    return [activity for activity in step.activities if activity.id in material.results and KINDS[activity.kind].asks]


def _section(material: Material, number: int, step: Step, asked: Sequence[Activity], edition: str) -> dict[str, Any]:
    blocks = [_block(material, activity, edition) for activity in asked]
    if all(material.results[one.id].get("too_few") and not KINDS[one.kind].all_along for one in asked):
        blocks = [{"heading": _("Nothing is shown from this step"), "note": too_few(material.live)}]
    return {
        "label": _("Step %(number)s", number=number),
        "heading": step.title,
        "lead": "" if edition == "manager" else step.purpose,
        "blocks": blocks,
    }


def too_few(live: LiveSession) -> str:
    """Return what stands where fewer people answered than the room's floor."""
    return _("Fewer than %(floor)s people answered, so nothing was shown and nothing was kept.", floor=live.room_floor)


def _block(material: Material, activity: Activity, edition: str) -> dict[str, Any]:
    live, release = material.live, material.results[activity.id]
    block: dict[str, Any] = {"heading": activity.prompt, "activity": activity.id}
    if noted := parking.printed(material.guide, material.results, material.parked, activity):
        block["parked"] = {"heading": _("Noted by %(leader)s", leader=live.leader), "items": noted}
    if release.get("too_few"):
        return {**block, "note": too_few(live)}
    people = _people(release, live.room_floor)
    kind = KINDS[activity.kind]
    if kind.texts:
        return {**block, "people": people, **_words(material, activity, edition)}
    if kind.own_words:
        words = _words(material, activity, edition)
        if not (RULES[edition].words_of_the_room and live.facilitator_words and release.get("words_ok")):
            return {**block, "people": people, **words}
        if release.get("emptied"):  # every word of it was hidden by those who moderate
            return {**block, "people": people, **words}
        block |= {"heard": words["heard"]} if "heard" in words else {}
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
    if paper := release.get("paper"):
        result = {"result": paper["result"]} if "result" in paper else {}
        block["drawing"]["paper"] = {
            "alone": bool(paper["alone"]), "people": sheets_words(paper, live.room_floor), **result
        }  # fmt: skip
    if activity.again and (beside := _beside(material, activity)):
        block["drawing"]["again"] = beside.dump()
    return block


def _beside(material: Material, activity: Activity) -> rounds.Beside | None:
    """Return a second round beside its first, as the room saw both."""
    earlier = next((one for one in material.guide.activities if one.id == activity.again), None)
    first = material.results.get(activity.again or "")
    return rounds.compare(earlier, first, activity, material.results[activity.id])


def silence(kept_for_manager: bool = False) -> str:
    """Return the one line that stands where no words are printed.

    It is the same whether nobody consented, fewer than three did, nobody chose one or the floor was not met: the
    difference would be a count. `kept_for_manager`: this edition never holds words of that question, whatever happened.
    """
    if kept_for_manager:
        return _("What was written for the manager is not in this report.")
    return _("What was written here stays in the room.")


def heard_block(text: str) -> dict[str, Any] | None:
    """Return the facilitator's summary as a block holds it; None where there is none."""
    items = lines(text)
    return {"heading": _("What we heard"), "items": items} if items else None


def _words(material: Material, activity: Activity, edition: str) -> dict[str, Any]:
    """Return what is printed of a text activity: the facilitator's summary, and words only as far as allowed."""
    live, release, rules = material.live, material.results[activity.id], RULES[edition]
    out: dict[str, Any] = {}
    heard = heard_block(material.texts.heard.get(activity.id, ""))
    if heard:
        out["heard"] = heard
    if rules.words_of_the_room and live.facilitator_words and release.get("words_ok") and KINDS[activity.kind].texts:
        cards = sorted(material.cards.get(activity.id, ()), key=lambda card: card.id)
        out["words_heading"] = _("All words that the room saw")
        out["words"] = _by_theme(material, activity, cards, _("In no theme"))
    elif chosen := quotes(material, activity, edition):
        out["quotes_heading"] = _("In people's own words")
        out["quotes"] = chosen
    never = activity.for_ == "manager" and rules.quotes and not rules.words_for_manager
    if never or not out:
        out["note"] = silence(never)
    named = printed(material.themes.get(activity.id, ()), {card.id for card in material.cards.get(activity.id, ())})
    if named and not never:
        out["themes"] = {"heading": _("The themes"), "items": [theme.name for theme in named]}
    return out


def _by_theme(material: Material, activity: Activity, cards: Sequence[Words], rest: str) -> list[dict[str, str]]:
    """Return cards as they are printed, theme by theme; `rest` is what stands above those in none.

    Where there are no themes everything is as it was. Cards in no theme come first if nothing stands above them.
    """
    named = printed(material.themes.get(activity.id, ()), {card.id for card in cards})
    theme_of = {card_id: (place, theme.name) for place, theme in enumerate(named) for card_id in theme.cards}
    last = (len(named) if rest else -1, rest if named else "")
    placed = sorted((*theme_of.get(card.id, last), at, card.text) for at, card in enumerate(cards))
    return [{"text": text, "theme": name} if name else {"text": text} for _place, name, _at, text in placed]


def _quoted(material: Material) -> frozenset[str]:
    """Return the activities of which some edition prints words."""
    return frozenset(
        activity.id
        for step in material.guide.steps
        for activity in asked_in(material, step)
        if quotes(material, activity, "manager")
    )


def quotes(material: Material, activity: Activity, edition: str) -> list[dict[str, str]]:
    """Return the chosen words of an activity as this edition may print them."""
    rules = RULES[edition]
    if not rules.quotes or (activity.for_ == "manager" and not rules.words_for_manager):
        return []
    chosen = set(material.texts.quotes.get(activity.id, ()))
    words_ok = bool(material.results[activity.id].get("words_ok"))
    cards = offered(material.cards.get(activity.id, ()), words_ok)
    safe = [
        theme
        for theme in printed(material.themes.get(activity.id, ()), {card.id for card in cards})
        if len(theme.cards) >= FEWEST_CONSENTS  # fewer under one name would point, as fewer in one question do
    ]
    grouped = replace(material, themes={activity.id: safe})
    places = questions.voted(material.results[activity.id])
    cards = tuple(sorted(cards, key=lambda card: places.get(card.id, len(places))))
    return _by_theme(grouped, activity, [card for card in cards if card.id in chosen], "")
