"""What is fixed at the freeze, and what may never be in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.report_world import ENDED, LATER, Said, add_live, canaries, play, release, texts
from workshop import freezes, live_sessions, quoting
from workshop.editions import Texts
from workshop.errors import Stale, WorkshopError
from workshop.house import House
from workshop.models import ActivityRun, Card, Freeze, LiveSession

MANAGER_WORDS = "our deadlines move without a word said"


@pytest.fixture
def db(house: House) -> Iterator[Session]:
    """Return an open transaction on a fresh database."""
    with house.database.transaction() as session:
        yield session


def freeze(db: Session, live: LiveSession, **written: Any) -> Freeze:
    """Save texts if any are given, then freeze."""
    guide = live_sessions.guide_of(live)
    if written:
        freezes.save_texts(db, live, guide, Texts(**written), 0, LATER)
    return freezes.freeze(db, live, guide, LATER)


def printed(frozen: Freeze, edition: str) -> str:
    """Return an edition as text to search in."""
    return json.dumps(frozen.editions[edition], ensure_ascii=False)


def block(frozen: Freeze, edition: str, heading: str) -> dict[str, Any]:
    """Return one activity's block of an edition."""
    blocks = [block for section in frozen.editions[edition]["sections"] for block in section["blocks"]]
    found: dict[str, Any] = next(block for block in blocks if block["heading"] == heading)
    return found


def draft_of(db: Session, live: LiveSession) -> freezes.ReportDraft:
    """Return the present draft."""
    return freezes.draft(db, live, live_sessions.guide_of(live), LATER)


# When it may be frozen


def test_a_rehearsal_cannot_be_frozen(db: Session) -> None:
    live = add_live(db, rehearsal=True)
    with pytest.raises(WorkshopError, match="rehearsal"):
        freeze(db, live)


def test_a_session_that_still_runs_cannot_be_frozen(db: Session) -> None:
    live = add_live(db, phase="running", ended_at=None)
    with pytest.raises(WorkshopError, match="End it first"):
        freeze(db, live)


def test_before_the_time_told_to_the_phones_it_says_when(db: Session) -> None:
    live = add_live(db)
    guide = live_sessions.guide_of(live)
    with pytest.raises(WorkshopError, match="in 15 min"):
        freezes.freeze(db, live, guide, ENDED)
    with pytest.raises(WorkshopError, match="in 1 min"):
        freezes.freeze(db, live, guide, ENDED + timedelta(minutes=14, seconds=59))
    assert freezes.freeze(db, live, guide, ENDED + timedelta(minutes=15))


def test_a_wait_of_days_is_told_in_hours(db: Session) -> None:
    live = add_live(db, freeze_after_minutes=72 * 60)
    with pytest.raises(WorkshopError, match="in 72 hours"):
        freezes.freeze(db, live, live_sessions.guide_of(live), ENDED)


@pytest.mark.parametrize("state", ["open", "closing", "sealed"])
def test_while_a_question_is_still_being_closed_nothing_is_frozen(db: Session, state: str) -> None:
    live = add_live(db)
    db.add(ActivityRun(id=f"run-{state}", live_id=live.id, activity_id="mood", ordinal=1, state=state))
    db.flush()
    with pytest.raises(WorkshopError, match="still being closed"):
        freeze(db, live)


def test_a_second_freeze_returns_the_first_and_changes_nothing(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts(canaries(12, 4)))
    first = freeze(db, live)
    before = json.dumps(first.editions)
    for card in db.query(Card):
        card.quotable = True
    db.flush()
    second = freezes.freeze(db, live, live_sessions.guide_of(live), LATER + timedelta(days=3))
    assert second.id == first.id
    assert json.dumps(second.editions) == before


def test_texts_cannot_be_saved_after_the_freeze(db: Session) -> None:
    live = add_live(db)
    freeze(db, live)
    with pytest.raises(WorkshopError, match="frozen"):
        freezes.save_texts(db, live, live_sessions.guide_of(live), Texts(asks="More time."), 0, LATER)


# Quotes


def test_fewer_than_three_consents_print_as_none(db: Session) -> None:
    said = canaries(12, 2)
    live = add_live(db)
    release(db, live, "drags", texts(said))
    frozen = freeze(db, live)
    assert not any(one.text in printed(frozen, "manager") for one in said)
    assert "quotes" not in block(frozen, "manager", "What drags?")


def test_no_quotes_reads_the_same_whatever_the_reason(db: Session) -> None:
    notes = set()
    for people, consents in ((12, 0), (12, 2), (7, 7)):
        live = add_live(db, people=people)
        release(db, live, "drags", texts(canaries(people, consents)))
        notes.add(block(freeze(db, live), "manager", "What drags?")["note"])
    assert len(notes) == 1


