"""Retention, pseudonyms and incidents: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal
from wibawa.access.sealed import place_of
from wibawa.applications.models import Application, SiteVisit
from wibawa.arrears.models import ArrearsContact
from wibawa.borrowers.actions import NIK_PLACE, name_key
from wibawa.borrowers.models import Borrower, BorrowerChange
from wibawa.chains.actions import append_decision
from wibawa.loans.models import Loan, LoanRequest
from wibawa.privacy.models import Incident, IncidentStep, Pseudonymisation, RetentionSetting
from wibawa.privacy.queries import KINDS, STEP_WORDS, due_one, setting_on, settings
from wibawa.rules.dated import is_sent_twice, refuse_past
from wibawa.rules.dates import long_date
from wibawa.rules.refused import Refused, by_same_person
from wibawa.scans.models import Document, DocumentContent
from wibawa.siumi.models import RegisterChange, RegisterLine
from wibawa.web.clock import in_wib


def set_years(
    session: Session,
    kind: str,
    start: dt.date,
    years: int,
    reason: str,
    seen: int,
    by: int,
    now: dt.datetime,
) -> bool:
    """Keep a kind of data for so many years from a day on; False when nothing changes.

    `seen` is the newest entry that the form knew. Raises `Refused`: `starts_in_past`, `changed`.
    """
    refuse_past(start, in_wib(now).date())
    newest = settings(session)[0]
    if is_sent_twice(
        seen,
        newest.id,
        (newest.kind, newest.years, newest.valid_from) == (kind, years, start),
        "Ketentuan ini",
    ):
        return False
    before = setting_on(session, kind, start).years
    if before == years:
        return False
    entry = RetentionSetting(
        kind=kind, valid_from=start, years=years, reason=reason, entered_by=by, entered_at=now
    )
    session.add(entry)
    session.flush()
    told = trail.changes([(KINDS[kind], f"{before} tahun", f"{years} tahun")])
    detail = f"Mulai {long_date(start)}: {told}; alasan: {reason}"
    trail.record(session, now, by, "retention_set", "retention", entry.id, detail)
    append_decision(session, "retention", entry.id, now)
    return True


NOT_DUE = (
    "Data peminjam ini belum boleh disamarkan: masa simpannya belum lewat, atau ada pinjaman, "
    "permohonan, atau pencairan yang masih berjalan."
)


def ask(
    session: Session, borrower_id: int, reason: str, today: dt.date, by: int, now: dt.datetime
) -> int:
    """Ask for a borrower to be made a pseudonym; the request's id. Raises `Refused`."""
    session.execute(select(Borrower.id).where(Borrower.id == borrower_id).with_for_update())
    found = due_one(session, borrower_id, today)
    if found is None:
        raise Refused("not_due", NOT_DUE)
    kind, due = found
    if due.request_id is not None:
        raise Refused("asked_already", "Penyamaran peminjam ini sudah diminta dan menunggu.")
    request = Pseudonymisation(
        borrower_id=borrower_id, kind=kind, due_on=due.due_on, reason=reason,
        entered_by=by, entered_at=now,
    )  # fmt: skip
    session.add(request)
    session.flush()
    trail.record(session, now, by, "pseudonym_requested", "borrower", borrower_id, reason)
    return request.id


def decide(
    session: Session,
    request_id: int,
    approved: bool,
    reason: str,
    today: dt.date,
    by: int,
    now: dt.datetime,
) -> int:
    """Decide a request of another person; the borrower's id. Raises `Refused`."""
    request = session.scalar(
        select(Pseudonymisation).where(Pseudonymisation.id == request_id).with_for_update()
    )
    if request is None or request.status != "recorded":
        raise Refused("decided", "Permintaan ini sudah diputuskan atau tidak ada.")
    if request.entered_by == by:
        raise by_same_person("Permintaan Anda sendiri diputuskan oleh orang lain.")
    if not approved and not reason:
        raise Refused("reason_missing", "Tulis alasan penolakannya.")
    session.execute(select(Borrower.id).where(Borrower.id == request.borrower_id).with_for_update())
    if approved and due_one(session, request.borrower_id, today) is None:
        raise Refused("not_due", NOT_DUE)
    request.status = "approved" if approved else "refused"
    request.decided_by, request.decided_at, request.decision_reason = by, now, reason
    session.flush()
    if approved:
        _pseudonymise(session, request.borrower_id, now)
    action = "pseudonym_approved" if approved else "pseudonym_refused"
    trail.record(session, now, by, action, "borrower", request.borrower_id, reason)
    append_decision(session, "pseudonym", request.id, now)
    return request.borrower_id


def pseudonym(number: int) -> str:
    return f"Peminjam {number} (disamarkan)"


