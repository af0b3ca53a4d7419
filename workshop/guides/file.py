"""The guide as a file says it: which keys there are, and how long each may be.

Lives here: one pydantic model per part of the file; the JSON Schema for editors
is made from them. Not here: rules that tie parts together (`checks.py`) and the
guide that the house works with (`schema.py`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

FORMAT = 1
MAX_STEPS = 60
MAX_ACTIVITIES = 40

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$", max_length=16)]

# Lengths are what the smallest screen of its audience carries without turning
# into a wall: a title is a line or two of the stage, a prompt four.
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=240)]
Help = Annotated[str, StringConstraints(strip_whitespace=True, max_length=600)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1200)]
Pages = Annotated[str, StringConstraints(strip_whitespace=True, max_length=8000)]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _single(value: list[str] | None) -> Any:
    return value[0] if value and len(value) == 1 else value


Sources = Annotated[
    list[Id],
    BeforeValidator(_listed, json_schema_input_type=Id | list[Id]),
    PlainSerializer(_single),
    Field(min_length=1, max_length=4),
]
"""One id, or a few; a file says one without a list around it."""


class Part(BaseModel):
    """A part of the file; keys it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ActivityFile(Part):
    """One thing on the phones."""

    id: Id = Field(description="A stable name; results, translations and later activities refer to it.")
    kind: str = Field(description="What it is: a question, a scale, a word cloud.")
    prompt: Prompt = Field(description="What is asked, in large type on phones and stage.")
    help: Help = Field("", description="A sentence below the prompt.")
    settings: dict[str, Any] = Field(default_factory=dict, description="What this kind lets an author set.")
    cards: int | None = Field(None, ge=1, le=10, description="How many texts one person may send; kinds of text only.")
    release: Literal["close", "rolling"] = Field("close", description="When the room sees what was sent.")
    for_: Literal["room", "manager"] = Field("room", alias="for", description="Who the question is meant for.")
    again: Id | None = Field(
        None, description="The id of an earlier activity that this one asks once more; the room sees both, in words."
    )
    source: Sources | None = Field(
        None, description="The id of an earlier activity that this one builds on, or up to four of them."
    )


class StepFile(Part):
    """A chapter of a guide."""

    id: Id = Field(description="A stable name, of its own in the whole guide.")
    title: Title
    purpose: Paragraph = Field("", description="What the step is for; it opens the step.")
    minutes: int = Field(ge=1, le=240, description="Planned length.")
    instruction: Paragraph = Field("", description="What phones show above the activities of this step.")
    talk: Pages = Field("", description="What the facilitator says aloud.")
    notes: Pages = Field("", description="For the facilitator alone; never on a phone or the stage.")
    activities: list[ActivityFile] = Field(min_length=1, max_length=MAX_ACTIVITIES)


class GuideFile(Part):
    """A guide for the workshop platform."""

    format: int = Field(ge=1, le=FORMAT, description="The version of this format.")
    id: Id = Field(description="The name of the guide in addresses and file names.")
    title: Title
    language: Language = Field(description="The language of the texts, such as en or pt-BR.")
    summary: Paragraph = Field("", description="What a facilitator reads in the library.")
    steps: list[StepFile] = Field(min_length=1, max_length=MAX_STEPS)
    translations: dict[Language, dict[str, Any]] = Field(
        default_factory=dict, description="Language -> title, summary, and the words of steps and activities by id."
    )


class GuideWords(Part):
    """The guide's own words in another language."""

    title: Title | None = None
    summary: Paragraph | None = None


class StepWords(Part):
    """The words of a step in another language."""

    title: Title | None = None
    purpose: Paragraph | None = None
    instruction: Paragraph | None = None
    talk: Pages | None = None
    notes: Pages | None = None


class ActivityWords(Part):
    """The words of an activity in another language; settings as the activity has them, options by their id."""

    prompt: Prompt | None = None
    help: Help | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
