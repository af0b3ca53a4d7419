"""The frozen results as data: what the freeze keeps, and the files that are made of it."""

from __future__ import annotations

import json
from pathlib import Path

from workshop import figures

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_json_schema_in_the_docs_is_what_the_code_says() -> None:
    kept = json.loads((DOCS / "results.schema.json").read_text(encoding="utf-8"))
    assert kept == figures.json_schema(), "stale: run python -m workshop results schema > docs/results.schema.json"
