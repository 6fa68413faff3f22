"""Keeping the copy of where each loan stands (`Standing`), in the transaction that writes the
journal or a schedule. Source of what it says: domain rules §4, as `rules.position`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from wibawa.database import FOREVER, among
from wibawa.loans.models import LedgerEntry, Schedule
from wibawa.loans.standings.models import Standing
from wibawa.loans.standings.queries import COLUMNS, reckoned_standings


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
