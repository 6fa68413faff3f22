"""Appending to a bank's chain: flush at most, in the transaction of the deed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.chains.lines import BEGINNING, content_of, link_hash
from wibawa.chains.queries import Head
from wibawa.database import is_sqlite
from wibawa.loans.chain.lines import BANKS
from wibawa.loans.chain.models import ChainLink
from wibawa.loans.chain.queries import head
from wibawa.uploads.garbage import collector_paused

_LOCKS = 0x77636861  # the key space of the advisory locks on heads


def append(session: Session, bank_id: int, kind: str, subject_id: int, now: dt.datetime) -> Head:
    """Let a link follow that covers what a deed wrote; the chain's new head.

    The last write of its deed, since no lock is taken while a chain's head is held: so nobody waits
    for another in a circle. What is covered is read back from the database, not from memory.
    """
    session.flush()
    with collector_paused():
        content = content_of(session, BANKS, kind, subject_id)
    before = locked_head(session, bank_id)
    number, previous = (before.number + 1, before.hash) if before else (1, BEGINNING)
    code = session.scalars(select(Bank.code).where(Bank.id == bank_id)).one()
    link = ChainLink(
        bank_id=bank_id,
        number=number,
        kind=kind,
        subject_id=subject_id,
        rows=content.rows,
        total=content.total,
        made_at=now,
        content_hash=content.hash,
        previous_hash=previous,
        hash=link_hash(code, number, kind, subject_id, now, content, previous),
    )
    session.add(link)
    session.flush()
    return Head(number, link.hash, now)


def locked_head(session: Session, bank_id: int) -> Head | None:
    """The head of a bank's chain, held until the transaction ends: no link follows meanwhile.

    To be taken after every other lock of the transaction (the bank's files, loans).
    """
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCKS, bank_id)))
    return head(session, bank_id)
