"""Lists of loans and of titipan, filtered, sorted and paged by the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import Loan, LoanRequest, Schedule, SuspenseEntry
from wibawa.loans.portfolio import NPL_FROM_CLASS
from wibawa.loans.positions import Classes, positions
from wibawa.loans.undone import open_of
from wibawa.rules.changes import RESTRUCTURING
from wibawa.rules.reconciliation import Month
from wibawa.uploads.models import Upload
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("nomor", "nama", "bank", "cair", "plafon", "baki", "tunggakan", "hari", "kol")
SUSPENSE_SORTS = ("tanggal", "jumlah", "bank")
SUSPENSE_STATES = ("terbuka", "selesai", "semua")
Days = tuple[dt.date | None, dt.date | None]  # a first and a last day; None is open
STATES = ("berjalan", "menunggak", "lunas", "hapusbuku", "semua")


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
    kecamatan: str | None = None
    disbursed_year: int | None = None
    disbursed_month: Month | None = None
    rescheduled_year: int | None = None  # restructured in that year
    restructured: bool = False  # ever
    disbursed: Days = (None, None)
    sex: str | None = None  # of the borrower; of a cooperative the chair's
    eased: Days = (None, None)  # restructured between these days
    eased_how: str | None = None  # by this kind of version


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
    written_off: bool = False
    restructured: bool = False


@dataclass(frozen=True)
class LoanTotals:
    """Sums of a whole list. `borrowers` counts each borrower once, however many loans there are."""

    loans: int
    borrowers: int
    principal: int
    outstanding: int
    arrears: int


@dataclass(frozen=True)
class SuspenseFilter:
    """What a list of titipan shows. `before`: only what came before this day. `on`: what was
    open at the end of that day; without it, what is open now."""

    bank_id: int | None = None
    state: str = "terbuka"
    before: dt.date | None = None
    came: Days = (None, None)
    reason: str | None = None
    on: dt.date | None = None


@dataclass(frozen=True)
class SuspenseLine:
    """`open` is what nobody has resolved; `request_id` a request about it that waits."""

    id: int
    bank: str
    account_text: str
    name: str
    amount: int
    effective_on: dt.date
    booked_on: dt.date
    reason: str
    bank_reference: str | None
    upload_id: int | None
    filename: str | None
    row_number: int | None
    loan_id: int | None
    loan_number: str | None
    entry: int | None
    open: int
    request_id: int | None


@dataclass(frozen=True)
class SuspenseTotals:
    """Sums of a whole list of titipan, and how many of its open ones came before a day."""

    count: int
    amount: int
    open: int
    old: int


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


def all_loan_lines(
    session: Session,
    on: dt.date,
    classes: Classes,
    wanted: LoanFilter,
    asked: Wanted,
) -> list[LoanLine]:
    """The whole list for an export, in the order in which it is shown."""
    rows = _filtered(on, classes, wanted).subquery("rows")
    query = select(rows).order_by(*_order(list(rows.c), asked))
    return [_line(row, on) for row in whole_list(session, query)]


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
            each.c.written_off_on,
            _restructured().label("restructured"),
        )
        .join(each, each.c.loan_id == Loan.id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
    )
    if wanted.bank_id is not None:
        query = query.where(Loan.bank_id == wanted.bank_id)
    alive = each.c.written_off_on.is_(None)
    if wanted.collectibility is not None:
        query = query.where(each.c.collectibility == wanted.collectibility)
    if wanted.state == "berjalan":
        query = query.where(each.c.outstanding > 0, alive)
    elif wanted.state == "menunggak":
        query = query.where(each.c.arrears > 0, alive)
    elif wanted.state == "lunas":
        query = query.where(each.c.outstanding == 0)
    elif wanted.state == "hapusbuku":
        query = query.where(~alive)
    if wanted.over_days is not None:
        days = dt.timedelta(days=wanted.over_days)
        query = query.where(each.c.uncovered_since < on - days, alive)
    if wanted.npl:
        query = query.where(each.c.collectibility >= NPL_FROM_CLASS, alive)
    if wanted.text:
        query = query.where(_matches(wanted.text, wanted.search_personal))
    return query.where(*_of_borrowers_and_years(on, wanted))


def _of_borrowers_and_years(on: dt.date, wanted: LoanFilter) -> list[ColumnElement[bool]]:
    """The conditions behind the figures of the indicators and of the dashboard."""
    found: list[ColumnElement[bool]] = []
    if wanted.borrower_kind is not None:
        found.append(Borrower.kind == wanted.borrower_kind)
    if wanted.kecamatan is not None:
        places = select(Kelurahan.code).where(Kelurahan.kecamatan_code == wanted.kecamatan)
        found.append(Borrower.kelurahan_code.in_(places))
    if wanted.disbursed_year is not None:
        found.append(Loan.disbursed_on.between(*_year(wanted.disbursed_year)))
    if wanted.disbursed_month is not None:
        month = wanted.disbursed_month
        found.append(Loan.disbursed_on.between(month.first, month.last))
    if wanted.rescheduled_year is not None:
        found.append(_restructured(Schedule.starts_on.between(*_year(wanted.rescheduled_year))))
    if wanted.restructured:
        found.append(_restructured(Schedule.starts_on <= on))
    if wanted.sex is not None:
        found.append(Borrower.sex == wanted.sex)
    found += _within(Loan.disbursed_on, wanted.disbursed)
    if wanted.eased != (None, None) or wanted.eased_how is not None:
        how = [] if wanted.eased_how is None else [Schedule.kind == wanted.eased_how]
        found.append(_restructured(*_within(Schedule.starts_on, wanted.eased), *how))
    return found


def _within(column: Any, days: Days) -> list[ColumnElement[bool]]:
    first, last = days
    tests: list[ColumnElement[bool]] = [] if first is None else [column >= first]
    return tests if last is None else [*tests, column <= last]


def _restructured(*when: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a version of the loan's schedule is a restructuring."""
    return exists().where(Schedule.loan_id == Loan.id, Schedule.kind.in_(RESTRUCTURING), *when)


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


