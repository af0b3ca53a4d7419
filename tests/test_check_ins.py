"""Check-ins from the end of a session to the frozen set: windows, the one form, the seal, the pages, the letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from tests.conftest import CheckedClient, make_account, post, signed_in
from tests.report_world import ENDED, SHIPPED, add_live, release
from workshop import anonymity, answers, check_in_letters, check_ins, fragments, padding, retention, screens, seals
from workshop.errors import NotFound, WorkshopError
from workshop.house import House
from workshop.models import Account, ActivityRun, CheckIn, FollowUp, Freeze, LiveSession, Mail
from workshop.settings import Settings

FIRST = ENDED.date() + timedelta(days=14)
SECOND = ENDED.date() + timedelta(days=42)

Choices = dict[str, str]


@dataclass
class World:
    """A session of the main guide that has ended, and a clock that can be moved."""

    app: Flask
    house: House
    live_id: str
    account: Account
    browser: Callable[[], CheckedClient]

    def at(self, day: date) -> None:
        """Move the clock to noon of a day, and let it strike."""
        now = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        self.house = replace(self.house, clock=lambda: now)
        self.app.extensions["house"] = self.house
        check_ins.tick(self.house)

    def check_ins(self) -> list[CheckIn]:
        """Return both as they are now."""
        with self.house.database.transaction() as session:
            return check_ins.of(session, self.live_id)

    def link(self) -> FollowUp:
        """Return the way back."""
        with self.house.database.transaction() as session:
            return session.get_one(FollowUp, self.live_id)

    def answer(self, choices: Choices, phone: CheckedClient | None = None) -> CheckedClient:
        """Answer with a phone, as a browser without script does."""
        url = f"/f/{self.link().token}"
        if phone is None:
            phone = self.browser()
            post(phone, f"{url}/begin", page=url)
        html = phone.get(url + "?change=1").get_data(as_text=True)
        hidden = dict(re.findall(r'name="([a-z]+-based-on)" value="(\d+)"', html))
        typed = {f"{name}-answer": value for name, value in choices.items()}
        answered = post(phone, f"{url}/answers", {**hidden, **typed}, page=url + "?change=1")
        assert answered.status_code == 303
        return phone

    def crowd(self, people: int, *, shift: int = 0) -> None:
        """Let people answer without their browsers, by the same services."""
        live_id = next(one.live_id for one in self.check_ins() if one.state == "open")
        assert live_id
        with self.house.database.transaction() as session:
            asked = check_ins.runs_of(session, live_id)
        for number in range(people):
            secret = anonymity.read_seat(self.house.seat_key, live_id, check_ins.take_seat(self.house, live_id, None))
            assert secret
            for item, run in asked:
                typed = choices(number, shift=shift)[item.id]
                fields = {"choice" if item.kind == "choice" else "value": [typed]}
                answers.cast(self.house, live_id, secret, run.id, 1, fields)

    def frozen(self, number: int) -> dict[str, Any]:
        """Return the frozen set of a check-in."""
        with self.house.database.transaction() as session:
            found = check_ins.frozen(session, check_ins.of(session, self.live_id)[number - 1])
            assert found
            return found


def choices(number: int, *, shift: int = 0) -> Choices:
    """Return plausible answers of one person."""
    return {
        "energy": str(min(10, 4 + number % 4 + shift)),
        "better": str(1 + number % 10),
        "talk": ("done", "open", "none")[number % 3],
        "decision": ("done", "date", "open")[number % 3],
    }


@pytest.fixture
def world(app: Flask, house: House, facilitator: Account, browser: Callable[[], CheckedClient]) -> World:
    """Return a session of twelve that ended with the energy of its guide asked twice."""
    with house.database.transaction() as session:
        live = add_live(session, source=SHIPPED.read_text(), runner=facilitator)
        release(session, live, "energy-before", [{"value": [str(2 + n % 3)]} for n in range(12)])
        release(session, live, "energy-after", [{"value": [str(5 + n % 3)]} for n in range(12)])
        live_id = live.id
    made = World(app, house, live_id, facilitator, browser)
    made.at(ENDED.date())
    return made


def test_two_windows_of_a_week_open_and_close_by_themselves(world: World) -> None:
    assert [(one.state, one.first_day) for one in world.check_ins()] == [("planned", FIRST), ("planned", SECOND)]
    url, phone = f"/f/{world.link().token}", world.browser()
    calm = phone.get(url).get_data(as_text=True)
    assert "Come back from November 18, 2026" in calm
    assert "Getting unstuck" not in calm, "outside the window nothing is told but the day"
    for day, state in (
        (FIRST - timedelta(days=1), "planned"),
        (FIRST, "open"),
        (FIRST + timedelta(days=6), "open"),
        (FIRST + timedelta(days=7), "closed"),
    ):
        world.at(day)
        assert world.check_ins()[0].state == state, day
    assert "Come back from December 16, 2026" in phone.get(url).get_data(as_text=True)
    world.at(SECOND)
    assert [one.state for one in world.check_ins()] == ["closed", "open"]
    world.at(SECOND + timedelta(days=7))
    assert "No questions are open" in phone.get(url).get_data(as_text=True)


def test_the_phones_last_screen_keeps_the_link_and_the_day(world: World) -> None:
    with world.house.database.transaction() as session:  # as if it had ended just now
        session.execute(delete(CheckIn))
        session.execute(delete(FollowUp))
    heard: list[str] = []
    world.house.database.on_notice(heard.append)
    world.at(ENDED.date())
    assert world.live_id in heard, "the screens that show the end hear of it"
    with world.house.database.transaction() as session, world.app.test_request_context():
        screen = screens.phone(session, session.get_one(LiveSession, world.live_id), world.house)
        html = fragments.phone(screen)
    assert screen.again_on == FIRST and f'href="/f/{world.link().token}"' in html


def test_what_was_missed_is_caught_up_and_still_lasts_a_week(world: World) -> None:
    late = FIRST + timedelta(days=20)
    world.at(late)
    first, second = world.check_ins()
    assert (first.state, first.last_day) == ("open", late + timedelta(days=6))
    world.at(SECOND)
    assert [one.state for one in world.check_ins()] == ["closed", "open"]
    assert second.first_day == SECOND


def test_a_session_of_long_ago_is_planned_switched_off(world: World) -> None:
    with world.house.database.transaction() as session:
        old = add_live(session, source=SHIPPED.read_text(), ended_at=ENDED - timedelta(days=400)).id
        small = add_live(session).id
        rehearsal = add_live(session, rehearsal=True).id
    world.at(ENDED.date())
    with world.house.database.transaction() as session:
        assert {one.state for one in check_ins.of(session, old)} == {"off"}
        assert {one.state for one in check_ins.of(session, small)} == {"off"}, "nobody took anything with them"
        assert check_ins.of(session, rehearsal) == []


def test_answers_are_sealed_like_live_ones_and_end_in_a_set_of_their_own(world: World) -> None:
    world.at(FIRST)
    phones = [world.answer(choices(number)) for number in range(2)]
    world.crowd(10)
    live_id = world.check_ins()[0].live_id
    assert live_id
    world.answer({**choices(0), "energy": "9"}, phones[0])  # an edit replaces
    world.answer({}, phones[1])  # leaving all out is a pass
    with world.house.database.transaction() as session:
        runs = [run for _item, run in check_ins.runs_of(session, live_id)]
        assert session.get_one(LiveSession, live_id).joined == 12
    box = world.house.boxes.box(live_id)
    assert [box.answered(run.id) for run in runs] == [12] * 4
    assert all(run.release is None for run in runs), "nothing before the close"
    sent = phones[0].get(f"/f/{world.link().token}").get_data(as_text=True)
    assert "Your answers are in" in sent

    world.at(FIRST + timedelta(days=7))
    assert not list(world.house.boxes.folder.glob(f"{live_id}*")), "the box is gone"
    data = world.frozen(1)
    questions = {one["id"]: one for one in data["questions"]}
    assert "result" not in questions["energy"], "asked before: no number stands beside the others"
    assert [one["round"] for one in questions["energy"]["rounds"]] == ["before", "after", "check-in-1"]
    assert [one["step"] for one in questions["energy"]["rounds"]][:2] == [None, "up"]
    assert questions["talk"]["people"] == 11
    assert "result" in questions["talk"]
    again = world.frozen(1)
    assert again == data
    seen = phones[0].get(f"/f/{world.link().token}").get_data(as_text=True)
    assert "First check-in" in seen
    assert "Have you had the talk?" in seen
    assert "Have you had the talk?" not in world.browser().get(f"/f/{world.link().token}").get_data(as_text=True)


def test_what_the_session_asked_under_another_name_is_told_in_words(
    app: Flask, house: House, facilitator: Account, browser: Callable[[], CheckedClient]
) -> None:
    """Copied into another guide the question has another id; two exact pictures would stand side by side (promise 10)."""
    source = SHIPPED.read_text().replace("energy-before", "strength").replace("energy-after", "strength-after")
    with house.database.transaction() as session:
        live = add_live(session, source=source, runner=facilitator)
        release(session, live, "strength", [{"value": [str(2 + n % 3)]} for n in range(12)])
        live_id = live.id
    world = World(app, house, live_id, facilitator, browser)
    world.at(FIRST)
    world.crowd(11)
    world.at(FIRST + timedelta(days=7))
    found = {one["id"]: one for one in world.frozen(1)["questions"]}
    assert "result" not in found["energy"] and "people" not in found["energy"]
    assert [one["round"] for one in found["energy"]["rounds"]] == ["check-in-1"]
    assert "result" in found["better"], "nobody asked that before"
    page = signed_in(world.browser(), facilitator).get(f"/staff/sessions/{live_id}/follow-up")
    assert "There is nothing safe to compare it with" in page.get_data(as_text=True)


def test_the_second_set_compares_in_words_and_never_changes_the_first(world: World) -> None:
    for day in (FIRST, SECOND):
        world.at(day)
        world.crowd(12, shift=3 if day == SECOND else 0)
        if day == FIRST:
            world.at(FIRST + timedelta(days=7))
            first = world.frozen(1)
    world.at(SECOND + timedelta(days=7))
    assert world.frozen(1) == first
    second = {one["id"]: one for one in world.frozen(2)["questions"]}
    assert all("result" not in one and "people" not in one for one in second.values())
    assert second["talk"]["amounts"][1]["amounts"] == ["some", "some", "some"]
    assert second["talk"]["amounts"][1]["steps"] == ["same", "same", "same"]
    assert [one["step"] for one in second["energy"]["rounds"]] == [None, "up", "same", "up"]
    page = signed_in(world.browser(), world.account).get(f"/staff/sessions/{world.live_id}/follow-up")
    html = page.get_data(as_text=True)
    assert "Up since “Check-in 1”" in html
    assert "some (about as many)" in html
    sheet = signed_in(world.browser(), world.account).get(f"/staff/sessions/{world.live_id}/follow-up/2/sheet")
    assert "What has happened since" in sheet.get_data(as_text=True)
    assert not re.search(r"1\d people|\b12\b", re.sub(r"<svg.*?</svg>", "", sheet.get_data(as_text=True), flags=re.S))


def test_below_the_floor_nothing_is_shown_and_nothing_kept(world: World) -> None:
    world.at(FIRST)
    world.crowd(4)
    staff = signed_in(world.browser(), world.account)
    url = f"/staff/sessions/{world.live_id}/follow-up"
    assert "Fewer than 5 people have been there so far" in staff.get(url).get_data(as_text=True)
    assert post(staff, f"{url}/1/close", page=url).status_code == 303
    data = world.frozen(1)
    assert all(one["too_few"] and "result" not in one for one in data["questions"])
    html = staff.get(url).get_data(as_text=True)
    assert html.count("Fewer than 5 people answered, so nothing was shown") == 4


def test_a_close_that_was_cut_off_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.at(FIRST)
    world.crowd(5)
    check_in = world.check_ins()[0]
    whole = seals.seal
    done: list[str] = []

    def cut(house: House, live_id: str, run_id: str) -> bool:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(run_id)
        return whole(house, live_id, run_id)

    monkeypatch.setattr(seals, "seal", cut)
    with pytest.raises(KeyboardInterrupt):
        check_ins.close(world.house, check_in.id)
    monkeypatch.undo()
    assert world.check_ins()[0].state == "open"
    seals.recover(world.house)
    world.at(FIRST)  # the same day: it was being closed, so it is not left half open
    assert world.check_ins()[0].state == "closed"
    assert not any(one["too_few"] for one in world.frozen(1)["questions"])
    assert check_ins.close(world.house, check_in.id)
    with world.house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Freeze)) == 1


def test_a_wave_of_phones_and_a_late_one(world: World) -> None:
    world.at(FIRST)
    late = world.browser()
    url = f"/f/{world.link().token}"
    post(late, f"{url}/begin", page=url)
    page = late.get(url)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.get_data(as_text=True))
    assert token
    world.at(FIRST + timedelta(days=7))
    answered = late.post(f"{url}/answers", data={"csrf_token": token.group(1), "energy-answer": "3"})
    assert answered.status_code == 303, "too late: led back to the calm page, nothing stored"
    assert late.post(f"{url}/begin", data={"csrf_token": token.group(1)}).status_code == 303


def test_the_code_works_only_in_the_window_and_guessing_is_slowed(world: World) -> None:
    code = world.link().code
    phone = world.browser()
    assert len(code) == 8
    assert post(phone, "/", {"code": code}).status_code == 404, "not before the window"
    world.at(FIRST)
    for spelled in (code, f"{code[:4]} {code[4:]}".lower()):
        assert post(phone, "/", {"code": spelled}).location == f"/f/{world.link().token}"
    assert "Back for a check-in" in phone.get("/f/").get_data(as_text=True)
    statuses = {post(phone, "/", {"code": "AAAAAAAA"}).status_code for _number in range(45)}
    assert statuses == {404, 429}
    assert phone.get("/f/" + "x" * 22).status_code == 404


def test_the_link_of_the_session_itself_leads_back_as_well(world: World) -> None:
    with world.house.database.transaction() as session:
        join = f"/j/{session.get_one(LiveSession, world.live_id).join_token}"
    assert world.browser().get(join).location == f"/f/{world.link().token}"
    for day in (FIRST, SECOND, SECOND + timedelta(days=7)):
        world.at(day)
    assert world.browser().get(join).status_code == 404, "nothing more is to come"


def test_the_promise_comes_first_and_nothing_can_be_sent_without_a_seat(world: World) -> None:
    world.at(FIRST)
    phone, url = world.browser(), f"/f/{world.link().token}"
    welcome = phone.get(url).get_data(as_text=True)
    assert "A result is made only if at least 5 people answered that question." in welcome
    assert "Fay led the session and is not this team&#39;s manager." in welcome
    assert "came at about the same time" in welcome
    assert "-answer" not in welcome
    assert world.live_id not in welcome
    post(phone, f"{url}/answers", {"energy-answer": "3"}, page=url)
    live_id = world.check_ins()[0].live_id
    assert live_id
    with world.house.database.transaction() as session:
        runs = check_ins.runs_of(session, live_id)
    assert world.house.boxes.box(live_id).answered(runs[0][1].id) == 0


def test_the_page_of_a_phone_that_has_answered_is_as_long_whatever_it_said(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.at(FIRST)
    url = f"/f/{world.link().token}"

    def sizes() -> set[tuple[int, int]]:
        seen = set()
        for said in (
            {},
            {"energy": "10", "better": "1", "talk": "none", "decision": "date"},
            {"energy": "1", "talk": "done"},
        ):
            phone = world.answer(said)
            seen.add((len(phone.get(url).data), len(phone.get(url + "?change=1").data)))
        return seen

    assert len(sizes()) == 1
    monkeypatch.setattr(padding, "lacking", lambda size, step: 0)
    assert len(sizes()) == 3, "what is not filled up must tell them apart, or this proves nothing"


def test_a_check_in_stands_in_no_list_and_has_no_console(world: World) -> None:
    world.at(FIRST)
    live_id = world.check_ins()[0].live_id
    staff = signed_in(world.browser(), world.account)
    assert staff.get(f"/staff/sessions/{live_id}/").status_code == 404
    dashboard = staff.get("/staff/").get_data(as_text=True)
    assert str(live_id) not in dashboard
    assert "First check-in is open until November 24, 2026" in dashboard
    with world.house.database.transaction() as session:
        live = session.get_one(LiveSession, live_id)
        assert (live.code, live.stage_token, live.door_open) == (None, None, False)
        join = live.join_token
    assert world.browser().get(f"/j/{join}").status_code == 404
    phone = world.answer(choices(1))
    assert phone.get(f"/s/{live_id}/").status_code == 200
    assert retention.end_forgotten(world.house) == 0


def test_the_facilitator_moves_and_switches_off(world: World) -> None:
    staff = signed_in(world.browser(), world.account)
    url = f"/staff/sessions/{world.live_id}/follow-up"
    moved = (FIRST + timedelta(days=3)).isoformat()
    assert post(staff, f"{url}/1", {"c1-on": "y", "c1-first_day": moved}, page=url).status_code == 303
    assert world.check_ins()[0].first_day.isoformat() == moved
    for typed, sentence in (
        ("2026-01-01", "That day has passed."),
        ((SECOND - timedelta(days=2)).isoformat(), "need a week each"),
        ("2030-01-01", "within a year"),
        ("soon", "Choose a day."),
    ):
        refused = post(staff, f"{url}/1", {"c1-on": "y", "c1-first_day": typed}, page=url)
        assert refused.status_code == 422
        assert sentence in refused.get_data(as_text=True), typed
    assert post(staff, f"{url}/2", {}, page=url).status_code == 303
    assert [one.state for one in world.check_ins()] == ["planned", "off"]
    assert post(staff, f"{url}/3", {}, page=url).status_code == 404
    world.at(date.fromisoformat(moved))
    signed_in(staff, world.account)
    refused = post(staff, f"{url}/1", {}, page=url)
    assert refused.status_code == 409
    assert world.check_ins()[0].state == "open"


def test_the_results_go_with_their_term(world: World) -> None:
    world.at(FIRST)
    world.crowd(6)
    world.at(FIRST + timedelta(days=7))
    live_id = world.check_ins()[0].live_id
    retention.purge(world.house.database, 365, FIRST + timedelta(days=7 + 91))
    with world.house.database.transaction() as session:
        assert session.scalars(select(ActivityRun).where(ActivityRun.live_id == live_id)).first() is None
    assert world.frozen(1), "the frozen set stays as the reports do"
    retention.purge(world.house.database, 365, FIRST + timedelta(days=7 + 366))
    with world.house.database.transaction() as session:
        assert session.scalars(select(Freeze).where(Freeze.live_id == live_id)).first() is None
    page = signed_in(world.browser(), world.account).get(f"/staff/sessions/{world.live_id}/follow-up")
    assert "Its results were deleted" in page.get_data(as_text=True)


# -- letters


def test_a_list_is_read_and_what_is_wrong_is_named() -> None:
    listed = check_in_letters.read_list("a@example.org, b@example.org\n<c@example.org>; A@example.org nobody @x")
    assert listed.addresses == ("a@example.org", "b@example.org", "c@example.org")
    assert listed.twice == ("A@example.org",)
    assert listed.invalid == ("nobody", "@x")
    assert not listed.good


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Let this house send mails."""
    return replace(settings, smtp_host="127.0.0.1", mail_from="workshop@example.org", smtp_security="none")


