"""Promise 3 on paper: a batch meets the floor by itself, and whoever typed it learns nothing of the phones by it."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.promises.stagehands import KINDS, Room, canary, fields_for, files_below, room
from workshop import anonymity, editions, exports, figures, live_sessions, paper_cards, releases
from workshop.activities import KINDS as REGISTRY
from workshop.errors import WorkshopError
from workshop.house import House
from workshop.releases import Released

TYPIST = "the one who types"
SORTS = [sort for sort in KINDS if REGISTRY[KINDS[sort]["kind"]].name != "questions"]


def at(played: Room) -> paper_cards.Desk:
    with played.house.database.transaction() as session:
        return paper_cards.desk(session, played.live_id)


def ask(played: Room, phones: int, sheets: int) -> tuple[list[str], list[str]]:
    """Ask with so many answers from phones and so many on paper; return the words of each."""
    run_id = played.open()
    sent, typed = [canary() for _ in range(phones)], [canary() for _ in range(sheets)]
    for phone, word in enumerate(sent):
        played.send(phone, run_id, fields_for(played.sort, word))
    if sheets:
        paper_cards.type_in(played.house, TYPIST, at(played), [fields_for(played.sort, word) for word in typed])
    played.move("close")
    return sent, typed


@pytest.mark.parametrize("sort", ["text", "to-manager", "cloud", "choice"])
def test_each_part_has_to_meet_the_floor_by_itself(hall: House, folder: Any, sort: str) -> None:
    seen = {}
    for phones, sheets in product((0, 4, 5), (0, 4, 5)):
        played = room(hall, [sort], 5)
        sent, typed = ask(played, phones, sheets)
        shown = played.seen()[0].activity
        assert (shown.phase == "too_few") == (phones < 5 and sheets < 5), (phones, sheets)
        assert shown.paper == ("" if sheets < 5 else "beside" if phones >= 5 else "alone")
        text, files = repr(played.seen()), b"".join(files_below(folder).values())
        gone = (sent if phones < 5 else []) + (typed if sheets < 5 else [])
        assert not [word for word in gone if word in text or word.encode() in files], (phones, sheets)
        seen[phones, sheets] = [word for word in sent + typed if word in text]
    if sort != "choice":
        assert len(seen[5, 5]) == 10 and len(seen[5, 4]) == 5, "the search finds a word where there is one"


@pytest.mark.parametrize("sort", SORTS)
def test_what_is_published_of_the_phones_is_the_same_with_paper_and_without(hall: House, sort: str) -> None:
    """Nothing more could be shown: the typist's knowledge cannot be taken off a result that it is not in."""
    played = room(hall, [sort], 0)
    live, activity = played.live, live_sessions.guide_of(played.live).activity("q0")
    kind = REGISTRY[activity.kind]
    if not paper_cards.takes(activity):
        return

    def bodies(number: int) -> list[str]:
        return [json.dumps(kind.clean(activity.config, fields_for(sort))) for _ in range(number)]

    for phones, sheets in ((5, 5), (7, 30), (12, 6)):
        mine = bodies(phones)
        alone = releases.build(live, activity, mine).release
        both = paper_cards.together(live, activity, mine, bodies(sheets)).release
        assert {name: value for name, value in both.items() if name != "paper"} == alone


def product_build(live: Any, activity: Any, phones: list[str], paper: list[str]) -> Released:
    return paper_cards.together(live, activity, phones, paper)


def leaky_build(live: Any, activity: Any, phones: list[str], paper: list[str]) -> Released:
    """The control: one count over both, as a naive house would make it."""
    return releases.build(live, activity, [*phones, *paper])


