"""How much principal money paid off in spans of a period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from wibawa.banks.queries import thresholds_on
from wibawa.database import is_sqlite
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.loans.positions import positions
from wibawa.reports.books import Span, of_bank, span_of, whole
from wibawa.reports.forms import Scope


def principal_paid(
    session: Session, scope: Scope, each: Sequence[Span]
) -> dict[tuple[int, int], int]:
    """Principal that money paid off, in rupiah, by the place of the span and the bank: what was
    paid off at its end less at its beginning, without what opening portfolios brought in."""
    days = [scope.first - dt.timedelta(days=1), *(span.last for span in each)]
    stood, brought = _paid_off(session, scope, days), _brought(session, scope, each)
    return {
        (at, bank_id): sums[at + 1] - sums[at] - brought.get((at, bank_id), 0)
        for at in range(len(each))
        for bank_id, sums in stood.items()
    }


def _paid_off(
    session: Session, scope: Scope, days: Sequence[dt.date]
) -> dict[int, tuple[int, ...]]:
    """Principal paid off at the end of each of the days, by bank, in one look at the journal and
    one at the schedules. Installments that were paid on all of the days are left out where the
    schedule stayed the same: only differences between the days mean something."""
    sums = [
        cast(
            func.sum(case((LedgerEntry.effective_on <= day, LedgerEntry.applied), else_=0)),
            BigInteger,
        ).label(f"by_{place}")
        for place, day in enumerate(days)
    ]
    paid = (
        select(LedgerEntry.loan_id, *sums)
        .where(LedgerEntry.effective_on <= days[-1], of_bank(LedgerEntry.bank_id, scope))
        .group_by(LedgerEntry.loan_id)
        .subquery("paid")
    )
    applied = [paid.c[f"by_{place}"] for place in range(len(days))]
    least, most = (
        (func.min, func.max) if is_sqlite(session) else (func.least, func.greatest)
    )  # of several columns
    stayed = and_(Schedule.starts_on <= days[0], Schedule.ends_on > days[-1])
    covered = [_covered(money, day) for money, day in zip(applied, days, strict=True)]
    query = (
        select(Loan.bank_id, *(func.sum(value) for value in covered))
        .select_from(paid)
        .join(Loan, Loan.id == paid.c.loan_id)
        .join(
            Schedule,
            and_(
                Schedule.loan_id == paid.c.loan_id,
                Schedule.starts_on <= days[-1],
                Schedule.ends_on > days[0],
            ),
        )
        .join(
            ScheduleRow,
            and_(
                ScheduleRow.schedule_id == Schedule.id,
                ScheduleRow.total_before < most(*applied),
                or_(ScheduleRow.total_through > least(*applied), ~stayed),
            ),
        )
        .group_by(Loan.bank_id)
    )
    return {bank_id: whole(values) for bank_id, *values in session.execute(query)}


def _covered(applied: Any, day: dt.date) -> ColumnElement[int]:
    """How much of an installment's principal is covered on a day, if its schedule was in force."""
    into = applied - ScheduleRow.total_before - ScheduleRow.interest
    return case(
        (or_(into <= 0, Schedule.starts_on > day, Schedule.ends_on <= day), 0),
        (into < ScheduleRow.principal, into),
        else_=ScheduleRow.principal,
    )


def _brought(session: Session, scope: Scope, each: Sequence[Span]) -> dict[tuple[int, int], int]:
    """Principal that opening portfolios say was paid before, by the span in which they came."""
    opened = session.scalars(
        select(Loan.opened_on)
        .where(Loan.opened_on.between(scope.first, scope.last), of_bank(Loan.bank_id, scope))
        .distinct()
    )
    classes = thresholds_on(session, scope.last)  # no class is asked for here
    parts = []
    for at in sorted({span_of(day, each) for day in opened if day is not None}):
        span = each[at]
        stood = (
            positions(span.last, classes, LedgerEntry.kind != "opening", overdue=False)
            .where(Loan.opened_on.between(span.first, span.last), of_bank(Loan.bank_id, scope))
            .subquery(f"brought_{at}")
        )
        paid = func.sum(stood.c.principal - stood.c.outstanding)
        parts.append(select(literal(at), stood.c.bank_id, paid).group_by(stood.c.bank_id))
    if not parts:
        return {}
    return {(at, bank): int(value or 0) for at, bank, value in session.execute(union_all(*parts))}
