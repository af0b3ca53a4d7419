"""Two languages that nobody speaks: one shows hard-coded texts, the other runs from right to left.

Lives here: made-up catalogues without a file (each sentence is made from its
English), and finding what a page shows. Not here: which pages are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import flask_babel
import html5lib
import pytest

from workshop import words
from workshop.web import language as _before_anything_is_patched  # noqa: F401

BRACKETED = "eo"
MIRRORED = "ar"

PLACE = re.compile(r"(%\(\w+\)[sd]|%%|\{\w+\}|\[link\])")
LETTERS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ابثدعفغهيجكلمنوبقرستوفءخيز")
NAMES = "{http://www.w3.org/1999/xhtml}"
SPOKEN = ("aria-label", "title", "placeholder", "alt", "aria-roledescription", "aria-valuetext")


def bracketed(text: str) -> str:
    """Return "⟦Save⟧" for "Save"."""
    inner = text.strip()
    return text.replace(inner, f"⟦{inner}⟧", 1) if inner else text


def mirrored(text: str) -> str:
    """Return a text in Arabic letters, a third longer, with its placeholders whole."""
    parts = [part if PLACE.fullmatch(part) else part.lower().translate(LETTERS) for part in PLACE.split(text)]
    return "".join(parts)


class Made(NullTranslations):
    """A catalogue that makes each sentence from its English."""

    def __init__(self, how: Any) -> None:
        super().__init__()
        self.how = how

    def ugettext(self, message: str) -> str:
        """Return one sentence."""
        return str(self.how(message))

    def ungettext(self, one: str, many: str, number: int) -> str:
        """Return the sentence for this number."""
        return str(self.how(one if number == 1 else many))

    gettext, ngettext = ugettext, ungettext


def speak(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the product speak both languages, beside English, until the test is over. Before the app is made."""
    for code in (BRACKETED, MIRRORED):
        (folder / code / "LC_MESSAGES").mkdir(parents=True)
        (folder / code / "LC_MESSAGES" / "messages.mo").touch()
    monkeypatch.setattr(words, "LANGUAGES", ("en", BRACKETED, MIRRORED))
    monkeypatch.setattr(words, "TRANSLATIONS", folder)
    made = {BRACKETED: Made(bracketed), MIRRORED: Made(mirrored)}
    real = flask_babel.Domain.get_translations

    def get_translations(self: flask_babel.Domain) -> Any:
        found = made.get(str(flask_babel.get_locale() or "en").partition("_")[0])
        if found:
            return found
        return real(self) if flask_babel.get_locale() is None else NoCatalogue()

    monkeypatch.setattr(flask_babel.Domain, "get_translations", get_translations)


class NoCatalogue(Made):
    """English as it is written."""

    def __init__(self) -> None:
        super().__init__(str)


def shown(html: str) -> Iterable[str]:
    """Return every text of a page that a person reads or hears."""
    tree = html5lib.parse(html)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        name = element.tag.rpartition("}")[2]
        if name not in ("script", "style", "noscript") and element.text:
            yield element.text
        if element.tail:
            yield element.tail
        for attribute in SPOKEN:
            if element.get(attribute):
                yield str(element.get(attribute))
        if name == "input" and element.get("type") == "submit":
            yield str(element.get("value"))


def hard_coded(html: str, typed: Iterable[str]) -> list[str]:
    """Return the texts of a page that are neither ours (in brackets) nor what people typed."""
    known = sorted({" ".join(one.split()) for one in typed if one.strip()}, key=len, reverse=True)
    found = []
    for text in shown(html):
        left = " ".join(text.split())
        whole = left
        for one in known:
            left = left.replace(one, "")
        while "⟦" in left:
            fewer = re.sub(r"⟦[^⟦⟧]*⟧", "", left)
            if fewer == left:
                break
            left = fewer
        if re.search(r"[^\W\d_]{3}", left):
            found.append(whole)
    return found
