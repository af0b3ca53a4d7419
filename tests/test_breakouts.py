"""Breakouts: what is refused first, then dealing, writing and coming back to the room."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.pages import check_html
from tests.promises.groups import breakout_guide, breakout_room, dealt, in_groups
from tests.promises.stagehands import Room, canary
from workshop import anonymity, answers, breakout_moves, breakouts, live_sessions, screens, seals
from workshop.ballots import BallotBoxes
from workshop.errors import AnswerRefused, WorkshopError
from workshop.house import House
from workshop.simulated_phones import SimulatedPhones

ALL_FOUR = breakout_guide(one_two_four_all=True)


def console(played: Room) -> screens.ConsoleScreen:
    with played.house.database.transaction() as session:
        return screens.console(session, live_sessions.get(session, played.live_id), "run", played.house)


# -- how many groups


@pytest.mark.parametrize(
    ("people", "size", "expected"),
    [(6, 4, 2), (7, 4, 2), (8, 4, 2), (9, 4, 3), (10, 4, 3), (12, 4, 3), (13, 4, 4), (14, 4, 4), (7, 3, 2), (8, 3, 2)],
)
def test_a_room_goes_into_so_many_groups(people: int, size: int, expected: int) -> None:
    assert breakouts.groups_of(people, size) == expected


def test_no_group_is_smaller_than_three_or_larger_than_one_more_than_wanted() -> None:
    for size in range(3, 9):
        for people in range(6, 200):
            groups = breakouts.groups_of(people, size)
            assert people // groups >= 3, (people, size)
            assert people < 2 * size or -(-people // groups) <= size + (size == 3), (people, size)


def test_five_people_are_told_before_that_there_can_be_no_groups(hall: House) -> None:
    played = breakout_room(hall, 5)
    shown = console(played)
    assert "two groups of three" in shown.hint
    assert shown.primary is not None
    assert shown.primary.command == "next"
    with pytest.raises(WorkshopError, match="two groups of three"):
        played.move("open")
    assert hall.boxes.box(played.live_id).gates() == {}


@pytest.mark.parametrize(("phones", "sizes"), [(7, [3, 4]), (12, [4, 4, 4]), (13, [3, 3, 3, 4])])
def test_everybody_gets_a_number_and_the_groups_are_even(hall: House, phones: int, sizes: list[int]) -> None:
    groups = in_groups(hall, phones)
    assert sorted(len(phones_) for phones_ in groups.members.values()) == sizes
    assert sorted(groups.members) == list(range(1, len(sizes) + 1))


def test_numbers_fall_by_lot() -> None:
    firsts = Counter(breakouts.choose([0, 0, 0]) for _draw in range(300))
    assert min(firsts[at] for at in range(3)) > 50


# -- a phone keeps its number


def test_a_phone_that_asks_again_is_told_the_same_number(hall: House) -> None:
    groups = in_groups(hall, 12)
    for number, phones in groups.members.items():
        assert {groups.place(phone, "take").number for phone in phones} == {number}
    assert sum(people for people, _writer in _counts(groups.played.house, groups)) == 12


def _counts(house: House, groups: object) -> list[tuple[int, bytes | None]]:
    played, run_id = groups.played, groups.run_id  # type: ignore[attr-defined]
    rows = house.boxes.box(played.live_id)._fetch("select people, writer from breakout where run_id = ?", (run_id,))
    return [(row[0], row[1]) for row in rows]


def test_a_stranger_and_a_phone_that_never_asked_have_no_number(hall: House) -> None:
    groups = in_groups(hall, 6)
    secret = b"x" * 32
    assert breakouts.ask(hall, groups.played.live_id, secret, groups.run_id, "look") is None
    assert breakouts.ask(hall, groups.played.live_id, secret, "no-such-run", "take") is None
    with pytest.raises(WorkshopError):
        breakouts.ask(hall, groups.played.live_id, secret, groups.run_id, "erase")


def test_late_joiners_come_into_the_smallest_groups(hall: House) -> None:
    groups = in_groups(hall, 7)
    groups.played.join(1)
    small = min(groups.members, key=lambda number: len(groups.members[number]))
    assert groups.place(7, "take").number == small


def test_a_number_is_there_again_after_the_server_was_killed(hall: House) -> None:
    groups = in_groups(hall, 9)
    groups.place(groups.members[1][0], "write")
    text = groups.write(2)
    before = {phone: groups.place(phone) for phones in groups.members.values() for phone in phones}
    hall.boxes.close()
    again = House(hall.settings, hall.database, BallotBoxes(hall.boxes.folder), hall.clock)
    seals.recover(again)
    groups.played.house = again
    assert {phone: groups.place(phone) for phone in before} == before
    mine = answers.mine(again, groups.played.live_id, groups.played.secrets[groups.members[2][0]], groups.run_id)
    assert mine.fields == {"text-0": [text]}
    again.boxes.close()


def test_groups_of_two_are_put_together_with_others_when_asked(hall: House) -> None:
    played = breakout_room(hall, 12)
    run_id = played.open()
    places = [breakouts.ask(hall, played.live_id, secret, run_id, "take") for secret in played.secrets[:8]]
    numbers = Counter(place.number for place in places if place)
    assert sorted(numbers.values()) == [2, 3, 3]
    assert console(played).small_groups == 1
    played.move("breakout_gather")
    after = [breakouts.ask(hall, played.live_id, secret, run_id, "take") for secret in played.secrets[:8]]
    assert sorted(Counter(place.number for place in after if place).values()) == [4, 4]
    stayed = [one for one, two in zip(places, after, strict=True) if one and two and one.number == two.number]
    assert len(stayed) == 6
    assert console(played).small_groups == 0


# -- one writer


def test_only_one_of_a_group_writes_and_the_first_claim_wins(hall: House) -> None:
    groups = in_groups(hall, 6)
    first, second, third = groups.members[1]
    outcomes: dict[int, str] = {}
    gate = threading.Barrier(3)

    def claim(phone: int) -> None:
        gate.wait()
        outcomes[phone] = groups.place(phone, "write").writing

    threads = [threading.Thread(target=claim, args=(phone,)) for phone in (first, second, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes.values()) == ["somebody", "somebody", "you"]
    others = [phone for phone, writing in outcomes.items() if writing == "somebody"]
    with pytest.raises(AnswerRefused, match="Somebody else in your group"):
        groups.played.send(others[0], groups.run_id, {"text-0": ["Mine"]})
    assert answers.mine(hall, groups.played.live_id, groups.played.secrets[others[0]], groups.run_id).revision == 0


def test_whoever_sends_first_writes(hall: House) -> None:
    groups = in_groups(hall, 6)
    groups.write(1)
    assert [groups.place(phone).writing for phone in groups.members[1]] == ["you", "somebody", "somebody"]
    assert [groups.place(phone).writing for phone in groups.members[2]] == ["nobody"] * 3


def test_the_writing_is_handed_on_with_what_was_sent(hall: House) -> None:
    groups = in_groups(hall, 6)
    first, second, third = groups.members[1]
    text = groups.write(1)
    groups.place(second, "hand_on")  # not theirs to give
    assert groups.place(first).writing == "you"
    groups.place(first, "hand_on")
    assert groups.place(third).writing == "nobody"
    assert groups.place(second, "write").writing == "you"
    mine = answers.mine(hall, groups.played.live_id, groups.played.secrets[second], groups.run_id)
    assert (mine.revision, mine.fields) == (1, {"text-0": [text]})
    groups.played.send(second, groups.run_id, {"text-0": ["Ours, said better"]}, revision=2)
    with pytest.raises(AnswerRefused):
        groups.played.send(first, groups.run_id, {"text-0": ["Mine again"]}, revision=3)


def test_a_writer_whose_phone_is_gone_can_be_replaced_and_no_other(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("workshop.ballot_breakouts.monotonic", lambda: now[0])
    groups = in_groups(hall, 6)
    first, second, _third = groups.members[1]
    assert groups.place(first, "write").writing == "you"
    assert groups.place(second, "instead").writing == "somebody"
    now[0] += 30
    groups.place(first, "take")  # as its phone asks every ten seconds
    now[0] += 30
    assert groups.place(second, "instead").writing == "somebody"
    now[0] += 30
    assert groups.place(second).writing == "silent"
    assert groups.place(second, "write").writing == "silent"
    assert groups.place(second, "instead").writing == "you"
    assert groups.place(first).writing == "somebody"


# -- sizes, parts and coming back


def test_the_size_is_chosen_before_the_deal_and_stays(hall: House) -> None:
    played = breakout_room(hall, 12)
    assert "3 groups of 4" in console(played).hint
    played.move("breakout_size", "6")
    assert "2 groups of 6" in console(played).hint
    with pytest.raises(WorkshopError):
        played.move("breakout_size", "2")
    groups = dealt(played)
    assert sorted(groups.members) == [1, 2]
    with pytest.raises(WorkshopError, match="dealt"):
        played.move("breakout_size", "3")


def test_the_deal_starts_the_timer_of_the_groups(hall: House) -> None:
    played = breakout_room(hall, 6, breakout_guide(minutes=7))
    played.open()
    shown = console(played).stage.timer
    assert shown is not None
    assert (shown.total, shown.running) == (420, True)


def test_one_two_four_all_has_its_parts_and_groups_write_in_the_last(hall: House) -> None:
    groups = in_groups(hall, 9, ALL_FOUR)
    played = groups.played
    seen = []
    for _part in range(3):
        shown = console(played)
        assert shown.stage.timer is not None
        assert shown.stage.activity is not None
        assert shown.stage.activity.breakout is not None
        seen.append(
            (shown.stage.activity.breakout.now, shown.stage.timer.total, shown.primary and shown.primary.command)
        )
        if shown.primary and shown.primary.command == "breakout_part":
            with pytest.raises(AnswerRefused, match="next part"):
                groups.write(1)
            assert groups.place(groups.members[1][0], "write").writing == "nobody"
            played.move("breakout_part", shown.primary.argument)
    assert seen == [("alone", 60, "breakout_part"), ("pairs", 120, "breakout_part"), ("group", 240, "close")]
    texts = {groups.write(number) for number in groups.members}
    played.move("close")
    assert {text for _id, text in played.cards()} == texts
    played.move("breakout_all")
    assert (timer := console(played).stage.timer) is not None
    assert timer.total == 300


def test_pairs_are_halves_of_the_fours(hall: House) -> None:
    groups = in_groups(hall, 16, ALL_FOUR)
    for phones in groups.members.values():
        assert Counter(groups.place(phone).half for phone in phones) == {"a": 2, "b": 2}
    small = in_groups(hall, 6, ALL_FOUR)
    assert {small.place(phone).half for phones in small.members.values() for phone in phones} == {""}


def test_what_groups_sent_comes_back_as_cards_and_goes_on_in_the_session(hall: House) -> None:
    groups = in_groups(hall, 12)
    played = groups.played
    texts = {groups.write(number) for number in groups.members}
    shown = console(played)
    assert (shown.answered, shown.hint) == (3, "")
    played.move("close")
    assert {text for _id, text in played.cards()} == texts
    played.move("next")
    played.open()
    assert breakouts.ask(hall, played.live_id, played.secrets[0], groups.run_id, "take") is None


def test_the_console_says_when_too_few_groups_have_sent(hall: House) -> None:
    groups = in_groups(hall, 12)
    groups.write(1)
    shown = console(groups.played)
    assert "1 of the 2 groups" in shown.hint
    assert shown.primary is not None
    assert "show nothing" in shown.primary.ask


def test_a_rehearsal_of_one_phone_shows_examples(hall: House) -> None:
    played = breakout_room(hall, 1, rehearsal=True)
    run_id = played.open()
    assert breakouts.ask(hall, played.live_id, played.secrets[0], run_id, "take") is not None
    played.send(0, run_id, {"text-0": [canary()]})
    played.move("close")
    assert len(played.cards()) >= 5


def test_a_breakout_that_time_closes_is_sealed_like_any_question(hall: House) -> None:
    now = [datetime(2026, 11, 22, 9, 30, tzinfo=UTC)]
    house = House(hall.settings, hall.database, hall.boxes, lambda: now[0])
    groups = in_groups(house, 6)
    texts = {groups.write(number) for number in groups.members}
    groups.played.move("timer_closes", "on")
    now[0] += timedelta(minutes=9)
    seals.tick(house)
    assert {text for _id, text in groups.played.cards()} == texts


# -- without a script, and in the browser's page


def test_a_phone_without_a_script_takes_a_number_writes_and_hands_on(app: Flask) -> None:
    house: House = app.extensions["house"]
    app.config["WTF_CSRF_ENABLED"] = False
    played = breakout_room(house, 7)
    run_id = played.open()
    client = app.test_client()
    client.set_cookie(anonymity.seat_cookie(played.live_id, house.settings.https), played.seats[0])

    def page() -> str:
        response = client.get(f"/s/{played.live_id}/")
        check_html(response.get_data(as_text=True), "phone")
        return response.get_data(as_text=True)

    def press(what: str) -> None:
        answer = client.post(f"/s/{played.live_id}/breakout", data={"run": run_id, "what": what})
        assert (answer.status_code, answer.location) == (303, f"/s/{played.live_id}/")

    assert 'data-breakout="none"' in page()
    press("take")
    assert 'data-breakout="nobody"' in page()
    assert re.search(r"data-breakout-number>[12]<", page())
    press("write")
    assert 'data-breakout="you"' in page()
    sent = client.post(f"/s/{played.live_id}/answer", data={"run": run_id, "based_on": "0", "text-0": "What we think"})
    assert sent.status_code == 303
    assert "What we think" in page()
    press("hand_on")
    assert "What we think" not in page()
    assert client.post(f"/s/{played.live_id}/breakout", data={"run": run_id, "what": "rob"}).status_code == 400


def test_a_rehearsal_with_simulated_phones_fills_the_groups(hall: House) -> None:
    now = [datetime(2026, 11, 22, 9, 30, tzinfo=UTC)]
    house = House(hall.settings, hall.database, hall.boxes, lambda: now[0])
    played = breakout_room(house, 0, rehearsal=True, simulated=12)
    phones = SimulatedPhones(house)
    for _second in range(40):
        phones.tick()
        now[0] += timedelta(seconds=1)
    played.move("open")
    for _second in range(90):
        phones.tick()
        now[0] += timedelta(seconds=1)
    shown = console(played)
    assert shown.answered == 3
    played.move("close")
    assert played.seen()[0].activity.made_up
    assert len(played.cards()) >= 3


# -- the parts go on by themselves


class At:
    """A house whose clock a test turns; it is the same house otherwise."""

    def __init__(self, played: Room) -> None:
        self.played, self.now = played, played.house.clock()
        played.house = replace(played.house, clock=lambda: self.now)

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        breakout_moves.tick(self.played.house)

    def part(self) -> str:
        shown = console(self.played).stage.activity
        assert shown is not None
        assert shown.breakout is not None
        return shown.breakout.now


def at_work(hall: House) -> At:
    played = breakout_room(hall, 12, ALL_FOUR)
    made = At(played)
    played.move("open")
    return made


def test_a_part_goes_on_by_itself_a_moment_after_its_time_is_up_and_the_last_stays(hall: House) -> None:
    groups = at_work(hall)
    assert "Goes on by itself" in console(groups.played).hint
    groups.later(60 + breakout_moves.LANDING - 1)
    assert groups.part() == "alone", "a moment to finish"
    groups.later(1)
    assert groups.part() == "pairs"
    assert console(groups.played).stage.timer.left == 120
    groups.later(120 + breakout_moves.LANDING)
    assert groups.part() == "group"
    groups.later(3600)
    assert groups.part() == "group"
    assert console(groups.played).stage.activity.phase == "open", "the close is the facilitator's"


def test_more_time_a_pause_eyes_up_and_a_break_keep_the_groups_where_they_are(hall: House) -> None:
    groups = at_work(hall)
    groups.later(60)
    groups.played.move("timer_add", "60")  # in the moment to finish
    groups.later(59)
    assert groups.part() == "alone"
    groups.played.move("timer_pause")
    assert "The time is stopped" in console(groups.played).hint
    groups.later(3600)
    assert groups.part() == "alone"
    groups.played.move("timer_resume")
    groups.played.move("eyes_up", "on")
    groups.later(3600)
    assert groups.part() == "alone", "nobody is led on while phones rest"
    groups.played.move("eyes_up", "off")
    groups.played.move("break_start", "5")
    groups.later(3600)
    assert groups.part() == "alone"
    groups.played.move("break_end")
    groups.later(3600)
    assert groups.part() == "pairs"
    groups.played.move("timer_reset")
    groups.later(3600)
    assert groups.part() == "pairs"
    groups.played.move("breakout_part", "2")
    assert groups.part() == "group", "the button leads on too"


def test_the_end_of_the_time_cannot_close_what_goes_on(hall: House) -> None:
    groups = at_work(hall)
    with pytest.raises(WorkshopError, match="go on to their next part"):
        groups.played.move("timer_closes", "on")
    groups.played.move("breakout_part", "1")
    groups.played.move("breakout_part", "2")
    groups.played.move("timer_closes", "on")


def test_who_presses_in_the_same_moment_is_not_overtaken_twice(hall: House) -> None:
    groups = at_work(hall)
    groups.later(60)
    groups.played.move("breakout_part", "1")
    groups.later(breakout_moves.LANDING)
    assert groups.part() == "pairs", "the button started the time of the next part anew"
