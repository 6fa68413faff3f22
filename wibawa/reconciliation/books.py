"""What the books say of a bank's month: a fixed number of queries, however many loans there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.banks.queries import thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry, SuspenseResolution
from wibawa.loans.positions import Classes, positions
from wibawa.loans.undone import RECEIVED, is_reversed
from wibawa.reconciliation.document import LateEntry, MonthFile
from wibawa.reconciliation.models import ReconciledLoan
from wibawa.rules.reconciliation import Came, Month, Movement, Points, SuspenseAccount, movement
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib


@dataclass(frozen=True)
class Baseline:
    """The closed month before: its key, loan → principal as signed, and titipan as signed."""

    closed_id: int
    outstanding: Mapping[int, int]
    suspense: int


class LoanHead(NamedTuple):
    id: int
    number: str
    account: str
    borrower: str
    disbursed_on: dt.date
    opened_on: dt.date | None

    @property
    def known_from(self) -> dt.date:
        """The first day whose position is complete."""
        return self.opened_on or self.disbursed_on


class Standing(NamedTuple):
    """Where a loan stands on a day; `outstanding` also of what is written off."""

    outstanding: int
    arrears: int
    uncovered_since: dt.date | None
    collectibility: int
    gone: bool


class Money(NamedTuple):
    """What came in for a loan in the month and was not reversed in it."""

    amount: int
    penalty: int
    applied: int


@dataclass(frozen=True)
class Books:
    """A bank's loans at the end of the month before and of the month, and what moved between."""

    month: Month
    heads: Mapping[int, LoanHead]
    before: Mapping[int, Standing]
    closing: Mapping[int, Standing]
    movements: Mapping[int, Movement]
    money: Mapping[int, Money]


def baseline_of(session: Session, closed_id: int, suspense: int) -> Baseline:
    rows = session.execute(
        select(ReconciledLoan.loan_id, ReconciledLoan.outstanding).where(
            ReconciledLoan.closed_id == closed_id
        )
    )
    return Baseline(closed_id, {row.loan_id: row.outstanding for row in rows}, suspense)


def books_of(session: Session, bank_id: int, month: Month, baseline: Baseline | None) -> Books:
    """A bank's month by the books as they are now; six queries."""
    end, start = month.last, month.first - dt.timedelta(days=1)
    in_month = LedgerEntry.effective_on > start
    brought_in = LedgerEntry.kind == "opening"
    closing = _standings(session, bank_id, end)
    before = _standings(session, bank_id, start)
    rescheduled = _standings(session, bank_id, end, and_(in_month, ~brought_in))
    older = _undoes_older(start)
    restored = _standings(session, bank_id, end, and_(in_month, ~brought_in, ~older))
    heads = {
        head.id: head
        for head in _heads(session, bank_id, end)
        if head.known_from <= end and head.id in closing
    }
    movements = {}
    for loan_id, head in heads.items():
        known = head.known_from <= start
        was = before[loan_id] if known else None
        opening = was.outstanding if was is not None and not was.gone else 0
        if baseline is not None:
            opening = baseline.outstanding.get(loan_id, 0)
        came: Came = "" if known else "taken_over" if head.opened_on else "disbursed"
        movements[loan_id] = movement(
            Points(
                opening,
                was.outstanding if was else 0,
                rescheduled[loan_id].outstanding,
                restored[loan_id].outstanding,
                closing[loan_id].outstanding,
                was.gone if was else False,
                closing[loan_id].gone,
                came,
            )
        )
    money = _money(session, bank_id, month)
    return Books(month, heads, before, closing, movements, money)


undone = aliased(LedgerEntry, name="undone")


def _undoes_older(start: dt.date) -> Any:
    """Whether an entry takes back money that was there at the end of the month before."""
    return and_(
        LedgerEntry.kind == "reversal",
        exists().where(
            undone.loan_id == LedgerEntry.loan_id,
            undone.sequence == LedgerEntry.reverses,
            undone.effective_on <= start,
        ),
    )


def _standings(
    session: Session, bank_id: int, on: dt.date, besides: Any = None
) -> dict[int, Standing]:
    classes: Classes = thresholds_on(session, on)
    rows: Any = session.execute(positions(on, classes, besides).where(Loan.bank_id == bank_id))
    return {
        row.loan_id: Standing(
            int(row.outstanding),
            int(row.arrears),
            row.uncovered_since,
            row.collectibility,
            row.written_off_on is not None,
        )
        for row in rows
    }


