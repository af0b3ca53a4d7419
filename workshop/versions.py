"""The staff's own texts after the freeze: corrected as numbered versions, each with its day.

Lives here: making a version, finding the newest, and putting its texts into the
frozen editions. Not here: what a text may say (`freezes.checked`), printing
(`jobs.py`). Nothing that came from answers is touched: no chart, no quote, no
number of people (promise 9).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import editions, freezes
from .editions import Texts
from .errors import Stale, WorkshopError
from .guides.schema import Guide
from .models import Freeze, LiveSession, ReportVersion
from .words import _


@dataclass(frozen=True)
class Version:
    """One state of the texts, with all editions as they say it; number 1 is the freeze."""

    number: int
    made_on: date
    texts: Texts
    editions: Mapping[str, Any]


def all_of(session: Session, freeze: Freeze) -> list[Version]:
    """Return every version of a report, the newest first."""
    later = session.scalars(
        select(ReportVersion).where(ReportVersion.freeze_id == freeze.id).order_by(ReportVersion.number.desc())
    )
    return [
        *(Version(one.number, one.made_on, Texts.from_json(one.body), one.editions) for one in later),
        Version(1, freezes.aware(freeze.frozen_at).date(), _texts_of(freeze.editions), freeze.editions),
    ]


def newest(session: Session, freeze: Freeze) -> Version:
    """Return the version that readers get."""
    return all_of(session, freeze)[0]


def get(session: Session, freeze: Freeze, number: int) -> Version:
    """Return one version; the newest for a number that there is none of."""
    kept = all_of(session, freeze)
    return next((one for one in kept if one.number == number), kept[0])


def correct(
    session: Session, live: LiveSession, guide: Guide, freeze: Freeze, texts: Texts, expected: int, now: datetime
) -> Version:
    """Make the next version of findings, requests, next steps and summaries, and return it.

    The choice of quotes and of steps stays as it was frozen. Raises Stale when `expected` is not the newest number,
    WorkshopError when a text repeats a card, when nothing has changed, or when the cards to compare with are gone.
    """
    present = newest(session, freeze)
    if present.number != expected:
        raise Stale(_("Somebody else has corrected this report in the meantime. Compare, then save again."))
    if live.purged_on is not None:
        raise WorkshopError(
            _(
                "The cards behind this report are deleted, so new texts cannot be compared with them. It stays as it is."
            ),
            code="purged",
            status=409,
        )
    checked = freezes.checked(session, live, guide, texts)
    body = Texts(checked.findings, checked.asks, checked.next_steps, checked.heard)
    if body == present.texts:
        raise WorkshopError(_("Nothing has changed, so there is no new version."), code="unchanged", status=409)
    number, day = present.number + 1, now.date()
    said = {name: reworded(data, body, number, day) for name, data in freeze.editions.items()}
    try:
        with session.begin_nested():
            session.add(
                ReportVersion(freeze_id=freeze.id, number=number, made_on=day, body=body.to_json(), editions=said)
            )
    except IntegrityError:  # somebody else took the number in the same moment
        raise Stale(_("Somebody else has corrected this report in the meantime. Compare, then save again.")) from None
    return Version(number, day, body, said)


def reworded(data: Mapping[str, Any], texts: Texts, number: int, day: date) -> dict[str, Any]:
    """Return a frozen edition, or the frozen figures, with other texts of the staff's; all else word for word."""
    said = copy.deepcopy(dict(data))
    if "edition" not in said:
        return _figures(said, texts)
    said["identifier"] = f"{data['identifier']}/{number}"
    said["day"] = day.isoformat()
    said["version"] = _(
        "Version %(number)s of %(day)s", number=number, day=editions.day_words(day, str(data["language"]))
    )
    said["findings"]["items"] = list(texts.findings)
    said["asks"]["items"] = editions.lines(texts.asks)
    said["next_steps"]["rows"] = _rows(texts)
    for section in said["sections"]:
        for block in section["blocks"]:
            if block.get("activity"):
                _summarise(block, texts.heard.get(block["activity"], ""))
    return said


def _summarise(block: dict[str, Any], heard: str) -> None:
    """Put a summary into a block, or take it out; where nothing else stands, the calm line does."""
    had = block.pop("heard", None) is not None
    if new := editions.heard_block(heard):
        block["heard"] = new
        if block.get("note") == editions.silence():
            del block["note"]
    elif had and not any(block.get(name) for name in ("drawing", "quotes", "words", "note")):
        block["note"] = editions.silence()


def _figures(said: dict[str, Any], texts: Texts) -> dict[str, Any]:
    said["findings"] = list(texts.findings)
    said["asks"] = editions.lines(texts.asks)
    said["next_steps"] = _rows(texts)
    for result in said["results"]:
        if result["state"] != "too_few":
            result["heard"] = editions.lines(texts.heard.get(result["id"], ""))
    return said


def _rows(texts: Texts) -> list[dict[str, str]]:
    return [{"what": what, "owner": owner, "when": by} for what, owner, by in texts.next_steps]


def _texts_of(frozen: Mapping[str, Any]) -> Texts:
    """Return the texts of the freeze, read back from the edition that holds every step."""
    data = frozen["facilitator"]
    blocks: Sequence[Mapping[str, Any]] = [block for section in data["sections"] for block in section["blocks"]]
    return Texts(
        findings=tuple(data["findings"]["items"]),
        asks="\n".join(data["asks"]["items"]),
        next_steps=tuple((row["what"], row["owner"], row["when"]) for row in data["next_steps"]["rows"]),
        heard={
            block["activity"]: "\n".join(block["heard"]["items"])
            for block in blocks
            if block.get("activity") and block.get("heard")
        },
    )
