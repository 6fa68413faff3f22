"""Changes of a schedule: laws that hold of any loan, and examples reckoned by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wibawa.rules.changes import (
    HolidayInterest,
    Plan,
    first_open,
    first_to_come,
    holiday,
    longer,
    on_day,
    settled,
    what_changes,
    with_multiple,
)
from wibawa.rules.collectibility import COMMERCIAL_DEFAULT
from wibawa.rules.dates import days_in_month
from wibawa.rules.facts import Method, Terms
from wibawa.rules.position import position
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import MULTIPLES, schedule

many = settings(max_examples=300, deadline=None)
DISBURSED = dt.date(2026, 1, 31)
SOON = dt.date(2026, 9, 10)


def _plan(terms: Terms, applied: int) -> Plan:
    return Plan(
        tuple(schedule(terms)),
        terms.rate,
        terms.method,
        terms.multiple,
        terms.disbursed_on.day,
        applied,
    )


def _annuity(applied: int) -> Plan:
    return _plan(Terms(10_000_000, 300, 24, Method.ANNUITY, DISBURSED), applied)


def _flat(applied: int) -> Plan:
    return _plan(Terms(5_000_000, 300, 24, Method.FLAT, DISBURSED), applied)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any loan with any money in it, also none, also all."""
    terms = draw(
        st.builds(
            Terms,
            principal=st.integers(1, 5000) | st.integers(10**6, 5 * 10**7),
            rate=st.sampled_from((0, 300, 10_000)),
            months=st.integers(1, 36),
            method=st.sampled_from(Method),
            disbursed_on=st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31)),
            multiple=st.sampled_from(MULTIPLES),
        )
    )
    plan = _plan(terms, 0)
    return replace(plan, applied=draw(st.integers(0, plan.total)))


@st.composite
def wishes(draw: st.DrawFn) -> Callable[[Plan, int, dt.date], Plan]:
    """One change that keeps amounts paid; `first` counts from the first open installment."""
    ahead = draw(st.integers(0, 40))
    kind = draw(st.sampled_from(("holiday", "longer", "multiple", "day")))
    months = draw(st.integers(1, 12))
    interest = draw(st.sampled_from(HolidayInterest))
    multiple = draw(st.sampled_from(MULTIPLES))
    day = draw(st.integers(1, 31))

    def change(plan: Plan, opened: int, on: dt.date) -> Plan:
        first = min(opened + ahead, len(plan.rows))
        if kind == "holiday":
            return holiday(plan, first, months, interest)
        if kind == "longer":
            return longer(plan, first, months, on)
        if kind == "multiple":
            return with_multiple(plan, first, multiple)
        return on_day(plan, first, day, on)

    return change


def _is_whole(plan: Plan, principal: int) -> None:
    """A schedule that may be stored: foots, adds up, in order, nothing negative."""
    balance = principal
    for number, row in enumerate(plan.rows, 1):
        balance -= row.principal
        assert row.number == number
        assert row.balance == balance
        assert row.principal >= 0
        assert row.interest >= 0
        assert row.balance >= 0
    assert balance == 0
    days = [row.due_on for row in plan.rows]
    assert all(day < after for day, after in pairwise(days))


def _paid(plan: Plan) -> tuple[int, int]:
    at = position(plan.principal, plan.rows, plan.applied, dt.date(2050, 1, 1), COMMERCIAL_DEFAULT)
    return at.principal_paid, at.interest_paid


def _made(
    change: Callable[[Plan, int, dt.date], Plan], plan: Plan, opened: int, on: dt.date
) -> Plan | None:
    """The new plan, None for what is refused with a good reason."""
    try:
        return change(plan, opened, on)
    except Refused as refused:
        if refused.code in ("nothing_changes", "past_due", "partly_paid"):
            return None
        raise


@many
@given(plans(), st.lists(wishes(), min_size=1, max_size=4), st.dates(dt.date(2024, 6, 1), SOON))
def test_any_changes_one_after_the_other_keep_what_was_paid_and_add_up(
    plan: Plan, made: list[Callable[[Plan, int, dt.date], Plan]], on: dt.date
) -> None:
    principal, days = plan.principal, {plan.due_day}
    for change in made:
        opened = first_open(plan)
        assume(opened <= len(plan.rows))
        new = _made(change, plan, opened, on)
        if new is None:
            continue
        _is_whole(new, principal)
        assert new.rows[: opened - 1] == plan.rows[: opened - 1]
        assert _paid(new) == _paid(plan)
        days.add(new.due_day)
        for row in new.rows:
            last = days_in_month(row.due_on.year, row.due_on.month)
            assert row.due_on.day in {min(day, last) for day in days}
        plan = new


