"""Which entries are reversed and what of titipan is still open, as SQL for larger queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    cast,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from wibawa.loans.models import LedgerEntry, PaymentMatch, SuspenseEntry, SuspenseResolution

RECEIVED = ("repayment", "settlement", "recovery")  # money that came in for a loan
UNDOABLE = (*RECEIVED, "write_off")  # what two persons may reverse
WRITE_OFF: ColumnElement[str] = literal_column("'write_off'")  # as text, so that its index is used
REVERSAL: ColumnElement[str] = literal_column("'reversal'")

# Made once: for each new alias SQLAlchemy reads all columns of a table again, which takes longer
# than many a query.
undoing = aliased(LedgerEntry, name="undoing")
undo, again = aliased(LedgerEntry, name="undo"), aliased(LedgerEntry, name="again")
other = aliased(SuspenseEntry, name="other")


def is_reversed(entry: Any, on: dt.date | None = None) -> ColumnElement[bool]:
    """Whether an entry is reversed, or was by the end of `on`."""
    found = (undoing.loan_id == entry.loan_id) & (undoing.reverses == entry.sequence)
    return exists().where(found if on is None else found & (undoing.effective_on <= on))


def is_from_suspense(entry: Any) -> ColumnElement[bool]:
    """Whether an entry is money that had come to titipan before: it came in once only."""
    return exists().where(
        SuspenseResolution.loan_id == entry.loan_id,
        SuspenseResolution.entry == entry.sequence,
        SuspenseResolution.kind == "loan",
    )


def is_waiting_for_its_row() -> ColumnElement[bool]:
    """Whether an entry is money recorded by hand, of which no row of a bank's file is known yet."""
    found: ColumnElement[bool] = (
        LedgerEntry.upload_id.is_(None)
        & LedgerEntry.row_key.is_(None)
        & ~exists().where(
            PaymentMatch.loan_id == LedgerEntry.loan_id,
            PaymentMatch.entry == LedgerEntry.sequence,
        )
    )
    return found


def write_offs(on: dt.date) -> Subquery:
    """loan_id, written_off_on of the loans that are written off at the end of `on`."""
    return (
        select(LedgerEntry.loan_id, func.min(LedgerEntry.effective_on).label("written_off_on"))
        .where(
            LedgerEntry.kind == WRITE_OFF,
            LedgerEntry.effective_on <= on,
            ~is_reversed(LedgerEntry, on),
        )
        .group_by(LedgerEntry.loan_id)
        .subquery("write_offs")
    )


def is_given_up(loan_id: Any, on: dt.date) -> ColumnElement[bool]:
    """Whether a loan is written off at the end of `on`; they are few, so all are looked up once."""
    found: ColumnElement[bool] = loan_id.in_(select(write_offs(on).c.loan_id))
    return found


def resolved(*kinds: str) -> Subquery:
    """suspense_id, resolved (rupiah), of these kinds of resolutions; of all when none is named."""
    query = select(
        SuspenseResolution.suspense_id,
        cast(func.sum(SuspenseResolution.amount), BigInteger).label("resolved"),
    ).group_by(SuspenseResolution.suspense_id)
    if kinds:
        query = query.where(SuspenseResolution.kind.in_(kinds))
    return query.subquery("_".join(("resolved", *kinds)))


def open_of(entry: Any = SuspenseEntry, on: dt.date | None = None) -> ColumnElement[int]:
    """What of titipan nobody has resolved, or had by the end of `on`, rupiah."""
    taken = (
        select(func.coalesce(func.sum(SuspenseResolution.amount), 0))
        .where(
            SuspenseResolution.suspense_id == entry.id,
            true() if on is None else SuspenseResolution.effective_on <= on,
        )
        .scalar_subquery()
    )
    return cast(entry.amount - taken, BigInteger)


def is_given_back(entry: Any = SuspenseEntry) -> ColumnElement[bool]:
    """Whether titipan was returned or reversed as a whole: its money is with the office no more."""
    taken = (
        select(func.coalesce(func.sum(SuspenseResolution.amount), 0))
        .where(
            SuspenseResolution.suspense_id == entry.id,
            SuspenseResolution.kind.in_(("returned", "reversed")),
        )
        .scalar_subquery()
    )
    given_back: ColumnElement[bool] = taken == entry.amount
    return given_back


def undone_keys(session: Session, bank_id: int) -> dict[str, int]:
    """Key of a bank's money that is undone as a whole → how often it has been posted: one query.

    Reversals are few, so the bank's are all looked at.
    """
    parts = (
        select(LedgerEntry.row_key, LedgerEntry.attempt)
        .join(
            undo,
            (undo.loan_id == LedgerEntry.loan_id) & (undo.reverses == LedgerEntry.sequence),
        )
        .where(undo.kind == REVERSAL, undo.bank_id == bank_id, LedgerEntry.row_key.is_not(None)),
        select(SuspenseEntry.row_key, SuspenseEntry.attempt).where(
            SuspenseEntry.bank_id == bank_id,
            SuspenseEntry.row_key.is_not(None),
            SuspenseEntry.id.in_(
                select(SuspenseResolution.suspense_id).where(
                    SuspenseResolution.kind.in_(("returned", "reversed"))
                )
            ),
            is_given_back(),
        ),
    )
    rows = union_all(*parts).subquery("undone")
    query = (
        select(rows.c.row_key, func.max(rows.c.attempt))
        .where(
            ~exists().where(
                again.bank_id == bank_id, again.row_key == rows.c.row_key, ~is_reversed(again)
            ),
            ~exists().where(
                other.bank_id == bank_id, other.row_key == rows.c.row_key, ~is_given_back(other)
            ),
        )
        .group_by(rows.c.row_key)
    )
    return {key: int(attempt) for key, attempt in session.execute(query)}
