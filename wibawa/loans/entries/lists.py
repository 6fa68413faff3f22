"""The list of ledger entries of all loans, filtered, sorted and paged by the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.undone import RECEIVED, is_from_suspense, is_reversed
from wibawa.uploads.models import Upload
from wibawa.web.pages import MOST_IN_FILE, Page, Wanted, fitting

SORTS = ("tanggal", "dibukukan", "pinjaman", "jumlah")
RETURNED = "reversal"
# What the address calls a kind → the kinds themselves, and the kinds of which a reversal counts.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "bersih": (RECEIVED, RECEIVED),
    "diterima": (RECEIVED, ()),
    "dibatalkan": ((), RECEIVED),
    "angsuran": (("repayment",), ()),
    "pelunasan": (("settlement",), ()),
    "pemulihan": (("recovery",), ()),
    "pemulihan-bersih": (("recovery",), ("recovery",)),
    "pencairan": (("disbursement",), ()),
    "saldo-awal": (("opening",), ()),
    "hapus-buku": (("write_off",), ()),
    "pembatalan": ((RETURNED,), ()),
}
STATES = ("utuh", "batal")
SOURCES = ("berkas", "tangan", "titipan")

undone = aliased(LedgerEntry, name="undone")
_THE_UNDONE = and_(undone.loan_id == LedgerEntry.loan_id, undone.sequence == LedgerEntry.reverses)
_IS_REVERSAL = LedgerEntry.kind == RETURNED


@dataclass(frozen=True)
class EntryFilter:
    """What a list of entries shows. `bank_id` also confines a bank officer to the own bank.

    `kind`, `state` and `source` are words of the address. `as_at`: whether an entry is reversed is
    judged at the end of that day; without it, now.
    """

    bank_id: int | None = None
    kind: str = ""
    state: str = ""
    source: str = ""
    first: dt.date | None = None  # the day on which the money moved
    last: dt.date | None = None
    booked_first: dt.date | None = None
    booked_last: dt.date | None = None
    as_at: dt.date | None = None
    upload_id: int | None = None
    loan: str = ""  # a loan's number


@dataclass(frozen=True)
class EntryLine:
    """One entry. `applied` is what it pours over the schedule, principal and interest, `penalty`
    beside it; both are negative in a reversal. `bank_principal` and `bank_interest` are how the
    bank's file divides the money, where it does."""

    loan_id: int
    sequence: int
    loan: str
    borrower: str
    account_number: str
    bank: str
    kind: str
    of_kind: str | None
    amount: int
    penalty: int
    applied: int
    effective_on: dt.date
    booked_on: dt.date
    booked_at: dt.datetime
    entered_by: str
    approved_by: str | None
    bank_reference: str | None
    upload_id: int | None
    upload_kind: str | None
    filename: str | None
    row_number: int | None
    reverses: int | None
    reversed_by: int | None
    request_id: int | None
    bank_principal: int | None
    bank_interest: int | None
    from_suspense: bool

    @property
    def is_reversal(self) -> bool:
        return self.kind == RETURNED

    @property
    def signed(self) -> int:
        return -self.amount if self.is_reversal else self.amount


@dataclass(frozen=True)
class EntryTotals:
    """Sums of a whole list: entries that are no reversals, reversals, and what both come to."""

    count: int = 0
    entries: int = 0
    amount: int = 0
    reversals: int = 0
    reversed: int = 0
    applied: int = 0
    penalty: int = 0

    @property
    def net(self) -> int:
        return self.amount - self.reversed


def entry_lines(
    session: Session, wanted: EntryFilter, asked: Wanted
) -> tuple[Page[EntryLine], EntryTotals]:
    """One page of entries and the sums of the whole list: two queries."""
    totals = entry_totals(session, wanted)
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.count // asked.per_page))))
    keys = _keys(wanted, asked).limit(asked.per_page).offset(asked.offset)
    return Page(_lines(session, keys, asked), asked.page, asked.per_page, totals.count), totals


def all_entry_lines(session: Session, wanted: EntryFilter, asked: Wanted) -> list[EntryLine]:
    """The whole list for an export, in the order in which it is shown."""
    found = _lines(session, _keys(wanted, asked).limit(MOST_IN_FILE + 1), asked)
    return list(fitting(found, lambda: entry_totals(session, wanted).count))


def entry_totals(session: Session, wanted: EntryFilter) -> EntryTotals:
    """The sums of a list: one query over the ledger alone."""

    def total(test: ColumnElement[bool], value: Any) -> Any:
        return func.coalesce(func.sum(case((test, value), else_=0)), 0)

    penalty = _penalty()
    query = _filtered(
        select(
            func.count(),
            total(~_IS_REVERSAL, 1),
            total(~_IS_REVERSAL, LedgerEntry.amount),
            total(_IS_REVERSAL, 1),
            total(_IS_REVERSAL, LedgerEntry.amount),
            func.coalesce(func.sum(LedgerEntry.applied), 0),
            func.coalesce(func.sum(penalty), 0),
        ).select_from(LedgerEntry),
        wanted,
    )
    return EntryTotals(*(int(value) for value in session.execute(query).one()))


