"""Ids of steps, activities and entries: made from a title once, stable from then on.

Lives here: making them and finding which are taken. Not here: what refers to
them (`checks.py` looks after that).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from .checks import OWN_WORDS

LONGEST = 60
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a", "œ": "oe"})


def slug(text: object, otherwise: str, longest: int = 40) -> str:
    """Return words as an id: "What slows us down?" -> what-slows-us-down; `otherwise` where no letter is left."""
    plain = unicodedata.normalize("NFKD", str(text or "").casefold().translate(_SPELT))
    letters = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    letters = re.sub(r"^[^a-z]+", "", letters)
    if len(letters) > longest:
        letters = letters[:longest].rsplit("-", 1)[0] if "-" in letters[:longest] else letters[:longest]
    return letters.strip("-") or otherwise


def free_id(wanted: str, taken: Collection[str], longest: int = LONGEST) -> str:
    """Return `wanted`, or `wanted-2`, `wanted-3`, ... ; never a word that translations use themselves."""
    name, number = wanted[:longest], 2
    while name in taken or name in OWN_WORDS:
        end = f"-{number}"
        name, number = wanted[: longest - len(end)].rstrip("-") + end, number + 1
    return name


def all_ids(data: Mapping[str, Any]) -> set[str]:
    """Return the ids of all steps and activities; of a draft too, which may be wrong in places."""
    found: set[str] = set()
    for step in data.get("steps") or ():
        if isinstance(step, Mapping):
            found.add(str(step.get("id")))
            found |= {str(one.get("id")) for one in step.get("activities") or () if isinstance(one, Mapping)}
    return found
