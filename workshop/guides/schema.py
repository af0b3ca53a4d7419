"""The guide that the rest of the house works with.

Lives here: `Guide`, `Step`, `Activity`; `parse` and `dump` between them and a
file; the JSON Schema for editors. Not here: what a file may say (`file.py`),
whether it does (`checks.py`), reading YAML (`source.py`).

What has become a guide cannot be wrong: each activity carries its kind's own
checked config, in every language of the guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from ..activities import KINDS
from .checks import NOT_SETTINGS, check, config_of
from .file import (
    FORMAT,
    MAX_ACTIVITIES,
    MAX_STEPS,
    ActivityFile,
    ActivityWords,
    GuideFile,
    GuideWords,
    StepFile,
    StepWords,
)
from .overlay import overlay
from .source import MAX_BYTES, GuideError, Problem, is_a_number, read

__all__ = [
    "FORMAT",
    "MAX_ACTIVITIES",
    "MAX_BYTES",
    "MAX_STEPS",
    "Activity",
    "Guide",
    "GuideError",
    "Problem",
    "Step",
    "as_yaml",
    "dump",
    "json_schema",
    "parse",
]


@dataclass(frozen=True)
class Activity:
    """One thing on the phones. `config` is the kind's own; it also knows cards, rolling and for_manager."""

    id: str
    kind: str
    prompt: str
    help: str
    release: str
    for_: str
    source: str | None
    cards: int | None
    config: Any
    again: str | None = None  # the earlier activity of which this is another round
    sources: tuple[str, ...] = ()  # all of them; `source` is the first


@dataclass(frozen=True)
class Step:
    """A chapter of a guide."""

    id: str
    title: str
    purpose: str
    minutes: int
    instruction: str
    talk: str
    notes: str
    activities: tuple[Activity, ...]


