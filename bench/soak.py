"""`make soak`: sessions come and go for hours, and nothing may grow, get lost or come twice.

    make soak HOURS=8                  50 sessions of 30 phones at a time
    make soak MINUTES=5
    make soak MINUTES=1 ARGS="--sessions 4 --phones 12 --think 0"

In each session phones join, answer (some twice, some again, some after a lost
connection) and find it again; the console must count each of them once. Beside
them strangers open connections and never join. Lives here: that play, and the
figures that must stay flat. Not here: how fast anything is (`make bench`).
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # hundreds of simulated phones are greenlets, not threads

import argparse  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402
import requests  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from workshop.demo import pages  # noqa: E402
from workshop.demo.people import DemoFailed, Facilitator, Phone  # noqa: E402
from workshop.demo.play import GUIDE, Play, answers_to  # noqa: E402
from workshop.demo.server import ScratchServer  # noqa: E402

QUESTION = "energy-before"
"""A scale, the smallest answer there is."""
GROWTH = 0.05
"""Of memory, from the second quarter of the time to the last: the first warms up (fault R20)."""
SLACK = 12_000_000
"""Bytes that are no growth: a short run is not long enough to tell five percent from chance."""
SPARE = 12
"""Descriptors that may be open more than at the start, when everybody has gone: an HTTP connection or two waits."""
EMPTIES_WITHIN = 100.0
"""Seconds; an HTTP connection is kept for 75."""
STRANGERS = 40
"""Connections that never join, every few seconds; the server cuts each after a quarter of a minute."""


@dataclass
class Watched:
    """What was seen of the server's process."""

    memory: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)

    def look(self, server: ScratchServer) -> None:
        """Take one sample."""
        self.memory.append(server.memory())
        self.descriptors.append(opened(server))

    def report(self, server: ScratchServer, at_the_start: int) -> list[str]:
        """Print what was seen and return what has grown."""
        quarter = max(1, len(self.memory) // 4)
        before = statistics.median(self.memory[quarter : 2 * quarter] or self.memory)
        after = statistics.median(self.memory[-quarter:])
        print(f"{'memory, MB':24}{before / 1e6:10.1f} -> {after / 1e6:.1f}")
        until = time.monotonic() + EMPTIES_WITHIN
        while opened(server) > at_the_start + SPARE and time.monotonic() < until:
            gevent.sleep(1)
        left = opened(server)
        print(f"{'descriptors':24}{at_the_start:10} -> {max(self.descriptors):.0f} at most -> {left}", flush=True)
        grown = ["memory"] if after - before > max(SLACK, GROWTH * before) else []
        return [*grown, "descriptors"] if left > at_the_start + SPARE else grown


def opened(server: ScratchServer) -> int:
    """Return how many files and sockets the server has open."""
    return sum(1 for _one in Path(f"/proc/{server.pid}/fd").iterdir())


class Soak:
    """One run of it."""

    def __init__(self, server: ScratchServer, phones: int, think: float) -> None:
        self.server = server
        self.phones = phones
        self.think = think
        self.sessions = self.answers = 0
        self.wrong: list[str] = []
        self.staff = Play(server, say=lambda _line: None, people=0)
        self.staff.prepare()

    def keep_playing(self, until: float) -> None:
        """Play sessions one after the other."""
        while time.monotonic() < until:
            try:
                self.play()
                self.sessions += 1
            except DemoFailed as reason:
                self.wrong.append(str(reason))

    def play(self) -> None:
        """Play one session with one question, from its making to its end."""
        play = Play(self.server, say=lambda _line: None, people=0)
        play.guide = self.staff.guide
        play.facilitator = Facilitator(self.server.url)
        play.facilitator.browser = self.staff.facilitator.browser  # one account leads them all
        entered = {"team": "Soak", "expected": str(self.phones), "leader": "Robin", "freeze_after_minutes": "0"}
        play.facilitator.make_session(GUIDE, {**entered, "keep_days": "90"})
        console = play.facilitator.take_the_console()
        code = play.code
        phones = [Phone(code, self.server.url) for _phone in range(self.phones)]
        play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
        play.facilitator.press(play.facilitator.next_move())
        answers = [fields for fields in answers_to(play.guide.activity(QUESTION)) if fields]
        pool = Pool(self.phones)
        for greenlet in [pool.spawn(self.take_part, phone, random.sample(answers, 2)) for phone in phones]:
            greenlet.get()
        console.refresh()
        if f"<b>{self.phones}</b> <span>have answered" not in console.html:
            self.wrong.append("the console does not count every phone once")
        play.facilitator.press("close")
        phones[0].socket.wait_for("the result", lambda html: 'data-state="released"' in html)
        play.facilitator.press("end")  # its ballot box is closed and removed
        console.close()
        for phone in phones:
            phone.socket.close()
            phone.browser.http.close()

    def take_part(self, phone: Phone, answers: Sequence[dict[str, list[str]]]) -> None:
        """Answer as people do: once, twice, differently, after the lift."""
        first, second = answers
        gevent.sleep(random.uniform(0, self.think))
        phone.answer(first)
        expected = first
        luck = random.random()
        if luck < 0.25:
            phone.answer(first)
        elif luck < 0.5:
            run = pages.attribute(phone.socket.html, "data-run")
            receipt = phone.socket.call("answer", {"run": run, "revision": 2, "fields": second, "pad": ""})
            if not receipt.get("ok"):
                raise DemoFailed(f"An edit was refused: {receipt}")
            expected = second
        elif luck < 0.75:
            phone.socket.close()
            phone.socket = phone.browser.connect("phone", phone.live_id)
        html = phone.socket.wait_for("the question", lambda html: "data-run" in html)
        mine = phone.socket.call("mine", {"run": pages.attribute(html, "data-run")})
        if mine.get("fields") != expected:
            self.wrong.append("a phone did not find its answer again")
        self.answers += 1

    def be_strange(self, until: float) -> None:
        """Open connections that never join."""
        while time.monotonic() < until:
            for _stranger in range(STRANGERS):
                requests.get(f"{self.server.url}/socket.io/?EIO=4&transport=polling", timeout=20)
            gevent.sleep(3)


def main(arguments: Sequence[str]) -> int:
    """Soak and print what was seen; return 1 when something grew or was wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--sessions", type=int, default=50, help="how many at a time")
    parser.add_argument("--phones", type=int, default=30, help="in each")
    parser.add_argument("--think", type=float, default=3.0, help="seconds a phone takes to answer, at most")
    chosen = parser.parse_args(arguments)
    minutes = float(os.environ.get("HOURS", 0)) * 60 + float(os.environ.get("MINUTES", 0)) or 5.0
    with ScratchServer() as server:
        soak, watched = Soak(server, chosen.phones, chosen.think), Watched()
        at_the_start = opened(server)
        until = time.monotonic() + minutes * 60
        rooms = [gevent.spawn(soak.keep_playing, until) for _room in range(chosen.sessions)]
        rooms.append(gevent.spawn(soak.be_strange, until))
        while time.monotonic() < until:
            gevent.sleep(1)
            watched.look(server)
        gevent.joinall(rooms)
        print(f"{minutes:g} minutes, {chosen.sessions} sessions of {chosen.phones} phones at a time\n")
        print(f"{'sessions played':24}{soak.sessions:10}\n{'answers checked':24}{soak.answers:10}")
        grown = watched.report(server, at_the_start)
    for reason in sorted(set(soak.wrong)):
        print(f"WRONG ({soak.wrong.count(reason)} times): {reason}")
    for name in grown:
        print(f"GREW: {name}")
    return 1 if grown or soak.wrong or not soak.sessions else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
