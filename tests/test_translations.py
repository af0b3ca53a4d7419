"""The catalogues against the sentences in the code: all there, all whole, and none hard-coded."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient

from workshop.web.language import LANGUAGES, TRANSLATIONS

ROOT = Path(__file__).resolve().parents[1]
METHODS = [
    ("workshop/**.py", "python"),
    ("templates/**.html", "jinja2"),
    ("reports/templates/**.html", "jinja2"),
]
KEYWORDS = {"_": None, "_l": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")

OTHERS = [code for code in LANGUAGES if code != "en"]


@pytest.fixture(scope="module")
def sentences() -> set[str | tuple[str, ...]]:
    """Return every sentence that the code and the templates say; of a plural both forms."""
    found = set()
    for folder in ("workshop", "templates", "reports/templates"):
        methods = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in METHODS]
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, methods, keywords=KEYWORDS):
            found.add(message)
    assert len(found) > 1000, "the search itself works"
    return found


def catalogue(code: str) -> Catalog:
    return read_po(BytesIO((TRANSLATIONS / code / "LC_MESSAGES" / "messages.po").read_bytes()), locale=code)


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_has_its_translation(code: str, sentences: set[str | tuple[str, ...]]) -> None:
    known = catalogue(code)
    missing = []
    for sentence in sentences:
        first = sentence if isinstance(sentence, str) else sentence[0]
        entry = known.get(first)
        forms = [entry.string] if entry and isinstance(entry.string, str) else list(entry.string) if entry else []
        if not forms or not all(forms) or entry is None or entry.fuzzy:
            missing.append(first)
    assert missing == [], "run: make translations, and translate what is empty"


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_keeps_its_placeholders_and_its_edges(code: str) -> None:
    wrong = []
    for entry in catalogue(code):
        if not entry.id:
            continue
        ids = [entry.id] if isinstance(entry.id, str) else list(entry.id)
        forms = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        wanted = set(PLACEHOLDER.findall(ids[-1]))
        for form in forms:
            # A form for one may leave the number out: "a card" for "%(num)s card".
            left_out = wanted - set(PLACEHOLDER.findall(form)) - ({"num"} if len(forms) > 1 else set())
            added = set(PLACEHOLDER.findall(form)) - wanted
            edges = (form[:1].isspace(), form[-1:].isspace()) != (ids[0][:1].isspace(), ids[0][-1:].isspace())
            if left_out or added or edges:
                wrong.append((ids[0], form))
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_keeps_its_head_when_it_is_brought_up_to_the_sentences(code: str) -> None:
    head = (TRANSLATIONS / code / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8").partition("\n\n")[0]
    assert f'"Language: {code}\\n"' in head and '"Plural-Forms: nplurals=' in head


def test_a_page_speaks_the_language_of_its_reader(client: FlaskClient) -> None:
    german = client.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).get_data(as_text=True)
    english = client.get("/", headers={"Accept-Language": "it"}).get_data(as_text=True)
    assert '<html lang="de"' in german and '<html lang="en"' in english
    assert re.search(r"<h1[^>]*>([^<]+)", german)[1] != re.search(r"<h1[^>]*>([^<]+)", english)[1]  # type: ignore[index]


def test_the_compiled_catalogues_are_those_of_the_sources(app: Flask) -> None:
    from flask_babel import force_locale, gettext

    for code in OTHERS:
        entry = next(one for one in catalogue(code) if one.id and isinstance(one.id, str) and "%" not in one.id)
        with app.test_request_context(), force_locale(code):
            assert gettext(str(entry.id)) == entry.string


HARD_CODED = re.compile(r">\s*([A-Z][a-z]+(?: [a-z]+)+[.!?]?)\s*<")
"""Words between two tags that no `{{ _(...) }}` gave."""


@pytest.mark.parametrize("folder", ["templates", "reports/templates"])
def test_no_template_has_a_sentence_of_its_own(folder: str) -> None:
    wrong = []
    for path in sorted((ROOT / folder).rglob("*.html")):
        text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
        text = re.sub(r"{[{%].*?[}%]}", "", text, flags=re.DOTALL)
        wrong += [(path.name, found) for found in HARD_CODED.findall(text)]
    assert wrong == []
