"""A report -> one HTML page: the same page for paper and for the screen.

Lives here: the templates' environment, paper sizes, reading direction. Not here:
WeasyPrint (`render.py`), which turns the page into a PDF; a browser can print
the same page where WeasyPrint is missing.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .document import Report

HERE = Path(__file__).parent

Paper = Literal["A4", "Letter"]
PAPERS: tuple[Paper, ...] = ("A4", "Letter")

RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def direction_of(text: str) -> str:
    """Return "rtl" or "ltr" by the first letter that has a direction, as browsers do for dir=auto."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in ("R", "AL"):
            return "rtl"
    return "ltr"


def _paragraphs(text: str) -> list[str]:
    return [part.strip() for part in text.splitlines() if part.strip()]


def _drawing(html: str) -> Markup:
    """Mark a block drawn by the product's own print partials as markup; the only place that does."""
    return Markup(html)  # noqa: S704  # nosec


environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters["direction"] = direction_of
environment.filters["paragraphs"] = _paragraphs
environment.filters["drawing"] = _drawing


COMPACT = frozenset({"manager", "participant"})
"""Editions set in two columns after the letter: they are read, the record is looked things up in."""

WALL_SIZES = ("huge", "large", "middle", "small")
"""How large the team's page is set; `render.py` takes the first at which it is one page."""

ACCENT = "#0b6b63"


def stylesheet(accent: str = "") -> str:
    """Return the style of the report, for paper and for a browser's print, in the installation's own accent if any."""
    style = (HERE / "print.css").read_text("utf-8")
    return style.replace(f"--accent: {ACCENT};", f"--accent: {accent};") if accent else style


def page(
    report: Report,
    *,
    style_href: str,
    paper: Paper = "A4",
    draft: bool = False,
    note: str = "",
    bar: str = "",
    logo_href: str = "",
    size: str = "huge",
) -> str:
    """Return the whole report as one HTML document.

    `style_href` is where the stylesheet is found: packaged for the PDF, a route
    for a browser. `note` is a line above the letter, such as why there is no PDF.
    `bar` is markup of the product's own that stands above everything; `logo_href` is where the brand's picture is,
    `size` one of `WALL_SIZES`.
    """
    if paper not in PAPERS:
        raise ValueError(f"unknown paper {paper!r}")
    language = report.language or "en"
    return environment.get_template("report.html").render(
        report=report,
        style_href=style_href,
        paper=paper,
        draft=draft,
        note=note,
        bar=bar,
        compact=report.edition in COMPACT,
        size=size,
        logo_href=logo_href,
        base_direction="rtl" if language.split("-")[0].split("_")[0] in RIGHT_TO_LEFT else "ltr",
    )
