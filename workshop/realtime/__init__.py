"""Real time: sockets in, fragments out.

Lives here: plugging the socket server into the app, and starting what runs by
itself. Who may enter is in `rooms.py`, what they may do in `events.py`, what
they are sent in `coalescer.py`, how bytes travel in `transport.py`, which
requests are let in at all in `gate.py`. Not here: any rule of a live session.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from ..house import House
from . import events
from .coalescer import Coalescer
from .gate import Gate
from .rooms import Registry
from .transport import Transport, chosen


@dataclass(frozen=True)
class Realtime:
    """What `init_app` built; found at `app.extensions["realtime"]`."""

    transport: Transport
    registry: Registry
    coalescer: Coalescer


def init_app(app: Flask) -> Realtime:
    """Plug the socket server into the app and listen for notices."""
    house: House = app.extensions["house"]
    transport = chosen(app, house.settings.transport)
    registry = Registry(house)
    coalescer = Coalescer(app, house, transport, registry)
    house.database.on_notice(coalescer.mark)
    events.register(transport, registry, coalescer, house)
    app.wsgi_app = Gate(app.wsgi_app, house.settings)  # type: ignore[method-assign]
    realtime = Realtime(transport, registry, coalescer)
    app.extensions["realtime"] = realtime
    return realtime


def start(app: Flask) -> None:
    """Start what runs by itself in a serving process: pushes, timers, pools, checkpoints."""
    from . import clockwork

    realtime: Realtime = app.extensions["realtime"]
    clockwork.start(app.extensions["house"], realtime)
