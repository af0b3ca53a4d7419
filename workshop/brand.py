"""The installation's own face: its accent colour in all shades, and its logo.

Lives here: whether a colour can be read, the shades made of it, and which
pictures are let in. Pure but for reading the one file. Not here: the settings'
table (`settings.py`), where the sheets are joined (`web/static_files.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from .charts import Palette

READABLE = 4.5  # contrast of text, WCAG 2.2 AA
LIGHT = "#fbf8f3"  # --paper of tokens.css; white is easier
DARK = "#22272f"  # --sunken of the dark sheet, the lightest ground that an accent is written on
LARGEST_LOGO = 200_000  # bytes
PNG = b"\x89PNG\r\n\x1a\n"

SVG = "http://www.w3.org/2000/svg"
PLAIN = frozenset(
    {"svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc"}
    | {"defs", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "use", "symbol"}
)
"""Elements of a drawing that can neither run nor fetch anything."""


class Refused(ValueError):
    """A colour or picture that will not do; the message says why and what will."""


@dataclass(frozen=True)
class Logo:
    """A picture and what it is: image/svg+xml or image/png."""

    content: bytes
    media_type: str

    @property
    def name(self) -> str:
        """Return the name it is served under."""
        return "brand-logo.svg" if self.media_type == "image/svg+xml" else "brand-logo.png"


def accent(text: str) -> str:
    """Return a colour as #rrggbb in lower case; raise `Refused` if text in it could not be read on white."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", text):
        raise Refused("is not a colour. Write six hex digits, such as #0b6b63.")
    colour = text.lower()
    found = contrast(colour, LIGHT)
    if found < READABLE:
        raise Refused(
            f"is too light to be read on white: {found:.1f} to 1, where {READABLE} is needed."
            f" The nearest shade that fits is {nearest(colour, LIGHT)}."
        )
    return colour


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG defines it."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def nearest(colour: str, ground: str) -> str:
    """Return the shade of `colour` that is just readable on `ground`: darker on light, lighter on dark."""
    towards = "#000000" if _luminance(ground) > 0.18 else "#ffffff"
    for part in range(101):
        shade = mixed(colour, towards, part / 100)
        if contrast(shade, ground) >= READABLE:
            return shade
    return towards


def mixed(one: str, other: str, part: float) -> str:
    """Return `one` with `part` (0..1) of `other` in it."""
    return "#" + "".join(
        f"{round(a + (b - a) * part):02x}" for a, b in zip(_channels(one), _channels(other), strict=True)
    )


def tokens(colour: str) -> str:
    """Return the sheet that replaces the accents of tokens.css; empty without a colour of one's own."""
    if not colour:
        return ""
    light = {
        "accent": colour,
        "accent-strong": mixed(colour, "#000000", 0.22),
        "on-accent": "#ffffff",
        "accent-soft": mixed(colour, "#ffffff", 0.86),
        "accent-faint": mixed(colour, "#ffffff", 0.94),
        "focus": colour,
        "series-1": colour,
        "series-quiet": mixed(colour, "#ffffff", 0.66),
    }
    night = nearest(mixed(colour, "#ffffff", 0.35), DARK)
    dark = {
        "accent": night,
        "accent-strong": mixed(night, "#ffffff", 0.3),
        "on-accent": "#101318",
        "accent-soft": mixed("#14171c", colour, 0.35),
        "accent-faint": mixed("#14171c", colour, 0.14),
        "focus": mixed(night, "#ffffff", 0.3),
        "series-1": night,
        "series-quiet": mixed("#1c2027", night, 0.35),
    }
    return (
        _rule(':root,\n[data-theme="light"]', light)
        + "@media (prefers-color-scheme: dark) {\n"
        + _rule(':root:not([data-theme="light"])', dark)
        + "}\n"
        + _rule('[data-theme="dark"]', dark)
    )


def palette(colour: str) -> Palette:
    """Return the colours of drawings on paper: the accent leads, a pale shade of it is the rest."""
    return Palette(lead=colour, rest=mixed(colour, "#ffffff", 0.6)) if colour else Palette()


def logo(path: Path) -> Logo:
    """Return the picture in a file; raise `Refused` if it is too large, no SVG or PNG, or could do more than show."""
    try:
        if path.stat().st_size > LARGEST_LOGO:
            raise Refused(f"is larger than {LARGEST_LOGO // 1000} kB. Save it smaller.")
        content = path.read_bytes()
    except OSError:
        raise Refused("cannot be read. Write the path of an SVG or PNG file.") from None
    if content.startswith(PNG):
        return Logo(content, "image/png")
    if b"<svg" not in content:
        raise Refused("is neither SVG nor PNG. Save it as one of them.")
    _harmless(content)
    return Logo(content, "image/svg+xml")


def _harmless(content: bytes) -> None:
    """Refuse an SVG with anything but shapes: it is shown to everybody and put into every report."""
    if b"<!" in re.sub(rb"<!--.*?-->", b"", content, flags=re.S) or b"<?xml-stylesheet" in content:
        raise Refused("is an SVG with a document type or a style sheet of its own. Save it as plain SVG.")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without a document type there are no entities
    except ElementTree.ParseError:
        raise Refused("is a damaged SVG. Save it again.") from None
    for element in root.iter():
        space, _brace, name = element.tag.rpartition("}")
        if space.lstrip("{") != SVG:
            continue  # notes of drawing programs; no viewer knows them
        if name not in PLAIN:
            raise Refused(f"is an SVG with <{name}>, which could do more than show a picture. Save it as plain shapes.")
        for attribute, value in element.attrib.items():
            bare = attribute.rpartition("}")[2].lower()
            outside = bare in ("href", "src") and not value.startswith("#")
            fetches = re.search(r"url\(\s*['\"]?(?!#)", value) or "@import" in value or "javascript:" in value.lower()
            if bare.startswith("on") or outside or fetches:
                raise Refused(f"is an SVG that reaches outside itself or acts ({bare}). Save it as plain shapes.")


def _rule(selector: str, values: dict[str, str]) -> str:
    return selector + " {\n" + "".join(f"  --{name}: {value};\n" for name, value in values.items()) + "}\n"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = (channel / 255 for channel in _channels(colour))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
