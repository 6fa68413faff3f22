"""Schedules: the table of the domain rules, every law, and two independent reckonings."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import itertools
import random
import warnings
from decimal import Decimal
from fractions import Fraction
from math import floor

import mortgagemath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.bench_schedule import bare_loop
from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.refused import Refused
from wibawa.rules.schedule import (
    MULTIPLES,
    NEVER_DUE,
    annuity_installment,
    due_dates,
    running,
    schedule,
    schedule_rows,
)

many = settings(max_examples=300, deadline=None)
any_terms = st.builds(
    Terms,
    principal=st.integers(1, 10**12) | st.integers(1, 5000) | st.integers(10**6, 5 * 10**7),
    rate=st.integers(0, 10_000) | st.sampled_from((0, 300, 600, 10_000)),
    months=st.integers(1, 120) | st.sampled_from((1, 2, 12, 24, 36)),
    method=st.sampled_from(Method),
    disbursed_on=st.dates(dt.date(1990, 1, 1), dt.date(2100, 12, 31)),
    multiple=st.sampled_from(MULTIPLES),
)
EXAMPLE = Terms(5_000_000, 300, 24, Method.ANNUITY, dt.date(2026, 1, 31))


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("method", "first", "last", "total_interest"),
    [
        (Method.ANNUITY, (202_406, 12_500, 214_906), (214_373, 536, 214_909), 157_747),
        (Method.FLAT, (208_333, 12_500, 220_833), (208_341, 12_500, 220_841), 300_000),
        (Method.DECLINING, (208_333, 12_500, 220_833), (208_341, 521, 208_862), 156_252),
    ],
)
def test_five_million_at_3_percent_for_24_months_gives_the_table_of_the_domain_rules(
    method: Method, first: tuple[int, ...], last: tuple[int, ...], total_interest: int
) -> None:
    rows = schedule(dataclasses.replace(EXAMPLE, method=method))
    assert (rows[0].principal, rows[0].interest, rows[0].total) == first
    assert (rows[-1].principal, rows[-1].interest, rows[-1].total) == last
    assert sum(row.interest for row in rows) == total_interest
    assert len(rows) == 24


def test_a_loan_of_31_january_falls_due_at_each_months_end() -> None:
    due = [row.due_on for row in schedule(EXAMPLE)]
    assert due[:4] == [
        dt.date(2026, 2, 28),
        dt.date(2026, 3, 31),
        dt.date(2026, 4, 30),
        dt.date(2026, 5, 31),
    ]
    assert due[-1] == dt.date(2028, 1, 31)


def test_a_loan_of_30_january_meets_the_leap_day_and_comes_back_to_the_30th() -> None:
    assert due_dates(dt.date(2028, 1, 30), 2) == (dt.date(2028, 2, 29), dt.date(2028, 3, 30))


@pytest.mark.parametrize(
    ("disbursed_on", "last"),
    [
        (dt.date(2009, 11, 30), dt.date(2019, 11, 30)),
        (dt.date(2009, 12, 31), dt.date(2019, 12, 31)),
        (dt.date(2049, 12, 31), dt.date(2059, 12, 31)),
        (dt.date(2050, 1, 31), dt.date(2060, 1, 31)),
        (dt.date(2100, 2, 28), dt.date(2110, 2, 28)),
    ],
)
def test_ten_years_of_due_dates_are_whole_in_any_decade(
    disbursed_on: dt.date, last: dt.date
) -> None:
    dates = due_dates(disbursed_on, 120)
    assert (len(dates), dates[-1]) == (120, last)


@pytest.mark.parametrize(
    ("disbursed_on", "due_on"),
    [
        (dt.date(2009, 12, 31), dt.date(2010, 1, 31)),
        (dt.date(2026, 1, 31), dt.date(2026, 2, 28)),
        (dt.date(2059, 11, 30), dt.date(2059, 12, 30)),
    ],
)
def test_due_dates_of_2010_to_2059_are_read_from_the_calendar(
    disbursed_on: dt.date, due_on: dt.date, monkeypatch: pytest.MonkeyPatch
) -> None:
    due_dates(dt.date(2026, 1, disbursed_on.day), 1)
    monkeypatch.setattr("wibawa.rules.schedule.add_months", pytest.fail)
    assert due_dates(disbursed_on, 1) == (due_on,)


def test_9900_is_the_last_year_of_a_disbursement() -> None:
    last = schedule(dataclasses.replace(EXAMPLE, disbursed_on=dt.date(9900, 12, 31)))
    assert last[-1].due_on == dt.date(9902, 12, 31)
    with pytest.raises(Refused):
        schedule(dataclasses.replace(EXAMPLE, disbursed_on=dt.date(9901, 1, 1)))


@many
@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31)), st.integers(1, 120))
def test_due_dates_keep_the_original_day_clamped_to_the_month(
    disbursed_on: dt.date, months: int
) -> None:
    dates = due_dates(disbursed_on, months)
    assert len(dates) == months
    for n, due_on in enumerate(dates, 1):
        assert (due_on.year - disbursed_on.year) * 12 + due_on.month - disbursed_on.month == n
        longest = calendar.monthrange(due_on.year, due_on.month)[1]
        assert due_on.day == min(disbursed_on.day, longest)


def assert_laws(terms: Terms, rows: list[Installment]) -> None:
    """Every law of the domain rules §3 that holds for any method, rate, term and multiple."""
    assert len(rows) == terms.months
    balance = terms.principal
    paid = 0
    flat = terms.method is Method.FLAT
    for n, (number, _, part, interest, left) in enumerate(rows, 1):
        assert number == n
        assert part >= 0
        assert interest >= 0
        assert part <= balance
        if not flat:
            # balance × rate ÷ 12 half up, without a division: twice the error is at most one.
            error = 2 * (balance * terms.rate - interest * 120_000)
            assert -120_000 < error + 1 <= 120_000
        balance -= part
        paid += part
        assert left == balance
    assert paid == terms.principal
    assert rows[-1].balance == 0
    if flat:
        exact = Fraction(terms.principal * terms.rate * terms.months, 120_000)
        assert sum(row.interest for row in rows) == half_up(exact)


def assert_multiple(terms: Terms, rows: list[Installment]) -> None:
    """Until the balance runs out, each row is the same multiple (annuity: the whole row)."""
    annuity = terms.method is Method.ANNUITY
    asked = {
        row.total if annuity else row.principal
        for row in rows[:-1]
        if row.balance > 0 or row.number == 1
    }
    full = {value for value in asked if value % terms.multiple == 0}
    if rows[0].balance > 0 and len(rows) > 1:
        assert len(asked) == 1
        assert asked == full
    for row, before in zip(rows[1:], rows, strict=False):
        if before.balance == 0:
            assert row.principal == 0
            assert row.interest == 0 or terms.method is Method.FLAT


@many
@given(any_terms)
def test_every_law_holds_at_any_principal_rate_term_and_multiple(terms: Terms) -> None:
    rows = schedule(terms)
    assert_laws(terms, rows)
    assert_multiple(terms, rows)
    assert [row.due_on for row in rows] == list(due_dates(terms.disbursed_on, terms.months))
    assert all(type(row) is Installment for row in rows)


def test_twenty_thousand_random_schedules_obey_every_law() -> None:
    dice = random.Random(3374)
    methods = list(Method)
    for _ in range(20_000):
        terms = Terms(
            principal=dice.choice((dice.randint(1, 2000), dice.randint(1, 10**8))),
            rate=dice.choice((300, dice.randint(0, 10_000))),
            months=dice.choice((12, 24, 36, dice.randint(1, 120))),
            method=dice.choice(methods),
            disbursed_on=dt.date(2015, 1, 1) + dt.timedelta(days=dice.randrange(10_000)),
            multiple=dice.choice(MULTIPLES),
        )
        rows = schedule(terms)
        assert_laws(terms, rows)
        assert_multiple(terms, rows)


@many
@given(any_terms)
def test_the_annuity_installment_is_the_exact_formula_rounded_half_up(terms: Terms) -> None:
    i = Fraction(terms.rate, 120_000)
    if i:
        exact = terms.principal * i / (1 - (1 + i) ** -terms.months)
    else:
        exact = Fraction(terms.principal, terms.months)
    expected = half_up(exact / terms.multiple) * terms.multiple
    found = annuity_installment(terms.principal, terms.rate, terms.months, terms.multiple)
    if expected >= half_up(terms.principal * i):
        assert found == expected
    else:
        assert found == expected + terms.multiple


def test_an_installment_is_rounded_to_the_rupiah_unless_somebody_says_otherwise() -> None:
    assert annuity_installment(6_000_000, 300, 24) == 257_887


@many
@given(any_terms)
def test_the_principal_part_of_flat_and_declining_is_rounded_half_up(terms: Terms) -> None:
    exact = Fraction(terms.principal, terms.months * terms.multiple)
    part = half_up(exact) * terms.multiple
    for method in (Method.FLAT, Method.DECLINING):
        rows = schedule(dataclasses.replace(terms, method=method))
        left = terms.principal
        for row in rows[:-1]:
            assert row.principal == min(part, left)
            left -= row.principal


@pytest.mark.parametrize(
    ("method", "multiple", "first", "last"),
    [
        # 214.906 to the nearest 100, 500, 1.000; 208.333 likewise, 23 parts taken from 5.000.000.
        (Method.ANNUITY, 100, (202_400, 12_500), None),
        (Method.ANNUITY, 500, (202_500, 12_500), None),
        (Method.ANNUITY, 1000, (202_500, 12_500), None),
        (Method.FLAT, 100, (208_300, 12_500), (209_100, 12_500)),
        (Method.FLAT, 500, (208_500, 12_500), (204_500, 12_500)),
        (Method.FLAT, 1000, (208_000, 12_500), (216_000, 12_500)),
        (Method.DECLINING, 1000, (208_000, 12_500), (216_000, 540)),
    ],
)
def test_a_multiple_rounds_the_installment_or_the_principal_part_and_never_the_interest(
    method: Method, multiple: int, first: tuple[int, int], last: tuple[int, int] | None
) -> None:
    rows = schedule(dataclasses.replace(EXAMPLE, method=method, multiple=multiple))
    assert (rows[0].principal, rows[0].interest) == first
    assert last is None or (rows[-1].principal, rows[-1].interest) == last


def test_a_loan_of_one_rupiah_is_repaid_by_its_last_installment() -> None:
    for method in Method:
        rows = schedule(Terms(1, 300, 24, method, dt.date(2026, 1, 31)))
        assert [row.total for row in rows] == [0] * 23 + [1]


def test_a_single_installment_takes_everything() -> None:
    for method in Method:
        rows = schedule(Terms(1_000_000, 1200, 1, method, dt.date(2026, 1, 31), 1000))
        assert rows == [Installment(1, dt.date(2026, 2, 28), 1_000_000, 10_000, 0)]


def test_parts_rounded_up_use_the_principal_early_and_leave_rows_of_zero() -> None:
    rows = schedule(Terms(1400, 0, 4, Method.DECLINING, dt.date(2026, 1, 31), 500))
    assert [row.principal for row in rows] == [500, 500, 400, 0]
    assert [row.balance for row in rows] == [900, 400, 0, 0]


def test_an_installment_never_rounds_below_its_first_months_interest() -> None:
    # 10.000 at 100 % a year: interest 833; the exact installment, 833,6, would round to 800.
    rows = schedule(Terms(10_000, 10_000, 100, Method.ANNUITY, dt.date(2026, 1, 31), 100))
    assert (rows[0].interest, rows[0].total) == (833, 900)


@many
@given(
    principal=st.integers(100_000, 10**9),
    rate=st.integers(1, 3333).map(lambda n: 3 * n),
    months=st.integers(1, 120),
)
def test_annuities_agree_with_mortgagemath_row_by_row(
    principal: int, rate: int, months: int
) -> None:
    # A third of a basis point has no end in decimals, so only rates divisible by 3 are compared.
    params = mortgagemath.LoanParams(
        principal=Decimal(principal),
        annual_rate=Decimal(rate).scaleb(-2),
        term_months=months,
        payment_rounding=mortgagemath.PaymentRounding.ROUND_HALF_UP,
        currency_unit=Decimal(1),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mortgagemath.EarlyPayoffWarning)
        theirs = mortgagemath.amortization_schedule(params)[1:]
    rows = schedule_rows(principal, rate, months, Method.ANNUITY, dt.date(2026, 1, 15))
    # It stops where the loan is paid off, we go on with rows of zero.
    assert [row[2:] for row in rows[: len(theirs)]] == [
        (int(row.principal), int(row.interest), int(row.balance)) for row in theirs
    ]
    assert all(row.total == 0 for row in rows[len(theirs) :])


def test_the_bare_loop_of_the_benchmark_makes_the_same_rows() -> None:
    for method in Method:
        terms = dataclasses.replace(EXAMPLE, method=method)
        assert [tuple(row) for row in schedule(terms)] == bare_loop(terms)


def test_rows_by_position_equal_rows_by_terms() -> None:
    for method in Method:
        assert schedule_rows(1_234_567, 725, 18, method, dt.date(2026, 8, 31), 500) == schedule(
            Terms(1_234_567, 725, 18, method, dt.date(2026, 8, 31), 500)
        )


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"principal": 0}, "principal_not_positive", "Plafon 0 "),
        ({"principal": -5_000_000}, "principal_not_positive", "Plafon -5.000.000 "),
        ({"rate": -1}, "rate_out_of_range", "Bunga -1 "),
        ({"rate": 10_001}, "rate_out_of_range", "Bunga 10.001 "),
        ({"months": 0}, "months_out_of_range", "Jangka waktu 0 bulan"),
        ({"months": 121}, "months_out_of_range", "Jangka waktu 121 bulan"),
        ({"multiple": 0}, "multiple_unknown", "Kelipatan angsuran 0 "),
        ({"multiple": 50}, "multiple_unknown", "Kelipatan angsuran 50 "),
        ({"method": "balloon"}, "method_unknown", "Metode “balloon”"),
        (
            {"disbursed_on": dt.date(9999, 1, 1)},
            "disbursement_date_impossible",
            "Tahun pencairan 9999",
        ),
    ],
)
def test_terms_that_cannot_be_scheduled_are_refused_in_words(
    change: dict[str, object], code: str, said: str
) -> None:
    with pytest.raises(Refused) as refused:
        schedule(dataclasses.replace(EXAMPLE, **change))
    assert refused.value.code == code
    assert refused.value.sentence.startswith(said)


@many
@given(any_terms)
def test_running_sums_chain_from_zero_to_the_whole_and_each_row_knows_the_next_date(
    terms: Terms,
) -> None:
    rows = schedule(terms)
    stored = running(rows)
    assert [(r.number, r.due_on, r.principal, r.interest, r.balance) for r in stored] == rows
    assert stored[0].total_before == 0
    assert stored[-1].total_through == sum(row.total for row in rows)
    assert stored[-1].next_due_on == NEVER_DUE == dt.date(9999, 12, 31)
    for row, behind in itertools.pairwise(stored):
        assert row.total_through == behind.total_before
        assert row.next_due_on == behind.due_on
    for row in stored:
        assert row.total_through - row.total_before == row.principal + row.interest


def test_no_rows_have_no_running_sums() -> None:
    assert running([]) == []
