"""The table of all months, and which month of which bank is to be reconciled or closed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.banks.models import Bank
from wibawa.loans.models import LedgerEntry, Loan, SuspenseEntry
from wibawa.loans.undone import RECEIVED
from wibawa.reconciliation.models import ClosedMonth, ClosingProposal, ProposalReturn
from wibawa.reconciliation.queries import reconciliation_of
from wibawa.rules.reconciliation import Month
from wibawa.uploads.models import Upload

MONTHS_SHOWN = 12


@dataclass(frozen=True)
class MonthCell:
    """One bank's month in the table of months. `differences` is None where nobody reckoned them."""

    bank_code: str
    month: Month
    files: int
    rows: int
    total: int
    closed_at: dt.datetime | None
    proposed: bool
    differences: int | None
    expected: bool
    over: bool

    @property
    def state(self) -> tuple[str, str]:
        """The state as a word and a tone."""
        if self.closed_at is not None:
            return "Ditutup", "success"
        if not self.expected:
            return "Tidak direkonsiliasi", "neutral"
        if not self.over:
            return ("Berjalan", "info") if self.files else ("Berjalan, belum ada berkas", "neutral")
        if self.proposed:
            return "Menunggu penutupan", "waiting"
        if not self.files:
            return "Belum ada berkas", "danger"
        if self.differences:
            return f"Selisih {self.differences}", "warning"
        return "Belum direkonsiliasi", "warning"


@dataclass(frozen=True)
class BankMonths:
    """Where a bank's reconciliation stands: the month to reconcile next, if it is over, and how
    many months are over and not closed."""

    bank_id: int
    next: Month | None
    due: int
    first: Month


def open_months(
    session: Session, today: dt.date, bank_id: int | None = None
) -> dict[int, BankMonths]:
    """Bank → what is to be reconciled; one query. A bank that never was begins with its first loan,
    at most a year back."""
    query = _first_and_last()
    if bank_id is not None:
        query = query.where(Bank.id == bank_id)
    now, found = Month.of(today), {}
    for number, began, closed in session.execute(query):
        if began is None:
            continue
        start = max(Month.of(began), now.plus(-MONTHS_SHOWN))
        if closed is not None:
            start = Month.from_code(closed).plus(1)
        due = max(0, now.since(start))
        found[number] = BankMonths(number, start if due else None, due, start)
    return found


@cache
def _first_and_last() -> Select[Any]:
    """Of each bank the day of its first loan and the last closed month. The menu of every page asks
    it; it is put together once."""
    first = (
        select(func.min(func.coalesce(Loan.opened_on, Loan.disbursed_on)))
        .where(Loan.bank_id == Bank.id)
        .scalar_subquery()
    )
    last = (
        select(func.max(ClosedMonth.month)).where(ClosedMonth.bank_id == Bank.id).scalar_subquery()
    )
    return select(Bank.id, first, last)


def month_table(session: Session, banks: Sequence[Bank], today: dt.date) -> list[list[MonthCell]]:
    """The last months of each bank, the newest first, one row per month."""
    newest = Month.of(today)
    months = [newest.plus(-back) for back in range(MONTHS_SHOWN + 1)]
    ids = [bank.id for bank in banks]
    came = _files_by_month(session, ids, months[-1].first, newest.last)
    closed = {
        (row.bank_id, row.month): row.closed_at
        for row in session.execute(
            select(ClosedMonth.bank_id, ClosedMonth.month, ClosedMonth.closed_at).where(
                ClosedMonth.bank_id.in_(ids), ClosedMonth.month >= months[-1].code
            )
        )
    }
    due = open_months(session, today)
    waiting = waiting_proposals(session)
    cells = []
    for month in months:
        row = []
        for bank in banks:
            files, rows, total = came.get((bank.id, month), (0, 0, 0))
            state = due.get(bank.id)
            at = closed.get((bank.id, month.code))
            reckoned = None
            if state is not None and state.next == month and files:
                reckoned = reconciliation_of(session, bank, month).open_differences
            row.append(
                MonthCell(
                    bank.code,
                    month,
                    files,
                    rows,
                    total,
                    at,
                    (bank.id, month.code) in waiting,
                    reckoned,
                    at is not None or (state is not None and month >= state.first),
                    month < newest,
                )
            )
        cells.append(row)
    return cells


def _files_by_month(
    session: Session, bank_ids: Sequence[int], first: dt.date, last: dt.date
) -> dict[tuple[int, Month], tuple[int, int, int]]:
    """(bank, month) → files, rows and money of posted files that were not undone; one query."""
    parts = [
        select(table.bank_id, table.upload_id, table.row_number, table.effective_on, table.amount)
        .join(Upload, Upload.id == table.upload_id)
        .where(
            table.bank_id.in_(bank_ids),
            table.effective_on.between(first, last),
            Upload.kind == "repayments",
            Upload.reversed_at.is_(None),
            *((LedgerEntry.kind.in_(RECEIVED),) if table is LedgerEntry else ()),
        )
        for table in (LedgerEntry, SuspenseEntry)
    ]
    each = parts[0].union_all(parts[1]).subquery("each")
    query: Any = select(
        each.c.bank_id,
        each.c.upload_id,
        each.c.effective_on,
        func.count(each.c.row_number.distinct()),
        func.sum(each.c.amount),
    ).group_by(each.c.bank_id, each.c.upload_id, each.c.effective_on)
    files: dict[tuple[int, Month], set[int]] = defaultdict(set)
    rows: dict[tuple[int, Month], int] = defaultdict(int)
    total: dict[tuple[int, Month], int] = defaultdict(int)
    for bank_id, upload_id, day, count, amount in session.execute(query):
        key = bank_id, Month.of(day)
        files[key].add(upload_id)
        rows[key] += int(count)
        total[key] += int(amount)
    return {key: (len(each), rows[key], total[key]) for key, each in files.items()}


def waiting_proposals(session: Session, not_of: int | None = None) -> set[tuple[int, int]]:
    """(bank, month) of the proposals that wait for the second person; one query."""
    later = aliased(ClosingProposal)
    newest = (
        select(func.max(later.id))
        .where(later.bank_id == ClosingProposal.bank_id, later.month == ClosingProposal.month)
        .scalar_subquery()
    )
    query = (
        select(ClosingProposal.bank_id, ClosingProposal.month)
        .outerjoin(ProposalReturn, ProposalReturn.proposal_id == ClosingProposal.id)
        .outerjoin(
            ClosedMonth,
            (ClosedMonth.bank_id == ClosingProposal.bank_id)
            & (ClosedMonth.month == ClosingProposal.month),
        )
        .where(
            ClosingProposal.id == newest,
            ProposalReturn.proposal_id.is_(None),
            ClosedMonth.id.is_(None),
        )
    )
    if not_of is not None:
        query = query.where(ClosingProposal.proposed_by != not_of)
    return {(row.bank_id, row.month) for row in session.execute(query)}
