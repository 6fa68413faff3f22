"""The filtered list of requests, for page and export."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.changes.queries import KIND_WORDS, STATUS_WORDS, decided, entered
from wibawa.loans.models import Loan, LoanRequest, SuspenseEntry
from wibawa.scans.models import Document, DocumentWithdrawal
from wibawa.uploads.exports import Value
from wibawa.uploads.models import Upload
from wibawa.web.formats import moment
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("diminta", "nomor", "pinjaman", "bank")
STATUSES = {"menunggu": "recorded", "disetujui": "approved", "ditolak": "refused"}


@dataclass(frozen=True)
class ChangeFilter:
    status: str = ""
    kind: str = ""
    bank_id: int | None = None


@dataclass(frozen=True)
class ChangeLine:
    id: int
    kind: str
    status: str
    bank: str
    loan_id: int | None
    loan: str | None
    borrower: str | None
    account_text: str | None
    filename: str | None
    reason: str
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    documents: int

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]


def change_lines(
    session: Session, asked_for: ChangeFilter, asked: Wanted
) -> tuple[Page[ChangeLine], int]:
    """One page, what waits first, and how many of the whole filtered list wait: two queries."""
    count = select(
        func.count(),
        func.coalesce(func.sum(case((LoanRequest.status == "recorded", 1), else_=0)), 0),
    )
    total, waiting = session.execute(count.where(*_conditions(asked_for))).one()
    query = _lines(asked_for, asked).limit(asked.per_page).offset(asked.offset)
    lines = [ChangeLine(*row) for row in session.execute(query)]
    return Page(lines, asked.page, asked.per_page, int(total)), int(waiting)


def all_change_lines(session: Session, asked_for: ChangeFilter, asked: Wanted) -> list[ChangeLine]:
    """The whole list for an export, in the order in which it is shown."""
    return [ChangeLine(*row) for row in whole_list(session, _lines(asked_for, asked))]


def _conditions(asked_for: ChangeFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked_for.status in STATUSES:
        conditions.append(LoanRequest.status == STATUSES[asked_for.status])
    if asked_for.kind:
        conditions.append(LoanRequest.kind == asked_for.kind)
    if asked_for.bank_id is not None:
        conditions.append(LoanRequest.bank_id == asked_for.bank_id)
    return conditions


def _documents() -> Any:
    """How many documents a request has that were not withdrawn."""
    withdrawn = exists().where(DocumentWithdrawal.document_id == Document.id)
    return (
        select(func.count())
        .select_from(Document)
        .where(Document.request_id == LoanRequest.id, ~withdrawn)
        .scalar_subquery()
    )


def _lines(asked_for: ChangeFilter, asked: Wanted) -> Select[*tuple[Any, ...]]:
    by: Any = {
        "diminta": LoanRequest.entered_at,
        "nomor": LoanRequest.id,
        "pinjaman": Loan.number,
        "bank": Bank.name,
    }[asked.sort]
    waiting_first = case((LoanRequest.status == "recorded", 0), else_=1)
    last = LoanRequest.id.desc() if asked.descending else LoanRequest.id.asc()
    return (
        select(
            LoanRequest.id,
            LoanRequest.kind,
            LoanRequest.status,
            Bank.name,
            LoanRequest.loan_id,
            Loan.number,
            Borrower.name,
            SuspenseEntry.account_text,
            Upload.filename,
            LoanRequest.reason,
            entered.name,
            LoanRequest.entered_at,
            decided.name,
            LoanRequest.decided_at,
            _documents(),
        )
        .join(Bank, Bank.id == LoanRequest.bank_id)
        .join(entered, entered.id == LoanRequest.entered_by)
        .outerjoin(decided, decided.id == LoanRequest.decided_by)
        .outerjoin(Loan, Loan.id == LoanRequest.loan_id)
        .outerjoin(Borrower, Borrower.id == Loan.borrower_id)
        .outerjoin(SuspenseEntry, SuspenseEntry.id == LoanRequest.suspense_id)
        .outerjoin(Upload, Upload.id == LoanRequest.upload_id)
        .where(*_conditions(asked_for))
        .order_by(waiting_first, by.desc() if asked.descending else by.asc(), last)
    )


def export_row(line: ChangeLine) -> tuple[Value, ...]:
    """A line as it is exported."""
    return (
        line.id,
        KIND_WORDS[line.kind],
        line.loan or line.account_text or line.filename or "",
        line.borrower or "",
        line.bank,
        line.reason,
        line.entered_by,
        moment(line.entered_at),
        line.status_word[0],
        line.decided_by or "",
        moment(line.decided_at) if line.decided_at else "",
        line.documents,
    )