def _heads(session: Session, bank_id: int, end: dt.date) -> list[LoanHead]:
    query: Any = (
        select(
            Loan.id,
            Loan.number,
            Loan.account_number,
            Borrower.name,
            Loan.disbursed_on,
            Loan.opened_on,
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(Loan.bank_id == bank_id, Loan.disbursed_on <= end)
        .order_by(Loan.number)
    )
    return [LoanHead(*row) for row in session.execute(query)]


def _money(session: Session, bank_id: int, month: Month) -> dict[int, Money]:
    query: Any = (
        select(
            LedgerEntry.loan_id,
            func.sum(LedgerEntry.amount),
            func.sum(LedgerEntry.penalty),
            func.sum(LedgerEntry.applied),
        )
        .where(
            LedgerEntry.bank_id == bank_id,
            LedgerEntry.kind.in_(RECEIVED),
            LedgerEntry.effective_on.between(month.first, month.last),
            ~is_reversed(LedgerEntry, month.last),
        )
        .group_by(LedgerEntry.loan_id)
    )
    return {row[0]: Money(*map(int, row[1:])) for row in session.execute(query)}


def suspense_of(
    session: Session, bank_id: int, month: Month, baseline: Baseline | None
) -> SuspenseAccount:
    """Titipan of a bank's month; two queries."""
    start, end = month.first, month.last

    def sums(table: Any, *kinds: tuple[str, ...]) -> list[Any]:
        before = func.sum(case((table.effective_on < start, table.amount), else_=0))
        within = table.effective_on.between(start, end)
        parts = [and_(within, table.kind.in_(each)) for each in kinds] or [within]
        return [before, *(func.sum(case((part, table.amount), else_=0)) for part in parts)]

    came = select(*sums(SuspenseEntry)).where(SuspenseEntry.bank_id == bank_id)
    went = (
        select(*sums(SuspenseResolution, ("loan", "undone"), ("returned", "reversed")))
        .join(SuspenseEntry, SuspenseEntry.id == SuspenseResolution.suspense_id)
        .where(SuspenseEntry.bank_id == bank_id)
    )
    old, received = (int(value or 0) for value in session.execute(came).one())
    gone, placed, returned = (int(value or 0) for value in session.execute(went).one())
    before = old - gone
    opening = before if baseline is None else baseline.suspense
    closing = before + received - placed - returned
    return SuspenseAccount(opening, before - opening, received, placed, returned, closing)


def files_of(session: Session, bank_id: int, month: Month) -> tuple[MonthFile, ...]:
    """The bank's posted files with rows dated in the month that were not undone since; one query.

    A row that was split between its loan and titipan is one row.
    """
    parts = [
        select(table.upload_id, table.row_number, table.amount).where(
            table.bank_id == bank_id,
            table.upload_id.is_not(None),
            table.effective_on.between(month.first, month.last),
            *((LedgerEntry.kind.in_(RECEIVED),) if table is LedgerEntry else ()),
        )
        for table in (LedgerEntry, SuspenseEntry)
    ]
    rows = parts[0].union_all(parts[1]).subquery("rows")
    query: Any = (
        select(
            Upload.id,
            Upload.filename,
            func.count(rows.c.row_number.distinct()),
            func.sum(rows.c.amount),
        )
        .join(rows, rows.c.upload_id == Upload.id)
        .where(Upload.kind == "repayments", Upload.reversed_at.is_(None))
        .group_by(Upload.id, Upload.filename)
        .order_by(Upload.id)
    )
    return tuple(
        MonthFile(number, name, int(count), int(total))
        for number, name, count, total in session.execute(query)
    )


def is_late() -> Any:
    """Whether an entry was not there when the month of `known_at` was closed."""
    return or_(
        ReconciledLoan.loan_id.is_(None), LedgerEntry.sequence > ReconciledLoan.last_sequence
    )


def known_at(closed_id: int) -> Any:
    """The row that says how much of an entry's loan a closed month knew."""
    return and_(
        ReconciledLoan.closed_id == closed_id, ReconciledLoan.loan_id == LedgerEntry.loan_id
    )


def late_entries(
    session: Session, bank_id: int, closed_id: int, first: dt.date | None, last: dt.date
) -> tuple[LateEntry, ...]:
    """Entries dated from `first` to `last` that a closed month did not know; one query."""
    query: Any = (
        select(
            LedgerEntry.loan_id,
            Loan.number,
            Borrower.name,
            LedgerEntry.sequence,
            LedgerEntry.kind,
            LedgerEntry.amount,
            LedgerEntry.effective_on,
            LedgerEntry.booked_at,
            LedgerEntry.upload_id,
            Upload.filename,
            LedgerEntry.row_number,
        )
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .outerjoin(Upload, Upload.id == LedgerEntry.upload_id)
        .outerjoin(ReconciledLoan, known_at(closed_id))
        .where(
            LedgerEntry.bank_id == bank_id,
            LedgerEntry.effective_on <= last,
            is_late(),
        )
        .order_by(LedgerEntry.effective_on, Loan.number, LedgerEntry.sequence)
    )
    if first is not None:
        query = query.where(LedgerEntry.effective_on >= first)
    return tuple(
        LateEntry._make([*row[:6], row[6].isoformat(), in_wib(row[7]).isoformat(), *row[8:]])
        for row in session.execute(query)
    )
