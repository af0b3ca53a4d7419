"""Attack S9 on the stock transport: nobody says "connect" or "disconnect" in the server's name.

The transport of our own is asked the same on the running server (`test_s05_to_s12_on_the_wire.py`).
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_socketio import SocketIOTestClient

from tests.conftest import signed_in
from tests.small_guide import make_session
from workshop.house import House
from workshop.models import Account


@pytest.mark.parametrize("event", [("disconnect",), ("disconnect", "client disconnect"), ("connect", {}, None)])
def test_a_console_cannot_make_the_server_forget_it(
    app: Flask, house: House, facilitator: Account, event: tuple[Any, ...]
) -> None:
    live_id = make_session(house, facilitator)
    console = SocketIOTestClient(
        app, app.extensions["socketio"], auth={"audience": "console", "live": live_id},
        flask_test_client=signed_in(app.test_client(), facilitator),
    )  # fmt: skip
    registry = app.extensions["realtime"].registry
    assert registry.steered() == {live_id}
    console.emit(*event)
    assert registry.steered() == {live_id}
    assert console.emit("screen", {}, callback=True)["html"]
    console.disconnect()
    assert registry.steered() == set()


def test_the_control_is_forgotten_and_stays_in_its_room(app: Flask, house: House, facilitator: Account) -> None:
    server = app.extensions["socketio"].server
    server._handle_event = type(server)._handle_event.__get__(server)  # the library as it comes
    live_id = make_session(house, facilitator)
    console = SocketIOTestClient(
        app, app.extensions["socketio"], auth={"audience": "console", "live": live_id},
        flask_test_client=signed_in(app.test_client(), facilitator),
    )  # fmt: skip
    console.emit("disconnect")
    assert app.extensions["realtime"].registry.steered() == set()
    assert console.is_connected()
