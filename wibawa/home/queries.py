"""What stands across the folders: a borrower's loans, and what the search box finds among loans."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select, true, union
from sqlalchemy.orm import Session, aliased

from wibawa.access.models import User
from wibawa.applications.lists import seen_by
from wibawa.applications.models import Application, SiteVisit
from wibawa.applications.queries import TONES
from wibawa.banks.models import Bank
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import answering, borrower_line
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import running_loans
from wibawa.loans.models import LedgerEntry, Loan
from wibawa.loans.positions import Classes, positions
from wibawa.loans.queries import schedules_on
from wibawa.rules.eligibility import RunningLoan, WaitingDisbursement, plain_account
from wibawa.rules.facts import BankKind, Position
from wibawa.rules.position import position
from wibawa.rules.statuses import OPEN, STATE_WORDS, State
from wibawa.web.clock import today

MONEY_IN = ("repayment", "settlement", "recovery", "reversal")


@dataclass(frozen=True)
class BorrowerLoan:
    """One loan of a borrower; `position` is None before its first day."""

    id: int
    number: str
    bank: str
    bank_kind: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    opened_on: dt.date | None
    position: Position | None = None


@dataclass(frozen=True)
class WaitingLine:
    """A disbursement that waits for its second person."""

    id: int
    bank: str
    principal: int
    disbursed_on: dt.date
    entered_by: str
    entered_at: dt.datetime
    application_id: int | None
    application: str | None


@dataclass(frozen=True)
class BorrowerApplication:
    id: int
    number: str
    bank: str
    amount: int
    months: int
    state: State
    since: dt.datetime
    recorded_at: dt.datetime
    loan_id: int | None
    loan: str | None

    @property
    def state_word(self) -> tuple[str, str]:
        return STATE_WORDS[self.state], TONES[self.state]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True)
class BorrowerVisit:
    application_id: int
    number: str
    visited_on: dt.date
    visitor: str
    feasible: bool
    bankable: bool
    recommended_amount: int


@dataclass(frozen=True)
class BorrowerPayment:
    """One entry of a journal that brought money in, or took it back."""

    loan_id: int
    loan: str
    sequence: int
    kind: str
    effective_on: dt.date
    amount: int
    penalty: int
    reference: str | None
    upload_id: int | None


@dataclass(frozen=True)
class FoundApplication:
    id: int
    number: str
    borrower: str
    business_name: str
    bank: str
    amount: int
    state: State

    @property
    def state_word(self) -> tuple[str, str]:
        return STATE_WORDS[self.state], TONES[self.state]


@dataclass(frozen=True)
class FoundLoan:
    id: int
    number: str
    agreement_number: str
    account_number: str
    borrower: str
    business_name: str
    bank: str
    disbursed_on: dt.date
    principal: int


def running_by_borrower(on: dt.date, classes: Classes, among: Any = None) -> Subquery:
    """borrower_id, loans (how many run on `on`), outstanding (rupiah), of whoever has any: among
    some borrowers (ids, or a query of ids), else among all."""
    found = positions(on, classes)
    if among is not None:
        found = found.where(Loan.borrower_id.in_(among))
    each = found.subquery("each")
    return (
        select(
            Loan.borrower_id,
            func.count().label("loans"),
            func.sum(each.c.outstanding).label("outstanding"),
        )
        .join(each, each.c.loan_id == Loan.id)
        .where(each.c.outstanding > 0)
        .group_by(Loan.borrower_id)
        .subquery("running")
    )


def loans_of_borrower(
    session: Session, borrower_id: int, on: dt.date, classes: Classes
) -> list[BorrowerLoan]:
    """All loans of a borrower, newest first, with their position on `on`: three queries."""
    rows: Any = session.execute(
        select(
            Loan.id,
            Loan.number,
            Bank.name,
            Bank.kind,
            Loan.account_number,
            Loan.disbursed_on,
            Loan.principal,
            Loan.opened_on,
        )
        .join(Bank, Bank.id == Loan.bank_id)
        .where(Loan.borrower_id == borrower_id)
        .order_by(Loan.disbursed_on.desc(), Loan.id.desc())
    ).all()
    ids = [row[0] for row in rows]
    schedules = schedules_on(session, ids, on)
    paid: Any = session.execute(
        select(LedgerEntry.loan_id, func.sum(LedgerEntry.applied))
        .where(LedgerEntry.loan_id.in_(ids), LedgerEntry.effective_on <= on)
        .group_by(LedgerEntry.loan_id)
    )
    applied = {loan_id: int(total) for loan_id, total in paid}
    found = []
    for loan in (BorrowerLoan(*row) for row in rows):
        plan, limits = schedules.get(loan.id), classes[BankKind(loan.bank_kind)]
        if plan is not None:
            where = position(loan.principal, plan.rows, applied.get(loan.id, 0), on, limits)
            loan = replace(loan, position=where)
        found.append(loan)
    return found


author = aliased(User, name="author")


def waiting_of_borrower(session: Session, borrower_id: int) -> list[WaitingLine]:
    """The borrower's disbursements that nobody has decided yet, oldest first."""
    rows: Any = session.execute(
        select(
            Disbursement.id,
            Bank.name,
            Disbursement.principal,
            Disbursement.disbursed_on,
            author.name,
            Disbursement.entered_at,
            Disbursement.application_id,
            Application.number,
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(author, author.id == Disbursement.entered_by)
        .outerjoin(Application, Application.id == Disbursement.application_id)
        .where(Disbursement.borrower_id == borrower_id, Disbursement.status == "recorded")
        .order_by(Disbursement.id)
    )
    return [WaitingLine(*row) for row in rows]


def applications_of_borrower(session: Session, borrower_id: int) -> list[BorrowerApplication]:
    """All applications of a borrower, the newest first, with the loans that came of them."""
    approved = and_(
        Disbursement.application_id == Application.id, Disbursement.status == "approved"
    )
    rows: Any = session.execute(
        select(
            Application.id,
            Application.number,
            Bank.name,
            Application.amount,
            Application.months,
            Application.state,
            Application.state_since,
            Application.created_at,
            Loan.id,
            Loan.number,
        )
        .join(Bank, Bank.id == Application.bank_id)
        .outerjoin(Disbursement, approved)
        .outerjoin(Loan, Loan.id == Disbursement.loan_id)
        .where(Application.borrower_id == borrower_id)
        .order_by(Application.id.desc())
    )
    found = [BorrowerApplication(*row) for row in rows]
    return [replace(each, state=State(each.state)) for each in found]


def visits_of_borrower(session: Session, borrower_id: int) -> list[BorrowerVisit]:
    """All site visits at a borrower, the newest first."""
    rows: Any = session.execute(
        select(
            SiteVisit.application_id,
            Application.number,
            SiteVisit.visited_on,
            User.name,
            SiteVisit.feasible,
            SiteVisit.bankable,
            SiteVisit.recommended_amount,
        )
        .join(Application, Application.id == SiteVisit.application_id)
        .join(User, User.id == SiteVisit.visitor_id)
        .where(Application.borrower_id == borrower_id)
        .order_by(SiteVisit.visited_on.desc(), SiteVisit.application_id.desc())
    )
    return [BorrowerVisit(*row) for row in rows]


def payments_of_borrower(session: Session, borrower_id: int, most: int) -> list[BorrowerPayment]:
    """The latest money that came in for a borrower's loans, or was reversed, the newest first."""
    rows: Any = session.execute(
        select(
            LedgerEntry.loan_id,
            Loan.number,
            LedgerEntry.sequence,
            LedgerEntry.kind,
            LedgerEntry.effective_on,
            LedgerEntry.amount,
            LedgerEntry.penalty,
            LedgerEntry.bank_reference,
            LedgerEntry.upload_id,
        )
        .join(Loan, Loan.id == LedgerEntry.loan_id)
        .where(Loan.borrower_id == borrower_id, LedgerEntry.kind.in_(MONEY_IN))
        .order_by(
            LedgerEntry.effective_on.desc(),
            LedgerEntry.booked_at.desc(),
            LedgerEntry.loan_id.desc(),
            LedgerEntry.sequence.desc(),
        )
        .limit(most)
    )
    return [BorrowerPayment(*row) for row in rows]


def elsewhere(
    session: Session, ids: list[int]
) -> list[tuple[int, RunningLoan | WaitingDisbursement]]:
    """Loans and waiting disbursements of the few borrowers with one NIK, for whoever examines an
    application."""
    found: list[tuple[int, RunningLoan | WaitingDisbursement]] = []
    found += running_loans(session, ids, today())
    for each in ids:
        line = borrower_line(session, each)
        assert line is not None
        found += (
            (
                each,
                WaitingDisbursement(
                    waiting.bank, line.name, waiting.principal, True, waiting.application_id
                ),
            )
            for waiting in waiting_of_borrower(session, each)
        )
    return found


def exact_loan(session: Session, text: str, bank_id: int | None, personal: bool) -> int | None:
    """The id of the one loan with this loan number or, if `personal`, this account number."""
    query = select(Loan.id).where(_numbered(text, personal, agreement=False)).limit(2)
    found = list(session.scalars(_of_bank(query, bank_id)))
    return found[0] if len(found) == 1 else None


def find_loans(
    session: Session, text: str, bank_id: int | None, personal: bool, most: int
) -> list[FoundLoan]:
    """Up to `most` loans, newest first, by loan or agreement number and, if `personal`, by account
    or by what their borrower answers to. Of one bank only when `bank_id` names it."""
    ways = [_of_bank(select(Loan.id).where(_numbered(text, personal)), bank_id)]
    if personal:
        whose = answering(text)
        ways.append(_of_bank(select(Loan.id).where(Loan.borrower_id.in_(whose)), bank_id))
    rows: Any = session.execute(
        select(
            Loan.id,
            Loan.number,
            Loan.agreement_number,
            Loan.account_number,
            Borrower.name,
            Borrower.business_name,
            Bank.name,
            Loan.disbursed_on,
            Loan.principal,
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Bank, Bank.id == Loan.bank_id)
        .where(Loan.id.in_(union(*ways)))
        .order_by(Loan.disbursed_on.desc(), Loan.id.desc())
        .limit(most)
    )
    return [FoundLoan(*row) for row in rows]


def exact_application(session: Session, text: str, bank_id: int | None) -> int | None:
    """The id of the application with this number, if this person's bank may see it."""
    query = select(Application.id).where(Application.number == text.upper(), _seen(bank_id))
    return session.scalar(query)


def _seen(bank_id: int | None) -> ColumnElement[bool]:
    return true() if bank_id is None else seen_by(bank_id)


def find_applications(
    session: Session, text: str, bank_id: int | None, most: int
) -> list[FoundApplication]:
    """Up to `most` applications, the newest first, by number or by what their borrower answers
    to; 12 is taken for PM-000012 too. Only what was sent to one bank when `bank_id` names it."""
    numbers = [text.upper()]
    if text.isascii() and text.isdigit() and len(text) <= 6:
        numbers.append(f"PM-{int(text):06d}")
    whose = answering(text)
    ways = (
        select(Application.id).where(Application.number.in_(numbers)),
        select(Application.id).where(Application.borrower_id.in_(whose)),
    )
    rows: Any = session.execute(
        select(
            Application.id,
            Application.number,
            Borrower.name,
            Borrower.business_name,
            Bank.name,
            Application.amount,
            Application.state,
        )
        .join(Borrower, Borrower.id == Application.borrower_id)
        .join(Bank, Bank.id == Application.bank_id)
        .where(Application.id.in_(union(*ways)), _seen(bank_id))
        .order_by(Application.id.desc())
        .limit(most)
    )
    return [
        replace(each, state=State(each.state)) for each in (FoundApplication(*row) for row in rows)
    ]


def _numbered(text: str, personal: bool, agreement: bool = True) -> Any:
    """Each place by its index; 12 is taken for KW-000012 too."""
    numbers = [text.upper()]
    if text.isascii() and text.isdigit() and len(text) <= 6:
        numbers.append(f"KW-{int(text):06d}")
    places: list[Any] = [Loan.number.in_(numbers)]
    if agreement:
        places.append(Loan.agreement_number.in_([text, text.upper()]))
    if personal:  # with the bank, because the index of accounts begins with it
        of_any_bank = Loan.bank_id.in_(select(Bank.id))
        places.append(of_any_bank & (Loan.account_number == plain_account(text)))
    return or_(*places)


def _of_bank(query: Select[int], bank_id: int | None) -> Select[int]:
    return query if bank_id is None else query.where(Loan.bank_id == bank_id)
