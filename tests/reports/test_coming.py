"""What falls due is read from sums; whatever differs from them, the report says what installments
say one by one. The loans are those of the positions: their cases are counted there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from flask import Flask
from sqlalchemy.orm import Session

from tests.conftest import thrown
from tests.loans.test_positions import Told, office, telling_days
from wibawa.banks.queries import all_banks
from wibawa.loans.standings.queries import wrong_dues
from wibawa.reports.coming import coming_report
from wibawa.reports.document import Table
from wibawa.reports.forms import Scope
from wibawa.rules.reconciliation import Month
from wibawa.web.clock import today

Installment = tuple[dt.date, int, int, int, int]  # due on, principal, interest, open of each


def _poured(loan: Told, on: dt.date) -> Iterator[Installment]:
    """The installments that ask for money, with what the money of the loan leaves open of each."""
    left = loan.applied(on)
    for row in loan.plan(on):
        paid = min(left, row.total)
        left -= paid
        interest = max(row.interest - paid, 0)
        if row.total:
            yield row.due_on, row.principal, row.interest, row.total - paid - interest, interest


def _this_month(due: list[Installment], on: dt.date) -> list[int | None]:
    of_month = [each for each in due if (each[0].year, each[0].month) == (on.year, on.month)]
    principal, interest, *left = (sum(each[place] for each in of_month) for place in range(1, 5))
    asked = principal + interest
    return [len(of_month), principal, interest, asked, asked - sum(left), *left]


def _cash(due: list[Installment], on: dt.date) -> list[list[int]]:
    """Past due, each month of two years, later, and all together."""
    lines: list[list[Installment]] = [[] for _ in range(26)]
    for each in due:
        months = (each[0].year - on.year) * 12 + each[0].month - on.month
        if each[3] + each[4]:
            lines[0 if each[0] < on else min(months, 24) + 1].append(each)
    return [
        [len(line), *sums, sum(sums)]
        for line in (*lines, [each for line in lines for each in line])
        for sums in [[sum(each[3] for each in line), sum(each[4] for each in line)]]
    ]


def _values(table: Table) -> list[list[object]]:
    return [[cell.value for cell in row[1:]] for row in table.all_rows]


@thrown(1, 2)
def test_sums_of_what_falls_due_are_those_of_the_installments(
    app: Flask, session: Session, seed: int
) -> None:
    loans = office(session, seed)
    assert wrong_dues(session) == []
    banks = all_banks(session, None)
    days = telling_days(seed, loans)[::2]
    for on in [*days, Month.of(days[0]).first, Month.of(days[1]).last]:
        due = {
            bank.id: [
                each
                for loan in loans
                if loan.bank_id == bank.id
                and loan.terms.disbursed_on <= on
                and loan.written_off_on(on) is None
                for each in _poured(loan, on)
            ]
            for bank in banks
        }
        both = [each for of_bank in due.values() for each in of_bank]
        month, cash, *of_banks = coming_report(session, Scope(on, on, today())).tables
        found = [line[:-1] for line in _values(month)]  # a percentage of the others behind them
        assert found == [_this_month(each, on) for each in (*due.values(), both)], on
        assert _values(cash) == _cash(both, on), on
        assert [_values(table) for table in of_banks] == [_cash(e, on) for e in due.values()], on
        one = coming_report(session, Scope(on, on, today(), banks[0].id, banks[0].code))
        assert _values(one.tables[1]) == _cash(due[banks[0].id], on), on
