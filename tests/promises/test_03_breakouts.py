"""Promise 3 in breakouts: a card speaks for its group, and nothing says for which.

The attackers have the main database with its hidden row numbers, a copy of the
ballot box taken while the groups write, and every screen; who is in which group
they know from looking around the room. What they want: whose card is it?
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import literal_column, select

from tests.promises.attackers import BROKEN, Score
from tests.promises.groups import Groups, breakout_room, in_groups
from tests.promises.stagehands import canary, files_below
from tests.promises.test_01_sealed_until_closed import everything_seen
from workshop import anonymity, breakouts, editions, live_sessions, receipts
from workshop.house import House
from workshop.models import ActivityRun, Breakout, Card

GROUPS = 4
SESSIONS = 24


def everything(groups: Groups) -> str:
    """Return all that anybody sees, all rows of the main database, and all bytes on the disk."""
    house = groups.played.house
    with house.database.engine.connect() as connection:
        from workshop.models import Base

        rows = [connection.execute(table.select()).all() for table in Base.metadata.sorted_tables]
    files = files_below(house.boxes.folder)
    return " ".join(everything_seen(groups.played)) + repr(rows) + repr(files)


def release(groups: Groups) -> dict[str, object]:
    with groups.played.house.database.transaction() as session:
        run = session.get(ActivityRun, groups.run_id)
        assert run is not None
        return dict(run.release or {})


# -- the floor


def test_the_card_of_one_group_is_never_shown(hall: House) -> None:
    groups = in_groups(hall, 12)
    word = groups.write(1)
    groups.played.send(groups.members[2][0], groups.run_id, None)  # a group that passes says nothing
    groups.played.move("close")
    assert release(groups)["too_few"]
    assert word not in everything(groups)


def test_two_groups_below_the_rooms_floor_are_not_shown(hall: House) -> None:
    groups = in_groups(hall, 9, room_floor=7)
    words = [groups.write(1), groups.write(2)]
    groups.played.move("close")
    assert release(groups)["too_few"]
    assert not [word for word in words if word in everything(groups)]


def test_a_group_of_two_does_not_count_and_is_not_shown_beside_others(hall: House) -> None:
    for others in (1, 2):
        played = breakout_room(hall, 9)
        run_id = played.open()
        groups = Groups(played, run_id, {})
        for phone in range(3 * others + 2 + (2 - others) * 3):  # three groups; the last phones never ask
            groups.members.setdefault(groups.place(phone, "take").number, []).append(phone)
        small = min(groups.members, key=lambda number: len(groups.members[number]))
        assert len(groups.members[small]) == 2
        large = [number for number in groups.members if number != small][:others]
        words, lost = [groups.write(number) for number in large], groups.write(small)
        played.move("close")
        assert bool(release(groups)["too_few"]) == (others == 1)
        assert sorted(text for _id, text in played.cards()) == sorted(words if others == 2 else [])
        assert lost not in everything(groups)


def test_from_two_groups_of_three_on_their_cards_are_shown(hall: House) -> None:
    groups = in_groups(hall, 6)
    words = [groups.write(1), groups.write(2)]
    groups.played.move("close")
    assert sorted(text for _id, text in groups.played.cards()) == sorted(words)


def test_how_many_people_the_cards_speak_for_is_said_nowhere(hall: House) -> None:
    """With the sizes that everybody saw it would tell which group was silent."""
    groups = in_groups(hall, 13)
    for number in list(groups.members)[:3]:
        groups.write(number)
    groups.played.move("close")
    kept = release(groups)
    assert (kept["people"], kept["in_groups"], kept["words_ok"]) == (
        None,
        True,
        sum(map(len, list(groups.members.values())[:3])) >= 10,
    )
    assert editions.answered_words(kept, 5) == "At least two groups answered"
    shown = groups.played.seen()[0].activity
    assert shown.people == ""


# -- which group


def rows_of(house: House, run_id: str) -> list[str]:
    """Return the texts of a run by their hidden row numbers or places on disk, first to last."""
    path = house.database.engine.url.database
    with house.database.engine.connect() as connection:
        if path is None or connection.dialect.name != "sqlite":
            return list(
                connection.execute(
                    select(Card.text).where(Card.run_id == run_id).order_by(literal_column("ctid"))
                ).scalars()
            )
        raw = connection.connection.dbapi_connection
        assert raw is not None
        return [
            row[0] for row in raw.cursor().execute("select text from cards where run_id = ? order by rowid", (run_id,))
        ]  # type: ignore[attr-defined]


def guess_by_place(house: House, score: dict[str, Score]) -> None:
    """Play one session whose groups send in the order of their numbers; link places of cards with numbers."""
    groups = in_groups(house, 4 * GROUPS)
    texts = {groups.write(number): number for number in sorted(groups.members)}
    groups.played.move("close")
    with house.database.transaction() as session:
        cards = {card.text: card.id for card in session.query(Card).where(Card.run_id == groups.run_id)}
    orders = {
        "row number": rows_of(house, groups.run_id),
        "id": sorted(texts, key=lambda text: cards[text]),
        "place on the wall": [text for _id, text in groups.played.cards()],
    }
    for name, order in orders.items():
        right = sum(texts[text] == number for number, text in enumerate(order, start=1))
        score.setdefault(name, Score(GROUPS)).count(right, GROUPS)


def test_nothing_kept_of_a_card_tells_its_group(hall: House) -> None:
    score: dict[str, Score] = {}
    for _session in range(SESSIONS):
        guess_by_place(hall, score)
    for name, found in score.items():
        assert found.is_chance(), f"{name}: {found.advantage:.3f}"


def test_control_groups_named_by_their_number_and_not_shuffled_are_linked(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakouts, "_tags", lambda _key, groups: tuple(at.to_bytes(32) for at in range(groups)))
    monkeypatch.setattr(anonymity, "shuffled", list)
    score: dict[str, Score] = {}
    for _session in range(3):
        guess_by_place(hall, score)
    assert score["row number"].advantage >= BROKEN


def test_no_table_has_a_place_for_the_group_of_a_card_or_a_phone() -> None:
    assert {column.name for column in Breakout.__table__.columns} == {
        "live_id", "activity_id", "size", "groups", "part", "gathered",
    }  # fmt: skip
    assert not [column.name for column in Card.__table__.columns if re.search("group|breakout|number", column.name)]


# -- a copy of the box, taken while groups write


def copied(house: House, live_id: str, folder: Path) -> sqlite3.Connection:
    """Return a thief's copy of the box and its log."""
    for suffix in ("", "-wal"):
        source = house.boxes.folder / f"{live_id}.sqlite{suffix}"
        if source.exists():
            shutil.copy(source, folder / f"copy.sqlite{suffix}")
    return sqlite3.connect(folder / "copy.sqlite")


