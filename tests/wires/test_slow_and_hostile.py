"""A reader in a lift, and clients that send whatever they like: nobody else may notice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from tests.wires.clients import CLOSE, PATIENCE, TEXT, Poller, Raw, Served, frame, served
from workshop.realtime.direct.wire import MOST_WAITING

SEED = 20_261_127
ROUNDS = 300
"""Enough that a fault planted in the parser (a length taken unchecked, a mask forgotten) is found every time."""


def waves(port: int, count: int) -> list[int]:
    """Let a reader sleep while `count` messages of 4 KB are sent to it, and return the numbers it reads afterwards."""
    with Raw(port, buffer=4096, room="lift") as reader, Raw(port) as other:
        assert other.call("flood", {"count": count, "size": 4096, "room": "lift"}) == count
        assert other.call("echo", "meanwhile") == "meanwhile"
        numbers = []
        reader.socket.settimeout(2)  # for the control: its stream ends in the middle of a frame
        try:
            while len(numbers) < count:
                opcode, payload = reader.next()
                assert opcode == TEXT
                if payload != b"2":
                    numbers.append(json.loads(payload[2:])[1]["number"])
        except (TimeoutError, ConnectionError, AssertionError, ValueError):
            return numbers
        return numbers


@pytest.mark.parametrize("kind", ["direct", "stock"])
def test_a_slow_reader_gets_every_message_whole(kind: str) -> None:
    with served(kind) as server:
        assert waves(server.port, 100) == list(range(100))


def test_the_control_corrupts_the_stream_of_a_slow_reader() -> None:
    with served("bare") as server:
        assert waves(server.port, 100) != list(range(100))


def test_a_reader_that_is_too_slow_is_dropped_and_nobody_waits_for_it(direct: Served) -> None:
    with Raw(direct.port, buffer=4096, room="lift") as reader, Raw(direct.port) as other:
        inside = other.call("inside")
        count = 3 * MOST_WAITING // 16_000
        assert other.call("flood", {"count": count, "size": 16_000, "room": "lift"}) == count
        while other.call("inside") != inside - 1:
            time.sleep(0.01)
        with pytest.raises(ConnectionError):
            read_all(reader)
    with Raw(direct.port, room="lift") as again:  # it comes back, as its library does by itself
        assert again.call("flood", {"count": 1, "size": 10, "room": "lift"}, number=7) == 1


def test_nobody_who_only_opens_a_connection_stays() -> None:
    with served("direct", 1.0) as server, Raw(server.port) as one:
        before = server.descriptors()
        strangers = [Raw(server.port, join=False) for _stranger in range(50)]
        assert one.call("echo", 1) == 1
        for stranger in strangers:
            assert stranger.close_code() == 1008
            stranger.socket.close()
        assert one.call("echo", 2) == 2  # who has joined, and answers pings, stays
        while server.descriptors() > before:
            time.sleep(0.05)


CROWD, AT_A_TIME = 2000, 100
OF_EACH = 80_000
"""Bytes that an idle poll may cost, a connection and a request that waits: three times what it does."""


@pytest.mark.slow
def test_two_thousand_idle_polls_are_carried_and_cut_once_they_fall_silent() -> None:
    with served("direct", 8.0, 2 * AT_A_TIME) as server, Raw(server.port) as one:
        before, memory = server.descriptors(), server.memory()
        crowd: list[Poller] = []
        while len(crowd) < CROWD:
            batch = [Poller(server.port) for _poller in range(AT_A_TIME)]
            for body, sign in (("", "0{"), ('40{"room":"pool"}', "OK"), ("", "40{")):
                for poller in batch:
                    poller.ask(body)
                for poller in batch:
                    status, said = poller.answer()
                    assert status == 200 and said.startswith(sign)
            for poller in batch:
                poller.ask()  # and there it waits
            crowd += batch
            assert one.call("echo", len(crowd)) == len(crowd)
        assert one.call("inside") > CROWD // 2, "they are there at once"
        assert server.memory() - memory < CROWD * OF_EACH
        for poller in crowd:
            assert poller.answer() == (200, "2")  # is anybody there? Nobody says so
        wait_for("all are cut", lambda: one.call("inside") == 1)
        for poller in crowd:
            poller.ask()
            assert poller.answer()[0] == 400, "its session is over"
            poller.socket.close()
        wait_for("nothing is held", lambda: one.call("echo", "here") == "here" and server.descriptors() <= before)


@pytest.mark.slow
def test_strangers_take_the_places_of_strangers_alone_and_lose_them() -> None:
    places = 200
    with served("direct", 8.0, places) as server, Raw(server.port) as one:
        crowd = [Poller(server.port) for _poller in range(2 * places)]
        for poller in crowd:
            poller.ask()
        assert [poller.answer()[0] for poller in crowd] == [200] * len(crowd), "nobody is kept out"
        for poller in crowd:
            poller.ask()
        for poller in crowd[:places]:
            assert poller.answer()[0] == 400, "who had waited longest made room"
        assert one.call("echo", "here") == "here", "who has joined stays"
        for poller in crowd[places:]:
            assert poller.answer()[0] == 400, "who never joined is cut in the end"
        for poller in crowd:
            poller.socket.close()
        assert one.call("echo", "here") == "here"


def wait_for(what: str, come: Callable[[], bool]) -> None:
    """Look again and again; raise AssertionError when it never comes."""
    until = time.monotonic() + 4 * PATIENCE
    while not come():
        assert time.monotonic() < until, what
        time.sleep(0.2)


def read_all(reader: Raw) -> None:
    while True:
        reader.next()


def noise(luck: random.Random) -> bytes:
    """Return bytes of no protocol, or lawful frames with something wrong in them."""
    kind = luck.randrange(4)
    if kind == 0:
        return luck.randbytes(luck.randrange(1, 200))
    message = luck.choice(
        [b'421["echo","hello"]', b'42["flood",{}]', b"2", b"3", b"40{}", b"41", b"1", b'451-["echo",{"_placeholder":true,"num":9}]',
         b'42["short",1]', b"4" + b"[" * 50, b'421["echo",' + b"9" * 400 + b"]", b"", "4ä".encode()]
    )  # fmt: skip
    opcode = luck.choice([0, 1, 1, 1, 1, 2, 3, 8, 9, 10, 15])
    whole = frame(
        opcode, message, final=luck.random() < 0.8, masked=luck.random() < 0.9, reserved=luck.choice([0] * 9 + [1])
    )
    if kind == 1:
        return whole
    mutated = bytearray(whole)
    for _change in range(luck.randrange(1, 4)):
        mutated[luck.randrange(len(mutated))] = luck.randrange(256)
    return bytes(mutated if kind == 2 else mutated[: luck.randrange(1, len(mutated) + 1)])


def test_no_noise_harms_the_server_or_anybody_else(direct: Served) -> None:
    luck = random.Random(SEED)
    with Raw(direct.port) as healthy:
        before = direct.descriptors()
        for number in range(ROUNDS):
            with Raw(direct.port, join=luck.random() < 0.7) as client:
                try:
                    for _part in range(luck.randrange(1, 6)):
                        client.socket.sendall(noise(luck))
                    client.socket.sendall(frame(CLOSE, b""))
                except OSError:
                    pass  # cut already
            if number % 20 == 0:
                assert healthy.call("echo", number) == number
        assert healthy.call("echo", "well") == "well"
        while direct.descriptors() > before:
            time.sleep(0.05)
