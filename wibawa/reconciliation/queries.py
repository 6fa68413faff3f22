from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.access.personal_data import unseal
from wibawa.banks.models import Bank
from wibawa.chains.models import OfficeLink
from wibawa.letters.models import IssuedPaper, PaperWithdrawal
from wibawa.loans.models import LoanRequest
from wibawa.reconciliation.books import (
    Baseline,
    Books,
    baseline_of,
    books_of,
    files_of,
    late_entries,
    suspense_of,
)
from wibawa.reconciliation.differences import NoteOf, Stated, differences, stated_in
from wibawa.reconciliation.document import (
    Difference,
    LateEntry,
    Line,
    Note,
    Reconciliation,
    fingerprint,
    read_again,
)
from wibawa.reconciliation.models import (
    ClosedMonth,
    ClosingProposal,
    NoteStrike,
    ProposalReturn,
    ReconciliationNote,
    ReconciliationPaper,
)
from wibawa.rules.reconciliation import Month, Movement, accounting_month, add_up
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib


class DamagedMonth(RuntimeError):
    """The document of a closed month is not the one that was signed."""


@dataclass(frozen=True)
class Closed:
    """A closed month without its document."""

    id: int
    bank_id: int
    month: Month
    data_hash: str
    chain_number: int | None
    chain_hash: str | None
    decision_number: int | None  # the link of this closing in the office's chain
    decision_hash: str | None
    opening: int
    closing: int
    suspense: int
    differences: int
    proposed_by: str
    closed_by: str
    closed_at: dt.datetime


proposer = aliased(User, name="proposer")
closer = aliased(User, name="closer")


def _closed() -> Any:
    return (
        select(ClosedMonth, proposer.name, closer.name, OfficeLink.number, OfficeLink.hash)
        .join(proposer, proposer.id == ClosedMonth.proposed_by)
        .join(closer, closer.id == ClosedMonth.closed_by)
        .outerjoin(
            OfficeLink,
            and_(OfficeLink.kind == "closing", OfficeLink.subject_id == ClosedMonth.id),
        )
    )


def _as_closed(row: Any) -> Closed:
    each, proposer, closer, decision, decision_hash = row
    return Closed(
        each.id, each.bank_id, Month.from_code(each.month), each.data_hash, each.chain_number,
        each.chain_hash, decision, decision_hash, each.opening, each.closing, each.suspense,
        each.differences, proposer, closer, each.closed_at,
    )  # fmt: skip


def closed_month(session: Session, bank_id: int, month: Month) -> Closed | None:
    found = session.execute(
        _closed().where(ClosedMonth.bank_id == bank_id, ClosedMonth.month == month.code)
    ).first()
    return None if found is None else _as_closed(found)


def last_closed(session: Session, bank_id: int) -> Closed | None:
    found = session.execute(
        _closed().where(ClosedMonth.bank_id == bank_id).order_by(ClosedMonth.month.desc()).limit(1)
    ).first()
    return None if found is None else _as_closed(found)


def frozen(session: Session, closed_id: int) -> Reconciliation:
    """The document of a closed month. Raises `DamagedMonth` when it is another one."""
    return read_again(frozen_text(session, closed_id))


def frozen_text(session: Session, closed_id: int) -> str:
    row = session.get_one(ClosedMonth, closed_id)
    text = unseal(row.data, data_place(row.bank_id, row.month))
    if fingerprint(text) != row.data_hash:
        raise DamagedMonth(f"the document of month {row.month} of bank {row.bank_id} is another")
    return text


def data_place(bank_id: int, month: int) -> str:
    """What a document is sealed for: it opens as that month of that bank only."""
    return f"closed_months.data {bank_id} {month}"


# — a month by the books as they are now —


