"""What a connection may say. Thin: who is this, one service, answer.

Lives here: the five events of the wire and the translation of errors to
acknowledgements. Not here: any decision; rights are read anew at every event.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Flask, g
from flask_babel import force_locale

from .. import answers, breakouts, live_sessions, padding
from ..ballots import Ballot
from ..errors import WorkshopError
from ..house import House
from ..words import _, locale_of
from .coalescer import Coalescer
from .rooms import Caller, Registry, room
from .transport import Transport

log = logging.getLogger(__name__)

Ack = dict[str, Any]

_as_sent = json.JSONEncoder(separators=(",", ":")).encode
"""As both transports write it: one byte more would tell a pass from an answer again."""

NOTE_BYTES = 1024
"""Steps in which the notes that answer a signal are filled up: the longest names places and contacts."""

PLACE_BYTES = 128
"""A phone that writes in its breakout and one that does not are told as much (promise 12)."""


def register(transport: Transport, registry: Registry, coalescer: Coalescer, house: House) -> None:
    """Hang the events of the wire on the transport."""
    app: Flask = coalescer.app

    def connect(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
        caller = registry.admit(app, sid, environ, auth)
        if caller is None:
            return False
        transport.enter(sid, room(caller.live_id, caller.audience, caller.role, caller.language))
        if caller.audience == "console":
            coalescer.mark(caller.live_id)  # the other consoles read who is here
        return True

    def disconnect(sid: str, *_reason: object) -> None:
        caller = registry.get(sid)
        registry.remove(sid)
        if caller is not None and caller.audience == "console":
            coalescer.mark(caller.live_id)

    def event(audience: str | None, work: Callable[[Caller, dict[str, Any]], Ack]) -> Callable[..., Ack]:
        def handle(sid: str, payload: object = None, *_rest: object) -> Ack:
            caller = registry.get(sid)
            if caller is None:
                return _refusal("forbidden", "")
            if not caller.may_speak():
                transport.drop(sid)
                return _refusal("throttled", "")
            if audience is not None and caller.audience != audience:
                return _refusal("forbidden", "")
            given = payload if isinstance(payload, dict) else {}
            return in_words(caller, lambda: work(caller, given))

        return handle

    def in_words(caller: Caller, work: Callable[[], Ack]) -> Ack:
        """Do something for a caller; whatever goes wrong becomes a refusal in their language."""
        with app.app_context():
            g.language = caller.speaks
            with force_locale(locale_of(g.language)):
                try:
                    return work()
                except answers.Older as error:
                    return {**_refusal(error.code, error.sentence), "revision": error.revision}
                except WorkshopError as error:
                    return _refusal(error.code, error.sentence)
                except Exception as error:
                    log.error("an event failed: %s", type(error).__name__)
                    return _refusal(
                        "failed", _("Something went wrong on the server. What you wrote is still here; try again.")
                    )

    def answer_soon(sid: str, payload: object, reply: Callable[[Ack], None]) -> bool:
        """Take an answer on the short way: no database, no waiting, acknowledged after the batch's commit."""
        caller = registry.get(sid)
        if caller is None or caller.audience != "phone" or caller.secret is None or not caller.has_breath():
            return False
        if not isinstance(payload, dict) or "fields" not in payload:
            return False

        def told(ballot: Ballot) -> None:
            def acknowledge() -> Ack:
                return {"ok": True, "revision": answers.receipt(house, caller.live_id, ballot).revision}

            saved = ballot.decided is not None and ballot.decided.status == "saved"
            reply(acknowledge() if saved else in_words(caller, acknowledge))

        run_id, revision = _text(payload.get("run")), payload.get("revision", 0)
        taken = answers.cast_soon(house, caller.live_id, caller.secret, run_id, revision, payload["fields"], told)
        return taken and caller.may_speak()

    def answer(caller: Caller, payload: dict[str, Any]) -> Ack:
        if "fields" not in payload:  # a pass is said, never assumed
            return _refusal("invalid_answer", _("This answer could not be read. Reload the page and try again."))
        fields = payload["fields"]
        receipt = answers.cast(
            house, caller.live_id, caller.secret or b"", _text(payload.get("run")), payload.get("revision", 0), fields
        )
        return {"ok": True, "revision": receipt.revision}

    def mine(caller: Caller, payload: dict[str, Any]) -> Ack:
        own = answers.mine(house, caller.live_id, caller.secret or b"", _text(payload.get("run")))
        told = {
            "ok": True,
            "revision": own.revision,
            "fields": own.fields,
            "passed": own.passed,
            "spent": own.spent,
        }
        # The same bytes for a pass and an answer, also to a phone that comes back (promise 12).
        return {**told, "pad": "-" * padding.lacking(len(_as_sent(told)), own.alike)}

    def screen(caller: Caller, payload: dict[str, Any]) -> Ack:
        if not registry.still(caller):
            return _refusal("forbidden", _("You have no part in this session any more."))
        return coalescer.message(caller.live_id, caller.audience, caller.role, caller.language) or _refusal(
            "not_found", ""
        )

    def move(caller: Caller, payload: dict[str, Any]) -> Ack:
        role = registry.role(caller)
        version = payload.get("version")
        new = live_sessions.move(
            house,
            role,
            caller.live_id,
            _text(payload.get("command")),
            _text(payload.get("argument")),
            version if isinstance(version, int) else 0,
        )
        house.desks.press(caller.live_id, caller.name)
        coalescer.hurry(caller.live_id)
        return {"ok": True, "version": new}

    def signal(caller: Caller, payload: dict[str, Any]) -> Ack:
        note = live_sessions.signal(house, caller.live_id, caller.secret or b"", _text(payload.get("what")))
        told = {"ok": True, "sentence": note}
        # Whoever watches the network must not tell a wish for a word from "slower".
        return {**told, "pad": "-" * padding.lacking(len(_as_sent(told)), NOTE_BYTES)}

    def breakout(caller: Caller, payload: dict[str, Any]) -> Ack:
        what, run_id = _text(payload.get("what")), _text(payload.get("run"))
        place = breakouts.ask(house, caller.live_id, caller.secret or b"", run_id, what)
        told = json.dumps(asdict(place) if place else None)
        return {"ok": True, "place": json.loads(told), "pad": "-" * max(0, PLACE_BYTES - len(told))}

    transport.on("connect", connect)
    transport.on("disconnect", disconnect)
    transport.on("answer", event("phone", answer))
    transport.shortcut("answer", answer_soon)
    transport.on("mine", event("phone", mine))
    transport.on("signal", event("phone", signal))
    transport.on("breakout", event("phone", breakout))
    transport.on("screen", event(None, screen))
    transport.on("move", event("console", move))


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= 200 else ""


def _refusal(code: str, sentence: str) -> Ack:
    return {"ok": False, "code": code, "sentence": sentence}
