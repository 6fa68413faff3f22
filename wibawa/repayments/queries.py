from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry
from wibawa.loans.undone import RECEIVED, open_of
from wibawa.web.pages import Page, Wanted


@dataclass(frozen=True)
class BookedLine:
    """A row of a posted file and where its money went."""

    row: int
    loan_id: int
    loan_number: str
    borrower: str
    effective_on: dt.date
    amount: int
    penalty: int
    reference: str | None
    sequence: int
    reversed_by: int | None


@dataclass(frozen=True)
class SuspendedLine:
    row: int
    account_text: str
    name: str
    effective_on: dt.date
    amount: int
    reason: str
    id: int
    open: int


def booked_page(session: Session, upload_id: int, asked: Wanted) -> Page[BookedLine]:
    """One page of the rows of a posted file that went to loans, in the file's order."""
    undo = aliased(LedgerEntry)
    query: Any = (
        select(
            LedgerEntry.row_number,
            LedgerEntry.loan_id,
            Loan.number,
            Borrower.name,
            LedgerEntry.effective_on,
            LedgerEntry.amount,
            LedgerEntry.penalty,
            LedgerEntry.bank_reference,
            LedgerEntry.sequence,
            undo.sequence,
        )
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .outerjoin(
            undo,
            (undo.loan_id == LedgerEntry.loan_id) & (undo.reverses == LedgerEntry.sequence),
        )
        .where(LedgerEntry.upload_id == upload_id, LedgerEntry.kind.in_(RECEIVED))
        .order_by(LedgerEntry.row_number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [BookedLine(*row) for row in session.execute(query)]
    total = session.scalar(
        select(func.count())
        .select_from(LedgerEntry)
        .where(LedgerEntry.upload_id == upload_id, LedgerEntry.kind.in_(RECEIVED))
    )
    return Page(lines, asked.page, asked.per_page, total or 0)


def suspended_lines(session: Session, upload_id: int, most: int = 500) -> list[SuspendedLine]:
    """The rows of a posted file that went to titipan, in the file's order."""
    found: Any = session.execute(
        select(
            SuspenseEntry.row_number,
            SuspenseEntry.account_text,
            SuspenseEntry.name,
            SuspenseEntry.effective_on,
            SuspenseEntry.amount,
            SuspenseEntry.reason,
            SuspenseEntry.id,
            open_of(),
        )
        .where(SuspenseEntry.upload_id == upload_id)
        .order_by(SuspenseEntry.row_number)
        .limit(most)
    )
    return [SuspendedLine(*row) for row in found]
