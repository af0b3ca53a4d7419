"""Decisions about texts as pure functions: hiding, approving, masking, merging, and the way back."""

from __future__ import annotations

import pytest

from workshop import readings
from workshop.readings import MASK, Command, Reading, RefusedError, act, masked, words

KNOWN = {"a": "Kim said no.", "b": "kim is always late", "c": "Meetings", "d": "meetings!"}


def decided(reading: Reading, do: str, *texts: str, **more: object) -> Reading:
    """Return the same reading after one decision."""
    act(reading, Command(do, texts, **more), KNOWN)  # type: ignore[arg-type]
    return reading


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Command("hide", ()), "no-texts"),
        (Command("hide", ("gone",)), "no-texts"),
        (Command("approve", ("a",)), "no-queue"),
        (Command("merge", ("a",), front="a"), "two-texts"),
        (Command("merge", ("a", "b"), front="gone"), "no-texts"),
        (Command("part", ("a",)), "none-behind"),
        (Command("mask", ("a",)), "no-words"),
        (Command("rest"), "nothing-left"),
        (Command("undo"), "nothing"),
        (Command("redo"), "nothing"),
        (Command("release", ("a",)), "unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(command: Command, why: str) -> None:
    reading = Reading()
    with pytest.raises(RefusedError, match=why):
        act(reading, command, KNOWN)
    assert reading.standing(KNOWN) == ["a", "b", "c", "d"]
    assert not reading.undo


def test_everything_decided_can_be_taken_back_and_done_again_one_by_one() -> None:
    reading = Reading()
    stations = [reading.dump()["marks"]]
    for do, texts, more in (
        ("hide", ("a",), {}),
        ("mask", ("b",), {"words": (0,)}),
        ("merge", ("d",), {"front": "c"}),
        ("part", ("c",), {}),
        ("back", ("a",), {}),
    ):
        decided(reading, do, *texts, **more)
        stations.append(reading.dump()["marks"])
    for station in reversed(stations[:-1]):
        decided(reading, "undo")
        assert reading.dump()["marks"] == station
    for station in stations[1:]:
        decided(reading, "redo")
        assert reading.dump()["marks"] == station
    assert Reading.load(reading.dump()).dump() == reading.dump()


def test_the_text_in_front_stands_for_the_others_and_hides_with_them() -> None:
    reading = decided(Reading(), "merge", "d", front="c")
    assert reading.standing(KNOWN) == ["a", "b", "c"]
    decided(reading, "merge", "c", front="a")  # those behind come along
    assert reading.behind("a", KNOWN) == ["c", "d"]
    assert reading.standing(KNOWN) == ["a", "b"]
    assert reading.standing(KNOWN, gone={"a"}) == ["b", "c"]  # its author took it back: the first behind it stands
    assert reading.standing(KNOWN, gone={"a", "c"}) == ["b", "d"]
    decided(reading, "hide", "a")
    assert reading.standing(KNOWN) == ["b"]
    assert reading.standing(KNOWN, gone={"a"}) == ["b"]
    decided(reading, "back", "a")
    decided(reading, "part", "a")
    assert reading.standing(KNOWN) == ["a", "b", "c", "d"]


def test_a_queue_shows_only_what_was_let_out() -> None:
    reading = Reading(queue=True)
    assert reading.waiting(KNOWN) == ["a", "b", "c", "d"]
    assert reading.standing(KNOWN) == []
    decided(reading, "hide", "b")
    decided(reading, "approve", "a")
    assert reading.standing(KNOWN) == []
    reading.show(KNOWN)
    assert reading.standing(KNOWN) == ["a"]
    with pytest.raises(RefusedError, match="nothing"):
        decided(reading, "undo")  # what is out was seen
    decided(reading, "rest")
    assert reading.approved(KNOWN) == ["c", "d"]
    decided(reading, "back", "d")
    reading.show(KNOWN)
    reading.finish(KNOWN)
    assert not reading.queue
    assert reading.standing(KNOWN) == ["a", "c"]
    decided(reading, "back", "d")  # hidden like any other, so it can be shown again
    assert reading.standing(KNOWN) == ["a", "c", "d"]


def test_new_ids_keep_the_decisions_and_no_way_back() -> None:
    reading = decided(decided(Reading(), "hide", "a"), "merge", "d", front="c")
    fresh = reading.renamed({"a": "z", "c": "x", "d": "y"})
    assert fresh.standing(["v", "x", "y", "z"]) == ["v", "x"]
    assert not fresh.undo


@pytest.mark.parametrize(
    ("text", "places", "shown"),
    [
        ("Kim said no.", [0], f"{MASK} said no."),
        ("(Kim), you know", [0], f"({MASK}), you know"),
        ("Ask Anna-Lena Kim today", [1, 2], f"Ask {MASK} today"),
        ("Kim's idea", [0], f"{MASK} idea"),
        ("two\nlines", [1], f"two\n{MASK}"),
        ("金さんは遅い", [0], f"{MASK}さんは遅い"),
        ("राम देर से", [0], f"{MASK} देर से"),
        ("🙂 fine", [0], f"{MASK} fine"),
        ("short", [7], "short"),
    ],
)
def test_a_mask_stands_for_whole_words_and_tells_neither_how_many_nor_how_long(
    text: str, places: list[int], shown: str
) -> None:
    assert masked(text, places) == shown


def test_the_same_word_is_masked_in_all_other_texts_whatever_its_letters() -> None:
    reading = decided(Reading(), "mask", "a", words=(0,), everywhere=True)
    assert {one: masked(text, reading.mark(one).mask) for one, text in KNOWN.items()} == {
        "a": "[…] said no.", "b": "[…] is always late", "c": "Meetings", "d": "meetings!",
    }  # fmt: skip
    decided(reading, "mask", "a")
    assert reading.mark("a").mask == ()
    assert reading.mark("b").mask == (0,)


def test_around_a_mask_every_run_of_six_words_holds_the_masked_one() -> None:
    text = "one two three four five six Kim eight nine ten eleven twelve thirteen"
    (piece,) = readings.around(text, [6])
    assert piece == "two three four five six Kim eight nine ten eleven twelve"
    assert words(text)[6] == "Kim"
