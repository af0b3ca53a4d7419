"""What a process that was killed between two steps leaves behind, and taking it away at the next start.

Lives here: ballot boxes of sessions that are over, and slips that had not moved
along with their session. Not here: cut-off seals (`seals.recover`), files that
wait to be printed (`jobs.resume`), check-ins (`check_ins.tick`).

A box is another database than the main one, so that a session that ends and the
box that goes with it are two steps. Nothing unreleased outlives its session, and
slips are handed out: after a kill between the two, the second step is done here.
"""

from __future__ import annotations

from sqlalchemy import func, select

from . import tickets
from .house import House
from .models import ActivityRun, LiveSession


def take_away(house: House) -> None:
    """Finish what was cut off; before anybody is served, because a box without a session may also be a new one's."""
    house.database.catch_up()
    for live_id in house.boxes.lying():
        with house.database.transaction() as session:
            live = session.get(LiveSession, live_id)
            unsealed = session.scalar(
                select(func.count()).where(
                    ActivityRun.live_id == live_id, ActivityRun.state.not_in(("reading", "released"))
                )
            )
        if unsealed or (live is not None and live.phase in ("lobby", "running")):
            continue
        if live is not None and live.moved_to and house.keepers.may(live.moved_to):
            tickets.carry(house, live_id, live.moved_to)
        house.boxes.discard(live_id)
