"""The things every service may be handed: settings, database, ballot boxes, clock.

Lives here: one frozen bundle, made once by `create_app`. Not here: rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .at_hand import AtHand
from .db import Database
from .desks import Desks
from .done import Done
from .keepers import Alone
from .signals import Signals
from .wish_copies import NoCopies

if TYPE_CHECKING:
    from .ballots import BallotBoxes
    from .settings import Settings


FIRST_SET = timedelta(days=30)
"""A jump of more than this is a clock that was set for the first time (a small machine without a battery), and believed."""


def _counted() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """The present moment, counted on from the start of the process by a clock that nobody sets.

    Somebody who sets the machine's clock in mid-session, by hand or by a time
    server, must not end a timer or lengthen it (fault R10). Sleep counts.
    """

    def __init__(
        self, wall: Callable[[], datetime] = lambda: datetime.now(UTC), counted: Callable[[], float] = _counted
    ) -> None:
        self._wall, self._counted = wall, counted
        self._began, self._at = wall(), counted()

    def __call__(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        wall = self._wall()
        now = self._began + timedelta(seconds=self._counted() - self._at)
        if abs(wall - now) > FIRST_SET:
            self._began, self._at = wall, self._counted()
            return wall
        return now


utc_now = SteadyClock()


@dataclass(frozen=True)
class House:
    """What `create_app` built; found at `current_app.extensions["house"]`."""

    settings: Settings
    database: Database
    boxes: BallotBoxes
    clock: Callable[[], datetime] = utc_now
    signals: Signals = field(default_factory=Signals)
    desks: Desks = field(default_factory=Desks)
    done: Done = field(default_factory=Done)
    keepers: Alone = field(default_factory=Alone)
    at_hand: AtHand = field(default_factory=AtHand)
    copies: NoCopies = field(default_factory=NoCopies)

    def __post_init__(self) -> None:
        """Have what is at hand forgotten as soon as a commit has made it old."""
        self.database.on_commit(self.at_hand.forget)

    @property
    def seat_key(self) -> bytes:
        """The server's secret under which seats are signed."""
        return self.settings.secret_key.encode()
