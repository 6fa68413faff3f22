from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.applications.lists import seen_by
from wibawa.applications.models import Application
from wibawa.applications.moves import sent_at
from wibawa.banks.models import Bank, LoanTerms
from wibawa.banks.queries import rates_on
from wibawa.borrowers.models import Borrower
from wibawa.borrowers.queries import many_borrower_facts
from wibawa.disbursements.checks import applicant_of, limits_of
from wibawa.disbursements.files.rows import ApplicationFact, Books, PaymentFile
from wibawa.disbursements.models import Disbursement
from wibawa.disbursements.queries import running_loans
from wibawa.loans.models import Loan
from wibawa.rules.disbursing import Approval
from wibawa.rules.eligibility import Known, RunningLoan, WaitingDisbursement
from wibawa.rules.facts import Method
from wibawa.rules.statuses import State
from wibawa.uploads.models import Upload
from wibawa.web.clock import in_wib
from wibawa.web.pages import Page, Wanted


@dataclass(frozen=True)
class PaidLine:
    """A row of a confirmed file and the loan that it opened."""

    row: int
    application_id: int
    number: str
    borrower: str
    account_number: str
    disbursed_on: dt.date
    principal: int
    loan_id: int
    loan: str


@dataclass(frozen=True)
class FileSource:
    """The file and row that a disbursement came from."""

    upload_id: int
    filename: str
    row: int


def books(session: Session, bank_id: int, file: PaymentFile, today: dt.date) -> Books:
    """What the books know of what the file names: a fixed number of queries."""
    numbers = {row.number for row in file.rows if row.number}
    rows = session.execute(
        select(Application, LoanTerms, sent_at())
        .join(LoanTerms, LoanTerms.id == Application.terms_id)
        .where(seen_by(bank_id), Application.number.in_(numbers))
    ).all()
    ids = [row[0].borrower_id for row in rows]
    borrowers = many_borrower_facts(session, ids)
    known, recorded = _known(session, ids, today)
    applications = {}
    for one, terms, sent in rows:
        borrower = borrowers[one.borrower_id]
        applications[one.number] = ApplicationFact(
            one.id,
            one.version,
            one.borrower_id,
            borrower.name,
            borrower.chair_name,
            one.months,
            one.collateral,
            Approval(
                one.number,
                State(one.state),
                one.approved_amount,
                in_wib(sent).date() if sent else None,
            ),
            applicant_of(borrower),
            limits_of(terms),
            _without(known[one.borrower_id], one.id),
            one.id in recorded,
        )
    bank = session.get_one(Bank, bank_id)
    accounts = {row.account for row in file.rows if row.account}
    agreements = {row.agreement_number for row in file.rows if row.agreement_number}
    return Books(
        bank.name,
        Method(bank.method),
        bank.multiple,
        rates_on(session, {row.disbursed_on for row in file.rows if row.disbursed_on}),
        applications,
        _held(session, bank_id, "account_number", accounts),
        _held(session, bank_id, "agreement_number", agreements),
    )


def _without(known: Known, application_id: int) -> Known:
    """What is known, apart from the application's own disbursement."""
    others = [each for each in known.waiting if each.application_id != application_id]
    return replace(known, waiting=tuple(others))


def _known(session: Session, ids: list[int], today: dt.date) -> tuple[dict[int, Known], set[int]]:
    """Other loans and waiting disbursements of each borrower, and of the same person under another
    record; and the applications whose disbursement waits."""
    person = {
        row.id: bytes(row.nik_index)
        for row in session.execute(
            select(Borrower.id, Borrower.nik_index).where(
                Borrower.nik_index.in_(select(Borrower.nik_index).where(Borrower.id.in_(ids)))
            )
        )
    }
    holders: dict[bytes, list[int]] = defaultdict(list)
    for number, index in person.items():
        holders[index].append(number)
    running: dict[int, list[RunningLoan]] = defaultdict(list)
    for holder, loan in running_loans(session, list(person), today):
        running[holder].append(loan)
    waiting: dict[int, list[WaitingDisbursement]] = defaultdict(list)
    found = session.execute(
        select(
            Disbursement.borrower_id, Bank.name, Borrower.name, Disbursement.principal,
            Disbursement.application_id,
        )
        .join(Bank, Bank.id == Disbursement.bank_id)
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .where(Disbursement.status == "recorded", Disbursement.borrower_id.in_(list(person)))
        .order_by(Disbursement.id)
    ).all()  # fmt: skip
    for holder, bank, name, principal, application_id in found:
        waiting[holder].append(WaitingDisbursement(bank, name, principal, True, application_id))
    known = {}
    for number in ids:
        same = holders[person[number]]
        known[number] = Known(
            tuple(replace(x, own=y == number) for y in same for x in running[y]),
            tuple(replace(x, own=y == number) for y in same for x in waiting[y]),
        )
    return known, {row[4] for row in found if row[4] is not None}


def _held(session: Session, bank_id: int, column: str, values: Collection[str]) -> dict[str, str]:
    """Who holds an account or agreement at the bank, in words: a loan, or what waits."""
    of_waiting, of_loan = getattr(Disbursement, column), getattr(Loan, column)
    waiting = session.execute(
        select(of_waiting, Borrower.name)
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .where(
            Disbursement.bank_id == bank_id,
            Disbursement.status == "recorded",
            of_waiting.in_(values),
        )
    )
    held = {value: f"pencairan {name} yang menunggu persetujuan" for value, name in waiting}
    loans = session.execute(
        select(of_loan, Loan.number).where(Loan.bank_id == bank_id, of_loan.in_(values))
    )
    return held | {value: f"pinjaman {number}" for value, number in loans}


def paid_lines(session: Session, upload_id: int, asked: Wanted) -> Page[PaidLine]:
    """One page of what a confirmed file paid out, in row order: two queries."""
    own = Disbursement.upload_id == upload_id
    found: Any = session.execute(
        select(
            Disbursement.row_number,
            Application.id,
            Application.number,
            Borrower.name,
            Disbursement.account_number,
            Disbursement.disbursed_on,
            Disbursement.principal,
            Loan.id,
            Loan.number,
        )
        .join(Application, Application.id == Disbursement.application_id)
        .join(Borrower, Borrower.id == Disbursement.borrower_id)
        .join(Loan, Loan.id == Disbursement.loan_id)
        .where(own)
        .order_by(Disbursement.row_number)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    total = session.scalar(select(func.count()).select_from(Disbursement).where(own))
    return Page([PaidLine(*row) for row in found], asked.page, asked.per_page, int(total or 0))


def source_file(session: Session, disbursement_id: int) -> FileSource | None:
    """The file that a disbursement came from; None for one recorded on screen."""
    found: Any = session.execute(
        select(Upload.id, Upload.filename, Disbursement.row_number)
        .join(Upload, Upload.id == Disbursement.upload_id)
        .where(Disbursement.id == disbursement_id)
    ).first()
    return None if found is None else FileSource(*found)
