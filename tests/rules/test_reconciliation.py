"""Which month money counts in, how a month foots, and why a bank's figure may differ."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wibawa.rules.reconciliation import (
    Cause,
    Evidence,
    Month,
    Movement,
    Points,
    SuspenseAccount,
    accounting_month,
    add_up,
    likely_cause,
    movement,
)

MONTHS = st.builds(Month, st.integers(2000, 2998), st.integers(1, 12))
RUPIAH = st.integers(0, 10**12)


@given(MONTHS, st.integers(-400, 400))
def test_months_are_counted_on_and_back_across_years(month: Month, steps: int) -> None:
    there = month.plus(steps)
    assert there.plus(-steps) == month
    assert there.since(month) == steps
    assert Month.from_code(there.code) == there
    assert (there.last + dt.timedelta(days=1)) == there.plus(1).first


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-10", Month(2026, 10)),
        ("2026-1", None),
        ("2026-13", None),
        ("2026-00", None),
        ("1999-10", None),
        ("2026-10\n", None),
        ("２０２６-10", None),
        ("", None),
    ],
)
def test_an_address_names_a_month_in_one_way_only(text: str, month: Month | None) -> None:
    assert Month.parse(text) == month


@pytest.mark.parametrize(
    ("day", "closed", "counts_in"),
    [
        ("2026-10-31", None, "2026-10"),  # nothing was ever closed
        ("2026-10-31", "2026-09", "2026-10"),  # its own month is open
        ("2026-10-31", "2026-10", "2026-11"),  # the evening after the closing
        ("2026-08-05", "2026-10", "2026-11"),  # long ago
        ("2026-12-31", "2026-12", "2027-01"),  # over the year's end
        ("2027-03-01", "2026-12", "2027-03"),  # months between are open
    ],
)
def test_an_entry_counts_in_its_own_month_while_that_is_open_else_in_the_first_open_one(
    day: str, closed: str | None, counts_in: str
) -> None:
    last = None if closed is None else Month.parse(closed)
    assert accounting_month(dt.date.fromisoformat(day), last).text == counts_in


@given(
    st.builds(
        Points,
        RUPIAH,
        RUPIAH,
        RUPIAH,
        RUPIAH,
        RUPIAH,
        st.booleans(),
        st.booleans(),
        st.sampled_from(("", "disbursed", "taken_over")),
    )
)
def test_every_movement_foots_whatever_the_points_are(at: Points) -> None:
    moved = movement(at)
    assert moved.foots
    assert moved.opening == at.opening
    assert moved.closing == (0 if at.gone else at.closing)


def test_each_part_of_a_month_has_its_line() -> None:
    # Signed with 1.000.000; 50.000 came late; 30.000 of it was reversed in the month; 200.000 paid.
    moved = movement(Points(1_000_000, 950_000, 950_000, 980_000, 780_000))
    assert (moved.late, moved.restored, moved.repaid) == (-50_000, 30_000, 200_000)
    assert (moved.rescheduled, moved.corrections, moved.closing) == (0, -20_000, 780_000)


def test_a_loan_of_the_month_is_disbursed_and_one_of_an_opening_portfolio_taken_over() -> None:
    assert movement(Points(0, 0, 500, 500, 480, came="disbursed")).disbursed == 500
    taken = movement(Points(0, 0, 300, 300, 300, came="taken_over"))
    assert (taken.taken_over, taken.disbursed, taken.repaid) == (300, 0, 0)


def test_what_is_written_off_leaves_and_what_is_recovered_then_moves_nothing() -> None:
    left = movement(Points(700, 700, 700, 700, 600, gone=True))
    assert (left.repaid, left.written_off, left.closing) == (100, -600, 0)
    stays = movement(Points(0, 600, 600, 600, 500, gone_before=True, gone=True))
    assert stays == Movement()
    back = movement(Points(0, 600, 600, 600, 600, gone_before=True, gone=False))
    assert (back.written_off, back.closing) == (600, 600)


@given(st.lists(st.builds(Points, RUPIAH, RUPIAH, RUPIAH, RUPIAH, RUPIAH), min_size=1, max_size=9))
def test_the_sum_of_movements_foots_too(points: list[Points]) -> None:
    movements = [movement(each) for each in points]
    moved = add_up(movements)
    assert moved.foots
    for name in Movement._fields:
        assert getattr(moved, name) == sum(getattr(each, name) for each in movements)


# Of Rp5.000.000, flat, 24 months: 208.333 principal and 12.500 interest each month. Nine paid:
# 3.125.003 left, ten paid: 2.916.670.
NINE, TEN = 3_125_003, 2_916_670


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (Evidence(NINE, 1, NINE, 1), None),
        (Evidence(NINE, 1, None, None), None),
        (Evidence(NINE, 1, NINE, None), None),
        # money of ours after the bank's row
        (Evidence(TEN, 1, NINE, 1, otherwise=(NINE, TEN)), Cause.POSTED_LATER),
        # the bank counts money of the next month already: not a row that we lack
        (Evidence(NINE, 1, TEN, 1, otherwise=(NINE, TEN), steps=(TEN,)), Cause.POSTED_LATER),
        # the bank's rows took 4.167 more principal than we did
        (Evidence(NINE, 1, NINE - 4_167, 1, splits=(4_167, 4_167)), Cause.OTHER_SPLIT),
        (Evidence(NINE, 1, NINE - 9_000, 1, splits=(4_167, 9_000)), Cause.OTHER_SPLIT),
        (Evidence(NINE, 1, NINE + 4_167, 1, splits=(4_167, 4_167)), Cause.UNKNOWN),
        (Evidence(NINE, 1, None, 1, splits=(4_167, 4_167)), Cause.OTHER_SPLIT),
        # one or more installments that never came as rows
        (Evidence(NINE, 1, TEN, 1, steps=(TEN, TEN - 208_333)), Cause.MISSING_ROW),
        (Evidence(NINE, 1, TEN - 208_333, 1, steps=(TEN, TEN - 208_333)), Cause.MISSING_ROW),
        (Evidence(NINE, 2, has_row=False, fell_due=True), Cause.MISSING_ROW),
        (Evidence(NINE, 2, has_row=True, fell_due=True), None),
        (Evidence(NINE, 2, has_row=False, fell_due=False), None),
        # only the class differs; it was ours on the day of the row, or never
        (Evidence(NINE, 2, NINE, 1, class_then=1), None),
        (Evidence(NINE, 1, NINE, 3, class_then=1), Cause.OTHER_CLASS),
        (Evidence(NINE, 1, NINE + 1, 3, class_then=1), Cause.UNKNOWN),
    ],
)
def test_a_cause_is_named_only_when_it_explains_the_difference_to_the_rupiah(
    seen: Evidence, cause: Cause | None
) -> None:
    assert likely_cause(seen) is cause


def test_a_month_is_held_said_and_written() -> None:
    month = Month(2026, 8)
    assert (month.text, month.words) == ("2026-08", "Agustus 2026")
    assert month.holds(dt.date(2026, 8, 31))
    assert not month.holds(dt.date(2026, 9, 1))
    assert not month.holds(dt.date(2025, 8, 31))


@pytest.mark.parametrize("part", SuspenseAccount._fields)
def test_titipan_foots_only_when_every_part_is_right(part: str) -> None:
    """By hand: 100 + 20 + 50 - 30 - 5 = 135."""
    account = SuspenseAccount(100, 20, 50, 30, 5, 135)
    assert account.foots
    assert not account._replace(**{part: getattr(account, part) + 1}).foots
