"""The contract's pure functions: seats, tags, codes, pools, order. Text has its own file, `test_14`."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from workshop import anonymity

KEY, LIVE = b"a server's secret", "live-session-id-000000"


# -- seats


@pytest.mark.parametrize(
    "value",
    [None, "", ".", "..", "a.b", "a.b.c", "\x00.\x00", "é.é", "=.=", "A" * 201, f"{'A' * 43}.{'A' * 43}", "a b.c d"],
)
def test_what_is_no_seat_is_not_taken_for_one(value: str | None) -> None:
    assert anonymity.read_seat(KEY, LIVE, value) is None


@given(st.text(max_size=220))
def test_no_text_opens_a_seat_or_breaks_the_reader(value: str) -> None:
    assert anonymity.read_seat(KEY, LIVE, value) is None


def test_a_seat_is_good_in_its_own_session_under_its_own_key_only() -> None:
    secret = anonymity.new_secret()
    seat = anonymity.seat_value(KEY, LIVE, secret)
    assert anonymity.read_seat(KEY, LIVE, seat) == secret
    assert anonymity.read_seat(KEY, "another-session", seat) is None
    assert anonymity.read_seat(b"another key", LIVE, seat) is None


def test_every_sign_of_a_seat_counts() -> None:
    secret = anonymity.new_secret()
    seat = anonymity.seat_value(KEY, LIVE, secret)
    for index, sign in enumerate(seat):
        changed = seat[:index] + ("A" if sign != "A" else "B") + seat[index + 1 :]
        # The last sign of 43 carries two bits that belong to no byte: a change of those is the same seat.
        assert anonymity.read_seat(KEY, LIVE, changed) in (None, secret)
        if index not in (42, 86):
            assert anonymity.read_seat(KEY, LIVE, changed) is None


def test_a_secret_has_256_random_bits_and_no_two_are_alike() -> None:
    secrets = [anonymity.new_secret() for _ in range(500)]
    assert {len(secret) for secret in secrets} == {32}
    assert len(set(secrets)) == 500
    ones = Counter(bit for secret in secrets for bit in range(256) if secret[bit // 8] >> bit % 8 & 1)
    assert all(150 < ones[bit] < 350 for bit in range(256))  # nine standard errors


def test_the_cookie_is_bound_to_its_host_under_tls() -> None:
    assert anonymity.seat_cookie(LIVE, https=True) == f"__Host-seat-{LIVE}"
    assert anonymity.seat_cookie(LIVE, https=False) == f"seat-{LIVE}"


# -- tags


def test_a_tag_is_one_phones_in_one_question() -> None:
    first, second = anonymity.new_secret(), anonymity.new_secret()
    tags = {anonymity.tag(secret, run) for secret in (first, second) for run in ("a", "b", "ab")}
    assert len(tags) == 6
    assert {len(tag) for tag in tags} == {32}
    assert anonymity.tag(first, "a") == anonymity.tag(first, "a")


# -- codes and ids


def test_codes_use_every_sign_and_none_that_looks_like_another() -> None:
    signs = Counter("".join(anonymity.new_code() for _ in range(3000)))
    assert set(signs) == set(anonymity.CODE_ALPHABET)
    assert chisquare(list(signs.values())).pvalue > 1e-7


def test_ids_are_128_bits_that_fit_an_address() -> None:
    ids = {anonymity.new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 22 and one.replace("-", "").replace("_", "").isalnum() for one in ids)


# -- order


@given(st.lists(st.integers(), max_size=50))
def test_shuffling_loses_and_invents_nothing(items: list[int]) -> None:
    before = list(items)
    assert sorted(anonymity.shuffled(items)) == sorted(before)
    assert items == before, "what was handed in stays as it was"


def test_every_order_of_four_is_as_likely() -> None:
    seen = Counter(tuple(anonymity.shuffled("abcd")) for _ in range(12_000))
    assert len(seen) == 24
    assert chisquare(list(seen.values())).pvalue > 1e-7


def test_every_choice_of_two_from_five_is_as_likely() -> None:
    seen = Counter(tuple(anonymity.pick("abcde", 2)) for _ in range(10_000))
    assert len(seen) == 20
    assert chisquare(list(seen.values())).pvalue > 1e-7


def test_no_seed_repeats_an_order() -> None:
    """The order comes from the system, not from a generator that somebody could set."""
    import random

    orders = set()
    for _time in range(20):
        random.seed(1)
        orders.add(tuple(anonymity.shuffled(range(30))))
        orders.add(tuple(anonymity.pick(range(1000), 20)))
    assert len(orders) == 40


# -- pools and floors


@pytest.mark.parametrize(("floor", "pool"), [(3, 5), (4, 5), (5, 5), (6, 6), (12, 12)])
def test_a_pool_is_never_smaller_than_five_or_the_floor(floor: int, pool: int) -> None:
    assert anonymity.pool_size(floor) == pool
    assert not anonymity.pool_is_ripe(2 * pool - 1, floor)
    assert anonymity.pool_is_ripe(2 * pool, floor)


@pytest.mark.parametrize(("people", "said"), [(0, None), (5, None), (9, None), (10, 10), (300, 300)])
def test_how_many_answered_is_kept_from_ten_on(people: int, said: int | None) -> None:
    assert anonymity.people_said(people) == said


def test_the_floors_are_those_of_the_contract() -> None:
    assert (anonymity.ROOM_FLOOR, anonymity.WORDS_FLOOR) == (5, 10)
    assert (anonymity.LOWEST_ROOM_FLOOR, anonymity.LOWEST_WORDS_FLOOR) == (3, 5)
