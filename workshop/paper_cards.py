"""Answers that were written on paper and typed in by one person, beside those of the phones.

Lives here: typing a batch in, and what the seal makes of it. Not here: where it
lies until then (`ballot_paper.py`), the pages (`web/paper.py`), a participant's
own PDF (`papers.py`).

Whoever types a batch knows every answer in it. So phones and paper are two
rooms: each has to meet the floor by itself, each result is made as if there were
no other, and they are only shown at the same moment. What is published of the
phones is therefore the same, byte for byte, whether there is paper or not; a
result over both together would let the typist take their own batch off it and
read exact counts of the few who are left (tests/promises/test_03_paper.py plays
that). Cards, which are no counts, hang mixed on one wall.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from . import anonymity, answers, releases
from .activities import KINDS
from .errors import AnswerRefused, Closed, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import get, guide_of, run_of
from .models import LiveSession
from .releases import Released
from .words import _

MOST_ALIKE = 200
MOST_SHEETS = 1000


@dataclass(frozen=True)
class Sheet:
    """One typed sheet, for the person who typed it: its key in hexadecimal and its fields."""

    key: str
    fields: dict[str, list[str]]


@dataclass(frozen=True)
class Desk:
    """What can be typed in now. `run_id` is empty where nothing open takes paper; `why` then says it."""

    live: LiveSession
    activity: Activity | None
    run_id: str = ""
    why: str = ""


def takes(activity: Activity) -> bool:
    """Return whether answers to this can come on paper.

    A second round is compared with the first of the same phones, and questions
    from the room live on being voted on: both are for phones alone. So is a
    breakout, whose card speaks for phones that were dealt into it.
    """
    kind = KINDS[activity.kind]
    return (
        kind.asks
        and not getattr(activity, "again", "")
        and not getattr(kind, "takes_votes", False)
        and not kind.in_groups
    )


def desk(session: Session, live_id: str) -> Desk:
    """Return the question that is open now, as far as paper fits it."""
    live = get(session, live_id)
    if live.rehearsal:
        return Desk(live, None, why=_("This is a rehearsal. What you type in a real session would be shown here."))
    if live.phase != "running" or live.at is None:
        return Desk(live, None, why=_("Paper is typed in while its question is open. None is open now."))
    activity, run = guide_of(live).activity(live.at), run_of(session, live, live.at)
    if run is None or run.state != "open":
        return Desk(live, activity, why=_("Paper is typed in while its question is open. None is open now."))
    if not takes(activity):
        return Desk(live, activity, why=_("This one takes answers from phones alone."))
    return Desk(live, activity, run.id)


def type_in(
    house: House, actor_id: str, at: Desk, sheets: Sequence[Mapping[str, Any]], alike: int = 1, key: str = ""
) -> int:
    """Put sheets into the typist's batch (with `key`: in place of that one); return how many.

    Raises `AnswerRefused` when one does not fit the question, `Closed` after the
    close, `WorkshopError` where another person is typing. Then nothing was kept.
    """
    if at.activity is None or not at.run_id:
        raise Closed(at.why or _("This question has closed. What you typed is still here; nobody has seen it."))
    if not sheets:
        raise AnswerRefused(_("Type in at least one card."))
    if not 1 <= alike <= MOST_ALIKE:
        raise AnswerRefused(_("Enter how many sheets say this, from 1 to %(most)s.", most=MOST_ALIKE))
    kind, config, bodies = KINDS[at.activity.kind], at.activity.config, []
    for number, fields in enumerate(sheets, start=1):
        try:
            body = kind.clean(config, answers.checked_fields(fields))
        except AnswerRefused as refusal:
            if len(sheets) == 1:
                raise
            raise AnswerRefused(_("Sheet %(number)s: %(what)s", number=number, what=refusal.sentence)) from refusal
        bodies += [json.dumps(body, ensure_ascii=False, sort_keys=True)] * alike
    box = house.boxes.box(at.live.id)
    if box.sheets(at.run_id) + len(bodies) > MOST_SHEETS:
        raise AnswerRefused(_("More than %(most)s sheets do not fit one question.", most=MOST_SHEETS))
    outcome = box.type_in(at.run_id, _owner(house, at, actor_id), bodies, bytes.fromhex(key) if key else None)
    if outcome == "closed":
        raise Closed(_("This question has closed. What you typed is still here; nobody has seen it."))
    if outcome == "theirs":
        raise WorkshopError(
            _("Somebody else is typing in the paper of this question. One person types one question."), status=409
        )
    house.database.announce(at.live.id)
    return len(bodies)


def take_out(house: House, actor_id: str, at: Desk, key: str) -> None:
    """Take a sheet out of the typist's own batch again."""
    if at.run_id and key in {sheet.key for sheet in batch(house, actor_id, at)}:
        house.boxes.box(at.live.id).type_in(at.run_id, _owner(house, at, actor_id), [], bytes.fromhex(key))
        house.database.announce(at.live.id)


