"""Promises 9, 10 and 11: what a report may say, that it stays as it is, and what small numbers give away."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ..cast import Room
from ..pdf import words_of
from ..sorts import canary, fields_for
from ..verdicts import Finding, count
from ..wire import Browser, Reply
from . import World
from .sealed import shown

PRINTING = 150.0
"""Seconds at most until the manager's file is printed; a small machine needs a fifth of it."""
MOST_QUOTES = 6
OPTIONS = ("red", "blue", "green", "grey")
FEW = 5


def report(world: World) -> Iterator[Finding]:
    """Freeze a session and read the manager's page and file, then let somebody withdraw: not a byte may move."""
    room = world.room(["text", "text", "to-manager", "cloud", "scale"], 12)
    quotable: list[set[str]] = [set() for _sort in room.sorts]
    kept: list[str] = []
    receipts: dict[str, str] = {}
    for number, (sort, agreeing) in enumerate(zip(room.sorts, (9, 2, 5, 0, 0), strict=True)):
        if number:
            room.press("next")
        run_id = room.open()
        for person, phone in enumerate(room.phones):
            word, consents = canary(), person < agreeing
            fields = fields_for(sort, word, quotable=consents)
            if sort == "text":
                receipts[word] = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode()
                fields["receipt-0"] = [hashlib.sha256(receipts[word].encode()).hexdigest()]
            phone.send(run_id, fields)
            if sort != "scale":
                (quotable[number].add if consents else kept.append)(word)
        room.press("close")
    room.press("end")
    link = room.hand_over()
    reader = Browser(world.scratch.address)
    first, file = reader.get(link), _printed(room, reader, link)
    texts = {"the page": first.text, "the file": words_of(file.body) if file else ""}
    said = [f"{name}: {word}" for name, text in texts.items() for word in kept if word in text]
    for number, words in enumerate(quotable):
        for name, text in texts.items():
            printed = [word for word in words if word in text]
            if len(printed) > MOST_QUOTES or (printed and len(words) < 3):
                said.append(f"{name}: {len(printed)} of {len(words)} of question {number + 1}")
    looked = sum(any(word in text for word in quotable[0]) for text in texts.values())
    finding = count(
        "consent", 11, "manager", "a word printed without its author's consent, more than six of a question, or of fewer than three consents",
        said, looked * len(kept), "words on page and file",
    )  # fmt: skip
    if file is None:
        finding.figure += "; the PDF was not printed in time, so the page alone was read"
    yield finding
    changed, looked = [], 0
    for word in [*quotable[0], *kept][:4]:
        _withdraw(room, receipts.get(word, "x" * 22))
    for _time in range(2):
        looked += 1
        changed += ["the page"] if _page(reader.get(link)) != _page(first) else []
        if file:
            again = _printed(room, reader, link)
            looked += 1
            changed += ["the file"] if again is None or again.body != file.body else []
    reopened = room.consoles[0].call("move", {"command": "open", "version": room.live.version})
    changed += ["a question was asked again"] if reopened.get("ok") else []
    yield count(
        "frozen", 9, "manager", "a report that changed after its freeze, though somebody asked for a card back", changed, looked + 1, "looks"
    )  # fmt: skip
    world.words += [*kept, *(word for words in quotable for word in words)]
    world.done(room)


def _page(reply: Reply) -> bytes:
    return re.sub(rb'(name="csrf_token"[^>]*value=")[^"]+', rb"\1", reply.body)


def _printed(room: Room, reader: Browser, link: str) -> Reply | None:
    """Return the manager's file once it is printed, None when that takes too long."""
    end = time.monotonic() + PRINTING
    while time.monotonic() < end:
        reply = reader.get(f"{link}/report.pdf?paper=A4")
        if reply.body.startswith(b"%PDF-"):
            return reply
        room.frames()  # whoever does not answer a ping is cut off
        time.sleep(0.5)
    return None


def _withdraw(room: Room, receipt: str) -> None:
    phone = room.phones[0].browser
    token = re.search(
        r'data-csrf="([^"]+)"|name="csrf_token"[^>]*value="([^"]+)"', phone.get(f"/s/{room.live_id}/sent").text
    )
    csrf = (token[1] or token[2]) if token else ""
    body = json.dumps({"receipt": receipt, "act": "withdraw"}).encode()
    phone.ask("POST", f"/s/{room.live_id}/receipts", body, "application/json", **{"X-CSRFToken": csrf})


def shapes(world: World) -> Iterator[Finding]:
    """Play every possible result of five people and four options, and deduce what each screen leaves possible.

    The reader knows their own answer. Nobody may be certain of a count of 1, 2,
    n-2, n-1 or n.
    """
    results = list(_vectors(FEW, len(OPTIONS)))
    room = world.room(["choice"] * len(results), FEW)
    possible: defaultdict[tuple[str, int, int], set[int]] = defaultdict(set)
    for number, counts in enumerate(results):
        if number:
            room.press("next")
        run_id = room.open()
        picked = [name for name, votes in zip(OPTIONS, counts, strict=True) for _vote in range(votes)]
        for phone, name in zip(room.phones, picked, strict=True):
            phone.send(run_id, {"choice": [name]})
        room.press("close")
        output = "".join(_result(text) for text in shown(room, ("stage", "run", "phone 0")).values())
        for own, mine in enumerate(counts):
            for option, votes in enumerate(counts):
                if mine:
                    possible[output, own, option].add(votes)
    telling = {1, 2, FEW - 2, FEW - 1, FEW}
    certain = [
        f"{option + 1}. option: certainly {min(values)}"
        for (_output, _own, option), values in possible.items()
        if len(values) == 1 and values <= telling
    ]
    world.done(room)
    yield count(
        "shapes", 10, "co-participant", f"a count that is certain for somebody who knows their own answer, over all {len(results)} results of {FEW} people",
        certain, len(possible), "deductions",
    )  # fmt: skip


def _result(text: str) -> str:
    """Return what of a screen stands below the question: without ids and without the numbers of the question itself."""
    text = re.sub(r"(?s)<(nav|ol|ul)\b.*?</\1>", lambda found: "" if "genda" in found[0] else found[0], text)
    figures = re.findall(r"(?s)<figure.*?</figure>", text) or [text]
    whole = "".join(figures)
    return re.sub(r"Question \d+\?|\bq\d+\b", "Q", re.sub(r"[\w-]{22}", "*", whole))


def _vectors(people: int, options: int) -> Iterator[tuple[int, ...]]:
    if options == 1:
        yield (people,)
        return
    for first in range(people + 1):
        for rest in _vectors(people - first, options - 1):
            yield (first, *rest)


CHECKS: tuple[Any, ...] = (report, shapes)
