"""Keeping and striking notes, giving a loan to an officer: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.sealed import Placed
from wibawa.arrears import queries
from wibawa.arrears.checks import NewContact
from wibawa.arrears.models import ArrearsContact, ArrearsOfficer, ContactStrike
from wibawa.database import allocate_ids
from wibawa.loans.journal import lock_loans
from wibawa.rules.nik import mask_written_niks
from wibawa.rules.refused import Refused


def record_contact(
    session: Session, loan_id: int, bank_id: int, new: NewContact, by: int, now: dt.datetime
) -> int:
    """Keep a note that `checks` found nothing against; its id. A NIK in it is masked."""
    (number,) = allocate_ids(session, "arrears_contacts", 1)
    kept = ArrearsContact(
        id=number,
        loan_id=loan_id,
        bank_id=bank_id,
        kind=new.kind,
        contacted_on=new.contacted_on,
        officer_id=new.officer_id,
        met=Placed(mask_written_niks(new.met), number),
        outcome=new.outcome,
        promise_amount=new.promise_amount,
        promise_on=new.promise_on,
        note=Placed(mask_written_niks(new.note), number),
        entered_by=by,
        entered_at=now,
    )
    session.add(kept)
    session.flush()
    detail = f"{queries.KIND_WORDS[new.kind]}: {queries.OUTCOME_WORDS[new.outcome]}"
    trail.record(session, now, by, "contact_recorded", "loan", loan_id, detail)
    return number


def strike_contact(
    session: Session, loan_id: int, contact_id: int, reason: str, by: int, now: dt.datetime
) -> int:
    """Say of a note that it does not count; its id. Raises `Refused` `not_standing`."""
    lock_loans(session, [loan_id])
    if queries.standing_contact(session, loan_id, contact_id) is None:
        raise Refused("not_standing", "Catatan ini tidak ada, atau sudah dicoret orang lain.")
    reason = mask_written_niks(reason)
    session.add(ContactStrike(contact_id=contact_id, reason=reason, entered_by=by, entered_at=now))
    session.flush()
    trail.record(session, now, by, "contact_struck", "loan", loan_id, reason)
    return contact_id


def assign_officer(
    session: Session,
    loan_id: int,
    bank_id: int,
    officer_id: int | None,
    seen: int,
    by: int,
    now: dt.datetime,
) -> bool:
    """Give a late loan to somebody, or to nobody; False when nothing changes.

    `seen` is the newest entry that the form knew, 0 for none. Raises `Refused` `changed`.
    """
    lock_loans(session, [loan_id])
    history = queries.officers_of(session, loan_id)
    newest = history[0] if history else None
    if (newest.officer_id if newest else None) == officer_id:
        return False
    if (newest.id if newest else 0) != seen:
        raise Refused(
            "changed",
            "Petugas pinjaman ini baru saja diganti orang lain. Periksa, lalu simpan sekali lagi "
            "bila masih perlu.",
        )
    kept = ArrearsOfficer(
        loan_id=loan_id, bank_id=bank_id, officer_id=officer_id, entered_by=by, entered_at=now
    )
    session.add(kept)
    session.flush()
    names = dict(queries.working_people(session))
    before = newest.officer if newest else None
    detail = trail.changes([("Petugas", before, names[officer_id] if officer_id else None)])
    trail.record(session, now, by, "arrears_assigned", "loan", loan_id, detail)
    return True
