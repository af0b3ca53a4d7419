"""What a phone and the stage will show of a guide that is still being written.

Lives here: screens as the room will have them, made of a draft. Not here: what
a real session may show (`screens/`), drawing (`fragments.py`), the draft
(`guides/drafts.py`). Answers in a preview are made up, by the kind itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from . import anonymity, who_sees
from .activities import KINDS, Kind
from .guides import edits, settings_form
from .guides.checks import NOT_SETTINGS, config_of
from .guides.edits import Data
from .guides.overlay import overlay
from .guides.settings_form import GAP
from .models import LiveSession
from .screens import ActivityScreen, CardScreen, PhoneScreen, StageScreen

ROOM = 12
"""People in the room of a preview: from ten on there are numbers to show."""


@dataclass(frozen=True)
class Preview:
    """Both screens; None where the part cannot be drawn yet. `answered`: with made-up answers; `asks`: it can have some."""

    phone: PhoneScreen | None
    stage: StageScreen | None
    answered: bool = False
    asks: bool = False


def of(data: Data, part: str, language: str = "", *, answered: bool = False) -> Preview:
    """Return how a part of a draft will look; of the guide itself its first step, of a step its opening.

    `language`: one of its translations; what is missing there stays in the guide's own words. Our own words and the
    made-up answers are in the language of the moment.
    """
    words = data.get("translations", {}).get(language, {})
    steps = edits.steps(data)
    for number, step in enumerate(steps, 1):
        if step["id"] == part or (not part and number == 1):
            return _screens(data, _spoken(step, words), number, None, language)
        for activity in step.get("activities", []):
            if activity["id"] == part:
                shown = _activity(_spoken(activity, words), answered)
                if shown is None:
                    return Preview(None, None)
                return _screens(data, _spoken(step, words), number, shown, language)
    return Preview(None, None)


def _spoken(part: Data, words: Mapping[str, Any]) -> Data:
    said = words.get(part["id"], {})
    spoken = {**part, **{key: text for key, text in said.items() if text and key != "settings"}}
    if "settings" in said and isinstance(part.get("settings"), dict):
        spoken["settings"] = overlay(part["settings"], said["settings"])
    return spoken


def _screens(data: Data, step: Data, number: int, shown: ActivityScreen | None, language: str) -> Preview:
    title = data.get("translations", {}).get(language, {}).get("title") or data.get("title")
    common: dict[str, Any] = {
        "live_id": "preview",
        "key": "preview",
        "phase": "running",
        "title": str(title or GAP),
        "language": language or str(data.get("language") or "en"),
        "rehearsal": False,
        "step_title": str(step.get("title") or GAP),
        "activity": shown,
    }
    phone = PhoneScreen(**common, instruction=str(step.get("instruction") or ""))
    stage = StageScreen(
        **common,
        team="",
        step_number=number,
        step_count=len(edits.steps(data)),
        joined=ROOM,
        answered=0,
        door_open=False,
    )
    answered = shown is not None and shown.made_up
    return Preview(phone, stage, answered, shown is not None and shown.asks)


def _activity(activity: Data, answered: bool) -> ActivityScreen | None:
    kind = KINDS.get(str(activity.get("kind")))
    config = _config(kind, activity) if kind else None
    if kind is None or config is None:
        return None
    rolling = kind.always_rolls or activity.get("release") == "rolling"
    manager = activity.get("for") == "manager"
    result, cards = _made_up(kind, config) if answered and kind.asks else (None, ())
    phase = "released" if result is not None or not kind.asks else "open"
    return ActivityScreen(
        id=str(activity["id"]),
        kind=kind.name,
        prompt=str(activity.get("prompt") or GAP),
        help=str(activity.get("help") or ""),
        config=config,
        phase=phase,
        asks=kind.asks,
        rolling=rolling,
        for_manager=manager,
        result=result,
        cards=cards,
        made_up=result is not None,
        seen_by=_seen_by(kind, rolling, manager) if kind.asks else "",
        private=kind.private,
    )


def _seen_by(kind: Kind, rolling: bool, manager: bool) -> str:
    live = LiveSession(rehearsal=False, room_floor=anonymity.ROOM_FLOOR)
    return who_sees.seen_by(
        live,
        texts=kind.texts,
        rolling=rolling,
        for_manager=manager,
        own_words=kind.own_words,
        in_groups=kind.in_groups,
        all_along=kind.all_along,
    )


def _config(kind: Kind, activity: Data) -> Any:
    """Return the checked config; with gaps in place of texts that are missing, None where that is not enough."""
    given = activity.get("settings")
    settings = {key: value for key, value in (given or {}).items() if key not in NOT_SETTINGS}
    cards = activity.get("cards")
    extra = (cards, "close", "manager" if activity.get("for") == "manager" else "room")
    for tried in (settings, settings_form.with_gaps(kind.Config, settings)):
        try:
            return config_of(kind.name, tried, *extra)
        except ValidationError:
            continue
    return None


def _made_up(kind: Kind, config: Any) -> tuple[Any, tuple[CardScreen, ...]]:
    bodies = [kind.clean(config, fields) for fields in kind.examples(config)][:ROOM]
    texts = [card.text for body in bodies for card in kind.cards(config, body)] if kind.texts else []
    cards = tuple(CardScreen(f"made-up-{n}", text) for n, text in enumerate(dict.fromkeys(texts)))
    return kind.aggregate(config, bodies), cards
