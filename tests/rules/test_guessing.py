"""How long a guesser waits, by hand: pauses begin with a minute and double with each wrong try."""

from __future__ import annotations

import datetime as dt

import pytest

from wibawa.rules.guessing import Tries, free_at, network_of

TEN = dt.datetime(2026, 11, 24, 10, 0, tzinfo=dt.UTC)
NONE = Tries(0, None)


def after(minutes: int) -> dt.datetime:
    return TEN + dt.timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("wrong", "minutes"), [(4, None), (5, 1), (6, 2), (8, 8), (10, 32), (11, 60), (500, 60)]
)
def test_five_tries_at_an_account_from_one_address_are_free(
    wrong: int, minutes: int | None
) -> None:
    found = free_at(Tries(wrong, TEN), NONE, NONE, at_home=False)
    assert found == (None if minutes is None else after(minutes))


@pytest.mark.parametrize(("wrong", "minutes"), [(4, None), (5, 1), (7, 4), (8, 5), (500, 5)])
def test_at_home_nobody_waits_longer_than_five_minutes(wrong: int, minutes: int | None) -> None:
    found = free_at(Tries(wrong, TEN), NONE, NONE, at_home=True)
    assert found == (None if minutes is None else after(minutes))


@pytest.mark.parametrize(("wrong", "minutes"), [(9, None), (10, 1), (13, 8), (16, 60)])
def test_ten_tries_at_an_account_from_strange_addresses_are_free(
    wrong: int, minutes: int | None
) -> None:
    found = free_at(NONE, Tries(wrong, TEN), NONE, at_home=False)
    assert found == (None if minutes is None else after(minutes))


@pytest.mark.parametrize(("wrong", "minutes"), [(49, None), (50, 1), (53, 8), (54, 15), (900, 15)])
def test_fifty_tries_from_one_address_are_free(wrong: int, minutes: int | None) -> None:
    found = free_at(NONE, NONE, Tries(wrong, TEN), at_home=False)
    assert found == (None if minutes is None else after(minutes))


def test_what_goes_on_elsewhere_does_not_touch_who_is_at_home() -> None:
    assert free_at(NONE, Tries(900, TEN), Tries(900, TEN), at_home=True) is None


def test_the_longest_pause_counts() -> None:
    early = TEN - dt.timedelta(minutes=3)
    assert free_at(Tries(7, early), Tries(10, TEN), NONE, at_home=False) == after(1)
    assert free_at(Tries(8, early), Tries(10, TEN), NONE, at_home=False) == after(5)


@pytest.mark.parametrize(
    ("address", "one"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:a:b:c:d", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.10", "203.0.113.10"),
        ("", ""),
        ("x" * 70, "x" * 64),
    ],
)
def test_one_subscriber_counts_as_one_address(address: str, one: str) -> None:
    assert network_of(address) == one


def test_a_house_of_the_new_addresses_is_one_network_and_its_neighbour_another() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8:0:0:8000::1") == "2001:db8::"
    assert network_of("2001:db8:0:1::1") == "2001:db8:0:1::"
