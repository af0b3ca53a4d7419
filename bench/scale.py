"""`make bench ARGS=scale`: the same sessions on one, two and four processes behind nginx.

    make bench ARGS="scale"                            8 sessions of 100 phones on 1, 2 and 4 processes
    make bench ARGS="scale --sessions 16 --phones 250 --processes 1 2"

PostgreSQL, Redis, nginx with the shipped file (without TLS, which the load
generator does not speak), the processes and the phones all share this machine,
so what it can show is that the work divides and nothing gets lost; how far it
goes, only where there are as many processors as processes. Lives here: that
play. Not here: one process beside its peers (`compare.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench.compare import PATIENCE, processor, resident
from bench.contestants import QUESTION
from bench.load import Load, Moments, compiled
from tests.nginx import Nginx
from tests.postgres import Redis, postgresql
from workshop import anonymity
from workshop.demo import pages
from workshop.demo.people import DemoFailed, Facilitator, Phone
from workshop.demo.play import GUIDE, Play
from workshop.demo.server import ScratchServer, free_port

BURSTS = 3


@dataclass
class Room:
    """One session: who presses, one phone that reads, and a hall of phones."""

    play: Play
    phone: Phone
    load: Load

    @property
    def live(self) -> str:
        """Return the session's id."""
        return self.play.facilitator.live_id


def main(arguments: Sequence[str]) -> int:
    """Measure each number of processes and print a table; return 1 when something was lost."""
    parser = argparse.ArgumentParser(prog="bench scale", description=__doc__)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--phones", type=int, default=100, help="in each session")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    chosen = parser.parse_args(arguments)
    print(f"{chosen.sessions} sessions of {chosen.phones} phones, {len(os.sched_getaffinity(0))} processors\n")
    found: dict[int, dict[str, float]] = {}
    try:
        for count in chosen.processes:
            found[count] = measured(count, chosen.sessions, chosen.phones)
            print(f"  {count} processes: {json.dumps({name: round(one, 2) for name, one in found[count].items()})}")
    except (DemoFailed, AssertionError) as reason:
        print(f"The measurement failed. {reason}", file=sys.stderr)
        return 1
    print(f"\n{'processes':44}" + "".join(f"{count:>10}" for count in found))
    for name in next(iter(found.values())):
        print(f"{name:44}" + "".join(f"{figures[name]:10.2f}" for figures in found.values()))
    lost = sum(one for figures in found.values() for name, one in figures.items() if name.startswith("lost"))
    return 1 if lost else 0


def measured(processes: int, sessions: int, phones: int) -> dict[str, float]:
    """Start everything, play, end everything; return the figures."""
    port, key = free_port(), secrets.token_hex(32)
    base = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unstuck-bench-")))
        folder.chmod(0o755)
        program = compiled(folder)
        url = stack.enter_context(postgresql())
        redis = Redis(folder / "redis")
        redis.start()
        stack.callback(redis.stop)
        shared: dict[str, Any] = {
            "DATABASE_URL": url, "REDIS_URL": redis.url, "TRUSTED_PROXIES": "1", "SECRET_KEY": key
        }  # fmt: skip
        servers = [stack.enter_context(ScratchServer(**shared)) for _process in range(processes)]
        lines = [f"server 127.0.0.1:{server.port} max_fails=0;" for server in servers]
        changes = {
            f"listen 127.0.0.1:{port} ssl;": f"listen 127.0.0.1:{port};",
            "server 127.0.0.1:8001 max_fails=0;": lines[0],
            "server 127.0.0.1:8002 max_fails=0;": "\n".join(lines[1:]),
        }
        nginx = stack.enter_context(Nginx(folder, "many.conf", changes, port, connections=16_384))
        rooms = open_rooms(servers[-1], base, sessions, phones, key, program, folder)
        for room in rooms:
            stack.enter_context(room.load)
        return figures(rooms, servers, nginx, url)


def open_rooms(
    server: ScratchServer, base: str, sessions: int, phones: int, key: str, program: Path, folder: Path
) -> list[Room]:
    """Make the sessions, all led by one account, each before its first question."""
    rooms: list[Room] = []
    server.url, port = base, int(base.rpartition(":")[2])
    first = Play(server, say=lambda _line: None, people=0)
    for number in range(sessions):
        play = Play(server, say=lambda _line: None, people=0)
        if not rooms:
            first.prepare()
            play = first
        else:
            play.guide, play.facilitator = first.guide, Facilitator(base)
            play.facilitator.browser = first.facilitator.browser
            entered = {"team": f"Team {number}", "expected": str(phones), "leader": "Robin Example"}
            play.facilitator.make_session(GUIDE, {**entered, "freeze_after_minutes": "0", "keep_days": "90"})
            play.facilitator.take_the_console()
        phone = Phone(play.code, base)
        play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
        live = play.facilitator.live_id
        name, auth = anonymity.seat_cookie(live, https=False), {"audience": "phone", "live": live}
        seats = [anonymity.seat_value(key.encode(), live, anonymity.new_secret()) for _phone in range(phones)]
        load = Load(program, port, [(f"{name}={seat}", auth) for seat in seats], folder, live)
        rooms.append(Room(play, phone, load))
    return rooms


