"""How often one source may ask for work that costs.

Lives here: the limiter for HTTP, in memory only (promise 6: it counts by
address). Not here: failures at the door (`take_part`) and at sign-in
(`backoff`), which count what went wrong, and sockets (`realtime`).
"""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter

from ..addresses import source_of


def source() -> str:
    """Return whom to count: the client's address, as far as proxies are trusted."""
    return source_of(request.remote_addr)


limiter = Limiter(key_func=source, storage_uri="memory://", strategy="moving-window", headers_enabled=False)

passwords = limiter.limit("60 per minute", methods=["POST"])
"""For forms that hash a password: 64 MiB and 50-100 ms each. An office signing in behind one address stays below."""

provider = limiter.limit("60 per minute")
"""For ways to and from a sign-in provider, whatever the method: each asks another server one to three questions."""

acts = limiter.limit("600 per minute", methods=["POST"])
"""For what a phone asks of its own cards: an office of 300 behind one address, two each."""


def init_app(app: Flask) -> None:
    """Start counting from nothing."""
    limiter.init_app(app)
