"""Check what no other tool checks: that the repository holds only what belongs in it.

Lives here: rules about committed files. Not here: style (ruff), types (mypy),
rules about imports and pages (`tests/house/`). Exits 1 and names each breach.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

LARGEST = 400_000
"""Bytes. The README's pictures are the largest files that we make ourselves."""

NOT_OURS = re.compile(
    r"(^|/)(node_modules|vendor|\.venv)/|\.min\.(js|css)$|\.(woff2?|ttf|otf|eot|whl|jar|exe|so|zip|gz)$"
)
"""Fonts, bundles and archives are fetched at set-up by name and hash, never committed."""

TEXT_NOT_OURS = {"LICENSE"}
"""The one verbatim text by somebody else: the licence has to be."""

# Written in halves, or this file would be its own first finding.
HOSTS = re.compile(
    "|".join(
        first + second
        for first, second in (
            ("npm", r"js\.org"),
            ("pypi", r"\.org"),
            ("python", r"hosted\.org"),
            ("yarn", r"pkg\.com"),
            ("deb", r"ian\.org/debian"),
        )
    )
)
FOREIGN_SERVER = re.compile(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//[a-z]""", re.IGNORECASE)
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S|\son[a-z]+\s*=\s*[\"']", re.IGNORECASE)
INLINE_STYLE = re.compile(r"<style\b|\sstyle\s*=\s*[\"']", re.IGNORECASE)
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:ghp|gho|xox[abp])[-_][A-Za-z0-9]{20}")


def main() -> int:
    """Print every breach; return 1 if there is one."""
    breaches = [f"{name}: {reason}" for name in committed() for reason in breaches_of(name)]
    for breach in breaches:
        print(breach)
    print(f"check_repo: {len(breaches)} breaches" if breaches else "check_repo: nothing that does not belong here")
    return 1 if breaches else 0


def committed() -> list[str]:
    """Return the names of the files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def breaches_of(name: str) -> Iterator[str]:
    """Yield what is wrong with one file, as sentences."""
    path = ROOT / name
    if NOT_OURS.search(name):
        yield "a file made by others; let tasks.py fetch it"
    if path.stat().st_size > LARGEST:
        yield f"larger than {LARGEST // 1000} kB"
    if name in TEXT_NOT_OURS:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    yield from text_breaches(name, text)


def text_breaches(name: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a text file. Printed pages may carry a style sheet; they are no web pages."""
    if HOSTS.search(text):
        yield "names the host of a package registry"
    if SECRET.search(text):
        yield "looks as if it held a secret"
    if not name.startswith(("templates/", "static/")):
        return
    if FOREIGN_SERVER.search(text):
        yield "loads something from another server"
    if name.endswith(".html"):
        if INLINE_SCRIPT.search(text):
            yield "has a script inside the page; the content policy would stop it"
        if INLINE_STYLE.search(text):
            yield "has a style inside the page; the content policy would stop it"


if __name__ == "__main__":
    sys.exit(main())
