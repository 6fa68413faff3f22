"""Issuing the papers of a loan: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from wibawa.letters import actions as letters
from wibawa.letters.documents import Heading, Letter, PaperKind, letter_data, letter_from
from wibawa.letters.queries import paper_data
from wibawa.loans.journal import lock_loans
from wibawa.loans.queries import EntryLine
from wibawa.papers.letter import card_letter, payoff_letter, receipt_letter
from wibawa.papers.models import LoanPaper
from wibawa.papers.queries import LoanView, PaperOfLoan, loan_view, papers_of_loan
from wibawa.printing.documents import schedule_data
from wibawa.printing.queries import schedule_documents
from wibawa.rules.dates import long_date
from wibawa.rules.money import rupiah
from wibawa.rules.refused import Refused
from wibawa.web.clock import in_wib

Compose = Callable[[Heading], dict[str, Any]]


@dataclass(frozen=True)
class Clerk:
    """Who issues a paper, and when."""

    id: int
    name: str
    now: dt.datetime


def issue(
    session: Session, loan_id: int, kind: PaperKind, clerk: Clerk, sequence: int | None = None
) -> int:
    """Issue a paper of a loan, or find the one that says the same; the paper's id.

    `sequence` is the entry of a receipt. A schedule is issued once for its version, a receipt once
    for its entry, a payoff statement once for the day of the last payment, a card once for what it
    says; a paper that was withdrawn may be issued again. Raises `Refused`: `not_there`,
    `not_paid_off`, `no_such_payment`.
    """
    lock_loans(session, [loan_id])
    today = in_wib(clerk.now).date()
    view = loan_view(session, loan_id, today)
    if view is None:
        raise Refused(
            "not_there", "Pinjaman ini tidak ada, atau belum dicairkan sehingga belum ada suratnya."
        )
    entry = _entry(view, sequence) if kind is PaperKind.RECEIPT else None
    if kind is PaperKind.PAYOFF:
        _check_paid_off(view)
    spoken_on = {
        PaperKind.CARD: today,
        PaperKind.PAYOFF: view.last_paid_on,
        PaperKind.RECEIPT: entry.effective_on if entry else today,
    }.get(kind, view.schedule.starts_on)
    schedule_id = view.schedule_id if kind is PaperKind.SCHEDULE else None
    wanted = (kind, schedule_id, entry.sequence if entry else None, spoken_on)
    compose = _compose(session, view, kind, entry, clerk)
    for before in papers_of_loan(session, loan_id, today):
        same = (before.kind, before.schedule_id, before.sequence, before.spoken_on) == wanted
        if same and not before.void and _still_says(session, before, compose):
            return before.id
    facts = view.facts
    subject = f"Pinjaman {facts.number}"
    paper = letters.issue(
        session, kind, facts.bank_id, subject, compose, clerk.id, clerk.now, holder=facts.borrower
    )
    values = {"paper_id": paper, "loan_id": loan_id, "bank_id": facts.bank_id}
    session.execute(
        insert(LoanPaper).values(
            **values, schedule_id=schedule_id, sequence=wanted[2], spoken_on=spoken_on
        )
    )
    return paper


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
    session: Session, view: LoanView, kind: PaperKind, entry: EntryLine | None, clerk: Clerk
) -> Compose:
    if kind is PaperKind.SCHEDULE:
        return lambda heading: {"schedule": _schedule(session, view, heading, clerk)}

    def letter(heading: Heading) -> Letter:
        if entry is not None:
            return receipt_letter(heading, view, entry, clerk.name)
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
    """A card of the same day may have become another one; other papers stay what they are."""
    if before.kind is not PaperKind.CARD:
        return True
    data = paper_data(session, before.id)
    assert data is not None
    heading = letter_from(data["letter"]).heading
    said, says = (each["letter"]["body"] for each in (data, compose(heading)))
    return letters.canonical({"body": said}) == letters.canonical({"body": says})
