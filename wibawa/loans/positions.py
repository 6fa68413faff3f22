"""The position of every loan on any day as ONE set-based query (domain rules §4).

The same function as `rules.position`, said in SQL over the running sums of the schedule rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import aliased

from wibawa.banks.models import Bank
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.loans.undone import write_offs
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind

Classes = Mapping[BankKind, Thresholds]
current = aliased(ScheduleRow, name="current_row")
due = aliased(ScheduleRow, name="due_row")


def positions(
    on: dt.date,
    classes: Classes,
    besides: ColumnElement[bool] | None = None,
    *,
    overdue: bool = True,
) -> Select[tuple[object, ...]]:
    """A SELECT with one row for each loan disbursed on or before `on`.

    Columns: loan_id, bank_id, principal, applied, outstanding (principal, rupiah), arrears,
    arrears_principal, uncovered_since (due date of the oldest uncovered installment that is past
    due, else NULL), collectibility (1–5) and written_off_on (NULL unless written off by then: the
    claim remains, but it counts neither for NPL nor for PAR). Entries that `besides` names are left
    out, as if they had never been. Without `overdue` the two columns of arrears are not there, and
    one of two looks into the schedule rows is saved.
    """
    paid = _paid(on, besides)
    given_up = write_offs(on)
    applied = func.coalesce(paid.c.applied, 0)
    into = applied - current.total_before - current.interest
    outstanding = case(
        (current.number.is_(None), 0),
        (into > 0, current.balance + current.principal - into),
        else_=current.balance + current.principal,
    )
    # Who lacks money of a row that is past due lacks some of the last such row too.
    behind = current.due_on < on
    late = (
        case((behind, due.total_through - applied), else_=0).label("arrears"),
        case((behind, outstanding - due.balance), else_=0).label("arrears_principal"),
    )
    query = (
        select(
            Loan.id.label("loan_id"),
            Loan.bank_id,
            Loan.principal,
            applied.label("applied"),
            outstanding.label("outstanding"),
            *(late if overdue else ()),
            case((behind, current.due_on), else_=None).label("uncovered_since"),
            _class(on, classes, behind, current.due_on).label("collectibility"),
            given_up.c.written_off_on,
        )
        .join(Bank, Bank.id == Loan.bank_id)
        .join(
            Schedule,
            and_(Schedule.loan_id == Loan.id, Schedule.starts_on <= on, on < Schedule.ends_on),
        )
        .outerjoin(paid, paid.c.loan_id == Loan.id)
        .outerjoin(given_up, given_up.c.loan_id == Loan.id)
        .outerjoin(
            current,
            and_(
                current.schedule_id == Schedule.id,
                current.total_before <= applied,
                current.total_through > applied,
            ),
        )
        .where(Loan.disbursed_on <= on)
    )
    if not overdue:
        return query
    return query.outerjoin(
        due, and_(due.schedule_id == Schedule.id, due.due_on < on, due.next_due_on >= on)
    )


def _paid(on: dt.date, besides: ColumnElement[bool] | None) -> Subquery:
    """What was applied to each loan by then. PostgreSQL sums BIGINT into NUMERIC, which is slow to
    compare with two million rows."""
    total = cast(func.sum(LedgerEntry.applied), BigInteger)
    return (
        select(LedgerEntry.loan_id, total.label("applied"))
        .where(LedgerEntry.effective_on <= on, true() if besides is None else ~besides)
        .group_by(LedgerEntry.loan_id)
        .subquery("paid")
    )


def _class(
    on: dt.date, classes: Classes, behind: ColumnElement[bool], due_on: Any
) -> ColumnElement[int]:
    """Class 1–5 by comparing due dates with days counted back from `on`: no dates made in SQL."""

    def ladder(limits: Thresholds) -> ColumnElement[int]:
        steps: list[tuple[ColumnElement[bool], int]] = [
            (due_on >= on - dt.timedelta(days=limit), number)
            for number, limit in enumerate(limits, 1)
        ]
        return case(*steps, else_=5)

    return case(
        *((behind & (Bank.kind == kind.value), ladder(limits)) for kind, limits in classes.items()),
        (behind, literal(5)),
        else_=literal(1),
    )
