"""A report, or a participant's paper -> the bytes of a tagged PDF. The only module that imports WeasyPrint.

Lives here: the fetcher that serves packaged assets and nothing else, the PDF
options, and what is said about characters that no font has. Not here: limits on
time and memory (`worker.py`): rendering blocks, and must run in a child process.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from importlib.resources import files
from typing import Any, TypeVar

from weasyprint import HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from . import paper as papers
from .document import Report
from .layout import HERE, WALL_SIZES, Paper, page, stylesheet

T = TypeVar("T")

STYLE = "app:///print.css"
LOGO = "app:///logo"
ATTACHED = "results.json"


class RefusedAddress(ValueError):
    """Something in the page asked for an address that is not a packaged asset."""


def _font(name: str) -> bytes:
    return (files("fontpkg_inter") / "files" / name).read_bytes()


ASSETS: Mapping[str, tuple[str, Any]] = {
    STYLE: ("text/css", lambda: (HERE / "print.css").read_bytes()),
    "app:///paper.css": ("text/css", lambda: papers.stylesheet().encode()),
    "app:///fonts.css": ("text/css", lambda: (HERE / "fonts.css").read_bytes()),
    "app:///inter.ttf": ("font/ttf", lambda: _font("Inter[opsz,wght].ttf")),
    "app:///inter-italic.ttf": ("font/ttf", lambda: _font("Inter-Italic[opsz,wght].ttf")),
}


class PackagedOnly(URLFetcher):  # type: ignore[misc]
    """Serves `ASSETS` and what a report brings itself; every other address is refused before anything is opened."""

    def __init__(self, own: Mapping[str, tuple[str, Any]] | None = None) -> None:
        super().__init__(allowed_protocols={"app"}, allow_redirects=False)
        self._assets = {**ASSETS, **(own or {})}

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        """Return a packaged asset, or raise `RefusedAddress`."""
        try:
            media_type, read = self._assets[url]
        except KeyError:
            raise RefusedAddress("only packaged assets are served") from None
        return URLFetcherResponse(url, read(), {"Content-Type": media_type})


@dataclass(frozen=True)
class Rendered:
    """The bytes, and what a person should know about them, one sentence each.

    `missing`: the characters that no installed font has, for those who word it themselves.
    """

    content: bytes
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class _Listener(logging.Handler):
    """Keeps what WeasyPrint says while it works."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def render(report: Report, paper: Paper = "A4", draft: bool = False) -> Rendered:
    """Return the report as tagged bytes; the same report gives the same bytes.

    PDF/UA-1, or PDF/A-3u where the results are attached: one file can claim one of them.
    """
    identifier = _identifier(report, paper, draft)

    def composed(said: Report, fonts: FontConfiguration) -> tuple[str, bytes]:
        for size in WALL_SIZES:
            logo = LOGO if said.brand.logo else ""
            html = page(said, style_href=STYLE, paper=paper, draft=draft, logo_href=logo, size=size)
            if said.edition != "team" or len(_html(html, _own_assets(said)).render(font_config=fonts).pages) == 1:
                break
        return html, identifier

    return _printed(report, composed)


def render_paper(paper: papers.Paper, size: Paper = "A4") -> Rendered:
    """Return a participant's paper as PDF/UA-1 tagged bytes; raise `paper.TooLong` for a talk that will not fit.

    The file's id comes from its words alone, so the same words give the same bytes.
    """

    def composed(said: papers.Paper, fonts: FontConfiguration) -> tuple[str, bytes]:
        def measure(density: papers.Density) -> tuple[int, float]:
            html = papers.page(replace(said, advice=None), size=size, setting=papers.Setting(density))
            last = (laid_out := _html(html).render(font_config=fonts)).pages[-1]
            return len(laid_out.pages), last.height - last.anchors["room"][1]

        html = papers.page(said, size=size, setting=papers.fit(said, size, measure))
        return html, hashlib.sha256(html.encode()).digest()[:16]

    return _printed(paper, composed)


Compose = Callable[[T, FontConfiguration], tuple[str, bytes]]
"""From what is to be printed to a page of HTML and the file's id."""


def _printed(said: T, compose: Compose[T]) -> Rendered:
    """Write a page, and say what could not be drawn.

    A symbol that no installed font can draw (an emoji, most often) is printed as
    its name in brackets, because a row of empty boxes says less. Letters stay as
    they are and are named in a note: their font can be installed.
    """
    content, unsupported = _write(said, compose)
    symbols = {character for character in unsupported if _is_symbol(character)}
    if symbols:
        content, unsupported = _write(_spelt_out(said, symbols), compose)
    missing = tuple(sorted(character for character in unsupported if not _is_symbol(character)))
    notes = []
    if missing:
        shown = ", ".join(f"U+{ord(character):04X}" for character in missing[:8])
        notes.append(f"No installed font has these characters: {shown}. Install a font that has them and print again.")
    return Rendered(content, tuple(notes), missing)


def _html(html: str, own: Mapping[str, tuple[str, Any]] | None = None) -> HTML:
    return HTML(string=html, base_url="app:///", url_fetcher=PackagedOnly(own))


def _own_assets(said: object) -> dict[str, tuple[str, Any]]:
    """Return what a report brings: its style in the brand's accent, and the brand's picture."""
    if not isinstance(said, Report):
        return {}
    brand = said.brand
    assets: dict[str, tuple[str, Any]] = {STYLE: ("text/css", lambda: stylesheet(brand.accent).encode())}
    if brand.logo:
        assets[LOGO] = (brand.logo_type, lambda: base64.b64decode(brand.logo))
    return assets


def _standard(said: object) -> dict[str, Any]:
    """Return the options for the standard that the file follows."""
    if not isinstance(said, Report) or not said.attachment:
        return {"pdf_variant": "pdf/ua-1"}
    day = datetime.fromisoformat(said.day)  # never the clock: bytes must repeat
    data = Attachment(
        string=said.attachment, name=ATTACHED, description=said.title, created=day, modified=day, relationship="Data"
    )
    return {"pdf_variant": "pdf/a-3u", "pdf_tags": True, "attachments": [data]}


@contextmanager
def _listening() -> Iterator[_Listener]:
    """Hear what WeasyPrint says, so that nobody else does: its warnings may hold a text."""
    listener = _Listener()
    logger = logging.getLogger("weasyprint")
    logger.addHandler(listener)
    logger.propagate = False
    try:
        yield listener
    finally:
        logger.removeHandler(listener)


def _write(said: T, compose: Compose[T]) -> tuple[bytes, set[str]]:
    with _listening() as listener:
        fonts = FontConfiguration()
        html, identifier = compose(said, fonts)
        document = _html(html, _own_assets(said))
        content = document.write_pdf(pdf_identifier=identifier, font_config=fonts, **_standard(said))
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


DATA = frozenset({"brand", "attachment"})
"""Fields that hold no text of the page."""


def _is_symbol(character: str) -> bool:
    """Say whether a character is a picture rather than a letter of some script."""
    return unicodedata.category(character) in ("So", "Sk", "Cf", "Mn", "Me", "Cn", "Co")


def _spelt_out(said: T, symbols: set[str]) -> T:
    """Return the same with each of `symbols` replaced by its name, in every text."""
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
            return replace(
                value,
                **{field.name: walk(getattr(value, field.name)) for field in fields(value) if field.name not in DATA},
            )
        return value

    spelt = walk(said)
    assert isinstance(spelt, type(said))
    return spelt
