"""The PDF itself: bytes, tags, pictures, limits. Every test here renders in the real child process."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from reports import checker
from reports.document import Block, Report
from tests.report_sample import as_json, quoted, sample, section
from workshop import report_worker
from workshop.report_worker import Limits, Printed, PrintFailed, print_pdf

PATIENT = Limits(seconds=180)  # tests share their machine; what is bounded in them is processor time


def _renderer() -> str:
    done = subprocess.run([sys.executable, "-c", "import weasyprint"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no PDF libraries here: {report_worker.INSTALL}"


MISSING = _renderer()
needs_renderer = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def pdf(report: Report, paper: str = "A4", **options: Any) -> Printed:
    """Render a report the way the product does."""
    return print_pdf(as_json(report), paper, limits=PATIENT, **options)


@cache
def plain() -> bytes:
    """Return the sample on A4, rendered once for all tests that only read it."""
    return pdf(sample()).content


def text_of(content: bytes) -> str:
    """Return all text of a PDF in one line."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def everything_in(content: bytes) -> bytes:
    """Return the raw bytes and every stream, decompressed."""
    return content + b"\n".join(checker.streams(content))


# Failing cleanly


def test_without_the_libraries_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    with pytest.raises(PrintFailed, match=r"apt-get install .*libpango-1\.0-0.*libharfbuzz-subset0") as failure:
        pdf(sample(), extra_path=str(tmp_path))
    assert not failure.value.again


@needs_renderer
def test_a_text_that_never_ends_is_stopped_and_fails_cleanly() -> None:
    endless = sample(sections=(section(*(quoted(*(["word " * 400] * 6)) for _number in range(400))),))
    with pytest.raises(PrintFailed) as failure:
        print_pdf(as_json(endless), "A4", limits=Limits(seconds=180, cpu_seconds=3))
    assert failure.value.again


@needs_renderer
def test_too_much_memory_fails_cleanly() -> None:
    with pytest.raises(PrintFailed):
        print_pdf(as_json(sample()), "A4", limits=Limits(seconds=180, memory_mb=140))


def test_a_child_that_hangs_is_stopped() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(PrintFailed, match="too long") as failure:
        print_pdf(as_json(sample()), "A4", limits=Limits(seconds=0.5), command=command)
    assert failure.value.again


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(1)",
        "import os; os.abort()",
        "print('not json')",
        'print(\'{"ok": true, "bytes": 5, "notes": []}\\n%PDF\')',
        'import sys; print(\'{"ok": true, "bytes": 5}\'); sys.exit(9)',
    ],
)
def test_a_child_that_breaks_or_lies_gives_no_pdf(code: str) -> None:
    with pytest.raises(PrintFailed):
        print_pdf(as_json(sample()), "A4", limits=PATIENT, command=[sys.executable, "-c", code])


@needs_renderer
def test_malformed_data_is_refused_and_not_tried_again() -> None:
    with pytest.raises(PrintFailed) as failure:
        print_pdf({"title": "x"}, "A4", limits=PATIENT)
    assert not failure.value.again


def test_the_child_gets_none_of_the_servers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "a-secret-of-the-server")
    code = "import os, json; print(json.dumps({'ok': 'SECRET_KEY' in os.environ, 'code': 'libraries'}))"
    with pytest.raises(PrintFailed, match="apt-get"):  # 'ok' would have been believed further
        print_pdf(as_json(sample()), "A4", limits=PATIENT, command=[sys.executable, "-c", code])


@needs_renderer
def test_nothing_outside_the_package_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-a-file")
    probe = (
        f'<p>before</p><img src="file://{secret}" alt="a"><img src="http://127.0.0.1:9/x.png" alt="b">'
        f'<img src="data:image/svg+xml;base64,PHN2Zy8+" alt="c"><object data="file://{secret}"></object>'
        f'<link rel="attachment" href="file://{secret}"><style>@import "file://{secret}"; p{{background:url(file://{secret})}}'
        f'</style><a rel="attachment" href="file://{secret}">file</a><p>after</p>'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>x</title><image href="file://{secret}" width="9" height="9"/></svg>'
    )
    content = pdf(sample(sections=(section(Block("Which?", html=probe)),))).content
    found = everything_in(content)
    assert b"canary-of-a-file" not in found
    assert b"/EmbeddedFile" not in found
    assert "before" in text_of(content) and "after" in text_of(content)