def test_below_the_words_floor_no_text_is_printed_in_any_edition(db: Session) -> None:
    said = canaries(9, 9)
    live = add_live(db, people=9, facilitator_words=True)
    release(db, live, "drags", texts(said))
    release(db, live, "tell", texts(said, for_manager=True))
    frozen = freeze(db, live)
    for edition in ("manager", "facilitator"):
        assert not any(one.text in printed(frozen, edition) for one in said)


def test_below_the_words_floor_a_word_cloud_is_not_printed(db: Session) -> None:
    words = [{"word-0": [word]} for word in ("fog", "fog", "fog", "noise", "noise", "meetings", "fog")]
    live = add_live(db, people=7)
    release(db, live, "cloud", words)
    frozen = freeze(db, live)
    for edition in ("manager", "facilitator"):
        assert "fog" not in printed(frozen, edition)
        assert "drawing" not in block(frozen, edition, "What gets in the way?")


def test_a_lowered_words_floor_prints_quotes_of_a_small_group(db: Session) -> None:
    said = canaries(6, 4)
    live = add_live(db, people=6, words_floor=5)
    release(db, live, "drags", texts(said))
    quotes = block(freeze(db, live), "manager", "What drags?")["quotes"]
    assert sorted(quote["text"] for quote in quotes) == sorted(one.text for one in said[:4])


def test_at_most_six_quotes_are_printed_and_no_count_of_the_others(db: Session) -> None:
    said = canaries(12, 9)
    live = add_live(db)
    release(db, live, "drags", texts(said))
    found = block(freeze(db, live), "manager", "What drags?")
    assert len(found["quotes"]) == 6
    assert {quote["text"] for quote in found["quotes"]} < {one.text for one in said[:9]}
    assert not {"9", "3"} & set(json.dumps({**found, "quotes": []}).split())


def test_the_random_six_are_the_same_at_every_look(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts(canaries(12, 11)))
    first, second = draft_of(db, live), draft_of(db, live)
    assert first.activities[0].chosen == second.activities[0].chosen
    assert len(first.activities[0].chosen) == 6
    assert first.version == 0, "looking must not write"


def test_the_first_choice_favours_no_place() -> None:
    hits = [0] * 12
    for live in range(400):
        cards = [quoting.Words(f"{number:02}", "", True) for number in range(12)]
        for chosen in quoting.first_choice(f"live{live}", cards):
            hits[int(chosen)] += 1
    assert min(hits) > 140 and max(hits) < 260  # 200 expected, six standard deviations are 60


def test_the_chosen_quotes_are_printed_and_no_other(db: Session) -> None:
    said = canaries(12, 8)
    live = add_live(db)
    release(db, live, "drags", texts(said))
    offered = draft_of(db, live).activities[0].offered
    frozen = freeze(db, live, quotes={"drags": (offered[0].id, offered[1].id)})
    quotes = [quote["text"] for quote in block(frozen, "manager", "What drags?")["quotes"]]
    assert sorted(quotes) == sorted([offered[0].text, offered[1].text])


def test_more_than_six_chosen_quotes_are_refused(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts(canaries(12, 9)))
    ids = tuple(card.id for card in draft_of(db, live).activities[0].offered)[:7]
    with pytest.raises(WorkshopError, match="at most 6"):
        freeze(db, live, quotes={"drags": ids})


def test_a_card_that_may_not_be_quoted_cannot_be_chosen_by_its_id(db: Session) -> None:
    said = canaries(12, 5)
    live = add_live(db)
    run_id = release(db, live, "drags", texts(said))
    kept = [card for card in db.query(Card).filter_by(run_id=run_id) if not card.quotable]
    frozen = freeze(db, live, quotes={"drags": tuple(card.id for card in kept[:3])})
    assert not any(card.text in printed(frozen, "manager") for card in kept)


def test_for_the_manager_only_texts_of_those_who_said_so(db: Session) -> None:
    said = canaries(12, 5)
    live = add_live(db)
    release(db, live, "tell", texts(said, for_manager=True))
    frozen = freeze(db, live)
    found = block(frozen, "manager", "What should your manager know?")
    assert sorted(quote["text"] for quote in found["quotes"]) == sorted(one.text for one in said[:5])
    assert not any(one.text in printed(frozen, "manager") for one in said[5:])


# The facilitator's own edition


def test_the_facilitators_edition_holds_no_words_unless_that_was_switched_on(db: Session) -> None:
    said = canaries(12, 6)
    live = add_live(db)
    release(db, live, "drags", texts(said))
    assert not any(one.text in printed(freeze(db, live), "facilitator") for one in said)


