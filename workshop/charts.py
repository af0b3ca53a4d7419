"""Numbers -> accessible drawings with their table. Pure; the same on phone, stage and paper.

Lives here: what a drawing is, and its marks as one inline SVG. Not here: what
may be drawn (`publication.py`), and the labels beside the marks, which are HTML
(`templates/activities/_chart.html`): SVG text cannot wrap, and comes out wrong on
paper in scripts that join or run from right to left.

On screen a mark has a class and the page's style gives its colour, so that it
follows light and dark. On paper page styles do not reach an SVG, so every mark
carries its colour. In both, a word is hatched and a number is solid: it is told
apart without colour, and nobody measures a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

MARKS = ("exact", "few", "some", "most", "hidden", "lean")
FORMS = ("bars", "columns", "lean", "cloud")


@dataclass(frozen=True)
class Bar:
    """One row of a chart. `share` is 0..1 of the drawn length; `shown` is the words or number beside it.

    `mark`: "exact" is a number and drawn to its length; the others are words.
    """

    label: str
    shown: str
    share: float
    lead: bool = False
    mark: str = "exact"


@dataclass(frozen=True)
class Chart:
    """A drawing. `title` is the finding as a sentence; it is also the text alternative.

    `form`: "bars" lie, one option below the other; "columns" stand, an ordered
    scale from left to right; "lean" is a scale in three fields; "cloud" is drawn
    as words by its kind and has no marks.
    """

    title: str
    bars: tuple[Bar, ...]
    note: str = ""
    vertical: bool = False
    """True: an ordered scale, drawn from left to right."""
    form: str = "bars"


@dataclass(frozen=True)
class Palette:
    """The colours of marks on paper. Lead and rest differ in lightness, so they hold without colour."""

    lead: str = "#0B6B63"
    rest: str = "#9CBFB9"
    track: str = "#F1ECE3"
    edge: str = "#5A6272"
    narrow: bool = False  # in one of two columns

    @property
    def width(self) -> int:
        """Return how long the track of a lying bar is, in tenths of a millimetre."""
        return 250 if self.narrow else 600

    @property
    def wide(self) -> int:
        """Return the width of standing bars and leans: the whole line of text."""
        return 790 if self.narrow else 1400

    @property
    def column(self) -> int:
        """Return how high a standing bar can be."""
        return 160 if self.narrow else 240

    @property
    def tall_from(self) -> int:
        """Return how many letters two lines of a label's column hold; from there on all rows are higher."""
        return 42 if self.narrow else 66


PAPER = Palette()

FEW_LENGTH = 9.0
"""Of 100: the stub of a count below three. Always the same, so that it says nothing more."""

FULL_LENGTH = 96.0
"""Of 100: the longest bar, so that one sees where the track ends."""


def lengths(chart: Chart) -> tuple[float, ...]:
    """Return how long each mark is drawn, 0..100.

    Numbers are drawn against the longest of them, from zero; words have fixed
    lengths of their own. "most" beside numbers stands for all but two, or more.
    """
    exact = [bar.share for bar in chart.bars if bar.mark == "exact"]
    longest = max([*exact, *(1.0 for bar in chart.bars if exact and bar.mark == "most")], default=0.0)
    drawn = []
    for bar in chart.bars:
        if bar.mark == "hidden" or (bar.mark == "exact" and bar.share <= 0):
            drawn.append(0.0)
        elif bar.mark == "exact":
            drawn.append(bar.share / longest * FULL_LENGTH)
        else:
            drawn.append(max(bar.share * FULL_LENGTH, FEW_LENGTH if bar.mark != "lean" else 0.0))
    return tuple(drawn)


def svg(chart: Chart, palette: Palette | None = None) -> Markup:
    """Return the marks of a chart; with a palette for paper, in its colours.

    The title is the first child, as the text alternative on screen and in a PDF.
    """
    if chart.form == "cloud" or not chart.bars:
        return Markup("")
    if palette is not None:
        return _paper(chart, palette)
    return _screen(chart)


def _screen(chart: Chart) -> Markup:
    """Draw in a box of 100 by the number of bars, stretched by the page to the rows of its labels.

    Strokes keep their width while the box is stretched; the page's style sets
    it. Standing bars use the same box turned by the style of the page.
    """
    count = len(chart.bars)
    marks = []
    for i, (bar, length) in enumerate(zip(chart.bars, lengths(chart), strict=True)):
        at = i + 0.5
        marks.append(_line(chart, "marks__track", at, 100))
        if chart.form == "lean":
            if bar.lead:
                marks.append(_line(chart, "marks__bar marks__bar--lead", at, 100))
        elif bar.mark == "hidden":
            marks.append(_line(chart, "marks__hidden", at, 100))
        elif length:
            lead = " marks__bar--lead" if bar.lead else ""
            word = "" if bar.mark == "exact" else " marks__bar--word"
            marks.append(_line(chart, f"marks__bar{lead}{word}", at, length))
    box = f"0 0 {count} 100" if chart.vertical else f"0 0 100 {count}"
    return Markup(
        '<svg class="marks marks--{form}" role="img" viewBox="{box}" preserveAspectRatio="none"'
        ' focusable="false"><title>{title}</title>{marks}</svg>'
    ).format(form=chart.form, box=box, title=chart.title, marks=Markup("").join(marks))


