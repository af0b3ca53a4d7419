"""Promise 7: an edited or withdrawn text is in no file a minute later, and at once at the seal."""

from __future__ import annotations

from pathlib import Path

from tests.promises.stagehands import Room, canary, fields_for, files_below, room
from workshop.house import House
from workshop.realtime import clockwork


def changed_minds(hall: House) -> tuple[Room, list[str], list[str]]:
    """Return an open question with the texts that count and those that were edited or withdrawn."""
    played = room(hall, ["cards"], 10)
    run_id = played.open()
    gone, kept = [], []
    for phone in range(10):
        for revision in (1, 2, 3):
            gone.append(canary() * revision)
            played.send(phone, run_id, fields_for("cards", gone[-1]), revision=revision)
        if phone % 2:
            played.send(phone, run_id, None, revision=4)
        else:
            kept.append(canary())
            played.send(phone, run_id, fields_for("cards", kept[-1]), revision=4)
    return played, kept, gone


def found(folder: Path, texts: list[str]) -> list[str]:
    """Return those texts that some file holds, forwards or, as second card, backwards."""
    everything = b"".join(files_below(folder).values())
    return [text for text in texts if text.encode() in everything or text[::-1].encode() in everything]


def test_the_log_is_emptied_several_times_within_the_promised_minute() -> None:
    assert clockwork.CHECKPOINT <= 30


def test_an_edited_or_withdrawn_text_is_in_no_file_after_the_next_round_of_the_clock(hall: House, folder: Path) -> None:
    _played, kept, gone = changed_minds(hall)
    assert found(folder, gone), "it is in the log until then, or there would be nothing to show here"
    hall.boxes.checkpoint()
    assert found(folder, gone) == []
    assert found(folder, kept) == kept


def test_an_edited_or_withdrawn_text_is_in_no_file_at_once_at_the_seal(hall: House, folder: Path) -> None:
    played, kept, gone = changed_minds(hall)
    played.move("close")
    assert found(folder, gone) == []
    assert {text for _id, text in played.cards()} == {form for text in kept for form in (text, text[::-1])}
