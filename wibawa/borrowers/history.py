"""What was written down about a borrower: registrations, changes, and who was shown the NIK."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry, User
from wibawa.access.sealed import shown_fact
from wibawa.borrowers.models import Borrower, BorrowerChange


@dataclass(frozen=True)
class Shown:
    """Somebody was shown the full NIK, for a reason."""

    at: dt.datetime
    who: str
    reason: str


@dataclass(frozen=True)
class Record:
    """A borrower's own record, or one that was merged into it."""

    id: int
    name: str
    registered_at: dt.datetime
    registered_by: str
    merged: bool


def records_of(session: Session, borrower_id: int) -> list[Record]:
    """The borrower's own record first, then those that were merged into it."""
    rows = session.execute(
        select(
            Borrower.id,
            Borrower.name,
            Borrower.created_at,
            User.name,
            Borrower.merged_into_id.is_not(None),
        )
        .join(User, User.id == Borrower.created_by)
        .where(or_(Borrower.id == borrower_id, Borrower.merged_into_id == borrower_id))
        .order_by(Borrower.id != borrower_id, Borrower.id)
    )
    return [Record(*row[:4], bool(row[4])) for row in rows]


def nik_shown(session: Session, ids: Sequence[int]) -> list[Shown]:
    """When the full NIK of these records was shown, to whom and why; newest first."""
    rows = session.execute(
        select(TrailEntry.at, User.name, TrailEntry.detail)
        .join(User, User.id == TrailEntry.user_id)
        .where(
            TrailEntry.object_kind == "borrower",
            TrailEntry.object_id.in_(ids),
            TrailEntry.action == "nik_revealed",
        )
        .order_by(TrailEntry.id.desc())
    )
    return [Shown(*row) for row in rows]


@dataclass(frozen=True)
class ChangeLine:
    """One kept change, as stored; `checks.said` makes it readable."""

    number: int
    at: dt.datetime
    who: str
    field: str
    before: str
    after: str
    record_id: int
    upload_id: int | None = None  # the file, and its row, that the change came from
    row: int | None = None


def changes_of(session: Session, ids: Sequence[int], after: int = 0) -> list[ChangeLine]:
    """What was changed in these records, oldest first; only what is newer than number `after`."""
    rows = session.execute(
        select(
            BorrowerChange.id,
            BorrowerChange.at,
            User.name,
            BorrowerChange.field,
            BorrowerChange.before,
            BorrowerChange.after,
            BorrowerChange.borrower_id,
            BorrowerChange.upload_id,
            BorrowerChange.row_number,
        )
        .join(User, User.id == BorrowerChange.user_id)
        .where(BorrowerChange.borrower_id.in_(ids), BorrowerChange.id > after)
        .order_by(BorrowerChange.id)
    )
    return [_shown(ChangeLine(*row)) for row in rows]


def _shown(line: ChangeLine) -> ChangeLine:
    """A phone, an address, a day of birth masked for who may not see it."""
    before, after = (shown_fact(line.field, text) for text in (line.before, line.after))
    return replace(line, before=before, after=after)


def last_change(session: Session, borrower_id: int) -> int:
    """The number of the last change, 0 when there was none."""
    query = select(func.max(BorrowerChange.id)).where(BorrowerChange.borrower_id == borrower_id)
    return session.scalar(query) or 0
