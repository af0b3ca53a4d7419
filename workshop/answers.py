"""Take an answer, and give an author their own answer back.

Lives here: who is asking (a secret), which run, does it fit the kind, into the
box. Not here: what a kind accepts (`activities/`), where it lies
(`ballots.py`), results (`screens.py` reads the release).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import anonymity, breakouts, questions
from .activities import KINDS
from .errors import AnswerRefused, Closed, WorkshopError
from .guides.schema import Activity
from .house import House
from .live_state import get, guide_of
from .models import ActivityRun
from .words import _

LARGEST_ANSWER = 16 * 1024  # bytes of the fields as JSON (attack S10)
LARGEST_REVISION = 2**31


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


def _open_activity(house: House, live_id: str, run_id: str) -> tuple[Activity, bool]:
    """Return what is asked in an open run, and whether the room is there."""
    with house.database.transaction() as session:
        run = session.get(ActivityRun, questions.run_behind(run_id))
        if run is None or run.live_id != live_id:
            raise WorkshopError(_("There is no such question in this session."), code="not_found", status=404)
        if run.state != "open":
            raise Closed(_("This question has closed. Your answer is still on your phone."))
        live = get(session, live_id)
        return guide_of(live).activity(run.activity_id), live.at in (run.activity_id, None)


def checked_fields(fields: object) -> dict[str, list[str]]:
    """Return fields as name -> list of strings, or raise `AnswerRefused` for anything else."""
    if not isinstance(fields, Mapping) or len(fields) > 64:
        raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
    clean: dict[str, list[str]] = {}
    for name, values in fields.items():
        if (
            not isinstance(name, str)
            or not isinstance(values, list | tuple)
            or not all(isinstance(value, str) for value in values)
        ):
            raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
        clean[name] = list(values)
    if len(json.dumps(clean, ensure_ascii=False).encode("utf-8", "replace")) > LARGEST_ANSWER:
        raise AnswerRefused(_("This is longer than one answer can be. Shorten it and send it again."))
    return clean


def cast(
    house: House, live_id: str, secret: bytes, run_id: str, revision: int, fields: Mapping[str, Any] | None
) -> Receipt:
    """Store an answer, or a pass when `fields` is None; return after the durable commit.

    Revision 0 without fields says nothing and changes nothing. Raises
    `AnswerRefused` when it does not fit, `Closed` after the gate has
    shut, `Older` when this phone has sent something newer, and a 503 when the
    disk refused it. In each case nothing was stored.
    """
    if revision == 0 and fields is None and not isinstance(revision, bool):
        # A phone that says nothing in as many bytes as one that parks something (promise 12): nothing is written.
        return Receipt(mine(house, live_id, secret, run_id).revision)
    if isinstance(revision, bool) or not isinstance(revision, int) or not 1 <= revision <= LARGEST_REVISION:
        raise AnswerRefused(_("This answer could not be read. Reload the page and try again."))
    activity, here = _open_activity(house, live_id, run_id)
    kind = KINDS[activity.kind]
    if not kind.asks:
        raise AnswerRefused(_("Nothing is asked here."))
    body = None
    votes = questions.is_ballot(run_id)
    if fields is not None:
        sent = checked_fields(fields)
        clean = questions.clean_votes(sent) if votes else kind.clean(activity.config, sent)
        body = json.dumps(clean, ensure_ascii=False, sort_keys=True)
    final = activity.release == "rolling" and not votes
    tag = breakouts.tag_to_write(house, live_id, secret, run_id) if kind.in_groups else anonymity.tag(secret, run_id)
    cast_ = house.boxes.box(live_id).cast(run_id, tag, revision, body, final=final, lingers=kind.all_along)
    if cast_.status == "closed":
        raise Closed(_("This question has closed. Your answer is still on your phone."))
    if cast_.status == "older":
        raise Older(_("You have sent a newer answer already, perhaps in another tab. It stays."), cast_.revision)
    if cast_.status == "final":
        raise Older(_("Your answer to this question is final. It was sent already."), cast_.revision)
    # An edit changes no screen, and must not wake one either: that would tell when it came. Nor does what is parked.
    if cast_.first and not votes and (here or not kind.all_along):
        house.database.announce(live_id)
    return Receipt(cast_.revision)


def mine(house: House, live_id: str, secret: bytes, run_id: str) -> Mine:
    """Return the author's own answer to an open run; revision 0 when there is none."""
    try:
        activity, _here = _open_activity(house, live_id, run_id)
    except Closed:
        return Mine(0)
    tag: bytes | None = anonymity.tag(secret, run_id)
    if KINDS[activity.kind].in_groups:
        tag = breakouts.tag_to_read(house, live_id, secret, run_id)
    lying = house.boxes.box(live_id).mine(run_id, tag) if tag is not None else None
    if lying is None:
        return Mine(0)
    fields = None
    if lying.body is not None and questions.is_ballot(run_id):
        fields = dict(json.loads(lying.body))
    elif lying.body is not None:
        fields = KINDS[activity.kind].fields_of(activity.config, json.loads(lying.body))
    return Mine(lying.revision, lying.passed, fields, lying.final)