def test_the_facilitators_edition_holds_all_words_when_switched_on(db: Session) -> None:
    said = canaries(12, 6)
    live = add_live(db, facilitator_words=True)
    release(db, live, "drags", texts(said))
    frozen = freeze(db, live)
    assert all(one.text in printed(frozen, "facilitator") for one in said)
    assert not any(one.text in printed(frozen, "manager") for one in said[6:])


def test_words_are_printed_in_an_order_that_says_nothing(db: Session) -> None:
    live = add_live(db, facilitator_words=True)
    run_id = release(db, live, "drags", texts(canaries(12, 0)))
    by_id = [card.text for card in db.query(Card).filter_by(run_id=run_id).order_by(Card.id)]
    words = block(freeze(db, live), "facilitator", "What drags?")["words"]
    assert [word["text"] for word in words] == by_id


# Staff texts


@pytest.mark.parametrize(
    "written",
    [
        {"heard": {"drags": "They say: OUR deadlines, move without a – word said."}},
        {"findings": ("It is that our deadlines move without a word.",)},
        {"findings": ("Our deadlines move", "without a word said anywhere")},
        {"asks": "“Our deadlines\u00a0move with\u00adout a word said”"},
        {"next_steps": (("see that our deadlines move without a word", "Team", ""),)},
        {"next_steps": (("Nothing", "our deadlines move without a word said", ""),)},
    ],
)
def test_six_words_in_a_row_of_a_card_that_may_not_be_quoted_are_refused(db: Session, written: dict[str, Any]) -> None:
    live = add_live(db)
    release(db, live, "drags", texts([Said(f"Honestly, {MANAGER_WORDS}!"), *canaries(11, 5)]))
    with pytest.raises(WorkshopError, match="our deadlines move without a word") as refused:
        freeze(db, live, **written)
    assert refused.value.code == "quoted"


def test_five_words_in_a_row_are_allowed(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts([Said(MANAGER_WORDS), *canaries(11, 5)]))
    frozen = freeze(db, live, heard={"drags": "Deadlines move without a word. People notice."})
    assert block(frozen, "manager", "What drags?")["heard"]["items"] == [
        "Deadlines move without a word. People notice."
    ]


def test_consented_words_may_be_repeated_only_where_quotes_are_printed(db: Session) -> None:
    enough, too_few = add_live(db), add_live(db)
    release(db, enough, "drags", texts([Said(MANAGER_WORDS, True), *canaries(11, 3)]))
    release(db, too_few, "drags", texts([Said(MANAGER_WORDS, True), *canaries(11, 1)]))
    assert freeze(db, enough, heard={"drags": MANAGER_WORDS})
    with pytest.raises(WorkshopError, match="may not be quoted"):
        freeze(db, too_few, heard={"drags": MANAGER_WORDS})


def test_a_script_without_spaces_is_guarded_too(db: Session) -> None:
    live = add_live(db)
    release(db, live, "drags", texts([Said("会議が多すぎて仕事になりません"), *canaries(11, 5)]))
    with pytest.raises(WorkshopError, match="may not be quoted"):
        freeze(db, live, heard={"drags": "会議が多すぎて困る"})


def test_the_longest_repeated_run_is_named() -> None:
    guarded = quoting.Guarded(["a b c d e f g h", "one two three four five six"])
    assert guarded.repeated_in("x a b c d e f g h y one two three four five six") == "a b c d e f g h"
    assert guarded.repeated_in("a b c d e x f g h") is None


def test_of_two_who_save_the_same_version_one_is_told(db: Session) -> None:
    live = add_live(db)
    guide = live_sessions.guide_of(live)
    assert freezes.save_texts(db, live, guide, Texts(asks="One"), 0, LATER) == 1
    with pytest.raises(Stale):
        freezes.save_texts(db, live, guide, Texts(asks="Two"), 0, LATER)
    assert freezes.save_texts(db, live, guide, Texts(asks="Three"), 1, LATER) == 2
    with pytest.raises(Stale):
        freezes.save_texts(db, live, guide, Texts(asks="Four"), 1, LATER)
    assert draft_of(db, live).texts.asks == "Three"


def test_a_step_without_anything_to_do_is_refused(db: Session) -> None:
    live = add_live(db)
    with pytest.raises(WorkshopError, match="nothing to do"):
        freeze(db, live, next_steps=(("", "Team lead", ""),))


def test_a_text_too_long_for_the_page_is_refused(db: Session) -> None:
    live = add_live(db)
    with pytest.raises(WorkshopError, match="at most 400"):
        freeze(db, live, findings=("x" * 401,))


