"""What stands across the folders: a borrower's loans, and what the search box finds among loans."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.banks.models import Bank
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import Classes, positions
from wibawa.loans.queries import schedules_on
from wibawa.rules.facts import BankKind, Position
from wibawa.rules.position import position


@dataclass(frozen=True)
class BorrowerLoan:
    """One loan of a borrower; `position` is None before its first day."""

    id: int
    number: str
    bank: str
    bank_kind: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    opened_on: dt.date | None
    position: Position | None = None


@dataclass(frozen=True)
class WaitingLine:
    """A disbursement that waits for its second person."""

    id: int
    bank: str
    principal: int
    disbursed_on: dt.date
    entered_by: str
    entered_at: dt.datetime


def running_by_borrower(on: dt.date, classes: Classes) -> Subquery:
    """borrower_id, loans (how many run on `on`), outstanding (rupiah), of whoever has any."""
    each = positions(on, classes).subquery("each")
    return (
        select(
            Loan.borrower_id,
            func.count().label("loans"),
            func.sum(each.c.outstanding).label("outstanding"),
        )
        .join(each, each.c.loan_id == Loan.id)
        .where(each.c.outstanding > 0)
        .group_by(Loan.borrower_id)
        .subquery("running")
    )


def loans_of_borrower(
    session: Session, borrower_id: int, on: dt.date, classes: Classes
) -> list[BorrowerLoan]:
    """All loans of a borrower, newest first, with their position on `on`: three queries."""
    rows: Any = session.execute(
        select(
            Loan.id,
            Loan.number,
            Bank.name,
            Bank.kind,
            Loan.account_number,
            Loan.disbursed_on,
            Loan.principal,
            Loan.opened_on,
        )
        .join(Bank, Bank.id == Loan.bank_id)
        .where(Loan.borrower_id == borrower_id)
        .order_by(Loan.disbursed_on.desc(), Loan.id.desc())
    ).all()
    ids = [row[0] for row in rows]
    schedules = schedules_on(session, ids, on)
    paid: Any = session.execute(
        select(LedgerEntry.loan_id, func.sum(LedgerEntry.applied))
        .where(LedgerEntry.loan_id.in_(ids), LedgerEntry.effective_on <= on)
        .group_by(LedgerEntry.loan_id)
    )
    applied = {loan_id: int(total) for loan_id, total in paid}
    found = []
    for loan in (BorrowerLoan(*row) for row in rows):
        plan, limits = schedules.get(loan.id), classes[BankKind(loan.bank_kind)]
        if plan is not None:
            where = position(loan.principal, plan.rows, applied.get(loan.id, 0), on, limits)
            loan = replace(loan, position=where)
        found.append(loan)
    return found


def waiting_of_borrower(session: Session, borrower_id: int) -> list[WaitingLine]:
    """The borrower's disbursements that nobody has decided yet, oldest first."""
    author = aliased(User)
    rows: Any = session.execute(
        select(
            Disbursement.id,
            Bank.name,
            Disbursement.principal,
            Disbursement.disbursed_on,
            author.name,
            Disbursement.entered_at,
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(author, author.id == Disbursement.entered_by)
        .where(Disbursement.borrower_id == borrower_id, Disbursement.status == "recorded")
        .order_by(Disbursement.id)
    )
    return [WaitingLine(*row) for row in rows]