@dataclass(frozen=True)
class Guide:
    """A guide in one language. `file` is what its file said, in all of them."""

    id: str
    title: str
    language: str
    summary: str
    steps: tuple[Step, ...]
    file: GuideFile = field(repr=False)
    _spoken: dict[str, Guide] = field(default_factory=dict, repr=False, compare=False)

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the languages this guide speaks, its own first."""
        return (self.file.language, *self.file.translations)

    @property
    def minutes(self) -> int:
        """Return the planned length of the whole."""
        return sum(step.minutes for step in self.steps)

    @property
    def activities(self) -> list[Activity]:
        """Return all activities, in the order in which a group meets them."""
        return [activity for step in self.steps for activity in step.activities]

    @property
    def asks(self) -> bool:
        """Return whether anything is asked; a guide of private pages alone has no results and needs no report."""
        return any(KINDS[activity.kind].asks for activity in self.activities)

    @property
    def pages(self) -> tuple[Activity, ...]:
        """Return the worksheets, which each phone keeps for itself under My notes (promise 15)."""
        return tuple(activity for activity in self.activities if KINDS[activity.kind].private)

    def activity(self, activity_id: str) -> Activity:
        """Return one activity; raise KeyError when the guide has none of that id."""
        for activity in self.activities:
            if activity.id == activity_id:
                return activity
        raise KeyError(activity_id)

    def step_of(self, activity_id: str) -> Step:
        """Return the step that holds an activity; raise KeyError when none does."""
        for step in self.steps:
            if any(activity.id == activity_id for activity in step.activities):
                return step
        raise KeyError(activity_id)

    def localized(self, language: str) -> Guide:
        """Return the guide in `language`, or in the nearest it has; untranslated texts stay as they are.

        "de-AT" finds "de"; a language it does not have at all gives the
        guide's own. Kept in memory: screens ask at every push.
        """
        name = next((name for name in (language, language.split("-")[0]) if name in self.languages), self.languages[0])
        if name == self.language:
            return self
        if name not in self._spoken:
            self._spoken[name] = _build(self.file, name)
        return self._spoken[name]


@lru_cache(maxsize=32)
def parse(text: str | bytes, name: str) -> Guide:
    """Return the guide that a file describes; raise `GuideError` with everything that is wrong with it.

    `name` is what the errors call the file; nothing is opened by it. The same
    text gives the same guide from memory, so a screen may ask at every push.
    """
    file = check(read(text, name))
    return _build(file, file.language)


def _build(file: GuideFile, language: str) -> Guide:
    words = file.translations.get(language, {})
    own = GuideWords.model_validate({key: words[key] for key in ("title", "summary") if key in words})
    return Guide(
        id=file.id,
        title=own.title or file.title,
        language=language,
        summary=own.summary or file.summary,
        steps=tuple(_step(step, words) for step in file.steps),
        file=file,
    )


def _step(step: StepFile, words: Mapping[str, Any]) -> Step:
    said = StepWords.model_validate(words.get(step.id, {}))
    return Step(
        id=step.id,
        title=said.title or step.title,
        purpose=said.purpose or step.purpose,
        minutes=step.minutes,
        instruction=said.instruction or step.instruction,
        talk=said.talk or step.talk,
        notes=said.notes or step.notes,
        activities=tuple(_activity(activity, words) for activity in step.activities),
    )


def _activity(activity: ActivityFile, words: Mapping[str, Any]) -> Activity:
    said = ActivityWords.model_validate(words.get(activity.id, {}))
    settings = overlay(activity.settings, said.settings)
    release = "rolling" if KINDS[activity.kind].always_rolls else activity.release
    return Activity(
        id=activity.id,
        kind=activity.kind,
        prompt=said.prompt or activity.prompt,
        help=said.help or activity.help,
        release=release,
        for_=activity.for_,
        source=activity.source[0] if activity.source else None,
        cards=activity.cards,
        again=activity.again,
        config=config_of(activity.kind, settings, activity.cards, release, activity.for_),
        sources=tuple(activity.source or ()),
    )


class _Dumper(yaml.SafeDumper):
    """Block style throughout, long texts as blocks, never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else "'" if is_a_number(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(guide: Guide) -> str:
    """Return the guide as YAML in its canonical form, all languages included; parsing it gives the same guide."""
    return as_yaml(guide.file.model_dump(mode="json", by_alias=True, exclude_unset=True))


def as_yaml(data: Mapping[str, Any]) -> str:
    """Return a guide's plain data as YAML in its canonical form; of a draft too, which may be wrong in places."""
    text: str = yaml.dump(dict(data), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)
    return text


def json_schema() -> dict[str, Any]:
    """Return the format as JSON Schema (2020-12), so that an editor completes and checks while one writes."""
    schema = GuideFile.model_json_schema(by_alias=True)
    defs: dict[str, Any] = schema["$defs"]
    activity = defs["ActivityFile"]
    activity["properties"]["kind"]["enum"] = list(KINDS)
    activity["allOf"] = []
    for name, kind in KINDS.items():
        settings = kind.Config.model_json_schema(by_alias=True, ref_template=f"#/$defs/{name}-{{model}}")
        for inner, model in settings.pop("$defs", {}).items():
            defs[f"{name}-{inner}"] = model
        settings["properties"] = {
            key: value for key, value in settings["properties"].items() if key not in NOT_SETTINGS
        }
        settings["title"] = name
        defs[f"{name}-settings"] = settings
        then: dict[str, Any] = {"settings": {"$ref": f"#/$defs/{name}-settings"}}
        if "cards" not in kind.Config.model_fields:
            then["cards"] = False
        if not kind.may_roll:
            then["release"] = {"const": "close"}
        if not kind.compares:
            then["again"] = False
        if not kind.may_be_for_manager:
            then["for"] = {"const": "room"}
        rule: dict[str, Any] = {"properties": then}
        if settings.get("required"):
            rule["required"] = ["settings"]
        activity["allOf"].append({"if": {"properties": {"kind": {"const": name}}}, "then": rule})
    schema["properties"]["translations"]["additionalProperties"] = _translations_schema(defs)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _translations_schema(defs: dict[str, Any]) -> dict[str, Any]:
    """Return the shape of one language; which id is a step and which an activity only the whole file tells."""
    for model in (StepWords, ActivityWords):
        defs[model.__name__] = model.model_json_schema(by_alias=True)
    own = GuideWords.model_json_schema(by_alias=True)["properties"]
    either = [{"$ref": "#/$defs/StepWords"}, {"$ref": "#/$defs/ActivityWords"}]
    return {"type": "object", "properties": own, "additionalProperties": {"anyOf": either}}
