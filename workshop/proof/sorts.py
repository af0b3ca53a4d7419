"""What simulated people are asked, and what they answer.

Lives here: one question of each sort that the product knows, answers to them,
and words that nobody writes by chance. Not here: who sends when.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import string
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import yaml

from .. import anonymity
from ..activities import KINDS as REGISTRY
from ..activities import Kind
from ..house import House
from ..models import Guide

KINDS: dict[str, dict[str, Any]] = {
    "text": {"kind": "open_text"},
    "cards": {"kind": "open_text", "cards": 5},
    "to-manager": {"kind": "open_text", "for": "manager"},
    "rolling-text": {"kind": "open_text", "release": "rolling"},
    "cloud": {"kind": "word_cloud"},
    "rolling-cloud": {"kind": "word_cloud", "release": "rolling"},
    "scale": {"kind": "scale", "settings": {"low": 1, "high": 10}},
    "choice": {
        "kind": "choice",
        "settings": {"options": [{"id": name, "label": name.title()} for name in ("red", "blue", "green", "grey")]},
    },
    "many": {
        "kind": "choice",
        "settings": {
            "many": True,
            "options": [{"id": name, "label": name.title()} for name in ("one", "two", "three", "four")],
        },
    },
    "ranking": {"kind": "ranking", "settings": {"options": [{"id": i, "label": i.title()} for i in ("x", "y", "z")]}},
    "points": {"kind": "points", "settings": {"options": [{"id": i, "label": i.title()} for i in ("x", "y", "z")]}},
    "dots": {
        "kind": "dot_vote",
        "settings": {"options": [{"id": i, "label": i.title()} for i in ("x", "y", "z", "w")]},
    },
    "matrix": {
        "kind": "matrix",
        "settings": {"items": [{"id": name, "label": name.title()} for name in ("one", "two")]},
    },
    "estimate": {"kind": "estimate", "settings": {"low": 0, "high": 40}},
    "rolling-questions": {"kind": "questions"},
    "lot": {"kind": "parking"},
    "pulse": {"kind": "pulse"},
    "statements": {
        "kind": "statements",
        "settings": {"statements": [{"id": name, "label": name.title()} for name in ("one", "two")]},
    },
}
"""One activity of each sort that the product knows."""

OWN = [kind.name for kind in REGISTRY.values() if kind.asks and not kind.in_groups]
OWN = [name for name in OWN if name not in {sort["kind"] for sort in KINDS.values()}]
"""Kinds without a sort of their own here: they are asked as they say themselves, and answered by their examples."""

KINDS |= {name: {"kind": name, "settings": dict(REGISTRY[name].tried_with[0])} for name in OWN}

LETTERS = string.ascii_lowercase


def canary() -> str:
    """Return sixteen random letters: no word, no style, and nobody writes them by chance."""
    return "".join(secrets.choice(LETTERS) for _ in range(16))


def new_receipt() -> tuple[str, str]:
    """Return what a phone keeps for a card of its own, and what it sends along: the hash of it."""
    secret = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
    return secret, hashlib.sha256(secret.encode()).hexdigest()


def fields_for(sort: str, text: str = "", *, quotable: bool = False) -> dict[str, list[str]]:
    """Return an answer to an activity of this sort; `text` goes wherever words go."""
    text = text or canary()
    if sort in OWN:
        return _as_exemplified(REGISTRY[sort], text)
    if sort in ("text", "rolling-text", "cards", "rolling-questions", "lot"):
        fields = {"text-0": [text]}
        if sort == "cards":
            fields["text-1"] = [text[::-1]]
        return {**fields, "quote-0": ["1"]} if quotable else fields
    if sort == "to-manager":
        return {"text-0": [text], "audience": ["manager" if quotable else "room"]}
    if sort in ("cloud", "rolling-cloud"):
        return {"word-0": [text]}
    if sort == "pulse":
        return {"choice": [secrets.choice(("good", "so-so", "not-good"))]}
    if sort == "scale":
        return {"value": [str(1 + secrets.randbelow(10))]}
    if sort == "matrix":
        return {
            f"{axis}-{name}": [secrets.choice(("low", "high"))] for name in ("one", "two") for axis in ("up", "across")
        }
    if sort == "estimate":
        return {"value": [str(secrets.randbelow(41))]}
    if sort == "statements":
        views = ("agree", "partly", "disagree", "unsure")
        return {f"view-{name}": [secrets.choice(views)] for name in ("one", "two")}
    if sort == "choice":
        return {"choice": [secrets.choice(("red", "blue", "green", "grey"))]}
    if sort == "ranking":
        return {f"place-{name}": [str(i)] for i, name in enumerate(anonymity.shuffled(("x", "y", "z")), start=1)}
    if sort == "points":
        first = 10 * secrets.randbelow(11)
        return {"points-x": [str(first)], "points-y": [str(100 - first)], "points-z": ["0"]}
    if sort == "dots":
        return {f"dots-{name}": [str(secrets.randbelow(2))] for name in ("x", "y", "z")} | {"dots-w": ["0"]}
    return {"choice": [name for name in ("one", "two", "three", "four") if secrets.randbelow(2)]}


def _as_exemplified(kind: Kind, text: str) -> dict[str, list[str]]:
    """Return one of a kind's own examples, with `text` as its first text where it asks for texts."""
    config = kind.Config.model_validate_json(json.dumps(kind.tried_with[0]), strict=True)
    fields = {name: list(sent) for name, sent in secrets.choice(kind.examples(config)).items()}
    return {**fields, "text-0": [text]} if kind.texts else fields


def guide_source(sorts: Sequence[str], per_step: int = 40) -> str:
    """Return a guide that asks these sorts one after the other, as activities q0, q1, ..."""
    items = [{"id": f"q{i}", "prompt": f"Question {i}?", **deepcopy(KINDS[sort])} for i, sort in enumerate(sorts)]
    steps = [
        {"id": f"s{start}", "title": f"Step {start}", "minutes": 5, "activities": items[start : start + per_step]}
        for start in range(0, len(items), per_step)
    ]
    return yaml.safe_dump(
        {"format": 1, "id": "proof", "title": "Proof", "language": "en", "steps": steps}, sort_keys=False
    )


def add_guide(house: House, source: str) -> str:
    """Put a guide into the library and return its id."""
    guide_id = anonymity.new_id()
    with house.database.transaction() as session:
        session.add(
            Guide(
                id=guide_id,
                slug=f"proof-{guide_id.lower().replace('_', '-')}",
                title="Proof",
                language="en",
                source=source,
                updated_at=datetime.now(UTC),
            )
        )
    return guide_id


def spellings(value: bytes) -> list[bytes]:
    """Return bytes as a file or a log may hold them: raw, hex, base64 of both alphabets."""
    return [
        value,
        value.hex().encode(),
        base64.b64encode(value).rstrip(b"="),
        base64.urlsafe_b64encode(value).rstrip(b"="),
    ]
