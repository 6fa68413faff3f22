"""Appending to the office's chain: flush at most, in the transaction of the decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from wibawa.chains.lines import BEGINNING, Content, Subject, contents_of, link_hash
from wibawa.chains.models import OfficeLink
from wibawa.chains.office import CODE, OFFICE
from wibawa.chains.queries import office_head
from wibawa.database import is_sqlite

_LOCK = 0x6F666368  # the key of the advisory lock on the head
_AT_ONCE = 10_000  # subjects in one statement; both engines bear three times as many


def append_decision(session: Session, kind: str, subject_id: int, now: dt.datetime) -> None:
    """Let a link of the office's chain follow that covers one decision."""
    append_decisions(session, [(kind, subject_id)], now)


def append_decisions(session: Session, subjects: Sequence[Subject], now: dt.datetime) -> None:
    """Let a link of the office's chain follow for each of these decisions, in their order, with a
    fixed number of queries.

    After every lock of its deed, also after the head of a bank's chain where both are held: so
    nobody waits for another in a circle. What is covered is read back from the database, not from
    memory.
    """
    if not subjects:
        return
    session.flush()
    contents: dict[Subject, Content] = {}
    for start in range(0, len(subjects), _AT_ONCE):
        contents |= contents_of(session, OFFICE, subjects[start : start + _AT_ONCE])
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    before = office_head(session)
    number, previous = (before.number, before.hash) if before else (0, BEGINNING)
    session.execute(insert(OfficeLink), list(_links(contents, number, previous, now)))


def _links(
    contents: dict[Subject, Content], number: int, previous: str, now: dt.datetime
) -> Iterator[dict[str, Any]]:
    """The rows of links that follow the one of this number and hash."""
    for (kind, subject_id), content in contents.items():
        number += 1
        own = link_hash(CODE, number, kind, subject_id, now, content, previous)
        yield {
            "number": number,
            "kind": kind,
            "subject_id": subject_id,
            "rows": content.rows,
            "total": content.total,
            "made_at": now,
            "content_hash": content.hash,
            "previous_hash": previous,
            "hash": own,
        }
        previous = own