def test_invitations_are_secret_and_the_facilitator_is_reminded(world: World) -> None:
    world.at(FIRST)
    with world.house.database.transaction() as session:
        reminder = session.scalars(select(Mail)).one()
        assert (reminder.recipient, reminder.secret) == (world.account.email, False)
        assert "/follow-up" in reminder.body
    staff = signed_in(world.browser(), world.account)
    url = f"/staff/sessions/{world.live_id}/follow-up"
    words = {"letters-subject": "How is it going?", "letters-body": f"Here: /f/{world.link().token}"}
    wrong = post(staff, f"{url}/letters", {**words, "letters-addresses": "a@example.org a@example.org no"}, page=url)
    assert wrong.status_code == 422
    html = wrong.get_data(as_text=True)
    assert "These are no e-mail addresses: no" in html
    assert "These are there twice: a@example.org" in html
    many = "\n".join(f"p{number}@example.org" for number in range(301))
    assert post(staff, f"{url}/letters", {**words, "letters-addresses": many}, page=url).status_code == 422
    with world.house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Mail)) == 1, "nothing was sent of a wrong list"
    good = {**words, "letters-addresses": "a@example.org, b@example.org"}
    assert post(staff, f"{url}/letters", good, page=url).status_code == 303
    with world.house.database.transaction() as session:
        secret = session.scalars(select(Mail).where(Mail.secret)).all()
        assert {mail.recipient for mail in secret} == {"a@example.org", "b@example.org"}
    html = staff.get(url).get_data(as_text=True)
    assert "2 letters waiting" in html
    assert "a@example.org" not in html


