"""What is played while somebody records it; run as `python -m tests.powercut.acts <act> <folder>`.

Each act says what people were told, and when: from then on it must hold whatever comes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.powercut.replay import told
from tests.promises.stagehands import canary, fields_for, room, serving_house
from workshop import freezes, live_sessions, moderation, seals
from workshop.ballots import BallotBoxes
from workshop.db import Database
from workshop.house import House
from workshop.keepers import name_in
from workshop.migrations import migrate
from workshop.readings import Command
from workshop.server import hold
from workshop.settings import Settings

PEOPLE = 11


def first_start(folder: Path) -> None:
    """Begin with nothing, as a server does, and take one answer."""
    settings = Settings.from_env({"DATA_DIR": str(folder / "var" / "unstuck")})
    told(f"secret {settings.secret_key}")
    lock = hold(settings.data_dir)
    told(f"keeper {name_in(settings.data_dir)}")
    migrate(settings.database_url)
    house = House(settings, Database(settings.database_url), BallotBoxes(settings.data_dir / "ballots"))
    house.database.keep_open()
    played = room(house, ["text"], 1)
    run_id, text = played.open(), canary()
    played.send(0, run_id, fields_for("text", text))
    told(f"answer {played.live_id} {run_id} {played.secrets[0].hex()} {text}")
    lock.close()


def session(folder: Path) -> None:
    """Play a session from its first phone to its report: two questions, an edited answer, a hidden card."""
    house = serving_house(folder, f"sqlite:///{folder / 'unstuck.db'}")
    house.database.keep_open()
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


if __name__ == "__main__":
    {"first_start": first_start, "session": session}[sys.argv[1]](Path(sys.argv[2]))