# Findings, bands, sections


def test_without_any_result_no_finding_is_invented(db: Session) -> None:
    live = add_live(db, people=4)
    release(db, live, "mood", [{"value": ["9"]}] * 4)
    assert draft_of(db, live).suggested == ()
    assert freeze(db, live).editions["manager"]["findings"]["items"] == []


def test_the_clearest_shape_is_the_first_finding(db: Session) -> None:
    live = add_live(db, people=20)
    release(db, live, "mood", [{"value": [str(1 + number % 10)]} for number in range(20)])
    release(db, live, "help", [{"choice": ["training" if number else "say"]} for number in range(20)])
    suggested = draft_of(db, live).suggested
    assert suggested[0].startswith("Which help would you ask for?") and "Training" in suggested[0]
    assert len(suggested) <= 3


@pytest.mark.parametrize("people", [7, 40])
def test_a_finding_never_says_a_word_that_nobody_was_asked_for(db: Session, people: int) -> None:
    live = add_live(db, people=people)
    release(db, live, "cloud", _fog(people))
    assert not any("fog" in finding for finding in draft_of(db, live).suggested)


@pytest.mark.parametrize("file", [False, True])
def test_the_words_of_a_cloud_never_reach_the_manager(db: Session, file: bool) -> None:
    live = add_live(db, people=40, facilitator_words=file)
    release(db, live, "cloud", _fog(40))
    frozen = freeze(db, live)
    assert "fog" not in printed(frozen, "manager")
    assert ("fog" in printed(frozen, "facilitator")) is file


def test_a_summary_may_not_carry_a_long_entry_of_a_cloud_out_of_the_room(db: Session) -> None:
    live = add_live(db, people=12)
    release(db, live, "cloud", [*_fog(11), {"word-0": ["i do not like my new job"]}])
    with pytest.raises(WorkshopError, match="like my new job"):
        freeze(db, live, heard={"cloud": "Somebody said: I do not like my new job at all."})


def _fog(people: int) -> list[dict[str, list[str]]]:
    return [{"word-0": [("fog", "fog", "sun", "noise")[number % 4]]} for number in range(people)]


@pytest.mark.parametrize(
    ("joined", "floor", "said"),
    [
        (0, 5, "Fewer than 5 people"),
        (4, 5, "Fewer than 5 people"),
        (5, 5, "5 to 9 people"),
        (9, 5, "5 to 9 people"),
        (3, 3, "3 to 9 people"),
        (2, 3, "Fewer than 3 people"),
        (9, 12, "Fewer than 10 people"),
        (10, 5, "10 people"),
        (120, 5, "120 people"),
    ],
)
def test_how_many_took_part_is_a_band_below_ten(db: Session, joined: int, floor: int, said: str) -> None:
    live = add_live(db, people=joined, room_floor=floor)
    assert freeze(db, live).editions["manager"]["facts"][1].startswith(f"{said} took part")


def test_of_a_small_group_no_exact_number_is_anywhere(db: Session) -> None:
    live = add_live(db, people=7, words_floor=5)
    play(db, live, 7)
    frozen = freeze(db, live)
    for edition in ("manager", "facilitator"):
        words = printed(frozen, edition).replace('"', " ").replace(".", " ").split()
        assert "7" not in words


def test_where_nothing_may_be_shown_stands_one_calm_line(db: Session) -> None:
    live = add_live(db, people=4)
    for activity in ("mood", "help", "cloud"):
        fields = {"mood": {"value": ["5"]}, "help": {"choice": ["say"]}, "cloud": {"word-0": ["fog"]}}[activity]
        release(db, live, activity, [fields] * 4)
    sections = freeze(db, live).editions["manager"]["sections"]
    assert len(sections) == 1 and len(sections[0]["blocks"]) == 1
    assert "Fewer than 5 people answered" in sections[0]["blocks"][0]["note"]


def test_a_step_that_was_not_asked_is_left_out(db: Session) -> None:
    live = add_live(db)
    release(db, live, "tell", texts(canaries(12, 0), for_manager=True))
    assert [section["heading"] for section in freeze(db, live).editions["manager"]["sections"]] == ["Close"]


def test_one_session_never_reaches_into_another(db: Session) -> None:
    mine, other = add_live(db), add_live(db)
    said = canaries(12, 12)
    release(db, other, "drags", texts(said))
    release(db, mine, "drags", texts(canaries(12, 6)))
    frozen = freeze(db, mine)
    assert not any(one.text in printed(frozen, edition) for one in said for edition in ("manager", "facilitator"))
