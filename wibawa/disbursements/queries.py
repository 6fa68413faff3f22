from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.access.personal_data import index_of
from wibawa.applications.models import Application
from wibawa.applications.queries import application_facts
from wibawa.banks.models import Bank, LoanTerms
from wibawa.banks.queries import direct_banks, terms_on, thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine, borrower_facts, registered
from wibawa.disbursements.checks import (
    Draft,
    applicant_of,
    approval_of,
    limits_of,
    other_name,
)
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import Loan
from wibawa.loans.positions import positions
from wibawa.rules.disbursing import OpenApplication, approval_problems, direct_problems
from wibawa.rules.eligibility import (
    Known,
    Request,
    RunningLoan,
    Verdict,
    WaitingDisbursement,
    check,
)
from wibawa.rules.facts import Installment, Method, Terms
from wibawa.rules.refused import Problem, Refused
from wibawa.rules.schedule import schedule
from wibawa.rules.statuses import OPEN, State

STATUS_WORDS = {
    "recorded": ("Menunggu persetujuan", "waiting"),
    "approved": ("Disetujui", "success"),
    "refused": ("Ditolak", "danger"),
}
entered = aliased(User, name="entered")
decided = aliased(User, name="decided")


@dataclass(frozen=True)
class DisbursementFacts:
    """One disbursement with all that its page shows, the borrower apart."""

    id: int
    status: str
    borrower_id: int
    bank_id: int
    bank: str
    account_number: str
    agreement_number: str
    disbursed_on: dt.date
    principal: int
    rate: int
    months: int
    method: str
    multiple: int
    collateral: str
    entered_by_id: int
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_reason: str
    loan_id: int | None
    loan_number: str | None
    direct_reason: str
    agreement_on: dt.date | None
    application_id: int | None
    application: str | None
    application_version: int | None
    approved_amount: int | None

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]

    @property
    def terms(self) -> Terms:
        return Terms(
            self.principal,
            self.rate,
            self.months,
            Method(self.method),
            self.disbursed_on,
            self.multiple,
        )


@dataclass(frozen=True)
class PaidOut:
    """What a disbursement of an application came to."""

    id: int
    status: str
    principal: int
    disbursed_on: dt.date
    loan_id: int | None
    loan_number: str | None

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]


@dataclass(frozen=True)
class LoanSource:
    disbursement_id: int
    application_id: int | None
    application: str | None
    direct_reason: str


@dataclass(frozen=True)
class Quote:
    """The schedule that a disbursement would get, for the preview."""

    bank: str
    terms: Terms
    collateral_free_limit: int
    rows: tuple[Installment, ...]

    @property
    def interest(self) -> int:
        return sum(row.interest for row in self.rows)


