"""Issuing the papers of a loan: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.changes.kinds import KINDS
from wibawa.changes.queries import change_facts
from wibawa.letters import actions as letters
from wibawa.letters.documents import Heading, Letter, PaperKind, letter_data, letter_from
from wibawa.letters.queries import paper_data
from wibawa.loans.journal import lock_loans
from wibawa.loans.queries import EntryLine
from wibawa.loans.settlements import open_settlements
from wibawa.papers.decided import Decided, minutes_letter, offer_letter
from wibawa.papers.filed import upload_receipt_letter
from wibawa.papers.letter import card_letter, payoff_letter, receipt_letter
from wibawa.papers.models import LoanPaper, UploadPaper
from wibawa.papers.posted import posted_file
from wibawa.papers.queries import (
    LoanView,
    PaperOfLoan,
    loan_view,
    papers_of_loan,
    papers_of_upload,
    roles_of,
)
from wibawa.printing.documents import schedule_data
from wibawa.printing.queries import schedule_documents
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib

OF_REQUESTS = (PaperKind.OFFER, PaperKind.MINUTES)
NOT_DECIDED = "Permintaan ini belum disetujui atau bukan tentang pinjaman ini; belum ada suratnya."
Compose = Callable[[Heading], dict[str, Any]]


@dataclass(frozen=True)
class Clerk:
    """Who issues a paper, and when."""

    id: int
    name: str
    now: dt.datetime


def issue(
    session: Session,
    loan_id: int,
    kind: PaperKind,
    clerk: Clerk,
    sequence: int | None = None,
    change_id: int | None = None,
) -> int:
    """Issue a paper of a loan, or find the one that says the same; the paper's id.

    `sequence` is the entry of a receipt, `change_id` the request of an offer or of minutes, which
    are issued once for it, an offer again when the sum became another one. A schedule is issued
    once for its version, a receipt once for its entry, a payoff statement once for the day of the
    last payment, a card once for what it says; a paper that was withdrawn may be issued again.
    Raises `Refused`: `not_there`, `not_paid_off`, `no_such_payment`, `not_decided`, `offer_over`.
    """
    lock_loans(session, [loan_id])
    today = in_wib(clerk.now).date()
    view = loan_view(session, loan_id, today)
    if view is None:
        raise Refused(
            "not_there", "Pinjaman ini tidak ada, atau belum dicairkan sehingga belum ada suratnya."
        )
    entry = _entry(view, sequence) if kind is PaperKind.RECEIPT else None
    decided = _decided(session, view, kind, change_id) if kind in OF_REQUESTS else None
    if kind is PaperKind.PAYOFF:
        _check_paid_off(view)
    spoken_on = {
        PaperKind.CARD: today,
        PaperKind.PAYOFF: view.last_paid_on,
        PaperKind.RECEIPT: entry.effective_on if entry else today,
        PaperKind.OFFER: decided.on if decided else today,
        PaperKind.MINUTES: decided.on if decided else today,
    }.get(kind, view.schedule.starts_on)
    about = {
        "schedule_id": view.schedule_id if kind is PaperKind.SCHEDULE else None,
        "sequence": entry.sequence if entry else None,
        "request_id": decided.change.id if decided else None,
        "spoken_on": spoken_on,
    }
    compose = _compose(session, view, kind, entry or decided, clerk)
    for before in papers_of_loan(session, loan_id, today):
        said = {name: getattr(before, name) for name in about}
        same = before.kind is kind and said == about
        if same and not before.void and _still_says(session, before, compose):
            return before.id
    facts = view.facts
    subject = f"Pinjaman {facts.number}"
    paper = letters.issue(
        session, kind, facts.bank_id, subject, compose, clerk.id, clerk.now, holder=facts.borrower
    )
    values = {"paper_id": paper, "loan_id": loan_id, "bank_id": facts.bank_id}
    session.execute(insert(LoanPaper).values(**values, **about))
    return paper


def issue_upload_receipt(session: Session, upload: Upload, clerk: Clerk) -> int:
    """The receipt of a posted file, or the one that still counts; the paper's id.

    Raises `Refused`: `not_posted` for a file that is not in the books, or not any more.
    """
    session.refresh(upload, with_for_update=True)
    if upload.status != "posted" or upload.reversed_at is not None or upload.bank_id is None:
        raise Refused(
            "not_posted",
            "Tanda terima hanya untuk berkas yang sudah dibukukan dan tidak dibatalkan.",
        )
    for before in papers_of_upload(session, upload.id):
        if not before.void:
            return before.id
    file = posted_file(session, upload)

    def compose(heading: Heading) -> dict[str, Any]:
        return {"letter": letter_data(upload_receipt_letter(heading, file))}

    paper = letters.issue(
        session,
        PaperKind.UPLOAD_RECEIPT,
        upload.bank_id,
        f"Berkas angsuran {upload.id}",
        compose,
        clerk.id,
        clerk.now,
        holder=file.bank,
    )
    values = {"paper_id": paper, "upload_id": upload.id, "bank_id": upload.bank_id}
    session.execute(insert(UploadPaper).values(**values))
    return paper


def _decided(session: Session, view: LoanView, kind: PaperKind, change_id: int | None) -> Decided:
    """The approved request of this loan that an offer or minutes speak of."""
    change = None if change_id is None else change_facts(session, change_id)
    if change is None or change.loan_id != view.facts.id or change.decided_at is None:
        raise Refused("not_decided", NOT_DECIDED)
    if change.status != "approved":
        raise Refused("not_decided", NOT_DECIDED)
    people = roles_of(session, (change.entered_by_id, change.decided_by_id))
    if kind is PaperKind.MINUTES:
        return Decided(change, in_wib(change.decided_at).date(), people, KINDS[change.kind])
    quote = open_settlements(session, loan_id=view.facts.id).get(view.facts.id)
    if quote is None or quote.request_id != change.id or quote.valid_until < view.on:
        raise Refused(
            "offer_over",
            "Pelunasan ini sudah dibayar, sudah lewat, atau pinjamannya berubah sesudah disetujui. "
            "Ajukan pelunasan baru untuk menawarkan jumlah yang baru.",
        )
    on = dt.date.fromisoformat(change.data["on"])
    return Decided(change, on, people, KINDS[change.kind], quote)


def _entry(view: LoanView, sequence: int | None) -> EntryLine:
    for entry in view.payments:
        if entry.sequence == sequence:
            return entry
    raise Refused(
        "no_such_payment",
        "Entri ini bukan pembayaran, atau sudah dibatalkan. Muat ulang halaman, lalu pilih dari "
        "daftar pembayaran.",
    )


def _check_paid_off(view: LoanView) -> None:
    where = view.position
    if not view.is_paid_off:
        owed = where.outstanding_principal + where.outstanding_interest
        raise Refused(
            "not_paid_off",
            f"Pinjaman ini belum lunas: pada {long_date(view.on)} masih ada {rupiah(owed)} pokok "
            "dan bunga.",
        )


def _compose(
    session: Session,
    view: LoanView,
    kind: PaperKind,
    about: EntryLine | Decided | None,
    clerk: Clerk,
) -> Compose:
    if kind is PaperKind.SCHEDULE:
        return lambda heading: {"schedule": _schedule(session, view, heading, clerk)}

    def letter(heading: Heading) -> Letter:
        if isinstance(about, EntryLine):
            return receipt_letter(heading, view, about, clerk.name)
        if about is not None and about.quote is not None:
            return offer_letter(heading, view, about, about.quote)
        if about is not None:
            return minutes_letter(heading, view, about)
        if kind is PaperKind.CARD:
            return card_letter(heading, view, clerk.name)
        return payoff_letter(heading, view)

    return lambda heading: {"letter": letter_data(letter(heading))}


def _schedule(session: Session, view: LoanView, heading: Heading, clerk: Clerk) -> dict[str, Any]:
    (document,) = schedule_documents(
        session, [view.facts.id], on=view.on, printed_on=clerk.now, printed_by=clerk.name
    )
    return schedule_data(replace(document, number=heading.number, token=heading.token))


def _still_says(session: Session, before: PaperOfLoan, compose: Compose) -> bool:
    """A card of the same day, and an offer, may have become another one; other papers stay."""
    if before.kind not in (PaperKind.CARD, PaperKind.OFFER):
        return True
    data = paper_data(session, before.id)
    assert data is not None
    heading = letter_from(data["letter"]).heading
    said, says = (each["letter"]["body"] for each in (data, compose(heading)))
    return letters.canonical({"body": said}) == letters.canonical({"body": says})
