"""`make bench ARGS=restart`: a full room whose server goes away and comes back, politely and by a power cut.

    make bench ARGS="restart"                300 phones
    make bench ARGS="restart --phones 60"

Every phone has answered one question. Then the server is asked to stop, and
started again on its port and folder; after that it is killed and started once
more. All must come back by themselves, with their seats and their answers, to
the question that is still open (fault R13). Lives here: that, and how long it
takes. Phones are as patient as our pages (`static/js/link.js`).
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()  # hundreds of simulated phones are greenlets, not threads

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from typing import Any  # noqa: E402

import gevent  # noqa: E402
import socketio  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from workshop import anonymity  # noqa: E402
from workshop.demo import pages  # noqa: E402
from workshop.demo.people import PATIENCE, DemoFailed, Phone  # noqa: E402
from workshop.demo.play import Play, answers_to  # noqa: E402
from workshop.demo.room import QUESTION, show  # noqa: E402
from workshop.demo.server import ScratchServer  # noqa: E402

SECRET = "a key of this measurement alone, long enough"  # noqa: S105 - of a scratch server
BACK_WITHIN = 15.0
"""Seconds that fault R13 promises to the last of 300."""
GIVES_UP_AFTER = 120.0
AT_A_TIME = 8
BIN = 0.1
"""Seconds; come-backs are counted in such pieces to see how they are spread."""


class Returning:
    """A phone with a seat that comes back by itself, as our pages do, and asks for the present screen."""

    def __init__(self, url: str, live: str, cookie: str) -> None:
        self.came = 0.0
        self.screen: dict[str, Any] = {}
        self.client = socketio.Client(
            handle_sigint=False,
            request_timeout=PATIENCE,
            reconnection_delay=0.6,
            reconnection_delay_max=5,
            randomization_factor=0.7,
        )
        self.client.on("screen", self._take)
        self.client.on("connect", lambda: self.client.emit("screen", {}, callback=self._take))
        auth = {"audience": "phone", "live": live}
        address, headers = f"{url}/?live={live}", {"Cookie": cookie}
        self.client.connect(address, headers=headers, auth=auth, transports=["websocket"], wait_timeout=PATIENCE)

    def _take(self, screen: dict[str, Any]) -> None:
        self.screen = screen
        self.came = self.came or time.monotonic()

    def forget(self) -> None:
        """Know nothing any more of what was shown, so that what comes now is seen."""
        self.came, self.screen = 0.0, {}

    def call(self, event: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send an event and return its acknowledgement."""
        answer: dict[str, Any] = self.client.call(event, payload, timeout=PATIENCE)
        return answer


def main(arguments: Sequence[str]) -> int:
    """Measure both ends and print a table; return 1 when somebody or something did not come back."""
    parser = argparse.ArgumentParser(prog="bench restart", description=__doc__)
    parser.add_argument("--phones", type=int, default=300)
    chosen = parser.parse_args(arguments)
    try:
        with ScratchServer(SECRET_KEY=SECRET) as server:
            wrong = measure(server, chosen.phones)
    except DemoFailed as reason:
        wrong = [str(reason)]
    for one in wrong:
        print(f"WRONG: {one}")
    return 1 if wrong else 0


def measure(server: ScratchServer, count: int) -> list[str]:
    """Fill a room, take the server away twice; return what was wrong."""
    play = Play(server, say=lambda _line: None, people=0)
    play.prepare()
    live = play.facilitator.live_id
    first = Phone(play.code, server.url)  # the others have seats as the welcome page makes them
    play.run(until=lambda command, activity: activity.id == QUESTION and command == "open")
    play.facilitator.press(play.facilitator.next_move())
    html = first.socket.wait_for("the question on a phone", lambda html: "data-answer" in html)
    run = pages.attribute(html, "data-run")
    name, key = anonymity.seat_cookie(live, https=False), SECRET.encode()
    values = [anonymity.seat_value(key, live, anonymity.new_secret()) for _phone in range(count)]
    phones = Pool(AT_A_TIME).map(lambda value: Returning(server.url, live, f"{name}={value}"), values)
    given = [fields for fields in answers_to(play.guide.activity(QUESTION)) if fields]
    answers = [given[number % len(given)] for number in range(count)]

    def answer(number: int) -> bool:
        sent = {"run": run, "revision": 1, "fields": answers[number], "pad": ""}
        return bool(phones[number].call("answer", sent).get("ok"))

    if not all(Pool(AT_A_TIME).map(answer, range(count))):
        return ["an answer was refused before anything had happened"]
    wrong: list[str] = []
    print(f"{count} phones with a saved answer, all on one machine\n\n{'':34}  median     95 %      max")
    for how in ("stopped politely", "killed"):
        wrong += [f"{how}: {one}" for one in away_and_back(server, how, phones, run, answers)]
    for phone in phones:
        phone.client.shutdown()
    return wrong


def away_and_back(
    server: ScratchServer, how: str, phones: list[Returning], run: str, answers: list[dict[str, list[str]]]
) -> list[str]:
    """Take the server away, bring it back, wait for everybody; return what was wrong."""
    wrong = []
    boots = {phone.screen["boot"] for phone in phones}
    for phone in phones:
        phone.forget()
    (server.stop if how == "stopped politely" else server.kill)()
    away = time.monotonic()
    server.start()
    up = time.monotonic()
    while any(not phone.came for phone in phones) and time.monotonic() < up + GIVES_UP_AFTER:
        gevent.sleep(0.05)
    came = sorted(phone.came for phone in phones if phone.came)
    print(f"{how}; up again after {up - away:.1f} s")
    show("  a phone has its screen again, after that", [max(0.0, one - up) for one in came])
    most = max(Counter(int(one / BIN) for one in came).values(), default=0)
    print(f"  at most {most} within {BIN:g} s", flush=True)
    if len(came) < len(phones):
        return [f"{len(phones) - len(came)} phones never came back"]
    if {phone.screen["boot"] for phone in phones} & boots:
        wrong.append("a screen of the old server was shown")
    if any(pages.attribute(phone.screen["html"], "data-run") != run for phone in phones):
        wrong.append("somebody is at another place")
    mine = Pool(AT_A_TIME).map(lambda phone: phone.call("mine", {"run": run}), phones)
    if [(one.get("revision"), one.get("fields")) for one in mine] != [(1, fields) for fields in answers]:
        wrong.append("somebody has another answer, or none")
    if came[-1] - up > BACK_WITHIN:
        print(f"  LATE: the last one took longer than {BACK_WITHIN:.0f} s")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
