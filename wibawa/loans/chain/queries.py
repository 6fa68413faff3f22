"""Where a bank's chain stands, which rows it covers up to a link, and whether it is whole."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.chains.queries import Head
from wibawa.loans.chain.lines import DISBURSEMENT, REQUEST, UPLOAD
from wibawa.loans.chain.models import ChainLink
from wibawa.loans.models import LedgerEntry


def head(session: Session, bank_id: int) -> Head | None:
    """The last link of a bank's chain; None while nothing was posted."""
    found: Any = session.execute(
        select(ChainLink.number, ChainLink.hash, ChainLink.made_at)
        .where(ChainLink.bank_id == bank_id)
        .order_by(ChainLink.number.desc())
        .limit(1)
    ).first()
    return None if found is None else Head(*found)


def link_of(session: Session, kind: str, subject_id: int) -> Head | None:
    """The link of a file, request or loan; None for one that is not in the books."""
    found: Any = session.execute(
        select(ChainLink.number, ChainLink.hash, ChainLink.made_at).where(
            ChainLink.kind == kind, ChainLink.subject_id == subject_id
        )
    ).first()
    return None if found is None else Head(*found)


def is_within(entry: Any, bank_id: int, number: int) -> ColumnElement[bool]:
    """Whether a row of a bank's journal or titipan is covered by its links up to `number`.

    `entry` is LedgerEntry, SuspenseEntry or SuspenseResolution, or an alias of one; the caller
    picks the bank's rows. What each link covers is looked up once, not row by row.
    """
    table = getattr(entry, "__tablename__", None) or entry.__table__.name
    if table == "ledger_entries":
        return or_(
            entry.upload_id.in_(_subjects(UPLOAD, bank_id, number)),
            and_(
                entry.upload_id.is_(None),
                entry.request_id.in_(_subjects(REQUEST, bank_id, number)),
            ),
            and_(
                entry.upload_id.is_(None),
                entry.request_id.is_(None),
                entry.loan_id.in_(_subjects(DISBURSEMENT, bank_id, number)),
            ),
        )
    if table == "suspense_entries":
        by_hand = aliased(LedgerEntry)
        of_entry = exists().where(
            by_hand.loan_id == entry.loan_id,
            by_hand.sequence == entry.entry,
            by_hand.request_id.in_(_subjects(REQUEST, bank_id, number)),
        )
        return or_(entry.upload_id.in_(_subjects(UPLOAD, bank_id, number)), of_entry)
    assert table == "suspense_resolutions", f"{table} is not in the chain"
    within: ColumnElement[bool] = entry.request_id.in_(_subjects(REQUEST, bank_id, number))
    return within


def _subjects(kind: str, bank_id: int, number: int) -> Select[Any]:
    return select(ChainLink.subject_id).where(
        ChainLink.bank_id == bank_id, ChainLink.number <= number, ChainLink.kind == kind
    )
