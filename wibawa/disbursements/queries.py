from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from wibawa.access import once
from wibawa.access.models import User
from wibawa.access.personal_data import index_of
from wibawa.banks.models import Bank
from wibawa.banks.queries import terms_on, thresholds_on
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import BorrowerFacts, BorrowerLine, borrower_facts, registered
from wibawa.disbursements.checks import Draft, applicant_of, limits_of, other_name
from wibawa.disbursements.models import Disbursement
from wibawa.loans.models import Loan
from wibawa.loans.positions import positions
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
from wibawa.web.pages import Page, Wanted

SORTS = ("dicatat", "cair", "nama", "bank", "plafon")
STATUSES = {"menunggu": "recorded", "disetujui": "approved", "ditolak": "refused"}
STATUS_WORDS = {
    "recorded": ("Menunggu persetujuan", "waiting"),
    "approved": ("Disetujui", "success"),
    "refused": ("Ditolak", "danger"),
}
entered = aliased(User, name="entered")
decided = aliased(User, name="decided")


@dataclass(frozen=True)
class DisbursementFilter:
    status: str = ""
    bank_id: int | None = None


@dataclass(frozen=True)
class DisbursementLine:
    id: int
    status: str
    borrower: str
    business_name: str
    bank: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    entered_by: str
    entered_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None

    @property
    def status_word(self) -> tuple[str, str]:
        return STATUS_WORDS[self.status]


@dataclass(frozen=True)
class DisbursementTotals:
    count: int
    principal: int
    waiting: int


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
class Quote:
    """The schedule that a disbursement would get, for the preview."""

    bank: str
    terms: Terms
    collateral_free_limit: int
    rows: tuple[Installment, ...]

    @property
    def interest(self) -> int:
        return sum(row.interest for row in self.rows)


def disbursement_lines(
    session: Session, asked_for: DisbursementFilter, asked: Wanted
) -> tuple[Page[DisbursementLine], DisbursementTotals]:
    """One page, what waits first, and the totals of the whole filtered list: two queries."""
    query = _lines()
    count = select(
        func.count(),
        func.coalesce(func.sum(Disbursement.principal), 0),
        func.coalesce(func.sum(case((Disbursement.status == "recorded", 1), else_=0)), 0),
    )
    conditions = []
    if asked_for.status in STATUSES:
        conditions.append(Disbursement.status == STATUSES[asked_for.status])
    if asked_for.bank_id is not None:
        conditions.append(Disbursement.bank_id == asked_for.bank_id)
    by = {
        "dicatat": Disbursement.entered_at,
        "cair": Disbursement.disbursed_on,
        "nama": Borrower.name_key,
        "bank": Bank.name,
        "plafon": Disbursement.principal,
    }[asked.sort]
    waiting_first = case((Disbursement.status == "recorded", 0), else_=1)
    order = by.desc() if asked.descending else by.asc()
    last = Disbursement.id.desc() if asked.descending else Disbursement.id.asc()
    found = session.execute(
        query.where(*conditions)
        .order_by(waiting_first, order, last)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    lines = [DisbursementLine(*row) for row in found]
    totals = DisbursementTotals(
        *(int(value) for value in session.execute(count.where(*conditions)).one())
    )
    return Page(lines, asked.page, asked.per_page, totals.count), totals


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Disbursement.id,
            Disbursement.status,
            Borrower.name,
            Borrower.business_name,
            Bank.name,
            Disbursement.account_number,
            Disbursement.disbursed_on,
            Disbursement.principal,
            entered.name,
            Disbursement.entered_at,
            decided.name,
            Disbursement.decided_at,
        )
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(entered, entered.id == Disbursement.entered_by)
        .outerjoin(decided, decided.id == Disbursement.decided_by)
    )


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
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(entered, entered.id == Disbursement.entered_by)
        .outerjoin(decided, decided.id == Disbursement.decided_by)
        .outerjoin(Loan, Loan.id == Disbursement.loan_id)
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
    limits = limits_of(terms_on(session, draft.disbursed_on or today))
    verdict = check(applicant, request, limits, known, today)
    return Verdict(strangers + verdict.blocks, verdict.warnings)


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
        select(Borrower.id, Bank.name, Borrower.name, Disbursement.principal)
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .join(Bank, Bank.id == Disbursement.bank_id)
        .where(Disbursement.status == "recorded", _is_or_shares_nik(draft, borrower_id))
        .order_by(Disbursement.id)
    )
    if apart_from is not None:
        query = query.where(Disbursement.id != apart_from)
    return [
        WaitingDisbursement(row[1], row[2], row[3], own=row[0] == borrower_id)
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
    session: Session, bank_id: int | None, principal: int | None, day: dt.date | None
) -> Quote | None:
    """The schedule under the terms of `day`; None while something is missing or impossible."""
    bank = session.get(Bank, bank_id) if bank_id else None
    if bank is None or not principal or day is None:
        return None
    settings = terms_on(session, day)
    terms = Terms(
        principal, settings.rate, settings.months, Method(bank.method), day, bank.multiple
    )
    try:
        rows = tuple(schedule(terms))
    except Refused:
        return None
    return Quote(bank.name, terms, settings.collateral_free_limit, rows)
