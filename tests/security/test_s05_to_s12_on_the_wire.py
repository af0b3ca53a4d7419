"""Attacks S5, S7 and S9 to S12 on the running server, byte by byte: who is let in, what is taken, what is cut.

Not here: events from the wrong hands (S8: `promises/test_08_no_privileged_view.py`).
"""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
import websocket

from tests.conftest import LiveServer, make_account
from tests.wire import Gone, Inside, Wire
from workshop import accounts, facilitators
from workshop.answers import LARGEST_ANSWER
from workshop.models import Account, SessionRole
from workshop.realtime import clockwork
from workshop.realtime.rooms import EVENTS_AT_ONCE, SOCKETS_PER_SEAT

LATEST = 5  # seconds after which a connection without a right must be dead (attack S5)


@pytest.fixture
def asked(inside: Inside) -> Iterator[str]:
    """Return the run of an open question that takes cards."""
    console = inside.console()
    yield inside.ask(console, "stuck")
    console.close()


# -- S5: what lost its right


def lose(how: str, inside: Inside, account: Account, cookie_token: str) -> None:
    with inside.house.database.transaction() as session:
        if how == "signed out":
            accounts.sign_out(session, cookie_token)
        elif how == "another role":
            facilitators.change_role(session, inside.live_id, account.id, "watch")
        elif how == "removed":
            facilitators.remove(session, inside.live_id, account.id)
        elif how == "kept out":
            accounts.set_active(session, make_account(inside.house, "admin"), account.id, False)
    if how == "another password":
        accounts.change_password(inside.house, account, "quiet rivers carry boats", "other rivers carry ships")


@pytest.mark.parametrize("how", ["signed out", "another role", "removed", "kept out", "another password"])
def test_an_open_console_dies_with_its_right(inside: Inside, how: str) -> None:
    assert clockwork.RIGHTS < LATEST - 1
    colleague = make_account(inside.house)
    with inside.house.database.transaction() as session:
        session.add(SessionRole(live_id=inside.live_id, account_id=colleague.id, role="moderate"))
        token = accounts.open_browser(session, colleague.id, inside.house.clock())
    with closing(inside.console(_cookie(inside, token))) as console, closing(inside.console()) as leader:
        assert console.call("screen", {})["html"]
        lose(how, inside, colleague, token)
        assert console.ended()
        assert leader.call("screen", {})["html"], "the others stay"
    if how != "another role":  # what is left of it still opens
        with closing(Wire.knock(inside.server, _cookie(inside, token))) as again:
            assert again.enter({"audience": "console", "live": inside.live_id}).startswith("44")


def _cookie(inside: Inside, token: str) -> str:
    """Return the browser's cookie around a token of staff."""
    from flask import Flask
    from flask.sessions import SecureCookieSessionInterface

    signer = Flask("signer")
    signer.secret_key = inside.house.settings.secret_key
    serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
    assert serializer is not None
    return f"unstuck={serializer.dumps({'staff': token})}"


