"""What rolling pools have let out already, where the ballot box that remembered it is gone.

A box keeps what it has let out, without tags, so that each pool and the close
draw everything anew. A box that was lost (another process took the session
over, a backup was restored) knows nothing of that; but the room has seen it,
and it lies in the main database. It stays. What came in since is shown beside it
as soon as it is a pool of its own, and never before: a few late answers beside
what all know would point at those who sent them (promise 2). Not here: drawing
and writing pools (`seals.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import anonymity, releases
from .activities import KINDS, CardDraft
from .guides.schema import Activity
from .models import ActivityRun, Card, LiveSession
from .releases import Released


def forgotten(live: LiveSession, run: ActivityRun, loose: Sequence[str]) -> bool:
    """Return whether more was let out than the box remembers in `loose`: every pool held at least k."""
    return not live.rehearsal and len(loose) < run.batch * anonymity.pool_size(live.room_floor)


def since(bodies: Sequence[str], loose: Sequence[str]) -> list[str]:
    """Return the bodies that were not let out yet."""
    return list((Counter(bodies) - Counter(loose)).elements())


def beside(session: Session, live: LiveSession, activity: Activity, run: ActivityRun, fresh: Sequence[str]) -> Released:
    """Return what the room has seen of a run, with the answers that came since beside it if they are a pool."""
    rows = session.execute(select(Card.text, Card.quotable, Card.receipt).where(Card.run_id == run.id)).all()
    cards = [CardDraft(text, quotable, receipt) for text, quotable, receipt in rows]
    seen = dict(run.release or {})
    if len(fresh) < anonymity.pool_size(live.room_floor):
        return Released(seen, anonymity.shuffled(cards))
    kind, new = KINDS[activity.kind], releases.build(live, activity, fresh)
    joined = kind.joined(activity.config, kind.load(seen["result"]), kind.load(new.release["result"]))
    release = {
        **seen,
        "people": None,  # how many had answered before is not known any more
        "words_ok": seen["words_ok"] or new.release["words_ok"],
        "result": kind.dump(joined),
    }
    return Released(release, anonymity.shuffled([*cards, *new.cards]))
