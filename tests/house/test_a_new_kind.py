"""A new kind of activity is one module, four templates and one line; a copy of the house shows that it is.

Lives here: the sample kind's way into a copy, and what is tried there. Not here:
the contract itself (`tests/test_activities_contract.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "tests" / "samples" / "raised_hands"
NAME = SAMPLE.name

TRIED = (
    "tests/test_activities_contract.py",
    "tests/test_settings_form.py",
    "tests/test_guides_schema.py",
    "tests/promises/test_01_sealed_until_closed.py",
)
"""The contract, the author's form, the format, and a session in which the kind is asked."""

CHOSEN = f"({NAME} and not typed) or list_of_kinds or unknown_kind or (json_schema and not docs) or format_page"


def copy_of_the_house(place: Path) -> None:
    """Copy what the product and its tests consist of, without what set-up puts beside it."""
    for folder in ("workshop", "reports", "templates", "tests", "docs"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__", "images"))
    (place / "static").symlink_to(ROOT / "static")
    shutil.copy(ROOT / "pyproject.toml", place)


def add_the_kind(place: Path) -> None:
    """One module, four templates, one line."""
    shutil.copy(SAMPLE / f"{NAME}.py", place / "workshop" / "activities")
    (place / "templates" / "activities" / NAME).mkdir()
    for template in ("author", "answer", "stage", "print"):
        shutil.copy(SAMPLE / f"{template}.html", place / "templates" / "activities" / NAME)
    listed = place / "workshop" / "activities" / "__init__.py"
    before = listed.read_text(encoding="utf-8")
    after = before.replace('        "actions",\n', f'        "actions",\n        "{NAME}",\n')
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    listed.write_text(after, encoding="utf-8")


@pytest.mark.slow
def test_a_new_kind_is_one_module_four_templates_and_one_line(tmp_path: Path) -> None:
    copy_of_the_house(tmp_path)
    add_the_kind(tmp_path)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", CHOSEN, *TRIED]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    run = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    passed = [line for line in run.stdout.splitlines() if "PASSED" in line]
    for path in TRIED:
        assert any(line.startswith(path) and NAME in line for line in passed) or "schema" in path, path
