"""One chart of the frozen results as a picture of its own, with its words in it.

Lives here: the standing SVG and its PNG, for slides and documents. Not here: what may be drawn (`figures.py`), how
long a mark is (`charts.lengths`), and charts inside a page, whose words are HTML (`charts.py`). Here the words must
be SVG text, so lines are broken by estimate, on the safe side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from .activities._cells import WORD_SHARES
from .charts import PAPER, Bar, Chart, lengths
from .errors import WorkshopError
from .figures import Item, Result
from .publication import Word
from .words import _

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
SECONDS = 60  # a chart takes a fifth of a second, a guide has thirty at most

WIDTH = 1200
MARGIN = 56
INNER = WIDTH - 2 * MARGIN
INK, QUIET = "#1E2430", "#5A6272"
FAMILY = "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
CLOUD_SIZES = {"small": 26, "middle": 42, "large": 62}
MOST_LINES = 12


def svg(result: Result, source: str) -> str:
    """Return the chart as an SVG document; `source` is the line below it: which session, which day."""
    drawing = _Drawing()
    drawing.text(result.prompt, 24, QUIET)
    drawing.y += 8
    drawing.text(result.finding, 34, INK, bold=True)
    drawing.y += 28
    {"bars": _bars, "columns": _columns, "lean": _lean, "cloud": _cloud}[result.form or "bars"](drawing, result)
    drawing.y += 28
    drawing.text(result.note, 20, QUIET)
    drawing.y += 12
    drawing.text(source, 18, QUIET)
    height = round(drawing.y + MARGIN)
    return Markup(
        '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        ' viewBox="0 0 {w} {h}" width="{w}" height="{h}" font-family="{family}"><title>{title}</title>'
        '<rect width="{w}" height="{h}" fill="#FFFFFF"/>{parts}</svg>\n'
    ).format(
        w=WIDTH,
        h=height,
        family=FAMILY,
        title=clean(f"{result.prompt} {result.finding}"),
        parts=Markup("").join(drawing.parts),
    )


def pngs(documents: Sequence[str]) -> list[bytes]:
    """Return SVG documents as PNG, drawn in a child process: it takes seconds, and this one has a room to serve.

    Raises WorkshopError, saying what to do, when no pictures came out.
    """
    if not documents:
        return []
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        child = subprocess.Popen(
            [sys.executable, "-m", "reports.pictures"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**{name: os.environ[name] for name in KEPT if name in os.environ}, "LANG": "C.UTF-8", "HOME": folder},
            start_new_session=True,
        )
        try:
            out, _nothing = child.communicate(json.dumps(documents).encode(), timeout=SECONDS)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            child.kill()
            out, _nothing = child.communicate()
    pictures = _apart(out)
    if child.returncode != 0 or len(pictures) != len(documents):
        raise WorkshopError(
            _("The pictures could not be made just now. Try again, or take the workbook: it has charts of its own."),
            code="no_pictures",
            status=503,
        )
    return pictures


def _apart(out: bytes) -> list[bytes]:
    """Return the pictures of a child's answer: each with four bytes of length before it."""
    pictures = []
    while out:
        length = int.from_bytes(out[:4], "big")
        pictures.append(out[4 : 4 + length])
        out = out[4 + length :]
    return pictures


class _Drawing:
    """The parts so far and how far down they reach."""

    def __init__(self) -> None:
        self.parts: list[Markup] = []
        self.y = float(MARGIN)

    def text(self, text: str, size: int, colour: str, *, bold: bool = False, width: float = INNER) -> None:
        """Write a paragraph from the margin on, below all that is there."""
        for line in wrapped(text, size, width, bold=bold):
            self.y += size * 1.35
            self.line(line, MARGIN, self.y - size * 0.3, size, colour, bold=bold, width=width)

    def line(
        self,
        text: str,
        x: float,
        y: float,
        size: int,
        colour: str,
        *,
        bold: bool = False,
        anchor: str = "start",
        width: float = 0,
    ) -> None:
        """Write one line; what runs from right to left begins at the other end of its `width`."""
        if anchor == "start" and width and _from_right(text):
            x, anchor = x + width, "end"
        self.parts.append(
            Markup(
                '<text x="{:.1f}" y="{:.1f}" font-size="{}" fill="{}" font-weight="{}" text-anchor="{}">{}</text>'
            ).format(x, y, size, colour, 600 if bold else 400, anchor, text)
        )

    def box(self, x: float, y: float, w: float, h: float, fill: str, edge: str = "none") -> None:
        self.parts.append(
            Markup(
                '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="5" fill="{}" stroke="{}"'
                ' stroke-width="2"/>'
            ).format(x, y, w, h, fill, edge)
        )

    def dashes(self, ends: tuple[float, float, float, float], colour: str, width: float, dashes: str) -> None:
        """Draw one dashed line; a thick one is a hatched box."""
        self.parts.append(
            Markup(
                '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:.1f}"'
                ' stroke-dasharray="{}"/>'
            ).format(*ends, colour, width, dashes)
        )


def _bars(drawing: _Drawing, result: Result) -> None:
    """Draw lying bars, each below its label, so that a label has the whole width."""
    full, thick = INNER - 190.0, 26.0
    for item, length in zip(result.items, _lengths(result), strict=True):
        drawing.text(item.label, 23, INK, bold=item.lead)
        y, w, fill = drawing.y + 4, full * length / 100, _fill(item)
        drawing.box(MARGIN, y, full, thick, PAPER.track)
        middle = y + thick / 2
        if item.band == "hidden":
            drawing.dashes((MARGIN + 10, middle, MARGIN + full - 10, middle), PAPER.edge, 4, "4 14")
        elif item.value is None:
            drawing.dashes((MARGIN, middle, MARGIN + _stripes(w), middle), fill, thick, "8 5")
        elif w:
            drawing.box(MARGIN, y, w, thick, fill)
        drawing.line(item.shown, MARGIN + full + 18, middle + 8, 23, INK, bold=item.lead)
        drawing.y = y + thick + 22


