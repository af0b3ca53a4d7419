"""The bill of materials: whole, consistent, and the same each time."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from workshop.errors import WorkshopError
from workshop.operating import bill

LOADED = """
import sys
from importlib.metadata import packages_distributions
import workshop.server, workshop.web.reports, reports.render
print(" ".join({name.partition(".")[0] for name in sys.modules} & set(packages_distributions())))
"""


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill.bill()


def names(made: dict[str, Any], kind: str) -> dict[str, str]:
    """Return name -> version of what is listed of a kind of package."""
    return {one["name"]: one["version"] for one in made["components"] if one["purl"].startswith(f"pkg:{kind}/")}


def test_whatever_the_server_loads_is_listed(made: dict[str, Any]) -> None:
    run = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    whose = packages_distributions()
    loaded = {name for top in run.stdout.split() for name in whose[top]}
    assert {"Flask", "gevent", "weasyprint"} <= loaded
    listed = {name.lower().replace("_", "-").replace(".", "-") for name in names(made, "pypi")}
    for_developers = {"setuptools", "unstuck-workshop"}
    assert {name for name in loaded if name.lower().replace("_", "-").replace(".", "-") not in listed} <= for_developers
    assert not {"pytest", "ruff", "mypy"} & listed


def test_what_pages_load_is_what_the_lock_file_says(made: dict[str, Any]) -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = {
        path.removeprefix("node_modules/"): one["version"]
        for path, one in packages.items()
        if path and not one.get("dev")
    }
    assert names(made, "npm") == wanted
    assert all(len(one["hashes"][0]["content"]) == 128 for one in made["components"] if "npm" in one["purl"])


def test_every_part_has_a_name_a_version_and_an_address_and_every_reference_leads_somewhere(
    made: dict[str, Any],
) -> None:
    refs = [one["bom-ref"] for one in made["components"]]
    assert len(refs) == len(set(refs)) > 30
    assert all(one["name"] and one["version"] and one["purl"] == one["bom-ref"] for one in made["components"])
    whole = {*refs, made["metadata"]["component"]["bom-ref"]}
    assert {one["ref"] for one in made["dependencies"]} == whole
    assert all(set(one["dependsOn"]) <= set(refs) for one in made["dependencies"])
    reached, waiting = set(), [made["metadata"]["component"]["bom-ref"]]
    needs = {one["ref"]: one["dependsOn"] for one in made["dependencies"]}
    while waiting:
        reached.add(one := waiting.pop())
        waiting += [needed for needed in needs[one] if needed not in reached]
    assert reached == whole, "everything is there because something needs it"
    assert sum("licenses" in one for one in made["components"]) >= 0.9 * len(refs)


def test_the_command_writes_the_same_bytes_each_time_and_says_where_it_cannot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "workshop", "sbom"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run([*command, "--output", str(tmp_path / "bom.json")], cwd=ROOT, check=True)
    assert (tmp_path / "bom.json").read_bytes() == printed
    assert json.loads(printed)["specVersion"] == "1.5"
    away = subprocess.run(
        [*command, "--output", str(tmp_path / "no" / "bom.json")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert away.returncode == 1
    assert "could not be written" in away.stderr and "Traceback" not in away.stderr


def test_a_copy_without_the_lock_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    with pytest.raises(WorkshopError, match="is not there"):
        bill.bill(tmp_path)