def test_an_impossible_address_of_staff_does_not_keep_a_check_in_shut(world: World) -> None:
    with world.house.database.transaction() as session:
        session.get_one(Account, world.account.id).email = "no address at all"
    world.at(FIRST)
    assert world.check_ins()[0].state == "open"
    with world.house.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Mail)) == 0


def test_only_who_runs_the_session_sees_its_follow_up(world: World) -> None:
    other = signed_in(world.browser(), make_account(world.house))
    url = f"/staff/sessions/{world.live_id}/follow-up"
    assert other.get(url).status_code == 404
    with world.house.database.transaction() as session:
        live = session.get_one(LiveSession, world.live_id)
        with pytest.raises(NotFound):
            check_ins.change(session, live, 7, None, FIRST)
        with pytest.raises(WorkshopError):
            check_in_letters.invite(session, world.house, live, check_in_letters.read_list("no"), "a", "b")


def test_no_choice_is_told_by_the_length_of_what_travels() -> None:
    """On the wire one answer is as long as another: ids of one length, a pass too (promise 12)."""
    from workshop.guides import schema

    guide = schema.parse(check_ins.source(), "check-in.yaml")
    assert guide.languages == ("en", "de", "fr", "es")
    for activity in guide.activities:
        if activity.kind == "choice":
            assert {len(option.id) for option in activity.config.options} == {len("pass")}