def reconciliation_of(session: Session, bank: Bank, month: Month) -> Reconciliation:
    """A month that is not closed, by the books as they are now: some twenty queries, whatever the
    number of loans.

    The month that follows the last closed one opens with what was signed, and takes in what was
    booked into closed months since.
    """
    last = last_closed(session, bank.id)
    follows = last is not None and last.month.plus(1) == month
    baseline: Baseline | None = None
    before: tuple[Difference, ...] = ()
    late: tuple[LateEntry, ...] = ()
    if last is not None and follows:
        baseline = baseline_of(session, last.id, last.suspense)
        before = frozen(session, last.id).differences
        late = late_entries(session, bank.id, last.id, None, last.month.last)
    books = books_of(session, bank.id, month, baseline)
    files = files_of(session, bank.id, month)
    stated = stated_in(session, bank.id, books)
    notes = notes_of(session, bank.id, month)
    found = differences(session, bank.id, books, stated, before, notes, has_files=bool(files))
    money = [each for loan_id, each in books.money.items() if not _was_gone(books, loan_id)]
    total = add_up(books.movements.values()) if books.movements else Movement()
    repaid = sum(books.movements[loan_id].repaid for loan_id in books.movements)
    received = sum(each.amount for each in books.money.values())
    penalty = sum(each.penalty for each in money)
    return Reconciliation(
        bank_id=bank.id,
        bank_code=bank.code,
        bank=bank.name,
        month=month.text,
        movement=total,
        received=received,
        interest=sum(each.applied for each in money) - repaid,
        penalty=penalty,
        recovered=received - sum(each.amount for each in money),
        suspense=suspense_of(session, bank.id, month, baseline),
        **_counts(books),
        incomplete=_is_incomplete(books),
        files=files,
        lines=_lines(books, stated),
        differences=found,
        late=late,
    )


def _was_gone(books: Books, loan_id: int) -> bool:
    was = books.before.get(loan_id)
    return was is not None and was.gone


def _counts(books: Books) -> dict[str, int]:
    opening = {loan for loan, each in books.movements.items() if each.opening}
    closing = {loan for loan, each in books.movements.items() if each.closing}
    return {
        "loans_opening": len(opening),
        "loans_new": len(closing - opening),
        "loans_ended": len(opening - closing),
        "loans_closing": len(closing),
    }


def _is_incomplete(books: Books) -> bool:
    """Whether loans were running before the month whose money before it is not in the books."""
    return any(
        head.opened_on is not None and head.opened_on >= books.month.first
        for head in books.heads.values()
    )


def _lines(books: Books, stated: Mapping[int, Stated]) -> tuple[Line, ...]:
    lines = []
    for loan_id, moved in books.movements.items():
        said = stated.get(loan_id)
        if any(moved) or said is not None:
            head = books.heads[loan_id]
            lines.append(
                Line(
                    loan_id,
                    head.number,
                    head.account,
                    head.borrower,
                    moved,
                    books.closing[loan_id].collectibility,
                    said.row.effective_on.isoformat() if said else None,
                    said.outstanding if said else None,
                    said.collectibility if said else None,
                )
            )
    return tuple(sorted(lines, key=lambda line: line.number))


def notes_of(session: Session, bank_id: int, month: Month) -> dict[int, list[NoteOf]]:
    """Loan → notes written up to a month that were not struck, oldest first; one query."""
    query = (
        select(ReconciliationNote, User.name)
        .join(User, User.id == ReconciliationNote.entered_by)
        .outerjoin(NoteStrike, NoteStrike.note_id == ReconciliationNote.id)
        .where(
            ReconciliationNote.bank_id == bank_id,
            ReconciliationNote.month <= month.code,
            NoteStrike.note_id.is_(None),
        )
        .order_by(ReconciliationNote.id)
    )
    found: dict[int, list[NoteOf]] = defaultdict(list)
    for each, name in session.execute(query):
        note = Note(each.id, each.text, each.settles, name, in_wib(each.entered_at).isoformat())
        said = NoteOf(Month.from_code(each.month).text, each.cause, each.difference, note)
        found[each.loan_id].append(said)
    return found


# — closing —


