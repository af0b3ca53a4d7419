"""The peers' seat cookie: a secret and a MAC over it, as ours.

Lives here: what the peers and their driver share. Not here: our own seats
(`workshop.anonymity`).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

SEAT = "seat"


def cookie(key: str, live: str, secret: bytes) -> str:
    """Return the Cookie header of a phone with this secret."""
    return f"{SEAT}={_text(secret)}.{mac(key, live, secret)}"


def mac(key: str, live: str, secret: bytes) -> str:
    """Return what proves that the server made this seat."""
    return _text(hmac.new(key.encode(), live.encode() + secret, sha256).digest())


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
