"""The documentation against the product: links lead somewhere, settings and tasks are the real ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import tasks
from workshop import settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TASK = re.compile(r"(?:`|^ {4})(?:make|python3 tasks\.py) ([a-z][a-z0-9-]*)", re.MULTILINE)
SETTING = re.compile(r"^\| `([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not missing


def test_operators_find_every_setting_and_its_default() -> None:
    documented = dict(
        re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", (ROOT / "docs/operators.md").read_text(), re.MULTILINE)
    )
    assert set(documented) == {setting.name for setting in settings.TABLE}
    plain = {s.name: s.default for s in settings.TABLE if s.default and "<" not in s.default}
    assert {name: documented[name].strip("` ") for name in plain} == plain


def test_every_task_that_the_documents_name_exists() -> None:
    for page in PAGES:
        named = set(
            re.findall(r"(?:`|^ {4})(?:make|python3 tasks\.py) ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE)
        )
        assert named <= set(tasks.TASKS), page
