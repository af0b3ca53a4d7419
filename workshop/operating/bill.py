"""`sbom`: what this installation consists of, as a software bill of materials (CycloneDX 1.5, JSON).

Lives here: finding what is installed and writing it down. Not here: judging it;
scanners read such a file and know the advisories of the day. The same
installation gives the same bytes: no moment stands in it, and its serial number
is made of what it lists.

Format: https://cyclonedx.org/docs/1.5/json/; package addresses: the purl specification.
"""

from __future__ import annotations

import base64
import json
import re
import tomllib
import uuid
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..errors import WorkshopError

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("oidc",)
"""Parts of the product that not everybody installs; what only developers need is no part of it."""
SERIALS = uuid.UUID("7d0f2c5e-2a0c-4d1c-9f0e-1f6f2f0f5a11")

Component = dict[str, Any]


def bill(root: Path = ROOT) -> Component:
    """Return the bill of materials of the product in `root` as it is installed for this Python."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    python, uses = _python(project)
    browser, browser_uses, browser_roots = _browser(root / "package-lock.json")
    itself = f"pkg:generic/{project['name']}@{project['version']}"
    roots = sorted({*uses.pop(""), *browser_roots})
    components = sorted([*python, *browser], key=lambda one: str(one["bom-ref"]))
    depends = {itself: roots, **uses, **browser_uses}
    listed = {
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(depends[ref])} for ref in sorted(depends)],
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": uuid.uuid5(SERIALS, json.dumps(listed, sort_keys=True)).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": itself,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
                "licenses": [{"expression": project["license"]}],
            }
        },
        **listed,
    }


def write(where: Path | None) -> str:
    """Return the bill as text, and write it to `where` if that is given; raise WorkshopError where that fails."""
    text = json.dumps(bill(), indent=2, ensure_ascii=False) + "\n"
    if where is not None:
        try:
            where.write_text(text, "utf-8")
        except OSError as error:
            raise WorkshopError(f"The bill of materials could not be written to {where}: {error.strerror}.") from error
    return text


# -- Python


def _python(project: dict[str, Any]) -> tuple[list[Component], dict[str, set[str]]]:
    """Return the distributions that the product needs, and for each (and "", the product) those that it needs."""
    wanted = [Requirement(one) for one in project["dependencies"]]
    for extra in EXTRAS:
        wanted += [
            one
            for one in map(Requirement, project.get("optional-dependencies", {}).get(extra, ()))
            if _installed(one.name)
        ]
    found: dict[str, Component] = {}
    uses: dict[str, set[str]] = {"": set()}
    waiting = [("", one) for one in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        user, requirement = waiting.pop()
        here = _installed(requirement.name)
        if here is None:
            continue  # for another system or another part of its user; what the product itself needs is looked at below
        ref = _purl(here)
        uses[user].add(ref)
        found.setdefault(ref, _component(here, ref))
        uses.setdefault(ref, set())
        asked = (ref, frozenset(requirement.extras))
        if asked not in seen:
            seen.add(asked)
            waiting += [(ref, one) for one in _needs(here, requirement.extras)]
    missing = sorted(one.name for one in wanted if one.marker is None and not _installed(one.name))
    if missing:
        raise WorkshopError(f"Not installed: {', '.join(missing)}. Set the installation up first (README.md).")
    return list(found.values()), uses


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _needs(here: Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Yield what a distribution needs on this system, with these of its extras."""
    for text in here.requires or ():
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield one


def _purl(here: Distribution) -> str:
    return f"pkg:pypi/{canonicalize_name(here.metadata['Name'])}@{quote(here.version)}"


def _component(here: Distribution, ref: str) -> Component:
    made: Component = {
        "type": "library",
        "bom-ref": ref,
        "name": here.metadata["Name"],
        "version": here.version,
        "purl": ref,
    }
    if licences := _licences(here):
        made["licenses"] = licences
    return made


def _licences(here: Distribution) -> list[dict[str, Any]]:
    """Return the licence as its author declares it: an SPDX expression, a name, or what the classifiers say."""
    if expressions := here.metadata.get_all("License-Expression"):
        return [{"expression": expressions[0]}]
    name = (here.metadata.get_all("License") or [""])[0].strip()
    if name and "\n" not in name and len(name) <= 100:
        return [{"license": {"name": name}}]
    said = [one for one in here.metadata.get_all("Classifier") or () if one.startswith("License ::")]
    return [{"license": {"name": one.rpartition(" :: ")[2]}} for one in sorted(said)]


# -- what pages load


def _browser(lock: Path) -> tuple[list[Component], dict[str, set[str]], list[str]]:
    """Return the packages of the lock file that reach a browser, what each needs, and which the product names."""
    if not lock.is_file():
        raise WorkshopError(
            f"{lock} is not there, so what the pages load is not known. Use a whole copy of the product."
        )
    packages: dict[str, dict[str, Any]] = json.loads(lock.read_text("utf-8"))["packages"]
    kept = {path.rpartition("node_modules/")[2]: one for path, one in packages.items() if path and not one.get("dev")}
    refs = {name: f"pkg:npm/{name.replace('@', '%40')}@{one['version']}" for name, one in kept.items()}
    components = []
    for name, one in kept.items():
        made: Component = {
            "type": "library",
            "bom-ref": refs[name],
            "name": name,
            "version": one["version"],
            "purl": refs[name],
        }
        if one.get("license"):
            made["licenses"] = [{"expression": one["license"]}]
        if found := re.fullmatch(r"sha512-(.+)", one.get("integrity", "")):
            made["hashes"] = [{"alg": "SHA-512", "content": base64.b64decode(found[1]).hex()}]
        components.append(made)
    uses = {
        refs[name]: {refs[needed] for needed in one.get("dependencies", {}) if needed in refs}
        for name, one in kept.items()
    }
    return components, uses, [refs[name] for name in packages[""].get("dependencies", {})]
