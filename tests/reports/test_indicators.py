"""The indicators' variants, splits and lists are those of the oracle, which shares no code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.reports import answers
from tests.reports.conftest import Books
from tests.reports.oracle import LAST, Loan
from wibawa.banks.models import Bank
from wibawa.banks.queries import thresholds_on
from wibawa.indicators.counted.queries import Part, Source, funnel, splits
from wibawa.indicators.queries import counts, figures_of_year
from wibawa.loans.models import Loan as StoredLoan
from wibawa.rules.indicators import Kinds, Rule, Unit, span_of

YEARS = (2024, 2025, 2026)
VARIANTS = tuple(Rule(name) for name in answers.VARIANTS)
DIMENSIONS = {
    "sex": "jenis-kelamin",
    "kecamatan": "kecamatan",
    "kind": "jenis-peminjam",
    "sector": "sektor",
}
BY_LOAN = ("kelurahan", "bank", "besar", "ulang")  # of the latest one, where people are counted
SHOWN = {"micro": "Usaha mikro", "cooperative": "Koperasi", "P": "Perempuan", "L": "Laki-laki"}


@pytest.mark.parametrize("year", YEARS)
def test_every_variant_counts_what_the_oracle_counts(books: Books, year: int) -> None:
    found = counts(books.session, [span_of(year, LAST)])[year]
    for rule in VARIANTS:
        for unit in Unit:
            wanted = answers.indicator(books.world, year, rule.value, unit.value)
            assert found.of(rule, unit) == wanted.get("", 0), (rule, unit)
            by_kind = answers.indicator(books.world, year, rule.value, unit.value, "kind")
            for kind in (Kinds.MICRO, Kinds.COOPERATIVE):
                assert found.of(rule, unit, kind) == by_kind.get(kind.value, 0), (rule, unit, kind)


@pytest.mark.parametrize("rule", VARIANTS)
def test_every_split_has_the_parts_of_the_oracle(books: Books, rule: Rule) -> None:
    for year in YEARS[1:]:
        for unit in Unit:
            source = Source(rule, span_of(year, LAST), unit, Kinds.ALL)
            found = splits(books.session, source)
            for name, dimension in DIMENSIONS.items():
                asked = answers.indicator(books.world, year, rule.value, unit.value, name)
                wanted = {SHOWN.get(key, key): count for key, count in asked.items()}
                parts = {part.label: part.count for part in found[dimension] if part.count}
                assert parts == wanted, (year, unit, name)
            counted = _counted(books, year, rule, unit)
            assert set(found) == set(DIMENSIONS.values()) | set(BY_LOAN)
            for dimension, value in _values(books, year).items():
                wanted_sums: dict[str, tuple[int, int]] = {}
                for loan in counted:
                    count, principal = wanted_sums.get(value(loan), (0, 0))
                    wanted_sums[value(loan)] = (count + 1, principal + loan.principal)
                sums = {
                    _named(part, dimension): (part.count, part.principal)
                    for part in found[dimension]
                    if part.count
                }
                assert sums == wanted_sums, (year, unit, dimension)


def _counted(books: Books, year: int, rule: Rule, unit: Unit) -> list[Loan]:
    """The counted loans; of people the latest one of each, which stands for its borrower."""
    loans = answers.indicator_loans(books.world, year, rule.value)
    if unit is Unit.ACCOUNTS:
        return loans
    numbers = _numbers(books)
    latest: dict[int, Loan] = {}
    for loan in sorted(loans, key=lambda each: (each.lent_on, numbers[each.account])):
        latest[loan.borrower.key] = loan
    return list(latest.values())


def _values(books: Books, year: int) -> dict[str, Callable[[Loan], str]]:
    """Of every dimension the part in which a counted loan is."""
    banks = dict(books.session.execute(select(Bank.code, Bank.name)).all())
    last = min(dt.date(year, 12, 31), LAST)
    there = books.world.there(last, LAST)
    shown = {
        name: lambda loan, of=answers.SPLITS[key]: SHOWN.get(of(loan), of(loan))
        for key, name in DIMENSIONS.items()
    }
    return shown | {
        "kelurahan": lambda loan: loan.borrower.place,
        "bank": lambda loan: str(banks[loan.bank]),
        "besar": answers.size,
        "ulang": lambda loan: (
            "Baru: pinjaman pertamanya" if answers.nth(loan, there) == 1 else "Berulang"
        ),
    }


def _named(part: Part, dimension: str) -> str:
    return part.key if dimension == "kelurahan" else part.label


def _numbers(books: Books) -> dict[str, int]:
    stored = select(StoredLoan.account_number, StoredLoan.id)
    return dict(books.session.execute(stored).all())


@pytest.mark.parametrize("rule", VARIANTS)
def test_the_list_behind_a_figure_has_exactly_the_oracles_loans(books: Books, rule: Rule) -> None:
    accounts = {number: account for account, number in _numbers(books).items()}
    for year in YEARS[1:]:
        rows = Source(rule, span_of(year, LAST), Unit.ACCOUNTS, Kinds.ALL).rows().subquery()
        found = {accounts[number] for number in books.session.scalars(select(rows.c.loan_id))}
        loans = answers.indicator_loans(books.world, year, rule.value)
        assert found == {loan.account for loan in loans}
        assert found or not loans


@pytest.mark.parametrize("year", YEARS[1:])
def test_cooperatives_and_eased_enterprises_are_the_oracles(books: Books, year: int) -> None:
    figures = {each.code: each for each in figures_of_year(books.session, year, LAST)}
    capital = figures["KOP-PERMODALAN"]
    assert capital.realised == answers.cooperatives(books.world, year) * 100
    assert figures["PEMULIHAN"].numerator == answers.restructured(books.world, year)


def test_running_loans_of_the_funnel_are_those_of_the_oracle_by_days_late(books: Books) -> None:
    *_, late = funnel(books.session, span_of(2026, LAST), thresholds_on(books.session, LAST))
    wanted: dict[str, dict[str, int]] = {step.label: {} for step in late.steps}
    for loan, stand in books.world.stands(LAST, LAST):
        if stand.outstanding and not stand.gone:
            words = _bucket(stand.days)
            wanted[words][loan.borrower.sex] = wanted[words].get(loan.borrower.sex, 0) + 1
    assert {step.label: dict(step.by_sex) for step in late.steps} == wanted


def _bucket(days: int) -> str:
    for most, words in ((0, "0 hari"), (30, "1–30 hari"), (90, "31–90 hari"), (180, "91–180 hari")):
        if days <= most:
            return words
    return "Lebih dari 180 hari"


def test_a_year_before_the_first_loan_counts_nothing(books: Books) -> None:
    before = min(loan.lent_on for loan in books.world.loans).year - 1
    assert before not in counts(books.session, [span_of(before, LAST)])
