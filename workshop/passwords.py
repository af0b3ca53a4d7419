"""Passwords: which are good enough, and how they are kept.

Lives here: the rule for new ones, argon2id, and doing its work where it does not
stop the server. Not here: whose they are (`accounts.py`).
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .errors import WorkshopError
from .words import _

T = TypeVar("T")

SHORTEST = 12
LONGEST = 256  # argon2 takes any length; a megabyte would only burn time

WORST = frozenset(
    {
        "123456789012",
        "1234567890123",
        "012345678901",
        "111111111111",
        "000000000000",
        "passwordpassword",
        "password1234",
        "password12345",
        "password123456",
        "qwertyuiopas",
        "qwertyuiop123",
        "qwerty123456",
        "iloveyou1234",
        "letmeinletmein",
        "administrator",
        "adminadminadmin",
        "welcomewelcome",
        "welcome12345",
        "changemechangeme",
        "abcdefghijkl",
        "abc123abc123",
        "unstuckunstuck",
        "correcthorsebatterystaple",
        "workshopworkshop",
        "trustno1trustno1",
        "monkeymonkey",
        "dragondragon",
        "football1234",
        "sunshine1234",
        "princess1234",
    }
)

_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
"""Two hashes at a time: each takes 64 MiB, and a flood of sign-ins must not fill the memory."""


def hash(password: str) -> str:
    """Return the argon2id hash of `password`, computed in a real thread."""
    return _in_thread(lambda: _hasher.hash(password))


def check(email: str, password: str) -> None:
    """Raise WorkshopError when nobody should use this password."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        raise WorkshopError(
            _("This password is too short. Use at least %(n)s characters.", n=SHORTEST),
            code="weak_password",
        )
    if len(password) > LONGEST:
        raise WorkshopError(_("Use at most %(n)s characters.", n=LONGEST), code="weak_password")
    if folded.strip() == email.casefold() or folded.strip() == email.partition("@")[0].casefold():
        raise WorkshopError(_("Choose a password that is not your e-mail address."), code="weak_password")
    if folded in WORST or len(set(folded)) < 4:
        raise WorkshopError(
            _("This password is among the first anybody would try. Choose another."), code="weak_password"
        )


def verify(hashed: str, password: str) -> bool:
    """Return whether `password` is the one behind `hashed`."""

    def work() -> bool:
        try:
            return _hasher.verify(hashed, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False  # inside: an exception that leaves a gevent thread is logged as a fault

    return _in_thread(work)


def is_outdated(hashed: str) -> bool:
    """Return whether `hashed` was made with weaker parameters than are used today."""
    return _hasher.check_needs_rehash(hashed)


@cache
def nobodys_hash() -> str:
    """Return a hash that no password fits: an unknown user costs the same work as a known one."""
    return hash(secrets.token_urlsafe(32))


def _in_thread(work: Callable[[], T]) -> T:
    """Run `work` in a real thread where greenlets would otherwise stand still for its 50-100 ms."""
    with _at_once:
        monkey = sys.modules.get("gevent.monkey")
        if monkey is not None and monkey.is_module_patched("threading"):
            import gevent

            result: T = gevent.get_hub().threadpool.apply(work)
            return result
        return work()
