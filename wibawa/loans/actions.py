"""Loading the running portfolio, once per bank. Flush at most; all or nothing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import all_banks, kelurahan_codes, terms_on
from wibawa.borrowers.actions import NewBorrower, add_borrowers
from wibawa.loans.chain.actions import append
from wibawa.loans.chain.lines import UPLOAD
from wibawa.loans.checks import check_portfolio
from wibawa.loans.journal import Author, NewLoan, open_loans
from wibawa.loans.models import Loan
from wibawa.loans.reader import DefaultTerms, PortfolioFile, PortfolioRow, read_portfolio
from wibawa.rules.facts import Method
from wibawa.rules.refused import Problem
from wibawa.uploads.actions import Sent, store
from wibawa.uploads.kinds import Kind
from wibawa.uploads.limits import Unreadable
from wibawa.uploads.models import Upload

PORTFOLIO = Kind("portfolio", {}, {})


@dataclass(frozen=True)
class Imported:
    """What loading a portfolio did. `borrowers` counts new ones; problems block, notices not."""

    loans: int
    borrowers: int
    opening_entries: int
    problems: tuple[Problem, ...]
    already_imported: bool = False


def import_portfolio(session: Session, content: bytes, filename: str, author: Author) -> Imported:
    """Load an opening portfolio: borrowers, loans with their schedules, one opening entry each.

    The same bytes a second time change nothing. With any blocking problem nothing is written.
    Each bank gets its own stored copy of the file, so that an entry's file is of its own bank.
    """
    sent = Sent(content, filename, author.entered_by, author.now)
    session.execute(select(Bank.id).order_by(Bank.id).with_for_update())
    known = session.scalar(
        select(Upload.id)
        .where(Upload.kind == PORTFOLIO.code, Upload.sha256 == sent.digest)
        .limit(1)
    )
    if known is not None:
        return Imported(0, 0, 0, (), already_imported=True)
    try:
        file = read_portfolio(content, filename)
    except Unreadable as error:
        return Imported(0, 0, 0, (error.problem,))
    banks = {bank.code: bank for bank in all_banks(session)}
    terms_for = _terms(session, banks)
    problems = check_portfolio(
        file,
        banks,
        kelurahan_codes(session),
        _accounts(session),
        author.booked_on,
        terms_for,
    )
    if any(problem.blocking for problem in problems):
        return Imported(0, 0, 0, tuple(problems))
    uploads = _store(session, file, sent, banks, author)
    added = add_borrowers(
        session, [_borrower(row) for row in file.rows], author.entered_by, author.now
    )
    open_loans(
        session,
        [
            _loan(row, borrower_id, banks[row.bank_code], uploads[row.bank_code], terms_for)
            for row, borrower_id in zip(file.rows, added.ids, strict=True)
        ],
        author,
    )
    for code, upload_id in sorted(uploads.items()):
        append(session, banks[code].id, UPLOAD, upload_id, author.now)
    return Imported(len(file.rows), added.new, len(file.rows), tuple(problems))


def _accounts(session: Session) -> frozenset[tuple[str, str]]:
    found = session.execute(
        select(Bank.code, Loan.account_number).join(Bank, Bank.id == Loan.bank_id)
    )
    return frozenset((row[0], row[1]) for row in found)


def _terms(session: Session, banks: dict[str, Bank]) -> Callable[[str, dt.date], DefaultTerms]:
    """The product's terms for a bank and day, asked of the database once per day."""
    known: dict[dt.date, tuple[int, int]] = {}

    def terms_for(code: str, day: dt.date) -> DefaultTerms:
        if day not in known:
            terms = terms_on(session, day)
            known[day] = (terms.rate, terms.months)
        rate, months = known[day]
        bank = banks.get(code)
        if bank is None:
            return DefaultTerms(rate, months)
        return DefaultTerms(rate, months, Method(bank.method), bank.multiple)

    return terms_for


def _store(
    session: Session, file: PortfolioFile, sent: Sent, banks: dict[str, Bank], author: Author
) -> dict[str, int]:
    """One posted upload for each bank of the file; bank code → id."""
    uploads = {}
    for code in sorted({row.bank_code for row in file.rows}):
        rows = [row for row in file.rows if row.bank_code == code]
        paid = sum(row.paid for row in rows)
        uploads[code] = store(
            session,
            PORTFOLIO,
            banks[code].id,
            sent,
            status="posted",
            submitted_by=author.entered_by,
            submitted_at=author.now,
            posted_by=author.approved_by,
            posted_at=author.now,
            headings=json.dumps(file.headings, ensure_ascii=False),
            row_count=len(rows),
            total=paid,
            control_total=paid,
            posted_rows=len(rows),
            posted_total=paid,
        )
    return {code: upload.id for code, upload in uploads.items()}


def _borrower(row: PortfolioRow) -> NewBorrower:
    return NewBorrower(
        kind=row.kind,
        name=row.name[:120],
        nik=row.nik,
        sex=row.sex,
        birth_date=row.birth_date,
        kelurahan_code=row.kelurahan_code,
        business_name=row.business_name[:120],
        sector=row.sector[:60],
        business_started_on=row.business_started_on,
        address=row.address[:200],
        phone=row.phone[:30],
        nib=row.nib[:20],
        cooperative_number=row.cooperative_number and row.cooperative_number[:30],
        chair_name=row.chair_name[:120],
        members_male=row.members_male,
        members_female=row.members_female,
    )


def _loan(
    row: PortfolioRow,
    borrower_id: int,
    bank: Bank,
    upload_id: int,
    terms_for: Callable[[str, dt.date], DefaultTerms],
) -> NewLoan:
    return NewLoan(
        bank_id=bank.id,
        borrower_id=borrower_id,
        account_number=row.account,
        agreement_number=row.agreement_number[:60],
        terms=row.terms(terms_for(row.bank_code, row.disbursed_on)),
        upload_id=upload_id,
        row_number=row.row,
        opened_on=row.cut_off,
        opening=row.paid,
    )
