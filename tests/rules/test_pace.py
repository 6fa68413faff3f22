"""Needed, pace and medians, reckoned by hand."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wibawa.rules.indicators import percentage
from wibawa.rules.pace import halves_text, median_halves, numerator_needed, pace


@pytest.mark.parametrize(
    ("target", "denominator", "needed"),
    [
        (900, 37_400, 3_365),  # 9 % is 3.366; 3.365 is 8,9973 %, printed 9,00; 3.364 is 8,99
        (850, 36_613, 3_111),  # 3.110 is 8,4943 %, printed 8,49
        (10_000, 7, 7),
        (0, 7, 0),
        (5_000, 3, 2),  # 1 of 3 is 33,33 %, 2 of 3 is 66,67 %
    ],
)
def test_the_numerator_that_reaches_a_target(target: int, denominator: int, needed: int) -> None:
    assert numerator_needed(target, denominator) == needed


@given(st.integers(0, 20_000), st.integers(1, 100_000))
def test_one_less_than_needed_is_printed_below_the_target(target: int, denominator: int) -> None:
    needed = numerator_needed(target, denominator)
    reached = percentage(needed, denominator)
    assert reached is not None
    assert reached >= target
    if needed:
        before = percentage(needed - 1, denominator)
        assert before is not None
        assert before < target


def test_a_pace_that_reaches_the_target_names_the_day() -> None:
    # 2 July is day 183 of 365: 50 more so far, 40 are wanted: 40 × 183 ÷ 50 = 146,4 → 147 days.
    found = pace(100, 150, 190, dt.date(2026, 7, 2))
    assert (found.added, found.needed, found.expected) == (50, 40, 199)  # 50 × 365 ÷ 183 = 99,7
    assert found.reached_on == dt.date(2026, 11, 26)


def test_a_pace_that_is_too_slow_names_no_day() -> None:
    # 24 November is day 328: 10 more so far, 412 wanted; 10 × 365 ÷ 328 = 11,1.
    found = pace(2_900, 2_910, 3_322, dt.date(2026, 11, 24))
    assert (found.needed, found.expected, found.reached_on) == (412, 2_911, None)


def test_the_last_day_of_the_year_still_counts() -> None:
    # Day 359 of 365: 359 so far, one a day; 6 more come on 31 December, 7 would be one day late.
    assert pace(0, 359, 365, dt.date(2026, 12, 25)).reached_on == dt.date(2026, 12, 31)
    assert pace(0, 359, 366, dt.date(2026, 12, 25)).reached_on is None


def test_what_is_reached_needs_no_more_and_what_stands_still_never_comes() -> None:
    assert pace(0, 50, 50, dt.date(2026, 3, 1)).reached
    still = pace(10, 10, 11, dt.date(2026, 3, 1))
    assert (still.added, still.needed, still.expected, still.reached_on) == (0, 1, 10, None)
    fell = pace(10, 4, 11, dt.date(2026, 1, 2))
    assert (fell.expected, fell.reached_on) == (0, None)


def test_negative_counts_and_no_denominator_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        pace(-1, 0, 0, dt.date(2026, 1, 1))
    with pytest.raises(ValueError, match="no numerator"):
        numerator_needed(900, 0)


@pytest.mark.parametrize(
    ("days", "text"), [([3], "3"), ([9, 1, 2], "2"), ([1, 2], "1,5"), ([4, 0, 7, 2], "3")]
)
def test_the_median_is_the_middle_or_between_the_two_in_the_middle(
    days: list[int], text: str
) -> None:
    halves = median_halves(days)
    assert halves is not None
    assert halves_text(halves) == text


def test_nothing_has_no_median() -> None:
    assert median_halves([]) is None


def test_one_more_is_a_pace_and_what_is_reached_tells_what_was_added() -> None:
    # Day 100 of 365: one so far and one more is wanted, so in another 100 days.
    assert pace(0, 1, 2, dt.date(2026, 4, 10)).reached_on == dt.date(2026, 7, 19)
    done = pace(40, 60, 50, dt.date(2026, 12, 31))
    assert (done.added, done.needed, done.expected) == (20, 0, 60)


@pytest.mark.parametrize(("start", "now", "wanted"), [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_each_negative_count_is_refused_with_all_three(start: int, now: int, wanted: int) -> None:
    with pytest.raises(ValueError, match=f"no negative counts: {start}, {now}, {wanted}$"):
        pace(start, now, wanted, dt.date(2026, 3, 1))
