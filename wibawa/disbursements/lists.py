"""The filtered list of disbursements, and the approved applications that wait for one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.applications.models import Application
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import STATUS_WORDS
from wibawa.rules.statuses import State
from wibawa.web.clock import in_wib
from wibawa.web.pages import Page, Wanted

SORTS = ("dicatat", "cair", "nama", "bank", "plafon")
STATUSES = {"menunggu": "recorded", "disetujui": "approved", "ditolak": "refused"}
APPROVED_SORTS = ("sejak", "nama", "bank", "jumlah", "nomor")
entered = aliased(User, name="entered")
decided = aliased(User, name="decided")


@dataclass(frozen=True)
class DisbursementFilter:
    status: str = ""
    bank_id: int | None = None


@dataclass(frozen=True)
class DisbursementLine:
    id: int
    status: str
    borrower: str
    business_name: str
    bank: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]


@dataclass(frozen=True)
class DisbursementTotals:
    count: int
    principal: int
    waiting: int


@dataclass(frozen=True)
class ApprovedLine:
    """An application that a bank approved and nobody has recorded as paid out."""

    id: int
    number: str
    borrower: str
    business_name: str
    bank: str
    approved_amount: int
    months: int
    since: dt.datetime
    days: int


@dataclass(frozen=True)
class ApprovedTotals:
    count: int
    amount: int


def disbursement_lines(
    session: Session, asked_for: DisbursementFilter, asked: Wanted
) -> tuple[Page[DisbursementLine], DisbursementTotals]:
    """One page, what waits first, and the totals of the whole filtered list: two queries."""
    query = _lines()
    count = select(
        func.count(),
        func.coalesce(func.sum(Disbursement.principal), 0),
        func.coalesce(func.sum(case((Disbursement.status == "recorded", 1), else_=0)), 0),
    )
    conditions = []
    if asked_for.status in STATUSES:
        conditions.append(Disbursement.status == STATUSES[asked_for.status])
    if asked_for.bank_id is not None:
        conditions.append(Disbursement.bank_id == asked_for.bank_id)
    by = {
        "dicatat": Disbursement.entered_at,
        "cair": Disbursement.disbursed_on,
        "nama": Borrower.name_key,
        "bank": Bank.name,
        "plafon": Disbursement.principal,
    }[asked.sort]
    waiting_first = case((Disbursement.status == "recorded", 0), else_=1)
    order = by.desc() if asked.descending else by.asc()
    last = Disbursement.id.desc() if asked.descending else Disbursement.id.asc()
    found = session.execute(
        query.where(*conditions)
        .order_by(waiting_first, order, last)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [DisbursementLine(*row) for row in found]
    totals = DisbursementTotals(
        *(int(value) for value in session.execute(count.where(*conditions)).one())
    )
    return Page(lines, asked.page, asked.per_page, totals.count), totals


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Disbursement.id,
            Disbursement.status,
            Borrower.name,
            Borrower.business_name,
            Bank.name,
            Disbursement.account_number,
            Disbursement.disbursed_on,
            Disbursement.principal,
            entered.name,
            Disbursement.entered_at,
            decided.name,
            Disbursement.decided_at,
        )
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(entered, entered.id == Disbursement.entered_by)
        .outerjoin(decided, decided.id == Disbursement.decided_by)
    )


def waits_to_be_paid_out() -> ColumnElement[bool]:
    """The approved applications of which no disbursement waits."""
    recorded = exists().where(
        Disbursement.application_id == Application.id, Disbursement.status == "recorded"
    )
    return and_(Application.state == State.APPROVED, ~recorded)


def approved_count(session: Session) -> int:
    counted = select(func.count()).select_from(Application).where(waits_to_be_paid_out())
    return int(session.scalar(counted) or 0)


def approved_lines(
    session: Session, bank_id: int | None, asked: Wanted, today: dt.date
) -> tuple[Page[ApprovedLine], ApprovedTotals]:
    """One page of what waits, and the totals of the whole filtered list: two queries."""
    conditions = _approved_of(bank_id)
    count, amount = session.execute(
        select(func.count(), func.sum(Application.approved_amount))
        .select_from(Application)
        .where(*conditions)
    ).one()
    query = _approved(bank_id, asked).limit(asked.per_page).offset(asked.offset)
    lines = [_approved_line(row, today) for row in session.execute(query)]
    totals = ApprovedTotals(int(count), int(amount or 0))
    return Page(lines, asked.page, asked.per_page, totals.count), totals


def all_approved_lines(
    session: Session, bank_id: int | None, asked: Wanted, today: dt.date
) -> list[ApprovedLine]:
    """The whole filtered list, for its export."""
    return [_approved_line(row, today) for row in session.execute(_approved(bank_id, asked))]


def _approved_of(bank_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [waits_to_be_paid_out()]
    if bank_id is not None:
        conditions.append(Application.bank_id == bank_id)
    return conditions


def _approved(bank_id: int | None, asked: Wanted) -> Select[*tuple[Any, ...]]:
    by: Any = {
        "sejak": Application.state_since,
        "nama": Borrower.name_key,
        "bank": Bank.name,
        "jumlah": Application.approved_amount,
        "nomor": Application.id,
    }[asked.sort]
    order = by.desc() if asked.descending else by.asc()
    last = Application.id.desc() if asked.descending else Application.id.asc()
    return (
        select(
            Application.id,
            Application.number,
            Borrower.name.label("borrower"),
            Borrower.business_name,
            Bank.name.label("bank"),
            Application.approved_amount,
            Application.months,
            Application.state_since.label("since"),
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Bank, Bank.id == Application.bank_id)
        .where(*_approved_of(bank_id))
        .order_by(order, last)
    )


def _approved_line(row: Any, today: dt.date) -> ApprovedLine:
    return ApprovedLine(**row._mapping, days=(today - in_wib(row.since).date()).days)
