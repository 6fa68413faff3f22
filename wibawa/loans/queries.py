from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.loans.positions import Classes, positions
from wibawa.loans.undone import RECEIVED, UNDOABLE
from wibawa.rules.changes import RESTRUCTURING
from wibawa.rules.facts import Installment
from wibawa.uploads.models import Upload

MOST_IN_LIST = 500  # beyond so many ids all rows are read and the wanted ones kept


@dataclass(frozen=True)
class LoanFacts:
    """One loan with its borrower and bank, for pages and paper."""

    id: int
    number: str
    bank_id: int
    bank: str
    bank_code: str
    bank_kind: str
    holiday_rule: str
    account_number: str
    agreement_number: str
    disbursed_on: dt.date
    principal: int
    rate: int
    months: int
    method: str
    multiple: int
    opened_on: dt.date | None
    borrower_id: int
    borrower: str
    borrower_kind: str
    business_name: str
    address: str
    kelurahan: str
    kecamatan: str
    nik_tail: str


@dataclass(frozen=True)
class ScheduleFacts:
    version: int
    starts_on: dt.date
    reason: str
    rows: tuple[Installment, ...]
    ends_on: dt.date


@dataclass(frozen=True)
class VersionLine:
    """One version of a loan's schedule: when it counts, what it came of, who made and approved it.

    The last one has no `until`, its last day.
    """

    version: int
    kind: str
    starts_on: dt.date
    ends_on: dt.date
    reason: str
    made_by: str
    approved_by: str | None
    made_at: dt.datetime
    request_id: int | None

    @property
    def until(self) -> dt.date | None:
        return None if self.ends_on == FOREVER else self.ends_on - dt.timedelta(days=1)

    @property
    def eases(self) -> bool:
        """Whether the loan counts as restructured by it."""
        return self.kind in RESTRUCTURING


@dataclass(frozen=True)
class EntryLine:
    sequence: int
    kind: str
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
    bank_outstanding: int | None
    bank_collectibility: int | None
    note: str = ""
    reverses: int | None = None
    reversed_by: int | None = None
    request_id: int | None = None

    @property
    def may_be_undone(self) -> bool:
        return self.kind in UNDOABLE and self.reversed_by is None

    @property
    def may_be_moved(self) -> bool:
        return self.kind in RECEIVED and self.reversed_by is None


def loan_facts(session: Session, loan_id: int) -> LoanFacts | None:
    found = session.execute(_facts().where(Loan.id == loan_id)).first()
    return None if found is None else LoanFacts(*found)


def facts_of_loans(session: Session, loan_ids: Collection[int]) -> list[LoanFacts]:
    """The facts of many loans in order of their ids: one query."""
    query = _facts().order_by(Loan.id)
    if len(loan_ids) <= MOST_IN_LIST:
        query = query.where(Loan.id.in_(loan_ids))
    wanted = set(loan_ids)
    return [LoanFacts(*row) for row in session.execute(query) if row[0] in wanted]


