"""Keeping the copy of where each loan stands (`Standing`), in the transaction that writes the
journal or a schedule. Source of what it says: domain rules §4, as `rules.position`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from wibawa.database import FOREVER, among
from wibawa.loans.models import LedgerEntry, Loan, Schedule, ScheduleRow, Standing

BEFORE_ALL = dt.date.min
COLUMNS = tuple(column.name for column in Standing.__table__.columns)


def stand_anew(session: Session, loan_ids: Collection[int], since: dt.date) -> None:
    """Write down where these loans stand from `since` on: the earliest day on which an entry or a
    version of a schedule came to one of them. Four statements, whatever the number of loans."""
    if not loan_ids:
        return
    session.flush()
    at, theirs = Standing, among(session, Standing.loan_id, loan_ids)
    cut = update(at).where(theirs, at.until_on > since).values(until_on=since)
    reckoned = reckoned_standings(
        since,
        among(session, LedgerEntry.loan_id, loan_ids),
        among(session, Schedule.loan_id, loan_ids),
    )
    # What was cut on a day on which nothing came to that loan goes on to the next row.
    following = aliased(Standing, name="following")
    next_on = (
        select(func.min(following.from_on))
        .where(following.loan_id == at.loan_id, following.from_on >= since)
        .scalar_subquery()
    )
    joined = (
        update(at)
        .where(theirs, at.until_on == since, func.coalesce(next_on, FOREVER) != since)
        .values(until_on=func.coalesce(next_on, FOREVER))
    )
    for statement in (
        delete(at).where(theirs, at.from_on >= since),
        cut,
        insert(at).from_select(COLUMNS, reckoned),
        joined,
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def rebuild(session: Session) -> int:
    """Throw the copy away and make it anew from the journal; how many rows it has."""
    session.execute(delete(Standing).execution_options(synchronize_session=False))
    session.execute(insert(Standing).from_select(COLUMNS, reckoned_standings()))
    return session.scalar(select(func.count()).select_from(Standing)) or 0


def wrong_standings(session: Session) -> list[int]:
    """Loans of which the copy says something else than the journal, at most six. Reads all of it:
    for `wibawa check`."""
    kept = select(*(getattr(Standing, name) for name in COLUMNS))
    reckoned = reckoned_standings()
    found: set[int] = set()
    for one, two in ((kept, reckoned), (reckoned, kept)):
        differing = one.except_(two).subquery()
        found |= set(session.scalars(select(differing.c.loan_id).distinct().limit(6)))
    return sorted(found)[:6]


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
