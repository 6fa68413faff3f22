"""What must always hold of locked years: part of `wibawa check`."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.indicators.locks.document import fingerprint, members_bytes, read_again
from wibawa.indicators.locks.queries import members_kept
from wibawa.indicators.models import YearLock
from wibawa.loans.invariants import Check


def lock_checks(session: Session) -> list[Check]:
    """Every lock has the hash of its document, and the document that of its list."""
    documents, lists = [], []
    query = select(YearLock.id, YearLock.year, YearLock.version, YearLock.data, YearLock.data_hash)
    for lock_id, year, version, data, said in session.execute(query.order_by(YearLock.id)).all():
        name = f"{year} versi {version}"
        if fingerprint(data) != said:
            documents.append(name)
        kept = fingerprint(members_bytes(members_kept(session, lock_id)))
        if kept != read_again(data)["members_sha256"]:
            lists.append(name)
    return [
        Check("locked_years_have_their_hash", ", ".join(documents)),
        Check("locked_years_have_their_list", ", ".join(lists)),
    ]
