"""The words of a PDF, as far as a search for known words needs them.

Lives here: inflating streams and reading glyph numbers back into letters, with
the standard library alone. Not here: layout. Each run of glyphs is read with
every font's table, since one that does not fit spells no word that is searched for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator


def words_of(data: bytes) -> str:
    """Return the text of a PDF without spaces and hyphens, once for each font in it."""
    streams = list(_streams(data))
    tables = [table for stream in streams if b"beginbf" in stream for table in [_letters(stream)] if table]
    runs = [
        "".join(re.findall(r"<([0-9A-Fa-f\s]+)>", found))
        for stream in streams
        for found in re.findall(r"\[[^\]]*\]\s*TJ|<[0-9A-Fa-f\s]+>\s*Tj", stream.decode("latin-1"))
    ]
    whole = "".join(runs).replace(" ", "").replace("\n", "")
    glyphs = [whole[start : start + 4].lower() for start in range(0, len(whole), 4)]
    return "\n".join(re.sub(r"[\s\u00ad-]", "", "".join(table.get(one, "") for one in glyphs)) for table in tables)


def _streams(data: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"stream\r?\n", data):
        try:
            yield zlib.decompressobj().decompress(data[found.end() :])
        except zlib.error:
            continue


def _letters(stream: bytes) -> dict[str, str]:
    """Return glyph number -> letters of a font's ToUnicode table."""
    text, table = stream.decode("latin-1"), {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for glyph, letters in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            table[glyph.lower().zfill(4)] = bytes.fromhex(letters).decode("utf-16-be", "replace")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for first, last, letters in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            start = int(letters, 16)
            for step in range(int(last, 16) - int(first, 16) + 1):
                table[f"{int(first, 16) + step:04x}"] = chr(start + step)
    return table
