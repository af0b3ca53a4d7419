"""What is played while somebody records it; run as `python -m tests.powercut.acts <act> <folder>`.

Each act says what people were told, and when: from then on it must hold whatever comes.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

from sqlalchemy import event

from tests.powercut.replay import told
from tests.promises.stagehands import canary, fields_for, room, serving_house
from workshop import ballots, cli, db, freezes, leftovers, live_sessions, moderation, retention, seals
from workshop.ballots import BallotBox, BallotBoxes
from workshop.holding import hold
from workshop.house import House
from workshop.keepers import name_in
from workshop.migrations import migrate
from workshop.readings import Command
from workshop.settings import Settings

PEOPLE = 11


def first_start(folder: Path) -> None:
    """Begin with nothing, as a server does: key, name, tables, one answer."""
    settings = Settings.from_env({"DATA_DIR": str(folder / "var" / "unstuck")})
    told(f"secret {settings.secret_key}")
    lock = hold(settings.data_dir)
    told(f"keeper {name_in(settings.data_dir)}")
    migrate(settings.database_url)
    told("made")
    box = BallotBoxes(settings.data_dir / "ballots").box("live")
    box.admit("run")
    assert box.cast("run", b"tag", 1, "an answer").status == "saved"
    told("answer")
    lock.close()


def session(folder: Path) -> None:
    """Play a session from its first phone to its report: two questions, an edited answer, a hidden card."""
    house = serving_house(folder, f"sqlite:///{folder / 'unstuck.db'}")
    house.database.keep_open()
    careless(os.environ.get("CARELESS", ""), house)
    played = room(house, ["text", "rolling-text"], PEOPLE, freeze_after_minutes=0)
    told(f"live {played.live_id} {' '.join(secret.hex() for secret in played.secrets)}")
    for sort in played.sorts:
        run_id = played.open()
        told(f"run {sort} {run_id}")
        if sort == "text":
            first = canary()
            played.send(0, run_id, fields_for(sort, first))
        for phone in range(PEOPLE):
            text = canary()
            told(f"sent {sort} {text}")
            played.send(phone, run_id, fields_for(sort, text), revision=2 if sort == "text" else 1)
            told(f"kept {sort} {text}")
            if sort == "text" and phone == PEOPLE // 2:
                house.boxes.checkpoint()  # as the clock does every 30 seconds
                told(f"gone {first}")
        if sort == "rolling-text":
            seals.roll(house)
            told("pool")
        house.database.let_go()  # as the clock does every second
        played.move("close")
        told(f"released {sort}")
        if sort == "text":
            ids = {text: one for one, text in played.cards()}
            hidden = sorted(ids)[:2]
            told(f"hidden {' '.join(hidden)}")
            moderation.decide(house, played.live_id, "q0", Command("hide", tuple(ids[text] for text in hidden)), "Kim")
            played.move("next")
    played.move("end")
    told("ended")
    with house.database.transaction() as session:
        live = live_sessions.get(session, played.live_id)
        freezes.freeze(session, live, live_sessions.guide_of(live), house.clock())
    told(f"frozen {' '.join(hidden)}")
    house.boxes.close()
    house.database.let_go()
    os.environ.update(DATA_DIR=str(folder), DATABASE_URL=house.database.url)
    assert cli.main(["export", played.live_id, str(folder / "out" / "of today")]) == 0
    told("exported")
    retention.purge(house.database, 100, date(2030, 1, 1))
    told("purged")


def recovery(folder: Path) -> None:
    """Do what a server does at its start."""
    house = serving_house(folder, f"sqlite:///{folder / 'unstuck.db'}")
    seals.recover(house)
    leftovers.take_away(house)
    house.boxes.close()
    told("recovered")


def careless(about: str, house: House) -> None:
    """Let the house not wait for the disk in one respect: the control, which has to be caught."""
    if about == "box":
        at_first = BallotBox.__init__

        def hasty(box: BallotBox, path: Path) -> None:
            at_first(box, path)
            box._db.execute("pragma synchronous=off")

        BallotBox.__init__ = hasty  # type: ignore[method-assign]
    elif about == "main database":
        event.listen(house.database.engine, "connect", lambda to, _record: to.execute("pragma synchronous=normal"))
    elif about == "log":
        ballots.to_disk = db.to_disk = lambda _path: None  # type: ignore[attr-defined]


def command(folder: Path) -> None:
    """Let an operator's command do its work, and say that it is done."""
    assert cli.main(sys.argv[3:]) == 0
    told("done")


if __name__ == "__main__":
    {"first_start": first_start, "session": session, "recovery": recovery, "command": command}[sys.argv[1]](
        Path(sys.argv[2])
    )