@dataclass(frozen=True)
class Proposal:
    id: int
    shown: str
    note: str
    by_id: int
    by: str
    at: dt.datetime
    returned: str | None
    returned_by: str | None
    returned_at: dt.datetime | None


author = aliased(User, name="author")
other = aliased(User, name="other")


def latest_proposal(session: Session, bank_id: int, month: Month) -> Proposal | None:
    found: Any = session.execute(
        select(
            ClosingProposal.id,
            ClosingProposal.shown,
            ClosingProposal.note,
            ClosingProposal.proposed_by,
            author.name,
            ClosingProposal.proposed_at,
            ProposalReturn.reason,
            other.name,
            ProposalReturn.entered_at,
        )
        .join(author, author.id == ClosingProposal.proposed_by)
        .outerjoin(ProposalReturn, ProposalReturn.proposal_id == ClosingProposal.id)
        .outerjoin(other, other.id == ProposalReturn.entered_by)
        .where(ClosingProposal.bank_id == bank_id, ClosingProposal.month == month.code)
        .order_by(ClosingProposal.id.desc())
        .limit(1)
    ).first()
    return None if found is None else Proposal(*found)


@dataclass(frozen=True)
class Unfinished:
    """What may still change a month: files that the bank sent and nobody posted, and requests that
    wait for a decision."""

    files: int
    requests: int


def unfinished(session: Session, bank_id: int) -> Unfinished:
    files = select(func.count()).where(
        Upload.bank_id == bank_id, Upload.kind == "repayments", Upload.status == "submitted"
    )
    requests = select(func.count()).where(
        LoanRequest.bank_id == bank_id, LoanRequest.status == "recorded"
    )
    row = session.execute(select(files.scalar_subquery(), requests.scalar_subquery())).one()
    return Unfinished(*map(int, row))


@dataclass(frozen=True)
class LateLine:
    """A later entry of a closed month, and the month in which it counts."""

    entry: LateEntry
    counts_in: Month


def later_entries(session: Session, closed: Closed) -> list[LateLine]:
    """Entries dated in a closed month that it did not know; one query, and one for each month that
    was closed since."""
    month = closed.month
    found = late_entries(session, closed.bank_id, closed.id, month.first, month.last)
    if not found:
        return []
    after = session.execute(
        select(ClosedMonth.id, ClosedMonth.month)
        .where(ClosedMonth.bank_id == closed.bank_id, ClosedMonth.month > month.code)
        .order_by(ClosedMonth.month)
    ).all()
    unknown_to = {(each.loan_id, each.sequence): month for each in found}
    for closed_id, code in after:
        late = late_entries(session, closed.bank_id, closed_id, month.first, month.last)
        for each in late:
            unknown_to[each.loan_id, each.sequence] = Month.from_code(code)
    return [
        LateLine(
            each,
            accounting_month(
                dt.date.fromisoformat(each.effective_on), unknown_to[each.loan_id, each.sequence]
            ),
        )
        for each in found
    ]


@dataclass(frozen=True)
class PaperLine:
    id: int
    number: str
    dated: dt.date
    by: str
    withdrawn: bool


def papers_of_month(session: Session, closed_id: int) -> list[PaperLine]:
    """The Berita Acara of a closed month, the newest first."""
    query: Any = (
        select(
            IssuedPaper.id,
            IssuedPaper.number,
            IssuedPaper.dated,
            User.name,
            PaperWithdrawal.paper_id.is_not(None),
        )
        .join(ReconciliationPaper, ReconciliationPaper.paper_id == IssuedPaper.id)
        .join(User, User.id == IssuedPaper.issued_by)
        .outerjoin(PaperWithdrawal, PaperWithdrawal.paper_id == IssuedPaper.id)
        .where(ReconciliationPaper.closed_id == closed_id)
        .order_by(IssuedPaper.id.desc())
    )
    return [PaperLine(*row) for row in session.execute(query)]


def difference_of(month: Reconciliation, loan_id: int) -> Difference | None:
    return next((each for each in month.differences if each.loan_id == loan_id), None)
