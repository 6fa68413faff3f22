"""The position of a loan: one sum poured over its schedule."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wibawa.rules.collectibility import COMMERCIAL_DEFAULT, RURAL_DEFAULT
from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.position import position
from wibawa.rules.schedule import MULTIPLES, running, schedule

many = settings(max_examples=300, deadline=None)
DISBURSED = dt.date(2026, 1, 31)
ROWS = schedule(Terms(5_000_000, 300, 24, Method.FLAT, DISBURSED))
EACH = 220_833  # 208.333 + 12.500, the flat row of the domain rules' table

loans = st.builds(
    Terms,
    principal=st.integers(1, 5000) | st.integers(10**6, 5 * 10**7),
    rate=st.sampled_from((0, 300, 10_000)),
    months=st.integers(1, 36),
    method=st.sampled_from(Method),
    disbursed_on=st.dates(dt.date(2024, 1, 1), dt.date(2025, 12, 31)),
    multiple=st.sampled_from(MULTIPLES),
)
sums = st.integers(0, 6 * 10**7) | st.integers(0, 5000)
dates = st.dates(dt.date(2026, 1, 1), dt.date(2029, 12, 31))


def test_interest_is_taken_before_principal_and_the_oldest_installment_first() -> None:
    p = position(5_000_000, ROWS, EACH + 12_500 + 1, dt.date(2026, 3, 31), COMMERCIAL_DEFAULT)
    assert (p.interest_paid, p.principal_paid) == (25_000, 208_334)
    assert p.outstanding_principal == 4_791_666
    assert p.outstanding_interest == 275_000
    assert p.excess == 0
    assert (p.applied, p.on) == (EACH + 12_501, dt.date(2026, 3, 31))


def test_an_installment_is_not_in_arrears_on_its_due_date_but_on_the_day_after() -> None:
    due = position(5_000_000, ROWS, 0, dt.date(2026, 2, 28), COMMERCIAL_DEFAULT)
    assert (due.arrears, due.days_past_due, due.collectibility) == (0, 0, 1)
    assert due.oldest_uncovered_due_on is None
    late = position(5_000_000, ROWS, 0, dt.date(2026, 3, 1), COMMERCIAL_DEFAULT)
    assert (late.arrears, late.arrears_principal) == (EACH, 208_333)
    assert (late.days_past_due, late.collectibility) == (1, 2)
    assert late.oldest_uncovered_due_on == dt.date(2026, 2, 28)


def test_days_past_due_count_from_the_oldest_installment_that_is_not_wholly_covered() -> None:
    day = dt.date(2026, 5, 1)
    p = position(5_000_000, ROWS, 2 * EACH - 1, day, COMMERCIAL_DEFAULT)
    # 31 March lacks one rupiah of principal, 30 April lacks everything; 31 days since 31 March.
    assert (p.arrears, p.arrears_principal) == (EACH + 1, 208_333 + 1)
    assert (p.days_past_due, p.oldest_uncovered_due_on) == (31, dt.date(2026, 3, 31))
    p = position(5_000_000, ROWS, 2 * EACH, day, COMMERCIAL_DEFAULT)
    assert (p.arrears, p.days_past_due) == (EACH, 1)


def test_the_class_follows_the_limits_of_the_kind_of_bank() -> None:
    day = dt.date(2026, 3, 30)  # 30 days after 28 February
    assert position(5_000_000, ROWS, 0, day, COMMERCIAL_DEFAULT).collectibility == 2
    assert position(5_000_000, ROWS, 0, day, RURAL_DEFAULT).collectibility == 1


def test_money_beyond_all_installments_is_excess() -> None:
    p = position(5_000_000, ROWS, 5_300_000 + 777, dt.date(2030, 1, 1), COMMERCIAL_DEFAULT)
    assert (p.excess, p.outstanding_principal, p.outstanding_interest) == (777, 0, 0)
    assert (p.arrears, p.days_past_due, p.collectibility) == (0, 0, 1)


def test_a_negative_sum_and_rows_of_another_loan_are_errors() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        position(5_000_000, ROWS, -1, DISBURSED, COMMERCIAL_DEFAULT)
    with pytest.raises(ValueError, match="add up"):
        position(5_000_001, ROWS, 0, DISBURSED, COMMERCIAL_DEFAULT)


@many
@given(loans, sums, dates)
def test_nothing_is_lost_and_nothing_is_made(terms: Terms, applied: int, on: dt.date) -> None:
    rows = schedule(terms)
    p = position(terms.principal, rows, applied, on, RURAL_DEFAULT)
    interest = sum(row.interest for row in rows)
    assert p.principal_paid + p.outstanding_principal == terms.principal
    assert p.interest_paid + p.outstanding_interest == interest
    assert p.principal_paid + p.interest_paid + p.excess == applied == p.applied
    assert p.excess == max(0, applied - terms.principal - interest)
    assert min(p.outstanding_principal, p.outstanding_interest, p.arrears_principal) >= 0


@many
@given(loans, sums, dates)
def test_arrears_are_what_was_due_before_the_day_less_the_sum(
    terms: Terms, applied: int, on: dt.date
) -> None:
    rows = schedule(terms)
    p = position(terms.principal, rows, applied, on, RURAL_DEFAULT)
    asked = [row for row in rows if row.due_on < on]
    assert p.arrears == max(0, sum(row.total for row in asked) - applied)
    assert p.arrears_principal == max(0, sum(row.principal for row in asked) - p.principal_paid)
    assert p.arrears_principal <= p.arrears
    assert (p.arrears == 0) == (p.days_past_due == 0) == (p.oldest_uncovered_due_on is None)


@many
@given(loans, sums, dates)
def test_the_running_sums_of_storage_point_at_the_same_oldest_uncovered_row(
    terms: Terms, applied: int, on: dt.date
) -> None:
    rows = schedule(terms)
    p = position(terms.principal, rows, applied, on, RURAL_DEFAULT)
    uncovered = [row for row in running(rows) if row.total_before <= applied < row.total_through]
    assert len(uncovered) <= 1
    oldest = uncovered[0].due_on if uncovered and uncovered[0].due_on < on else None
    assert p.oldest_uncovered_due_on == oldest
    assert p.days_past_due == ((on - oldest).days if oldest else 0)
    if uncovered:
        (row,) = uncovered
        into = max(0, applied - row.total_before - row.interest)
        assert p.outstanding_principal == row.balance + row.principal - into


def pour(rows: list[Installment], payments: list[int]) -> tuple[int, int, int]:
    """Payments poured one after the other over what is still open, as a cashier would do."""
    open_dues = [[row.interest, row.principal] for row in rows]
    paid = [0, 0]
    excess = 0
    for payment in payments:
        for dues in open_dues:
            for kind in (0, 1):
                taken = min(payment, dues[kind])
                dues[kind] -= taken
                paid[kind] += taken
                payment -= taken
        excess += payment
    return paid[1], paid[0], excess


@many
@given(loans, st.lists(st.integers(1, 4_000_000), max_size=8), dates, st.randoms())
def test_pouring_depends_on_the_sum_only_and_not_on_order_or_portions(
    terms: Terms, payments: list[int], on: dt.date, dice: random.Random
) -> None:
    rows = schedule(terms)
    p = position(terms.principal, rows, sum(payments), on, COMMERCIAL_DEFAULT)
    shuffled = payments[:]
    dice.shuffle(shuffled)
    for order in (payments, shuffled):
        assert pour(rows, order) == (p.principal_paid, p.interest_paid, p.excess)


@many
@given(loans, sums, sums, dates)
def test_more_money_never_makes_a_loan_worse(
    terms: Terms, applied: int, more: int, on: dt.date
) -> None:
    rows = schedule(terms)
    before = position(terms.principal, rows, applied, on, RURAL_DEFAULT)
    after = position(terms.principal, rows, applied + more, on, RURAL_DEFAULT)
    assert after.outstanding_principal <= before.outstanding_principal
    assert after.outstanding_interest <= before.outstanding_interest
    assert after.arrears <= before.arrears
    assert after.arrears_principal <= before.arrears_principal
    assert after.days_past_due <= before.days_past_due
    assert after.collectibility <= before.collectibility


@many
@given(loans, sums, dates, st.integers(0, 400))
def test_time_without_payment_never_makes_a_loan_better(
    terms: Terms, applied: int, on: dt.date, days: int
) -> None:
    rows = schedule(terms)
    before = position(terms.principal, rows, applied, on, RURAL_DEFAULT)
    after = position(terms.principal, rows, applied, on + dt.timedelta(days), RURAL_DEFAULT)
    assert after.arrears >= before.arrears
    assert after.days_past_due >= before.days_past_due
    assert after.collectibility >= before.collectibility
    assert (
        dataclasses.replace(
            after,
            on=before.on,
            arrears=before.arrears,
            arrears_principal=before.arrears_principal,
            days_past_due=before.days_past_due,
            oldest_uncovered_due_on=before.oldest_uncovered_due_on,
            collectibility=before.collectibility,
        )
        == before
    )
