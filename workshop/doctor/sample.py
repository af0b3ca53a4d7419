"""One page of a report, for a trial print. Its letters are those that the pages are translated into."""

from __future__ import annotations

from typing import Any

_NONE = {"heading": "Nothing", "items": [], "empty": "Nothing."}
_ESSAY = {"heading": "A trial", "lead": "", "passages": []}

REPORT: dict[str, Any] = {
    "identifier": "a-trial",
    "edition": "manager",
    "language": "en",
    "day": "2026-01-01",
    "title": "A trial print",
    "label": "äöüß éèçœ ñ¿¡",
    "facts": ["Nothing of anybody is in it."],
    "findings": _NONE,
    "asks": _NONE,
    "next_steps": {"heading": "Next steps", "columns": ["What", "Who", "By when"], "rows": [], "empty": "None."},
    "sections": [],
    "conversation": _ESSAY,
    "method": _ESSAY,
    "running": "A trial print",
    "draft_word": "Draft",
}
