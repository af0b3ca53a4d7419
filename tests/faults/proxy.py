"""A bad way to the server: slow, unsteady, cut at random or on command, and everything in small pieces.

Lives here: one TCP proxy whose faults may be changed while it is in use. TCP
itself cannot lose or double a byte, so what arrives twice is sent twice by the
phones of a test. Not here: what anybody says over it.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


TICK = 0.05  # seconds


@dataclass
class Line:
    """One connection through the proxy: since how many ticks each of its ways has carried nothing.

    Ticks of the proxy's own, not of a clock: a machine that stands still for a moment is no silence.
    """

    silent: dict[str, int] = field(default_factory=lambda: {"there": 0, "back": 0})

    def hear(self, way: str) -> None:
        """Note that something passes on this way."""
        self.silent[way] = 0

    def tick(self) -> float:
        """Count on; return for how many seconds the more silent of both ways has carried nothing."""
        for way in self.silent:
            self.silent[way] += 1
        return max(self.silent.values()) * TICK


class Proxy:
    """Passes on to `port` of this machine; use it as a context.

    `delay` and `jitter`: seconds that each piece waits. `piece`: bytes that pass
    at a time, 0 for all. `life`: the seconds of which one is drawn, after which
    a connection is cut. `idle`: seconds of silence on either of its ways after
    which it is cut, as many proxies do after 60.
    """

    def __init__(self, port: int, *, seed: int = 20261128) -> None:
        self.delay = self.jitter = self.idle = 0.0
        self.piece = 0
        self.life: tuple[float, float] | None = None
        self.refuses = False
        self.cuts = 0
        self._to = port
        self._lots = random.Random(seed)
        self._open: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy")

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._server = self._ask(asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=512))
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ask(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, *, refuse: bool = False) -> int:
        """Break every connection off, and with `refuse` each new one until `let`; return how many there were."""
        self.refuses = refuse
        return self._ask(self._cut())

    def let(self) -> None:
        """Let new connections through again."""
        self.refuses = False

    def _ask(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _cut(self) -> int:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _end(self) -> None:
        self._server.close()
        await self._cut()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        line = Line()
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        ends = [writer]
        work: list[asyncio.Task[None]] = []
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(to_server)
            work = [
                asyncio.create_task(self._pump(line, "there", reader, to_server)),
                asyncio.create_task(self._pump(line, "back", from_server, writer)),
                asyncio.create_task(self._doom(line)),
            ]
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        except (asyncio.CancelledError, OSError):
            pass  # cut, or nobody listens behind the proxy
        finally:
            self._open.discard(task)
            for one in work:
                one.cancel()
            for end in ends:
                end.transport.abort()  # what is on its way is lost
            await asyncio.gather(*work, return_exceptions=True)

    async def _pump(self, line: Line, way: str, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            line.hear(way)
            while data:
                size = self.piece or len(data)
                await asyncio.sleep(self.delay + self._lots.random() * self.jitter)
                target.write(data[:size])
                await target.drain()
                data = data[size:]

    async def _doom(self, line: Line) -> None:
        """End when the line's time has come."""
        ticks = self._lots.uniform(*self.life) / TICK if self.life else float("inf")
        while ticks > 0 and not (line.tick() > self.idle > 0):
            await asyncio.sleep(TICK)
            ticks -= 1
        self.cuts += 1
