"""Styles, scripts and vendored files, held in memory under one fingerprint.

Lives here: reading `static/` at start, joining the sheets of each audience,
compressing, and serving all of it as immutable. Not here: what is in the files.

The fingerprint covers the whole tree, so ES modules may import each other by
relative paths and still never mix two versions.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from .. import brand
from .rights import audience

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"

BUNDLES = {
    "phone.css": (
        "tokens",
        "base",
        "activities",
        "questions",
        "phone",
        "done",
        "breakouts",
        "parking",
        "record",
        "check_ins",
        "language",
    ),
    "notes.css": ("notes", "notes_live"),
    "prints.css": ("tokens", "base", "prints"),
    "paper.css": ("tokens", "base", "activities", "prints", "twin"),
    "stage.css": ("tokens", "base", "activities", "questions", "stage", "stage_tools", "breakouts_stage", "parking"),
    "console.css": (
        "tokens",
        "base",
        "activities",
        "questions",
        "console",
        "console_live",
        "parking",
        "facilitators",
        "run_of_show",
        "themes",
        "moderation",
        "actions",
        "authoring",
        "editor",
        "reports",
        "check_ins",
        "typing",
        "language",
    ),
}
"""Served name -> the sheets in static/css/ that it joins, in this order; one that is missing is left out."""

VENDOR = ("socket.io.min.js", "idiomorph.js")
TEXT = {"text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml", "text/plain"}
A_YEAR = "public, max-age=31536000, immutable"

bp = Blueprint("static_files", __name__)


@dataclass(frozen=True)
class File:
    """One served file and its compressed twin."""

    content: bytes
    type: str

    @cached_property
    def packed(self) -> bytes | None:
        """Return the gzip form where it is worth it; mtime is fixed so that the bytes are too."""
        if self.type.partition(";")[0] not in TEXT or len(self.content) < 500:
            return None
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def etag(self) -> str:
        """Return a tag of the content."""
        return hashlib.sha256(self.content).hexdigest()[:20]


@dataclass(frozen=True)
class Face:
    """What an installation puts in place of ours."""

    accent: str = ""
    logo: brand.Logo | None = None


@dataclass(frozen=True)
class Tree:
    """All files of one state of the folder."""

    hash: str
    files: dict[str, File]


_trees: dict[tuple[object, ...], Tree] = {}


def read_tree(folder: Path = STATIC, face: Face | None = None) -> Tree:
    """Return the files of `folder` and the joined sheets; the same state of the disk is read once.

    `face`: the installation's own accent and logo, where it has them.
    """
    face = face or Face()
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    state = (face, *((str(p), (stat := p.stat()).st_mtime_ns, stat.st_size) for p in paths))
    if state not in _trees:
        files = {p.relative_to(folder).as_posix(): _file(p.name, p.read_bytes()) for p in paths}
        for name, sheets in BUNDLES.items():
            parts = [files[f"css/{s}.css"].content for s in sheets if f"css/{s}.css" in files]
            parts[1:1] = [brand.tokens(face.accent).encode()] if face.accent and sheets[0] == "tokens" else []
            files[name] = _file(name, b"\n".join(parts))
        if face.logo is not None:
            files[face.logo.name] = File(face.logo.content, face.logo.media_type)
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(name.encode() + b"\0" + files[name].content + b"\0")
        _trees.clear()
        _trees[state] = Tree(digest.hexdigest()[:16], files)
    return _trees[state]


def _file(name: str, content: bytes) -> File:
    guessed = "text/javascript" if name.endswith((".js", ".mjs")) else mimetypes.guess_type(name)[0]
    kind = guessed or "application/octet-stream"
    return File(content, f"{kind}; charset=utf-8" if kind in TEXT else kind)


def vendor_missing() -> tuple[str, ...]:
    """Return the vendored browser files that are not there; set-up fetches them."""
    return tuple(name for name in VENDOR if not (STATIC / "vendor" / name).is_file())


def tree() -> Tree:
    """Return the files being served; in debug they are read again when they change."""
    if current_app.config["DEBUG_STATIC"]:
        return read_tree(face=current_app.extensions["face"])
    kept: Tree = current_app.extensions["static_tree"]
    return kept


def static_url(name: str) -> str:
    """Return the address of a file: `static_url("phone.css")`, `static_url("js/phone.js")`."""
    return f"/static/{tree().hash}/{quote(name)}"


@bp.get("/static/<fingerprint>/<path:name>")
@audience("anybody")
def file(fingerprint: str, name: str) -> BaseResponse:
    """Serve one file; an address from before an update leads to the present one."""
    present = tree()
    found = present.files.get(name)
    if found is None:
        abort(404)
    if fingerprint != present.hash:
        return redirect(static_url(name), code=302)
    packed = found.packed if request.accept_encodings["gzip"] else None
    response = Response(packed or found.content, content_type=found.type)
    response.headers["Cache-Control"] = A_YEAR
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(found.etag + ("-gz" if packed else ""))
    return response.make_conditional(request)


def init_app(app: Flask, *, debug: bool, accent: str = "", logo: Path | None = None) -> None:
    """Read the files, give templates `static_url`, serve them."""
    app.config["DEBUG_STATIC"] = debug
    app.extensions["face"] = face = Face(accent, brand.logo(logo) if logo else None)
    app.extensions["static_tree"] = read_tree(face=face)
    app.jinja_env.globals["brand_logo"] = face.logo.name if face.logo else ""
    app.jinja_env.globals["static_url"] = static_url
    app.register_blueprint(bp)
