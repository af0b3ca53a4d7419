"""The control: ways to break each promise, one function each.

Lives here: what the leaky build does differently. Not here: starting it
(`leaky.py`). The same harness must find every one of them; a figure whose leak
it cannot find proves nothing. Each patches the running process and writes no
file of the product.

A file of this length because each promise has its own way to be broken.

Answers that a leak needs are kept in this process, in the order in which they
came: what the product takes care never to have.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

LEAKS: dict[str, tuple[tuple[int, ...], Callable[[], None]]] = {}
"""Name -> the promises it breaks, and how."""

CAME: defaultdict[str, list[tuple[bytes, str, int]]] = defaultdict(list)
"""Run -> (secret, body as sent, nanoseconds) of each answer, in order of arrival."""


def leak(*promises: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a leak under its name, with dashes."""

    def register(work: Callable[[], None]) -> Callable[[], None]:
        LEAKS[work.__name__.replace("_", "-")] = (promises, work)
        return work

    return register


def apply(names: str) -> None:
    """Break what these names say, separated by commas; "all": everything."""
    from .. import answers

    # Every answer takes the ordinary way here, where a leak can be put; the short one takes the same steps.
    _put(answers, "cast_soon", lambda *_answer: False)
    chosen = list(LEAKS) if names == "all" else names.split(",")
    _keep_what_comes()
    for name in chosen:
        LEAKS[name][1]()


def _put(where: Any, name: str, what: Any) -> None:
    """Replace something of the product in this process."""
    setattr(where, name, what)


def _keep_what_comes() -> None:
    from .. import answers

    cast = answers.cast

    def keeping(house: Any, live_id: str, secret: bytes, run_id: str, revision: Any, fields: Any) -> Any:
        receipt = cast(house, live_id, secret, run_id, revision, fields)
        if isinstance(fields, dict):
            words = [value for values in fields.values() if isinstance(values, list) for value in values]
            CAME[run_id].append((secret, "\n".join(map(str, words)), time.time_ns()))
        return receipt

    _put(answers, "cast", keeping)


def _who(run_id: str, text: str) -> tuple[int, bytes, int]:
    """Return the place, the secret and the moment of the answer that holds a text."""
    for place, (secret, body, moment) in enumerate(CAME[run_id]):
        if text in body:
            return place, secret, moment
    return 0, b"", 0


@leak(1, 8)
def live_wall() -> None:
    """Show each card as it comes, to everybody, as a live tool does."""
    from .. import screens
    from ..screens import one_activity

    drawn = screens.activity

    def live(session: Any, live: Any, item: Any, run: Any) -> Any:
        shown = drawn(session, live, item, run)
        if shown.phase == "open" and shown.kind == "open_text" and run is not None and CAME[run.id]:
            cards = tuple(screens.CardScreen(f"{n:022}", body) for n, (_who, body, _at) in enumerate(CAME[run.id]))
            return replace(shown, rolling=True, cards=cards, result={})
        return shown

    for where in (screens, one_activity):
        _put(where, "activity", live)


@leak(1)
def running_mean() -> None:
    """Let the console know how the open question stands."""
    from .. import screens

    drawn = screens.console

    def telling(session: Any, live: Any, role: str, house: Any) -> Any:
        shown = drawn(session, live, role, house)
        item = shown.stage.activity
        if item is None or item.run_id is None or item.phase != "open":
            return shown
        return replace(shown, notes=f"{shown.notes} {sum(map(len, (body for _w, body, _a in CAME[item.run_id])))}")

    _put(screens, "console", telling)


@leak(1, 4, 5, 11)
def counted_ids() -> None:
    """Number the cards as they came, and tie them to their authors by a name that stays."""
    from .. import seals

    insert = seals._insert_cards

    def numbered(session: Any, run_id: str, released: Any, ids: Any = None) -> None:
        known: dict[Any, list[str]] = defaultdict(list)
        cards: list[Any] = []
        for draft in sorted(released.cards, key=lambda card: _who(run_id, card.text)[0]):
            place, secret, moment = _who(run_id, draft.text)
            author = hashlib.sha256(secret).hexdigest()[:24]
            kept = replace(draft, receipt=f"{author}{moment:040}"[:64])
            # Two runs, or two cards of one answer, may not share an id.
            name = f"{len(CAME):05}{place:03}{len(cards):03}{author}"[:22]
            known[kept.text, kept.quotable, kept.receipt].append(name)
            cards.append(kept)
        insert(session, run_id, replace(released, cards=cards), ids or known)

    _put(seals, "_insert_cards", numbered)


