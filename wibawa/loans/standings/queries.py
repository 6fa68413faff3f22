"""What journal and schedules say of where each loan stands and of what falls due, and whether the
copies say the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from wibawa.database import FOREVER, Base
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow
from wibawa.loans.standings.models import DueSum, MoneySum, PrincipalSum, Standing

BEFORE_ALL = dt.date.min
COLUMNS = tuple(column.name for column in Standing.__table__.columns)
DUE_COLUMNS = tuple(column.name for column in DueSum.__table__.columns)
MONEY_COLUMNS = tuple(column.name for column in MoneySum.__table__.columns)
PRINCIPAL_COLUMNS = tuple(column.name for column in PrincipalSum.__table__.columns)


def wrong_standings(session: Session) -> list[int]:
    """Loans of which the copy says something else than the journal, at most six. Reads all of it:
    for `wibawa check`."""
    found = _differing(session, Standing, COLUMNS, reckoned_standings(), "loan_id")
    return sorted({loan_id for (loan_id,) in found})[:6]


def wrong_dues(session: Session) -> list[str]:
    """Days of which the sums say something else than the schedules, at most six: of which bank,
    when they are due. Reads all of both: for `wibawa check`."""
    found = _differing(session, DueSum, DUE_COLUMNS, reckoned_dues(), "bank_id", "due_on")
    return [f"{bank}: {day.isoformat()}" for bank, day in sorted(set(found))[:6]]


def wrong_money(session: Session) -> list[str]:
    """Days of which the sums say something else than the journal, at most six: of which bank, when
    the money moved. Reads all of both: for `wibawa check`."""
    found = _differing(
        session, MoneySum, MONEY_COLUMNS, reckoned_money(), "bank_id", "effective_on"
    )
    return [f"{bank}: {day.isoformat()}" for bank, day in sorted(set(found))[:6]]


def wrong_principal(session: Session) -> list[str]:
    """Days of which the sums say something else than where the loans stand, at most six: of which
    bank, when principal fell. Reads all of both: for `wibawa check`."""
    found = _differing(
        session, PrincipalSum, PRINCIPAL_COLUMNS, reckoned_principal(), "bank_id", "fell_on",
        but=PrincipalSum.fell == 0,
    )  # fmt: skip
    return [f"{bank}: {day.isoformat()}" for bank, day in sorted(set(found))[:6]]


def _differing(
    session: Session,
    kept: type[Base],
    columns: tuple[str, ...],
    reckoned: Any,
    *key: str,
    but: ColumnElement[bool] | None = None,
) -> list[Any]:
    """Keys of rows that only one of the two has, at most six of each; kept rows that `but` names
    are passed over."""
    rows = select(*(getattr(kept, name) for name in columns))
    if but is not None:
        rows = rows.where(~but)
    found: list[Any] = []
    for one, two in ((rows, reckoned), (reckoned, rows)):
        differing = one.except_(two).subquery()
        keys = select(*(differing.c[name] for name in key)).distinct().order_by(*key).limit(6)
        found += session.execute(keys).all()
    return found


def reckoned_dues(of_schedules: ColumnElement[bool] | None = None) -> Any:
    """What `due_sums` must hold of the schedules that the condition names."""
    row = ScheduleRow
    key = (Loan.bank_id, row.due_on, Schedule.starts_on)
    return (
        select(
            *key,
            func.count().label("installments"),
            cast(func.sum(row.principal), BigInteger).label("principal"),
            cast(func.sum(row.interest), BigInteger).label("interest"),
        )
        .select_from(Schedule)
        .join(Loan, Loan.id == Schedule.loan_id)
        .join(row, row.schedule_id == Schedule.id)
        .where(row.principal + row.interest > 0, true() if of_schedules is None else of_schedules)
        .group_by(*key)
    )


def reckoned_money() -> Any:
    """What `money_sums` must hold."""
    key = (LedgerEntry.bank_id, LedgerEntry.effective_on, LedgerEntry.kind)
    return select(
        *key,
        func.count().label("entries"),
        cast(func.sum(LedgerEntry.amount), BigInteger).label("amount"),
        cast(func.sum(LedgerEntry.applied), BigInteger).label("applied"),
    ).group_by(*key)


def reckoned_principal(of_standings: ColumnElement[bool] | None = None, sign: int = 1) -> Any:
    """What `principal_sums` must hold of the rows of `loan_standings` that the condition names; or
    the negative of it."""
    at = Standing
    return (
        select(
            at.bank_id,
            at.from_on.label("fell_on"),
            cast(func.sum(at.fell) * sign, BigInteger).label("fell"),
        )
        .where(at.fell != 0, true() if of_standings is None else of_standings)
        .group_by(at.bank_id, at.from_on)
        .having(func.sum(at.fell) != 0)
    )


def reckoned_standings(
    since: dt.date = BEFORE_ALL,
    of_entries: ColumnElement[bool] | None = None,
    of_schedules: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """What `loan_standings` must hold of the loans that the conditions name: a SELECT of COLUMNS.

    With `since` only rows that begin on that day or later, and of what was before it no more is
    looked at than the sum.
    """
    spans = _spans(since, of_entries, of_schedules)
    row, into = ScheduleRow, spans.c.applied - ScheduleRow.total_before - ScheduleRow.interest
    outstanding = case(
        (row.number.is_(None), 0),
        (into > 0, row.balance + row.principal - into),
        else_=row.balance + row.principal,
    )
    stood = func.lag(outstanding, 1, Loan.principal).over(
        partition_by=spans.c.loan_id, order_by=spans.c.from_on
    )
    brought = and_(Loan.opened_on.is_not(None), Loan.opened_on == spans.c.from_on)
    found = (
        select(
            spans.c.loan_id,
            spans.c.until_on,
            spans.c.from_on,
            Loan.bank_id,
            Schedule.id.label("schedule_id"),
            spans.c.applied,
            outstanding.label("outstanding"),
            case((brought, 0), else_=stood - outstanding).label("fell"),
            row.number,
            row.due_on,
        )
        .join(Loan, Loan.id == spans.c.loan_id)
        .join(
            Schedule,
            and_(
                Schedule.loan_id == spans.c.loan_id,
                Schedule.starts_on <= spans.c.from_on,
                Schedule.ends_on > spans.c.from_on,
            ),
        )
        .outerjoin(
            row,
            and_(
                row.schedule_id == Schedule.id,
                row.total_before <= spans.c.applied,
                row.total_through > spans.c.applied,
            ),
        )
        .where(spans.c.until_on >= since)
    )
    if since == BEFORE_ALL:
        return found
    later = found.subquery("later")
    return select(*later.c).where(later.c.from_on >= since)


def _spans(
    since: dt.date,
    of_entries: ColumnElement[bool] | None,
    of_schedules: ColumnElement[bool] | None,
) -> Any:
    """loan_id, from_on, until_on, applied: from each day on which money or another version of the
    schedule came to the next such day. Of the days before `since` the last of each kind."""
    entries = and_(LedgerEntry.applied != 0, true() if of_entries is None else of_entries)
    schedules = true() if of_schedules is None else of_schedules
    on, starts = LedgerEntry.effective_on, Schedule.starts_on
    marks = [
        select(LedgerEntry.loan_id, on.label("from_on"), LedgerEntry.applied).where(
            entries, on >= since
        ),
        select(Schedule.loan_id, starts, literal(0)).where(schedules, starts >= since),
    ]
    if since != BEFORE_ALL:
        marks += [
            select(LedgerEntry.loan_id, func.max(on), func.sum(LedgerEntry.applied))
            .where(entries, on < since)
            .group_by(LedgerEntry.loan_id),
            select(Schedule.loan_id, func.max(starts), literal(0))
            .where(schedules, starts < since)
            .group_by(Schedule.loan_id),
        ]
    mark = union_all(*marks).subquery("marks")
    days = (
        select(mark.c.loan_id, mark.c.from_on, func.sum(mark.c.applied).label("applied"))
        .group_by(mark.c.loan_id, mark.c.from_on)
        .subquery("days")
    )
    in_order: Any = {"partition_by": days.c.loan_id, "order_by": days.c.from_on}
    return select(
        days.c.loan_id,
        days.c.from_on,
        func.lead(days.c.from_on, 1, literal(FOREVER)).over(**in_order).label("until_on"),
        cast(func.sum(days.c.applied).over(**in_order), BigInteger).label("applied"),
    ).subquery("spans")
