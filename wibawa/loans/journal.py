"""Writing the journal: loans with their first schedule, and entries, in bulk and only appended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.database import (
    FOREVER,
    allocate_ids,
    bulk_insert,
    is_sqlite,
    stored_date,
    stored_moment,
)
from wibawa.loans.models import Loan
from wibawa.rules.facts import EntryKind, Method, Terms
from wibawa.rules.schedule import running, schedule
from wibawa.web.clock import in_wib

LOAN_COLUMNS = (
    "id", "number", "bank_id", "borrower_id", "account_number", "agreement_number", "disbursed_on",
    "principal", "rate", "months", "method", "multiple", "opened_on",
)  # fmt: skip
SCHEDULE_COLUMNS = (
    "id", "loan_id", "version", "starts_on", "ends_on", "total", "reason", "made_by", "approved_by",
    "made_at",
)  # fmt: skip
ROW_COLUMNS = (
    "schedule_id", "number", "due_on", "next_due_on", "principal", "interest", "balance",
    "total_before", "total_through",
)  # fmt: skip
ENTRY_COLUMNS = (
    "loan_id", "sequence", "bank_id", "kind", "amount", "penalty", "applied", "effective_on",
    "booked_on", "booked_at", "entered_by", "approved_by", "bank_reference", "row_key", "upload_id",
    "row_number", "reverses", "bank_principal", "bank_interest", "bank_outstanding",
    "bank_collectibility", "note",
)  # fmt: skip
SUSPENSE_COLUMNS = (
    "id", "bank_id", "loan_id", "account_text", "name", "amount", "effective_on", "booked_on",
    "booked_at", "reason", "bank_reference", "row_key", "upload_id", "row_number", "entered_by",
    "approved_by",
)  # fmt: skip


@dataclass(frozen=True)
class Author:
    """Who enters, who approves, when: the same for all entries of one deed."""

    entered_by: int
    approved_by: int | None
    now: dt.datetime

    @property
    def booked_on(self) -> dt.date:
        return in_wib(self.now).date()


@dataclass(frozen=True)
class NewLoan:
    """A loan to be opened. `opened_on` and `opening` only for one from an opening portfolio."""

    bank_id: int
    borrower_id: int
    account_number: str
    agreement_number: str
    terms: Terms
    upload_id: int | None = None
    row_number: int | None = None
    opened_on: dt.date | None = None
    opening: int = 0


def open_loans(session: Session, new: Sequence[NewLoan], author: Author) -> list[int]:
    """Write loans, their first schedule and first entries; the ids in the order of `new`.

    A loan of an opening portfolio also gets ONE opening entry, effective on the cut-off day.
    """
    ids = allocate_ids(session, "loans", len(new))
    schedule_ids = allocate_ids(session, "schedules", len(new))
    loans, schedules, rows, entries = [], [], [], []
    moment = stored_moment(session, author.now)
    stored = cache(partial(stored_date, session))  # a portfolio has far fewer days than rows
    for loan_id, schedule_id, each in zip(ids, schedule_ids, new, strict=True):
        terms = each.terms
        loans.append(_loan_row(session, loan_id, each))
        sums = running(schedule(terms))
        schedules.append(
            (schedule_id, loan_id, 1, stored_date(session, terms.disbursed_on),
             stored_date(session, FOREVER), sums[-1].total_through, "Pencairan",
             author.entered_by, author.approved_by, moment)
        )  # fmt: skip
        rows += [
            (schedule_id, row_number, stored(due_on), stored(next_due_on), *amounts)
            for row_number, due_on, next_due_on, *amounts in sums
        ]  # fmt: skip
        entries += _first_entries(session, loan_id, each, author, moment)
    bulk_insert(session, "loans", LOAN_COLUMNS, loans)
    bulk_insert(session, "schedules", SCHEDULE_COLUMNS, schedules)
    bulk_insert(session, "schedule_rows", ROW_COLUMNS, rows)
    bulk_insert(session, "ledger_entries", ENTRY_COLUMNS, entries)
    return ids


def _loan_row(session: Session, loan_id: int, new: NewLoan) -> tuple[object, ...]:
    terms = new.terms
    return (
        loan_id,
        f"KW-{loan_id:06d}",
        new.bank_id,
        new.borrower_id,
        new.account_number,
        new.agreement_number,
        stored_date(session, terms.disbursed_on),
        terms.principal,
        terms.rate,
        terms.months,
        Method(terms.method).value,
        terms.multiple,
        stored_date(session, new.opened_on),
    )


def _first_entries(
    session: Session, loan_id: int, new: NewLoan, author: Author, moment: object
) -> list[tuple[object, ...]]:
    firsts = [(EntryKind.DISBURSEMENT, new.terms.principal, 0, new.terms.disbursed_on)]
    if new.opened_on is not None:
        firsts.append((EntryKind.OPENING, new.opening, new.opening, new.opened_on))
    booked = stored_date(session, author.booked_on)
    return [
        (loan_id, sequence, new.bank_id, kind.value, amount, 0, applied,
         stored_date(session, effective), booked, moment, author.entered_by, author.approved_by,
         None, None, new.upload_id, new.row_number, None, None, None, None, None, "")
        for sequence, (kind, amount, applied, effective) in enumerate(firsts, 1)
    ]  # fmt: skip


def lock_loans(session: Session, loan_ids: Sequence[int]) -> None:
    """Hold the loans until the transaction ends, in id order (SQLite: the writer holds all)."""
    if not is_sqlite(session) and loan_ids:
        session.execute(
            select(Loan.id)
            .where(Loan.id == func.any(sorted(set(loan_ids))))
            .order_by(Loan.id)
            .with_for_update()
        )
