"""Our own check of a finished PDF: what we mean by "produced as PDF/UA-1".

Lives here: tags, language, title, embedded fonts, alternative texts, order of
headings, bookmarks, and metadata that gives nobody away. Not here: a validator
of the whole standard; we claim no more than what `problems` looks at.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

EMBEDDED = ("/FontFile", "/FontFile2", "/FontFile3")
ALLOWED_INFO = {"/Producer", "/Title", "/CreationDate", "/ModDate"}
PATH = re.compile(rb"(/home/|/root/|/tmp/|/work/|/var/|/usr/|file://|[A-Z]:\\\\)")


def problems(content: bytes) -> list[str]:
    """Return every finding as a sentence; an empty list means the file passes."""
    reader = PdfReader(io.BytesIO(content))
    catalog: Any = reader.trailer["/Root"]
    found: list[str] = []
    if not _get(catalog, "/MarkInfo", "/Marked"):
        found.append("The file is not marked as tagged.")
    if not str(catalog.get("/Lang", "")):
        found.append("The file has no language.")
    if not _get(catalog, "/ViewerPreferences", "/DisplayDocTitle"):
        found.append("The title is not shown in the window.")
    if not (reader.metadata and reader.metadata.title):
        found.append("The file has no title.")
    if not reader.outline:
        found.append("The file has no bookmarks.")
    found += _metadata(reader, catalog)
    found += _fonts(reader)
    found += _structure(catalog)
    return found


def headings(content: bytes) -> list[str]:
    """Return the levels of all headings in reading order, such as ["H1", "H2"]."""
    catalog: Any = PdfReader(io.BytesIO(content)).trailer["/Root"]
    names = (str(element.get("/S", "")) for element in elements(catalog))
    return [name[1:] for name in names if re.fullmatch(r"/H[1-6]", name)]


def attachments(catalog: Any) -> list[tuple[str, str, bytes]]:
    """Return (name, relation to the report, content) of every file inside the file."""
    names = catalog.get("/Names", {})
    tree = names.get_object().get("/EmbeddedFiles") if names else None
    if tree is None:
        return []
    found = []
    for entry in tree.get_object()["/Names"][1::2]:
        spec = entry.get_object()
        content = spec["/EF"]["/F"].get_object().get_data()
        found.append((str(spec.get("/UF", "")), str(spec.get("/AFRelationship", "")), content))
    return found


def streams(content: bytes) -> Iterator[bytes]:
    """Yield the bytes of every object, decompressed: where a text could still hide."""
    reader = PdfReader(io.BytesIO(content))
    for number in range(1, len(reader.xref_objStm) + sum(len(table) for table in reader.xref.values()) + 1):
        try:
            thing = reader.get_object(number)
        except Exception:  # noqa: S112 - a free number holds no object
            continue
        if thing is None:
            continue
        if hasattr(thing, "get_data"):
            yield thing.get_data()
        yield str(thing).encode("utf-8", "replace")


def elements(catalog: Any) -> Iterator[Any]:
    """Yield every element of the structure tree in reading order."""
    root = catalog.get("/StructTreeRoot")
    if root is None:
        return
    stack = [root.get_object()]
    while stack:
        element = stack.pop()
        if isinstance(element, DictionaryObject) and "/S" in element:
            yield element
        kids = element.get("/K") if isinstance(element, DictionaryObject) else None
        kids = kids.get_object() if isinstance(kids, IndirectObject) else kids
        if kids is None:
            continue
        for kid in reversed(kids if isinstance(kids, ArrayObject) else [kids]):
            thing = kid.get_object() if isinstance(kid, IndirectObject) else kid
            if isinstance(thing, DictionaryObject):
                stack.append(thing)


def _get(catalog: Any, *path: str) -> Any:
    thing = catalog
    for name in path:
        if name not in thing:
            return None
        thing = thing[name].get_object() if isinstance(thing[name], IndirectObject) else thing[name]
    return str(thing).lower() == "true"


def _metadata(reader: PdfReader, catalog: Any) -> list[str]:
    found = []
    extra = set(reader.metadata or {}) - ALLOWED_INFO
    if extra:
        found.append(f"The metadata says too much: {', '.join(sorted(extra))}.")
    xmp = catalog["/Metadata"].get_object().get_data() if "/Metadata" in catalog else b""
    archive = re.search(rb"pdfaid:part(?:=[\"']|>)3", xmp) is not None
    if b"pdfuaid" not in xmp and not archive:
        found.append("The metadata does not say which standard the file follows.")
    info = " ".join(str(value) for value in (reader.metadata or {}).values()).encode()
    if PATH.search(xmp) or PATH.search(info):
        found.append("The metadata holds a path.")
    carried = attachments(catalog)
    if carried and not archive:
        found.append("The file carries attachments.")
    if archive and "/OutputIntents" not in catalog:
        found.append("The file does not say what its colours mean.")
    found += [
        f"The attachment {name} does not say that it holds the data of this report."
        for name, relation, _content in carried
        if relation != "/Data"
    ]
    if "/OpenAction" in catalog or "/AA" in catalog or "/JavaScript" in str(catalog.get("/Names", "")):
        found.append("The file acts by itself when opened.")
    return found


def _fonts(reader: PdfReader) -> list[str]:
    found: set[str] = set()
    for page in reader.pages:
        resources: Any = page.get("/Resources", {})
        for font in (resources.get_object().get("/Font") or {}).values():
            font = font.get_object()
            descendants = font.get("/DescendantFonts")
            parts = [part.get_object() for part in descendants] if descendants else [font]
            for part in parts:
                descriptor = part.get("/FontDescriptor")
                embedded = descriptor is not None and any(name in descriptor.get_object() for name in EMBEDDED)
                if not embedded and font.get("/Subtype") != "/Type3":
                    found.add(f"The font {font.get('/BaseFont')} is not embedded.")
            if "/ToUnicode" not in font:
                found.add(f"The font {font.get('/BaseFont')} cannot be copied as text.")
    return sorted(found)


def _structure(catalog: Any) -> list[str]:
    found = []
    last = 0
    top = 0
    for element in elements(catalog):
        name = str(element["/S"])
        if name == "/Figure" and not str(element.get("/Alt", "")).strip():
            found.append("A figure has no alternative text.")
        if re.fullmatch(r"/H[1-6]", name):
            level = int(name[2])
            top += level == 1
            if level > last + 1:
                found.append(f"A heading of level {level} follows one of level {last}.")
            last = level
    if top != 1:
        found.append(f"There are {top} headings of level 1.")
    return found
