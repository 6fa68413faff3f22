"""Appending to the office's chain: flush at most, in the transaction of the decision."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.chains.lines import BEGINNING, content_of, link_hash
from wibawa.chains.models import OfficeLink
from wibawa.chains.office import CODE, OFFICE
from wibawa.chains.queries import office_head
from wibawa.database import is_sqlite

_LOCK = 0x6F666368  # the key of the advisory lock on the head


def append_decision(session: Session, kind: str, subject_id: int, now: dt.datetime) -> None:
    """Let a link of the office's chain follow that covers a decision.

    The last write of its deed, and after the head of a bank's chain where both are held: so nobody
    waits for another in a circle. What is covered is read back from the database, not from memory.
    """
    session.flush()
    content = content_of(session, OFFICE, kind, subject_id)
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = office_head(session)
    number, previous = (before.number + 1, before.hash) if before else (1, BEGINNING)
    session.add(
        OfficeLink(
            number=number,
            kind=kind,
            subject_id=subject_id,
            rows=content.rows,
            total=content.total,
            made_at=now,
            content_hash=content.hash,
            previous_hash=previous,
            hash=link_hash(CODE, number, kind, subject_id, now, content, previous),
        )
    )
    session.flush()
