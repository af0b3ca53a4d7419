"""Take an answer, and give an author their own answer back.

Lives here: who is asking (a secret), which run, does it fit the kind, into the
box, by the socket and by a plain form alike. Not here: what a kind accepts (`activities/`), where it lies
(`ballots.py`), results (`screens/` reads the release).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from . import anonymity, breakouts, padding, questions
from .activities import KINDS
from .ballots import Ballot
from .errors import AnswerRefused, Closed, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import get, guide_of
from .models import ActivityRun
from .words import _

LARGEST_ANSWER = 16 * 1024  # bytes of the fields as JSON (attack S10)
LARGEST_SIGN = 6  # bytes that one sign takes in JSON at most: a control sign is written as six
AROUND = 8  # bytes around a name or a value in JSON, at most

_OPEN_RUNS = select(ActivityRun.id).where(ActivityRun.live_id == bindparam("live_id"), ActivityRun.state == "open")
_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
LARGEST_REVISION = 2**31
FILLED = 2  # buckets: JSON writes most letters beyond ASCII in twice their bytes, and a page shows an answer twice


class Older(WorkshopError):
    """A newer answer of the same phone is there already; nothing was changed. `revision` is its revision."""

    code = "older"
    status = 409

    def __init__(self, sentence: str, revision: int) -> None:
        super().__init__(sentence)
        self.revision = revision


@dataclass(frozen=True)
class Receipt:
    """An answer is stored. `revision` is the one it lies under."""

    revision: int


@dataclass(frozen=True)
class Mine:
    """An author's own answer. `spent`: final, it can no longer be changed. `revision` 0: none yet."""

    revision: int
    passed: bool = False
    fields: dict[str, list[str]] | None = None
    spent: bool = False
    alike: int = 0
    """Bytes to which whatever tells it is filled up, so that nobody sees from outside what it is (promise 12).

    0 where nothing was sent: everybody who watches the network knows that much.
    """


Asked = tuple[Activity, bool, bool]
"""What is asked in an open run, whether the room is there, and whether it lies open for long, beside others."""


def _open_activity(house: House, live_id: str, run_id: str) -> Asked:
    """Return what is asked in an open run; from memory while the session has not changed."""

    def read() -> Asked:
        with house.database.transaction() as session:
            run = session.get(ActivityRun, questions.run_behind(run_id))
            if run is None or run.live_id != live_id:
                raise WorkshopError(_("There is no such question in this session."), code="not_found", status=404)
            if run.state != "open":
                raise Closed(_("This question has closed. Your answer is still on your phone."))
            live = get(session, live_id)
            activity = guide_of(live).activity(run.activity_id)
            # A check-in is at no place: all its questions are open for a week.
            return activity, live.at in (run.activity_id, None), live.at is None or KINDS[activity.kind].all_along

    if house.boxes.at_hand(live_id) is None:  # not in this process yet, or gone with its session
        return read()
    return house.at_hand.get(live_id, questions.run_behind(run_id), read)


def look_ahead(house: House, live_id: str) -> None:
    """Have at hand what is asked now, so that a room that answers all at once finds it there from the first answer on."""
    with house.database.transaction() as session:
        runs = session.scalars(_OPEN_RUNS, {"live_id": live_id}).all()
    for run_id in runs:
        with suppress(WorkshopError):  # closed meanwhile
            _open_activity(house, live_id, run_id)


def checked_fields(fields: object) -> dict[str, list[str]]:
    """Return fields as name -> list of strings, or raise `AnswerRefused` for anything else."""
    if not isinstance(fields, dict) or len(fields) > 64:
        raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
    clean: dict[str, list[str]] = {}
    most = 0
    for name, values in fields.items():
        if (
            not isinstance(name, str)
            or not isinstance(values, list | tuple)
            or not all(isinstance(value, str) for value in values)
        ):
            raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
        clean[name] = list(values)
        most += sum(map(len, values), len(name)) * LARGEST_SIGN + (len(values) + 1) * AROUND
    # Nearly all answers are so short that nobody needs to count.
    if most > LARGEST_ANSWER and len(_written(clean).encode("utf-8", "replace")) > LARGEST_ANSWER:
        raise AnswerRefused(_("This is longer than one answer can be. Shorten it and send it again."))
    return clean


def ballot(
    house: House, live_id: str, secret: bytes, run_id: str, revision: object, fields: Mapping[str, Any] | None
) -> Ballot:
    """Return an answer, or a pass when `fields` is None, ready for the box; raises `AnswerRefused` when it does not fit."""
    asked = _open_activity(house, live_id, run_id)
    return _ballot(house, live_id, secret, run_id, revision, fields, asked)


