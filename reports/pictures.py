"""The child process for pictures: charts as SVG on stdin, the same as PNG on stdout. One shot, with limits.

Lives here: the drawing, which holds the interpreter for a fifth of a second per chart, and the small protocol. Not
here: the charts themselves and who waits for them (`workshop/chart_files.py`).

Protocol: stdin a JSON list of SVG documents; stdout for each of them four bytes of length (big-endian) and the PNG.
Any exit code but 0 means that nothing of it counts.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files

from .worker import limit, stay_inside

ZOOM = 1.6  # 1200 points become 1920, the width of a projector
MEMORY_MB = 1024
CPU_SECONDS = 50


def png(document: str) -> bytes:
    """Return one SVG document as PNG, with the report's own letters; others come from the system's fonts."""
    import resvg_py

    letters = str(files("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf")
    return bytes(resvg_py.svg_to_bytes(svg_string=document, zoom=ZOOM, font_files=[letters], font_family="Inter"))


def main() -> int:
    """Draw all that comes on stdin; return the exit code."""
    limit(MEMORY_MB, CPU_SECONDS)
    stay_inside()
    for document in json.load(sys.stdin.buffer):
        picture = png(document)
        sys.stdout.buffer.write(len(picture).to_bytes(4, "big") + picture)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
