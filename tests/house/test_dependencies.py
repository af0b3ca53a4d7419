"""What the product stands on: no version below the one in which a known hole was mended."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version

import pytest

from tests.conftest import ROOT

FLOORS = {
    "flask": "3.1.3",
    "werkzeug": "3.1",
    "python-engineio": "4.13.3",
    "python-socketio": "5.16.3",
    "weasyprint": "69.0",
}
"""Advisories of 2025 and 2026. Whoever lowers one reads the advisory first."""

BROWSER_FLOORS = {"socket.io-parser": "4.2.7"}


def numbers(text: str) -> tuple[int, ...]:
    """Return a version as numbers that can be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("name", FLOORS)
def test_a_mended_hole_stays_mended(name: str) -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    floor = next(re.search(r">=\s*([\d.]+)", one) for one in wanted if re.split(r"[<>=\[; ]", one)[0].lower() == name)
    assert floor and numbers(floor.group(1)) >= numbers(FLOORS[name])
    assert numbers(version(name)) >= numbers(FLOORS[name])


@pytest.mark.parametrize("name", BROWSER_FLOORS)
def test_a_mended_hole_stays_mended_in_the_browser(name: str) -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    found = [entry["version"] for path, entry in packages.items() if path.endswith(f"node_modules/{name}")]
    assert found
    assert all(numbers(one) >= numbers(BROWSER_FLOORS[name]) for one in found)


def test_there_is_one_server_and_it_is_not_gunicorn() -> None:
    """Its floor would be 23; the product serves itself, so that nobody has to keep one."""
    assert "gunicorn" not in (ROOT / "pyproject.toml").read_text().lower()