def figures(rooms: Sequence[Room], servers: Sequence[ScratchServer], nginx: Nginx, url: str) -> dict[str, float]:
    """Let all rooms do the same at the same time, and say what came of it."""
    everybody = sum(room.load.count for room in rooms)
    used = _Used(servers, nginx)
    before = sum(resident(server.pid) for server in servers)
    joined = at_once(rooms, lambda room: room.load.join())
    outside = everybody - sum(one.reached for one in joined)
    join_cost = used.since() / everybody
    time.sleep(1)
    memory = (sum(resident(server.pid) for server in servers) - before) / everybody / 1024

    steps = at_once(rooms, step)
    unseen = everybody - sum(one.reached for one, _began in steps)
    step_cost = used.since() / len(rooms)
    late = sorted(one.p99 - began for one, began in steps)

    messages = {room.live: answer_to(room) for room in rooms}
    rates, waits, unsaved = [], [], 0
    used.since()
    for revision in range(1, BURSTS + 1):
        sent = at_once(rooms, lambda room, at=revision: room.load.send(messages[room.live](at), PATIENCE))  # type: ignore[misc]
        unsaved += everybody - sum(one.reached for one in sent)
        rates.append(everybody / (max(one.last for one in sent) - min(one.began for one in sent)))
        waits.append(max(one.p99 - one.began for one in sent))
    answer_cost = used.since() / everybody / BURSTS

    with psycopg.connect(url) as link:
        rows = link.execute("select keeper_id, count(*) from keepings group by keeper_id").fetchall()
    return {
        "sessions of the busiest process": float(max(count for _keeper, count in rows)),
        "joins, /s": everybody / (max(one.last for one in joined) - min(one.began for one in joined)),
        "a join, processor of all processes, ms": join_cost * 1e3,
        "answers saved, all at once, /s": sorted(rates)[BURSTS // 2],
        "answer saved, p99 of the slowest room, ms": sorted(waits)[BURSTS // 2] * 1e3,
        "an answer, processor of all processes, µs": answer_cost * 1e6,
        "all step at once, p99 of the middle room, ms": late[len(late) // 2] * 1e3,
        "all step at once, p99 of the slowest room, ms": late[-1] * 1e3,
        "a step of a room, processor, ms": step_cost * 1e3,
        "memory for a connected phone, KB": memory,
        "processes' and nginx's share of the machine, %": used.share() * 100,
        "lost: joins": float(outside),
        "lost: screens": float(unseen),
        "lost: answers": float(unsaved),
    }


class _Used:
    """Processor time of the processes, and how busy they and nginx kept the machine while it was counted."""

    def __init__(self, servers: Sequence[ScratchServer], nginx: Nginx) -> None:
        self._servers = [server.pid for server in servers]
        children = Path(f"/proc/{nginx.pid}/task/{nginx.pid}/children").read_text().split()
        self._nginx = [nginx.pid, *map(int, children)]
        self._before, self._first = self._now(), self._all()
        self._began = time.monotonic()

    def _now(self) -> float:
        return sum(map(processor, self._servers))

    def _all(self) -> float:
        return self._now() + sum(map(processor, self._nginx))

    def since(self) -> float:
        """Return the seconds used since the last call."""
        now = self._now()
        used, self._before = now - self._before, now
        return used

    def share(self) -> float:
        """Return their part of all processors."""
        return (self._all() - self._first) / (time.monotonic() - self._began) / len(os.sched_getaffinity(0))


def at_once(rooms: Sequence[Room], work: Callable[[Room], Any]) -> list[Any]:
    """Do something in every room at the same moment."""
    ready = threading.Barrier(len(rooms))

    def one(room: Room) -> Any:
        ready.wait()
        return work(room)

    with ThreadPoolExecutor(len(rooms)) as people:
        return list(people.map(one, rooms))


def step(room: Room) -> tuple[Moments, float]:
    """Press the large button; return when it was on each phone, and when it was pressed."""
    move = room.play.facilitator.next_move()
    room.load.arm('42["screen"')
    began = time.monotonic()
    room.play.facilitator.press(move)
    return room.load.wait(PATIENCE), began


def answer_to(room: Room) -> Callable[[int], list[Any]]:
    """Return the answer event of each revision to the question that is open."""
    html = room.phone.socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
    run, bucket = pages.attribute(html, "data-run"), int(pages.attribute(html, "data-bucket") or 0)

    def answer(revision: int) -> list[Any]:
        pad = "." * max(0, bucket - 80)
        return ["answer", {"run": run, "revision": revision, "fields": {"value": ["7"]}, "pad": pad}]

    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
