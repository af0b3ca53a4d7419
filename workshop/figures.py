"""What a freeze keeps of a session's results as plain figures, beside its editions in words.

Lives here: the documented form of these data (`docs/results.schema.json`) and how they are gathered, once, at the
freeze. They hold what the facilitator's own edition holds and nothing more: counts only where the room saw counts,
words in all other places, people's own words only where that file may print them. Not here: the files made of them
(`exports.py`), what may be published (`publication.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from . import anonymity, editions, parking, sources
from .activities import KINDS
from .charts import Bar, Chart
from .editions import Material
from .guides.schema import Activity, Step
from .themes import printed
from .words import _

KEY = "data"
"""Under which name a freeze keeps them, beside its editions."""

Band = Literal["few", "some", "most", "hidden", "here", "not_here", "small", "middle", "large"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Count(_Part):
    """How many people, as far as it may be said."""

    value: int | None = Field(description="The number, from ten on; null below")
    shown: str = Field(description="The same as a reader sees it, in the session's language")


class Floors(_Part):
    """From how many answers on something is shown."""

    room: int = Field(description="The fewest answers of which the room saw anything")
    words: int = Field(description="The fewest answers of which a report prints words")
    numbers: int = Field(description="The fewest answers of which there are numbers; below, words in their place")


class Meaning(_Part):
    """One word that stands where a number could be, and what it means."""

    word: str
    meaning: str


class NextStep(_Part):
    """One thing that will happen: what, who sees to it, by when."""

    what: str
    owner: str = Field(description="May be empty")
    when: str = Field(description="As it was written; may be empty")


class InStep(_Part):
    """The step of the guide in which an activity was asked."""

    number: int = Field(ge=1)
    id: str
    title: str


class Item(_Part):
    """One option, one group of points on a scale, or one word of a cloud: a number or a band, never both."""

    label: str
    value: int | None = Field(
        description="How many people; of a ranking the place, of points and dots their number; null where there is a band"
    )
    band: Band | None = Field(
        description="few: 0 to 2 people. some: 3 or more, up to half. most: more than half; where other items have "
        "numbers, all but two or more; of points and dots a small part and nearly all of them. hidden: showing it would "
        "give somebody away. here, not_here: where a small "
        "group leans on a scale. small, middle, large: the size of a word in a cloud. null where there is a number"
    )
    shown: str = Field(description="The number or band as a reader sees it, in the session's language")
    lead: bool = Field(description="true: drawn as leading")
    theme: str | None = Field(
        default=None, description="Of a vote over themes: the `id` of the theme that stands behind this item; else null"
    )


class Theme(_Part):
    """One named group of cards, as the room made it. How many cards are in it is not said: that would be a count."""

    id: str = Field(description="The id of its activity, a slash, and its number in the order on the stage")
    name: str
    words: tuple[str, ...] = Field(description="Its texts, where the facilitator may keep all words; else empty")


class OnPaper(_Part):
    """What came on paper: a room of its own, beside the phones' and never added to it."""

    how: Literal["beside", "mixed", "alone"] = Field(
        description="beside: its result stands here. mixed: its texts are among the words. alone: too few answered on "
        "phones, so all of this result is paper's"
    )
    sheets: Count | None = Field(description="How many sheets were typed in; null where it is alone: see `people`")
    finding: str = Field(description="What its chart says as a sentence; empty where there is none")
    items: tuple[Item, ...] = Field(description="As the items of the phones, from the sheets alone")


class Result(_Part):
    """One activity that was asked and closed."""

    id: str
    step: InStep
    kind: str = Field(description="choice, scale, open_text, word_cloud and further kinds")
    prompt: str
    state: Literal["shown", "too_few", "no_picture", "room_only"] = Field(
        description="shown: there are items or words. too_few: fewer answers than the room's floor; nothing was kept. "
        "no_picture: any picture could give somebody away. room_only: what was written stays in the room"
    )
    people: Count | None = Field(description="How many answered; null where too few did")
    finding: str = Field(description="What the chart says as a sentence; empty where there is none")
    note: str = Field(description="How to read it, or why nothing is there")
    form: Literal["bars", "columns", "lean", "cloud"] | None = Field(description="How it was drawn; null: it was not")
    ends: tuple[str, ...] = Field(description="What the two ends of a scale mean; empty for other kinds")
    items: tuple[Item, ...]
    words: tuple[str, ...] = Field(description="All texts that the room saw, where the facilitator may keep them")
    heard: tuple[str, ...] = Field(description="The facilitator's own summary")
    themes: tuple[Theme, ...] = Field(default=(), description="The themes of the cards, in the order on the stage")
    noted: tuple[str, ...] = Field(default=(), description="Of a parking lot: what the facilitator noted there")
    paper: OnPaper | None = Field(default=None, description="What came on paper; null where nothing did")