def pairs_of_one_group(groups: Groups, thief: sqlite3.Connection) -> tuple[int, int]:
    """Return (pairs that share what lies under their tags, and are of one group; all pairs that share it)."""
    owner = {}
    for number, phones in groups.members.items():
        for phone in phones:
            name = anonymity.tag(groups.played.secrets[phone], f"{groups.run_id}\0seat")
            owner[name] = number
    rows = thief.execute("select tag, mask from dealt").fetchall()
    by_mask: dict[bytes, list[int]] = {}
    for tag, mask in rows:
        by_mask.setdefault(bytes(mask)[:2], []).append(owner[bytes(tag)])
    together = [same for same in by_mask.values() if len(same) > 1]
    found = sum(1 for same in together for i in range(len(same)) for j in range(i) if same[i] == same[j])
    return found, sum(len(same) * (len(same) - 1) // 2 for same in together)


def test_a_copy_of_the_box_does_not_say_who_is_together(hall: House, tmp_path: Path) -> None:
    groups = in_groups(hall, 24)
    groups.place(groups.members[1][0], "write")
    thief = copied(hall, groups.played.live_id, tmp_path)
    found, _all = pairs_of_one_group(groups, thief)
    assert found <= 2, "masks of one group look alike"
    dealt_tags = {bytes(row[0]) for row in thief.execute("select tag from dealt")}
    others = {bytes(row[0]) for row in thief.execute("select tag from breakout")}
    others |= {bytes(row[0]) for row in thief.execute("select writer from breakout where writer is not null")}
    assert len(dealt_tags) == 24
    assert not dealt_tags & others, "who writes must not be found among those who were dealt a number"
    thief.close()


def test_control_numbers_without_a_mask_say_who_is_together(
    hall: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breakouts._Asker, "_pad", lambda _self, _nonce: bytes(32))
    groups = in_groups(hall, 24)
    thief = copied(hall, groups.played.live_id, tmp_path)
    found, of = pairs_of_one_group(groups, thief)
    assert found == of == 6 * 6  # six groups of four, six pairs each
    thief.close()


def test_after_the_close_the_box_remembers_no_group(hall: House) -> None:
    groups = in_groups(hall, 9)
    secret = groups.played.secrets[0]
    words = [groups.write(number) for number in groups.members]
    names = [anonymity.tag(secret, f"{groups.run_id}\0{what}") for what in ("seat", "writer")]
    salt = hall.boxes.box(groups.played.live_id).salt(groups.run_id)
    groups.played.move("close")
    left = b"".join(files_below(hall.boxes.folder).values())
    assert not [word for word in words if word.encode() in left]
    assert not [name for name in [*names, salt] if name in left]


def test_what_is_kept_is_the_same_whoever_wrote(hall: House) -> None:
    kept = []
    for writer in (0, 2):
        groups = in_groups(hall, 6)
        for number in groups.members:
            groups.played.send(
                groups.members[number][writer], groups.run_id, {"text-0": [f"Card {number} of this group"]}
            )
        groups.played.move("close")
        with hall.database.transaction() as session:
            row = session.get(Breakout, (groups.played.live_id, "q0"))
            assert row is not None
            kept.append((row.size, row.groups, row.part, row.gathered, json.dumps(release(groups), sort_keys=True)))
    assert kept[0] == kept[1]


# -- screens, edits, receipts


def still(seen: str) -> str:
    """Return what is seen without the seconds of a timer, which runs meanwhile."""
    return re.sub(r"\bleft=\d+", "left=", seen)


def test_who_writes_changes_no_screen_of_anybody(hall: House) -> None:
    groups = in_groups(hall, 9)
    before = [still(one) for one in everything_seen(groups.played)]
    for number, phones in groups.members.items():
        groups.place(phones[0], "write")
        if number == 1:
            groups.place(phones[0], "hand_on")
    assert [still(one) for one in everything_seen(groups.played)] == before


def test_an_edited_group_card_is_gone_and_a_withdrawn_one_does_not_count(hall: House) -> None:
    groups = in_groups(hall, 9)
    first = [groups.write(number) for number in groups.members]
    second = groups.write(1, revision=2)
    writer = groups.members[2][0]
    groups.played.send(writer, groups.run_id, None, revision=2)
    third = first[list(groups.members).index(3)]
    groups.played.move("close")
    assert Counter(text for _id, text in groups.played.cards()) == Counter([second, third])
    gone = [text for text in first if text != third]
    assert not [text for text in gone if text in everything(groups)]


def test_the_writers_phone_keeps_the_receipt_of_the_group_card(hall: House) -> None:
    groups = in_groups(hall, 6)
    secret, words = "r" * 22, [canary(), canary()]
    for number, word in zip(groups.members, words, strict=True):
        fields = {"text-0": [word]}
        if number == 1:
            fields["receipt-0"] = [hashlib.sha256(secret.encode()).hexdigest()]
        groups.played.send(groups.members[number][0], groups.run_id, fields)
    groups.played.move("close")
    with hall.database.transaction() as session:
        receipts.hold(session, live_sessions.get(session, groups.played.live_id), secret, "withdraw")
    with hall.database.transaction() as session:
        texts = {card.id: card.text for card in session.query(Card).where(Card.run_id == groups.run_id)}
        held = {texts[one]: act for one, act in receipts.held(session, groups.played.live_id).items()}
    assert held == {words[list(groups.members).index(1)]: "withdraw"}


def test_every_phone_says_that_the_card_speaks_for_the_group(hall: House) -> None:
    groups = in_groups(hall, 6)
    phone = groups.played.seen()[0]
    assert "Your group speaks; your group knows who typed." in phone.activity.seen_by
    assert any("speaks for its group" in line for line in phone.promise)