@pytest.mark.parametrize(("build", "exposed"), [(product_build, False), (leaky_build, True)])
def test_the_typist_cannot_take_the_batch_off_and_count_the_phones(
    hall: House, build: Callable[..., Released], exposed: bool
) -> None:
    """Five phones, two options, and a typist who chose the batch to see best.

    The attacker knows the whole batch and tries every result that five phones
    could have given; what it can tell apart beyond the release without paper is
    what paper leaks.
    """
    played = room(hall, ["choice"], 0)
    live, activity = played.live, live_sessions.guide_of(played.live).activity("q0")
    names = [option.id for option in activity.config.options]
    body = {name: json.dumps({"choice": [name]}) for name in names}
    paper = [body[names[0]]] * 3 + [body[names[1]]] * 3
    draw = random.Random(16)
    worlds = [tuple(draw.choice(names[:2]) for _phone in range(5)) for _world in range(60)]
    told: dict[str, set[int]] = {}
    plain: dict[str, set[int]] = {}
    for world in worlds:
        phones = [body[name] for name in world]
        count = Counter(world)[names[0]]
        seen = json.dumps(build(live, activity, phones, paper).release, sort_keys=True)
        told.setdefault(seen, set()).add(count)
        plain.setdefault(json.dumps(releases.build(live, activity, phones).release, sort_keys=True), set()).add(count)
    certain = sum(len(counts) == 1 for counts in told.values()) / len(told)
    if exposed:
        assert certain >= 0.6, "the attack works where the two are counted together"
    else:
        assert sorted(map(sorted, told.values())) == sorted(map(sorted, plain.values()))


def test_a_typist_sees_the_own_batch_and_nobody_elses(hall: House) -> None:
    played = room(hall, ["text"], 6)
    run_id = played.open()
    secret = canary()
    played.send(0, run_id, fields_for("text", secret))
    paper_cards.type_in(hall, TYPIST, at(played), paper_cards.written(at(played).activity, "one\n\n  two \nthree"))  # type: ignore[arg-type]
    mine = paper_cards.batch(hall, TYPIST, at(played))
    assert sorted(paper_cards.as_lines(sheet.fields) for sheet in mine) == ["one", "three", "two"]
    assert secret not in repr(mine)
    assert paper_cards.batch(hall, "somebody else", at(played)) == []
    with pytest.raises(WorkshopError, match="Somebody else is typing"):
        paper_cards.type_in(hall, "somebody else", at(played), [fields_for("text")])
    paper_cards.type_in(hall, TYPIST, at(played), [fields_for("text", "better")], key=mine[0].key)
    assert len(paper_cards.batch(hall, TYPIST, at(played))) == 3
    for sheet in paper_cards.batch(hall, TYPIST, at(played)):
        paper_cards.take_out(hall, TYPIST, at(played), sheet.key)
    assert paper_cards.batch(hall, TYPIST, at(played)) == []
    assert played.seen()[1].answered == 1, "paper is no phone"


def test_nothing_of_a_batch_is_left_after_the_close_and_nothing_comes_in(hall: House, folder: Any) -> None:
    played = room(hall, ["choice"], 5)
    desk = at(played)
    run_id = played.open()
    desk = at(played)
    paper_cards.type_in(hall, TYPIST, desk, [{"choice": ["red"]}], alike=3)
    box = hall.boxes.box(played.live_id)
    assert box.sheets(run_id) == 3
    played.move("close")
    assert box.sheets(run_id) == 0
    with pytest.raises(WorkshopError, match="has closed"):
        paper_cards.type_in(hall, TYPIST, desk, [{"choice": ["red"]}])
    assert paper_cards.batch(hall, TYPIST, at(played)) == []


def test_cards_of_paper_hang_among_the_others_and_may_never_be_quoted(hall: House) -> None:
    played = room(hall, ["cards"], 12)
    activity = live_sessions.guide_of(played.live).activity("q0")
    written = paper_cards.written(activity, "a\nb\n\nc\n\n\nd\ne\nf")
    assert [len(sheet) for sheet in written] == [2, 1, 3], "an empty line divides the sheets: people are counted"
    with pytest.raises(WorkshopError, match="empty line"):
        paper_cards.written(activity, "\n".join("abcdef"))
    places = []
    for _time in range(12):
        again = room(hall, ["text"], 5)
        sent, typed = ask(again, 5, 5)
        cards = [text for _id, text in again.cards()]
        assert sorted(cards) == sorted(sent + typed)
        places.append(tuple(text in typed for text in cards))
    assert len(set(places)) > 1
    to_manager = live_sessions.guide_of(room(hall, ["to-manager"], 0).live).activity("q0")
    kind = REGISTRY["open_text"]
    body = kind.clean(to_manager.config, paper_cards.written(to_manager, "to the room")[0])
    assert not kind.cards(to_manager.config, body)[0].quotable
    assert anonymity.ROOM_FLOOR == 5


