"""What the books know that a bank's file is checked against: a fixed number of queries per file."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    and_,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import layout_mapping
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER, among
from wibawa.loans.models import LedgerEntry, Loan, Schedule, SuspenseEntry
from wibawa.repayments.checks import check_repayments
from wibawa.repayments.kind import REPAYMENTS
from wibawa.repayments.layout import Layout, layout_from
from wibawa.repayments.outcome import AccountFact, Checked, Posted, Same, reference_key
from wibawa.repayments.rows import RepaymentFile


@dataclass(frozen=True)
class Options:
    """What the officer chose: leave bad rows out (with a reason), unknown accounts to titipan."""

    skip_problems: bool = False
    suspend_unknown: bool = False


@dataclass(frozen=True)
class Outcome:
    """A file checked against the books as they are now, and each loan's last entry number."""

    file: RepaymentFile
    checked: Checked
    last_sequences: dict[int, int]


def layout_of(session: Session, bank: Bank, today: dt.date) -> Layout:
    return layout_from(layout_mapping(session, bank.id, REPAYMENTS.code, today))


def check_against_books(
    session: Session, bank_id: int, file: RepaymentFile, today: dt.date, options: Options
) -> Outcome:
    """Check `file` against the bank's accounts and what it has posted before: three queries."""
    accounts, last_sequences = _accounts(session, bank_id, {row.account for row in file.rows})
    checked = check_repayments(
        file,
        accounts,
        _posted(session, bank_id, file),
        today,
        suspend_unknown=options.suspend_unknown,
        skip_problems=options.skip_problems,
    )
    return Outcome(file, checked, last_sequences)


def _accounts(
    session: Session, bank_id: int, named: Collection[str]
) -> tuple[dict[str, AccountFact], dict[int, int]]:
    """The bank's accounts that a file names, leading zeros left out of account, in one query.

    With each loan's last entry number. What is owed is the last schedule's grand total less all
    money poured over it so far.
    """
    bare = {account.lstrip("0") for account in named if account}
    meant = and_(
        Loan.bank_id == bank_id, among(session, func.ltrim(Loan.account_number, "0"), bare)
    )
    paid = (
        select(
            LedgerEntry.loan_id,
            func.sum(LedgerEntry.applied).label("applied"),
            func.max(LedgerEntry.sequence).label("last"),
        )
        .where(LedgerEntry.loan_id.in_(select(Loan.id).where(meant)))
        .group_by(LedgerEntry.loan_id)
        .subquery("paid")
    )
    query = (
        select(
            Loan.id,
            Loan.account_number,
            Borrower.name,
            Loan.disbursed_on,
            Schedule.total - func.coalesce(paid.c.applied, 0),
            Borrower.chair_name,
            Loan.opened_on,
            func.coalesce(paid.c.last, 0),
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .outerjoin(paid, paid.c.loan_id == Loan.id)
        .where(meant)
    )
    accounts: dict[str, AccountFact] = {}
    last: dict[int, int] = {}
    for loan_id, account, name, day, owes, chair, opened_on, sequence in session.execute(query):
        owed = int(owes)
        accounts[account] = AccountFact(
            loan_id, account, name, day, owed, owed <= 0, chair, opened_on
        )
        last[loan_id] = sequence
    return accounts, last


def _posted(session: Session, bank_id: int, file: RepaymentFile) -> Posted:
    """What this bank posted before that the file may hold again: two queries.

    Payments without a reference are always looked at; those with one only when the file has rows
    without, since then account, day and amount tell them apart.
    """
    keys = {reference_key(row.reference) for row in file.rows if row.reference}
    references = _posted_references(session, bank_id, keys)
    days = [row.paid_on for row in file.rows if row.paid_on is not None]
    if not days:
        return Posted(references)
    every = any(not row.reference for row in file.rows)
    payments: Counter[Same] = Counter()
    suspended: Counter[Same] = Counter()
    unreferenced: Counter[Same] = Counter()
    found = _posted_payments(session, bank_id, min(days), max(days), every)
    for account, written, day, amount, reference in found:
        if account is None:
            suspended[written.lstrip("0"), day, amount] += 1
            continue
        payments[account, day, amount] += 1
        if reference is None:
            unreferenced[account, day, amount] += 1
    return Posted(references, payments, suspended, unreferenced)


def _posted_references(session: Session, bank_id: int, keys: Collection[str]) -> dict[str, int]:
    """All the money that this bank posted under each of these references, loans and titipan."""
    rows = union_all(
        *(
            select(table.row_key, table.amount).where(
                table.bank_id == bank_id, among(session, cast(Any, table.row_key), keys)
            )
            for table in (LedgerEntry, SuspenseEntry)
        )
    ).subquery()
    query = select(rows.c.row_key, func.sum(rows.c.amount)).group_by(rows.c.row_key)
    return {key: int(amount) for key, amount in session.execute(query)}


def _posted_payments(
    session: Session, bank_id: int, first: dt.date, last: dt.date, every: bool
) -> Iterator[tuple[str | None, str, dt.date, int, str | None]]:
    """(account of the loan, account as written, day, amount, reference) of each posted row.

    A row that was split between its loan and titipan is one payment again.
    """
    parts = []
    for table, written, meant in (
        (LedgerEntry, literal(""), LedgerEntry.kind == "repayment"),
        (SuspenseEntry, SuspenseEntry.account_text, true()),
    ):
        part = select(
            table.upload_id,
            table.row_number,
            table.loan_id,
            written.label("written"),
            table.effective_on,
            table.amount,
            table.bank_reference,
        ).where(table.bank_id == bank_id, table.effective_on.between(first, last), meant)
        parts.append(part if every else part.where(table.bank_reference.is_(None)))
    rows = union_all(*parts).subquery()
    by = (rows.c.upload_id, rows.c.row_number, rows.c.effective_on, rows.c.bank_reference)
    query = (
        select(
            Loan.account_number,
            func.max(rows.c.written),
            rows.c.effective_on,
            func.sum(rows.c.amount),
            rows.c.bank_reference,
        )
        .select_from(rows)
        .outerjoin(Loan, Loan.id == rows.c.loan_id)
        .group_by(*by, Loan.account_number)
    )
    for account, text_account, day, amount, reference in session.execute(query):
        yield account, text_account, day, int(amount), reference
