"""Every attack and fault that the documents name is tried by a test that is there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

PAGES = {
    "security.md": [f"S{n}" for n in (*range(1, 13), *range(14, 22), 23, 25, 26, 27, 30, 31)],
    "reliability.md": [f"R{n}" for n in (1, 2, *range(4, 19), 20, 21)],
}


def rows(page: str) -> dict[str, str]:
    """Return the rows of a page's table: number -> what stands in its last column."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(r"^\| ([SR]\d+) \|.*\| (.+) \|$", text, re.MULTILINE)
    assert len(dict(found)) == len(found), "a row twice"
    return dict(found)


@pytest.mark.parametrize("page", PAGES)
def test_every_row_is_there(page: str) -> None:
    assert list(rows(page)) == PAGES[page]


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page: str) -> None:
    for number, where in rows(page).items():
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", where)
        assert named, number
        for path, name in named:
            assert f"def {name}(" in (ROOT / path).read_text() or not name, f"{number}: {path}::{name}"
