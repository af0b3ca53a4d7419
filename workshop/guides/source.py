"""YAML text -> plain data with the line of every value; nothing but text, numbers, lists and mappings.

Lives here: everything that is wrong with a file before anybody asks what it
means: its size, its encoding, its syntax, and the parts of YAML that a guide
does not need and an attacker likes (tags, anchors, aliases, merge keys, several
documents, deep nesting). Not here: what a guide is (`schema.py`).

Words stay words: YAML 1.1 would read `no` as false, `1:30` as 90 and
`2026-01-01` as a date. Only `true` and `false`, decimal numbers and `null` are
anything but text here, so a choice may offer Yes and No without quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from ..errors import WorkshopError
from ..words import _

MAX_BYTES = 256 * 1024
"""The largest file; the longest shipped guide, with a translation, is a fifth of it."""

MAX_DEPTH = 12
"""The deepest place a guide needs is 9: a label in an option in the settings of an activity in a step."""

MAX_PROBLEMS = 50
"""What a person will read in one go; the rest is counted."""

Path = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]{1,15}\Z")
_FLOAT = re.compile(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}\Z")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a file, where, and what would be right."""

    file: str
    line: int
    what: str
    path: Path = ()

    def __str__(self) -> str:
        return _("%(file)s, line %(line)s: %(what)s", file=self.file, line=self.line, what=self.what)


class GuideError(WorkshopError):
    """A file that is not a guide; `problems` holds everything that is wrong with it, top to bottom."""

    code = "invalid_guide"
    status = 422

    def __init__(self, problems: list[Problem]) -> None:
        found = sorted(problems, key=lambda problem: problem.line)
        self.problems = found[:MAX_PROBLEMS]
        self.more = len(found) - len(self.problems)
        sentence = str(found[0])
        if len(found) > 1:
            sentence += " " + _("Problems in this file: %(count)s.", count=len(found))
        super().__init__(sentence)


@dataclass
class Reading:
    """A file as plain data. `lines` maps the path of each key and item to its line, counted from 1."""

    name: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Return the line of `path`, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def blame(self, path: Path, what: str) -> None:
        """Note a problem at `path`."""
        self.problems.append(Problem(self.name, self.line(path), what, path))


class _Stop(Exception):
    """Reading on makes no sense; the problem is already noted."""


