"""The list of installments by due date: what they ask for, and what of it is not covered."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import Loan, ScheduleRow
from wibawa.loans.positions import stands_on
from wibawa.loans.standings.models import Standing
from wibawa.loans.undone import write_offs
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("tempo", "nomor", "bank", "jumlah", "sisa")
STATES = ("terbuka", "semua")


@dataclass(frozen=True)
class DueFilter:
    """Installments of the schedules in force at the end of `on`, of loans that are not written off;
    only those that lack money unless `state` is "semua". `first` and `last` are due dates."""

    on: dt.date
    bank_id: int | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    state: str = "terbuka"


@dataclass(frozen=True)
class DueLine:
    loan_id: int
    loan: str
    borrower: str
    account_number: str
    bank: str
    number: int
    due_on: dt.date
    principal: int
    interest: int
    open_principal: int
    open_interest: int

    @property
    def total(self) -> int:
        return self.principal + self.interest

    @property
    def covered(self) -> int:
        return self.total - self.open_principal - self.open_interest


@dataclass(frozen=True)
class DueTotals:
    installments: int
    principal: int
    interest: int
    open_principal: int
    open_interest: int

    @property
    def total(self) -> int:
        return self.principal + self.interest

    @property
    def covered(self) -> int:
        return self.total - self.open_principal - self.open_interest


def due_lines(
    session: Session, wanted: DueFilter, asked: Wanted
) -> tuple[Page[DueLine], DueTotals]:
    """One page of installments and the sums of the whole list: two queries."""
    totals = due_totals(session, wanted)
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.installments // asked.per_page))))
    query = _ordered(wanted, asked).limit(asked.per_page).offset(asked.offset)
    lines = [DueLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, totals.installments), totals


def all_due_lines(session: Session, wanted: DueFilter, asked: Wanted) -> list[DueLine]:
    """The whole list for an export, in the order in which it is shown."""
    return [DueLine(*row) for row in whole_list(session, _ordered(wanted, asked))]


def due_totals(session: Session, wanted: DueFilter) -> DueTotals:
    rows = _due(wanted).subquery("rows")
    sums = (rows.c.principal, rows.c.interest, rows.c.open_principal, rows.c.open_interest)
    query = select(func.count(), *(func.coalesce(func.sum(each), 0) for each in sums))
    return DueTotals(*(int(value) for value in session.execute(query.select_from(rows)).one()))


def _ordered(wanted: DueFilter, asked: Wanted) -> Any:
    rows = _due(wanted).subquery("rows")
    by: Any = {
        "tempo": rows.c.due_on,
        "nomor": rows.c.loan,
        "bank": rows.c.bank,
        "jumlah": rows.c.principal + rows.c.interest,
        "sisa": rows.c.open_principal + rows.c.open_interest,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    return select(rows).order_by(order, rows.c.loan_id, rows.c.number)


def _due(wanted: DueFilter) -> Any:
    on, row = wanted.on, ScheduleRow
    gone = write_offs(on)
    poured = Standing.applied - row.total_before
    into = case((poured > 0, poured), else_=0)
    lacks = row.number >= Standing.number
    interest = case((into < row.interest, row.interest - into), else_=0)
    principal = case(
        (into > row.interest, row.principal + row.interest - into), else_=row.principal
    )
    query = (
        select(
            Loan.id.label("loan_id"),
            Loan.number.label("loan"),
            Borrower.name.label("borrower"),
            Loan.account_number,
            Bank.name.label("bank"),
            row.number.label("number"),
            row.due_on.label("due_on"),
            row.principal.label("principal"),
            row.interest.label("interest"),
            case((lacks, principal), else_=0).label("open_principal"),
            case((lacks, interest), else_=0).label("open_interest"),
        )
        .select_from(Standing)
        .join(row, row.schedule_id == Standing.schedule_id)
        .join(Loan, Loan.id == Standing.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .outerjoin(gone, gone.c.loan_id == Loan.id)
        .where(
            stands_on(on),
            gone.c.loan_id.is_(None),
            row.principal + row.interest > 0,
        )
    )
    if wanted.bank_id is not None:
        query = query.where(Loan.bank_id == wanted.bank_id)
    if wanted.state == "terbuka":
        query = query.where(lacks)
    if wanted.first is not None:
        query = query.where(row.due_on >= wanted.first)
    if wanted.last is not None:
        query = query.where(row.due_on <= wanted.last)
    return query
