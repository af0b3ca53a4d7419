"""Every sentence a person reads passes here on its way through gettext.

Lives here: `_` for modules that must also work without a web app (kinds,
screens, command line), which languages there are, and which of them a browser
asks for. Not here: the sentences themselves, and pages (`web/language.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import has_app_context
from flask_babel import gettext
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

LANGUAGES = ("en", "de", "fr", "es")
TRANSLATIONS = Path(__file__).resolve().parent / "translations"

COOKIE = "language"
"""What a reader chose with the switch. It lies in the browser and is written nowhere else (decisions/0009)."""


def _(text: str, **values: Any) -> str:
    """Return `text` in the reader's language, with `%(name)s` filled in."""
    if has_app_context():
        return str(gettext(text, **values))
    return text % values if values else text


def N_(text: str) -> str:
    """Mark a text where it is defined; `_` translates it where it is shown."""
    return text


def spoken() -> tuple[str, ...]:
    """Return the languages that have a catalogue; English is the source and needs none."""
    return tuple(
        code for code in LANGUAGES if code == "en" or (TRANSLATIONS / code / "LC_MESSAGES" / "messages.mo").exists()
    )


def locale_of(language: str) -> str:
    """Return the name by which gettext knows a language tag; English where we do not speak it.

    A tag of a region keeps its ways with dates: "en-GB" is "en_GB". A language
    without a catalogue is not half used, for dates alone.
    """
    if language.replace("_", "-").partition("-")[0].lower() not in spoken():
        return "en"
    try:
        return str(Locale.parse(language.replace("_", "-"), sep="-"))
    except (ValueError, UnknownLocaleError):
        return language.replace("_", "-").partition("-")[0].lower()


def asked_for(chosen: str | None, accept: str, among: Iterable[str]) -> str:
    """Return the language a browser asks for: the one chosen there, else the best it accepts, else nothing."""
    offered = list(dict.fromkeys(among))
    if chosen and chosen in offered:
        return chosen
    for tag, quality in parse_accept_header(accept[:400], LanguageAccept):  # the best first
        near = (tag, tag.lower(), tag.replace("_", "-").partition("-")[0].lower())
        if quality > 0 and (found := next((one for one in near if one in offered), "")):
            return found
    return ""
