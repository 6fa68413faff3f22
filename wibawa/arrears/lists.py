"""The list of late loans, filtered, sorted and paged by the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.arrears.queries import Promise, is_unkept, latest_of_each_loan, officers_in_charge
from wibawa.banks.models import Bank, Kecamatan, Kelurahan
from wibawa.borrowers.models import Borrower
from wibawa.loans.models import Loan
from wibawa.loans.positions import Classes, positions
from wibawa.web.pages import Page, Wanted, whole_list

SORTS = ("janji", "nomor", "nama", "bank", "kecamatan", "tunggakan", "hari", "kol", "kontak")
NOBODY = 0  # the filter's number for loans that nobody follows


@dataclass(frozen=True)
class ArrearsFilter:
    """Which late loans. `bank_id` also confines a bank officer to the own bank."""

    bank_id: int | None = None
    kecamatan: str | None = None
    days_from: int | None = None
    days_to: int | None = None
    collectibility: int | None = None
    officer_id: int | None = None
    promise: str = ""  # "lewat": passed unkept; "ditunggu": still running


@dataclass(frozen=True)
class LateLine:
    id: int
    number: str
    borrower: str
    bank: str
    kecamatan: str
    arrears: int
    outstanding: int
    days_past_due: int
    collectibility: int
    officer: str | None
    contact_kind: str | None
    contacted_on: dt.date | None
    outcome: str | None
    promise: Promise | None


@dataclass(frozen=True)
class LateTotals:
    """Sums of a whole list, each borrower counted once."""

    loans: int
    borrowers: int
    arrears: int
    outstanding: int
    unkept: int


def late_lines(
    session: Session, today: dt.date, classes: Classes, wanted: ArrearsFilter, asked: Wanted
) -> tuple[Page[LateLine], LateTotals]:
    """One page of late loans, and sums of the whole list: two queries."""
    rows = _filtered(today, classes, wanted).subquery("rows")
    sums = session.execute(
        select(
            func.count(),
            func.count(func.distinct(rows.c.borrower_id)),
            func.coalesce(func.sum(rows.c.arrears), 0),
            func.coalesce(func.sum(rows.c.outstanding), 0),
            func.coalesce(func.sum(rows.c.unkept), 0),
        ).select_from(rows)
    ).one()
    totals = LateTotals(*(int(value) for value in sums))
    asked = replace(asked, page=min(asked.page, max(1, -(-totals.loans // asked.per_page))))
    found = session.execute(
        select(rows).order_by(*_order(rows.c, asked)).limit(asked.per_page).offset(asked.offset)
    )
    lines = [_line(row, today) for row in found]
    return Page(lines, asked.page, asked.per_page, totals.loans), totals


def all_late_lines(
    session: Session, today: dt.date, classes: Classes, wanted: ArrearsFilter, asked: Wanted
) -> list[LateLine]:
    """The whole list for an export, in the order in which it is shown."""
    rows = _filtered(today, classes, wanted).subquery("rows")
    query = select(rows).order_by(*_order(rows.c, asked))
    return [_line(row, today) for row in whole_list(session, query)]


def _filtered(today: dt.date, classes: Classes, wanted: ArrearsFilter) -> Select[Any]:
    each = positions(today, classes).subquery("each")
    contact, promise = latest_of_each_loan(promises=False), latest_of_each_loan(promises=True)
    in_charge = officers_in_charge()
    query: Select[Any] = (
        select(
            Loan.id,
            Loan.number,
            Loan.borrower_id,
            Borrower.name.label("borrower"),
            Borrower.name_key,
            Bank.name.label("bank"),
            Kecamatan.name.label("kecamatan"),
            each.c.arrears,
            each.c.outstanding,
            each.c.uncovered_since,
            each.c.collectibility,
            User.name.label("officer"),
            contact.c.kind.label("contact_kind"),
            contact.c.contacted_on,
            contact.c.outcome,
            promise.c.promise_amount,
            promise.c.promise_on,
            promise.c.received,
            case((is_unkept(promise.c, today), 1), else_=0).label("unkept"),
        )
        .join(each, each.c.loan_id == Loan.id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .join(Kelurahan, Kelurahan.code == Borrower.kelurahan_code)
        .join(Kecamatan, Kecamatan.code == Kelurahan.kecamatan_code)
        .outerjoin(contact, contact.c.loan_id == Loan.id)
        .outerjoin(promise, promise.c.loan_id == Loan.id)
        .outerjoin(in_charge, in_charge.c.loan_id == Loan.id)
        .outerjoin(User, User.id == in_charge.c.officer_id)
        .where(each.c.arrears > 0, each.c.written_off_on.is_(None))
    )
    conditions = _conditions(wanted, today, each.c, promise.c, in_charge.c)
    return query.where(*conditions)


def _conditions(
    wanted: ArrearsFilter, today: dt.date, each: Any, promise: Any, in_charge: Any
) -> list[ColumnElement[bool]]:
    since, found = each.uncovered_since, []
    if wanted.bank_id is not None:
        found.append(Loan.bank_id == wanted.bank_id)
    if wanted.kecamatan is not None:
        found.append(Kecamatan.code == wanted.kecamatan)
    if wanted.days_from is not None:
        found.append(since <= today - dt.timedelta(days=wanted.days_from))
    if wanted.days_to is not None:
        found.append(since >= today - dt.timedelta(days=wanted.days_to))
    if wanted.collectibility is not None:
        found.append(each.collectibility == wanted.collectibility)
    if wanted.officer_id == NOBODY:
        found.append(in_charge.officer_id.is_(None))
    elif wanted.officer_id is not None:
        found.append(in_charge.officer_id == wanted.officer_id)
    if wanted.promise == "lewat":
        found.append(is_unkept(promise, today))
    elif wanted.promise == "ditunggu":
        waits = (promise.promise_on >= today) & (promise.received < promise.promise_amount)
        found.append(waits)
    return found


def _order(rows: Any, asked: Wanted) -> list[Any]:
    """The order that the list's heading asks for, then by id, so that pages never overlap.

    Without one: promises that passed unkept first, then the most days past due.
    """
    if asked.sort == "janji":
        ranks = [rows.unkept.desc(), rows.uncovered_since.asc()]
        if asked.descending:
            ranks = [rows.unkept.asc(), rows.uncovered_since.desc()]
        return [*ranks, rows.id]
    by = {
        "nomor": rows.number,
        "nama": rows.name_key,
        "bank": rows.bank,
        "kecamatan": rows.kecamatan,
        "tunggakan": rows.arrears,
        "hari": rows.uncovered_since,
        "kol": rows.collectibility,
        "kontak": func.coalesce(rows.contacted_on, dt.date(1900, 1, 1)),
    }[asked.sort]
    # the older the due date, the more days past due
    descending = asked.descending != (asked.sort == "hari")
    return [by.desc() if descending else by.asc(), rows.id]


def _line(row: Any, today: dt.date) -> LateLine:
    promise = None
    if row.promise_on is not None:
        promise = Promise(row.promise_amount, row.promise_on, int(row.received))
    return LateLine(
        id=row.id,
        number=row.number,
        borrower=row.borrower,
        bank=row.bank,
        kecamatan=row.kecamatan,
        arrears=int(row.arrears),
        outstanding=int(row.outstanding),
        days_past_due=(today - row.uncovered_since).days,
        collectibility=int(row.collectibility),
        officer=row.officer,
        contact_kind=row.contact_kind,
        contacted_on=row.contacted_on,
        outcome=row.outcome,
        promise=promise,
    )
