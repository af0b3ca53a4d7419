"""A report -> the bytes of a tagged PDF. The only module that imports WeasyPrint.

Lives here: the fetcher that serves packaged assets and nothing else, the PDF
options, and what is said about characters that no font has. Not here: limits on
time and memory (`worker.py`): rendering blocks, and must run in a child process.
"""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.resources import files
from typing import Any

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from .document import Report
from .layout import HERE, Paper, page

STYLE = "app:///print.css"


class RefusedAddress(ValueError):
    """Something in the page asked for an address that is not a packaged asset."""


def _font(name: str) -> bytes:
    return (files("fontpkg_inter") / "files" / name).read_bytes()


ASSETS: Mapping[str, tuple[str, Any]] = {
    STYLE: ("text/css", lambda: (HERE / "print.css").read_bytes()),
    "app:///fonts.css": ("text/css", lambda: (HERE / "fonts.css").read_bytes()),
    "app:///inter.ttf": ("font/ttf", lambda: _font("Inter[opsz,wght].ttf")),
    "app:///inter-italic.ttf": ("font/ttf", lambda: _font("Inter-Italic[opsz,wght].ttf")),
}


class PackagedOnly(URLFetcher):  # type: ignore[misc]
    """Serves `ASSETS`; every other address is refused before anything is opened."""

    def __init__(self) -> None:
        super().__init__(allowed_protocols={"app"}, allow_redirects=False)

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return a packaged asset, or raise `RefusedAddress`."""
        try:
            media_type, read = ASSETS[url]
        except KeyError:
            raise RefusedAddress("only packaged assets are served") from None
        return URLFetcherResponse(url, read(), {"Content-Type": media_type})


@dataclass(frozen=True)
class Rendered:
    """The bytes, and what a person should know about them, one sentence each."""

    content: bytes
    notes: tuple[str, ...] = ()


class _Listener(logging.Handler):
    """Keeps what WeasyPrint says while it works."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def render(report: Report, paper: Paper = "A4", draft: bool = False) -> Rendered:
    """Return the report as PDF/UA-1 tagged bytes; the same report gives the same bytes.

    A symbol that no installed font can draw (an emoji, most often) is printed as
    its name in brackets, because a row of empty boxes says less. Letters stay as
    they are and are named in a note: their font can be installed.
    """
    missing: set[str] = set()
    html = page(report, style_href=STYLE, paper=paper, draft=draft)
    content, unsupported = _write(html, report, paper, draft)
    symbols = {character for character in unsupported if _is_symbol(character)}
    if symbols:
        html = page(_spelt_out(report, symbols), style_href=STYLE, paper=paper, draft=draft)
        content, unsupported = _write(html, report, paper, draft)
    missing |= {character for character in unsupported if not _is_symbol(character)}
    notes = []
    if missing:
        shown = ", ".join(f"U+{ord(character):04X}" for character in sorted(missing)[:8])
        notes.append(f"No installed font has these characters: {shown}. Install a font that has them and print again.")
    return Rendered(content, tuple(notes))


def _write(html: str, report: Report, paper: str, draft: bool) -> tuple[bytes, set[str]]:
    listener = _Listener()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(listener)
    logger.propagate = False
    try:
        content = HTML(string=html, base_url="app:///", url_fetcher=PackagedOnly()).write_pdf(
            pdf_variant="pdf/ua-1",
            pdf_identifier=_identifier(report, paper, draft),
            font_config=FontConfiguration(),
        )
    finally:
        logger.removeHandler(listener)
    assert isinstance(content, bytes)
    found = {
        chr(int(match[1], 16))
        for message in listener.messages
        if "unsupported by fonts" in message and (match := re.search(r"\(U\+([0-9A-F]+)\)", message))
    }
    return content, found


def _identifier(report: Report, paper: str, draft: bool) -> bytes:
    """Return the file's id: fixed by the freeze, the edition and the paper, so that bytes repeat."""
    name = f"{report.identifier}/{report.edition}/{paper}/{'draft' if draft else 'final'}"
    return hashlib.sha256(name.encode()).digest()[:16]


def _is_symbol(character: str) -> bool:
    """Say whether a character is a picture rather than a letter of some script."""
    return unicodedata.category(character) in ("So", "Sk", "Cf", "Mn", "Me", "Cn", "Co")


def _spelt_out(report: Report, symbols: set[str]) -> Report:
    """Return the report with each of `symbols` replaced by its name, in every text."""
    table = {}
    for symbol in symbols:
        name = unicodedata.name(symbol, "")
        joiner = unicodedata.category(symbol) in ("Cf", "Mn", "Me", "Sk") or not name
        table[ord(symbol)] = "" if joiner else f"[{name.lower()}]"

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return value.translate(table)
        if isinstance(value, tuple):
            return tuple(walk(item) for item in value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: walk(getattr(value, field.name)) for field in fields(value)})
        return value

    spelt = walk(report)
    assert isinstance(spelt, Report)
    return spelt