@pytest.mark.parametrize("sort", ["choice", "scale", "text"])
@pytest.mark.parametrize(("phones", "sheets"), [(12, 14), (12, 4), (4, 14), (7, 6)])
def test_every_report_and_file_shows_paper_beside_the_phones_and_no_count_over_both(
    hall: House, sort: str, phones: int, sheets: int
) -> None:
    """What is printed of the phones is what is printed without paper; the sum of both stands nowhere."""
    printed, data = {}, {}
    played = room(hall, [sort], 0)
    live, activity = played.live, live_sessions.guide_of(played.live).activity("q0")
    mine, typed = ([_body(activity, sort, n) for n in range(number)] for number in (phones, sheets))
    for name, paper in (("both", typed), ("phones", [])):
        released = paper_cards.together(live, activity, mine, paper).release
        material = editions.Material(live, live_sessions.guide_of(live), {"q0": released}, {}, editions.Texts())
        for edition in ("manager", "participant", "facilitator"):
            sections = editions.build(material, edition, "id", live.created_on)["sections"]
            printed[name, edition] = sections[0]["blocks"][0]
        kept = figures.collect(material, "id", live.created_on)
        data[name] = exports.of({figures.KEY: kept})
    beside = phones >= 5 and sheets >= 5
    for edition in ("manager", "participant", "facilitator"):
        both, alone = dict(printed["both", edition]), dict(printed["phones", edition])
        assert str(phones + sheets) not in json.dumps(both)
        if phones >= 5 and sort != "text":
            drawing = dict(both["drawing"])
            paper = drawing.pop("paper", None)
            assert (paper is not None) == beside
            assert {**drawing, "people": ""} == {**alone["drawing"], "people": ""}
        if phones < 5:
            assert (both.get("people") or both["drawing"]["people"]).endswith("on paper")
            assert "note" in alone
    own, paper = data["both"].results[0], data["both"].results[0].paper
    assert (paper is not None) == (sheets >= 5)
    if beside:
        assert paper is not None
        assert paper.how == ("mixed" if sort == "text" else "beside")
        assert own.items == data["phones"].results[0].items
        assert paper.sheets is not None
        assert paper.sheets.value == (sheets if sheets >= 10 else None)
    elif paper is not None:
        assert (paper.how, paper.sheets, paper.items) == ("alone", None, ())
    assert str(phones + sheets) not in exports.as_csv(data["both"]).decode()


def _body(activity: Any, sort: str, number: int) -> str:
    values = {"choice": {"choice": [("red", "blue", "green")[number % 3]]}, "scale": {"value": [str(1 + number % 7)]}}
    fields = values.get(sort) or {"text-0": [f"Word {chr(97 + number)}"]}
    return json.dumps(REGISTRY[activity.kind].clean(activity.config, fields))


def test_the_same_reader_finds_the_sum_in_one_count_over_both(hall: House) -> None:
    """The control: of one release over phones and paper the printed block says how many there were in all."""
    played = room(hall, ["choice"], 0)
    live, activity = played.live, live_sessions.guide_of(played.live).activity("q0")
    mine, typed = ([_body(activity, "choice", n) for n in range(number)] for number in (12, 14))
    released = leaky_build(live, activity, mine, typed).release
    material = editions.Material(live, live_sessions.guide_of(live), {"q0": released}, {}, editions.Texts())
    assert "26" in json.dumps(editions.build(material, "manager", "id", live.created_on)["sections"])
