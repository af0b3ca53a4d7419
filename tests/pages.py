"""The standard that every page is held against.

Lives here: checks of one answer, used by the client fixture and by browser
tests. Not here: what any single page says.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any

import html5lib
from html5lib.constants import E as MEANING
from werkzeug.test import TestResponse

HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "",
}
LABELLED = {"input", "select", "textarea"}
UNLABELLED_TYPES = {"hidden", "submit", "button", "image", "reset"}
LINES = {"label", "button", "span"}
"""Elements that may hold what stands in a line, and no blocks: browsers mend it, each parser in its way."""
BLOCKS = {
    "div",
    "p",
    "ul",
    "ol",
    "dl",
    "table",
    "section",
    "article",
    "form",
    "fieldset",
    "blockquote",
    "pre",
    "hr",
    "h2",
    "h3",
}
NAMES = "{http://www.w3.org/1999/xhtml}"
DRAWN = re.compile(r'(?<=["/])[\w-]{22,}(?=["/?#])|(?<=name="csrf_token" value=")[^"]+')
"""What is drawn by chance in a page: ids and secrets of 22 signs and more as a value or in an address, CSRF tokens."""

_good: set[bytes] = set()


def check_response(response: TestResponse) -> None:
    """Raise AssertionError when an answer breaks the standard."""
    for name, part in HEADERS.items():
        assert part in response.headers.get(name, "missing"), f"{response.request.path}: header {name}"
        assert name in response.headers, f"{response.request.path}: no header {name}"
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    if response.mimetype == "text/html" and response.status_code not in (301, 302, 303, 304, 307, 308):
        check_html(response.get_data(as_text=True), response.request.path)


def check_html(html: str, where: str = "page") -> None:
    """Raise AssertionError when a page, or a fragment, is not good HTML.

    A fragment (no doctype) is spared the one h1 and the title. Two pages that differ in nothing but what is drawn by
    chance (equal where the other has equal ones) are good or bad together, so the second is not read again: two
    thirds of all pages that the tests fetch.
    """
    drawn: dict[str, str] = {}
    shape = DRAWN.sub(lambda found: drawn.setdefault(found[0], f"#{len(drawn)}"), html)
    kept_as = hashlib.sha256(shape.encode(errors="surrogatepass")).digest()
    if kept_as in _good:
        return
    whole = html.lstrip().lower().startswith("<!doctype")
    parser = html5lib.HTMLParser(namespaceHTMLElements=True)
    tree = parser.parse(html) if whole else parser.parseFragment(html)
    errors = [f"line {place[0]}: {MEANING.get(code, code) % values}" for place, code, values in parser.errors]
    assert not errors, f"{where}: {errors[:5]}"
    elements = [e for e in tree.iter() if isinstance(e.tag, str)]
    _check_unique_ids(elements, where)
    _check_labels(elements, where)
    _check_inline(elements, where)
    _check_lines(elements, where)
    if whole:
        headings = [e for e in elements if e.tag == f"{NAMES}h1"]
        assert len(headings) == 1, f"{where}: {len(headings)} h1"
        assert _text(headings[0]), f"{where}: the h1 is empty"
        assert any(e.tag == f"{NAMES}title" and _text(e) for e in elements), f"{where}: no title"
        root = next(e for e in elements if e.tag == f"{NAMES}html")
        assert root.get("lang"), f"{where}: no language"
    _good.add(kept_as)


def _check_unique_ids(elements: list[Any], where: str) -> None:
    ids = Counter(e.get("id") for e in elements if e.get("id") is not None)
    twice = [name for name, count in ids.items() if count > 1]
    assert not twice, f"{where}: ids used twice: {twice}"
    for element in elements:
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage"):
            for target in (element.get(attribute) or "").split():
                assert target in ids, f"{where}: {attribute}={target} points nowhere"


def _check_labels(elements: list[Any], where: str) -> None:
    named = {e.get("for") for e in elements if e.tag == f"{NAMES}label" and _text(e)}
    inside = {
        id(child) for e in elements if e.tag == f"{NAMES}label" and _text(e) for child in e.iter() if child is not e
    }
    for element in elements:
        name = element.tag.removeprefix(NAMES)
        if name in LABELLED and element.get("type") not in UNLABELLED_TYPES:
            good = element.get("id") in named or id(element) in inside
            good = good or element.get("aria-label") or element.get("aria-labelledby")
            assert good, f"{where}: {name} {element.get('name')} has no label"
        if name in ("button", "a") and (name == "button" or element.get("href")):
            good = _text(element) or element.get("aria-label") or element.get("aria-labelledby")
            assert good, f"{where}: a {name} without words"
        if name == "img":
            assert element.get("alt") is not None, f"{where}: img without alt"


def _check_inline(elements: list[Any], where: str) -> None:
    for element in elements:
        name = element.tag.removeprefix(NAMES)
        assert element.get("style") is None, f"{where}: style attribute on {name}"
        handlers = [a for a in element.attrib if isinstance(a, str) and a.startswith("on")]
        assert not handlers, f"{where}: {handlers} on {name}"
        assert name != "style", f"{where}: inline style sheet"
        if name == "script":
            assert element.get("src") or element.get("type") == "application/json", f"{where}: inline script"
        address = element.get("href") or element.get("src") or ""
        assert not address.strip().lower().startswith("javascript:"), f"{where}: javascript: address"


def _check_lines(elements: list[Any], where: str) -> None:
    for element in elements:
        name = element.tag.removeprefix(NAMES)
        if name in LINES:
            inside = {child.tag.removeprefix(NAMES) for child in element.iter() if isinstance(child.tag, str)}
            assert not inside & BLOCKS, f"{where}: {sorted(inside & BLOCKS)} inside a {name}"


def _text(element: Any) -> str:
    return "".join(element.itertext()).strip()


def csrf_token(html: str) -> str:
    """Return the CSRF token of the first form on a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert found, "the page has no form with a CSRF token"
    return found.group(1)
