"""A whole day, written in the editor from nothing and led from the first question to the last with thirty phones.

Every kind of question is opened, answered by everybody over a real socket,
closed and shown; nothing is refused on the way and everybody reads the same.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.a_whole_day import Writer, write_the_day
from tests.conftest import LiveServer
from tests.journeys.test_killed_in_mid_burst import _code
from tests.journeys.test_twelve_in_groups import place
from workshop.activities import KINDS
from workshop.demo import pages
from workshop.demo.people import Facilitator, Phone
from workshop.demo.play import _shows, as_asked
from workshop.guides import schema

PHONES = 30

Fields = dict[str, list[str]]


def everybody(phones: list[Phone], work: Any, *more: Any) -> list[Any]:
    """Let all phones do something at once."""
    with ThreadPoolExecutor(len(phones)) as room:
        return list(room.map(work, phones, *more))


def without_a_question(phone: Phone) -> str:
    """Return the phone's screen once nothing is asked on it."""
    return phone.socket.wait_for("the result", lambda html: "data-answer" not in html)


def answer(leader: Facilitator, phones: list[Phone], activity: schema.Activity) -> None:
    """Let everybody answer with one of the kind's own examples; in groups one writes for all of them."""
    shows = _shows(activity.prompt)
    screens = everybody(phones, lambda phone: phone.socket.wait_for(activity.id, lambda html: shows(html)))
    kind = KINDS[activity.kind]
    examples = kind.examples((as_asked(activity, screens[0]) if activity.sources else activity).config)
    if not kind.in_groups:
        everybody(phones, Phone.answer, itertools.cycle(examples))
        return
    run = pages.attribute(screens[0], "data-run")
    groups: defaultdict[int, list[Phone]] = defaultdict(list)
    for phone in phones:
        groups[place(phone, run, "take")["number"]].append(phone)
    assert all(3 <= len(group) <= 5 for group in groups.values()), "thirty people in fours"
    while (move := leader.next_move()) in ("breakout_part:1", "breakout_part:2"):  # alone, in pairs, in fours
        leader.press(move)
    writers = [group[0] for group in groups.values()]
    for writer in writers:
        assert place(writer, run, "write")["writing"] == "you"
    everybody(writers, Phone.answer, itertools.cycle(examples))


@pytest.mark.slow
def test_thirty_phones_go_through_a_day_that_was_written_in_the_editor(live_server: LiveServer) -> None:
    leader = Facilitator(live_server.url)
    leader.make_account(live_server.first_link, "Robin Example", "robin@example.org", "quiet rivers carry boats")
    slug = write_the_day(Writer.over(leader.browser))
    exported = leader.browser.get(f"/staff/guides/{slug}/file")
    guide = schema.parse(exported, "day.yaml")
    live_id = leader.make_session(slug, {"team": "Customer service", "expected": str(PHONES)})
    leader.take_the_console()
    code = _code(live_server, live_id)
    with ThreadPoolExecutor(8) as door:
        phones = list(door.map(lambda _number: Phone(code, live_server.url), range(PHONES)))

    opened: list[str] = []
    at = 0
    while (move := leader.next_move()).partition(":")[0] != "end":
        command = move.partition(":")[0]
        leader.press(move)
        activity = guide.activities[at]
        if command == "next":
            at += 1
        elif command == "open":
            answer(leader, phones, activity)
            opened.append(activity.kind)
        elif command == "close":
            assert len({pages.attribute(html, "data-run") for html in everybody(phones, without_a_question)}) == 1
    leader.press(move)

    asked = {one.kind for one in guide.activities if KINDS[one.kind].asks}
    assert at == len(guide.activities) - 1
    assert asked - {"parking"} == set(opened), "every kind of question was asked"
    assert len(set(everybody(phones, without_a_question))) == 1, "everybody reads the same"
    for one in (*phones, leader):
        one.socket.client.eio.ws.shutdown()
