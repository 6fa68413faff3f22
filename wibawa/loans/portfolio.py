"""The portfolio on a day, by bank and class: one query, whatever the number of loans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, case, false, func, select, true
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.database import among
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import Classes, positions
from wibawa.loans.undone import RECEIVED, is_reversed

NPL_FROM_CLASS = 3
PAR_DAYS = 30
WRITTEN_OFF = 0


@dataclass(frozen=True)
class ClassFigures:
    loans: int = 0
    outstanding: int = 0


@dataclass(frozen=True)
class BankFigures:
    """One bank's portfolio at the end of a day. Amounts in rupiah.

    Loans that are written off count as disbursed and nowhere else but in `written_off_*`.
    """

    code: str
    name: str
    loans_disbursed: int = 0
    loans_outstanding: int = 0
    principal_disbursed: int = 0
    outstanding_principal: int = 0
    arrears: int = 0
    arrears_principal: int = 0
    par30_outstanding: int = 0
    npl_outstanding: int = 0
    classes: dict[int, ClassFigures] = field(default_factory=dict)
    written_off_loans: int = 0
    written_off_outstanding: int = 0

    def as_json(self) -> dict[str, Any]:
        """The bank's part of `wibawa report portfolio --json`."""
        return {
            "loans_disbursed": self.loans_disbursed,
            "loans_outstanding": self.loans_outstanding,
            "principal_disbursed": self.principal_disbursed,
            "outstanding_principal": self.outstanding_principal,
            "arrears": self.arrears,
            "arrears_principal": self.arrears_principal,
            "par30_outstanding": self.par30_outstanding,
            "npl_outstanding": self.npl_outstanding,
            "collectibility": {
                str(number): {"loans": figures.loans, "outstanding": figures.outstanding}
                for number, figures in sorted(self.classes.items())
            },
        }


@dataclass(frozen=True)
class Portfolio:
    """All banks on one day. Figures of days before `incomplete_before` lack earlier payments."""

    on: dt.date
    banks: tuple[BankFigures, ...]
    incomplete_before: dt.date | None

    @property
    def incomplete(self) -> bool:
        return self.incomplete_before is not None and self.on < self.incomplete_before

    def is_projection(self, today: dt.date) -> bool:
        """A day to come: what the portfolio would be without any further payment."""
        return self.on > today

    @property
    def total(self) -> BankFigures:
        return add_up("", "Semua bank", self.banks)


def add_up(code: str, name: str, banks: tuple[BankFigures, ...]) -> BankFigures:
    return BankFigures(
        code,
        name,
        loans_disbursed=sum(bank.loans_disbursed for bank in banks),
        loans_outstanding=sum(bank.loans_outstanding for bank in banks),
        principal_disbursed=sum(bank.principal_disbursed for bank in banks),
        outstanding_principal=sum(bank.outstanding_principal for bank in banks),
        arrears=sum(bank.arrears for bank in banks),
        arrears_principal=sum(bank.arrears_principal for bank in banks),
        par30_outstanding=sum(bank.par30_outstanding for bank in banks),
        npl_outstanding=sum(bank.npl_outstanding for bank in banks),
        classes={
            number: ClassFigures(
                sum(bank.classes[number].loans for bank in banks),
                sum(bank.classes[number].outstanding for bank in banks),
            )
            for number in range(1, 6)
        },
        written_off_loans=sum(bank.written_off_loans for bank in banks),
        written_off_outstanding=sum(bank.written_off_outstanding for bank in banks),
    )


