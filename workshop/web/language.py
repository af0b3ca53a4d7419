"""In which language a page speaks.

Lives here: choosing it, telling templates, and the switch. Not here: the words,
and which languages there are (`words.py`).

Who reads decides: the language chosen with the switch, else the browser's. On
phones a session's own language stands in where the browser asks for none that
is spoken. What a group shares (the stage, papers, reports) speaks the
session's language. Nothing of a reader's language is stored, counted or logged
(docs/decisions/0009-languages.md).
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError
from flask import Blueprint, Flask, g, has_app_context, has_request_context, redirect, request
from flask_babel import Babel, get_locale, refresh
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from .. import live_state
from ..models import LiveSession
from ..words import COOKIE, LANGUAGES, TRANSLATIONS, asked_for, catalogue, clock, day, figure, locale_of, spoken
from .rights import audience

__all__ = ("LANGUAGES", "TRANSLATIONS", "bp", "choose", "day", "init_app", "page_direction", "page_language", "spoken")

RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
KEPT = timedelta(days=180)  # a season of sessions; the browser's own setting holds again after that

bp = Blueprint("language", __name__)


def choose() -> str:
    """Return the language of this request: that of what it shows (`g.language`), else the reader's."""
    if has_app_context() and "language" in g:
        return locale_of(str(g.language))
    if has_request_context():
        return reader(spoken()) or "en"
    return "en"


def reader(among: tuple[str, ...]) -> str:
    """Return which of these languages this browser asks for; empty: none."""
    return asked_for(request.cookies.get(COOKIE), request.headers.get("Accept-Language", ""), among)


def speak(live: LiveSession) -> str:
    """Let this page of a session speak the reader's language; return it, or nothing where it is the session's own."""
    found = live_state.reading_language(live, reader(live_state.readable(live)))
    g.language = found or live.language
    refresh()
    return found


def page_language() -> str:
    """Return the language tag for `<html lang>`."""
    return str(get_locale() or "en").replace("_", "-")


def page_direction(language: str) -> str:
    """Return "rtl" for languages written from right to left, else "ltr"."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"


def own_name(code: str) -> str:
    """Return what a language is called by those who speak it."""
    try:
        name = str(Locale.parse(code, sep="-").get_display_name())
    except (ValueError, UnknownLocaleError):
        return code
    return name[:1].upper() + name[1:]


def offered() -> list[tuple[str, str]]:
    """Return the languages of the switch, each with its own name."""
    return [(code, own_name(code)) for code in spoken()]


@bp.post("/language")
@audience("anybody")
def switch() -> Response:
    """Keep in this browser which language it wants, and go back to the page.

    A POST, so that no address, no history and no log holds the choice.
    """
    response = redirect(_back(request.form.get("back", "")), code=303)
    chosen = request.form.get("language", "")
    if chosen in spoken():
        response.set_cookie(
            COOKIE, chosen, max_age=KEPT, path="/", secure=request.is_secure, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(COOKIE, path="/")
    return response


def _back(wanted: str) -> str:
    """Return a page of this server, whatever a form names."""
    parts = urlsplit(wanted.replace("\\", "/")[:500])
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if local and wanted.isprintable() else "/"


def _varies(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("Accept-Language")
        response.vary.add("Cookie")
    return response


def init_app(app: Flask) -> None:
    """Set Babel up, tell templates the language, and offer the switch."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    Babel(app, locale_selector=choose)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # Babel has added the extension
        gettext=lambda text: catalogue().ugettext(text),
        ngettext=lambda one, many, number: catalogue().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(
        page_language=page_language, page_direction=page_direction, languages_offered=offered, language_called=own_name
    )
    app.jinja_env.filters.update(day=day, clock=clock, figure=figure)
    app.register_blueprint(bp)
    app.after_request(_varies)


def exempt(csrf: CSRFProtect) -> None:
    """Let the switch work from pages that hold nothing of a visitor, so no token either; it changes a preference."""
    csrf.exempt(bp)
