"""What an attacker can hold of each text: where it came in which frame, beside what, and where it lies on the disk.

Lives here: taking the features out of frames, rows and files, without knowing
what any of them means. Not here: what can be made of them (`linking.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.engine import Engine

from .wire import Frame

ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')

Features = dict[str, list[Any]]


def strings(data: Any, beside: tuple[tuple[str, Any], ...] = ()) -> Iterator[tuple[str, tuple[tuple[str, Any], ...]]]:
    """Yield every string in a message, with the plain values that stand beside it."""
    if isinstance(data, str):
        yield data, beside
    elif isinstance(data, Mapping):
        plain = tuple((str(name), value) for name, value in data.items() if isinstance(value, int | float | str))
        for value in data.values():
            yield from strings(value, plain)
    elif isinstance(data, Sequence):
        for value in data:
            yield from strings(value, beside)


def holds(data: Any, needles: Iterable[str]) -> list[str]:
    """Return those needles that some string of a message holds."""
    whole = "\n".join(found for found, _beside in strings(data))
    return [needle for needle in needles if needle in whole]


def of_frames(frames: Sequence[Frame], texts: Sequence[str]) -> Features:
    """Return what the frames of one audience tell of each text: when and where it first came, where it stands now, beside what."""
    first: dict[str, tuple[int, float, int]] = {}
    last: dict[str, tuple[int, dict[str, str]]] = {}
    times = dict.fromkeys(texts, 0)
    for number, frame in enumerate(frames):
        for whole, beside in strings(frame.data):
            for one in texts:
                at = whole.find(one)
                if at < 0:
                    continue
                times[one] += 1
                first.setdefault(one, (number, frame.at, at))
                last[one] = (whole.rfind(one), _around(whole, at, beside))
    found: Features = {}
    if len(last) < len(texts):
        return found
    found["frame"] = [first[one][0] for one in texts]
    found["moment"] = [first[one][1] for one in texts]
    found["place at first"] = [(first[one][0] << 32) + first[one][2] for one in texts]
    found["place at last"] = [last[one][0] for one in texts]
    found["how often"] = [times[one] for one in texts]
    for name in sorted({name for _place, around in last.values() for name in around}):
        found[f"beside it: {name}"] = [last[one][1].get(name, "") for one in texts]
    return found


def _around(whole: str, at: int, beside: tuple[tuple[str, Any], ...]) -> dict[str, str]:
    """Return the attributes of the tag that a text stands in and of the one around it, and the values beside it."""
    found = {
        f"value {name}": str(value) for name, value in beside if isinstance(value, str) is False or len(value) < 100
    }
    end, depth = at, 0
    while depth < 2:
        start = whole.rfind("<", 0, end)
        if start < 0 or at - start > 600:
            break
        for name, value in ATTRIBUTE.findall(whole[start:end]):
            found[f"tag {depth} {name}"] = value
        depth, end = depth + 1, start
    return found


def of_page(page: str, texts: Sequence[str]) -> Features:
    """Return what a page, or the words of a file, tells of each text that is on it."""
    return of_frames([Frame(0.0, "page", page, len(page))], texts)


# -- at rest


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table, with the database's own hidden numbers of it, in the order in which it gives them."""
    hidden = (
        "rowid as hidden_number"
        if engine.dialect.name == "sqlite"
        else "ctid::text as hidden_number, xmin::text::bigint as hidden_transaction"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            try:
                result = connection.execute(text(f'select {hidden}, * from "{table}"'))  # noqa: S608 - names of our own database
            except Exception:  # a table without a hidden number
                connection.rollback()
                result = connection.execute(text(f'select * from "{table}"'))  # noqa: S608
            found[table] = [dict(row) for row in result.mappings()]
    return found


def of_rows(tables: Mapping[str, list[dict[str, Any]]], wanted: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return for each text all that stands beside it in its row, by table and column, and its place among the rows."""
    known = set(wanted)
    found: dict[str, dict[str, Any]] = {}
    for table, lines in tables.items():
        for place, line in enumerate(lines):
            for value in line.values():
                if isinstance(value, str) and value in known:
                    beside = found.setdefault(value, {})
                    beside[f"{table}: place"] = place
                    for name, other in line.items():
                        if other != value:
                            beside[f"{table}: {name}"] = _plain(other)
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def places(files: Mapping[str, bytes], texts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each text its first and last byte in each file that holds it."""
    found: dict[str, dict[str, int]] = {one: {} for one in texts}
    for name, data in files.items():
        for one in texts:
            at = data.find(one.encode())
            if at >= 0:
                found[one][f"first byte in {_steady(name)}"] = at
                found[one][f"last byte in {_steady(name)}"] = data.rfind(one.encode())
    return found


def _steady(name: str) -> str:
    """Return a file's name without the part that is new for each session."""
    return re.sub(r"[\w-]{22}", "*", name)


def table_of(found: Mapping[str, Mapping[str, Any]], texts: Sequence[str]) -> Features:
    """Return those features that are known of every one of the texts."""
    known = [found.get(one, {}) for one in texts]
    names = set(known[0]).intersection(*known[1:]) if known else set()
    return {name: [one[name] for one in known] for name in sorted(names)}


def holding(files: Mapping[str, bytes], needles: Iterable[str | bytes]) -> list[tuple[str, str | bytes]]:
    """Return (file, needle) for every needle that is in a file."""
    sought = [(one, one.encode() if isinstance(one, str) else one) for one in needles]
    return [(name, one) for name, data in files.items() for one, raw in sought if raw in data]
