"""Notes, proposals and the closing of a month: flush at most, the page commits."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wibawa.access import trail
from wibawa.access.personal_data import seal
from wibawa.banks.models import Bank
from wibawa.chains.actions import append_decision
from wibawa.database import bulk_insert, is_sqlite
from wibawa.letters import actions as letters
from wibawa.letters.documents import Heading, PaperKind, letter_data
from wibawa.loans.chain.actions import locked_head
from wibawa.loans.journal import lock_loans
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.reconciliation import queries
from wibawa.reconciliation.document import Reconciliation, fingerprint, written
from wibawa.reconciliation.letter import minutes_letter
from wibawa.reconciliation.models import (
    ClosedMonth,
    ClosingProposal,
    NoteStrike,
    ProposalReturn,
    ReconciliationNote,
    ReconciliationPaper,
)
from wibawa.rules.dates import long_date
from wibawa.rules.reconciliation import Month
from wibawa.rules.refused import Refused, by_same_person
from wibawa.web.clock import in_wib

_LOCK = 0x5245434F  # the key space of the advisory locks on a bank's reconciliation


def shown(month: Reconciliation) -> str:
    """The fingerprint of everything that a page of this month shows."""
    return fingerprint(written(month))


def _lock(session: Session, bank_id: int) -> None:
    """One deed on a bank's reconciliation after the other."""
    if not is_sqlite(session):
        session.execute(select(func.pg_advisory_xact_lock(_LOCK, bank_id)))


def _lock_books(session: Session, bank_id: int) -> None:
    """Nobody writes a journal of the bank until the transaction ends."""
    ids = list(session.scalars(select(Loan.id).where(Loan.bank_id == bank_id)))
    lock_loans(session, ids)


def check_turn(session: Session, bank: Bank, month: Month, today: dt.date) -> None:
    """Raise `Refused` unless this month is the one to close next: `closed`, `not_over`,
    `not_next`."""
    if queries.closed_month(session, bank.id, month) is not None:
        raise Refused("closed", f"{month.words} {bank.name} sudah ditutup.")
    if month.last >= today:
        raise Refused(
            "not_over",
            f"{month.words} belum berakhir. Bulan dapat ditutup mulai "
            f"{long_date(month.plus(1).first)}.",
        )
    last = queries.last_closed(session, bank.id)
    if last is not None and month != last.month.plus(1):
        raise Refused(
            "not_next",
            f"Bulan ditutup berurutan. Yang berikutnya untuk {bank.name} adalah "
            f"{last.month.plus(1).words}.",
        )


def add_note(
    session: Session,
    bank: Bank,
    month: Month,
    loan_id: int,
    text: str,
    settles: bool,
    by: int,
    now: dt.datetime,
) -> int:
    """Write down what was found out about a difference; the note's id.

    Raises `Refused`: `closed`, `no_difference`.
    """
    _lock(session, bank.id)
    if queries.closed_month(session, bank.id, month) is not None:
        raise Refused(
            "closed",
            f"{month.words} sudah ditutup; catat selisih yang masih ada di bulan berikutnya.",
        )
    found = queries.difference_of(queries.reconciliation_of(session, bank, month), loan_id)
    if found is None:
        raise Refused(
            "no_difference",
            "Selisih pinjaman ini sudah tidak ada menurut buku saat ini. Muat ulang halaman.",
        )
    note = ReconciliationNote(
        bank_id=bank.id,
        month=month.code,
        loan_id=loan_id,
        cause=found.cause,
        difference=found.amount,
        settles=settles,
        text=text,
        entered_by=by,
        entered_at=now,
    )
    session.add(note)
    session.flush()
    detail = f"{bank.code} {month.text}, {found.number}"
    trail.record(session, now, by, "difference_noted", "loan", loan_id, detail)
    return note.id


def strike_note(
    session: Session, bank: Bank, note_id: int, reason: str, by: int, now: dt.datetime
) -> int:
    """Say of a note that it counts no more; its id. Raises `Refused`: `not_there`, `struck`."""
    note = session.get(ReconciliationNote, note_id)
    if note is None or note.bank_id != bank.id:
        raise Refused("not_there", "Catatan ini tidak ada. Muat ulang halaman.")
    session.add(NoteStrike(note_id=note_id, reason=reason, entered_by=by, entered_at=now))
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused("struck", "Catatan ini sudah dicoret. Muat ulang halaman.") from error
    trail.record(session, now, by, "note_struck", "loan", note.loan_id, reason)
    return note_id


def _changed() -> Refused:
    return Refused(
        "changed",
        "Angkanya berubah sejak halaman ini dibuka karena ada yang dibukukan atau dicatat. "
        "Periksa angka yang baru, lalu ulangi.",
    )