class Results(_Part):
    """The frozen results of one session. Nothing in it changes after the freeze."""

    format: Literal[1, 2] = Field(description="Rises with every change of this form; 1 had no themes and no paper")
    id: str = Field(description="The freeze from which this was made")
    title: str
    team: str = Field(description="May be empty")
    leader: str = Field(description="Who led the session")
    language: str = Field(description="The session's language, as BCP 47")
    day: date = Field(description="The day of the session")
    frozen_on: date = Field(description="The day of the freeze")
    took_part: Count
    floors: Floors
    legend: tuple[Meaning, ...] = Field(description="What the words in place of numbers mean")
    findings: tuple[str, ...]
    asks: tuple[str, ...]
    next_steps: tuple[NextStep, ...]
    results: tuple[Result, ...] = Field(description="In the order of the guide")


def json_schema() -> dict[str, Any]:
    """Return the form of the data as JSON Schema (2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Results.model_json_schema()}


def collect(material: Material, identifier: str, frozen_on: date) -> dict[str, Any]:
    """Return the figures of a session as the freeze keeps them."""
    live, texts = material.live, material.texts
    return Results(
        format=2,
        id=identifier,
        title=live.title,
        team=live.team or "",
        leader=live.leader,
        language=live.language,
        day=live.started_at.date() if live.started_at else live.created_on,
        frozen_on=frozen_on,
        took_part=Count(
            value=anonymity.people_said(live.joined), shown=editions.people_words(live.joined, live.room_floor)
        ),
        floors=Floors(room=live.room_floor, words=live.words_floor, numbers=anonymity.EXACT_FROM),
        legend=_legend(),
        findings=tuple(text for text in texts.findings if text.strip()),
        asks=_lines(texts.asks),
        next_steps=tuple(NextStep(what=what, owner=owner, when=by) for what, owner, by in texts.next_steps),
        results=tuple(
            _result(material, InStep(number=number, id=step.id, title=step.title), activity)
            for number, step in enumerate(material.guide.steps, start=1)
            for activity in _asked(material, step)
        ),
    ).model_dump(mode="json")


def _asked(material: Material, step: Step) -> list[Activity]:
    return [one for one in step.activities if one.id in material.results and KINDS[one.kind].asks]


def _result(material: Material, step: InStep, activity: Activity) -> Result:
    """Return one activity; what is people's own stays away unless the facilitator's file may hold it."""
    live, release = material.live, material.results[activity.id]
    kind = KINDS[activity.kind]

    def made(state: str, **more: Any) -> Result:
        values: dict[str, Any] = {"people": None, "finding": "", "note": "", "form": None, "heard": ()}
        values |= {"ends": (), "items": (), "words": ()}
        return Result(
            id=activity.id,
            step=step,
            kind=activity.kind,
            prompt=activity.prompt,
            **{**values, "state": state, **more},
        )

    noted = parking.printed(material.guide, material.results, material.parked, activity)
    if release.get("too_few"):
        return made("too_few", note=_too_few(live.room_floor), noted=tuple(noted))
    said: dict[str, Any] = {
        "people": Count(value=_exact(release), shown=editions.answered_words(release, live.room_floor)),
        "heard": _lines(material.texts.heard.get(activity.id, "")),
        "themes": _themes(material, activity),
        "noted": tuple(noted),
        "paper": _paper(material, activity),
    }
    own = kind.texts or kind.own_words
    if own and (release.get("emptied") or not (live.facilitator_words and release.get("words_ok"))):
        return made("room_only", note=_("What was written here stays in the room."), **said)
    if kind.texts:
        cards = sorted(material.cards.get(activity.id, ()), key=lambda card: card.id)
        return made("shown", words=tuple(card.text for card in cards), **said)
    chart = kind.chart(activity.config, kind.load(release["result"]))
    if chart is None:
        note = _("With these answers, any picture could give somebody away, so there is none.")
        if own:
            note = _("Fewer than three different words came together, so they are not shown.")
        return made("no_picture", note=note, **said)
    ends = (getattr(activity.config, "low_label", ""), getattr(activity.config, "high_label", ""))
    return made(
        "shown",
        finding=chart.title,
        note=chart.note,
        form=chart.form,
        ends=ends if any(ends) else (),
        items=_items(material, activity, chart),
        **said,
    )


def _themes(material: Material, activity: Activity) -> tuple[Theme, ...]:
    """Return the themes of an activity, with their texts only where the facilitator's file may hold all words."""
    release, cards = material.results[activity.id], material.cards.get(activity.id, ())
    texts = {card.id: card.text for card in cards}
    whole = material.live.facilitator_words and release.get("words_ok")
    return tuple(
        Theme(
            id=f"{activity.id}/{number}",
            name=theme.name,
            words=tuple(texts[one] for one in theme.cards) if whole else (),
        )
        for number, theme in enumerate(printed(material.themes.get(activity.id, ()), texts), start=1)
    )


