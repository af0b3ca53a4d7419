"""The frozen results as files: a workbook, one long table, JSON, and the charts as pictures.

Lives here: how each file is laid out, and that no text in it is ever taken for a formula. Everything is made from
the figures of the freeze (`figures.py`) alone, without a clock, so the same freeze gives the same bytes. Not here:
what the figures hold, the workbook's sheets (`workbook.py`), the pictures themselves (`chart_files.py`), who may have them (`web/exports.py`).
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

from pydantic import ValidationError

from . import chart_files, editions, figures, workbook
from .errors import WorkshopError
from .figures import Count, Item, Result, Results
from .words import _

LONGEST_FILE_NAME = 80
ZIP_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Form:
    """One kind of file: its ending, its media type, how it is made."""

    ending: str
    mimetype: str
    make: Callable[[Results], bytes]


def of(kept_editions: Mapping[str, Any]) -> Results:
    """Return the figures that a version of a report keeps; raises WorkshopError for one from before there were any."""
    kept = kept_editions.get(figures.KEY)
    if kept is None:
        raise WorkshopError(
            _("This report was frozen by an older version that kept no data. Its PDF files hold the same results."),
            code="no_data",
            status=409,
        )
    try:
        return Results.model_validate(kept)
    except ValidationError as error:  # after a step back: this version knows the form of its own time
        raise WorkshopError(
            _(
                "This report was frozen by a newer version in a form that this one does not know. Its PDF files hold the same results."
            ),
            code="no_data",
            status=409,
        ) from error


def file_name(results: Results, ending: str) -> str:
    """Return a name that every system can store and nobody can dress up as another kind of file."""
    raw = " ".join(part for part in (results.title, results.team, results.day.isoformat()) if part)
    plain = "".join(" " if c in '<>:"/\\|?*%;=' or unicodedata.category(c)[0] in "CZ" else c for c in raw)
    plain = " ".join(plain.split())[:LONGEST_FILE_NAME].strip(" .-+@'") or "results"
    return f"{plain}.{ending}"


# JSON --------------------------------------------------------------------------------------------------------------


def as_json(results: Results) -> bytes:
    """Return the figures as the freeze keeps them; `docs/results.schema.json` describes them."""
    kept = results.model_dump(mode="json", exclude_unset=True)  # an older form stays as it was frozen, byte for byte
    return (json.dumps(kept, ensure_ascii=False, indent=2) + "\n").encode()


# CSV ---------------------------------------------------------------------------------------------------------------

COLUMNS = ("step", "activity", "kind", "prompt", "part", "item", "value", "band", "theme")
BEGINS_A_FORMULA = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
AFTER_A_SEMICOLON = re.compile(rf"(;\s*)(?=[{re.escape(BEGINS_A_FORMULA)}])")


def as_csv(results: Results) -> bytes:
    """Return one row per published value, in UTF-8 with the mark by which spreadsheets know it."""
    out = StringIO(newline="")
    table = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for result in results.results:
        first = (result.step.title, result.id, result.kind, result.prompt)
        for part, item, value, band, theme in _rows(result):
            table.writerow([cell(text) for text in (*first, part, item)] + [value, band, theme])
    return out.getvalue().encode("utf-8-sig")


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, in one line.

    A spreadsheet that separates by semicolon breaks a line at those inside a text too, whatever its quotes say.
    """
    begins = text[:1] + text.lstrip()[:1]
    guard = "'" if text.strip() and set(begins) & set(BEGINS_A_FORMULA) else ""
    return guard + AFTER_A_SEMICOLON.sub(r"\1'", chart_files.clean(" ".join(text.split())))


Row = tuple[str, str, int | str, str, str]


def _rows(result: Result) -> Iterator[Row]:
    """Yield (part, item, value, band, theme) of one activity; of value and band one is empty."""
    if result.people is not None:
        yield _count("people", result.people)
    if result.state != "shown":
        yield "nothing", result.note, "", result.state, ""
    for item in result.items:
        yield _amount("result", item)
    if result.paper is not None:
        if result.paper.sheets is not None:
            yield _count("paper_sheets", result.paper.sheets)
        for item in result.paper.items:
            yield _amount("paper", item)
    theme_of = {text: theme.id for theme in result.themes for text in theme.words}
    for theme in result.themes:
        yield "theme", theme.name, "", "", theme.id
    for text in result.words:
        yield "word", text, "", "", theme_of.get(text, "")
    for part, lines in (("heard", result.heard), ("noted", result.noted)):
        for text in lines:
            yield part, text, "", "", ""


def _count(part: str, count: Count) -> Row:
    return part, "", "" if count.value is None else count.value, "" if count.value is not None else count.shown, ""


def _amount(part: str, item: Item) -> Row:
    return part, item.label, "" if item.value is None else item.value, item.band or "", item.theme or ""


# Charts ------------------------------------------------------------------------------------------------------------


def as_charts(results: Results) -> bytes:
    """Return every chart as SVG and PNG in one ZIP, with a note on what they are."""
    source = " · ".join(
        part for part in (results.title, results.team, editions.day_words(results.day, results.language)) if part
    )
    kept = BytesIO()
    drawn = [
        (f"{number:02}-{result.id}{end}", one, chart_files.svg(one, from_where))
        for number, result in enumerate(results.results, start=1)
        for end, one, from_where in (
            ("", result, source),
            ("-paper", figures.on_paper(result), f"{source} · {_('From paper')}"),
        )
        if one is not None and one.form is not None and one.items
    ]
    pictures = chart_files.pngs([document for _name, _result, document in drawn])
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as bundle:
        contents = []
        for (name, result, document), picture in zip(drawn, pictures, strict=True):
            _put(bundle, f"{name}.svg", document.encode())
            _put(bundle, f"{name}.png", picture)
            contents.append(f"{name}: " + " ".join(f"{result.prompt} {result.finding}".split()))
        lines = [source, "", *(contents or [_("No result of this session can be drawn.")]), ""]
        lines += [f"{meaning.word}: {meaning.meaning}" for meaning in results.legend]
        _put(bundle, "read-me.txt", ("\r\n".join(lines) + "\r\n").encode("utf-8-sig"))
    return kept.getvalue()


def _put(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, ZIP_DAY)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o644 << 16
    bundle.writestr(info, content)


FORMS = {
    "xlsx": Form("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.make),
    "csv": Form("csv", "text/csv; charset=utf-8", as_csv),
    "json": Form("json", "application/json", as_json),
    "charts": Form("zip", "application/zip", as_charts),
}