def _line(chart: Chart, paint: str, at: float, length: float) -> Markup:
    if chart.form == "lean":
        ends = (at - 0.46, 50.0, at + 0.46, 50.0)
    elif chart.vertical:
        ends = (at, 100.0, at, 100 - length)
    else:
        ends = (0.0, at, length, at)
    return Markup(
        '<line class="{}" x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}" vector-effect="non-scaling-stroke"/>'
    ).format(paint, *ends)


PAPER_ROW = 70  # tenths of a millimetre: the height of one row on paper; the print sheet gives its labels the same
PAPER_TALL_ROW = 105  # every row of a chart with a label of three lines
PAPER_BAR = 36
PAPER_LEAN = 60


def tall(chart: Chart, palette: Palette) -> bool:
    """Return whether a label needs three lines on paper; then every row of the chart is higher."""
    return any(len(bar.label) > palette.tall_from for bar in chart.bars)


def _paper(chart: Chart, palette: Palette) -> Markup:
    """Draw in tenths of a millimetre, undistorted, every mark with its colour."""
    count = len(chart.bars)
    marks: list[Markup] = []
    width = palette.wide if chart.vertical else palette.width
    row = PAPER_TALL_ROW if tall(chart, palette) else PAPER_ROW
    step = width / count
    for i, (bar, length) in enumerate(zip(chart.bars, lengths(chart), strict=True)):
        fill = palette.lead if bar.lead else palette.rest
        if chart.form == "lean":
            x, y, w, h = i * step + 4, 4.0, step - 8, PAPER_LEAN - 8.0
            marks.append(_rect(x, y, w, h, palette.lead if bar.lead else palette.track, palette.edge))
            continue
        if chart.vertical:
            w = min(step * 0.6, 180)
            x, full, h = i * step + (step - w) / 2, float(palette.column), palette.column * length / 100
            y = palette.column - h
            marks.append(_rect(x, 0.0, w, full, palette.track))
        else:
            x, y, w, h = 0.0, i * row + (row - PAPER_BAR) / 2, palette.width * length / 100, float(PAPER_BAR)
            marks.append(_rect(0, y, palette.width, h, palette.track))
        if bar.mark == "hidden":
            marks.append(_dots(chart, x, y, w, h, palette))
        elif bar.mark == "exact" and length:
            marks.append(_rect(x, y, w, h, fill))
        elif length:
            marks.append(_hatch(x, y, w, h, fill, upright=not chart.vertical))
    height = PAPER_LEAN if chart.form == "lean" else palette.column if chart.vertical else row * count
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}"'
        ' width="{wide}mm" height="{high}mm"><title>{title}</title>{marks}</svg>'
    ).format(
        width=width,
        height=height,
        wide=width / 10,
        high=height / 10,
        title=chart.title,
        marks=Markup("").join(marks),
    )


def _rect(x: float, y: float, w: float, h: float, fill: str, edge: str = "none") -> Markup:
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="6" ry="6"'
        ' fill="{}" stroke="{}" stroke-width="3"/>'
    ).format(x, y, w, h, fill, edge)


def _hatch(x: float, y: float, w: float, h: float, colour: str, *, upright: bool) -> Markup:
    """Fill a box with stripes across its length: one thick dashed line, which needs no pattern and no id."""
    if upright:
        return _dashes((x, y + h / 2, x + w, y + h / 2), colour, h, "9 6")
    return _dashes((x + w / 2, y + h, x + w / 2, y), colour, w, "9 6")


def _dots(chart: Chart, x: float, y: float, w: float, h: float, palette: Palette) -> Markup:
    """Dot the whole track of a value that is not shown: it could lie anywhere."""
    if chart.vertical:
        return _dashes((x + w / 2, palette.column - 8, x + w / 2, 8), palette.edge, 5, "5 18")
    return _dashes((8, y + h / 2, palette.width - 8, y + h / 2), palette.edge, 5, "5 18")


def _dashes(ends: tuple[float, float, float, float], colour: str, width: float, dashes: str) -> Markup:
    return Markup(
        '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"'
        ' stroke="{}" stroke-width="{:.1f}" stroke-dasharray="{}"/>'
    ).format(*ends, colour, width, dashes)
