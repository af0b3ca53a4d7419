"""A report as plain data, for the print shop's tests: no live session, no database."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from reports.document import Block, Essay, Listing, NextStep, NextSteps, Passage, Quote, Report, Section

BAR = (
    "<figure><figcaption>Most people chose training</figcaption>"
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 70" width="60mm" height="7mm">'
    '<title>Most people chose training</title><rect width="400" height="36" fill="#0B6B63"/></svg>'
    '<table><tbody><tr><th scope="row">Training</th><td>9</td></tr></tbody></table></figure>'
)


def sample(**changes: Any) -> Report:
    """Return a small report; `changes` replace its fields."""
    values: dict[str, Any] = {
        "identifier": "a-freeze",
        "edition": "manager",
        "language": "en",
        "day": "2026-11-04",
        "title": "Getting unstuck at work",
        "label": "Report for the manager",
        "facts": ("Product team · 4 November 2026", "12 people took part."),
        "findings": Listing("What we found", ("Most people chose training.",), "Nothing."),
        "asks": Listing("What the group asks for", ("Two quiet mornings a week.",), "Nothing."),
        "next_steps": NextSteps(
            "Next steps", ("What", "Who", "By when"), (NextStep("Try it", "Team lead", "1 December"),)
        ),
        "sections": (section(Block("Which help?", "", BAR)),),
        "conversation": Essay("How to hold the conversation", "Slowly.", (Passage("Before", (), ("Read it twice.",)),)),
        "method": Essay("How this report was made", "", (Passage("", ("Without names.",)),)),
        "running": "Getting unstuck at work · Product team",
        "draft_word": "Draft",
    }
    return Report(**{**values, **changes})


def section(*blocks: Block) -> Section:
    """Return one step with these blocks."""
    return Section("Step 1", "Look", "See what is there.", tuple(blocks))


def quoted(*texts: str) -> Block:
    """Return a text activity with these quotes."""
    return Block(
        "What drags?", "12 people answered", quotes_heading="In people's own words", quotes=tuple(map(Quote, texts))
    )


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as the worker receives it."""
    return asdict(report)