def batch(house: House, actor_id: str, at: Desk) -> list[Sheet]:
    """Return the sheets that this person typed in for the open question; nobody else's."""
    if at.activity is None or not at.run_id:
        return []
    kind = KINDS[at.activity.kind]
    rows = house.boxes.box(at.live.id).typed(at.run_id, _owner(house, at, actor_id))
    return [Sheet(key.hex(), kind.fields_of(at.activity.config, json.loads(body))) for key, body in rows]


def written(activity: Activity, text: str) -> list[dict[str, list[str]]]:
    """Return the sheets in a text: a card per line.

    Where a sheet may hold several cards an empty line divides the sheets: floors
    count people, not cards.
    """
    config, most = activity.config, activity.config.cards
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    if most == 1:
        groups = [[line] for line in lines if line]
    else:
        groups = [[]]
        for line in lines:
            if line:
                groups[-1].append(line)
            elif groups[-1]:
                groups.append([])
        groups = [group for group in groups if group]
    for number, group in enumerate(groups, start=1):
        if len(group) > most:
            raise AnswerRefused(
                _(
                    "Sheet %(number)s has %(cards)s lines; %(most)s fit. Put an empty line between two sheets.",
                    number=number,
                    cards=len(group),
                    most=most,
                )
            )
    extra = {"audience": ["room"]} if config.for_manager else {}  # on paper nobody was asked: nothing may be quoted
    return [{**{f"text-{i}": [line] for i, line in enumerate(group)}, **extra} for group in groups]


def as_lines(fields: Mapping[str, list[str]]) -> str:
    """Return a typed sheet as the lines it was typed in."""
    names = sorted((name for name in fields if name.startswith("text-")), key=lambda name: int(name[5:]))
    return "\n".join(" ".join(value.split()) for name in names for value in fields[name])


def together(
    live: LiveSession,
    activity: Activity,
    bodies: Sequence[str],
    paper: Sequence[str],
    first: Mapping[str, Any] | None = None,
    groups: Sequence[int] | None = None,
    phones: Released | None = None,
) -> Released:
    """Return what the room may see of phones and paper: two results, each made as if there were no other.

    `phones`: that of the phones, where it was made already.
    """
    phones = phones or releases.build(live, activity, bodies, first, groups)
    if not paper or live.rehearsal:
        return phones
    typed = releases.build(live, activity, paper)
    if typed.release["too_few"]:
        return phones
    if phones.release["too_few"]:
        return Released({**typed.release, "paper": {"alone": True}}, typed.cards)
    beside = {"alone": False, "people": typed.release["people"]}
    if not KINDS[activity.kind].texts:
        beside["result"] = typed.release["result"]
    return Released({**phones.release, "paper": beside}, anonymity.shuffled([*phones.cards, *typed.cards]))


def hint(sheets: int, floor: int) -> str:
    """Return what to know of the paper before the close; empty without any."""
    if not sheets:
        return ""
    if sheets < floor:
        return _(
            "%(sheets)s of the %(floor)s paper sheets needed. Closed now, they would not be shown.",
            sheets=sheets,
            floor=floor,
        )
    return _("%(sheets)s paper sheets are typed in and will be shown with the close.", sheets=sheets)


def _owner(house: House, at: Desk, actor_id: str) -> str:
    return hmac.new(house.seat_key, f"paper\0{at.run_id}\0{actor_id}".encode(), hashlib.sha256).hexdigest()[:32]
