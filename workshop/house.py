"""The things every service may be handed: settings, database, ballot boxes, clock.

Lives here: one frozen bundle, made once by `create_app`. Not here: rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .db import Database
from .desks import Desks
from .done import Done
from .keepers import Alone
from .signals import Signals

if TYPE_CHECKING:
    from .ballots import BallotBoxes
    from .settings import Settings


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


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

    @property
    def seat_key(self) -> bytes:
        """The server's secret under which seats are signed."""
        return self.settings.secret_key.encode()
