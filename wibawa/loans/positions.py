"""The position of every loan on any day as ONE set-based query (domain rules §4).

The same function as `rules.position`: read from the copy that is written with the journal
(`standings`), or said in SQL over the running sums of the schedule rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

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
)
from sqlalchemy.orm import aliased

from wibawa.banks.models import Bank
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.loans.standings.models import Standing
from wibawa.loans.undone import write_offs
from wibawa.rules.collectibility import Thresholds
from wibawa.rules.facts import BankKind

Classes = Mapping[BankKind, Thresholds]
current = aliased(ScheduleRow, name="current_row")
due = aliased(ScheduleRow, name="due_row")


class _Stood(NamedTuple):
    """Where each loan stands, as columns, and how they come to a query of loans."""

    schedule_id: Any
    number: Any
    applied: Any
    outstanding: Any
    due_on: Any
    joined: Callable[[Any], Any]


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
    out, as if they had never been: then the journal itself is added up, else its copy is read.
    Without `overdue` the two columns of arrears are not there, and no schedule is looked at.
    """
    at = _kept(on) if besides is None else _reckoned(on, besides)
    given_up = write_offs(on)
    # Who lacks money of a row that is past due lacks some of the last such row too.
    behind = at.due_on < on
    late = (
        case((behind, due.total_through - at.applied), else_=0).label("arrears"),
        case((behind, at.outstanding - due.balance), else_=0).label("arrears_principal"),
    )
    query: Any = select(
        Loan.id.label("loan_id"),
        Loan.bank_id,
        Loan.principal,
        at.applied.label("applied"),
        at.outstanding.label("outstanding"),
        *(late if overdue else ()),
        case((behind, at.due_on), else_=None).label("uncovered_since"),
        _class(on, classes, behind, at.due_on).label("collectibility"),
        given_up.c.written_off_on,
    )
    query = at.joined(query.select_from(Loan))
    query = query.outerjoin(given_up, given_up.c.loan_id == Loan.id).where(Loan.disbursed_on <= on)
    if overdue:
        query = query.outerjoin(due, and_(behind, _last_due(on, at)))
    found: Select[tuple[object, ...]] = query
    return found


def _kept(on: dt.date) -> _Stood:
    """What is written down for the day."""

    def joined(query: Any) -> Any:
        return query.join(Standing, and_(Standing.loan_id == Loan.id, stands_on(on)))

    at = Standing
    return _Stood(at.schedule_id, at.number, at.applied, at.outstanding, at.due_on, joined)


def stood(on: dt.date, *columns: Any) -> Any:
    """A SELECT of where each loan disbursed by then stands, for what asks less than a position. It
    begins with the loans: of the copy one row of each is looked up, not the rows of all days."""
    query = _kept(on).joined(select(*columns).select_from(Loan))
    return query.where(Loan.disbursed_on <= on)


def stands_on(on: dt.date) -> ColumnElement[bool]:
    """Whether a row of `Standing` tells of this day."""
    return and_(Standing.until_on > on, Standing.from_on <= on)


def _last_due(on: dt.date, at: Any) -> ColumnElement[bool]:
    """The last installment that is past due, of those that lack money: `due` of who is behind.

    Its days are hidden in a COALESCE, or SQLite would read the installments of all loans first, to
    know of which it need not look any up.
    """
    theirs = and_(due.schedule_id == at.schedule_id, due.number >= at.number)
    return and_(
        theirs, func.coalesce(due.due_on, on) < on, func.coalesce(due.next_due_on, on) >= on
    )


def _reckoned(on: dt.date, besides: ColumnElement[bool]) -> _Stood:
    """What the journal without some entries says, poured over the schedule in force."""
    paid = _paid(on, besides)
    applied = func.coalesce(paid.c.applied, 0)
    into = applied - current.total_before - current.interest
    outstanding = case(
        (current.number.is_(None), 0),
        (into > 0, current.balance + current.principal - into),
        else_=current.balance + current.principal,
    )

    def joined(query: Any) -> Any:
        return (
            query.join(
                Schedule,
                and_(Schedule.loan_id == Loan.id, Schedule.starts_on <= on, on < Schedule.ends_on),
            )
            .outerjoin(paid, paid.c.loan_id == Loan.id)
            .outerjoin(
                current,
                and_(
                    current.schedule_id == Schedule.id,
                    current.total_before <= applied,
                    current.total_through > applied,
                ),
            )
        )

    return _Stood(Schedule.id, current.number, applied, outstanding, current.due_on, joined)


def _paid(on: dt.date, besides: ColumnElement[bool]) -> Subquery:
    """What was applied to each loan by then. PostgreSQL sums BIGINT into NUMERIC, which is slow to
    compare with two million rows."""
    total = cast(func.sum(LedgerEntry.applied), BigInteger)
    return (
        select(LedgerEntry.loan_id, total.label("applied"))
        .where(LedgerEntry.effective_on <= on, ~besides)
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

    def of_kind(kind: BankKind) -> ColumnElement[bool]:
        # Not a join: SQLite would then read the loans bank by bank and not as they lie.
        return Loan.bank_id.in_(select(Bank.id).where(Bank.kind == kind.value))

    return case(
        *((behind & of_kind(kind), ladder(limits)) for kind, limits in classes.items()),
        (behind, literal(5)),
        else_=literal(1),
    )