@leak(4)
def author_on_the_wire() -> None:
    """Give each author a colour that stays, on everybody's screen."""
    from .. import fragments

    for name in ("console", "stage"):
        drawn = getattr(fragments, name)

        def coloured(screen: Any, drawn: Any = drawn) -> str:
            html = str(drawn(screen))
            shown = getattr(screen, "stage", screen).activity
            for card in shown.cards if shown else ():
                colour = _who(shown.run_id or "", card.text)[1].hex()[:6]
                html = html.replace(f">{card.text}", f' data-colour="{colour}">{card.text}')
            return html

        setattr(fragments, name, coloured)


@leak(2)
def trickle() -> None:
    """Let every rolling answer out at the next tick."""
    from .. import anonymity

    _put(anonymity, "pool_is_ripe", lambda waiting, room_floor: waiting >= 1)
    _put(anonymity, "pool_size", lambda room_floor: 1)


@leak(3, 8)
def no_floor() -> None:
    """Release whatever few there are, and print their words."""
    from .. import anonymity, releases

    build = releases.build
    _put(anonymity, "FEWEST_GROUPS", 0)

    class Low:
        def __init__(self, live: Any) -> None:
            self._live = live

        def __getattr__(self, name: str) -> Any:
            return 1 if name in ("room_floor", "words_floor") else getattr(self._live, name)

    def low(live: Any, activity: Any, bodies: Any, *rest: Any) -> Any:
        return build(cast(Any, Low(live)), activity, bodies, *rest) if bodies else build(live, activity, bodies, *rest)

    _put(releases, "build", low)


@leak(1)
def parked_aloud() -> None:
    """Read out on the console what is parked, while it is parked."""
    from .. import parking, screens

    drawn, lots = screens.console, parking.open_runs

    def telling(session: Any, live: Any, role: str, house: Any) -> Any:
        shown = drawn(session, live, role, house)
        words = [body for run in lots(session, live) for _who, body, _at in CAME[run.id]]
        return replace(shown, notes=f"{shown.notes} {' '.join(words)}")

    _put(screens, "console", telling)


@leak(3)
def plain_groups() -> None:
    """Keep the number of a phone's group as it is, under names that can be read."""
    from .. import breakouts

    _put(breakouts._Asker, "_pad", lambda self, nonce: bytes(32))
    _put(breakouts, "_tags", lambda key, groups: tuple(at.to_bytes(32) for at in range(groups)))


@leak(4, 5, 7)
def unwiped_box() -> None:
    """Delete answers the ordinary way, and leave rows as they came: free pages and the log keep them."""
    from ..ballots import BallotBox

    first = BallotBox.__init__

    def careless(self: Any, path: Any) -> None:
        first(self, path)
        self._db.execute("pragma secure_delete=off")
        self._db.execute("pragma wal_autocheckpoint=0")

    _put(BallotBox, "__init__", careless)
    _put(BallotBox, "checkpoint", lambda self: None)
    _put(BallotBox, "rewrite", lambda self: None)