def _facts() -> Any:
    query: Any = (
        select(
            Loan.id,
            Loan.number,
            Loan.bank_id,
            Bank.name,
            Bank.code,
            Bank.kind,
            Bank.holiday_rule,
            Loan.account_number,
            Loan.agreement_number,
            Loan.disbursed_on,
            Loan.principal,
            Loan.rate,
            Loan.months,
            Loan.method,
            Loan.multiple,
            Loan.opened_on,
            Borrower.id,
            Borrower.name,
            Borrower.kind,
            Borrower.business_name,
            Borrower.address,
            Kelurahan.name,
            Kecamatan.name,
            Borrower.nik_tail,
        )
        .join(Bank, Bank.id == Loan.bank_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
    )
    return query


second = aliased(User, name="second")


def version_lines(session: Session, loan_id: int) -> list[VersionLine]:
    """Every version of a loan's schedule, the newest first: one query."""
    found: Any = session.execute(
        select(
            Schedule.version,
            Schedule.kind,
            Schedule.starts_on,
            Schedule.ends_on,
            Schedule.reason,
            User.name,
            second.name,
            Schedule.made_at,
            Schedule.request_id,
        )
        .join(User, User.id == Schedule.made_by)
        .outerjoin(second, second.id == Schedule.approved_by)
        .where(Schedule.loan_id == loan_id)
        .order_by(Schedule.version.desc())
    )
    return [VersionLine(*row) for row in found]


def find_loan(session: Session, number: str) -> list[int]:
    """Ids of the loans with this loan number, agreement number or account number."""
    number = number.strip()
    exact = session.scalars(select(Loan.id).where(Loan.number == number.upper())).all()
    if exact:
        return list(exact)
    return list(
        session.scalars(
            select(Loan.id).where(
                or_(Loan.agreement_number == number, Loan.account_number == number)
            )
        )
    )


def schedule_on(session: Session, loan_id: int, on: dt.date) -> ScheduleFacts | None:
    """The schedule version in force on `on` with its rows."""
    return schedules_on(session, [loan_id], on).get(loan_id)


def schedules_on(
    session: Session, loan_ids: Collection[int], on: dt.date
) -> dict[int, ScheduleFacts]:
    """The schedules in force on `on` of many loans: one query."""
    return dict(each_schedule_on(session, loan_ids, on))


def each_schedule_on(
    session: Session, loan_ids: Collection[int], on: dt.date
) -> Iterator[tuple[int, ScheduleFacts]]:
    """(loan id, schedule in force on `on`) one after the other in order of id: one query, read as a
    stream, so that the schedules of a whole bank need not fit into memory."""
    query: Any = (
        select(
            Schedule.loan_id,
            Schedule.version,
            Schedule.starts_on,
            Schedule.reason,
            Schedule.ends_on,
            ScheduleRow.number,
            ScheduleRow.due_on,
            ScheduleRow.principal,
            ScheduleRow.interest,
            ScheduleRow.balance,
        )
        .join(ScheduleRow, ScheduleRow.schedule_id == Schedule.id)
        .where(Schedule.starts_on <= on, on < Schedule.ends_on)
        .order_by(Schedule.loan_id, ScheduleRow.number)
        .execution_options(yield_per=5_000)
    )
    if len(loan_ids) <= MOST_IN_LIST:
        query = query.where(Schedule.loan_id.in_(loan_ids))
    wanted = set(loan_ids)
    found: Any = session.execute(query)
    for head, rows in groupby(found, key=lambda row: row[:5]):
        loan_id, version, starts_on, reason, ends_on = head
        if loan_id in wanted:
            installments = tuple(Installment(*row[5:]) for row in rows)
            yield loan_id, ScheduleFacts(version, starts_on, reason, installments, ends_on)


def applied_on(session: Session, loan_id: int, on: dt.date) -> int:
    """The money poured over the schedule by the end of `on`, rupiah."""
    found = session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.applied), 0)).where(
            LedgerEntry.loan_id == loan_id, LedgerEntry.effective_on <= on
        )
    )
    return int(found or 0)


def latest_payment_on(session: Session, on: dt.date, bank_id: int | None) -> dt.date | None:
    """The last day up to `on` for which a bank's money is booked: how fresh the figures are."""
    query = select(func.max(LedgerEntry.effective_on)).where(
        LedgerEntry.kind.in_(RECEIVED), LedgerEntry.effective_on <= on
    )
    if bank_id is not None:
        query = query.where(LedgerEntry.bank_id == bank_id)
    return session.scalar(query)


author = aliased(User, name="author")


approver = aliased(User, name="approver")


undo = aliased(LedgerEntry, name="undo")


def ledger(session: Session, loan_id: int) -> list[EntryLine]:
    """The journal of a loan, oldest entry first."""
    query: Any = (
        select(
            LedgerEntry.sequence,
            LedgerEntry.kind,
            LedgerEntry.amount,
            LedgerEntry.penalty,
            LedgerEntry.applied,
            LedgerEntry.effective_on,
            LedgerEntry.booked_on,
            LedgerEntry.booked_at,
            author.name,
            approver.name,
            LedgerEntry.bank_reference,
            LedgerEntry.upload_id,
            Upload.kind,
            Upload.filename,
            LedgerEntry.row_number,
            LedgerEntry.bank_outstanding,
            LedgerEntry.bank_collectibility,
            LedgerEntry.note,
            LedgerEntry.reverses,
            undo.sequence,
            LedgerEntry.request_id,
        )
        .join(author, author.id == LedgerEntry.entered_by)
        .outerjoin(approver, approver.id == LedgerEntry.approved_by)
        .outerjoin(Upload, Upload.id == LedgerEntry.upload_id)
        .outerjoin(
            undo,
            (undo.loan_id == LedgerEntry.loan_id) & (undo.reverses == LedgerEntry.sequence),
        )
        .where(LedgerEntry.loan_id == loan_id)
        .order_by(LedgerEntry.effective_on, LedgerEntry.sequence)
    )
    return [EntryLine(*row) for row in session.execute(query)]


def running_loans(session: Session, on: dt.date, classes: Classes, bank_id: int) -> list[int]:
    """Ids of a bank's loans with principal outstanding on `on`, in order of number; those that are
    written off are no longer among them."""
    each = positions(on, classes).subquery("each")
    return list(
        session.scalars(
            select(Loan.id)
            .join(each, each.c.loan_id == Loan.id)
            .where(
                Loan.bank_id == bank_id,
                each.c.outstanding > 0,
                each.c.written_off_on.is_(None),
            )
            .order_by(Loan.number)
        )
    )