@many
@given(plans(), st.integers(0, 40), st.integers(1, 12))
def test_a_holiday_moves_dates_by_its_months_and_asks_for_that_interest_alone(
    plan: Plan, ahead: int, months: int
) -> None:
    opened = first_open(plan)
    assume(opened <= len(plan.rows))
    first = min(opened + ahead, len(plan.rows))
    waived = holiday(plan, first, months, HolidayInterest.WAIVED)
    assert (waived.interest, waived.principal) == (plan.interest, plan.principal)
    assert what_changes(plan, waived) == (months, 0, 0)
    assert waived.rows[: first - 1] == plan.rows[: first - 1]
    spread = holiday(plan, first, months, HolidayInterest.SPREAD)
    row = plan.rows[first - 1]
    base = plan.principal if plan.method == Method.FLAT else row.principal + row.balance
    monthly = (2 * base * plan.rate + 120_000) // 240_000
    assert what_changes(plan, spread) in ((months, months * monthly, 0), (months, 0, 0))


@many
@given(plans(), st.dates(dt.date(2024, 6, 1), dt.date(2029, 1, 1)))
def test_an_early_settlement_asks_for_all_principal_and_never_more_than_the_plan(
    plan: Plan, on: dt.date
) -> None:
    assume(first_open(plan) <= len(plan.rows))
    new = settled(plan, on)
    _is_whole(new, plan.principal)
    assert _paid(new) == _paid(plan)
    assert 0 <= new.owed <= plan.owed  # 0: only interest was left, and none of it is due
    opened = first_open(plan)
    assert new.rows[: opened - 1] == plan.rows[: opened - 1]
    at = position(plan.principal, plan.rows, plan.applied, on, COMMERCIAL_DEFAULT)
    assert new.owed >= at.outstanding_principal
    assert new.owed >= at.arrears
    done = position(plan.principal, new.rows, new.total, on, COMMERCIAL_DEFAULT)
    assert (done.outstanding_principal, done.arrears, done.excess) == (0, 0, 0)


def test_three_months_without_installments_after_the_seventh_of_an_annuity() -> None:
    """Rp10.000.000 at 3 % in 24 months: 10.000.000 × 0,0025 × 1,0025^24 ÷ (1,0025^24 − 1) =
    429.812,12, so 429.812 a month; after the seventh 7.144.974 are left (row by row:
    9.595.188, 9.189.364, 8.782.525, 8.374.669, 7.965.794, 7.555.896, 7.144.974).
    A month's interest on that is 7.144.974 × 0,03 ÷ 12 = 17.862,4 → 17.862; three months 53.586.
    Spread over the 17 left: 53.586 ÷ 17 = 3.152,1 → 3.152 each, the last 53.586 − 16 × 3.152 =
    3.154."""
    plan = _annuity(7 * 429_812)
    assert plan.rows[6].balance == 7_144_974
    new = holiday(plan, 8, 3, HolidayInterest.SPREAD)
    assert new.rows[:7] == plan.rows[:7]
    eighth, last = new.rows[7], new.rows[23]
    assert (eighth.due_on, last.due_on) == (dt.date(2026, 12, 31), dt.date(2028, 4, 30))
    assert (eighth.principal, eighth.interest) == (411_950, 17_862 + 3_152)
    assert (last.principal, last.interest, last.balance) == (428_741, 1_072 + 3_154, 0)
    assert what_changes(plan, new) == (3, 53_586, 0)
    february = [row.due_on for row in new.rows if row.due_on.month == 2]
    assert february == [dt.date(2026, 2, 28), dt.date(2027, 2, 28), dt.date(2028, 2, 29)]


def test_a_holiday_of_a_flat_loan_asks_for_the_flat_interest_of_its_months() -> None:
    """5.000.000 × 3 % ÷ 12 = 12.500 a month; 3 × 12.500 = 37.500 over 14 installments: 2.678,6 →
    2.679, the last 37.500 − 13 × 2.679 = 2.673."""
    new = holiday(_flat(10 * 220_833), 11, 3, HolidayInterest.SPREAD)
    assert [row.interest for row in new.rows[10:]] == [12_500 + 2_679] * 13 + [12_500 + 2_673]


