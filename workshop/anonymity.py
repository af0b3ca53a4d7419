"""The contract's pure functions: secrets, tags, floors, pools, order, text.

Lives here: everything of the anonymity contract that needs neither a database
nor a request; each function names the promise it serves. Not here: where
answers lie (`ballots.py`), what may be published of counts (`publication.py`),
who may see what (`screens/`).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import random
import secrets
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SECRET_BYTES = 32
SEAT_DAYS = 60  # My notes and the reports stay reachable past the second check-in, six weeks after the end
ROOM_FLOOR = 5
FEWEST_IN_A_GROUP = 3  # a group card speaks for so many at least (promise 3)
FEWEST_GROUPS = 2
WORDS_FLOOR = 10
LOWEST_ROOM_FLOOR = 3
LOWEST_WORDS_FLOOR = 5
EXACT_FROM = 10  # from this many answers on numbers are shown instead of shape (promise 10)
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ2345679"  # 30 symbols; no I L O 0 1 8
CODE_LENGTH = 6

_SYSTEM = random.SystemRandom()


def new_id() -> str:
    """Return 128 random bits, safe in an address."""
    return secrets.token_urlsafe(16)


def new_secret() -> bytes:
    """Return a fresh secret T of a phone: 256 random bits. The server keeps none."""
    return secrets.token_bytes(SECRET_BYTES)


def new_code() -> str:
    """Return a join code: six symbols that cannot be mistaken for one another."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def seat_cookie(live_id: str, https: bool) -> str:
    """Return the name of the cookie that holds a phone's seat in one live session."""
    return f"{'__Host-' if https else ''}seat-{live_id}"


def seat_value(server_secret: bytes, live_id: str, secret: bytes) -> str:
    """Return the cookie value: T and a server MAC over (T, live session)."""
    return f"{_b64(secret)}.{_b64(_seat_mac(server_secret, live_id, secret))}"


def read_seat(server_secret: bytes, live_id: str, value: str | None) -> bytes | None:
    """Return T of a valid seat in this live session, else None. Never raises."""
    if not value or len(value) > 200 or value.count(".") != 1:
        return None
    try:
        secret, mac = (_unb64(part) for part in value.split("."))
    except (ValueError, binascii.Error):
        return None
    if len(secret) != SECRET_BYTES:
        return None
    return secret if hmac.compare_digest(mac, _seat_mac(server_secret, live_id, secret)) else None


def _seat_mac(server_secret: bytes, live_id: str, secret: bytes) -> bytes:
    return hmac.digest(server_secret, b"seat\0" + live_id.encode() + b"\0" + secret, "sha256")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def tag(secret: bytes, run_id: str) -> bytes:
    """Return the one-time name under which a phone's answer lies in one run (promise 4).

    HMAC-SHA256(T, run id): tags of different runs share nothing, and without T
    none can be computed.
    """
    return hmac.digest(secret, run_id.encode(), "sha256")


def shuffled(items: Sequence[T]) -> list[T]:
    """Return the items in an order drawn from the system's random source (promises 1, 4, 5)."""
    result = list(items)
    _SYSTEM.shuffle(result)
    return result


def pick(items: Sequence[T], count: int) -> list[T]:
    """Return `count` of the items, drawn at random, in random order (promise 2)."""
    return _SYSTEM.sample(list(items), count)


def pool_size(room_floor: int) -> int:
    """Return k of the pool mix: at least five, and never below the room's floor (promise 2)."""
    return max(5, room_floor)


def pool_is_ripe(waiting: int, room_floor: int) -> bool:
    """Return whether k answers may leave the pool: 2k wait, so k always stay (promise 2)."""
    return waiting >= 2 * pool_size(room_floor)


def people_said(people: int) -> int | None:
    """Return how many answered as far as it may be kept: exact from 10 on, else None (promise 10)."""
    return people if people >= EXACT_FROM else None


_REPLACE = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u2039\u203a\u02bc\u00b4\u2032"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033"), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-"),
    ord("\u2026"): "...",
    ord("\t"): " ",
    ord("\r"): "\n",
    ord("\u2028"): "\n",
    ord("\u2029"): "\n",
}
_JOINERS = "\u200d\u200c"  # emoji sequences and several scripts need them; alone they are an invisible text
_MARKS_IN_A_ROW = 8  # more only serves to cover other people's text


def normalise(text: str) -> str:
    """Return text without the traces of a keyboard: the same for everybody who wrote the same (promise 14).

    NFC, straight quotes and dashes, three dots, plain spaces; control and
    direction characters, lone surrogates and piles of combining marks go.
    Lines stay. Never raises.
    """
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore").replace("\r\n", "\n")
    plain = "".join(_plain(char) for char in unicodedata.normalize("NFC", text).translate(_REPLACE))
    # Composed once more: what stood between a letter and its accent may just have gone.
    text = _without_piles(unicodedata.normalize("NFC", plain))
    squeezed: list[str] = []
    for line in text.split("\n"):
        line = " ".join(part for part in line.split(" ") if part.strip(_JOINERS))
        if line or (squeezed and squeezed[-1]):
            squeezed.append(line)
    return "\n".join(squeezed).strip()


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    dropped = category in ("Cc", "Cf", "Cs", "Co", "Cn") and char != "\n" and char not in _JOINERS
    return "" if dropped else char


def _without_piles(text: str) -> str:
    out: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks <= _MARKS_IN_A_ROW:
            out.append(char)
    return "".join(out)