@needs_renderer
def test_the_fetcher_refuses_every_address_but_its_own() -> None:
    code = """
from reports.render import PackagedOnly, RefusedAddress
from weasyprint.urls import fetch
fetcher = PackagedOnly()
for address in ("file:///etc/passwd", "http://127.0.0.1/", "https://example.org/", "ftp://x/", "data:text/plain,x",
                "app:///../print.css", "app:///etc/passwd", "APP:///print.css", "app:///print.css?x=1"):
    try:
        fetcher.fetch(address)
    except RefusedAddress:
        continue
    raise SystemExit(f"served {address}")
assert b"@page" in fetcher.fetch("app:///print.css").read()
print("refused all")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=report_worker.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "refused all"


# What comes out


@needs_renderer
def test_the_same_report_gives_the_same_bytes_in_two_processes() -> None:
    report = sample(sections=(section(quoted("One text with an emoji \U0001f600", "שלום", "second")),))
    first, second = pdf(report), pdf(report)
    assert first.content == second.content
    assert pdf(report, "Letter").content != first.content


@needs_renderer
def test_the_file_passes_our_own_check_and_says_nothing_about_who_made_it() -> None:
    content = plain()
    assert checker.problems(content) == []
    reader = PdfReader(io.BytesIO(content))
    assert reader.metadata is not None and set(reader.metadata) <= {"/Producer", "/Title", "/CreationDate"}
    assert reader.metadata["/CreationDate"] == "D:20261104"
    assert str(report_worker.ROOT).encode() not in everything_in(content)
    assert checker.headings(content)[0] == "H1"
    width, height = reader.pages[0].mediabox.width, reader.pages[0].mediabox.height
    assert (round(float(width)), round(float(height))) == (595, 842)


@needs_renderer
def test_on_letter_the_page_has_letters_size() -> None:
    page = PdfReader(io.BytesIO(pdf(sample(), "Letter").content)).pages[0]
    assert (round(float(page.mediabox.width)), round(float(page.mediabox.height))) == (612, 792)


@needs_renderer
def test_a_figure_without_an_alternative_text_is_found() -> None:
    bare = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    content = pdf(sample(sections=(section(Block("Which?", html=bare)),))).content
    assert "A figure has no alternative text." in checker.problems(content)


@needs_renderer
def test_a_draft_says_so_on_every_page_and_a_final_report_nowhere() -> None:
    draft = PdfReader(io.BytesIO(pdf(sample(), draft=True).content))
    assert all("Draft" in page.extract_text() for page in draft.pages)
    assert "Draft" not in text_of(plain())


@needs_renderer
def test_long_mixed_and_strange_texts_are_printed_whole() -> None:
    longest = " ".join(f"word{number}" for number in range(250))
    unbroken = "x" * 1900
    report = sample(
        title="A very long title that goes on " * 5,
        sections=(
            section(
                quoted(
                    longest,
                    unbroken,
                    "مرحبا بالعالم",
                    "family \U0001f469\u200d\U0001f469\u200d\U0001f467",
                    "<b>not bold</b>",
                )
            ),
        ),
    )
    printed = pdf(report)
    said = text_of(printed.content)
    assert "word0 word1" in said and "word249" in said and "<b>not bold</b>" in said
    assert said.replace(" ", "").count("x" * 60) >= 1
    assert checker.problems(printed.content) == []


@needs_renderer
def test_a_symbol_without_a_font_is_spelt_out() -> None:
    printed = pdf(sample(sections=(section(quoted("before \U0001d201 after")),)))
    assert "before [greek vocal notation symbol-2] after" in text_of(printed.content)
    assert printed.notes == ()


@needs_renderer
def test_a_letter_without_a_font_is_named_in_a_note() -> None:
    printed = pdf(sample(sections=(section(quoted("\U00011a0b")),)))
    assert any("U+11A0B" in note for note in printed.notes)


@needs_renderer
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_another_reader_finds_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(plain())
    out = subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    for words in (
        "Getting unstuck at work",
        "Most people chose training",
        "Team lead",
        "How to hold the conversation",
        "1/3",
    ):
        assert words in out.stdout.replace(" / ", "/")