def test_an_installment_paid_in_part_moves_and_keeps_its_amounts() -> None:
    plan = _flat(10 * 220_833 + 100_000)
    new = holiday(plan, 11, 2, HolidayInterest.SPREAD)
    moved = new.rows[10]
    assert (moved.principal, moved.interest) == (208_333, 12_500)
    assert (plan.rows[10].due_on, moved.due_on) == (dt.date(2026, 12, 31), dt.date(2027, 2, 28))
    # 25.000 over the 13 behind it: 1.923,1 → 1.923
    assert new.rows[11].interest == 12_500 + 1_923


def test_twelve_months_more_after_twelve_flat_installments_halve_the_principal_part() -> None:
    """After 12 × 208.333 = 2.499.996 there are 2.500.004 left; ÷ 24 = 104.166,8 → 104.167, the last
    2.500.004 − 23 × 104.167 = 104.163. Interest 12 × 12.500 + 12 × 12.500 = 300.000 ÷ 24."""
    new = longer(_flat(12 * 220_833), 13, 12, dt.date(2027, 2, 10))
    assert len(new.rows) == 36
    assert [row.principal for row in new.rows[12:]] == [104_167] * 23 + [104_163]
    assert {row.interest for row in new.rows[12:]} == {12_500}
    assert new.rows[12].due_on == dt.date(2027, 2, 28)
    assert new.rows[35].due_on == dt.date(2029, 1, 31)


def test_a_longer_annuity_is_the_annuity_of_what_is_left() -> None:
    """7.144.974 over 29 months: 7.144.974 × 0,0025 × 1,0025^29 ÷ (1,0025^29 − 1) = 255.725,3."""
    plan = _annuity(7 * 429_812)
    new = longer(plan, 8, 12, SOON)
    assert (new.rows[7].total, new.rows[7].interest) == (255_725, 17_862)
    assert len(new.rows) == 36
    assert new.rows[:7] == plan.rows[:7]


def test_interest_postponed_by_a_holiday_stays_owed_when_the_loan_is_made_longer() -> None:
    rested = holiday(_annuity(7 * 429_812), 8, 3, HolidayInterest.SPREAD)
    plain = longer(_annuity(7 * 429_812), 8, 12, SOON)
    both = longer(rested, 8, 12, SOON)
    assert both.interest - plain.interest == 53_586


def test_arrears_become_part_of_a_longer_loan_only_when_it_begins_with_them() -> None:
    """Installments 8 (30 September) and 9 (31 October) are past due on 10 November."""
    plan, on = _annuity(7 * 429_812), dt.date(2026, 11, 10)
    assert (first_open(plan), first_to_come(plan, on)) == (8, 10)
    all_anew = longer(plan, 8, 6, on)
    assert all_anew.rows[7].due_on == dt.date(2026, 11, 30)
    arrears_kept = longer(plan, 10, 6, on)
    assert arrears_kept.rows[:9] == plan.rows[:9]
    assert arrears_kept.rows[9].due_on == dt.date(2026, 11, 30)


def test_another_multiple_rounds_the_installments_left() -> None:
    """429.812 a month to the nearest 1.000: 430.000; the last takes what is left."""
    plan = _annuity(7 * 429_812)
    new = with_multiple(plan, 8, 1000)
    assert {row.total for row in new.rows[7:23]} == {430_000}
    assert new.multiple == 1000
    assert [row.due_on for row in new.rows] == [row.due_on for row in plan.rows]


def test_another_due_day_keeps_the_months_and_is_held_inside_them() -> None:
    plan = _plan(Terms(5_000_000, 300, 24, Method.FLAT, dt.date(2026, 1, 5)), 2 * 220_833)
    new = on_day(plan, 3, 31, dt.date(2026, 3, 20))
    assert new.rows[2].due_on == dt.date(2026, 4, 30)
    assert new.rows[3].due_on == dt.date(2026, 5, 31)
    assert [row.total for row in new.rows] == [row.total for row in plan.rows]
    again = on_day(new, 3, 7, dt.date(2026, 4, 20))  # the 7th of April has passed
    assert again.rows[2].due_on == dt.date(2026, 5, 7)


