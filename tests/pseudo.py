"""Two languages that nobody speaks: one shows hard-coded texts, the other runs from right to left.

Lives here: made-up catalogues without a file (each sentence is made from its
English), and finding what a page shows. Not here: which pages are looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from gettext import NullTranslations
from pathlib import Path
from typing import Any

import flask_babel
import html5lib
import pytest
import yaml
from babel import Locale
from sqlalchemy import inspect, text

from workshop import words
from workshop.guides import library
from workshop.guides.schema import parse
from workshop.house import House
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
    return unbracketed(shown(html), typed)


def unbracketed(texts: Iterable[str], typed: Iterable[str]) -> list[str]:
    """Return those of the texts that are neither ours (in brackets) nor what people typed."""
    known = sorted({" ".join(one.split()) for one in typed if one.strip()}, key=len, reverse=True)
    found = []
    for said in texts:
        left = " ".join(said.split())
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


def strings(value: Any) -> Iterator[str]:
    """Return all texts in nested data."""
    if isinstance(value, str):
        yield value
        yield from (part for part in value.split("\n") if part.strip())
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from (key, *strings(one)) if isinstance(key, str) else strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


def typed_by_people(house: House) -> set[str]:
    """Return what is data on a page, not a sentence of ours: guides, names, codes, addresses."""
    found = {
        "Unstuck",
        "Deutsch",
        "English",
        "Français",
        "Español",
        "Esperanto",
        "esperanto",
        "العربية",
        "localhost",
        "PDF",
        "QR",
        "UTC",
    }
    locale = Locale(BRACKETED)  # Babel's own words: months, days, languages
    for named in (*locale.months["format"].values(), *locale.days["format"].values(), locale.languages):
        found |= {form for name in map(str, named.values()) for form in (name, name.capitalize())}
    for _name, source in library.shipped_sources():
        guide = parse(source, "guide")
        found |= set(strings(guide.file.model_dump(mode="json")))
    for path in Path(library.__file__).parent.rglob("*.yaml"):  # methods of the toolbox are data as guides are
        found |= set(strings(yaml.safe_load(path.read_text())))
    found |= {part.strip() for one in list(found) for part in re.split(r"(?<=[.?])\s", one)}
    found |= {one.rstrip(".") for one in list(found)}
    with house.database.transaction() as session:
        for name in inspect(session.connection()).get_table_names():
            for row in session.execute(text(f'SELECT * FROM "{name}"')):
                for value in row:
                    if isinstance(value, str):
                        found.add(value)
                        if value.startswith(("{", "[")):
                            found |= set(strings(json.loads(value)))
    return {one for one in found if len(one) > 1}


DATA = re.compile(r"https?://\S+|/staff/\S+|\b[\w.-]+\.(yaml|pdf|csv|json|zip|xlsx|ics)\b|[A-Z]{6}\b|HH:MM|\bname@\S+")
"""Addresses, names of files, codes: the same in every language."""
EXPECTED_RAW = ("/favicon", "/static/", ".svg", ".ics", ".webmanifest", ".csv", ".json")


def left_over(html: str, typed: set[str]) -> list[str]:
    return [one for one in hard_coded(DATA.sub("", html), typed) if not one.startswith("<")]
