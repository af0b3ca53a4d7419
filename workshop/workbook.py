"""The frozen results as a workbook: an overview, then a sheet per activity.

Lives here: how the sheets look, and that every text in them stays a text. Not here: the other files (`exports.py`),
what the figures hold (`figures.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any

import xlsxwriter

from . import chart_files
from .editions import day_words
from .figures import Result, Results, on_paper
from .words import _

ACCENT, INK, QUIET, LINE, SOFT, REST = "#0B6B63", "#1E2430", "#5A6272", "#D9D3C8", "#EEF5F3", "#9CBFB9"
LONGEST_SHEET = 31  # Excel's limit for a sheet's name
ROW = 18  # points: the height of a row of one line


def make(results: Results) -> bytes:
    """Return a workbook: an overview, then a sheet per activity, with a chart where the room saw numbers."""
    kept = BytesIO()
    book = _Book(kept, results)
    names = [_sheet_name(number, result) for number, result in enumerate(results.results, start=1)]
    book.overview(names)
    for name, result in zip(names, results.results, strict=True):
        book.activity(name, result)
    book.file.close()
    return kept.getvalue()


def _sheet_name(number: int, result: Result) -> str:
    """Return a sheet's name that Excel takes: unique by its number, without the letters it refuses."""
    plain = re.sub(r"[\[\]:*?/\\'\"=+@]", " ", chart_files.clean(result.prompt))
    start, words = f"{number} ", " ".join(plain.split())
    room = LONGEST_SHEET - len(start)
    while len(words.encode("utf-16-le")) // 2 > room:  # Excel counts letters outside the first plane twice
        shorter = words.rpartition(" ")[0]
        words = shorter if len(shorter) > room // 2 else words[:-1]
    return f"{start}{words}".strip()