def portfolio(
    session: Session, on: dt.date, classes: Classes, bank_id: int | None = None
) -> Portfolio:
    """The portfolio at the end of `on`; of one bank when `bank_id` is given.

    A future day is a projection without further payments. Source: domain rules §4.
    """
    each = positions(on, classes).cte("each").prefix_with("MATERIALIZED", dialect="sqlite")
    late = each.c.uncovered_since < on - dt.timedelta(days=PAR_DAYS)
    running = each.c.outstanding > 0
    given_up = each.c.written_off_on.is_not(None)
    # A class of its own for what is written off, so that no sum of a class takes it in.
    group = case((given_up, WRITTEN_OFF), else_=each.c.collectibility)
    query = (
        select(
            each.c.bank_id,
            group,
            func.count().label("loans"),
            func.sum(case((running, 1), else_=0)),
            func.sum(each.c.principal),
            func.sum(each.c.outstanding),
            func.sum(each.c.arrears),
            func.sum(each.c.arrears_principal),
            func.sum(case((late, each.c.outstanding), else_=0)),
        )
        .group_by(each.c.bank_id, group)
        .order_by(each.c.bank_id)
    )
    by_bank: dict[int, list[tuple[int, ...]]] = {}
    for row in session.execute(query):
        by_bank.setdefault(row[0], []).append(tuple(int(value) for value in row[1:]))
    banks = session.execute(select(Bank.id, Bank.code, Bank.name).order_by(Bank.code))
    return Portfolio(
        on,
        tuple(
            _of_bank(code, name, by_bank.get(number, []))
            for number, code, name in banks
            if bank_id is None or number == bank_id
        ),
        session.scalar(
            select(func.max(Loan.opened_on)).where(
                true() if bank_id is None else Loan.bank_id == bank_id
            )
        ),
    )


def _of_bank(code: str, name: str, rows: list[tuple[int, ...]]) -> BankFigures:
    """`rows`: class, loans, running, principal, outstanding, arrears, arrears_principal, late."""
    alive = [row for row in rows if row[0] != WRITTEN_OFF]
    given_up = [row for row in rows if row[0] == WRITTEN_OFF]
    by_class = {number: ClassFigures() for number in range(1, 6)}
    by_class |= {row[0]: ClassFigures(row[2], row[4]) for row in alive}
    return BankFigures(
        code,
        name,
        loans_disbursed=sum(row[1] for row in rows),
        loans_outstanding=sum(row[2] for row in alive),
        principal_disbursed=sum(row[3] for row in rows),
        outstanding_principal=sum(row[4] for row in alive),
        arrears=sum(row[5] for row in alive),
        arrears_principal=sum(row[6] for row in alive),
        par30_outstanding=sum(row[7] for row in alive),
        npl_outstanding=sum(row[4] for row in alive if row[0] >= NPL_FROM_CLASS),
        classes=by_class,
        written_off_loans=sum(row[1] for row in given_up),
        written_off_outstanding=sum(row[4] for row in given_up),
    )


@dataclass(frozen=True)
class FileFigures:
    """Where the loans of a file stand together; amounts in rupiah."""

    outstanding: int
    arrears: int
    late: int
    non_performing: int
    paid_off: int


FileEffect = tuple[FileFigures, FileFigures]


def file_effect(
    session: Session, upload_id: int, loan_ids: Collection[int], on: dt.date, classes: Classes
) -> FileEffect:
    """Where the loans of a posted file stand on `on`, with the money of the file that is in force
    and without it: two queries."""
    of_file = and_(
        LedgerEntry.upload_id == upload_id,
        LedgerEntry.kind.in_(RECEIVED),
        ~is_reversed(LedgerEntry),
    )
    before, after = (
        _of_loans(session, positions(on, classes, besides), loan_ids)
        for besides in (None, func.coalesce(of_file, false()))
    )
    return before, after


def _of_loans(session: Session, query: Any, loan_ids: Collection[int]) -> FileFigures:
    each = query.subquery("each")

    def count(test: Any) -> Any:
        return func.coalesce(func.sum(case((test, 1), else_=0)), 0)

    row = session.execute(
        select(
            func.coalesce(func.sum(each.c.outstanding), 0),
            func.coalesce(func.sum(each.c.arrears), 0),
            count(each.c.arrears > 0),
            count(each.c.collectibility >= NPL_FROM_CLASS),
            count(each.c.outstanding == 0),
        ).where(among(session, each.c.loan_id, loan_ids))
    ).one()
    return FileFigures(*(int(value) for value in row))