def _penalty() -> Any:
    """The penalty of an entry; of the reversal of money that came in the one that it takes back."""
    takes_back = and_(_IS_REVERSAL, undone.kind.in_(RECEIVED))
    return case((takes_back, -LedgerEntry.amount - LedgerEntry.applied), else_=LedgerEntry.penalty)


def _filtered(query: Any, wanted: EntryFilter) -> Any:
    """The query with its conditions; `undone` is the entry that a reversal takes back."""
    query = query.outerjoin(undone, _THE_UNDONE).where(*_conditions(wanted))
    if wanted.loan:
        query = query.where(
            LedgerEntry.loan_id.in_(select(Loan.id).where(Loan.number == wanted.loan))
        )
    return query


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.bank_id is not None:
        found.append(LedgerEntry.bank_id == wanted.bank_id)
    if wanted.kind:
        kinds, of_kinds = KINDS[wanted.kind]
        found.append(
            or_(LedgerEntry.kind.in_(kinds), and_(_IS_REVERSAL, undone.kind.in_(of_kinds)))
        )
    days = (
        (LedgerEntry.effective_on, wanted.first, wanted.last),
        (LedgerEntry.booked_on, wanted.booked_first, wanted.booked_last),
    )
    for column, first, last in days:
        if first is not None:
            found.append(column >= first)
        if last is not None:
            found.append(column <= last)
    if wanted.upload_id is not None:
        found.append(LedgerEntry.upload_id == wanted.upload_id)
    return found + _of_source(wanted.source) + _of_state(wanted)


def _of_source(source: str) -> list[ColumnElement[bool]]:
    if source == "berkas":
        return [LedgerEntry.upload_id.is_not(None)]
    if source == "tangan":
        return [LedgerEntry.upload_id.is_(None)]
    if source == "titipan":
        return [or_(is_from_suspense(LedgerEntry), is_from_suspense(undone))]
    return []


def _of_state(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    if not wanted.state:
        return []
    reversed_ = is_reversed(LedgerEntry, wanted.as_at)
    return [reversed_ if wanted.state == "batal" else ~reversed_ & ~_IS_REVERSAL]


def _keys(wanted: EntryFilter, asked: Wanted) -> Any:
    """Which entries, in order: the rest is looked up for these alone."""
    query = select(LedgerEntry.loan_id, LedgerEntry.sequence).select_from(LedgerEntry)
    return _filtered(query, wanted).order_by(*_order(LedgerEntry, asked))


def _order(entry: Any, asked: Wanted) -> list[Any]:
    """The order that the list's heading asks for, then by key, so that pages never overlap."""
    key = [entry.loan_id, entry.sequence]
    by: Any = {
        "tanggal": [entry.effective_on, *key],
        "dibukukan": [entry.booked_at, *key],
        "pinjaman": key,
        "jumlah": [entry.amount, *key],
    }[asked.sort]
    return [column.desc() if asked.descending else column.asc() for column in by]


def _lines(session: Session, keys: Any, asked: Wanted) -> list[EntryLine]:
    chosen = keys.subquery("chosen")
    author, approver = aliased(User), aliased(User)
    undo = aliased(LedgerEntry, name="undo")
    query: Any = (
        select(
            LedgerEntry.loan_id, LedgerEntry.sequence, Loan.number, Borrower.name,
            Loan.account_number, Bank.name, LedgerEntry.kind, undone.kind, LedgerEntry.amount,
            _penalty(), LedgerEntry.applied, LedgerEntry.effective_on, LedgerEntry.booked_on,
            LedgerEntry.booked_at, author.name, approver.name, LedgerEntry.bank_reference,
            LedgerEntry.upload_id, Upload.kind, Upload.filename, LedgerEntry.row_number,
            LedgerEntry.reverses, undo.sequence, LedgerEntry.request_id,
            LedgerEntry.bank_principal, LedgerEntry.bank_interest, is_from_suspense(LedgerEntry),
        )
        .select_from(chosen)
        .join(
            LedgerEntry,
            and_(
                LedgerEntry.loan_id == chosen.c.loan_id, LedgerEntry.sequence == chosen.c.sequence
            ),
        )
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == LedgerEntry.bank_id)
        .join(author, author.id == LedgerEntry.entered_by)
        .outerjoin(approver, approver.id == LedgerEntry.approved_by)
        .outerjoin(Upload, Upload.id == LedgerEntry.upload_id)
        .outerjoin(undone, _THE_UNDONE)
        .outerjoin(
            undo, and_(undo.loan_id == LedgerEntry.loan_id, undo.reverses == LedgerEntry.sequence)
        )
        .order_by(*_order(LedgerEntry, asked))
    )  # fmt: skip
    lines = []
    for row in session.execute(query):
        values: Any = (*row[:-1], bool(row[-1]))
        lines.append(EntryLine(*values))
    return lines
