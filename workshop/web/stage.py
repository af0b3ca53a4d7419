"""The stage: one page for the projector, opened by its link alone.

Lives here: the address of the stage and the three drawing helpers that its
screen and the console share (QR, minutes, size of a prompt). Not here: what the
stage may show (`screens.stage`) and how results are drawn (`fragments`).
"""

from __future__ import annotations

from functools import lru_cache

import segno
from flask import Blueprint, g, render_template, request
from markupsafe import Markup, escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import fragments, live_sessions, screens
from ..errors import NotFound
from ..models import LiveSession
from ..words import _
from .rights import audience, house

bp = Blueprint("stage", __name__)

LOW, LAST = 0.2, 0.05
"""Shares of a timer from which its end is near, and very near; `static/js/timer.js` and `phone.js` say the same."""

SHORT_PROMPT, MIDDLE_PROMPT = 60, 140
"""Letters. Up to 60 fill two lines of a projector at the largest size, up to 140 four lines at the next."""


@bp.get("/stage/<stage_token>")
@audience("stage")
def show(stage_token: str) -> str:
    """Show the stage to whoever holds the link; a revoked link is a 404 like any other.

    `?language=de` makes it a second stage in another language of the guide;
    one that the guide does not have is the session's own.
    """
    with house().database.transaction() as session:
        live = _live_of(session, stage_token)
        language = live_sessions.language_of(live, request.args.get("language"))
        g.language = language or live.language
        screen = screens.stage(session, live, house(), language)
    html = Markup(fragments.stage(screen))  # noqa: S704 - rendered by our own escaping templates
    offered = ("", *(name for name in live_sessions.guide_of(live).languages if name != live.language))
    return render_template(
        "stage/show.html",
        screen=screen,
        html=html,
        stage_token=stage_token,
        language=language,
        own_language=live.language,
        other_languages=[name for name in offered if name != language],
    )


def _live_of(session: Session, stage_token: str) -> LiveSession:
    # Only signs that a link of ours can hold reach the database; PostgreSQL refuses some others outright.
    plausible = stage_token.isascii() and stage_token.isprintable()
    live = session.scalar(select(LiveSession).where(LiveSession.stage_token == stage_token)) if plausible else None
    if live is None:
        raise NotFound(_("This stage link does not work any more. Ask the person who leads for the present one."))
    return live


@lru_cache(maxsize=256)
def _qr_path(text: str) -> tuple[int, str]:
    """Return the width in modules and the path of a QR code without its quiet zone."""
    code = segno.make(text, error="m", micro=False)
    path = "".join(f"M{x} {y}h{run}v1h-{run}z" for y, row in enumerate(code.matrix) for x, run in _runs(bytes(row)))
    return len(code.matrix), path


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Return start and length of each dark run in one row of a QR code."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        elif dark:
            runs.append((x, 1))
    return runs


@bp.app_template_filter("qr")
def qr(text: str, label: str) -> Markup:
    """Return `text` as an inline SVG: always dark on light, with the four quiet modules cameras need."""
    width, path = _qr_path(text)
    size = width + 8
    return Markup(
        '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<rect width="{size}" height="{size}" fill="#ffffff"></rect>'
        '<path transform="translate(4 4)" fill="#14171c" d="{path}"></path></svg>'
    ).format(size=size, label=escape(label), path=path)


@bp.app_template_filter("minutes_left")
def minutes_left(seconds: int, total: int = 0) -> str:
    """Say a timer's rest in words a room reads at a glance; `static/js/timer.js` goes on from there."""
    if seconds <= 0:
        return _("Time is up")
    if seconds <= 10:
        return _("10 seconds left")
    if seconds <= 30:
        return _("30 seconds left")
    if seconds <= 60:
        return _("1 minute left")
    minutes = -(-seconds // 60)
    if seconds <= total * LOW:
        return _("%(minutes)s minutes left", minutes=minutes)
    return _("%(minutes)d min", minutes=minutes)


@bp.app_template_filter("timer_state")
def timer_state(timer: screens.TimerScreen) -> str:
    """Return the class that paints a timer whose end is near, very near or past; empty for any other."""
    if timer.left <= 0:
        return "is-up"
    if timer.left <= timer.total * LAST:
        return "is-last"
    return "is-low" if timer.left <= timer.total * LOW else ""


@bp.app_template_filter("clock_left")
def clock_left(seconds: int) -> str:
    """Return a timer's rest as m:ss, for the one who steers by it."""
    return f"{max(seconds, 0) // 60}:{max(seconds, 0) % 60:02d}"


@bp.app_template_filter("stage_size")
def stage_size(prompt: str) -> str:
    """Return the class that lets a prompt of this length fill the wall without overflowing it."""
    if len(prompt) <= SHORT_PROMPT:
        return "stage-prompt-huge"
    return "stage-prompt-large" if len(prompt) <= MIDDLE_PROMPT else "stage-prompt-long"