def disbursement_facts(session: Session, disbursement_id: int) -> DisbursementFacts | None:
    row: Any = session.execute(
        select(
            Disbursement.id,
            Disbursement.status,
            Disbursement.borrower_id,
            Disbursement.bank_id,
            Bank.name,
            Disbursement.account_number,
            Disbursement.agreement_number,
            Disbursement.disbursed_on,
            Disbursement.principal,
            Disbursement.rate,
            Disbursement.months,
            Disbursement.method,
            Disbursement.multiple,
            Disbursement.collateral,
            Disbursement.entered_by,
            entered.name,
            Disbursement.entered_at,
            decided.name,
            Disbursement.decided_at,
            Disbursement.decision_reason,
            Disbursement.loan_id,
            Loan.number,
            Disbursement.direct_reason,
            Disbursement.agreement_on,
            Disbursement.application_id,
            Application.number,
            Application.version,
            Application.approved_amount,
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(entered, entered.id == Disbursement.entered_by)
        .outerjoin(decided, decided.id == Disbursement.decided_by)
        .outerjoin(Loan, Loan.id == Disbursement.loan_id)
        .outerjoin(Application, Application.id == Disbursement.application_id)
        .where(Disbursement.id == disbursement_id)
    ).first()
    return None if row is None else DisbursementFacts(*row)


def fingerprint(facts: DisbursementFacts, borrower: BorrowerFacts) -> str:
    """What an approver was shown, in 64 characters: approving something else is refused."""
    shown = replace(
        facts, status="", decided_by=None, decided_at=None, loan_id=None, loan_number=None
    )
    parts = [("disbursement", repr(shown)), ("borrower", repr(borrower))]
    return once.body_hash(parts).hex()


def draft_of(facts: DisbursementFacts, borrower: BorrowerFacts) -> Draft:
    """A recorded disbursement, to be examined again before it is approved."""
    return Draft(
        applicant_of(borrower),
        facts.bank_id,
        facts.account_number,
        facts.agreement_number,
        facts.disbursed_on,
        facts.principal,
        facts.collateral,
        registered_id=facts.borrower_id,
        application_id=facts.application_id,
        direct_reason=facts.direct_reason,
    )


def same_borrower(session: Session, draft: Draft) -> BorrowerLine | None:
    """A stored borrower with the key that was typed as a new one."""
    if draft.registered_id is not None or not draft.applicant.nik:
        return None
    return registered(session, draft.applicant.kind, draft.applicant.nik, draft.cooperative_number)


def examine(
    session: Session, draft: Draft, today: dt.date, apart_from: int | None = None
) -> Verdict:
    """All obstacles and warnings for a disbursement, as stored and as typed.

    `apart_from` is the disbursement itself when it is stored already. The facts of a registered
    borrower count, not what was typed again.
    """
    same = same_borrower(session, draft)
    applicant = draft.applicant
    strangers: tuple[Problem, ...] = ()
    if same is not None:
        stored = borrower_facts(session, same.id)
        assert stored is not None
        applicant = applicant_of(stored)
        strangers = other_name(draft, same)
    bank = session.get(Bank, draft.bank_id) if draft.bank_id else None
    request = Request(
        bank.name if bank else "",
        draft.account_number,
        draft.agreement_number,
        draft.disbursed_on,
        draft.principal,
        draft.collateral,
    )
    borrower_id = draft.registered_id or (same.id if same else None)
    known = _known(session, draft, borrower_id, today, apart_from)
    terms, against = _source(session, draft, bank, borrower_id, today)
    verdict = check(applicant, request, limits_of(terms), known, today)
    return Verdict((*strangers, *against, *verdict.blocks), verdict.warnings)


def _source(
    session: Session, draft: Draft, bank: Bank | None, borrower_id: int | None, today: dt.date
) -> tuple[LoanTerms, list[Problem]]:
    """By which terms it is judged, and what the application, or that there is none, forbids."""
    if draft.application_id is None:
        allowed = bank is not None and bank.id in direct_banks(session, today)
        against = direct_problems(
            bank.name if bank else "", allowed, open_application(session, borrower_id)
        )
        return terms_on(session, draft.disbursed_on or today), against
    application = application_facts(session, draft.application_id)
    assert application is not None
    against = approval_problems(approval_of(application), draft.disbursed_on, draft.principal)
    return session.get_one(LoanTerms, application.terms_id), against


def open_application(session: Session, borrower_id: int | None) -> OpenApplication | None:
    """The application that the borrower has open."""
    row = session.execute(
        select(Application.number, Bank.name, Application.state)
        .join(Bank, Bank.id == Application.bank_id)
        .where(Application.borrower_id == borrower_id, Application.state.in_(OPEN))
    ).first()
    return None if row is None else OpenApplication(row[0], row[1], State(row[2]))


def paid_out(session: Session, application_id: int) -> list[PaidOut]:
    """The disbursements of an application, the newest first: at most one is not refused."""
    found = session.execute(
        select(
            Disbursement.id, Disbursement.status, Disbursement.principal,
            Disbursement.disbursed_on, Loan.id, Loan.number,
        )
        .outerjoin(Loan, Loan.id == Disbursement.loan_id)
        .where(Disbursement.application_id == application_id)
        .order_by(Disbursement.id.desc())
    )  # fmt: skip
    return [PaidOut(*row) for row in found]


def source_of_loan(session: Session, loan_id: int) -> LoanSource | None:
    """The disbursement that opened a loan, and its application; None for an opening portfolio."""
    row = session.execute(
        select(
            Disbursement.id, Disbursement.application_id, Application.number,
            Disbursement.direct_reason,
        )
        .outerjoin(Application, Application.id == Disbursement.application_id)
        .where(Disbursement.loan_id == loan_id)
    ).first()  # fmt: skip
    return None if row is None else LoanSource(*row)


def _known(
    session: Session, draft: Draft, borrower_id: int | None, today: dt.date, apart_from: int | None
) -> Known:
    """Other loans and disbursements of the borrower, and who holds the account or agreement."""
    return Known(
        tuple(_running(session, draft, borrower_id, today)),
        tuple(_waiting(session, draft, borrower_id, apart_from)),
        _account_holder(session, draft, apart_from),
        _agreement_holder(session, draft, apart_from),
    )


def _is_or_shares_nik(draft: Draft, borrower_id: int | None) -> ColumnElement[bool]:
    """The borrower, or one with the same person behind it."""
    conditions = [Borrower.id == borrower_id] if borrower_id is not None else []
    if draft.applicant.nik:
        conditions.append(Borrower.nik_index == index_of(draft.applicant.nik))
    return or_(*conditions) if conditions else Borrower.id.is_(None)


def _running(
    session: Session, draft: Draft, borrower_id: int | None, today: dt.date
) -> list[RunningLoan]:
    whose = session.scalars(select(Borrower.id).where(_is_or_shares_nik(draft, borrower_id)))
    return [
        replace(loan, own=holder == borrower_id)
        for holder, loan in running_loans(session, list(whose), today)
    ]


def running_loans(
    session: Session, borrower_ids: list[int], today: dt.date
) -> list[tuple[int, RunningLoan]]:
    """The loans of some borrowers not paid off by today, each with the borrower's id: one query."""
    if not borrower_ids:
        return []
    each = (
        positions(today, thresholds_on(session, today))
        .where(Loan.borrower_id.in_(borrower_ids))
        .subquery("each")
    )
    found = session.execute(
        select(Borrower.id, Loan.number, Bank.name, Borrower.name, each.c.outstanding)
        .join(Loan, Loan.id == each.c.loan_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .where(each.c.outstanding > 0)
        .order_by(Loan.number)
    )
    return [(row[0], RunningLoan(row[1], row[2], row[3], int(row[4]), own=True)) for row in found]


def _waiting(
    session: Session, draft: Draft, borrower_id: int | None, apart_from: int | None
) -> list[WaitingDisbursement]:
    query = (
        select(
            Borrower.id, Bank.name, Borrower.name, Disbursement.principal,
            Disbursement.application_id,
        )
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .join(Bank, Bank.id == Disbursement.bank_id)
        .where(Disbursement.status == "recorded", _is_or_shares_nik(draft, borrower_id))
        .order_by(Disbursement.id)
    )  # fmt: skip
    if apart_from is not None:
        query = query.where(Disbursement.id != apart_from)
    return [
        WaitingDisbursement(row[1], row[2], row[3], row[0] == borrower_id, row[4])
        for row in session.execute(query)
    ]


def _account_holder(session: Session, draft: Draft, apart_from: int | None) -> str:
    return _holder(
        session,
        apart_from,
        and_(Loan.bank_id == draft.bank_id, Loan.account_number == draft.account_number),
        and_(
            Disbursement.bank_id == draft.bank_id,
            Disbursement.account_number == draft.account_number,
        ),
    )


def _agreement_holder(session: Session, draft: Draft, apart_from: int | None) -> str:
    return _holder(
        session,
        apart_from,
        and_(Loan.bank_id == draft.bank_id, Loan.agreement_number == draft.agreement_number),
        and_(
            Disbursement.bank_id == draft.bank_id,
            Disbursement.agreement_number == draft.agreement_number,
        ),
    )


def _holder(
    session: Session,
    apart_from: int | None,
    of_loan: ColumnElement[bool],
    of_disbursement: ColumnElement[bool],
) -> str:
    """Which loan or waiting disbursement fits the condition, in words; "" for none."""
    loan = session.scalar(select(Loan.number).where(of_loan).order_by(Loan.id).limit(1))
    if loan is not None:
        return f"pinjaman {loan}"
    waiting = (
        select(Borrower.name)
        .join(Disbursement)
        .where(
            Disbursement.status == "recorded",
            Disbursement.id != (apart_from or 0),
            of_disbursement,
        )
    )
    name = session.scalar(waiting.order_by(Disbursement.id).limit(1))
    return "" if name is None else f"pencairan {name} yang menunggu persetujuan"


def quote(
    session: Session,
    bank_id: int | None,
    principal: int | None,
    day: dt.date | None,
    months: int | None = None,
) -> Quote | None:
    """The schedule under the terms of `day`, over the `months` of an application or theirs; None
    while something is missing or impossible."""
    bank = session.get(Bank, bank_id) if bank_id else None
    if bank is None or not principal or day is None:
        return None
    settings = terms_on(session, day)
    term = months or settings.months
    terms = Terms(principal, settings.rate, term, Method(bank.method), day, bank.multiple)
    try:
        rows = tuple(schedule(terms))
    except Refused:
        return None
    return Quote(bank.name, terms, settings.collateral_free_limit, rows)
