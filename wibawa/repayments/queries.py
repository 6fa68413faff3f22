from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan, LoanRequest, SuspenseEntry
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


@dataclass(frozen=True)
class Undoing:
    """A request that a posted file be undone: it waits, or it was approved."""

    request_id: int
    status: str
    asked_by: str
    asked_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    reason: str


asked = aliased(User, name="asked")
decided = aliased(User, name="decided")


def undoing_of(session: Session, upload_id: int) -> Undoing | None:
    """The request that undid a posted file or wants to, if there is one that was not refused."""
    query: Any = (
        select(
            LoanRequest.id,
            LoanRequest.status,
            asked.name,
            LoanRequest.entered_at,
            decided.name,
            LoanRequest.decided_at,
            LoanRequest.reason,
        )
        .join(asked, asked.id == LoanRequest.entered_by)
        .outerjoin(decided, decided.id == LoanRequest.decided_by)
        .where(
            LoanRequest.upload_id == upload_id,
            LoanRequest.kind == "upload_reversal",
            LoanRequest.status != "refused",
        )
        .order_by(LoanRequest.status, LoanRequest.id.desc())
        .limit(1)
    )
    row: Any = session.execute(query).first()
    return None if row is None else Undoing(*row)


undo = aliased(LedgerEntry, name="undo")


def booked_page(
    session: Session, upload_id: int, asked: Wanted, row: int | None = None
) -> Page[BookedLine]:
    """One page of the rows of a posted file that went to loans, in the file's order; the page on
    which `row` of the file stands when one is named."""
    booked = (LedgerEntry.upload_id == upload_id, LedgerEntry.kind.in_(RECEIVED))
    if row is not None:
        before = select(func.count()).select_from(LedgerEntry)
        place = session.scalar(before.where(*booked, LedgerEntry.row_number < row)) or 0
        asked = replace(asked, page=place // asked.per_page + 1)
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
        .where(*booked)
        .order_by(LedgerEntry.row_number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [BookedLine(*row) for row in session.execute(query)]
    total = session.scalar(select(func.count()).select_from(LedgerEntry).where(*booked))
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
