"""What every answer carries, and under which names this house answers at all.

Lives here: security headers, the host check, and how far a proxy is believed;
as one WSGI layer outside everything, so that errors, files and long polling are
covered too. Not here: the origin check of sockets (`realtime`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from .. import addresses

if TYPE_CHECKING:
    from ..settings import Settings

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGI = Callable[[Environ, StartResponse], Iterable[bytes]]

PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
        "browsing-topics",
    )
)


UNDER_ANY_NAME = frozenset({"/healthz", "/readyz", "/metrics"})
"""For machines, which often know an address only; nothing in these answers depends on the name."""


class Headers:
    """The outermost layer: refuses foreign host names, adds the headers to all the rest."""

    def __init__(self, inner: WSGI, settings: Settings) -> None:
        self._inner = inner
        self._settings = settings
        self._base = urlsplit(settings.base_url).netloc.lower()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", "")).lower()
        common = self._common(host if self._known(host) else "")

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            present = {name.lower() for name, _value in headers}
            headers = [*headers, *((name, value) for name, value in common if name.lower() not in present)]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        if not self._known(host) and environ.get("PATH_INFO") not in UNDER_ANY_NAME:
            start("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"This address is not served here. Use the address that was printed at start, or set BASE_URL.\n"]
        return self._inner(environ, start)

    def _known(self, host: str) -> bool:
        if self._base:
            return host == self._base
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in addresses.own_hosts()

    def _common(self, host: str) -> list[tuple[str, str]]:
        sockets = f" ws://{host} wss://{host}" if host else ""  # older Safari does not count them as 'self'
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
            f" connect-src 'self'{sockets}; manifest-src 'self'; form-action 'self'; frame-ancestors 'none';"
            " base-uri 'none'"
        )
        headers = [
            ("Content-Security-Policy", policy),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", "no-referrer"),
            ("Permissions-Policy", PERMISSIONS),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ]
        if self._settings.https:
            headers.append(("Strict-Transport-Security", "max-age=31536000"))
        return headers


def init_app(app: Flask, settings: Settings) -> None:
    """Wrap the whole app; call it last, so that nothing stands outside.

    Of a trusted proxy only the client's address and the scheme are believed;
    its host name is not, BASE_URL says that.
    """
    app.wsgi_app = Headers(app.wsgi_app, settings)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=0, x_port=0, x_prefix=0
        )
