"""Keeping the copies of where each loan stands (`Standing`, with it `PrincipalSum`), of what falls
due (`DueSum`) and of what money moved (`MoneySum`), in the transaction that writes the journal or a
schedule.

Source of what they say: domain rules §4, as `rules.position`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from wibawa.banks.models import Bank
from wibawa.database import FOREVER, Base, among, is_sqlite
from wibawa.loans.models import LedgerEntry, Loan, Schedule
from wibawa.loans.standings.models import DueSum, MoneySum, PrincipalSum, Standing
from wibawa.loans.standings.queries import (
    COLUMNS,
    DUE_COLUMNS,
    MONEY_COLUMNS,
    PRINCIPAL_COLUMNS,
    reckoned_dues,
    reckoned_money,
    reckoned_principal,
    reckoned_standings,
)

_LOCKS = 0x64756573  # the key space of the advisory locks on the sums of a bank


def stand_anew(session: Session, loan_ids: Collection[int], since: dt.date) -> None:
    """Write down where these loans stand from `since` on: the earliest day on which an entry or a
    version of a schedule came to one of them. Six statements, whatever the number of loans, and on
    PostgreSQL a lock before them, as `count_dues` takes it and for the same reason."""
    if not loan_ids:
        return
    session.flush()
    if not is_sqlite(session):
        banks = select(Loan.bank_id).where(among(session, Loan.id, loan_ids))
        _lock(session, banks.distinct().order_by(Loan.bank_id))
    at, theirs = Standing, among(session, Standing.loan_id, loan_ids)
    later = theirs & (at.from_on >= since)
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
        _fell(session, later, -1),
        delete(at).where(later),
        cut,
        insert(at).from_select(COLUMNS, reckoned),
        joined,
        _fell(session, later, 1),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def _fell(session: Session, of_standings: ColumnElement[bool], sign: int) -> Any:
    """Add what principal fell by with these rows to the sums of their days, or take it away."""
    more = _into(session, PrincipalSum).from_select(
        PRINCIPAL_COLUMNS, reckoned_principal(of_standings, sign)
    )
    return _adding(more, PrincipalSum)


class Moved:
    """New entries added up by the bank, the day on which the money moved, and the kind."""

    def __init__(self) -> None:
        self.sums: dict[tuple[int, dt.date, str], list[int]] = {}

    def add(self, bank_id: int, day: dt.date, kind: str, amount: int, applied: int) -> None:
        found = self.sums.setdefault((bank_id, day, kind), [0, 0, 0])
        found[0] += 1
        found[1] += amount
        found[2] += applied


def count_money(session: Session, moved: Moved) -> None:
    """Add new entries to the sums of their days: one statement, and on PostgreSQL a lock before it,
    as `count_dues` takes it and for the same reason."""
    sums = moved.sums
    if not sums:
        return
    session.flush()
    if not is_sqlite(session):
        banks = select(Bank.id).where(Bank.id.in_({bank_id for bank_id, _, _ in sums}))
        _lock(session, banks.order_by(Bank.id))
    rows = [dict(zip(MONEY_COLUMNS, (*key, *sums[key]), strict=True)) for key in sorted(sums)]
    session.execute(_adding(_into(session, MoneySum), MoneySum), rows)


def count_dues(session: Session, schedule_ids: Collection[int]) -> None:
    """Add the installments of new versions to the sums of what falls due: one statement, and on
    PostgreSQL a lock before it.

    Whoever lends for a bank waits here for whoever does so at the same moment, before the head of
    the bank's chain: so nobody waits for another in a circle.
    """
    if not schedule_ids:
        return
    session.flush()
    theirs = among(session, Schedule.id, schedule_ids)
    if not is_sqlite(session):
        lent = select(Loan.bank_id).join(Schedule, Schedule.loan_id == Loan.id).where(theirs)
        _lock(session, lent.distinct().order_by(Loan.bank_id))
    more = _into(session, DueSum).from_select(DUE_COLUMNS, reckoned_dues(theirs))
    session.execute(_adding(more, DueSum), execution_options={"synchronize_session": False})


def _lock(session: Session, banks: Select[int]) -> None:
    """Wait until nobody else adds to the sums of these banks, which are named in their order."""
    those = banks.subquery()
    session.execute(select(func.pg_advisory_xact_lock(_LOCKS, *those.c)))


def _into(session: Session, kept: type[Base]) -> Any:
    return (sqlite if is_sqlite(session) else postgresql).insert(kept)


def _adding(rows: Any, kept: type[Base]) -> Any:
    """The insert of these rows, of which a row whose key is there already is added to that."""
    table = kept.__table__
    sums = [column for column in table.c if not column.primary_key]
    return rows.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={each.name: each + rows.excluded[each.name] for each in sums},
    )


def rebuild(session: Session) -> int:
    """Throw the copies away and make them anew from journal and schedules; how many rows the one
    of where each loan stands has."""
    for kept, columns, reckoned in (
        (Standing, COLUMNS, reckoned_standings()),
        (DueSum, DUE_COLUMNS, reckoned_dues()),
        (MoneySum, MONEY_COLUMNS, reckoned_money()),
        (PrincipalSum, PRINCIPAL_COLUMNS, reckoned_principal()),
    ):
        session.execute(delete(kept).execution_options(synchronize_session=False))
        session.execute(insert(kept).from_select(columns, reckoned))
    return session.scalar(select(func.count()).select_from(Standing)) or 0
