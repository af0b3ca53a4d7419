"""How the server is, for those who run it: alive, ready, and a few figures.

Lives here: the three addresses that machines ask, and who may read the figures.
Not here: what is looked at (`wellbeing.py`). They answer under any host name
(`headers.py`), because who asks often knows an address only; nothing in an
answer depends on it.
"""

from __future__ import annotations

import ipaddress
import secrets

from flask import Blueprint, Response, abort, make_response, request

from .. import wellbeing
from .rights import audience, house

bp = Blueprint("health", __name__)

FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")


@bp.get("/healthz")
@audience("anybody")
def alive() -> Response:
    """Say that this process answers; whoever restarts it asks for this."""
    return _plain("alive\n")


@bp.get("/readyz")
@audience("anybody")
def ready() -> Response:
    """Say whether requests should be sent here, and if not, why."""
    problems = wellbeing.problems(house())
    if problems:
        return _plain("".join(f"{problem}\n" for problem in problems), 503)
    return _plain("ready\n")


@bp.get("/metrics")
@audience("operator")
def figures() -> Response:
    """Return the figures in Prometheus' format; 404 for anybody who may not read them."""
    if not _may_read():
        abort(404)
    text, mimetype = wellbeing.figures(house())
    response = make_response(text)
    response.headers["Content-Type"] = mimetype
    return response


def _may_read() -> bool:
    """With METRICS_TOKEN set: whoever shows it. Without: this machine itself, and nothing that came through a proxy.

    A proxy on this machine asks from here for the whole world, so anything that was
    passed on is turned away.
    """
    token = house().settings.metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
    first = request.environ.get("werkzeug.proxy_fix.orig", {}).get("REMOTE_ADDR") or request.environ.get("REMOTE_ADDR")
    try:
        local = ipaddress.ip_address(first or "").is_loopback
    except ValueError:
        local = False
    return local and not any(name in request.headers for name in FORWARDED)


def _plain(text: str, status: int = 200) -> Response:
    response = make_response(text, status)
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    return response