def _columns(drawing: _Drawing, result: Result) -> None:
    """Draw a scale from left to right, what is said of each group above its column."""
    step, tall = INNER / len(result.items), 300.0
    wide = min(step * 0.6, 150.0)
    said = [wrapped(item.shown, 19, step - 8) for item in result.items]
    top = drawing.y + 26 * max(len(lines) for lines in said)
    for place, (item, length, lines) in enumerate(zip(result.items, _lengths(result), said, strict=True)):
        middle, h, fill = MARGIN + (place + 0.5) * step, tall * length / 100, _fill(item)
        for number, line in enumerate(reversed(lines)):
            drawing.line(line, middle, top - 12 - 24 * number, 19, INK, bold=item.lead, anchor="middle")
        drawing.box(middle - wide / 2, top, wide, tall, PAPER.track)
        if item.band == "hidden":
            drawing.dashes((middle, top + tall - 10, middle, top + 10), PAPER.edge, 4, "4 14")
        elif item.value is None:
            drawing.dashes((middle, top + tall, middle, top + tall - _stripes(h)), fill, wide, "8 5")
        elif h:
            drawing.box(middle - wide / 2, top + tall - h, wide, h, fill)
        drawing.line(item.label, middle, top + tall + 30, 21, INK, bold=item.lead, anchor="middle")
    drawing.y = top + tall + 34
    _ends(drawing, result)


def _lean(drawing: _Drawing, result: Result) -> None:
    """Draw three fields of which one is filled: where a small group leans."""
    step, tall = INNER / len(result.items), 84.0
    for place, item in enumerate(result.items):
        x = MARGIN + place * step
        drawing.box(x + 5, drawing.y, step - 10, tall, PAPER.lead if item.lead else PAPER.track, PAPER.edge)
        words = f"{item.label}: {item.shown}" if item.shown else item.label
        drawing.line(words, x + step / 2, drawing.y + tall + 32, 22, INK, bold=item.lead, anchor="middle")
    drawing.y += tall + 36
    _ends(drawing, result)


def _ends(drawing: _Drawing, result: Result) -> None:
    if not result.ends:
        return
    low, high = (wrapped(text, 20, INNER / 2 - 30) for text in result.ends)
    for number, line in enumerate(low):
        drawing.line(line, MARGIN, drawing.y + 28 + 26 * number, 20, QUIET)
    for number, line in enumerate(high):
        drawing.line(line, WIDTH - MARGIN, drawing.y + 28 + 26 * number, 20, QUIET, anchor="end")
    drawing.y += 28 + 26 * (max(len(low), len(high)) - 1)


def _cloud(drawing: _Drawing, result: Result) -> None:
    """Set the words in lines, larger where more people wrote them."""
    rows: list[list[tuple[Item, float]]] = [[]]
    for item in result.items:
        wide = measure(item.label, CLOUD_SIZES[item.band or "small"], bold=item.lead) + 36
        if rows[-1] and sum(w for _item, w in rows[-1]) + wide > INNER:
            rows.append([])
        rows[-1].append((item, wide))
    for row in rows:
        tallest = max(CLOUD_SIZES[item.band or "small"] for item, _wide in row)
        drawing.y += tallest * 1.3
        x = MARGIN + (INNER - sum(wide for _item, wide in row)) / 2
        for item, wide in row:
            size = CLOUD_SIZES[item.band or "small"]
            colour = PAPER.lead if item.lead else INK
            drawing.line(item.label, x + wide / 2, drawing.y, size, colour, bold=item.lead, anchor="middle")
            x += wide


def _stripes(length: float) -> float:
    """Return a hatched mark's length, ending with a whole stripe of 8 and 5."""
    return max(1, round((length + 5) / 13)) * 13 - 5


def _fill(item: Item) -> str:
    return PAPER.lead if item.lead else PAPER.rest


def _lengths(result: Result) -> Sequence[float]:
    """Return how long each mark is, 0 to 100, by the same rule as on the stage and in the report."""
    people = result.people.value if result.people and result.people.value else 0
    bars = []
    for item in result.items:
        if item.value is not None:
            share, mark = item.value / max(people, 1), "exact"
        else:
            mark = item.band or "hidden"
            share = WORD_SHARES[Word(mark)]
            if people:
                share = {"few": 0.0, "most": 1.0}.get(mark, share)
        bars.append(Bar(item.label, item.shown, share, lead=item.lead, mark=mark))
    return lengths(Chart("", tuple(bars)))


# Words in a drawing ------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cn"))


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how wide a text is, rather too wide than too narrow."""
    return sum(_em(c) for c in text) * size * (1.06 if bold else 1.0)


def _em(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in ("W", "F"):
        return 1.0
    if letter in "mwMW@%—":
        return 0.92
    if letter in "ijlI.,:;!|'()[] ":
        return 0.33
    if letter in "frt":
        return 0.4
    return 0.68 if letter.isupper() else 0.56


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Return a text in lines that fit; a word that is wider than a line is cut."""
    lines: list[str] = []
    line = ""
    for word in clean(text).split():
        while measure(word, size, bold=bold) > width and len(word) > 1:
            fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or measure(word[:n], size, bold=bold) <= width)
            lines += [line] if line else []
            line = ""
            lines.append(word[:fits])
            word = word[fits:]
        longer = f"{line} {word}" if line else word
        if line and measure(longer, size, bold=bold) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    lines += [line] if line else []
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1]} …"]


def _from_right(text: str) -> bool:
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
