"""Habits that can be read from the source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = [
    ROOT / "app.py",
    ROOT / "tasks.py",
    *sorted(
        p for folder in ("workshop", "reports", "tests", "scripts", "bench") for p in (ROOT / folder).rglob("*.py")
    ),
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
MAY_BE_SAFE = re.compile(r"templates/(activities/|_chart|staff/_report|reports/)")
VAGUE = re.compile(r"^(manager|helpers?|utils?|misc|common|process_data)$")


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OURS, ids=ids)
def test_a_module_opens_with_what_lives_there(path: Path) -> None:
    text = path.read_text()
    if text.strip():
        opening = ast.get_docstring(ast.parse(text)) or ""
        assert len(opening) >= 15, "the module says nothing about itself"
    assert not VAGUE.match(path.stem)


@pytest.mark.parametrize("path", [p for p in OURS if p.is_relative_to(ROOT / "workshop")], ids=ids)
def test_a_long_module_explains_itself(path: Path) -> None:
    text = path.read_text()
    if len(text.splitlines()) > 400 and "versions" not in path.parts:
        opening = ast.get_docstring(ast.parse(text)) or ""
        assert re.search(r"\b(one file|this length)\b", opening), "past 400 lines: say why"


@pytest.mark.parametrize("path", TEMPLATES, ids=ids)
def test_a_template_keeps_the_strict_policy_and_trusts_no_text(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=", text), "inline style"
    assert not re.search(r"<style\b", text), "inline style sheet"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "inline handler"
    assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", text), "inline script"
    assert not re.search(r"\bautoescape\s+false\b", text)
    if not MAY_BE_SAFE.search(str(path)):
        assert not re.search(r"\|\s*safe\b", text), "|safe outside charts and reports"


def test_no_third_party_file_is_kept() -> None:
    kept = [ids(p) for p in (ROOT / "static").rglob("*") if p.is_file() and "vendor" not in p.parts]
    assert all(Path(name).suffix in (".css", ".js", ".svg") for name in kept), kept
