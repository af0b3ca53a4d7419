"""From one process to another: "this session changed", over Redis, and nothing more.

Lives here: telling, hearing, and doing without. Not here: what is shown then
(`coalescer.py`).

Nearly all that changes a session happens in the process that keeps it. A few
pages of staff do not belong to one session (a team's page, taking part by a link,
a purge), and may be served anywhere; what they change is told to the rest. A
process says nothing about the sessions that it keeps itself: Redis must not hear
when an answer comes in (promise 5).

Without Redis, or while it is away, slow or dumb, every process looks for itself
every few seconds (fault R6): screens are state, so nothing is lost but a moment.
Whoever is heard again may be the only one who was away, so what could not be
told is told then.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from gevent.event import Event

from .. import wellbeing
from ..house import House

log = logging.getLogger(__name__)

CHANNEL = "unstuck:changed"
PATIENCE = 2.0  # seconds for each answer of Redis
BLIND = 4.0  # seconds between two looks while nothing can be heard
PAUSE = 1.0  # seconds before Redis is tried again


class Notices:
    """Tells other processes what changed here, and marks what changed there."""

    def __init__(self, house: House, mark: Callable[[str], None], followed: Callable[[], Iterable[str]]) -> None:
        self._house = house
        self._mark = mark
        self._followed = followed
        self._out: set[str] = set()  # at most all sessions, however long Redis is away
        self._some = Event()
        self._away: set[str] = set()  # the work that Redis keeps from being done, told once
        self.hears = False

    def post(self, live_id: str) -> None:
        """Tell the others, soon; never waits."""
        if self._house.settings.redis_url and not self._house.keepers.keeps(live_id):
            self._out.add(live_id)
            self._some.set()

    def look(self) -> None:
        """Where nothing can be heard: let everything that is followed here be looked at again."""
        if not self.hears:
            for live_id in self._followed():
                self._mark(live_id)

    def start(self) -> None:
        """Begin to tell and to hear, if there is a Redis."""
        if self._house.settings.redis_url:
            gevent.spawn(self._for_ever, self._tell)
            gevent.spawn(self._for_ever, self._hear)

    def _client(self) -> Any:
        import redis

        return redis.Redis.from_url(
            self._house.settings.redis_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )

    def _for_ever(self, work: Callable[[Any], None]) -> None:
        while True:
            client = self._client()
            try:
                work(client)
            except Exception as error:
                if not self._away:
                    log.warning("Redis is away; every process looks for itself meanwhile (%s)", type(error).__name__)
                self._away.add(work.__name__)
            finally:
                client.close()
            gevent.sleep(PAUSE)

    def _is_back(self, work: Callable[[Any], None]) -> None:
        if self._away == {work.__name__}:
            log.info("Redis is back")
        self._away.discard(work.__name__)

    def _tell(self, client: Any) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            while self._out:
                live_id = self._out.pop()
                try:
                    client.publish(CHANNEL, live_id)
                except BaseException:
                    self._out.add(live_id)
                    self._some.set()
                    raise
                self._is_back(self._tell)

    def _hear(self, client: Any) -> None:
        with client.pubsub() as channel:
            channel.subscribe(CHANNEL)
            try:
                answer = channel.get_message(timeout=PATIENCE)
                if answer is None or answer.get("type") != "subscribe":
                    raise TimeoutError  # it took the call and does not answer
                self.hears = wellbeing.ear.hears = True
                self._is_back(self._hear)
                for live_id in self._followed():  # whatever was missed
                    self._mark(live_id)
                while True:
                    message = channel.get_message(timeout=PATIENCE)
                    if message is None:
                        client.ping()  # a connection that is only silent still answers
                    elif isinstance(message.get("data"), bytes):
                        self._mark(message["data"].decode("ascii", "replace"))
            finally:
                self.hears = wellbeing.ear.hears = False
