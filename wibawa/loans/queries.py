from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow, SuspenseEntry
from wibawa.loans.portfolio import NPL_FROM_CLASS
from wibawa.loans.positions import Classes, positions
from wibawa.rules.facts import Installment
from wibawa.uploads.models import Upload
from wibawa.web.pages import Page, Wanted

SORTS = ("nomor", "nama", "bank", "cair", "plafon", "baki", "tunggakan", "hari", "kol")
STATES = ("berjalan", "menunggak", "lunas", "semua")
MOST_IN_LIST = 500  # beyond so many ids all rows are read and the wanted ones kept


@dataclass(frozen=True)
class LoanFilter:
    """What a list of loans shows. `bank_id` also confines a bank officer to the own bank.

    Without `search_personal` the text is sought in loan and agreement numbers only, so that nobody
    finds out by searching what the list does not show.
    """

    bank_id: int | None = None
    text: str = ""
    search_personal: bool = True
    collectibility: int | None = None
    state: str = "berjalan"
    over_days: int | None = None  # only loans more than so many days past due
    npl: bool = False
    borrower_kind: str | None = None
    disbursed_year: int | None = None
    rescheduled_year: int | None = None  # a later schedule version began in that year


@dataclass(frozen=True)
class LoanLine:
    id: int
    number: str
    borrower: str
    bank: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    outstanding: int
    arrears: int
    days_past_due: int
    collectibility: int


@dataclass(frozen=True)
class LoanTotals:
    """Sums of a whole list. `borrowers` counts each borrower once, however many loans there are."""

    loans: int
    borrowers: int
    principal: int
    outstanding: int
    arrears: int


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


@dataclass(frozen=True)
class SuspenseLine:
    id: int
    bank: str
    account_text: str
    name: str
    amount: int
    effective_on: dt.date
    booked_on: dt.date
    reason: str
    bank_reference: str | None
    upload_id: int
    filename: str
    row_number: int
    loan_id: int | None
    loan_number: str | None


def _filtered(on: dt.date, classes: Classes, wanted: LoanFilter) -> Any:
    each = positions(on, classes).subquery("each")
    query = (
        select(
            Loan.id,
            Loan.number,
            Borrower.name,
            Bank.name,
            Loan.account_number,
            Loan.disbursed_on,
            Loan.principal,
            each.c.outstanding,
            each.c.arrears,
            each.c.uncovered_since,
            each.c.collectibility,
            Borrower.name_key,
            Loan.borrower_id,
        )
        .join(each, each.c.loan_id == Loan.id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
    )
    if wanted.bank_id is not None:
        query = query.where(Loan.bank_id == wanted.bank_id)
    if wanted.collectibility is not None:
        query = query.where(each.c.collectibility == wanted.collectibility)
    if wanted.state == "berjalan":
        query = query.where(each.c.outstanding > 0)
    elif wanted.state == "menunggak":
        query = query.where(each.c.arrears > 0)
    elif wanted.state == "lunas":
        query = query.where(each.c.outstanding == 0)
    if wanted.over_days is not None:
        query = query.where(each.c.uncovered_since < on - dt.timedelta(days=wanted.over_days))
    if wanted.npl:
        query = query.where(each.c.collectibility >= NPL_FROM_CLASS)
    if wanted.text:
        query = query.where(_matches(wanted.text, wanted.search_personal))
    return query.where(*_of_borrowers_and_years(wanted))


def _of_borrowers_and_years(wanted: LoanFilter) -> list[ColumnElement[bool]]:
    """The conditions behind the figures of the indicators."""
    found: list[ColumnElement[bool]] = []
    if wanted.borrower_kind is not None:
        found.append(Borrower.kind == wanted.borrower_kind)
    if wanted.disbursed_year is not None:
        found.append(Loan.disbursed_on.between(*_year(wanted.disbursed_year)))
    if wanted.rescheduled_year is not None:
        later = select(Schedule.loan_id).where(
            Schedule.version > 1, Schedule.starts_on.between(*_year(wanted.rescheduled_year))
        )
        found.append(Loan.id.in_(later))
    return found


def _year(year: int) -> tuple[dt.date, dt.date]:
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


def _matches(text: str, search_personal: bool) -> ColumnElement[bool]:
    like = "%" + text.casefold().replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
    places = [
        func.lower(Loan.number).like(like, escape="!"),
        func.lower(Loan.agreement_number).like(like, escape="!"),
    ]
    if search_personal:
        places.append(func.lower(Loan.account_number).like(like, escape="!"))
        places.append(Borrower.name_key.like(like, escape="!"))
    return or_(*places)


def loan_lines(
    session: Session, on: dt.date, classes: Classes, wanted: LoanFilter, asked: Wanted
) -> tuple[Page[LoanLine], LoanTotals]:
    """One page of loans with their position on `on`, and totals of the whole list: two queries."""
    rows = _filtered(on, classes, wanted).subquery("rows")
    columns = list(rows.c)
    counts = session.execute(
        select(
            func.count(),
            func.count(func.distinct(columns[12])),
            func.coalesce(func.sum(columns[6]), 0),
            func.coalesce(func.sum(columns[7]), 0),
            func.coalesce(func.sum(columns[8]), 0),
        ).select_from(rows)
    ).one()
    totals = LoanTotals(*(int(value) for value in counts))
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.loans // asked.per_page))))
    found = session.execute(
        select(rows).order_by(*_order(columns, asked)).limit(asked.per_page).offset(asked.offset)
    )
    lines = [_line(row, on) for row in found]
    return Page(lines, asked.page, asked.per_page, totals.loans), totals


def _order(columns: list[Any], asked: Wanted) -> list[Any]:
    """The order that the list's heading asks for, then by id, so that pages never overlap."""
    places = (1, 11, 3, 5, 6, 7, 8, 9, 10)
    by = columns[dict(zip(SORTS, places, strict=True))[asked.sort]]
    if asked.sort == "hari":  # the older the due date, the more days past due
        turned = by.asc() if asked.descending else by.desc()
        return [by.is_(None) if asked.descending else by.is_not(None), turned, columns[0]]
    return [by.desc() if asked.descending else by.asc(), columns[0]]


def all_loan_lines(
    session: Session,
    on: dt.date,
    classes: Classes,
    wanted: LoanFilter,
    asked: Wanted,
    most: int = 100_000,
) -> list[LoanLine]:
    """The whole list for an export, in the order in which it is shown."""
    rows = _filtered(on, classes, wanted).subquery("rows")
    query = select(rows).order_by(*_order(list(rows.c), asked)).limit(most)
    return [_line(row, on) for row in session.execute(query)]


def _line(row: Any, on: dt.date) -> LoanLine:
    since = row[9]
    days = 0 if since is None else (on - since).days
    values: Any = (*row[:9], days, int(row[10]))
    return LoanLine(*values)


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
    for (loan_id, version, starts_on, reason), rows in groupby(found, key=lambda row: row[:4]):
        if loan_id in wanted:
            installments = tuple(Installment(*row[4:]) for row in rows)
            yield loan_id, ScheduleFacts(version, starts_on, reason, installments)


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
        LedgerEntry.kind == "repayment", LedgerEntry.effective_on <= on
    )
    if bank_id is not None:
        query = query.where(LedgerEntry.bank_id == bank_id)
    return session.scalar(query)