def _order(columns: list[Any], asked: Wanted) -> list[Any]:
    """The order that the list's heading asks for, then by id, so that pages never overlap."""
    places = (1, 11, 3, 5, 6, 7, 8, 9, 10)
    by = columns[dict(zip(SORTS, places, strict=True))[asked.sort]]
    if asked.sort == "hari":  # the older the due date, the more days past due
        turned = by.asc() if asked.descending else by.desc()
        return [by.is_(None) if asked.descending else by.is_not(None), turned, columns[0]]
    return [by.desc() if asked.descending else by.asc(), columns[0]]


def _line(row: Any, on: dt.date) -> LoanLine:
    since = row[9]
    days = 0 if since is None else (on - since).days
    values: Any = (*row[:9], days, int(row[10]), row[13] is not None, bool(row[14]))
    return LoanLine(*values)


def suspense_lines(
    session: Session, wanted: SuspenseFilter, old_before: dt.date, asked: Wanted
) -> tuple[Page[SuspenseLine], SuspenseTotals]:
    """One page of titipan, oldest first unless asked otherwise, and the sums of the whole list,
    with how many of its open ones came before `old_before`: two queries."""
    rows = _suspended(wanted).subquery("rows")
    count, amount, left, old = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(rows.c.amount), 0),
            func.coalesce(func.sum(rows.c.open), 0),
            func.coalesce(
                func.sum(
                    case((and_(rows.c.open > 0, rows.c.effective_on < old_before), 1), else_=0)
                ),
                0,
            ),
        ).select_from(rows)
    ).one()
    totals = SuspenseTotals(int(count), int(amount), int(left), int(old))
    query = _suspended(wanted).order_by(*_suspense_order(asked))
    found = session.execute(query.limit(asked.per_page).offset(asked.offset))
    lines = [SuspenseLine(*row) for row in found]
    return Page(lines, asked.page, asked.per_page, totals.count), totals


def all_suspense_lines(
    session: Session, wanted: SuspenseFilter, asked: Wanted
) -> list[SuspenseLine]:
    """The whole list for an export, in the order in which it is shown."""
    query = _suspended(wanted).order_by(*_suspense_order(asked))
    return [SuspenseLine(*row) for row in whole_list(session, query)]


def _suspense_order(asked: Wanted) -> list[Any]:
    by: Any = {
        "tanggal": SuspenseEntry.effective_on,
        "jumlah": SuspenseEntry.amount,
        "bank": Bank.name,
    }[asked.sort]
    return [by.desc() if asked.descending else by.asc(), SuspenseEntry.id]


def _suspended(wanted: SuspenseFilter) -> Any:
    left = open_of(on=wanted.on)
    waiting = (
        select(func.min(LoanRequest.id))
        .where(LoanRequest.suspense_id == SuspenseEntry.id, LoanRequest.status == "recorded")
        .scalar_subquery()
    )
    query = (
        select(
            SuspenseEntry.id,
            Bank.name.label("bank"),
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
            SuspenseEntry.entry,
            left.label("open"),
            waiting.label("request_id"),
        )
        .join(Bank, Bank.id == SuspenseEntry.bank_id)
        .outerjoin(Upload, Upload.id == SuspenseEntry.upload_id)
        .outerjoin(Loan, Loan.id == SuspenseEntry.loan_id)
    )
    if wanted.bank_id is not None:
        query = query.where(SuspenseEntry.bank_id == wanted.bank_id)
    if wanted.state in ("terbuka", "selesai"):
        query = query.where(left > 0 if wanted.state == "terbuka" else left == 0)
    if wanted.before is not None:
        query = query.where(SuspenseEntry.effective_on < wanted.before)
    if wanted.on is not None:
        query = query.where(SuspenseEntry.effective_on <= wanted.on)
    if wanted.reason is not None:
        query = query.where(SuspenseEntry.reason == wanted.reason)
    return query.where(*_within(SuspenseEntry.effective_on, wanted.came))
