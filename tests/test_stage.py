"""The stage by plain HTTP, and the helpers it draws with."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.small_guide import ask, go, look_up, make_session
from workshop import anonymity, answers, fragments, live_sessions, screens
from workshop.house import House
from workshop.models import Account
from workshop.web import stage as stage_page
from workshop.web.static_files import STATIC


@pytest.fixture
def live_id(house: House, facilitator: Account) -> str:
    """Return a session in its lobby."""
    return make_session(house, facilitator)


def stage(client: FlaskClient, house: House, live_id: str) -> str:
    """Return the stage as anybody with the link sees it."""
    answer = client.get(f"/stage/{look_up(house, live_id).stage_token}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def answer_with(house: House, live_id: str, texts: list[str]) -> None:
    """Let one phone per text answer the open question."""
    with house.database.transaction() as session:
        live = live_sessions.get(session, live_id)
        run = live_sessions.run_of(session, live, live.at)
    assert run is not None
    for text in texts:
        answers.cast(house, live_id, anonymity.new_secret(), run.id, 1, {"text-0": [text]})


def in_words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# -- who may


@pytest.mark.parametrize("token", ["x", "nothing-of-that-kind", "../../etc/passwd", "%00", "a" * 500])
def test_a_made_up_stage_link_opens_nothing(client: FlaskClient, live_id: str, token: str) -> None:
    assert client.get(f"/stage/{token}").status_code == 404


def test_other_tokens_of_the_session_do_not_open_the_stage(client: FlaskClient, house: House, live_id: str) -> None:
    live = look_up(house, live_id)
    for token in (live.id, live.join_token, live.code):
        assert client.get(f"/stage/{token}").status_code == 404


def test_a_revoked_link_opens_nothing(client: FlaskClient, house: House, live_id: str) -> None:
    token = look_up(house, live_id).stage_token
    go(house, live_id, "stage_link", "revoke")
    assert client.get(f"/stage/{token}").status_code == 404


def test_nothing_on_the_stage_can_be_pressed_without_a_script(client: FlaskClient, house: House, live_id: str) -> None:
    go(house, live_id, "start")
    shown = stage(client, house, live_id)
    assert "<form" not in shown
    assert 'type="submit"' not in shown
    pages = re.search(r'<div id="pages"[^>]*>', shown)
    assert pages
    assert "hidden" in pages[0]


def test_nothing_private_is_on_the_stage(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    shown = stage(client, house, live_id)
    for private in ("Good to see you.", "Take your time.", "Maria Lind", live_id):
        assert private not in in_words(shown)


# -- what it shows


def test_an_open_question_shows_no_answer_and_how_many_answered(
    client: FlaskClient, house: House, live_id: str
) -> None:
    ask(house, live_id, "stuck")
    answer_with(house, live_id, [f"canary number {n}" for n in range(7)])
    shown = stage(client, house, live_id)
    assert "canary" not in shown
    assert "7 have answered" in in_words(shown)
    assert "What are you no longer passionate about?" in shown


def test_too_few_answers_are_said_calmly_and_never_shown(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    answer_with(house, live_id, ["canary one", "canary two"])
    go(house, live_id, "close")
    shown = stage(client, house, live_id)
    assert "canary" not in shown
    assert "Too few answered to show anything" in shown


def test_released_cards_are_all_on_the_wall(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    texts = [f"thought {n}" for n in range(9)]
    answer_with(house, live_id, [*texts, "مرحبا 😀", "<b>bold</b>"])
    go(house, live_id, "close")
    shown = stage(client, house, live_id)
    assert all(text in shown for text in texts)
    assert "مرحبا 😀" in shown
    assert "&lt;b&gt;bold&lt;/b&gt;" in shown
    assert 'dir="auto"' in shown


def test_blank_is_truly_blank(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    go(house, live_id, "blank", "on")
    shown = stage(client, house, live_id)
    assert 'data-mode="blank"' in shown
    for gone in ("passionate", "stage-count", str(look_up(house, live_id).code)):
        assert gone not in shown
    go(house, live_id, "blank", "off")
    assert "passionate" in stage(client, house, live_id)


def test_the_lobby_has_the_code_the_square_and_the_address(client: FlaskClient, house: House, live_id: str) -> None:
    code = str(look_up(house, live_id).code)
    shown = stage(client, house, live_id)
    assert f"<span>{code[:3]}</span><span>{code[3:]}</span>" in shown
    assert '<svg class="qr"' in shown
    go(house, live_id, "door", "closed")
    shut = stage(client, house, live_id)
    assert f"<span>{code[:3]}</span>" not in shut
    assert '<svg class="qr"' not in shut
    assert "The door is closed" in shut


def test_the_join_hint_stays_while_the_door_is_open(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    code = str(look_up(house, live_id).code)
    assert code in stage(client, house, live_id)
    go(house, live_id, "door", "closed")
    assert code not in stage(client, house, live_id)


def test_a_rehearsal_cannot_be_mistaken(client: FlaskClient, house: House, facilitator: Account) -> None:
    rehearsal = make_session(house, facilitator, rehearsal=True)
    assert "Rehearsal: nothing here is kept" in stage(client, house, rehearsal)
    ask(house, rehearsal, "stuck")
    assert "Rehearsal: nothing here is kept" in stage(client, house, rehearsal)
    go(house, rehearsal, "close")
    assert "Made-up answers" in stage(client, house, rehearsal)


def test_the_end_says_thank_you_and_takes_the_code_away(client: FlaskClient, house: House, live_id: str) -> None:
    code = str(look_up(house, live_id).code)
    go(house, live_id, "end")
    shown = stage(client, house, live_id)
    assert "Thank you" in shown
    assert code not in shown


def test_the_stage_speaks_the_sessions_language(client: FlaskClient, house: House, live_id: str) -> None:
    assert '<html lang="en" dir="ltr">' in stage(client, house, live_id)


def test_without_a_script_the_page_reloads_itself(client: FlaskClient, house: House, live_id: str) -> None:
    shown = stage(client, house, live_id)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in shown


def test_the_stage_says_where_the_room_is_and_how_long_it_has(client: FlaskClient, house: House, live_id: str) -> None:
    ask(house, live_id, "stuck")
    go(house, live_id, "timer_start", "300")
    shown = in_words(stage(client, house, live_id))
    assert "Step 1 of 2" in shown
    assert "Look at your work" in shown
    assert "5 min" in shown
    go(house, live_id, "timer_pause")
    assert "paused" in in_words(stage(client, house, live_id))


def test_a_screen_in_a_language_written_from_the_right_turns_the_page(app: Flask, house: House, live_id: str) -> None:
    with app.test_request_context(), house.database.transaction() as session:
        screen = screens.stage(session, live_sessions.get(session, live_id), house)
        html = app.jinja_env.get_template("stage/show.html").render(
            screen=replace(screen, language="ar"), html=fragments.stage(screen), stage_token="t"
        )
    assert '<html lang="ar" dir="rtl">' in html


# -- the helpers


def _modules(svg: str) -> set[tuple[int, int]]:
    """Read the dark modules back from the drawing."""
    found = re.search(r'\sd="([^"]+)"', svg)
    assert found
    return {
        (int(x) + step, int(y))
        for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", found[1])
        for step in range(int(run))
    }


@pytest.mark.parametrize("text", ["https://work.example/j/3pQv8nYxT0uWm2Zs5kLrAg", "http://192.168.178.24:8000/j/x"])
def test_the_drawn_square_is_the_code_module_by_module(text: str) -> None:
    import segno

    drawn = _modules(str(stage_page.qr(text, "square")))
    matrix = segno.make(text, error="m", micro=False).matrix
    assert drawn == {(x, y) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}


def test_the_square_is_dark_on_light_with_four_quiet_modules() -> None:
    svg = str(stage_page.qr("https://work.example/j/x", 'a "square" <b>'))
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    assert max(x for x, _y in _modules(svg)) + 1 == size - 8
    assert f'<rect width="{size}" height="{size}" fill="#ffffff">' in svg
    assert "translate(4 4)" in svg
    assert "&lt;b&gt;" in svg


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "Time is up"),
        (0, "Time is up"),
        (1, "10 seconds left"),
        (30, "30 seconds left"),
        (60, "1 minute left"),
        (61, "2 min"),
    ],
)
def test_minutes_are_whole_until_the_last_one(seconds: int, said: str) -> None:
    assert stage_page.minutes_left(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(-1, "0:00"), (0, "0:00"), (9, "0:09"), (272, "4:32"), (3600, "60:00")])
def test_the_one_who_steers_sees_seconds(seconds: int, said: str) -> None:
    assert stage_page.clock_left(seconds) == said


def test_a_longer_prompt_never_gets_larger_type() -> None:
    sizes = [stage_page.stage_size("x" * length) for length in (1, 60, 61, 140, 141, 240)]
    order = ["stage-prompt-huge", "stage-prompt-large", "stage-prompt-long"]
    assert sizes == sorted(sizes, key=order.index)
    assert set(sizes) == set(order)


def test_people_who_join_are_counted_on_the_stage(client: FlaskClient, house: House, live_id: str) -> None:
    for _phone in range(3):
        live_sessions.join(house, live_id, None)
    assert "3 joined so far" in in_words(stage(client, house, live_id))


def test_the_page_of_the_stage_sets_no_cookie(client: FlaskClient, house: House, live_id: str) -> None:
    answer = client.get(f"/stage/{look_up(house, live_id).stage_token}")
    assert "Set-Cookie" not in answer.headers


def test_the_colours_of_a_timer_change_at_a_fifth_and_at_a_twentieth_on_every_screen() -> None:
    states = [stage_page.timer_state(screens.TimerScreen(left, 100, True, False)) for left in (21, 20, 6, 5, 1, 0)]
    assert states == ["", "is-low", "is-low", "is-last", "is-last", "is-up"]
    shared, phone = ((STATIC / "js" / name).read_text(encoding="utf-8") for name in ("timer.js", "phone.js"))
    assert "const LOW = 0.2;" in shared
    assert "const LAST = 0.05;" in shared
    assert "left <= total * 0.2 && left > total * 0.05" in phone
    for sheet in ("stage", "phone", "console"):
        painted = b"".join(path.read_bytes() for path in (STATIC / "css").glob(f"{sheet}*.css")).decode()
        assert all(f".is-{state}" in painted for state in ("low", "last")), sheet
