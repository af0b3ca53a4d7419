"""Everything that plays a session for the tests of the promises.

Lives here: a house of its own, a guide of many questions, a room of phones that
answer at service level: the real ballot box, the real database, no sockets.
Not here: what an attacker does with it (`attackers.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from workshop import anonymity, answers, keepers, live_sessions, screens, seals
from workshop.activities import KINDS as REGISTRY
from workshop.ballots import BallotBoxes
from workshop.db import Database
from workshop.guides.schema import Activity
from workshop.house import House
from workshop.models import Account, LiveSession
from workshop.proof.sorts import KINDS as KINDS
from workshop.proof.sorts import LETTERS as LETTERS
from workshop.proof.sorts import add_guide as add_guide
from workshop.proof.sorts import canary as canary
from workshop.proof.sorts import fields_for as fields_for
from workshop.proof.sorts import guide_source as guide_source
from workshop.settings import Settings


def build_house(data_dir: Path, database_url: str, **settings: Any) -> House:
    """Return a house without its web: services, database and boxes are the real ones."""
    made = Settings(
        data_dir=data_dir,
        database_url=database_url,
        secret_key="a secret that only the tests know, long enough",
        host="127.0.0.1",
        **settings,
    )
    return House(made, Database(database_url), BallotBoxes(data_dir / "ballots"))


def serving_house(data_dir: Path, database_url: str, database: Database | None = None) -> House:
    """Return a house as a serving process has it: on PostgreSQL it keeps its sessions under the folder's name."""
    house = build_house(data_dir, database_url)
    if database is not None:
        house = replace(house, database=database)
    if database_url.startswith("sqlite"):
        return house
    keeper = keepers.Keepers(house.database, keepers.name_in(data_dir))
    house = replace(house, keepers=keeper, boxes=BallotBoxes(data_dir / "ballots", keeper.hold))
    keeper.on_taken = lambda live_id, from_another: seals.take_over(house, live_id, from_another)
    keeper.on_lost = house.boxes.discard
    keeper.beat()
    return house


def add_account(house: House, role: str = "facilitator") -> Account:
    """Put a member of staff into the house who never signs in."""
    account = Account(
        id=anonymity.new_id(),
        email=f"{anonymity.new_id()}@example.org",
        name="Somebody",
        role=role,
        password_hash="none",
        active=True,
        created_at=datetime.now(UTC),
    )
    with house.database.transaction() as session:
        session.add(account)
    return account


@dataclass
class Room:
    """A live session with its phones. `seats` are the phones' cookies, `secrets` what is in them."""

    house: House
    live_id: str
    sorts: tuple[str, ...]
    version: int = 1
    seats: list[str] = field(default_factory=list)
    secrets: list[bytes] = field(default_factory=list)
    _asked: dict[str, Activity] = field(default_factory=dict)

    @property
    def live(self) -> LiveSession:
        """Return the row of the session as it is now."""
        with self.house.database.transaction() as session:
            return live_sessions.get(session, self.live_id)

    @property
    def sort(self) -> str:
        """Return the sort of the activity the room is at."""
        return self.sorts[int((self.live.at or "q0")[1:])]

    @property
    def run_id(self) -> str:
        """Return the id of the run the room is at."""
        with self.house.database.transaction() as session:
            live = live_sessions.get(session, self.live_id)
            run = live_sessions.run_of(session, live, live.at)
            assert run is not None
            return run.id

    def join(self, phones: int) -> None:
        """Let so many more phones in."""
        for _phone in range(phones):
            seat = live_sessions.join(self.house, self.live_id, None)
            secret = anonymity.read_seat(self.house.seat_key, self.live_id, seat)
            assert secret is not None
            self.seats.append(seat)
            self.secrets.append(secret)

    def move(self, command: str, argument: str = "") -> None:
        """Press one button as the one who runs the session."""
        live_sessions.move(self.house, "run", self.live_id, command, argument, self.live.version)

    def open(self) -> str:
        """Open the question the room is at and return its run; a parking lot is open already."""
        if not REGISTRY[live_sessions.guide_of(self.live).activity(self.live.at or "").kind].all_along:
            self.move("open")
        return self.run_id

    def send(self, phone: int, run_id: str, fields: dict[str, list[str]] | None, revision: int = 1) -> None:
        """Send an answer (None: a pass) from a phone, as its socket would."""
        answers.cast(self.house, self.live_id, self.secrets[phone], run_id, revision, fields)

    def drop(self, phone: int, run_id: str, fields: dict[str, list[str]]) -> None:
        """Put an answer straight into the box: what `answers.cast` ends in, without its look at the question.

        For tests that send thousands; that look takes ten times as long as the box.
        """
        if run_id not in self._asked:
            self._asked[run_id] = live_sessions.guide_of(self.live).activity(self.live.at or "")
        activity = self._asked[run_id]
        body = json.dumps(REGISTRY[activity.kind].clean(activity.config, fields), ensure_ascii=False, sort_keys=True)
        tag = anonymity.tag(self.secrets[phone], run_id)
        box = self.house.boxes.box(self.live_id)
        assert box.cast(run_id, tag, 1, body, final=activity.release == "rolling").status == "saved"

    def ask(self, sent: Sequence[tuple[int, dict[str, list[str]] | None]]) -> str:
        """Open, take these answers in this order, close; return the run."""
        run_id = self.open()
        for phone, fields in sent:
            self.send(phone, run_id, fields)
        self.move("close")
        return run_id

    def screens(self, session: Session) -> list[Any]:
        """Return what each audience may see now: phones, stage, and the console of each role."""
        live = live_sessions.get(session, self.live_id)
        return [
            screens.phone(session, live, self.house),
            screens.stage(session, live, self.house),
            *(screens.console(session, live, role, self.house) for role in ("run", "moderate", "watch")),
        ]

    def seen(self) -> list[Any]:
        """Return the screens of all audiences."""
        with self.house.database.transaction() as session:
            return self.screens(session)

    def cards(self) -> list[tuple[str, str]]:
        """Return (id, text) of the cards on the phones, in the order in which they stand there."""
        with self.house.database.transaction() as session:
            live = live_sessions.get(session, self.live_id)
            shown = screens.phone(session, live, self.house).activity
        return [(card.id, card.text) for card in (shown.cards if shown else ())]


def room(house: House, sorts: Sequence[str], phones: int, *, lobby: bool = False, **settings: Any) -> Room:
    """Start a live session that asks these sorts, with so many phones in it; `lobby`: let it wait there."""
    values = {"title": "Proof", "team": "", "language": "en", "expected": max(phones, 1), "leader": "Lee", **settings}
    values.setdefault("leader_is_manager", False)
    new = live_sessions.NewSession(guide_id=add_guide(house, guide_source(sorts)), **values)
    made = Room(house, live_sessions.create(house, add_account(house), new), tuple(sorts))
    made.join(phones)
    if not lobby:
        made.move("start")
    return made


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