def _behind(material: Material, activity: Activity) -> dict[str, str]:
    """Return label -> id of the theme behind each option that a vote took from the cards' themes."""
    if not any(one.id.startswith(sources.MARK) for part in sources.PARTS for one in getattr(activity.config, part, ())):
        return {}
    found: dict[str, str] = {}
    waiting, seen = list(activity.sources), set()
    while waiting:  # a vote over the options of an earlier vote leads back to the same themes
        name = waiting.pop(0)
        if name not in seen and name in material.results:
            seen.add(name)
            earlier = material.guide.activity(name)
            found |= {theme.name: theme.id for theme in _themes(material, earlier)}
            waiting += earlier.sources
    return found


def _items(material: Material, activity: Activity, chart: Chart) -> tuple[Item, ...]:
    behind = _behind(material, activity)
    items = (_item(chart, bar) for bar in chart.bars)
    return tuple(
        item.model_copy(update={"theme": behind[item.label]}) if item.label in behind else item for item in items
    )


def _paper(material: Material, activity: Activity) -> OnPaper | None:
    """Return what came on paper, as the room saw it beside what the phones sent."""
    paper, kind = material.results[activity.id].get("paper"), KINDS[activity.kind]
    if not paper:
        return None
    if paper["alone"]:
        return OnPaper(how="alone", sheets=None, finding="", items=())
    floor = material.live.room_floor
    sheets = Count(value=_exact(paper), shown=editions.sheets_words(paper, floor))
    if "result" not in paper:
        return OnPaper(how="mixed", sheets=sheets, finding="", items=())
    own = kind.own_words and not (material.live.facilitator_words and material.results[activity.id].get("words_ok"))
    chart = None if own else kind.chart(activity.config, kind.load(paper["result"]))
    items = _items(material, activity, chart) if chart else ()
    return OnPaper(how="beside", sheets=sheets, finding=chart.title if chart else "", items=items)


def on_paper(result: Result) -> Result | None:
    """Return the result from paper as one of its own, for tables and pictures; None where none stands beside."""
    if result.paper is None or not result.paper.items:
        return None
    changes = {
        "items": result.paper.items,
        "finding": result.paper.finding,
        "people": result.paper.sheets,
        "paper": None,
    }
    return result.model_copy(update={**changes, "words": (), "heard": (), "themes": (), "note": ""})


def _exact(release: Mapping[str, Any]) -> int | None:
    people = release.get("people")
    return anonymity.people_said(people) if isinstance(people, int) else None


def _item(chart: Chart, bar: Bar) -> Item:
    """Return one row of a chart; of a cloud the marks are sizes, which say nothing of how many."""
    if bar.mark == "exact":
        return Item(label=bar.label, value=int(bar.shown), band=None, shown=bar.shown, lead=bar.lead)
    band = bar.mark
    if chart.form == "lean":
        band = "here" if bar.lead else "not_here"
    elif chart.form == "cloud":
        band = {"few": "small", "some": "middle", "most": "large"}[bar.mark]
    return Item.model_validate({"label": bar.label, "value": None, "band": band, "shown": bar.shown, "lead": bar.lead})


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _too_few(floor: int) -> str:
    return _("Fewer than %(floor)s people answered, so nothing was shown and nothing was kept.", floor=floor)


def _legend() -> tuple[Meaning, ...]:
    return (
        Meaning(word=_("few"), meaning=_("0, 1 or 2 people. It can also be none.")),
        Meaning(word=_("some"), meaning=_("3 people or more, up to half of those who answered.")),
        Meaning(
            word=_("most"),
            meaning=_("More than half of those who answered. Where numbers stand beside it: all but two, or more."),
        ),
        Meaning(word=_("fewer than 3"), meaning=_("0, 1 or 2 people, where the other answers have numbers.")),
        Meaning(word=_("not shown"), meaning=_("Showing it would give somebody away.")),
        Meaning(
            word=_("here"),
            meaning=_("Where the answers of a small group lie on a scale, taken together. How many is not said."),
        ),
    )
