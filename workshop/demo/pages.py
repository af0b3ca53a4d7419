"""Reading a page the way a browser does, as far as pressing its buttons asks for.

Lives here: the forms of a page with what they would send untouched, and the
console's large button. Not here: anything sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form as it stands on the page.

    `values` is what would be sent if nobody touched it, `offers` what its boxes
    would send if they were ticked.
    """

    action: str
    method: str
    id: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    offers: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Return the names of everything that the form could send."""
        return set(self.values) | {name for name, _value in self.buttons}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.loose: list[tuple[str, str, str]] = []  # (form id, name, value) of fields outside their form
        self.primary = ""
        self._form: Form | None = None
        self._select = ""
        self._textarea = ""
        self._asking = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(got.get("action", ""), got.get("method", "get").lower(), got.get("id", ""))
            self.forms.append(self._form)
        elif tag == "details":
            self._asking = "data-key-ask" in got
        elif tag in ("input", "button"):
            self._control(tag, got)
        elif tag == "select":
            self._select = got.get("name", "")
            self._value(self._select)
        elif tag == "option" and self._select and ("selected" in got or not self._form_values(self._select)):
            if self._form:
                self._form.values[self._select] = [got.get("value", "")]
        elif tag == "textarea":
            self._textarea = got.get("name", "")
            self._value(self._textarea, "")

    def _control(self, tag: str, got: dict[str, str]) -> None:
        kind = got.get("type", "submit" if tag == "button" else "text")
        name, value = got.get("name", ""), got.get("value", "")
        if name == "do" and not self.primary and (got.get("id") == "primary" or self._asking):
            self.primary = value
        if not name:
            return
        if got.get("form"):
            self.loose.append((got["form"], name, value))
        elif kind in ("submit", "image"):
            if self._form:
                self._form.buttons.append((name, value))
        elif kind in ("checkbox", "radio"):
            self._value(name, *((value or "on",) if "checked" in got else ()))
            if self._form:
                self._form.offers.setdefault(name, []).append(value or "on")
        elif kind != "file":
            self._value(name, value)

    def _value(self, name: str, *values: str) -> None:
        if self._form and name:
            self._form.values.setdefault(name, []).extend(values)

    def _form_values(self, name: str) -> list[str]:
        return self._form.values.get(name, []) if self._form else []

    def handle_data(self, data: str) -> None:
        if self._textarea and self._form:
            self._form.values[self._textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "details":
            self._asking = False


def forms(html: str) -> list[Form]:
    """Return the forms of a page."""
    return _read(html).forms


def primary(html: str) -> str:
    """Return what the console's large button would send, "" where there is none to press."""
    return _read(html).primary


def problem(html: str) -> str:
    """Return what the page says went wrong, "" when it does not say."""
    alert = re.search(r'role="alert"[^>]*>(.*?)</(?:div|p|section|ul)>', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", alert[1]).split()) if alert else ""


def attribute(html: str, name: str) -> str:
    """Return the value of the first attribute of that name, "" without one."""
    found = re.search(rf'\s{name}="([^"]*)"', html)
    return found[1] if found else ""


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    for form_id, name, value in reader.loose:
        for form in reader.forms:
            if form.id == form_id and name not in form.values:
                form.buttons.append((name, value))
    return reader