def ledger(session: Session, loan_id: int) -> list[EntryLine]:
    """The journal of a loan, oldest entry first."""
    author = aliased(User)
    approver = aliased(User)
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
        )
        .join(author, author.id == LedgerEntry.entered_by)
        .outerjoin(approver, approver.id == LedgerEntry.approved_by)
        .outerjoin(Upload, Upload.id == LedgerEntry.upload_id)
        .where(LedgerEntry.loan_id == loan_id)
        .order_by(LedgerEntry.effective_on, LedgerEntry.sequence)
    )
    return [EntryLine(*row) for row in session.execute(query)]


@dataclass(frozen=True)
class AccountState:
    """What a bank's file needs to know of one loan. `owed`: rupiah not covered by money so far."""

    loan_id: int
    account_number: str
    borrower: str
    disbursed_on: dt.date
    owed: int
    last_sequence: int
    chair: str


def account_states(session: Session, bank_id: int) -> list[AccountState]:
    """Every loan of a bank, in one query. What is owed is the last schedule's grand total less all
    money poured over it so far."""
    paid = (
        select(
            LedgerEntry.loan_id,
            func.sum(LedgerEntry.applied).label("applied"),
            func.max(LedgerEntry.sequence).label("last_sequence"),
        )
        .where(LedgerEntry.bank_id == bank_id)
        .group_by(LedgerEntry.loan_id)
        .subquery()
    )
    query: Any = (
        select(
            Loan.id,
            Loan.account_number,
            Borrower.name,
            Loan.disbursed_on,
            Schedule.total - func.coalesce(paid.c.applied, 0),
            func.coalesce(paid.c.last_sequence, 0),
            Borrower.chair_name,
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .outerjoin(paid, paid.c.loan_id == Loan.id)
        .where(Loan.bank_id == bank_id)
    )
    found = session.execute(query)
    return [
        AccountState(row[0], row[1], row[2], row[3], int(row[4]), int(row[5]), row[6])
        for row in found
    ]


def suspense_page(
    session: Session, bank_id: int | None, asked: Wanted
) -> tuple[Page[SuspenseLine], int]:
    """One page of titipan, oldest first unless asked otherwise, and the sum of all of it."""
    query: Any = (
        select(
            SuspenseEntry.id,
            Bank.name,
            SuspenseEntry.account_text,
            SuspenseEntry.name,
            SuspenseEntry.amount,
            SuspenseEntry.effective_on,
            SuspenseEntry.booked_on,
            SuspenseEntry.reason,
            SuspenseEntry.bank_reference,
            SuspenseEntry.upload_id,
            Upload.filename,
            SuspenseEntry.row_number,
            SuspenseEntry.loan_id,
            Loan.number,
        )
        .join(Bank, Bank.id == SuspenseEntry.bank_id)
        .join(Upload, Upload.id == SuspenseEntry.upload_id)
        .outerjoin(Loan, Loan.id == SuspenseEntry.loan_id)
    )
    count = select(func.count(), func.coalesce(func.sum(SuspenseEntry.amount), 0))
    if bank_id is not None:
        query = query.where(SuspenseEntry.bank_id == bank_id)
        count = count.where(SuspenseEntry.bank_id == bank_id)
    by = {
        "tanggal": SuspenseEntry.effective_on,
        "jumlah": SuspenseEntry.amount,
        "bank": Bank.name,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    found = session.execute(
        query.order_by(order, SuspenseEntry.id).limit(asked.per_page).offset(asked.offset)
    )
    lines = [SuspenseLine(*row) for row in found]
    total, amount = session.execute(count).one()
    return Page(lines, asked.page, asked.per_page, int(total)), int(amount)


def running_loans(session: Session, on: dt.date, classes: Classes, bank_id: int) -> list[int]:
    """Ids of a bank's loans with principal outstanding on `on`, in order of number."""
    each = positions(on, classes).subquery("each")
    return list(
        session.scalars(
            select(Loan.id)
            .join(each, each.c.loan_id == Loan.id)
            .where(Loan.bank_id == bank_id, each.c.outstanding > 0)
            .order_by(Loan.number)
        )
    )