class _Book:
    """The workbook in the making. Every text goes in by `write_string`, so none can become a formula or a link."""

    def __init__(self, kept: BytesIO, results: Results) -> None:
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.file = xlsxwriter.Workbook(kept, {**options, "default_format_properties": {"font_size": 11}})
        self.results = results
        self.file.set_properties(
            {
                "title": chart_files.clean(results.title),
                "subject": chart_files.clean(results.team),
                "created": datetime.combine(results.frozen_on, time(12)),  # a day, never a time
            }
        )
        base = {"valign": "top", "font_color": INK}
        self.title = self._format(base, bold=True, font_size=18)
        self.question = self._format(base, bold=True, font_size=15, text_wrap=True)
        self.lead = self._format(base, font_size=12, text_wrap=True)
        self.part = self._format(base, bold=True, font_size=13, font_color=ACCENT, bottom=1, bottom_color=LINE)
        self.name = self._format(base, bold=True, text_wrap=True)
        self.text = self._format(base, text_wrap=True)
        self.quiet = self._format(base, text_wrap=True, font_color=QUIET)
        self.link = self._format(base, font_color=ACCENT, underline=1, text_wrap=True)
        self.header = self._format(base, bold=True, bg_color=SOFT, bottom=2, bottom_color=ACCENT, text_wrap=True)
        self.header_right = self._format(
            base, bold=True, bg_color=SOFT, bottom=2, bottom_color=ACCENT, text_wrap=True, align="right"
        )
        row = {"valign": "vcenter", "font_color": INK}
        self.answer, self.lead_answer = (self._format(row, text_wrap=True, bold=bold) for bold in (False, True))
        right = {**row, "align": "right"}
        self.number, self.lead_number = (self._format(right, num_format="0", bold=bold) for bold in (False, True))
        self.band, self.lead_band = (self._format(right, italic=True, text_wrap=True, bold=b) for b in (False, True))

    def _format(self, base: dict[str, Any], **more: Any) -> Any:
        return self.file.add_format({**base, **more})

    def _sheet(self, name: str, widths: Sequence[float]) -> Any:
        sheet = self.file.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.hide_gridlines(2)
        sheet.set_default_row(ROW)
        sheet.ignore_errors({"number_stored_as_text": "A1:D2000"})  # a point of a scale is a name here
        sheet.set_paper(9)  # A4; Excel fits it to Letter
        sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        # "&" begins a code in a footer, "&&" is the sign itself; Excel takes 255 letters.
        footer = " ".join(chart_files.clean(self.results.title).split())[:80].replace("&", "&&")
        sheet.set_footer(f"&L&9{footer}&R&9&P / &N" if not footer[:1].isdigit() else f"&L&9 {footer}&R&9&P / &N")
        return sheet

    def _write(self, sheet: Any, row: int, column: int, text: str, style: Any, width: float = 0) -> None:
        """Write a text; `width` is its column's, so that the row is as high as its lines need."""
        sheet.write_string(row, column, chart_files.clean(text), style)
        if width:
            self._high(sheet, row, text, width)

    def _high(self, sheet: Any, row: int, text: str, width: float, line: float = 15) -> None:
        lines = sum(max(1, -(-int(chart_files.measure(part, 1.85)) // int(width))) for part in text.split("\n"))
        if lines > 1 or line > ROW:
            sheet.set_row(row, min(lines * line + 3, 400))

    def overview(self, names: Sequence[str]) -> None:
        """Write the first sheet: who and when, what came out, what the words mean, and what lies behind."""
        results, widths = self.results, (34, 66, 24, 18)
        sheet = self._sheet(_("Overview")[:LONGEST_SHEET], widths)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        self._write(sheet, 0, 0, results.title, self.title)
        sheet.set_row(0, 30)
        row = 1

        def pair(name: str, text: str) -> None:
            nonlocal row
            self._write(sheet, row, 0, name, self.name)
            self._write(sheet, row, 1, text, self.text, widths[1])
            row += 1

        def part(name: str) -> None:
            nonlocal row
            row += 1
            for column in range(len(widths)):
                self._write(sheet, row, column, name if column == 0 else "", self.part)
            sheet.set_row(row, 22)
            row += 1

        for name, text in (
            (_("Team"), results.team),
            (_("Day"), day_words(results.day, results.language)),
            (_("Led by"), results.leader),
            (_("Took part"), results.took_part.shown),
            (_("Frozen on"), day_words(results.frozen_on, results.language)),
        ):
            if text:
                pair(name, text)
        part(_("What we found"))
        for number, text in enumerate(results.findings, start=1):
            pair(str(number), text)
        if not results.findings:
            pair("", _("There were too few answers to find something that can be told without pointing at somebody."))
        part(_("What the group asks for"))
        for text in results.asks or (_("The group has not put a request into words yet."),):
            pair("", text)
        part(_("Next steps"))
        if results.next_steps:
            for column, text in enumerate((_("What"), _("Who"), _("By when")), start=1):
                self._write(sheet, row, column, text, self.header)
            row += 1
            for step in results.next_steps:
                for column, text in enumerate((step.what, step.owner, step.when), start=1):
                    self._write(sheet, row, column, text, self.text)
                self._high(sheet, row, max((step.what, step.owner * 3, step.when * 3), key=len), widths[1])
                row += 1
        else:
            pair("", _("No steps were agreed in the session."))
        part(_("Results, one sheet each"))
        for name, result in zip(names, results.results, strict=True):
            sheet.write_url(row, 0, f"internal:'{name}'!A1", self.link, string=name, tip=_("Go to the sheet"))
            self._write(sheet, row, 1, result.prompt, self.text, widths[1])
            self._write(sheet, row, 2, _precision(result), self.quiet, widths[2])
            row += 1
        part(_("What the words mean"))
        for meaning in results.legend:
            pair(meaning.word, meaning.meaning)
        part(_("From how many answers on"))
        floors = results.floors
        pair(
            _("A result"), _("From %(floor)s on. Of fewer, nothing was shown and nothing was kept.", floor=floors.room)
        )
        pair(_("Numbers"), _("From %(floor)s on. Below, there are words instead.", floor=floors.numbers))
        pair(
            _("People's own words"),
            _("From %(floor)s on, and only as far as the phones had said before.", floor=floors.words),
        )
        pair("", _("This is what the room saw, no finer. It was fixed on the day of the freeze and cannot change."))

    def activity(self, name: str, result: Result) -> None:
        """Write one activity: its question and finding, the table, how to read it, and a chart of numbers."""
        texts = not result.items
        widths: tuple[float, ...] = (96,) if texts else (46, 22)
        sheet = self._sheet(name, widths)
        sheet.set_landscape()
        across = 96.0 if texts else 120.0
        for row, (text, style, points) in enumerate(
            ((result.prompt, self.question, 15), (result.finding, self.lead, 12))
        ):
            if not texts:
                sheet.merge_range(row, 0, row, 8, "", style)
            self._write(sheet, row, 0, text, style)
            self._high(sheet, row, text, across * 11 / points, points * 1.45)
        row = 3
        if result.items:
            row = self._table(sheet, row, result, widths)
        if (paper := on_paper(result)) is not None:
            row = self._from_paper(sheet, row, paper, widths)
        for heading, lines in (
            (_("The themes"), tuple(theme.name for theme in result.themes)),
            (_("All words that the room saw"), _by_theme(result)),
            (_("What we heard"), result.heard),
            (_("Noted in the parking lot"), result.noted),
        ):
            if lines:
                self._write(sheet, row, 0, heading, self.header)
                if row == 3:
                    self._freeze(sheet, row)
                for text in lines:
                    row += 1
                    self._write(sheet, row, 0, text, self.text, widths[0])
                row += 2
        people = result.people.shown if result.people else ""
        step = _("Step %(number)s: %(title)s", number=result.step.number, title=result.step.title)
        for text in (result.note, people, _paper_words(result), step):
            if text and not (text == people and result.people and result.people.value and people in result.note):
                self._write(sheet, row, 0, text, self.quiet, widths[0])
                row += 1

    def _from_paper(self, sheet: Any, row: int, paper: Result, widths: Sequence[float]) -> int:
        """Write the result from paper below that of the phones: a table of its own, never one over both."""
        self._write(sheet, row, 0, _("From paper"), self.name)
        self._write(sheet, row + 1, 0, paper.finding, self.quiet, widths[0])
        return self._table(sheet, row + 3, paper, widths, beside=True)

    def _freeze(self, sheet: Any, row: int) -> None:
        sheet.freeze_panes(row + 1, 0)
        sheet.repeat_rows(row)

    def _table(self, sheet: Any, row: int, result: Result, widths: Sequence[float], *, beside: bool = False) -> int:
        """Write label and value of each item from `row` on; return the next free row. `beside`: a second one, undrawn."""
        told = {"lean": _("Where the room leans"), "cloud": _("How often")}.get(result.form or "", _("How many"))
        self._write(sheet, row, 0, _("Answer"), self.header)
        self._write(sheet, row, 1, told, self.header_right)
        if not beside:
            self._freeze(sheet, row)
        first = row + 1
        for row, item in enumerate(result.items, start=first):
            self._write(sheet, row, 0, item.label, self.lead_answer if item.lead else self.answer, widths[0])
            if item.value is not None:
                sheet.write_number(row, 1, item.value, self.lead_number if item.lead else self.number)
            else:
                self._write(sheet, row, 1, item.shown, self.lead_band if item.lead else self.band)
        if any(result.ends):
            row += 1
            sides = (_("low end"), _("high end"))
            ends = " · ".join(f"{side}: {end}" for side, end in zip(sides, result.ends, strict=True) if end)
            self._write(sheet, row, 0, ends, self.quiet, widths[0])
        numbers = sum(item.value is not None for item in result.items)
        if numbers > 1 and not beside and not any(item.band == "hidden" for item in result.items):
            self._chart(sheet, first, result)  # a number that is not shown would look like none at all
        return row + 2

    def _chart(self, sheet: Any, first: int, result: Result) -> None:
        """Draw the numbers. A word beside them has no bar: its label says what is known."""
        last = first + len(result.items) - 1
        upright = result.form == "columns"
        chart = self.file.add_chart({"type": "column" if upright else "bar"})
        name = sheet.get_name()
        labels = [{} if item.value is not None else {"value": item.shown} for item in result.items]
        chart.add_series(
            {
                "name": _("How many"),
                "categories": [name, first, 0, last, 0],
                "values": [name, first, 1, last, 1],
                "fill": {"color": REST},
                "points": [{"fill": {"color": ACCENT}} if item.lead else None for item in result.items],
                "gap": 60,
                "data_labels": {"value": True, "custom": labels, "font": {"color": INK, "size": 10}},
            }
        )
        chart.set_title({"none": True})  # the finding stands above, in full
        chart.set_legend({"none": True})
        words = {"num_font": {"color": INK, "size": 10}, "line": {"color": LINE}, "major_tick_mark": "none"}
        amounts = {"visible": False, "min": 0, "major_gridlines": {"visible": False}}
        if upright:
            chart.set_x_axis(words)
            chart.set_y_axis(amounts)
        else:  # of lying bars the upright axis has the names, and it counts from below
            chart.set_y_axis({**words, "reverse": True})
            chart.set_x_axis(amounts)
        chart.set_chartarea({"border": {"none": True}})
        chart.set_size({"width": 620, "height": 300 if upright else max(180, 46 * len(result.items) + 40)})
        alternative = chart_files.clean(f"{result.prompt} {result.finding}")
        sheet.insert_chart(first - 1, 3, chart, {"object_position": 2, "description": alternative})


def _by_theme(result: Result) -> tuple[str, ...]:
    """Return all texts, each behind the name of its theme where it has one."""
    theme_of = {text: theme.name for theme in result.themes for text in theme.words}
    return tuple(f"{theme_of[text]}: {text}" if text in theme_of else text for text in result.words)


def _paper_words(result: Result) -> str:
    """Return what came on paper, in words; empty where nothing did."""
    if result.paper is None:
        return ""
    if result.paper.sheets is None:
        return _("All of it came on paper: too few answered on phones.")
    return _("On paper: %(sheets)s sheets", sheets=result.paper.sheets.shown)


def _precision(result: Result) -> str:
    """Return what a sheet holds, in a word or two."""
    if result.state == "too_few":
        return _("too few answers")
    if result.state == "no_picture":
        return _("no picture is safe")
    if result.state == "room_only":
        return _("a summary") if result.heard else _("stays in the room")
    if result.words or result.form == "cloud":
        return _("people's own words")
    return _("numbers") if any(item.value is not None for item in result.items) else _("words, no numbers")
