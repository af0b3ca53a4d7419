"""The doctor's look at the ways in and out: the server itself, the proxy before it, the mail server.

Lives here: asking the running server as a phone would, by its own port and by
BASE_URL, and asking the mail server without sending a mail.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from .. import outbox, postman, sso
from ..house import utc_now
from ..settings import Settings
from . import proxy_file
from .findings import Finding, fine, note, wrong

PATIENCE = 10.0  # seconds
SOON = 14  # days in which a certificate should have been renewed
MOST_APART = 60.0  # seconds between our clock and the one in an answer that came over a proxy

SOCKET = "/socket.io/?EIO=4&transport=websocket"


def proxies(settings: Settings) -> Iterator[Finding]:
    """The proxy, as the settings describe it."""
    local = settings.host in ("127.0.0.1", "localhost", "::1")
    if settings.https and not settings.trusted_proxies:
        yield wrong(
            "Proxy",
            "BASE_URL is https, so a proxy stands in front, but none is trusted: all visitors count as one,"
            " and one who mistypes codes stops everybody.",
            "Write TRUSTED_PROXIES=1 (the number of proxies of your own).",
        )
    elif settings.trusted_proxies and not settings.production:
        yield wrong(
            "Proxy",
            "proxies are trusted, but BASE_URL is empty: host names of the proxy are refused.",
            "Write BASE_URL=https://... or TRUSTED_PROXIES=0.",
        )
    elif settings.trusted_proxies and not local:
        yield note(
            "Proxy",
            f"the server listens on {settings.host}: whoever reaches it past the proxy can forge their address.",
            "Write HOST=127.0.0.1, or let a firewall admit the proxy alone.",
        )
    else:
        yield fine("Proxy", f"{settings.trusted_proxies} trusted")


def server(settings: Settings) -> Iterator[Finding]:
    """The server on its own port."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - where it listens
    try:
        with socket.create_connection((host, settings.port), timeout=2):
            pass
    except OSError:
        yield note("Server", f"does not run on port {settings.port} now.")
        return
    name = urlsplit(settings.base_url).netloc or f"{host}:{settings.port}"
    connection = http.client.HTTPConnection(host, settings.port, timeout=PATIENCE)
    yield from _asked("Server", connection, name, settings.base_url or f"http://{name}", "its own port")