def _pseudonymise(session: Session, borrower_id: int, now: dt.datetime) -> None:
    """Take away who it is, of the record and of those merged into it; what figures need stays:
    kind, sex, year of birth, kelurahan, sector, loans and money."""
    mine = or_(Borrower.id == borrower_id, Borrower.merged_into_id == borrower_id)
    records = list(session.scalars(select(Borrower).where(mine).order_by(Borrower.id)))
    ids = [one.id for one in records]
    for one in records:
        if one.kind == "micro":
            one.name = pseudonym(one.id)
            one.name_key, one.business_name = name_key(one.name), ""
        else:  # a cooperative is no person; its chair is
            one.chair_name = "Disamarkan"
        one.nik, one.nik_index = seal("", place_of(NIK_PLACE, one.id)), os.urandom(32)
        one.nik_tail = one.nib = one.address = one.phone = ""
        one.birth_date = one.birth_date.replace(month=1, day=1)
        one.pseudonymised_at = now
    session.flush()
    session.execute(delete(BorrowerChange).where(BorrowerChange.borrower_id.in_(ids)))
    applications = select(Application.id).where(Application.borrower_id.in_(ids))
    loans = select(Loan.id).where(Loan.borrower_id.in_(ids))
    requests = select(LoanRequest.id).where(LoanRequest.loan_id.in_(loans))
    documents = select(Document.id).where(
        or_(
            Document.borrower_id.in_(ids),
            Document.application_id.in_(applications),
            Document.request_id.in_(requests),
        )
    )
    plain = {"synchronize_session": False}
    session.execute(
        delete(DocumentContent).where(DocumentContent.document_id.in_(documents)),
        execution_options=plain,
    )
    for changed in (
        update(SiteVisit).where(SiteVisit.application_id.in_(applications)).values(notes=""),
        update(ArrearsContact).where(ArrearsContact.loan_id.in_(loans)).values(met="", note=""),
        update(Application)
        .where(Application.borrower_id.in_(ids))
        .values(purpose="", collateral=""),
    ):
        session.execute(changed, execution_options=plain)
    _forget_register(session, ids)


def _forget_register(session: Session, ids: list[int]) -> None:
    """What files of SI-UMI brought: the line stays, so that the file's counts do."""
    line = RegisterLine
    of_lines = select(line.row_number).where(
        line.borrower_id.in_(ids), line.upload_id == RegisterChange.upload_id
    )
    plain = {"synchronize_session": False}
    session.execute(
        delete(RegisterChange).where(RegisterChange.row_number.in_(of_lines)),
        execution_options=plain,
    )
    session.execute(
        update(line)
        .where(line.borrower_id.in_(ids))
        .values(name="Disamarkan", name_key="disamarkan", nik_tail="", business_name="", phone=""),
        execution_options=plain,
    )


@dataclass(frozen=True)
class NewIncident:
    title: str
    happened_at: dt.datetime | None
    noticed_at: dt.datetime
    kinds: str
    affected: int | None
    what: str


def record_incident(session: Session, new: NewIncident, by: int, now: dt.datetime) -> int:
    """Write an incident down; its id. Raises `Refused` for a time that has not come."""
    if new.noticed_at > now:
        raise Refused("in_future", "Waktu diketahui belum tiba. Tulis saat insiden diketahui.")
    if new.happened_at is not None and new.happened_at > new.noticed_at:
        raise Refused("noticed_before", "Insiden tidak mungkin diketahui sebelum terjadi.")
    incident = Incident(**vars(new), entered_by=by, entered_at=now)
    session.add(incident)
    session.flush()
    trail.record(session, now, by, "incident_recorded", "incident", incident.id, new.title)
    return incident.id


def add_step(
    session: Session,
    incident_id: int,
    kind: str,
    done_at: dt.datetime,
    text: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Write down what was done. Raises `Refused`: `wrong_time`, `closed`, `not_told`."""
    incident = session.get(Incident, incident_id, with_for_update=True)
    assert incident is not None
    known = list(
        session.scalars(select(IncidentStep.kind).where(IncidentStep.incident_id == incident_id))
    )
    if "closed" in known:
        raise Refused("closed", "Insiden ini sudah ditutup. Catat insiden baru bila ada lagi.")
    if not incident.noticed_at <= done_at <= now:
        raise Refused("wrong_time", "Waktunya harus antara saat insiden diketahui dan sekarang.")
    if kind == "closed" and not {"authority", "persons"} <= set(known):
        raise Refused(
            "not_told",
            "Insiden baru dapat ditutup setelah pemberitahuan kepada lembaga dan kepada subjek "
            "data dicatat (atau dicatat mengapa tidak perlu).",
        )
    last = session.scalar(
        select(func.max(IncidentStep.sequence)).where(IncidentStep.incident_id == incident_id)
    )
    session.add(
        IncidentStep(
            incident_id=incident_id, sequence=(last or 0) + 1, kind=kind, done_at=done_at,
            text=text, entered_by=by, entered_at=now,
        )
    )  # fmt: skip
    session.flush()
    trail.record(session, now, by, "incident_step", "incident", incident_id, STEP_WORDS[kind])
