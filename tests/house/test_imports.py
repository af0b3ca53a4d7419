"""Who may import whom, read from the source; docs/architecture.md says why."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSE = sorted((ROOT / "workshop").rglob("*.py"))
PRINT_SHOP = sorted((ROOT / "reports").rglob("*.py"))

PURE = {"activities", "charts", "anonymity", "errors", "publication", "comparisons"}
"""No database, no request: plain data in, plain data out."""

REQUEST = {"request", "session", "g", "current_app"}
MAY_SEE_REQUESTS = {"web", "realtime", "words", "fragments", "jobs", "demo", "proof"}
"""`words` and `fragments` ask only whether there is an app; `jobs` draws inside one; `demo` and `proof` are clients of their own."""

MAY_REACH_REPORTS = {"web.reports", "web.delivery", "web.take_home", "jobs", "report_worker"}


def room(path: Path) -> str:
    """Return the room of a module: "web.rights" for workshop/web/rights.py."""
    parts = path.relative_to(ROOT / "workshop").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported(path: Path, package: str, *, at_once: bool = False) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (absolute module, names) of every import in a file, those inside functions too.

    `at_once`: those alone that happen when the module is imported itself.
    """
    module = [package, *path.relative_to(ROOT / package).with_suffix("").parts]
    if module[-1] == "__init__":
        module.append("")  # a relative import starts from the package itself
    tree = ast.parse(path.read_text())
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(part for part in module[: -node.level] if part) if node.level else ""
            yield ".".join(part for part in (start, node.module or "") if part), tuple(a.name for a in node.names)


def reached(path: Path) -> set[str]:
    """Return the rooms of the house that a module imports."""
    rooms = set()
    for module, names in imported(path, "workshop"):
        if module == "workshop":
            rooms |= set(names)
        elif module.startswith("workshop."):
            inner = module.removeprefix("workshop.")
            rooms |= {inner, *(f"{inner}.{name}" for name in names)}
    return rooms


def within(rooms: set[str], wing: str) -> set[str]:
    return {name for name in rooms if name == wing or name.startswith(wing + ".")}


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", HOUSE, ids=ids)
def test_a_module_reaches_only_where_it_may(path: Path) -> None:
    here = room(path)
    wing = here.partition(".")[0]
    rooms = reached(path)
    others = {module.partition(".")[0] for module, _names in imported(path, "workshop")}

    if here:  # create_app alone knows the whole house
        assert "create_app" not in rooms or here in ("server", "cli") or wing in ("demo", "proof")
    if wing == "web":
        assert not within(rooms, "realtime")
    if wing == "realtime":
        assert not within(rooms, "web")
    if wing not in ("web", "realtime", "", "server", "cli", "demo", "doctor") and here != "proof.leaks":
        assert not within(rooms, "web")
        assert not within(rooms, "realtime")
    if wing in PURE:
        assert not {"sqlalchemy", "flask", "socketio", "flask_socketio", "weasyprint"} & others
        assert not rooms & {"db", "models", "house", "ballots", "settings"}
    if "reports" in others:
        assert here in MAY_REACH_REPORTS
    if wing not in MAY_SEE_REQUESTS | {""}:
        for module, names in imported(path, "workshop"):
            assert not (module == "flask" and REQUEST & set(names)), f"{here} sees the request"
    if wing != "realtime":
        assert not {"flask_socketio", "socketio", "engineio"} & others or wing == "demo"


@pytest.mark.parametrize("path", PRINT_SHOP, ids=ids)
def test_the_print_shop_knows_nothing_of_the_house(path: Path) -> None:
    assert not {module for module, _names in imported(path, "reports") if module.partition(".")[0] == "workshop"}


def test_the_direct_transport_knows_nothing_of_workshops() -> None:
    paths = sorted((ROOT / "workshop" / "realtime" / "direct").glob("*.py"))
    assert paths
    for path in paths:
        assert {name for name in reached(path) if not name.startswith("realtime.direct")} <= {"realtime"}, path


def needed_first(path: Path, rooms: set[str]) -> set[str]:
    """Return the rooms of the house that must have been imported before this one is."""
    found = set()
    for module, names in imported(path, "workshop", at_once=True):
        if module.partition(".")[0] == "workshop":
            inner = module.removeprefix("workshop").removeprefix(".")
            whole = {f"{inner}.{name}".removeprefix(".") for name in names}
            found |= {one if one in rooms else inner for one in whole}
    return found - {"", room(path)}


def circle(needs: Mapping[str, set[str]]) -> list[str]:
    """Return rooms that need one another in a circle; nothing where there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


def test_no_module_needs_itself_by_way_of_others() -> None:
    """Else it hangs on which module is imported first whether the server comes up."""
    rooms = {room(path) for path in HOUSE}
    assert circle({room(path): needed_first(path, rooms) for path in HOUSE}) == []
    assert circle({"who_sees": {"live_sessions"}, "live_sessions": {"moves"}, "moves": {"who_sees"}})


def test_weasyprint_is_imported_in_one_module() -> None:
    importing = [
        ids(path)
        for package, paths in (("workshop", HOUSE), ("reports", PRINT_SHOP))
        for path in paths
        if any(module.partition(".")[0] == "weasyprint" for module, _names in imported(path, package))
    ]
    assert importing == ["reports/render.py"]


def test_the_doorbell_rings_and_does_nothing_else() -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 25


def test_a_breach_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__import__(__name__, fromlist=["ROOT"]), "ROOT", tmp_path)
    folder = tmp_path / "workshop" / "web"
    folder.mkdir(parents=True)
    (folder / "bad.py").write_text("def later():\n    from ..realtime import rooms\n    from .. import jobs\n")
    assert reached(folder / "bad.py") == {"realtime", "realtime.rooms", "jobs"}
