"""Later questions take earlier ones as their source: the themes of step 1 become the options of a vote.

Lives here: what a question would take, and writing it into the session's own
copy of the guide when the question opens. From then on it is an ordinary
question: answers, seal, screens, freeze and exports need no special case. Not
here: themes (`themes.py`), what a kind does with its options (`activities/`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from . import anonymity, themes
from .activities import KINDS
from .activities.choice import joined
from .errors import WorkshopError
from .guides import schema
from .guides.checks import config_of
from .guides.schema import Activity, Guide
from .live_state import guide_of
from .models import LiveSession
from .words import _

MARK = "theme-"
"""The ids of options that were taken begin like this; what follows is random."""

PARTS = ("options", "items", "statements")
"""Under which of these names a kind keeps what people choose between."""


@dataclass(frozen=True)
class Offer:
    """What a question asks about when it opens. `labels`: what it takes; empty: the guide's own.

    `themes` is how many there are, `own` how many the guide has, `most` how many
    fit; `of` names the sources, `group` and `prompts` those whose cards can be grouped now.
    """

    labels: tuple[str, ...]
    themes: int
    own: int
    least: int
    most: int
    of: str
    group: tuple[str, ...]
    prompts: tuple[str, ...]


def part_of(kind: str) -> str:
    """Return the setting that holds what people choose between; empty for kinds that have none."""
    fields = KINDS[kind].Config.model_fields
    return next((part for part in PARTS if part in fields), "") if KINDS[kind].asks else ""


def offer(session: Session, live: LiveSession, activity: Activity) -> Offer | None:
    """Return what a question takes from its sources; None for one that takes nothing."""
    part = part_of(activity.kind)
    if not part or not activity.sources:
        return None
    guide = guide_of(live)
    texts = tuple(one for one in activity.sources if KINDS[guide.activity(one).kind].groups)
    labels = [*themes.names(session, live, texts), *_taken(guide, activity)]
    labels = list({label.casefold(): label for label in reversed(labels)}.values())[::-1]
    own = [one for one in getattr(activity.config, part) if not one.id.startswith(MARK)]
    least, most = _limits(activity.kind, part)
    group = tuple(one for one in texts if themes.released(session, live, one) is not None)
    return Offer(
        labels=tuple(labels) if least <= len(labels) <= most else (),
        themes=len(labels),
        own=len(own),
        least=least,
        most=most,
        of=joined([_("“%(label)s”", label=guide.activity(one).prompt) for one in activity.sources]),
        group=group,
        prompts=tuple(guide.activity(one).prompt for one in group),
    )


def _taken(guide: Guide, activity: Activity) -> list[str]:
    """Return what earlier votes took themselves, so that a later one asks about the same."""
    found: list[str] = []
    for source in (guide.activity(one) for one in activity.sources):
        part = part_of(source.kind)
        options = getattr(source.config, part) if part else ()
        found += [option.label for option in options if option.id.startswith(MARK)]
    return found


def _limits(kind: str, part: str) -> tuple[int, int]:
    """Return how few and how many options a kind takes."""
    schema_ = KINDS[kind].Config.model_json_schema()["properties"][part]
    return int(schema_.get("minItems", 2)), int(schema_["maxItems"])


def take(session: Session, live: LiveSession, activity: Activity) -> dict[str, Any]:
    """Return the values to write when a question opens: the session's guide with the options it takes, or nothing."""
    found = offer(session, live, activity)
    if found is None or not found.labels:
        return {}
    guide = guide_of(live)
    source = guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for step in source["steps"]:
        for raw in step["activities"]:
            if raw["id"] == activity.id:
                raw["settings"] = _settings(activity, raw.get("settings", {}), found.labels)
    part = part_of(activity.kind)
    for words in source.get("translations", {}).values():
        words.get(activity.id, {}).get("settings", {}).pop(part, None)
    # JSON is YAML too, and a hundred times as fast to write.
    text = json.dumps(source, ensure_ascii=False)
    try:
        schema.parse(text, "guide")
    except schema.GuideError as error:
        raise WorkshopError(
            _("The themes cannot be asked about here: %(reason)s", reason=error.sentence), status=409
        ) from error
    return {"guide_source": text}


def _settings(activity: Activity, settings: dict[str, Any], labels: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings with the taken options, and no more dots than there is room for."""
    part = part_of(activity.kind)
    options = [{"id": MARK + anonymity.new_id().lower().replace("_", "-")[:16], "label": label} for label in labels]
    made = {**settings, part: options}
    try:
        config_of(activity.kind, made)
    except ValidationError:
        if "votes" in KINDS[activity.kind].Config.model_fields:
            limit = int(made.get("limit", 1))
            made["votes"] = max(2, min(int(made.get("votes", 3)), limit * len(options)))
    return made


def forget(source: str) -> str:
    """Return a session's guide without the words it took from its cards, for the purge."""
    if MARK not in source:
        return source
    guide = schema.parse(source, "guide")
    data = guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True)
    found = False
    for step in data["steps"]:
        for raw in step["activities"]:
            for part in PARTS:
                for number, option in enumerate(raw.get("settings", {}).get(part, ()), start=1):
                    if option["id"].startswith(MARK):
                        option["label"], found = f"{number}", True
    return json.dumps(data, ensure_ascii=False) if found else source