def test_settling_after_ten_flat_installments() -> None:
    """Paid 10 × (208.333 + 12.500); left 5.000.000 − 2.083.330 = 2.916.670, plus the interest of
    the current month 12.500; waived 14 × 12.500 − 12.500 = 162.500."""
    plan = _flat(10 * 220_833)
    new = settled(plan, dt.date(2026, 12, 10))
    assert new.owed == 2_916_670 + 12_500
    assert plan.interest - new.interest == 162_500
    assert len(new.rows) == 11


def test_settling_with_arrears_asks_for_their_interest_too() -> None:
    """On 10 February 2027 the installments 11 (31 December) and 12 (31 January) are past due, 13 is
    the current month's: 3 × 12.500."""
    new = settled(_flat(10 * 220_833), dt.date(2027, 2, 10))
    assert new.owed == 2_916_670 + 3 * 12_500
    assert len(new.rows) == 13


def test_settling_after_paying_ahead_gives_no_interest_back_and_asks_for_none() -> None:
    """14 installments are paid and half of the interest of the 15th, on the day of the 11th."""
    new = settled(_flat(14 * 220_833 + 6_250), dt.date(2026, 12, 31))
    assert new.owed == 5_000_000 - 14 * 208_333
    assert new.rows[14].interest == 6_250


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda plan: holiday(plan, 10, 3, HolidayInterest.SPREAD), "installment_covered"),
        (lambda plan: holiday(plan, 25, 3, HolidayInterest.SPREAD), "installment_covered"),
        (lambda plan: holiday(plan, 11, 13, HolidayInterest.SPREAD), "months_out_of_range"),
        (lambda plan: longer(plan, 11, 0, SOON), "months_out_of_range"),
        (lambda plan: longer(plan, 11, 97, SOON), "months_out_of_range"),
        (lambda plan: with_multiple(plan, 11, 250), "multiple_unknown"),
        (lambda plan: with_multiple(plan, 11, 1), "nothing_changes"),
        (lambda plan: on_day(plan, 11, 31, SOON), "nothing_changes"),
        (lambda plan: on_day(plan, 11, 32, SOON), "day_out_of_range"),
        (lambda plan: on_day(plan, 11, 5, dt.date(2027, 1, 1)), "past_due"),
        (lambda plan: settled(replace(plan, applied=plan.total), SOON), "nothing_owed"),
        (lambda plan: longer(replace(plan, applied=plan.total), 24, 1, SOON), "nothing_owed"),
        (lambda plan: longer(replace(plan, applied=plan.total - 1), 24, 1, SOON), "partly_paid"),
    ],
)
def test_what_cannot_be_is_refused_in_words(change: Callable[[Plan], Plan], code: str) -> None:
    with pytest.raises(Refused) as refused:
        change(_flat(10 * 220_833))
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".")


def _three(due_day: int = 31) -> Plan:
    """1.200 rupiah without interest in three installments: 28 February, 31 March, 30 April."""
    terms = Terms(1_200, 0, 3, Method.FLAT, DISBURSED)
    return replace(_plan(terms, 0), due_day=due_day)


def _days(plan: Plan) -> list[str]:
    return [row.due_on.isoformat() for row in plan.rows]


@pytest.mark.parametrize(
    ("first", "day", "starts_on", "days"),
    [
        (2, 10, "2026-03-10", ["2026-02-28", "2026-03-10", "2026-04-10"]),  # on the day itself
        (2, 10, "2026-03-11", ["2026-02-28", "2026-04-10", "2026-05-10"]),  # it has just passed
        (2, 5, "2026-03-31", ["2026-02-28", "2026-04-05", "2026-05-05"]),  # due today: not past
        (2, 1, "2026-03-01", ["2026-02-28", "2026-03-01", "2026-04-01"]),
        (1, 15, "2026-02-15", ["2026-02-15", "2026-03-15", "2026-04-15"]),
        (1, 15, "2026-02-16", ["2026-03-15", "2026-04-15", "2026-05-15"]),
    ],
)
def test_a_new_due_day_counts_on_the_day_itself(
    first: int, day: int, starts_on: str, days: list[str]
) -> None:
    assert _days(on_day(_three(), first, day, dt.date.fromisoformat(starts_on))) == days


