"""In which language a page speaks.

Lives here: choosing it, and telling templates. Not here: the words.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flask import Flask, g, has_app_context, has_request_context, request
from flask_babel import Babel, format_date, get_locale

LANGUAGES = ("en", "de")
TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


def spoken() -> tuple[str, ...]:
    """Return the languages that have a catalogue; English is the source and needs none."""
    return tuple(
        code for code in LANGUAGES if code == "en" or (TRANSLATIONS / code / "LC_MESSAGES" / "messages.mo").exists()
    )


def choose() -> str:
    """Return the language of this request: the session's own (`g.language`), else the browser's."""
    if has_app_context() and "language" in g:
        wanted = str(g.language).partition("-")[0].lower()
        return wanted if wanted in spoken() else "en"
    if has_request_context():
        return request.accept_languages.best_match(spoken()) or "en"
    return "en"


def page_language() -> str:
    """Return the language tag for `<html lang>`."""
    return str(get_locale() or "en").replace("_", "-")


def page_direction(language: str) -> str:
    """Return "rtl" for languages written from right to left, else "ltr"."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def day(when: date) -> str:
    """Return a date as the reader writes it: "4 November 2026"."""
    return str(format_date(when, "long"))


def init_app(app: Flask) -> None:
    """Set Babel up and tell templates the language."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=choose)
    app.jinja_env.globals.update(page_language=page_language, page_direction=page_direction)
    app.jinja_env.filters["day"] = day
