"""What the books know that a bank's file is checked against: a fixed number of queries per file."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, text, union_all
from sqlalchemy.orm import Session

from wibawa.banks.models import Bank
from wibawa.banks.queries import layout_mapping
from wibawa.database import is_sqlite
from wibawa.loans.models import LedgerEntry, SuspenseEntry
from wibawa.loans.queries import account_states
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
    states = account_states(session, bank_id)
    accounts = {
        state.account_number: AccountFact(
            state.loan_id,
            state.account_number,
            state.borrower,
            state.disbursed_on,
            state.owed,
            state.owed <= 0,
            state.chair,
        )
        for state in states
    }
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
    return Outcome(file, checked, {state.loan_id: state.last_sequence for state in states})


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