def _ballot(
    house: House, live_id: str, secret: bytes, run_id: str, revision: object, fields: object, asked: Asked
) -> Ballot:
    if isinstance(revision, bool) or not isinstance(revision, int) or not 1 <= revision <= LARGEST_REVISION:
        raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
    activity, here, lingers = asked
    kind = KINDS[activity.kind]
    if not kind.asks:
        raise AnswerRefused(_("Nothing is asked here."))
    body = None
    votes = questions.is_ballot(run_id)
    if fields is not None:
        sent = checked_fields(fields)
        clean = questions.clean_votes(sent) if votes else kind.clean(activity.config, sent)
        body = _written(clean)
        try:
            body.encode()  # one that SQLite cannot hold would take the whole batch down with it
        except UnicodeEncodeError:
            raise AnswerRefused(_("This answer could not be read. Reload the page and try again.")) from None
    final = activity.release == "rolling" and not votes
    tag = breakouts.tag_to_write(house, live_id, secret, run_id) if kind.in_groups else anonymity.tag(secret, run_id)
    # An edit changes no screen, and must not wake one either: that would tell when it came. Nor does what is parked.
    wakes = not votes and (here or not kind.all_along)
    return Ballot(run_id, tag, revision, body, final, lingers=lingers, wakes=wakes)


def receipt(house: House, live_id: str, cast: Ballot) -> Receipt:
    """Return the receipt of an answer that was decided.

    Raises `Closed` after the gate has shut, `Older` when this phone has sent
    something newer, and a 503 when the disk refused it. In each case nothing
    was stored.
    """
    outcome = cast.outcome()
    if outcome.status == "closed":
        raise Closed(_("This question has closed. Your answer is still on your phone."))
    if outcome.status == "older":
        raise Older(_("You have sent a newer answer already, perhaps in another tab. It stays."), outcome.revision)
    if outcome.status == "final":
        raise Older(_("Your answer to this question is final. It was sent already."), outcome.revision)
    if outcome.first and cast.wakes:
        house.database.announce(live_id)
    return Receipt(outcome.revision)


def cast(
    house: House, live_id: str, secret: bytes, run_id: str, revision: int, fields: Mapping[str, Any] | None
) -> Receipt:
    """Store an answer, or a pass when `fields` is None; return after the durable commit. Raises as the two above.

    Revision 0 without fields says nothing and changes nothing.
    """
    if revision == 0 and fields is None and not isinstance(revision, bool):
        # A phone that says nothing in as many bytes as one that parks something (promise 12): nothing is written.
        return Receipt(mine(house, live_id, secret, run_id).revision)
    ready = ballot(house, live_id, secret, run_id, revision, fields)
    house.boxes.box(live_id).put_and_wait(ready)
    return receipt(house, live_id, ready)


def cast_soon(
    house: House,
    live_id: str,
    secret: bytes,
    run_id: str,
    revision: object,
    fields: Mapping[str, Any] | None,
    told: Callable[[Ballot], None],
) -> bool:
    """Put an answer into the next batch without waiting, and call `told` after the commit; for the event loop.

    False, and nothing done, where that cannot be said from memory alone or the
    answer does not fit: `cast` then does it, or says why not.
    """
    box = house.boxes.at_hand(live_id)
    asked = house.at_hand.look(live_id, questions.run_behind(run_id))
    if box is None or asked is None or KINDS[asked[0].kind].in_groups or not house.keepers.keeps(live_id):
        return False
    try:
        ready = _ballot(house, live_id, secret, run_id, revision, fields, asked)
    except WorkshopError:
        return False
    ready.told = told
    box.put_soon(ready)
    return True


def mine(house: House, live_id: str, secret: bytes, run_id: str) -> Mine:
    """Return the author's own answer to an open run; revision 0 when there is none.

    Where several things are sent in the same number of bytes (a question and a
    vote, a parked thought and none) it is as large when there is none.
    """
    try:
        activity, _here, _lingers = _open_activity(house, live_id, run_id)
    except Closed:
        return Mine(0)
    tag: bytes | None = anonymity.tag(secret, run_id)
    if KINDS[activity.kind].in_groups:
        tag = breakouts.tag_to_read(house, live_id, secret, run_id)
    lying = house.boxes.box(live_id).mine(run_id, tag) if tag is not None else None
    kind, room = KINDS[activity.kind], FILLED * padding.bucket(activity)
    if lying is None:
        return Mine(0, alike=room if kind.all_along or kind.takes_votes or kind.in_groups else 0)
    fields = None
    if lying.body is not None and questions.is_ballot(run_id):
        fields = dict(json.loads(lying.body))
    elif lying.body is not None:
        fields = KINDS[activity.kind].fields_of(activity.config, json.loads(lying.body))
    return Mine(lying.revision, lying.passed, fields, lying.final, room)