def public(settings: Settings) -> Iterator[Finding]:
    """BASE_URL, as a phone reaches it."""
    parts = urlsplit(settings.base_url)
    if not parts.hostname:
        return
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=PATIENCE, context=context)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        yield wrong("BASE_URL", f"its certificate does not fit: {error.verify_message}.", "Renew or complete it.")
        return
    except OSError as error:
        yield wrong(
            "BASE_URL",
            f"{settings.base_url} cannot be reached from here: {error}.",
            "Check the name, the proxy and the firewall. Behind some routers a machine cannot reach its own name.",
        )
        return
    if isinstance(connection.sock, ssl.SSLSocket):
        ends = ssl.cert_time_to_seconds(str((connection.sock.getpeercert() or {}).get("notAfter")))
        days = int((ends - time.time()) // 86400)
        yield (note if days < SOON else fine)("Certificate", f"good for {days} days")
    yield from _asked("BASE_URL", connection, parts.netloc, settings.base_url, "the proxy")


def _asked(about: str, connection: http.client.HTTPConnection, name: str, origin: str, where: str) -> Iterator[Finding]:
    """Ask for readiness, and for a websocket, under one name."""
    try:
        connection.request("GET", "/readyz", headers={"Host": name})
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace").strip()
        said_at = answer.headers.get("Date")
    except (OSError, http.client.HTTPException) as error:
        yield wrong(about, f"does not answer at {where}: {error}.")
        return
    finally:
        connection.close()
    if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
        yield wrong(about, f"answers, but is not ready: {body}")
    elif answer.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT):
        yield wrong(
            about,
            f"the proxy answers, but does not reach the server ({answer.status}).",
            "The server has to run, and the proxy has to ask where it listens: HOST and PORT.",
        )
        return
    elif answer.status != HTTPStatus.OK:
        yield wrong(
            about,
            f"something else answers there ({answer.status}).",
            "Check that the proxy passes this host name on: proxy_set_header Host $host;",
        )
        return
    else:
        yield fine(about, f"answers at {where}, and is ready")
    if said_at and abs((utc_now() - parsedate_to_datetime(said_at)).total_seconds()) > MOST_APART:
        yield wrong("Clock", "this machine and its proxy do not agree on the time.", "Let NTP set both.")
    if packed := _packed(connection, name):
        yield wrong(
            about,
            f"pages are compressed on their way ({packed}): then their length tells what was typed on them.",
            "Switch that off for this host: gzip off; in nginx, as in deploy/nginx.",
        )
    status, said = _upgrade(connection, name, origin)
    if "not served here" in said:
        yield wrong(
            about,
            f"does not take the name {name} at {where}, so pages are refused (400).",
            "The proxy has to pass the name on: proxy_set_header Host $http_host; and the server has to be started"
            " again after BASE_URL was changed.",
        )
    elif status == HTTPStatus.SWITCHING_PROTOCOLS:
        yield fine(about, f"takes websockets at {where}")
    elif status == HTTPStatus.FORBIDDEN:
        yield wrong(
            about,
            f"refuses websockets from {origin}: pages are not connected.",
            "BASE_URL has to be exactly what browsers show, and the proxy has to pass the Host on.",
        )
    else:
        yield wrong(
            about,
            f"no websocket gets through at {where} ({status}); phones fall back to slow polling.",
            "The proxy has to pass the upgrade on; deploy/nginx shows the lines.",
        )


def _packed(connection: http.client.HTTPConnection, name: str) -> str:
    """Return how a page is compressed for a browser that can read it; the server itself compresses none."""
    try:
        connection.request(
            "GET", "/", headers={"Host": name, "Accept": "text/html", "Accept-Encoding": "gzip, br, zstd"}
        )
        return connection.getresponse().headers.get("Content-Encoding", "")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _upgrade(connection: http.client.HTTPConnection, name: str, origin: str) -> tuple[int, str]:
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        "Host": name,
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    try:
        connection.request("GET", SOCKET, headers=headers)
        answer = connection.getresponse()
        refused = answer.status == HTTPStatus.BAD_REQUEST
        return answer.status, answer.read(20_000).decode("utf-8", "replace") if refused else ""
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def mail(settings: Settings) -> Iterator[Finding]:
    """The mail server."""
    if not outbox.configured(settings):
        yield fine("Mail", "none is set; links are copied by hand")
        return
    try:
        postman.reach(settings)
    except postman.Refused as refused:
        yield wrong("Mail", refused.sentence, f"Check SMTP_HOST={settings.smtp_host} and the lines beside it.")
        return
    yield fine("Mail", f"{settings.smtp_host} answers{' and takes our account' if settings.smtp_user else ''}")


def sign_in_service(settings: Settings) -> Iterator[Finding]:
    """The sign-in service."""
    if not sso.configured(settings):
        return
    if not sso.is_installed():
        yield wrong(
            "Sign-in service", "its libraries are missing.", "Run: .venv/bin/pip install 'authlib>=1.7' requests"
        )
        return
    try:
        sso.reach(settings)
    except sso.SignInFailed:
        yield wrong(
            "Sign-in service",
            f"{settings.oidc_issuer} cannot be asked, or calls itself otherwise.",
            "OIDC_ISSUER has to be exactly the issuer in its /.well-known/openid-configuration.",
        )
        return
    yield fine("Sign-in service", f"{settings.oidc_issuer}; it leads back to {settings.public_url}/staff/sso/back")


LOOKS = (proxies, proxy_file.nginx, server)
ASKING_OTHERS = (public, mail, sign_in_service)