@pytest.mark.parametrize(
    ("day", "days"),
    [
        (4, ["2026-03-05", "2026-04-04", "2026-05-04"]),
        (5, ["2026-03-05", "2026-04-05", "2026-05-05"]),
        (6, ["2026-03-05", "2026-03-06", "2026-04-06"]),
    ],
)
def test_a_new_due_day_stays_behind_the_installment_before_it(day: int, days: list[str]) -> None:
    first, *others = _three().rows
    plan = replace(_three(), rows=(first._replace(due_on=dt.date(2026, 3, 5)), *others))
    assert _days(on_day(plan, 2, day, dt.date(2026, 3, 1))) == days


@pytest.mark.parametrize(
    ("starts_on", "days"),
    [
        ("2026-02-28", ["2026-02-28", "2026-03-15", "2026-04-15", "2026-05-15"]),  # not past
        ("2026-03-14", ["2026-03-15", "2026-04-15", "2026-05-15", "2026-06-15"]),
        ("2026-03-15", ["2026-03-15", "2026-04-15", "2026-05-15", "2026-06-15"]),
        ("2026-03-16", ["2026-04-15", "2026-05-15", "2026-06-15", "2026-07-15"]),
    ],
)
def test_arrears_that_are_spread_begin_with_the_first_due_day_from_then_on(
    starts_on: str, days: list[str]
) -> None:
    plan = replace(_three(), due_day=15)
    assert _days(longer(plan, 1, 1, dt.date.fromisoformat(starts_on))) == days


def test_an_installment_paid_in_part_keeps_its_amount_and_those_behind_share_the_rest() -> None:
    plan = replace(_three(), applied=100)
    new = longer(plan, 1, 2, DISBURSED)
    assert [row.principal for row in new.rows] == [400, 200, 200, 200, 200]


def test_the_months_of_a_holiday_stay_free_when_amounts_are_rounded_anew() -> None:
    plan = holiday(_three(), 2, 3, HolidayInterest.SPREAD)
    new = with_multiple(plan, 1, 500)
    assert _days(new) == ["2026-02-28", "2026-06-30", "2026-07-31"]
    assert [row.principal for row in new.rows] == [500, 500, 200]


def test_of_a_last_installment_that_is_paid_in_part_nothing_can_be_reckoned_anew() -> None:
    with pytest.raises(Refused) as refused:
        with_multiple(replace(_three(), applied=900), 3, 100)
    assert refused.value.code == "partly_paid"
    assert refused.value.sentence == (
        "Sisa pinjaman tinggal angsuran ke-3 yang sudah dibayar sebagian; tidak ada yang dapat "
        "dihitung ulang."
    )


def test_a_loan_that_is_paid_has_no_open_installment() -> None:
    assert first_open(replace(_three(), applied=1_199)) == 3
    assert first_open(replace(_three(), applied=1_200)) == 4


def test_a_holiday_is_a_year_at_most_and_a_loan_ten_years() -> None:
    assert _days(holiday(_three(), 3, 12, HolidayInterest.WAIVED))[2] == "2027-04-30"
    assert len(longer(_three(), 3, 117, DISBURSED).rows) == 120
    with pytest.raises(Refused):
        longer(_three(), 3, 118, DISBURSED)


def test_an_installment_of_which_only_interest_is_paid_takes_its_part_of_a_holiday() -> None:
    # 3 months of 25.000 in 24 parts of 3.125; of the first one's own 25.000, 10.000 are paid.
    assert holiday(_annuity(10_000), 1, 3, HolidayInterest.SPREAD).rows[0].interest == 28_125


# 12.500 interest a month: that of the month whose due day it is, and from the day after on also
# that of the next month.
@pytest.mark.parametrize(("on", "owed"), [("2026-02-28", 5_012_500), ("2026-03-01", 5_025_000)])
def test_who_pays_all_on_a_due_day_is_in_the_month_that_ends_with_it(on: str, owed: int) -> None:
    assert settled(_flat(0), dt.date.fromisoformat(on)).owed == owed


@pytest.mark.parametrize(
    ("on", "first"), [("2026-02-28", 1), ("2026-03-01", 2), ("2026-04-30", 3), ("2026-05-01", 1)]
)
def test_what_is_due_today_is_still_to_come(on: str, first: int) -> None:
    assert first_to_come(_three(), dt.date.fromisoformat(on)) == first


def test_nothing_owed_is_said_in_a_sentence() -> None:
    paid = replace(_three(), applied=1_200)
    with pytest.raises(Refused) as refused:
        longer(paid, 1, 6, SOON)
    assert refused.value.sentence == "Pinjaman ini sudah lunas; tidak ada angsuran yang diubah."
