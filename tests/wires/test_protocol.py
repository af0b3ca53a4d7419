"""RFC 6455 and Engine.IO to the letter, and what becomes of a client that does not keep to them."""

from __future__ import annotations

import http.client
import json
import struct

import pytest

from tests.wires.clients import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Raw, Served, frame

ECHO = b'421["echo","hello"]'
ANSWER = '431["hello"]'
JOIN = '40{"room":"hall"}'


def close(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


BROKEN = {
    "a frame without a mask": (frame(TEXT, ECHO, masked=False), 1002),
    "the first reserved bit": (frame(TEXT, ECHO, reserved=4), 1002),
    "the second reserved bit": (frame(PING, b"", reserved=2), 1002),
    "the third reserved bit": (frame(CLOSE, b"", reserved=1), 1002),
    "an unknown kind of message": (frame(0x3, b""), 1002),
    "an unknown control frame": (frame(0xB, b""), 1002),
    "a ping in pieces": (frame(PING, b"", final=False), 1002),
    "a ping of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a fragment of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message inside another": (frame(TEXT, b"4", final=False) + frame(TEXT, ECHO), 1002),
    "a length in three bytes that fits in one": (b"\x81\xfe\x00\x05" + b"\0" * 4 + b"hello", 1002),
    "a length in nine bytes that fits in three": (b"\x81\xff" + struct.pack("!Q", 5) + b"\0" * 4 + b"hello", 1002),
    "a length with its first bit set": (b"\x82\xff" + struct.pack("!Q", 1 << 63) + b"\0" * 4, 1002),
    "text that is not UTF-8": (frame(TEXT, b"4\xff\xfe"), 1007),
    "half a surrogate": (frame(TEXT, b"4\xed\xa0\x80"), 1007),
    "text cut inside a sign": (frame(TEXT, "4ä".encode()[:-1]), 1007),
    "a gigabyte announced": (frame(TEXT, b"", size=1 << 30), 1009),
    "a large message": (frame(TEXT, b"4" * 25_000), 1009),
    "a message that grows large": (frame(TEXT, b"4" * 20_000, final=False) + frame(CONTINUATION, b"4" * 20_000), 1009),
    "endless empty fragments": (frame(TEXT, b"4", final=False) + frame(CONTINUATION, b"", final=False) * 300, 1008),
    "a flood of pings": (frame(PING, b"x") * 3000, 1008),
    "half a close code": (frame(CLOSE, b"\x03"), 1002),
    "a close code that may not be sent": (frame(CLOSE, close(1005)), 1002),
    "a close code of nobody": (frame(CLOSE, close(5000)), 1002),
    "a close reason that is not UTF-8": (frame(CLOSE, close(1000, b"\xff")), 1007),
    "no packet": (frame(TEXT, b"hello"), 1002),
    "an empty packet": (frame(TEXT, b""), 1002),
    "a ping of the third version": (frame(TEXT, b"2"), 1002),
    "no event": (frame(TEXT, b"42{}"), 1002),
    "an event without a name": (frame(TEXT, b"42[]"), 1002),
    "an event that is ours to say": (frame(TEXT, b'42["connect",{},{}]'), 1002),
    "an event that is not JSON": (frame(TEXT, b"42[,]"), 1002),
    "an event nested ten thousand deep": (frame(TEXT, b"42" + b"[" * 10_000), 1002),
    "an attachment of nothing": (frame(BINARY, b"x"), 1002),
    "a million attachments": (frame(TEXT, b'451000000-["echo",{"_placeholder":true,"num":0}]'), 1002),
    "a number that has no end": (frame(TEXT, b"42" + b"1" * 500 + b'["echo"]'), 1002),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_client_that_breaks_the_protocol_is_told_so_and_cut(direct: Served, what: str) -> None:
    sent, code = BROKEN[what]
    with Raw(direct.port) as broken, Raw(direct.port) as other:
        broken.socket.sendall(sent)
        assert broken.close_code() == code
        assert other.call("echo", "still here") == "still here"


LAWFUL = {
    "whole": frame(TEXT, ECHO),
    "in three pieces": frame(TEXT, ECHO[:5], final=False)
    + frame(CONTINUATION, b"", final=False)
    + frame(CONTINUATION, ECHO[5:]),
    "with control frames between its pieces": frame(TEXT, ECHO[:5], final=False)
    + frame(PONG, b"nobody asked")
    + frame(CONTINUATION, ECHO[5:]),
    "with a late upgrade and nothings before it": frame(TEXT, b"5") + frame(TEXT, b"6") + frame(TEXT, ECHO),
}


@pytest.mark.parametrize("how", LAWFUL)
def test_a_message_arrives_however_it_is_cut(direct: Served, how: str) -> None:
    with Raw(direct.port) as client:
        client.socket.sendall(LAWFUL[how])
        assert client.text() == ANSWER
        for byte in LAWFUL[how]:  # and with each byte in a packet of its own
            client.socket.sendall(bytes((byte,)))
        assert client.text() == ANSWER


def test_messages_of_every_length_come_back(direct: Served) -> None:
    with Raw(direct.port) as client:
        for size in (0, 1, 100, 117, 125, 126, 127, 1000, 16_384, 24_000):
            assert client.call("echo", "ä" * (size // 2)) == "ä" * (size // 2)


def test_a_ping_is_answered_with_its_own_bytes(direct: Served) -> None:
    with Raw(direct.port) as client:
        for payload in (b"", b"x" * 125):
            client.socket.sendall(frame(PING, payload))
            assert client.next() == (PONG, payload)


@pytest.mark.parametrize("payload", [b"", close(1000), close(1001, "grüß".encode()), close(3000), close(4999)])
def test_a_goodbye_is_returned_and_then_the_connection_ends(direct: Served, payload: bytes) -> None:
    with Raw(direct.port) as client:
        client.socket.sendall(frame(CLOSE, payload) + frame(TEXT, ECHO))  # what comes after it is not read
        assert client.next() == (CLOSE, payload[:2] or close(1000))
        with pytest.raises(ConnectionError):
            client.next()


def test_an_upgrade_that_is_not_one_is_refused(direct: Served) -> None:
    lawful = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    for wrong, status in (
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Content-Length": "5"}, 400),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", direct.port, timeout=20)
        connection.request(
            "GET",
            "/socket.io/?EIO=4&transport=websocket",
            b"hello" if status == 400 and "Content-Length" in wrong else None,
            {**lawful, **wrong},
        )
        answer = connection.getresponse()
        assert answer.status == status, wrong
        if status == 426:
            assert answer.headers["Sec-WebSocket-Version"] == "13"
        connection.close()


def test_a_client_that_sends_ahead_of_the_handshake_is_heard(direct: Served) -> None:
    with Raw(direct.port, join=False) as client:
        client.socket.sendall(frame(TEXT, JOIN.encode()) + frame(TEXT, ECHO))
        assert [client.text()[0], client.text()[:2], client.text()] == ["0", "40", ANSWER]


def test_deflate_is_never_agreed_on(direct: Served) -> None:
    with Raw(direct.port, join=False) as client:
        assert b"extensions" not in client.head.lower()


def test_events_of_one_client_are_answered_in_their_order(direct: Served) -> None:
    with Raw(direct.port) as client:
        client.socket.sendall(
            b"".join(
                frame(TEXT, f'42{number}["{"slowly" if number % 3 == 0 else "short"}","not mine"]'.encode())
                for number in range(1, 10)
            )
        )
        assert [int(client.text()[2]) for _event in range(9)] == list(range(1, 10))


def test_a_handler_with_a_fault_ends_its_own_client_alone(direct: Served) -> None:
    with Raw(direct.port) as client, Raw(direct.port) as other:
        assert other.call("short", "boom") == {"long": "boom"}
        assert other.call("short", "quick") == {"short": "quick"}
        client.say('421["boom",null]')
        assert client.close_code() == 1002
        assert other.call("echo", 1) == 1


def test_a_binary_event_comes_back_whole(direct: Served) -> None:
    with Raw(direct.port) as client:
        client.say('451-1["echo",{"picture":{"_placeholder":true,"num":0}}]')
        client.socket.sendall(frame(BINARY, b"\0\1\2"))
        assert client.text() == '461-1[{"picture":{"_placeholder":true,"num":0}}]'
        assert client.next() == (BINARY, b"\0\1\2")


class Polling:
    """A client that polls, step by step."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sid = json.loads(self.get("")[1][1:])["sid"]

    def request(self, method: str, query: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, f"/socket.io/?EIO=4&transport=polling{query}", body and body.encode())
        answer = connection.getresponse()
        said = answer.status, answer.read().decode()
        connection.close()
        return said

    def get(self, query: str | None = None) -> tuple[int, str]:
        return self.request("GET", f"&sid={self.sid}" if query is None else query)

    def post(self, body: str) -> tuple[int, str]:
        return self.request("POST", f"&sid={self.sid}", body)


def test_polling_takes_and_gives_several_packets_at_once(direct: Served) -> None:
    client = Polling(direct.port)
    assert client.post(JOIN) == (200, "OK")
    assert client.get()[1].startswith("40{")
    assert client.post('421["slowly",1]\x1e422["slowly",2]\x1e423["echo","ä"]') == (200, "OK")
    got: list[str] = []
    while len(got) < 3:
        got += client.get()[1].split("\x1e")
    assert got == ["431[1]", "432[2]", '433["\\u00e4"]']
    assert client.post("1") == (200, "OK")
    assert client.get()[0] == 400


@pytest.mark.parametrize("body", ["", "hello", "2", "4" * 25_000, "\x1e".join(["6"] * 17), "b4", "d=4"])
def test_a_post_that_cannot_be_read_ends_the_session(direct: Served, body: str) -> None:
    client = Polling(direct.port)
    status, _said = client.post(body)
    if body:  # an empty one says nothing
        assert status == 400
        assert client.get()[0] == 400


def test_two_polls_at_once_end_the_session(direct: Served) -> None:
    client = Polling(direct.port)
    waiting = http.client.HTTPConnection("127.0.0.1", direct.port, timeout=20)
    waiting.request("GET", f"/socket.io/?EIO=4&transport=polling&sid={client.sid}")
    while (second := client.get())[0] != 400:  # the first may not have been read yet
        assert second == (200, "1")
    assert client.get()[0] == 400
    waiting.close()


def test_an_unknown_session_another_version_and_jsonp_are_refused(direct: Served) -> None:
    client = Polling(direct.port)
    assert client.get("&sid=unknown")[0] == 400
    assert client.request("POST", "&sid=unknown", "40")[0] == 400
    assert client.request("GET", "&EIO=3&EIO=3")[0] in (200, 400)
    assert client.get(f"&sid={client.sid}&j=0")[0] == 400
    assert client.request("PUT", f"&sid={client.sid}")[0] == 405


def test_a_session_changes_to_a_websocket_and_loses_nothing(direct: Served) -> None:
    client = Polling(direct.port)
    client.post(JOIN)
    client.get()
    with Raw(direct.port, join=False, query=f"&sid={client.sid}") as upgrade:
        upgrade.say("2probe")
        assert upgrade.text() == "3probe"
        client.post('421["echo","held"]')  # sent by the old way, answered by the new
        assert client.get() == (200, "6")
        upgrade.say("5")
        assert upgrade.text() == '431["held"]'
        assert upgrade.call("echo", "over the websocket", number=2) == "over the websocket"
        assert client.get()[0] == 400
        assert client.post("421[1]")[0] == 400


def test_a_session_whose_upgrade_fails_goes_on_polling(direct: Served) -> None:
    client = Polling(direct.port)
    client.post(JOIN)
    client.get()
    with Raw(direct.port, join=False, query=f"&sid={client.sid}") as upgrade:
        upgrade.say("2probe")
        assert upgrade.text() == "3probe"
        upgrade.say("4 not an upgrade")
        assert upgrade.close_code() == 1002
    client.post('421["echo","still polling"]')
    got = client.get()[1]
    while got == "6":
        got = client.get()[1]
    assert got == '431["still polling"]'


def test_an_id_of_a_client_tells_nothing_of_the_order_in_which_they_came(direct: Served) -> None:
    ends = []
    for _client in range(20):
        with Raw(direct.port, join=False) as client:
            ends.append(json.loads(client.text()[1:])["sid"][-4:])
    assert len(set(ends)) == 20  # a counter's last signs would be nearly the same
    assert ends != sorted(ends)
