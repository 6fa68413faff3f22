"""What a decided request does: objects move, facts are taken over, numbers exchanged; and back."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wibawa.borrowers.actions import Change, give_nik, keep_changes, name_key, nik_of
from wibawa.borrowers.checks import from_text, stored_text
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.database import allocate_ids, bulk_insert
from wibawa.disbursements.models import Disbursement
from wibawa.merging.checks import KEYS, with_partners
from wibawa.merging.models import BorrowerMerge, BorrowerMove
from wibawa.merging.queries import MOVED, MergeFacts, moved_by
from wibawa.rules.refused import Refused

MOVE_COLUMNS = ("id", "merge_id", "object_kind", "object_id", "from_id", "to_id")


def put_together(
    session: Session, facts: MergeFacts, kept: Borrower, gone: Borrower, by: int, now: dt.datetime
) -> None:
    held = [
        (kind, number)
        for kind, model in MOVED.items()
        for number in session.scalars(
            select(model.id).where(model.borrower_id == gone.id).order_by(model.id)
        )
    ]
    _move(session, facts.id, held, gone.id, kept.id)
    fields = with_partners(facts.chosen)
    for field in sorted(fields - set(KEYS)):
        _take(session, kept, field, getattr(gone, field), by, now)
    _exchange_keys(session, fields, kept, gone, by, now)
    session.execute(
        update(Borrower).where(Borrower.merged_into_id == gone.id).values(merged_into_id=kept.id)
    )
    gone.merged_into_id = kept.id
    session.flush()


def take_apart(
    session: Session, facts: MergeFacts, kept: Borrower, gone: Borrower, by: int, now: dt.datetime
) -> None:
    """Put back what the merge moved and took over, as far as nobody has changed it since; what is
    newer than the merge stays with the record that was kept, except what came of an application
    that goes back."""
    merged = session.get(BorrowerMerge, facts.undoes_id)
    assert merged is not None
    if gone.merged_into_id != kept.id:
        raise Refused("changed", "Catatan ini sudah tidak berada di bawah catatan yang tetap.")
    still = []
    for each in moved_by(session, merged.id):
        model = MOVED[each.kind]
        if session.scalar(select(model.borrower_id).where(model.id == each.id)) == kept.id:
            still.append((each.kind, each.id))
    _move(session, facts.id, still + _came_of(session, still, kept.id), kept.id, gone.id)
    for change in _taken_over(session, merged):
        if stored_text(getattr(kept, change.field)) == change.after:
            _take(session, kept, change.field, from_text(change.field, change.before), by, now)
    _exchange_keys(session, facts.chosen, kept, gone, by, now)
    gone.merged_into_id = None
    before = select(BorrowerMerge.gone_id).where(
        BorrowerMerge.kind == "merge",
        BorrowerMerge.status == "approved",
        BorrowerMerge.kept_id == gone.id,
    )
    session.execute(
        update(Borrower)
        .where(Borrower.merged_into_id == kept.id, Borrower.id.in_(before))
        .values(merged_into_id=gone.id)
    )
    session.flush()


def _came_of(session: Session, still: list[tuple[str, int]], kept_id: int) -> list[tuple[str, int]]:
    """The newer disbursements, and their loans, of applications that go back: whose application it
    is, his are they."""
    numbers = [number for kind, number in still if kind == "application"]
    found = session.execute(
        select(Disbursement.id, Disbursement.loan_id)
        .where(Disbursement.application_id.in_(numbers), Disbursement.borrower_id == kept_id)
        .order_by(Disbursement.id)
    ).all()
    newer = [("disbursement", each.id) for each in found]
    newer += [("loan", each.loan_id) for each in found if each.loan_id is not None]
    return [each for each in newer if each not in still]


def _taken_over(session: Session, merged: BorrowerMerge) -> list[BorrowerChange]:
    """The facts that the kept record took over in the transaction of the merge."""
    return list(
        session.scalars(
            select(BorrowerChange)
            .where(
                BorrowerChange.borrower_id == merged.kept_id,
                BorrowerChange.at == merged.decided_at,
                BorrowerChange.user_id == merged.decided_by,
                BorrowerChange.field.not_in(KEYS),
            )
            .order_by(BorrowerChange.id)
        )
    )


def _move(
    session: Session, merge_id: int, held: list[tuple[str, int]], source: int, target: int
) -> None:
    """Write down each object that moves, then move it: the triggers want that order."""
    if not held:
        return
    numbers = allocate_ids(session, "borrower_moves", len(held))
    rows = [
        (number, merge_id, kind, object_id, source, target)
        for number, (kind, object_id) in zip(numbers, held, strict=True)
    ]
    bulk_insert(session, "borrower_moves", MOVE_COLUMNS, rows)
    for kind, model in MOVED.items():
        session.execute(
            update(model)
            .where(
                model.id.in_(
                    select(BorrowerMove.object_id).where(
                        BorrowerMove.merge_id == merge_id, BorrowerMove.object_kind == kind
                    )
                )
            )
            .values(borrower_id=target)
            .execution_options(synchronize_session=False)
        )


def _take(
    session: Session, one: Borrower, field: str, value: Any, by: int, now: dt.datetime
) -> None:
    before, after = stored_text(getattr(one, field)), stored_text(value)
    if before == after:
        return
    setattr(one, field, value)
    if field == "name":
        one.name_key = name_key(one.name)
    keep_changes(session, [Change(one.id, field, before, after)], by, now)


def _exchange_keys(
    session: Session,
    fields: Iterable[str],
    kept: Borrower,
    gone: Borrower,
    by: int,
    now: dt.datetime,
) -> None:
    """Exchange the numbers that nobody else may have, so that both still lead to the one record."""
    ours, theirs = kept.cooperative_number, gone.cooperative_number
    if "cooperative_number" in fields and ours and theirs and ours != theirs:
        _between(session, gone, {"cooperative_number": f"~{gone.id}"})
        _between(session, kept, {"cooperative_number": theirs})
        _between(session, gone, {"cooperative_number": ours})
        name = "cooperative_number"
        exchanged = [Change(kept.id, name, ours, theirs), Change(gone.id, name, theirs, ours)]
        keep_changes(session, exchanged, by, now)
    if "nik" in fields:
        _exchange_nik(session, kept, gone, by, now)


def _between(session: Session, one: Borrower, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(one, name, value)
    session.flush()


def _exchange_nik(
    session: Session, kept: Borrower, gone: Borrower, by: int, now: dt.datetime
) -> None:
    if bytes(kept.nik_index) == bytes(gone.nik_index):
        return
    ours, theirs = nik_of(kept), nik_of(gone)
    _between(session, gone, {"nik_index": os.urandom(32)})
    for one, nik in ((kept, theirs), (gone, ours)):
        give_nik(one, nik)
        session.flush()
    exchanged = [Change(kept.id, "nik", ours, theirs), Change(gone.id, "nik", theirs, ours)]
    keep_changes(session, exchanged, by, now)
