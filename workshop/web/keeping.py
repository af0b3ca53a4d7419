"""Requests about a session go to the process that keeps it; every other one says 502, and the proxy asks the next.

Lives here: reading which session an address is about, before anything else looks
at the request. Not here: who keeps what (`keepers.py`). Only among several
processes is this layer there at all.

A refusal comes before anything has happened, so the proxy may pass the request on
whatever it was (deploy/nginx/many.conf).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from flask import Flask
from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError

from ..errors import WorkshopError
from ..house import House
from ..models import LiveSession

NAMED = re.compile(r"^/(?:s|staff/sessions)/(?P<live>[\w-]{20,32})(?:/|$)|^/(?:j|stage)/(?P<token>[\w-]{20,32})(?:/|$)")
SOCKETS = "/socket.io/"


class Door:
    """WSGI layer: welcomes what is about a session of this process."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], house: House) -> None:
        self._inner = inner
        self._house = house

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            live_id = self._about(environ)
            if live_id:
                self._house.keepers.welcome(live_id)
        except WorkshopError as error:
            status = "502 Bad Gateway" if error.status == 502 else "503 Service Unavailable"
            start_response(
                status,
                [("Content-Type", "text/plain; charset=utf-8"), ("Retry-After", "1"), ("Cache-Control", "no-store")],
            )
            return [f"{error.sentence}\n".encode()]
        except SQLAlchemyError:
            pass  # the page itself says that nothing can be read
        return self._inner(environ, start_response)

    def _about(self, environ: dict[str, Any]) -> str:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(SOCKETS):
            names = parse_qs(str(environ.get("QUERY_STRING", ""))[:2000]).get("live", [""])
            return self._by_any_name(names[0]) if 0 < len(names[0]) <= 64 else ""
        found = NAMED.match(path)
        if found is None:
            return ""
        return str(found["live"]) if found["live"] else self._by_any_name(found["token"])

    def _by_any_name(self, name: str) -> str:
        if self._house.keepers.keeps(name):
            return name
        with self._house.database.transaction() as session:
            live_id = session.scalar(
                select(LiveSession.id).where(
                    or_(LiveSession.id == name, LiveSession.join_token == name, LiveSession.stage_token == name)
                )
            )
        return live_id or ""


def init_app(app: Flask) -> None:
    """Put the door in front of pages and sockets, where there are several processes."""
    house: House = app.extensions["house"]
    if house.keepers.several:
        app.wsgi_app = Door(app.wsgi_app, house)  # type: ignore[method-assign]