def propose(
    session: Session,
    bank: Bank,
    month: Month,
    seen: str,
    note: str,
    by: int,
    now: dt.datetime,
) -> int:
    """One person proposes to close a month with the figures that were shown; the proposal's id.

    Raises `Refused`: what `check_turn` raises, `changed`.
    """
    _lock(session, bank.id)
    check_turn(session, bank, month, in_wib(now).date())
    if shown(queries.reconciliation_of(session, bank, month)) != seen:
        raise _changed()
    proposal = ClosingProposal(
        bank_id=bank.id, month=month.code, shown=seen, note=note, proposed_by=by, proposed_at=now
    )
    session.add(proposal)
    session.flush()
    detail = f"{bank.code} {month.text}"
    trail.record(session, now, by, "closing_proposed", "reconciliation", proposal.id, detail)
    return proposal.id


def give_back(
    session: Session, bank: Bank, month: Month, reason: str, by: int, now: dt.datetime
) -> int:
    """The second person gives the proposal back; its id. Raises `Refused` `nothing_proposed`."""
    _lock(session, bank.id)
    proposal = _waiting(session, bank, month)
    session.add(
        ProposalReturn(proposal_id=proposal.id, reason=reason, entered_by=by, entered_at=now)
    )
    session.flush()
    trail.record(session, now, by, "closing_returned", "reconciliation", proposal.id, reason)
    append_decision(session, "return", proposal.id, now)
    return proposal.id


def _waiting(session: Session, bank: Bank, month: Month) -> queries.Proposal:
    proposal = queries.latest_proposal(session, bank.id, month)
    closed = queries.closed_month(session, bank.id, month)
    if proposal is None or proposal.returned is not None or closed is not None:
        raise Refused(
            "nothing_proposed",
            f"Tidak ada usulan penutupan {month.words} {bank.name} yang menunggu.",
        )
    return proposal


def close(session: Session, bank: Bank, month: Month, seen: str, by: int, now: dt.datetime) -> int:
    """The second person closes a month: everything that its page shows is kept for good, with how
    much of each loan's journal it knew. The closed month's id.

    Raises `Refused`: what `check_turn` raises, `nothing_proposed`, `same_person`, `changed`.
    """
    _lock(session, bank.id)
    _lock_books(session, bank.id)
    head = locked_head(session, bank.id)  # what posts now waits: the document is of this head
    check_turn(session, bank, month, in_wib(now).date())
    proposal = _waiting(session, bank, month)
    if proposal.by_id == by:
        raise by_same_person(
            "Penutupan ini Anda sendiri yang mengusulkan. Minta orang lain menutupnya.",
        )
    found = queries.reconciliation_of(session, bank, month)
    text = written(found)
    if fingerprint(text) != seen or proposal.shown != seen:
        raise _changed()
    last = queries.last_closed(session, bank.id)
    closed = ClosedMonth(
        bank_id=bank.id,
        month=month.code,
        previous=last.month.code if last else None,
        proposal_id=proposal.id,
        shown=seen,
        data=seal(text, queries.data_place(bank.id, month.code)),
        data_hash=fingerprint(text),
        chain_number=head.number if head else None,
        chain_hash=head.hash if head else None,
        opening=found.movement.opening,
        closing=found.movement.closing,
        suspense=found.suspense.closing,
        differences=found.open_differences,
        proposed_by=proposal.by_id,
        closed_by=by,
        closed_at=now,
    )
    session.add(closed)
    session.flush()
    _keep_known(session, closed.id, bank.id, month, found)
    detail = f"{bank.code} {month.text}"
    trail.record(session, now, by, "month_closed", "reconciliation", closed.id, detail)
    append_decision(session, "closing", closed.id, now)
    return closed.id


def _keep_known(
    session: Session, closed_id: int, bank_id: int, month: Month, found: Reconciliation
) -> None:
    """How much of each loan's journal the month knew; a loan that was disbursed after the month has
    nothing in it that could come late."""
    outstanding = {line.loan_id: line.movement.closing for line in found.lines}
    known = session.execute(
        select(LedgerEntry.loan_id, func.max(LedgerEntry.sequence))
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .where(LedgerEntry.bank_id == bank_id, Loan.disbursed_on <= month.last)
        .group_by(LedgerEntry.loan_id)
    )
    columns = ("closed_id", "loan_id", "bank_id", "last_sequence", "outstanding")
    rows = [
        (closed_id, loan_id, bank_id, int(last), outstanding.get(loan_id, 0))
        for loan_id, last in known
    ]
    bulk_insert(session, "reconciled_loans", columns, rows)


def issue(session: Session, closed: queries.Closed, bank: Bank, by: int, now: dt.datetime) -> int:
    """Issue the Berita Acara of a closed month, or find the one that counts; the paper's id."""
    _lock(session, bank.id)
    for paper in queries.papers_of_month(session, closed.id):
        if not paper.withdrawn:
            return paper.id
    document = queries.frozen(session, closed.id)

    def compose(heading: Heading) -> dict[str, object]:
        return {"letter": letter_data(minutes_letter(heading, document, closed))}

    subject = f"Rekonsiliasi {closed.month.words}, {bank.name}"
    paper_id = letters.issue(
        session, PaperKind.RECONCILIATION, bank.id, subject, compose, by, now, holder=bank.name
    )
    session.execute(
        insert(ReconciliationPaper).values(paper_id=paper_id, bank_id=bank.id, closed_id=closed.id)
    )
    return paper_id