# The C parser is ten times as fast and the wheels have it: 256 KiB in Python
# would hold up every phone in the house for seconds.
_Base: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader, used for its events alone: it constructs nothing."""


def shown(value: object) -> str:
    """Return a value from a file short enough to stand in a sentence."""
    text = " ".join(str(value).split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= 60 else text[:57] + "..."


def read(text: str | bytes, name: str) -> Reading:
    """Return the data of one YAML document; raise `GuideError` when it cannot be read to its end.

    Problems that do not stop the reading (a tag, a key twice) wait in
    `problems`, so that one look at the file shows everything.
    """
    reading = Reading(name)
    decoded = _decode(reading, text)
    loader = None
    try:
        loader = _Loader(decoded)
        _document(reading, loader)
    except _Stop:
        raise GuideError(reading.problems) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reading.problems.append(Problem(name, mark.line + 1 if mark else 1, _not_yaml(error.problem or error.context)))
        raise GuideError(reading.problems) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        line = decoded.count("\n", 0, getattr(error, "position", 0)) + 1
        reading.problems.append(Problem(name, line, _not_yaml(getattr(error, "reason", None))))
        raise GuideError(reading.problems) from None
    finally:
        if loader is not None:
            loader.dispose()
    return reading


def _not_yaml(reason: object) -> str:
    if "nesting depth" in str(reason):  # newer versions of the YAML library have a limit of their own
        return _too_deep()
    said = _("This is not valid YAML (%(reason)s).", reason=shown(reason or _("it cannot be read")))
    if "mapping values" in str(reason):  # by far the most frequent slip, and the least clear message
        said += " " + _("Text that holds a colon and a space needs quotes around it.")
    return said


def _too_deep() -> str:
    return _("This is nested too deeply; a guide needs at most %(depth)s levels.", depth=MAX_DEPTH)


def _decode(reading: Reading, text: str | bytes) -> str:
    """Return the text of the file, or raise `GuideError`: size first, so nothing large is looked at."""
    if len(text) > MAX_BYTES:
        _refuse(reading, 1, _("The file is too large. A guide may have up to %(size)s KiB.", size=MAX_BYTES // 1024))
    try:
        raw = text.encode() if isinstance(text, str) else text
        decoded = raw.decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        _refuse(reading, line, _("The file is not UTF-8 text. Save it as UTF-8 and try again."))
    except UnicodeEncodeError as error:
        line = error.object.count("\n", 0, error.start) + 1
        _refuse(reading, line, _("The file is not UTF-8 text. Save it as UTF-8 and try again."))
    if len(raw) > MAX_BYTES:
        _refuse(reading, 1, _("The file is too large. A guide may have up to %(size)s KiB.", size=MAX_BYTES // 1024))
    if "\0" in decoded:
        line = decoded.count("\n", 0, decoded.index("\0")) + 1
        _refuse(reading, line, _("The file holds a NUL byte; a guide is plain text."))
    return decoded


def _refuse(reading: Reading, line: int, what: str) -> None:
    reading.problems.append(Problem(reading.name, line, what))
    raise GuideError(reading.problems)


def _document(reading: Reading, loader: Any) -> None:
    loader.get_event()  # the start of the stream
    if isinstance(loader.peek_event(), yaml.StreamEndEvent):
        reading.problems.append(Problem(reading.name, 1, _("The file is empty.")))
        raise _Stop
    loader.get_event()  # the start of the document
    reading.data = _value(reading, loader, ())
    loader.get_event()  # the end of the document
    event = loader.peek_event()
    if not isinstance(event, yaml.StreamEndEvent):
        what = _("A second document begins here; a file holds one guide. Take out the line ---.")
        reading.problems.append(Problem(reading.name, event.start_mark.line + 1, what))


def _value(reading: Reading, loader: Any, path: Path) -> Any:
    event = loader.get_event()
    line = event.start_mark.line + 1
    reading.lines.setdefault(path, line)
    if isinstance(event, yaml.AliasEvent):
        what = _("An alias (*%(name)s) is not allowed; write the text out.", name=shown(event.anchor))
        reading.problems.append(Problem(reading.name, line, what))
        return None
    if event.anchor is not None:
        what = _("An anchor (&%(name)s) is not allowed; take it out.", name=shown(event.anchor))
        reading.problems.append(Problem(reading.name, line, what))
    if event.tag is not None:
        what = _("A tag (%(name)s) is not allowed; a guide is text, numbers and lists.", name=shown(event.tag))
        reading.problems.append(Problem(reading.name, line, what))
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(reading, event, line)
    if len(path) >= MAX_DEPTH:
        what = _too_deep()
        reading.problems.append(Problem(reading.name, line, what))
        raise _Stop
    return (_list if isinstance(event, yaml.SequenceStartEvent) else _mapping)(reading, loader, path)


def _list(reading: Reading, loader: Any, path: Path) -> list[Any]:
    items: list[Any] = []
    while not isinstance(loader.peek_event(), yaml.SequenceEndEvent):
        items.append(_value(reading, loader, (*path, len(items))))
    loader.get_event()
    return items


def _mapping(reading: Reading, loader: Any, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(loader.peek_event(), yaml.MappingEndEvent):
        event = loader.get_event()
        line = event.start_mark.line + 1
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None or event.anchor is not None:
            what = _("A key must be one plain word, such as title.")
            reading.problems.append(Problem(reading.name, line, what))
            raise _Stop
        key = event.value
        _check_letters(reading, key, line)
        if key in found:
            first = reading.lines[(*path, key)]
            what = _("“%(key)s” stands here a second time; the first is in line %(line)s.", key=shown(key), line=first)
            reading.problems.append(Problem(reading.name, line, what))
            _value(reading, loader, (*path, "\0"))  # a place of its own: the lines of the first stay true
            continue
        reading.lines[(*path, key)] = line
        found[key] = _value(reading, loader, (*path, key))
    loader.get_event()
    return found


def _scalar(reading: Reading, event: Any, line: int) -> str | int | float | bool | None:
    value: str = event.value
    _check_letters(reading, value, line)
    if event.style:
        return value
    if value in ("", "~", "null"):
        return None
    if value in ("true", "false"):
        return value == "true"
    if _INT.match(value):
        return int(value)
    if _FLOAT.match(value):
        return float(value)
    return value


def is_a_number(text: str) -> bool:
    """Return whether a text without quotes would be read as a number here, whatever YAML itself makes of it: 08."""
    return bool(_INT.match(text) or _FLOAT.match(text))


def _check_letters(reading: Reading, value: str, line: int) -> None:
    """Note control characters and half characters: no screen, page or database should meet them."""
    bad = _INVISIBLE.search(value)
    if bad:
        what = _("The text holds the invisible character U+%(code)s; take it out.", code=f"{ord(bad[0]):04X}")
        reading.problems.append(Problem(reading.name, line, what))