# -- S7: from another site


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"suppress_origin": True},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "https://evil.example", "header": ["X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"]},
        {"host": "evil.example", "origin": "http://evil.example"},
    ],
    ids=["foreign", "null", "none", "another port", "forged forwarding", "foreign host"],
)
def test_a_websocket_from_elsewhere_is_refused(inside: Inside, options: dict[str, Any]) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Wire.knock(inside.server, inside.seat(), **options)
    assert refused.value.status_code in (400, 403)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({}, "A websocket has to send Origin: {url}, as browsers do."),
        ({"Origin": "https://evil.example"}, "The header Origin names another site; here it is {url}."),
    ],
    ids=["none", "foreign"],
)
def test_whoever_wrote_a_client_of_their_own_reads_why_it_is_refused(
    inside: Inside, sent: dict[str, str], told: str
) -> None:
    """A load generator sends no Origin unless it is told to; "Check BASE_URL and the proxy" did not help."""
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", **sent}
    with closing(http.client.HTTPConnection(inside.server.url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=asked)
        assert connection.getresponse().read().decode() == told.format(url=inside.server.url) + "\n"


def test_long_polling_from_elsewhere_is_refused(inside: Inside) -> None:
    for origin in ("https://evil.example", "null"):
        request = urllib.request.Request(
            f"{inside.server.url}/socket.io/?EIO=4&transport=polling", headers={"Origin": origin}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == 403
        refused.value.close()


# -- S9: in by another door


@pytest.mark.parametrize(
    "auth",
    [
        lambda live: {"audience": "phone", "live": f"{live}:phone::"},
        lambda live: {"audience": "console", "live": live},
        lambda live: {"audience": "stage", "live": live},
        lambda live: {"audience": "everybody", "live": live},
        lambda live: {"audience": ["phone"], "live": live},
        lambda live: {"audience": "phone", "live": [live]},
        lambda live: {"audience": "phone", "live": live * 1000},
        lambda live: {"audience": "phone", "live": None, "room": live},
        lambda live: [live],
        lambda live: live,
        lambda live: None,
    ],
)
def test_whatever_a_phone_names_it_enters_no_other_room(inside: Inside, auth: Callable[[str], object]) -> None:
    with closing(Wire.knock(inside.server, inside.seat())) as wire:
        assert not wire.enter(auth(inside.live_id)).startswith("40")
        assert not wire.screens


def test_a_seat_opens_its_own_session_alone(inside: Inside) -> None:
    other = inside.another()
    with closing(Wire.knock(inside.server, inside.seat())) as wire:
        assert wire.enter({"audience": "phone", "live": other.live_id}).startswith("44")


def test_who_speaks_before_being_let_in_is_not_heard(inside: Inside, asked: str) -> None:
    seat = inside.seat()
    with closing(Wire.knock(inside.server, seat)) as wire:
        try:
            wire.send("answer", {"run": asked, "revision": 1, "fields": {"text-0": ["too early"]}})
            wire.enter({"audience": "phone", "live": inside.live_id})
        except Gone:
            pass  # cut off, which is as good
    with closing(inside.phone(seat)) as phone:
        assert phone.call("mine", {"run": asked})["revision"] == 0


def test_an_unknown_event_is_passed_over(inside: Inside, asked: str) -> None:
    with closing(inside.phone()) as phone:
        for event in ("shutdown", "__class__", "a" * 5000):
            phone.write("42" + json.dumps([event, {"run": asked}]))
        phone.write('42["move",{"command":"close","argument":"","version":1}]')
        assert phone.answer(asked, 1, "still here")["ok"]


@pytest.mark.parametrize("event", ["connect", "disconnect"])
def test_nobody_speaks_in_the_servers_name(inside: Inside, asked: str, event: str) -> None:
    """Whoever does is cut off, or not heard; in no case forgotten by the list from which rights are checked."""
    with closing(inside.console()) as console, closing(inside.phone()) as neighbour:
        console.write("42" + json.dumps([event, {"HTTP_COOKIE": ""}, {"audience": "console", "live": inside.live_id}]))
        with suppress(Gone):
            assert console.call("screen", {})["html"]
        assert neighbour.answer(asked, 1, "unharmed")["ok"]


# -- S10: what no phone sends


SURROGATE = '{"run":"RUN","revision":1,"fields":{"text-0":["half \\ud83d an emoji"]},"pad":""}'
"""Written out: a JSON escape is the only way in which half a sign can travel."""

REFUSED: dict[str, str] = {
    "fields are a list": '{"run":"RUN","revision":1,"fields":["text-0"]}',
    "fields are a number": '{"run":"RUN","revision":1,"fields":1}',
    "a value is no list": '{"run":"RUN","revision":1,"fields":{"text-0":"words"}}',
    "a value is an object": '{"run":"RUN","revision":1,"fields":{"text-0":[{"a":1}]}}',
    "no fields at all": '{"run":"RUN","revision":1}',
    "revision is a text": '{"run":"RUN","revision":"1","fields":{"text-0":["words"]}}',
    "revision is true": '{"run":"RUN","revision":true,"fields":{"text-0":["words"]}}',
    "revision is negative": '{"run":"RUN","revision":-1,"fields":{"text-0":["words"]}}',
    "revision is huge": '{"run":"RUN","revision":99999999999999999999,"fields":{"text-0":["words"]}}',
    "revision is not a number": '{"run":"RUN","revision":NaN,"fields":{"text-0":["words"]}}',
    "revision is endless": '{"run":"RUN","revision":Infinity,"fields":{"text-0":["words"]}}',
    "run is an object": '{"run":{"$ne":1},"revision":1,"fields":{"text-0":["words"]}}',
    "run is another": '{"run":"AAAAAAAAAAAAAAAAAAAAAA","revision":1,"fields":{"text-0":["words"]}}',
    "one letter too many": '{"run":"RUN","revision":1,"fields":{"text-0":["' + "x" * 2001 + '"]}}',
    "a thousand fields": '{"run":"RUN","revision":1,"fields":{' + ",".join(f'"f{n}":["1"]' for n in range(1000)) + "}}",
    "longer than an answer": '{"run":"RUN","revision":1,"fields":{"text-0":["'
    + "x" * 1500
    + '"],"text-1":["'
    + "y" * LARGEST_ANSWER
    + '"]}}',
    "the payload is a list": '["RUN"]',
    "the payload is null": "null",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_phone_sends_is_refused_and_nothing_stored(inside: Inside, asked: str, what: str) -> None:
    with closing(inside.phone()) as phone:
        phone.write(f'427["answer",{REFUSED[what].replace("RUN", asked)}]')
        packet = phone.read()
        assert packet.startswith("437["), packet
        told = json.loads(packet[3:])[0]
        assert told["ok"] is False and told["code"] and told["code"] != "failed", told
        assert phone.call("mine", {"run": asked})["revision"] == 0


@pytest.mark.parametrize(
    "packet",
    [
        '42["answer","' + "x" * 1_000_000 + '"]',
        "42" + "[" * 10_000 + "]" * 10_000,
        '42["answer",' + '{"a":' * 3_000 + "1" + "}" * 3_000 + "]",
        "42{not json",
        "9",
        b"\x00\xff" * 100,
        '51-["answer",{"_placeholder":true,"num":0}]',
    ],
    ids=["a megabyte", "deep lists", "deep objects", "no json", "no packet", "bytes", "a promised file"],
)
def test_a_packet_that_is_none_harms_only_its_sender(inside: Inside, asked: str, packet: str | bytes) -> None:
    seat = inside.seat()
    with closing(inside.phone()) as neighbour:
        with closing(inside.phone(seat)) as phone:
            try:
                phone.write(packet)
                phone.call("mine", {"run": asked})
            except Gone:
                pass
        assert neighbour.answer(asked, 1, "unharmed")["ok"]
    with closing(inside.phone(seat)) as phone:
        assert phone.call("mine", {"run": asked})["revision"] == 0
    assert "Traceback" not in inside.server.log


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a\\u0000b", "ab"),
        ("a\\u202eb\\u2066c", "abc"),
        ("a\\u200bb\\ufeffc", "abc"),
        ("half \\ud83d an emoji", "half an emoji"),
        ("e\\u0301", "\u00e9"),
        ("e" + "\\u0301" * 1500, "\u00e9" + "\u0301" * 8),
    ],
    ids=["NUL", "turned around", "invisible", "half an emoji", "composed", "a tower of accents"],
)
def test_strange_signs_are_taken_out_or_refused(inside: Inside, asked: str, sent: str, kept: str) -> None:
    with closing(inside.phone()) as phone:
        phone.write(f'427["answer",{{"run":"{asked}","revision":1,"fields":{{"text-0":["{sent}"]}}}}]')
        told = json.loads(phone.read()[3:])[0]
        mine = phone.call("mine", {"run": asked})
        if not told["ok"]:
            assert told["code"] != "failed" and mine["revision"] == 0
            return
        words = " ".join(mine["fields"]["text-0"][0].replace("\ufffd", "").split())
        assert words == kept


# -- S11 and S12: too much and too slow


def test_a_flood_is_throttled_then_cut_and_nobody_else_notices(inside: Inside, asked: str) -> None:
    with closing(inside.phone()) as flooding, closing(inside.phone()) as neighbour:
        for number in range(1, 1001):
            try:
                flooding.send("answer", {"run": asked, "revision": number, "fields": {"text-0": ["again"]}})
            except Gone:
                break
        assert flooding.ended()
        assert neighbour.answer(asked, 1, "calmly")["ok"]
    assert EVENTS_AT_ONCE <= 100


def test_one_device_gets_a_few_sockets_and_no_more(inside: Inside) -> None:
    seat = inside.seat()
    wires = [Wire.knock(inside.server, seat) for _ in range(60)]
    let_in = [wire.enter({"audience": "phone", "live": inside.live_id}).startswith("40") for wire in wires]
    assert sum(let_in) == SOCKETS_PER_SEAT
    with closing(inside.phone()) as neighbour:
        assert neighbour.call("screen", {})["html"]
    for wire in wires:
        wire.close()


def test_half_open_upgrades_and_idle_polls_keep_nobody_out(inside: Inside, shared_server: LiveServer) -> None:
    half = []
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", shared_server.port), timeout=20)
        connection.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        )
        half.append(connection)
    for _ in range(300):
        urllib.request.urlopen(f"{shared_server.url}/socket.io/?EIO=4&transport=polling", timeout=20).close()
    with closing(inside.phone()) as phone:
        assert phone.call("screen", {})["html"]
    for connection in half:
        connection.close()


# -- S15 where no page is


@pytest.mark.parametrize("path", ["/socket.io/?EIO=4&transport=polling", "/nowhere", "/static/x/none.css", "/j/none"])
def test_the_headers_are_there_on_a_running_server_too(inside: Inside, path: str) -> None:
    try:
        answer = urllib.request.urlopen(inside.server.url + path, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Werkzeug" not in str(answer.headers) and "Python" not in str(answer.headers)