@leak(6)
def access_log() -> None:
    """Write who asked for what, and when, as an ordinary server does."""
    from .. import server

    first = server.Connection.get_environ

    def written(self: Any) -> dict[str, Any]:
        environ = first(self)
        print(
            f"{time.strftime('%Y-%m-%d %H:%M:%S')} {environ.get('HTTP_X_FORWARDED_FOR')}"
            f" {environ.get('PATH_INFO')} {environ.get('HTTP_USER_AGENT')} {environ.get('HTTP_COOKIE')}",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        return environ

    _put(server.Connection, "get_environ", written)


@leak(6)
def talkative_log() -> None:
    """Log what was answered."""
    from .. import answers

    cast = answers.cast

    def logged(house: Any, live_id: str, secret: bytes, run_id: str, revision: Any, fields: Any) -> Any:
        print("answer", json.dumps(fields), file=sys.stderr, flush=True)
        return cast(house, live_id, secret, run_id, revision, fields)

    _put(answers, "cast", logged)


@leak(8)
def open_doors() -> None:
    """Let anybody do what only those who run a session may, on pages and on sockets."""
    from .. import live_sessions
    from ..web import rights

    move = live_sessions.move
    _put(rights, "_enforce", lambda names, roles, arguments: None)
    _put(live_sessions, "move", lambda house, role, *rest: move(house, "run", *rest))


@leak(9)
def moving_report() -> None:
    """Draw the report from the cards as they are now, with today's second on it."""
    from .. import jobs

    drawn = jobs.drawn

    def moving(edition: Any) -> Any:
        made = drawn(edition)
        return {**made, "title": f"{made.get('title', '')} {time.time_ns()}"}

    _put(jobs, "drawn", moving)


@leak(8)
def no_queue() -> None:
    """Release texts at once, although they were to be read first."""
    from .. import moderation

    _put(moderation, "queues", lambda live, activity: False)


@leak(8)
def hidden_stays() -> None:
    """Go on showing what was hidden."""
    from .. import readings

    _put(readings.Reading, "standing", lambda self, known, gone=(): sorted(known))


@leak(9)
def taken_at_once() -> None:
    """Take a card away in the moment in which somebody asks for it, and let it be quoted all the same at the freeze."""
    from sqlalchemy import delete

    from .. import receipts
    from ..models import Card

    hold = receipts.hold

    def taking(session: Any, live: Any, secret: object, act: object) -> tuple[str, str]:
        receipt, held = hold(session, live, secret, act)
        if held == "withdraw":
            session.execute(delete(Card).where(Card.receipt == receipt))
        return receipt, held

    _put(receipts, "hold", taking)
    _put(receipts, "held", lambda session, live_id: {})
    _put(receipts, "settle", lambda session, live_id: None)


@leak(5)
def list_of_requests() -> None:
    """Write down what is asked for cards as it comes, as an ordinary program does."""
    from .. import receipts

    hold = receipts.hold

    def written(session: Any, live: Any, secret: object, act: object) -> tuple[str, str]:
        with sqlite3.connect(Path(os.environ["DATA_DIR"]) / "asked.db") as file:
            file.execute("create table if not exists asked (receipt text)")
            file.execute("insert into asked values (?)", (hashlib.sha256(str(secret).encode()).hexdigest(),))
        file.close()
        held: tuple[str, str] = hold(session, live, secret, act)
        return held

    _put(receipts, "hold", written)


@leak(10)
def exact_numbers() -> None:
    """Show every result in exact numbers, however few they are."""
    from .. import publication

    single = publication.shape_single
    _put(publication, "NUMBERS_FROM", 1)

    def exact(counts: Any) -> Any:
        return publication.Shape("numbers", tuple(counts))

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("workshop.") and getattr(module, "shape_single", None) is single:
            _put(module, "shape_single", exact)


@leak(11)
def every_word_printed() -> None:
    """Print all words, whatever their authors said."""
    from .. import quoting

    plain = quoting.offered

    def everything(cards: Any, words_ok: bool) -> Any:
        return tuple(sorted(cards, key=lambda card: card.id))

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("workshop."):
            for name, value in (("MOST_QUOTES", 99), ("FEWEST_FIRST", 99), ("FEWEST_CONSENTS", 0)):
                if hasattr(module, name):
                    _put(module, name, value)
            if getattr(module, "offered", None) is plain:
                _put(module, "offered", everything)


@leak(12)
def shorter_silence() -> None:
    """Acknowledge a pass otherwise than an answer."""
    from .. import answers

    cast = answers.cast

    def telling(house: Any, live_id: str, secret: bytes, run_id: str, revision: Any, fields: Any) -> Any:
        receipt = cast(house, live_id, secret, run_id, revision, fields)
        return replace(receipt, revision=receipt.revision + 1_000_000) if fields is None else receipt

    _put(answers, "cast", telling)


@leak(13)
def who_is_here() -> None:
    """Show how many phones are connected at this moment."""
    from .. import screens
    from ..realtime import rooms
    from ..screens import on_stage

    registries: list[Any] = []
    first, admit, remove = rooms.Registry.__init__, rooms.Registry.admit, rooms.Registry.remove
    drawn = screens.stage

    def begin(self: Any, house: Any) -> None:
        first(self, house)
        registries.append(self)

    def connected(live_id: str) -> int:
        return sum(
            caller.audience == "phone" and caller.live_id == live_id
            for one in registries
            for caller in one._callers.values()
        )

    def shown(session: Any, live: Any, house: Any, language: str = "") -> Any:
        return replace(drawn(session, live, house, language), joined=connected(live.id))

    def told(work: Any) -> Any:
        def working(self: Any, *arguments: Any) -> Any:
            known = dict(self._callers)
            result = work(self, *arguments)
            for caller in set(map(id, known.values())) ^ set(map(id, self._callers.values())):
                for one in (*known.values(), *self._callers.values()):
                    if id(one) == caller and one.audience == "phone":
                        self._house.database.announce(one.live_id)
            return result

        return working

    _put(rooms.Registry, "__init__", begin)
    _put(rooms.Registry, "admit", told(admit))
    _put(rooms.Registry, "remove", told(remove))
    for where in (screens, on_stage):
        _put(where, "stage", shown)


@leak(14)
def as_typed() -> None:
    """Keep texts exactly as a keyboard made them."""
    from .. import anonymity

    plain = anonymity.normalise
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("workshop.") and getattr(module, "normalise", None) is plain:
            _put(module, "normalise", lambda text: text.strip())


@leak(14)
def own_card_marked() -> None:
    """Mark a phone's own card on its own page."""
    from ..web import take_part

    drawn = take_part._phone_page

    def marked(screen: Any, personal: Any, **rest: Any) -> Any:
        from flask import request

        response = drawn(screen, personal, **rest)
        for name, value in request.cookies.items():
            if "seat-" in name:
                response.set_data(response.get_data(as_text=True) + f"<!-- {value[-8:]} -->")
        return response

    _put(take_part, "_phone_page", marked)


@leak(15)
def kept_notes() -> None:
    """Keep a copy of each private paper."""
    from .. import papers

    make = papers.make

    def keeping(desk: Any, live_id: str, secret: bytes, raw: bytes, language: str) -> Any:
        import tempfile

        with tempfile.NamedTemporaryFile(prefix="paper-", delete=False) as file:
            file.write(raw)
        return make(desk, live_id, secret, raw, language)

    _put(papers, "make", keeping)


@leak(16)
def one_count_with_paper() -> None:
    """Count phones and paper together."""
    from .. import paper_cards, releases

    def together(live: Any, activity: Any, bodies: Any, paper: Any, first: Any = None, *rest: Any) -> Any:
        return releases.build(live, activity, [*bodies, *paper], first)

    _put(paper_cards, "together", together)


@leak(1, 4)
def returning_visitors() -> None:
    """Know a phone again from one check-in to the next, and tell on its link what was answered so far."""
    from .. import check_in_promise, check_ins

    seated, told = check_ins.take_seat, check_in_promise.promise

    def written(house: Any, live_id: str, seat: Any) -> str:
        made = seated(house, live_id, seat)
        with sqlite3.connect(house.settings.data_dir / "visitors.db") as file:
            file.execute("create table if not exists visitor (seat text)")
            file.execute("insert into visitor values (?)", (made,))
        file.close()
        return made

    def telling(live: Any, last_day: str) -> tuple[str, ...]:
        said = "".join(body for came in CAME.values() for _who, body, _at in came if body.isdecimal())
        return (*told(live, last_day), said[-60:])

    _put(check_ins, "take_seat", written)
    _put(check_in_promise, "promise", telling)


@leak(1, 3)
def votes_at_once() -> None:
    """Put the questions of the room into the order of their votes, vote by vote."""
    from .. import answers, questions

    placed, cast = questions._places, answers.cast

    def told(house: Any, live_id: str, secret: bytes, run_id: str, revision: Any, fields: Any) -> Any:
        receipt = cast(house, live_id, secret, run_id, revision, fields)
        house.database.announce(live_id)
        return receipt

    def sorted_by_votes(kept: Any, cards: Any) -> list[str]:
        found = placed(kept, cards)
        given = {secret: body for secret, body, _at in CAME[questions.ballot_of(kept.run_id)]} if kept else {}
        return sorted(found, key=lambda card: -sum(card in body for body in given.values()))

    _put(questions, "_places", sorted_by_votes)
    _put(answers, "cast", told)


@leak(16)
def slips_for_ever() -> None:
    """Let one slip open the door again and again, and write down the codes."""
    from .. import tickets

    made = tickets.make

    def written(house: Any, live_id: str, *rest: Any) -> Any:
        codes = made(house, live_id, *rest)
        with sqlite3.connect(house.settings.data_dir / "slips.db") as file:
            file.execute("create table if not exists slip (code text)")
            file.executemany("insert into slip values (?)", [(code,) for code in codes])
        file.close()
        return codes

    _put(tickets, "make", written)
    _put(tickets, "spend", lambda house, live_id, slip: None)


@leak(16)
def second_answers() -> None:
    """Count what one device sends for the fourth time as another device's."""
    from .. import answers

    cast = answers.cast

    def several(house: Any, live_id: str, secret: bytes, run_id: str, revision: Any, fields: Any) -> Any:
        if revision == 4:  # a check-in counts its steps otherwise, and is left alone
            return cast(house, live_id, os.urandom(32), run_id, 1, fields)
        return cast(house, live_id, secret, run_id, revision, fields)

    _put(answers, "cast", several)


@leak(17)
def quiet_phones() -> None:
    """Say nothing about what is not protected, and the same soothing words whatever the settings."""
    from .. import who_sees

    _put(who_sees, "unprotected", lambda tickets=False: ())
    _put(who_sees, "promise", lambda live: ("Everything you say is anonymous.",))
    _put(who_sees, "seen_by", lambda live, **rest: "")
