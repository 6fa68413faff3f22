from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.access.models import User
from wibawa.applications.models import ApplicationMove
from wibawa.applications.queries import Case
from wibawa.banks.models import LoanTerms
from wibawa.decisions.models import BankDecision, DeclineReason
from wibawa.letters.documents import PaperKind
from wibawa.letters.models import IssuedPaper
from wibawa.notices.letter import UNTOLD_REASON, Told
from wibawa.notices.models import Notice
from wibawa.rules.statuses import Action, State
from wibawa.scans.queries import papers_of_application
from wibawa.web.clock import in_wib

# The state in which an applicant is told, the move that is told, and the paper that tells it.
TOLD: Final = {
    State.RECOMMENDED: (Action.RECOMMEND, PaperKind.RECOMMENDATION),
    State.SENT: (Action.RECOMMEND, PaperKind.RECOMMENDATION),
    State.APPROVED: (Action.APPROVE, PaperKind.APPROVAL),
    State.REFUSED_BY_OFFICE: (Action.REFUSE, PaperKind.OFFICE_REFUSAL),
    State.REFUSED_BY_BANK: (Action.DECLINE, PaperKind.BANK_REFUSAL),
    State.RETURNED: (Action.RETURN, PaperKind.COMPLETION),
}


@dataclass(frozen=True)
class NoticeFacts:
    """A letter that was issued for an application; `sequence` is the move it tells of."""

    sequence: int
    paper_id: int
    kind: PaperKind
    number: str
    dated: dt.date
    by: str
    at: dt.datetime


def notices_of(session: Session, application_id: int) -> list[NoticeFacts]:
    """The letters of an application, the newest first."""
    found: Any = session.execute(
        select(
            Notice.sequence,
            Notice.paper_id,
            IssuedPaper.kind,
            IssuedPaper.number,
            IssuedPaper.dated,
            User.name,
            IssuedPaper.issued_at,
        )
        .join(IssuedPaper, IssuedPaper.id == Notice.paper_id)
        .join(User, User.id == IssuedPaper.issued_by)
        .where(Notice.application_id == application_id)
        .order_by(Notice.sequence.desc())
    )
    return [NoticeFacts(row[0], row[1], PaperKind(row[2]), *row[3:]) for row in found]


def told_move(session: Session, found: Case) -> tuple[int, PaperKind] | None:
    """The move (its number) that the applicant is to be told of now, and by which paper."""
    told = TOLD.get(found.facts.state)
    if told is None:
        return None
    action, kind = told
    sequence = session.scalar(
        select(ApplicationMove.sequence)
        .where(
            ApplicationMove.application_id == found.facts.id,
            ApplicationMove.action == action.value,
        )
        .order_by(ApplicationMove.sequence.desc())
        .limit(1)
    )
    return None if sequence is None else (int(sequence), kind)


def told_of(session: Session, found: Case, kind: PaperKind, today: dt.date) -> Told:
    """What the letter says, from the application as it is now."""
    facts, borrower = found.facts, found.borrower
    return Told(
        number=facts.number,
        cooperative=borrower.kind == "cooperative",
        name=borrower.name,
        sex=borrower.sex,
        business_name=borrower.business_name,
        address=borrower.address,
        kelurahan=borrower.kelurahan,
        kecamatan=borrower.kecamatan,
        bank=facts.bank,
        asked=facts.amount,
        approved=facts.approved_amount,
        months=facts.months,
        rate=session.get_one(LoanTerms, facts.terms_id).rate,
        collateral=facts.collateral,
        submitted_on=_submitted_on(found),
        reason=_reason(session, found, kind),
        missing=_missing(session, found, today) if kind is PaperKind.COMPLETION else (),
        until=facts.due_on,
    )


def _submitted_on(found: Case) -> dt.date:
    first = next((each for each in found.moves if each.action is Action.SUBMIT), found.moves[0])
    return in_wib(first.at).date()


def _missing(session: Session, found: Case, today: dt.date) -> tuple[str, ...]:
    return tuple(papers_of_application(session, found.standing.holder, today).missing)


def _reason(session: Session, found: Case, kind: PaperKind) -> str:
    """Of a bank's refusal only the words of the list: what it wrote besides was for the office."""
    if kind is not PaperKind.BANK_REFUSAL:
        return found.why.reason if found.why else ""
    row = session.execute(
        select(DeclineReason.code, DeclineReason.words)
        .join(BankDecision, BankDecision.reason_code == DeclineReason.code)
        .where(BankDecision.application_id == found.facts.id)
    ).one()
    return "" if row.code == UNTOLD_REASON else str(row.words)
