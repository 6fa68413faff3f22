"""What the books know that a bank's file is checked against: a fixed number of queries per file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    String,
    and_,
    any_,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import layout_mapping
from wibawa.borrowers.models import Borrower
from wibawa.database import FOREVER, is_sqlite
from wibawa.loans.models import LedgerEntry, Loan, Schedule, SuspenseEntry
from wibawa.repayments.checks import AccountFact, Checked, check_repayments
from wibawa.repayments.layout import Layout, layout_from
from wibawa.repayments.rows import RepaymentFile

KIND = "repayments"


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
    return layout_from(layout_mapping(session, bank.id, KIND, today))


def check_against_books(
    session: Session, bank_id: int, file: RepaymentFile, today: dt.date, options: Options
) -> Outcome:
    """Check `file` against the bank's accounts and what it has posted before: four queries."""
    accounts, last_sequences = _accounts(session, bank_id, {row.account for row in file.rows})
    references = {row.reference for row in file.rows if row.reference is not None}
    days = [row.paid_on for row in file.rows if row.reference is None and row.paid_on is not None]
    checked = check_repayments(
        file,
        accounts,
        _posted_references(session, bank_id, references),
        _posted_keys(session, bank_id, days),
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
        Loan.bank_id == bank_id, _among(session, func.ltrim(Loan.account_number, "0"), bare)
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
            func.coalesce(paid.c.last, 0),
        )
        .join(Borrower, Borrower.id == Loan.borrower_id)
        .join(Schedule, and_(Schedule.loan_id == Loan.id, Schedule.ends_on == FOREVER))
        .outerjoin(paid, paid.c.loan_id == Loan.id)
        .where(meant)
    )
    accounts: dict[str, AccountFact] = {}
    last: dict[int, int] = {}
    for loan_id, account, name, disbursed_on, owes, chair, sequence in session.execute(query):
        owed = int(owes)
        accounts[account] = AccountFact(
            loan_id, account, name, disbursed_on, owed, owed <= 0, chair
        )
        last[loan_id] = sequence
    return accounts, last


def _among(
    session: Session, column: ColumnElement[str], values: Collection[str]
) -> ColumnElement[bool]:
    """`column` is one of `values`, however many: they travel as ONE parameter."""
    given = sorted(values)
    if is_sqlite(session):
        each = func.json_each(json.dumps(given)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(literal(given, ARRAY(String)))


def _posted_references(
    session: Session, bank_id: int, references: Collection[str]
) -> frozenset[str]:
    """Which of `references` this bank has posted before, to a loan or to titipan."""
    if not references:
        return frozenset()
    among = (
        "IN (SELECT value FROM json_each(:references))"
        if is_sqlite(session)
        else "= ANY(:references)"
    )
    query = " UNION ALL ".join(
        f"SELECT bank_reference FROM {table} WHERE bank_id = :bank AND bank_reference {among}"  # noqa: S608
        for table in ("ledger_entries", "suspense_entries")
    )
    given = sorted(references)
    return frozenset(
        session.scalars(
            text(query),
            {"bank": bank_id, "references": json.dumps(given) if is_sqlite(session) else given},
        )
    )


def _posted_keys(session: Session, bank_id: int, days: Collection[dt.date]) -> frozenset[str]:
    """Keys of the rows without a reference that this bank posted for the file's span of days."""
    if not days:
        return frozenset()
    found = session.scalars(
        union_all(
            *(
                select(table.row_key).where(
                    table.bank_id == bank_id,
                    table.row_key.is_not(None),
                    table.effective_on.between(min(days), max(days)),
                )
                for table in (LedgerEntry, SuspenseEntry)
            )
        )
    )
    return frozenset(key for key in found if key is not None)
