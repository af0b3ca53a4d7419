"""Which socket requests are let in at all.

Lives here: host and origin of a socket request, before anything is parsed, and
the removal of the deflate offer. Not here: who is asking (`rooms.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from .. import addresses
from ..settings import Settings

PREFIX = "/socket.io"


class Gate:
    """WSGI middleware in front of the socket server.

    A websocket upgrade must carry an Origin of this very site; "null", a foreign
    one and none at all are refused (attack S7). Long polling sends no Origin on
    its GETs from the same site, so there a foreign one is refused and the
    cookies' SameSite does the rest. Forwarded headers are not looked at.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith(PREFIX):
            upgrade = environ.get("HTTP_UPGRADE", "").lower() == "websocket"
            reason = self._refuses(environ, upgrade)
            if reason:
                start_response(
                    "403 Forbidden",
                    [
                        ("Content-Type", "text/plain; charset=utf-8"),
                        ("Cache-Control", "no-store"),
                        ("X-Content-Type-Options", "nosniff"),
                        ("Referrer-Policy", "no-referrer"),
                        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
                    ],
                )
                return [f"{reason}\n".encode()]
            # Per-message deflate costs twice the CPU and memory and gains nothing at 2 KB.
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return self._app(environ, start_response)

    def _refuses(self, environ: dict[str, Any], upgrade: bool) -> str:
        """Return why a request is not let in, in words for whoever wrote the client; "" for one that is."""
        host = environ.get("HTTP_HOST", "").lower()
        if not host_is_ours(self._settings, host):
            return "This address is not one of this server's. Check BASE_URL and the proxy."
        ours = (self._settings.base_url or f"http://{host}").lower()
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            return f"A websocket has to send Origin: {ours}, as browsers do." if upgrade else ""
        return "" if origin.lower() == ours else f"The header Origin names another site; here it is {ours}."


def host_is_ours(settings: Settings, host: str) -> bool:
    """Return whether a Host header names this server: BASE_URL's host, or without one a machine's own."""
    if settings.base_url:
        return host == urlsplit(settings.base_url).netloc.lower()
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and name in addresses.own_hosts()
