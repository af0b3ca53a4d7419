"""Promise 14: the same words are the same text, whatever typed them; and nobody's card is marked as theirs."""

from __future__ import annotations

import unicodedata

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.promises.stagehands import canary, fields_for, room
from tests.promises.theatre import build
from workshop import anonymity, answers
from workshop.anonymity import normalise
from workshop.house import House

CASES = {
    "curly quotes": ("\u201cI\u2019m tired\u201d \u00abso\u00bb \u201eja\u201c", '"I\'m tired" "so" "ja"'),
    "accents used as quotes": ("it\u00b4s 5\u2032 long", "it's 5' long"),
    "dashes": ("a \u2013 b \u2014 c \u2212 d \u2010 e", "a - b - c - d - e"),
    "three dots": ("well\u2026", "well..."),
    "no-break and thin spaces": ("a\u00a0b\u202fc\u2009d\u3000e", "a b c d e"),
    "many spaces": ("  a   b\t\tc  ", "a b c"),
    "lines of every system": ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
    "piles of empty lines": ("a\n\n\n\n\nb\n\n", "a\n\nb"),
    "letters in two parts": ("Cafe\u0301 A\u030a", "Café Å"),
    "a sign that looks the same": ("\u212b \u2126", "Å Ω"),
    "invisible signs": ("a\u200bb\ufeffc\u00add\u2060e", "abcde"),
    "an invisible sign between letter and accent": ("e\u00ad\u0301", "é"),
    "direction overrides": ("\u202eevil\u202c \u2066x\u2069 \u200fy", "evil x y"),
    "control signs": ("a\x00b\x07c\x1bd\x7f", "abcd"),
    "half an emoji": ("a\ud83db", "ab"),
    "a whole emoji": ("\U0001f469\u200d\U0001f4bb ok", "\U0001f469\u200d\U0001f4bb ok"),
    "joiners alone": ("\u200d \u200c\u200d", ""),
    "joiners inside a word": (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),
    "fifty marks on a letter": ("x" + "\u0335" * 50 + "y", "x" + "\u0335" * 8 + "y"),
    "marks split by an invisible sign": ("x" + "\u0335" * 8 + "\u200b" + "\u0335" * 8, "x" + "\u0335" * 8),
    "private and unassigned signs": ("a\ue000b\U000e0041c\u0378d", "abcd"),
    "right to left": ("שלום  עולם", "שלום עולם"),
    "nothing": ("", ""),
    "only spaces": (" \t\r\n\u00a0 ", ""),
}

AWKWARD = st.sampled_from(
    "ae \n\t\r\u00ad\u0301\u0323\u200d\u200c\u2026\u201c\u0308\u0483\u0488\u09c7\u09be\u1100\u1161\ud800\udc00"
    "\u00a0\u2028\u1ffd\u1fef\u0344\u202e\U0001f469\U0001f4bb"
)
TEXTS = st.text(st.one_of(st.characters(), AWKWARD), max_size=80)


@pytest.mark.parametrize("name", CASES)
def test_a_text_has_one_form(name: str) -> None:
    typed, kept = CASES[name]
    assert normalise(typed) == kept


@given(TEXTS)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(TEXTS)
def test_only_plain_signs_are_left(text: str) -> None:
    kept = normalise(text)
    assert unicodedata.is_normalized("NFC", kept)
    assert kept == kept.strip()
    assert "  " not in kept
    assert "\n\n\n" not in kept
    for sign in kept:
        category = unicodedata.category(sign)
        assert category not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp") or sign in " \n\u200d\u200c"
    assert not set(kept) & set("\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a0")


@given(TEXTS)
def test_what_is_kept_can_be_stored_and_sent(text: str) -> None:
    assert normalise(text).encode().decode() == normalise(text)


@given(st.text(st.characters(categories=("L", "N", "P")), max_size=40))
def test_letters_composed_or_not_are_one_text(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(unicodedata.normalize("NFC", text))


def test_a_card_lies_and_shows_in_its_plain_form(hall: House) -> None:
    played = room(hall, ["text"], 5)
    played.ask([(phone, fields_for("text", f"\u201cNo\u00a0{canary()}\u2026\u201d")) for phone in range(5)])
    for _id, text in played.cards():
        assert text.startswith('"No ')
        assert text.endswith('..."')


def test_after_the_release_nobody_finds_their_own_card(hall: House) -> None:
    """The screen of the phones is one for all, and the box gives nothing back that would mark one."""
    played = room(hall, ["text"], 6)
    run_id = played.ask([(phone, fields_for("text")) for phone in range(6)])
    for phone in range(6):
        own = answers.mine(hall, played.live_id, played.secrets[phone], run_id)
        assert (own.revision, own.fields, own.passed) == (0, None, False)


def test_after_the_release_all_phones_get_the_same_bytes(app: Flask) -> None:
    """Whoever wrote a card, whoever passed and whoever only joined."""
    made = build(app, ("text",), 7)
    run_id = made.played.open()
    for phone in range(6):
        made.played.send(phone, run_id, fields_for("text"))
    made.played.send(6, run_id, None)
    made.played.move("close")
    pages = [made.page("phone", "/s/<live_id>/")]
    for seat in (made.played.seats[0], made.played.seats[5], made.played.seats[6]):
        client = made.clients["nobody"]
        client.set_cookie(anonymity.seat_cookie(made.live_id, False), seat)
        pages.append(made.page("nobody", "/s/<live_id>/"))
    assert all(page == pages[0] for page in pages)
    assert all(text in pages[0] for _id, text in made.played.cards())
    made.close()
