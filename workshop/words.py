"""Every sentence a person reads passes here on its way through gettext.

Lives here: `_` and its plural for modules that must also work without a web app
(kinds, screens, command line), days, clocks and figures as a language writes
them, which languages there are, and which of them a browser asks for. Not here:
the sentences themselves, and pages (`web/language.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError, dates, numbers
from flask import current_app, has_app_context
from flask_babel import force_locale, get_locale, get_translations
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

LANGUAGES = ("en", "de", "fr", "es")
TRANSLATIONS = Path(__file__).resolve().parent / "translations"

COOKIE = "language"
"""What a reader chose with the switch. It lies in the browser and is written nowhere else (decisions/0009)."""


def _(text: str, **values: Any) -> str:
    """Return `text` in the reader's language, with `%(name)s` filled in."""
    found = str(catalogue().ugettext(text)) if has_app_context() else text
    return found % values if values else found


def catalogue() -> Any:
    """Return the sentences in the reader's language; there must be an app.

    Kept by language. Flask-Babel looks up context, domain and name of the language anew for each sentence, and a
    console has 265 of them: that was a third of its drawing.
    """
    kept = current_app.extensions.setdefault("catalogues", {})
    locale = get_locale()
    found = kept.get(locale)
    if found is None:
        found = kept[locale] = get_translations()
    return found


def N_(text: str) -> str:
    """Mark a text where it is defined; `_` translates it where it is shown."""
    return text


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """Return the sentence for this number in the reader's language, with `%(num)s` filled in."""
    found = str(catalogue().ungettext(one, many, num)) if has_app_context() else one if num == 1 else many
    return found % {"num": num, **values}


def here() -> Locale:
    """Return the reader's locale; English where there is no app."""
    return (get_locale() if has_app_context() else None) or Locale("en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let what follows speak one language, such as a session's, where there is an app to speak with."""
    if not language or not has_app_context():
        yield
        return
    with force_locale(locale_of(language)):
        yield


def day(when: date) -> str:
    """Return a date as the reader writes it: "4 November 2026"."""
    return str(dates.format_date(when, "long", locale=here()))


def clock(when: time | datetime) -> str:
    """Return a local time of day as the reader writes it, on a clock of 24 hours: "14:30".

    Everywhere the same clock, because the room reads the stage, the phones and
    the paper beside each other.
    """
    return str(dates.format_skeleton("Hm", datetime.combine(date(2000, 1, 1), _naive(when)), locale=here()))


def _naive(when: time | datetime) -> time:
    return (when.time() if isinstance(when, datetime) else when).replace(tzinfo=None)


def span(minutes: int) -> str:
    """Return a length of time in its largest unit, as the reader writes it: "15 minutes", "1 hour", "3 days"."""
    return str(dates.format_timedelta(timedelta(minutes=minutes), threshold=1, locale=here()))


def figure(number: int) -> str:
    """Return a number as the reader writes it: "12,500" in English, "12.500" in German."""
    return str(numbers.format_decimal(number, locale=here()))


def spoken() -> tuple[str, ...]:
    """Return the languages that have a catalogue; English is the source and needs none."""
    return _with_catalogue(LANGUAGES, TRANSLATIONS)


@lru_cache(maxsize=8)
def _with_catalogue(languages: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """Ask the disk once: every screen that is drawn wants to know."""
    return tuple(code for code in languages if code == "en" or (folder / code / "LC_MESSAGES" / "messages.mo").exists())


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
