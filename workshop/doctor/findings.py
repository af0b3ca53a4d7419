"""What the doctor says: what was looked at, what is so, what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing. `level`: fine | note (works, but know this) | wrong (mend this)."""

    level: str
    about: str
    sentence: str
    advice: str = ""


def fine(about: str, sentence: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding("fine", about, sentence)


def note(about: str, sentence: str, advice: str = "") -> Finding:
    """Return a finding that somebody should know."""
    return Finding("note", about, sentence, advice)


def wrong(about: str, sentence: str, advice: str = "") -> Finding:
    """Return a finding that somebody has to mend."""
    return Finding("wrong", about, sentence, advice)
